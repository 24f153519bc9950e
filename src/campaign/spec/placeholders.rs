//! What stands in `{ }` in the texts of a command's campaign: parts that differ from chain to chain and from place to place.

use std::ffi::OsString;

/// A placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// 01 … 12.
    Month,
    /// 1 … 12.
    M,
    /// The chain: `m01`.
    Chain,
    /// Where the program puts what it makes.
    Output,
    /// The program's own folder.
    Work,
    /// The campaign's name.
    Campaign,
    /// The threads of a job.
    Threads,
    /// The campaign's year.
    Year,
    /// The folder of the campaign file.
    Folder,
    /// The file of the program's standard output.
    Stdout,
    /// The file of its standard error.
    Stderr,
}

use Name::{Chain, Folder, M, Month, Output, Stderr, Stdout, Threads, Work, Year};

/// How each is written.
const WRITTEN: [(Name, &str); 11] = [
    (Month, "month"),
    (M, "m"),
    (Chain, "chain"),
    (Output, "output"),
    (Work, "work"),
    (Name::Campaign, "name"),
    (Threads, "threads"),
    (Year, "year"),
    (Folder, "folder"),
    (Stdout, "stdout"),
    (Stderr, "stderr"),
];

/// What may stand in the program, its arguments, its environment and its folder.
pub(super) const OF_RUN: &[Name] = &[Month, M, Chain, Output, Work, Name::Campaign, Threads, Year, Folder];
/// What may stand in the paths of inputs, which are there before any job.
pub(super) const OF_INPUTS: &[Name] = &[Month, M, Chain, Name::Campaign, Year, Folder];
/// What may stand in the names of outputs.
pub(super) const OF_OUTPUTS: &[Name] = &[Month, M, Chain, Name::Campaign, Year];
/// What may stand in the path of the file that tells the progress.
pub(super) const OF_PROGRESS: &[Name] =
    &[Month, M, Chain, Output, Work, Name::Campaign, Year, Folder, Stdout, Stderr];

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// As it stands.
    Text(&'t str),
    /// To be filled in.
    Value(Name),
}

/// What is wrong with a text, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) cure: String,
}

/// The pieces of a text; `{{` and `}}` are braces.
pub(super) fn parts<'t>(text: &'t str, allowed: &[Name]) -> Result<Vec<Part<'t>>, Fault> {
    let fault = |what: String, cure: String| Err(Fault { what, cure });
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            found.push(Part::Text(before));
        }
        if let Some(brace) = from.get(..2).filter(|two| ["{{", "}}"].contains(two)) {
            found.push(Part::Text(&brace[..1]));
            rest = &from[2..];
            continue;
        }
        let Some(inner) = from.strip_prefix('{') else {
            return fault(format!("a `}}` stands alone in {text:?}"), "for a brace write }}".to_owned());
        };
        let Some((name, after)) = inner.split_once('}') else {
            return fault(
                format!("a `{{` is not closed in {text:?}"),
                format!("for a brace write {{{{; there are {}", list(allowed)),
            );
        };
        let known = WRITTEN.iter().find(|(_, written)| *written == name).map(|(known, _)| *known);
        match known.filter(|known| allowed.contains(known)) {
            Some(known) => found.push(Part::Value(known)),
            // The brace that is closed belongs to a placeholder within.
            None if name.contains('{') => {
                return fault(
                    format!("a `{{` is not closed in {text:?}"),
                    format!("for a brace write {{{{; there are {}", list(allowed)),
                );
            }
            None => return fault(told(name, known, text), cure(name, allowed)),
        }
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest));
    }
    Ok(found)
}

fn told(name: &str, known: Option<Name>, text: &str) -> String {
    match known {
        Some(_) => format!("`{{{name}}}` cannot stand here: {text:?}"),
        None => format!("there is no placeholder `{{{name}}}`: {text:?}"),
    }
}

