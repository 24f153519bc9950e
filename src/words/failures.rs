//! Why chains failed, and what to do about it.

use serde::ser::SerializeStruct;

use crate::campaign::cause::Failure;
use crate::campaign::snapshot::FailureView;
use crate::quantity::clean;

/// The chain that a failure is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of<'a> {
    /// What people call it.
    pub(crate) chain: &'a str,
    /// Its months.
    pub(crate) months: &'a [u8],
}

/// How a chain that ran in the foreground goes on: the parts of an advice that depend on the place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advice<'a> {
    /// The command that shows what the program said.
    pub(crate) said: &'a str,
    /// What begins it anew.
    pub(crate) anew: &'a str,
    /// What lets it go on.
    pub(crate) again: &'a str,
}

spoken! { failures:
    /// One or two words: `node died`, `input`, `disk full`, …
    fn class(failure: &Failure) -> String;
    /// One sentence: what happened, where.
    fn cause(failure: &Failure) -> String;
}

spoken! { advice:
    /// What to do.
    fn hint(failure: &Failure, of: Of<'_>) -> String;
    /// What to do about a program that ended by itself, and not well.
    fn of_program(advice: Advice<'_>) -> String;
}

impl FailureView {
    /// One or two words: `node died`, `input`, `disk full`, …
    #[must_use]
    pub fn class(&self) -> String {
        clean(&class(&self.failure))
    }

    /// One sentence: what happened, where.
    #[must_use]
    pub fn cause(&self) -> String {
        clean(&cause(&self.failure))
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        clean(&hint(&self.failure, Of { chain: &self.chain, months: &self.months }))
    }
}

impl serde::Serialize for FailureView {
    /// In sentences: for scripts that show them to a person.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("FailureView", 3)?;
        fields.serialize_field("class", &self.class())?;
        fields.serialize_field("cause", &self.cause())?;
        fields.serialize_field("hint", &self.hint())?;
        fields.end()
    }
}
