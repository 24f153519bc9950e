//! The `alpsckpt` program: everything lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    alpsckpt::cli::main()
}
