//! A link and its inputs: they are what the sealed tiles were computed from, or it does not go on.

use std::sync::Arc;

use super::failure::Failure;
use super::session::{Session, State};
use super::workload::Workload;
use crate::campaign::inputs::{self, CheckError, Checked, Depth, Inputs};
use crate::checkpoint::{InputBlocks, LinkNumber};
use crate::durable::sealed;
use crate::engine::EngineError;
use crate::engine::geotiff::Witness;
use crate::quantity::count;

impl From<CheckError> for Failure {
    fn from(e: CheckError) -> Self {
        match e {
            CheckError::File(e) => Self::File(e),
            CheckError::Changed(problem) => Self::Changed(*problem),
        }
    }
}

impl Session<'_> {
    /// The chain was begun anew after this link.
    pub(super) fn after(&self) -> Result<LinkNumber, Failure> {
        Ok(LinkNumber(Inputs::first(&self.dir)?.after))
    }

    /// Compares the inputs with what was recorded, before any of them is opened.
    pub(super) fn check_inputs(&self, pool: &rayon::ThreadPool) -> Result<Checked, Failure> {
        let stop = || self.heart.must_stop();
        let (spec, months) = (&self.options.spec, &self.options.months);
        let check = || inputs::check(self.campaign, &self.options.chain, spec, months, Depth::Decide(&stop));
        let mut checked = pool.install(check)?;
        if stop() {
            return Err(Failure::Stopped);
        }
        checked.said.iter().for_each(|sentence| self.log.say(sentence));
        for file in checked.inputs.files.iter_mut().filter(|file| file.since_link == 0) {
            file.since_link = self.link.0;
        }
        Ok(checked)
    }

    /// Has every reading compared with those that the sealed tiles came from.
    pub(super) fn hold_to_inputs<W: Workload>(&self, workload: &W, checked: &Checked) -> Result<(), Failure> {
        for (role, path) in self.options.spec.inputs_of(&self.options.months) {
            for (since, table) in checked.tables.iter().filter(|(_, table)| table.role == role) {
                let blocks: Vec<_> = table.blocks.iter().copied().map(inputs::read_block).collect();
                for witness in workload.witnesses().iter().filter(|w| w.path() == path) {
                    witness.expect(&blocks, since).map_err(EngineError::from)?;
                }
            }
        }
        Ok(())
    }

    /// Records the inputs that this link computes from, once it is known what it goes on from.
    pub(super) fn record_inputs(&self, inputs: &Inputs) -> Result<(), Failure> {
        if !inputs.files.is_empty() {
            self.log.say(&format!(
                "Inputs {}: {}.",
                inputs.short(),
                count(inputs.files.len() as u64, "file")
            ));
            sealed::replace(&self.dir.link_inputs(self.link), inputs)?;
        }
        Ok(())
    }

    /// Keeps what was read of the inputs beside the tiles that are about to be sealed.
    pub(super) fn keep_inputs<W: Workload>(&self, state: &mut State<'_, W>) -> Result<(), Failure> {
        let Some(writer) = &mut state.writer else { return Ok(()) };
        let roles = self.options.spec.inputs_of(&self.options.months);
        for witness in state.workload.witnesses() {
            // Written to while it was read: some tiles may have come from the old content, some from the new.
            state.pool.install(|| witness.verify()).map_err(EngineError::from)?;
            let read = witness.newly_read();
            let blocks: Vec<_> = read.into_iter().map(inputs::input_block).collect();
            let of_file = roles.iter().filter(|(_, path)| path == witness.path() && !blocks.is_empty());
            let tables: Vec<InputBlocks> =
                of_file.map(|(role, _)| InputBlocks { role: role.clone(), blocks: blocks.clone() }).collect();
            writer.append_inputs(&tables)?;
        }
        Ok(())
    }
}

/// Why an input cannot be read: perhaps it is another by now.
pub(super) fn perhaps_changed<W: Workload>(state: &State<'_, W>, failure: Failure) -> Failure {
    let changed = |witness: &Arc<Witness>| state.pool.install(|| witness.verify()).err();
    match failure {
        Failure::Input(problem) => {
            let changed = state.workload.witnesses().iter().find_map(changed).filter(|p| p.changed);
            changed.map_or(Failure::Input(problem), Failure::Changed)
        }
        other => other,
    }
}
