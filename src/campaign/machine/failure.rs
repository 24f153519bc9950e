//! From what is known of a dead job to words: class, cause, hint.

use super::{BatchView, DiskView, LinkOnDisk};
use crate::batch::{By, CHECKPOINT_SIGNAL, End, Ending, How, Job, Next};
use crate::campaign::event::{Failure, failure::UNFIT_NODE};
use crate::campaign::inputs::months_of;
use crate::checkpoint::{ChainId, ExitClass};
use crate::durable::tells_of_unknown_form;
use crate::foreign::fitness::tells_of_beginning_anew;
use crate::quantity;

/// The number of the signal that asks for a checkpoint.
const CHECKPOINT: u8 = CHECKPOINT_SIGNAL as u8;
/// The hint where a later program wrote to the chain.
const OTHER_PROGRAM: &str = "go on with the program that is named there: it knows this form";

/// What the end of a chain's newest job means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ended so that the batch system makes a next job; its absence must last before it counts.
    ToBeResubmitted(Failure),
    /// It failed, surely.
    Sure(Failure),
    /// It failed as far as can be seen; another look may show more.
    Unsure(Failure),
}

/// How the newest job of a chain ended, when it is over and has no successor.
pub(super) fn of_job(chain: &ChainId, job: &Job, disk: &DiskView, batch: &BatchView) -> Verdict {
    let link = disk.links.iter().rfind(|l| l.start.job_id == job.key().to_string());
    let say = Say { chain, job, disk, link };
    if let Some(end) = link.and_then(|l| l.end.as_ref()).filter(|e| e.class != ExitClass::Checkpointed) {
        return Verdict::Sure(say.class(end.class, &end.message));
    }
    let untold = End::untold();
    let end = job.end.as_ref().unwrap_or(&untold);
    match (&end.how, end.by) {
        (How::Untold, _) => Verdict::Unsure(say.failure(
            "unknown end",
            format!("job {} is over and the batch system does not say how it ended", job.id),
        )),
        (How::Command(_), By::Program) if end.goes_on() => {
            Verdict::ToBeResubmitted(say.not_resubmitted(end.next))
        }
        (How::Command(Ending::Code(code)), By::Program) => Verdict::Sure(say.code(*code)),
        (How::Command(Ending::Signal(signal)), By::Program) => Verdict::Sure(say.signal(*signal)),
        (how, _) => Verdict::Sure(say.killed(how, batch)),
    }
}

/// A submitted attempt whose jobs the batch system no longer knows.
pub(super) fn vanished(chain: &ChainId, disk: &DiskView) -> Failure {
    let cause = "the batch system no longer knows any job of this chain".to_owned();
    Failure::new("vanished", cause, resubmit_hint(chain, disk))
}

/// A link whose node does not fit the program of the chain. `again`: a new attempt without it is submitted by ourselves.
pub(super) fn unfit_node(chain: &ChainId, link: &LinkOnDisk, disk: &DiskView, again: bool) -> Failure {
    let message = link.end.as_ref().map_or("", |end| end.message.as_str());
    let cause = format!("{message} (job {} on {})", link.start.job_id, link.start.node);
    let resubmit = resubmit_hint(chain, disk);
    let hint = if again {
        format!(
            "an open screen (`alpsckpt`) submits it again without {} by itself; without one {resubmit}",
            link.start.node
        )
    } else {
        format!(
            "nodes that fit are to be named, as those met so far do not: write `properties` of one class of processors in `site` of the \
             campaign file, then `alpsckpt resubmit {chain} --campaign FILE`; or {resubmit}"
        )
    };
    Failure::new(UNFIT_NODE, cause, hint)
}

/// A complete chain whose maps are not all there any more.
pub(super) fn maps_lost(chain: &ChainId, what: &str) -> Failure {
    let hint = format!(
        "put them back, or resubmit it (key r, or `alpsckpt resubmit {chain}`): what is there and good is kept, the rest is made anew"
    );
    Failure::new("maps lost", what, hint)
}

struct Say<'a> {
    chain: &'a ChainId,
    job: &'a Job,
    disk: &'a DiskView,
    link: Option<&'a LinkOnDisk>,
}

