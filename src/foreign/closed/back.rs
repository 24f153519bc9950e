//! A program's folder brought back to what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Bounds, Closed, KeptFile, What, walk};
use crate::durable::beneath::{self, Folder};
use crate::foreign::copies::{self, BroughtBack};
use crate::foreign::misfit::{Misfit, Unfit};
use crate::foreign::record;
use crate::quantity::clean;

/// One step, with the path of what it is about. They are done in this order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BackStep {
    /// Something else has the name.
    ClearWay,
    MakeFolder(u32),
    /// It has got this name since.
    NameAgain(PathBuf),
    Put(usize),
    Cut(u64, i64),
    SetMode(u32),
    /// It came later.
    MoveAside,
}

impl BackStep {
    fn in_words(&self) -> &'static str {
        match self {
            Self::ClearWay | Self::MoveAside => "moved aside, for it came later",
            Self::MakeFolder(_) => "made again",
            Self::NameAgain(_) => "given its former name again",
            Self::Put(_) => "put back from its copy",
            Self::Cut(..) => "cut to its former length",
            Self::SetMode(_) => "given its former mode again",
        }
    }
}

impl Closed {
    /// What cannot be brought back as it was.
    #[must_use]
    pub fn unfit(&self, copies: &Path, bounds: Bounds) -> Vec<Unfit> {
        self.plan(copies, bounds).err().unwrap_or_default()
    }

    /// Brings the folder back to what it was, through no symbolic link; what came later is moved to a new folder below `aside`.
    ///
    /// Begun and not ended, it can be done again. Nothing is changed where something cannot be brought back.
    ///
    /// # Errors
    /// All that cannot be brought back.
    pub fn roll_back(
        &self,
        copies: &Path,
        aside: &Path,
        bounds: Bounds,
    ) -> Result<Vec<BroughtBack>, Vec<Unfit>> {
        let steps = self.plan(copies, bounds)?;
        let mut place = None;
        let mut done = Vec::new();
        for (step, path) in steps {
            let (at, how) = (self.folder.join(&path), step.in_words());
            self.take(&step, &path, copies, (aside, &mut place))
                .map_err(|e| vec![unfit(&at, &format!("it cannot be brought back ({how}): {e}"))])?;
            done.push(BroughtBack { path: at, how });
        }
        Ok(done)
    }

    fn plan(&self, copies: &Path, bounds: Bounds) -> Result<Vec<(BackStep, PathBuf)>, Vec<Unfit>> {
        if self.things.is_empty() && self.folder.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let walked = match walk(&self.folder, bounds.names) {
            // It will be missed by what is open in it.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok((BTreeMap::new(), true)),
            walked => walked,
        };
        let (now, all) = walked.map_err(|e| vec![unfit(&self.folder, &e.to_string())])?;
        let known: BTreeSet<&Path> = self.things.iter().map(|thing| thing.path.as_path()).collect();
        let later = |path: &Path| !known.contains(path);
        // Without all names nobody knows what is new.
        let whole = all && !self.more;
        let packed = beneath::facts(copies).map_or(0, |facts| facts.len());
        let (mut steps, mut unfit) = (Vec::new(), Vec::new());
        for (number, thing) in self.things.iter().enumerate() {
            let there = now.get(&thing.path);
            let mut add = |step| steps.push((step, thing.path.clone()));
            match &thing.what {
                What::Other => {}
                What::Folder { .. } if there.is_some_and(beneath::is_folder) => {}
                What::Folder { mode } => {
                    if there.is_some() {
                        add(BackStep::ClearWay);
                    }
                    add(BackStep::MakeFolder(*mode));
                }
                What::File(kept) => {
                    let moved = || {
                        let same =
                            |(path, facts): &(&PathBuf, &Metadata)| later(path) && is_same(kept, facts);
                        now.iter().find(same).map(|(path, _)| path.clone())
                    };
                    let has_copy =
                        kept.copy.is_some_and(|begin| begin + kept.size <= packed || kept.size == 0);
                    match self.step(kept, &thing.path, there, has_copy.then_some(number), moved) {
                        Ok(found) => found.into_iter().for_each(add),
                        Err(e) => unfit.push(e),
                    }
                }
            }
        }
        if whole {
            let new: BTreeSet<&PathBuf> = now.keys().filter(|path| later(path)).collect();
            let new_paths: BTreeSet<&Path> = new.iter().map(|path| path.as_path()).collect();
            for path in &new {
                let inner = path.ancestors().skip(1).any(|above| new_paths.contains(above));
                let named_again = |(step, _): &(BackStep, PathBuf)| matches!(step, BackStep::NameAgain(from) if from == *path);
                if !inner && !steps.iter().any(named_again) {
                    steps.push((BackStep::MoveAside, (*path).clone()));
                }
            }
        }
        if !unfit.is_empty() {
            return Err(unfit);
        }
        steps.sort_by_key(|(step, path)| (order(step), path.clone()));
        Ok(steps)
    }

