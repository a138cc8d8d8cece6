//! What a person is known by.

use serde::{Deserialize, Serialize};

use crate::ids::IdError;
use crate::pii::Personal;

/// The kind of an identity, as the catalog names it: `email`, `customer_id`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct IdentityType(String);

impl IdentityType {
    /// The name as the catalog writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for IdentityType {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let good = (1..=48).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { kind: "identity type", rule: "1 to 48 of a-z, 0-9 and underscore" })
        }
    }
}

impl TryFrom<String> for IdentityType {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<IdentityType> for String {
    fn from(kind: IdentityType) -> String {
        kind.0
    }
}

impl std::fmt::Display for IdentityType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One identity of a person: a kind and a normalised value, and how it was written where that
/// differs. The normalised value is who it is; both are looked for, because a store's index compares
/// letter by letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: IdentityType,
    /// The value, normalised by [`Identity::new`].
    #[serde(with = "crate::pii::exposed")]
    pub value: Personal,
    /// As it was written, if not as `value` is. Only in what is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::pii::exposed_option")]
    pub written: Option<Personal>,
}

/// Why a text is not a value of its identity type. Never quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Nothing but white space.
    #[error("the value is empty")]
    Empty,
    /// More than 512 bytes.
    #[error("the value is longer than 512 bytes")]
    TooLong,
    /// A control character, a line break among them.
    #[error("the value contains a control character")]
    Control,
    /// An e-mail address without exactly one part on each side of its last `@`.
    #[error("the value is not an e-mail address: write a name, `@` and a domain")]
    NotEmail,
}

impl Identity {
    /// Checks and normalises a value. White space around it is dropped; an e-mail address is lower
    /// case, because mail systems do not tell addresses apart by case (RFC 5321 section 2.4 lets the
    /// local part differ and advises against using it).
    pub fn new(kind: IdentityType, value: &Personal) -> Result<Self, IdentityError> {
        let text = value.expose().trim();
        if text.is_empty() {
            return Err(IdentityError::Empty);
        }
        if text.len() > 512 {
            return Err(IdentityError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(IdentityError::Control);
        }
        let value = if kind.as_str() == "email" {
            let (local, host) = text.rsplit_once('@').ok_or(IdentityError::NotEmail)?;
            let plain = !local.is_empty() && host.contains('.') && !host.contains(char::is_whitespace);
            if !plain || host.starts_with('.') || host.ends_with('.') || text.len() > 320 {
                return Err(IdentityError::NotEmail);
            }
            Personal::new(text.to_lowercase())
        } else {
            Personal::new(text)
        };
        let written = (value.expose() != text).then(|| Personal::new(text));
        Ok(Self { kind, value, written })
    }

    /// What a located record says, as it says it: whether it has the form that people must write
    /// does not matter, it is followed all the same. `None` if it says nothing.
    pub fn of_record(kind: IdentityType, value: &Personal) -> Option<Self> {
        let raw = value.expose();
        let text = raw.trim();
        if text.is_empty() {
            return None;
        }
        let normal = if kind.as_str() == "email" { text.to_lowercase() } else { text.to_owned() };
        let written = (normal != raw).then(|| Personal::new(raw));
        Some(Self { kind, value: Personal::new(normal), written })
    }

    /// The same identity, without how it was written.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { kind: self.kind.clone(), value: self.value.clone(), written: None }
    }

    /// Every text by which stores may know it.
    pub fn spellings(&self) -> impl Iterator<Item = &Personal> {
        std::iter::once(&self.value).chain(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, value: &str, expect: Result<&str, IdentityError>) {
        let kind = kind.parse().expect("a type");
        let got = Identity::new(kind, &Personal::new(value));
        assert_eq!(got.map(|i| i.value.expose().to_owned()), expect.map(str::to_owned), "{value}");
    }

    #[test]
    fn values_are_normalised_or_refused() {
        check("email", "  LuisG@Embraer.com.br ", Ok("luisg@embraer.com.br"));
        check("email", "no-at-sign", Err(IdentityError::NotEmail));
        check("email", "@example.com", Err(IdentityError::NotEmail));
        check("email", "a@localhost", Err(IdentityError::NotEmail));
        check("customer_id", " A7 ", Ok("A7"));
        check("customer_id", "", Err(IdentityError::Empty));
        check("customer_id", "a\nb", Err(IdentityError::Control));
        check("customer_id", &"x".repeat(513), Err(IdentityError::TooLong));
    }

    #[test]
    fn an_address_is_looked_for_as_it_was_written_too() {
        let spellings = |text: &str| {
            let identity =
                Identity::new("email".parse().expect("a type"), &Personal::new(text)).expect("fine");
            identity.spellings().map(|p| p.expose().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(spellings(" LuisG@Example.com "), ["luisg@example.com", "LuisG@Example.com"]);
        assert_eq!(spellings("luisg@example.com"), ["luisg@example.com"]);
    }

    #[test]
    fn debug_of_an_identity_hides_its_value() {
        let identity = Identity::new("email".parse().expect("a type"), &Personal::new("m@example.com"));
        assert!(!format!("{identity:?}").contains("example"));
    }
}
