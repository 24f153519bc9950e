//! The screen and month of the last visit, a campaign each. Losing it costs two key presses: errors are not told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::model::Model;
use crate::campaign::registry;
use crate::checkpoint::ChainId;
use crate::durable::{atomic, sealed};
use crate::keys::Screen;

/// Campaigns remembered.
const MOST: usize = 50;

/// What is remembered of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    screen: Screen,
    chain: Option<ChainId>,
    all_jobs: bool,
}

impl Visit {
    /// Where a model is.
    pub(super) fn of(model: &Model) -> Self {
        Self { screen: model.screen, chain: model.selected.clone(), all_jobs: model.jobs.all }
    }

    /// Puts a model there.
    pub(super) fn go_on(self, model: &mut Model) {
        model.screen = self.screen;
        model.jobs.all = self.all_jobs;
        if self.chain.as_ref().is_some_and(|id| model.snapshot.is_none() || model.chain_of(id).is_some()) {
            model.selected = self.chain;
        }
    }
}

type Visits = BTreeMap<PathBuf, Visit>;

fn file() -> Option<PathBuf> {
    Some(registry::state_folder()?.join("screens.ron"))
}

/// Where the last visit ended.
pub(super) fn recall(output: &Path) -> Option<Visit> {
    recall_from(&file()?, output)
}

/// Notes where this visit ended.
pub(super) fn note(output: &Path, visit: Visit) {
    if let Some(file) = file() {
        note_in(&file, output, visit);
    }
}

fn recall_from(file: &Path, output: &Path) -> Option<Visit> {
    let mut visits: Visits = sealed::read(file).ok()?;
    visits.remove(output)
}

fn note_in(file: &Path, output: &Path, visit: Visit) {
    let mut visits: Visits = sealed::read(file).unwrap_or_default();
    if visits.insert(output.to_path_buf(), visit).is_none() {
        while visits.len() > MOST {
            let other = visits.keys().find(|k| *k != output).cloned();
            let Some(other) = other else { break };
            visits.remove(&other);
        }
    }
    if let Some(folder) = file.parent() {
        let _ = atomic::create_folder(folder).and_then(|()| sealed::replace(file, &visits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    #[test]
    fn a_visit_goes_on_where_the_last_one_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (file, output) = (folder.path().join("state/screens.ron"), Path::new("/maps"));
        let mut model = fixtures::model(fixtures::mixed(), 80, 24);
        model.screen = Screen::Map;
        model.selected = Some(ChainId::of_months(&[6]));
        note_in(&file, output, Visit::of(&model));
        let mut next = fixtures::model(fixtures::mixed(), 80, 24);
        recall_from(&file, output).unwrap().go_on(&mut next);
        assert_eq!((next.screen, &next.selected), (Screen::Map, &model.selected));
        assert_eq!(recall_from(&file, Path::new("/others")), None);
    }

    #[test]
    fn a_damaged_memory_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("screens.ron");
        std::fs::write(&file, "nonsense").unwrap();
        assert_eq!(recall_from(&file, Path::new("/maps")), None);
    }
}