fn cure(name: &str, allowed: &[Name]) -> String {
    let near = WRITTEN.iter().filter(|(known, written)| {
        allowed.contains(known)
            && strsim::damerau_levenshtein(written, &name.to_lowercase()) <= 2.min(name.len() / 2)
    });
    let near = near.map(|(_, written)| format!("did you mean {{{written}}}? ")).next().unwrap_or_default();
    format!("{near}there are {}; for braces as they stand write {{{{{name}}}}}", list(allowed))
}

/// The placeholders in words.
fn list(allowed: &[Name]) -> String {
    let written = WRITTEN.iter().filter(|(name, _)| allowed.contains(name));
    written.map(|(_, written)| format!("{{{written}}}")).collect::<Vec<_>>().join(", ")
}

/// The text with its placeholders filled in. A text that is no such text, which is refused when a campaign file is read,
/// stays as it is.
pub(super) fn fill(text: &str, value: &dyn Fn(Name) -> OsString) -> OsString {
    let all = WRITTEN.map(|(name, _)| name);
    let Ok(parts) = parts(text, &all) else { return text.into() };
    parts.into_iter().fold(OsString::new(), |mut filled, part| {
        match part {
            Part::Text(text) => filled.push(text),
            Part::Value(name) => filled.push(value(name)),
        }
        filled
    })
}

/// The text as it must be written to be taken as it stands.
pub(super) fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Whether the text has one of these.
pub(super) fn has(text: &str, names: &[Name]) -> bool {
    let all = WRITTEN.map(|(name, _)| name);
    parts(text, &all)
        .is_ok_and(|parts| parts.iter().any(|part| matches!(part, Part::Value(name) if names.contains(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> OsString {
        fill(text, &|name| format!("<{name:?}>").into())
    }

    #[test]
    fn placeholders_are_filled_in_and_doubled_braces_are_braces() {
        assert_eq!(filled("svf_{month}.sdat"), "svf_<Month>.sdat");
        assert_eq!(filled("{m}{chain}"), "<M><Chain>");
        assert_eq!(filled("awk '{{print $1}}'"), "awk '{print $1}'");
        assert_eq!(filled("{{{month}}}"), "{<Month>}");
        assert_eq!(filled("é{{}}"), "é{}");
        assert_eq!(filled(""), "");
        assert_eq!(filled(&escape("a {month} {{b}}")), "a {month} {{b}}");
        for (_, written) in WRITTEN {
            assert!(filled(&format!("{{{written}}}")).to_string_lossy().starts_with('<'), "{written}");
        }
    }

    #[test]
    fn what_is_no_placeholder_is_told_with_those_that_there_are_and_the_way_to_write_a_brace() {
        for (text, what, cure) in [
            ("{mont}", "no placeholder `{mont}`", "did you mean {month}?"),
            ("awk '{print $1}'", "no placeholder `{print $1}`", "write {{print $1}}"),
            ("${HOME}", "no placeholder `{HOME}`", "{month}, {m}, {chain}"),
            ("a } b", "stands alone", "}}"),
            ("a { b", "not closed", "{{"),
            ("{ cp app.txt {output}; }", "a `{` is not closed", "for a brace write {{"),
            ("{stdout}", "`{stdout}` cannot stand here", "{output}"),
            ("{}", "no placeholder `{}`", "{month}"),
        ] {
            let fault = parts(text, OF_RUN).unwrap_err();
            assert!(fault.what.contains(what) && fault.cure.contains(cure), "{text}: {fault:?}");
        }
        // What is advised is taken.
        assert_eq!(filled("awk '{{print $1}}'"), "awk '{print $1}'");
        assert!(has("{work}/a", &[Name::Work]) && !has("{{work}}", &[Name::Work]));
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_when_its_braces_are_doubled(text in "[{}a-zé ]{0,12}") {
            proptest::prop_assert_eq!(filled(&escape(&text)), OsString::from(&text));
        }
    }
}