impl Say<'_> {
    fn failure(&self, class: &str, cause: String) -> Failure {
        Failure::new(class, cause, resubmit_hint(self.chain, self.disk))
    }

    /// A hint that something must be corrected before the resubmission.
    fn after(&self, class: &str, cause: String, first: &str) -> Failure {
        Failure::new(class, cause, format!("{first}, then {}", resubmit_hint(self.chain, self.disk)))
    }

    /// A link that said itself how it ended.
    fn class(&self, class: ExitClass, message: &str) -> Failure {
        let (id, node) = (self.job.id, self.node());
        let end = LinkSaid { class, message, who: format!("job {id}{node}"), again: None };
        let next = || self.job.end.as_ref().map_or(Next::Nothing, |end| end.next);
        end.failure(self.chain, self.disk).unwrap_or_else(|| self.not_resubmitted(next()))
    }

    /// Checkpointed, and without a successor.
    fn not_resubmitted(&self, next: Next) -> Failure {
        let why = match next {
            Next::TooShort { ran, uncounted } => format!(
                " after {ran} s: the batch system resubmits only jobs that ran for more than {uncounted} s"
            ),
            Next::Successor | Next::Nothing => " but the batch system did not resubmit it".to_owned(),
        };
        self.failure("not resubmitted", format!("job {} checkpointed{why}", self.job.id))
    }

    fn code(&self, code: u8) -> Failure {
        let id = self.job.id;
        let node = self.node();
        match code {
            0 => self.class(ExitClass::Complete, ""),
            126 | 127 => self.after(
                "no program",
                format!("job {id}{node} could not start its program (exit code {code})"),
                "check that the output folder is on a disk that all nodes see and may execute from",
            ),
            _ => match ExitClass::of_code(code) {
                Some(class) => self.class(class, &format!("the job ended with exit code {code}")),
                None => self.failure("exit code", format!("job {id}{node} ended with exit code {code}")),
            },
        }
    }

    fn signal(&self, signal: u8) -> Failure {
        let (id, node) = (self.job.id, self.node());
        let more = match signal {
            9 => ", perhaps for its memory",
            CHECKPOINT if self.link.is_none() => {
                ": the checkpoint signal came before its script could keep it"
            }
            _ => "",
        };
        self.failure(
            "signal",
            format!("job {id}{node} was ended by {}{more}", quantity::signal(i32::from(signal))),
        )
    }

    /// Something else than its command ended it.
    fn killed(&self, how: &How, batch: &BatchView) -> Failure {
        let id = self.job.id;
        match how {
            How::Walltime if self.disk.unsaved => {
                let cause = format!(
                    "the program did not come to its end within its walltime (job {id}{})",
                    self.node()
                );
                let hint = format!(
                    "nothing of it is kept (`checkpoint: None`): lengthen `walltime` in the campaign file, or have the program saved by \
                     another `checkpoint`, then `alpsckpt resubmit {} --campaign FILE`: it begins anew",
                    self.chain
                );
                Failure::new("walltime", cause, hint)
            }
            How::Walltime => {
                let cause = format!("job {id} was killed at its walltime before it could end by itself");
                self.after("walltime", cause, "lengthen `margin` in a new campaign if it happens again")
            }
            How::Deleted(text) => self.failure("deleted", format!("job {id} was deleted: {text}")),
            How::NodeDied => self.node_died(),
            _ if self.is_node_lost(batch) => self.node_died(),
            How::NotStarted(text) => {
                let cause = format!("job {id} could not start on its node: {text}");
                self.after("output", cause, "check that the nodes see and may write the output folder")
            }
            How::Command(Ending::Signal(signal)) => self.signal(*signal),
            How::Command(Ending::Code(code)) => self.code(*code),
            How::Other(words) => self.ended_by_site(words),
            How::Untold => self.ended_by_site(""),
        }
    }

    fn ended_by_site(&self, words: &str) -> Failure {
        let words = if words.is_empty() { "it does not say why" } else { words };
        self.failure("batch system", format!("the batch system ended job {}: {words}", self.job.id))
    }

    fn node_died(&self) -> Failure {
        let node = self.job.node.as_deref().or(self.link.map(|l| l.start.node.as_str()));
        let cause = format!(
            "node {} died: the batch system gave job {} up; {}",
            node.unwrap_or("(unknown)"),
            self.job.id,
            self.last_sealed()
        );
        self.failure("node died", cause)
    }

    fn is_node_lost(&self, batch: &BatchView) -> bool {
        let node = self.job.node.as_deref();
        batch.nodes.iter().any(|n| Some(n.name.as_str()) == node && n.state.is_lost())
    }

    fn last_sealed(&self) -> String {
        match self.disk.generations.last() {
            Some(last) => format!(
                "{} {} safe in generation {}",
                last.unit.amount(last.tiles),
                last.unit.is(last.tiles),
                last.number.0
            ),
            None => "nothing was sealed yet".to_owned(),
        }
    }

    fn node(&self) -> String {
        let node = self.job.node.as_deref().or(self.link.map(|l| l.start.node.as_str()));
        node.map_or_else(String::new, |n| format!(" on {n}"))
    }
}

/// How a link said itself that it ended.
struct LinkSaid<'a> {
    class: ExitClass,
    message: &'a str,
    /// Whose link it was, in words.
    who: String,
    /// How else than by a resubmission the chain goes on.
    again: Option<&'a str>,
}

