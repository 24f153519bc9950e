//! Saving a program: an image that is durable before the program is let go, or what the program keeps of itself.

use std::path::Path;
use std::time::{Duration, Instant};

use super::beside::{Beside, CLOSED, COPIES, RECORD};
use super::hindered::ensure_right;
use super::trouble::NotSaved;
use super::{Session, State};
use crate::checkpoint::image::WriteBehind;
use crate::checkpoint::{Dumper, Generation, GenerationNumber, Image, LinkNumber, Phase, image};
use crate::durable::{DurableError, beneath, sealed};
use crate::foreign::closed::{self, Bounds};
use crate::foreign::copies::{self, Most};
use crate::foreign::criu::forget;
use crate::foreign::record::{ImageRecord, Pending};
use crate::foreign::tasks::{self, TaskScan};
use crate::foreign::{Clocks, Then, Trouble, TroubleKind};
use crate::job::failure::LinkFailure;
use crate::job::shell::Payload;
use crate::quantity::bytes;

/// What an image is sealed with, whoever holds the program.
struct Saved<'s> {
    tasks: &'s [u32],
    criu: (u32, u32, u32),
    masked: bool,
    cpu_before: f64,
    started: LinkNumber,
    by: Dumper,
    newest: Option<GenerationNumber>,
    name: &'s str,
    folder: &'s Path,
    work: &'s Path,
    began: Instant,
}

