//! One link of a chain.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::failure::LinkFailure;
use super::heart::Heart;
use super::log::{Log, now_ms};
use super::memory;
use super::program::Foreign;
use super::request;
use super::setup::SetupFailure;
use super::shell::{Body, Done, Shell};
use super::terms::{Outcome, Progress, RunOptions};
use super::tiles::Tiles;
use super::workload::Workload;
use crate::checkpoint::form::FORM;
use crate::checkpoint::{CampaignDir, ChainDir, ExitClass, LinkEnd, LinkNumber, LinkStart, fence};
use crate::durable::{DurableError, sealed};
use crate::engine::{Engine, EngineError, NUMERICS};
use crate::quantity::{self, Unit};

/// Runs one link of a chain in the campaign whose output folder is `output`: the same for a first run and a resumed one.
///
/// Never panics on what it finds on disk; every end, good or bad, is an [`Outcome`] and is recorded as the link's end.
/// It does not look whether another link runs: it fences it.
pub fn run_chain(output: &Path, options: &RunOptions, report: &(dyn Fn(&Progress) + Sync)) -> Outcome {
    if let Some(command) = options.spec.command() {
        return run_body(output, options, &Foreign::new(command), report);
    }
    let open = || Engine::open(request::of_chain(&options.spec, &options.chain));
    run_with(output, options, &open, report)
}

/// As [`run_chain`], for whatever workload `open` opens.
pub fn run_with<W: Workload>(
    output: &Path,
    options: &RunOptions,
    open: &(dyn Fn() -> Result<W, EngineError> + Sync),
    report: &(dyn Fn(&Progress) + Sync),
) -> Outcome {
    run_body(output, options, &Tiles::new(open), report)
}

/// As [`run_chain`], for any body.
fn run_body(
    output: &Path,
    options: &RunOptions,
    body: &dyn Body,
    report: &(dyn Fn(&Progress) + Sync),
) -> Outcome {
    let campaign = CampaignDir::new(output);
    let dir = campaign.chain(&options.chain.id);
    let asked = options.threads;
    let options = &RunOptions { threads: bearable(asked, processors()), ..options.clone() };
    let start = match begin(&campaign, &dir, options) {
        Ok(start) => start,
        Err(e) => return not_begun(&e),
    };
    let link = start.link;
    let (log, heart) = match announce(&dir, options, &start) {
        Ok(opened) => opened,
        Err(e) => return silent_end(&dir, link, &LinkFailure::from(e)),
    };
    if options.threads < asked {
        log.say(&format!(
            "{asked} threads are asked for, and this job may use {}: {} are made.",
            quantity::count(u64::from(processors()), "processor"),
            options.threads
        ));
    }
    let shell = Shell::new(&campaign, options, &start, &log, &heart, report);
    let result = catch_unwind(AssertUnwindSafe(|| shell.run(body))).unwrap_or_else(|panic| {
        Err(LinkFailure::Internal(format!("the program panicked: {}", panic_text(panic.as_ref()))))
    });
    // Whatever went wrong, a link that was overtaken meanwhile, or whose folder was taken away, is just that.
    let result = result.map_err(|failure| match shell.ensure_own() {
        Err(other @ (LinkFailure::Fenced(_) | LinkFailure::Gone(_))) => other,
        _ => failure.told_for(&options.chain, &dir),
    });
    let result = match result {
        Err(failure) if shell.goes_on_after(&failure) => Ok(Done::Checkpointed(format!(
            "{failure}: the disk was out of reach and is tried no longer by this link; what it sealed is safe, and the next one \
             goes on from there"
        ))),
        other => other,
    };
    let (class, message) = match &result {
        Ok(Done::Complete(message)) => (ExitClass::Complete, message.clone()),
        Ok(Done::Checkpointed(message)) => (ExitClass::Checkpointed, message.clone()),
        Ok(Done::Limited(limit, message)) => (limit.class(), message.clone()),
        Err(failure) => (failure.class(), failure.message(shell.bytes_needed())),
    };
    let (sealed, tiles) = shell.sealed();
    if class == ExitClass::Fenced || !start.is_on_disk(&dir) {
        heart.silence();
    } else {
        heart.finish();
    }
    let end = LinkEnd {
        class,
        message: message.clone(),
        sealed,
        tiles,
        unit: options.spec.unit(),
        ended_ms: now_ms(),
        unfit: result.as_ref().err().and_then(LinkFailure::unfit),
    };
    record_end(&dir, &start, &log, &end);
    Outcome { link: Some(link), class, message, sealed }
}

