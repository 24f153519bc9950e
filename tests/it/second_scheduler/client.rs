//! A client of a second batch system, which answers from records: one that keeps a job's number at a requeue, leaves that to the
//! job itself, and forgets jobs that are over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alpsckpt::batch::{
    BatchError, BatchSystem, By, ClusterInfo, End, Ending, GO_ON, How, Job, JobId, JobKey, JobState,
    LinkEnvironment, Manner, Next, Node, NodeState, Requests, Resubmission, Signalling, Submission, Token,
    Variables,
};

/// Its manner.
pub(super) static MANNER: Manner = Manner {
    name: "slurm",
    title: "Slurm",
    resubmission: Resubmission::ByJob { command: &["scontrol", "requeue", "%jobid%"] },
    signalling: Signalling { late: Duration::from_secs(30), early: Duration::from_mins(1) },
    uncounted: None,
    ask_every: Duration::from_secs(10),
    nodes_every: Duration::from_mins(1),
    forgets_after: Some(Duration::from_mins(5)),
    requests: Requests { prefix: "#SBATCH", lines },
    nodes_command: "sinfo",
    variables: &["SLURM_", "SLURMD_"],
    environment,
};

#[expect(clippy::unnecessary_wraps, reason = "as a manner holds it")]
fn lines(submission: &Submission) -> Result<Vec<String>, BatchError> {
    Ok(vec![
        format!("#SBATCH --job-name={}", submission.token),
        format!("#SBATCH --time={}", submission.walltime.div_ceil(60)),
        format!("#SBATCH --signal=B:USR2@{}", submission.checkpoint),
        "#SBATCH --requeue --open-mode=append".to_owned(),
    ])
}

fn environment(variable: Variables<'_>) -> Option<LinkEnvironment> {
    let id = JobId(variable("SLURM_JOB_ID")?.parse().ok()?);
    let restart = variable("SLURM_RESTART_COUNT").map_or(Some(0), |count| count.parse().ok())?;
    let job = JobKey { id, restart };
    Some(LinkEnvironment {
        job,
        name: variable("SLURM_JOB_NAME").unwrap_or_default(),
        submission: id.to_string(),
        node: variable("SLURMD_NODENAME"),
        walltime: None,
        time_scale: 1.0,
        counted_after: None,
        go_on_by: MANNER.resubmission.last_command(job),
    })
}

/// What its commands answer now: exit code and text, by the command's first words.
#[derive(Default)]
pub(super) struct Records {
    pub(super) answers: BTreeMap<&'static str, (u8, &'static str)>,
    /// The name of the job that was submitted.
    name: String,
}

/// A client that reads them.
pub(super) struct Client(pub(super) Arc<Mutex<Records>>, Vec<(Token, JobId)>);

impl Client {
    pub(super) fn new(records: &Arc<Mutex<Records>>) -> Self {
        Self(Arc::clone(records), Vec::new())
    }

    fn ask(&self, command: &str) -> (u8, String) {
        let records = self.0.lock().unwrap();
        let (code, text) = records.answers.get(command).unwrap_or_else(|| panic!("no record of {command}"));
        (*code, text.replace("@NAME@", &records.name))
    }

    fn unreadable(command: &str, text: &str) -> BatchError {
        BatchError::Unreadable { command: command.to_owned(), what: text.to_owned(), look: None }
    }

    fn order(&self, command: &str) -> Result<(), BatchError> {
        match self.ask(command) {
            (0, _) => Ok(()),
            (_, text) => Err(BatchError::Down(text)),
        }
    }
}

