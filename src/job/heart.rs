//! The heartbeat: a thread that writes status and quicklook every second, also while a tile computes, and that turns
//! the reasons to stop into the one flag the engine looks at, a moment later: most tiles in flight end by then.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::memory;
use super::terms::Stop;
use crate::campaign::inputs::Inputs;
use crate::checkpoint::status::HEARTBEAT;
use crate::checkpoint::{ChainDir, Generation, LinkStart, Phase, Quicklook, Status, fence};
use crate::durable::{DurableError, atomic, sealed};
use crate::quantity::Unit;

/// How soon a signal or the deadline reaches the engine.
const WATCH: Duration = Duration::from_millis(50);

/// How long a tile in flight may take to its end when the link must stop.
const GRACE: Duration = Duration::from_secs(3);

/// A link's beating heart; it stops when dropped.
#[derive(Debug)]
pub(super) struct Heart {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    dir: ChainDir,
    start: LinkStart,
    status_file: PathBuf,
    look_file: PathBuf,
    stop: Stop,
    status: Mutex<Status>,
    /// The picture, and whether it changed since it was written.
    look: Mutex<(Option<Quicklook>, bool)>,
    /// When the link was first seen to have to stop.
    asked: OnceLock<Instant>,
    /// What the program of the chain holds, bytes.
    program: AtomicU64,
    halt: AtomicBool,
    over: AtomicBool,
}

impl Heart {
    /// Writes the first status and begins to beat; `unit`: what the chain's work is counted in.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(super) fn start(
        dir: &ChainDir,
        start: &LinkStart,
        stop: &Stop,
        unit: Unit,
    ) -> Result<Self, DurableError> {
        let link = start.link;
        // What was sealed stands until the link knows better.
        let sealed = newest_sealed(dir).filter(|generation| generation.unit == unit);
        let tiles = sealed.as_ref().map_or(0, |g| g.tiles);
        let shared = Arc::new(Shared {
            dir: dir.clone(),
            start: start.clone(),
            status_file: dir.status(link),
            look_file: dir.quicklook(link),
            stop: stop.clone(),
            status: Mutex::new(Status {
                link,
                counter: 0,
                phase: Phase::Opening,
                tiles,
                total: sealed.as_ref().map_or(0, |g| g.total),
                unit,
                sealed_tiles: tiles,
                generation: sealed.map(|g| g.number),
                tiles_per_minute: 0.0,
                memory: 0,
                seconds_left: None,
                saving: None,
                said: String::new(),
            }),
            look: Mutex::new((None, false)),
            asked: OnceLock::new(),
            program: AtomicU64::new(0),
            halt: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        // A status that cannot be written is one that readers see missing; the link goes on.
        if let Some(folder) = shared.status_file.parent() {
            let _ = atomic::create_folder(folder);
        }
        let _ = shared.beat();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("heartbeat".to_owned())
            .spawn(move || of_thread.run())
            .map_err(|e| DurableError::io(&shared.status_file, "start the thread that writes", e))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Changes what the next beats say.
    pub(super) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.shared.status));
    }

    /// What the program of the chain holds in memory, bytes, beside this process.
    pub(super) fn program_holds(&self, bytes: u64) {
        self.shared.program.store(bytes, Ordering::Relaxed);
    }

    /// What the last beat said, with later changes.
    #[must_use]
    pub(super) fn status(&self) -> Status {
        lock(&self.shared.status).clone()
    }

    /// Shows another picture from the next beat on.
    pub(super) fn show(&self, look: &Quicklook) {
        *lock(&self.shared.look) = (Some(look.clone()), true);
    }

    /// The flag that the engine looks at: set a moment after the link must stop, when the tile in flight is to be dropped.
    #[must_use]
    pub(super) fn halt(&self) -> &AtomicBool {
        &self.shared.halt
    }

    /// Whether the link must stop, asked anew.
    #[must_use]
    pub(super) fn must_stop(&self) -> bool {
        self.shared.watch()
    }

    /// Forgets that it was asked to stop: what it runs goes on until its deadline.
    pub(super) fn forget_asked(&self) {
        self.shared.stop.asked.store(false, Ordering::Relaxed);
        self.shared.halt.store(false, Ordering::Relaxed);
    }

    /// Ends the beating without a last beat, as a fenced link must.
    pub(super) fn silence(mut self) {
        self.end();
    }

    /// Ends the beating with a last status and picture.
    pub(super) fn finish(mut self) {
        self.end();
        let _ = self.shared.beat();
    }

    fn end(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn run(&self) {
        let mut last = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            std::thread::park_timeout(WATCH);
            self.watch();
            if last.elapsed() >= HEARTBEAT {
                last = Instant::now();
                // A beat that cannot be written (a full disk) is one that readers see missing; the link goes on.
                let _ = self.beat();
            }
        }
    }

    fn watch(&self) -> bool {
        let due = self.stop.deadline.is_some_and(|d| Instant::now() >= d);
        let asked = due || self.stop.asked.load(Ordering::Relaxed);
        if asked && self.asked.get_or_init(Instant::now).elapsed() >= GRACE {
            self.halt.store(true, Ordering::Relaxed);
        }
        asked || self.halt.load(Ordering::Relaxed)
    }

    fn beat(&self) -> Result<(), DurableError> {
        if self.start.is_of_another(&self.dir) {
            // The status of another campaign's link stands there now. The link itself notices before it publishes anything.
            self.halt.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let status = {
            let mut status = lock(&self.status);
            status.counter += 1;
            status.memory = memory::now() + self.program.load(Ordering::Relaxed);
            status.seconds_left =
                self.stop.deadline.map(|d| d.saturating_duration_since(Instant::now()).as_secs());
            status.clone()
        };
        sealed::replace_unsynced(&self.status_file, &status)?;
        let look = {
            let mut look = lock(&self.look);
            let changed = std::mem::take(&mut look.1);
            look.0.as_ref().filter(|_| changed).map(Quicklook::encode)
        };
        match look {
            Some(bytes) => atomic::replace_unsynced(&self.look_file, &bytes),
            None => Ok(()),
        }
    }
}

/// The newest generation that counts, if its record can be read.
fn newest_sealed(dir: &ChainDir) -> Option<Generation> {
    let after = Inputs::first(dir).ok()?.after;
    let newest = fence::generations(dir).ok()?.pop()?;
    Generation::read(dir, newest).ok().filter(|generation| generation.link.0 > after)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
