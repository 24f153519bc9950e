//! Where a program goes on: from the newest image that is what was written and fits this node, or from its beginning.

use std::path::Path;
use std::time::Instant;

use super::beside::{Beside, RECORD};
use super::runner::Runner;
use super::{Session, State};
use crate::campaign::inputs::Inputs;
use crate::campaign::spec::{self, Places, Processors, Resolved, Semaphores};
use crate::checkpoint::{
    Dumper, Generation, GenerationNumber, Image, LinkNumber, LinkResume, Rejected, UnfitNode, fence, image,
};
use crate::durable::{DurableError, atomic, beneath, sealed};
use crate::foreign::tasks::TaskMemory;
use crate::foreign::{Program, cpu, semaphores};
use crate::job::failure::LinkFailure;
use crate::quantity::bytes;
use crate::shell_words::word;

/// An image that was verified, with what lies beside it.
pub(super) struct VerifiedImage {
    pub(super) held: image::Held,
    pub(super) beside: Beside,
}

/// A generation that may be gone on from.
struct Candidate {
    generation: Generation,
    image: Image,
    /// `None` for a program that keeps its state itself.
    verified: Option<VerifiedImage>,
}

/// What was found of the chain.
struct Found {
    candidate: Option<Candidate>,
    rejected: Vec<Rejected>,
    newest: Option<GenerationNumber>,
}

