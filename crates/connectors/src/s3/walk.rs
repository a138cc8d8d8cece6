//! Reading a bucket from one end to the other, as far as a template's keys go: what an object's key says is
//! all that is known of it.

use aws_sdk_s3::Client;
use domain::catalog::FieldKind;
use domain::plan::Value;
use ports::Fault;
use ports::stores::{Seen, Target, Walked};

use super::keys::{After, Keys};
use super::locate::said;
use super::{OBJECT, template};
use crate::cursor::Cursor;
use crate::place;

const WALK: &str = "s3:walk";

/// One page.
pub(super) async fn page(
    client: &Client,
    target: &Target<'_>,
    cursor: Option<&str>,
) -> Result<Walked, Fault> {
    let at = place::name(target);
    let template = template(target, WALK)?;
    let read = |key: &str| {
        let Some(mut values) = said(target, &template, key, WALK)? else {
            return Ok(None);
        };
        values.retain(|field, _| target.wanted.contains(field));
        let object = Value::of(FieldKind::Text, key);
        Ok(Some(Seen { key: [(OBJECT.to_owned(), object)].into(), values }))
    };
    let after = Cursor::<After>::read(cursor, &at)?.after.unwrap_or_default();
    let (records, next) = Keys { target, span: &template.all(), read }.page(client, after).await?;
    let next = next.map(|after| Cursor { value: 0, after: Some(after) }.write(&at)).transpose()?;
    Ok(Walked { records, next })
}
