//! The demo without a screen.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::bars::{Bar, Bars};
use super::super::{CliError, exit, maps, output, verify};
use crate::campaign::controller::{ActionKind, Controller};
use crate::campaign::snapshot::{ChainState, ChainView, Snapshot};
use crate::campaign::spec::Loaded;
use crate::checkpoint::{CampaignDir, ChainId};
use crate::quantity::count;
use crate::words;

const PERIOD: Duration = Duration::from_millis(500);

/// Follows the chains to their end, resubmits a failed one once, verifies the maps and draws them.
pub(super) fn follow(controller: &mut Controller, loaded: &Loaded) -> Result<(), CliError> {
    let snapshot = controller.refresh()?;
    say_what_it_is(&snapshot)?;
    let bars = Bars::new();
    let shown: Vec<Bar> = snapshot.chains.iter().map(|c| bars.add(c.id.as_str(), c.unit)).collect();
    let mut resubmitted = BTreeSet::new();
    let last = loop {
        let snapshot = controller.refresh()?;
        for (chain, bar) in snapshot.chains.iter().zip(&shown) {
            bar.show(chain.tiles, chain.total, &stands(chain));
        }
        if snapshot.complete {
            break snapshot;
        }
        for chain in &snapshot.chains {
            care_for(controller, chain, &bars, &mut resubmitted)?;
        }
        std::thread::sleep(PERIOD);
    };
    shown.iter().for_each(Bar::end);
    report(&last, loaded)
}

fn say_what_it_is(snapshot: &Snapshot) -> Result<(), CliError> {
    output::say(format!("{} in {}", snapshot.name, snapshot.output.display()))?;
    let scale = words::scale(snapshot.cluster.time_scale);
    let facts =
        [snapshot.terrain_note.clone(), scale, snapshot.paced.as_ref().map(|p| format!("paced to {p}"))];
    output::say(facts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn stands(chain: &ChainView) -> String {
    match (chain.state, chain.place()) {
        (ChainState::Running, Some((Some(link), node))) => format!("link {link} on {node}"),
        (ChainState::Running, Some((None, node))) => format!("begins on {node}"),
        _ => words::state(chain),
    }
}

/// A chain that failed is resubmitted once, as a person would with one key; anything worse ends the demo.
fn care_for(
    controller: &mut Controller,
    chain: &ChainView,
    bars: &Bars,
    resubmitted: &mut BTreeSet<ChainId>,
) -> Result<(), CliError> {
    let why = chain.failure.as_ref().map_or(String::new(), |f| format!("{}: {}", f.class(), f.cause()));
    match chain.state {
        ChainState::Failed if chain.attempts < 2 && resubmitted.insert(chain.id.clone()) => {
            bars.say(&format!("{} failed: {why}", chain.id));
            bars.say(&format!("> alpsckpt resubmit {}", chain.id));
            bars.say(&controller.act(&ActionKind::Resubmit.on(chain.id.clone()))?);
            Ok(())
        }
        // Seen again before the resubmission shows.
        ChainState::Failed if chain.attempts < 2 => Ok(()),
        ChainState::Failed | ChainState::Stopped => {
            let what = format!("{} {}: {why}", chain.id, words::state(chain));
            Err(CliError::new(exit::DEFECT, what, format!("see `alpsckpt log {}`", chain.id)))
        }
        _ => Ok(()),
    }
}

fn report(snapshot: &Snapshot, loaded: &Loaded) -> Result<(), CliError> {
    let spec = &loaded.spec;
    let campaign = CampaignDir::new(&spec.output);
    let verified = verify::verify(&spec.output, spec, &spec.months)?;
    let pictures = maps::drawn(&spec.output)?;
    output::say("")?;
    let rows: Vec<Vec<String>> = snapshot.chains.iter().map(row).collect();
    let head = ["month", "links", "nodes", "hops", "attempts", "checkpoints", "maps"];
    output::table(&head, &rows, &[1, 3, 4, 5, 6]).into_iter().try_for_each(output::say)?;
    output::say("")?;
    verify::table(spec, &verified).into_iter().try_for_each(output::say)?;
    output::say("")?;
    match verify::bad(&verified) {
        0 => {
            let maps = count(verified.len() as u64, "map");
            output::say(format!("{maps}, all verified, in {}", campaign.maps().display()))?;
            let pictures = count(pictures.len() as u64, "picture");
            output::say(format!("{pictures} in {}", campaign.pictures().display()))
        }
        n => Err(CliError::new(exit::INPUT, verify::not_as_computed(spec, n), "")),
    }
}

fn row(chain: &ChainView) -> Vec<String> {
    let nodes: BTreeSet<&str> = chain.links.iter().map(|l| l.node.as_str()).collect();
    let bytes: u64 = chain.generations.iter().map(|g| g.bytes).max().unwrap_or(0);
    vec![
        chain.id.to_string(),
        chain.links.len().to_string(),
        nodes.into_iter().collect::<Vec<_>>().join(" "),
        chain.hops.to_string(),
        chain.attempts.to_string(),
        words::bytes(bytes),
        chain.maps.len().to_string(),
    ]
}
