//! From what is known of a dead job to its cause.

use super::{BatchView, DiskView, LinkOnDisk};
use crate::batch::{By, CHECKPOINT_SIGNAL, End, Ending, How, Job, JobKey, Next};
use crate::campaign::cause::{Cause, Failure, RanAt, Sealed};
use crate::checkpoint::ExitClass;

/// The number of the signal that asks for a checkpoint.
const CHECKPOINT: u8 = CHECKPOINT_SIGNAL as u8;

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
pub(super) fn of_job(job: &Job, disk: &DiskView, batch: &BatchView) -> Verdict {
    let link = disk.links.iter().rfind(|l| l.start.job_id == job.key().to_string());
    let dead = DeadJob { job, disk, link };
    if let Some(end) = link.and_then(|l| l.end.as_ref()).filter(|e| e.class != ExitClass::Checkpointed) {
        return Verdict::Sure(disk.failed(dead.said(end.class, &end.message)));
    }
    let untold = End::untold();
    let end = job.end.as_ref().unwrap_or(&untold);
    match (&end.how, end.by) {
        (How::Untold, _) => Verdict::Unsure(disk.failed(Cause::UnknownEnd { job: job.key() })),
        (How::Command(_), By::Program) if end.goes_on() => {
            Verdict::ToBeResubmitted(disk.failed(dead.not_resubmitted()))
        }
        (How::Command(ending), By::Program) => Verdict::Sure(disk.failed(dead.command(*ending))),
        (how, by) => Verdict::Sure(disk.failed(dead.killed(how, by, batch))),
    }
}

/// A submitted attempt whose jobs the batch system no longer knows. A link of its last job that told how it ended is believed.
/// `last`: that link, with its run. One that checkpointed says only that another run was to come.
pub(super) fn vanished(last: Option<(JobKey, &LinkOnDisk)>, disk: &DiskView) -> Failure {
    let told = last.and_then(|(job, link)| {
        let end = link.end.as_ref()?;
        of_link(end.class, &end.message, RanAt::Job { job, node: Some(link.start.node.clone()) }, disk)
    });
    disk.failed(told.unwrap_or(Cause::Vanished))
}

/// A link whose node does not fit the program of the chain. `again`: a new attempt without it is submitted by ourselves.
pub(super) fn unfit_node(link: &LinkOnDisk, disk: &DiskView, again: bool) -> Failure {
    disk.failed(Cause::UnfitNode {
        job_id: link.start.job_id.clone(),
        node: link.start.node.clone(),
        message: link.end.as_ref().map(|end| end.message.clone()).unwrap_or_default(),
        again,
    })
}

/// The end of a run in the foreground, as its link said it; `None` where it checkpointed.
pub(in crate::campaign) fn of_foreground(
    class: ExitClass,
    message: &str,
    disk: &DiskView,
) -> Option<Failure> {
    of_link(class, message, RanAt::Foreground, disk).map(|cause| disk.failed(cause))
}

/// A run in the foreground whose process is gone and whose link has not said how it ended. `full`: no room is left now to
/// write that.
pub(in crate::campaign) fn foreground_gone(process: u32, full: bool, disk: &DiskView) -> Failure {
    disk.failed(Cause::Killed { process, full })
}

/// How a link said itself that it ended; `None` where it checkpointed.
fn of_link(class: ExitClass, message: &str, place: RanAt, disk: &DiskView) -> Option<Cause> {
    match class {
        ExitClass::Checkpointed => None,
        ExitClass::Complete if disk.lost_maps => {
            Some(Cause::MapsLost { what: disk.lost.clone().unwrap_or_default() })
        }
        ExitClass::Complete => Some(Cause::NotComplete { place, lost: disk.lost.clone() }),
        _ => Some(Cause::Link { class, message: message.to_owned(), place }),
    }
}

impl DiskView {
    /// What happened, with what the chain goes on from.
    pub(super) fn failed(&self, cause: Cause) -> Failure {
        let sealed = |last: &super::SealedGeneration| Sealed {
            generation: last.number,
            amount: last.tiles,
            unit: last.unit,
        };
        Failure::Known { cause, goes_on: self.generations.last().map(sealed) }
    }
}

/// A job that is over.
struct DeadJob<'a> {
    job: &'a Job,
    disk: &'a DiskView,
    link: Option<&'a LinkOnDisk>,
}

impl DeadJob<'_> {
    fn place(&self) -> RanAt {
        RanAt::Job { job: self.job.key(), node: self.node() }
    }

    fn node(&self) -> Option<String> {
        self.job.node.clone().or_else(|| self.link.map(|l| l.start.node.clone()))
    }

    /// A link that said itself how it ended, or whose exit code does.
    fn said(&self, class: ExitClass, message: &str) -> Cause {
        of_link(class, message, self.place(), self.disk).unwrap_or_else(|| self.not_resubmitted())
    }

    /// Checkpointed, and without a successor.
    fn not_resubmitted(&self) -> Cause {
        let too_short = match self.job.end.as_ref().map(|end| end.next) {
            Some(Next::TooShort { ran, uncounted }) => Some((ran, uncounted)),
            Some(Next::Successor | Next::Nothing) | None => None,
        };
        Cause::NotResubmitted { job: self.job.key(), too_short }
    }

    fn command(&self, ending: Ending) -> Cause {
        let (job, node) = (self.job.key(), self.node());
        match ending {
            // A shell's own.
            Ending::Code(code @ (126 | 127)) => Cause::NoProgram { job, node, code },
            Ending::Code(code) => match ExitClass::of_code(code) {
                Some(class) => self.said(class, ""),
                None => Cause::ExitCode { job, node, code },
            },
            Ending::Signal(signal) => {
                Cause::Signal { job, node, signal, too_early: signal == CHECKPOINT && self.link.is_none() }
            }
        }
    }

    /// Something else than its command ended it.
    fn killed(&self, how: &How, by: By, batch: &BatchView) -> Cause {
        let (job, node) = (self.job.key(), self.node());
        match how {
            How::Walltime => Cause::Walltime { job, node, unsaved: self.disk.unsaved },
            How::Deleted(text) => Cause::Deleted { job, by, text: text.clone() },
            How::NodeDied => Cause::NodeDied { job, node },
            _ if self.is_node_lost(batch) => Cause::NodeDied { job, node },
            How::NotStarted(text) => Cause::NotStarted { job, text: text.clone() },
            How::Command(ending @ Ending::Signal(_)) => self.command(*ending),
            How::Command(Ending::Code(_)) | How::Untold => Cause::EndedBySite { job, text: String::new() },
            How::Other(text) => Cause::EndedBySite { job, text: text.clone() },
        }
    }

    fn is_node_lost(&self, batch: &BatchView) -> bool {
        let node = self.job.node.as_deref();
        batch.nodes.iter().any(|n| Some(n.name.as_str()) == node && n.state.is_lost())
    }
}
