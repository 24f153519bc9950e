//! Programs in namespaces of their own, made without any privilege.
//!
//! | process | where | what it does |
//! |---|---|---|
//! | the supervisor, [`Supervised`] | in the job's own process | orders |
//! | `alpsckpt job outside` | on the node | makes user, PID, mount, time (and network) namespaces, starts the next |
//! | `alpsckpt job init` | number 1 in them, with the capabilities of the user namespace | starts the program, speaks with CRIU |
//! | `alpsckpt job tree` | the root of what is dumped, without capabilities | takes in what the program leaves |
//! | the program | below it | |
//!
//! The first two talk with the supervisor over one socket; when it closes, everything ends.

mod handed;
mod init;
mod network;
mod outside;
mod process;
mod processes;
mod supervised;
mod tree;
mod wire;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

pub use supervised::{Supervised, SupervisorOptions};

/// What a process that has nobody to tell an error ends with.
const BROKEN: u8 = 70;

/// Runs one of these processes to its end, if that is what the arguments after `alpsckpt` ask for. They are not written by people,
/// and not part of the command line: what they start must cost nothing.
#[must_use]
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let [job, verb, rest @ ..] = arguments else { return None };
    if job != OsStr::new("job") {
        return None;
    }
    let done = match verb.to_str()? {
        "outside" => outside::run(),
        "init" => init::run(),
        "tree" => {
            let words = rest.strip_prefix(&[OsString::from("--")]).unwrap_or(rest);
            return Some(ExitCode::from(tree::run(words)));
        }
        _ => return None,
    };
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        // The supervisor is gone: there is nobody to tell.
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => ExitCode::SUCCESS,
        Err(e) => {
            tell!("alpsckpt: {}: {e}", verb.display());
            ExitCode::from(BROKEN)
        }
    })
}
