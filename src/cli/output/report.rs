//! What a failed command says, and what may be wrong, on the error stream.

use std::io::Write;
use std::process::ExitCode;

use super::told::told;
use crate::cli::error::{CliError, block};
use crate::prepare::Doubtful;

/// Prints the messages; the exit code.
pub(in crate::cli) fn report(error: &CliError) -> ExitCode {
    let mut stream = std::io::stderr().lock();
    let messages = error.messages();
    for message in &messages {
        let _ = write!(stream, "{}", told(message));
    }
    if messages.len() > 1 {
        let _ = writeln!(stream, "{} problems", messages.len());
    }
    ExitCode::from(error.code())
}

/// Tells what may be wrong, and how to hear no more of it.
pub(super) fn warn(doubtful: &Doubtful) {
    let Doubtful { place, what, cure, silence } = doubtful;
    let _ = write!(std::io::stderr().lock(), "{}", told(&block("warning", place, what, &[cure, silence])));
}
