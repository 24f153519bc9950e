//! What happened, in English: a sentence an event of the journal.

use super::failures::{cause, class};
use crate::batch::{Ending, JobKey};
use crate::campaign::event::{Event, JobStage};
use crate::campaign::notice::Notice;
use crate::campaign::snapshot::HistoryLine;
use crate::quantity::listed;

pub(in crate::words) fn event(event: &Event) -> String {
    match event {
        Event::Created { cluster, .. } => format!("campaign made, for {cluster}"),
        Event::ClusterChosen { cluster } => format!("goes to {cluster}"),
        Event::Corrected { fields, .. } => format!("the campaign file was corrected: {fields}"),
        Event::Edited { changes, .. } => {
            format!("the campaign file was changed, for the next attempts: {}", changes.join(", "))
        }
        Event::SubmitIntent { attempt, recovered: false, .. } => format!("submitting attempt {attempt}"),
        Event::SubmitIntent { attempt, recovered: true, .. } => {
            format!("attempt {attempt} found on disk: looking it up")
        }
        Event::Elsewhere { attempt, link, without, .. } => format!(
            "the node of link {} does not fit the program: attempt {attempt} is submitted without {}",
            link.0,
            listed(without)
        ),
        Event::Submitted { attempt, job, .. } => format!("attempt {attempt} is job {job}"),
        Event::SubmitRefused { attempt, text, .. } => format!("attempt {attempt} refused: {text}"),
        Event::SubmitUnanswered { attempt, text, .. } => format!("attempt {attempt} unanswered: {text}"),
        Event::SubmitLost { attempt, .. } => format!("attempt {attempt} never reached the batch system"),
        Event::JobSeen { job, stage, node, resubmitted_from, ending, .. } => {
            job_words(*job, *stage, node.as_deref(), *resubmitted_from, *ending)
        }
        Event::LinkSeen { link, node, .. } => format!("link {} began on {node}", link.0),
        Event::LinkEnded { link, message, tiles, unit, .. } => {
            format!("link {} ended with {} sealed: {message}", link.0, unit.amount(*tiles))
        }
        Event::GenerationSeen { generation, tiles, unit, .. } => {
            format!("generation {} sealed: {}", generation.0, unit.amount(*tiles))
        }
        Event::Silent { link, node, .. } => {
            format!("link {} on {node} is silent: its heartbeat stands still", link.0)
        }
        Event::HeardAgain { link, .. } => format!("link {} is heard of again", link.0),
        Event::MapsLost { failure, .. } => format!("not complete any more: {}", cause(failure)),
        Event::CheckpointAsked { job, .. } => format!("checkpoint asked of job {job}"),
        Event::HoldAsked { job, .. } => format!("hold asked of job {job}"),
        Event::ResumeAsked { job, .. } => format!("resume asked of job {job}"),
        Event::StopIntent { why: None, .. } => "stopping, as asked".to_owned(),
        Event::StopIntent { why: Some(why), .. } => format!("stopping: {}", cause(why)),
        Event::Stopped { .. } => "stopped".to_owned(),
        Event::Failed { failure, .. } => format!("failed ({}): {}", class(failure), cause(failure)),
        Event::Completed { .. } => "complete: all files verified".to_owned(),
        Event::Noticed { notice: what, .. } => notice(what),
        Event::Warning { text, .. } => text.clone(),
    }
}

/// Checkpoints of a chain that follow one another are one line.
pub(in crate::words) fn line(line: &HistoryLine) -> String {
    match (&line.event, line.since) {
        (Event::GenerationSeen { generation, tiles, unit, .. }, Some(first)) => {
            format!("generations {first} to {} sealed, the last with {}", generation.0, unit.amount(*tiles))
        }
        (other, _) => event(other),
    }
}

fn notice(notice: &Notice) -> String {
    match notice {
        Notice::LateJob { attempt, job, ended: Some(last) } => {
            format!(
                "attempt {attempt}, believed lost, has job {job}: it has ended; attempt {last} has the work"
            )
        }
        Notice::LateJob { attempt, job, ended: None } => {
            format!("attempt {attempt}, believed lost, has job {job}: it is deleted")
        }
        Notice::BegunAnew { inputs, after, amount, unit } => format!(
            "begins anew, as asked, from the inputs {inputs}: what was sealed until link {after} ({}) does not count any more",
            unit.amount(*amount)
        ),
        Notice::PutAside { map, aside } => format!("{map} is not what was computed: put aside as {aside}"),
        Notice::NotElsewhere { link, why } => {
            format!("it is not submitted again without the node of link {}: {why}", link.0)
        }
        Notice::JournalDamaged { damage, aside } => format!(
            "{damage}; set aside as {aside}; what it said is rebuilt from the chains and the batch system"
        ),
        Notice::Files { text } => text.clone(),
    }
}

fn job_words(
    job: JobKey,
    stage: JobStage,
    node: Option<&str>,
    from: Option<JobKey>,
    ending: Option<Ending>,
) -> String {
    let on = node.map_or_else(String::new, |n| format!(" on {n}"));
    match (stage, ending) {
        (JobStage::Waiting, _) => match from {
            Some(from) if from.id == job.id => {
                format!("job {job} waits: put back in the queue after its run")
            }
            Some(from) => format!("job {job} waits: resubmitted from job {from} by the batch system"),
            None => format!("job {job} waits"),
        },
        (JobStage::OnNode, _) => format!("job {job} runs{on}"),
        (JobStage::Over, Some(Ending::Code(code))) => format!("job {job} ended{on} with exit code {code}"),
        (JobStage::Over, Some(Ending::Signal(s))) => format!("job {job} ended{on} by signal {s}"),
        (JobStage::Over, None) => format!("job {job} is over{on}"),
    }
}
