//! A program while it runs: how far it has come, whether it could be dumped, when it must be.

use std::time::{Duration, Instant};

use super::pace::Pace;
use super::trouble::NotSaved;
use super::{Session, State};
use crate::batch::GO_ON;
use crate::checkpoint::{Dumper, Phase, Saving, image};
use crate::durable::beneath;
use crate::foreign::tasks;
use crate::foreign::{Ended, Then, Trouble, TroubleKind, progress};
use crate::job::failure::LinkFailure;
use crate::job::setup::last_words;
use crate::job::shell::Done;
use crate::job::terms::wait_until;
use crate::quantity::{self, count};

/// How often the program is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The trial dump comes after so long at most.
const TRIAL: Duration = Duration::from_mins(1);

/// Bytes a second that are dumped and brought to the disk as long as nothing was measured.
const BANDWIDTH: f64 = 150e6;

/// A rate is told after so long.
const SHORTEST_RATE: Duration = Duration::from_secs(5);

/// The status with which a job ends whose program ended with [`GO_ON`], which would have the batch system run the job again.
const INSTEAD_OF_GO_ON: u8 = 71;

/// So much of the end of what the program said is told, bytes.
const LAST_WORDS: u64 = 600;

impl Session<'_> {
    /// Runs the program to its end, or until it must be saved.
    pub(super) fn work(&self, state: &mut State) -> Result<Done, LinkFailure> {
        self.shell.enter(Phase::Computing);
        let mut next = Instant::now();
        let mut last = Instant::now();
        let runs_on = self.runs_on(state);
        let mut told = false;
        loop {
            let ended = match state.backend.ended() {
                Ok(ended) => ended,
                Err(e) => return self.lost(state, &e),
            };
            if let Some(ended) = ended {
                self.tell(state);
                return self.ended(state, ended);
            }
            if Instant::now() >= next {
                next = Instant::now() + LOOK;
                let tasks = self.tell(state);
                match self.shell.ensure_own() {
                    // A disk that is out of reach ends no program: nothing is published without another look.
                    Ok(()) | Err(LinkFailure::File(_)) => {}
                    Err(e) => return Err(e),
                }
                self.tell_hindrances(state, &tasks);
            }
            if self.must_save(state)
                && let Some(done) = self.leave(state)?
            {
                return Ok(done);
            }
            if runs_on && !told && self.shell.must_stop() {
                told = true;
                self.shell.log.say(
                    "Asked to checkpoint: nothing of this program is kept, and it runs on to its walltime.",
                );
            }
            if self.trial_is_due(state) {
                self.trial(state)?;
                last = Instant::now();
            }
            if self.every().is_some_and(|every| state.by != Dumper::Program && last.elapsed() >= every) {
                last = Instant::now();
                self.save_and_go_on(state)?;
            }
            wait_until(next.min(Instant::now() + Duration::from_millis(100)), &|| {
                !runs_on && self.shell.must_stop()
            });
        }
    }

    /// What ran the program is gone, and the program with it, by no fault of its own.
    fn lost(&self, state: &State, trouble: &Trouble) -> Result<Done, LinkFailure> {
        match &state.good {
            Some(good) => self
                .shell
                .leave_for(&format!("the program was lost ({trouble}): generation {} stands", good.number)),
            None => Err(LinkFailure::Unable(format!(
                "the program was lost, and nothing of it is kept: {trouble}"
            ))),
        }
    }

    /// How often it is dumped while it runs.
    fn every(&self) -> Option<Duration> {
        let every = self.shell.options.spec.checkpoint_every.seconds();
        (every > 0).then(|| Duration::from_secs(every))
    }

    /// CPU time of the program since its beginning, s, whose tasks are these.
    pub(super) fn cpu(state: &State, tasks: &[u32]) -> f64 {
        state.cpu_before + tasks::cpu(tasks).as_secs_f64()
    }

    /// Says how far the program has come; its tasks.
    fn tell(&self, state: &mut State) -> Vec<u32> {
        let tasks = state.backend.tasks();
        state.memory = tasks::memory(&tasks);
        let progress = match &mut state.progress {
            Some(reader) => reader.read().ok().flatten(),
            // It has just ended: what was seen last stands.
            None if tasks.is_empty() => None,
            None => Some(progress::ProgramProgress { done: Self::cpu(state, &tasks) as u64, total: 0 }),
        };
        let rate = progress.and_then(|progress| Self::rate(state, progress, &tasks));
        let saving = state.bandwidth.filter(|_| state.by != Dumper::Program && state.memory.image > 0);
        let saving = saving.map(|bytes_per_second| Saving { bytes: state.memory.image, bytes_per_second });
        self.shell.heart.update(|s| {
            if let Some(progress) = progress {
                (s.tiles, s.total) = (progress.done, progress.total);
            }
            s.tiles_per_minute = rate.unwrap_or(s.tiles_per_minute);
            s.saving = saving;
        });
        self.shell.heart.program_holds(state.memory.resident);
        self.shell.tell();
        tasks
    }

    /// What the program gets done in a minute; `None` before it has got on.
    fn rate(state: &State, progress: progress::ProgramProgress, tasks: &[u32]) -> Option<f64> {
        let here = state.since.elapsed();
        if here < SHORTEST_RATE || tasks.is_empty() {
            return None;
        }
        let pace = Pace {
            minutes: here.as_secs_f64() / 60.0,
            cpu: Self::cpu(state, tasks),
            cpu_before: state.cpu_before,
            done: progress.done as f64,
            done_before: state.done_before as f64,
        };
        // Without a count the CPU time itself is what counts.
        if state.progress.is_some() { pace.of_work() } else { Some(pace.of_cpu()) }
    }

    /// What tells the progress.
    pub(super) fn reader(&self, source: &progress::ProgressSource) -> Option<progress::ProgressReader> {
        let reader = progress::ProgressReader::new(source);
        reader.map_err(|e| self.shell.log.say(&format!("The progress cannot be read: {e}."))).ok()
    }

    /// Whether it is time to save it: when asked, or so long before the walltime as a dump of so much memory may take.
    fn must_save(&self, state: &State) -> bool {
        if self.shell.must_stop() {
            return !self.runs_on(state);
        }
        let stop = &self.shell.options.stop;
        let (Some(deadline), Some(end)) = (stop.deadline, stop.end) else { return false };
        if state.by == Dumper::Program {
            return false;
        }
        let spare = end.saturating_duration_since(deadline) / 2;
        let lead = image::lead(state.memory.image, state.bandwidth.unwrap_or(BANDWIDTH), spare);
        end.saturating_duration_since(Instant::now()) <= lead
    }

    /// Nothing of the program is kept, so that a checkpoint would be its end: it gets all of its walltime. A run in the foreground
    /// has none, and ends when it is asked to.
    fn runs_on(&self, state: &State) -> bool {
        state.by == Dumper::Program && state.resolved.own.is_none() && self.shell.options.stop.end.is_some()
    }

    /// Whether it is to be dumped for the first time, to see whether it can be.
    fn trial_is_due(&self, state: &State) -> bool {
        let stop = &self.shell.options.stop;
        // A short job has no minute to wait.
        let quarter = stop.deadline.map(|deadline| deadline.saturating_duration_since(state.since) / 4);
        !state.tried
            && state.resolved.trial
            && state.by != Dumper::Program
            && state.since.elapsed() >= quarter.map_or(TRIAL, |quarter| quarter.min(TRIAL))
    }

    fn trial(&self, state: &mut State) -> Result<(), LinkFailure> {
        state.tried = true;
        match self.save(state, Then::Runs, TRIAL * 10) {
            Err(NotSaved::Trouble(e)) if e.kind == TroubleKind::Undumpable => {
                Err(LinkFailure::Unable(format!(
                    "the program cannot be dumped, as a trial after {} shows: {e} (change the program, or set `checkpoint: None` \
                 and a walltime in which it ends, or `trial: false` where that passes)",
                    count(state.since.elapsed().as_secs(), "second")
                )))
            }
            saved => self.goes_on(saved, "The trial dump failed", "It is tried again when it must be"),
        }
    }

    fn save_and_go_on(&self, state: &mut State) -> Result<(), LinkFailure> {
        let saved = self.save(state, Then::Runs, TRIAL * 60);
        self.goes_on(saved, "A dump failed", "The program runs on")
    }

    /// A dump that fails while the program runs is no more than a line of the log.
    fn goes_on(&self, saved: Result<(), NotSaved>, failed: &str, then: &str) -> Result<(), LinkFailure> {
        match saved {
            Err(NotSaved::Failure(e)) => Err(e),
            Err(e) => {
                self.shell.log.say(&format!("{failed}: {e}. {then}."));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// The program has ended by itself.
    pub(super) fn ended(&self, state: &State, ended: Ended) -> Result<Done, LinkFailure> {
        let words =
            || Self::last_words(state).map_or(String::new(), |words| format!(", having said last: {words}"));
        match ended {
            Ended::Code(0) => {
                let made = self.make(state)?;
                self.publish(&made).map(Done::Complete)
            }
            Ended::Code(GO_ON) => Err(LinkFailure::Program(
                INSTEAD_OF_GO_ON,
                format!(
                    "the program ended with exit status {GO_ON}{} (the job ends with {INSTEAD_OF_GO_ON}: {GO_ON} has the batch system resubmit it)",
                    words()
                ),
            )),
            Ended::Code(code) => Err(LinkFailure::Program(
                code,
                format!("the program ended with exit status {code}{}", words()),
            )),
            Ended::Signal(signal) => {
                let code = 128_u8.saturating_add(u8::try_from(signal).unwrap_or(0));
                let memory = if signal == 9 { ", perhaps for its memory" } else { "" };
                Err(LinkFailure::Program(
                    code,
                    format!("the program was ended by {}{memory}{}", quantity::signal(signal), words()),
                ))
            }
        }
    }

    /// What it said last, on its standard error, else on its standard output.
    fn last_words(state: &State) -> Option<String> {
        let program = &state.resolved.program;
        [&program.errors, &program.output].into_iter().find_map(|path| {
            let end = beneath::read_end(path, LAST_WORDS).ok()?;
            last_words(&String::from_utf8_lossy(&end))
        })
    }
}
