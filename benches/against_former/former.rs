//! Builds the former program, in release, once per checkout and commit.

use std::path::{Path, PathBuf};

use crate::{Outcome, source};

/// The former program, built where it is not there yet: with the same toolchain and profile as this build.
pub(crate) fn build() -> Outcome<PathBuf> {
    let here = Path::new(env!("CARGO_BIN_EXE_alpsckpt")).parent().and_then(Path::parent);
    let target = here.ok_or("the folder of this build's outputs is not known")?.join("against_former");
    let program = target.join("release/alpsckpt");
    if source::is_made(&target) && program.exists() {
        return Ok(program);
    }
    let from = target.join("source");
    source::unpack(&from)?;
    eprintln!("building {} in {}", source::COMMIT, target.display());
    match source::cargo_build(&from, &target).arg("--release").status() {
        Ok(status) if status.success() => source::note_made(&target).map(|()| program),
        Ok(status) => Err(format!("{} cannot be built: {status}", source::COMMIT)),
        Err(e) => Err(format!("cargo: {e}")),
    }
}
