//! Which machine a record on a disk speaks of: may a reader judge by its own list of processes whether a writer lives?
//!
//! A host's name says little: it changes with a DHCP lease, and a container may have that of its machine. What counts is
//! the kernel's boot, and within it the PID namespace, in which alone a process has the number that the record gives.

mod stat;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use stat::ProcessStat;

/// What a record says of the machine of its writer; what an older program did not write is empty or 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The host's name.
    pub name: String,
    /// The kernel's random name of this boot.
    pub boot: String,
    /// The installation's random name (`/etc/machine-id`): stays over boots, the same on machines made from one image.
    #[serde(default)]
    pub machine: String,
    /// The PID namespace: the inode of `/proc/self/ns/pid`.
    #[serde(default)]
    pub pid_namespace: u64,
}

/// How a writer's machine is seen from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Its processes are in this process's list by the numbers that it gives.
    Here,
    /// The same kernel in another PID namespace, such as a container: its processes have other numbers here, or none.
    OtherNamespace,
    /// It was booted since: none of its processes lives.
    BootedSince,
    /// Another machine, as far as can be known; only its heartbeat tells whether it lives.
    OtherMachine,
}

impl Host {
    /// The one that this process runs on.
    #[must_use]
    pub fn this() -> Self {
        // A host may be renamed while a process runs; the rest stays.
        static REST: OnceLock<Host> = OnceLock::new();
        let rest = REST.get_or_init(|| Self {
            name: String::new(),
            boot: first_line("/proc/sys/kernel/random/boot_id"),
            machine: Some(first_line("/etc/machine-id"))
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| first_line("/var/lib/dbus/machine-id")),
            pid_namespace: pid_namespace(),
        });
        Self { name: name(), ..rest.clone() }
    }

    /// How this host, named in a record that lies in `folder`, is seen from this process.
    #[must_use]
    pub fn sight(&self, folder: &Path) -> Sight {
        let own = Self::this();
        self.seen_from(&own, proc_is_ours(), || is_local_disk(folder))
    }

    fn seen_from(&self, own: &Self, proc_is_ours: bool, local: impl FnOnce() -> bool) -> Sight {
        let same = |a: &str, b: &str| !a.is_empty() && a == b;
        if same(&self.boot, &own.boot) {
            let known = if self.pid_namespace == 0 {
                self.name == own.name
            } else {
                self.pid_namespace == own.pid_namespace
            };
            return if known && proc_is_ours { Sight::Here } else { Sight::OtherNamespace };
        }
        if self.boot.is_empty() || own.boot.is_empty() {
            return if self.name == own.name { Sight::Here } else { Sight::OtherMachine };
        }
        // Two machines may be made from one image, or both be called "localhost". But a disk of this machine is used by one
        // kernel at a time.
        let differ = !self.machine.is_empty() && !own.machine.is_empty() && self.machine != own.machine;
        if local() || (self.name == own.name && !differ) { Sight::BootedSince } else { Sight::OtherMachine }
    }
}

/// This machine's name; empty where the system does not say.
#[must_use]
pub fn name() -> String {
    nix::unistd::gethostname().map(|h| h.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether a process of the machine called `host` may live: surely not where that is this machine and has no such process.
#[must_use]
pub fn may_live(host: &str, pid: u32) -> bool {
    host != name() || process_start(pid).is_some()
}

/// What the kernel says of this process in a field of `/proc/self/status`, such as `Umask:`.
#[must_use]
pub fn own_status(field: &str) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(field)).map(|value| value.trim().to_owned())
}

/// A mask in `/proc/self/status`: of signals, such as `SigIgn:`, whose lowest bit is signal 1, or of capabilities; nothing where the
/// system does not tell.
#[must_use]
pub fn own_mask(field: &str) -> u64 {
    own_status(field).and_then(|mask| u64::from_str_radix(&mask, 16).ok()).unwrap_or(0)
}

fn first_line(path: &str) -> String {
    std::fs::read_to_string(path).map(|s| s.trim().to_owned()).unwrap_or_default()
}

