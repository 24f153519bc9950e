//! `alpsckpt doctor`: whether a site is fit for campaigns, by a small job on one of its nodes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::submit::Which;
use super::{Failure, failure, output, place};
use crate::THIS_PROGRAM;
use crate::campaign::clock;
use crate::campaign::shell::{JobScript, quoted};
use crate::durable::sealed;
use crate::job::surroundings::{self, Answer, Surroundings};
use crate::oar_client::{BatchSystem, Job, JobId, Submission, Token};
use crate::quantity::count;

/// Verifies that a site is fit for campaigns: the batch system, the project, the shared folder, the clocks.
///
/// Submits a job of two minutes that looks at the folder of the maps from a node. Nothing of it stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt doctor my.ron --cluster oar
  alpsckpt doctor my.ron --cluster oar --wait 1800     on a cluster that is full

Exit codes: 0 all is well, 65 bad campaign file, 69 something is not.")]
pub(super) struct Args {
    /// The campaign file: its `site`, `setup` and `threads`, and the folder where its `output` goes.
    file: PathBuf,
    #[command(flatten)]
    which: Which,
    /// How long the job may wait for a node, seconds.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// The walltime of the job, seconds.
const WALLTIME: u64 = 120;

/// Between two questions about the job.
const PAUSE: Duration = Duration::from_secs(2);

/// Clocks further apart than this confuse people who read dates, ms; the program itself does not go by them.
const SKEW: i64 = 5_000;

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    good: bool,
    found: String,
    /// What to do where it is not.
    cure: String,
}

/// What was found so far.
#[derive(Debug, Default, Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    fn good(&mut self, what: &str, found: impl Into<String>) {
        self.add(what, true, found, "");
    }

    fn bad(&mut self, what: &str, found: impl Into<String>, cure: &str) {
        self.add(what, false, found, cure);
    }

    fn add(&mut self, what: &str, good: bool, found: impl Into<String>, cure: &str) {
        self.findings.push(Finding {
            what: what.to_owned(),
            good,
            found: found.into(),
            cure: cure.to_owned(),
        });
    }

    fn all_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.good)
    }

    /// What a machine sees of the folder.
    fn folder(&mut self, from: &str, seen: &Surroundings) {
        let what = format!("the folder of the maps, from {from}");
        let faults: Vec<String> = (seen.trials.iter())
            .filter_map(|trial| Some(format!("{}: {}", trial.what, trial.fault.as_ref()?)))
            .collect();
        if faults.is_empty() {
            let kept: Vec<&str> = seen.trials.iter().map(|trial| trial.what.as_str()).collect();
            self.good(&what, kept.join("; "));
        } else {
            self.bad(
                &what,
                faults.join("; "),
                "checkpoints need all of these: choose another file system for `output`",
            );
        }
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let spec = place::load(&args.file)?.spec;
    let mut client = args.which.choose(&spec.output)?.connect()?;
    // Beside the campaign, on the same file system, before there is one.
    let beside = spec.output.parent().unwrap_or(&spec.output).to_path_buf();
    let folder = Folder::create(&beside)?;
    let mut findings = Findings::default();
    let front = surroundings::look(&folder.0);
    findings.folder("this machine", &front);
    if ask(client.as_mut(), &mut findings) && findings.all_good() {
        let submission = submission(&folder.0, spec.site_lines(), &spec.setup_lines())?;
        let patience = Duration::from_secs(args.wait);
        if let Some(answer) = visit(client.as_mut(), &submission, &folder.0, patience, &mut findings) {
            compare(&answer, &folder, &front, &mut findings);
            cores(&answer.node, spec.threads, &mut findings);
        }
    }
    show(&findings, args.json)?;
    if findings.all_good() {
        return Ok(());
    }
    Err(Failure::new(failure::BATCH, "the site is not fit for the campaign", "see above"))
}

/// A folder for the job, which goes with its holder.
struct Folder(PathBuf);

impl Folder {
    fn create(beside: &Path) -> Result<Self, Failure> {
        let folder = beside.join(format!(".alpsckpt-doctor-{}", clock::random_name(8)));
        let fail = |path: &Path, e| Failure::output(format!("{}: {e}", path.display()));
        fs::create_dir_all(&folder).map_err(|e| fail(&folder, e))?;
        let this = Self(folder);
        let challenge = this.0.join(surroundings::CHALLENGE);
        fs::write(&challenge, clock::random_name(32)).map_err(|e| fail(&challenge, e))?;
        // The node must be able to run it, too.
        let program = this.program();
        fs::copy(THIS_PROGRAM, &program).map_err(|e| fail(&program, e))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(|e| fail(&program, e))?;
        Ok(this)
    }

