//! A link and its inputs: they are what the sealed tiles were computed from, or it does not go on.

use super::failure::LinkFailure;
use super::shell::Shell;
use crate::campaign::inputs::{self, CheckError, Checked, Depth, Inputs};
use crate::checkpoint::LinkNumber;
use crate::durable::sealed;
use crate::quantity::count;

impl From<CheckError> for LinkFailure {
    fn from(e: CheckError) -> Self {
        match e {
            CheckError::File(e) => Self::File(e),
            CheckError::Changed(problem) => Self::Changed(*problem),
        }
    }
}

impl Shell<'_> {
    /// The chain was begun anew after this link.
    pub(super) fn after(&self) -> Result<LinkNumber, LinkFailure> {
        Ok(LinkNumber(Inputs::first(&self.dir)?.after))
    }

    /// Compares the inputs with what was recorded, before any of them is opened.
    pub(super) fn check_inputs(&self, pool: &rayon::ThreadPool) -> Result<Checked, LinkFailure> {
        let stop = || self.heart.must_stop();
        let (spec, chain) = (&self.options.spec, &self.options.chain);
        let check = || inputs::check(self.campaign, chain, spec, Depth::Decide(&stop));
        let mut checked = pool.install(check)?;
        if stop() {
            return Err(LinkFailure::Stopped);
        }
        checked.said.iter().for_each(|sentence| self.log.say(sentence));
        for file in checked.inputs.files.iter_mut().filter(|file| file.since_link == 0) {
            file.since_link = self.link.0;
        }
        Ok(checked)
    }

    /// Records the inputs that this link computes from, once it is known what it goes on from.
    pub(super) fn record_inputs(&self, inputs: &Inputs) -> Result<(), LinkFailure> {
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
}
