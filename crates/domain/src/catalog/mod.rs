//! What a company's stores declare about the personal data in them.
//!
//! A [`Catalog`] is written by the owners of the stores, checked by [`Catalog::check`] when it is
//! built, and pinned by its version in every request that was planned with it. It says how a
//! person's records are *found* (identity fields, references, indices) and what becomes of them
//! (erasure method, and for what is kept, why).

mod backups;
mod check;
mod control;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use backups::Backup;
pub use check::Problem;
pub use control::{Control, ControlValue, OBJECT_NAME, PlantedBy};

use crate::identity::IdentityType;
use crate::ids::StoreId;

/// The catalog document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The format: 1.
    pub catalog: u32,
    /// The stores.
    pub stores: Vec<Store>,
}

/// What kind of store it is, and so which connector speaks to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Amazon DynamoDB tables.
    Dynamodb,
    /// Objects in an Amazon S3 bucket.
    S3,
    /// Tables of an SQL database.
    Sql,
}

/// One store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Its id, unique in the catalog.
    pub id: StoreId,
    /// What kind it is.
    pub kind: StoreKind,
    /// Who answers for it.
    pub owner: Owner,
    /// The space (account, cluster, data centre) that it lives in.
    #[serde(default = "default_space")]
    pub space: String,
    /// The name of the secret with its connection, where one is needed. Never the secret itself.
    pub connection: Option<String>,
    /// The store that this one is a copy of, collection by collection of the same names. What both have is
    /// shown to a person once; it is erased in both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<StoreId>,
    /// What backups are made of it: an empty list if there are none. Left out, a receipt says nothing of when the last
    /// copy of what was erased is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups: Option<Vec<Backup>>,
    /// Its collections.
    pub collections: Vec<Collection>,
    /// The synthetic person whom every search of it must find: only then does it count that a search finds
    /// nobody else. Needed where anything is deleted or anonymised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
}

fn default_space() -> String {
    "main".to_owned()
}

/// Who answers for a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The team.
    pub team: String,
    /// Where it is paged: a pager service, a channel, an address of the team.
    pub page: String,
}

/// A table, or a family of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Its name, unique in the store.
    pub name: String,
    /// What the store calls it: a table or a bucket.
    pub resource: String,
    /// For objects: the key, with fields in braces, `tickets/{customer_id}/{ticket_id}.json`. One that
    /// ends in a slash, `tickets/{customer_id}/`, is all objects whose keys begin so. The person is its
    /// first field. Where a slash follows the person, every object below it must be of some collection
    /// of the store: one that is of none cannot be erased, and no request ends while it is there.
    pub object: Option<String>,
    /// For tables: the fields of the primary key; in DynamoDB the partition key first.
    #[serde(default)]
    pub key: Vec<String>,
    /// Why the data is held, in words that the person can read (GDPR Art. 15(1)(a)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The field that says how new a record is: a number that only grows, or an instant (RFC 3339). Objects
    /// need none: the store says when each was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// For objects: what is known of their content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ObjectContent>,
    /// Its fields. Those that are neither key, identity, reference nor personal may be left out.
    pub fields: BTreeMap<String, Field>,
    /// Allows reading the whole collection to find a person in a field without an index.
    #[serde(default)]
    pub scan: bool,
    /// A field that hides the record from the product while it is true (in SQL: 1). It must be Lacuna's
    /// own: the product reads it and never writes it, because showing the person again clears it.
    pub suppress: Option<String>,
    /// What becomes of a person's records.
    pub erasure: Erasure,
}

/// What is known of the content of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectContent {
    /// Its form.
    pub format: ContentFormat,
    /// What of it is somebody else's: a JSON pointer each (RFC 6901), in which `*` stands for every member
    /// or item. What it points at is masked in an export, with the names in it, and so is the same text
    /// elsewhere in the object. The name that leads to it stays: where names say who somebody is, point at
    /// what has them, `/reactions` and not `/reactions/*`.
    #[serde(default)]
    pub others: Vec<String>,
}

/// A form of content that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContentFormat {
    /// One JSON value, of at most 4 MiB.
    Json,
}

/// How confidential a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Anyone may know.
    Public,
    /// Employees may know.
    Internal,
    /// Few may know: what names or reaches a person.
    Confidential,
    /// Hardly anyone may know: what harms a person when it is known.
    Restricted,
}

/// The form of a field's values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Text.
    #[default]
    Text,
    /// A number, kept as its decimal text so that no digit is lost.
    Number,
}

/// Whose data a field is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// The person that the record is about.
    #[default]
    Subject,
    /// Somebody else, as a customer's record names an employee: never followed, never a reason to
    /// erase the record.
    Other,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The data category, by its Fideslang name: `user.contact.email`.
    pub category: String,
    /// How confidential it is.
    pub class: Class,
    /// The form of its values.
    #[serde(default)]
    pub kind: FieldKind,
    /// Whose data it is.
    #[serde(default)]
    pub whose: Whose,
    /// The identity type, if its value identifies the person everywhere.
    pub identity: Option<IdentityType>,
    /// The field that it refers to: `store.collection.field`. Records are followed from the
    /// referred-to collection to this one, never the other way.
    pub references: Option<FieldRef>,
    /// The index that finds records by it. E-mail addresses in SQL are compared in small letters too, so
    /// they want a second one, on `lower(field)`; without it each search reads the whole table.
    pub index: Option<String>,
    /// What anonymising does to it.
    pub anonymise: Option<Replacement>,
}

/// What anonymising does to a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// It is emptied: the attribute is removed, the column becomes NULL.
    Remove,
    /// It becomes the person's surrogate: one random value for all stores, which nobody keeps.
    Surrogate,
    /// It becomes this text.
    Fixed(String),
}

