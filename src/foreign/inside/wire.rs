//! What the supervisor and the processes in the namespaces say to each other, over a stream socket.
//!
//! A message is its length (4 bytes, little endian) and that many bytes. Paths and words of commands are bytes: they need not be
//! UTF-8.

mod frames;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

pub(super) use frames::{next_news, next_order, order, tell};

use super::super::backend::{Clocks, Ended, Network, Program, Trouble, TroubleKind};

/// The clocks of [`Clocks`].
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Times {
    #[prost(uint64, tag = "1")]
    pub(super) monotonic: u64,
    #[prost(uint64, tag = "2")]
    pub(super) boottime: u64,
}

/// The namespaces to make.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Setup {
    #[prost(bool, tag = "1")]
    pub(super) private_network: bool,
    /// What the clocks shall tell; the node's own where absent.
    #[prost(message, optional, tag = "2")]
    pub(super) clocks: Option<Times>,
}

/// A variable of an environment.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Variable {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) name: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

/// A program to start.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ProgramStart {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) arguments: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "2")]
    pub(super) environment: Vec<Variable>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) directory: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) output: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub(super) errors: Vec<u8>,
}

/// A dump or a restore.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ImageOrder {
    /// The words that call CRIU.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) criu: Vec<Vec<u8>>,
    /// The folder of the image.
    #[prost(bytes = "vec", tag = "2")]
    pub(super) image: Vec<u8>,
    /// ms that it may take.
    #[prost(uint64, tag = "3")]
    pub(super) limit: u64,
    /// Dump only: the program goes on.
    #[prost(bool, tag = "4")]
    pub(super) runs: bool,
    /// Connections within the program's own network are part of the image.
    #[prost(bool, tag = "5")]
    pub(super) private_network: bool,
}

/// What the supervisor orders.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum SupervisorOrder {
    #[prost(message, tag = "1")]
    Setup(Setup),
    #[prost(message, tag = "2")]
    Start(ProgramStart),
    #[prost(message, tag = "3")]
    Restore(ImageOrder),
    #[prost(message, tag = "4")]
    Dump(ImageOrder),
    /// Whether the image that was told as `Frozen` is sealed.
    #[prost(bool, tag = "5")]
    Sealed(bool),
    #[prost(int32, tag = "6")]
    Signal(i32),
}

/// A [`Trouble`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Failed {
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(string, tag = "2")]
    what: String,
    #[prost(string, tag = "3")]
    cure: String,
}

/// An [`Ended`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ProgramEnd {
    #[prost(bool, tag = "1")]
    by_signal: bool,
    #[prost(int32, tag = "2")]
    number: i32,
}

/// What the supervisor is told.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum News {
    /// The namespaces stand; their first process has this number outside of them.
    #[prost(uint32, tag = "1")]
    Made(u32),
    /// The order is carried out.
    #[prost(bool, tag = "2")]
    Done(bool),
    #[prost(message, tag = "3")]
    Failed(Failed),
    /// The image is whole, and the program stands.
    #[prost(message, tag = "4")]
    Frozen(Times),
    #[prost(message, tag = "5")]
    Ended(ProgramEnd),
}

fn bytes(text: impl AsRef<OsStr>) -> Vec<u8> {
    text.as_ref().as_bytes().to_vec()
}

/// Bytes of a message as a word.
pub(super) fn word(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// Bytes of a message as a path.
pub(super) fn path(bytes: &[u8]) -> PathBuf {
    word(bytes).into()
}

impl From<&Program> for ProgramStart {
    fn from(program: &Program) -> Self {
        let variable = |(name, value)| Variable { name: bytes(name), value: bytes(value) };
        Self {
            arguments: program.arguments.iter().map(bytes).collect(),
            environment: program.environment.iter().map(variable).collect(),
            directory: bytes(&program.directory),
            output: bytes(&program.output),
            errors: bytes(&program.errors),
        }
    }
}

impl ImageOrder {
    /// A dump into, or a restore from, `image` by the CRIU that these words call.
    pub(super) fn new(
        criu: &[OsString],
        image: impl AsRef<OsStr>,
        limit: Duration,
        network: Network,
    ) -> Self {
        Self {
            criu: criu.iter().map(bytes).collect(),
            image: bytes(image),
            limit: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            runs: false,
            private_network: network == Network::Private,
        }
    }
}

impl From<Clocks> for Times {
    fn from(clocks: Clocks) -> Self {
        Self { monotonic: clocks.monotonic, boottime: clocks.boottime }
    }
}

impl From<Times> for Clocks {
    fn from(times: Times) -> Self {
        Self { monotonic: times.monotonic, boottime: times.boottime }
    }
}

impl From<Ended> for ProgramEnd {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Code(code) => Self { by_signal: false, number: code.into() },
            Ended::Signal(number) => Self { by_signal: true, number },
        }
    }
}

impl From<ProgramEnd> for Ended {
    fn from(end: ProgramEnd) -> Self {
        if end.by_signal { Self::Signal(end.number) } else { Self::Code(end.number as u8) }
    }
}

const KINDS: [TroubleKind; 8] = [
    TroubleKind::Other,
    TroubleKind::Unavailable,
    TroubleKind::Undumpable,
    TroubleKind::Unfit,
    TroubleKind::Damaged,
    TroubleKind::DiskFull,
    TroubleKind::TimedOut,
    TroubleKind::Refused,
];

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        let kind = KINDS.iter().position(|kind| *kind == trouble.kind).unwrap_or(0);
        Self { kind: kind as u32, what: trouble.what, cure: trouble.cure }
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        let kind = KINDS.get(failed.kind as usize).copied().unwrap_or(TroubleKind::Other);
        Self::new(kind, failed.what, failed.cure)
    }
}

#[cfg(test)]
mod tests;
