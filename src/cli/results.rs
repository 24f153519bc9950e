//! What the programs of a campaign of commands have made.

use std::path::Path;

use super::{CliError, exit, output};
use crate::campaign::spec::{Command, Spec};
use crate::checkpoint::{CampaignDir, Complete, form};
use crate::durable::beneath;
use crate::words;

/// Lists the results of all chains, in the order of the calendar: file, size, state. `as_maps`: pictures or copies of maps are asked
/// for.
pub(super) fn list(output: &Path, spec: &Spec, command: &Command, as_maps: bool) -> Result<(), CliError> {
    let campaign = CampaignDir::new(output);
    if as_maps {
        let what = "this campaign runs a program: its results are files of that, of which no pictures and no copies are made";
        let cure = format!("take them as they are, from {}", campaign.results().display());
        return Err(CliError::new(exit::USAGE, what, cure));
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for chain in spec.chains() {
        let complete: Option<Complete> = form::read(&campaign.chain(&chain.id).complete()).ok();
        // Where the folder lies now, not where the campaign was made.
        for (name, _) in command.outputs_of(spec, &chain, Path::new("")) {
            let path = campaign.results().join(&name);
            let made =
                complete.as_ref().and_then(|c| c.maps.iter().find(|file| Path::new(&file.file) == name));
            let there = beneath::facts(&path).ok().filter(beneath::is_regular).map(|facts| facts.len());
            let state = match (made, there) {
                (Some(file), Some(bytes)) if file.bytes == bytes => "finished".to_owned(),
                (Some(file), Some(_)) => format!("changed: it had {} bytes", file.bytes),
                (Some(_), None) => format!("missing: `alpsckpt resubmit {}` has it made anew", chain.id),
                (None, Some(_)) => "not of this campaign".to_owned(),
                (None, None) => "not yet".to_owned(),
            };
            let size = there.map_or_else(String::new, words::bytes);
            rows.push(vec![chain.id.to_string(), path.display().to_string(), size, state]);
        }
    }
    if rows.is_empty() {
        output::note(format!(
            "the campaign file names no `outputs`: what the program of a chain has made stays in its own folder, below {}",
            campaign.state().join("chains").display()
        ));
        return Ok(());
    }
    output::table(&["chain", "result", "size", "state"], &rows, &[2]).into_iter().try_for_each(output::say)
}
