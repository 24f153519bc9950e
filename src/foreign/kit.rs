//! A CRIU of a newer Debian in a folder, and which CRIU a node has.
//!
//! A kit is CRIU with all libraries that it needs, down to the C library and the loader that starts it, unpacked from Debian's own
//! packages. Nothing of it is installed, it may be moved, and it needs no right. It runs on any older system: whoever restores on
//! another node takes the same kit with him.

mod apt;
mod make;
mod packages;
mod troubles;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::backend::{Trouble, TroubleKind};
use super::criu::{self, Criu};
use crate::durable::sealed;

pub use make::{KitOrder, KitSource, make};

/// Names a kit's folder, or a CRIU, for all that asks for one.
pub const VARIABLE: &str = "ALPSCKPT_CRIU";

/// A kit's record, written last.
pub const RECORD: &str = "kit.ron";

/// Where the packages of a kit lie in it: another kit can be made `--from` there.
pub const PACKAGES: &str = "debs";

/// The form of the record.
const FORM: u32 = 1;

/// What a kit is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kit {
    /// The record's form.
    pub form: u32,
    /// CRIU's version.
    pub criu: (u32, u32, u32),
    /// The loader that starts it, from the kit's folder on.
    pub loader: PathBuf,
    /// Folders of its libraries, from the kit's folder on.
    pub libraries: Vec<PathBuf>,
    /// The program, from the kit's folder on.
    pub program: PathBuf,
    /// Where the packages came from, in words.
    pub from: String,
    /// The packages that it was unpacked from.
    pub packages: Vec<Package>,
    /// When it was made.
    pub made: String,
}

/// One package of a kit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name in Debian: `libc6`.
    pub name: String,
    /// Its version, as Debian counts.
    pub version: String,
    /// What machines it is for.
    pub architecture: String,
    /// The SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
}

impl Kit {
    /// The words that call the CRIU of the kit in this folder.
    fn command(&self, folder: &Path) -> Vec<OsString> {
        let mut libraries = OsString::new();
        for (i, part) in self.libraries.iter().enumerate() {
            libraries.push(if i == 0 { "" } else { ":" });
            libraries.push(folder.join(part));
        }
        let (loader, program) = (folder.join(&self.loader), folder.join(&self.program));
        let words: [OsString; 6] = [
            loader.into(),
            "--library-path".into(),
            libraries,
            "--argv0".into(),
            "criu".into(),
            program.into(),
        ];
        words.to_vec()
    }
}

/// Where a person's own kit lies; `None` without a home.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "alpsckpt")?;
    Some(folders.data_dir().join("criu-kit"))
}

/// The CRIU of the kit in a folder, with the kit's record.
///
/// # Errors
/// When there is none, it is half there, or does not run on this machine.
pub fn open(folder: &Path) -> Result<(Kit, Criu), Trouble> {
    let record = folder.join(RECORD);
    let kit: Kit = sealed::read(&record).map_err(|e| {
        let missing = e.is_missing();
        let what = if missing {
            format!("{}: no kit of CRIU: it has no {RECORD}", folder.display())
        } else {
            e.to_string()
        };
        let of_others = missing && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        let cure = if of_others { ANOTHER.to_owned() } else { again(folder) };
        Trouble::new(if missing { TroubleKind::Unavailable } else { TroubleKind::Damaged }, what, cure)
    })?;
    if kit.form > FORM {
        let what = format!("{}: a kit of a newer alpsckpt", record.display());
        return Err(Trouble::new(TroubleKind::Unavailable, what, again(folder)));
    }
    without_colon(folder)?;
    let found = Criu::of(kit.command(folder), &format!("the kit in {}", folder.display()))
        .map_err(|trouble| Trouble { cure: again(folder), ..trouble })?;
    Ok((kit, found))
}

/// The loader takes folders of libraries with colons between them, and has no way to name one with a colon.
fn without_colon(folder: &Path) -> Result<(), Trouble> {
    if folder.to_string_lossy().contains(':') {
        let what = format!("{}: a kit cannot run in a folder with a colon in its path", folder.display());
        return Err(Trouble::new(TroubleKind::Other, what, "use another folder"));
    }
    Ok(())
}

/// What to do where a folder is named that is somebody else's.
const ANOTHER: &str =
    "name the folder of a kit; without a name your own is found, which `alpsckpt kit criu` makes";

/// What makes a kit anew.
fn again(folder: &Path) -> String {
    format!("`alpsckpt kit criu --again --to {}` makes it anew", crate::shell_words::word(folder.as_os_str()))
}

/// The CRIU that is to be used here: the one named, by the caller or in [`VARIABLE`], else the node's own where it is new enough,
/// else that of the person's kit.
///
/// What is named is a kit's folder or a CRIU itself; where it is no good no other is taken instead.
///
/// # Errors
/// When there is none: what was looked for, and why each was not taken.
pub fn find(explicit: Option<&Path>) -> Result<Criu, Trouble> {
    let variable = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()).map(PathBuf::from);
    if let Some(named) = explicit.map(Path::to_path_buf).or(variable) {
        return one(&named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    choose(&path, default_folder().as_deref())
}

/// The one at this path.
fn one(named: &Path) -> Result<Criu, Trouble> {
    let named = std::path::absolute(named).unwrap_or_else(|_| named.to_path_buf());
    if named.is_dir() {
        return open(&named).map(|(_, criu)| criu);
    }
    Criu::of(vec![named.clone().into()], &named.display().to_string())
}

/// The node's own, else the kit.
fn choose(path: &OsString, kit: Option<&Path>) -> Result<Criu, Trouble> {
    let mut reasons = Vec::new();
    // Ordinary people's paths often lack these.
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let own = std::env::split_paths(path).chain(system).map(|folder| folder.join("criu"));
    match own.into_iter().find(|program| program.is_file()) {
        None => reasons.push("this machine has no criu of its own".to_owned()),
        Some(program) => match one(&program) {
            Ok(criu) => return Ok(criu),
            Err(trouble) => reasons.push(trouble.what),
        },
    }
    match kit {
        None => reasons.push("there is no home folder with a kit".to_owned()),
        Some(folder) if !folder.is_dir() => reasons.push(format!("there is no kit in {}", folder.display())),
        Some(folder) => match open(folder) {
            Ok((_, criu)) => return Ok(criu),
            Err(trouble) => reasons.push(trouble.what),
        },
    }
    Err(Trouble::new(TroubleKind::Unavailable, format!("no CRIU: {}", reasons.join("; ")), criu::CURE))
}

#[cfg(test)]
mod tests;
