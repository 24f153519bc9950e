//! Packages of Debian as files: copied, described, unpacked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::super::backend::{Trouble, TroubleKind};
use super::super::calls::{self, CallOutput};
use super::Package;
use super::troubles::{no_program, unwritten};

/// Unpacking one package takes no longer, also onto a slow disk.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// The packages in a folder.
pub(super) fn packages_in(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = listed.map_err(|e| {
        let cure =
            "give --from the folder that holds the .deb files of criu and of all libraries that it needs";
        Trouble::new(TroubleKind::Other, format!("{}: {e}", folder.display()), cure)
    })?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "deb")).collect();
    found.sort();
    Ok(found)
}

pub(super) fn copy_packages(from: &Path, debs: &Path) -> Result<(), Trouble> {
    let files = packages_in(from)?;
    if files.is_empty() {
        let cure =
            "give --from the folder that holds the .deb files of criu and of all libraries that it needs";
        return Err(Trouble::new(
            TroubleKind::Other,
            format!("{}: no packages (*.deb)", from.display()),
            cure,
        ));
    }
    for file in files {
        let to = debs.join(file.file_name().unwrap_or_default());
        fs::copy(&file, &to).map_err(|e| unwritten(&to, &e))?;
    }
    Ok(())
}

/// What a package says of itself.
pub(super) fn described(file: &Path) -> Result<Package, Trouble> {
    let answer = dpkg_deb(&["--show", "--showformat", "${Package} ${Version} ${Architecture}"], &[file])?;
    let words: Vec<&str> = answer.stdout.split_whitespace().collect();
    let [name, version, architecture] = words[..] else {
        let what = format!("{}: it does not say what it is", file.display());
        return Err(Trouble::new(TroubleKind::Damaged, what, "fetch it anew"));
    };
    let bytes = fs::read(file)
        .map_err(|e| Trouble::new(TroubleKind::Other, format!("{}: {e}", file.display()), ""))?;
    let sha256 =
        Sha256::digest(bytes).iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    Ok(Package { name: name.into(), version: version.into(), architecture: architecture.into(), sha256 })
}

pub(super) fn unpack(file: &Path, into: &Path) -> Result<(), Trouble> {
    dpkg_deb(&["--extract"], &[file, into]).map(drop)
}

fn dpkg_deb(options: &[&str], paths: &[&Path]) -> Result<CallOutput, Trouble> {
    let mut command = Command::new("dpkg-deb");
    command.args(options).args(paths).env("LC_ALL", "C");
    let answer = calls::ask(&mut command, PATIENCE).map_err(|e| no_program("dpkg-deb", &e))?;
    if answer.status.success() {
        return Ok(answer);
    }
    let said = answer.last_words();
    let what =
        format!("{}: {said}", paths.first().map_or_else(String::new, |path| path.display().to_string()));
    Err(if said.contains("No space left") || said.contains("Disk quota") {
        Trouble::new(TroubleKind::DiskFull, what, "make room for 70 MB, or name another folder with --to")
    } else {
        Trouble::new(TroubleKind::Damaged, what, "fetch the package anew")
    })
}
