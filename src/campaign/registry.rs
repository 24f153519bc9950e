//! The list of campaigns of this person (XDG state), and the one opened last.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::clock;
use crate::checkpoint::CampaignDir;
use crate::durable::{DurableError, atomic, beneath, sealed};

/// One campaign of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its output folder.
    pub output: PathBuf,
    /// Its name.
    pub name: String,
    /// When it was last opened, milliseconds since 1970.
    pub opened_ms: i64,
}

/// The folder of this program's own state: `$ALPSCKPT_STATE`, else `alpsckpt` in the person's XDG state folder.
/// `None` when the person has no home.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ALPSCKPT_STATE").filter(|f| !f.is_empty()) {
        return std::path::absolute(PathBuf::from(folder)).ok();
    }
    let folders = directories::ProjectDirs::from("", "", "alpsckpt")?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_path_buf())
}

/// The state directory of the default embedded cluster.
#[must_use]
pub fn default_cluster() -> Option<PathBuf> {
    Some(state_folder()?.join("cluster"))
}

/// The list in one state folder.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// The person's own; `None` without a home.
    #[must_use]
    pub fn of_person() -> Option<Self> {
        state_folder().map(|folder| Self { folder })
    }

    /// The one in this state folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// All campaigns known, the one opened last first. A missing or damaged list is an empty one: each campaign is
    /// whole without it.
    #[must_use]
    pub fn list(&self) -> Vec<Known> {
        sealed::read(&self.path()).unwrap_or_default()
    }

    /// The campaign opened last that still exists.
    #[must_use]
    pub fn last(&self) -> Option<PathBuf> {
        self.list().into_iter().map(|known| known.output).find(|output| exists(output))
    }

    /// The campaign of this output folder, if it was ever opened, also when it is out of reach now.
    #[must_use]
    pub fn known(&self, output: &Path) -> Option<Known> {
        self.list().into_iter().find(|known| known.output == output)
    }

    /// Puts a campaign at the head of the list. Those that are out of reach stay in it, as a disk may come back, but for the
    /// oldest of very many. A list of a later form is left as it is.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn remember(&self, output: &Path, name: &str) -> Result<(), DurableError> {
        let output = std::path::absolute(output).unwrap_or_else(|_| output.to_path_buf());
        let mut list: Vec<Known> = match sealed::read(&self.path()) {
            Ok(list) => list,
            // A later program's: it finds its own list again, and each campaign is whole without this one's.
            Err(DurableError::UnknownForm { .. }) => return Ok(()),
            Err(_) => Vec::new(),
        };
        list.retain(|known| known.output != output);
        list.insert(0, Known { output, name: name.to_owned(), opened_ms: clock::wall_ms() });
        list.truncate(MOST);
        atomic::create_folder(&self.folder)?;
        sealed::replace(&self.path(), &list)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("campaigns.ron")
    }
}

/// Longer the list does not grow.
const MOST: usize = 200;

/// There is a campaign in this output folder.
fn exists(output: &Path) -> bool {
    beneath::exists(&CampaignDir::new(output).identity())
}

/// Puts a campaign at the head of the person's list.
///
/// # Errors
/// When the list cannot be written; without a home there is none, and that is no error.
pub fn remember(output: &Path, name: &str) -> Result<(), DurableError> {
    Registry::of_person().map_or(Ok(()), |registry| registry.remember(output, name))
}

/// All campaigns that this person's list knows, the one opened last first.
#[must_use]
pub fn list() -> Vec<Known> {
    Registry::of_person().map_or_else(Vec::new, |registry| registry.list())
}

/// The campaign of this output folder, if this person ever opened it, also when it is out of reach now.
#[must_use]
pub fn known(output: &Path) -> Option<Known> {
    Registry::of_person()?.known(output)
}

/// The campaign that this person opened last.
#[must_use]
pub fn last() -> Option<PathBuf> {
    Registry::of_person()?.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(folder: &Path, name: &str) -> PathBuf {
        let output = folder.join(name);
        std::fs::create_dir_all(output.join(".alpsckpt")).unwrap();
        std::fs::write(output.join(".alpsckpt/campaign.ron"), "x").unwrap();
        output
    }

    #[test]
    fn the_campaign_opened_last_comes_first_and_each_stands_once() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(&folder.path().join("state"));
        let (a, b) = (campaign(folder.path(), "a"), campaign(folder.path(), "b"));
        registry.remember(&a, "A").unwrap();
        registry.remember(&b, "B").unwrap();
        registry.remember(&a, "A").unwrap();
        let names: Vec<String> = registry.list().into_iter().map(|k| k.name).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(registry.last(), Some(a));
    }

    #[test]
    fn a_campaign_that_is_gone_is_passed_over_and_still_known() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(&folder.path().join("state"));
        let (a, b) = (campaign(folder.path(), "a"), campaign(folder.path(), "b"));
        registry.remember(&a, "A").unwrap();
        registry.remember(&b, "B").unwrap();
        std::fs::remove_dir_all(&b).unwrap();
        assert_eq!(registry.last(), Some(a.clone()));
        registry.remember(&a, "A").unwrap();
        assert_eq!(registry.known(&b).map(|known| known.name), Some("B".to_owned()));
        assert_eq!(registry.known(&folder.path().join("c")), None);
        for n in 0..=MOST {
            registry.remember(&folder.path().join(format!("gone {n}")), "gone").unwrap();
        }
        assert_eq!((registry.list().len(), registry.known(&b)), (MOST, None));
    }

    #[test]
    fn a_list_of_a_later_form_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(folder.path());
        sealed::replace(&registry.path(), &("of a later form", 9)).unwrap();
        let before = std::fs::read(registry.path()).unwrap();
        registry.remember(&campaign(folder.path(), "a"), "A").unwrap();
        assert_eq!(std::fs::read(registry.path()).unwrap(), before);
        assert_eq!(registry.last(), None);
    }

    #[test]
    fn a_damaged_list_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(folder.path());
        std::fs::write(folder.path().join("campaigns.ron"), "[(").unwrap();
        assert_eq!(registry.last(), None);
        let a = campaign(folder.path(), "a");
        registry.remember(&a, "A").unwrap();
        assert_eq!(registry.last(), Some(a));
    }
}
