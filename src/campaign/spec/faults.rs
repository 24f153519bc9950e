//! What is wrong with the values of a campaign file, each with its line.

use std::path::Path;

use super::fields::{self, FieldAt};
use super::{Spec, SpecError};

/// Where the values stand in the file.
pub(super) struct Places<'t> {
    pub(super) file: &'t Path,
    pub(super) text: &'t str,
    pub(super) index: &'t [FieldAt],
    /// Fields that could not be read: their stand-ins are not to be judged.
    pub(super) bad: &'t [String],
}

/// The values of a file that are judged, and what is wrong with them so far.
pub(super) struct Check<'t> {
    pub(super) spec: &'t Spec,
    pub(super) places: &'t Places<'t>,
    pub(super) errors: Vec<SpecError>,
}

impl Check<'_> {
    /// Notes a fault of the field at `path` unless one of the fields it was judged by is a stand-in.
    pub(super) fn fault(&mut self, path: &str, what: impl Into<String>, cure: impl Into<String>) {
        let top = path.split('.').next().unwrap_or(path);
        if self.places.bad.iter().any(|b| b == top) {
            return;
        }
        let found = self.places.index.iter().find(|f| f.path == path);
        let found = found.or_else(|| self.places.index.iter().find(|f| f.path == top));
        let line = found.map(|f| fields::line_of(self.places.text, f.start));
        self.errors.push(SpecError::new(self.places.file, line, what, cure));
    }

    pub(super) fn is_bad(&self, field: &str) -> bool {
        self.places.bad.iter().any(|b| b == field)
    }
}
