//! How DMTCP's programs are started, and how the program under them has ended.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::super::backend::{Ended, Program, Trouble, TroubleKind};
use super::coordinator::Coordinator;
use crate::durable::beneath;

/// Runs the program and writes down how it ended; the first argument is the file for that. A signal to all of the program does not end
/// it, and is the program's own affair.
pub(super) const ROOT: &str =
    r#"trap : HUP INT TERM USR1 USR2; "$@"; code=$?; echo "$code" >"$0"; exit "$code""#;

/// Runs its arguments without whatever this process has inherited beside its standard streams, such as pipes of a batch system's shell.
const CLOSED: &str =
    r#"for f in /proc/self/fd/*; do n=${f##*/}; if ((n > 2)); then eval "exec $n>&-"; fi; done; exec "$@""#;

/// The status with which DMTCP ends a process in which it finds itself at fault, by its environment: its own choice, 99, has a batch
/// system resubmit the job. No program that is known here ends so by itself.
pub(super) const AT_FAULT: u8 = 217;

/// Starts one of DMTCP's programs with the program's streams, folder and environment.
pub(super) fn spawn(
    program: &Program,
    coordinator: &Coordinator,
    words: &[OsString],
    streams: [File; 2],
) -> Result<Child, Trouble> {
    let [stdout, stderr] = streams;
    // A session of its own: no terminal, and one number for all that it starts.
    let mut command = Command::new("/usr/bin/setsid");
    command
        .args(["/bin/bash", "-c", CLOSED, "bash"])
        .args(words)
        .env_clear()
        .envs(&program.environment)
        .envs(coordinator.environment())
        .env("DMTCP_FAIL_RC", AT_FAULT.to_string())
        .current_dir(&program.directory)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    command.spawn().map_err(|e| {
        let what =
            format!("{}: {e}", words.first().map_or_else(String::new, |word| word.display().to_string()));
        Trouble::new(
            TroubleKind::Other,
            what,
            "see that the program's working folder is there, and /usr/bin/setsid",
        )
    })
}

/// How the program ended, by what its root has written: shells tell a signal as 128 and its number.
pub(super) fn ended_as(marker: &Path) -> Option<Ended> {
    let code: u8 = String::from_utf8(beneath::read(marker).ok()?).ok()?.trim().parse().ok()?;
    let signal = i32::from(code) - 128;
    Some(if (1..=64).contains(&signal) { Ended::Signal(signal) } else { Ended::Code(code) })
}
