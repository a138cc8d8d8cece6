//! Finding a person's items.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::plan::Record;
use ports::stores::{Found, PAGE, Search, Seen, Target};
use ports::{Class, Fault};

use super::Route;
use super::attribute::{self, Item, Marker};
use super::expression::Placeholders;
use crate::by_value::{self, Brought};
use crate::cursor::Cursor;
use crate::values::distinct;
use crate::{aws, place};

const QUERY: &str = "dynamodb:Query";
const SCAN: &str = "dynamodb:Scan";
const BATCH: &str = "dynamodb:BatchGetItem";

/// Items of one batch at the most.
const MOST_KEYS: usize = 100;

/// Times that what a batch left undone is asked again.
const MOST_TURNS: u32 = 6;

/// Answers of the store that one page is filled from: large items come few at a time, and a table that
/// is read whole has few that are meant.
const MOST_ANSWERS: usize = 20;

/// Finds by the partition key or an index.
pub(super) async fn by_query(
    client: &Client,
    target: &Target<'_>,
    route: Route<'_>,
    search: &Search<'_>,
    cursor: Option<&str>,
) -> Result<Found, Fault> {
    let at = place::name(target);
    let kind = place::kind(target, search.field, QUERY)?;
    let values = distinct(kind, search.values).into_iter();
    let values: Vec<AttributeValue> = values.filter_map(|text| attribute::of_key(kind, text)).collect();
    let ask = |value: usize, after| {
        let value = values.get(value).cloned();
        async move {
            match value {
                Some(value) => one(client, target, route, search.field, value, after).await,
                None => Ok(Brought { records: Vec::new(), more: None }),
            }
        }
    };
    let (records, next) = by_value::fill(values.len(), Cursor::read(cursor, &at)?, ask).await?;
    let next = next.map(|next| next.write(&at)).transpose()?;
    Ok(Found { records, next })
}

/// One value's next page.
async fn one(
    client: &Client,
    target: &Target<'_>,
    route: Route<'_>,
    field: &str,
    value: AttributeValue,
    after: Option<Marker>,
) -> Result<Brought<Marker>, Fault> {
    let brought = place::brought(target, field);
    let index = match route {
        Route::Index(name) => Some(name),
        _ => None,
    };
    // An index need not hold more than the keys, and asking it for more is refused.
    let own = |name: &String| name == field || target.collection.key.contains(name);
    let complete = index.is_none() || brought.iter().all(own);
    let fields: Vec<String> =
        if complete { brought.clone() } else { brought.iter().filter(|name| own(name)).cloned().collect() };
    let mut with = Placeholders::default();
    let condition = with.equals(field, value.clone());
    let projection = with.projection(&fields);
    let names = with.names();
    let values = with.values();
    let mut after = after;
    let mut records = Vec::new();
    for _ in 0..MOST_ANSWERS {
        let answer = client
            .query()
            .table_name(&target.collection.resource)
            .set_index_name(index.map(str::to_owned))
            .consistent_read(index.is_none())
            .key_condition_expression(&condition)
            .projection_expression(&projection)
            .set_expression_attribute_names(names.clone())
            .set_expression_attribute_values(values.clone())
            .limit(room(&records))
            .set_exclusive_start_key(after.clone().map(Marker::give))
            .send()
            .await
            .map_err(|e| aws::fault(QUERY, &place::name(target), &e))?;
        after = goes_on(target, after.as_ref(), answer.last_evaluated_key, QUERY)?;
        let mut items = answer.items.unwrap_or_default();
        if !complete {
            items = whole(client, target, items, &brought).await?;
        }
        // An index may be behind: what the table says now counts.
        items.retain(|item| attribute::is(item.get(field), &value));
        for item in &items {
            records.push(record(target, field, &brought, item, QUERY)?);
        }
        if after.is_none() || records.len() >= PAGE {
            break;
        }
    }
    Ok(Brought { records, more: after })
}

/// Items that a page still has room for.
fn room(records: &[Record]) -> i32 {
    i32::try_from(PAGE.saturating_sub(records.len()).max(1)).unwrap_or(i32::MAX)
}

/// Where the store goes on; never where it began.
pub(super) fn goes_on(
    target: &Target<'_>,
    after: Option<&Marker>,
    last: Option<Item>,
    operation: &'static str,
) -> Result<Option<Marker>, Fault> {
    let next = Marker::take(target, last, operation)?;
    if next.is_some() && next.as_ref() == after {
        return Err(place::senseless(target, operation, "the same page again"));
    }
    Ok(next)
}

