//! Reads what the chains leave on disk; what cannot change any more is read once. A folder is listed once, and what its
//! listing does not have is not asked for. All chains' files are read at the same time: on a shared disk the waits
//! overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::many;
use crate::batch::{Token, is_host_name};
use crate::campaign::identity::AttemptFile;
use crate::campaign::inputs::Inputs;
use crate::campaign::machine::{DiskView, LinkOnDisk, SealedGeneration};
use crate::campaign::snapshot::{GenerationView, MapView};
use crate::campaign::spec::Spec;
use crate::checkpoint::form;
use crate::checkpoint::status::HEARTBEAT;
use crate::checkpoint::{
    CampaignDir, ChainDir, ChainId, Complete, Generation, GenerationNumber, LinkEnd, LinkNumber, LinkResume,
    LinkStart, MapRecord, Place, Status, UnfitNode, fence,
};
use crate::durable::{DurableError, beneath, numbered, sealed};
use crate::quantity::{Unit, clean};

/// A heartbeat that stood still for longer than three beats and a minute is silence, milliseconds.
const SILENT_MS: u64 = 3 * HEARTBEAT.as_millis() as u64 + 60_000;

/// One chain's files, remembered from one reading to the next.
#[derive(Debug, Default)]
pub(super) struct ChainFiles {
    /// The chain was begun anew after this link: what is older does not count.
    after: u32,
    pub(super) attempts: BTreeMap<u32, AttemptFile>,
    /// Attempt files that cannot be read: nothing may be submitted beside them unless the journal knows them.
    pub(super) bad_attempts: BTreeMap<u32, String>,
    pub(super) links: BTreeMap<u32, LinkFiles>,
    pub(super) generations: BTreeMap<u32, Result<Generation, String>>,
    complete: Option<End>,
    /// The maps, when all of them are there.
    pub(super) maps: Option<Vec<MapView>>,
    /// What is wrong with the end of the chain: its record, or the maps that it names.
    lost: Option<String>,
    /// The newest link's status, as last read.
    pub(super) status: Option<Status>,
    beat: Option<Beat>,
    pub(super) quicklook: Option<PathBuf>,
    pub(super) logs: Vec<PathBuf>,
}

/// One link's records.
#[derive(Debug)]
pub(super) struct LinkFiles {
    pub(super) start: LinkStart,
    pub(super) resume: Option<LinkResume>,
    pub(super) end: Option<LinkEnd>,
}

/// A heartbeat's counter, and since when this machine's clock has seen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beat {
    pub(super) link: u32,
    pub(super) counter: u64,
    pub(super) since_ms: u64,
    /// The counter was seen to grow.
    #[serde(skip)]
    moved: bool,
}

/// Reads what is new of all these chains. `beats`: what an earlier process saw of their heartbeats.
///
/// # Errors
/// When a folder is there and cannot be read; a damaged file is no error but shown as such.
pub(super) fn refresh_all(
    chains: Vec<(ChainId, ChainDir, &mut ChainFiles)>,
    campaign: &CampaignDir,
    now_ms: u64,
    beats: &BTreeMap<ChainId, Beat>,
) -> Result<(), DurableError> {
    let listings = many::each(chains.iter().map(|(_, dir, _)| dir).collect(), Listing::of);
    let listings: Vec<Listing> = listings.into_iter().collect::<Result<_, _>>()?;
    let mut wanted = Vec::new();
    for (at, ((_, dir, files), listing)) in chains.iter().zip(&listings).enumerate() {
        wanted.extend(files.wanted(listing).into_iter().map(|record| (at, dir, record)));
    }
    let read = many::each(wanted, |(at, dir, record)| (at, record.read(dir)));
    let mut found: Vec<Vec<Found>> = listings.iter().map(|_| Vec::new()).collect();
    for (at, one) in read {
        if let Some(of_chain) = found.get_mut(at) {
            of_chain.push(one);
        }
    }
    let mut open = Vec::new();
    for (((chain, dir, files), listing), found) in chains.into_iter().zip(listings).zip(found) {
        files.take_in(listing, found)?;
        open.push((chain, dir, files));
    }
    many::each(open, |(chain, dir, files)| {
        files.read_running(&dir, now_ms, beats.get(&chain));
        files.look_at_maps(campaign);
    });
    Ok(())
}

/// What `complete.ron` says.
#[derive(Debug)]
struct End {
    stamp: Option<Stamp>,
    maps: Vec<MapRecord>,
    link: u32,
    tiles: u64,
    place: Place,
}

