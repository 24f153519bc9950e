//! A campaign whose file says something else than when it was made: corrected, moved, run otherwise, or another one.

use std::collections::BTreeMap;
use std::path::Path;

use super::disk::ChainFiles;
use super::{ControlError, Controller, install};
use crate::campaign::chains;
use crate::campaign::event::Event;
use crate::campaign::inputs::{self, Depth, Inputs};
use crate::campaign::spec::{self, Change, Changed, Loaded, Spec};
use crate::checkpoint::{CampaignDir, Chain, ChainId, Generation};
use crate::durable::{atomic, beneath, sealed};
use crate::shell_words::word;

impl Controller {
    /// Goes by this campaign file from now on; what changed of it. Jobs that were submitted go on with what they have.
    ///
    /// As long as no job was ever taken any change is (what the batch system refused can be put right in the file). Later
    /// only what changes no bit of a map: how the jobs run, which months there are beside those that were begun, and
    /// where files lie.
    ///
    /// # Errors
    /// [`ControlError::Foreign`] names the fields that need another output folder, or the input that is not what the tiles
    /// were computed from. While a job works in the former place the campaign cannot move.
    pub fn follow(&mut self, loaded: &Loaded) -> Result<Vec<Changed>, ControlError> {
        if spec::changes(&self.spec, &loaded.spec.settled_as(&self.spec)).is_empty() {
            return Ok(Vec::new());
        }
        self.holding(|controller| controller.follow_now(loaded))
    }

    fn follow_now(&mut self, loaded: &Loaded) -> Result<Vec<Changed>, ControlError> {
        // Once more: what it goes by may have been changed by another just now.
        let spec = loaded.spec.settled_as(&self.spec);
        let changed = spec::changes(&self.spec, &spec);
        if changed.is_empty() {
            return Ok(changed);
        }
        let began = self.ensure_can_follow(&spec, &changed, &loaded.file, &[])?;
        self.take(spec, &changed, began)?;
        Ok(changed)
    }

    /// Why [`Self::follow`] would not go by this campaign file; `None` where it would. Changes nothing.
    ///
    /// # Errors
    /// When the campaign's files cannot be read, or its batch system does not say what must be known.
    pub fn refusal(&mut self, loaded: &Loaded) -> Result<Option<ControlError>, ControlError> {
        let spec = loaded.spec.settled_as(&self.spec);
        let changed = spec::changes(&self.spec, &spec);
        match self.ensure_can_follow(&spec, &changed, &loaded.file, &[]) {
            Ok(_) => Ok(None),
            Err(e @ (ControlError::Foreign { .. } | ControlError::NotNow { .. })) => Ok(Some(e)),
            Err(e) => Err(e),
        }
    }

    /// Refuses what the campaign cannot go by; whether a job of it was ever taken. `anew`: chains that begin anew by it.
    pub(super) fn ensure_can_follow(
        &mut self,
        spec: &Spec,
        changed: &[Changed],
        file: &Path,
        anew: &[&ChainId],
    ) -> Result<bool, ControlError> {
        self.read_files()?;
        let began = !self.tokens().is_empty() || self.files.values().any(ChainFiles::has_run);
        if began {
            self.refuse_other_work(changed, file, anew)?;
            self.refuse_other_chains(spec, changed, file)?;
        }
        if began && changed.iter().any(|field| field.change == Change::Place) {
            self.refuse_living_jobs()?;
            self.refuse_other_inputs(spec, changed, anew)?;
        }
        Ok(began)
    }

    pub(super) fn take(&mut self, spec: Spec, changed: &[Changed], began: bool) -> Result<(), ControlError> {
        let hash = install::frozen_spec(&self.campaign, &spec)?;
        if began {
            // Before the campaign goes by the new one: tiles of either count from here on.
            spec::extend_lineage(&self.campaign, [&self.identity.spec, &hash])?;
        }
        let mut known = BTreeMap::new();
        let chains = chains::record(&self.campaign, &spec)?;
        for chain in &chains {
            let record = self.campaign.chain(&chain.id).inputs();
            if !beneath::exists(&record) {
                let inputs = Inputs::take(&spec, chain, &mut known);
                atomic::create_folder(self.campaign.chain(&chain.id).path())?;
                sealed::create_exclusive(&record, &inputs)?;
            }
        }
        let words: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let event = if began {
            Event::Edited { spec: hash.clone(), changes: words }
        } else {
            Event::Corrected { spec: hash.clone(), fields: words.join(", ") }
        };
        self.record(vec![event])?;
        self.identity.spec = hash;
        self.identity.name.clone_from(&spec.name);
        self.identity.write(&self.campaign)?;
        self.chains = chains;
        self.spec = spec;
        Ok(())
    }

