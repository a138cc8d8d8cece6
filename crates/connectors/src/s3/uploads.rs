//! Uploads in parts that nobody has finished: no listing of objects shows them, yet what was uploaded
//! is kept, and becomes an object when they are finished.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::EncodingType;
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::Target;

use super::AT_ONCE;
use super::listing::{self, Marker};
use crate::{aws, place};

const LIST: &str = "s3:ListMultipartUploads";
const ABORT: &str = "s3:AbortMultipartUpload";

/// Uploads of one answer at the most.
const MOST_UPLOADS: usize = 1000;

/// An unfinished upload.
pub(super) struct Upload {
    /// The key that its object would have.
    pub(super) key: String,
    id: String,
}

/// A page of uploads, in the order of their keys.
pub(super) struct Uploads {
    pub(super) entries: Vec<Upload>,
    pub(super) next: Option<Marker>,
}

/// Lists unfinished uploads. A marker without a version passes over its key.
pub(super) async fn list(
    client: &Client,
    target: &Target<'_>,
    prefix: &str,
    after: Option<Marker>,
    most: usize,
) -> Result<Uploads, Fault> {
    let passed = after.as_ref().filter(|marker| marker.version.is_none()).map(|marker| marker.key.clone());
    let (key_marker, id_marker) = match after.clone() {
        Some(marker) => (Some(marker.key), marker.version),
        None => (None, None),
    };
    let answer = client
        .list_multipart_uploads()
        .bucket(&target.collection.resource)
        .prefix(prefix)
        .encoding_type(EncodingType::Url)
        .max_uploads(i32::try_from(most.min(MOST_UPLOADS)).unwrap_or(i32::MAX))
        .set_key_marker(key_marker)
        .set_upload_id_marker(id_marker)
        .send()
        .await
        .map_err(|e| aws::fault(LIST, &place::name(target), &e))?;
    let text = listing::decoder(answer.encoding_type.as_ref());
    let uploads = answer.uploads.unwrap_or_default().into_iter();
    let mut entries: Vec<Upload> =
        uploads.map(|u| Upload { key: text(u.key), id: u.upload_id.unwrap_or_default() }).collect();
    // Not every store that speaks S3 leaves out the marker's own key.
    entries
        .retain(|entry| entry.key.starts_with(prefix) && passed.as_ref().is_none_or(|key| entry.key > *key));
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    let next = match answer.is_truncated {
        Some(true) => {
            Some(Marker { key: text(answer.next_key_marker), version: answer.next_upload_id_marker })
        }
        _ => None,
    };
    if next.as_ref().is_some_and(|next| next.key.is_empty() || Some(next) == after.as_ref()) {
        return Err(place::senseless(target, LIST, "the same page again"));
    }
    Ok(Uploads { entries, next })
}

/// Ends every upload under a prefix whose key is theirs; what was uploaded goes with it.
pub(super) async fn end(
    client: &Client,
    target: &Target<'_>,
    prefix: &str,
    theirs: impl Fn(&str) -> bool,
) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let listed = list(client, target, prefix, after, MOST_UPLOADS).await?;
        let own = listed.entries.iter().filter(|upload| theirs(&upload.key));
        let ended: Vec<_> = own.map(|upload| abort(client, target, upload)).collect();
        futures::stream::iter(ended).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        after = listed.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn abort(client: &Client, target: &Target<'_>, upload: &Upload) -> Result<(), Fault> {
    let answer = client
        .abort_multipart_upload()
        .bucket(&target.collection.resource)
        .key(&upload.key)
        .upload_id(&upload.id)
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        Err(e) => {
            let fault = aws::fault(ABORT, &place::name(target), &e);
            // It was finished or ended meanwhile.
            if fault.detail == "NoSuchUpload" { Ok(()) } else { Err(fault) }
        }
    }
}
