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
/// How many maskers are kept in memory at the most. An automaton has some megabytes at the most.
const MOST: usize = 32;

/// What was made of tenants' rules: for each `K`, which names the tenant, a `V`.
pub(super) struct Maskers<K, V> {
    kept: Mutex<BTreeMap<K, Kept<V>>>,
    /// How many maskers one has.
    weigh: fn(&V) -> usize,
}

struct Kept<V> {
    /// What the tenant's settings said of masking.
    said: Option<Value>,
    made: V,
    /// As how many maskers it counts.
    weight: usize,
    made_at: Timestamp,
}

impl<K, V> Default for Maskers<K, V> {
    fn default() -> Self {
        Self::weighing(|_| 1)
    }
}

impl<K, V> Maskers<K, V> {
    /// Of which each has as many maskers as this says, and counts as one at the least.
    pub(super) fn weighing(weigh: fn(&V) -> usize) -> Self {
        Self { kept: Mutex::new(BTreeMap::new()), weigh }
    }
}

impl<K: Ord + Clone, V: Clone> Maskers<K, V> {
    /// What `prepare` makes of these settings, or made of settings that say the same. Of settings that say nothing it is made each time:
    /// there is no pattern in it, and its place is for another tenant's.
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
        if settings.masking.as_ref().is_some_and(|said| !said.is_null()) {
            let weight = (self.weigh)(&made).max(1);
            self.keep(key, Kept { said: settings.masking.clone(), made: made.clone(), weight, made_at: now });
        }
        Ok(made)
    }

    /// Keeps it, and of what was made before so much that there are not too many. What was made first goes first.
    fn keep(&self, key: K, new: Kept<V>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&key);
        while kept.values().map(|one| one.weight).sum::<usize>() + new.weight > MOST {
            let oldest = kept.iter().min_by_key(|(_, one)| one.made_at).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            kept.remove(&oldest);
        }
        kept.insert(key, new);
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
        let of = |mode: &str| settings(Some(&json!({"default": mode})));
        let (plain, strict) = (of("partial"), of("redact"));
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
    async fn no_more_than_so_many_are_kept_and_what_was_made_first_goes_first() {
        let maskers: Maskers<usize, usize> = Maskers::weighing(|weight| *weight);
        let (own, none) = (settings(Some(&json!({"default": "redact"}))), settings(None));
        let make = async |key: usize, settings: &Settings, weight: usize| {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(i64::try_from(key).expect("small"));
            maskers.of(key, settings, now, async |_| Ok(weight)).await.expect("rules");
            maskers.kept.lock().expect("not poisoned").keys().copied().collect::<Vec<_>>()
        };
        for key in 0..100 {
            // One that has no masker counts as well, since what its settings say is kept.
            let kept = make(key, &own, key % 2).await;
            assert_eq!(kept, (key.saturating_sub(MOST - 1)..=key).collect::<Vec<_>>());
        }
        assert_eq!(make(100, &own, 6).await, (74..=100).collect::<Vec<_>>());
        assert_eq!(make(100, &own, 1).await, (74..=100).collect::<Vec<_>>());
        // What settings say nothing of takes nobody's place.
        assert_eq!(make(101, &none, 6).await, (74..=100).collect::<Vec<_>>());
        assert_eq!(make(102, &settings(Some(&json!(null))), 6).await, (74..=100).collect::<Vec<_>>());
        // What is more than all is kept alone.
        assert_eq!(make(103, &own, MOST + 1).await, [103]);
    }
}
