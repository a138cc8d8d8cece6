//! What a tenant has configured: the documents of the `registry` table.

use std::collections::BTreeMap;

use domain::TenantId;
use jiff::{SignedDuration, Span};
use serde::{Deserialize, Serialize};

use crate::vault::Purpose;

/// A tenant's settings: `pk = T#<tenant>, sk = TENANT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose they are.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// How long a request can be undone before erasing begins, as an ISO 8601 duration of weeks,
    /// days, hours, minutes and seconds.
    pub cooling_off_for: String,
    /// How long after an erasure has ended its stores are read again, as such a duration of at most a year; `PT0S` is
    /// never, and 30 days if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck_after: Option<String>,
    /// How long after a request has ended its person can still get the salt that its receipt names them by, as such a
    /// duration from a day to ten years; 400 days if it is not set. Then it is destroyed, up to a thirtieth of that later,
    /// at most a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_salt_for: Option<String>,
    /// The catalog in force, if it is not the deployment's.
    #[serde(default)]
    pub catalog_version: Option<String>,
    /// Where outcomes are announced by HTTP.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// Whether outcomes are announced on the deployment's topic.
    #[serde(default)]
    pub topic: bool,
    /// Who is asked before anything is erased.
    #[serde(default)]
    pub sanctions: Vec<SanctionSource>,
    /// The hosts that webhooks and sanction sources may be on.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// How often each of the tenant's keys is rotated, as an ISO 8601 duration of at least a day; a key
    /// that is not named, once in 365 days.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rotate_keys_every: BTreeMap<Purpose, String>,
    /// What persons get, and how they are told.
    #[serde(default, skip_serializing_if = "ExportSettings::is_default")]
    pub exports: ExportSettings,
    /// How texts are masked: [`crate::masking::Masking`]. It is read where it is used, so that a mistake in it stops what masks, which
    /// the answers of the API are, and no request that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masking: Option<serde_json::Value>,
}

/// What persons get, and how they are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportSettings {
    /// How long a package can be fetched before it is destroyed, as an ISO 8601 duration of at most 30 days;
    /// 72 hours if it is not set.
    pub open_for: Option<String>,
    /// Letters to persons that their package is ready.
    pub mail: Option<Mail>,
}

/// Letters to persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// From whom: an address that the account may send from.
    pub from: String,
    /// The template's name.
    pub template: String,
    /// Where a person enters the download code, without the request's id, with which the template ends it:
    /// Lacuna's own page is `<api>/v1/exports/<tenant>`.
    pub page: String,
}

impl ExportSettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where.
    pub url: String,
    /// The name of the secret with the signing key.
    pub secret: String,
}

/// An HTTP sanction source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SanctionSource {
    /// Its name in the audit: a short code.
    pub id: String,
    /// Where it is asked.
    pub url: String,
    /// The stores that it is asked about again right before each; empty means all.
    #[serde(default)]
    pub stores: Vec<domain::StoreId>,
}

/// An issuer of tokens: `pk = ISS#<issuer>, sk = ISSUER`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that they must have.
    pub audience: String,
    /// Where its keys are.
    pub jwks_url: String,
    /// The signature algorithms that are accepted: `ES256`, `RS256`, `EdDSA`, ...
    pub algorithms: Vec<String>,
    /// The tenants that it may speak for.
    pub tenants: Vec<TenantId>,
}

/// Whether a secret's name is one of the tenant's own: `lacuna/<tenant>/<name>`. A catalog or a
/// setting is written by a tenant, and must not reach what another one's connector may read.
pub fn is_own_secret(tenant: &TenantId, name: &str) -> bool {
    let rest = name.strip_prefix("lacuna/").and_then(|rest| rest.strip_prefix(tenant.as_str()));
    rest.and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| !rest.is_empty())
}

impl Settings {
    /// The cooling-off, if its text is a duration of fixed units.
    pub fn cooling_off(&self) -> Option<SignedDuration> {
        duration(&self.cooling_off_for)
    }

    /// How long after its end an erasure is read again, zero for never; `None` if what is set is no such duration.
    pub fn recheck_after(&self) -> Option<SignedDuration> {
        match &self.recheck_after {
            None => Some(RECHECK_AFTER),
            Some(text) => duration(text).filter(|after| *after <= LONGEST_RECHECK_AFTER),
        }
    }

    /// How long the salt of a receipt is kept; `None` if what is set is no such duration.
    pub fn receipt_salt_for(&self) -> Option<SignedDuration> {
        match &self.receipt_salt_for {
            None => Some(RECEIPT_SALT_FOR),
            Some(text) => duration(text).filter(|kept| (SHORTEST_SALT..=LONGEST_SALT).contains(kept)),
        }
    }

    /// How long a package can be fetched; `None` if what is set is no such duration.
    pub fn export_open_for(&self) -> Option<SignedDuration> {
        match &self.exports.open_for {
            None => Some(SignedDuration::from_hours(72)),
            Some(text) => duration(text).filter(|open| open.is_positive() && *open <= LONGEST_OPEN_FOR),
        }
    }

