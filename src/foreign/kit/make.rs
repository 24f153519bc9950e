//! The making of a kit: fetched or found packages, unpacked beside their final place, and there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::super::backend::{Trouble, TroubleKind};
use super::super::calls;
use super::super::criu::Criu;
use super::super::elf::{self, StartMethod};
use super::apt::{self, Wanted};
use super::packages::{PATIENCE, copy_packages, described, packages_in, unpack};
use super::troubles::unwritten;
use super::{FORM, Kit, PACKAGES, Package, RECORD, open, without_colon};
use crate::durable::{atomic, sealed};
use crate::quantity;

/// What a kit is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KitSource {
    /// A suite of Debian.
    Suite {
        /// Its name, such as `trixie`.
        name: String,
        /// Where from; `None`: from the mirror that this machine itself uses.
        mirror: Option<String>,
        /// The keys that the suite is signed by; `None`: those that Debian brings.
        keyring: Option<PathBuf>,
    },
    /// Packages in a folder. Their signatures cannot be verified: they are taken as they are.
    Folder(PathBuf),
}

/// A kit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitOrder {
    /// The folder that it is made in.
    pub to: PathBuf,
    /// What it is made from.
    pub from: KitSource,
    /// Even where one is there.
    pub again: bool,
}

/// What was left half made for so long, no running process works on.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

/// Makes a kit, or finds it made; whether it was made.
///
/// # Errors
/// When it cannot be made: there is none then, or the former one.
pub fn make(order: &KitOrder) -> Result<(Kit, Criu, bool), Trouble> {
    let to = std::path::absolute(&order.to).map_err(|e| unwritten(&order.to, &e))?;
    without_colon(&to)?;
    if to.join(RECORD).exists() {
        if !order.again {
            return open(&to).map(|(kit, criu)| (kit, criu, false));
        }
    } else if fs::read_dir(&to).is_ok_and(|mut entries| entries.next().is_some()) || to.is_file() {
        let what = format!("{}: there is something else, no kit of CRIU", to.display());
        return Err(Trouble::new(TroubleKind::Other, what, "name another folder with --to"));
    }
    let parent = to.parent().unwrap_or(&to).to_path_buf();
    let name = to.file_name().unwrap_or_default();
    fs::create_dir_all(&parent).map_err(|e| unwritten(&parent, &e))?;
    sweep(&parent, &name.to_string_lossy());
    let draft = KitDraft::create(parent.join(atomic::temporary(name)))?;
    let kit = fill(&draft.0, &order.from)?;
    sealed::replace(&draft.0.join(RECORD), &kit).map_err(|e| {
        let kind = if e.is_disk_full() { TroubleKind::DiskFull } else { TroubleKind::Other };
        Trouble::new(kind, e.to_string(), "")
    })?;
    synced(&draft.0).map_err(|e| unwritten(&draft.0, &e))?;
    put_in_place(&draft.0, &to)?;
    synced(&parent).map_err(|e| unwritten(&parent, &e))?;
    open(&to).map(|(kit, criu)| (kit, criu, true))
}

/// A folder that goes with its holder, unless it was given another name.
struct KitDraft(PathBuf);

impl KitDraft {
    fn create(path: PathBuf) -> Result<Self, Trouble> {
        fs::create_dir(&path).map_err(|e| unwritten(&path, &e))?;
        Ok(Self(path))
    }
}

