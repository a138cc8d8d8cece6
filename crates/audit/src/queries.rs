//! What a store was asked, as a receipt says it: how it was asked, with how many values, and a keyed digest of these.
//!
//! Whoever has the receipt's salt and knows the values can compute a digest again, and see that exactly they were asked
//! for. To anybody else it says nothing.
//!
//! A digest is made of parts: what kind of question it is, the collection, the field, each value. They are chained, so
//! that whoever asks a million values in many calls keeps 32 bytes between them: SHA-256 over the last link and the
//! part's length and bytes. The salt is needed only at the end, by whoever makes the receipt.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use domain::Personal;
use domain::identity::Identity;
use serde::{Deserialize, Serialize};

/// Questions that are listed of one store at the most, the first ones. The others are counted.
pub const MOST_QUERIES: usize = 100;

/// What the salt keys, besides its marks of persons: these are longer than this, so that neither is ever the other.
const PURPOSE: &[u8] = b"queries";

/// One question to a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum QueryStatement {
    /// Whether persons still have keys of their own, where destroying these is how a collection is erased.
    Keys {
        /// The collection that is sealed under them.
        collection: String,
        /// Of each identity's type and value.
        digest: String,
        /// How many identities.
        keys: u64,
    },
    /// What became of located records, each read again by its key.
    Records {
        /// The collection.
        collection: String,
        /// Of each field of each key: its name and its value.
        digest: String,
        /// How many records.
        records: u64,
    },
    /// Which records have a field with one of some values.
    Search {
        /// The collection.
        collection: String,
        /// Of the values, after the field.
        digest: String,
        /// The field.
        field: String,
        /// How many values.
        values: u64,
    },
}

impl QueryStatement {
    /// With how many values it was asked.
    pub fn asked_for(&self) -> u64 {
        match self {
            Self::Keys { keys: n, .. }
            | Self::Records { records: n, .. }
            | Self::Search { values: n, .. } => *n,
        }
    }

    /// Whether it asked for this identity and for nothing else: as it is normalised, as it was written, or both.
    pub fn is_for(&self, salt: &[u8; 32], identity: &Identity) -> bool {
        match self {
            Self::Records { .. } => false,
            Self::Keys { collection, digest, .. } => {
                let chain = Chain::of_keys(collection);
                chain.with([identity.kind.as_str(), identity.value.expose()]).digest(salt) == *digest
            }
            Self::Search { collection, field, digest, .. } => {
                let mut both: Vec<&str> = identity.spellings().map(Personal::expose).collect();
                // As a plan has them.
                both.sort_unstable();
                let each = both.iter().map(std::slice::from_ref);
                each.chain([both.as_slice()]).any(|values| {
                    let chain = Chain::of_search(collection, field);
                    chain.with(values.iter().copied()).digest(salt) == *digest
                })
            }
        }
    }
}

/// A digest that is being made. It is not keyed yet: whoever sees one can try values, so it is kept sealed, and not
/// printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Chain([u8; 32]);

impl Chain {
    /// Of a search, with no value so far. Each value is a part.
    pub fn of_search(collection: &str, field: &str) -> Self {
        Self::of(&["search", collection, field])
    }

    /// Of records that are read by their keys. Of each key, each field's name and its value are parts, by name.
    pub fn of_records(collection: &str) -> Self {
        Self::of(&["records", collection])
    }

    /// Of keys of persons. Each identity's type and its value are parts.
    pub fn of_keys(collection: &str) -> Self {
        Self::of(&["keys", collection])
    }

    fn of(parts: &[&str]) -> Self {
        Self([0; 32]).with(parts.iter().copied())
    }

    /// The same with these parts added.
    #[must_use]
    pub fn with<'p>(mut self, parts: impl IntoIterator<Item = &'p str>) -> Self {
        for part in parts {
            self.add(part);
        }
        self
    }

    /// Adds a part: the next link is SHA-256 over the last one, the part's length in bytes (8, big-endian), and the part.
    pub fn add(&mut self, part: &str) {
        let link = [&self.0, &(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat();
        self.0.copy_from_slice(digest(&SHA256, &link).as_ref());
    }

    /// As a receipt has it: HMAC-SHA-256 over the last link, in hex, under HMAC-SHA-256 of `queries` under the salt.
    pub fn digest(&self, salt: &[u8; 32]) -> String {
        let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), PURPOSE);
        hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()), &self.0))
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chain(..)")
    }
}

impl From<Chain> for String {
    fn from(chain: Chain) -> Self {
        hex::encode(chain.0)
    }
}

