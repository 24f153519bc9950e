//! The units in which files give heights.

/// Metres of one international foot and of one US survey foot.
pub(super) const FOOT: f64 = 0.3048;
const US_SURVEY_FOOT: f64 = 1200.0 / 3937.0;

/// Metres of one unit with this name, as files write it; `None` when it is no known unit of length.
pub(super) fn metres_of(name: &str) -> Option<f64> {
    // "US survey foot", "us-ft", "Foot_US", "[m]": letters alone, in small ones.
    let letters: String =
        name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    match letters.as_str() {
        "m" | "metre" | "metres" | "meter" | "meters" | "mtr" => Some(1.0),
        "dm" | "decimetre" | "decimetres" | "decimeter" | "decimeters" => Some(0.1),
        "cm" | "centimetre" | "centimetres" | "centimeter" | "centimeters" => Some(0.01),
        "mm" | "millimetre" | "millimetres" | "millimeter" | "millimeters" => Some(0.001),
        "km" | "kilometre" | "kilometres" | "kilometer" | "kilometers" => Some(1000.0),
        "ft" | "foot" | "feet" | "intft" | "ftint" | "internationalfoot" | "internationalfeet"
        | "footintl" | "ftintl" | "footinternational" => Some(FOOT),
        "usft" | "ftus" | "sft" | "ussurveyfoot" | "ussurveyfeet" | "footus" | "feetus" | "sftus" | "uss"
        | "ussft" | "surveyfoot" | "surveyfeet" | "usfoot" | "usfeet" => Some(US_SURVEY_FOOT),
        _ => None,
    }
}

/// Whether a unit of so many metres is a foot.
pub(super) fn is_foot(metres: f64) -> bool {
    (metres / FOOT - 1.0).abs() < 1e-5
}

/// Metres of one unit with this code of EPSG.
pub(super) fn metres_of_code(code: u16) -> Option<f64> {
    match code {
        9001 => Some(1.0),
        9002 => Some(FOOT),
        9003 => Some(US_SURVEY_FOOT),
        9095 => Some(0.304_800_749_1),
        9036 => Some(1000.0),
        1033 => Some(0.01),
        1025 => Some(0.001),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_the_spellings_of_files() {
        for name in ["m", "metre", "Meters", "[m]"] {
            assert_eq!(metres_of(name), Some(1.0), "{name}");
        }
        for name in ["ft", "foot", "feet", "Feet", "ft (int)", "International foot"] {
            assert_eq!(metres_of(name), Some(0.3048), "{name}");
        }
        for name in
            ["US survey foot", "us-ft", "ftUS", "sft", "Foot_US", "US_survey_foot", "U.S. survey feet"]
        {
            assert!((metres_of(name).unwrap() - 0.304_800_609_601_219_24).abs() < 1e-16, "{name}");
        }
        for name in ["", "K", "degC", "fathom", "dBZ", "m/s", "1"] {
            assert_eq!(metres_of(name), None, "{name}");
        }
    }
}
