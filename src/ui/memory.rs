//! The screen and month of the last visit, a campaign each. Losing it costs two key presses: errors are not told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::campaign::registry;
use crate::checkpoint::ChainId;
use crate::durable::{atomic, sealed};
use crate::keys::Screen;

/// Campaigns remembered.
const MOST: usize = 50;

/// What is remembered of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// The screen.
    pub(crate) screen: Screen,
    /// The selected chain.
    pub(crate) chain: Option<ChainId>,
    /// The jobs screen showed all months.
    pub(crate) all_jobs: bool,
}

/// A visit, and which it was of all; those noted before they were counted are the oldest.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename = "Visit")]
struct Noted {
    screen: Screen,
    chain: Option<ChainId>,
    all_jobs: bool,
    #[serde(default)]
    number: u64,
}

type Visits = BTreeMap<PathBuf, Noted>;

fn file() -> Option<PathBuf> {
    Some(registry::state_folder()?.join("screens.ron"))
}

/// Where the last visit ended.
pub(super) fn recall(output: &Path) -> Option<Visit> {
    recall_from(&file()?, output)
}

/// Notes where this visit ended, in a thread of its own: a disk that hangs is waited for so long.
pub(super) fn note(output: PathBuf, visit: Visit, patience: Duration) {
    let (teller, done) = std::sync::mpsc::channel();
    let noted = std::thread::Builder::new().name("memory".to_owned()).spawn(move || {
        if let Some(file) = file() {
            note_in(&file, &output, visit);
        }
        let _ = teller.send(());
    });
    if noted.is_ok() {
        let _ = done.recv_timeout(patience);
    }
}

fn recall_from(file: &Path, output: &Path) -> Option<Visit> {
    let mut visits: Visits = sealed::read(file).ok()?;
    visits.remove(output).map(|Noted { screen, chain, all_jobs, .. }| Visit { screen, chain, all_jobs })
}

fn note_in(file: &Path, output: &Path, visit: Visit) {
    let mut visits: Visits = sealed::read(file).unwrap_or_default();
    let number = visits.values().map(|noted| noted.number).max().unwrap_or(0).saturating_add(1);
    let Visit { screen, chain, all_jobs } = visit;
    visits.insert(output.to_path_buf(), Noted { screen, chain, all_jobs, number });
    while visits.len() > MOST {
        let oldest = visits.iter().min_by_key(|(_, noted)| noted.number).map(|(output, _)| output.clone());
        let Some(oldest) = oldest else { break };
        visits.remove(&oldest);
    }
    if let Some(folder) = file.parent() {
        let _ = atomic::create_folder(folder).and_then(|()| sealed::replace(file, &visits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(screen: Screen) -> Visit {
        Visit { screen, chain: Some(ChainId::of_months(&[6])), all_jobs: true }
    }

    #[test]
    fn a_visit_goes_on_where_the_last_one_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (file, output) = (folder.path().join("state/screens.ron"), Path::new("/maps"));
        note_in(&file, output, on(Screen::Map));
        assert_eq!(recall_from(&file, output), Some(on(Screen::Map)));
        assert_eq!(recall_from(&file, Path::new("/others")), None);
    }

    #[test]
    fn the_oldest_visit_is_forgotten_first() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("screens.ron");
        // The first by the alphabet is visited again, the last one before all others.
        let campaigns: Vec<PathBuf> =
            (0..MOST).rev().map(|n| PathBuf::from(format!("/maps/{n:02}"))).collect();
        for output in &campaigns {
            note_in(&file, output, on(Screen::Jobs));
        }
        note_in(&file, Path::new("/maps/49"), on(Screen::Log));
        note_in(&file, Path::new("/new"), on(Screen::Months));
        let there = |output: &str| recall_from(&file, Path::new(output)).is_some();
        assert_eq!(["/maps/00", "/maps/48", "/maps/49", "/new"].map(there), [true, false, true, true]);
    }

    #[test]
    fn visits_noted_before_they_were_counted_are_read_and_are_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("screens.ron");
        let former: BTreeMap<PathBuf, Visit> = BTreeMap::from([("/old".into(), on(Screen::Map))]);
        sealed::replace(&file, &former).unwrap();
        assert_eq!(recall_from(&file, Path::new("/old")), Some(on(Screen::Map)));
        for n in 0..MOST {
            note_in(&file, &PathBuf::from(format!("/maps/{n:02}")), on(Screen::Jobs));
        }
        assert_eq!(recall_from(&file, Path::new("/old")), None);
        assert!(recall_from(&file, Path::new("/maps/00")).is_some());
    }

    #[test]
    fn a_damaged_memory_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("screens.ron");
        std::fs::write(&file, "nonsense").unwrap();
        assert_eq!(recall_from(&file, Path::new("/maps")), None);
    }
}
