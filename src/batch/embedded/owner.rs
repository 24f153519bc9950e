//! Which process is the server of a state directory: at most one, by exclusively created, numbered records.
//!
//! Who wants to be the server reads the record with the highest number N. If its process lives, there is a server;
//! if not, the next is who creates record N+1, and the socket carries that number: nobody ever removes a name that
//! another may just have made.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::config::private_folder;
use super::process::ProcessId;
use crate::durable::{DurableError, numbered, sealed};
use crate::host::{Host, Sight};

/// The longest path of a socket (`sun_path` without its closing zero).
const MAX_SOCKET_PATH: usize = 107;

/// Who is, or was, the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// Its machine's name.
    pub(super) host: String,
    /// Its machine's installation; empty where an older program did not write it.
    #[serde(default)]
    pub(super) machine: String,
    /// Its process.
    pub(super) process: ProcessId,
    /// Where it listens.
    pub(super) socket: PathBuf,
    /// It ended as it was told.
    pub(super) ended: bool,
}

impl Owner {
    /// How its machine is seen from here.
    fn sight(&self, directory: &Path) -> Sight {
        let host = Host {
            name: self.host.clone(),
            boot: self.process.boot.clone(),
            machine: self.machine.clone(),
            pid_namespace: self.process.namespace,
        };
        host.sight(directory)
    }

    /// Whether it lives; `None` when that cannot be known here. A process is looked up only where it has the number that it
    /// wrote; from a container of the same machine its socket tells.
    pub(super) fn lives(&self, directory: &Path) -> Option<bool> {
        match self.sight(directory) {
            Sight::Here => Some(self.process.is_alive()),
            Sight::BootedSince => Some(false),
            Sight::OtherMachine => None,
            Sight::OtherNamespace => match UnixStream::connect(&self.socket) {
                Ok(_) => Some(true),
                // The name is there, and no process of this kernel listens at it.
                Err(e) if e.kind() == ErrorKind::ConnectionRefused => Some(false),
                Err(_) => None,
            },
        }
    }

    /// Where it runs, in words.
    pub(super) fn place(&self, directory: &Path) -> String {
        match self.sight(directory) {
            Sight::OtherNamespace => {
                format!(
                    "in another container or PID namespace of this machine (process {} there)",
                    self.process.pid
                )
            }
            _ => format!("on {} (process {})", self.host, self.process.pid),
        }
    }
}

/// What is known of a directory's server.
#[derive(Debug)]
pub(super) enum Ownership {
    /// None runs; the last record had this number.
    Free(u64),
    /// This one runs, on this machine.
    Here(Owner),
    /// It ran on another machine when last heard of, or out of reach on this one; its record has this number.
    Elsewhere(Owner, u64),
}

/// Who owns the directory now.
pub(super) fn look(directory: &Path) -> Result<Ownership, DurableError> {
    let Some(number) = numbers(directory)?.last().copied() else { return Ok(Ownership::Free(0)) };
    let owner: Owner = match sealed::read(&record(directory, number)) {
        Ok(owner) => owner,
        // Swept away by a later owner just now.
        Err(e) if e.is_missing() => return Ok(Ownership::Free(number)),
        Err(e) => return Err(e),
    };
    if owner.ended {
        return Ok(Ownership::Free(number));
    }
    Ok(match owner.lives(directory) {
        Some(true) => Ownership::Here(owner),
        Some(false) => Ownership::Free(number),
        None => Ownership::Elsewhere(owner, number),
    })
}

/// Becomes the owner after record `last`; `None` when another was faster.
pub(super) fn take(directory: &Path, last: u64) -> Result<Option<(PathBuf, Owner)>, DurableError> {
    let number = last + 1;
    let process = ProcessId::own()
        .ok_or_else(|| DurableError::damaged(Path::new("/proc"), "this process is not listed there"))?;
    let Host { name, machine, .. } = Host::this();
    let socket = socket_path(directory, number)?;
    let owner = Owner { host: name, machine, process, socket, ended: false };
    Ok(put(directory, number, &owner)?.map(|path| (path, owner)))
}

/// Declares the owner of record `last`, which is elsewhere, to have ended; `false` when another was faster. Should it live after
/// all, it misses its record at its next step, and ends.
pub(super) fn depose(directory: &Path, last: u64, owner: &Owner) -> Result<bool, DurableError> {
    let ended = Owner { ended: true, ..owner.clone() };
    Ok(put(directory, last + 1, &ended)?.is_some())
}

/// Creates the record with this number, the highest, and sweeps away the former ones; its path.
fn put(directory: &Path, number: u64, owner: &Owner) -> Result<Option<PathBuf>, DurableError> {
    let path = record(directory, number);
    if !sealed::create_exclusive(&path, owner)? || numbers(directory)?.last() != Some(&number) {
        return Ok(None);
    }
    for old in numbers(directory)?.into_iter().filter(|n| *n < number) {
        let _ = std::fs::remove_file(record(directory, old));
        let _ = std::fs::remove_file(beat(directory, old));
        if let Ok(socket) = socket_path(directory, old) {
            let _ = std::fs::remove_file(socket);
        }
    }
    Ok(Some(path))
}

/// Records that the owner ended as it was told.
pub(super) fn give_up(path: &Path, owner: &Owner) -> Result<(), DurableError> {
    let _ = std::fs::remove_file(&owner.socket);
    sealed::replace(path, &Owner { ended: true, ..owner.clone() })
}

