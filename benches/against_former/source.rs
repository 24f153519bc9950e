//! The source of the former build, from the repository's own history.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The last build of form 1, version 0.1.0.
pub(crate) const COMMIT: &str = "79912a0";

/// Unpacks it into `folder`, anew.
///
/// # Errors
/// In words: where it is not in this checkout's history, or cannot be unpacked.
pub(crate) fn unpack(folder: &Path) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = Command::new("git").arg("-C").arg(root).args(["cat-file", "-e", COMMIT]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        return Err(format!(
            "commit {COMMIT} is not in this checkout's history: a shallow clone, or no `git`"
        ));
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let line = format!("git -C \"$1\" archive {COMMIT} | tar -x -C \"$2\"");
    let unpacked =
        Command::new("bash").args(["-o", "pipefail", "-c", &line, "bash"]).arg(root).arg(folder).status();
    match unpacked {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("commit {COMMIT} cannot be unpacked: {status}")),
        Err(e) => Err(format!("bash: {e}")),
    }
}
