//! Reading located objects: what their keys say, and which versions they have.
//!
//! The content itself is not read here. What a version's content is comes from one `HeadObject` of it, so
//! its length and its `ETag` are of the same bytes. Objects are asked about several at a time; one that has
//! many versions is gone on with alone.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use domain::Personal;
use domain::export::{Content, Datum, Row};
use domain::plan::{Record, Value};
use futures::{StreamExt, TryStreamExt};
use ports::stores::{Collected, Target};
use ports::{Class, Fault};

use super::listing::{self, Marker, Version};
use super::template::{Reading, Template};
use super::{AT_ONCE, NO_ID, OBJECT, template};
use crate::collecting::{self, Answer, Asked};
use crate::{aws, place};

const COLLECT: &str = "s3:collect";
const HEAD: &str = "s3:HeadObject";

/// Versions of an object that are asked for ahead of its turn.
const AHEAD: usize = 20;

/// Versions of a later page.
const PAGE_OF_VERSIONS: usize = 1000;

/// No more objects are begun once so many versions were read: each is a request.
const MOST_REQUESTS: usize = 2000;

/// Versions of one object at the most, since they are held together: 20 MB of what is said of them.
const MOST_VERSIONS: usize = 20_000;

/// What is known of an object's versions.
struct Begun {
    rows: Vec<Row>,
    /// Where there are more.
    next: Option<Marker>,
}

/// Reads objects until there are enough.
pub(super) async fn records(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Collected, Fault> {
    let template = template(target, COLLECT)?;
    let asked = collecting::distinct(target, records, &[OBJECT.to_owned()], COLLECT)?;
    let mut answer = Answer::to(&asked, records);
    let begun: Vec<_> = asked.iter().map(|one| begin(client, target, &template, one)).collect();
    let mut begun = futures::stream::iter(begun).buffered(AT_ONCE);
    let mut requests = 0;
    while answer.next().is_some() && requests < MOST_REQUESTS {
        let Some(object) = begun.next().await.transpose()? else {
            break;
        };
        let Some((key, fields, Begun { mut rows, next: mut marker })) = object else {
            answer.foreign();
            continue;
        };
        while let Some(from) = marker {
            let page = page(client, target, key, &fields, Some(from), PAGE_OF_VERSIONS, AT_ONCE).await?;
            rows.extend(page.rows);
            marker = page.next;
            if rows.len() > MOST_VERSIONS {
                let what = format!("an object has more than {MOST_VERSIONS} versions, too many to be shown");
                return Err(aws::answered(Class::Permanent, COLLECT, &place::name(target), what));
            }
        }
        requests += rows.len();
        if rows.is_empty() { answer.gone() } else { answer.shown(rows) }
    }
    Ok(answer.done())
}

type Fields = BTreeMap<String, Datum>;

/// What an object's key says, and its latest versions; `None` if its key does not name the person.
async fn begin<'r>(
    client: &Client,
    target: &Target<'_>,
    template: &Template<'_>,
    asked: &Asked<'r>,
) -> Result<Option<(&'r str, Fields, Begun)>, Fault> {
    let key = place::key_part(target, asked.record, OBJECT, COLLECT)?;
    let Reading::Fields(said) = template.read(key) else {
        return Ok(None);
    };
    if !asked.ways.iter().any(|way| said.get(&way.via) == Some(&way.via_value)) {
        return Ok(None);
    }
    let datum = |value| match value {
        Value::Text(text) => Datum::Text(text),
        Value::Number(text) => Datum::Number(text),
    };
    let fields: Fields = said.into_iter().map(|(name, value)| (name, datum(value))).collect();
    let begun = page(client, target, key, &fields, None, AHEAD, 1).await?;
    Ok(Some((key, fields, begun)))
}

/// A page of an object's versions.
async fn page(
    client: &Client,
    target: &Target<'_>,
    key: &str,
    fields: &Fields,
    from: Option<Marker>,
    most: usize,
    at_once: usize,
) -> Result<Begun, Fault> {
    let listed = listing::versions(client, target, key, from, most).await?;
    // More than the object's own versions follow when its key begins another one.
    let passed = listed.entries.iter().any(|entry| entry.key != key);
    let own = listed.entries.into_iter().filter(|entry| entry.key == key && !entry.marker);
    let heads: Vec<_> = own.map(|version| head(client, target, version, fields)).collect();
    let rows: Vec<Option<Row>> = futures::stream::iter(heads).buffered(at_once).try_collect().await?;
    let next = listed.next.filter(|next| !passed && next.key == key);
    Ok(Begun { rows: rows.into_iter().flatten().collect(), next })
}

/// What is said of a version; `None` if it is not there any more.
async fn head(
    client: &Client,
    target: &Target<'_>,
    version: Version,
    fields: &Fields,
) -> Result<Option<Row>, Fault> {
    let answer = client
        .head_object()
        .bucket(&target.collection.resource)
        .key(&version.key)
        .version_id(&version.id)
        .send()
        .await;
    let said = match answer {
        Ok(said) => said,
        // The answer has no body, and so no code that would tell what is missing. The bucket was there.
        Err(e) if e.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => return Ok(None),
        Err(e) => return Err(aws::fault(HEAD, &place::name(target), &e)),
    };
    let size = said.content_length.and_then(|length| u64::try_from(length).ok());
    let written_at = said.last_modified.as_ref().and_then(written);
    let (Some(size), Some(written_at)) = (size, written_at) else {
        return Err(place::senseless(target, HEAD, "a version without length or time"));
    };
    let content = Content {
        key: Personal::new(version.key),
        shown_key: None,
        version_id: Some(version.id).filter(|id| id != NO_ID),
        etag: said.e_tag,
        is_latest: version.latest,
        media_type: said.content_type,
        size,
    };
    Ok(Some(Row { fields: fields.clone(), version: Some(written_at), content: Some(content) }))
}

/// An instant as RFC 3339 writes it.
fn written(at: &DateTime) -> Option<String> {
    at.fmt(DateTimeFormat::DateTime).ok()
}