fn record(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("server-{number:06}.ron"))
}

/// The heartbeat of the owner with this record: see [`super::heartbeat`].
pub(super) fn beat(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("server-{number:06}.beat"))
}

fn numbers(directory: &Path) -> Result<Vec<u64>, DurableError> {
    let of = |name: &str| numbered::number(name.strip_prefix("server-")?.strip_suffix(".ron")?, 6);
    Ok(numbered::list(directory, of)?.into_iter().map(u64::from).collect())
}

/// Where the server with this number listens: in its directory if the path is short enough for a socket, otherwise in
/// a private folder under the runtime directory.
fn socket_path(directory: &Path, number: u64) -> Result<PathBuf, DurableError> {
    let inside = directory.join(format!("socket-{number}"));
    if inside.as_os_str().len() <= MAX_SOCKET_PATH {
        return Ok(inside);
    }
    let mut hasher = DefaultHasher::new();
    directory.hash(&mut hasher);
    let user = nix::unistd::geteuid();
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute() && p.is_dir());
    let folder = match runtime.filter(|p| p.as_os_str().len() <= 48) {
        Some(runtime) => runtime.join("alpsckpt"),
        None => PathBuf::from(format!("/tmp/alpsckpt-{user}")),
    };
    private_folder(&folder)?;
    is_private(&folder)?;
    Ok(folder.join(format!("{:016x}-{number}", hasher.finish())))
}

/// In a folder that others may write to, an impostor could have made ours before us.
fn is_private(folder: &Path) -> Result<(), DurableError> {
    use std::os::unix::fs::MetadataExt;
    let others = 0o077;
    let facts = std::fs::symlink_metadata(folder).map_err(|e| DurableError::io(folder, "examine", e))?;
    if facts.is_dir() && facts.uid() == nix::unistd::geteuid().as_raw() && facts.mode() & others == 0 {
        return Ok(());
    }
    let error =
        std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is not a folder of yours alone");
    Err(DurableError::io(folder, "put a socket into", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_that_saw_the_directory_free_only_one_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Free(0)));
        let (path, owner) = take(folder.path(), 0).unwrap().unwrap();
        assert!(take(folder.path(), 0).unwrap().is_none());
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Here(o) if o == owner));
        give_up(&path, &owner).unwrap();
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Free(1)));
        assert!(take(folder.path(), 1).unwrap().is_some());
    }

    #[test]
    fn who_looked_long_ago_does_not_take_a_directory_that_changed_hands_since() {
        let folder = tempfile::tempdir().unwrap();
        take(folder.path(), 0).unwrap().unwrap();
        take(folder.path(), 1).unwrap().unwrap();
        assert!(!record(folder.path(), 1).exists(), "the former record is swept away");
        assert!(take(folder.path(), 0).unwrap().is_none());
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Here(o) if o.socket.ends_with("socket-2")));
    }

    #[test]
    fn a_dead_server_is_told_from_one_on_another_machine() {
        let folder = tempfile::tempdir().unwrap();
        let (path, owner) = take(folder.path(), 0).unwrap().unwrap();
        let mut other = owner.clone();
        other.process.start += 1;
        sealed::replace(&path, &other).unwrap();
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Free(1)));
        sealed::replace(&path, &Owner { host: "renamed".to_owned(), ..owner.clone() }).unwrap();
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Here(_)), "a name is no machine");
        let mut other = owner;
        other.process.namespace += 1;
        sealed::replace(&path, &other).unwrap();
        let Ownership::Elsewhere(other, 1) = look(folder.path()).unwrap() else {
            panic!("judged by its number")
        };
        assert!(other.place(folder.path()).contains("container"));
        let listener = std::os::unix::net::UnixListener::bind(&other.socket).unwrap();
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Here(_)), "it listens");
        drop(listener);
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Free(1)), "nobody listens");
    }

    #[test]
    fn who_is_deposed_finds_its_record_gone_and_the_directory_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let (path, owner) = take(folder.path(), 0).unwrap().unwrap();
        assert!(depose(folder.path(), 1, &owner).unwrap());
        assert!(!path.exists());
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Free(2)));
        assert!(!depose(folder.path(), 1, &owner).unwrap(), "another was faster");
    }

    #[test]
    fn a_record_of_an_older_program_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let own = ProcessId::own().unwrap();
        let text = format!(
            "Owner(host: {:?}, process: ProcessId(pid: {}, start: {}, boot: {:?}), socket: \"/none\", ended: false)\n",
            Host::this().name,
            own.pid,
            own.start,
            own.boot
        );
        let sum = crc32fast::hash(text.as_bytes());
        std::fs::write(record(folder.path(), 3), format!("{text}// crc32 {sum:08x}\n")).unwrap();
        assert!(matches!(look(folder.path()).unwrap(), Ownership::Here(_)));
    }

    #[test]
    fn a_directory_too_long_for_a_socket_gets_a_short_private_path() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(150));
        let path = socket_path(&long, 7).unwrap();
        assert!(path.as_os_str().len() <= MAX_SOCKET_PATH);
        assert!(!path.starts_with(folder.path()));
        assert_ne!(path, socket_path(&long.join("y"), 7).unwrap());
    }
}
