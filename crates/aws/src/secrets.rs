//! Signing keys in Secrets Manager.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Clock, Code, Fault};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::sdk;

/// How long a secret is used before it is read again, so that a rotated one is soon in force.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Secrets that are kept at the most.
const MOST: usize = 64;

/// The bytes of a key. Wiped when the last holder lets go.
pub(crate) type SecretKey = Arc<Zeroizing<Vec<u8>>>;

/// Secrets of the form `{"key":"…"}`.
pub(crate) struct Secrets {
    client: Client,
    clock: Arc<dyn Clock>,
    kept: Mutex<BTreeMap<String, (Timestamp, SecretKey)>>,
}

#[derive(Deserialize)]
struct Stored {
    key: String,
}

/// The key in a secret's text. Never quotes it.
fn key_of(text: &str) -> Option<SecretKey> {
    let stored: Stored = serde_json::from_str(text).ok()?;
    let key = Zeroizing::new(stored.key.into_bytes());
    (!key.is_empty()).then(|| Arc::new(key))
}

impl Secrets {
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock, kept: Mutex::default() }
    }

    /// The key in the secret of this name.
    pub(crate) async fn key(&self, name: &str) -> Result<SecretKey, Fault> {
        const OPERATION: &str = "secretsmanager:GetSecretValue";
        let now = self.clock.now();
        if let Some(key) = self.kept(name, now) {
            return Ok(key);
        }
        let answer = self.client.get_secret_value().secret_id(name).send().await.map_err(|error| {
            let (class, detail) = sdk::reduce(&error);
            // Only the tenant's settings can name a secret that is not there or not ours.
            let code = match class {
                Class::Permanent => Code::SettingsInvalid,
                Class::Transient | Class::Throttled => Code::AnnouncementFailed,
            };
            Fault::new(class, code, OPERATION, name, detail)
        })?;
        let key = answer.secret_string().and_then(key_of).ok_or_else(|| {
            Fault::new(Class::Permanent, Code::SettingsInvalid, OPERATION, name, "not-a-key")
        })?;
        self.keep(name, now, &key);
        Ok(key)
    }

    fn kept(&self, name: &str, now: Timestamp) -> Option<SecretKey> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name)
            .filter(|(read_at, _)| now.duration_since(*read_at) < KEPT_FOR)
            .map(|(_, key)| Arc::clone(key))
    }

    fn keep(&self, name: &str, now: Timestamp, key: &SecretKey) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (read_at, _)| now.duration_since(*read_at) < KEPT_FOR);
        if kept.len() < MOST {
            kept.insert(name.to_owned(), (now, Arc::clone(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        let got = key_of(text).map(|key| String::from_utf8_lossy(&key).into_owned());
        assert_eq!(got.as_deref(), expect, "{text}");
    }

    #[test]
    fn a_secret_is_a_json_object_with_a_key() {
        check(r#"{"key":"k1"}"#, Some("k1"));
        check(r#"{"key":"k1","rotated":"2027-01-01"}"#, Some("k1"));
        check(r#"{"key":""}"#, None);
        check(r#"{"secret":"k1"}"#, None);
        check("k1", None);
        check("", None);
    }
}
