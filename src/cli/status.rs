//! `alpsckpt status`: where a campaign stands.

use std::path::PathBuf;
use std::time::Duration;

use super::output::{AsJson, Document, Output};
use super::{CliError, output, place};
use crate::campaign::clock;
use crate::campaign::controller::Controller;
use crate::campaign::snapshot::{Access, ChainView, JobState, Snapshot};
use crate::checkpoint::CampaignDir;
use crate::words;

/// Shows where a campaign stands: chains, links, hops, checkpoints, failures with their causes. Looks only: whoever acts
/// on the campaign meanwhile is not held up.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt status
  alpsckpt status my.ron --json | jq '.chains[] | {id, state, tiles, total}'
  alpsckpt status --watch

Exit codes: 0 shown, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    campaign: Option<PathBuf>,
    #[command(flatten)]
    _json: AsJson,
    /// Again and again, until every chain is complete or waits for a person.
    #[arg(long)]
    watch: bool,
}

/// How often a watched campaign is looked at.
const PERIOD: Duration = Duration::from_secs(1);

pub(super) fn run(args: &Args, out: Output) -> Result<(), CliError> {
    let mut controller = Controller::open(&place::output_of(args.campaign.as_deref())?)?;
    let mut shown = String::new();
    loop {
        let snapshot = controller.refresh()?;
        out.show_new(&snapshot, &mut shown)?;
        if !args.watch || settled(&snapshot) {
            return Ok(());
        }
        std::thread::sleep(PERIOD);
    }
}

/// Nothing more happens without a person.
fn settled(snapshot: &Snapshot) -> bool {
    let held = |chain: &ChainView| chain.job_state() == Some(&JobState::Hold);
    snapshot.chains.iter().all(|c| c.state.is_settled() || held(c))
}

impl Document for Snapshot {
    fn lines(&self) -> Vec<String> {
        lines(self, clock::wall_ms())
    }

    fn json(&self) -> Result<String, CliError> {
        output::object(self)
    }
}

/// A snapshot in lines for a person.
pub(super) fn lines(snapshot: &Snapshot, now_ms: i64) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", snapshot.name, snapshot.output.display())];
    if let Some(note) = &snapshot.terrain_note {
        lines.push(note.clone());
    }
    lines.extend(cluster_lines(snapshot));
    if let Access::ReadOnly { why } = &snapshot.access {
        lines.push(format!("read-only: {why}"));
    }
    lines.push(String::new());
    let rows: Vec<Vec<String>> = snapshot.chains.iter().map(row).collect();
    let head = ["chain", "state", "done", "links", "hops", "attempts", "checkpoint", "node", "left"];
    lines.extend(output::table(&head, &rows, &[2, 3, 4, 5, 6]));
    let explain = |chain: &ChainView| {
        [words::explain(chain, now_ms), words::left_out(chain).filter(|_| !chain.state.is_settled())]
    };
    let said: Vec<String> = (snapshot.chains.iter())
        .flat_map(|chain| explain(chain).into_iter().flatten().map(|said| format!("{}: {said}", chain.id)))
        .collect();
    if !said.is_empty() {
        lines.push(String::new());
        lines.extend(said);
    }
    for chain in &snapshot.chains {
        let Some(failure) = &chain.failure else { continue };
        lines.push(String::new());
        lines.push(format!("{}: {}: {}", chain.id, failure.class(), failure.cause()));
        lines.push(format!("  → {}", place::with_campaign(&failure.hint(), &snapshot.output)));
    }
    if snapshot.complete {
        lines.push(String::new());
        let campaign = CampaignDir::new(&snapshot.output);
        lines.push(if words::is_of_programs(&snapshot.chains) {
            format!("Complete: every output is in {}", campaign.results().display())
        } else {
            format!("Complete: every map is in {}", campaign.maps().display())
        });
    }
    lines
}

fn cluster_lines(snapshot: &Snapshot) -> Vec<String> {
    let cluster = &snapshot.cluster;
    let pace = snapshot.paced.as_ref().map(|pace| format!("paced to {pace}"));
    let facts = [Some(cluster.name.clone()), words::scale(cluster.time_scale), pace];
    let mut lines = vec![facts.into_iter().flatten().collect::<Vec<_>>().join(", ")];
    if let Some(error) = &cluster.error {
        lines.extend(error.trim().lines().map(|line| format!("  {line}")));
        lines.extend(cluster.hint.iter().map(|hint| format!("  → {hint}")));
        lines.push("  What follows is what was known before.".to_owned());
    }
    lines
}

fn row(chain: &ChainView) -> Vec<String> {
    let done = words::done(chain);
    let checkpoint = chain.generations.last().map_or(String::new(), |g| words::bytes(g.bytes));
    let node = chain.place().map_or(String::new(), |(_, node)| node.to_owned());
    vec![
        chain.id.to_string(),
        words::state(chain),
        done,
        chain.links.len().to_string(),
        chain.hops.to_string(),
        chain.attempts.to_string(),
        checkpoint,
        node,
        chain.eta.map_or(String::new(), words::duration),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchError;

    fn snapshot(error: Option<&BatchError>) -> Snapshot {
        Snapshot {
            name: "two months".to_owned(),
            spec_file: PathBuf::new(),
            output: PathBuf::from("/out"),
            terrain_note: None,
            paced: None,
            cluster: crate::campaign::snapshot::ClusterView {
                name: "OAR 2.5.9".to_owned(),
                time_scale: 1.0,
                answer_age: None,
                error: error.map(ToString::to_string),
                hint: error.map(BatchError::hint),
            },
            access: Access::Writer,
            chains: Vec::new(),
            nodes: Vec::new(),
            history: Vec::new(),
            complete: false,
        }
    }

    #[test]
    fn an_error_of_the_batch_system_stands_there_whole_with_what_to_do() {
        let down = BatchError::Down("connection refused\n\tIs the server running?".to_owned());
        let text = lines(&snapshot(Some(&down)), 0).join("\n");
        assert!(
            text.contains("OAR 2.5.9\n  the batch system does not answer: connection refused\n  \tIs the"),
            "{text}"
        );
        assert!(text.contains("→ nothing is lost") && text.contains("known before"), "{text}");
        assert!(!lines(&snapshot(None), 0).join("\n").contains('→'));
    }
}
