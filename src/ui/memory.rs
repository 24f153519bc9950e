//! The screen and month of the last visit, a campaign each. Losing it costs two key presses: errors are not told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::model::{Model, Screen};
use crate::campaign::registry;
use crate::checkpoint::ChainId;
use crate::durable::{atomic, sealed};

/// Campaigns remembered.
const MOST: usize = 50;

/// What is remembered of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Visit {
    screen: Screen,
    chain: Option<ChainId>,
    all_jobs: bool,
}

type Visits = BTreeMap<PathBuf, Visit>;

fn file() -> Option<PathBuf> {
    Some(registry::state_folder()?.join("screens.ron"))
}

/// Puts a model where the last visit ended.
pub(super) fn recall(output: &Path, model: &mut Model) {
    if let Some(file) = file() {
        recall_from(&file, output, model);
    }
}

/// Notes where this visit ended.
pub(super) fn note(output: &Path, model: &Model) {
    if let Some(file) = file() {
        note_in(&file, output, model);
    }
}

fn recall_from(file: &Path, output: &Path, model: &mut Model) {
    let visits: Visits = sealed::read(file).unwrap_or_default();
    if let Some(visit) = visits.get(output) {
        model.screen = visit.screen;
        model.selected.clone_from(&visit.chain);
        model.jobs.all = visit.all_jobs;
    }
}

fn note_in(file: &Path, output: &Path, model: &Model) {
    let mut visits: Visits = sealed::read(file).unwrap_or_default();
    let visit = Visit { screen: model.screen, chain: model.selected.clone(), all_jobs: model.jobs.all };
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
        note_in(&file, output, &model);
        let mut next = fixtures::model(fixtures::mixed(), 80, 24);
        recall_from(&file, output, &mut next);
        assert_eq!((next.screen, &next.selected), (Screen::Map, &model.selected));
        let mut other = fixtures::model(fixtures::mixed(), 80, 24);
        recall_from(&file, Path::new("/others"), &mut other);
        assert_eq!(other.screen, Screen::Months);
    }

    #[test]
    fn a_damaged_memory_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("screens.ron");
        std::fs::write(&file, "nonsense").unwrap();
        let mut model = fixtures::model(fixtures::mixed(), 80, 24);
        recall_from(&file, Path::new("/maps"), &mut model);
        assert_eq!(model.screen, Screen::Months);
    }
}
