//! Compares the inputs of a chain with what its sealed tiles were computed from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::held::{chains, holds_work, newest_sealed};
use super::way_on::way_on;
use super::{InputFile, Inputs, now_ms, read_block};
use crate::campaign::spec::Spec;
use crate::checkpoint::{
    CampaignDir, Chain, ChainDir, Generation, InputBlocks, LinkNumber, LinkStart, form, inputs as table,
};
use crate::durable::DurableError;
use crate::engine::geotiff::ReadBlock;
use crate::engine::identity::{self, FileIdentity};
use crate::engine::{NUMERICS, Problem};
use crate::quantity;

/// How far a check goes.
#[derive(Clone, Copy)]
pub enum Depth<'a> {
    /// A second at most: what only a reading of the blocks can decide is left to the link.
    Look,
    /// Blocks are read where need be, until `true` is answered.
    Decide(&'a (dyn Fn() -> bool + Sync)),
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// The inputs as they are now.
    pub inputs: Inputs,
    /// The blocks that sealed tiles came from, with who read them, in words.
    pub tables: Vec<(String, InputBlocks)>,
    /// What is worth a line in the log.
    pub said: Vec<String>,
}

/// Why an input cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A file of the chain.
    #[error(transparent)]
    File(#[from] DurableError),
    /// An input is not what the chain's tiles were computed from.
    #[error(transparent)]
    Changed(Box<Problem>),
}

/// Compares the inputs of a chain with what its sealed tiles were computed from.
///
/// A chain without sealed tiles takes what lies there, unless other chains of the campaign hold work that was made from
/// the file that the campaign was made with.
///
/// # Errors
/// When an input was changed, or a record of the chain cannot be read.
pub fn check(
    campaign: &CampaignDir,
    chain: &Chain,
    spec: &Spec,
    depth: Depth<'_>,
) -> Result<Checked, CheckError> {
    let dir = campaign.chain(&chain.id);
    let old = Inputs::newest(&dir)?;
    let sealed = newest_sealed(&dir, LinkNumber(old.after))?;
    // What another engine computed is not gone on from by a link.
    let sealed =
        sealed.filter(|g| matches!(depth, Depth::Look) || g.numerics == NUMERICS || g.image.is_some());
    let mut check =
        Check { campaign, chain, dir, sealed, depth, known: BTreeMap::new(), found: Checked::default() };
    check.found.inputs.after = old.after;
    if matches!(depth, Depth::Decide(_)) {
        check.read_tables();
    }
    for (role, path) in spec.inputs_of(chain) {
        let before = old.files.iter().find(|file| file.role == role);
        check.file(&role, &path, before)?;
    }
    Ok(check.found)
}

struct Check<'a> {
    campaign: &'a CampaignDir,
    chain: &'a Chain,
    dir: ChainDir,
    sealed: Option<Generation>,
    depth: Depth<'a>,
    /// The same file may serve several times.
    known: BTreeMap<PathBuf, FileIdentity>,
    found: Checked,
}

