//! Tenants' rules, made ready and kept for minutes: patterns are compiled once, and not for each call.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use contract::masking::Masking;
use contract::settings::Settings;
use domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use masking::RulesError;
use ports::{Class, Code, Fault};
use serde_json::Value;

use crate::error::StepError;

/// How long what was made is kept, with the key that may be in it: as long as any unwrapped key.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);
/// What is kept in memory at the most. An automaton has some megabytes at the most.
const MOST: usize = 32;

/// What was made of tenants' rules: for each `K`, which names the tenant, a `V`.
pub(super) struct Maskers<K, V> {
    kept: Mutex<BTreeMap<K, Kept<V>>>,
}

struct Kept<V> {
    /// What the tenant's settings said of masking.
    said: Option<Value>,
    made: V,
    made_at: Timestamp,
}

impl<K, V> Default for Maskers<K, V> {
    fn default() -> Self {
        Self { kept: Mutex::new(BTreeMap::new()) }
    }
}

impl<K: Ord, V: Clone> Maskers<K, V> {
    /// What `prepare` makes of these settings, or made of settings that say the same.
    pub(super) async fn of(
        &self,
        key: K,
        settings: &Settings,
        now: Timestamp,
        prepare: impl AsyncFnOnce(Masking) -> Result<V, StepError>,
    ) -> Result<V, StepError> {
        if let Some(made) = self.kept(&key, settings, now) {
            return Ok(made);
        }
        let read = Masking::read(settings.masking.as_ref());
        let made = prepare(read.map_err(|error| unusable(&settings.tenant, error))?).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, Kept { said: settings.masking.clone(), made: made.clone(), made_at: now });
        Ok(made)
    }

    fn kept(&self, key: &K, settings: &Settings, now: Timestamp) -> Option<V> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key)?;
        let fresh = found.made_at.duration_until(now) < KEPT_FOR;
        (fresh && found.said == settings.masking).then(|| found.made.clone())
    }
}

/// Rules of a tenant that no masker can be made of.
pub(super) fn not_made(tenant: &TenantId, error: &RulesError) -> Fault {
    unusable(tenant, format!("masking: {error}"))
}

fn unusable(tenant: &TenantId, detail: String) -> Fault {
    Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", tenant.as_str(), detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use masking::Mode;
    use serde_json::json;

    fn settings(masking: Option<&Value>) -> Settings {
        let settings =
            json!({"tenant": "demo", "name": "Demo", "cooling_off_for": "P1D", "masking": masking});
        serde_json::from_value(settings).expect("settings")
    }

    #[tokio::test]
    async fn rules_are_made_ready_once_until_they_change_or_five_minutes_are_over() {
        let maskers: Maskers<&str, Mode> = Maskers::default();
        let begin: Timestamp = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let ask = async |key, settings: &Settings, seconds| {
            let (mut made, now) = (false, begin + SignedDuration::from_secs(seconds));
            let rules = maskers.of(key, settings, now, async |said: Masking| {
                made = true;
                Ok(said.default)
            });
            (rules.await.expect("rules"), made)
        };
        let (plain, strict) = (settings(None), settings(Some(&json!({"default": "redact"}))));
        assert_eq!(ask("a", &plain, 0).await, (Mode::Partial, true));
        assert_eq!(ask("a", &plain, 299).await, (Mode::Partial, false));
        assert_eq!(ask("b", &plain, 299).await, (Mode::Partial, true));
        assert_eq!(ask("a", &strict, 299).await, (Mode::Redact, true));
        assert_eq!(ask("a", &strict, 598).await, (Mode::Redact, false));
        assert_eq!(ask("a", &strict, 599).await, (Mode::Redact, true));
        let wrong = settings(Some(&json!({"default": "md5"})));
        let refused = maskers.of("a", &wrong, begin, async |said: Masking| Ok(said.default)).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("settings-invalid")));
    }

    #[tokio::test]
    async fn no_more_than_so_many_are_kept() {
        let maskers: Maskers<usize, usize> = Maskers::default();
        let (settings, now) = (settings(None), Timestamp::UNIX_EPOCH);
        for key in 0..100 {
            maskers.of(key, &settings, now, async |_| Ok(key)).await.expect("rules");
            assert!(maskers.kept.lock().expect("not poisoned").len() <= MOST);
        }
    }
}
