//! How fields are written and read whose form serde does not know by itself.

/// A value that may be left out, written `None`, `Some(value)` or just `value`.
pub(super) mod optional {
    use serde::de::{DeserializeOwned, Error};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::super::words::expected;

    #[expect(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
    pub(in super::super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(s)
    }

    pub(in super::super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<T>, D::Error> {
        let raw = Box::<ron::value::RawValue>::deserialize(d)?;
        let text = raw.get_ron().trim();
        let wrapped = text == "None" || text.strip_prefix("Some").is_some_and(|t| t.trim().starts_with('('));
        let value = if wrapped { ron::from_str(text) } else { ron::from_str(text).map(Some) };
        value.map_err(|e| match e.code {
            // Said by a value that knows what it wants.
            ron::Error::Message(said) => D::Error::custom(said),
            code => D::Error::custom(format!("{}, not {text}", expected(&code))),
        })
    }
}

/// A value that may be left out, read as [`optional`] and written without `Some`, as it was when it could not be left out:
/// specs frozen before keep their hash.
pub(super) mod plain {
    use serde::{Serialize, Serializer};

    pub(in super::super) use super::optional::deserialize;

    #[expect(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
    pub(in super::super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => value.serialize(s),
            None => s.serialize_none(),
        }
    }
}

/// Twelve values, written as a list.
pub(super) mod twelve {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(values: &[f64; 12], s: S) -> Result<S::Ok, S::Error> {
        values.as_slice().serialize(s)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<[f64; 12], D::Error> {
        let values = Vec::<f64>::deserialize(d)?;
        let found = values.len();
        values
            .try_into()
            .map_err(|_| D::Error::custom(format!("needs 12 values, January to December, and has {found}")))
    }
}
