//! `alpsckpt doctor`: whether a site is fit for campaigns, by a small job on one of its nodes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::submit::Which;
use super::{Failure, failure, output, place};
use crate::THIS_PROGRAM;
use crate::campaign::clock;
use crate::campaign::shell::JobScript;
use crate::campaign::spec::{Checkpoint, Command, Spec, Workload};
use crate::checkpoint::ExitClass;
use crate::durable::sealed;
use crate::foreign::trial::{self, Ability};
use crate::job::surroundings::{self, Answer, Surroundings};
use crate::job::{setup, signals};
use crate::oar_client::{BatchSystem, Ending, Job, JobId, Submission, Token};
use crate::quantity::count;
use crate::shell_words::quoted;

/// Verifies that a site is fit for campaigns: the batch system, the project, the shared folder, the clocks, and which programs its
/// nodes can checkpoint.
///
/// Submits a job of two minutes that looks at the folder of the maps from a node, and there runs, dumps and restores a small program
/// by CRIU and by DMTCP. Nothing of it stays. Without a campaign file it looks at this machine alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt doctor my.ron --cluster oar
  alpsckpt doctor my.ron --cluster oar --wait 1800     on a cluster that is full
  alpsckpt doctor                                      what this machine can checkpoint

Exit codes: 0 all is well, 65 bad campaign file, 69 something is not, 75 it was interrupted.")]
pub(super) struct Args {
    /// The campaign file: its `site`, `setup` and `threads`, and the folder where its `output` goes.
    file: Option<PathBuf>,
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

/// A folder older than this belongs to no doctor that still waits: see [`Args::wait`].
const LEFT_BEHIND: Duration = Duration::from_hours(25);

/// What the folders' names begin with.
const FOLDER: &str = ".alpsckpt-doctor-";

/// Clocks further apart than this confuse people who read dates, ms; the program itself does not go by them.
const SKEW: i64 = 5_000;

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    good: bool,
    /// Where it is not good, the site is not fit for the campaign.
    needed: bool,
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
        let (what, found, cure) = (what.to_owned(), found.into(), cure.to_owned());
        self.findings.push(Finding { what, good, needed: true, found, cure });
    }

    fn all_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.good || !finding.needed)
    }

    /// Which programs a machine can checkpoint, of which the campaign wants something. The maps of this program's own engine
    /// need none of it.
    fn abilities(&mut self, from: &str, seen: &Surroundings, wanted: &Checkpoint) {
        let none = seen.abilities.iter().all(|ability| !ability.can);
        for Ability { backend, can, found, cure } in &seen.abilities {
            let what = format!("checkpoints of other programs by {backend}, on {from}");
            let needed = match wanted {
                Checkpoint::Auto => none,
                Checkpoint::Criu => backend == trial::CRIU,
                Checkpoint::Dmtcp => backend == trial::DMTCP,
                Checkpoint::Own { .. } | Checkpoint::None => false,
            };
            self.findings.push(Finding {
                what,
                good: *can,
                needed,
                found: found.clone(),
                cure: cure.clone(),
            });
        }
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
    let Some(file) = &args.file else { return here(args.json) };
    let spec = place::load(file)?.spec;
    let mut client = args.which.choose(&spec.output)?.connect()?;
    // Beside the campaign, on the same file system, before there is one.
    let beside = spec.output.parent().unwrap_or(&spec.output).to_path_buf();
    let interrupted = interruptions()?;
    sweep(&beside);
    let folder = Folder::create(&beside)?;
    let mut findings = Findings::default();
    let kit = command_of(&spec).and_then(|command| command.kit.as_deref());
    let front = surroundings::look(&folder.0, kit);
    findings.folder("this machine", &front);
    findings.abilities("this machine", &front, &Checkpoint::None);
    if ask(client.as_mut(), &mut findings) && findings.all_good() {
        let submission = submission(&folder.0, kit, spec.site_lines(), &spec.setup_lines())?;
        let patience = Duration::from_secs(args.wait);
        let visit = Visit { submission: &submission, folder: &folder.0, patience, interrupted: &interrupted };
        if let Some(answer) = visit.make(client.as_mut(), &mut findings) {
            compare(&answer, &folder, &front, &mut findings);
            let wanted = command_of(&spec).map_or(&Checkpoint::None, |command| &command.checkpoint);
            findings.abilities(&answer.node.host, &answer.node, wanted);
            cores(&answer.node, &front, &spec, &mut findings);
        }
    }
    if interrupted.load(Ordering::SeqCst) {
        let cure = "its job was deleted and its folder removed; begin again when there is time";
        return Err(Failure::new(failure::NOT_NOW, "interrupted before a node had answered", cure));
    }
    show(&findings, args.json)?;
    if findings.all_good() {
        return Ok(());
    }
    Err(Failure::new(failure::BATCH, "the site is not fit for the campaign", "see above"))
}

