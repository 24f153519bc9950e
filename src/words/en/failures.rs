//! Why chains failed, in English: class, cause and hint of each [`Cause`].

use crate::batch::{BatchError, By};
use crate::campaign::actions::ActionKind;
use crate::campaign::cause::{Cause, Failure, RanAt, Sealed};
use crate::campaign::inputs::months_of;
use crate::checkpoint::ExitClass;
use crate::durable::tells_of_unknown_form;
use crate::foreign::fitness::tells_of_beginning_anew;
use crate::keys;
use crate::quantity::{self, count};
use crate::words::failures::{Advice, Of};

const MAKE_ROOM: &str = "make room on the disk or in the quota";
/// How a chain that ran in the foreground goes on.
const RUN_AGAIN: &str = "give `alpsckpt run FILE` again";

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

pub(in crate::words) fn hint(failure: &Failure, of: Of<'_>) -> String {
    match failure {
        Failure::Told { hint, .. } => hint.clone(),
        Failure::Known { cause, goes_on } => advice(cause, of, &resubmit(of.chain, goes_on.as_ref())),
    }
}

/// The command that submits the chain again, and where it goes on from.
fn resubmit(chain: &str, sealed: Option<&Sealed>) -> String {
    let key = keys::of(ActionKind::Resubmit);
    match sealed {
        Some(Sealed { generation, amount, unit }) => format!(
            "resubmit it (key {key}, or `alpsckpt resubmit {chain}`): it goes on from generation {} with {}",
            generation.0,
            unit.amount(*amount)
        ),
        None => format!("resubmit it (key {key}, or `alpsckpt resubmit {chain}`): it begins anew"),
    }
}

/// `resubmit`: what submits it again.
fn advice(cause: &Cause, of: Of<'_>, resubmit: &str) -> String {
    let chain = of.chain;
    let after = |first: &str| format!("{first}, then {resubmit}");
    match cause {
        Cause::Refused { text } => BatchError::Refused(text.clone()).hint(),
        Cause::SubmissionLost { .. } => "submit again: nothing runs twice".to_owned(),
        Cause::Vanished
        | Cause::UnknownEnd { .. }
        | Cause::NodeDied { .. }
        | Cause::Deleted { .. }
        | Cause::EndedBySite { .. }
        | Cause::NotResubmitted { .. }
        | Cause::ExitCode { .. }
        | Cause::Signal { .. }
        | Cause::TooManyLinks { .. }
        | Cause::NotComplete { place: RanAt::Job { .. }, .. } => resubmit.to_owned(),
        Cause::NotComplete { place: RanAt::Foreground, .. } => format!("{RUN_AGAIN}, or {resubmit}"),
        Cause::Walltime { unsaved: true, .. } => format!(
            "nothing of it is kept (`checkpoint: None`): lengthen `walltime` in the campaign file, or have the program saved by \
             another `checkpoint`, then `alpsckpt resubmit {chain} --campaign FILE`: it begins anew"
        ),
        Cause::Walltime { unsaved: false, .. } => {
            after("lengthen `margin` in a new campaign if it happens again")
        }
        Cause::NotStarted { .. } => after("check that the nodes see and may write the output folder"),
        Cause::NoProgram { .. } => {
            after("check that the output folder is on a disk that all nodes see and may execute from")
        }
        Cause::Killed { full: true, .. } => format!("{MAKE_ROOM}, then {RUN_AGAIN}, or {resubmit}"),
        Cause::Killed { full: false, .. } => format!("{RUN_AGAIN}, or {resubmit}"),
        Cause::Link { class, message, place: RanAt::Job { .. } } => {
            of_link(*class, message, of, resubmit, false)
        }
        Cause::Link { class, message, place: RanAt::Foreground } => {
            of_link(*class, message, of, &format!("{RUN_AGAIN}, or {resubmit}"), true)
        }
        Cause::MapsLost { .. } => format!(
            "put them back, or resubmit it (key {}, or `alpsckpt resubmit {chain}`): what is there and good is kept, the rest is made anew",
            keys::of(ActionKind::Resubmit)
        ),
        Cause::UnfitNode { node, again: true, .. } => format!(
            "an open screen (`alpsckpt`) submits it again without {node} by itself; without one {resubmit}"
        ),
        Cause::UnfitNode { again: false, .. } => format!(
            "nodes that fit are to be named, as those met so far do not: write `properties` of one class of processors in `site` of the \
             campaign file, then `alpsckpt resubmit {chain} --campaign FILE`; or {resubmit}"
        ),
        Cause::NoProgress { .. } => no_progress(chain, resubmit),
    }
}

/// What to do about a link that said itself how it ended.
fn of_link(class: ExitClass, message: &str, of: Of<'_>, resubmit: &str, foreground: bool) -> String {
    let chain = of.chain;
    let after = |first: &str| format!("{first}, then {resubmit}");
    match class {
        ExitClass::Input => after("correct the input"),
        ExitClass::DiskFull => after(MAKE_ROOM),
        ExitClass::Output => after("make the output folder writable"),
        ExitClass::Foreign if tells_of_unknown_form(message) => {
            "go on with the program that is named there: it knows this form".to_owned()
        }
        ExitClass::Foreign => format!(
            "put back what was changed and resubmit it (key {}), or begin it anew: `alpsckpt resubmit {chain} --anew`",
            keys::of(ActionKind::Resubmit)
        ),
        ExitClass::Internal => after("see its log; report the defect"),
        ExitClass::Setup => format!(
            "correct `setup` in the campaign file, then `alpsckpt resubmit {chain} --campaign FILE`: it goes by the file as it is then"
        ),
        ExitClass::NoProgress => no_progress(chain, resubmit),
        ExitClass::Program(_) => {
            let anew = format!("`alpsckpt resubmit {chain} --anew --campaign FILE`");
            let here = format!("`alpsckpt run FILE --months {} --anew`, or {anew}", months_of(of.months));
            let said = format!("`alpsckpt log {chain} --program`");
            of_program(Advice { said: &said, anew: if foreground { &here } else { &anew }, again: resubmit })
        }
        ExitClass::Unable if tells_of_beginning_anew(message) => {
            let first = after("do what it says, or take other nodes");
            format!("{first}; to begin anew: `alpsckpt resubmit {chain} --anew`")
        }
        ExitClass::Unable => after("do what it says, or take other nodes"),
        ExitClass::Fenced | ExitClass::TooManyLinks | ExitClass::Complete | ExitClass::Checkpointed => {
            resubmit.to_owned()
        }
    }
}

/// What helps a chain that goes round without getting on.
fn no_progress(chain: &str, resubmit: &str) -> String {
    format!(
        "lengthen walltime - margin in the campaign file, then `alpsckpt resubmit {chain} --campaign FILE`; or {resubmit}"
    )
}

/// What goes on from an image is the program as it was, with what it had read.
pub(in crate::words) fn of_program(advice: Advice<'_>) -> String {
    let Advice { said, anew, again } = advice;
    format!(
        "see what it said ({said}), correct the program or its inputs, and begin it anew: {anew}; unchanged it would end in the same \
         way, but where the cause lay outside of it and is gone, {again}"
    )
}
