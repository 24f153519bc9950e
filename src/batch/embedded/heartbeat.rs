//! A file that shows to readers who cannot look up its writer's process, in another PID namespace or on another machine, that
//! the writer lives: its content changes.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often the content changes.
pub(super) const EVERY: Duration = Duration::from_secs(1);
/// Whose heartbeat a reader saw standing still for so long, by its own clock, is dead.
pub(super) const STILL: Duration = Duration::from_secs(30);

/// The writer's side.
#[derive(Debug)]
pub(super) struct Heartbeat {
    path: PathBuf,
    count: u64,
}

impl Heartbeat {
    /// One in this file.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, count: 0 }
    }

    /// Beats once. The file keeps its length: it can be written on a full disk, too.
    pub(super) fn beat(&mut self) {
        self.count += 1;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path);
        let _ = file.and_then(|mut file| write!(file, "{:020}", self.count));
    }
}

/// The reader's side: for how long each was seen unchanged.
#[derive(Debug, Default)]
pub(super) struct Watched(BTreeMap<PathBuf, (Vec<u8>, Instant)>);

impl Watched {
    /// For how long this one has been seen as it is now.
    pub(super) fn unchanged(&mut self, path: &Path) -> Duration {
        let now = Instant::now();
        let content = std::fs::read(path).unwrap_or_default();
        let seen = self.0.entry(path.to_path_buf()).or_insert_with(|| (content.clone(), now));
        if seen.0 != content {
            *seen = (content, now);
        }
        now.duration_since(seen.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_is_seen_and_silence_is_measured_by_the_reader() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beat");
        let (mut heart, mut reader) = (Heartbeat::new(path.clone()), Watched::default());
        heart.beat();
        assert_eq!(reader.unchanged(&path), Duration::ZERO);
        std::thread::sleep(Duration::from_millis(2));
        assert!(reader.unchanged(&path) >= Duration::from_millis(2));
        heart.beat();
        assert_eq!(reader.unchanged(&path), Duration::ZERO);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(reader.unchanged(&path), Duration::ZERO, "gone is a change");
        assert!(reader.unchanged(&path) < STILL);
    }
}