impl TryFrom<String> for Chain {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut link = [0; 32];
        hex::decode_to_slice(text, &mut link).map(|()| Self(link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 32] = [3; 32];

    fn search(collection: &str, field: &str, values: &[&str]) -> QueryStatement {
        let chain = Chain::of_search(collection, field).with(values.iter().copied());
        QueryStatement::Search {
            collection: collection.to_owned(),
            digest: chain.digest(&SALT),
            field: field.to_owned(),
            values: values.len() as u64,
        }
    }

    fn digest_of(query: &QueryStatement) -> &str {
        let (QueryStatement::Keys { digest, .. }
        | QueryStatement::Records { digest, .. }
        | QueryStatement::Search { digest, .. }) = query;
        digest
    }

    fn identity(kind: &str, value: &str) -> Identity {
        Identity::new(kind.parse().expect("a type"), &Personal::new(value)).expect("an identity")
    }

    /// Computed by the script in docs/proof.md: an outsider who follows that page comes to the same.
    #[test]
    fn a_digest_is_what_the_page_says() {
        let one = search("customers", "Email", &["anna@example.com"]);
        assert_eq!(digest_of(&one), "2144c6b2c628e70acd07f1ccc2708ba62c3c74b3488b98ede3b62c47f2c64949");
    }

    #[test]
    fn whatever_is_asked_otherwise_has_another_digest() {
        let asked = [
            search("customers", "Email", &["anna@example.com"]),
            search("customers", "Phone", &["anna@example.com"]),
            search("contacts", "Email", &["anna@example.com"]),
            search("customers", "Email", &["anna@example.co", "m"]),
            search("customers", "Email", &["anna@example.com", ""]),
            search("customers", "Emailanna@example.com", &[]),
            search("customers", "Email", &["a", "b"]),
            search("customers", "Email", &["b", "a"]),
        ];
        let digests: std::collections::BTreeSet<&str> = asked.iter().map(digest_of).collect();
        assert_eq!(digests.len(), asked.len());
        let mut other = Chain::of_search("customers", "Email");
        other.add("anna@example.com");
        assert_ne!(other.digest(&[4; 32]), digest_of(&asked[0]), "another salt");
        assert_ne!(Chain::of_keys("a"), Chain::of_records("a"));
    }

    #[test]
    fn a_chain_goes_on_from_where_it_was_kept_and_is_not_printed() {
        let mut chain = Chain::of_search("customers", "Email");
        chain.add("anna@example.com");
        let kept = serde_json::to_string(&chain).expect("JSON");
        let mut again: Chain = serde_json::from_str(&kept).expect("a chain");
        assert_eq!(again, chain);
        chain.add("b");
        again.add("b");
        assert_eq!(again.digest(&SALT), chain.digest(&SALT));
        assert_eq!(format!("{chain:?}"), "Chain(..)");
        assert!(serde_json::from_str::<Chain>("\"3d\"").is_err());
    }

    #[test]
    fn who_was_asked_for_alone_can_be_told() {
        fn check(values: &[&str], identity: &Identity, expect: bool) {
            assert_eq!(search("customers", "Email", values).is_for(&SALT, identity), expect, "{values:?}");
        }
        let (small, written) = (identity("email", "anna@example.com"), identity("email", "Anna@Example.com"));
        check(&["anna@example.com"], &small, true);
        check(&["anna@example.com"], &written, true);
        check(&["Anna@Example.com", "anna@example.com"], &written, true);
        check(&["Anna@Example.com", "anna@example.com"], &small, false);
        check(&["anna@example.com", "ben@example.com"], &small, false);
        check(&[], &small, false);
        let chain = Chain::of_keys("notes").with(["email", "anna@example.com"]);
        let keys =
            QueryStatement::Keys { collection: "notes".to_owned(), digest: chain.digest(&SALT), keys: 1 };
        assert!(keys.is_for(&SALT, &small) && !keys.is_for(&SALT, &identity("name", "anna@example.com")));
    }

    #[test]
    fn a_question_is_written_in_one_way() {
        fn check(json: &str, expect: bool) {
            let read = serde_json::from_str::<QueryStatement>(json);
            let same = read.is_ok_and(|read| serde_json::to_string(&read).is_ok_and(|again| again == json));
            assert_eq!(same, expect, "{json}");
        }
        check(r#"{"collection":"customers","digest":"00","field":"Email","values":2}"#, true);
        check(r#"{"collection":"customers","digest":"00","records":2}"#, true);
        check(r#"{"collection":"notes","digest":"00","keys":2}"#, true);
        check(r#"{"collection":"customers","digest":"00","records":2,"values":2}"#, false);
        check(r#"{"collection":"customers","digest":"00","field":"Email"}"#, false);
        check(r#"{"collection":"customers","digest":"00","field":"Email","values":-2}"#, false);
        check(r#"{"collection":"customers","digest":"00","other":1,"records":2}"#, false);
    }
}
