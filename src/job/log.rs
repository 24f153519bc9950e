//! What a link says: plain sentences with the time, in its own log.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Mutex;

use crate::checkpoint::{ChainDir, LinkNumber};
use crate::durable::{DurableError, atomic};
use crate::quantity;

/// A link's log. A line that cannot be written is lost: a full disk must not change what the link does.
#[derive(Debug)]
pub(super) struct Log {
    file: Mutex<File>,
}

impl Log {
    /// Begins the log of `link`.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(super) fn create(dir: &ChainDir, link: LinkNumber) -> Result<Self, DurableError> {
        atomic::create_folder(&dir.logs())?;
        let path = dir.log(link);
        let file = OpenOptions::new().append(true).create(true).open(&path);
        Ok(Self { file: Mutex::new(file.map_err(|e| DurableError::io(&path, "create", e))?) })
    }

    /// Writes one sentence.
    pub(super) fn say(&self, sentence: &str) {
        let line = format!("{}  {sentence}\n", quantity::now());
        if let Ok(mut file) = self.file.lock() {
            let _ = file.write_all(line.as_bytes());
        }
    }
}

/// Milliseconds since 1970 by this node's clock: for display only.
#[must_use]
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
