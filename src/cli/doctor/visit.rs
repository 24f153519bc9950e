//! The job that looks around on a node.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::findings::Findings;
use crate::batch::{BatchSystem, Ending, Job, JobId, Manner, Submission, Token};
use crate::campaign::clock;
use crate::campaign::shell::JobScript;
use crate::checkpoint::ExitClass;
use crate::cli::CliError;
use crate::durable::sealed;
use crate::job::setup;
use crate::job::surroundings::{self, NodeAnswer};
use crate::shell_words::quoted;

/// The walltime of the job, seconds: trials on a slow disk take a minute or two.
const WALLTIME: u64 = 300;

/// Between two questions about the job.
const PAUSE: Duration = Duration::from_secs(2);

/// The job, with its script in place.
pub(super) fn submission(
    folder: &Path,
    kit: Option<&Path>,
    manner: &'static Manner,
    site: std::collections::BTreeMap<String, String>,
    setup: &[&str],
) -> Result<Submission, CliError> {
    let submission = Submission {
        token: Token(format!("alpsckpt-doctor-{}", clock::random_name(8))),
        script: folder.join("job.sh"),
        directory: folder.to_path_buf(),
        walltime: WALLTIME,
        checkpoint: 0,
        stdout: folder.join("out"),
        stderr: folder.join("err"),
        site,
        not_on: std::collections::BTreeSet::new(),
    };
    let mut arguments = b"job look --folder ".to_vec();
    arguments.extend(quoted(folder.as_os_str().as_bytes()));
    if let Some(kit) = kit {
        arguments.extend(b" --kit ");
        arguments.extend(quoted(kit.as_os_str().as_bytes()));
    }
    let about = "Looks at its folder from a node, for `alpsckpt doctor`.";
    let program = folder.join("alpsckpt");
    // Copied a moment ago: nothing has to be verified.
    let (submitted, verified, plain) = (&submission, b"".as_slice(), false);
    let (program, arguments) = (&program, &arguments);
    let job = JobScript { manner, submission: submitted, about, setup, program, verified, arguments, plain };
    let text = job.text();
    let write = || {
        fs::write(&submission.script, &text)?;
        fs::set_permissions(&submission.script, fs::Permissions::from_mode(0o755))
    };
    write().map_err(|e| CliError::output(format!("{}: {e}", submission.script.display())))?;
    Ok(submission)
}

/// A job that is sent to a node to look around.
pub(super) struct Visit<'a> {
    pub(super) submission: &'a Submission,
    pub(super) folder: &'a Path,
    pub(super) patience: Duration,
    pub(super) interrupted: &'a AtomicBool,
}

impl Visit<'_> {
    /// What the node answers; nothing of the job is left behind.
    pub(super) fn make(&self, client: &mut dyn BatchSystem, findings: &mut Findings) -> Option<NodeAnswer> {
        const WHAT: &str = "a job for the project";
        let id = match client.submit(self.submission) {
            Ok(id) => {
                findings.good(WHAT, format!("accepted as job {id}"));
                id
            }
            Err(e) => {
                let cure = if e.surely_not_submitted() {
                    e.hint()
                } else {
                    "try again; a job that was taken all the same ends by itself".to_owned()
                };
                findings.bad(WHAT, e.to_string(), &cure);
                return None;
            }
        };
        let until = Instant::now() + self.patience;
        let mut last = None;
        while Instant::now() < until {
            if let Some(answer) = self.answer() {
                return Some(answer);
            }
            if self.is_interrupted() {
                let _ = client.delete(id);
                return None;
            }
            if let Ok(jobs) = client.find(std::slice::from_ref(&self.submission.token)) {
                last = jobs.into_iter().next_back();
                if last.as_ref().is_some_and(|job| job.state.is_over()) {
                    break;
                }
            }
            self.pause();
        }
        // A node's last words may come after its job's end: folders are cached.
        self.pause();
        let answer = self.answer();
        if answer.is_none() {
            unanswered(client, id, last.as_ref(), self.folder, findings);
        }
        answer
    }

    fn answer(&self) -> Option<NodeAnswer> {
        sealed::read(&self.folder.join(surroundings::ANSWER)).ok()
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Until it is time to ask again, or somebody interrupts.
    fn pause(&self) {
        let until = Instant::now() + PAUSE;
        while Instant::now() < until && !self.is_interrupted() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn unanswered(
    client: &mut dyn BatchSystem,
    id: JobId,
    last: Option<&Job>,
    folder: &Path,
    findings: &mut Findings,
) {
    const WHAT: &str = "a node's answer";
    let Some(job) = last.filter(|job| job.state.is_over()) else {
        let state =
            last.map_or_else(|| "unknown".to_owned(), |job| format!("{}: {}", job.state, job.message));
        let removed = client.delete(id).map_or_else(|e| e.to_string(), |()| "it was deleted".to_owned());
        let found = format!("none in time; job {id} is {state}; {removed}");
        findings.bad(WHAT, found, "give it longer with --wait, or ask for less in `site`");
        return;
    };
    let said = fs::read_to_string(folder.join("err")).unwrap_or_default();
    let said = setup::last_words(&said).unwrap_or_else(|| "it said nothing here".to_owned());
    let found = format!("job {id} ended ({}, {:?}) without one: {said}", job.state, job.ended());
    findings.bad(
        WHAT,
        found,
        if job.ended() == Some(Ending::Code(ExitClass::Setup.code())) {
            "correct the `setup` lines in the campaign file"
        } else {
            "the node must see the folder of `output` under the same path and be able to run this program"
        },
    );
}
