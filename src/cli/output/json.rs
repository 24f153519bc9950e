//! Documents for scripts. Each says by which version of its fields it goes; `docs/json.md` has them all.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use crate::cli::CliError;
use crate::quantity::is_harmful;

/// The version of the documents' fields. Fields are added under the same number; it rises when one is renamed, removed or
/// means something else.
pub(in crate::cli) const SCHEMA: u32 = 1;

/// A value with the version of its fields.
#[derive(Serialize)]
struct Versioned<'d, T: ?Sized> {
    schema: u32,
    #[serde(flatten)]
    document: &'d T,
}

/// A document that is an object.
pub(in crate::cli) fn object<T: Serialize + ?Sized>(document: &T) -> Result<String, CliError> {
    plain(&Versioned { schema: SCHEMA, document })
}

/// A document that is a list of objects, each with its version.
pub(in crate::cli) fn rows<'d, T: Serialize + 'd>(
    rows: impl IntoIterator<Item = &'d T>,
) -> Result<String, CliError> {
    let rows = rows.into_iter().map(|document| Versioned { schema: SCHEMA, document });
    plain(&rows.collect::<Vec<_>>())
}

/// A value as JSON; what a terminal would act on is escaped in JSON's own way.
pub(in crate::cli) fn plain<T: Serialize + ?Sized>(value: &T) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(value).map_err(CliError::defect)?;
    if !text.contains(is_harmful) {
        return Ok(text);
    }
    let escaped = |c: char| if is_harmful(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Ok(text.chars().map(escaped).collect())
}

/// The option by which a command answers with a document: `--json`. Which it is, is read in one place: [`super::Output::of`].
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct AsJson;

/// The option's name.
const NAME: &str = "json";

impl AsJson {
    /// Whether it was given to the command that is meant.
    pub(super) fn is_given(matches: &ArgMatches) -> bool {
        let mut of_command = matches;
        while let Some((_, inner)) = of_command.subcommand() {
            of_command = inner;
        }
        matches!(of_command.try_get_one::<bool>(NAME), Ok(Some(true)))
    }
}

impl clap::Args for AsJson {
    fn augment_args(command: Command) -> Command {
        command.arg(Arg::new(NAME).long(NAME).action(ArgAction::SetTrue).help("As JSON, for scripts"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for AsJson {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_a_terminal_would_act_on() {
        let value = ["\u{1b}[2J", "a\u{202e}b\u{9b}", "É"];
        let text = plain(&value).unwrap();
        assert!(!text.contains(is_harmful), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), value);
    }

    #[test]
    fn a_document_says_its_version_before_its_fields() {
        let text = object(&serde_json::json!({"name": "a"})).unwrap();
        assert_eq!(text, "{\n  \"schema\": 1,\n  \"name\": \"a\"\n}");
        let text = rows(&[serde_json::json!({"name": "a"})]).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(rows, [serde_json::json!({"schema": 1, "name": "a"})]);
    }
}
