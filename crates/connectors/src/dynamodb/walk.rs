//! Reading a table from one end to the other: one answer of the store a page, which is 1 MB at the most,
//! however little is shown of it.

use aws_sdk_dynamodb::Client;
use ports::Fault;
use ports::stores::{PAGE, Target, Walked};

use super::attribute::Marker;
use super::expression::Placeholders;
use super::locate::{goes_on, seen};
use crate::cursor::Cursor;
use crate::{aws, place};

const SCAN: &str = "dynamodb:Scan";

/// One page.
pub(super) async fn page(
    client: &Client,
    target: &Target<'_>,
    cursor: Option<&str>,
) -> Result<Walked, Fault> {
    let at = place::name(target);
    let fields = place::walked(target);
    let mut with = Placeholders::default();
    let projection = with.projection(&fields);
    let after = Cursor::<Marker>::read(cursor, &at)?.after;
    let answer = client
        .scan()
        .table_name(&target.collection.resource)
        .consistent_read(true)
        .projection_expression(&projection)
        .set_expression_attribute_names(with.names())
        .limit(i32::try_from(PAGE).unwrap_or(i32::MAX))
        .set_exclusive_start_key(after.clone().map(Marker::give))
        .send()
        .await
        .map_err(|e| aws::fault(SCAN, &at, &e))?;
    let next = goes_on(target, after.as_ref(), answer.last_evaluated_key, SCAN)?;
    let mut records = Vec::new();
    for item in answer.items.unwrap_or_default() {
        let mut record = seen(target, &fields, &item, SCAN)?;
        record.values.retain(|field, _| target.wanted.contains(field));
        records.push(record);
    }
    let next = next.map(|after| Cursor { value: 0, after: Some(after) }.write(&at)).transpose()?;
    Ok(Walked { records, next })
}
