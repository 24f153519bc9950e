//! `alpsckpt job run`: what a batch job executes, first time or resumed, always the same command.

use std::path::Path;
use std::time::{Duration, Instant};

use super::run::{Outcome, RunOptions, Stop, run_chain};
use super::signals::stop_flag;
use crate::campaign::spec::Spec;
use crate::checkpoint::{CampaignDir, ChainId, ExitClass};
use crate::durable::{patience, sealed};

/// OAR resubmits only what ran for more than 60 s of its time, counted in whole seconds at both ends.
const COUNTED_AFTER: f64 = 62.0;

/// The job's number outside a batch system.
const LOCAL: &str = "local";

/// What the batch system says about the job, in its environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// Its number, or `local` outside a batch system.
    pub job_id: String,
    /// The node it runs on.
    pub node: String,
    /// Its walltime, scheduler seconds; `None`: the spec's.
    pub walltime: Option<u64>,
    /// Scheduler seconds in one real second.
    pub time_scale: f64,
}

impl Surroundings {
    /// Of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::read(&|name| std::env::var(name).ok())
    }

    pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| variable(name).and_then(|v| v.trim().parse::<f64>().ok());
        let scale = number("ALPSCKPT_TIME_SCALE").filter(|s| s.is_finite() && *s > 0.0);
        let node_file = variable("OAR_NODEFILE").and_then(|f| std::fs::read_to_string(f).ok());
        let listed =
            node_file.and_then(|t| t.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned));
        Self {
            job_id: variable("OAR_JOB_ID").unwrap_or_else(|| LOCAL.to_owned()),
            node: listed.unwrap_or_else(host_name),
            walltime: number("OAR_JOB_WALLTIME_SECONDS").filter(|s| *s >= 0.0).map(|s| s as u64),
            time_scale: scale.unwrap_or(1.0),
        }
    }

    /// When a link that began at `start` must stop.
    pub(super) fn stop(&self, spec: &Spec, start: Instant) -> Stop {
        let walltime = self.walltime.unwrap_or(spec.walltime.seconds());
        let after = |seconds: f64| {
            Duration::try_from_secs_f64(seconds / self.time_scale).ok().and_then(|d| start.checked_add(d))
        };
        let margin = spec.margin.seconds();
        let signalled = walltime.saturating_sub(margin) as f64;
        Stop {
            asked: stop_flag(),
            deadline: after(signalled + SIGNAL_LATE.min(margin as f64 / 2.0)),
            not_before: after(COUNTED_AFTER).filter(|_| self.job_id != LOCAL),
        }
    }
}

/// How late the batch system's checkpoint signal may come, scheduler seconds: OAR looks at its jobs every 10 to 12 s,
/// less often under load. Later the link stops by itself, as when the batch system's server is down.
const SIGNAL_LATE: f64 = 30.0;

/// This machine's name.
#[must_use]
pub fn host_name() -> String {
    nix::unistd::gethostname().map_or_else(|_| "unknown".to_owned(), |h| h.to_string_lossy().into_owned())
}

/// Threads to compute with: the spec's, else all that this process may use.
#[must_use]
pub fn threads(spec: &Spec) -> u32 {
    let available = || std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    spec.threads.unwrap_or_else(available).max(1)
}

/// Runs one link of the chain named `chain` in the campaign at `output` whose frozen spec has this hash; returns the
/// process's exit code.
#[must_use]
pub fn entry(output: &Path, chain: &str, spec_hash: &str) -> u8 {
    let start = Instant::now();
    let _ = stop_flag();
    patience::set(patience::OF_LINKS);
    let outcome = match prepare(output, chain, spec_hash, start) {
        Ok(options) => run_chain(output, &options, &|_| ()),
        Err(outcome) => outcome,
    };
    tell!("alpsckpt: {}", outcome.message);
    outcome.class.code()
}

fn prepare(output: &Path, chain: &str, spec_hash: &str, start: Instant) -> Result<RunOptions, Outcome> {
    let input = |message: String| Outcome { link: None, class: ExitClass::Input, message, sealed: None };
    let chain = ChainId::parse(chain).ok_or_else(|| {
        input(format!("\"{chain}\" is no chain's name: expected something like m01 or m06-m07"))
    })?;
    let spec: Spec = sealed::read(&CampaignDir::new(output).spec(spec_hash)).map_err(|e| Outcome {
        link: None,
        class: ExitClass::Output,
        message: format!(
            "{e} (this is the campaign file as it was when the job was submitted: submit again)"
        ),
        sealed: None,
    })?;
    let surroundings = Surroundings::of_process();
    Ok(RunOptions {
        months: chain.months(),
        stop: surroundings.stop(&spec, start),
        threads: threads(&spec),
        spec,
        spec_hash: spec_hash.to_owned(),
        chain,
        job_id: surroundings.job_id,
        node: surroundings.node,
    })
}
