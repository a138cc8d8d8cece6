//! Keeping a control person's item: one write, on the condition that what it replaces is the control's own.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::plan::Value;
use ports::Fault;
use ports::stores::Target;

use super::attribute::{self, Item};
use super::expression::Placeholders;
use crate::{aws, place, planting};

const PUT: &str = "dynamodb:PutItem";

/// Makes the item be there. It is written whole, so no suppression flag is left of an older one.
pub(super) async fn record(
    client: &Client,
    target: &Target<'_>,
    record: &BTreeMap<String, Value>,
    mark: &str,
) -> Result<(), Fault> {
    let mut item = Item::new();
    for (field, value) in planting::fields(target, record, mark, PUT)? {
        item.insert(field.to_owned(), attribute::wanted(target, field, value.expose(), PUT)?);
    }
    let mut with = Placeholders::default();
    let first = target.collection.key.first().map_or("", String::as_str);
    let absent = format!("attribute_not_exists({})", with.name(first));
    let own = item.get(mark).map(|value| with.equals(mark, value.clone())).unwrap_or_default();
    let answer = client
        .put_item()
        .table_name(&target.collection.resource)
        .set_item(Some(item))
        .condition_expression(format!("{absent} OR {own}"))
        .set_expression_attribute_names(with.names())
        .set_expression_attribute_values(with.values())
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        Err(e) if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
            Err(planting::taken(target, PUT))
        }
        Err(e) => Err(aws::fault(PUT, &place::name(target), &e)),
    }
}
