//! Files that DMTCP and its programs write, and what is said of them.

use std::fs::File;
use std::io;
use std::path::Path;

use super::super::backend::{Trouble, TroubleKind};
use super::super::calls;
use crate::durable::beneath;

pub(super) fn appended(path: &Path) -> Result<File, Trouble> {
    beneath::append(path).map_err(|e| other(path, &e))
}

pub(super) fn removed(path: &Path) -> io::Result<()> {
    match beneath::remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

pub(super) fn last_lines(file: &Path) -> String {
    let said = beneath::read(file).unwrap_or_default();
    calls::last_lines(&String::from_utf8_lossy(&said)).unwrap_or_else(|| "it said nothing".to_owned())
}

pub(super) fn other(path: &Path, error: &io::Error) -> Trouble {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let kind = if full { TroubleKind::DiskFull } else { TroubleKind::Other };
    Trouble::new(kind, format!("{}: {error}", path.display()), "")
}
