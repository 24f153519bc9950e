//! Tiles and their inputs: what was read is kept beside them, and held to it by later links.

use std::sync::Arc;

use super::{Session, State};
use crate::campaign::inputs::{self, Checked};
use crate::checkpoint::InputBlocks;
use crate::engine::EngineError;
use crate::engine::geotiff::Witness;
use crate::job::failure::LinkFailure;
use crate::job::workload::Workload;

impl Session<'_> {
    /// Has every reading compared with those that the sealed tiles came from.
    pub(super) fn hold_to_inputs<W: Workload>(
        &self,
        workload: &W,
        checked: &Checked,
    ) -> Result<(), LinkFailure> {
        for (role, path) in self.shell.options.spec.inputs_of(&self.shell.options.chain) {
            for (since, table) in checked.tables.iter().filter(|(_, table)| table.role == role) {
                let blocks: Vec<_> = table.blocks.iter().copied().map(inputs::read_block).collect();
                for witness in workload.witnesses().iter().filter(|w| w.path() == path) {
                    witness.expect(&blocks, since).map_err(EngineError::from)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps what was read of the inputs beside the tiles that are about to be sealed.
    pub(super) fn keep_inputs<W: Workload>(&self, state: &mut State<'_, W>) -> Result<(), LinkFailure> {
        let Some(writer) = &mut state.writer else { return Ok(()) };
        let roles = self.shell.options.spec.inputs_of(&self.shell.options.chain);
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
pub(super) fn perhaps_changed<W: Workload>(state: &State<'_, W>, failure: LinkFailure) -> LinkFailure {
    let changed = |witness: &Arc<Witness>| state.pool.install(|| witness.verify()).err();
    match failure {
        LinkFailure::Input(problem) => {
            let changed = state.workload.witnesses().iter().find_map(changed).filter(|p| p.changed);
            changed.map_or(LinkFailure::Input(problem), LinkFailure::Changed)
        }
        other => other,
    }
}
