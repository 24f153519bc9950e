//! Saving a program: an image that is durable before the program is let go, or what the program keeps of itself.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::hindered::ensure_right;
use super::resume::{Beside, CLOSED, COPIES, RECORD};
use super::trouble::NotSaved;
use super::{Session, State};
use crate::campaign::spec::Checkpoint;
use crate::checkpoint::image::WriteBehind;
use crate::checkpoint::{
    ChainDir, Dumper, Generation, GenerationNumber, Image, LinkNumber, Phase, fence, image,
};
use crate::durable::{DurableError, beneath, sealed};
use crate::foreign::closed::{self, Bounds};
use crate::foreign::copies::{self, Most};
use crate::foreign::criu::forget;
use crate::foreign::record::{ImageRecord, Pending};
use crate::foreign::tasks::{self, TaskScan};
use crate::foreign::{Clocks, Ended, Then, Trouble, TroubleKind};
use crate::job::failure::Failure;
use crate::job::shell::{Done, Payload};
use crate::job::terms::wait_until;
use crate::quantity::bytes;

/// How long after a dump that failed the next is tried.
const AGAIN: Duration = Duration::from_secs(5);

/// So often a dump is tried where nothing says how much time there is, or that the program ever can be dumped.
const TRIES: u32 = 3;

/// How long a dump may take where no walltime ends.
const NO_END: Duration = Duration::from_hours(6);

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
                return Err(Failure::Internal("a dump that nobody was asked to seal".to_owned()).into());
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

    fn seal_generation(
        &self,
        image: Image,
        bytes: u64,
        newest: Option<GenerationNumber>,
    ) -> Result<Generation, Failure> {
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

    /// Saves the program before the walltime, or when asked, and leaves. `None`: it cannot be saved, there is time left, and it
    /// runs on.
    pub(super) fn leave(&self, state: &mut State) -> Result<Option<Done>, Failure> {
        if state.by == Dumper::Program {
            return self.leave_to_itself(state).map(Some);
        }
        let mut tried = 0;
        let trouble = 'tries: loop {
            tried += 1;
            let began = Instant::now();
            let limit = self.time_left().unwrap_or(NO_END);
            match self.save(state, Then::Ends, limit) {
                Ok(()) => return self.left(state).map(Some),
                Err(NotSaved::Failure(e)) => return Err(e),
                Err(e) => {
                    self.shell.log.say(&format!("The program could not be dumped: {e}."));
                    if let NotSaved::Trouble(trouble) = &e
                        && trouble.kind == TroubleKind::Undumpable
                        && tried >= TRIES
                        && self.may_run_on()
                    {
                        self.give_up_asking(trouble);
                        return Ok(None);
                    }
                    // As long as another try may end in time, the program is not given up.
                    let next = began.elapsed() + AGAIN;
                    let again = self.time_left().map_or(tried < TRIES, |left| left > next);
                    for wait in [Duration::ZERO, AGAIN] {
                        if again {
                            wait_until(Instant::now() + wait, &|| false);
                        }
                        match state.backend.ended() {
                            Ok(None) => {}
                            Ok(Some(ended)) => return self.ended(state, ended).map(Some),
                            Err(gone) => break 'tries NotSaved::Trouble(gone),
                        }
                    }
                    if !again {
                        break e;
                    }
                }
            }
        };
        state.backend.kill();
        match &state.good {
            Some(good) => self
                .shell
                .leave(&format!("without a new generation, for {trouble}: generation {} stands", good.number))
                .map(Some),
            None => Err(match trouble {
                NotSaved::File(e) => e.into(),
                NotSaved::Trouble(e) if e.kind == TroubleKind::DiskFull => {
                    DurableError::io(&self.shell.dir.images(), "write", nix::errno::Errno::ENOSPC.into())
                        .into()
                }
                trouble => Failure::Unable(format!(
                    "the program could not be dumped, and nothing of it is kept: {trouble}"
                )),
            }),
        }
    }

    /// It was asked to stop, and the time for that is not near.
    fn may_run_on(&self) -> bool {
        let stop = &self.shell.options.stop;
        stop.end.is_some() && stop.deadline.is_some_and(|deadline| deadline > Instant::now())
    }

    /// Forgets that somebody has asked for a checkpoint.
    fn give_up_asking(&self, trouble: &Trouble) {
        self.shell.heart.forget_asked();
        self.shell.heart.update(|s| s.said = format!("cannot be checkpointed: {}", trouble.what));
        self.shell.log.say(
            "The checkpoint that was asked for is given up: the program runs on, and is saved before the walltime if it can be then.",
        );
    }

    fn left(&self, state: &State) -> Result<Done, Failure> {
        let number = state.good.as_ref().map_or(0, |g| g.number.0);
        self.shell.leave(&format!("with the program sealed in generation {number}"))
    }

    /// Has the program save itself. One that ends with 0 and has made all its outputs only now came to its end instead.
    fn leave_to_itself(&self, state: &mut State) -> Result<Done, Failure> {
        let Some((signal, _)) = state.resolved.own else {
            state.backend.kill();
            return self.shell.leave(if self.command.checkpoint == Checkpoint::None {
                "the program, of which nothing is kept: with `checkpoint: None` it must end within one walltime"
            } else {
                "the program, which nothing can save here"
            });
        };
        self.shell.enter(Phase::Sealing);
        // One that came to its end just now did so by itself.
        if let Some(ended) = state.backend.ended().map_err(|e| Self::unable(&e))? {
            return self.ended(state, ended);
        }
        // Outputs that are written as the work goes on are there long before its end.
        let had_made_all = Self::has_made_all(state);
        self.shell.log.say(&format!("Signal {signal} has the program save itself."));
        state.backend.signal(signal).map_err(|e| Self::unable(&e))?;
        let until = self.time_left().map(|left| Instant::now() + left);
        let cpu = Self::cpu(state, &state.backend.tasks());
        loop {
            match state.backend.ended() {
                Ok(Some(Ended::Code(0))) if !had_made_all && Self::has_made_all(state) => {
                    return self.ended(state, Ended::Code(0));
                }
                Ok(Some(Ended::Code(0))) => break,
                Ok(Some(ended)) => return self.not_saved_by_itself(state, signal, ended),
                Ok(None) if until.is_none_or(|until| Instant::now() < until) => {
                    wait_until(Instant::now() + Duration::from_millis(100), &|| false);
                }
                _ => {
                    state.backend.kill();
                    let stands = if state.good.is_some() {
                        "what it saved before stands"
                    } else {
                        "nothing of it is kept"
                    };
                    return self.shell.leave(&format!(
                        "the program, which did not end by itself after signal {signal}: {stands}"
                    ));
                }
            }
        }
        state.cpu_before = cpu;
        let image = Image {
            started: state.started,
            by: Dumper::Program,
            folder: String::new(),
            files: Vec::new(),
            class: None,
            took_ms: 0,
        };
        let generation = self.seal_generation(image, 0, state.newest)?;
        self.let_go(state, &generation);
        state.good = Some(generation);
        self.left(state)
    }

    /// A program that was to save itself ended otherwise than it does when it has.
    fn not_saved_by_itself(&self, state: &State, signal: i32, ended: Ended) -> Result<Done, Failure> {
        self.ended(state, ended).map_err(|failure| match failure {
            Failure::Program(code, what) => Failure::Program(
                code,
                format!(
                    "{what}, when signal {signal} had it save itself: it counts as saved if it ends with 0 then, so nothing new is sealed"
                ),
            ),
            other => other,
        })
    }

    /// How long until the batch system ends the job, less what it takes to leave.
    fn time_left(&self) -> Option<Duration> {
        let stop = &self.shell.options.stop;
        let (end, deadline) = (stop.end?, stop.deadline?);
        let spare = end.saturating_duration_since(deadline) / 10;
        Some(end.saturating_duration_since(Instant::now()).saturating_sub(spare))
    }

    /// Removes what is no longer needed: the new generation and the last one that was gone on from stay.
    fn let_go(&self, state: &State, newest: &Generation) {
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
