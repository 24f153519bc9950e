//! The wrapper of a job: the parent of its script, in a session of its own, that outlives the server and records how
//! the script ended.
//!
//! In the job's folder: `order.ron` (written by the server), then by the wrapper `wrapper.ron` (who it is; created
//! exclusively, so that of two wrappers of one job only one goes on), `child.ron` (the process that the script became),
//! `exit.ron`. While it runs its heartbeat moves in `beat`.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::heartbeat::{self, Heartbeat};
use super::process::{COOKIE, ProcessId, kill_family};
use super::setting::{self, Setting};
use super::state::Moment;
use super::told;
use crate::THIS_PROGRAM;
use crate::batch::CHECKPOINT_SIGNAL;
use crate::durable::{DurableError, beneath, sealed};

/// What a wrapper is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Order")]
pub(super) struct JobOrder {
    pub(super) script: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) stdout: PathBuf,
    pub(super) stderr: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    /// What the script is to have of its client.
    #[serde(default)]
    pub(super) setting: Option<Box<Setting>>,
}

/// A process of a job and when it began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Began {
    pub(super) process: ProcessId,
    pub(super) at: Moment,
}

/// How a job's script ended, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Exit {
    pub(super) how: ScriptEnd,
    pub(super) at: Moment,
}

/// How a job's script ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ScriptEnd {
    /// With this raw wait status.
    Status(i32),
    /// It never ran: OAR's type of the event, and the cause in words.
    NotStarted { event: String, what: String },
}

/// A job's folder.
#[derive(Debug, Clone)]
pub(super) struct JobFolder(pub(super) PathBuf);

