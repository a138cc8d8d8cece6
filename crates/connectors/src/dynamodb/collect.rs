//! Reading located items whole, by their keys.
//!
//! An item is up to 400 KB large, a batch up to 100 items, and DynamoDB answers 16 MB at the most. So a
//! first batch asks for few, and a later one for as many as would fill what is left if they were like those
//! before. Where small items are followed by large ones, one answer of 16 MB is held beside what was read.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::export::{Bytes, Datum, Row};
use domain::plan::Record;
use ports::stores::{Collected, Target};
use ports::{Class, Fault};

use super::attribute::{self, Item};
use crate::collecting::{self, Answer, Asked};
use crate::{aws, place};

const COLLECT: &str = "dynamodb:collect";
const BATCH: &str = "dynamodb:BatchGetItem";

/// Items of the first batch: 4 MB if they are as large as items can be.
const FIRST: usize = 10;

/// Items of one batch at the most.
const MOST_KEYS: usize = 100;

/// Times in a row that a batch may bring nothing.
const MOST_TURNS: u32 = 6;

/// Reads records until there are enough bytes.
pub(super) async fn records(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Collected, Fault> {
    let asked = collecting::distinct(target, records, &target.collection.key, COLLECT)?;
    let mut keys = Vec::with_capacity(asked.len());
    for one in &asked {
        let key = attribute::key(target, one.record, COLLECT)?;
        keys.push((attribute::identity(target, &key), key));
    }
    let mut answer = Answer::to(&asked, records);
    let mut batch = FIRST;
    let mut fruitless = 0;
    // What was answered and is not taken yet; `None` for what is not there.
    let mut known: HashMap<&str, Option<Row>> = HashMap::new();
    while answer.next().is_some() {
        if fruitless > 0 {
            tokio::time::sleep(Duration::from_millis(50 << fruitless)).await;
        }
        let left = keys.iter().skip(answer.answered()).filter(|(id, _)| !known.contains_key(id.as_str()));
        let wanted: Vec<&(String, Item)> = left.take(batch).collect();
        let Read { items, undone } = read(client, target, &wanted).await?;
        fruitless = if undone.len() < wanted.len() { 0 } else { fruitless + 1 };
        if fruitless == MOST_TURNS {
            return Err(aws::answered(Class::Throttled, BATCH, &place::name(target), "unprocessed keys"));
        }
        let (mut count, mut bytes) = (0, 0);
        let mut items = items;
        for (id, _) in wanted {
            if let Some(item) = items.remove(id) {
                let row = row(target, item)?;
                count += 1;
                bytes += row.size();
                known.insert(id, Some(row));
            } else if !undone.contains(id) {
                known.insert(id, None);
            }
        }
        if !items.is_empty() {
            return Err(place::senseless(target, BATCH, "an item that nobody asked for"));
        }
        while let Some(next) = answer.next() {
            let Some(row) = keys.get(answer.answered()).and_then(|(id, _)| known.remove(id.as_str())) else {
                break;
            };
            match row {
                None => answer.gone(),
                Some(row) if is_theirs(target, next, &row)? => answer.shown([row]),
                Some(_) => answer.foreign(),
            }
        }
        if let Some(each) = bytes.checked_div(count) {
            batch = (answer.room() / each.max(1)).clamp(1, MOST_KEYS);
        }
    }
    Ok(answer.done())
}

/// Whether any of the ways in which it was found still holds.
fn is_theirs(target: &Target<'_>, asked: &Asked<'_>, row: &Row) -> Result<bool, Fault> {
    for way in &asked.ways {
        let value = attribute::wanted(target, &way.via, way.via_value.expose(), COLLECT)?;
        let held = match row.fields.get(&way.via) {
            Some(Datum::Text(text)) => Some(AttributeValue::S(text.expose().to_owned())),
            Some(Datum::Number(text)) => Some(AttributeValue::N(text.expose().to_owned())),
            _ => None,
        };
        if attribute::is(held.as_ref(), &value) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What one batch brought.
struct Read {
    /// The items that are there, by their identities.
    items: HashMap<String, Item>,
    /// The identities of those that the store did not get to.
    undone: Vec<String>,
}

async fn read(client: &Client, target: &Target<'_>, wanted: &[&(String, Item)]) -> Result<Read, Fault> {
    let table = &target.collection.resource;
    let request = KeysAndAttributes::builder()
        .set_keys(Some(wanted.iter().map(|(_, key)| key.clone()).collect()))
        .consistent_read(true)
        .build()
        .map_err(|_| place::senseless(target, BATCH, "the request could not be made"))?;
    let answer = client
        .batch_get_item()
        .request_items(table, request)
        .send()
        .await
        .map_err(|e| aws::fault(BATCH, &place::name(target), &e))?;
    let items = answer.responses.unwrap_or_default().into_values().flatten();
    let items = items.map(|item| (attribute::identity(target, &item), item)).collect();
    let undone = answer.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys);
    let undone: Vec<String> = undone.map(|key| attribute::identity(target, &key)).collect();
    // One that is not recognised would be taken for gone.
    if undone.iter().any(|id| !wanted.iter().any(|(asked, _)| asked == id)) {
        return Err(place::senseless(target, BATCH, "a key that nobody asked for"));
    }
    Ok(Read { items, undone })
}

/// An item, as it is.
fn row(target: &Target<'_>, item: Item) -> Result<Row, Fault> {
    let fields = item.into_iter().map(|(name, attribute)| Some((name, datum(attribute)?)));
    let fields: Option<BTreeMap<String, Datum>> = fields.collect();
    let fields = fields
        .ok_or_else(|| place::mismatch(target, COLLECT, "an attribute of a type that this program lacks"))?;
    let version = collecting::version(target.collection, &fields);
    Ok(Row { fields, version, content: None })
}

/// An attribute, as it is; `None` if it is of no type that is known.
fn datum(attribute: AttributeValue) -> Option<Datum> {
    Some(match attribute {
        AttributeValue::S(text) => Datum::text(text),
        AttributeValue::N(text) => Datum::number(text),
        AttributeValue::Bool(truth) => Datum::Bool(truth),
        AttributeValue::Null(_) => Datum::Null,
        AttributeValue::B(bytes) => Datum::Bytes(Bytes::new(bytes.into_inner())),
        AttributeValue::Ss(texts) => Datum::List(texts.into_iter().map(Datum::text).collect()),
        AttributeValue::Ns(texts) => Datum::List(texts.into_iter().map(Datum::number).collect()),
        AttributeValue::Bs(all) => {
            Datum::List(all.into_iter().map(|bytes| Datum::Bytes(Bytes::new(bytes.into_inner()))).collect())
        }
        AttributeValue::L(items) => Datum::List(items.into_iter().map(datum).collect::<Option<_>>()?),
        AttributeValue::M(members) => {
            let members = members.into_iter().map(|(name, value)| Some((name, datum(value)?)));
            Datum::Map(members.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::primitives::Blob;

    #[test]
    fn an_attribute_loses_nothing() {
        let check = |attribute, expect: &Datum| assert_eq!(datum(attribute).as_ref(), Some(expect));
        let bytes = |bytes: &[u8]| Datum::Bytes(Bytes::new(bytes.to_vec()));
        let digits = "-1234567890123456789012345678901234567.8";
        check(AttributeValue::N(digits.to_owned()), &Datum::number(digits));
        check(AttributeValue::S(String::new()), &Datum::text(""));
        check(AttributeValue::S("nul\0 👩‍👩‍👧 \"'".to_owned()), &Datum::text("nul\0 👩‍👩‍👧 \"'"));
        check(AttributeValue::Bool(false), &Datum::Bool(false));
        check(AttributeValue::Null(true), &Datum::Null);
        check(AttributeValue::B(Blob::new(b"\xff\0")), &bytes(b"\xff\0"));
        let texts = ["b", "a"].map(str::to_owned).to_vec();
        check(AttributeValue::Ss(texts), &Datum::List(["b", "a"].map(Datum::text).to_vec()));
        let numbers = ["2", "1e5"].map(str::to_owned).to_vec();
        check(AttributeValue::Ns(numbers), &Datum::List(["2", "1e5"].map(Datum::number).to_vec()));
        check(AttributeValue::Bs(vec![Blob::new(b"\0")]), &Datum::List(vec![bytes(b"\0")]));
        let list = AttributeValue::L(vec![AttributeValue::Null(true), AttributeValue::L(vec![])]);
        let map = AttributeValue::M([("m".to_owned(), list)].into());
        let expect = Datum::List(vec![Datum::Null, Datum::List(vec![])]);
        check(map, &Datum::Map([("m".to_owned(), expect)].into()));
    }
}
