//! What lies in the folder of an image beside what its dumper wrote.

use crate::foreign::Clocks;
use crate::foreign::closed::Closed;
use crate::foreign::record::ImageRecord;

/// The image's own record, beside the files of whatever dumped it.
pub(super) const RECORD: &str = "record.ron";
/// The folder of the program's own files, as they were.
pub(super) const COPIES: &str = "copies";
/// The copies of files that it had closed.
pub(super) const CLOSED: &str = "closed";

/// What is written beside the files of an image.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Beside {
    /// The clocks that the program has seen.
    pub(super) clocks: Clocks,
    /// CPU time that it has taken since its beginning, s.
    pub(super) cpu: f64,
    /// How long the dump took, s, and what it wrote, bytes.
    pub(super) took: f64,
    /// What it asks of a node.
    pub(super) needs: ImageRecord,
    /// What lay in its folder, closed.
    #[serde(default)]
    pub(super) closed: Closed,
}
