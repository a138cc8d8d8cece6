//! Hiding a person: a flag on each item that the product looks at.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::plan::Record;
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::Target;

use super::AT_ONCE;
use super::attribute;
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

/// Whether the flag is so now. An item that is gone, or somebody else's, is left alone.
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
    let theirs = with.equals(&record.via, via);
    let answer = client
        .update_item()
        .table_name(&target.collection.resource)
        .set_key(Some(attribute::key(target, record, UPDATE)?))
        .update_expression(update)
        .condition_expression(theirs)
        .set_expression_attribute_names(with.names())
        .set_expression_attribute_values(with.values())
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(e)
            if e.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(e) => Err(aws::fault(UPDATE, &place::name(target), &e)),
    }
}