    /// What brings a file back.
    fn step(
        &self,
        kept: &KeptFile,
        path: &Path,
        there: Option<&Metadata>,
        copy: Option<usize>,
        moved: impl Fn() -> Option<PathBuf>,
    ) -> Result<Vec<BackStep>, Unfit> {
        let at = self.folder.join(path);
        let Some(facts) = there else {
            return match (copy, moved()) {
                (Some(copy), _) => Ok(vec![BackStep::Put(copy)]),
                (None, Some(from)) => Ok(vec![BackStep::NameAgain(from)]),
                (None, None) => Err(unfit(&at, "it is missing, and was too large to be copied")),
            };
        };
        if !beneath::is_regular(facts) {
            let words = "something else (a folder, a link, a pipe or a device) has its name";
            return copy
                .map(|copy| vec![BackStep::ClearWay, BackStep::Put(copy)])
                .ok_or_else(|| unfit(&at, words));
        }
        let now = KeptFile::of(facts);
        if (now.size, now.modified, now.mode) == (kept.size, kept.modified, kept.mode) {
            return Ok(Vec::new());
        }
        if let Some(copy) = copy {
            return Ok(vec![BackStep::Put(copy)]);
        }
        let mode = (now.mode != kept.mode).then_some(BackStep::SetMode(kept.mode));
        if (now.size, now.modified) == (kept.size, kept.modified) {
            return Ok(mode.into_iter().collect());
        }
        let begins_so = || {
            let file = beneath::open(&at).ok()?;
            Some(kept.sum? == record::sum(&file, kept.size).ok()?)
        };
        if now.size > kept.size && begins_so() == Some(true) {
            return Ok([BackStep::Cut(kept.size, kept.modified)].into_iter().chain(mode).collect());
        }
        Err(unfit(&at, "it was changed since, and was too large to be copied"))
    }

    fn take(
        &self,
        step: &BackStep,
        path: &Path,
        copies: &Path,
        (aside, place): (&Path, &mut Option<PathBuf>),
    ) -> io::Result<()> {
        let at = self.folder.join(path);
        match step {
            BackStep::ClearWay | BackStep::MoveAside => {
                let place = match place {
                    Some(place) => place.clone(),
                    None => place.insert(free(aside)?).clone(),
                };
                let to = place.join(path);
                beneath::create_folders(to.parent().unwrap_or(&place))?;
                beneath::rename_new(&at, &to)
            }
            BackStep::MakeFolder(mode) => {
                beneath::create_folder(&at)?;
                let folder = std::fs::File::from(beneath::open_folder(&at)?);
                folder.set_permissions(Permissions::from_mode(*mode))
            }
            BackStep::NameAgain(from) => beneath::rename_new(&self.folder.join(from), &at),
            BackStep::Put(number) => {
                let What::File(kept) = &self.things[*number].what else { return Ok(()) };
                copies::put_with(&at, kept.mode, kept.modified, &|to| {
                    if kept.size == 0 {
                        return Ok(());
                    }
                    let mut bytes = vec![0; kept.size as usize];
                    beneath::open(copies)?.read_exact_at(&mut bytes, kept.copy.unwrap_or(0))?;
                    to.write_all_at(&bytes, 0)
                })
            }
            BackStep::Cut(size, modified) => {
                let file = beneath::open_to_write(&at)?;
                file.set_len(*size)?;
                // With its time, so that it is known as what it was.
                file.set_times(copies::written_at(*modified))?;
                file.sync_all()
            }
            BackStep::SetMode(mode) => {
                let file = beneath::open(&at)?;
                file.set_permissions(Permissions::from_mode(*mode))
            }
        }
    }
}

/// The order of steps: no step needs a later one.
fn order(step: &BackStep) -> u8 {
    match step {
        BackStep::ClearWay => 0,
        BackStep::MakeFolder(_) => 1,
        BackStep::NameAgain(_) => 2,
        BackStep::Put(_) => 3,
        BackStep::Cut(..) => 4,
        BackStep::SetMode(_) => 5,
        BackStep::MoveAside => 6,
    }
}

/// Whether a file of another name is this one.
fn is_same(kept: &KeptFile, facts: &Metadata) -> bool {
    beneath::is_regular(facts)
        && (facts.ino(), facts.len(), record::modified(facts)) == (kept.inode, kept.size, kept.modified)
}

/// A new folder in this one.
fn free(aside: &Path) -> io::Result<PathBuf> {
    beneath::create_folder(aside)?;
    for number in 1_u32.. {
        let name = number.to_string();
        let (folder, _) = Folder::of(&aside.join(&name))?;
        if folder.create_folder(OsStr::new(&name))? {
            return Ok(aside.join(name));
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn unfit(path: &Path, what: &str) -> Unfit {
    Unfit::new(
        Misfit::File,
        format!("{}: {what}", clean(&path.to_string_lossy())),
        "the program has closed this file of its own before the image was taken, and needs it as it was: put it back (from a copy, \
         with its time: cp -p), or begin the chain anew",
    )
}