impl Drop for KitDraft {
    fn drop(&mut self) {
        // After an exchange of names this is the former kit.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fetches, unpacks and tries it.
fn fill(draft: &Path, source: &KitSource) -> Result<Kit, Trouble> {
    let debs = draft.join(PACKAGES);
    fs::create_dir(&debs).map_err(|e| unwritten(&debs, &e))?;
    let from = match source {
        KitSource::Suite { name, mirror, keyring } => {
            let state = draft.join("apt");
            let wanted = Wanted { suite: name, mirror: mirror.as_deref(), keyring: keyring.as_deref() };
            let mirror = apt::fetch(&wanted, &state, &debs)?;
            for path in [state, debs.join("partial")] {
                fs::remove_dir_all(&path).map_err(|e| unwritten(&path, &e))?;
            }
            let _ = fs::remove_file(debs.join("lock"));
            format!("{name} of {mirror}")
        }
        KitSource::Folder(folder) => {
            copy_packages(folder, &debs)?;
            folder.display().to_string()
        }
    };
    let mut packages = Vec::new();
    for file in packages_in(&debs)? {
        packages.push(described(&file)?);
        unpack(&file, draft)?;
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    let mut kit = laid_out(draft, packages, from)?;
    complete(&kit, draft)?;
    kit.criu = Criu::of(kit.command(draft), "the CRIU of these packages").map_err(too_old)?.version;
    Ok(kit)
}

fn too_old(trouble: Trouble) -> Trouble {
    Trouble { cure: "name a newer suite with --suite: trixie or sid".to_owned(), ..trouble }
}

/// Where the parts of an unpacked kit lie.
fn laid_out(draft: &Path, packages: Vec<Package>, from: String) -> Result<Kit, Trouble> {
    let lacks = |package: &str| {
        let what = format!("the packages lack {package}");
        Trouble::new(
            TroubleKind::Damaged,
            what,
            "`alpsckpt kit criu` on a machine with a network leaves all of them in the folder `debs` of its kit",
        )
    };
    let program = PathBuf::from("usr/sbin/criu");
    let start = elf::start(&draft.join(&program)).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => lacks("criu"),
        _ => Trouble::new(
            TroubleKind::Damaged,
            format!("the criu of these packages: {e}"),
            "fetch the package anew",
        ),
    })?;
    let StartMethod::Loader(loader) = start else {
        return Err(Trouble::new(
            TroubleKind::Damaged,
            "the criu of these packages needs no loader",
            "fetch Debian's",
        ));
    };
    let loader = loader.strip_prefix("/").unwrap_or(&loader);
    // Debian's packages name it below /usr since /lib is a link there.
    let loader = [PathBuf::from("usr").join(loader), loader.to_path_buf()];
    let loader = loader.into_iter().find(|path| draft.join(path).is_file()).ok_or_else(|| lacks("libc6"))?;
    let mut libraries = Vec::new();
    for part in ["usr/lib", "lib"] {
        for entry in fs::read_dir(draft.join(part)).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains("-linux-") {
                libraries.push(Path::new(part).join(entry.file_name()));
            }
        }
    }
    libraries.sort();
    let made = quantity::now();
    Ok(Kit { form: FORM, criu: (0, 0, 0), loader, libraries, program, from, packages, made })
}

/// That each library is the kit's own: one of the system, made for another C library, may break at any call.
fn complete(kit: &Kit, draft: &Path) -> Result<(), Trouble> {
    let mut words = kit.command(draft).into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    // The loader then lists the libraries, and starts nothing.
    command.args(words).env_clear().env("LC_ALL", "C").env("LD_TRACE_LOADED_OBJECTS", "1");
    let answer = calls::ask(&mut command, PATIENCE).map_err(|e| {
        Trouble::new(
            TroubleKind::Unavailable,
            format!("the kit's loader: {e}"),
            "take packages for this machine's processor",
        )
    })?;
    let lacking = lacking(&answer.stdout, draft);
    if answer.status.success() && lacking.is_empty() {
        return Ok(());
    }
    let said = if lacking.is_empty() { answer.last_words() } else { lacking.join(", ") };
    let cure =
        "`alpsckpt kit criu` on a machine with a network leaves all of them in the folder `debs` of its kit";
    Err(Trouble::new(
        TroubleKind::Damaged,
        format!("the packages lack libraries that criu needs: {said}"),
        cure,
    ))
}

/// Of a loader's list of libraries those that are not below the folder.
fn lacking(list: &str, folder: &Path) -> Vec<String> {
    let of = |line: &str| {
        let (name, at) = line.trim().split_once(" => ")?;
        (!Path::new(at.split(" (").next()?).starts_with(folder)).then(|| name.to_owned())
    };
    list.lines().filter_map(of).collect()
}

/// Gives the draft the kit's name. A kit that is there goes at once, whole: a job that begins meanwhile finds the one or the other.
fn put_in_place(draft: &Path, to: &Path) -> Result<(), Trouble> {
    if !to.join(RECORD).exists() {
        // An empty folder may be there.
        return fs::rename(draft, to).or_else(|e| {
            // Another process was faster; its kit is as good.
            if to.join(RECORD).exists() { Ok(()) } else { Err(unwritten(to, &e)) }
        });
    }
    if renameat2(AT_FDCWD, draft, AT_FDCWD, to, RenameFlags::RENAME_EXCHANGE).is_ok() {
        return Ok(());
    }
    // Not every disk can.
    let old = to.with_file_name(atomic::temporary(to.file_name().unwrap_or_default()));
    fs::rename(to, &old).and_then(|()| fs::rename(draft, to)).map_err(|e| unwritten(to, &e))?;
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

/// Removes what one that was killed left beside the kit.
fn sweep(parent: &Path, name: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let ours = file.starts_with(&format!(".{name}.")) && file.ends_with(".tmp");
        let Ok(facts) = entry.metadata() else { continue };
        let age = facts.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
        if ours && facts.is_dir() && age.is_some_and(|age| age > LEFT_BEHIND) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Everything of the disk that a folder lies on is written.
fn synced(folder: &Path) -> io::Result<()> {
    Ok(nix::unistd::syncfs(File::open(folder)?)?)
}

#[cfg(test)]
mod tests;