impl BatchSystem for Client {
    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        Ok(ClusterInfo { name: "slurm 22.05.8".to_owned(), time_scale: 1.0 })
    }

    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError> {
        self.0.lock().unwrap().name.clone_from(&submission.token.0);
        let (code, text) = self.ask("sbatch");
        if code != 0 {
            return Err(BatchError::Refused(text));
        }
        let id = text.trim().split(';').next().and_then(|id| id.parse().ok());
        id.map(JobId).ok_or_else(|| Self::unreadable("sbatch", &text))
    }

    fn expect(&mut self, known: &[(Token, JobId)]) {
        self.1 = known.to_vec();
    }

    fn find(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        let (_, queue) = self.ask("squeue");
        let mut ids: Vec<u64> = self.1.iter().map(|(_, id)| id.0).collect();
        for line in queue.lines() {
            let fields: Vec<&str> = line.split('|').collect();
            let [id, name, _state, left, _node] = fields[..] else {
                return Err(Self::unreadable("squeue", line));
            };
            let known = left == "INVALID" || left.split([':', '-']).all(|part| part.parse::<u32>().is_ok());
            if !known {
                return Err(Self::unreadable("squeue", line));
            }
            if tokens.iter().any(|token| token.0 == name) {
                ids.push(id.parse().map_err(|_| Self::unreadable("squeue", line))?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let mut jobs = Vec::new();
        for _ in ids {
            match self.ask("scontrol show job") {
                (0, text) => jobs.push(job(&text).ok_or_else(|| Self::unreadable("scontrol", &text))?),
                (1, text) if text.contains("Invalid job id specified") => {}
                (_, text) => return Err(BatchError::Down(text)),
            }
        }
        Ok(jobs)
    }

    fn delete(&mut self, _job: JobId) -> Result<(), BatchError> {
        self.order("scancel")
    }

    fn checkpoint(&mut self, _job: JobId) -> Result<(), BatchError> {
        self.order("scancel --signal")
    }

    fn hold(&mut self, _job: JobId) -> Result<(), BatchError> {
        self.order("scontrol hold")
    }

    fn resume(&mut self, _job: JobId) -> Result<(), BatchError> {
        self.order("scontrol release")
    }

    fn nodes(&mut self) -> Result<Vec<Node>, BatchError> {
        let (_, text) = self.ask("sinfo");
        let node = |line: &str| {
            let (name, word) = line.split_once(' ')?;
            let state = match word {
                "idle" | "mixed" | "allocated" => NodeState::Up,
                word if word.starts_with("down") => NodeState::Lost(word.to_owned()),
                word => NodeState::Other(word.to_owned()),
            };
            Some(Node { name: name.to_owned(), state, jobs: Vec::new() })
        };
        text.lines().map(|line| node(line).ok_or_else(|| Self::unreadable("sinfo", line))).collect()
    }
}

/// A job as `scontrol show job` tells it.
pub(super) fn job(text: &str) -> Option<Job> {
    let fields: BTreeMap<&str, &str> =
        text.split_whitespace().filter_map(|field| field.split_once('=')).collect();
    let field = |name: &str| fields.get(name).copied();
    let (id, restart) = (JobId(field("JobId")?.parse().ok()?), field("Restarts")?.parse().ok()?);
    let (code, signal) = field("ExitCode")?.split_once(':')?;
    let (code, signal): (u8, u8) = (code.parse().ok()?, signal.parse().ok()?);
    let ending = if signal > 0 { Ending::Signal(signal) } else { Ending::Code(code) };
    let reason = field("Reason").unwrap_or_default();
    let go_on = if ending == Ending::Code(GO_ON) { Next::Successor } else { Next::Nothing };
    let (state, end) = match field("JobState")? {
        "PENDING" => (JobState::Waiting, None),
        "RUNNING" => (JobState::Running, None),
        // Its script had no trap: no failed launch.
        "FAILED" if reason == "JobLaunchFailure" && ending == Ending::Code(0) => {
            (JobState::Error, Some(End::killed(How::NotStarted(reason.to_owned()), By::Site)))
        }
        "COMPLETED" | "FAILED" => (JobState::Terminated, Some(End { next: go_on, ..End::of(ending) })),
        "TIMEOUT" => (JobState::Error, Some(End::killed(How::Walltime, By::Site))),
        "NODE_FAIL" => (JobState::Error, Some(End::killed(How::NodeDied, By::Site))),
        other => (JobState::Unknown(other.to_owned()), None),
    };
    Some(Job {
        id,
        restart,
        array_id: id,
        name: field("JobName")?.to_owned(),
        state,
        node: field("BatchHost").map(str::to_owned),
        end,
        resubmitted_from: restart.checked_sub(1).map(|restart| JobKey { id, restart }),
        submitted: 1,
        started: 0,
        stopped: 0,
        expected_start: None,
        message: reason.to_owned(),
    })
}
