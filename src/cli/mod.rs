//! The command line: every ability of the program without a screen.

use std::process::ExitCode;

/// The entry point of every process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
