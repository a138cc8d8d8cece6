//! Listings: of versions, and of what is there now.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::EncodingType;
use ports::Fault;
use ports::stores::Target;
use serde::{Deserialize, Serialize};

use super::NO_ID;
use crate::{aws, place};

const VERSIONS: &str = "s3:ListObjectVersions";
const OBJECTS: &str = "s3:ListObjectsV2";

/// One version of an object, or one delete marker.
#[derive(Clone)]
pub(super) struct Version {
    /// The object's key.
    pub(super) key: String,
    /// The version's id; [`NO_ID`] where the bucket keeps none.
    pub(super) id: String,
    /// Whether it is a delete marker.
    pub(super) marker: bool,
    /// Whether it is what a reader of the key gets.
    pub(super) latest: bool,
}

impl Version {
    /// Whether it hides the object: the delete marker that is on top.
    pub(super) fn hides(&self) -> bool {
        self.marker && self.latest
    }
}

/// Where a listing of versions goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// After this key.
    pub(super) key: String,
    /// And, of its versions, after this one; `None` to pass over all of them.
    pub(super) version: Option<String>,
}

/// A page of versions, in the order of their keys; those of one key from the latest on, and then its delete
/// markers.
pub(super) struct Versions {
    pub(super) entries: Vec<Version>,
    pub(super) next: Option<Marker>,
}

/// Lists versions and delete markers.
pub(super) async fn versions(
    client: &Client,
    target: &Target<'_>,
    prefix: &str,
    after: Option<Marker>,
    most: usize,
) -> Result<Versions, Fault> {
    let (key_marker, version_marker) = match after.clone() {
        Some(marker) => (Some(marker.key), marker.version),
        None => (None, None),
    };
    // Without the encoding, one key with a control character makes the whole answer unreadable.
    let answer = client
        .list_object_versions()
        .bucket(&target.collection.resource)
        .prefix(prefix)
        .encoding_type(EncodingType::Url)
        .max_keys(i32::try_from(most).unwrap_or(i32::MAX))
        .set_key_marker(key_marker)
        .set_version_id_marker(version_marker)
        .send()
        .await
        .map_err(|e| aws::fault(VERSIONS, &place::name(target), &e))?;
    let text = decoder(answer.encoding_type.as_ref());
    let mut entries = Vec::new();
    for version in answer.versions.unwrap_or_default() {
        entries.push(Version {
            key: text(version.key),
            id: version.version_id.unwrap_or_else(|| NO_ID.to_owned()),
            marker: false,
            latest: version.is_latest == Some(true),
        });
    }
    for marker in answer.delete_markers.unwrap_or_default() {
        entries.push(Version {
            key: text(marker.key),
            id: marker.version_id.unwrap_or_else(|| NO_ID.to_owned()),
            marker: true,
            latest: marker.is_latest == Some(true),
        });
    }
    entries.retain(|entry| entry.key.starts_with(prefix));
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    let next = match answer.is_truncated {
        Some(true) => {
            Some(Marker { key: text(answer.next_key_marker), version: answer.next_version_id_marker })
        }
        _ => None,
    };
    if next.as_ref().is_some_and(|next| next.key.is_empty() || Some(next) == after.as_ref()) {
        return Err(place::senseless(target, VERSIONS, "the same page again"));
    }
    Ok(Versions { entries, next })
}

/// A page of the objects that are there now, in the order of their keys.
pub(super) struct Objects {
    pub(super) keys: Vec<String>,
    pub(super) more: bool,
}

/// Lists what is there now.
pub(super) async fn objects(
    client: &Client,
    target: &Target<'_>,
    prefix: &str,
    after: Option<&str>,
    most: usize,
) -> Result<Objects, Fault> {
    let answer = client
        .list_objects_v2()
        .bucket(&target.collection.resource)
        .prefix(prefix)
        .encoding_type(EncodingType::Url)
        .max_keys(i32::try_from(most).unwrap_or(i32::MAX))
        .set_start_after(after.map(str::to_owned))
        .send()
        .await
        .map_err(|e| aws::fault(OBJECTS, &place::name(target), &e))?;
    let text = decoder(answer.encoding_type.as_ref());
    let contents = answer.contents.unwrap_or_default().into_iter();
    let mut keys: Vec<String> = contents.map(|object| text(object.key)).collect();
    keys.retain(|key| key.starts_with(prefix));
    keys.sort();
    Ok(Objects { keys, more: answer.is_truncated == Some(true) })
}

/// How the keys of an answer are read: it says itself whether they are encoded.
pub(super) fn decoder(encoding: Option<&EncodingType>) -> fn(Option<String>) -> String {
    if encoding == Some(&EncodingType::Url) {
        |text| decoded(&text.unwrap_or_default())
    } else {
        Option::unwrap_or_default
    }
}

/// S3's `encoding-type=url`: percent signs, and a plus for a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let byte = match (first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high * 16 + low
                }
                _ => first,
            },
            _ => first,
        };
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_when_the_answer_says_so() {
        assert_eq!(decoded("a%2Fb+c%2b%F0%9F%98%80%01"), "a/b c+😀\u{1}");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
        assert_eq!(decoder(None)(Some("a%2Fb".to_owned())), "a%2Fb");
        assert_eq!(decoder(Some(&EncodingType::Url))(Some("a%2Fb".to_owned())), "a/b");
    }
}
