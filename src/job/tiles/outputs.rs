//! What lies where maps and pictures go: an input, or a file of someone else's, is never overwritten.
//!
//! A file under a map's name is the campaign's own when a link had announced it (`links/NNNN.<layer>.map.ron`, durable before
//! the name is given): the same file, be it damaged since, or one with the same content. Where no link announced the layer, as
//! in form 1, or the whole campaign was copied, the name alone tells, if a generation or the chain's end names it. A picture
//! is known by the text that it begins with.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Session;
use crate::campaign::spec::Spec;
use crate::checkpoint::resume::file_crc;
use crate::checkpoint::shape::map_file;
use crate::checkpoint::{CampaignDir, Chain, ChainDir, Complete, Generation, fence, form};
use crate::durable::{DurableError, beneath, sealed};
use crate::engine::{self, Problem};
use crate::job::draft::Draft;
use crate::job::failure::LinkFailure;
use crate::job::{pictures, request};

/// A map that is about to get its name.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Announced {
    /// Device and number of its file, which a rename keeps.
    file: (u64, u64),
    /// The same of the folder of the maps: another where the whole campaign was copied, and then the file's says nothing.
    #[serde(default)]
    folder: Option<(u64, u64)>,
    /// Its length, bytes.
    bytes: u64,
    /// The checksum (CRC-32) of the whole file.
    crc: u32,
}

/// What lies in the way of the maps and pictures of the chains with these months: inputs, and files that this campaign did
/// not make.
#[must_use]
pub fn in_the_way(campaign: &CampaignDir, spec: &Spec, months: &[u8]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for chain in spec.chains() {
        if chain.months.iter().any(|month| months.contains(month)) {
            let layers = engine::layers_of(&request::of_chain(spec, &chain));
            let dir = campaign.chain(&chain.id);
            let outputs = Outputs::new(campaign, &dir, spec, &chain);
            for problem in outputs.in_the_way(layers.iter().map(|layer| layer.name.as_str())) {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
    }
    problems
}

impl Session<'_> {
    /// Refuses to begin where something lies in the way of the chain's maps.
    pub(super) fn ensure_free(&self, layers: &[String]) -> Result<(), LinkFailure> {
        let problem = self.outputs().in_the_way(layers.iter().map(String::as_str)).into_iter().next();
        problem.map_or(Ok(()), |problem| Err(LinkFailure::Input(problem)))
    }

    /// Gives a finished map its name, unless something else has it by now; its length and checksum.
    pub(super) fn publish(&self, layer: &str, draft: Draft) -> Result<(u64, u32), LinkFailure> {
        let name = self.shell.campaign.maps().join(map_file(layer));
        let outputs = self.outputs();
        let taken = || LinkFailure::Input(taken(&name));
        let replaces = exists(&name)?;
        if replaces {
            if let Some(problem) = outputs.input_at(&name) {
                return Err(LinkFailure::Input(problem));
            }
            if !outputs.made(&name, layer) {
                return Err(taken());
            }
        }
        let (bytes, crc) = draft.sum();
        let folder = folder_of_maps(self.shell.campaign);
        let announced = Announced { file: file_of(&draft.facts()?), folder, bytes, crc };
        sealed::replace(&self.shell.dir.link_map(self.shell.link, layer), &announced)?;
        if replaces {
            draft.publish(map_file(layer).as_ref())?;
        } else if !draft.publish_new(map_file(layer).as_ref())? {
            return Err(taken());
        }
        Ok((bytes, crc))
    }

    /// Whether the picture of a map may be drawn where it goes.
    pub(super) fn may_draw(&self, picture: &Path) -> bool {
        !beneath::facts(picture).is_ok_and(|facts| !is_picture(picture, &facts))
            && self.outputs().input_at(picture).is_none()
    }

    fn outputs(&self) -> Outputs<'_> {
        let options = self.shell.options;
        Outputs::new(self.shell.campaign, &self.shell.dir, &options.spec, &options.chain)
    }
}

/// Where the maps of a chain go, and what must not be touched there.
struct Outputs<'a> {
    campaign: &'a CampaignDir,
    chain: &'a ChainDir,
    /// The inputs that exist, by what they are wherever a path leads to them.
    inputs: Vec<(PathBuf, (u64, u64))>,
    /// The maps that generations name.
    named: OnceCell<BTreeSet<String>>,
}