/// Threads for each processor at most: more would only wait for one another, and a machine is soon unusable with them.
const PER_PROCESSOR: u32 = 8;

/// As many threads as asked for, at least one and no more than so many processors bear.
fn bearable(asked: u32, processors: u32) -> u32 {
    asked.clamp(1, processors.max(1).saturating_mul(PER_PROCESSOR))
}

/// The processors that this process may use.
fn processors() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX))
}

/// Records a link whose setup failed before this program began; nothing is computed.
#[must_use]
pub fn fail_setup(output: &Path, options: &RunOptions, failure: &SetupFailure) -> Outcome {
    let campaign = CampaignDir::new(output);
    let dir = campaign.chain(&options.chain.id);
    let start = match begin(&campaign, &dir, options) {
        Ok(start) => start,
        Err(e) => return not_begun(&e),
    };
    let (class, message) = (ExitClass::Setup, failure.words());
    let end = nothing_sealed(class, &message);
    record_end(&dir, &start, &Log::create(&dir, start.link), &end);
    Outcome { link: Some(start.link), class, message, sealed: None }
}

/// Takes the link's number, if the job is the chain's present one.
fn begin(campaign: &CampaignDir, dir: &ChainDir, options: &RunOptions) -> Result<LinkStart, LinkFailure> {
    fence::ensure_known(dir)?;
    let submission = options.origin.admit(campaign, dir)?;
    Ok(fence::begin(dir, |link| LinkStart {
        form: FORM,
        link,
        job_id: options.job_id.clone(),
        node: options.node.clone(),
        pid: std::process::id(),
        started_ms: now_ms(),
        spec: options.spec_hash.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        numerics: NUMERICS,
        threads: options.threads,
        submission: submission.clone(),
    })?)
}

/// Opens the log and starts the heartbeat.
fn announce(dir: &ChainDir, options: &RunOptions, start: &LinkStart) -> Result<(Log, Heart), DurableError> {
    let link = start.link;
    let log = Log::create(dir, link);
    log.say(&format!(
        "Campaign \"{}\", chain {}, link {link}: job {} on node {}, process {}, {}, alpsckpt {}, engine {NUMERICS}, spec {}.",
        options.spec.name,
        options.chain.id,
        options.job_id,
        options.node,
        std::process::id(),
        quantity::count(u64::from(options.threads), "thread"),
        env!("CARGO_PKG_VERSION"),
        options.spec_hash
    ));
    Ok((log, Heart::start(dir, start, &options.stop, options.spec.unit())?))
}

/// The end of a link that could not even write its log.
fn silent_end(dir: &ChainDir, link: LinkNumber, failure: &LinkFailure) -> Outcome {
    let (class, message) = (failure.class(), failure.message(None));
    let end = nothing_sealed(class, &message);
    let _ = sealed::replace(&dir.link_end(link), &end);
    Outcome { link: Some(link), class, message, sealed: None }
}

/// The end of a link that sealed nothing.
fn nothing_sealed(class: ExitClass, message: &str) -> LinkEnd {
    let message = message.to_owned();
    LinkEnd { class, message, sealed: None, tiles: 0, unit: Unit::default(), ended_ms: now_ms(), unfit: None }
}

fn not_begun(failure: &LinkFailure) -> Outcome {
    Outcome { link: None, class: failure.class(), message: failure.message(None), sealed: None }
}

/// Records the end, where it is still this link's place.
fn record_end(dir: &ChainDir, start: &LinkStart, log: &Log, end: &LinkEnd) {
    if let Some(bytes) = memory::peak() {
        log.say(&format!("Memory held at most: {}.", quantity::bytes(bytes)));
    }
    log.say(&format!("Ended, exit code {}: {}.", end.class.code(), end.message.trim_end_matches('.')));
    if start.is_of_another(dir) {
        return;
    }
    if let Err(e) = sealed::replace(&dir.link_end(start.link), end) {
        log.say(&format!("The end could not be recorded: {e}."));
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_makes_no_more_threads_than_its_processors_bear() {
        assert_eq!([bearable(4, 2), bearable(16, 2), bearable(1_000_000, 2)], [4, 16, 16]);
        assert_eq!([bearable(0, 2), bearable(9, 0), bearable(u32::MAX, u32::MAX)], [1, 8, u32::MAX]);
    }
}
