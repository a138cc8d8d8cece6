//! Destroying all that is below a prefix, and looking again.

use aws_sdk_s3::types::ObjectIdentifier;
use ports::{Class, Fault};

use super::{MOST_PAGES, S3Packages};
use crate::objects;

/// How often it is looked at the most: the first look deletes, and the next finds nothing unless somebody
/// writes meanwhile.
const MOST_LOOKS: usize = 3;

/// Whether a prefix names one request of one tenant, and nothing more.
fn is_of_a_request(prefix: &str) -> bool {
    let parts: Vec<&str> = prefix.split('/').collect();
    matches!(parts[..], [tenant, request, ""] if !tenant.is_empty() && !request.is_empty())
}

impl S3Packages {
    pub(super) async fn destroy_below(&self, prefix: &str) -> Result<(), Fault> {
        const OPERATION: &str = "s3:ListBucketVersions";
        if !is_of_a_request(prefix) {
            return Err(self.fault(Class::Permanent, OPERATION, "not-a-request"));
        }
        for _ in 0..MOST_LOOKS {
            // Uploads first: one that is finished in between is found among the versions.
            let unfinished = self.abort_below(prefix, |_| true).await?;
            let versions = self.delete_below(prefix).await?;
            if unfinished + versions == 0 {
                return Ok(());
            }
        }
        Err(self.fault(Class::Transient, OPERATION, "still-there"))
    }

    /// Deletes every version and every delete marker, and says how many there were.
    async fn delete_below(&self, prefix: &str) -> Result<usize, Fault> {
        const OPERATION: &str = "s3:ListBucketVersions";
        let (mut markers, mut count) = ((None, None), 0);
        for _ in 0..MOST_PAGES {
            let (key_marker, version_marker) = markers;
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await
                .map_err(|e| self.answered(OPERATION, &e))?;
            let versions = page.versions().iter().map(|found| (found.key(), found.version_id()));
            let marks = page.delete_markers().iter().map(|found| (found.key(), found.version_id()));
            let mut found = Vec::new();
            for (key, version) in versions.chain(marks) {
                // Without its version's id a deletion would only add a marker.
                let (Some(key), Some(version)) = (key, version) else {
                    return Err(self.fault(Class::Permanent, OPERATION, "no-version"));
                };
                let object = ObjectIdentifier::builder().key(key).version_id(version).build();
                found.push(object.map_err(|_| self.fault(Class::Permanent, OPERATION, "not-built"))?);
            }
            if !found.is_empty() {
                count += found.len();
                objects::delete(&self.client, &self.bucket, found).await?;
            }
            if page.is_truncated() != Some(true) {
                return Ok(count);
            }
            markers = (page.next_key_marker, page.next_version_id_marker);
            if markers.0.is_none() {
                return Err(self.fault(Class::Transient, OPERATION, "no-next-page"));
            }
        }
        Err(self.fault(Class::Transient, OPERATION, "too-many-pages"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: &str, expect: bool) {
        assert_eq!(is_of_a_request(prefix), expect, "{prefix:?}");
    }

    #[test]
    fn only_what_is_below_one_request_is_destroyed() {
        check("demo/req_1/", true);
        for more in [
            "",
            "/",
            "//",
            "demo",
            "demo/",
            "demo//",
            "/req_1/",
            "demo/req_1",
            "demo/req_1/a",
            "demo/req_1/a/",
        ] {
            check(more, false);
        }
    }
}
