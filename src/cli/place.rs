//! Which campaign a command is about: a campaign file, an output folder, or the one opened last.

use std::path::{Path, PathBuf};

use super::{Failure, failure, inputs, probe};
use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::campaign::spec::{self, Loaded, MonthsPerChain, Spec};
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
    if CampaignDir::new(&output).state().is_dir() {
        return Ok(output);
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
