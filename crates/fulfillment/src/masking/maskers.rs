//! Tenants' rules, made ready and kept for minutes: patterns are compiled once, and not for each call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use contract::masking::Masking;
use domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use masking::{Masker, Rules, RulesError, Tokens};
use ports::{Class, Code, Fault, KeyScope};
use vault::PseudonymKey;
use zeroize::Zeroizing;

use super::Ports;
use crate::api::identities::settings;
use crate::error::StepError;

/// How long a masker is kept, with the key that is in it: as long as any unwrapped key.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Tenants in memory. An automaton has some megabytes at the most.
const MOST: usize = 32;

/// Rules that were made ready.
#[derive(Default)]
pub struct Maskers {
    kept: Mutex<BTreeMap<TenantId, Kept>>,
}

struct Kept {
    rules: Rules,
    masker: Arc<Masker>,
    made_at: Timestamp,
}

impl Maskers {
    /// The tenant's, by its settings as they are now.
    pub(crate) async fn of(&self, ports: &Ports, tenant: &TenantId) -> Result<Arc<Masker>, StepError> {
        let settings = settings(&*ports.tenants, tenant).await?;
        let rules = Masking::read(settings.masking.as_ref());
        let rules = rules.map_err(|error| unusable(tenant, error))?.rules();
        let now = ports.clock.now();
        if let Some(masker) = self.kept(tenant, &rules, now) {
            return Ok(masker);
        }
        let masker = match Masker::new(&rules) {
            Err(RulesError::NoKey) => Masker::with_tokens(&rules, tokens(ports, tenant).await?),
            made => made,
        };
        let masker = masker.map_err(|error| unusable(tenant, format!("masking: {error}")))?;
        let masker = Arc::new(masker);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(tenant.clone(), Kept { rules, masker: Arc::clone(&masker), made_at: now });
        Ok(masker)
    }

    fn kept(&self, tenant: &TenantId, rules: &Rules, now: Timestamp) -> Option<Arc<Masker>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(tenant)?;
        let fresh = found.made_at.duration_until(now) < KEPT_FOR;
        (fresh && &found.rules == rules).then(|| Arc::clone(&found.masker))
    }
}

/// What makes the tenant's tokens: a key of its own, from which nothing else is derived.
async fn tokens(ports: &Ports, tenant: &TenantId) -> Result<Tokens, StepError> {
    let key = ports.keyring.obtain(&KeyScope::Masks(tenant.clone())).await?;
    let key = Zeroizing::new(PseudonymKey::new(&key, "tokens")?.pseudonym(&[]));
    Tokens::new(key.as_bytes(), tenant.as_str()).map_err(|_| StepError::broken("mask", "a short key"))
}

fn unusable(tenant: &TenantId, detail: String) -> Fault {
    Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", tenant.as_str(), detail)
}
