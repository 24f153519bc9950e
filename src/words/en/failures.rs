//! Why chains failed, in English: class and cause of each [`Cause`].

use crate::batch::By;
use crate::campaign::cause::{Cause, Failure, RanAt, Sealed};
use crate::checkpoint::ExitClass;
use crate::quantity::{self, count};

pub(in crate::words) fn class(failure: &Failure) -> String {
    match failure {
        Failure::Told { class, .. } => class.clone(),
        Failure::Known { cause, .. } => class_of(cause).to_owned(),
    }
}

fn class_of(cause: &Cause) -> &'static str {
    match cause {
        Cause::Refused { .. } => "refused",
        Cause::SubmissionLost { .. } => "submission lost",
        Cause::Vanished => "vanished",
        Cause::UnknownEnd { .. } => "unknown end",
        Cause::NodeDied { .. } => "node died",
        Cause::Walltime { .. } => "walltime",
        Cause::Deleted { .. } => "deleted",
        Cause::NotStarted { .. } => "output",
        Cause::EndedBySite { .. } => "batch system",
        Cause::NotResubmitted { .. } => "not resubmitted",
        Cause::NoProgram { .. } => "no program",
        Cause::ExitCode { .. } => "exit code",
        Cause::Signal { .. } => "signal",
        Cause::Killed { full: true, .. } => "disk full",
        Cause::Killed { full: false, .. } => "killed",
        Cause::Link { class, .. } => class_of_link(*class),
        Cause::NotComplete { .. } => "not complete",
        Cause::MapsLost { .. } => "maps lost",
        Cause::UnfitNode { .. } => "unfit node",
        Cause::NoProgress { .. } => "no progress",
        Cause::TooManyLinks { .. } => "too many links",
    }
}

fn class_of_link(class: ExitClass) -> &'static str {
    match class {
        ExitClass::Input => "input",
        ExitClass::DiskFull => "disk full",
        ExitClass::Output => "output",
        ExitClass::Foreign => "foreign checkpoint",
        ExitClass::Fenced => "fenced",
        ExitClass::Internal => "internal",
        ExitClass::Setup => "setup",
        ExitClass::NoProgress => "no progress",
        ExitClass::TooManyLinks => "too many links",
        ExitClass::Program(_) => "program",
        ExitClass::Unable => "unable",
        ExitClass::Complete => "not complete",
        ExitClass::Checkpointed => "not resubmitted",
    }
}

pub(in crate::words) fn cause(failure: &Failure) -> String {
    match failure {
        Failure::Told { cause, .. } => cause.clone(),
        Failure::Known { cause, goes_on } => sentence(cause, goes_on.as_ref()),
    }
}

fn sentence(cause: &Cause, sealed: Option<&Sealed>) -> String {
    match cause {
        Cause::Refused { text } => text.trim().to_owned(),
        Cause::SubmissionLost { attempt } => {
            format!("attempt {attempt} was lost before it reached the batch system: it has no job")
        }
        Cause::Vanished => "the batch system no longer knows any job of this chain".to_owned(),
        Cause::UnknownEnd { job } => {
            format!("job {job} is over and the batch system does not say how it ended")
        }
        Cause::NodeDied { job, node } => {
            let node = node.as_deref().unwrap_or("(unknown)");
            format!("node {node} died: the batch system gave job {job} up; {}", safe(sealed))
        }
        Cause::Walltime { job, node, unsaved: true } => {
            format!(
                "the program did not come to its end within its walltime (job {job}{})",
                on(node.as_deref())
            )
        }
        Cause::Walltime { job, unsaved: false, .. } => {
            format!("job {job} was killed at its walltime before it could end by itself")
        }
        Cause::Deleted { job, by: By::Administrator, text } => {
            format!("job {job} was deleted by an administrator: {text}")
        }
        Cause::Deleted { job, by: By::User, text } => format!("job {job} was deleted by its user: {text}"),
        Cause::Deleted { job, text, .. } => format!("job {job} was deleted: {text}"),
        Cause::NotStarted { job, text } => format!("job {job} could not start on its node: {text}"),
        Cause::EndedBySite { job, text } => {
            let words = if text.is_empty() { "it does not say why" } else { text };
            format!("the batch system ended job {job}: {words}")
        }
        Cause::NotResubmitted { job, too_short: Some((ran, uncounted)) } => format!(
            "job {job} checkpointed after {ran} s: the batch system resubmits only jobs that ran for more than {uncounted} s"
        ),
        Cause::NotResubmitted { job, too_short: None } => {
            format!("job {job} checkpointed but the batch system did not resubmit it")
        }
        Cause::NoProgram { job, node, code } => {
            format!("job {job}{} could not start its program (exit code {code})", on(node.as_deref()))
        }
        Cause::ExitCode { job, node, code } => {
            format!("job {job}{} ended with exit code {code}", on(node.as_deref()))
        }
        Cause::Signal { job, node, signal, too_early } => {
            signalled(&format!("job {job}{}", on(node.as_deref())), *signal, *too_early)
        }
        Cause::Killed { process, full: true } => format!(
            "the run in the foreground (process {process}) is gone, and the disk is full: it could not even write how it ended"
        ),
        Cause::Killed { process, full: false } => {
            format!("the run in the foreground (process {process}) was killed")
        }
        Cause::Link { class, message, place } if message.is_empty() => {
            format!("the job ended with exit code {} ({})", class.code(), who(place))
        }
        Cause::Link { message, place, .. } => format!("{message} ({})", who(place)),
        Cause::NotComplete { place, lost } => {
            let why = lost.as_deref().unwrap_or("complete.ron is not there");
            format!("{} said that all is done, but {why}", who(place))
        }
        Cause::MapsLost { what } => what.clone(),
        Cause::UnfitNode { job_id, node, message, .. } => format!("{message} (job {job_id} on {node})"),
        Cause::NoProgress { amount, unit } if unit.is_tiles() => {
            format!("two links in a row sealed no tile: {amount} before and after")
        }
        Cause::NoProgress { amount, unit } => {
            format!("two links in a row got no further: {} before and after", unit.amount(*amount))
        }
        Cause::TooManyLinks { links } => {
            format!("{} did not complete the chain: the limit is max_links", count(*links, "link"))
        }
    }
}

fn signalled(who: &str, signal: u8, too_early: bool) -> String {
    let name = quantity::signal(i32::from(signal));
    if too_early {
        return format!(
            "{who} was ended by {name}: the checkpoint signal came before its script could keep it"
        );
    }
    match signal {
        9 => format!("{who} was ended by {name}, perhaps for its memory"),
        _ => format!("{who} was ended by {name}"),
    }
}

fn on(node: Option<&str>) -> String {
    node.map_or_else(String::new, |node| format!(" on {node}"))
}

fn who(place: &RanAt) -> String {
    match place {
        RanAt::Job { job, node } => format!("job {job}{}", on(node.as_deref())),
        RanAt::Foreground => "the run in the foreground".to_owned(),
    }
}

fn safe(sealed: Option<&Sealed>) -> String {
    match sealed {
        Some(Sealed { generation, amount, unit }) => {
            format!("{} {} safe in generation {}", unit.amount(*amount), unit.is(*amount), generation.0)
        }
        None => "nothing was sealed yet".to_owned(),
    }
}