    fn refuse_other_work(
        &self,
        changed: &[Changed],
        file: &Path,
        anew: &[&ChainId],
    ) -> Result<(), ControlError> {
        let science: Vec<&Changed> = changed.iter().filter(|field| field.change == Change::Science).collect();
        // A program is corrected as its inputs are: what begins anew takes it.
        let of_command = science.iter().all(|field| field.field.starts_with("workload."));
        if science.is_empty() || of_command && !anew.is_empty() {
            return Ok(());
        }
        let unfinished = |chain: &&Chain| {
            self.files.get(&chain.id).is_some_and(|files| files.has_run() && files.maps.is_none())
        };
        let unfinished = self.chains.iter().find(unfinished);
        let or = match unfinished.filter(|_| of_command) {
            Some(chain) => format!(
                "set the field back; or begin {id} anew by it: `alpsckpt run {file} --months {} --anew`, or \
                 `alpsckpt resubmit {id} --anew --campaign {file}`",
                inputs::months_of(&chain.months),
                id = chain.id,
                file = word(file.as_os_str())
            ),
            None => "set the field back".to_owned(),
        };
        Err(self.foreign(&format!("was made with another {}", names(&science)), file, &or))
    }

    /// What was begun must stay what it is: the same months in one chain, with the same maps.
    fn refuse_other_chains(&self, spec: &Spec, changed: &[Changed], file: &Path) -> Result<(), ControlError> {
        let chains = spec.chains();
        let begun = |chain: &ChainId| {
            self.state.chain(chain).tokens().next().is_some()
                || self
                    .files
                    .get(chain)
                    .is_some_and(|files| files.has_run() || files.tokens().next().is_some())
        };
        let differs = |chain: &&Chain| begun(&chain.id) && !chains.contains(chain);
        let Some(Chain { id: lost, .. }) = self.chains.iter().find(differs) else { return Ok(()) };
        let fields: Vec<&Changed> = changed
            .iter()
            .filter(|field| ["months", "months_per_chain", "sky_view_month"].contains(&field.field))
            .collect();
        Err(self.foreign(
            &format!("has begun {lost}, which {} leaves out or makes another", names(&fields)),
            file,
            &format!("leave {lost} as it is: months may be added, and taken out before they are begun"),
        ))
    }

    fn foreign(&self, why: &str, file: &Path, or: &str) -> ControlError {
        ControlError::Foreign {
            what: format!(
                "{}: this output folder belongs to the campaign \"{}\", which {why}",
                self.campaign.output().display(),
                self.identity.name,
            ),
            cure: format!("write a new `output` in {}, or {or}", file.display()),
        }
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
                "{job} still goes by the paths of the campaign as it was made ({made}); move the files back, or stop it first: \
                 `alpsckpt stop {} --campaign {}`",
                busy.id,
                word(self.campaign.output().as_os_str()),
                made = self.spec.output.display()
            ),
        })
    }

    /// Other paths must lead to the same files.
    fn refuse_other_inputs(
        &self,
        spec: &Spec,
        changed: &[Changed],
        anew: &[&ChainId],
    ) -> Result<(), ControlError> {
        let moved: Vec<&Changed> =
            changed.iter().filter(|field| field.change == Change::Place && field.field != "output").collect();
        for chain in spec.chains().into_iter().filter(|chain| !anew.contains(&&chain.id)) {
            let dir = self.campaign.chain(&chain.id);
            let files = self.files.get(&chain.id);
            let holds = files.is_some_and(|f| {
                f.maps.is_some() || f.generations.values().flatten().any(Generation::holds_work)
            });
            if holds && !moved.is_empty() && Inputs::newest(&dir)?.files.is_empty() {
                return Err(ControlError::Foreign {
                    what: format!(
                        "{}: made with another {}, and what its inputs were was not recorded when its tiles were computed",
                        self.campaign.output().display(),
                        names(&moved)
                    ),
                    cure: "move them back".to_owned(),
                });
            }
            inputs::check(&self.campaign, &chain, spec, Depth::Look)?;
        }
        Ok(())
    }
}

fn names(fields: &[&Changed]) -> String {
    fields.iter().map(|changed| format!("`{}`", changed.field)).collect::<Vec<_>>().join(", ")
}

/// Writes the frozen spec of a campaign anew where it is lost or damaged and this file, settled, is what it was made from.
///
/// # Errors
/// When it cannot be written.
pub fn restore(loaded: &Loaded) -> Result<(), ControlError> {
    let campaign = CampaignDir::new(&loaded.spec.output);
    let Ok(identity) = super::read_identity(&campaign) else { return Ok(()) };
    let spec = &loaded.spec;
    let is_it = || spec::freeze(spec).is_ok_and(|frozen| frozen.hash == identity.spec);
    if spec::frozen(&campaign, &identity.spec).is_err() && is_it() {
        install::frozen_spec(&campaign, spec)?;
    }
    Ok(())
}

/// What this campaign file says otherwise than the campaign that was made in its output folder goes by; nothing where none
/// was made.
///
/// # Errors
/// When the campaign's files cannot be read.
pub fn edits(loaded: &Loaded) -> Result<Vec<Changed>, ControlError> {
    let campaign = CampaignDir::new(&loaded.spec.output);
    if !beneath::exists(&campaign.identity()) {
        return Ok(Vec::new());
    }
    let frozen = spec::frozen(&campaign, &super::read_identity(&campaign)?.spec)?;
    Ok(spec::changes(&frozen, &loaded.spec.settled_as(&frozen)))
}
