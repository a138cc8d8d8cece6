//! Keeping a control person's object. It is the control's own by what it says of itself beside its content,
//! and it is written only where nothing is.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use domain::catalog::OBJECT_NAME;
use domain::plan::Value;
use ports::Fault;
use ports::stores::Target;

use super::template;
use crate::{aws, place, planting};

const PLANT: &str = "s3:plant";
const HEAD: &str = "s3:HeadObject";
const PUT: &str = "s3:PutObject";

/// What it says of itself: S3's `x-amz-meta-lacuna-control: true`.
const MARK: (&str, &str) = ("lacuna-control", "true");

const CONTENT: &[u8] = br#"{"lacuna":"control"}"#;

/// Times that an object may come or go between looking and writing.
const MOST_TURNS: u32 = 4;

/// Makes the object be there. All of them are the same, so one that is there is not written again.
pub(super) async fn object(
    client: &Client,
    target: &Target<'_>,
    record: &BTreeMap<String, Value>,
) -> Result<(), Fault> {
    let key = template(target, PLANT)?.fill(record, OBJECT_NAME).ok_or_else(|| {
        place::mismatch(target, PLANT, "the control's values make no key that says them, and nothing else")
    })?;
    for _ in 0..MOST_TURNS {
        match is_own(client, target, &key).await? {
            Some(true) => return Ok(()),
            Some(false) => return Err(planting::taken(target, PLANT)),
            None if put(client, target, &key).await? => return Ok(()),
            None => {}
        }
    }
    Err(place::senseless(target, PLANT, "an object that comes and goes"))
}

/// Whether the object is the control's; `None` if there is none.
async fn is_own(client: &Client, target: &Target<'_>, key: &str) -> Result<Option<bool>, Fault> {
    let answer = client.head_object().bucket(&target.collection.resource).key(key).send().await;
    match answer {
        Ok(said) => {
            let mark = said.metadata.and_then(|said| said.get(MARK.0).cloned());
            Ok(Some(mark.as_deref() == Some(MARK.1)))
        }
        // The answer has no body, and so no code that would tell what is missing. Writing will.
        Err(e) if e.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => Ok(None),
        Err(e) => Err(aws::fault(HEAD, &place::name(target), &e)),
    }
}

/// Writes the object; `false` if something else was written meanwhile.
async fn put(client: &Client, target: &Target<'_>, key: &str) -> Result<bool, Fault> {
    let answer = client
        .put_object()
        .bucket(&target.collection.resource)
        .key(key)
        .if_none_match("*")
        .content_type("application/json")
        .metadata(MARK.0, MARK.1)
        .body(CONTENT.to_vec().into())
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        // 412: it is there by now. 409: somebody is writing, or deleting, it at this moment.
        Err(e) if e.raw_response().is_some_and(|raw| matches!(raw.status().as_u16(), 409 | 412)) => Ok(false),
        Err(e) => Err(aws::fault(PUT, &place::name(target), &e)),
    }
}
