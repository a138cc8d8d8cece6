//! Hiding a person: a flag on each item that the product looks at, and that nobody but Lacuna writes.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::plan::Record;
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::Target;

use super::AT_ONCE;
use super::attribute;
use super::erase::get;
use super::expression::Placeholders;
use crate::{aws, place};

const UPDATE: &str = "dynamodb:UpdateItem";

/// Sets the flag to true, or removes it; how many items are so now.
pub(super) async fn set(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
    hidden: bool,
) -> Result<u64, Fault> {
    let Some(flag) = target.collection.suppress.as_deref() else {
        let what = "the collection has no suppression flag";
        return Err(place::mismatch(target, UPDATE, what));
    };
    let writes: Vec<_> = records.iter().map(|record| one(client, target, record, flag, hidden)).collect();
    let writes = futures::stream::iter(writes).buffer_unordered(AT_ONCE);
    let fold = |sum: u64, set: bool| async move { Ok(sum + u64::from(set)) };
    writes.try_fold(0, fold).await
}

/// Whether the flag is so now. An item that is gone is left alone, and one that is somebody else's is
/// not hidden; shown is whatever was hidden, whoever it belongs to by then. Left alone is one whose
/// flag holds something else than true or false, and then nobody goes on: it is somebody else's flag.
async fn one(
    client: &Client,
    target: &Target<'_>,
    record: &Record,
    flag: &str,
    hidden: bool,
) -> Result<bool, Fault> {
    let mut with = Placeholders::default();
    let update = if hidden {
        format!("SET {}", with.equals(flag, AttributeValue::Bool(true)))
    } else {
        format!("REMOVE {}", with.name(flag))
    };
    let via = attribute::wanted(target, &record.via, record.via_value.expose(), UPDATE)?;
    let meant = if hidden {
        with.equals(&record.via, via.clone())
    } else {
        let key = target.collection.key.first().map_or("", String::as_str);
        format!("attribute_exists({})", with.name(key))
    };
    let name = with.name(flag);
    let boolean = with.value(AttributeValue::S("BOOL".to_owned()));
    let ours = format!("(attribute_not_exists({name}) OR attribute_type({name}, {boolean}))");
    let answer = client
        .update_item()
        .table_name(&target.collection.resource)
        .set_key(Some(attribute::key(target, record, UPDATE)?))
        .update_expression(update)
        .condition_expression(format!("{meant} AND {ours}"))
        .set_expression_attribute_names(with.names())
        .set_expression_attribute_values(with.values())
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let Err(error) = answer else {
        return Ok(true);
    };
    let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return Err(aws::fault(UPDATE, &place::name(target), &error));
    };
    // Not every engine gives the item back.
    let item = match failed.item() {
        Some(item) => Some(item.clone()),
        None => get(client, target, attribute::key(target, record, UPDATE)?).await?,
    };
    let item = item.filter(|item| !hidden || attribute::is(item.get(&record.via), &via));
    if item.as_ref().and_then(|item| item.get(flag)).is_some_and(|flag| !flag.is_bool()) {
        let what =
            format!("the suppression flag {flag} is neither true nor false, so somebody else writes it");
        return Err(place::mismatch(target, UPDATE, what));
    }
    Ok(false)
}
