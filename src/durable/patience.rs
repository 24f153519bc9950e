//! Errors of shared disks that pass: a handle that is stale for a moment, a server that does not answer.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;

#[cfg(test)]
use super::faults;

/// How long a command tries: a person waits for its answer.
const OF_COMMANDS: Duration = Duration::from_secs(3);
/// How long a link tries, days of work behind it: as long as an NFS server takes to be restarted, within the usual margin.
pub const OF_LINKS: Duration = Duration::from_mins(1);

const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

static PATIENCE_MS: AtomicU64 = AtomicU64::new(if cfg!(test) { 60 } else { OF_COMMANDS.as_millis() as u64 });

/// How long this process goes on trying what fails by a passing error.
pub fn set(patience: Duration) {
    PATIENCE_MS.store(patience.as_millis() as u64, Ordering::Relaxed);
}

/// The disk is out of reach, which says nothing about what is on it: the same may go well a moment later, or from another node.
#[must_use]
pub fn is_passing(e: &io::Error) -> bool {
    use Errno::{
        EAGAIN, ECOMM, ECONNABORTED, ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, EINTR, EIO, ENETDOWN,
        ENETRESET, ENETUNREACH, ENOTCONN, EREMOTEIO, ESHUTDOWN, ESTALE, ETIMEDOUT,
    };
    e.raw_os_error().map(Errno::from_raw).is_some_and(|e| {
        matches!(
            e,
            ESTALE
                | EIO
                | EREMOTEIO
                | EAGAIN
                | EINTR
                | ETIMEDOUT
                | ECOMM
                | ENOTCONN
                | ESHUTDOWN
                | ECONNRESET
                | ECONNABORTED
                | ECONNREFUSED
                | EHOSTDOWN
                | EHOSTUNREACH
                | ENETDOWN
                | ENETUNREACH
                | ENETRESET
        )
    })
}

/// Does something with a file from its path on, again and again while it fails by a passing error.
///
/// # Errors
/// Its last error, when patience is at its end; any other error at once.
pub(crate) fn again<T>(path: &Path, mut what: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let began = Instant::now();
    let mut wait = FIRST_WAIT;
    loop {
        match attempt(path, &mut what) {
            Err(e) if is_passing(&e) => {
                let left = Duration::from_millis(PATIENCE_MS.load(Ordering::Relaxed))
                    .saturating_sub(began.elapsed());
                if left.is_zero() {
                    return Err(e);
                }
                std::thread::sleep(wait.min(left));
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            done => return done,
        }
    }
}

#[cfg(not(test))]
fn attempt<T>(_: &Path, what: &mut impl FnMut() -> io::Result<T>) -> io::Result<T> {
    what()
}

#[cfg(test)]
fn attempt<T>(path: &Path, what: &mut impl FnMut() -> io::Result<T>) -> io::Result<T> {
    faults::meet(path, faults::Step::Any).and_then(|()| what())
}
