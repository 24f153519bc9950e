//! The inputs of a campaign: everything that is wrong with them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::doubts::tell_doubts;
use super::written::{at, by_pattern};
use super::{News, Placed, PrepareError, Tell, disk, program_problems};
use crate::campaign::inputs::{self as recorded, CheckError};
use crate::campaign::spec::{Loaded, Spec};
use crate::checkpoint::{CampaignDir, fence};
use crate::engine::{CheckDepth, Engine, Examination, InputFinding};
use crate::job::request;
use crate::job::tiles::outputs;

/// Refuses chains of these months that a later program wrote to: nothing else is a cure, least of all to begin anew.
///
/// # Errors
/// [`crate::durable::DurableError::UnknownForm`] where one did.
pub fn ensure_known(spec: &Spec, months: &[u8]) -> Result<(), PrepareError> {
    let campaign = CampaignDir::new(&spec.output);
    for chain in spec.chains() {
        if chain.months.iter().any(|month| months.contains(month)) {
            fence::ensure_known(&campaign.chain(&chain.id))?;
        }
    }
    Ok(())
}

/// Refuses inputs that are not what the sealed tiles of these months' chains were computed from.
pub(super) fn ensure_unchanged(spec: &Spec, months: &[u8]) -> Result<(), PrepareError> {
    let campaign = CampaignDir::new(&spec.output);
    if !campaign.state().is_dir() {
        // There is none yet; what is wrong with the place itself is told when it is looked at.
        return Ok(());
    }
    for chain in spec.chains() {
        let asked = chain.months.iter().any(|month| months.contains(month));
        let dir = campaign.chain(&chain.id);
        if asked && !recorded::is_complete(&dir, recorded::Inputs::first(&dir)?.after) {
            let depth = recorded::Depth::Look;
            let checked = recorded::check(&campaign, &chain, spec, depth);
            checked.map_err(|e| match e {
                CheckError::File(e) => e.into(),
                CheckError::Changed(problem) => {
                    PrepareError::Changed { chain: Box::new(chain.clone()), problem }
                }
            })?;
        }
    }
    Ok(())
}

/// Inputs that were looked at and found fit.
#[derive(Debug)]
pub struct Examined {
    /// What was found.
    pub examination: Examination,
    /// The engine on the very files that were looked at; `None` where a command computes.
    pub engine: Option<Engine>,
}

impl Examined {
    /// What was found, but for files that only chains of other months read.
    pub(super) fn of_months(&self, spec: &Spec, months: &[u8]) -> Vec<InputFinding> {
        let files = |months: &[u8]| -> BTreeSet<PathBuf> {
            spec.inputs_of(&spec.chain_of(months)).into_iter().map(|(_, path)| path).collect()
        };
        let (all, asked) = (files(&spec.months), files(months));
        let others: BTreeSet<&PathBuf> = all.difference(&asked).collect();
        let findings = self.examination.findings.iter();
        findings.filter(|finding| !others.contains(&finding.problem.file)).cloned().collect()
    }
}

/// Verifies every input of these months, as closely as `look` says, and the output folder; doubts are told where something
/// refuses the inputs, and else left to the caller.
///
/// # Errors
/// What refuses the inputs; with it the doubts have been told.
pub fn examine(
    loaded: &Loaded,
    months: &[u8],
    look: CheckDepth<'_>,
    tell: Tell<'_>,
) -> Result<Examined, PrepareError> {
    let _step = tracing::debug_span!("look_at_inputs", ?months).entered();
    let spec = &loaded.spec;
    let (mut examination, engine) = match spec.command() {
        Some(_) => (Examination::default(), None),
        None => Engine::examined(request::request(spec, months), look)?,
    };
    tell(&News::LookedThrough(&examination));
    let others = match spec.command() {
        Some(command) => program_problems::problems(spec, command, months),
        None => outputs::in_the_way(&CampaignDir::new(&spec.output), spec, months),
    };
    examination.findings.extend(others.into_iter().map(InputFinding::from));
    let mut problems = by_pattern(loaded, examination.problems());
    let of_output = problems.is_empty();
    problems.extend(disk::output_problem(spec));
    if problems.is_empty() {
        return Ok(Examined { examination, engine });
    }
    tell_doubts(loaded, &examination.findings, tell);
    let placed = |problem: crate::engine::Problem| Placed { place: at(loaded, &problem.file), problem };
    Err(PrepareError::Unfit { problems: problems.into_iter().map(placed).collect(), of_output })
}