/// What tells a file from the one that replaced it: number, length, time of change in seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    let facts = beneath::facts(path).ok()?;
    Some((facts.ino(), facts.len(), facts.mtime(), facts.mtime_nsec()))
}

/// What the folders of a chain hold, by the names alone.
struct Listing {
    attempts: BTreeSet<u32>,
    links: BTreeSet<u32>,
    resumes: BTreeSet<u32>,
    ends: BTreeSet<u32>,
    generations: BTreeSet<u32>,
    logs: Vec<PathBuf>,
}

impl Listing {
    fn of(dir: &ChainDir) -> Result<Self, DurableError> {
        let links = beneath::names_if_any(&dir.links())?;
        Ok(Self {
            attempts: AttemptFile::numbers(dir)?.into_iter().collect(),
            resumes: numbers(&links, 4, "resume.ron"),
            ends: numbers(&links, 4, "end.ron"),
            links: numbers(&links, 4, "ron"),
            generations: fence::generations(dir)?.into_iter().map(|number| number.0).collect(),
            logs: logs(&dir.logs()),
        })
    }
}

/// A record that is to be read.
enum Record {
    Inputs,
    /// With the stamp of the one that is known: it may name a hundred thousand blocks.
    Complete(Option<Stamp>),
    Attempt(u32),
    Start(u32),
    Resume(u32),
    End(u32),
    Generation(u32),
}

/// What was read of one.
enum Found {
    Inputs(Result<Inputs, DurableError>),
    Complete(Result<End, DurableError>),
    /// It is the one that is known.
    SameComplete,
    Attempt(u32, Result<AttemptFile, DurableError>),
    Start(u32, LinkStart),
    Resume(u32, Option<LinkResume>),
    End(u32, Option<LinkEnd>),
    Generation(u32, Result<Generation, String>),
}

impl Record {
    fn read(&self, dir: &ChainDir) -> Found {
        match *self {
            Self::Inputs => Found::Inputs(Inputs::first(dir)),
            Self::Complete(known) => {
                let stamp = stamp(&dir.complete());
                if stamp.is_some() && stamp == known {
                    return Found::SameComplete;
                }
                match form::read::<Complete>(&dir.complete()) {
                    Ok(Complete { maps, link, tiles, place, .. }) => {
                        Found::Complete(Ok(End { stamp, maps, link: link.0, tiles, place }))
                    }
                    Err(e) => Found::Complete(Err(e)),
                }
            }
            Self::Attempt(n) => Found::Attempt(n, AttemptFile::read(dir, n)),
            Self::Start(n) => {
                let link = LinkNumber(n);
                Found::Start(
                    n,
                    form::read(&dir.link_start(link)).unwrap_or_else(|_| LinkStart::unreadable(link)),
                )
            }
            Self::Resume(n) => Found::Resume(n, sealed::read(&dir.link_resume(LinkNumber(n))).ok()),
            Self::End(n) => Found::End(n, sealed::read(&dir.link_end(LinkNumber(n))).ok()),
            Self::Generation(n) => {
                let read = Generation::read(dir, GenerationNumber(n));
                Found::Generation(n, read.map_err(|e| e.to_string()))
            }
        }
    }
}

impl ChainFiles {
    /// What of the listed is not known yet, or may have changed.
    fn wanted(&self, listing: &Listing) -> Vec<Record> {
        let mut wanted = vec![Record::Inputs, Record::Complete(self.complete.as_ref().and_then(|c| c.stamp))];
        let new = |n: &&u32| !self.attempts.contains_key(n);
        wanted.extend(listing.attempts.iter().filter(new).map(|n| Record::Attempt(*n)));
        let newest = listing.links.last();
        for n in &listing.links {
            let known = self.links.get(n);
            if known.is_none() {
                wanted.push(Record::Start(*n));
            }
            // Of the newest link asked for by name: a listing may be old on shared disks.
            let listed = |of: &BTreeSet<u32>| of.contains(n) || Some(n) == newest;
            if known.is_none_or(|l| l.resume.is_none()) && listed(&listing.resumes) {
                wanted.push(Record::Resume(*n));
            }
            if known.is_none_or(|l| l.end.is_none()) && listed(&listing.ends) {
                wanted.push(Record::End(*n));
            }
        }
        let new = |n: &&u32| !matches!(self.generations.get(n), Some(Ok(_)));
        wanted.extend(listing.generations.iter().filter(new).map(|n| Record::Generation(*n)));
        wanted
    }

