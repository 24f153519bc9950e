//! Letting go of what of a program is no longer needed: older generations, their images, folders of former starts.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use super::{Session, State};
use crate::checkpoint::{ChainDir, Generation, GenerationNumber, Image, LinkNumber, fence, image};
use crate::durable::{DurableError, beneath};
use crate::foreign::criu::forget;

impl Session<'_> {
    /// Removes what is no longer needed: the new generation and the last one that was gone on from stay.
    pub(super) fn let_go(&self, state: &State, newest: &Generation) {
        let dir = &self.shell.dir;
        let kept: BTreeSet<GenerationNumber> =
            state.good.iter().map(|good| good.number).chain([newest.number]).collect();
        for number in fence::generations(dir).unwrap_or_default() {
            if !kept.contains(&number) {
                let _ = beneath::remove(&dir.generation(number));
            }
        }
        let images = match image::named(dir) {
            Ok(images) => images,
            Err(e) => return self.stays(&e),
        };
        if let Err(e) = let_images_go(dir, &images) {
            self.stays(&e);
        }
        let started: BTreeSet<LinkNumber> =
            images.iter().map(|image| image.started).chain([state.started]).collect();
        let programs = dir.programs();
        for name in beneath::names_if_any(&programs).unwrap_or_default() {
            if !started.iter().any(|link| name.to_str() == Some(link.to_string().as_str())) {
                let _ = beneath::remove_folder(&programs.join(&name));
            }
        }
    }

    fn stays(&self, e: &DurableError) {
        self.shell.log.say(&format!("What is no longer needed stays for now: {e}."));
    }
}

/// Removes the images that are not among these, with the names that CRIU gave to files for them.
///
/// # Errors
/// When the folder cannot be listed; what cannot be removed is left.
pub fn let_images_go(dir: &ChainDir, kept: &[Image]) -> Result<(), DurableError> {
    let named = |name: &OsStr| kept.iter().any(|image| name == image.folder.as_str());
    image::let_go(dir, &named, &|folder| forget(&folder.join(image::FILES)))
}
