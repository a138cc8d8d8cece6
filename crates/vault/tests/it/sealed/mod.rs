//! Records whose fields are sealed by their class.

mod refused;
mod rotated;
mod round_trip;
mod searched;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use vault::sealed::Sealer;
use vault::{DataKey, Material};

use crate::Numbers;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    street: String,
    floor: Option<i8>,
    doors: Vec<u16>,
}

/// One of everything that a field can be.
#[derive(Debug, Clone, PartialEq, vault::Sealed)]
#[record(purpose = "customers", key = "shop, id")]
pub struct Customer {
    /// Which shop's.
    #[class(public)]
    pub shop: String,
    #[class(internal)]
    #[serde(rename = "pk")]
    pub id: u64,
    #[class(public)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where she is reached.
    #[class(restricted, searchable)]
    #[normalise(str::to_lowercase)]
    pub email: String,
    #[class(confidential, searchable)]
    pub phone: Option<String>,
    #[class(confidential, searchable)]
    #[serde(rename = "born_in")]
    pub year: Option<i32>,
    #[class(restricted)]
    pub balance: f64,
    #[class(restricted)]
    pub r#type: String,
    #[class(confidential)]
    pub address: Address,
    #[class(confidential)]
    notes: BTreeMap<String, Option<String>>,
}

/// Another type of record, with fields of the same names.
#[derive(Debug, Clone, PartialEq, vault::Sealed)]
#[record(purpose = "suppliers", key = "id")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Supplier {
    #[class(public)]
    id: u64,
    #[class(public)]
    opening_hours: String,
    #[class(restricted, searchable)]
    email: String,
    #[class(restricted, searchable)]
    second_email: Option<String>,
}

fn customer() -> Customer {
    Customer {
        shop: "north".to_owned(),
        id: u64::MAX,
        tags: vec!["new".to_owned()],
        email: "Ann@Example.com".to_owned(),
        phone: Some("+44 20 7946 0000".to_owned()),
        year: Some(-44),
        balance: 0.1 + 0.2,
        r#type: String::new(),
        address: Address { street: "1 \"High\" St\u{e9}".to_owned(), floor: None, doors: vec![1, 65_535] },
        notes: BTreeMap::from([("a".to_owned(), None), (String::new(), Some(String::new()))]),
    }
}

fn supplier() -> Supplier {
    Supplier {
        id: 7,
        opening_hours: "9-5".to_owned(),
        email: "Ann@Example.com".to_owned(),
        second_email: Some("Ann@Example.com".to_owned()),
    }
}

fn key(byte: u8, version: u32) -> DataKey {
    DataKey::new(&Material::new([byte; 32]), version)
}

/// Bytes that are others each time, and the same in each run.
fn random() -> impl Fn() -> [u8; 32] + Send + Sync {
    let seed = AtomicU64::new(1);
    move || {
        let mut numbers = Numbers(seed.fetch_add(1, Ordering::Relaxed) << 32);
        let mut bytes = [0; 32];
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&numbers.next().to_be_bytes()));
        bytes
    }
}

/// A tenant's sealer, under version 1.
fn sealer(tenant: &str) -> Sealer<'_> {
    Sealer::new(tenant, key(1, 1), key(9, 1), random())
}

/// What a DynamoDB client takes and gives.
type Item = HashMap<String, AttributeValue>;

fn item(record: impl Serialize) -> Item {
    serde_dynamo::to_item(record).expect("an item")
}