    fn take_in(&mut self, listing: Listing, found: Vec<Found>) -> Result<(), DurableError> {
        self.generations.retain(|number, _| listing.generations.contains(number));
        for one in found {
            match one {
                Found::Inputs(inputs) => self.after = inputs?.after,
                Found::Complete(Ok(end)) => {
                    self.complete = Some(end);
                    self.lost = None;
                }
                Found::Complete(Err(e)) => {
                    self.complete = None;
                    let gone = e.is_missing();
                    self.lost =
                        Some(if gone { "complete.ron is not there".to_owned() } else { e.to_string() });
                }
                Found::SameComplete => {}
                Found::Attempt(n, Ok(file)) => {
                    self.bad_attempts.remove(&n);
                    self.attempts.insert(n, file);
                }
                Found::Attempt(n, Err(e)) => {
                    self.bad_attempts.insert(n, e.to_string());
                }
                Found::Start(n, start) => {
                    self.links.insert(n, LinkFiles { start, resume: None, end: None });
                }
                Found::Resume(n, resume) => {
                    if let Some(link) = self.links.get_mut(&n) {
                        link.resume = resume;
                    }
                }
                Found::End(n, end) => {
                    if let Some(link) = self.links.get_mut(&n) {
                        link.end = end;
                    }
                }
                Found::Generation(n, read) => {
                    self.generations.insert(n, read);
                }
            }
        }
        let after = self.after;
        self.generations.retain(|_, read| read.as_ref().map_or(true, |g: &Generation| g.link.0 > after));
        self.logs = listing.logs;
        Ok(())
    }

