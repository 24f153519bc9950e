//! What chains, links and generations are called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a chain within its campaign. It says nothing: what the chain is stands in its record, `chain.ron`.
///
/// One to [`ChainId::LONGEST`] lower-case letters, digits, dashes and underscores, the first a letter or a digit: such a name
/// can be that of a folder, a part of a job's name and a word of a shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct ChainId(String);

impl ChainId {
    /// The most characters of a name: it is a part of longer ones.
    pub const LONGEST: usize = 128;

    /// The name that is given to a chain of these months (1 to 12): `m01`, or `m01-m02-m03`.
    #[must_use]
    pub fn of_months(months: &[u8]) -> Self {
        Self(months.iter().map(|m| format!("m{m:02}")).collect::<Vec<_>>().join("-"))
    }

    /// A chain by its name; `None` when no chain can have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let good = bytes.first().is_some_and(|b| plain(*b))
            && bytes.iter().all(|b| plain(*b) || matches!(b, b'-' | b'_'))
            && bytes.len() <= Self::LONGEST;
        good.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name as it stands in a file.
#[derive(Deserialize)]
#[serde(rename = "ChainId")]
struct Unchecked(String);

impl TryFrom<Unchecked> for ChainId {
    type Error = String;

    fn try_from(Unchecked(text): Unchecked) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no name of a chain"))
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The k-th execution of a chain that started, from 1, over all attempts; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkNumber(pub u32);

impl fmt::Display for LinkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

/// A checkpoint's number within its chain, from 1; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GenerationNumber(pub u32);

impl fmt::Display for GenerationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_plain_name_of_bounded_length_is_a_chains() {
        let longest = "a".repeat(ChainId::LONGEST);
        for good in ["m01", "m01-m02", "m13", "7", "c_0042", "m07-2031-rcp85", &longest] {
            assert_eq!(ChainId::parse(good).unwrap().as_str(), good);
        }
        let too_long = format!("{longest}a");
        for bad in [
            "", "-a", "_a", ".", "..", "a/b", "../m01", "a.b", "A", "M07", "a b", "é", "a\nb", "*", &too_long,
        ] {
            assert_eq!(ChainId::parse(bad), None, "{bad:?}");
            assert!(serde_json::from_value::<ChainId>(bad.into()).is_err(), "{bad:?}");
        }
        assert_eq!(ChainId::of_months(&[6, 7, 12]).as_str(), "m06-m07-m12");
        let all = ChainId::of_months(&(1..=12).collect::<Vec<_>>());
        assert_eq!(ChainId::parse(all.as_str()), Some(all));
    }
}
