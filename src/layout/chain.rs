//! Where each file of a chain lies.

use std::path::{Path, PathBuf};

use super::ids::{GenerationNumber, LinkNumber};

/// The folder of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainDir {
    path: PathBuf,
}

impl ChainDir {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the chain is.
    #[must_use]
    pub fn record(&self) -> PathBuf {
        self.path.join("chain.ron")
    }

    /// The script that the batch system runs.
    #[must_use]
    pub fn job_script(&self) -> PathBuf {
        self.path.join("job.sh")
    }

    /// The folder of the records of its attempts.
    #[must_use]
    pub fn attempts(&self) -> PathBuf {
        self.path.join("attempts")
    }

    /// The folder of the links' records.
    #[must_use]
    pub fn links(&self) -> PathBuf {
        self.path.join("links")
    }

    /// The record of a link's beginning: the fence.
    #[must_use]
    pub fn link_start(&self, link: LinkNumber) -> PathBuf {
        self.links().join(format!("{link}.ron"))
    }

    /// What a link found when it resumed.
    #[must_use]
    pub fn link_resume(&self, link: LinkNumber) -> PathBuf {
        self.links().join(format!("{link}.resume.ron"))
    }

    /// What the inputs were that a link computed from.
    #[must_use]
    pub fn link_inputs(&self, link: LinkNumber) -> PathBuf {
        self.links().join(format!("{link}.inputs.ron"))
    }

    /// What the inputs were when the campaign was made, or when the chain was begun anew.
    #[must_use]
    pub fn inputs(&self) -> PathBuf {
        self.path.join("inputs.ron")
    }

    /// The map that a link is about to give its name.
    #[must_use]
    pub fn link_map(&self, link: LinkNumber, layer: &str) -> PathBuf {
        self.links().join(format!("{link}.{layer}.map.ron"))
    }

    /// How a link ended.
    #[must_use]
    pub fn link_end(&self, link: LinkNumber) -> PathBuf {
        self.links().join(format!("{link}.end.ron"))
    }

    /// A link's heartbeat.
    #[must_use]
    pub fn status(&self, link: LinkNumber) -> PathBuf {
        self.path.join("status").join(format!("{link}.ron"))
    }

    /// A small picture of the map as it fills.
    #[must_use]
    pub fn quicklook(&self, link: LinkNumber) -> PathBuf {
        self.path.join("status").join(format!("{link}.quicklook"))
    }

    /// What a link said.
    #[must_use]
    pub fn log(&self, link: LinkNumber) -> PathBuf {
        self.path.join("logs").join(format!("{link}.log"))
    }

    /// The folder of the jobs' standard output and error.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The folder of the parts and indexes.
    #[must_use]
    pub fn parts(&self) -> PathBuf {
        self.path.join("parts")
    }

    /// The encoded blocks of one layer computed by one link.
    #[must_use]
    pub fn part(&self, link: LinkNumber, layer: &str) -> PathBuf {
        self.parts().join(format!("{link}.{layer}.part"))
    }

    /// The tiles that one link computed.
    #[must_use]
    pub fn index(&self, link: LinkNumber) -> PathBuf {
        self.parts().join(format!("{link}.index"))
    }

    /// The blocks of the inputs that one link read.
    #[must_use]
    pub fn inputs_read(&self, link: LinkNumber) -> PathBuf {
        self.parts().join(format!("{link}.inputs"))
    }

    /// The folder of the checkpoints.
    #[must_use]
    pub fn generations(&self) -> PathBuf {
        self.path.join("generations")
    }

    /// One checkpoint.
    #[must_use]
    pub fn generation(&self, number: GenerationNumber) -> PathBuf {
        self.generations().join(format!("{number}.ron"))
    }

    /// The folder of the images of programs.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.path.join("images")
    }

    /// The working folder of a program that was started by this link.
    #[must_use]
    pub fn program(&self, started: LinkNumber) -> PathBuf {
        self.programs().join(started.to_string())
    }

    /// The folder of the programs' working folders.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.path.join("program")
    }

    /// What a program that was started by this link says; its `out` or `err`.
    #[must_use]
    pub fn program_log(&self, started: LinkNumber, stream: &str) -> PathBuf {
        self.path.join("logs").join(format!("{started}.program.{stream}"))
    }

    /// What a program that has ended well has made.
    #[must_use]
    pub fn made(&self) -> PathBuf {
        self.path.join("made.ron")
    }

    /// The results of the chain before they were rejected: those that stand in the way of the new ones are its own.
    #[must_use]
    pub fn former(&self) -> PathBuf {
        self.path.join("former.ron")
    }

    /// The finished maps, block by block.
    #[must_use]
    pub fn complete(&self) -> PathBuf {
        self.path.join("complete.ron")
    }
}
