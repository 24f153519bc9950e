//! One value in one file: RON text that a person can read, closed by a line with its checksum.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DurableError, atomic, beneath};

const SEAL: &str = "// crc32 ";

/// The file's bytes for `value`.
///
/// # Errors
/// When `value` has no RON form.
pub fn encode<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, DurableError> {
    let pretty = ron::ser::PrettyConfig::new().struct_names(true);
    let mut text = ron::ser::to_string_pretty(value, pretty)
        .map_err(|e| DurableError::io(path, "write as RON", std::io::Error::other(e)))?;
    text.push('\n');
    let sum = crc32fast::hash(text.as_bytes());
    Ok(format!("{text}{SEAL}{sum:08x}\n").into_bytes())
}

/// Replaces `path` by `value`, whole.
///
/// # Errors
/// When it cannot be written; the former file then still stands.
pub fn replace<T: Serialize>(path: &Path, value: &T) -> Result<(), DurableError> {
    atomic::replace(path, &encode(path, value)?)
}

/// Replaces `path` by `value` without waiting for the disk: see [`atomic::replace_unsynced`].
///
/// # Errors
/// When it cannot be written; the former file then still stands.
pub fn replace_unsynced<T: Serialize>(path: &Path, value: &T) -> Result<(), DurableError> {
    atomic::replace_unsynced(path, &encode(path, value)?)
}

/// Creates `path` with `value`; `Ok(false)` when it exists already.
///
/// # Errors
/// When it cannot be written.
pub fn create_exclusive<T: Serialize>(path: &Path, value: &T) -> Result<bool, DurableError> {
    atomic::create_exclusive(path, &encode(path, value)?)
}

/// Reads `path` and verifies its checksum.
///
/// # Errors
/// When it is missing, damaged, or intact but not a `T`.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, DurableError> {
    let bytes = beneath::read(path).map_err(|e| DurableError::io(path, "read", e))?;
    decode(path, &bytes)
}

/// Reads a value from the bytes of the file `path`.
///
/// # Errors
/// When the bytes are damaged, or intact but not a `T`.
pub fn decode<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, DurableError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DurableError::damaged(path, "not text"))?;
    let at = text.rfind(SEAL).ok_or_else(|| DurableError::damaged(path, "the checksum line is missing"))?;
    let (body, seal) = text.split_at(at);
    let expected = format!("{SEAL}{:08x}\n", crc32fast::hash(body.as_bytes()));
    if seal != expected {
        return Err(DurableError::damaged(path, "the checksum does not fit the content"));
    }
    ron::from_str(body)
        .map_err(|e| DurableError::unknown_form(path, format!("line {}: {}", e.span.start.line, e.code)))
}
