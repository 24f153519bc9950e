//! `alpsckpt verify`: are the maps what was computed?

use std::path::{Path, PathBuf};

use super::output::{AsJson, Document, Output};
use super::{CliError, exit, output, place};
use crate::campaign::chains;
use crate::campaign::spec::Spec;
use crate::checkpoint::{CampaignDir, Chain, ChainId};
use crate::durable::DurableError;
use crate::engine::layer_named;
use crate::job::verify::{Verified, verify_chain};
use crate::quantity::{self, by_number, count};
use crate::shell_words::word;

/// Reopens every finished map: each block's checksum as recorded when computed, its valid pixels, its range of values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt verify my.ron
  alpsckpt verify --json | jq '.[] | select(.problems != [])'

Exit codes: 0 every map is there and good, 65 one is missing or differs, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    campaign: Option<PathBuf>,
    #[command(flatten)]
    _json: AsJson,
}

pub(super) fn run(args: &Args, out: Output) -> Result<(), CliError> {
    let output = place::output_of(args.campaign.as_deref())?;
    let spec = place::spec_of(&output)?;
    let of_chains = by_chain(&output, &spec, &spec.months)?;
    let cure = cure(&output, &spec, &of_chains);
    let maps: Vec<Verified> = of_chains.into_iter().flat_map(|(_, maps)| maps).collect();
    out.show(&Maps { spec: &spec, maps: &maps })?;
    match bad(&maps) {
        0 => Ok(()),
        n => Err(CliError::new(exit::INPUT, not_as_computed(&spec, n), cure)),
    }
}

/// The maps of a campaign, verified.
struct Maps<'m> {
    spec: &'m Spec,
    maps: &'m [Verified],
}

impl Document for Maps<'_> {
    fn lines(&self) -> Vec<String> {
        table(self.spec, self.maps)
    }

    fn json(&self) -> Result<String, CliError> {
        output::rows(self.maps)
    }
}

/// What to do about the chains with a map that is not what was computed: the command that makes it anew.
fn cure(output: &Path, spec: &Spec, of_chains: &[(ChainId, Vec<Verified>)]) -> String {
    let folder = word(output.as_os_str());
    let compared =
        of_chains.iter().flat_map(|(_, maps)| maps).any(|map| map.valid > 0 && !map.problems.is_empty());
    let damaged = of_chains.iter().filter(|(_, maps)| maps.iter().any(|map| map.damaged));
    let commands: Vec<String> =
        damaged.map(|(chain, _)| format!("alpsckpt resubmit {chain} --campaign {folder}")).collect();
    if commands.is_empty() && compared {
        return format!(
            "the maps' bytes are what was computed; put back what they are compared with: {}",
            spec.dem.display()
        );
    }
    if commands.is_empty() {
        return format!("see alpsckpt status {folder}");
    }
    format!("made anew, the good ones kept, by: {}", commands.join("\n  → and: "))
}

/// How many maps are not what was computed.
pub(super) fn bad(maps: &[Verified]) -> usize {
    maps.iter().filter(|m| !m.problems.is_empty()).count()
}

/// What a campaign makes, in a word.
pub(super) fn made(spec: &Spec) -> &'static str {
    if spec.command().is_some() { "output" } else { "map" }
}

/// So many maps or outputs are not what was computed.
pub(super) fn not_as_computed(spec: &Spec, n: usize) -> String {
    format!("{} {} not what was computed", count(n as u64, made(spec)), by_number(n as u64, "is", "are"))
}

/// Verifies the maps of all chains with one of these months; a chain that is not complete counts as a bad map.
pub(super) fn verify(output: &Path, spec: &Spec, months: &[u8]) -> Result<Vec<Verified>, CliError> {
    Ok(by_chain(output, spec, months)?.into_iter().flat_map(|(_, maps)| maps).collect())
}

fn by_chain(output: &Path, spec: &Spec, months: &[u8]) -> Result<Vec<(ChainId, Vec<Verified>)>, CliError> {
    let campaign = CampaignDir::new(output);
    let none = |problem: String, damaged| Verified {
        path: if spec.command().is_some() { campaign.results() } else { campaign.maps() },
        valid: 0,
        range: None,
        problems: vec![problem],
        damaged,
    };
    let mut chains = Vec::new();
    for Chain { id: chain, months: of_chain, .. } in chains::of(&campaign, spec)? {
        if !of_chain.iter().any(|m| months.contains(m)) {
            continue;
        }
        match verify_chain(&campaign, &chain, &spec.dem) {
            Ok(verified) => chains.push((chain, verified)),
            Err(e @ DurableError::Damaged { .. }) => chains.push((chain, vec![none(e.to_string(), true)])),
            Err(e) if e.is_missing() => {
                let none = none(format!("{chain} is not complete"), false);
                chains.push((chain, vec![none]));
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(chains)
}

/// A line a map, or a file that a program made.
pub(super) fn table(spec: &Spec, maps: &[Verified]) -> Vec<String> {
    let verdict = |map: &Verified| {
        if map.problems.is_empty() { "verified".to_owned() } else { map.problems.join("; ") }
    };
    if spec.command().is_some() {
        let rows: Vec<_> =
            maps.iter().map(|file| vec![file.path.display().to_string(), verdict(file)]).collect();
        return output::table(&["output", "verdict"], &rows, &[]);
    }
    let row = |map: &Verified| {
        let name = map.path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
        let layer = map.path.file_stem().and_then(|stem| layer_named(&stem.to_string_lossy()));
        let unit = layer.map_or("", |layer| quantity::unit(layer.unit));
        let range = map.range.map_or(String::new(), |(low, high)| format!("{low:.2} … {high:.2} {unit}"));
        vec![name, map.valid.to_string(), range, verdict(map)]
    };
    output::table(
        &["map", "valid cells", "values", "verdict"],
        &maps.iter().map(row).collect::<Vec<_>>(),
        &[1],
    )
}

/// A document with every field, for the page on them.
#[cfg(test)]
pub(super) fn sample() -> serde_json::Value {
    let spec =
        crate::campaign::spec::parse(std::path::Path::new("/my.ron"), crate::campaign::spec::template());
    let good = Verified {
        path: "/out/maps/svf.tif".into(),
        valid: 9,
        range: Some((0.5, 1.0)),
        problems: Vec::new(),
        damaged: false,
    };
    let bad = Verified { range: None, problems: vec!["missing".to_owned()], ..good.clone() };
    let document = Maps { spec: &spec.unwrap().spec, maps: &[good, bad] };
    serde_json::from_str(&document.json().unwrap()).unwrap()
}
