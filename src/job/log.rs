//! What a link says: plain sentences with the time, in its own log.

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;

use crate::checkpoint::{ChainDir, LinkNumber};
use crate::durable::{atomic, beneath};
use crate::quantity;

/// A link's log. A line that cannot be written is lost: a full disk must not change what the link does.
#[derive(Debug)]
pub(super) struct Log {
    /// `None`: there is no log; what is said goes to the job's standard error.
    file: Mutex<Option<File>>,
}

impl Log {
    /// Begins the log of `link`. Where that cannot be done the link goes on, and says so on the standard error.
    pub(super) fn create(dir: &ChainDir, link: LinkNumber) -> Self {
        let path = dir.log(link);
        let file = match atomic::create_folder(&dir.logs()) {
            Ok(()) => beneath::append(&path).map_err(|e| format!("{}: {e}", path.display())),
            Err(e) => Err(e.to_string()),
        };
        let file = file.map_err(|why| tell!("alpsckpt: no log can be written: {why}")).ok();
        Self { file: Mutex::new(file) }
    }

    /// Writes one sentence.
    pub(super) fn say(&self, sentence: &str) {
        let line = format!("{}  {sentence}\n", quantity::now());
        if let Ok(Some(file)) = self.file.lock().as_deref_mut() {
            let _ = file.write_all(line.as_bytes());
        } else {
            tell!("{}", line.trim_end());
        }
    }
}

/// Milliseconds since 1970 by this node's clock: for display only.
#[must_use]
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
