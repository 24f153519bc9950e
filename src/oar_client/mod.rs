//! Real OAR, by its commands (`oarsub`, `oarstat`, `oardel`, `oarhold`, `oarresume`, `oarnodes`), versions 2.5 and 2.6.
//!
//! [`command`] runs them, [`submit`] and [`parse`] speak their language. What they say in which case was recorded on
//! real servers: `tests/data/oar/`.

mod answer;
mod command;
mod end;
mod log;
mod manner;
mod parse;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};

pub use command::Logged;
use command::{CommandOutput, CommandRunner, unreadable};
pub use manner::{MANNER, SITE_LANGUAGE};

use crate::batch::{BatchError, BatchSystem, ClusterInfo, Job, JobId, Manner, Node, Submission, Token};
use crate::host;

/// Attempts looked up by one `oarstat`: its argument stays short.
const TOKENS_A_QUERY: usize = 100;
/// How long a job that is over must have been the same: OAR writes down some events a little later.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

/// How long commands may take. With its database down `oarsub` tries again without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `oarsub`: admission rules and the choice of resources take their time.
    pub submit: Duration,
    /// All others.
    pub other: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { submit: Duration::from_mins(1), other: Duration::from_secs(30) }
    }
}

/// OAR, as its login node's user sees it.
#[derive(Debug)]
pub struct Oar {
    runner: CommandRunner,
    limits: Limits,
    /// Who submits and asks.
    user: Option<String>,
    /// A job that OAR has shown before: an answer without it is not believed.
    sentinel: Option<(Token, JobId)>,
    /// Jobs that it has shown to others: an answer with one of them is as good.
    known: BTreeSet<JobId>,
    /// Jobs that are over, as they were then, and since when they have not changed.
    over: BTreeMap<JobId, (Job, Instant)>,
}

impl Default for Oar {
    fn default() -> Self {
        Self::new()
    }
}