    /// How often a key is rotated; `None` if what is set is not a duration of at least a day.
    pub fn rotate_every(&self, purpose: Purpose) -> Option<SignedDuration> {
        match self.rotate_keys_every.get(&purpose) {
            None => Some(ROTATE_EVERY),
            Some(text) => duration(text).filter(|every| *every >= SignedDuration::from_hours(24)),
        }
    }
}

/// The longest that packages can be fetched, from when everybody was told; telling is tried for as long again.
/// The exports bucket's lifecycle rule comes after both.
pub const LONGEST_OPEN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// When an erasure is read again whose tenant says nothing.
const RECHECK_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The longest that what was looked for is kept, sealed, to be read again by.
pub const LONGEST_RECHECK_AFTER: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How long the salt of a receipt is kept whose tenant says nothing: a year to complain in, and a month to be told how
/// the request ended. The receipt is kept by whoever has it, and proves the same without the salt.
const RECEIPT_SALT_FOR: SignedDuration = SignedDuration::from_hours(400 * 24);

/// A receipt is issued minutes after the end, and its person has to see it.
const SHORTEST_SALT: SignedDuration = SignedDuration::from_hours(24);

/// The longest that a salt is kept: ten years.
const LONGEST_SALT: SignedDuration = SignedDuration::from_hours(3_653 * 24);

/// How often a key is rotated that the settings do not name.
const ROTATE_EVERY: SignedDuration = SignedDuration::from_hours(365 * 24);

/// An ISO 8601 duration of weeks, days, hours, minutes and seconds. How long a month is would depend on
/// when it begins.
fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 || span.is_negative() {
        return None;
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let time = span.weeks(0).days(0);
    let rest = time.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    rest.checked_add(SignedDuration::from_hours(days.checked_mul(24)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<i64>) {
        let settings = Settings {
            tenant: "demo".parse().expect("a tenant"),
            name: "Demo".into(),
            cooling_off_for: text.into(),
            recheck_after: None,
            receipt_salt_for: None,
            catalog_version: None,
            webhook: None,
            topic: false,
            sanctions: vec![],
            allowed_hosts: vec![],
            rotate_keys_every: BTreeMap::new(),
            exports: ExportSettings::default(),
            masking: None,
        };
        assert_eq!(settings.cooling_off().map(|d| d.as_secs()), expect, "{text}");
    }

    #[test]
    fn a_tenant_names_its_own_secrets_only() {
        let demo = "demo".parse().expect("a tenant");
        assert!(is_own_secret(&demo, "lacuna/demo/crm"));
        for other in ["lacuna/other/crm", "lacuna/demo2/crm", "lacuna/demo", "lacuna/demo/", "demo/crm", ""] {
            assert!(!is_own_secret(&demo, other), "{other}");
        }
    }

    /// With what has to be said, and no more.
    fn least() -> Settings {
        serde_json::from_str(r#"{"tenant":"demo","name":"Demo","cooling_off_for":"P1D"}"#).expect("settings")
    }

    #[test]
    fn a_recheck_is_in_a_year_at_the_latest_and_in_thirty_days_if_nothing_is_said() {
        let check = |text: Option<&str>, expect: Option<i64>| {
            let mut settings = least();
            settings.recheck_after = text.map(str::to_owned);
            assert_eq!(settings.recheck_after().map(|d| d.as_secs()), expect, "{text:?}");
        };
        check(None, Some(30 * 86_400));
        check(Some("PT0S"), Some(0));
        check(Some("P366D"), Some(366 * 86_400));
        check(Some("P367D"), None);
        check(Some("P1M"), None);
        check(Some("-P1D"), None);
        check(Some("later"), None);
    }

    #[test]
    fn a_salt_is_kept_for_a_day_at_least_and_for_four_hundred_if_nothing_is_said() {
        let check = |text: Option<&str>, expect: Option<i64>| {
            let mut settings = least();
            settings.receipt_salt_for = text.map(str::to_owned);
            assert_eq!(settings.receipt_salt_for().map(|d| d.as_secs()), expect, "{text:?}");
        };
        check(None, Some(400 * 86_400));
        check(Some("P1D"), Some(86_400));
        check(Some("PT23H"), None);
        check(Some("PT0S"), None);
        check(Some("P3653D"), Some(3_653 * 86_400));
        check(Some("P3654D"), None);
        check(Some("P2Y"), None);
        check(Some("for ever"), None);
    }

    #[test]
    fn a_cooling_off_is_a_fixed_length_of_time() {
        check("P30D", Some(30 * 86_400));
        check("P1W", Some(7 * 86_400));
        check("P1DT12H", Some(36 * 3_600));
        check("PT5S", Some(5));
        check("P1M", None);
        check("-P1D", None);
        check("soon", None);
    }
}
