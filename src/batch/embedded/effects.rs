//! What the server does to processes, and what it sees of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::config::private_folder;
use super::heartbeat::{self, Watched};
use super::manner::TIME_SCALE;
use super::process::{ProcessId, kill_family};
use super::scheduler::Observations;
use super::setting;
use super::state::{ClusterState, JobRecord};
use super::wrapper::{Began, JobFolder, JobOrder, environment};
use crate::THIS_PROGRAM;
use crate::batch::{CHECKPOINT_SIGNAL, JobId, JobState};
use crate::durable::{DurableError, atomic, sealed};

/// How long one call waits for killed processes to be gone; the scheduler calls again.
const PATIENCE: Duration = Duration::from_millis(300);

/// The processes of the cluster's jobs.
#[derive(Debug)]
pub(super) struct Processes {
    directory: PathBuf,
    /// Wrappers that this server started: to be reaped.
    children: BTreeMap<JobId, Child>,
    wrappers: BTreeMap<JobId, ProcessId>,
    scripts: BTreeMap<JobId, Began>,
    killed: BTreeSet<JobId>,
    not_launched: BTreeMap<JobId, String>,
    /// Of wrappers whose numbers are not of this namespace.
    hearts: Watched,
}

/// Folders of ended jobs that are kept, for whoever looks for a cause.
const KEPT: usize = 50;

