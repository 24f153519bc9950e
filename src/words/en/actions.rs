//! The actions in English, a row each.

use crate::campaign::actions::{ActionKind, WhyNot};
use crate::campaign::snapshot::ChainView;
use crate::checkpoint::ChainId;
use crate::keys::{self, Command};
use crate::quantity::count;
use crate::words::actions::Question;
use crate::words::{last_good, resume_point};

/// The words of an action.
struct Row {
    name: &'static str,
    what: &'static str,
    about: &'static str,
    /// As something to do with `it`.
    it: &'static str,
    /// While it is done with a month.
    under_way: fn(&str) -> String,
    /// What was not done with a month when it failed.
    not_done: fn(&str) -> String,
    question: Option<fn(&ChainView, &str) -> Question>,
    /// What was asked of a job.
    ordered: fn(u64) -> String,
}

const SUBMIT: Row = Row {
    name: "submit",
    what: "submit the selected planned month",
    about: "Submits a planned chain",
    it: "submit it",
    under_way: |name| format!("submitting {name}"),
    not_done: |name| format!("{name} was not submitted"),
    question: Some(|chain, name| {
        Question {
        asked: format!("Submit {name}?"),
        details: if chain.unit.is_tiles() {
            "One job enters the queue; the batch system makes its followers until the maps are there."
        } else {
            "One job enters the queue; the batch system makes its followers until the program has come to its end."
        }
        .to_owned(),
    }
    }),
    ordered: |job| format!("it is submitted as job {job}"),
};

const RESUBMIT: Row = Row {
    name: "resubmit",
    what: "submit the selected failed or stopped month again, from its last good checkpoint",
    about: "Submits a failed or stopped chain again, from its last good checkpoint",
    it: "resubmit it",
    under_way: |name| format!("resubmitting {name}"),
    not_done: |name| format!("{name} was not resubmitted"),
    question: Some(|chain, name| Question {
        asked: format!("Resubmit {name} {}?", resume_point(chain)),
        details: match &chain.failure {
            Some(failure) => format!("It failed ({}): {}", failure.class, failure.cause),
            None => "It was stopped.".to_owned(),
        },
    }),
    ordered: |job| format!("it is submitted again as job {job}"),
};

const CHECKPOINT: Row = Row {
    name: "checkpoint",
    what: "checkpoint the selected month now: its job seals what it has and ends, the next one goes on",
    about: "Asks a running chain to checkpoint now and go on in the next job",
    it: "checkpoint it",
    under_way: |name| format!("asking {name} to checkpoint"),
    not_done: |name| format!("{name} was not checkpointed"),
    question: None,
    ordered: |job| format!("the checkpoint signal was sent to job {job}"),
};

const HOLD: Row = Row {
    name: "hold",
    what: "hold the selected month: its waiting job does not start until it is resumed",
    about: "Holds a waiting chain: its job does not start until it is resumed",
    it: "hold it",
    under_way: |name| format!("holding {name}"),
    not_done: |name| format!("{name} was not held"),
    question: None,
    ordered: |job| format!("job {job} is asked to wait until it is resumed"),
};

const RESUME: Row = Row {
    name: "resume",
    what: "resume the selected month: its held or suspended job goes on",
    about: "Resumes a chain whose job is held or suspended",
    it: "resume it",
    under_way: |name| format!("resuming {name}"),
    not_done: |name| format!("{name} was not resumed"),
    question: None,
    ordered: |job| format!("job {job} is asked to go on"),
};

const STOP: Row = Row {
    name: "stop",
    what: "stop the selected month: its job is deleted, its checkpoints stay",
    about: "Stops a chain: its job is deleted, what is sealed stays and can be resubmitted",
    it: "stop it",
    under_way: |name| format!("stopping {name}"),
    not_done: |name| format!("{name} was not stopped"),
    question: Some(|chain, name| Question { asked: format!("Stop {name}?"), details: stop_details(chain) }),
    ordered: |job| format!("job {job} is being deleted"),
};

fn row(kind: ActionKind) -> &'static Row {
    match kind {
        ActionKind::Submit => &SUBMIT,
        ActionKind::Resubmit => &RESUBMIT,
        ActionKind::Checkpoint => &CHECKPOINT,
        ActionKind::Hold => &HOLD,
        ActionKind::Resume => &RESUME,
        ActionKind::Stop => &STOP,
    }
}

pub(in crate::words) fn name(kind: ActionKind) -> &'static str {
    row(kind).name
}

