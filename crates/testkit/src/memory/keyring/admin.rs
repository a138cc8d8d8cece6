//! Rotation, and sealing anew.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::TenantId;
use jiff::SignedDuration;
use ports::{
    Begin, Budget, Entropy, FAULTS_IN_A_ROW, Fault, KeyAdmin, KeyScope, KeyState, KeyStatus, MOST_COUNTED,
    Rewrapped, RotatingKeys,
};

use super::{Held, Keys, broken, subjects_of, under};
use crate::clock::others_turn;
use crate::inject::Point;
use crate::memory::{World, lock};

impl Keys {
    fn state(&self, scope: &KeyScope) -> Option<KeyState> {
        let current = self.current(scope)?;
        Some(KeyState {
            scope: scope.clone(),
            version: current.version,
            made_at: current.made_at,
            rotate_by: current.rotate_by,
        })
    }

    /// The persons whose keys are sealed under an earlier version of their tenant's.
    fn outdated(&self) -> Vec<KeyScope> {
        let outdated = |scope: &&KeyScope| match self.current(scope).map(|kept| &kept.held) {
            Some(Held::Sealed(sealed)) => under(sealed) < Some(self.current_version(&subjects_of(scope))),
            _ => false,
        };
        self.kept.keys().filter(outdated).cloned().collect()
    }
}

/// Said of a key that is damaged where it is stored.
const DAMAGED: &str = "the sealed key does not open";

impl World {
    /// Seals a person's key anew: reads it, and replaces it if it is still the one that was read.
    async fn rewrap_person(&self, scope: &KeyScope) -> Result<bool, Fault> {
        let read = match lock(&self.inner.keys).current(scope) {
            Some(kept) => match &kept.held {
                Held::Sealed(sealed) => Some((kept.version, sealed.clone())),
                Held::Key(_) | Held::Nothing => None,
            },
            None => None,
        };
        let Some((version, sealed)) = read else { return Ok(false) };
        others_turn().await;
        let point = Point::KeyringRewrap;
        self.injector().pass(point, scope.tenant().as_str(), || {
            let mut keys = lock(&self.inner.keys);
            let material = keys.unseal(scope, &sealed);
            let material = material.ok_or_else(|| broken(point, scope, DAMAGED))?;
            let anew = keys.seal(scope, self.inner.entropy.bytes(), &material);
            let anew = anew.ok_or_else(|| broken(point, scope, "the key cannot be sealed"))?;
            let last = keys.kept.get_mut(scope).and_then(|kept| kept.last_mut());
            let last = last.filter(|last| last.version == version);
            // Destroyed, or sealed anew, by somebody else meanwhile: then theirs stands.
            match last.map(|last| &mut last.held) {
                Some(Held::Sealed(now)) if *now == sealed => *now = anew,
                _ => return Ok(false),
            }
            Ok(true)
        })
    }
}

/// Where a rotating key stands in the order in which they are due.
fn place(state: &KeyState) -> String {
    format!("{:.9}#{}#{}", state.rotate_by, state.scope.tenant(), state.scope.purpose())
}

#[async_trait]
impl KeyAdmin for World {
    async fn rotate(
        &self,
        scope: &KeyScope,
        expected: u32,
        every: SignedDuration,
    ) -> Result<KeyState, Fault> {
        let point = Point::KeyringRotate;
        self.injector().pass(point, scope.tenant().as_str(), || {
            if !scope.rotates() {
                return Err(broken(point, scope, "this key does not rotate"));
            }
            let mut keys = lock(&self.inner.keys);
            if keys.current_version(scope) == expected {
                self.make(&mut keys, scope, every);
            }
            keys.state(scope).ok_or_else(|| broken(point, scope, "there is no such key"))
        })
    }

    async fn status(&self, tenant: &TenantId) -> Result<Vec<KeyStatus>, Fault> {
        let scopes = [KeyScope::Fields(tenant.clone()), KeyScope::Subjects(tenant.clone())];
        self.injector().pass(Point::KeyringStatus, tenant.as_str(), || {
            let keys = lock(&self.inner.keys);
            let outdated = keys.outdated().into_iter().filter(|scope| scope.tenant() == tenant).count();
            let outdated = u32::try_from(outdated).unwrap_or(u32::MAX).min(MOST_COUNTED);
            let status = |key: KeyState| {
                let to_rewrap = if matches!(key.scope, KeyScope::Subjects(_)) { outdated } else { 0 };
                KeyStatus { key, to_rewrap }
            };
            Ok(scopes.iter().filter_map(|scope| keys.state(scope)).map(status).collect())
        })
    }

    async fn rotating(&self, begin: &Begin, most: usize) -> Result<RotatingKeys, Fault> {
        self.injector().pass(Point::KeyringStatus, "keys", || {
            let keys = lock(&self.inner.keys);
            let rotating = keys.kept.keys().filter(|scope| scope.rotates());
            let mut found: Vec<KeyState> = rotating.filter_map(|scope| keys.state(scope)).collect();
            found.retain(|state| match begin {
                Begin::First => true,
                Begin::DueAfter(instant) => state.rotate_by > *instant,
                Begin::At(from) => place(state) > *from,
            });
            found.sort_by_key(place);
            let next = (found.len() > most).then(|| found.get(most.saturating_sub(1)).map(place)).flatten();
            found.truncate(most);
            Ok(RotatingKeys { keys: found.into_iter().map(Ok).collect(), next })
        })
    }

    async fn rewrap(&self, budget: &dyn Budget) -> Rewrapped {
        let mut so_far = Rewrapped::default();
        let listed = || Ok::<_, Fault>(lock(&self.inner.keys).outdated());
        let mut outdated = match self.injector().pass(Point::KeyringStatus, "keys", listed) {
            Err(fault) => {
                so_far.note(fault);
                return so_far;
            }
            Ok(outdated) => outdated,
        };
        let bits = usize::try_from(self.inner.entropy.bits() >> 96).unwrap_or_default();
        let first = bits.checked_rem(outdated.len()).unwrap_or_default();
        outdated.rotate_left(first);
        let mut in_a_row: BTreeMap<&TenantId, usize> = BTreeMap::new();
        for scope in &outdated {
            let in_a_row = in_a_row.entry(scope.tenant()).or_default();
            if *in_a_row >= FAULTS_IN_A_ROW {
                continue;
            }
            if budget.is_spent() {
                so_far.out_of_time = true;
                break;
            }
            let outcome = self.rewrap_person(scope).await;
            *in_a_row = if outcome.is_ok() { 0 } else { *in_a_row + 1 };
            match outcome {
                Ok(done) => so_far.done += usize::from(done),
                Err(fault) if fault.detail == DAMAGED => so_far.damaged += 1,
                Err(fault) => {
                    let is_away = fault.class.mends_itself();
                    so_far.note(fault);
                    if is_away {
                        break;
                    }
                }
            }
        }
        so_far
    }
}
