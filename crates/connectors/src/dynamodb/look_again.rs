//! Reading located items again, by their keys.
//!
//! Confirming reads items by their keys as well, and shares none of this: a fault in the one must not
//! blind the other.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::plan::Record;
use ports::stores::{Since, Target};
use ports::{Class, Fault};

use super::attribute::{self, Item};
use super::expression::Placeholders;
use crate::{aws, place};

const LOOK_AGAIN: &str = "dynamodb:look_again";
const BATCH: &str = "dynamodb:BatchGetItem";

/// Items of one batch at the most.
const MOST_KEYS: usize = 100;

/// Times in a row that a batch may bring nothing.
const MOST_TURNS: u32 = 6;

/// What became of each record.
pub(super) async fn records(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Vec<Since>, Fault> {
    place::page(target, records, LOOK_AGAIN)?;
    let mut fields = target.collection.key.clone();
    // The store refuses a batch with a key in it twice.
    let mut keys = BTreeMap::new();
    let mut identities = Vec::with_capacity(records.len());
    for record in records {
        let key = attribute::key(target, record, LOOK_AGAIN)?;
        let identity = attribute::identity(target, &key);
        keys.insert(identity.clone(), key);
        identities.push(identity);
        fields.push(record.via.clone());
    }
    fields.sort();
    fields.dedup();
    let items = read(client, target, keys.into_values().collect(), &fields).await?;
    let since = |(record, identity): (&Record, &String)| match items.get(identity) {
        Some(item) => attribute::read(target, item, &record.via, LOOK_AGAIN).map(Since::Holds),
        None => Ok(Since::Gone),
    };
    records.iter().zip(&identities).map(since).collect()
}

/// These fields of the items that are there, by the items' identities.
async fn read(
    client: &Client,
    target: &Target<'_>,
    mut keys: Vec<Item>,
    fields: &[String],
) -> Result<HashMap<String, Item>, Fault> {
    let table = &target.collection.resource;
    let at = place::name(target);
    let mut with = Placeholders::default();
    let projection = with.projection(fields);
    let mut items = HashMap::with_capacity(keys.len());
    let mut fruitless = 0;
    while !keys.is_empty() {
        if fruitless > 0 {
            tokio::time::sleep(Duration::from_millis(50 << fruitless)).await;
        }
        let later = keys.split_off(keys.len().min(MOST_KEYS));
        let asked = keys.len();
        let request = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .projection_expression(&projection)
            .set_expression_attribute_names(with.names())
            .build()
            .map_err(|_| place::senseless(target, BATCH, "the request could not be made"))?;
        let answer = client
            .batch_get_item()
            .request_items(table, request)
            .send()
            .await
            .map_err(|e| aws::fault(BATCH, &at, &e))?;
        for item in answer.responses.unwrap_or_default().into_values().flatten() {
            items.insert(attribute::identity(target, &item), item);
        }
        // Large items come few at a time: only a batch that brings nothing at all has to wait.
        let left = answer.unprocessed_keys.unwrap_or_default().into_values();
        keys = left.flat_map(|left| left.keys).collect();
        fruitless = if keys.len() < asked { 0 } else { fruitless + 1 };
        if fruitless == MOST_TURNS {
            return Err(aws::answered(Class::Throttled, BATCH, &at, "unprocessed keys"));
        }
        keys.extend(later);
    }
    Ok(items)
}
