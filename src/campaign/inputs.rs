//! What the inputs of a chain were, and whether they still are: `inputs.ron`, `links/NNNN.inputs.ron`.
//!
//! Recorded when the campaign is made and by each link; compared by the next. A file that has the stamp that it had is
//! taken to be what it was; else its quick identity is compared, and where that leaves a doubt the blocks that the sealed
//! tiles came from are read again and decide.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::spec::{Spec, short_hash};
use crate::checkpoint::form;
use crate::checkpoint::{
    CampaignDir, Chain, ChainDir, ChainId, Complete, ExitClass, Generation, InputBlock, InputBlocks, LinkEnd,
    LinkNumber, LinkStart, fence, inputs as table,
};
use crate::durable::{DurableError, beneath, sealed};
use crate::engine::geotiff::ReadBlock;
use crate::engine::identity::{self, FileIdentity};
use crate::engine::{NUMERICS, Problem};
use crate::quantity;
use crate::shell_words::word;

/// The inputs of a chain at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inputs {
    /// The chain was begun anew after this link: what it and earlier ones left does not count. 0: never.
    pub after: u32,
    /// The files.
    pub files: Vec<InputFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// What it is to the chain: see [`Spec::inputs_of`].
    pub role: String,
    /// Where it lay.
    pub path: PathBuf,
    /// What it was.
    pub identity: FileIdentity,
    /// The link that recorded it first; 0: it was recorded when the campaign was made or the chain begun anew.
    pub since_link: u32,
    /// When, milliseconds since 1970.
    pub since_ms: i64,
}

impl Inputs {
    /// Looks at the files of a chain. One that cannot be read is left out: whoever needs it says what is wrong with it.
    #[must_use]
    pub fn take(spec: &Spec, chain: &Chain, known: &mut BTreeMap<PathBuf, FileIdentity>) -> Self {
        let mut files = Vec::new();
        for (role, path) in spec.inputs_of(chain) {
            let identity = known.get(&path).cloned().or_else(|| identity::quick(&path).ok());
            let Some(identity) = identity else { continue };
            known.insert(path.clone(), identity.clone());
            files.push(InputFile { role, path, identity, since_link: 0, since_ms: now_ms() });
        }
        Self { after: 0, files }
    }

    /// Twelve hexadecimal digits that stand for all of them; empty where there are none.
    #[must_use]
    pub fn short(&self) -> String {
        let line = |file: &InputFile| format!("{} {}\n", file.role, file.identity.short());
        let lines: String = self.files.iter().map(line).collect();
        if lines.is_empty() { lines } else { short_hash(lines.as_bytes()) }
    }

    /// What was recorded when the campaign was made or the chain begun anew; nothing for a campaign older than such
    /// records.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn first(chain: &ChainDir) -> Result<Self, DurableError> {
        match sealed::read(&chain.inputs()) {
            Err(e) if e.is_missing() => Ok(Self::default()),
            other => other,
        }
    }

    /// What the newest link that counts recorded, else the chain's first record.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn newest(chain: &ChainDir) -> Result<Self, DurableError> {
        let first = Self::first(chain)?;
        for number in fence::all(chain)?.into_iter().rev().filter(|n| n.0 > first.after) {
            match sealed::read::<Self>(&chain.link_inputs(number)) {
                Ok(inputs) => return Ok(Self { after: first.after, ..inputs }),
                Err(e) if e.is_missing() => {}
                Err(e) => return Err(e),
            }
        }
        Ok(first)
    }
}

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

/// What to do about a changed input. A chain that was complete is not submitted again.
#[must_use]
pub fn way_on(chain: &Chain, dir: &ChainDir) -> String {
    let anew = if was_complete(dir) {
        format!("alpsckpt run FILE --months {} --anew", months_of(&chain.months))
    } else {
        let output = dir.path().ancestors().nth(3).unwrap_or(dir.path());
        format!("alpsckpt resubmit {} --anew --campaign {}", chain.id, word(output.as_os_str()))
    };
    format!("put the file back as it was, or begin the chain anew from it: `{anew}`")
}

