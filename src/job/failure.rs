//! Why a link ended without finishing or checkpointing, and the words and exit class of each reason.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::campaign::inputs::way_on;
use crate::checkpoint::seal::SealError;
use crate::checkpoint::shape::ResumeError;
use crate::checkpoint::{Chain, ChainDir, ExitClass, LinkNumber, UnfitNode};
use crate::durable::DurableError;
use crate::engine::{EngineError, Problem};
use crate::quantity::bytes;

/// Why a link did not go on.
#[derive(Debug, thiserror::Error)]
pub enum LinkFailure {
    /// A file of the campaign.
    #[error(transparent)]
    File(#[from] DurableError),
    /// An input.
    #[error(transparent)]
    Input(#[from] Problem),
    /// An input is not what the sealed tiles were computed from.
    #[error(transparent)]
    Changed(Problem),
    /// A newer link of the chain exists.
    #[error("link {0} of this chain began meanwhile: this one stopped without publishing anything more")]
    Fenced(LinkNumber),
    /// The chain was submitted again after the job of this link.
    #[error(
        "this job is attempt {own} of the chain, which was given up for lost; attempt {last} has the work by now: this one did not \
         begin and wrote nothing"
    )]
    Superseded {
        /// The attempt of this job.
        own: u32,
        /// The present one.
        last: u32,
    },
    /// The checkpoint is another campaign's or a later version's.
    #[error("{0}")]
    Foreign(String),
    /// A file of the running link is not at its place any more: what it writes goes nowhere.
    #[error(
        "{}: gone, or another file is in its place, while this link runs: it stopped and wrote nothing more (was the output \
         folder moved, submit the campaign again where it is now; was it a clean-up of the disk, have the folder spared by it \
         and resubmit: tiles whose files are still there are not computed again)",
        .0.display()
    )]
    Gone(PathBuf),
    /// The files that were just written do not hold what was written.
    #[error("{0}")]
    Untrusted(String),
    /// The program of the chain could not be dumped, or not be restored here.
    #[error("{0}")]
    Unable(String),
    /// The program of the chain is not run on this node, and may be on another.
    #[error("{1}")]
    Unfit(UnfitNode, String),
    /// The program of the chain ended by itself, and not well; the job ends with this code.
    #[error("{1}")]
    Program(u8, String),
    /// A defect of the program.
    #[error("{0} (a defect of the program: please report it with this link's log)")]
    Internal(String),
    /// No failure: asked to stop in the middle of something that is dropped.
    #[error("stopped, as asked")]
    Stopped,
}

impl From<EngineError> for LinkFailure {
    fn from(e: EngineError) -> Self {
        match e {
            EngineError::Input(problem) => Self::Input(problem),
            EngineError::Changed(problem) => Self::Changed(problem),
            EngineError::Stopped => Self::Stopped,
        }
    }
}

impl From<SealError> for LinkFailure {
    fn from(e: SealError) -> Self {
        match e {
            SealError::File(e) => Self::File(e),
            SealError::Fenced(newer) => Self::Fenced(newer),
            SealError::Gone(path) => Self::Gone(path),
        }
    }
}

impl From<ResumeError> for LinkFailure {
    fn from(e: ResumeError) -> Self {
        match e {
            ResumeError::File(e) => Self::File(e),
            ResumeError::Foreign(why) => Self::Foreign(why),
            ResumeError::Stopped => Self::Stopped,
        }
    }
}

impl LinkFailure {
    /// With what can be done about it for this chain.
    #[must_use]
    pub(super) fn told_for(self, chain: &Chain, dir: &ChainDir) -> Self {
        match self {
            Self::Changed(problem) => Self::Changed(Problem { cure: way_on(chain, dir), ..problem }),
            other => other,
        }
    }

    /// The disk or the quota is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::File(e) if e.is_disk_full())
    }

    /// The disk is out of reach.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::File(e) if e.is_passing())
    }

    /// Its exit class.
    #[must_use]
    pub fn class(&self) -> ExitClass {
        match self {
            Self::File(e) if e.is_disk_full() => ExitClass::DiskFull,
            Self::File(DurableError::UnknownForm { .. }) | Self::Foreign(_) | Self::Changed(_) => {
                ExitClass::Foreign
            }
            Self::File(_) | Self::Gone(_) | Self::Untrusted(_) => ExitClass::Output,
            Self::Input(_) => ExitClass::Input,
            Self::Fenced(_) | Self::Superseded { .. } => ExitClass::Fenced,
            Self::Internal(_) => ExitClass::Internal,
            Self::Unable(_) | Self::Unfit(..) => ExitClass::Unable,
            Self::Program(code, _) => ExitClass::Program(*code),
            Self::Stopped => ExitClass::Checkpointed,
        }
    }

    /// What of this node does not fit, where another may.
    #[must_use]
    pub fn unfit(&self) -> Option<UnfitNode> {
        if let Self::Unfit(unfit, _) = self { Some(*unfit) } else { None }
    }

    /// In words, with the cure. `needed`: bytes that the chain still has to write, as far as that is known.
    #[must_use]
    pub fn message(&self, needed: Option<u64>) -> String {
        match self {
            Self::File(e) if e.is_disk_full() => disk_full(e, needed),
            Self::File(DurableError::Io { .. }) => {
                format!(
                    "{self} (check that the output folder exists, is mounted on this node and may be written)"
                )
            }
            _ => self.to_string(),
        }
    }
}

fn disk_full(error: &DurableError, needed: Option<u64>) -> String {
    let path = existing(error.path());
    let needed = needed.map_or(String::new(), |b| format!(", about {} still needed", bytes(b)));
    if error.is_too_large() {
        let limit = match nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_FSIZE) {
            Ok((now, _)) if now != nix::sys::resource::RLIM_INFINITY => format!("{} (ulimit -f)", bytes(now)),
            _ => "that of the file system".to_owned(),
        };
        return format!(
            "{error}; no file may become larger than the limit, {limit} (raise it where jobs and shells get it, then resubmit: \
             everything sealed before is intact)"
        );
    }
    let free = match nix::sys::statvfs::statvfs(&path) {
        Ok(s) if s.files() > 0 && s.files_available() == 0 => {
            let room = bytes(s.blocks_available().saturating_mul(s.fragment_size()));
            return format!(
                "{error}; file system {}: no file can be made any more, all {} inodes are in use, though {room} are free (remove \
                 files that you do not need there, or have the limit raised, then resubmit: everything sealed before is intact)",
                mount_point(&path).display(),
                s.files()
            );
        }
        Ok(s) => format!("{} free", bytes(s.blocks_available().saturating_mul(s.fragment_size()))),
        Err(e) => format!("free space unknown: {e}"),
    };
    format!(
        "{error}; file system {}: {free}{needed} (free space there or raise the quota, then resubmit: \
         everything sealed before is intact)",
        mount_point(&path).display()
    )
}

/// The path itself, or the nearest folder above it that exists.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/")).to_path_buf()
}

/// The topmost folder on the file system of `path`.
fn mount_point(path: &Path) -> PathBuf {
    let device = |p: &Path| std::fs::metadata(p).map(|m| m.dev()).ok();
    let here = device(path);
    path.ancestors().take_while(|p| device(p) == here).last().unwrap_or(path).to_path_buf()
}