impl LinkSaid<'_> {
    /// What that means, and what to do; `None` where it checkpointed.
    fn failure(&self, chain: &ChainId, disk: &DiskView) -> Option<Failure> {
        let resubmit = || match self.again {
            Some(again) => format!("{again}, or {}", resubmit_hint(chain, disk)),
            None => resubmit_hint(chain, disk),
        };
        let (message, who) = (self.message, &self.who);
        let cause = format!("{message} ({who})");
        let now = |class: &str, cause: String| Failure::new(class, cause, resubmit());
        let after = |class: &str, cause: String, first: &str| {
            Failure::new(class, cause, format!("{first}, then {}", resubmit()))
        };
        Some(match self.class {
            ExitClass::Input => after("input", cause, "correct the input"),
            ExitClass::DiskFull => after("disk full", cause, MAKE_ROOM),
            ExitClass::Output => after("output", cause, "make the output folder writable"),
            ExitClass::Foreign if tells_of_unknown_form(message) => {
                Failure::new("foreign checkpoint", cause, OTHER_PROGRAM)
            }
            ExitClass::Foreign => {
                let hint = format!(
                    "put back what was changed and resubmit it (key r), or begin it anew: `alpsckpt resubmit {chain} --anew`"
                );
                Failure::new("foreign checkpoint", cause, hint)
            }
            ExitClass::Fenced => now("fenced", cause),
            ExitClass::Internal => after("internal", cause, "see its log; report the defect"),
            ExitClass::Setup => {
                let hint = format!(
                    "correct `setup` in the campaign file, then `alpsckpt resubmit {chain} --campaign FILE`: it goes by the file as it \
                     is then"
                );
                Failure::new("setup", cause, hint)
            }
            ExitClass::NoProgress => Failure::new("no progress", cause, no_progress_hint(chain, disk)),
            ExitClass::TooManyLinks => now("too many links", cause),
            ExitClass::Program(_) => {
                let anew = format!("`alpsckpt resubmit {chain} --anew --campaign FILE`");
                let anew = match self.again {
                    Some(_) => {
                        format!("`alpsckpt run FILE --months {} --anew`, or {anew}", months_of(&disk.months))
                    }
                    None => anew,
                };
                let said = format!("`alpsckpt log {chain} --program`");
                Failure::new("program", cause, of_program(&said, &anew, &resubmit()))
            }
            ExitClass::Unable if tells_of_beginning_anew(message) => {
                let first = "do what it says, or take other nodes";
                let hint = format!(
                    "{first}, then {}; to begin anew: `alpsckpt resubmit {chain} --anew`",
                    resubmit()
                );
                Failure::new("unable", cause, hint)
            }
            ExitClass::Unable => after("unable", cause, "do what it says, or take other nodes"),
            ExitClass::Complete if disk.lost_maps => {
                maps_lost(chain, disk.lost.as_deref().unwrap_or_default())
            }
            ExitClass::Complete => {
                let why = disk.lost.as_deref().unwrap_or("complete.ron is not there");
                now("not complete", format!("{who} said that all is done, but {why}"))
            }
            ExitClass::Checkpointed => return None,
        })
    }
}

/// What to do about a program that ended by itself, and not well: the commands that show what it said, that begin it anew, and
/// that let it go on. What goes on from an image is the program as it was, with what it had read.
pub(crate) fn of_program(said: &str, anew: &str, again: &str) -> String {
    format!(
        "see what it said ({said}), correct the program or its inputs, and begin it anew: {anew}; unchanged it would end in the same \
         way, but where the cause lay outside of it and is gone, {again}"
    )
}

const MAKE_ROOM: &str = "make room on the disk or in the quota";
/// How a chain that ran in the foreground goes on.
const RUN_AGAIN: &str = "give `alpsckpt run FILE` again";

/// The end of a run in the foreground, as its link said it; `None` where it checkpointed.
pub(in crate::campaign) fn of_foreground(
    chain: &ChainId,
    class: ExitClass,
    message: &str,
    disk: &DiskView,
) -> Option<Failure> {
    let who = "the run in the foreground".to_owned();
    LinkSaid { class, message, who, again: Some(RUN_AGAIN) }.failure(chain, disk)
}

/// A run in the foreground whose process is gone and whose link has not said how it ended. `full`: no room is left now to
/// write that.
pub(in crate::campaign) fn foreground_gone(
    chain: &ChainId,
    process: u32,
    full: bool,
    disk: &DiskView,
) -> Failure {
    let go_on = format!("{RUN_AGAIN}, or {}", resubmit_hint(chain, disk));
    if full {
        let cause = format!(
            "the run in the foreground (process {process}) is gone, and the disk is full: it could not even write how it ended"
        );
        return Failure::new("disk full", cause, format!("{MAKE_ROOM}, then {go_on}"));
    }
    Failure::new("killed", format!("the run in the foreground (process {process}) was killed"), go_on)
}

/// What helps a chain that goes round without getting on.
pub(super) fn no_progress_hint(chain: &ChainId, disk: &DiskView) -> String {
    format!(
        "lengthen walltime - margin in the campaign file, then `alpsckpt resubmit {chain} --campaign FILE`; or {}",
        resubmit_hint(chain, disk)
    )
}

/// The command that submits the chain again, and where it goes on from.
pub(super) fn resubmit_hint(chain: &ChainId, disk: &DiskView) -> String {
    match disk.generations.last() {
        Some(last) => format!(
            "resubmit it (key r, or `alpsckpt resubmit {chain}`): it goes on from generation {} with {}",
            last.number.0,
            last.unit.amount(last.tiles)
        ),
        None => format!("resubmit it (key r, or `alpsckpt resubmit {chain}`): it begins anew"),
    }
}