impl Processes {
    /// Those of the cluster in `directory`.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            children: BTreeMap::new(),
            wrappers: BTreeMap::new(),
            scripts: BTreeMap::new(),
            killed: BTreeSet::new(),
            not_launched: BTreeMap::new(),
            hearts: Watched::default(),
        }
    }

    fn folder(&self, job: JobId) -> JobFolder {
        JobFolder(self.directory.join("jobs").join(job.to_string()))
    }

    /// Looks at the processes of all jobs that run.
    pub(super) fn observe(&mut self, state: &ClusterState, pass: bool) -> Observations {
        self.children.retain(|id, child| {
            let over = state.jobs.get(id).is_none_or(|j| j.state.is_over());
            !over || matches!(child.try_wait(), Ok(None))
        });
        let mut seen = Observations { pass, ..Observations::default() };
        for job in state.active().filter(|j| matches!(j.state, JobState::Launching | JobState::Running)) {
            if !job.lost {
                self.look_at(state, job, &mut seen);
            }
        }
        seen.killed.clone_from(&self.killed);
        seen.not_launched.clone_from(&self.not_launched);
        seen
    }

    fn look_at(&mut self, state: &ClusterState, job: &JobRecord, seen: &mut Observations) {
        let folder = self.folder(job.id);
        let Some(wrapper) = self.wrapper(job.id) else {
            self.look_at_unborn(state, job);
            return;
        };
        // In this order: a wrapper that is gone wrote its last word before.
        let alive = self.is_alive(job.id, &wrapper);
        if let Some(began) = self.script(job.id) {
            seen.started.insert(job.id, began.at);
        }
        match told(folder.exit()) {
            Some(exit) => {
                seen.exits.insert(job.id, exit);
            }
            None if !alive => {
                seen.gone.insert(job.id);
            }
            None => {}
        }
        if let Some(child) = self.children.get_mut(&job.id) {
            let _ = child.try_wait();
        }
    }

    /// Whether a wrapper lives: by its number where that is one of this namespace, else by its heartbeat.
    fn is_alive(&mut self, job: JobId, wrapper: &ProcessId) -> bool {
        if wrapper.is_here() {
            return wrapper.is_alive();
        }
        let beat = self.folder(job).beat();
        wrapper.is_of_this_boot() && self.hearts.unchanged(&beat) < heartbeat::STILL
    }

    /// A job whose wrapper has not said who it is.
    fn look_at_unborn(&mut self, state: &ClusterState, job: &JobRecord) {
        if job.kill.is_some() {
            return;
        }
        let ended = match self.children.get_mut(&job.id) {
            // Started by a former server, which may have died before or after: a second wrapper does no harm.
            None => return self.launch(state, job),
            Some(child) => child.try_wait(),
        };
        if let Ok(Some(status)) = ended
            && self.wrapper(job.id).is_none()
        {
            let what = format!("the job's wrapper ended at once ({status}); see server.log");
            self.not_launched.insert(job.id, what);
        }
    }

    fn wrapper(&mut self, job: JobId) -> Option<ProcessId> {
        if !self.wrappers.contains_key(&job) {
            let began = told(self.folder(job).wrapper())?;
            self.wrappers.insert(job, began.process);
        }
        self.wrappers.get(&job).cloned()
    }

    fn script(&mut self, job: JobId) -> Option<Began> {
        if !self.scripts.contains_key(&job) {
            let began = told(self.folder(job).child())?;
            self.scripts.insert(job, began);
        }
        self.scripts.get(&job).cloned()
    }

    /// Starts the wrapper of a job.
    pub(super) fn launch(&mut self, state: &ClusterState, job: &JobRecord) {
        match self.try_launch(state, job) {
            Ok(child) => {
                self.children.insert(job.id, child);
            }
            Err(e) => {
                tell!("job {}: {e}", job.id);
                self.not_launched.insert(job.id, e.to_string());
            }
        }
    }

    fn try_launch(&self, state: &ClusterState, job: &JobRecord) -> Result<Child, DurableError> {
        let folder = self.folder(job.id);
        private_folder(&folder.0)?;
        let node = job.node.clone().unwrap_or_default();
        atomic::replace(&folder.node_file(), format!("{node}\n").as_bytes())?;
        sealed::replace(&folder.order(), &order(state, job, &folder))?;
        // Whatever became of the program's file since this server was started, the wrapper is the same program.
        Command::new(THIS_PROGRAM)
            .arg0("alpsckpt")
            .args(["cluster", "wrap", "--dir"])
            .arg(&folder.0)
            .envs(environment(&[], &folder, &setting::variables()))
            .stdin(Stdio::null())
            .current_dir("/")
            .spawn()
            .map_err(|e| DurableError::io(&folder.0, "start the wrapper of the job in", e))
    }

    /// Sends the checkpoint signal to the process that the job's script became, and to no other.
    pub(super) fn signal(&mut self, job: &JobRecord) {
        let Some(script) = self.script(job.id) else { return };
        let sent = if script.process.is_here() {
            script.process.signal(CHECKPOINT_SIGNAL)
        } else {
            std::fs::write(self.folder(job.id).signal_wanted(), "").is_ok()
        };
        if sent {
            mark(job, "CHECKPOINTED with signal 12");
        }
    }

    /// Kills all processes of a job.
    pub(super) fn kill(&mut self, job: &JobRecord) {
        let cookie = self.folder(job.id).cookie();
        let wrapper = self.wrapper(job.id);
        let gone = match wrapper.as_ref().filter(|wrapper| !wrapper.is_here()) {
            None => kill_family(wrapper.as_ref(), &cookie, PATIENCE),
            Some(wrapper) => self.give_up(job.id, wrapper),
        };
        if gone {
            if !job.lost {
                mark(job, "KILLED");
            }
            self.killed.insert(job.id);
        }
        if let Some(child) = self.children.get_mut(&job.id) {
            let _ = child.try_wait();
        }
    }

    /// Has a wrapper that cannot be reached kill its job; whether it is gone. One of another machine, or of this one before it was
    /// booted, counts as gone: should it live after all, it finds that its job was given up.
    fn give_up(&mut self, job: JobId, wrapper: &ProcessId) -> bool {
        let folder = self.folder(job);
        let asked = std::fs::write(folder.given_up(), "");
        if let Err(e) = asked {
            tell!("{}: {e}", folder.given_up().display());
        }
        told(folder.exit()).is_some() || !self.is_alive(job, wrapper)
    }

    /// Whether all processes of a job were killed.
    pub(super) fn is_killed(&self, job: JobId) -> bool {
        self.killed.contains(&job)
    }

    /// Removes the folders of jobs that are over, but for the last ones: what is to be known of them stands in the log.
    pub(super) fn prune(&mut self, state: &ClusterState) {
        let Ok(entries) = std::fs::read_dir(self.directory.join("jobs")) else { return };
        let jobs = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok().map(JobId));
        let mut over: Vec<JobId> = jobs
            .filter(|id| state.jobs.get(id).is_some_and(|j| j.state.is_over() && !j.owes_successor))
            .collect();
        over.sort_unstable();
        over.truncate(over.len().saturating_sub(KEPT));
        for job in over {
            let alive = self.wrapper(job).is_some_and(|wrapper| self.is_alive(job, &wrapper));
            if !alive {
                let _ = std::fs::remove_dir_all(self.folder(job).0);
            }
            self.wrappers.remove(&job);
            self.scripts.remove(&job);
        }
    }
}

