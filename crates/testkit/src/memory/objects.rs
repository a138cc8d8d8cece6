//! Objects over time: when each was written, and what was there before.

use jiff::Timestamp;

use super::database::Contents;

/// What is known of an object beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// When it was written last.
    pub at: Timestamp,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its earlier versions, the first one first.
    pub earlier: Vec<Earlier>,
}

/// An earlier version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// When it was written.
    pub at: Timestamp,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A version of an object, as it is read.
pub(super) struct Version<'a> {
    /// Its id; `None` in a bucket that keeps none.
    pub(super) id: Option<String>,
    pub(super) at: Timestamp,
    pub(super) media_type: Option<String>,
    pub(super) bytes: &'a [u8],
}

impl Version<'_> {
    /// What is the same for the same bytes.
    pub(super) fn etag(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.bytes);
        let number = digest.as_ref().iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        format!("\"{number:032x}\"")
    }
}

impl Contents {
    /// The versions of an object, the latest first.
    pub(super) fn versions(&self, bucket: &str, key: &str) -> Vec<Version<'_>> {
        let Some(bytes) = self.buckets.get(bucket).and_then(|objects| objects.get(key)) else {
            return Vec::new();
        };
        let written = self.written.get(&(bucket.to_owned(), key.to_owned()));
        let earlier = written.map_or(&[][..], |written| &written.earlier);
        let is_versioned = self.versioned.contains(bucket);
        let id = |at: usize| is_versioned.then(|| format!("v{at}"));
        let mut versions: Vec<Version<'_>> = earlier
            .iter()
            .enumerate()
            .map(|(at, version)| Version {
                id: id(at),
                at: version.at,
                media_type: version.media_type.clone(),
                bytes: &version.bytes,
            })
            .collect();
        versions.push(Version {
            id: id(earlier.len()),
            at: written.map_or(Timestamp::UNIX_EPOCH, |written| written.at),
            media_type: written.and_then(|written| written.media_type.clone()),
            bytes,
        });
        versions.reverse();
        versions
    }

    /// Writes an object. What was there becomes an earlier version, or is lost.
    pub(super) fn write(
        &mut self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        media_type: Option<String>,
        at: Timestamp,
    ) {
        let replaced = self.buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), bytes);
        let place = (bucket.to_owned(), key.to_owned());
        self.planted.remove(&place);
        let before = self.written.remove(&place);
        let is_kept = self.versioned.contains(bucket);
        let mut earlier = before.as_ref().map_or_else(Vec::new, |before| before.earlier.clone());
        if let Some((bytes, before)) = replaced.zip(before).filter(|_| is_kept) {
            earlier.push(Earlier { at: before.at, media_type: before.media_type, bytes });
        }
        self.written.insert(place, Written { at, media_type, earlier });
    }
}
