//! Which campaign a command is about: a campaign file, an output folder, or the one opened last.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::{Failure, failure, inputs, probe};
use crate::campaign::identity::Identity;
use crate::campaign::spec::{self, Loaded, MonthsPerChain, Spec};
use crate::campaign::{registry, shell};
use crate::checkpoint::CampaignDir;

/// Reads a campaign file.
pub(super) fn load(file: &Path) -> Result<Loaded, Failure> {
    spec::load(file).map_err(Failure::spec)
}

/// Reads a campaign file to begin or go on with it: what it leaves to the planner is settled, once for all, when the
/// campaign begins.
pub(super) fn load_settled(file: &Path) -> Result<Loaded, Failure> {
    let mut loaded = load(file)?;
    let auto = loaded.spec.months_per_chain == MonthsPerChain::Auto;
    if !auto && loaded.spec.tile.is_some() {
        return Ok(loaded);
    }
    if let Ok(begun) = spec_of(&loaded.spec.output) {
        if auto {
            loaded.spec.months_per_chain = begun.months_per_chain;
        }
        loaded.spec.tile = loaded.spec.tile.or(begun.tile);
    } else {
        inputs::check(&loaded, &loaded.spec.months)?;
        loaded.spec = probe::settle(&loaded.spec)?;
    }
    Ok(loaded)
}

/// The output folder of the campaign named by a person.
pub(super) fn output_of(campaign: Option<&Path>) -> Result<PathBuf, Failure> {
    let output = match campaign {
        None => registry::last().ok_or_else(no_campaign)?,
        Some(path) if path.is_dir() => absolute(path)?,
        Some(file) => load(file)?.spec.output,
    };
    let state = CampaignDir::new(&output).state();
    match std::fs::metadata(&state) {
        Ok(facts) if facts.is_dir() => return Ok(output),
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            let what = format!("{}: you may not read what is here: {e}", state.display());
            return Err(Failure::new(failure::OUTPUT, what, whose(&state)));
        }
        _ => {}
    }
    let what = format!("{}: no campaign here yet", output.display());
    Err(Failure::new(failure::MISSING, what, "begin it with `alpsckpt run FILE` or `alpsckpt submit FILE`"))
}

/// The frozen spec of the campaign in an output folder.
pub(super) fn spec_of(output: &Path) -> Result<Spec, Failure> {
    let campaign = CampaignDir::new(output);
    let identity = Identity::read(&campaign)?;
    Ok(spec::frozen(&campaign, &identity.spec)?)
}

/// The campaign to look at that a person named: by its file as it is now; else by its frozen spec.
pub(super) fn loaded(campaign: Option<&Path>) -> Result<Loaded, Failure> {
    match campaign {
        Some(file) if !file.is_dir() => load(file),
        folder => {
            let campaign = CampaignDir::new(&output_of(folder)?);
            let file = campaign.spec(&Identity::read(&campaign)?.spec);
            Ok(Loaded { spec: spec_of(campaign.output())?, file, text: String::new() })
        }
    }
}

/// The state folder of the embedded cluster: the one named, else the default one.
pub(super) fn cluster_of(named: Option<&Path>) -> Result<PathBuf, Failure> {
    match named {
        Some(folder) => absolute(folder),
        None => registry::default_cluster().ok_or_else(|| {
            let cure = "name a folder for it in the environment variable ALPSCKPT_STATE";
            Failure::new(failure::OUTPUT, "there is no home folder for the embedded cluster", cure)
        }),
    }
}

/// What helps who may not open a file: whose it is, or whose the folder is that cannot be entered, and the command for its
/// owner or root.
pub(super) fn whose(path: &Path) -> String {
    let Some((path, facts)) = path.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?))) else {
        return String::new();
    };
    let name =
        |user: Uid| User::from_uid(user).ok().flatten().map_or_else(|| user.to_string(), |user| user.name);
    let (owner, me) = (Uid::from_raw(facts.uid()), Uid::effective());
    // A campaign belongs to one person: all of it, not the one file that was met first.
    let campaign =
        path.ancestors().find(|at| at.file_name().is_some_and(|n| n == ".alpsckpt")).unwrap_or(path);
    let quoted = shell::quoted(campaign.as_os_str().as_bytes());
    let quoted = String::from_utf8_lossy(&quoted);
    let mode = facts.mode() & 0o777;
    if owner == me {
        return format!("it is yours, with mode {mode:03o}: chmod -R u+rwX {quoted}");
    }
    format!(
        "it belongs to {}, with mode {mode:03o}; to make it yours, as root: chown -R {} {quoted}",
        name(owner),
        name(me)
    )
}

/// A path that does not depend on the current folder.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::output(format!("{}: {e}", path.display())))
}

fn no_campaign() -> Failure {
    Failure::new(
        failure::MISSING,
        "no campaign was opened yet",
        "name one, begin one with `alpsckpt new my.ron`, or see one at work with `alpsckpt demo`",
    )
}
