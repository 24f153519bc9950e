//! Months and their jobs in English.

use crate::campaign::actions::ActionKind;
use crate::campaign::event::listed;
use crate::campaign::snapshot::{ChainState, ChainView, JobState, JobView, MarginView};
use crate::checkpoint::{ExitClass, Phase};
use crate::glyphs::Glyphs;
use crate::quantity::{Unit, bytes};
use crate::words::{actions, duration, last_good, percent, seconds_between, short_duration};

const NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The name of a month (1 to 12).
fn month(number: u8) -> &'static str {
    usize::from(number).checked_sub(1).and_then(|i| NAMES.get(i)).copied().unwrap_or("?")
}

pub(in crate::words) fn months(numbers: &[u8], glyphs: &Glyphs) -> String {
    let short = |n: u8| month(n).get(..3).unwrap_or("?").to_owned();
    match numbers {
        [] => "?".to_owned(),
        [one] => month(*one).to_owned(),
        [first, .., last]
            if numbers.windows(2).all(|w| matches!(w, [a, b] if a.checked_add(1) == Some(*b))) =>
        {
            format!("{}{}{}", short(*first), glyphs.range, short(*last))
        }
        many => many.iter().map(|&n| short(n)).collect::<Vec<_>>().join(", "),
    }
}

pub(in crate::words) fn state(chain: &ChainView) -> String {
    match chain.state {
        ChainState::Planned => "planned".to_owned(),
        ChainState::SubmissionUnknown => "unconfirmed".to_owned(),
        ChainState::Waiting => odd_state(chain).unwrap_or_else(|| "waiting".to_owned()),
        ChainState::Running => odd_state(chain).unwrap_or_else(|| "running".to_owned()),
        ChainState::Between => "between jobs".to_owned(),
        ChainState::Silent => match chain.silent_for {
            Some(s) => format!("silent {}", short_duration(s)),
            None => "silent".to_owned(),
        },
        ChainState::Failed => "failed".to_owned(),
        ChainState::Stopped => "stopped".to_owned(),
        ChainState::Complete => "complete".to_owned(),
    }
}

/// The word for a job that waits or runs in another way than usual; a state that this program does not know is told in
/// the batch system's own word.
fn odd_state(chain: &ChainView) -> Option<String> {
    match chain.job_state()? {
        JobState::Hold => Some("held".to_owned()),
        JobState::Suspended => Some("suspended".to_owned()),
        JobState::Unknown(word) => Some(word.clone()),
        _ => None,
    }
}

pub(in crate::words) fn explain(chain: &ChainView, now_ms: i64) -> Option<String> {
    match chain.state {
        ChainState::Waiting | ChainState::Running if odd_state(chain).is_some() => odd_words(chain),
        ChainState::Running if chain.said.is_some() => chain.said.clone(),
        ChainState::SubmissionUnknown => Some(
            "The answer to the submission was lost. It is looked up by its token and never sent twice."
                .to_owned(),
        ),
        ChainState::Between
            if chain
                .links
                .last()
                .is_some_and(|l| !matches!(l.class, None | Some(ExitClass::Checkpointed))) =>
        {
            let end = chain.links.last().and_then(|l| l.end.clone()).unwrap_or_default();
            Some(format!(
                "Its link has ended ({end}); the batch system has not said yet what comes of its job."
            ))
        }
        ChainState::Waiting if chain.job.is_none() => {
            chain.unseen.map(|job| format!("Submitted as job {job}, not seen since."))
        }
        ChainState::Between => {
            Some("Checkpointed; the batch system makes the next job of this month by itself.".to_owned())
        }
        ChainState::Silent => Some(format!(
            "No heartbeat for {}. The job still has its node: it is only given up when the batch system ends it.",
            chain.silent_for.map_or_else(|| "a while".to_owned(), duration)
        )),
        ChainState::Waiting => {
            let job = chain.job.as_ref()?;
            let facts = [expected(job, now_ms), Some(job.message.trim().to_owned())];
            let facts: Vec<String> = facts.into_iter().flatten().filter(|said| !said.is_empty()).collect();
            (!facts.is_empty()).then(|| format!("In the queue: {}", facts.join("; ")))
        }
        _ => None,
    }
}

/// What an unusual state of its job means, and what to do.
fn odd_words(chain: &ChainView) -> Option<String> {
    let job = chain.job.as_ref()?;
    let resume = actions::do_it(ActionKind::Resume, &chain.id);
    Some(match &job.state {
        JobState::Hold => format!("Job {} is held: it does not start until you {resume}.", job.id),
        JobState::Suspended => format!("Job {} is suspended, its processes stand still: {resume}.", job.id),
        state => format!("Job {} is in a state that this program does not know: {state}.", job.id),
    })
}

/// When the batch system expects to start a job, if that lies ahead.
fn expected(job: &JobView, now_ms: i64) -> Option<String> {
    let wait = seconds_between(now_ms, job.expected_start?.saturating_mul(1_000));
    (wait > 0 && job.started.is_none()).then(|| format!("expected to start in {}", duration(wait)))
}

pub(in crate::words) fn job(job: &JobView, now_ms: i64) -> String {
    let mut said = job.state.to_string();
    if let Some(node) = &job.node {
        said.push_str(&format!(" on {node}"));
    }
    for fact in [job.end.clone(), expected(job, now_ms)].into_iter().flatten() {
        said.push_str(&format!(", {fact}"));
    }
    if !job.message.trim().is_empty() {
        said.push_str(&format!(": {}", job.message.trim()));
    }
    said
}

pub(in crate::words) fn margin(margin: &MarginView) -> String {
    let fixed = duration(margin.fixed_seconds);
    let (Some(measured), Some(bytes), Some(rate)) =
        (margin.measured_seconds, margin.bytes, margin.bytes_per_second)
    else {
        return format!(
            "{fixed} before the walltime, the campaign's margin, or earlier, once a dump was measured"
        );
    };
    let by = format!("{} at {}/s", self::bytes(bytes), self::bytes(rate as u64));
    if measured > margin.fixed_seconds {
        format!(
            "{} before the walltime, as {by} ask for; the campaign's margin is {fixed}",
            duration(measured)
        )
    } else {
        format!("{fixed} before the walltime, the campaign's margin; {by} ask for {}", duration(measured))
    }
}

pub(in crate::words) fn left_out(chain: &ChainView) -> Option<String> {
    let nodes = Some(chain.left_out.as_slice()).filter(|nodes| !nodes.is_empty())?;
    Some(format!("The last attempt is not to run on {}, where its program does not fit.", listed(nodes)))
}

pub(in crate::words) fn resume_point(chain: &ChainView) -> String {
    let Some(generation) = last_good(chain) else {
        return "from the beginning".to_owned();
    };
    match percent(generation.tiles, chain.total) {
        Some(p) => format!("from generation {} ({p} %)", generation.number),
        None if generation.unit.is_tiles() => format!("from generation {}", generation.number),
        None => {
            format!("from generation {} ({})", generation.number, generation.unit.amount(generation.tiles))
        }
    }
}

/// What a running link does.
pub(super) fn phase(phase: Phase, unit: Unit) -> &'static str {
    match phase {
        Phase::Computing if !unit.is_tiles() => "running",
        Phase::Finishing if !unit.is_tiles() => "moving its outputs to their place",
        Phase::Opening => "opening its inputs",
        Phase::Computing => "computing",
        Phase::Sealing => "sealing a checkpoint",
        Phase::Finishing => "putting the maps together",
        Phase::Waiting => "checkpointed, waiting for its end",
    }
}