impl<'a> Outputs<'a> {
    fn new(campaign: &'a CampaignDir, dir: &'a ChainDir, spec: &Spec, chain: &Chain) -> Self {
        let identity = |path: PathBuf| fs::metadata(&path).ok().map(|facts| (path, file_of(&facts)));
        let inputs = spec.inputs_of(chain).into_iter().filter_map(|(_, path)| identity(path)).collect();
        Self { campaign, chain: dir, inputs, named: OnceCell::new() }
    }

    fn in_the_way<'l>(&self, layers: impl Iterator<Item = &'l str>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for layer in layers {
            let map = self.campaign.maps().join(map_file(layer));
            let picture = pictures::file(self.campaign, &map);
            for (path, is_picture_of) in [(&map, false), (&picture, true)] {
                let Ok(facts) = beneath::facts(path) else { continue };
                let input = self.input_at(path);
                let made = || if is_picture_of { is_picture(path, &facts) } else { self.made(path, layer) };
                match input {
                    Some(problem) => problems.push(problem),
                    None if !made() => problems.push(taken(path)),
                    None => {}
                }
            }
        }
        problems
    }

    /// The input that lies at `path`, by whatever way it is named.
    fn input_at(&self, path: &Path) -> Option<Problem> {
        let there = file_of(&fs::metadata(path).ok()?);
        let (input, _) = self.inputs.iter().find(|(_, file)| *file == there)?;
        let what = format!("this input lies where an output goes: {} would overwrite it", path.display());
        Some(Problem::new(input, what, "move the input to another folder, or name another `output`"))
    }

    /// The campaign made the map that has this name.
    fn made(&self, path: &Path, layer: &str) -> bool {
        let Ok(facts) = beneath::facts(path) else { return false };
        let own =
            || self.is_announced(path, layer, &facts).unwrap_or_else(|| self.is_named(&map_file(layer)));
        facts.is_file() && own()
    }

    /// A generation or the end of the chain names it.
    fn is_named(&self, file: &str) -> bool {
        let named = self.named.get_or_init(|| {
            let numbers = fence::generations(self.chain).unwrap_or_default();
            let read = |number| Generation::read(self.chain, number).ok();
            numbers.into_iter().filter_map(read).flat_map(|g| g.maps).map(|map| map.file).collect()
        });
        // The record of the end is long, and what it names is in the last generations, as a rule.
        named.contains(file)
            || form::read::<Complete>(&self.chain.complete())
                .is_ok_and(|complete| complete.maps.iter().any(|map| map.file == file))
    }

    /// A link was about to give it this name: the same file, or a copy of it. `None`: none announced a map of the layer.
    fn is_announced(&self, path: &Path, layer: &str, facts: &Metadata) -> Option<bool> {
        let links = fence::all(self.chain).unwrap_or_default();
        let announced: Vec<Announced> = links
            .into_iter()
            .rev()
            .filter_map(|link| sealed::read(&self.chain.link_map(link, layer)).ok())
            .collect();
        let same = || announced.iter().any(|map| map.file == file_of(facts));
        let copy = || {
            announced.iter().any(|map| map.bytes == facts.len())
                && file_crc(path, &|| false)
                    .ok()
                    .flatten()
                    .is_some_and(|sum| announced.iter().any(|map| (map.bytes, map.crc) == sum))
        };
        let here = folder_of_maps(self.campaign);
        let copied = announced.iter().all(|map| map.folder.is_some() && map.folder != here);
        (!announced.is_empty()).then(|| same() || copy() || (copied && self.is_named(&map_file(layer))))
    }
}

/// Something that the campaign did not make has the name of one of its files.
fn taken(path: &Path) -> Problem {
    let what =
        "this file has the name of an output, and this campaign did not make it; it is not overwritten";
    Problem::new(path, what, "move it away, or name another `output`")
}

/// A picture as this program draws it: a PNG whose first text is its unit.
fn is_picture(path: &Path, facts: &Metadata) -> bool {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    /// After the signature and the header's chunk, and the length of the text's.
    const TEXT: std::ops::Range<usize> = 37..46;
    let head = if facts.is_file() { beneath::read_head(path, 64).unwrap_or_default() } else { Vec::new() };
    head.starts_with(SIGNATURE) && head.get(TEXT).is_some_and(|text| text == b"iTXtUnit\0")
}

fn exists(path: &Path) -> Result<bool, DurableError> {
    match beneath::facts(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(DurableError::io(path, "examine", e)),
    }
}

fn folder_of_maps(campaign: &CampaignDir) -> Option<(u64, u64)> {
    fs::metadata(campaign.maps()).ok().map(|facts| file_of(&facts))
}

/// Device and number: the same for all names of a file.
fn file_of(facts: &Metadata) -> (u64, u64) {
    (facts.dev(), facts.ino())
}
