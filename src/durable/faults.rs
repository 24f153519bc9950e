//! Disks that fail, for tests: below a folder the steps that a test names meet the error that it names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Anything that is tried again as a whole.
    Any,
    /// Giving a second name.
    Link,
    /// Giving a name that nothing has.
    RenameNew,
    /// Writing to an open file.
    Append,
}

/// An error below a folder.
#[derive(Debug)]
struct Fault {
    folder: PathBuf,
    step: Step,
    error: Errno,
    /// Steps that go well before it, and how many then fail.
    after: u64,
    times: u64,
    met: u64,
}

static FAULTS: Mutex<Vec<Fault>> = Mutex::new(Vec::new());

/// Lets `times` steps below `folder` fail after `after` of them; until the guard goes.
pub(crate) fn plan(folder: &Path, step: Step, error: Errno, after: u64, times: u64) -> Planned {
    let folder = folder.to_path_buf();
    lock().push(Fault { folder: folder.clone(), step, error, after, times, met: 0 });
    Planned { folder }
}

/// Faults that are planned for a folder.
#[derive(Debug)]
pub(crate) struct Planned {
    folder: PathBuf,
}

impl Planned {
    /// How many steps were taken there so far.
    pub(crate) fn met(&self) -> u64 {
        lock().iter().filter(|fault| fault.folder == self.folder).map(|fault| fault.met).sum()
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        lock().retain(|fault| fault.folder != self.folder);
    }
}

/// Fails if that is planned.
pub(crate) fn meet(path: &Path, step: Step) -> io::Result<()> {
    for fault in lock().iter_mut().filter(|fault| fault.step == step && path.starts_with(&fault.folder)) {
        fault.met += 1;
        if fault.met > fault.after && fault.met - fault.after <= fault.times {
            return Err(fault.error.into());
        }
    }
    Ok(())
}

fn lock() -> std::sync::MutexGuard<'static, Vec<Fault>> {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}
