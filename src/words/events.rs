//! What happened, as the journal and its readers tell it.

use serde::ser::SerializeStruct;

use crate::campaign::event::Event;
use crate::campaign::snapshot::HistoryLine;
use crate::quantity::clean;

spoken! { events:
    /// One thing that happened.
    fn event(event: &Event) -> String;
    /// A line of the history.
    fn line(line: &HistoryLine) -> String;
}

impl Event {
    /// For a person.
    #[must_use]
    pub fn words(&self) -> String {
        event(self)
    }
}

impl HistoryLine {
    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        clean(&line(self))
    }
}

impl serde::Serialize for HistoryLine {
    /// In a sentence: for scripts that show it to a person.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("HistoryLine", 4)?;
        fields.serialize_field("happened_ms", &self.happened_ms)?;
        fields.serialize_field("at_ms", &self.at_ms)?;
        fields.serialize_field("chain", &self.chain)?;
        fields.serialize_field("text", &self.text())?;
        fields.end()
    }
}
