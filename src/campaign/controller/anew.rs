//! Begins a chain anew, as asked; chooses the program that it goes on with.

use std::collections::BTreeMap;
use std::path::Path;

use super::act::not_now;
use super::install::Runs;
use super::{ControlError, Controller, install};
use crate::campaign::event::Event;
use crate::campaign::inputs::{self, Inputs};
use crate::campaign::notice::Notice;
use crate::campaign::snapshot::{ChainState, ChainView};
use crate::campaign::spec::{self, Change, Changed, Loaded, Spec};
use crate::checkpoint::resume::file_crc;
use crate::checkpoint::{ChainId, Complete, MapRecord, fence, form};
use crate::durable::{DurableError, atomic, beneath, sealed};
use crate::engine::NUMERICS;

/// What changed of the campaign's file, and what is to be said of other chains.
type Begun = (Vec<Changed>, Vec<String>);

impl Controller {
    /// Has the chain computed anew from the inputs as they are now: what its links sealed so far does not count any more.
    /// The numbers of links and generations go on. The next link removes what no generation that counts needs. The answer:
    /// what changed of the campaign's file, and what is to be said of other chains.
    ///
    /// With the campaign's file it goes by that from now on, as by [`Self::follow`]; what a command runs may have changed too.
    ///
    /// # Errors
    /// When the chain has a job, or is complete with all its maps, or a later program wrote to it, or the campaign cannot go by
    /// that file: then nothing is changed.
    pub fn begin_anew(&mut self, chain: &ChainId, loaded: Option<&Loaded>) -> Result<Begun, ControlError> {
        self.holding(|controller| {
            let view = controller.view_of(chain)?;
            if view.state == ChainState::Complete && controller.has_its_maps(chain)? {
                let why = "it is complete and its maps are what was computed: write a new `output` to compute it from other inputs";
                return Err(not_now(chain, why.to_owned()));
            }
            controller.anew_by(&[view], loaded)
        })
    }

    /// As [`Self::begin_anew`], for a run in the foreground of these chains: a complete chain begins anew when its maps are not all
    /// what was computed, and is left as it is when they are.
    ///
    /// # Errors
    /// When a chain has a job, or a later program wrote to it, or the campaign cannot go by the file: then nothing is changed.
    pub fn begin_anew_here(&mut self, chains: &[ChainId], loaded: &Loaded) -> Result<Begun, ControlError> {
        self.holding(|controller| {
            let mut views = Vec::new();
            // Those that the file has added have nothing to leave behind.
            for chain in chains {
                if !controller.chains.iter().any(|known| known.id == *chain) {
                    continue;
                }
                let view = controller.view_of(chain)?;
                if view.state != ChainState::Complete || !controller.has_its_maps(chain)? {
                    views.push(view);
                }
            }
            controller.anew_by(&views, Some(loaded))
        })
    }

    /// Everything is looked at before anything is written.
    fn anew_by(&mut self, views: &[ChainView], loaded: Option<&Loaded>) -> Result<Begun, ControlError> {
        if let Some(busy) = views.iter().find(|view| !view.state.is_settled()) {
            return Err(not_now(&busy.id, "it has a job: stop it first".to_owned()));
        }
        let spec = loaded.map_or_else(|| self.spec.clone(), |loaded| loaded.spec.settled_as(&self.spec));
        let changed = spec::changes(&self.spec, &spec);
        let anew: Vec<&ChainId> = views.iter().map(|view| &view.id).collect();
        let edited = loaded.filter(|_| !changed.is_empty());
        let began = match edited {
            Some(loaded) => self.ensure_can_follow(&spec, &changed, &loaded.file, &anew)?,
            None => false,
        };
        let mut said = Vec::new();
        if changed.iter().any(|field| field.change == Change::Science) {
            said.extend(self.made_before(&anew, &changed)?);
        }
        // What is sealed must not count any more before the campaign goes by a file that says another program.
        for view in views {
            said.extend(self.anew(&view.id, view, &spec)?);
        }
        if edited.is_some() {
            self.take(spec, &changed, began)?;
        }
        Ok((changed, said))
    }

    /// What is to be said of chains that hold work of a command as the file had it before.
    fn made_before(&self, anew: &[&ChainId], changed: &[Changed]) -> Result<Vec<String>, ControlError> {
        let mut theirs = Vec::new();
        for chain in self.chains.iter().map(|chain| &chain.id).filter(|chain| !anew.contains(chain)) {
            let dir = self.campaign.chain(chain);
            if inputs::holds_work(&dir, Inputs::first(&dir)?.after)? {
                theirs.push(chain.to_string());
            }
        }
        let fields: Vec<String> = changed
            .iter()
            .filter(|field| field.change == Change::Science)
            .map(|field| format!("`{}`", field.field))
            .collect();
        Ok(if theirs.is_empty() {
            Vec::new()
        } else {
            vec![format!(
                "{}: made, or begun, with {} as the file had it before; that stays so",
                theirs.join(", "),
                fields.join(", ")
            )]
        })
    }

    /// The chain as it is now, if this program knows all that was written to it.
    fn view_of(&mut self, chain: &ChainId) -> Result<ChainView, ControlError> {
        fence::ensure_known(&self.campaign.chain(chain))?;
        let fresh = !self.state.chain(chain).attempts.is_empty();
        self.look_freshly(chain, fresh)?;
        let view = self.chain_now(chain);
        view.ok_or_else(|| self.no_chain(chain))
    }