impl JobFolder {
    /// What its processes carry in their environment.
    pub(super) fn cookie(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    pub(super) fn order(&self) -> PathBuf {
        self.0.join("order.ron")
    }

    pub(super) fn node_file(&self) -> PathBuf {
        self.0.join("nodes")
    }

    /// Where the wrapper shows that it lives.
    pub(super) fn beat(&self) -> PathBuf {
        self.0.join("beat")
    }

    /// Made by a server in whose namespace the processes have no numbers: the wrapper is to send the checkpoint signal.
    pub(super) fn signal_wanted(&self) -> PathBuf {
        self.0.join("signal")
    }

    /// Likewise: the job is over, and the wrapper is to kill what is left of it.
    pub(super) fn given_up(&self) -> PathBuf {
        self.0.join("given-up")
    }

    pub(super) fn wrapper(&self) -> Result<Option<Began>, DurableError> {
        read_if_there(&self.0.join("wrapper.ron"))
    }

    pub(super) fn child(&self) -> Result<Option<Began>, DurableError> {
        read_if_there(&self.0.join("child.ron"))
    }

    pub(super) fn exit(&self) -> Result<Option<Exit>, DurableError> {
        read_if_there(&self.0.join("exit.ron"))
    }
}

fn read_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, DurableError> {
    match sealed::read(path) {
        Err(e) if e.is_missing() => Ok(None),
        read => read.map(Some),
    }
}

/// Runs a job's script and records how it ended: `alpsckpt cluster wrap`, called by the server only.
#[must_use]
pub fn wrap(folder: &Path) -> ExitCode {
    match run(&JobFolder(folder.to_path_buf())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            tell!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(job: &JobFolder) -> Result<(), DurableError> {
    // Fails only for the leader of a group, which a process just started by the server is not.
    let _ = nix::unistd::setsid();
    let order: JobOrder = sealed::read(&job.order())?;
    let own = ProcessId::own()
        .ok_or_else(|| DurableError::damaged(Path::new("/proc"), "this process is not listed there"))?;
    let began = Began { process: own.clone(), at: Moment::now() };
    if !sealed::create_exclusive(&job.0.join("wrapper.ron"), &began)? {
        return Ok(());
    }
    let script = Arc::new(OnceLock::new());
    let (watched, of) = (job.clone(), Arc::clone(&script));
    std::thread::spawn(move || watch(&watched, &own, &of));
    let how = match start(job, &order) {
        Ok(child) => ScriptEnd::Status(attend(job, child, &script)),
        Err(not_started) => not_started,
    };
    let exit = Exit { how, at: Moment::now() };
    // A status is not lost because the disk was full for a moment; the walltime's kill ends this at the latest.
    while let Err(e) = sealed::create_exclusive(&job.0.join("exit.ron"), &exit) {
        if is_gone(&job.0) {
            return Err(e);
        }
        tell!("{e}");
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Shows that this wrapper lives, and does what is asked by files: a server in a container, or on another machine, cannot send
/// signals here. When the cluster gave the job up, or its folder is removed, nobody could ever find it: it is killed.
fn watch(job: &JobFolder, own: &ProcessId, script: &OnceLock<ProcessId>) {
    let mut heart = Heartbeat::new(job.beat());
    let mut gone = 0;
    loop {
        heart.beat();
        if let Some(script) = script.get()
            && std::fs::remove_file(job.signal_wanted()).is_ok()
        {
            script.signal(CHECKPOINT_SIGNAL);
        }
        // Disks that are far away can be out of sight for a moment.
        gone = if is_gone(&job.0) { gone + 1 } else { 0 };
        if gone > 3 || job.given_up().exists() {
            kill_family(Some(own), &job.cookie(), heartbeat::EVERY);
        }
        std::thread::sleep(heartbeat::EVERY);
    }
}

fn is_gone(folder: &Path) -> bool {
    matches!(folder.try_exists(), Ok(false))
}

/// Becomes a job's script, under what the client that submitted it had: `alpsckpt cluster become`, called by the wrapper only.
#[must_use]
pub fn become_script(folder: &Path) -> ExitCode {
    let order: JobOrder = match sealed::read(&JobFolder(folder.to_path_buf()).order()) {
        Ok(order) => order,
        Err(e) => {
            tell!("{e}");
            return ExitCode::FAILURE;
        }
    };
    setting::ignore_no_signals();
    if let Some(setting) = &order.setting {
        setting.apply();
    }
    // As `bash -c COMMAND` does under OAR: the process that gets the signals becomes the script, a missing one is
    // exit 127, one that may not be executed 126.
    let error = Command::new("/bin/sh").args(["-c", r#"exec "$0""#]).arg(&order.script).exec();
    tell!("cannot start /bin/sh: {error}");
    ExitCode::from(126)
}

fn start(job: &JobFolder, order: &JobOrder) -> Result<Child, ScriptEnd> {
    let not_started = |event: &str, what: String| ScriptEnd::NotStarted { event: event.to_owned(), what };
    if !order.directory.is_dir() {
        let what = format!("Cannot go into the working directory {} of the job", order.directory.display());
        return Err(not_started(told::NO_FOLDER, what));
    }
    let append = |path: &Path| {
        beneath::append(&order.directory.join(path)).map_err(|e| {
            not_started(told::NO_OUTPUT, format!("Cannot create the output file {}: {e}", path.display()))
        })
    };
    let (stdout, stderr) = (append(&order.stdout)?, append(&order.stderr)?);
    Command::new(THIS_PROGRAM)
        .arg0("alpsckpt")
        .args(["cluster", "become", "--dir"])
        .arg(&job.0)
        .current_dir(&order.directory)
        .env_clear()
        .envs(order.environment.iter().map(|(k, v)| (k, v)))
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .map_err(|e| not_started("LAUNCHING_ERROR", format!("Cannot start the script: {e}")))
}

/// Records who the child is and waits for its end; its raw wait status.
fn attend(job: &JobFolder, mut child: Child, script: &OnceLock<ProcessId>) -> i32 {
    let process = i32::try_from(child.id()).ok().and_then(ProcessId::of);
    if let Some(process) = process {
        let _ = script.set(process.clone());
        // Without this record the job gets no checkpoint signal; it still runs and its end is still recorded.
        let began = Began { process, at: Moment::now() };
        if let Err(e) = sealed::create_exclusive(&job.0.join("child.ron"), &began) {
            tell!("{e}");
        }
    }
    loop {
        match child.wait() {
            Ok(status) => return status.into_raw(),
            Err(e) => {
                tell!("waiting for the script: {e}");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
}

/// The variables that OAR gives to a job, as seen on 2.5 and 2.6, beside those of its client; nothing of the server's environment.
pub(super) fn environment(
    facts: &[(&str, String)],
    folder: &JobFolder,
    of_client: &[(String, String)],
) -> Vec<(String, String)> {
    let mut all = of_client.to_vec();
    all.push(("SHELL".to_owned(), "/bin/bash".to_owned()));
    all.push(("TERM".to_owned(), "unknown".to_owned()));
    all.push(("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()));
    all.push((COOKIE.to_owned(), folder.cookie()));
    all.extend(facts.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    all
}
