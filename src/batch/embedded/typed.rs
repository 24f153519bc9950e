//! Commands on the cluster, as a person types them.

use std::path::Path;

use crate::shell_words::word;

/// A command on the cluster in `directory`.
pub(super) fn typed(directory: &Path, what: &str) -> String {
    format!("alpsckpt cluster {what} --dir {}", word(directory.as_os_str()))
}
