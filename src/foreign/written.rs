//! Paths in records: their bytes as text, whatever they are.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serializer};

/// A path with `\\` for a backslash and `\xff` for a byte that is no text.
pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    serializer.serialize_str(&text)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, taken) = match (first, after) {
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [b'x', high, low, ..]) => {
                let digits = [*high, *low].map(char::from).iter().collect::<String>();
                (u8::from_str_radix(&digits, 16).map_err(serde::de::Error::custom)?, 4)
            }
            (b'\\', _) => return Err(serde::de::Error::custom("a path with a lone backslash")),
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[taken..];
    }
    Ok(PathBuf::from(OsString::from_vec(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
    struct TextHolder(#[serde(with = "super")] PathBuf);

    #[test]
    fn any_bytes_come_back() {
        for bytes in [&b"/a/b\\n \\xff"[..], b"/\xff\xfe/\xc3\xa9\n\"", b"", b"/\\\\"] {
            let holder = TextHolder(PathBuf::from(OsString::from_vec(bytes.to_vec())));
            let text = ron::to_string(&holder).unwrap();
            assert_eq!(ron::from_str::<TextHolder>(&text).unwrap(), holder, "{text}");
        }
        assert!(ron::from_str::<TextHolder>(r#"("/a\\b")"#).is_err());
    }
}
