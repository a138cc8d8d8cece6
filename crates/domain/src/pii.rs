//! The one type of personal data.
//!
//! [`Personal`] has no `Display`, its `Debug` prints a placeholder, it has no `Serialize`, and its
//! bytes are wiped when it is dropped. Whoever needs the text says so with [`Personal::expose`],
//! and whoever seals it into an encrypted object says so with `#[serde(with = "pii::exposed")]`:
//! both can be searched for.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroize;

/// Text about a person. It cannot be printed or serialised by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Personal(String);

impl Personal {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for a query, a comparison or an encryption; never for a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Personal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[personal]")
    }
}

impl Drop for Personal {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<'de> Deserialize<'de> for Personal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl schemars::JsonSchema for Personal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Personal".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// Serialises a [`Personal`] as its text. Only for what is sealed before it leaves the process, or
/// sent to the party that the person's data is asked from.
pub mod exposed {
    use super::Personal;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the text.
    pub fn serialize<S: Serializer>(value: &Personal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.expose())
    }

    /// Reads the text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Personal, D::Error> {
        Personal::deserialize(deserializer)
    }
}

/// [`exposed`] for a text that may be absent.
pub mod exposed_option {
    use super::Personal;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the text, or null.
    #[allow(clippy::ref_option, reason = "the form that serde asks for")]
    pub fn serialize<S: Serializer>(value: &Option<Personal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(text) => serializer.serialize_some(text.expose()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the text, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Personal>, D::Error> {
        Option::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_text() {
        let secret = Personal::new("marked@example.com");
        let nested = Some(vec![secret]);
        assert_eq!(format!("{nested:?}"), "Some([[personal]])");
    }
}