impl Oar {
    /// OAR by the commands in `PATH`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            runner: CommandRunner::new(),
            limits: Limits::default(),
            user: user(),
            sentinel: None,
            known: BTreeSet::new(),
            over: BTreeMap::new(),
        }
    }

    /// With commands from these folders (as in `PATH`), within these limits.
    #[must_use]
    pub fn with(search_path: &Path, limits: Limits) -> Self {
        let mut oar = Self::new();
        oar.runner.search_path = Some(search_path.as_os_str().to_owned());
        oar.limits = limits;
        oar
    }

    /// Keeps a line of each command in `oar.log` in this folder.
    pub fn log_to(&mut self, folder: PathBuf) {
        self.on_command(move |logged| log::write(&folder, logged));
    }

    /// Calls `hook` after each command.
    pub fn on_command(&mut self, hook: impl FnMut(&Logged) + Send + 'static) {
        self.runner.set_hook(Box::new(hook));
    }

    fn run(&mut self, program: &str, arguments: &[&str]) -> Result<CommandOutput, BatchError> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        self.runner.run(program, &arguments, self.limits.other, None)
    }

    /// The answer of a command that only reads.
    fn ask(&mut self, program: &str, arguments: &[&str]) -> Result<CommandOutput, BatchError> {
        let output = self.run(program, arguments)?;
        match output.code {
            Some(0) => Ok(output),
            Some(25) => Err(BatchError::Down(output.complaint().to_owned())),
            _ => Err(output.strange()),
        }
    }

    /// The jobs for which this SQL holds, as `oarstat` lists them.
    fn query(&mut self, sql: &str) -> Result<Vec<Job>, BatchError> {
        let output = self.ask("oarstat", &["-f", "-J", "--sql", sql])?;
        // A wrong query is exit 0, its text on the error stream.
        if output.stdout.trim().is_empty() && !output.stderr.trim().is_empty() {
            return Err(output.unreadable(output.complaint()));
        }
        answer::jobs(&output.stdout).map_err(|what| output.unreadable(what))
    }

    /// The jobs of these attempts. `oarstat` works longest on those that are over and change no more, in the end nearly
    /// all of a campaign's: they are asked for no longer.
    fn look_up(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        let sentinel = self.sentinel.as_ref().map(|(token, _)| token).filter(|s| !tokens.contains(s));
        let names: Vec<String> = tokens.iter().chain(sentinel).map(|t| format!("'{t}'")).collect();
        // A colleague's copy of a campaign has the same tokens.
        let mine = self.user.as_ref().map_or_else(String::new, |user| format!(" AND job_user = '{user}'"));
        let settled = self.settled(tokens);
        let ids: Vec<String> = settled.iter().map(|job| job.id.to_string()).collect();
        let rest =
            if ids.is_empty() { String::new() } else { format!(" AND job_id NOT IN ({})", ids.join(", ")) };
        let mut jobs = self.query(&format!("job_name IN ({}){mine}{rest}", names.join(", ")))?;
        self.certify(&jobs)?;
        self.remember(&jobs);
        let asked: HashSet<&str> = tokens.iter().map(|token| token.0.as_str()).collect();
        jobs.retain(|job| asked.contains(job.name.as_str()));
        jobs.extend(settled);
        jobs.sort_by_key(|job| job.id);
        jobs.dedup_by_key(|job| job.id);
        Ok(jobs)
    }

    /// The jobs of these attempts that are surely the same as when they were last shown.
    fn settled(&self, tokens: &[Token]) -> Vec<Job> {
        let sentinel = self.sentinel.as_ref().map(|(_, job)| *job);
        let asked: HashSet<&str> = tokens.iter().map(|token| token.0.as_str()).collect();
        let settled = |(job, since): &&(Job, Instant)| {
            since.elapsed() >= SETTLED_AFTER && Some(job.id) != sentinel && asked.contains(job.name.as_str())
        };
        self.over.values().filter(settled).map(|(job, _)| job.clone()).collect()
    }

    fn remember(&mut self, jobs: &[Job]) {
        for job in jobs {
            if !job.state.is_over() {
                self.over.remove(&job.id);
            } else if self.over.get(&job.id).is_none_or(|(known, _)| known != job) {
                self.over.insert(job.id, (job.clone(), Instant::now()));
            }
        }
    }

    /// An answer is certain when it shows a job that was shown before. As long as none was, an empty answer counts if
    /// `oarnodes`, which reads the same database, shows a node.
    fn certify(&mut self, jobs: &[Job]) -> Result<(), BatchError> {
        let unsure = |what| Err(unreadable("oarstat", what));
        match (self.sentinel.as_ref().map(|(_, id)| *id), jobs.first()) {
            (Some(id), _) if jobs.iter().any(|job| job.id == id) => Ok(()),
            (Some(_), Some(_)) if jobs.iter().any(|job| self.known.contains(&job.id)) => Ok(()),
            (Some(id), _) => unsure(format!("its answer lacks job {id}, which it has shown before")),
            (None, Some(job)) => {
                self.sentinel = Some((Token(job.name.clone()), job.id));
                Ok(())
            }
            (None, None) if self.nodes()?.is_empty() => {
                unsure("it shows no job, and `oarnodes` no node: that is no answer".to_owned())
            }
            (None, None) => Ok(()),
        }
    }

    /// Runs a command that asks something of a job.
    fn order(&mut self, program: &str, arguments: &[&str], job: JobId) -> Result<OrderOutcome, BatchError> {
        let output = self.run(program, arguments)?;
        let complaint = output.complaint();
        match output.code {
            Some(0) => Ok(OrderOutcome::Sent),
            Some(6) => Ok(OrderOutcome::Late),
            // `oardel` has one text for a job that does not exist and for another's.
            Some(1) if UNKNOWN_JOB.iter().any(|text| complaint.contains(text)) => {
                Err(BatchError::UnknownJob(job))
            }
            Some(1) => Err(BatchError::Refused(complaint.to_owned())),
            // 3: the job's node does not answer.
            Some(2 | 3 | 25) => Err(BatchError::Down(complaint.to_owned())),
            _ => Err(output.strange()),
        }
    }

    /// The same, where nothing can be asked any more of a job that has ended.
    fn order_in_time(&mut self, program: &str, arguments: &[&str], job: JobId) -> Result<(), BatchError> {
        match self.order(program, arguments, job)? {
            OrderOutcome::Sent => Ok(()),
            OrderOutcome::Late => Err(BatchError::Refused(format!("job {job} has ended already"))),
        }
    }
}