/// A file of a job that cannot be read is reported and taken for missing.
fn told<T>(read: Result<Option<T>, DurableError>) -> Option<T> {
    read.unwrap_or_else(|e| {
        tell!("{e}");
        None
    })
}

fn expanded(path: &Path, job: JobId) -> PathBuf {
    PathBuf::from(path.to_string_lossy().replace("%jobid%", &job.to_string()))
}

fn order(state: &ClusterState, job: &JobRecord, folder: &JobFolder) -> JobOrder {
    let submission = &job.submission;
    let (stdout, stderr) = (expanded(&submission.stdout, job.id), expanded(&submission.stderr, job.id));
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let directory = text(&submission.directory);
    let nodes = text(&folder.node_file());
    let walltime = submission.walltime;
    let clock = format!("{}:{}:{}", walltime / 3600, walltime / 60 % 60, walltime % 60);
    let mut facts = vec![
        ("OAR_JOB_ID", job.id.to_string()),
        ("OAR_JOBID", job.id.to_string()),
        ("OAR_ARRAY_ID", job.array.to_string()),
        ("OAR_ARRAYID", job.array.to_string()),
        ("OAR_ARRAY_INDEX", "1".to_owned()),
        ("OAR_JOB_NAME", submission.token.0.clone()),
        ("OAR_NODEFILE", nodes.clone()),
        ("OAR_NODE_FILE", nodes.clone()),
        ("OAR_FILE_NODES", nodes.clone()),
        ("OAR_RESOURCE_FILE", nodes),
        ("OAR_JOB_WALLTIME", clock),
        ("OAR_JOB_WALLTIME_SECONDS", walltime.to_string()),
        ("OAR_WORKDIR", directory.clone()),
        ("OAR_WORKING_DIRECTORY", directory.clone()),
        ("OAR_O_WORKDIR", directory),
        ("OAR_STDOUT", text(&stdout)),
        ("OAR_STDERR", text(&stderr)),
    ];
    // A client that knew nothing of settings had the server's.
    let variables = job.setting.as_ref().map_or_else(setting::variables, |s| s.variables().to_vec());
    let scale = state.config.time_scale;
    if (scale - 1.0).abs() > f64::EPSILON {
        facts.push((TIME_SCALE, scale.to_string()));
    }
    JobOrder {
        script: submission.script.clone(),
        directory: submission.directory.clone(),
        stdout,
        stderr,
        environment: environment(&facts, folder, &variables),
        setting: job.setting.clone(),
    }
}

/// Writes OAR's line into the job's error file.
fn mark(job: &JobRecord, what: &str) {
    let path = job.submission.directory.join(expanded(&job.submission.stderr, job.id));
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S");
    if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(path) {
        // For the person who reads the log; the job's end does not depend on it.
        let _ = writeln!(file, "\n## OAR [{now}] Job {} {what} ##", job.id);
    }
}
