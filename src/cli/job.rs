//! `alpsckpt job run`: what a batch job executes, the first time and at each resume.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR2};

use super::Failure;
use super::failure;
use crate::campaign::spec::Spec;
use crate::checkpoint::{CampaignDir, ChainId};
use crate::durable::sealed;
use crate::job::{RunOptions, Stop, request, run_chain};

/// OAR starts a job again after exit 99 only if it ran for more than 60 s, counted in whole seconds at both ends.
const COUNTED_AFTER: f64 = 62.0;

/// What runs inside a batch job; written into `job.sh`, not typed by people.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs one link of a chain: resumes, computes, and checkpoints in time (exit 99) or finishes the maps (exit 0).
    Run(Run),
}

/// One link of a chain.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The campaign's output folder.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// The hash of the frozen spec, `<output>/.alpsckpt/spec-<HASH>.ron`.
    #[arg(long, value_name = "HASH")]
    spec: String,
    /// The chain, such as m01.
    #[arg(long, value_name = "CHAIN", value_parser = chain)]
    chain: ChainId,
}

/// Reads a chain's name as a person types it.
pub(super) fn chain(text: &str) -> Result<ChainId, String> {
    ChainId::parse(text).ok_or_else(|| "write m01, or m01-m02 for a chain of several months".to_owned())
}

/// Runs one link; the exit code is that of its [`crate::checkpoint::ExitClass`].
pub(super) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let Command::Run(args) = command;
    let campaign = CampaignDir::new(&args.output);
    let spec: Spec = sealed::read(&campaign.spec(&args.spec))?;
    let chains = request::chains(&spec);
    let Some((chain, months)) = chains.into_iter().find(|(id, _)| *id == args.chain) else {
        return Err(Failure::new(
            failure::MISSING,
            format!("{}: no such chain in this campaign", args.chain),
            "",
        ));
    };
    let job = Environment::read();
    let options = RunOptions {
        spec_hash: args.spec.clone(),
        chain,
        months,
        threads: threads(spec.threads),
        stop: job.stop(&spec, started)?,
        job_id: job.id,
        node: job.node,
        spec,
    };
    let outcome = run_chain(&args.output, &options, &|_| ());
    println!("{}", outcome.message);
    Ok(ExitCode::from(outcome.class.code()))
}

/// Threads to compute with: as the spec says, else as many as this process may use.
pub(super) fn threads(asked: Option<u32>) -> u32 {
    let available = || std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    asked.unwrap_or_else(available).max(1)
}

/// What the batch system tells a job.
struct Environment {
    id: String,
    node: String,
    /// Seconds of the scheduler's time.
    walltime: Option<f64>,
    /// Scheduler seconds in one real second.
    scale: f64,
}

impl Environment {
    fn read() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|v| v.trim().parse::<f64>().ok());
        Self {
            id: std::env::var("OAR_JOB_ID").unwrap_or_else(|_| "local".to_owned()),
            node: node(),
            walltime: number("OAR_JOB_WALLTIME_SECONDS"),
            scale: number("ALPSCKPT_TIME_SCALE").filter(|s| s.is_finite() && *s > 0.0).unwrap_or(1.0),
        }
    }

    /// The signals that ask for a checkpoint, and the same by the clock, should they not arrive.
    fn stop(&self, spec: &Spec, started: Instant) -> Result<Stop, Failure> {
        let real = |seconds: f64| Duration::try_from_secs_f64(seconds / self.scale).ok();
        let usable = self.walltime.map(|w| (w - spec.margin.seconds() as f64).max(0.0));
        Ok(Stop {
            asked: asked_to_stop()?,
            deadline: usable.and_then(real).and_then(|d| started.checked_add(d)),
            not_before: self.walltime.and(real(COUNTED_AFTER)).and_then(|d| started.checked_add(d)),
        })
    }
}

/// The flag that SIGUSR2, SIGTERM and Ctrl-C set.
pub(super) fn asked_to_stop() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGUSR2, SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(Failure::defect)?;
    }
    Ok(flag)
}

/// This node as the batch system names it, else by its own name.
pub(super) fn node() -> String {
    let file = std::env::var_os("OAR_NODEFILE").and_then(|f| std::fs::read_to_string(f).ok());
    let listed = file.and_then(|text| text.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned));
    let own = || nix::unistd::gethostname().map(|h| h.to_string_lossy().into_owned()).ok();
    listed.or_else(own).unwrap_or_else(|| "unknown".to_owned())
}
