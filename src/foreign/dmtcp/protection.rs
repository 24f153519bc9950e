//! Which programs DMTCP can protect: it lives in them as a library that their loader loads.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::super::backend::{Program, Trouble, TroubleKind};
use super::super::elf::{self, StartMethod};
use crate::host;

/// Refuses a program that DMTCP would run without a word, and without protection.
pub(super) fn protectable(program: &Program) -> Result<(), Trouble> {
    let word = program.arguments.first().map(OsString::as_os_str).unwrap_or_default();
    let missing =
        || Trouble::new(TroubleKind::Other, format!("{}: there is no such program", word.display()), "");
    let mut file = located(program, word).ok_or_else(missing)?;
    // A script's interpreter may be a script, too.
    for _ in 0..5 {
        match elf::start(&file) {
            Ok(StartMethod::Loader(_)) => return Ok(()),
            Ok(StartMethod::Script(interpreter)) => file = interpreter,
            Ok(StartMethod::Static) => {
                let what =
                    format!("{}: it is linked statically: DMTCP would run it unprotected", file.display());
                return Err(Trouble::new(TroubleKind::Undumpable, what, "link it dynamically, or use CRIU"));
            }
            // The system itself will say so: a shell runs what has no first line.
            Err(e) if e.kind() == io::ErrorKind::InvalidData => return Ok(()),
            Err(e) => return Err(Trouble::new(TroubleKind::Other, format!("{}: {e}", file.display()), "")),
        }
    }
    Ok(())
}

/// The file of a program, as a shell finds it.
fn located(program: &Program, word: &OsStr) -> Option<PathBuf> {
    if word.to_string_lossy().contains('/') {
        return Some(program.directory.join(word));
    }
    let path = program.environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let absolute = std::env::split_paths(&path).map(|folder| program.directory.join(folder));
    let absolute = std::env::join_paths(absolute).ok()?;
    host::files_in(&absolute, Path::new(word)).next()
}