/// The items that an index names, read from the table. What is gone by now is left out.
async fn whole(
    client: &Client,
    target: &Target<'_>,
    found: Vec<Item>,
    fields: &[String],
) -> Result<Vec<Item>, Fault> {
    let table = &target.collection.resource;
    let mut with = Placeholders::default();
    let projection = with.projection(fields);
    let mut items = Vec::with_capacity(found.len());
    for batch in found.chunks(MOST_KEYS) {
        let keys = batch.iter().map(|item| {
            let own = target.collection.key.iter();
            own.filter_map(|part| Some((part.clone(), item.get(part)?.clone()))).collect::<Item>()
        });
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .consistent_read(true)
            .projection_expression(&projection)
            .set_expression_attribute_names(with.names())
            .build()
            .map_err(|_| place::senseless(target, BATCH, "the request could not be made"))?;
        let mut left = Some(HashMap::from([(table.clone(), asked)]));
        let mut turn = 0;
        while let Some(request) = left.take().filter(|left| !left.is_empty()) {
            if turn == MOST_TURNS {
                let at = place::name(target);
                return Err(aws::answered(Class::Throttled, BATCH, &at, "unprocessed keys"));
            }
            if turn > 0 {
                tokio::time::sleep(Duration::from_millis(50 << turn)).await;
            }
            turn += 1;
            let answer = client
                .batch_get_item()
                .set_request_items(Some(request))
                .send()
                .await
                .map_err(|e| aws::fault(BATCH, &place::name(target), &e))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            left = answer.unprocessed_keys;
        }
    }
    Ok(items)
}

/// Finds by reading the whole table: all values in one pass.
pub(super) async fn by_scan(
    client: &Client,
    target: &Target<'_>,
    search: &Search<'_>,
    cursor: Option<&str>,
) -> Result<Found, Fault> {
    let at = place::name(target);
    let kind = place::kind(target, search.field, SCAN)?;
    let values = distinct(kind, search.values).into_iter();
    let mut with = Placeholders::default();
    let listed: Vec<String> =
        values.filter_map(|text| attribute::of(kind, text)).map(|value| with.value(value)).collect();
    if listed.is_empty() {
        return Ok(Found { records: Vec::new(), next: None });
    }
    let brought = place::brought(target, search.field);
    let filter = format!("{} IN ({})", with.name(search.field), listed.join(", "));
    let projection = with.projection(&brought);
    let names = with.names();
    let values = with.values();
    let mut after = Cursor::<Marker>::read(cursor, &at)?.after;
    let mut records = Vec::new();
    for _ in 0..MOST_ANSWERS {
        let answer = client
            .scan()
            .table_name(&target.collection.resource)
            .consistent_read(true)
            .filter_expression(&filter)
            .projection_expression(&projection)
            .set_expression_attribute_names(names.clone())
            .set_expression_attribute_values(values.clone())
            .limit(room(&records))
            .set_exclusive_start_key(after.clone().map(Marker::give))
            .send()
            .await
            .map_err(|e| aws::fault(SCAN, &at, &e))?;
        after = goes_on(target, after.as_ref(), answer.last_evaluated_key, SCAN)?;
        for item in answer.items.unwrap_or_default() {
            records.push(record(target, search.field, &brought, &item, SCAN)?);
        }
        if after.is_none() || records.len() >= PAGE {
            break;
        }
    }
    let next = after.map(|after| Cursor { value: 0, after: Some(after) }.write(&at)).transpose()?;
    Ok(Found { records, next })
}

/// These fields of an item, those that it has; its key is among them.
pub(super) fn seen(
    target: &Target<'_>,
    brought: &[String],
    item: &Item,
    operation: &'static str,
) -> Result<Seen, Fault> {
    let mut values = BTreeMap::new();
    for field in brought {
        if let Some(value) = attribute::read(target, item, field, operation)? {
            values.insert(field.clone(), value);
        }
    }
    let part = |name: &String| {
        let value = values.get(name).cloned();
        value
            .map(|value| (name.clone(), value))
            .ok_or_else(|| place::mismatch(target, operation, format!("an item lacks the key field {name}")))
    };
    let key = target.collection.key.iter().map(part).collect::<Result<_, _>>()?;
    Ok(Seen { key, values })
}

fn record(
    target: &Target<'_>,
    via: &str,
    brought: &[String],
    item: &Item,
    operation: &'static str,
) -> Result<Record, Fault> {
    let Seen { key, values } = seen(target, brought, item, operation)?;
    let via_value = values
        .get(via)
        .cloned()
        .ok_or_else(|| place::senseless(target, operation, "an item without what it was found by"))?;
    Ok(Record { key, via: via.to_owned(), via_value, values })
}
