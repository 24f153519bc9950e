//! `alpsckpt doctor`: whether a site is fit for campaigns, by a small job on one of its nodes.

mod findings;
mod visit;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use tempfile::TempDir;

use super::output::{AsJson, Output};
use super::submit::Which;
use super::{CliError, exit, place};
use crate::THIS_PROGRAM;
use crate::batch::BatchSystem;
use crate::campaign::spec::Checkpoint;
use crate::campaign::{clock, registry};
use crate::clusters;
use crate::job::{signals, surroundings};
#[cfg(test)]
pub(super) use findings::sample;
use findings::{Findings, compare, cores};
use visit::{Visit, submission};

/// Verifies that a site is fit for campaigns: the batch system, the project, the shared folder, the clocks, and which programs its
/// nodes can checkpoint.
///
/// Submits a job of five minutes that looks at the folder of the maps from a node, and there runs, dumps and restores a small program
/// by CRIU and by DMTCP. Nothing of it stays. Without a campaign file it looks at this machine alone.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Args {
    /// The campaign file: its `site`, `setup` and `threads`, and the folder where its `output` goes.
    file: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// How long the job may wait for a node, seconds.
    #[arg(long, default_value_t = 240, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    #[command(flatten)]
    _json: AsJson,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  alpsckpt doctor my.ron --cluster {name}
  alpsckpt doctor my.ron --cluster {name} --wait 1800     on a cluster that is full
  alpsckpt doctor                                      what this machine can checkpoint

Exit codes: 0 all is well, 65 bad campaign file, 69 something is not, 75 it was interrupted.",
        name = clusters::usual().name
    )
}

/// A folder older than this belongs to no doctor that still waits: see [`Args::wait`].
const LEFT_BEHIND: Duration = Duration::from_hours(25);

/// What the folders' names begin with.
const FOLDER: &str = ".alpsckpt-doctor-";

pub(super) fn run(args: &Args, out: Output) -> Result<(), CliError> {
    let Some(file) = &args.file else { return here(out) };
    let spec = place::load(file)?.spec;
    let mut client = args.which.choose(&spec.output)?.connect(registry::state_folder().as_deref());
    // Beside the campaign, on the same file system, before there is one.
    let beside = spec.output.parent().unwrap_or(&spec.output).to_path_buf();
    let interrupted = interruptions()?;
    sweep(&beside);
    let folder = Folder::create(&beside)?;
    let mut findings = Findings::default();
    let kit = spec.command().and_then(|command| command.kit.as_deref());
    let front = surroundings::look(folder.path(), kit);
    findings.folder("this machine", &front);
    findings.abilities("this machine", &front, &Checkpoint::None);
    if ask(client.as_mut(), &mut findings) && findings.all_good() {
        let submission =
            submission(folder.path(), kit, client.manner(), spec.site_lines(), &spec.setup_lines())?;
        let patience = Duration::from_secs(args.wait);
        let visit =
            Visit { submission: &submission, folder: folder.path(), patience, interrupted: &interrupted };
        if let Some(answer) = visit.make(client.as_mut(), &mut findings) {
            compare(&answer, &folder, &front, &mut findings);
            let wanted = spec.command().map_or(&Checkpoint::None, |command| &command.checkpoint);
            findings.abilities(&answer.node.host, &answer.node, wanted);
            cores(&answer.node, &front, &spec, &mut findings);
        }
    }
    if interrupted.load(Ordering::SeqCst) {
        let cure = "its job was deleted and its folder removed; begin again when there is time";
        return Err(CliError::new(exit::NOT_NOW, "interrupted before a node had answered", cure));
    }
    out.show(&findings)?;
    if findings.all_good() {
        return Ok(());
    }
    Err(CliError::new(exit::BATCH, "the site is not fit for the campaign", "see above"))
}

/// Looks at this machine alone, without a batch system.
fn here(out: Output) -> Result<(), CliError> {
    // A trial that is interrupted comes to its end, and is swept away.
    interruptions()?;
    let folder = Folder::create(&std::env::temp_dir())?;
    let mut findings = Findings::default();
    findings.abilities("this machine", &surroundings::look(folder.path(), None), &Checkpoint::None);
    out.show(&findings)?;
    if findings.any_good() {
        return Ok(());
    }
    let what = "this machine can checkpoint no programs but those that do it themselves";
    Err(CliError::new(exit::BATCH, what, "see above"))
}

/// The flag that Ctrl-C, a closed terminal and SIGTERM set; a second one ends the process at once.
fn interruptions() -> Result<Arc<AtomicBool>, CliError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signals::end_at_second(signal, &flag).map_err(CliError::defect)?;
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
struct Folder(TempDir);

impl Folder {
    fn create(beside: &Path) -> Result<Self, CliError> {
        let fail = |path: &Path, e| CliError::output(format!("{}: {e}", path.display()));
        fs::create_dir_all(beside).map_err(|e| fail(beside, e))?;
        // Open as any folder of this person's: the batch system's server may have to look into it.
        let mut folder = tempfile::Builder::new();
        folder.prefix(FOLDER).permissions(Permissions::from_mode(0o777));
        let this = Self(folder.tempdir_in(beside).map_err(|e| fail(beside, e))?);
        let challenge = this.path().join(surroundings::CHALLENGE);
        fs::write(&challenge, clock::random_name(32)).map_err(|e| fail(&challenge, e))?;
        // The node must be able to run it, too.
        let program = this.program();
        fs::copy(THIS_PROGRAM, &program).map_err(|e| fail(&program, e))?;
        fs::set_permissions(&program, Permissions::from_mode(0o755)).map_err(|e| fail(&program, e))?;
        Ok(this)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn program(&self) -> PathBuf {
        self.path().join("alpsckpt")
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
            let alive = nodes.iter().filter(|node| node.state.is_up()).count();
            let found = format!("{alive} of {} alive", nodes.len());
            let cure = "wait until there is one, or ask the cluster's administrators";
            findings.add("its nodes", alive > 0, found, if alive > 0 { "" } else { cure });
        }
        Err(e) => findings.bad("its nodes", e.to_string(), &e.hint()),
    }
    findings.all_good()
}

#[cfg(test)]
mod tests {
    use super::*;

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
