//! The signals that ask a link to checkpoint: the batch system's ([`CHECKPOINT_SIGNAL`]), SIGTERM, SIGINT, SIGHUP.
//!
//! A batch system signals the process that a job's script is, whatever that does at the moment. So the script first has this
//! program hold the signal back (`alpsckpt job hold`): it becomes the script's shell again, the same process with the signal
//! blocked. Blocked, a signal stays pending over each `exec`; the link takes it when it can (decision 99).

use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ};

use crate::batch::CHECKPOINT_SIGNAL;
use crate::campaign::shell::HELD;
use crate::host::own_mask;

/// The number of the batch system's signal.
const CHECKPOINT: i32 = CHECKPOINT_SIGNAL as i32;

/// Set to anything by a job's script that was asked to stop before this program began.
const ASKED: &str = "ALPSCKPT_ASKED";

/// The shell of job scripts.
const SHELL: &std::ffi::CStr = c"/bin/bash";

/// The flag that these signals set, installing their handlers at the first call. Repeated signals change nothing. A signal
/// that was ignored when this process began, as by `nohup`, stays ignored, but for the batch system's: scripts of jobs ignore it until
/// it is held.
///
/// To be called as the first thing of a process that a batch system may signal: before, it is killed by it.
pub fn stop_flag() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(std::env::var_os(ASKED).is_some()));
        for signal in [CHECKPOINT, SIGTERM, SIGINT, SIGHUP] {
            if signal != CHECKPOINT && is_ignored(signal) {
                continue;
            }
            if let Err(e) = signal_hook::flag::register(signal, Arc::clone(&flag)) {
                tell!("alpsckpt: signal {signal} cannot be caught: {e}");
            }
        }
        flag
    });
    Arc::clone(flag)
}

/// As [`stop_flag`], for a person's terminal: a second SIGINT ends the process at once.
pub fn stop_flag_of_terminal() -> Arc<AtomicBool> {
    static ARMED: OnceLock<()> = OnceLock::new();
    ARMED.get_or_init(|| {
        if is_ignored(SIGINT) {
            return;
        }
        if let Err(e) = end_at_second(SIGINT, &Arc::new(AtomicBool::new(false))) {
            tell!("alpsckpt: signal {SIGINT} cannot be caught: {e}");
        }
    });
    stop_flag()
}

/// Has a signal set a flag, and end the process when the flag is set already.
///
/// # Errors
/// When the signal cannot be caught.
pub fn end_at_second(signal: i32, flag: &Arc<AtomicBool>) -> io::Result<()> {
    // This acts once the flag is set: it has to come before what sets it.
    signal_hook::flag::register_conditional_default(signal, Arc::clone(flag))?;
    signal_hook::flag::register(signal, Arc::clone(flag)).map(drop)
}

/// Whether this process ignores a signal; not where `/proc` does not tell.
fn is_ignored(signal: i32) -> bool {
    own_mask("SigIgn:") & (1 << (signal - 1)) != 0
}

/// A file that grows beyond the process's limit is then an error of that write, which can be told, instead of the process's
/// end.
pub fn survive_file_limit() {
    if let Err(e) = signal_hook::flag::register(SIGXFSZ, Arc::default()) {
        tell!("alpsckpt: signal {SIGXFSZ} cannot be caught: {e}");
    }
}

fn checkpoint_signal() -> SigSet {
    SigSet::from(CHECKPOINT_SIGNAL)
}

/// Blocks the batch system's signal: from here on it stays pending, over `exec` too, until [`take`] is called. With this begins
/// every process of a job, while it has one thread.
pub fn hold() {
    if let Err(e) = checkpoint_signal().thread_block() {
        tell!("alpsckpt: the checkpoint signal cannot be held back: {e}");
    }
}

/// Takes the signals, those that were held back at once; the flag that they set.
#[must_use]
pub fn take() -> Arc<AtomicBool> {
    let flag = stop_flag();
    if let Err(e) = checkpoint_signal().thread_unblock() {
        tell!("alpsckpt: the checkpoint signal stays held back: {e}");
    }
    flag
}

/// Becomes the shell that runs a job's script, with the batch system's signal held back; all other signals are as the shell
/// expects them.
///
/// # Errors
/// When there is no such shell.
pub fn become_script(script: &Path) -> io::Result<Infallible> {
    hold();
    // What is ignored stays so over `exec`, and a shell cannot undo it; what is caught is reset by it. Rust's runtime ignores
    // SIGPIPE, the script's first lines the checkpoint signal.
    for signal in [SIGPIPE, CHECKPOINT] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    let script = CString::new(script.as_os_str().as_bytes())?;
    let held = CString::new(HELD)?;
    Ok(nix::unistd::execv(SHELL, &[SHELL, &script, &held])?)
}
