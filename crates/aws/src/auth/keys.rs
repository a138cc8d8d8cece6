//! The public keys of issuers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use contract::settings::Issuer;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use ports::{Class, Code, Fault};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::{Answer, Call, CallError, Guard, host_of};

/// How long a key set is used before it is fetched again.
const FRESH_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How long it is used when it cannot be fetched. Past this a key that was withdrawn would live on.
const USABLE_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How long a key id that is not in the set is believed not to exist: whoever sends made-up key ids
/// must not make us call the issuer each time.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How long an issuer that did not answer is left alone: short, since good tokens wait for it too.
const RETRY_FAILED_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// The authorizer has five seconds for everything.
const WITHIN: Duration = Duration::from_secs(3);

/// Issuers whose keys are kept, and keys of one issuer, at the most.
const MOST_ISSUERS: usize = 256;
const MOST_KEYS: usize = 100;

/// Key sets, fetched when they are needed.
pub(super) struct KeySets {
    guard: Guard,
    kept: Mutex<HashMap<String, KeySet>>,
}

struct KeySet {
    keys: Vec<Arc<Jwk>>,
    /// `None`: never yet.
    fetched_at: Option<Timestamp>,
    tried_at: Timestamp,
    /// Why the last try failed, if it did.
    fault: Option<Fault>,
}

impl KeySet {
    fn find(&self, kid: &str) -> Option<Arc<Jwk>> {
        self.keys.iter().find(|key| key.common.key_id.as_deref() == Some(kid)).map(Arc::clone)
    }

    /// Whether it must be fetched again to say where a key is.
    fn is_due(&self, found: bool, now: Timestamp) -> bool {
        let pause = if self.fault.is_some() { RETRY_FAILED_AFTER } else { RETRY_AFTER };
        let rested = now.duration_since(self.tried_at) >= pause;
        rested && (!found || !self.is_younger(FRESH_FOR, now))
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        self.is_younger(USABLE_FOR, now)
    }

    fn is_younger(&self, age: SignedDuration, now: Timestamp) -> bool {
        self.fetched_at.is_some_and(|at| now.duration_since(at) < age)
    }

    /// Where a key is. That it does not exist can be said only by a set that was fetched.
    fn answer(&self, kid: &str, now: Timestamp) -> Result<Option<Arc<Jwk>>, Fault> {
        match (self.find(kid).filter(|_| self.is_usable(now)), &self.fault) {
            (None, Some(fault)) => Err(fault.clone()),
            (found, _) => Ok(found),
        }
    }

    fn take_in(&mut self, fetched: Result<Vec<Arc<Jwk>>, Fault>, now: Timestamp) {
        self.tried_at = now;
        match fetched {
            Ok(keys) => {
                self.keys = keys;
                self.fetched_at = Some(now);
                self.fault = None;
            }
            Err(fault) => self.fault = Some(fault),
        }
    }
}

impl KeySets {
    pub(super) fn new(guard: Guard) -> Self {
        Self { guard, kept: Mutex::default() }
    }

    /// The key of an issuer with this id; `None` if it has none.
    pub(super) async fn key(
        &self,
        issuer: &Issuer,
        kid: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Jwk>>, Fault> {
        // Held while fetching, so that many callers of one issuer fetch once.
        let mut kept = self.kept.lock().await;
        if let Some(set) = kept.get_mut(&issuer.jwks_url) {
            if set.is_due(set.find(kid).is_some(), now) {
                set.take_in(self.fetch(&issuer.jwks_url).await, now);
            }
            return set.answer(kid, now);
        }
        let mut set = KeySet { keys: Vec::new(), fetched_at: None, tried_at: now, fault: None };
        set.take_in(self.fetch(&issuer.jwks_url).await, now);
        let answer = set.answer(kid, now);
        // One that failed is kept for its pause only.
        kept.retain(|_, set| set.is_usable(now) || now.duration_since(set.tried_at) < RETRY_FAILED_AFTER);
        if kept.len() < MOST_ISSUERS {
            kept.insert(issuer.jwks_url.clone(), set);
        }
        answer
    }

    async fn fetch(&self, url: &str) -> Result<Vec<Arc<Jwk>>, Fault> {
        let allowed = [host_of(url).ok_or_else(|| fault(Class::Permanent, url, "url-form"))?];
        let mut call = Call::get(url, &allowed);
        call.within = Some(WITHIN);
        let answer = self.guard.call(call).await.map_err(|error| {
            let class = match error {
                CallError::Refused(_) | CallError::TooLarge => Class::Permanent,
                _ => Class::Transient,
            };
            fault(class, url, error.as_str())
        })?;
        read(&answer).map_err(|(class, detail)| fault(class, url, &detail))
    }
}

fn fault(class: Class, url: &str, detail: &str) -> Fault {
    let code = match class {
        Class::Permanent => Code::SettingsInvalid,
        Class::Transient | Class::Throttled => Code::ControlUnavailable,
    };
    let target = host_of(url).unwrap_or_else(|| "jwks_url".to_owned());
    Fault::new(class, code, "GET", target, detail)
}

/// Reads a key set. A key of a kind that is not known here is not an error: it is not used.
fn read(answer: &Answer) -> Result<Vec<Arc<Jwk>>, (Class, String)> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    if answer.status != 200 {
        let class = match answer.status {
            429 => Class::Throttled,
            408 | 500.. => Class::Transient,
            _ => Class::Permanent,
        };
        return Err((class, format!("status {}", answer.status)));
    }
    let set: Set =
        serde_json::from_slice(&answer.body).map_err(|_| (Class::Permanent, "not-a-key-set".to_owned()))?;
    Ok(set
        .keys
        .into_iter()
        .take(MOST_KEYS)
        .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
        .filter(|key| !matches!(key.algorithm, AlgorithmParameters::Other(_)))
        .map(Arc::new)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(fetched: i64, tried: i64) -> KeySet {
        let at = |s| Timestamp::from_second(s).expect("a time");
        KeySet { keys: vec![], fetched_at: Some(at(fetched)), tried_at: at(tried), fault: None }
    }

    fn check(fetched: i64, tried: i64, found: bool, now: i64, due: bool, usable: bool) {
        let now = Timestamp::from_second(now).expect("a time");
        let set = set(fetched, tried);
        assert_eq!(set.is_due(found, now), due, "due");
        assert_eq!(set.is_usable(now), usable, "usable");
    }

    #[test]
    fn a_set_is_fetched_again_when_it_is_old_or_lacks_a_key_and_once_a_minute_at_most() {
        check(0, 0, true, 599, false, true);
        check(0, 0, true, 600, true, true);
        check(0, 0, false, 59, false, true);
        check(0, 0, false, 60, true, true);
        check(0, 600, true, 659, false, true);
        check(0, 3_590, true, 3_600, false, false);
    }

    #[test]
    fn a_key_set_may_have_keys_that_are_not_understood() {
        let read = |status, body: &str| {
            let body = body.into();
            read(&Answer { status, body }).map(|keys| keys.len())
        };
        let keys = r#"{"keys":[{"kty":"new","kid":"a"},{"kty":"EC","kid":"b"},7,
            {"kty":"OKP","crv":"Ed25519","kid":"c","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        assert_eq!(read(200, keys), Ok(1));
        assert_eq!(read(200, r#"{"keys":[]}"#), Ok(0));
        assert_eq!(read(200, "<html>"), Err((Class::Permanent, "not-a-key-set".into())));
        assert_eq!(read(404, keys), Err((Class::Permanent, "status 404".into())));
        assert_eq!(read(503, keys), Err((Class::Transient, "status 503".into())));
    }
}
