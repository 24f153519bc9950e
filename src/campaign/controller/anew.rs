//! Begins a chain anew, as asked; chooses the program that it goes on with.

use std::collections::BTreeMap;

use super::act::not_now;
use super::{ControlError, Controller, install};
use crate::campaign::event::Event;
use crate::campaign::inputs::Inputs;
use crate::campaign::snapshot::ChainState;
use crate::checkpoint::{ChainId, fence};
use crate::durable::{atomic, sealed};
use crate::engine::NUMERICS;

impl Controller {
    /// Has the chain computed anew from the inputs as they are now: what its links sealed so far does not count any more.
    /// The numbers of links and generations go on. The next link removes what no generation that counts needs.
    ///
    /// # Errors
    /// When the chain has a job or is complete.
    pub fn begin_anew(&mut self, chain: &ChainId) -> Result<(), ControlError> {
        let fresh = !self.state.chain(chain).attempts.is_empty();
        self.look(fresh)?;
        if fresh && let Some(error) = &self.batch.error {
            return Err(ControlError::Unasked { chain: chain.to_string(), error: error.clone() });
        }
        let snapshot = self.snapshot();
        let view = snapshot.chains.iter().find(|c| c.id == *chain);
        let Some(view) = view else { return Err(not_now(chain, "no such chain".to_owned())) };
        match view.state {
            ChainState::Planned | ChainState::Failed | ChainState::Stopped => {}
            ChainState::Complete => {
                let why = "it is complete: write a new `output` to compute it from other inputs";
                return Err(not_now(chain, why.to_owned()));
            }
            _ => return Err(not_now(chain, "it has a job: stop it first".to_owned())),
        }
        if self.journal.is_none() {
            return Err(self.read_only());
        }
        let dir = self.campaign.chain(chain);
        let after = fence::newest(&dir)?.map_or(0, |link| link.0);
        let inputs = Inputs { after, ..Inputs::take(&self.spec, &view.months, &mut BTreeMap::new()) };
        let text = format!(
            "begins anew, as asked, from the inputs {}: {} tiles that were sealed until link {after} do not count any more",
            inputs.short(),
            view.sealed_tiles
        );
        self.record(vec![Event::Warning { chain: Some(chain.clone()), text }])?;
        atomic::create_folder(dir.path())?;
        sealed::replace(&dir.inputs(), &inputs)?;
        self.read_files((self.reach.now_ms)())
    }

    /// The program of the next attempt, with what is to be said about it: this one, unless the chain holds tiles of
    /// another engine; then the one that computed them, if its copy is still what it was.
    pub(super) fn program_for(&mut self, chain: &ChainId) -> Result<(String, Option<String>), ControlError> {
        let own = self.program()?;
        let Some(files) = self.files.get(chain) else { return Ok((own, None)) };
        let held = files.generations.values().flatten().next_back().filter(|g| g.tiles > 0);
        let Some(held) = held.filter(|g| g.numerics != NUMERICS) else { return Ok((own, None)) };
        let former = files.attempts.values().rev().map(|attempt| &attempt.program).find(|hash| **hash != own);
        let tiles = format!("its {} tiles are those of engine {}", held.tiles, held.numerics);
        Ok(match former {
            Some(hash) if install::is_whole(&self.campaign, hash) => {
                let said =
                    format!("{tiles}: it goes on with the program that it began with, alpsckpt-{hash}");
                (hash.clone(), Some(said))
            }
            Some(hash) => {
                let said = format!(
                    "{tiles}, and their program, alpsckpt-{hash}, is damaged: it begins anew with engine {NUMERICS}"
                );
                (own, Some(said))
            }
            None => (
                own,
                Some(format!(
                    "{tiles}, and their program is not there: it begins anew with engine {NUMERICS}"
                )),
            ),
        })
    }
}
