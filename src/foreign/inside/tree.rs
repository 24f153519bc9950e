//! `alpsckpt job tree -- PROGRAM ARGUMENTS`: the root of what is dumped.
//!
//! Whatever the program starts and leaves to itself becomes a child of this process instead of the namespace's first one: so it
//! is part of the image. It is dumped each time: one thread, little memory, no descriptor but the standard streams.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill, killpg, raise};
use nix::unistd::Pid;

use super::process;
use crate::foreign::backend::Ended;

/// The status of a shell that finds no such program.
const NOT_STARTED: u8 = 127;

/// Runs the program to its end, and ends as it does. Its standard input is a pipe for the words of an error; without any, the
/// program was started.
pub(super) fn run(words: &[OsString]) -> u8 {
    let Ok(told) = process::input() else { return NOT_STARTED };
    let mut told = File::from(told);
    match start(words) {
        Ok(program) => {
            drop(told);
            guard(program)
        }
        Err(error) => {
            let _ = write!(told, "{error}");
            NOT_STARTED
        }
    }
}

fn start(words: &[OsString]) -> io::Result<Pid> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
    };
    nix::unistd::setsid()?;
    nix::sys::prctl::set_child_subreaper(true)?;
    process::reset_signals()?;
    process::give_up_capabilities()?;
    let child = Command::new(program).args(arguments).process_group(0).spawn()?;
    // From here on they wait for `guard`. None is sent before the supervisor knows that the program runs.
    named_signals().thread_block()?;
    Ok(Pid::from_raw(child.id() as i32))
}

/// All but the real-time ones, which `sigwait` could not name.
fn named_signals() -> SigSet {
    Signal::iterator().collect()
}

/// Passes signals on to the program, reaps what it leaves, and ends when it ends.
fn guard(program: Pid) -> u8 {
    let signals = named_signals();
    loop {
        if let Some(status) = reap(program) {
            return status;
        }
        match signals.wait() {
            Ok(Signal::SIGCHLD) | Err(_) => {}
            Ok(signal) => {
                // It may have left its first process group.
                if killpg(program, signal) == Err(Errno::ESRCH) {
                    let _ = kill(program, signal);
                }
            }
        }
    }
}

/// The status to end with, when the program has ended.
fn reap(program: Pid) -> Option<u8> {
    while let Some((pid, ended)) = process::reaped() {
        match ended {
            Ended::Code(code) if pid == program => return Some(code),
            Ended::Signal(number) if pid == program => {
                die_by(number);
                // As a shell tells it.
                return Some(128_u8.wrapping_add(number as u8));
            }
            _ => {}
        }
    }
    None
}

/// Ends by the program's signal, if this process can.
fn die_by(number: i32) {
    let Ok(signal) = Signal::try_from(number) else { return };
    // The program has left its core file already.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = SigSet::empty().thread_set_mask();
    // The standard library's handler of SIGSEGV and SIGBUS takes the first one, and takes itself away.
    for _ in 0..2 {
        let _ = raise(signal);
    }
}
