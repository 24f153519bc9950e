//! What a campaign of commands will take, as far as it can be known before a program runs.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::campaign::snapshot::{MarginView, saving_of};
use crate::campaign::spec::{Command, Spec};
use crate::checkpoint::{CampaignDir, ChainId, Generation, Saving, fence};

/// Images of a chain at a time: the older one stays until the newer is verified.
pub const IMAGES: u64 = 2;

/// What a campaign of commands will take, as far as it can be known.
#[derive(Debug, Serialize)]
pub struct ProgramPlan {
    /// The months, in order.
    pub months: Vec<u8>,
    /// Its chains.
    pub chains: Vec<ProgramChain>,
    /// Seconds of one job before it is saved, at most.
    pub usable_seconds: u64,
    /// Threads of a job, where the campaign file says.
    pub threads: Option<u32>,
    /// Files of all chains.
    pub outputs: u64,
    /// Images of a chain at a time.
    pub images_per_chain: u64,
    /// The largest image so far; nothing before the first one.
    pub image_bytes: Option<u64>,
    /// Most bytes of images at a time, as far as can be told by that one.
    pub checkpoint_bytes: Option<u64>,
    /// How long before the walltime a program is saved; nothing where it is not dumped.
    pub margin: Option<MarginView>,
    /// What jobs ask for of a node (SQL), beside what the site asks for: the class of its processor.
    pub processors: Option<String>,
}

/// One chain.
#[derive(Debug, Serialize)]
pub struct ProgramChain {
    /// Its name.
    pub id: ChainId,
    /// Its months, 1 to 12.
    pub months: Vec<u8>,
    /// The files that it makes.
    pub outputs: Vec<PathBuf>,
}

/// What a campaign of commands will take.
#[must_use]
pub fn plan(spec: &Spec, command: &Command) -> ProgramPlan {
    let chains: Vec<ProgramChain> = spec
        .chains()
        .into_iter()
        .map(|chain| {
            let outputs = command.outputs_of(spec, &chain, Path::new(""));
            let outputs = outputs.into_iter().map(|(_, to)| to).collect();
            ProgramChain { outputs, id: chain.id, months: chain.months }
        })
        .collect();
    let largest = largest_image(spec);
    let image_bytes = largest.as_ref().map(|generation| generation.bytes);
    let saving = slowest(spec);
    let margin = if spec.is_unsaved() { 0 } else { spec.margin.seconds() };
    ProgramPlan {
        margin: command.is_dumped().then(|| MarginView::of(spec, saving, 1.0)),
        processors: spec.class_of_jobs(None).and_then(|class| spec.classes().remove(&class)),
        months: spec.sorted_months(),
        usable_seconds: spec.walltime.seconds().saturating_sub(margin),
        threads: spec.threads,
        outputs: chains.iter().map(|chain| chain.outputs.len() as u64).sum(),
        images_per_chain: IMAGES,
        image_bytes,
        checkpoint_bytes: image_bytes.map(|bytes| bytes.saturating_mul(IMAGES * chains.len() as u64)),
        chains,
    }
}

/// The newest generation of each chain.
fn newest(spec: &Spec) -> impl Iterator<Item = Generation> {
    let campaign = CampaignDir::new(&spec.output);
    spec.chains().into_iter().filter_map(move |chain| {
        let dir = campaign.chain(&chain.id);
        let newest = fence::generations(&dir).ok()?.into_iter().max()?;
        Generation::read(&dir, newest).ok()
    })
}

/// The largest image of the campaign so far.
pub(super) fn largest_image(spec: &Spec) -> Option<Generation> {
    newest(spec).max_by_key(|generation| generation.bytes)
}

/// What saving took of the chain for which it takes longest.
fn slowest(spec: &Spec) -> Option<Saving> {
    let seconds = |saving: &Saving| saving.bytes as f64 / saving.bytes_per_second.max(1.0);
    newest(spec).filter_map(|g| saving_of(&g)).max_by(|one, other| seconds(one).total_cmp(&seconds(other)))
}