/// `store.collection.field`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct FieldRef {
    /// The store.
    pub store: StoreId,
    /// The collection.
    pub collection: String,
    /// The field.
    pub field: String,
}

impl TryFrom<String> for FieldRef {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut parts = text.splitn(3, '.');
        let (Some(store), Some(collection), Some(field)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("a reference is written store.collection.field");
        };
        let store = store.parse().map_err(|_| "a reference begins with a store id")?;
        Ok(Self { store, collection: collection.to_owned(), field: field.to_owned() })
    }
}

impl From<FieldRef> for String {
    fn from(r: FieldRef) -> String {
        format!("{}.{}.{}", r.store, r.collection, r.field)
    }
}

/// The erasure method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The record goes.
    Delete,
    /// The record stays, the person in it goes.
    Anonymise,
    /// The record stays as it is.
    Retain,
    /// The record stays, sealed under the person's own key, and the key is destroyed: for what cannot be
    /// erased record by record, such as an archive that is only ever appended to.
    Shred,
}

impl Method {
    /// As it is written in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Anonymise => "anonymise",
            Self::Retain => "retain",
            Self::Shred => "shred",
        }
    }
}

/// What becomes of a person's records in a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// The method.
    pub method: Method,
    /// For what stays: why, in words that the person can read.
    pub reason: Option<String>,
    /// For what stays: the law that obliges.
    pub law: Option<String>,
    /// For what stays: for how long, as an ISO 8601 duration.
    pub keep_for: Option<String>,
    /// For `shred`: how long after the key was destroyed somebody may still open what it sealed, as an
    /// ISO 8601 duration of days, hours, minutes and seconds, at least five minutes (`PT5M`, the default).
    /// The age of every cache of opened keys, and of every backup of one, in the services that use them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shredded_after: Option<String>,
}

/// How long Lacuna itself goes on with a key that was destroyed elsewhere.
const OWN_CACHES: SignedDuration = SignedDuration::from_mins(5);

impl Erasure {
    /// [`Erasure::shredded_after`]; `None` if it is not such a duration.
    pub fn shredded_after(&self) -> Option<SignedDuration> {
        let Some(text) = &self.shredded_after else { return Some(OWN_CACHES) };
        let span: Span = text.parse().ok()?;
        let plain = span.get_years() == 0 && span.get_months() == 0 && !span.is_negative();
        let after = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok().filter(|_| plain)?;
        Some(after).filter(|after| *after >= OWN_CACHES)
    }
}

/// A way in which a collection's records are found.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// The field whose value is compared.
    pub name: &'a str,
    /// Its declaration.
    pub field: &'a Field,
}

impl Collection {
    /// The fields by which a person's records are found, in the order of their names.
    pub fn ways(&self) -> impl Iterator<Item = Way<'_>> {
        self.fields
            .iter()
            .filter(|(_, f)| f.whose == Whose::Subject && (f.identity.is_some() || f.references.is_some()))
            .map(|(name, field)| Way { name, field })
    }

    /// Whether records can be found by a field though it is no way: for those that were given by their own keys.
    /// An object is found by what its key begins with, which is the person.
    pub fn finds_by(&self, name: &str) -> bool {
        self.object.is_none() && (self.is_indexed(name) || self.scan)
    }

    /// Whether a field is found without reading everything.
    pub fn is_indexed(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|f| f.index.is_some())
            || self.key.first().is_some_and(|first| first == name)
            || self.object.is_some()
    }
}

impl Field {
    /// Whether its values are e-mail addresses, which are the same person's however the letters are
    /// written.
    pub fn is_address(&self) -> bool {
        self.kind == FieldKind::Text && self.identity.as_ref().is_some_and(|kind| kind.as_str() == "email")
    }
}

impl Store {
    /// A collection by name.
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|c| c.name == name)
    }
}

impl Catalog {
    /// A store by id.
    pub fn store(&self, id: &StoreId) -> Option<&Store> {
        self.stores.iter().find(|s| &s.id == id)
    }

    /// Every collection with its store.
    pub fn collections(&self) -> impl Iterator<Item = (&Store, &Collection)> {
        self.stores.iter().flat_map(|s| s.collections.iter().map(move |c| (s, c)))
    }

    /// The collections that are erased by destroying persons' keys. A person has one key for each identity,
    /// whatever it seals: none of these is erased, or kept, without the others.
    pub fn shredded(&self) -> impl Iterator<Item = (&Store, &Collection)> {
        self.collections().filter(|(_, collection)| collection.erasure.method == Method::Shred)
    }

    /// How long after a person's key was destroyed somebody may still have it: the longest
    /// [`Erasure::shredded_after`] of all that it may have sealed; `None` if one is not such a duration.
    pub fn shredded_after(&self) -> Option<SignedDuration> {
        let all: Option<Vec<_>> = self.shredded().map(|(_, c)| c.erasure.shredded_after()).collect();
        Some(all?.into_iter().fold(OWN_CACHES, SignedDuration::max))
    }

    /// The fields of a collection whose values locating must bring back: the key, what identifies
    /// the person, and what other collections refer to.
    pub fn wanted(&self, store: &Store, collection: &Collection) -> Vec<String> {
        let mut wanted: Vec<String> = collection.key.clone();
        let own = collection.fields.iter().filter(|(_, f)| f.whose == Whose::Subject);
        wanted.extend(own.filter(|(_, f)| f.identity.is_some()).map(|(name, _)| name.clone()));
        let referred = self.collections().flat_map(|(_, c)| c.fields.values());
        wanted.extend(
            referred
                .filter_map(|f| f.references.as_ref())
                .filter(|r| r.store == store.id && r.collection == collection.name)
                .map(|r| r.field.clone()),
        );
        wanted.sort();
        wanted.dedup();
        wanted
    }
}