/// Looks at this machine alone, without a batch system.
fn here(json: bool) -> Result<(), Failure> {
    let folder = Folder::create(&std::env::temp_dir())?;
    let mut findings = Findings::default();
    findings.abilities("this machine", &surroundings::look(&folder.0, None), &Checkpoint::None);
    show(&findings, json)?;
    if findings.findings.iter().any(|finding| finding.good) {
        return Ok(());
    }
    let what = "this machine can checkpoint no programs but those that do it themselves";
    Err(Failure::new(failure::BATCH, what, "see above"))
}

/// The program of a campaign that is not the engine's.
fn command_of(spec: &Spec) -> Option<&Command> {
    match &spec.workload {
        Workload::Command(command) => Some(command),
        Workload::Engine => None,
    }
}

/// The flag that Ctrl-C, a closed terminal and SIGTERM set; a second one ends the process at once.
fn interruptions() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signals::end_at_second(signal, &flag).map_err(Failure::defect)?;
    }
    Ok(flag)
}

/// Removes what a doctor that was killed left beside the campaign.
fn sweep(beside: &Path) {
    for entry in fs::read_dir(beside).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(FOLDER);
        let Ok(facts) = entry.metadata() else { continue };
        let age = facts.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
        if ours && facts.is_dir() && age.is_some_and(|age| age > LEFT_BEHIND) {
            // Another's stays: it cannot be removed.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A folder for the job, which goes with its holder.
struct Folder(PathBuf);

impl Folder {
    fn create(beside: &Path) -> Result<Self, Failure> {
        let folder = beside.join(format!("{FOLDER}{}", clock::random_name(8)));
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
    kit: Option<&Path>,
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
    if let Some(kit) = kit {
        arguments.extend(b" --kit ");
        arguments.extend(quoted(kit.as_os_str().as_bytes()));
    }
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

/// A job that is sent to a node to look around.
struct Visit<'a> {
    submission: &'a Submission,
    folder: &'a Path,
    patience: Duration,
    interrupted: &'a AtomicBool,
}

impl Visit<'_> {
    /// What the node answers; nothing of the job is left behind.
    fn make(&self, client: &mut dyn BatchSystem, findings: &mut Findings) -> Option<Answer> {
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

    fn answer(&self) -> Option<Answer> {
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
    let found = format!("job {id} ended ({}, {:?}) without one: {said}", job.state, job.ended);
    findings.bad(
        WHAT,
        found,
        if job.ended == Some(Ending::Code(ExitClass::Setup.code())) {
            "correct the `setup` lines in the campaign file"
        } else {
            "the node must see the folder of `output` under the same path and be able to run this program"
        },
    );
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
    let found = apart(ahead);
    let cure = "dates on the screens will be off by that; ask the cluster's administrators to set the clocks";
    let good = ahead.abs() <= SKEW;
    findings.add(&format!("the clock of {}", node.host), good, found, if good { "" } else { cure });
}

/// How far two clocks are apart, in words.
fn apart(ms: i64) -> String {
    format!("{:.1} s apart from this machine's", ms.unsigned_abs() as f64 / 1000.0)
}

/// Whether the job was given the cores that it computes with.
fn cores(node: &Surroundings, front: &Surroundings, spec: &Spec, findings: &mut Findings) {
    const WHAT: &str = "cores of a job";
    let asks = spec.site_lines().remove("resources").unwrap_or_default();
    if let Some(threads) = spec.threads {
        let found = format!("{} for {}, by {asks}", node.cores, count(u64::from(threads), "thread"));
        let cure = "leave `resources` out of `site`: then a job asks for as many cores as `threads` says";
        let good = node.cores >= threads;
        return findings.add(WHAT, good, found, if good { "" } else { cure });
    }
    // The nodes of the embedded cluster are this machine, which may itself be given only a part of the cores.
    let whole = if node.host == front.host { front.cores } else { node.online };
    let found = format!("{} of {}, by {asks}, as `threads` is open", node.cores, whole.max(node.cores));
    let good = node.cores >= whole || spec.own_site_lines().contains_key("resources");
    let cure = "jobs compute with fewer threads than the node has: write how many in `threads`";
    findings.add(WHAT, good, found, if good { "" } else { cure });
}

fn show(findings: &Findings, json: bool) -> Result<(), Failure> {
    if json {
        return output::say_json(findings);
    }
    for Finding { what, good, needed, found, cure } in &findings.findings {
        let word = match (good, needed) {
            (true, _) => "good",
            (false, true) => "BAD ",
            (false, false) => "none",
        };
        output::say(format!("{word}  {what}: {found}"))?;
        if !cure.is_empty() {
            output::say(format!("      → {cure}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(host: &str, cores: u32, online: u32) -> Surroundings {
        Surroundings {
            host: host.to_owned(),
            cores,
            online,
            clock_ahead_ms: 0,
            trials: Vec::new(),
            abilities: Vec::new(),
        }
    }

    fn spec(lines: &str) -> Spec {
        let field = lines.trim().split(':').next().filter(|field| !field.is_empty());
        let other = |line: &&str| field.is_none_or(|field| !line.trim_start().starts_with(field));
        let template = crate::campaign::spec::template();
        let rest: Vec<&str> = template.lines().filter(other).collect();
        let text = rest.join("\n").replacen('(', &format!("({lines}"), 1);
        crate::campaign::spec::parse(Path::new("/data/my.ron"), &text).unwrap().spec
    }

    #[test]
    fn fewer_cores_than_threads_are_told_also_where_the_threads_are_open() {
        let front = machine("front", 2, 2);
        let found = |node: &Surroundings, lines: &str| {
            let mut findings = Findings::default();
            cores(node, &front, &spec(lines), &mut findings);
            findings.findings.remove(0)
        };
        let one = machine("node1", 1, 32);
        for (node, lines, good, words) in [
            (&one, "\n    threads: Some(8),", false, "1 for 8 threads, by /nodes=1/core=8"),
            (&machine("node1", 8, 32), "\n    threads: Some(8),", true, "8 for 8 threads"),
            (&one, "", false, "1 of 32, by /nodes=1, as `threads` is open"),
            (&machine("node1", 32, 32), "", true, "32 of 32"),
            (&one, "\n    site: \"resources=/core=1\",", true, "1 of 32, by /core=1"),
            (&machine("front", 2, 64), "", true, "2 of 2"),
        ] {
            let finding = found(node, lines);
            assert_eq!(finding.good, good, "{finding:?}");
            assert!(finding.found.contains(words) && finding.good == finding.cure.is_empty(), "{finding:?}");
        }
    }

    #[test]
    fn a_backend_that_lacks_is_a_fault_where_the_campaign_needs_it() {
        let ability = |backend: &str, can| Ability {
            backend: backend.to_owned(),
            can,
            found: "tried".to_owned(),
            cure: String::new(),
        };
        let own = Checkpoint::Own { signal: "USR1".parse().unwrap(), resume: Vec::new() };
        for (criu, dmtcp, wanted, fit) in [
            (true, false, Checkpoint::Auto, true),
            (false, true, Checkpoint::Auto, true),
            (false, false, Checkpoint::Auto, false),
            (false, true, Checkpoint::Criu, false),
            (true, false, Checkpoint::Dmtcp, false),
            (false, false, Checkpoint::None, true),
            (false, false, own, true),
        ] {
            let abilities = vec![ability(trial::CRIU, criu), ability(trial::DMTCP, dmtcp)];
            let seen = Surroundings { abilities, ..machine("node1", 1, 1) };
            let mut findings = Findings::default();
            findings.abilities("node1", &seen, &wanted);
            assert_eq!(findings.all_good(), fit, "{wanted:?}: {:?}", findings.findings);
            assert_eq!(findings.findings.len(), 2);
        }
    }

    #[test]
    fn clocks_are_apart_by_no_less_than_nothing() {
        assert_eq!(
            [apart(-20), apart(1500), apart(-7000)].map(|a| a[..5].to_owned()),
            ["0.0 s", "1.5 s", "7.0 s"]
        );
    }

    #[test]
    fn what_a_killed_doctor_left_is_swept_away_and_what_one_waits_for_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, age: Duration| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("job.sh"), "").unwrap();
            fs::File::open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
            path
        };
        let (old, young) =
            (make(".alpsckpt-doctor-a", 2 * LEFT_BEHIND), make(".alpsckpt-doctor-b", Duration::ZERO));
        let other = make("maps", 2 * LEFT_BEHIND);
        sweep(folder.path());
        assert!(!old.exists() && young.exists() && other.exists());
    }
}
