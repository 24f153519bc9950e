//! `alpsckpt plan`: what a campaign will cost before it costs anything.

use std::path::PathBuf;

use super::output::{AsJson, Document, Output};
use super::{CliError, commands, output, place};
use crate::campaign::spec::Spec;
use crate::prepare;
use crate::prepare::plan::{ChainPlan, Plan, Split};
use crate::quantity::count;
use crate::words;

/// Prints a campaign's chains, jobs, hours and bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt plan my.ron
  alpsckpt plan
  alpsckpt plan my.ron --json

Exit codes: 0 printed, 65 bad campaign file or input, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    campaign: Option<PathBuf>,
    #[command(flatten)]
    _json: AsJson,
}

pub(super) fn run(args: &Args, out: Output) -> Result<(), CliError> {
    let loaded = place::loaded(args.campaign.as_deref())?;
    let planned = prepare::planned(&loaded, &output::tell)?;
    let spec = &loaded.spec;
    match (spec.command(), planned) {
        (Some(command), _) => out.show(&commands::PlanOfCommand::new(spec, command)),
        (None, Some(plan)) => out.show(&PlanOfMaps { spec, plan }),
        (None, None) => Err(CliError::defect("nothing computes")),
    }
}

/// What a campaign of maps will take.
struct PlanOfMaps<'s> {
    spec: &'s Spec,
    plan: Plan,
}

impl Document for PlanOfMaps<'_> {
    fn lines(&self) -> Vec<String> {
        let Self { spec, plan } = self;
        let mut lines = vec![
            format!(
                "{} in {} of {edge} x {edge} at most, {}",
                count(plan.cells, "cell"),
                count(plan.tiles, "tile"),
                count(plan.maps, "map"),
                edge = plan.tile
            ),
            format!(
                "{} of maps, up to {} of checkpoints until they are verified",
                words::bytes(plan.map_bytes),
                words::bytes(plan.checkpoint_bytes)
            ),
            format!("at most {} of memory a job", words::bytes(plan.memory_bytes)),
            String::new(),
        ];
        let rows: Vec<Vec<String>> = plan.split.chains.iter().map(row).collect();
        lines.extend(output::table(&["chain", "months", "jobs", "time"], &rows, &[2]));
        lines.push(String::new());
        let ways =
            [("as the file says", &plan.split), ("one month a chain", &plan.by_month), ("Auto", &plan.auto)];
        let rows: Vec<Vec<String>> = ways.iter().map(|(name, split)| way(name, split)).collect();
        let head = ["months_per_chain", "chains", "jobs", "longest chain", "core-hours"];
        lines.extend(output::table(&head, &rows, &[1, 2, 4]));
        lines.push(String::new());
        lines.push(format!(
            "Times are this machine's, measured on a small window; threads of a job: {}.",
            threads(spec, plan)
        ));
        lines
    }

    fn json(&self) -> Result<String, CliError> {
        output::object(&self.plan)
    }
}

/// The threads of a job, and where the number comes from when the campaign file leaves it open.
fn threads(spec: &Spec, plan: &Plan) -> String {
    if spec.threads.is_some() {
        return plan.threads.to_string();
    }
    let of =
        spec.profile().filter(|site| site.cores.is_some()).map_or("this machine", |site| site.title.as_str());
    let asks = spec.site_lines().remove("resources").unwrap_or_default();
    format!("{}, all cores of {of}, as `threads` is open and a job asks for {asks}", plan.threads)
}

fn row(chain: &ChainPlan) -> Vec<String> {
    let months = chain.months.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    vec![chain.id.to_string(), months, chain.jobs.to_string(), hours(chain.hours)]
}

fn way(name: &str, split: &Split) -> Vec<String> {
    let chains = split.chains.len().to_string();
    vec![
        name.to_owned(),
        chains,
        split.jobs.to_string(),
        hours(split.hours),
        format!("{:.1}", split.core_hours),
    ]
}

fn hours(hours: f64) -> String {
    words::duration((hours * 3600.0).ceil() as u64)
}

/// A document with every field, for the page on them.
#[cfg(test)]
pub(super) fn sample() -> serde_json::Value {
    let text = crate::campaign::spec::template();
    let spec = crate::campaign::spec::parse(std::path::Path::new("/my.ron"), text).unwrap().spec;
    let plan = crate::prepare::plan::plan(&spec, &crate::prepare::plan::facts());
    serde_json::from_str(&PlanOfMaps { spec: &spec, plan }.json().unwrap()).unwrap()
}
