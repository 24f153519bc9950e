//! The spec's values that have a written form of their own: `48:00:00`, `40 tiles/min`, `1 | Auto`.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, EnumAccess, VariantAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{Duration, MonthsPerChain, Pace};

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
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = MonthsPerChain;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of months from 1 to 12, or Auto")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Self::Value, E> {
                match u32::try_from(n) {
                    Ok(n @ 1..=12) => Ok(MonthsPerChain::Count(n)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(n), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "Auto" => Ok(MonthsPerChain::Auto),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Self::Value, A::Error> {
                let (name, variant) = data.variant::<String>()?;
                variant.unit_variant()?;
                self.visit_str(&name)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad =
            || format!("\"{text}\" is no span of time: write \"48:00:00\", \"90min\", \"2h\" or \"30s\"");
        let text = text.trim();
        if text.contains(':') {
            let parts =
                text.split(':').map(str::parse::<u64>).collect::<Result<Vec<_>, _>>().map_err(|_| bad())?;
            return match parts[..] {
                [h, m @ 0..60, s @ 0..60] if h < 1_000_000 => Ok(Self(h * 3600 + m * 60 + s)),
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
        number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).map(Self).ok_or_else(bad)
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
as_text!(Duration, Pace);
