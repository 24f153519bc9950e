//! The source of the former build, from the repository's own history.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The last build of form 1, version 0.1.0.
pub(crate) const COMMIT: &str = "79912a0";

/// Which commit a folder of outputs was built from.
const NOTE: &str = "made";

/// Whether `target` holds a whole build of this very commit, and not of another that was compared with before.
pub(crate) fn is_made(target: &Path) -> bool {
    fs::read_to_string(target.join(NOTE)).is_ok_and(|commit| commit == COMMIT)
}

/// Notes that the build in `target` is whole.
///
/// # Errors
/// In words: the note cannot be written.
pub(crate) fn note_made(target: &Path) -> Result<(), String> {
    let note = target.join(NOTE);
    fs::write(&note, COMMIT).map_err(|e| format!("{}: {e}", note.display()))
}

/// The command that builds the program of the source in `from`, its outputs in `target`; the profile is the caller's.
pub(crate) fn cargo_build(from: &Path, target: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--bin", "alpsckpt", "--manifest-path"]).arg(from.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(target);
    cargo
}

/// The command that downloads the crates that the source in `from` was built with.
#[allow(dead_code, reason = "a benchmark builds with what the network gives")]
pub(crate) fn cargo_fetch(from: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["fetch", "--locked", "--manifest-path"]).arg(from.join("Cargo.toml"));
    cargo
}

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
    // With the times of now: by those of the commit, cargo would take what another commit left in `target` for fresh.
    let line = format!("git -C \"$1\" archive {COMMIT} | tar -x -m -C \"$2\"");
    let unpacked =
        Command::new("bash").args(["-o", "pipefail", "-c", &line, "bash"]).arg(root).arg(folder).status();
    match unpacked {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("commit {COMMIT} cannot be unpacked: {status}")),
        Err(e) => Err(format!("bash: {e}")),
    }
}
