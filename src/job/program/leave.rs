//! Saving a program before the walltime, or when asked, and leaving.

use std::time::{Duration, Instant};

use super::trouble::NotSaved;
use super::{Session, State};
use crate::campaign::spec::Checkpoint;
use crate::checkpoint::{Dumper, Image, Phase};
use crate::durable::DurableError;
use crate::foreign::{Ended, Then, Trouble, TroubleKind};
use crate::job::failure::LinkFailure;
use crate::job::shell::Done;
use crate::job::terms::wait_until;

/// How long after a dump that failed the next is tried.
const AGAIN: Duration = Duration::from_secs(5);

/// So often a dump is tried where nothing says how much time there is, or that the program ever can be dumped.
const TRIES: u32 = 3;

/// How long a dump may take where no walltime ends.
const NO_END: Duration = Duration::from_hours(6);

impl Session<'_> {
    /// Saves the program before the walltime, or when asked, and leaves. `None`: it cannot be saved, there is time left, and it
    /// runs on.
    pub(super) fn leave(&self, state: &mut State) -> Result<Option<Done>, LinkFailure> {
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
                trouble => LinkFailure::Unable(format!(
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

    fn left(&self, state: &State) -> Result<Done, LinkFailure> {
        let number = state.good.as_ref().map_or(0, |g| g.number.0);
        self.shell.leave(&format!("with the program sealed in generation {number}"))
    }

    /// Has the program save itself. One that ends with 0 and has made all its outputs only now came to its end instead.
    fn leave_to_itself(&self, state: &mut State) -> Result<Done, LinkFailure> {
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
    fn not_saved_by_itself(&self, state: &State, signal: i32, ended: Ended) -> Result<Done, LinkFailure> {
        self.ended(state, ended).map_err(|failure| match failure {
            LinkFailure::Program(code, what) => LinkFailure::Program(
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
}