    fn program(&self) -> PathBuf {
        self.0.join("alpsckpt")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether the batch system answers and has nodes.
fn ask(client: &mut dyn BatchSystem, findings: &mut Findings) -> bool {
    match client.info() {
        Ok(info) => findings.good("the batch system", info.name),
        Err(e) => findings.bad("the batch system", e.to_string(), &e.hint()),
    }
    match client.nodes() {
        Ok(nodes) => {
            let alive = nodes.iter().filter(|node| node.state == "Alive").count();
            let found = format!("{alive} of {} alive", nodes.len());
            let cure = "wait until there is one, or ask the cluster's administrators";
            findings.add("its nodes", alive > 0, found, if alive > 0 { "" } else { cure });
        }
        Err(e) => findings.bad("its nodes", e.to_string(), &e.hint()),
    }
    findings.all_good()
}

/// The job, with its script in place.
fn submission(
    folder: &Path,
    site: std::collections::BTreeMap<String, String>,
    setup: &[&str],
) -> Result<Submission, Failure> {
    let submission = Submission {
        token: Token(format!("alpsckpt-doctor-{}", clock::random_name(8))),
        script: folder.join("job.sh"),
        directory: folder.to_path_buf(),
        walltime: WALLTIME,
        checkpoint: 0,
        stdout: folder.join("out"),
        stderr: folder.join("err"),
        site,
    };
    let mut arguments = b"job look --folder ".to_vec();
    arguments.extend(quoted(folder.as_os_str().as_bytes()));
    let about = "Looks at its folder from a node, for `alpsckpt doctor`.";
    let program = folder.join("alpsckpt");
    // Copied a moment ago: nothing has to be verified.
    let (submitted, verified, plain) = (&submission, b"".as_slice(), false);
    let (program, arguments) = (&program, &arguments);
    let job = JobScript { submission: submitted, about, setup, program, verified, arguments, plain };
    let text = job.text();
    let write = || {
        fs::write(&submission.script, &text)?;
        fs::set_permissions(&submission.script, fs::Permissions::from_mode(0o755))
    };
    write().map_err(|e| Failure::output(format!("{}: {e}", submission.script.display())))?;
    Ok(submission)
}

/// What a node answers; nothing of the job is left behind.
fn visit(
    client: &mut dyn BatchSystem,
    submission: &Submission,
    folder: &Path,
    patience: Duration,
    findings: &mut Findings,
) -> Option<Answer> {
    const WHAT: &str = "a job for the project";
    let id = match client.submit(submission) {
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
    let until = Instant::now() + patience;
    let mut last = None;
    while Instant::now() < until {
        if let Ok(answer) = sealed::read(&folder.join(surroundings::ANSWER)) {
            return Some(answer);
        }
        if let Ok(jobs) = client.find(std::slice::from_ref(&submission.token)) {
            last = jobs.into_iter().next_back();
            if last.as_ref().is_some_and(|job| job.state.is_over()) {
                break;
            }
        }
        std::thread::sleep(PAUSE);
    }
    // A node's last words may come after its job's end: folders are cached.
    std::thread::sleep(PAUSE);
    if let Ok(answer) = sealed::read(&folder.join(surroundings::ANSWER)) {
        return Some(answer);
    }
    unanswered(client, id, last.as_ref(), folder, findings);
    None
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
    let said = said.lines().rfind(|line| !line.is_empty()).unwrap_or("it said nothing here");
    let found = format!("job {id} ended ({}, {:?}) without one: {said}", job.state, job.ended);
    let cure = "the node must see the folder of `output` under the same path and be able to run this program";
    findings.bad(WHAT, found, cure);
}

/// Whether the node sees what this machine sees.
fn compare(answer: &Answer, folder: &Folder, front: &Surroundings, findings: &mut Findings) {
    let node = &answer.node;
    let wrote = fs::read_to_string(folder.0.join(surroundings::CHALLENGE)).unwrap_or_default();
    let what = format!("the folder is shared with {}", node.host);
    if answer.challenge == wrote {
        findings.good(&what, folder.0.display().to_string());
    } else {
        findings.bad(
            &what,
            "the node reads something else there",
            "choose a shared file system for `output`",
        );
    }
    findings.folder(&node.host, node);
    let ahead = node.clock_ahead_ms - front.clock_ahead_ms;
    let found = format!("{:.1} s apart from this machine's", ahead as f64 / 1000.0);
    let cure = "dates on the screens will be off by that; ask the cluster's administrators to set the clocks";
    let good = ahead.abs() <= SKEW;
    findings.add(&format!("the clock of {}", node.host), good, found, if good { "" } else { cure });
}

/// Whether the job was given the cores that it computes with.
fn cores(node: &Surroundings, threads: Option<u32>, findings: &mut Findings) {
    let Some(threads) = threads else {
        findings.good("cores of a job", node.cores.to_string());
        return;
    };
    let found = format!("{} for {}", node.cores, count(u64::from(threads), "thread"));
    let cure = "write `resources=/nodes=1/core=N` in `site`, or name the site";
    let good = node.cores >= threads;
    findings.add("cores of a job", good, found, if good { "" } else { cure });
}

fn show(findings: &Findings, json: bool) -> Result<(), Failure> {
    if json {
        return output::say_json(findings);
    }
    for Finding { what, good, found, cure } in &findings.findings {
        output::say(format!("{}  {what}: {found}", if *good { "good" } else { "BAD " }))?;
        if !good {
            output::say(format!("      → {cure}"))?;
        }
    }
    Ok(())
}
