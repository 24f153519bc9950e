//! Where each file of a campaign lies.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::generation::GenerationNumber;
use super::link::LinkNumber;

/// The name of a chain, made of its months: `m01`, or `m01-m02-m03`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChainId(String);

impl ChainId {
    /// The chain of these months (1 to 12).
    #[must_use]
    pub fn of_months(months: &[u8]) -> Self {
        Self(months.iter().map(|m| format!("m{m:02}")).collect::<Vec<_>>().join("-"))
    }

    /// A chain by its name, as a person types it; `None` when it is no chain's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = |part: &str| {
            part.strip_prefix('m')
                .and_then(|d| d.parse::<u8>().ok().filter(|_| d.len() == 2))
                .is_some_and(|m| (1..=12).contains(&m))
        };
        text.split('-').all(good).then(|| Self(text.to_owned()))
    }

    /// Its months, in the order of its name.
    #[must_use]
    pub fn months(&self) -> Vec<u8> {
        self.0.split('-').filter_map(|part| part.strip_prefix('m')?.parse().ok()).collect()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The folder `.alpsckpt` beside a campaign's maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignDir {
    output: PathBuf,
}

impl CampaignDir {
    /// Of the campaign whose maps go to `output`.
    #[must_use]
    pub fn new(output: &Path) -> Self {
        Self { output: output.to_path_buf() }
    }

    /// The campaign's output folder.
    #[must_use]
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Finished maps only.
    #[must_use]
    pub fn maps(&self) -> PathBuf {
        self.output.join("maps")
    }

    /// A picture of each finished map.
    #[must_use]
    pub fn pictures(&self) -> PathBuf {
        self.output.join("pictures")
    }

    /// What the programs of commands made, once they came to a good end.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.output.join("results")
    }

    /// The folder of everything that is not a map.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.output.join(".alpsckpt")
    }

    /// What makes the folder this campaign; its form.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.state().join("campaign.ron")
    }

    /// The campaign's journal, written by the lease's holder.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.state().join("journal")
    }

    /// Who may write the journal.
    #[must_use]
    pub fn lease(&self) -> PathBuf {
        self.state().join("lease")
    }

    /// What the sessions wait to be sure of.
    #[must_use]
    pub fn doubts(&self) -> PathBuf {
        self.state().join("doubts.ron")
    }

    /// The frozen spec of the running chains.
    #[must_use]
    pub fn spec(&self, hash: &str) -> PathBuf {
        self.state().join(format!("spec-{hash}.ron"))
    }

    /// Hashes of earlier frozen specs of the same work in another place.
    #[must_use]
    pub fn lineage(&self) -> PathBuf {
        self.state().join("lineage.ron")
    }

    /// The folder of the chains.
    #[must_use]
    pub fn chains(&self) -> PathBuf {
        self.state().join("chains")
    }

    /// The program that the jobs run.
    #[must_use]
    pub fn program(&self, hash: &str) -> PathBuf {
        self.state().join("bin").join(format!("alpsckpt-{hash}"))
    }

    /// The folder of one chain.
    #[must_use]
    pub fn chain(&self, id: &ChainId) -> ChainDir {
        ChainDir { path: self.chains().join(id.as_str()) }
    }
}

/// The folder of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainDir {
    path: PathBuf,
}

impl ChainDir {
    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The script that the batch system runs.
    #[must_use]
    pub fn job_script(&self) -> PathBuf {
        self.path.join("job.sh")
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
