//! What to do about a failed chain, in English.

use crate::batch::BatchError;
use crate::campaign::actions::ActionKind;
use crate::campaign::cause::{Cause, Failure, RanAt, Sealed};
use crate::campaign::inputs::months_of;
use crate::checkpoint::ExitClass;
use crate::durable::tells_of_unknown_form;
use crate::foreign::fitness::tells_of_beginning_anew;
use crate::keys;
use crate::words::failures::{Advice, Of};

const MAKE_ROOM: &str = "make room on the disk or in the quota";
/// How a chain that ran in the foreground goes on.
const RUN_AGAIN: &str = "give `alpsckpt run FILE` again";

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
        Cause::NotComplete { place: RanAt::Foreground, .. } | Cause::Killed { full: false, .. } => {
            format!("{RUN_AGAIN}, or {resubmit}")
        }
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