pub(in crate::words) fn what(kind: ActionKind) -> &'static str {
    row(kind).what
}

pub(in crate::words) fn about(kind: ActionKind) -> &'static str {
    row(kind).about
}

pub(in crate::words) fn do_it(kind: ActionKind, chain: &ChainId) -> String {
    format!("{} (key {}, or `alpsckpt {} {chain}`)", row(kind).it, keys::of(kind), kind.row().name)
}

pub(in crate::words) fn question(kind: ActionKind, chain: &ChainView, name: &str) -> Option<Question> {
    row(kind).question.map(|question| question(chain, name))
}

pub(in crate::words) fn submit_all(names: &[String]) -> Question {
    Question { asked: format!("Submit {}?", count(names.len() as u64, "job")), details: names.join(", ") }
}

pub(in crate::words) fn under_way(kind: ActionKind, name: &str) -> String {
    (row(kind).under_way)(name)
}

pub(in crate::words) fn all_under_way(months: u64) -> String {
    format!("submitting {}", count(months, "job"))
}

pub(in crate::words) fn failed(kind: ActionKind, name: &str, why: &str) -> String {
    format!("{}: {why}", (row(kind).not_done)(name))
}

pub(in crate::words) fn ordered(kind: ActionKind, job: u64) -> String {
    (row(kind).ordered)(job)
}

pub(in crate::words) fn already_under_way(name: &str) -> String {
    format!("{name}: an action is under way")
}

pub(in crate::words) fn why_not_of(name: &str, why: &WhyNot) -> String {
    match why {
        WhyNot::ReadOnly(_) => why_not(why),
        why => format!("{name}: {}", why_not(why)),
    }
}

pub(in crate::words) fn why_not(why: &WhyNot) -> String {
    match why {
        WhyNot::ReadOnly(why) => return format!("read-only: {why}"),
        WhyNot::Foreground => {
            return format!("it runs in the foreground: {} there checkpoints and stops it", keys::INTERRUPT);
        }
        WhyNot::Unsaved => "nothing of its program is kept (`checkpoint: None`): the signal would be its end",
        WhyNot::ForegroundWithoutJob => "it runs in the foreground: no batch system has a job of it",
        WhyNot::SubmittedBefore => "it was submitted before: resubmit it",
        WhyNot::NeverSubmitted => "it was never submitted: submit it",
        WhyNot::Complete => "it is complete",
        WhyNot::LastSubmissionOpen => "its last submission is still being looked up",
        WhyNot::SubmissionOpen => "its submission is still being looked up",
        WhyNot::JobSilent => "its job has not ended: wait for the batch system, or stop it first",
        WhyNot::HasJob => "it has a job already",
        WhyNot::JobSuspended => "its job is suspended: resume it first",
        WhyNot::NodeSilent => "its node does not answer",
        WhyNot::NoLink => "no link of it runs",
        WhyNot::HeldAlready => "it is held already: resume it",
        WhyNot::SuspendedAlready => "it is suspended already: resume it",
        WhyNot::JobStarting => "its job is just starting",
        WhyNot::JobNotShown => "the batch system has not shown its job yet",
        WhyNot::JobRuns => "its job runs: checkpoint it now and hold the next job, or stop it",
        WhyNot::BetweenJobs => "it is between two jobs: hold the next one when it waits",
        WhyNot::NoJobToResume => "it has no job: resubmit it",
        WhyNot::NotHeld => "its job waits and is not held",
        WhyNot::NeitherHeldNorSuspended => "its job is neither held nor suspended",
        WhyNot::NoJob => "it has no job",
    }
    .to_owned()
}

/// What is lost by a stop, and how to keep it.
fn stop_details(chain: &ChainView) -> String {
    let lost = chain.tiles.saturating_sub(chain.sealed_tiles);
    let kept = match last_good(chain) {
        Some(g) => format!("Generation {} with {} stays", g.number, g.unit.amount(g.tiles)),
        None => "There is no checkpoint yet".to_owned(),
    };
    let (what, are) = (chain.unit.amount(lost), chain.unit.is(lost));
    let them = if are == "is" { "it" } else { "them" };
    let key = keys::of(Command::Act(ActionKind::Checkpoint));
    let work = match lost {
        0 => format!("{kept}."),
        _ => format!("{kept}; {what} computed since {are} lost. To keep {them}, press {key} first."),
    };
    match &chain.job {
        Some(job) => format!("Job {} is deleted. {work}", job.id),
        None => work,
    }
}
