//! Opening without following links below an output folder.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{Mode, SFlag, fstatat};

/// The folder beside the maps.
const STATE: &str = ".alpsckpt";
/// The folder of the files of programs, whatever their names.
const RESULTS: &str = "results";
/// The folders of maps and pictures, and how the names of their files end.
const SHOWN: [&str; 2] = ["maps", "pictures"];
const ENDINGS: [&str; 4] = [".tif", ".png", ".part", ".tmp"];

/// How many of the last components of a path lie below an output folder; 0 where none does.
pub(super) fn below(path: &Path) -> usize {
    let parts: Vec<Component<'_>> = path.components().collect();
    let is_state = |part: &Component<'_>| part.as_os_str() == STATE;
    if let Some(at) = parts.iter().rposition(is_state) {
        return parts.len() - at;
    }
    let ends =
        |name: &OsStr| ENDINGS.iter().any(|ending| name.as_encoded_bytes().ends_with(ending.as_bytes()));
    match parts.as_slice() {
        [.., folder, Component::Normal(name)]
            if SHOWN.iter().any(|f| folder.as_os_str() == *f) && ends(name) =>
        {
            2
        }
        // The file of a program may have any name; what else has a folder of this name is taken for what it is.
        [.., folder, Component::Normal(_)] if folder.as_os_str() == RESULTS => 2,
        _ => 0,
    }
}

/// Opens `path`. No symbolic link is followed among its last `guarded` components; those before lead where they lead.
///
/// One call where the path has no link at all, as a rule.
pub(super) fn opened(path: &Path, guarded: usize, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
    let flags = flags | OFlag::O_CLOEXEC;
    if guarded == 0 {
        return Ok(open(path, flags, mode)?);
    }
    if let Some(found) = at_once(AT_FDCWD, path, flags, ResolveFlag::RESOLVE_NO_SYMLINKS)? {
        return Ok(found);
    }
    let (above, way) = split(path, guarded);
    let root = open(above, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let strictly = ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH;
    if let Some(found) = at_once(&root, way, flags, strictly)? {
        return Ok(found);
    }
    step_by_step(root, way, flags)
}

/// `None`: a link is on the way, or the kernel has no such call.
fn at_once(from: impl AsFd, way: &Path, flags: OFlag, resolve: ResolveFlag) -> io::Result<Option<OwnedFd>> {
    #[cfg(test)]
    if tests::is_old_kernel() {
        return Ok(None);
    }
    match openat2(from, way, OpenHow::new().flags(flags).resolve(resolve)) {
        Ok(found) => Ok(Some(found)),
        // Kernels before 5.6 do not have it; some containers refuse what they do not know.
        Err(Errno::ELOOP | Errno::ENOSYS | Errno::EPERM | Errno::E2BIG) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The same, folder by folder, each held while the next is opened; says which name is a link.
fn step_by_step(mut folder: OwnedFd, way: &Path, flags: OFlag) -> io::Result<OwnedFd> {
    let mut names = way.components().map(Component::as_os_str).peekable();
    while let Some(name) = names.next() {
        let flags = match names.peek() {
            Some(_) => OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
            None => flags,
        };
        match openat(&folder, name, flags | OFlag::O_NOFOLLOW, Mode::empty()) {
            Ok(found) => folder = found,
            Err(Errno::ELOOP | Errno::ENOTDIR) if is_link(&folder, name) => return Err(followed(name)),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(folder)
}

fn is_link(folder: impl AsFd, name: &OsStr) -> bool {
    let facts = fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW);
    facts.is_ok_and(|facts| SFlag::from_bits_truncate(facts.st_mode) & SFlag::S_IFMT == SFlag::S_IFLNK)
}

fn followed(name: &OsStr) -> io::Error {
    let name = name.to_string_lossy();
    let what = format!(
        "`{name}` is a symbolic link, and none is followed below an output folder: others could have laid it (remove it; \
         to have the files on another disk, let the output folder itself be the link)"
    );
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// A path in two: what is above its last `guarded` components, and these.
fn split(path: &Path, guarded: usize) -> (&Path, &Path) {
    let above = path.ancestors().nth(guarded).unwrap_or(Path::new(""));
    let way = path.strip_prefix(above).unwrap_or(path);
    (if above.as_os_str().is_empty() { Path::new(".") } else { above }, way)
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static OLD_KERNEL: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn is_old_kernel() -> bool {
        OLD_KERNEL.get()
    }

    /// Does something twice: as the kernel is, and as on one without openat2.
    pub(crate) fn on_both_kernels(what: impl Fn()) {
        for old in [false, true] {
            OLD_KERNEL.set(old);
            what();
        }
        OLD_KERNEL.set(false);
    }

    #[test]
    fn what_is_below_an_output_is_known_by_its_path() {
        for (path, guarded) in [
            ("/scratch/u/out/.alpsckpt/chains/m01/links/0001.ron", 5),
            ("out/.alpsckpt", 1),
            ("/home/u/.alpsckpt/demo/out/.alpsckpt/lease", 2),
            ("/out/maps/svf.tif", 2),
            ("/out/maps/.svf.0001.x.part", 2),
            ("/out/pictures/svf.png", 2),
            ("/out/pictures/.svf.x.tmp", 2),
            ("/home/u/maps/alps.ron", 0),
            ("/home/u/maps", 0),
            ("/home/u/.local/state/alpsckpt/campaigns.ron", 0),
        ] {
            assert_eq!(below(Path::new(path)), guarded, "{path}");
        }
        assert_eq!(split(Path::new("a/b/c"), 2), (Path::new("a"), Path::new("b/c")));
        assert_eq!(split(Path::new("b/c"), 2), (Path::new("."), Path::new("b/c")));
        assert_eq!(split(Path::new("/b/c"), 2), (Path::new("/"), Path::new("b/c")));
    }
}
