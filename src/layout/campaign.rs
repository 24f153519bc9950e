//! Where each file of a campaign lies.

use std::path::{Path, PathBuf};

use super::chain::ChainDir;
use super::ids::ChainId;

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
        ChainDir::at(self.chains().join(id.as_str()))
    }
}
