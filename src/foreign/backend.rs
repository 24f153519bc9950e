//! What a link needs of whatever runs, dumps and restores a program.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Its working folder; absolute.
    pub directory: PathBuf,
    /// Its standard output goes to the end of this file; absolute.
    pub output: PathBuf,
    /// Its standard error likewise; may be the same file.
    pub errors: PathBuf,
    /// What it sees of the network.
    pub network: Network,
}

/// What a program sees of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Network {
    /// The node's: a TCP connection cannot be dumped.
    #[default]
    Shared,
    /// One of its own, in which there is nothing but itself: TCP within the program is dumped with it.
    Private,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// By itself, with this exit status.
    Code(u8),
    /// By a signal, with this number.
    Signal(i32),
}

/// What the program does after it was dumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    Runs,
    /// It ends, once the image is sealed.
    Ends,
}

/// The clocks that a program has seen when it was dumped, ns: they go on from there wherever it is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clocks {
    /// `CLOCK_MONOTONIC`.
    pub monotonic: u64,
    /// `CLOCK_BOOTTIME`.
    pub boottime: u64,
}

impl Clocks {
    /// What they tell this process now.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(in crate::foreign) fn now() -> io::Result<Self> {
        let read = |clock| -> io::Result<u64> {
            Ok(Duration::from(clock_gettime(clock)?).as_nanos().try_into().unwrap_or(u64::MAX))
        };
        Ok(Self { monotonic: read(ClockId::CLOCK_MONOTONIC)?, boottime: read(ClockId::CLOCK_BOOTTIME)? })
    }
}

/// What kind of trouble it is: who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// This node cannot do it: no such program on it, or its kernel or its settings forbid it.
    Unavailable,
    /// The program has something that cannot be dumped; it runs on.
    Undumpable,
    /// The image does not fit this node.
    Unfit,
    /// The image is damaged.
    Damaged,
    /// No room to write; the program runs on.
    DiskFull,
    /// It took longer than it may.
    TimedOut,
    /// Whoever seals the image refused it; the program runs on.
    Refused,
    /// Anything else.
    Other,
}

/// Why a program could not be started, dumped or restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", if cure.is_empty() { String::new() } else { format!(" ({cure})") })]
pub struct Trouble {
    /// Which kind of trouble it is.
    pub kind: TroubleKind,
    /// What went wrong, in words.
    pub what: String,
    /// What can be done about it; empty where nothing can.
    pub cure: String,
}

impl Trouble {
    /// Of these.
    #[must_use]
    pub fn new(kind: TroubleKind, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { kind, what: what.into(), cure: cure.into() }
    }
}

/// Runs one program; dropped, it ends it.
pub trait Backend {
    /// Starts the program.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start(&mut self, program: &Program) -> Result<(), Trouble>;

    /// Lets the program of an image go on. Its clocks go on from `clocks`.
    ///
    /// # Errors
    /// When it cannot be restored: nothing of it runs then, and the image is as before.
    fn restore(&mut self, program: &Program, image: &Path, clocks: Clocks) -> Result<(), Trouble>;

    /// Dumps the program into a folder that exists and is empty.
    ///
    /// When the image is whole and the program still stands, `seal` makes it durable; if that refuses, or anything else goes
    /// wrong, the program runs on.
    ///
    /// # Errors
    /// When there is no image: the program runs on.
    fn dump(
        &mut self,
        into: &Path,
        then: Then,
        limit: Duration,
        seal: &mut dyn FnMut(Clocks) -> Result<(), String>,
    ) -> Result<(), Trouble>;

    /// How the program ended; `None` while it runs.
    ///
    /// # Errors
    /// When that cannot be known any more: what ran it is gone, and so is the program.
    fn ended(&mut self) -> Result<Option<Ended>, Trouble>;

    /// The numbers of its processes, as this process sees them.
    fn tasks(&self) -> Vec<u32>;

    /// The process, as this process sees it, to which what leaves the program's tree falls; `None` where there is none.
    fn init(&self) -> Option<u32> {
        None
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it is gone.
    fn signal(&mut self, signal: i32) -> Result<(), Trouble>;

    /// Ends all of it.
    fn kill(&mut self);
}
