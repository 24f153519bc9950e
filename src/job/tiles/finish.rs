//! The end of a chain: maps put together from the segments, verified, recorded; then the blocks are let go.

use std::path::Path;

use super::assemble::{Unfinished, sources};
use super::inputs::perhaps_changed;
use super::{Session, State};
use crate::checkpoint::form::FORM;
use crate::checkpoint::shape::map_file;
use crate::checkpoint::{Complete, Phase, Place, seal};
use crate::durable::{DurableError, atomic, beneath, numbered, sealed};
use crate::job::failure::LinkFailure;
use crate::job::pictures;
use crate::job::shell::Done;
use crate::job::verify;
use crate::job::workload::Workload;
use crate::quantity::count;

impl Session<'_> {
    /// A chain that is complete already is verified, not computed. `None`: there is work to do.
    pub(super) fn already_complete<W: Workload>(
        &self,
        pool: &rayon::ThreadPool,
    ) -> Result<Option<Done>, LinkFailure> {
        let Some(complete) = self.shell.completed()? else { return Ok(None) };
        let problems = self.problems::<W>(pool, &complete)?;
        if problems.is_empty() {
            self.shell.remember(None, complete.tiles);
            self.shell.heart.update(|s| {
                (s.tiles, s.sealed_tiles, s.total) = (complete.tiles, complete.tiles, complete.tiles);
            });
            seal::ensure_unfenced(&self.shell.dir, self.shell.link)?;
            self.remove_blocks();
            return Ok(Some(Done::Complete(format!(
                "complete already: {} verified",
                count(complete.maps.len() as u64, "map")
            ))));
        }
        for problem in problems {
            self.shell.log.say(&format!("Finished map rejected: {problem}."));
        }
        seal::ensure_unfenced(&self.shell.dir, self.shell.link)?;
        let path = self.shell.dir.complete();
        beneath::remove(&path).map_err(|e| DurableError::io(&path, "remove", e))?;
        Ok(None)
    }

    /// What does not fit in the finished maps, reopened.
    fn problems<W: Workload>(
        &self,
        pool: &rayon::ThreadPool,
        complete: &Complete,
    ) -> Result<Vec<String>, LinkFailure> {
        let stop = || self.shell.must_stop();
        let maps = self.shell.campaign.maps();
        let verified = pool.install(|| verify::verify_complete(&maps, complete, &W::reopen, &stop));
        if stop() {
            return Err(LinkFailure::Stopped);
        }
        let named = |v: &verify::Verified| {
            v.problems.iter().map(|p| format!("{}: {p}", v.path.display())).collect::<Vec<_>>()
        };
        Ok(verified.iter().flat_map(named).collect())
    }

    /// Puts the missing maps together, verifies all of them and records the chain as complete; what to say of that.
    pub(super) fn finish<W: Workload>(&self, state: &mut State<'_, W>) -> Result<String, Unfinished> {
        self.shell.enter(Phase::Finishing);
        let folder = self.shell.campaign.maps();
        seal::ensure_unfenced(&self.shell.dir, self.shell.link)?;
        atomic::create_folder_within(&folder)?;
        self.remove_left_over(&folder, &state.shape.layers);
        let valid = state.workload.valid_cells().map_err(|e| perhaps_changed(state, e.into()))?;
        let layers = state.workload.layers();
        let mut complete = Complete {
            form: FORM,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            link: self.shell.link,
            spec: self.shell.options.spec_hash.clone(),
            tiles: state.tiles.len() as u64,
            maps: Vec::new(),
            blocks: Vec::new(),
            valid,
            place: Place::Maps,
        };
        for (at, layer) in layers.iter().enumerate() {
            if state.tiles.len() < state.shape.blocks.len() {
                return Err(Unfinished::Missing);
            }
            let sources = sources(state, at)?;
            let file = map_file(&layer.name);
            if !state.maps.iter().any(|m| m.file == file) {
                let map = self.assemble(state, layer, &sources)?;
                state.maps.push(map);
                state.unsealed = true;
                self.shell.log.say(&format!("Finished {}.", folder.join(&file).display()));
                self.seal(state)?;
            }
            complete.maps.extend(state.maps.iter().find(|m| m.file == file).cloned());
            complete.blocks.push(sources.iter().map(|s| (s.block.bytes, s.block.crc)).collect());
        }
        Ok(self.complete::<W>(state.pool, &complete)?)
    }

    fn complete<W: Workload>(
        &self,
        pool: &rayon::ThreadPool,
        complete: &Complete,
    ) -> Result<String, LinkFailure> {
        let problems = self.problems::<W>(pool, complete)?;
        if !problems.is_empty() {
            return Err(LinkFailure::Untrusted(format!(
                "finished maps do not verify: {}",
                problems.join("; ")
            )));
        }
        self.draw(complete)?;
        self.shell.ensure_own()?;
        sealed::replace(&self.shell.dir.complete(), complete)?;
        self.remove_blocks();
        let message = format!(
            "complete: {} verified in {}",
            count(complete.maps.len() as u64, "map"),
            self.shell.campaign.maps().display()
        );
        Ok(message)
    }

    fn remove_blocks(&self) {
        if let Err(e) = seal::remove_blocks(&self.shell.dir, self.shell.link) {
            self.shell.log.say(&format!("What is no longer needed stays: {e}."));
        }
    }

    /// Draws the maps. A picture that cannot be drawn costs no map: `alpsckpt maps --png` draws it later.
    fn draw(&self, complete: &Complete) -> Result<(), LinkFailure> {
        let note = self.shell.options.spec.terrain_note.as_deref();
        for map in &complete.maps {
            if self.shell.must_stop() {
                return Err(LinkFailure::Stopped);
            }
            let path = self.shell.campaign.maps().join(&map.file);
            let picture = pictures::file(self.shell.campaign, &path);
            if !self.may_draw(&picture) {
                self.shell.log.say(&format!(
                    "No picture of {}: {} is not this campaign's and stays as it is.",
                    map.file,
                    picture.display()
                ));
            } else if let Err(e) = pictures::write(self.shell.campaign, &path, note) {
                self.shell.log.say(&format!("No picture of {}: {e}.", map.file));
            }
        }
        Ok(())
    }

    /// Removes what earlier links of this chain left half-written when they were killed.
    fn remove_left_over(&self, folder: &Path, layers: &[String]) {
        for name in beneath::names(folder).unwrap_or_default() {
            let of_link = name.to_str().and_then(|name| {
                let (layer, rest) = name.strip_prefix('.')?.split_once('.')?;
                let rest = rest.strip_prefix("overviews.").unwrap_or(rest);
                let (link, rest) = numbered::split(rest, 4)?;
                (layers.iter().any(|l| l == layer) && rest.ends_with("part")).then_some(link)
            });
            if of_link.is_some_and(|link| link < self.shell.link.0) {
                let _ = beneath::remove(&folder.join(&name));
            }
        }
    }
}
