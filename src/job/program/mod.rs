//! The body of a link that runs a program of the user's: starts or restores it, watches it, dumps it in time, and takes over what
//! it has made.

mod beside;
mod hindered;
mod leave;
mod let_go;
mod pace;
mod publish;
mod restore;
mod resume;
mod runner;
mod save;
mod trouble;
mod watch;

pub use let_go::let_images_go;

use std::time::Instant;

use super::failure::LinkFailure;
use super::shell::{Body, Done, Shell};
use crate::campaign::spec::{Command, Resolved};
use crate::checkpoint::{Dumper, Generation, GenerationNumber, LinkNumber};
use crate::foreign::tasks::TaskMemory;
use crate::foreign::{Backend, progress};

/// The program of a chain.
pub(super) struct Foreign<'c> {
    command: &'c Command,
}

impl<'c> Foreign<'c> {
    /// Of the command that a campaign's spec says.
    pub(super) fn new(command: &'c Command) -> Self {
        Self { command }
    }
}

/// A program at work in its link.
struct Session<'a> {
    shell: &'a Shell<'a>,
    command: &'a Command,
}

/// What the work changes.
struct State {
    backend: Box<dyn Backend>,
    by: Dumper,
    /// The version of the CRIU that dumps it; zeros for another tool.
    criu: (u32, u32, u32),
    /// The link that started the program from its beginning.
    started: LinkNumber,
    resolved: Resolved,
    /// What tells how far it has come.
    progress: Option<progress::ProgressReader>,
    /// CPU time that the program had taken when this link began, s.
    cpu_before: f64,
    /// What it had got done by then, in its own unit.
    done_before: u64,
    /// The newest generation of the chain, good or not.
    newest: Option<GenerationNumber>,
    /// The one that this program goes on from, or was sealed in last.
    good: Option<Generation>,
    /// Images that this link has begun.
    images: u32,
    /// When this link began to run the program.
    since: Instant,
    /// What the last dump has told of the disk, bytes a second.
    bandwidth: Option<f64>,
    /// It was kept from AVX-512 since its start.
    masked: bool,
    /// It has been dumped once: it can be.
    tried: bool,
    /// Its memory when it was last looked at.
    memory: TaskMemory,
    /// What was told of what cannot be dumped.
    hindered: hindered::Told,
    /// It was told what of its closed files is not kept with its images, and what of its open ones.
    told: [bool; 2],
}

impl Body for Foreign<'_> {
    fn run(&self, shell: &Shell<'_>) -> Result<Done, LinkFailure> {
        Session { shell, command: self.command }.run()
    }
}

impl Session<'_> {
    /// The link's whole work.
    fn run(&self) -> Result<Done, LinkFailure> {
        if let Some(done) = self.already_complete()? {
            return Ok(done);
        }
        if let Some(made) = self.already_made()? {
            return self.publish(&made).map(Done::Complete);
        }
        if self.shell.must_stop() {
            return self.shell.leave("before the program was begun: nothing new is sealed");
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let pool = pool.map_err(|e| LinkFailure::Internal(format!("no thread can be had: {e}")))?;
        let checked = match self.shell.check_inputs(&pool) {
            Err(LinkFailure::Stopped) => {
                return self.shell.leave("while the inputs were compared: nothing new is sealed");
            }
            other => other?,
        };
        match self.begin(&checked.inputs) {
            Err(LinkFailure::Stopped) => {
                self.shell.leave("while the image was verified: nothing new is sealed")
            }
            Err(e) => Err(e),
            Ok(mut state) => self.work(&mut state),
        }
    }
}
