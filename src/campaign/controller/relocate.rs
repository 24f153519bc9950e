//! A campaign whose file says something else than when it was made: corrected, moved, or another one.

use std::path::Path;

use super::disk::ChainFiles;
use super::{ControlError, Controller, install};
use crate::campaign::event::Event;
use crate::campaign::inputs::{self, Depth, Inputs};
use crate::campaign::spec::{self, Change, Loaded, MonthsPerChain, Spec};
use crate::checkpoint::CampaignDir;

/// A field of the campaign file that changed, and what that means.
pub(super) type Changed = (&'static str, Change);

impl Controller {
    /// Goes by `loaded` from now on where it differs from the frozen spec in nothing but where files lie; other changes
    /// are left alone.
    ///
    /// # Errors
    /// When the inputs are not what the tiles were computed from, or a job still works in the former place.
    pub fn follow(&mut self, loaded: &Loaded) -> Result<(), ControlError> {
        let changed = changes(&self.campaign, loaded)?;
        if changed.is_empty() || changed.iter().any(|(_, change)| *change != Change::Place) {
            return Ok(());
        }
        self.holding(|c| c.take_spec(&super::settled(&loaded.spec), &changed, &loaded.file))
    }

    /// Takes another spec: as long as no job was ever taken any (what the batch system refused can be put right in the
    /// campaign's file), later one that differs in where files lie only.
    pub(super) fn take_spec(
        &mut self,
        spec: &Spec,
        changed: &[Changed],
        file: &Path,
    ) -> Result<(), ControlError> {
        self.read_files(0)?;
        let ran = !self.tokens().is_empty() || self.files.values().any(ChainFiles::has_run);
        if ran {
            self.refuse_other_work(changed, file)?;
            self.refuse_living_jobs()?;
            self.refuse_other_inputs(spec, changed)?;
        }
        let hash = install::frozen_spec(&self.campaign, spec)?;
        if ran {
            // Before the campaign goes by the new one: tiles of either count from here on.
            spec::extend_lineage(&self.campaign, &self.identity.spec)?;
        }
        let fields = words(changed.iter().map(|(name, _)| *name));
        let event = if ran {
            let text = format!(
                "the campaign was moved: its file has another {fields}, the inputs are what they were"
            );
            Event::Warning { chain: None, text }
        } else {
            Event::Corrected { spec: hash.clone(), fields }
        };
        self.record(vec![event])?;
        self.identity.spec = hash;
        self.identity.name.clone_from(&spec.name);
        self.identity.write(&self.campaign)?;
        self.chains = spec.chains();
        self.spec = spec.clone();
        Ok(())
    }

    fn refuse_other_work(&self, changed: &[Changed], file: &Path) -> Result<(), ControlError> {
        let science: Vec<&str> =
            changed.iter().filter(|(_, change)| *change == Change::Science).map(|(name, _)| *name).collect();
        if science.is_empty() {
            return Ok(());
        }
        Err(ControlError::Foreign(format!(
            "{}: this output folder belongs to the campaign \"{}\", made with another {}; write a new `output` in {}, or \
             set the field back",
            self.campaign.output().display(),
            self.identity.name,
            words(science.into_iter()),
            file.display()
        )))
    }

    /// A job works by the paths that it began with.
    fn refuse_living_jobs(&mut self) -> Result<(), ControlError> {
        self.look(true)?;
        let snapshot = self.snapshot();
        let Some(busy) = snapshot.chains.iter().find(|chain| !chain.state.is_settled()) else {
            return Ok(());
        };
        let job = busy.job.as_ref().map_or_else(|| "its job".to_owned(), |job| format!("its job {}", job.id));
        Err(ControlError::NotNow {
            chain: busy.id.to_string(),
            why: format!(
                "{job} still goes by the paths of the campaign as it was made ({}); move the files back, or stop it first: \
                 `alpsckpt stop {} --campaign {}`",
                self.spec.output.display(),
                busy.id,
                self.campaign.output().display()
            ),
        })
    }

    /// Other paths must lead to the same files.
    fn refuse_other_inputs(&self, spec: &Spec, changed: &[Changed]) -> Result<(), ControlError> {
        let moved: Vec<&str> =
            changed.iter().map(|(name, _)| *name).filter(|name| *name != "output").collect();
        for (chain, months) in spec.chains() {
            let dir = self.campaign.chain(&chain);
            let files = self.files.get(&chain);
            let holds = files
                .is_some_and(|f| f.maps.is_some() || f.generations.values().flatten().any(|g| g.tiles > 0));
            if holds && !moved.is_empty() && Inputs::newest(&dir)?.files.is_empty() {
                return Err(ControlError::Foreign(format!(
                    "{}: made with another {}, and what its inputs were was not recorded when its tiles were computed; \
                     move them back",
                    self.campaign.output().display(),
                    words(moved.iter().copied())
                )));
            }
            inputs::check(&self.campaign, &chain, spec, &months, Depth::Look)?;
        }
        Ok(())
    }
}

fn words<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    fields.map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
}

/// The fields in which the campaign in this folder was made from another spec.
pub(super) fn changes(campaign: &CampaignDir, loaded: &Loaded) -> Result<Vec<Changed>, ControlError> {
    let identity = super::read_identity(campaign)?;
    let frozen = spec::frozen(campaign, &identity.spec)?;
    let mut asked = loaded.spec.clone();
    if asked.months_per_chain == MonthsPerChain::Auto {
        // Settled when the campaign was made.
        asked.months_per_chain = frozen.months_per_chain;
    }
    asked.tile = asked.tile.or(frozen.tile);
    Ok(spec::changes(&frozen, &asked))
}