/// Months as an option takes them.
#[must_use]
pub fn months_of(months: &[u8]) -> String {
    months.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

/// The chain is complete, or a link completed it and its maps are not whole any more.
fn was_complete(dir: &ChainDir) -> bool {
    let by =
        |link| sealed::read::<LinkEnd>(&dir.link_end(link)).is_ok_and(|e| e.class == ExitClass::Complete);
    beneath::exists(&dir.complete()) || fence::all(dir).unwrap_or_default().into_iter().any(by)
}

/// What is to be said when a chain begins anew from these inputs: other chains hold work that was made from other files.
///
/// # Errors
/// When the campaign's folder cannot be read.
pub fn left_behind(
    campaign: &CampaignDir,
    chain: &ChainId,
    inputs: &Inputs,
) -> Result<Vec<String>, DurableError> {
    let mut by_file: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
    for other in chains(campaign)?.into_iter().filter(|other| other != chain) {
        let dir = campaign.chain(&other);
        let theirs = Inputs::newest(&dir).unwrap_or_default();
        if !holds_work(&dir, theirs.after).unwrap_or(false) {
            continue;
        }
        for file in &inputs.files {
            let before = theirs.files.iter().find(|before| before.role == file.role);
            if before.is_some_and(|before| before.identity.difference(&file.identity).is_some()) {
                by_file.entry(&file.path).or_default().push(other.to_string());
            }
        }
    }
    let said = |(file, mut chains): (&Path, Vec<String>)| {
        chains.sort();
        chains.dedup();
        let (file, chains) = (file.display(), chains.join(", "));
        format!(
            "{chains}: computed from {file} as it was before; beside the new maps theirs are of the former file"
        )
    };
    Ok(by_file.into_iter().map(said).collect())
}

/// The chain has tiles or maps that count.
pub(super) fn holds_work(dir: &ChainDir, after: u32) -> Result<bool, DurableError> {
    Ok(is_complete(dir, after) || newest_sealed(dir, LinkNumber(after))?.is_some())
}

/// Whether the chain was completed after it was begun anew, if it was.
#[must_use]
pub fn is_complete(dir: &ChainDir, after: u32) -> bool {
    form::read::<Complete>(&dir.complete()).is_ok_and(|complete| complete.link.0 > after)
}

/// The newest manifest that can be read and counts, if it holds tiles.
fn newest_sealed(dir: &ChainDir, after: LinkNumber) -> Result<Option<Generation>, DurableError> {
    let numbers = fence::generations(dir)?;
    for number in numbers.into_iter().rev() {
        match Generation::read(dir, number) {
            Ok(generation) if generation.link > after => {
                return Ok(Some(generation).filter(Generation::holds_work));
            }
            Ok(_) | Err(DurableError::Damaged { .. }) => {}
            Err(e) if e.is_missing() => {}
            // A disk that is out of reach, or a newer form, says nothing about what is sealed.
            Err(e) => return Err(e),
        }
    }
    Ok(None)
}

fn chains(campaign: &CampaignDir) -> Result<Vec<ChainId>, DurableError> {
    let names = beneath::names_if_any(&campaign.chains())?;
    Ok(names.iter().filter_map(|name| ChainId::parse(&name.to_string_lossy())).collect())
}

fn link_words(dir: &ChainDir, link: LinkNumber) -> String {
    match form::read::<LinkStart>(&dir.link_start(link)) {
        Ok(start) => format!("link {} of {}", link.0, quantity::moment(start.started_ms)),
        Err(_) => format!("link {}", link.0),
    }
}

/// A block of a table as the engine knows it.
#[must_use]
pub fn read_block(block: InputBlock) -> ReadBlock {
    ReadBlock { offset: block.offset, bytes: block.bytes, crc: block.crc }
}

/// A block that the engine read, for a table.
#[must_use]
pub fn input_block(block: ReadBlock) -> InputBlock {
    InputBlock { offset: block.offset, bytes: block.bytes, crc: block.crc }
}

fn now_ms() -> i64 {
    super::clock::wall_ms()
}
