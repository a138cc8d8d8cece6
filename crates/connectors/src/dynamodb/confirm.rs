//! Reading a person's items again.
//!
//! Nothing here is shared with finding and erasing but the forms of values: a fault in the one must
//! not blind the other. An index is asked for keys alone, and what counts is what the table itself
//! says of them; a partition is counted by the store.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Select};
use domain::plan::Record;
use ports::stores::{Remaining, Search, Target, Treatment};
use ports::{Class, Fault};

use super::Route;
use super::attribute::{self, Item, Marker};
use super::erase::{changes, holds};
use super::expression::Placeholders;
use crate::cursor::Cursor;
use crate::values::distinct;
use crate::{aws, place};

const CONFIRM: &str = "dynamodb:confirm";

/// Questions of one call at the most.
const MOST_QUESTIONS: usize = 100;

/// Items of one batch at the most.
const MOST_KEYS: usize = 100;

/// Times that a batch is asked for what it left out.
const MOST_TURNS: u32 = 6;

/// Counts what is still found, value after value.
pub(super) async fn search(
    client: &Client,
    target: &Target<'_>,
    route: Route<'_>,
    search: &Search<'_>,
    cursor: Option<&str>,
) -> Result<Remaining, Fault> {
    let at = place::name(target);
    let kind = place::kind(target, search.field, CONFIRM)?;
    let texts = distinct(kind, search.values).into_iter();
    let values: Vec<AttributeValue> = match route {
        Route::Scan => texts.filter_map(|t| attribute::of(kind, t)).collect(),
        _ => texts.filter_map(|t| attribute::of_key(kind, t)).collect(),
    };
    // A table that is read whole is read once for all values.
    let groups: Vec<&[AttributeValue]> = match route {
        Route::Scan if values.is_empty() => Vec::new(),
        Route::Scan => vec![&values],
        _ => values.chunks(1).collect(),
    };
    let mut from = Cursor::<Marker>::read(cursor, &at)?;
    let mut records = 0;
    for _ in 0..MOST_QUESTIONS {
        let Some(group) = groups.get(from.value) else {
            return Ok(Remaining { records, next: None });
        };
        let (count, more) = question(client, target, route, search.field, group, from.after.as_ref()).await?;
        records += count;
        if more.is_some() && more == from.after {
            return Err(place::senseless(target, CONFIRM, "the same page again"));
        }
        from = match more {
            Some(marker) => Cursor { value: from.value, after: Some(marker) },
            None => Cursor::at(from.value + 1),
        };
    }
    if from.value >= groups.len() {
        return Ok(Remaining { records, next: None });
    }
    Ok(Remaining { records, next: Some(from.write(&at)?) })
}

async fn question(
    client: &Client,
    target: &Target<'_>,
    route: Route<'_>,
    field: &str,
    values: &[AttributeValue],
    after: Option<&Marker>,
) -> Result<(u64, Option<Marker>), Fault> {
    let table = &target.collection.resource;
    let start = after.cloned().map(Marker::give);
    let at = place::name(target);
    let mut with = Placeholders::default();
    let listed: Vec<String> = values.iter().map(|v| with.value(v.clone())).collect();
    let name = with.name(field);
    let (count, items, last) = match route {
        Route::Scan => {
            let answer = client
                .scan()
                .table_name(table)
                .select(Select::Count)
                .consistent_read(true)
                .filter_expression(format!("{name} IN ({})", listed.join(", ")))
                .set_expression_attribute_names(with.names())
                .set_expression_attribute_values(with.values())
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|e| aws::fault("dynamodb:Scan", &at, &e))?;
            (answer.count, None, answer.last_evaluated_key)
        }
        Route::Key => {
            let answer = client
                .query()
                .table_name(table)
                .select(Select::Count)
                .consistent_read(true)
                .key_condition_expression(format!("{name} = {}", listed.join("")))
                .set_expression_attribute_names(with.names())
                .set_expression_attribute_values(with.values())
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|e| aws::fault("dynamodb:Query", &at, &e))?;
            (answer.count, None, answer.last_evaluated_key)
        }
        Route::Index(index) => {
            let answer = client
                .query()
                .table_name(table)
                .index_name(index)
                .key_condition_expression(format!("{name} = {}", listed.join("")))
                .projection_expression(with.projection(&target.collection.key))
                .set_expression_attribute_names(with.names())
                .set_expression_attribute_values(with.values())
                .limit(1000)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|e| aws::fault("dynamodb:Query", &at, &e))?;
            (0, answer.items, answer.last_evaluated_key)
        }
    };
    let mut still = u64::try_from(count).unwrap_or(0);
    if let Some(keys) = items {
        let fields = [field.to_owned()];
        let is = |item: &Item| values.iter().any(|v| attribute::is(item.get(field), v));
        still += reread(client, target, keys, &fields, is).await?;
    }
    Ok((still, Marker::take(target, last, CONFIRM)?))
}