impl Session<'_> {
    /// Dumps the program as the next generation.
    pub(super) fn save(&self, state: &mut State, then: Then, limit: Duration) -> Result<(), NotSaved> {
        let look = self.look(state);
        ensure_right(&state.backend.tasks(), &look, false)?;
        let before = self.shell.heart.status().phase;
        self.shell.enter(Phase::Sealing);
        let result = self.save_as_next(state, then, limit, &look);
        self.shell.enter(before);
        let generation = result?;
        self.shell.heart.update(|s| s.said.clear());
        self.let_go(state, &generation);
        (state.newest, state.good, state.tried) = (Some(generation.number), Some(generation), true);
        Ok(())
    }

    fn save_as_next(
        &self,
        state: &mut State,
        then: Then,
        limit: Duration,
        look: &TaskScan,
    ) -> Result<Generation, NotSaved> {
        self.shell.ensure_own()?;
        state.images += 1;
        let name = image::name(self.shell.link, state.images);
        let folder = image::begin(&self.shell.dir, self.shell.link, state.images)?;
        let result = self.save_in(state, (then, look), limit, &name, &folder);
        if result.is_err() {
            forget(&folder.join(image::FILES));
            let _ = beneath::remove_folder(&folder);
        }
        result
    }

    fn save_in(
        &self,
        state: &mut State,
        (then, look): (Then, &TaskScan),
        limit: Duration,
        name: &str,
        folder: &Path,
    ) -> Result<Generation, NotSaved> {
        let files = folder.join(image::FILES);
        beneath::create_private_folder(&files)
            .map_err(|e| DurableError::io(&files, "create the folder", e))?;
        let tasks = state.backend.tasks();
        let work = self.shell.dir.program(state.started);
        let saved = Saved {
            work: &work,
            tasks: &tasks,
            criu: state.criu,
            masked: state.masked,
            cpu_before: state.cpu_before,
            started: state.started,
            by: state.by,
            newest: state.newest,
            name,
            folder,
            began: Instant::now(),
        };
        let (mut noted, mut sealed, mut failure) = (None, None, None);
        let mut beyond = [String::new(), String::new()];
        let mut behind = WriteBehind::of(&files);
        let dumped = state.backend.dump(&files, then, limit, &mut |clocks| {
            let mut take = || -> Result<(), NotSaved> {
                // It may have gone on for a moment since it was looked at.
                ensure_right(&tasks, look, true)?;
                let found = Self::note(&saved, clocks, then)?;
                let beside = &found.0;
                beyond = [
                    beside.closed.beyond(Bounds::default()),
                    copies::beyond(&beside.needs, &work, Most::default()),
                ];
                match then {
                    // The program is let go when its image is safe.
                    Then::Ends => sealed = Some(self.seal(&saved, found, &mut behind)?),
                    // It stands as short as can be.
                    Then::Runs => noted = Some(found),
                }
                Ok(())
            };
            take().map_err(|e| {
                let words = e.to_string();
                failure = Some(e);
                words
            })
        });
        for (beyond, told) in beyond.iter().zip(&mut state.told) {
            if !beyond.is_empty() && !std::mem::replace(told, true) {
                self.shell.log.say(&format!("{beyond}."));
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        let generation = match (dumped, sealed, noted) {
            (_, Some(sealed), _) => sealed,
            (Ok(()), None, Some(found)) => self.seal(&saved, found, &mut behind)?,
            (Ok(()), None, None) => {
                return Err(LinkFailure::Internal("a dump that nobody was asked to seal".to_owned()).into());
            }
            (Err(e), None, _) => return Err(NotSaved::Trouble(e)),
        };
        // A dump that took no time tells nothing: what an earlier one told holds.
        state.bandwidth = generation.image.as_ref().and_then(Image::bandwidth).or(state.bandwidth);
        Ok(generation)
    }

    /// What is to be known of the program, while it stands; with its files that are still to be brought to the disk.
    fn note(saved: &Saved<'_>, clocks: Clocks, then: Then) -> Result<(Beside, Pending), NotSaved> {
        let tasks = tasks::tree(saved.tasks);
        let needs = ImageRecord::of(&tasks, saved.criu);
        let mut needs = needs.map_err(|e| {
            NotSaved::Trouble(Trouble::new(
                TroubleKind::Other,
                format!("the program cannot be examined: {e}"),
                "",
            ))
        })?;
        needs.avx512_masked = saved.masked;
        let mut pending = Pending::default();
        match then {
            Then::Ends => needs.settle(),
            Then::Runs => needs.hold(&mut pending),
        }
        .map_err(|e| Self::not_on_disk(saved, e))?;
        copies::take(&mut needs, saved.work, &saved.folder.join(COPIES), Most::default())?;
        let copies = saved.folder.join(CLOSED);
        let closed = closed::keep(saved.work, &needs, &copies, Bounds::default())?;
        closed.hold(&mut pending).map_err(|e| Self::not_on_disk(saved, e))?;
        let cpu = saved.cpu_before + needs.cpu_ms as f64 / 1e3;
        Ok((Beside { clocks, cpu, took: 0.0, needs, closed }, pending))
    }

    /// The program's own files could not be brought to the disk.
    fn not_on_disk(saved: &Saved<'_>, e: std::io::Error) -> NotSaved {
        DurableError::io(saved.folder, "bring the program's files to the disk, beside", e).into()
    }

    /// Makes an image durable and the chain's next generation.
    fn seal(
        &self,
        saved: &Saved<'_>,
        (beside, pending): (Beside, Pending),
        behind: &mut WriteBehind,
    ) -> Result<Generation, NotSaved> {
        pending.sync().map_err(|e| Self::not_on_disk(saved, e))?;
        behind.end()?;
        let mut files = image::seal(saved.folder)?;
        let took = saved.began.elapsed().as_secs_f64();
        let class = (!saved.masked && saved.by != Dumper::Program)
            .then(|| beside.needs.node.processor.class().to_owned());
        let beside = Beside { took, ..beside };
        sealed::create_exclusive(&saved.folder.join(RECORD), &beside)?;
        files.push(image::seal_file(saved.folder, RECORD)?);
        self.shell.ensure_own()?;
        image::publish(saved.folder, saved.name)?;
        let sealed = files.iter().map(|file| file.bytes).sum();
        let image = Image {
            started: saved.started,
            by: saved.by,
            folder: saved.name.to_owned(),
            files,
            class,
            took_ms: (took * 1e3) as u64,
        };
        let generation = self.seal_generation(image, sealed, saved.newest)?;
        self.shell.log.say(&format!(
            "Sealed generation {}: the program, {}, in {:.1} s.",
            generation.number,
            bytes(generation.bytes),
            saved.began.elapsed().as_secs_f64()
        ));
        Ok(generation)
    }

    pub(super) fn seal_generation(
        &self,
        image: Image,
        bytes: u64,
        newest: Option<GenerationNumber>,
    ) -> Result<Generation, LinkFailure> {
        let status = self.shell.heart.status();
        let payload = Payload {
            done: status.tiles,
            total: status.total,
            bytes,
            segments: Vec::new(),
            maps: Vec::new(),
            image: Some(image),
            advanced: true,
        };
        self.shell.seal(payload, newest)
    }
}
