//! What a process passes on to those that it starts: capabilities, signals, descriptors.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::Pid;
use rustix::process::WaitOptions;

use crate::foreign::backend::Ended;

use crate::THIS_PROGRAM;
use crate::host::own_mask;

/// The socket that this process was started with as its standard input; that is then `/dev/null`.
pub(super) fn socket() -> io::Result<UnixStream> {
    input().map(UnixStream::from)
}

/// What this process was started with as its standard input; that is then `/dev/null`.
pub(super) fn input() -> io::Result<OwnedFd> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    Ok(input)
}

/// Closes whatever this process inherited beside its standard streams, such as files of a batch system's shell.
///
/// To be called before it has opened anything itself.
pub(super) fn close_inherited() -> io::Result<()> {
    let open = std::fs::read_dir("/proc/self/fd")?.filter_map(Result::ok);
    let numbers: Vec<i32> = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // The one that listed them is closed already.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}

/// Lets all signals through again, those that were held back and those that whoever started this process had ignored: what it
/// starts shall find them as any program expects them.
pub(super) fn reset_signals() -> io::Result<()> {
    SigSet::empty().thread_set_mask()?;
    let ignored = own_mask("SigIgn:");
    // 32 and 33 are the C library's own: `posix_spawn` has each program begin with them ignored, and nobody can catch them.
    for signal in (1..=64).filter(|signal| !matches!(signal, 32 | 33) && ignored & (1 << (signal - 1)) != 0) {
        // What is caught is reset by `exec`, what is ignored is not.
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

/// A child that has ended, if there is one that was not reaped yet.
pub(super) fn reaped() -> Option<(Pid, Ended)> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) | Ok(None) => return None,
            Ok(Some((pid, status))) => {
                let by_signal = status.terminating_signal().map(Ended::Signal);
                let ended = by_signal.or_else(|| status.exit_status().map(|code| Ended::Code(code as u8)));
                if let Some(ended) = ended {
                    return Some((Pid::from_raw(pid.as_raw_nonzero().get()), ended));
                }
            }
        }
    }
}

/// All capabilities that this process may use.
pub(super) fn capabilities() -> Result<CapsHashSet, caps::errors::CapsError> {
    caps::read(None, CapSet::Permitted)
}

/// Has what this process starts from now on begin with these capabilities.
pub(super) fn pass_on(capabilities: &CapsHashSet) -> io::Result<()> {
    caps::clear(None, CapSet::Ambient)
        .and_then(|()| caps::set(None, CapSet::Inheritable, capabilities))
        .and_then(|()| caps::set(None, CapSet::Ambient, capabilities))
        .map_err(io::Error::other)
}

/// Without the two by which CRIU would change its user in a restore, to one that is none in the namespace.
pub(super) fn without_changing_ids(mut all: CapsHashSet) -> CapsHashSet {
    all.remove(&Capability::CAP_SETUID);
    all.remove(&Capability::CAP_SETGID);
    all
}

/// Does this with the soft limits of this process as high as its hard ones, for what it starts meanwhile: a job's soft limits say
/// nothing of what CRIU needs, nor of what the program of an image has, whose own it gets back.
pub(super) fn with_hard_limits<T>(work: impl FnOnce() -> T) -> T {
    let mut raised = Vec::new();
    for resource in [
        Resource::RLIMIT_AS,
        Resource::RLIMIT_DATA,
        Resource::RLIMIT_NOFILE,
        Resource::RLIMIT_NPROC,
        Resource::RLIMIT_STACK,
    ] {
        if let Ok((soft, hard)) = getrlimit(resource)
            && soft != hard
            && setrlimit(resource, hard, hard).is_ok()
        {
            raised.push((resource, soft, hard));
        }
    }
    let done = work();
    for (resource, soft, hard) in raised {
        // To lower one is always allowed.
        let _ = setrlimit(resource, soft, hard);
    }
    done
}

/// Gives all capabilities up, for what this process starts too.
pub(super) fn give_up_capabilities() -> io::Result<()> {
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    // Root would get them again with the next `exec`.
    nix::sys::prctl::set_no_new_privs()?;
    Ok(())
}

/// The file of this program, by its name: what is started through `/proc` lies in the mount namespace of who started it, where
/// CRIU does not find it.
pub(super) fn this_program() -> io::Result<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let path = std::fs::read_link(THIS_PROGRAM)?;
    let own = std::fs::metadata(THIS_PROGRAM)?;
    let same =
        |path: &Path| std::fs::metadata(path).is_ok_and(|m| (m.dev(), m.ino()) == (own.dev(), own.ino()));
    if same(&path) {
        return Ok(path);
    }
    let what = format!("{} was replaced or removed since this program was started from it", path.display());
    Err(io::Error::new(io::ErrorKind::NotFound, what))
}
