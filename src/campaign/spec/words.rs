//! What is wrong with a campaign file, in the words of the person who wrote it, not of the parser; and how it is written.

use ron::error::{Error, SpannedError};

use super::fields::FieldAt;

/// How each field is written, those within others too: one that can be taken over as it stands.
pub(super) const EXAMPLES: [(&str, &str); 63] = [
    ("version", "1"),
    ("name", "\"My mountains\""),
    ("output", "\"output\""),
    ("dem", "\"dem.tif\""),
    ("terrain_note", "\"synthetic terrain\""),
    ("region", "All"),
    ("crs", "\"EPSG:3035\""),
    ("xmin", "4014000"),
    ("ymin", "2415000"),
    ("xmax", "4034000"),
    ("ymax", "2435000"),
    ("months", "[1, 6]"),
    ("year", "2018"),
    ("months_per_chain", "1"),
    ("temperature", "{\"mean\": (file: \"t_{month}.tif\", unit: Celsius)}"),
    ("file", "\"t_{month}.tif\""),
    ("unit", "Celsius"),
    ("reference_height", "\"reference_height.tif\""),
    ("lapse", "Constant(0.0065)"),
    ("cloud", "Grid(\"cloud_{month}.tif\")"),
    ("mode", "Default"),
    ("products", "[SkyView, Total, Solar, Quotient, Temperature]"),
    ("accept", "[Zeros]"),
    ("walltime", "\"48:00:00\""),
    ("margin", "\"00:30:00\""),
    ("checkpoint_every", "\"00:15:00\""),
    ("threads", "8"),
    ("pace", "\"40 tiles/min\""),
    ("workload", "Engine"),
    ("site", "\"project=alps\""),
    ("setup", "[\"source /applis/site/nix.sh\"]"),
    ("max_links", "50"),
    ("tile", "1024"),
    ("sky_view_month", "1"),
    ("storage", "Rounded"),
    ("compression", "Zstd"),
    ("step_minutes", "30"),
    ("solar_constant", "1367.0"),
    ("transmittance", "0.7"),
    ("atmosphere", "Saga"),
    ("linke", "Constant(3.0)"),
    ("diffuse", "Isotropic"),
    ("albedo", "0.2"),
    ("azimuths", "Fine"),
    ("steps", "LookUp"),
    ("c", "1.0"),
    ("lai", "0.01"),
    ("lai_max", "8.0"),
    ("run", "Program([\"Rscript\", \"{folder}/script.R\", \"{month}\"])"),
    ("environment", "{\"OMP_NUM_THREADS\": \"{threads}\"}"),
    ("directory", "\"{work}\""),
    ("inputs", "[\"dem.tif\"]"),
    ("outputs", "[\"result_{month}.tif\"]"),
    ("checkpoint", "Auto"),
    ("signal", "\"USR1\""),
    ("resume", "[\"Rscript\", \"{folder}/script.R\", \"--resume\"]"),
    ("network", "Private"),
    ("semaphores", "Files"),
    ("processors", "Avx2"),
    ("trial", "false"),
    ("progress", "Pattern(\"{stdout}\", r\"([0-9]+)%\")"),
    ("kit", "\"/home/me/criu\""),
    ("folder", "\".\""),
];

/// How the field at this path is written, with its name.
pub(super) fn example(path: &str) -> Option<String> {
    let name = path.rsplit('.').next().unwrap_or(path);
    EXAMPLES.iter().find(|(known, _)| *known == name).map(|(name, value)| format!("{name}: {value}"))
}

/// What is wrong and what to do, with the source line where the syntax is at fault. `field` is the innermost one at fault.
pub(super) fn words(error: &SpannedError, field: Option<&FieldAt>, text: &str) -> (String, String) {
    let as_example = || {
        let example = field.and_then(|field| example(&field.path));
        example.map_or_else(
            || "`alpsckpt new FILE` writes a commented campaign file to compare with".to_owned(),
            |example| format!("write it as in `{example}`"),
        )
    };
    match &error.code {
        Error::NoSuchStructField { expected, found, outer } => {
            let place = match outer.as_deref() {
                None | Some("Spec" | "") => String::new(),
                Some(outer) => format!(" in `{outer}`"),
            };
            (format!("there is no field `{found}`{place}"), nearest(found, expected))
        }
        Error::NoSuchEnumVariant { expected, found, .. } => {
            let place = field.map_or_else(String::new, |f| format!(" for `{}`", f.path));
            (format!("`{found}` is no value{place}"), nearest(found, expected))
        }
        Error::MissingStructField { field, .. } => {
            let add = example(field).unwrap_or_else(|| format!("{field}: …"));
            (format!("the field `{field}` is missing here"), format!("add `{add}`"))
        }
        Error::Message(message) => match field {
            Some(field) => (format!("`{}`: {message}", field.path), as_example()),
            None => (message.clone(), as_example()),
        },
        code => {
            let (line, column) = (error.span.end.line, error.span.end.col);
            let source = text.lines().nth(line.saturating_sub(1)).unwrap_or("").trim();
            let name = field.map_or_else(String::new, |f| format!("`{}`: ", f.path));
            (format!("{name}{} at column {column}: {source}", expected(code)), as_example())
        }
    }
}

/// What the parser expected, in plain words.
pub(super) fn expected(code: &Error) -> String {
    let plain = match code {
        Error::ExpectedIdentifier | Error::InvalidIdentifier(_) | Error::SuggestRawIdentifier(_) => {
            "a word without quotes is expected"
        }
        Error::ExpectedString => "a text in quotes is expected",
        Error::ExpectedStringEnd => "the closing quote is missing",
        Error::ExpectedInteger | Error::InvalidIntegerDigit { .. } => "a whole number is expected",
        Error::IntegerOutOfBounds => "the number is too small or too large",
        Error::ExpectedFloat | Error::FloatUnderscore => "a number is expected",
        Error::ExpectedArray => "a list in [ ] is expected",
        Error::ExpectedMap => "names and values in { } are expected",
        Error::ExpectedMapColon => "a colon is missing",
        Error::ExpectedComma | Error::ExpectedArrayEnd | Error::ExpectedMapEnd => {
            "a comma or a closing bracket is missing"
        }
        Error::ExpectedStructLikeEnd => "a comma or the closing `)` is missing",
        Error::Eof => "the file ends here: a closing bracket or quote is missing",
        Error::ExpectedNamedStructLike("Spec")
        | Error::ExpectedDifferentStructName { expected: "Spec", .. } => {
            "a campaign file begins with `(` and ends with `)`"
        }
        Error::TrailingCharacters => "more stands here than is expected",
        other => return lower_first(&other.to_string()),
    };
    plain.to_owned()
}

fn nearest(found: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&found.to_lowercase(), &k.to_lowercase()), *k))
        .min();
    match best {
        Some((distance, name)) if distance <= 2.max(found.len() / 3) => {
            format!("did you mean `{name}`?")
        }
        _ => format!("known: {}", known.join(", ")),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
