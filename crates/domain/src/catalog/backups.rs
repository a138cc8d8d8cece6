//! What a store says of its backups: until when there are copies of what was erased.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Store;

/// A kind of backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// What it is, in words that the person can read: `snapshots`, `point-in-time recovery`.
    pub kind: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// How long one is kept, as an ISO 8601 duration: `P35D`.
    pub expires_after: String,
}

impl Backup {
    /// When the last one is gone that was made at an instant, by the calendar of UTC; `None` if that is no duration.
    pub fn gone_by(&self, made_at: Timestamp) -> Option<Timestamp> {
        let span: Span = self.expires_after.parse().ok()?;
        if span.is_negative() {
            return None;
        }
        Some(made_at.to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
    }
}

impl Store {
    /// When the last of its backups is gone that may have what was erased at an instant; that instant if it has none.
    /// `None` if its owner did not say.
    pub fn gone_from_backups_by(&self, erased_at: Timestamp) -> Option<Timestamp> {
        let mut each = self.backups.as_ref()?.iter().map(|backup| backup.gone_by(erased_at));
        each.try_fold(erased_at, |last, gone| Some(last.max(gone?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expires_after: &[&str], expect: Option<&str>) {
        let backups = expires_after.iter().map(|after| Backup {
            kind: "snapshots".to_owned(),
            encrypted: true,
            expires_after: (*after).to_owned(),
        });
        let json = serde_json::json!({"id": "shop", "kind": "sql", "owner": {"team": "t", "page": "p"}, "collections": []});
        let mut store: Store = serde_json::from_value(json).expect("a store");
        store.backups = Some(backups.collect());
        let erased_at = "2026-01-31T10:00:00Z".parse().expect("an instant");
        let got = store.gone_from_backups_by(erased_at).map(|at| at.to_string());
        assert_eq!(got.as_deref(), expect, "{expires_after:?}");
    }

    #[test]
    fn the_last_backup_counts() {
        check(&["P35D"], Some("2026-03-07T10:00:00Z"));
        check(&["P7D", "P1M"], Some("2026-02-28T10:00:00Z"));
        check(&[], Some("2026-01-31T10:00:00Z"));
        check(&["P7D", "for ever"], None);
        check(&["-P7D"], None);
    }
}
