//! What a command answers, to people or to scripts, in one place.
//!
//! A command makes a [`Document`] and hands it over; how it is written was chosen once, when the command line was read.
//! Standard output may be closed at any moment (`alpsckpt status | head`): then the program ends quietly.

mod json;
mod report;
mod room;
mod say;
mod table;
mod told;

pub(super) use json::{AsJson, object, plain, rows};
pub(super) use report::report;
pub(super) use room::{depth, glyphs, room};
pub(super) use say::{
    note, say, say_bytes, say_drawn, say_of_arguments, say_path, tell, tell_short, warning,
};
pub(super) use table::table;
pub(super) use told::{know_commands, told};

use super::CliError;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// In lines for a person.
    People,
    /// As JSON, for scripts.
    Json,
}

/// What a command answers.
pub(super) trait Document {
    /// In lines for a person.
    fn lines(&self) -> Vec<String>;

    /// A remark for a person, on the error stream.
    fn remark(&self) -> Option<&'static str> {
        None
    }

    /// As JSON: an [`object()`] or [`rows()`] of them.
    fn json(&self) -> Result<String, CliError>;
}

impl Output {
    /// As the command line says.
    pub(super) fn of(matches: &clap::ArgMatches) -> Self {
        if AsJson::is_given(matches) { Self::Json } else { Self::People }
    }

    /// Prints a document.
    pub(super) fn show(self, document: &impl Document) -> Result<(), CliError> {
        match self {
            Self::People => {
                document.remark().into_iter().for_each(note);
                document.lines().into_iter().try_for_each(say)
            }
            Self::Json => say_bytes(format!("{}\n", document.json()?).as_bytes()),
        }
    }

    /// Prints a document that is watched, unless it is what was `shown` last.
    pub(super) fn show_new(self, document: &impl Document, shown: &mut String) -> Result<(), CliError> {
        let text = match self {
            Self::People => document.lines().join("\n"),
            Self::Json => document.json()?,
        };
        if text == *shown {
            return Ok(());
        }
        match self {
            Self::People if shown.is_empty() => say(&text)?,
            Self::People => {
                say("")?;
                say(&text)?;
            }
            Self::Json => say_bytes(format!("{text}\n").as_bytes())?,
        }
        *shown = text;
        Ok(())
    }
}
