//! Where DMTCP writes its images, until one is whole.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::super::backend::{Trouble, TroubleKind};
use super::files::{other, removed};
use super::processes;
use crate::durable::beneath;

/// How the names of the scripts begin by which a person restores an image.
const SCRIPTS: &str = "dmtcp_restart_script";

/// Room beyond the program's memory that an image takes at most: libraries and tables.
const BESIDE: u64 = 64 << 20;

/// The folder in which DMTCP writes.
#[derive(Debug)]
pub(super) struct Drafts(PathBuf);

impl Drafts {
    /// In this folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_path_buf())
    }

    /// The path of the folder.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, and empties it.
    pub(super) fn make(&self) -> Result<(), Trouble> {
        beneath::create_folders(&self.0).map_err(|e| other(&self.0, &e))?;
        self.clear()
    }

    pub(super) fn clear(&self) -> Result<(), Trouble> {
        let drafts = &self.0;
        let names = beneath::names(drafts).map_err(|e| other(drafts, &e))?;
        for name in names {
            let path = drafts.join(name);
            let gone = if path.is_dir() { beneath::remove_folder(&path) } else { removed(&path) };
            gone.map_err(|e| other(&path, &e))?;
        }
        Ok(())
    }

    /// Whether what lies in the drafts is an image that is whole.
    pub(super) fn is_whole(&self) -> Result<bool, Trouble> {
        let drafts = &self.0;
        let names = beneath::names(drafts).map_err(|e| other(drafts, &e))?;
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        // The script is written last, when the coordinator knows that all have written. Version 4.1.1 answers before.
        Ok(names.iter().any(|name| is_image(name))
            && names.iter().any(|name| name.starts_with(SCRIPTS))
            && !names.iter().any(|name| name.ends_with(".temp")))
    }

    /// DMTCP ends a program whose image cannot be written: the room has to be there before.
    pub(super) fn has_room(&self, tasks: &[u32]) -> Result<(), Trouble> {
        let drafts = &self.0;
        let room = nix::sys::statvfs::statvfs(drafts).map_err(|e| other(drafts, &e.into()))?;
        let free = room.blocks_available() * room.fragment_size();
        let needed = processes::memory(tasks) + BESIDE;
        if free < needed {
            let (free, needed) = (crate::quantity::bytes(free), crate::quantity::bytes(needed));
            let what = format!("{}: {free} free, and an image may take {needed}", drafts.display());
            return Err(Trouble::new(TroubleKind::DiskFull, what, ""));
        }
        Ok(())
    }

    /// Moves the image from the drafts, without the scripts for a person's use and the link to them: they name this node and this place.
    pub(super) fn move_into(&self, into: &Path) -> Result<(), Trouble> {
        let drafts = &self.0;
        for name in beneath::names(drafts).map_err(|e| other(drafts, &e))? {
            let (from, to) = (drafts.join(&name), into.join(&name));
            if name.to_string_lossy().starts_with(SCRIPTS) {
                beneath::remove(&from).map_err(|e| other(&from, &e))?;
                continue;
            }
            match beneath::rename_new(&from, &to) {
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices && from.is_file() => {
                    let copied = beneath::open(&from).and_then(|mut source| {
                        io::copy(&mut source, &mut beneath::create_new(&to)?)?;
                        beneath::remove(&from)
                    });
                    copied.map_err(|e| other(&to, &e))?;
                }
                moved => moved.map_err(|e| other(&to, &e))?,
            }
        }
        Ok(())
    }

    /// Copies the folders of an image, in which DMTCP keeps files that the program held open, to where it wrote them: there they are
    /// looked for.
    pub(super) fn lay_out(&self, image: &Path, names: &[OsString]) -> Result<(), Trouble> {
        for folder in names {
            let from = image.join(folder);
            if !beneath::facts(&from).is_ok_and(|facts| beneath::is_folder(&facts)) {
                continue;
            }
            let to = self.0.join(folder);
            let copied = || -> io::Result<()> {
                beneath::create_folders(&to)?;
                for name in beneath::names(&from)? {
                    io::copy(
                        &mut beneath::open(&from.join(&name))?,
                        &mut beneath::create_new(&to.join(&name))?,
                    )?;
                }
                Ok(())
            };
            copied().map_err(|e| other(&to, &e))?;
        }
        Ok(())
    }
}

/// Whether a name is that of an image.
pub(super) fn is_image(name: &str) -> bool {
    name.strip_prefix("ckpt_").is_some_and(|rest| rest.strip_suffix(".dmtcp").is_some())
}

/// The names in the folder of an image, and the paths of the parts that are restored together, in order.
pub(super) fn images_of(image: &Path) -> Result<(Vec<OsString>, Vec<OsString>), Trouble> {
    let facts = beneath::facts(image).map_err(|e| other(image, &e))?;
    if let Some(why) = beneath::not_ours(&facts) {
        return Err(Trouble::new(TroubleKind::Damaged, format!("{}: {why}", image.display()), ""));
    }
    let names = beneath::names(image).map_err(|e| other(image, &e))?;
    let mut images: Vec<OsString> = names
        .iter()
        .filter(|name| is_image(&name.to_string_lossy()))
        .map(|name| image.join(name).into())
        .collect();
    images.sort();
    if images.is_empty() {
        let what = format!("{}: no image of DMTCP (ckpt_*.dmtcp)", image.display());
        return Err(Trouble::new(TroubleKind::Damaged, what, ""));
    }
    Ok((names, images))
}
