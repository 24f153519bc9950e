//! Which batch systems there are: the one room that knows all clients. What a campaign needs of any of them it asks here.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::batch::embedded::{self, Embedded};
use crate::batch::{BatchError, BatchSystem, LinkEnvironment, Manner, SiteLanguage, Variables};
use crate::oar_client::{self as oar, Oar};

/// How each behaves. The first whose job it is tells a link what it is: the embedded cluster gives its jobs the variables of
/// others, too.
static MANNERS: [&Manner; 2] = [&embedded::MANNER, &oar::MANNER];

/// Which batch system a campaign was submitted to; recorded, so that any session finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClusterChoice {
    /// The embedded cluster whose state lies in this folder.
    Embedded {
        /// Its state directory.
        directory: PathBuf,
    },
    /// OAR, by its commands in PATH.
    Oar,
}

impl ClusterChoice {
    /// A client of it, which connects at its first call; what its commands say is kept in a log in this folder.
    #[must_use]
    pub fn connect(&self, log: Option<&Path>) -> Box<dyn BatchSystem> {
        match self {
            Self::Embedded { directory } => Box::new(Embedded::new(directory)),
            Self::Oar => {
                let mut oar = Oar::new();
                if let Some(folder) = log {
                    oar.log_to(folder.to_path_buf());
                }
                Box::new(oar)
            }
        }
    }

    /// Makes sure that it is there: that its commands are found and answer, or that its server runs.
    ///
    /// # Errors
    /// Why it cannot be submitted to from here.
    pub fn find(&self, log: Option<&Path>) -> Result<(), BatchError> {
        self.connect(log).info()?;
        match self {
            Self::Embedded { .. } => Ok(()),
            Self::Oar => oar::is_here(),
        }
    }

    /// How it behaves.
    #[must_use]
    pub fn manner(&self) -> &'static Manner {
        match self {
            Self::Embedded { .. } => &embedded::MANNER,
            Self::Oar => &oar::MANNER,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Embedded { directory } => format!("the embedded cluster in {}", directory.display()),
            Self::Oar => oar::MANNER.title.to_owned(),
        }
    }

    /// The embedded cluster in a state directory.
    #[must_use]
    pub fn embedded(directory: &Path) -> Self {
        Self::Embedded { directory: directory.to_path_buf() }
    }

    /// The batch system of the site with this name ([`Manner::name`]); `None` for the embedded cluster, which is no site's.
    #[must_use]
    pub fn of_site(name: &str) -> Option<Self> {
        (name == oar::MANNER.name).then_some(Self::Oar)
    }

    /// Whether it is a site's, and not the embedded cluster.
    #[must_use]
    pub fn is_of_site(&self) -> bool {
        !matches!(self, Self::Embedded { .. })
    }
}

/// The names by which people choose a batch system, with what each is.
#[must_use]
pub fn names() -> [(&'static str, &'static str); 2] {
    [
        (embedded::MANNER.name, "Real processes on this machine under OAR's rules"),
        (oar::MANNER.name, "OAR, by its commands"),
    ]
}

/// What a link finds of itself; `None` outside of a batch system.
#[must_use]
pub fn environment(variable: Variables<'_>) -> Option<LinkEnvironment> {
    MANNERS.iter().find_map(|manner| (manner.environment)(variable))
}

/// Whether a variable belongs to one job of some batch system.
#[must_use]
pub fn is_of_job(variable: &str) -> bool {
    MANNERS.iter().flat_map(|manner| manner.variables).any(|prefix| variable.starts_with(prefix))
}

/// The batch system of the sites that campaign files are written for: the one that help, examples and advice name.
#[must_use]
pub fn usual() -> &'static Manner {
    &oar::MANNER
}

/// The language in which a campaign file says what its site wants.
#[must_use]
pub fn site_language() -> &'static SiteLanguage {
    &oar::SITE_LANGUAGE
}

/// Up to where the run of a job does not count, wherever the campaign goes: seconds.
#[must_use]
pub fn longest_uncounted() -> u64 {
    MANNERS.iter().filter_map(|manner| manner.uncounted).max().unwrap_or_default().as_secs()
}

/// How late the checkpoint signal may come, wherever the campaign goes: scheduler seconds.
#[must_use]
pub fn latest_signal() -> f64 {
    MANNERS.iter().map(|manner| manner.signalling.late).max().unwrap_or_default().as_secs_f64()
}