impl Check<'_> {
    fn read_tables(&mut self) {
        for segment in self.sealed.iter().flat_map(|g| &g.segments) {
            let since = link_words(&self.dir, segment.link);
            match table::read(&self.dir, segment) {
                Ok(blocks) => self.found.tables.extend(blocks.into_iter().map(|b| (since.clone(), b))),
                Err(e) => self
                    .found
                    .said
                    .push(format!("What {since} read of the inputs is not known any more: {e}.")),
            }
        }
    }

    fn file(&mut self, role: &str, path: &Path, before: Option<&InputFile>) -> Result<(), CheckError> {
        // What is wrong with a file that cannot be read is said by whoever opens it.
        let Ok(stamp) = identity::stamp(path) else {
            self.found.inputs.files.extend(before.cloned());
            return Ok(());
        };
        if let Some(before) = before.filter(|b| b.identity.stamp == stamp) {
            let same = InputFile { path: path.to_path_buf(), ..before.clone() };
            self.found.inputs.files.push(same);
            return Ok(());
        }
        let identity = match self.known.get(path) {
            Some(identity) => identity.clone(),
            None => match identity::quick(path) {
                Ok(identity) => identity,
                Err(_) => return Ok(()),
            },
        };
        self.known.insert(path.to_path_buf(), identity.clone());
        let now = InputFile {
            role: role.to_owned(),
            path: path.to_path_buf(),
            identity,
            since_link: before.map_or(0, |b| b.since_link),
            since_ms: before.map_or_else(now_ms, |b| b.since_ms),
        };
        if let Some(before) = before {
            self.compare(before, &now)?;
        }
        self.found.inputs.files.push(now);
        Ok(())
    }

    /// Finds out whether a file with another stamp is another file.
    fn compare(&mut self, before: &InputFile, now: &InputFile) -> Result<(), CheckError> {
        let (was, is) = (&before.identity, &now.identity);
        let difference = was.difference(is);
        if self.sealed.is_none() {
            return match difference {
                Some(difference) if self.others_hold(before)? => {
                    Err(self.changed(before, now, &difference, true))
                }
                Some(difference) => {
                    self.found.said.push(format!(
                        "Input {}: {} is another file than before: {difference}. Nothing of this chain was computed from that.",
                        now.role,
                        now.path.display()
                    ));
                    Ok(())
                }
                None => Ok(()),
            };
        }
        // An image has none: what a program read of a file nobody knows.
        let has_table = |g: &Generation| g.image.is_none() && g.segments.iter().all(|s| s.inputs_bytes > 0);
        let decidable =
            (was.bytes, &was.head) == (is.bytes, &is.head) && self.sealed.as_ref().is_some_and(has_table);
        match (difference, self.depth) {
            (Some(difference), _) if !decidable => Err(self.changed(before, now, &difference, false)),
            (_, Depth::Look) => Ok(()),
            (difference, Depth::Decide(stop)) => {
                let tables = self.found.tables.iter().filter(|(_, blocks)| blocks.role == now.role);
                let mut count = 0;
                for (since, table) in tables {
                    let blocks: Vec<ReadBlock> = table.blocks.iter().copied().map(read_block).collect();
                    count += blocks.len();
                    let found = identity::first_changed(&now.path, &blocks, stop).ok().flatten();
                    if let Some(offset) = found.filter(|_| !stop()) {
                        let what = format!("its content at byte {offset} is not what {since} read");
                        return Err(self.changed(before, now, &what, false));
                    }
                }
                // The table of a damaged file is no table.
                if let Some(difference) = difference.filter(|_| count == 0) {
                    return Err(self.changed(before, now, &difference, false));
                }
                self.found.said.push(format!(
                    "Input {}: {} was touched, copied or moved; what sealed tiles came from ({} of it) is what it was.",
                    now.role,
                    now.path.display(),
                    quantity::count(count as u64, "block")
                ));
                Ok(())
            }
        }
    }

    /// Other chains have sealed work that was made from the file as it was.
    fn others_hold(&self, before: &InputFile) -> Result<bool, DurableError> {
        for chain in chains(self.campaign)?.into_iter().filter(|chain| *chain != self.chain.id) {
            let dir = self.campaign.chain(&chain);
            let inputs = Inputs::newest(&dir).unwrap_or_default();
            let same = |file: &&InputFile| file.role == before.role && file.identity == before.identity;
            if inputs.files.iter().any(|file| same(&file)) && holds_work(&dir, inputs.after)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn changed(&self, before: &InputFile, now: &InputFile, difference: &str, of_others: bool) -> CheckError {
        let whose = if of_others { "other chains of this campaign were" } else { "this chain was" };
        let since = match before.since_link {
            0 => "when the campaign was made or the chain begun anew".to_owned(),
            link => format!("by link {link}"),
        };
        let what = format!(
            "`{}` is not the file that {whose} computed from: {difference}; it was recorded {since}, on {}, and was \
             written last on {}",
            now.role,
            quantity::moment(before.since_ms),
            quantity::moment(now.identity.stamp.written_ms())
        );
        let problem =
            Problem { changed: true, ..Problem::new(&now.path, what, way_on(self.chain, &self.dir)) };
        CheckError::Changed(Box::new(problem))
    }
}

fn link_words(dir: &ChainDir, link: LinkNumber) -> String {
    match form::read::<LinkStart>(&dir.link_start(link)) {
        Ok(start) => format!("link {} of {}", link.0, quantity::moment(start.started_ms)),
        Err(_) => format!("link {}", link.0),
    }
}
