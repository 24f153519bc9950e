//! What is printed: results on standard output, remarks on the error stream, where they disturb no pipe.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use super::glyphs;
use super::report;
use super::told::{drawn, in_ascii, told};
use crate::cli::{CliError, exit};
use crate::prepare::{News, Short};
use crate::quantity::bytes;

/// Prints one line.
pub(in crate::cli) fn say(line: impl Display) -> Result<(), CliError> {
    written(writeln!(io::stdout().lock(), "{}", told(&line.to_string())))
}

/// Prints a line that this program has drawn: its colours stay, and all else is told as ever.
pub(in crate::cli) fn say_drawn(line: impl Display) -> Result<(), CliError> {
    written(writeln!(io::stdout().lock(), "{}", drawn(&line.to_string())))
}

/// Prints a file's name, byte for byte.
pub(in crate::cli) fn say_path(path: &Path) -> Result<(), CliError> {
    say_bytes(&[path.as_os_str().as_bytes(), b"\n"].concat())
}

/// Prints what another program reads.
pub(in crate::cli) fn say_bytes(bytes: &[u8]) -> Result<(), CliError> {
    let mut stream = io::stdout().lock();
    written(stream.write_all(bytes).and_then(|()| stream.flush()))
}

/// Prints what the parser of arguments has to say: help, the version, or what is wrong with them.
pub(in crate::cli) fn say_of_arguments(error: &clap::Error) -> ExitCode {
    if glyphs().unicode {
        let _ = error.print();
    } else {
        let text = in_ascii(&error.render().to_string());
        // A stream that is closed is nobody's.
        let _ = if error.use_stderr() {
            io::stderr().write_all(text.as_bytes())
        } else {
            io::stdout().write_all(text.as_bytes())
        };
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE))
}

/// What a write to standard output came to; a reader that went away is no error.
pub(in crate::cli) fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(CliError::silent(0)),
        Err(e) => Err(CliError::output(format!("standard output cannot be written: {e}"))),
    }
}

/// Prints a remark on the error stream, where it disturbs no pipe.
pub(in crate::cli) fn note(line: impl Display) {
    tell!("{}", told(&line.to_string()));
}

/// Prints a warning on the error stream.
pub(in crate::cli) fn warning(text: impl Display) {
    note(format!("warning: {text}"));
}

/// Tells what is doubtful while a campaign is prepared.
pub(in crate::cli) fn tell(news: &News<'_>) {
    match news {
        News::Doubtful(doubtful) => report::warn(doubtful),
        News::NotKept(error) => {
            note(format!("warning: what was seen is not kept, and looked at again next time: {error}"));
        }
        News::Looked { .. } | News::LookedThrough(_) => {}
    }
}

/// Warns of a disk with less room than is needed.
pub(in crate::cli) fn tell_short(Short { output, free, needed }: &Short) {
    let (free, needed) = (bytes(*free), bytes(*needed));
    note(format!("warning: {}: {free} free, up to {needed} needed", output.display()));
}