    fn anew(&mut self, chain: &ChainId, view: &ChainView, spec: &Spec) -> Result<Vec<String>, ControlError> {
        let dir = self.campaign.chain(chain);
        let after = fence::newest(&dir)?.map_or(0, |link| link.0);
        let inputs = Inputs { after, ..Inputs::take(spec, self.chain_of(chain)?, &mut BTreeMap::new()) };
        let begun =
            Notice::BegunAnew { inputs: inputs.short(), after, amount: view.sealed_tiles, unit: view.unit };
        let said = inputs::left_behind(&self.campaign, chain, &inputs)?;
        let files = said.iter().map(|text| Notice::Files { text: text.clone() });
        let noticed = |notice| Event::Noticed { chain: Some(chain.clone()), notice };
        self.record(std::iter::once(begun).chain(files).map(noticed).collect())?;
        atomic::create_folder(dir.path())?;
        sealed::replace(&dir.inputs(), &inputs)?;
        self.read_files()?;
        Ok(said)
    }

    /// Every map of a complete chain is there and what was computed.
    fn has_its_maps(&self, chain: &ChainId) -> Result<bool, ControlError> {
        Ok(match form::read::<Complete>(&self.campaign.chain(chain).complete()) {
            Ok(complete) => not_as_computed(&complete.place.of(&self.campaign), &complete)?.is_empty(),
            Err(_) => false,
        })
    }

    /// Puts aside the maps of a complete chain whose bytes are not what was computed: it can then be resubmitted, and what is
    /// good of it is kept. Nothing is done to a chain that is not complete. The answer: what was put aside, in words.
    ///
    /// # Errors
    /// When a map cannot be read or put aside.
    pub fn put_damaged_aside(&mut self, chain: &ChainId) -> Result<Vec<String>, ControlError> {
        let view = self.view_of(chain)?;
        let record = self.campaign.chain(chain).complete();
        let (ChainState::Complete, Ok(complete)) = (view.state, form::read::<Complete>(&record)) else {
            return Ok(Vec::new());
        };
        let folder = complete.place.of(&self.campaign);
        // Read without the lease: it may be much.
        let damaged = not_as_computed(&folder, &complete)?;
        if damaged.is_empty() {
            return Ok(Vec::new());
        }
        self.holding(|controller| {
            let mut said = Vec::new();
            for map in damaged.iter().map(|map| folder.join(map)).filter(|map| beneath::exists(map)) {
                let mut aside = map.clone().into_os_string();
                aside.push(".damaged");
                beneath::rename(&map, Path::new(&aside))
                    .map_err(|e| DurableError::io(&map, "put aside", e))?;
                let (map, aside) = (map.display().to_string(), Path::new(&aside).display().to_string());
                let event =
                    Event::Noticed { chain: Some(chain.clone()), notice: Notice::PutAside { map, aside } };
                said.push(format!("{chain}: {}", event.words()));
                controller.record(vec![event])?;
            }
            Ok(said)
        })
    }

    /// What the next attempt runs: this program by the spec as it is, unless the chain holds tiles of another engine; then the one
    /// that computed them, if its copy is still what it was.
    pub(super) fn program_for(&mut self, chain: &ChainId) -> Result<Runs, ControlError> {
        let own = Runs { program: self.program()?, spec: self.identity.spec.clone(), said: None };
        let Some(files) = self.files.get(chain) else { return Ok(own) };
        let held =
            files.generations.values().flatten().next_back().filter(|g| g.tiles > 0 && g.image.is_none());
        let Some(held) = held.filter(|g| g.numerics != NUMERICS) else { return Ok(own) };
        let former =
            files.attempts.values().rev().map(|attempt| &attempt.program).find(|hash| **hash != own.program);
        let tiles =
            format!("what it sealed ({}) is of engine {}", held.unit.amount(held.tiles), held.numerics);
        Ok(match former {
            Some(hash) if install::is_whole(&self.campaign, hash) => Runs {
                said: Some(format!(
                    "{tiles}: it goes on with the program that it began with, alpsckpt-{hash}"
                )),
                program: hash.clone(),
                spec: self.spec_for_former(&held.spec),
            },
            Some(hash) => Runs {
                said: Some(format!(
                    "{tiles}, and their program, alpsckpt-{hash}, is damaged: it begins anew with engine {NUMERICS}"
                )),
                ..own
            },
            None => Runs {
                said: Some(format!(
                    "{tiles}, and their program is not there: it begins anew with engine {NUMERICS}"
                )),
                ..own
            },
        })
    }

    /// A former program may know neither a lineage nor each field of the spec as it is now: it goes on by the one that it sealed
    /// its tiles by, where the paths of that still count.
    fn spec_for_former(&self, sealed_by: &str) -> String {
        let counts = spec::frozen(&self.campaign, sealed_by).is_ok_and(|former| {
            spec::changes(&former, &self.spec).iter().all(|field| field.change != Change::Place)
        });
        if counts { sealed_by.to_owned() } else { self.identity.spec.clone() }
    }
}

/// The files of the maps that are missing or whose bytes are not what was computed.
fn not_as_computed(folder: &Path, complete: &Complete) -> Result<Vec<String>, ControlError> {
    let whole = |map: &MapRecord| -> Result<bool, ControlError> {
        let path = folder.join(&map.file);
        match beneath::facts(&path) {
            Ok(facts) if facts.len() != map.bytes => return Ok(false),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(DurableError::io(&path, "read", e).into()),
            Ok(_) => {}
        }
        // What the disk does not give any more is damaged too.
        let found = file_crc(&path, &|| false);
        Ok(found.ok().flatten() == Some((map.bytes, map.crc)))
    };
    let mut bad = Vec::new();
    for map in &complete.maps {
        if !whole(map)? {
            bad.push(map.file.clone());
        }
    }
    Ok(bad)
}