    /// The maps that the end of the chain names: all there, and as long as they were?
    fn look_at_maps(&mut self, campaign: &CampaignDir) {
        self.maps = None;
        let Some(End { maps: records, link, place, .. }) = &self.complete else { return };
        let folder = place.of(campaign);
        if *link <= self.after {
            self.lost = Some("it was begun anew".to_owned());
            return;
        }
        let (mut maps, mut bad) = (Vec::new(), Vec::new());
        for map in records {
            let path = folder.join(&map.file);
            match beneath::facts(&path).map(|m| m.len()) {
                Ok(length) if length == map.bytes => {}
                Ok(length) => {
                    bad.push(format!("{} has {length} bytes instead of {}", path.display(), map.bytes));
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    bad.push(format!("{} is missing", path.display()));
                }
                // Out of reach for the moment, which says nothing of what is there.
                Err(_) => {}
            }
            maps.push(MapView { path, bytes: map.bytes });
        }
        self.lost = match bad.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            [first, rest @ ..] => Some(format!("{first}, and {} more of {} maps", rest.len(), records.len())),
        };
        self.maps = self.lost.is_none().then_some(maps);
    }

    /// The machine's view of it.
    pub(super) fn view(&self, now_ms: u64, spec: &Spec, months: &[u8]) -> DiskView {
        let links = self.links.values();
        DiskView {
            months: months.to_vec(),
            attempts: self.tokens().collect(),
            left_out: self.left_out().cloned().unwrap_or_default(),
            unsaved: spec.is_unsaved(),
            links: links.map(|l| LinkOnDisk { start: l.start.clone(), end: l.end.clone() }).collect(),
            generations: self
                .generations
                .values()
                .flatten()
                .map(|g| SealedGeneration {
                    number: g.number,
                    tiles: g.tiles,
                    unit: g.unit,
                    maps: g.maps.len(),
                    bytes: g.bytes,
                })
                .collect(),
            complete: self.maps.is_some(),
            lost: self.lost.clone(),
            lost_maps: self.maps.is_none() && self.complete.as_ref().is_some_and(|end| end.link > self.after),
            beat: self.open_link().and(self.beat).map(|b| (LinkNumber(b.link), b.counter)),
            silent: self.is_silent(now_ms),
        }
    }

    /// A job was there, or may have been: an attempt that cannot be read counts as one.
    pub(super) fn has_run(&self) -> bool {
        !(self.links.is_empty() && self.generations.is_empty() && self.bad_attempts.is_empty())
    }

    /// The attempts on disk with their tokens.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (u32, Token)> {
        self.attempts.values().map(|a| (a.attempt, a.token.clone()))
    }

    /// The nodes that the last attempt leaves out.
    pub(super) fn left_out(&self) -> Option<&BTreeSet<String>> {
        self.attempts.values().next_back().map(|attempt| &attempt.not_on)
    }

    /// The nodes on which a link has found, since the chain was begun, that its program does not fit there. `lasting`: only where
    /// that does not change.
    pub(super) fn unfit_nodes(&self, lasting: bool) -> BTreeSet<String> {
        let counts = |link: &&LinkFiles| {
            let unfit = link.end.as_ref().and_then(|end| end.unfit);
            link.start.link.0 > self.after
                && unfit.is_some_and(|unfit| !lasting || unfit == UnfitNode::Processor)
        };
        let nodes = self.links.values().filter(counts).map(|link| link.start.node.clone());
        nodes.filter(|node| is_host_name(node)).collect()
    }

    /// The class of processors that the chain's program goes on with, as its newest image tells.
    pub(super) fn class(&self) -> Option<&str> {
        self.generations.values().flatten().next_back()?.image.as_ref()?.class.as_deref()
    }

    /// Its generations for the screens, oldest first.
    pub(super) fn generation_views(&self) -> Vec<GenerationView> {
        let view = |(number, read): (&u32, &Result<Generation, String>)| match read {
            Ok(g) => GenerationView {
                number: *number,
                link: g.link.0,
                bytes: g.bytes,
                tiles: g.tiles,
                unit: g.unit,
                processors: g.image.as_ref().and_then(|image| image.class.as_deref()).map(clean),
                sealed_ms: g.sealed_ms,
                damage: None,
            },
            Err(why) => GenerationView {
                number: *number,
                link: 0,
                bytes: 0,
                tiles: 0,
                unit: Unit::default(),
                processors: None,
                sealed_ms: 0,
                damage: Some(clean(why)),
            },
        };
        self.generations.iter().map(view).collect()
    }

    /// The newest link, if it has not ended by itself.
    pub(super) fn open_link(&self) -> Option<&LinkFiles> {
        self.links.values().next_back().filter(|l| l.end.is_none())
    }

    /// How long the newest link's heartbeat has stood still, milliseconds; `None` when no link is open.
    pub(super) fn silent_ms(&self, now_ms: u64) -> Option<u64> {
        self.open_link().and(self.beat).map(|b| now_ms.saturating_sub(b.since_ms))
    }

    /// Whether the newest link has not been heard of for too long; `None`: no link is open, or nothing is known yet.
    pub(super) fn is_silent(&self, now_ms: u64) -> Option<bool> {
        let silent = self.silent_ms(now_ms)? > SILENT_MS;
        (silent || self.beat.is_some_and(|b| b.moved)).then_some(silent)
    }

    /// The tiles that the finished maps were made of.
    pub(super) fn tiles(&self) -> Option<u64> {
        self.complete.as_ref().map(|end| end.tiles)
    }

    /// What is known of the heartbeat of the newest link.
    pub(super) fn heartbeat(&self) -> Option<Beat> {
        self.open_link().and(self.beat)
    }

    /// A suspended job cannot beat: its silence begins anew.
    pub(super) fn excuse_silence(&mut self, now_ms: u64) {
        if let Some(beat) = &mut self.beat {
            beat.since_ms = now_ms;
        }
    }

    /// Heartbeat and picture of the newest link.
    fn read_running(&mut self, dir: &ChainDir, now_ms: u64, kept: Option<&Beat>) {
        let Some(newest) = self.links.keys().next_back().copied() else { return };
        let link = LinkNumber(newest);
        let ended = self.open_link().is_none();
        let new_link = self.beat.is_none_or(|b| b.link != newest);
        if !ended || new_link {
            self.status = sealed::read::<Status>(&dir.status(link)).ok();
            let counter = self.status.as_ref().map_or(0, |s| s.counter);
            let before = self.beat.or(kept.copied()).filter(|b| b.link == newest && b.since_ms <= now_ms);
            self.beat = Some(match before {
                Some(same) if same.counter == counter => same,
                other => Beat { link: newest, counter, since_ms: now_ms, moved: other.is_some() },
            });
        }
        if !ended || new_link || self.quicklook.is_none() {
            let picture = Some(dir.quicklook(link)).filter(|p| beneath::exists(p));
            self.quicklook = picture.or(self.quicklook.take());
        }
    }
}

/// The numbers of the names `NNNN.<kind>`, of at least `width` digits.
fn numbers(names: &[OsString], width: usize, kind: &str) -> BTreeSet<u32> {
    names.iter().filter_map(|name| numbered::number_of(name.to_str()?, width, kind)).collect()
}

/// The files of the log folder, by the number in their names: `0003.log`, `17.out`.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<(u64, PathBuf)> = beneath::names(folder)
        .unwrap_or_default()
        .into_iter()
        .map(|file| {
            let name = file.to_string_lossy().into_owned();
            let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            (digits.get(..end).and_then(|d| d.parse().ok()).unwrap_or(0), folder.join(file))
        })
        .filter(|(_, path)| !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')))
        .collect();
    logs.sort();
    logs.into_iter().map(|(_, path)| path).collect()
}
