//! Why a kit cannot be made, for all that makes one.

use std::io;
use std::path::Path;

use super::super::backend::{Trouble, TroubleKind};
use crate::shell_words::word;

/// Cures of a machine that cannot fetch packages.
pub(super) const ELSEWHERE: &str = "make the kit on a machine of Debian and copy its folder here, or give packages that lie here with --from DIR";

/// A program of Debian cannot be called.
pub(super) fn no_program(name: &str, error: &io::Error) -> Trouble {
    let what = if error.kind() == io::ErrorKind::NotFound {
        format!("there is no `{name}` here: this is no Debian, nor a system made of it")
    } else {
        format!("{name}: {error}")
    };
    Trouble::new(
        TroubleKind::Unavailable,
        what,
        format!("{ELSEWHERE}; a CRIU of 4.1.1 or newer, installed by the system's own means, is as good"),
    )
}

/// What cannot be written.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> Trouble {
    let what = format!("{}: {error}", path.display());
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Trouble::new(
            TroubleKind::DiskFull,
            what,
            "make room for 70 MB, or name another folder with --to",
        );
    }
    let parent = path.parent().unwrap_or(path);
    let cure = format!("name a folder of yours with --to; {} must be writable", word(parent.as_os_str()));
    Trouble::new(TroubleKind::Other, what, cure)
}
