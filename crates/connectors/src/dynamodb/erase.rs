//! Erasing items: one conditional write each, many at a time.
//!
//! DynamoDB has no conditional batch, and a batch without conditions would erase what belongs to
//! somebody else by now.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::plan::{Record, Value};
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::{Settled, Target, Treatment};

use super::AT_ONCE;
use super::attribute::{self, Item};
use super::expression::Placeholders;
use crate::{aws, place};

const DELETE: &str = "dynamodb:DeleteItem";
const UPDATE: &str = "dynamodb:UpdateItem";
const GET: &str = "dynamodb:GetItem";

/// Brings records into the state that the treatment wants.
pub(super) async fn settle(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
    treatment: &Treatment,
) -> Result<Settled, Fault> {
    let wanted = match treatment {
        Treatment::Delete => None,
        Treatment::Anonymise(fields) => Some(changes(target, fields)?),
    };
    let wanted = wanted.as_deref();
    let writes: Vec<_> = records
        .iter()
        .map(|record| async move {
            match wanted {
                None => delete(client, target, record).await,
                Some(wanted) => anonymise(client, target, record, wanted).await,
            }
        })
        .collect();
    let settled = futures::stream::iter(writes).buffer_unordered(AT_ONCE);
    let fold = |sum: Settled, done: bool| async move {
        Ok(Settled { done: sum.done + u64::from(done), foreign: sum.foreign + u64::from(!done) })
    };
    settled.try_fold(Settled::default(), fold).await
}

/// Whether the record is gone; if not, it is somebody else's. What is gone already satisfies the
/// condition, so a second deletion is as good as the first.
async fn delete(client: &Client, target: &Target<'_>, record: &Record) -> Result<bool, Fault> {
    let mut with = Placeholders::default();
    let first = target.collection.key.first().map_or("", String::as_str);
    let gone = format!("attribute_not_exists({})", with.name(first));
    let via = attribute::wanted(target, &record.via, record.via_value.expose(), DELETE)?;
    let theirs = with.equals(&record.via, via);
    let answer = client
        .delete_item()
        .table_name(&target.collection.resource)
        .set_key(Some(attribute::key(target, record, DELETE)?))
        .condition_expression(format!("{gone} OR {theirs}"))
        .set_expression_attribute_names(with.names())
        .set_expression_attribute_values(with.values())
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(e)
            if e.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(e) => Err(aws::fault(DELETE, &place::name(target), &e)),
    }
}

/// A field, and what it is to be; `None` for nothing.
pub(super) type Change = (String, Option<AttributeValue>);

/// What anonymising changes, as attributes.
pub(super) fn changes(
    target: &Target<'_>,
    fields: &BTreeMap<String, Option<Value>>,
) -> Result<Vec<Change>, Fault> {
    let one = |(name, value): (&String, &Option<Value>)| {
        if target.collection.key.contains(name) {
            let what = format!("the field {name} is a key, and a key cannot be changed");
            return Err(place::mismatch(target, UPDATE, what));
        }
        let value = value
            .as_ref()
            .map(|value| attribute::wanted(target, name, value.expose(), UPDATE))
            .transpose()?;
        Ok((name.clone(), value))
    };
    fields.iter().map(one).collect()
}

/// Whether an item is as it is to be.
pub(super) fn holds(item: &Item, wanted: &[Change]) -> bool {
    wanted.iter().all(|(name, value)| match value {
        Some(value) => attribute::is(item.get(name), value),
        None => !item.contains_key(name),
    })
}

/// Whether the record is gone or as it is to be; if not, it is somebody else's.
async fn anonymise(
    client: &Client,
    target: &Target<'_>,
    record: &Record,
    wanted: &[Change],
) -> Result<bool, Fault> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let key = attribute::key(target, record, UPDATE)?;
    let mut with = Placeholders::default();
    let mut set = Vec::new();
    let mut remove = Vec::new();
    for (name, value) in wanted {
        match value {
            Some(value) => set.push(with.equals(name, value.clone())),
            None => remove.push(with.name(name)),
        }
    }
    let clauses = [("SET", set), ("REMOVE", remove)].into_iter();
    let clauses = clauses.filter(|(_, parts)| !parts.is_empty());
    let clauses: Vec<_> = clauses.map(|(verb, parts)| format!("{verb} {}", parts.join(", "))).collect();
    let update = clauses.join(" ");
    let via = attribute::wanted(target, &record.via, record.via_value.expose(), UPDATE)?;
    let theirs = with.equals(&record.via, via);
    let answer = client
        .update_item()
        .table_name(&target.collection.resource)
        .set_key(Some(key.clone()))
        .update_expression(update)
        .condition_expression(theirs)
        .set_expression_attribute_names(with.names())
        .set_expression_attribute_values(with.values())
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let Err(e) = answer else {
        return Ok(true);
    };
    let fault = aws::fault(UPDATE, &place::name(target), &e);
    let SdkError::ServiceError(answer) = e else {
        return Err(fault);
    };
    let UpdateItemError::ConditionalCheckFailedException(failed) = answer.into_err() else {
        return Err(fault);
    };
    // Not every engine gives the item back: its absence alone does not say that it is gone.
    let item = match failed.item {
        Some(item) => Some(item),
        None => get(client, target, key).await?,
    };
    Ok(item.is_none_or(|item| holds(&item, wanted)))
}

pub(super) async fn get(client: &Client, target: &Target<'_>, key: Item) -> Result<Option<Item>, Fault> {
    let answer = client
        .get_item()
        .table_name(&target.collection.resource)
        .set_key(Some(key))
        .consistent_read(true)
        .send()
        .await
        .map_err(|e| aws::fault(GET, &place::name(target), &e))?;
    Ok(answer.item)
}
