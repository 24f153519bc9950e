//! A folder that one process hands to another, open: whatever is put in its place under its name, this one is meant.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use crate::durable::beneath;

/// Hands a folder over, after what was said before.
pub(super) fn hand(socket: &UnixStream, folder: BorrowedFd<'_>) -> io::Result<()> {
    let folders = [folder];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !beside.push(SendAncillaryMessage::ScmRights(&folders)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    loop {
        match sendmsg(socket, &[IoSlice::new(&[0])], &mut beside, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            sent => return Ok(sent.map(drop)?),
        }
    }
}

/// Takes the folder that is handed over next.
pub(super) fn taken(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    loop {
        match recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut beside, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            received => {
                received?;
                break;
            }
        }
    }
    let folder = beside.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut folders) => folders.next(),
        _ => None,
    });
    folder.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The way to a folder that this process holds open.
pub(super) fn way(folder: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", folder.as_raw_fd()).into()
}

/// Why something in a folder, or the folder itself, may have been written by somebody else; `named` is what it is called.
pub(super) fn not_ours(folder: &OwnedFd, named: &Path) -> io::Result<Option<String>> {
    let facts = std::fs::File::from(folder.as_fd().try_clone_to_owned()?).metadata()?;
    if let Some(why) = beneath::not_ours(&facts) {
        return Ok(Some(format!("{}: {why}", named.display())));
    }
    for name in beneath::names(&way(folder))? {
        if let Some(why) = beneath::not_ours(&beneath::facts(&way(folder).join(&name))?) {
            return Ok(Some(format!("{}: {why}", named.join(name).display())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt;

    use super::super::wire::{self, SupervisorOrder};
    use super::*;

    #[test]
    fn a_folder_arrives_after_its_order_whatever_has_its_name_by_then() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("image");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("first"), "").unwrap();
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let folder = OwnedFd::from(File::open(&path).unwrap());
        wire::order(&mut here, SupervisorOrder::Signal(1)).unwrap();
        hand(&here, folder.as_fd()).unwrap();
        wire::order(&mut here, SupervisorOrder::Signal(2)).unwrap();
        drop(folder);
        fs::rename(&path, place.path().join("aside")).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(wire::next_order(&mut there).unwrap(), Some(SupervisorOrder::Signal(1)));
        let folder = taken(&there).unwrap();
        assert_eq!(wire::next_order(&mut there).unwrap(), Some(SupervisorOrder::Signal(2)));
        assert_eq!(beneath::names(&way(&folder)).unwrap(), ["first"]);
        drop(here);
        assert_eq!(taken(&there).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_others_may_write_is_known() {
        let place = tempfile::tempdir().unwrap();
        let folder = OwnedFd::from(File::open(place.path()).unwrap());
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let file = place.path().join("a.img");
        fs::write(&file, "").unwrap();
        mode(&file, 0o600);
        let found = || not_ours(&folder, Path::new("/named")).unwrap();
        assert_eq!(found(), None);
        mode(&file, 0o620);
        assert!(found().unwrap().starts_with("/named/a.img: others may write"));
        mode(&file, 0o600);
        mode(place.path(), 0o777);
        assert!(found().unwrap().starts_with("/named: others may write"));
    }
}
