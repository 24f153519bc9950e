//! What goes on inside, for who looks into a session that hangs: a line for each step to the file named by `ALPSCKPT_LOG`.
//!
//! A step is written when it begins (`new`) and when it ends (`close`, with its time): the last that has no end is where it
//! hangs. Without the variable nothing is written and nothing is formatted.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use tracing::Level;
use tracing_subscriber::fmt::format::{FmtSpan, Writer};
use tracing_subscriber::fmt::time::FormatTime;

use super::{CliError, exit};

/// The environment variable that names the file.
const VARIABLE: &str = "ALPSCKPT_LOG";

/// Begins to write, if the environment asks for it.
///
/// # Errors
/// When the file cannot be opened.
pub(super) fn begin() -> Result<(), CliError> {
    match std::env::var_os(VARIABLE) {
        Some(named) if !named.is_empty() => to(&named),
        _ => Ok(()),
    }
}

fn to(named: &OsStr) -> Result<(), CliError> {
    let path = Path::new(named);
    // Sessions, and the cluster's server beside them, write to one file: each line at once, at its end.
    let file = File::options().append(true).create(true).open(path).map_err(|e| {
        let what = format!("{VARIABLE}: {}: cannot be opened: {e}", path.display());
        let cure =
            format!("name a file that is yours to write, in a folder that is there, or: unset {VARIABLE}");
        CliError::new(exit::OUTPUT, what, cure)
    })?;
    tracing_subscriber::fmt()
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        .with_max_level(Level::DEBUG)
        .with_timer(Stamp { process: std::process::id() })
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .try_init()
        .map_err(CliError::defect)
}

/// The moment and the process.
struct Stamp {
    process: u32,
}

impl FormatTime for Stamp {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = jiff::Zoned::now();
        write!(writer, "{} {}", now.strftime("%Y-%m-%d %H:%M:%S%.3f %:z"), self.process)
    }
}