fn pid_namespace() -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self/ns/pid").map_or(0, |m| m.ino())
}

/// Whether `/proc` lists the processes of this PID namespace: not after `unshare --pid` without `--mount-proc`.
#[must_use]
pub fn proc_is_ours() -> bool {
    let own = std::fs::read_link("/proc/self");
    own.is_ok_and(|own| own.as_os_str().to_str() == Some(&std::process::id().to_string()))
}

/// Whether a folder, or the nearest one above it that exists, lies on a file system that only one kernel can use at a time.
/// What is not surely such a one counts as shared.
#[must_use]
pub fn is_local_disk(folder: &Path) -> bool {
    // ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs: statfs(2).
    const LOCAL: [i64; 7] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e, 0x0102_1994];
    let found = folder.ancestors().find_map(|f| nix::sys::statfs::statfs(f).ok());
    found.is_some_and(|s| LOCAL.contains(&s.filesystem_type().0))
}

/// When a process of this PID namespace started, in the kernel's ticks since boot; `None` when there is none, or only one
/// that ended and waits for its parent.
#[must_use]
pub fn process_start(pid: u32) -> Option<u64> {
    started(&pid.to_string())
}

/// When this process started, as [`process_start`] tells it, whatever number it has in `/proc`.
#[must_use]
pub fn own_start() -> Option<u64> {
    started("self")
}

fn started(process: &str) -> Option<u64> {
    ProcessStat::of(process).ok().filter(ProcessStat::is_running).map(|stat| stat.started)
}

/// The files called `name` in the folders of the `PATH`, in the order in which a shell looks.
pub fn in_path(name: &Path) -> impl Iterator<Item = PathBuf> {
    files_in(&std::env::var_os("PATH").unwrap_or_default(), name)
}

/// The same for a `PATH` of another process.
pub fn files_in(path: &OsStr, name: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let named: Vec<PathBuf> = std::env::split_paths(path).map(|folder| folder.join(name)).collect();
    named.into_iter().filter(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, boot: &str, machine: &str, pid_namespace: u64) -> Host {
        Host { name: name.to_owned(), boot: boot.to_owned(), machine: machine.to_owned(), pid_namespace }
    }

    #[test]
    fn a_host_is_known_by_its_boot_and_namespace_not_by_its_name() {
        let own = host("laptop", "b2", "m", 7);
        let cases = [
            (host("laptop", "b2", "m", 7), false, Sight::Here),
            (host("renamed", "b2", "m", 7), false, Sight::Here),
            (host("laptop", "b2", "m", 8), true, Sight::OtherNamespace),
            (host("laptop", "b1", "m", 7), false, Sight::BootedSince),
            (host("renamed", "b1", "m", 7), true, Sight::BootedSince),
            // Made from one image: both may live.
            (host("front2", "b1", "m", 7), false, Sight::OtherMachine),
            // Two that are called alike.
            (host("laptop", "b1", "other", 7), false, Sight::OtherMachine),
            // Written by a program that knew name and boot only.
            (host("laptop", "b2", "", 0), false, Sight::Here),
            (host("renamed", "b2", "", 0), false, Sight::OtherNamespace),
            (host("laptop", "b1", "", 0), false, Sight::BootedSince),
            (host("renamed", "b1", "", 0), false, Sight::OtherMachine),
            (host("laptop", "", "", 0), false, Sight::Here),
        ];
        for (writer, local, expected) in cases {
            assert_eq!(writer.seen_from(&own, true, || local), expected, "{writer:?}");
        }
        assert_eq!(own.seen_from(&own, false, || true), Sight::OtherNamespace, "foreign numbers in /proc");
    }

    #[test]
    fn this_process_is_here() {
        let own = Host::this();
        assert!(!own.boot.is_empty() && own.pid_namespace > 0 && proc_is_ours());
        assert_eq!(own.sight(Path::new("/")), Sight::Here);
        assert!(process_start(std::process::id()).is_some());
        assert!(!is_local_disk(Path::new("/proc/self")));
    }
}
