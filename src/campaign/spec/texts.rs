//! Values that have a written form of their own: `48:00:00`, `40 tiles/min`, `1 | Auto`.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::{Class, Duration, MonthsPerChain, Pace, Signal};

impl Default for MonthsPerChain {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Serialize for MonthsPerChain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(n) => serializer.serialize_u32(*n),
            Self::Auto => serializer.serialize_unit_variant("MonthsPerChain", 0, "Auto"),
        }
    }
}

impl<'de> Deserialize<'de> for MonthsPerChain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A number or a bare word: only RON's raw text tells them apart (its "any" loses the word).
        let raw = Box::<ron::value::RawValue>::deserialize(deserializer)?;
        let text = raw.get_ron().trim();
        match text.parse() {
            Ok(n @ 1..=12) => Ok(Self::Count(n)),
            Err(_) if text == "Auto" => Ok(Self::Auto),
            _ => {
                Err(de::Error::custom(format!("{text} is neither a number of months from 1 to 12 nor Auto")))
            }
        }
    }
}

/// The longest span: more than a century, and what is written is read again.
const LONGEST: Duration = Duration(999_999 * 3600 + 59 * 60 + 59);

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad =
            || format!("\"{text}\" is no span of time: write \"48:00:00\", \"90min\", \"2h\" or \"30s\"");
        let within = |span: Self| {
            if span <= LONGEST {
                return Ok(span);
            }
            Err(format!("\"{text}\" is too long a span of time: {LONGEST} at most"))
        };
        let text = text.trim();
        if text.contains(':') {
            let parts =
                text.split(':').map(str::parse::<u64>).collect::<Result<Vec<_>, _>>().map_err(|_| bad())?;
            return match parts[..] {
                [h, m @ 0..60, s @ 0..60] => within(Self(h.saturating_mul(3600).saturating_add(m * 60 + s))),
                _ => Err(bad()),
            };
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = match unit.trim() {
            "s" => 1,
            "min" | "m" => 60,
            "h" => 3600,
            "d" => 86400,
            _ => return Err(bad()),
        };
        if number.is_empty() {
            return Err(bad());
        }
        // More digits than a number has are too long a span too.
        within(Self(number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(factor)))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix("tiles/min").map(str::trim).and_then(|n| n.parse::<f64>().ok());
        match number {
            Some(tiles_per_minute) if tiles_per_minute > 0.0 && tiles_per_minute.is_finite() => {
                Ok(Self { tiles_per_minute })
            }
            _ => Err(format!("\"{text}\" is no pace: write \"40 tiles/min\"")),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tiles/min", self.tiles_per_minute)
    }
}

/// Types that stand in the file as a quoted text.
macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}
as_text!(Class, Duration, Pace, Signal);