impl Session<'_> {
    /// Starts the program, or lets it go on.
    pub(super) fn begin(&self, inputs: &Inputs) -> Result<State, LinkFailure> {
        let found = self.find()?;
        let record = LinkResume {
            from: found.candidate.as_ref().map(|c| c.generation.number),
            rejected: found.rejected,
            lost: Vec::new(),
            tiles: found.candidate.as_ref().map_or(0, |c| c.generation.tiles),
            unit: self.shell.options.spec.unit(),
            inputs: inputs.short(),
        };
        for rejected in &record.rejected {
            self.shell.log.say(&format!("Generation {} rejected: {}.", rejected.generation, rejected.why));
        }
        self.shell.ensure_own()?;
        self.shell.record_inputs(inputs)?;
        sealed::replace(&self.shell.dir.link_resume(self.shell.link), &record)?;
        self.shell.remember(record.from, record.tiles);
        self.shell.heart.update(|s| {
            (s.tiles, s.sealed_tiles, s.generation) = (record.tiles, record.tiles, record.from);
        });
        match found.candidate {
            None => self.start(found.newest),
            Some(candidate) => self.go_on(candidate, found.newest),
        }
    }

    /// The newest generation that counts.
    fn find(&self) -> Result<Found, LinkFailure> {
        let dir = &self.shell.dir;
        let after = self.shell.after()?;
        let numbers = fence::generations(dir)?;
        let mut rejected = Vec::new();
        let newest = numbers.last().copied();
        for number in numbers.into_iter().rev() {
            let path = dir.generation(number);
            let mut reject = |why: String| rejected.push(Rejected { generation: number, why });
            let generation = match Generation::read(dir, number) {
                Err(e @ DurableError::UnknownForm { .. }) => return Err(LinkFailure::Foreign(e.to_string())),
                Err(e @ DurableError::Damaged { .. }) => {
                    reject(e.to_string());
                    continue;
                }
                other => other?,
            };
            if generation.link <= after {
                break;
            }
            if !self.shell.is_of_this_campaign(&generation.spec)? {
                return Err(self.shell.of_another(&path, &generation.spec));
            }
            let Some(image) = generation.image.clone() else {
                let what = "holds no program, but tiles (use another output folder)";
                return Err(LinkFailure::Foreign(format!("{}: {what}", path.display())));
            };
            match self.examined(&path, &image)? {
                Ok(verified) => {
                    let candidate = Some(Candidate { generation, image, verified });
                    return Ok(Found { candidate, rejected, newest });
                }
                Err(why) => reject(why),
            }
        }
        Ok(Found { candidate: None, rejected, newest })
    }

    /// An image that counts, or why it does not.
    fn examined(
        &self,
        generation: &Path,
        image: &Image,
    ) -> Result<Result<Option<VerifiedImage>, String>, LinkFailure> {
        // Whoever can write the record can name any image in it.
        let facts = beneath::facts(generation);
        let facts = facts.map_err(|e| DurableError::io(generation, "examine", e))?;
        if let Some(why) = beneath::not_ours(&facts) {
            return Ok(Err(format!("{}: {why}", generation.display())));
        }
        if image.by == Dumper::Program {
            return Ok(Ok(None));
        }
        let stop = || self.shell.must_stop();
        let began = Instant::now();
        let held = match image::hold(&self.shell.dir, image, &stop).map_err(|_| LinkFailure::Stopped)? {
            Ok(held) => held,
            Err(why) => return Ok(Err(why)),
        };
        let size = image.files.iter().map(|file| file.bytes).sum();
        self.shell.log.say(&format!(
            "Image {} verified: {} in {:.1} s.",
            image.folder,
            bytes(size),
            began.elapsed().as_secs_f64()
        ));
        match sealed::read(&held.way().join(RECORD)) {
            Ok(beside) => Ok(Ok(Some(VerifiedImage { held, beside }))),
            Err(e) => Ok(Err(format!("image {}: {e}", image.folder))),
        }
    }

    /// The program as it runs when this link has started it.
    fn resolved(&self, started: LinkNumber) -> Resolved {
        let work = self.shell.dir.program(started);
        let log = |stream| self.shell.dir.program_log(started, stream);
        let places = Places { output: work.join("output"), work, stdout: log("out"), stderr: log("err") };
        self.command.resolve(&self.shell.options.spec, &self.shell.options.chain, &places)
    }

    fn state(&self, runner: Runner, started: LinkNumber, resolved: Resolved) -> State {
        let Runner { backend, by, criu } = runner;
        State {
            backend,
            by,
            criu,
            started,
            progress: resolved.progress.clone().and_then(|source| self.reader(&source)),
            resolved,
            cpu_before: 0.0,
            done_before: 0,
            newest: None,
            good: None,
            images: 0,
            since: Instant::now(),
            bandwidth: None,
            masked: false,
            tried: false,
            memory: TaskMemory::default(),
            hindered: super::hindered::Told::default(),
            told: [false; 2],
        }
    }

    /// The program from its beginning.
    fn start(&self, newest: Option<GenerationNumber>) -> Result<State, LinkFailure> {
        let started = self.shell.link;
        let mut resolved = self.resolved(started);
        let work = self.shell.dir.program(started);
        atomic::create_folder_within(&self.shell.dir.programs())?;
        for folder in [work.clone(), work.join("output"), work.join("tmp")] {
            atomic::create_folder_within(&folder)?;
        }
        if resolved.semaphores == Semaphores::Files {
            let prepared = semaphores::prepare(&work.join("semaphores"), &mut resolved.program.environment);
            prepared.map_err(|e| Self::unable(&e))?;
        }
        self.ensure_class(resolved.processors)?;
        let masked = resolved.processors == Processors::Avx2 && self.is_masked(&resolved);
        let mut runner = self.runner(&resolved, started, None)?;
        runner.backend.start(&resolved.program).map_err(|e| Self::unable(&e))?;
        self.shell.log.say(&format!("Begins anew: {}.", Self::called(&resolved.program)));
        let mut state = self.state(runner, started, resolved);
        state.newest = newest;
        state.masked = masked;
        Ok(state)
    }

    /// A program is started on the class of processors alone that the campaign asks for: else it would go on nowhere else.
    fn ensure_class(&self, processors: Processors) -> Result<(), LinkFailure> {
        let Processors::Class(wanted) = processors else { return Ok(()) };
        let here = cpu::Processor::here().map_err(|e| LinkFailure::Internal(format!("this node: {e}")))?;
        if here.class() == wanted.as_str() {
            return Ok(());
        }
        let what = format!(
            "the program is not started on {}: its processor ({}) is of the class {}, and the campaign asks for {wanted} (`processors`; \
             `site` can say which nodes have it)",
            self.shell.options.node,
            here.name,
            here.class()
        );
        Err(LinkFailure::Unfit(UnfitNode::Processor, what))
    }

    /// Whether programs of this environment leave AVX-512 alone; where not, they go on only where it is.
    fn is_masked(&self, resolved: &Resolved) -> bool {
        let masked = cpu::check_mask(cpu::loader(), &resolved.program.environment);
        masked.map_err(|e| self.shell.log.say(&format!("AVX-512 is not masked: {e}."))).is_ok()
    }

    /// A refusal with where the campaign lay when the program was dumped: its files have the names that they had there.
    fn with_former_place(&self, failure: LinkFailure, generation: &Generation) -> LinkFailure {
        let LinkFailure::Unable(what) = failure else { return failure };
        let former = spec::frozen(self.shell.campaign, &generation.spec).ok();
        let here = &self.shell.options.spec.output;
        LinkFailure::Unable(match former.filter(|former| former.output != *here) {
            Some(former) => format!(
                "{what}; the campaign's folder was {} when the program was dumped, and is {} now: moved back with its files, it goes on",
                former.output.display(),
                here.display()
            ),
            None => what,
        })
    }

    /// The program from what was kept of it.
    fn go_on(&self, candidate: Candidate, newest: Option<GenerationNumber>) -> Result<State, LinkFailure> {
        let Candidate { generation, image, verified } = candidate;
        let resolved = self.resolved(image.started);
        let mut runner = self.runner(&resolved, image.started, Some(image.by))?;
        let began = Instant::now();
        match (&verified, &resolved.own) {
            (None, Some((_, resume))) => runner.backend.start(resume).map_err(|e| Self::unable(&e))?,
            (None, None) => {
                return Err(LinkFailure::Foreign(format!(
                    "generation {}: the program saved itself, and the campaign file does not say any more how it goes on \
                     (put back `checkpoint: Own(…)`)",
                    generation.number
                )));
            }
            (Some(verified), _) => self
                .restore(&mut runner, &resolved, &image, verified)
                .map_err(|e| self.with_former_place(e, &generation))?,
        }
        let beside = verified.map(|verified| verified.beside);
        let runs = resolved.own.as_ref().filter(|_| beside.is_none()).map_or(&resolved.program, |own| &own.1);
        self.shell.log.say(&format!(
            "Resumes generation {}: {} in {:.1} s.",
            generation.number,
            Self::called(runs),
            began.elapsed().as_secs_f64()
        ));
        let mut state = self.state(runner, image.started, resolved);
        state.cpu_before = beside.as_ref().map_or(0.0, |b| b.cpu);
        state.masked = beside.as_ref().is_some_and(|b| b.needs.avx512_masked);
        state.bandwidth = image.bandwidth();
        state.done_before = generation.tiles;
        (state.newest, state.good) = (newest, Some(generation));
        // It has been dumped before.
        state.tried = true;
        Ok(state)
    }

    /// The program in words.
    fn called(program: &Program) -> String {
        let words = program.arguments.iter();
        let words: Vec<_> = words.map(|text| word(text)).collect();
        // A line of the log is one line.
        words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
    }
}
