//! The keys of objects, a page at a time: those that have versions, and then those that are only being
//! written.

use aws_sdk_s3::Client;
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::{PAGE, Target};
use serde::{Deserialize, Serialize};

use super::listing::{self, Marker};
use super::template::Span;
use super::{AT_ONCE, uploads};

/// Where listing goes on.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct After {
    marker: Option<Marker>,
    /// The last key that was found: the next page may begin with more versions of it.
    last: Option<String>,
    /// Whether all versions were listed, and what is listed now are unfinished uploads.
    #[serde(default)]
    in_uploads: bool,
}

/// What is listed, and what is made of each key.
pub(super) struct Keys<'a, F> {
    pub(super) target: &'a Target<'a>,
    pub(super) span: &'a Span,
    /// What a key is taken for; `None` if it is not meant.
    pub(super) read: F,
}

impl<T, F> Keys<'_, F>
where
    F: Fn(&str) -> Result<Option<T>, Fault>,
{
    /// The next page, and where to go on: one entry an object, however many versions it has, and then one for
    /// each key that is only being written.
    pub(super) async fn page(
        &self,
        client: &Client,
        mut from: After,
    ) -> Result<(Vec<T>, Option<After>), Fault> {
        let mut found = Vec::new();
        if !from.in_uploads {
            from = self.objects(client, from, &mut found).await?;
        }
        let room = PAGE.saturating_sub(found.len());
        if !from.in_uploads || room == 0 {
            return Ok((found, Some(from)));
        }
        let more = self.uploads(client, from, room, &mut found).await?;
        Ok((found, more))
    }

    /// A page of the listing of versions.
    async fn objects(&self, client: &Client, from: After, found: &mut Vec<T>) -> Result<After, Fault> {
        let After { marker, mut last, .. } = from;
        let listed = listing::versions(client, self.target, &self.span.prefix, marker, PAGE).await?;
        let mut passed = false;
        for entry in listed.entries {
            if self.span.exact && entry.key != self.span.prefix {
                // Keys come in order, and the one that is meant is the first that begins with itself.
                passed = true;
                break;
            }
            if last.as_ref() == Some(&entry.key) {
                continue;
            }
            found.extend((self.read)(&entry.key)?);
            last = Some(entry.key);
        }
        Ok(match listed.next.filter(|_| !passed) {
            Some(marker) => After { marker: Some(marker), last, in_uploads: false },
            None => After { in_uploads: true, ..After::default() },
        })
    }

    /// A page of the listing of unfinished uploads. One whose key has versions was found by them.
    async fn uploads(
        &self,
        client: &Client,
        from: After,
        room: usize,
        found: &mut Vec<T>,
    ) -> Result<Option<After>, Fault> {
        let After { marker, mut last, .. } = from;
        let listed = uploads::list(client, self.target, &self.span.prefix, marker, room).await?;
        let mut begun = Vec::new();
        let mut passed = false;
        for entry in listed.entries {
            if self.span.exact && entry.key != self.span.prefix {
                passed = true;
                break;
            }
            if last.as_ref() != Some(&entry.key)
                && let Some(read) = (self.read)(&entry.key)?
            {
                begun.push((entry.key.clone(), read));
            }
            last = Some(entry.key);
        }
        let asked: Vec<_> = begun.iter().map(|(key, _)| has_versions(client, self.target, key)).collect();
        let asked: Vec<bool> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let alone = begun.into_iter().zip(asked).filter(|(_, has_versions)| !has_versions);
        found.extend(alone.map(|((_, read), _)| read));
        let more = listed.next.filter(|_| !passed);
        Ok(more.map(|marker| After { marker: Some(marker), last, in_uploads: true }))
    }
}

async fn has_versions(client: &Client, target: &Target<'_>, key: &str) -> Result<bool, Fault> {
    let listed = listing::versions(client, target, key, None, 1).await?;
    Ok(listed.entries.iter().any(|entry| entry.key == key))
}
