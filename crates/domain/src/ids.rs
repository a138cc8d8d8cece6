//! Identifiers. Each is a type of its own, checked when it is made, and safe to print.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {rule}")]
pub struct IdError {
    /// What was expected.
    pub kind: &'static str,
    /// What the text must look like.
    pub rule: &'static str,
}

/// Lower-case slug: what tenants, stores and sanction sources are named by.
fn is_slug(text: &str, most: usize) -> bool {
    !text.is_empty()
        && text.len() <= most
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as it is written everywhere.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { kind: $kind, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }
    };
}

text_id!(
    /// A company, or a part of one, whose requests, keys and audit are apart from all others'.
    TenantId, "tenant id", "1 to 36 of a-z, 0-9 and inner hyphens", |text| is_slug(text, 36)
);
text_id!(
    /// A store of the catalog.
    StoreId, "store id", "1 to 48 of a-z, 0-9 and inner hyphens", |text| is_slug(text, 48)
);
text_id!(
    /// A data subject request. Sorts by the time it was made.
    RequestId, "request id", "`req_` and 26 characters of Crockford base 32",
    |text| has_ulid(text, "req_")
);
text_id!(
    /// A legal hold.
    HoldId, "hold id", "`hold_` and 26 characters of Crockford base 32",
    |text| has_ulid(text, "hold_")
);
text_id!(
    /// A replay of the erasure ledger.
    ReplayId, "replay id", "`rpl_` and 26 characters of Crockford base 32",
    |text| has_ulid(text, "rpl_")
);
text_id!(
    /// What stands for a person's identity where the identity itself may not be: an HMAC, in
    /// lower-case hex, under a key that only its own purpose has.
    Pseudonym, "pseudonym", "64 lower-case hexadecimal digits",
    is_small_hex
);
text_id!(
    /// An evidence pack: the SHA-256 of its manifest, so that one pack is on record once however often that is asked for.
    PackId, "pack id", "64 lower-case hexadecimal digits: the SHA-256 of the pack's manifest",
    is_small_hex
);

fn is_small_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn has_ulid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 26
            && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
            && ulid::Ulid::from_string(rest).is_ok()
    })
}

fn ulid_text(prefix: &str, at: Timestamp, random: u128) -> String {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    format!("{prefix}{}", ulid::Ulid::from_parts(millis, random).to_string().to_lowercase())
}

impl RequestId {
    /// A new id from the time and 128 random bits (80 of them are used).
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(ulid_text("req_", at, random))
    }

    /// When it was made, to the millisecond.
    pub fn made_at(&self) -> Timestamp {
        let ulid = self.0.strip_prefix("req_").and_then(|text| ulid::Ulid::from_string(text).ok());
        let millis = ulid.and_then(|ulid| i64::try_from(ulid.timestamp_ms()).ok());
        // 48 bits of milliseconds are more than a `Timestamp` has.
        millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or(Timestamp::MAX)
    }
}

impl HoldId {
    /// A new id from the time and 128 random bits (80 of them are used).
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(ulid_text("hold_", at, random))
    }
}

impl ReplayId {
    /// A new id from the time and 128 random bits (80 of them are used).
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(ulid_text("rpl_", at, random))
    }
}

/// Which execution of a request's lifecycle may write. Whoever wakes a request raises it, and every
/// write is conditional on it, so that a superseded execution changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The first execution's.
    pub const FIRST: Self = Self(1);

    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_round_trip_and_sort_by_time() {
        let early = RequestId::new(Timestamp::from_second(1_000).unwrap_or_default(), 7);
        let late = RequestId::new(Timestamp::from_second(2_000).unwrap_or_default(), 1);
        assert_eq!(early.as_str().parse(), Ok(early.clone()));
        assert!(early < late);
        assert_eq!((early.made_at().as_second(), late.made_at().as_second()), (1_000, 2_000));
    }

    #[test]
    fn ids_refuse_what_they_are_not() {
        fn check(text: &str) {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
        check("");
        check("req_");
        check("REQ_01ARZ3NDEKTSV4RRFFQ69G5FAV");
        check("req_01ARZ3NDEKTSV4RRFFQ69G5FAV");
        check("req_01arz3ndektsv4rrffq69g5fa");
        check("hold_01arz3ndektsv4rrffq69g5fav");
        assert!("-a".parse::<TenantId>().is_err());
        assert!("A".parse::<TenantId>().is_err());
        assert!("tenant#1".parse::<TenantId>().is_err());
    }
}