/// One of OAR's commands is not there.
fn no_command(program: &str) -> BatchError {
    BatchError::NoCommand { command: program.to_owned(), system: MANNER.title.to_owned() }
}

/// Whether its commands are found, without which nothing can be submitted from here.
///
/// # Errors
/// [`BatchError::NoCommand`].
pub fn is_here() -> Result<(), BatchError> {
    const SUBMITS: &str = "oarsub";
    let found = host::in_path(Path::new(SUBMITS)).next().is_some();
    if found { Ok(()) } else { Err(no_command(SUBMITS)) }
}

/// Who submits and asks; `None` when the name would not be safe in SQL.
fn user() -> Option<String> {
    let user = User::from_uid(Uid::effective()).ok()??.name;
    Token(user.clone()).is_plain().then_some(user)
}

/// What the commands say of a job that is not there, or is another user's.
const UNKNOWN_JOB: [&str; 2] = ["not the right user", "this job does not exist"];

/// What became of an order.
enum OrderOutcome {
    /// It is on its way.
    Sent,
    /// The job had ended before.
    Late,
}

impl BatchSystem for Oar {
    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        let output = self.ask("oarstat", &["--version"])?;
        let name = parse::version(&output.stdout).map_or("OAR".to_owned(), |v| format!("OAR {v}"));
        Ok(ClusterInfo { name, time_scale: 1.0 })
    }

    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError> {
        let arguments = submit::arguments(submission)?;
        let folder = Some(submit::folder(submission));
        let output = self.runner.run("oarsub", &arguments, self.limits.submit, folder)?;
        submit::answer(&output)
    }

    fn expect(&mut self, known: &[(Token, JobId)]) {
        self.known = known.iter().map(|(_, job)| *job).collect();
        if self.sentinel.is_none() {
            self.sentinel = known.last().filter(|(token, _)| token.is_plain()).cloned();
        }
    }

    fn find(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        if let Some(token) = tokens.iter().find(|t| !t.is_plain()) {
            return Err(BatchError::Refused(format!("{:?} cannot be the name of a job", token.0)));
        }
        // What is not there yet may still come.
        self.runner.stray()?;
        let mut all = Vec::new();
        for tokens in tokens.chunks(TOKENS_A_QUERY) {
            all.extend(self.look_up(tokens)?);
        }
        Ok(all)
    }

    fn delete(&mut self, job: JobId) -> Result<(), BatchError> {
        // Of a job that ended already nothing is left to delete.
        self.order("oardel", &[&job.to_string()], job).map(|_| ())
    }

    fn checkpoint(&mut self, job: JobId) -> Result<(), BatchError> {
        self.order_in_time("oardel", &["-c", &job.to_string()], job)
    }

    fn hold(&mut self, job: JobId) -> Result<(), BatchError> {
        self.order_in_time("oarhold", &[&job.to_string()], job)
    }

    /// One command for both: `oarresume` has no `-r`, unlike the `oarhold` that suspends.
    fn resume(&mut self, job: JobId) -> Result<(), BatchError> {
        self.order_in_time("oarresume", &[&job.to_string()], job)
    }

    fn nodes(&mut self) -> Result<Vec<Node>, BatchError> {
        let output = self.ask("oarnodes", &["-J"])?;
        parse::nodes(&output.stdout).map_err(|what| output.unreadable(what))
    }
}