/// Counts records that are not as the treatment wants them and still name the person.
pub(super) async fn records(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
    treatment: &Treatment,
) -> Result<u64, Fault> {
    let wanted = match treatment {
        Treatment::Delete => None,
        Treatment::Anonymise(fields) => Some(changes(target, fields)?),
    };
    let mut fields = target.collection.key.clone();
    fields.extend(wanted.iter().flatten().map(|(name, _)| name.clone()));
    let mut keys = HashMap::new();
    let mut expected: HashMap<String, Vec<(&str, AttributeValue)>> = HashMap::new();
    for record in records {
        let key = attribute::key(target, record, CONFIRM)?;
        let via = attribute::wanted(target, &record.via, record.via_value.expose(), CONFIRM)?;
        let id = attribute::identity(target, &key);
        fields.push(record.via.clone());
        expected.entry(id.clone()).or_default().push((&record.via, via));
        keys.insert(id, key);
    }
    fields.sort();
    fields.dedup();
    let unsettled = |item: &Item| {
        let vias = expected.get(&attribute::identity(target, item));
        let mut vias = vias.into_iter().flatten();
        vias.any(|(via, value)| attribute::is(item.get(*via), value))
            && !wanted.as_ref().is_some_and(|wanted| holds(item, wanted))
    };
    let keys = keys.into_values().collect();
    reread(client, target, keys, &fields, unsettled).await
}

/// Reads items by their keys, consistently, and counts those for which the question is true.
async fn reread(
    client: &Client,
    target: &Target<'_>,
    mut keys: Vec<Item>,
    fields: &[String],
    question: impl Fn(&Item) -> bool,
) -> Result<u64, Fault> {
    let table = &target.collection.resource;
    let at = place::name(target);
    let mut with = Placeholders::default();
    let projection = with.projection(fields);
    let mut count = 0;
    let mut idle = 0;
    while !keys.is_empty() {
        if idle > 0 {
            tokio::time::sleep(Duration::from_millis(50 << idle)).await;
        }
        let batch = keys.split_off(keys.len().saturating_sub(MOST_KEYS));
        let asked = batch.len();
        let request = KeysAndAttributes::builder()
            .set_keys(Some(batch))
            .consistent_read(true)
            .projection_expression(&projection)
            .set_expression_attribute_names(with.names())
            .build()
            .map_err(|_| place::senseless(target, CONFIRM, "the request could not be made"))?;
        let answer = client
            .batch_get_item()
            .set_request_items(Some(HashMap::from([(table.clone(), request)])))
            .send()
            .await
            .map_err(|e| aws::fault("dynamodb:BatchGetItem", &at, &e))?;
        let items = answer.responses.unwrap_or_default().into_values().flatten();
        for item in items {
            count += u64::from(question(&item));
        }
        let left = answer.unprocessed_keys.unwrap_or_default().into_values();
        let left: Vec<Item> = left.flat_map(|left| left.keys).collect();
        idle = if left.len() < asked { 0 } else { idle + 1 };
        if idle == MOST_TURNS {
            return Err(aws::answered(Class::Throttled, CONFIRM, &at, "unprocessed keys"));
        }
        keys.extend(left);
    }
    Ok(count)
}
