//! Reads what the chains leave on disk; what cannot change any more is read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::campaign::identity::{AttemptFile, numbered};
use crate::campaign::inputs::Inputs;
use crate::campaign::machine::{DiskView, LinkOnDisk, SealedGeneration};
use crate::campaign::snapshot::{GenerationView, MapView};
use crate::checkpoint::form::{self, FORM};
use crate::checkpoint::{
    ChainDir, Complete, Generation, GenerationNumber, LinkEnd, LinkNumber, LinkResume, LinkStart, Status,
};
use crate::durable::{DurableError, beneath, sealed};
use crate::oar_client::Token;

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
    pub(super) maps: Option<Vec<MapView>>,
    complete_damage: Option<String>,
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

/// A heartbeat's counter, and since when this process's own clock has seen it.
#[derive(Debug, Clone, Copy)]
struct Beat {
    link: u32,
    counter: u64,
    since_ms: u64,
}

impl ChainFiles {
    /// Reads what is new.
    ///
    /// # Errors
    /// When a folder is there and cannot be read; a damaged file is no error but shown as such.
    pub(super) fn refresh(&mut self, dir: &ChainDir, maps: &Path, now_ms: u64) -> Result<(), DurableError> {
        let after = Inputs::first(dir)?.after;
        if after != self.after {
            self.maps = None;
        }
        self.after = after;
        self.read_attempts(dir)?;
        self.read_links(dir)?;
        self.read_generations(dir)?;
        self.read_complete(dir, maps);
        self.read_running(dir, now_ms);
        self.logs = logs(&dir.logs());
        Ok(())
    }

    /// The machine's view of it.
    pub(super) fn view(&self) -> DiskView {
        let links = self.links.values();
        DiskView {
            attempts: self.tokens().collect(),
            links: links.map(|l| LinkOnDisk { start: l.start.clone(), end: l.end.clone() }).collect(),
            generations: self
                .generations
                .values()
                .flatten()
                .map(|g| SealedGeneration {
                    number: g.number,
                    tiles: g.tiles,
                    maps: g.maps.len(),
                    bytes: g.bytes,
                })
                .collect(),
            complete: self.maps.is_some(),
            complete_damage: self.complete_damage.clone(),
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

    /// Its generations for the screens, oldest first.
    pub(super) fn generation_views(&self) -> Vec<GenerationView> {
        let view = |(number, read): (&u32, &Result<Generation, String>)| match read {
            Ok(g) => GenerationView {
                number: *number,
                link: g.link.0,
                bytes: g.bytes,
                tiles: g.tiles,
                sealed_ms: g.sealed_ms,
                damage: None,
            },
            Err(why) => GenerationView {
                number: *number,
                link: 0,
                bytes: 0,
                tiles: 0,
                sealed_ms: 0,
                damage: Some(why.clone()),
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

    /// A suspended job cannot beat: its silence begins anew.
    pub(super) fn excuse_silence(&mut self, now_ms: u64) {
        if let Some(beat) = &mut self.beat {
            beat.since_ms = now_ms;
        }
    }

    fn read_attempts(&mut self, dir: &ChainDir) -> Result<(), DurableError> {
        for number in AttemptFile::numbers(dir)? {
            if self.attempts.contains_key(&number) {
                continue;
            }
            match AttemptFile::read(dir, number) {
                Ok(file) => {
                    self.bad_attempts.remove(&number);
                    self.attempts.insert(number, file);
                }
                Err(e) => {
                    self.bad_attempts.insert(number, e.to_string());
                }
            }
        }
        Ok(())
    }

    fn read_links(&mut self, dir: &ChainDir) -> Result<(), DurableError> {
        for number in numbered(&dir.links(), 4)? {
            let link = LinkNumber(number);
            let files = match self.links.entry(number) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => {
                    let start = form::read(&dir.link_start(link)).unwrap_or_else(|_| unreadable(link));
                    new.insert(LinkFiles { start, resume: None, end: None })
                }
            };
            if files.resume.is_none() {
                files.resume = sealed::read(&dir.link_resume(link)).ok();
            }
            if files.end.is_none() {
                files.end = sealed::read(&dir.link_end(link)).ok();
            }
        }
        Ok(())
    }

    fn read_generations(&mut self, dir: &ChainDir) -> Result<(), DurableError> {
        let numbers = numbered(&dir.generations(), 6)?;
        self.generations.retain(|number, _| numbers.contains(number));
        for number in numbers {
            if !matches!(self.generations.get(&number), Some(Ok(_))) {
                let read = form::read(&dir.generation(GenerationNumber(number))).map_err(|e| e.to_string());
                self.generations.insert(number, read);
            }
        }
        let after = self.after;
        self.generations.retain(|_, read| read.as_ref().map_or(true, |g: &Generation| g.link.0 > after));
        Ok(())
    }

    fn read_complete(&mut self, dir: &ChainDir, maps: &Path) {
        if self.maps.is_some() {
            return;
        }
        match form::read::<Complete>(&dir.complete()) {
            Ok(complete) if complete.link.0 <= self.after => self.complete_damage = None,
            Ok(complete) => {
                let view = |map: &crate::checkpoint::MapRecord| MapView {
                    path: maps.join(&map.file),
                    bytes: map.bytes,
                };
                self.maps = Some(complete.maps.iter().map(view).collect());
                self.complete_damage = None;
            }
            Err(e) if e.is_missing() => self.complete_damage = None,
            Err(e) => self.complete_damage = Some(e.to_string()),
        }
    }

    /// Heartbeat and picture of the newest link.
    fn read_running(&mut self, dir: &ChainDir, now_ms: u64) {
        let Some(newest) = self.links.keys().next_back().copied() else { return };
        let link = LinkNumber(newest);
        let ended = self.open_link().is_none();
        let new_link = self.beat.is_none_or(|b| b.link != newest);
        if !ended || new_link {
            self.status = sealed::read::<Status>(&dir.status(link)).ok();
            let counter = self.status.as_ref().map_or(0, |s| s.counter);
            if self.beat.is_none_or(|b| b.link != newest || b.counter != counter) {
                self.beat = Some(Beat { link: newest, counter, since_ms: now_ms });
            }
        }
        if let Some(path) = Some(dir.quicklook(link)).filter(|p| beneath::exists(p)) {
            self.quicklook = Some(path);
        }
    }
}

/// Stands for a link whose record cannot be read: its number still counts.
fn unreadable(link: LinkNumber) -> LinkStart {
    LinkStart {
        form: FORM,
        link,
        job_id: String::new(),
        node: "(its record is unreadable)".to_owned(),
        pid: 0,
        started_ms: 0,
        spec: String::new(),
        program: String::new(),
        numerics: 0,
        threads: 0,
        submission: String::new(),
    }
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
