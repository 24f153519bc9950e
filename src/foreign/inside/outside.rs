//! `alpsckpt job outside`: makes the namespaces, starts their first process, and ends with it.
//!
//! A process of its own, since only one with a single thread may change its user namespace.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use command_fds::CommandFdExt;
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::SigSet;
use nix::unistd::{getegid, geteuid};

use super::wire::{self, News, Setup, SupervisorOrder, Times};
use super::{network, process};
use crate::foreign::backend::{Clocks, Trouble, TroubleKind};

const NS_PER_S: i128 = 1_000_000_000;

/// Runs it to its end.
pub(super) fn run() -> io::Result<()> {
    process::close_inherited()?;
    // The checkpoint signal of a batch system, or a terminal's Ctrl-C, is the supervisor's to judge.
    SigSet::all().thread_set_mask()?;
    let mut socket = process::socket()?;
    let _ = nix::unistd::setsid();
    let Some(SupervisorOrder::Setup(setup)) = wire::next_order(&mut socket)? else { return Ok(()) };
    let made = namespaces(&setup).and_then(|()| first_process(&socket));
    match made {
        Ok(mut child) => {
            wire::tell(&mut socket, News::Made(child.id()))?;
            // It alone has the socket now.
            drop(socket);
            child.wait().map(drop)
        }
        Err(trouble) => wire::tell(&mut socket, News::Failed(trouble.into())),
    }
}

fn namespaces(setup: &Setup) -> Result<(), Trouble> {
    let (user, group) = (geteuid(), getegid());
    make(CloneFlags::CLONE_NEWUSER, "user")?;
    // One may map his own group only when nobody in there can leave any. Root is no longer more than others here.
    write("setgroups", "deny")?;
    write("uid_map", &format!("{user} {user} 1"))?;
    write("gid_map", &format!("{group} {group} 1"))?;
    make(CloneFlags::CLONE_NEWNS, "mnt")?;
    make(CloneFlags::CLONE_NEWPID, "pid")?;
    make(CloneFlags::from_bits_retain(NEW_TIME), "time")?;
    if let Some(times) = setup.clocks {
        set_clocks(times)?;
    }
    if setup.private_network {
        make(CloneFlags::CLONE_NEWNET, "net")?;
        network::raise_loopback().map_err(|e| refused("the loopback device of a network namespace", &e))?;
    }
    Ok(())
}

/// `CLONE_NEWTIME` of `sched.h`.
const NEW_TIME: i32 = 0x80;

fn make(kind: CloneFlags, name: &str) -> Result<(), Trouble> {
    unshare(kind).map_err(|errno| cannot_make(name, errno))
}

/// Why a namespace cannot be made, and what root must do about it.
fn cannot_make(name: &str, errno: Errno) -> Trouble {
    let setting = format!("user.max_{name}_namespaces");
    let what = format!("this node lets users make no {name} namespace: {}", errno.desc());
    let cure = match errno {
        // Not about disks: the limit of namespaces is used up.
        Errno::ENOSPC => format!("root must raise it: sysctl -w {setting}=10000"),
        Errno::EPERM if name == "user" => {
            "root must allow it: sysctl -w kernel.unprivileged_userns_clone=1, and on Ubuntu \
             kernel.apparmor_restrict_unprivileged_userns=0; it is never allowed in a chroot"
                .to_owned()
        }
        Errno::EPERM | Errno::EACCES => ALLOW.to_owned(),
        Errno::EINVAL => format!("its kernel was built without {name} namespaces, or is older than 5.6"),
        _ => String::new(),
    };
    Trouble::new(TroubleKind::Unavailable, what, cure)
}

const ALLOW: &str = "root must allow it: on Ubuntu sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; containers \
often forbid it";

fn refused(what: &str, error: &io::Error) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, format!("this node refuses {what}: {error}"), ALLOW)
}

fn write(name: &str, words: &str) -> Result<(), Trouble> {
    std::fs::write(format!("/proc/self/{name}"), words)
        .map_err(|e| refused(&format!("to write /proc/self/{name}"), &e))
}

/// Has the clocks of whatever is started from here tell these times now.
fn set_clocks(times: Times) -> Result<(), Trouble> {
    const OFFSETS: &str = "timens_offsets";
    // Offsets count from the machine's own clocks; those that hold here already are in what this process sees.
    let present = std::fs::read_to_string(format!("/proc/self/{OFFSETS}"))
        .map_err(|e| refused(&format!("to read /proc/self/{OFFSETS}"), &e))?;
    let mut lines = String::new();
    let here = Clocks::now().map_err(|e| refused("its clock", &e))?;
    for (name, now, wanted) in
        [("monotonic", here.monotonic, times.monotonic), ("boottime", here.boottime, times.boottime)]
    {
        let offset = offset(&present, name) + i128::from(wanted) - i128::from(now);
        lines += &format!("{name} {} {}\n", offset.div_euclid(NS_PER_S), offset.rem_euclid(NS_PER_S));
    }
    write(OFFSETS, &lines)
}

/// The offset of a clock, ns, in the kernel's words.
fn offset(present: &str, name: &str) -> i128 {
    let fields = present.lines().find_map(|line| line.trim_start().strip_prefix(name));
    let mut numbers = fields.unwrap_or("").split_whitespace().map(|word| word.parse::<i128>().unwrap_or(0));
    numbers.next().unwrap_or(0) * NS_PER_S + numbers.next().unwrap_or(0)
}

fn first_process(socket: &UnixStream) -> Result<Child, Trouble> {
    let start = || -> io::Result<Child> {
        process::pass_on(&process::capabilities().map_err(io::Error::other)?)?;
        let mut command = Command::new(process::this_program()?);
        // With anything to do between `fork` and `exec` the standard library does not `vfork`: that is refused before kernel 6.3
        // where the child is to be in another time namespace.
        command.preserved_fds(Vec::new());
        command
            .args(["job", "init"])
            .arg0("alpsckpt")
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(socket.try_clone()?)))
            .spawn()
    };
    start().map_err(|e| refused("the first process of a PID namespace", &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_as_the_kernel_writes_them() {
        let present = "monotonic           -5 250000000\nboottime             7         0\n";
        assert_eq!(offset(present, "monotonic"), -5 * NS_PER_S + 250_000_000);
        assert_eq!(offset(present, "boottime"), 7 * NS_PER_S);
        assert_eq!(offset("", "boottime"), 0);
    }

    #[test]
    fn each_refusal_says_what_root_must_do() {
        for (name, errno, words) in [
            ("time", Errno::ENOSPC, "sysctl -w user.max_time_namespaces="),
            ("mnt", Errno::ENOSPC, "sysctl -w user.max_mnt_namespaces="),
            ("user", Errno::EPERM, "kernel.unprivileged_userns_clone=1"),
            ("pid", Errno::EPERM, "apparmor_restrict_unprivileged_userns=0"),
            ("time", Errno::EINVAL, "older than 5.6"),
        ] {
            let trouble = cannot_make(name, errno);
            assert_eq!(trouble.kind, TroubleKind::Unavailable);
            assert!(trouble.what.contains(name) && trouble.cure.contains(words), "{trouble}");
        }
    }
}
