//! `rotate-keys`: rotates the keys that are due, and seals anew what is sealed under earlier ones.
//!
//! It keeps no place of its own: what is left is what is still due and still sealed under an earlier
//! key, so it may stop anywhere, and two at once do no harm.
//!
//! Each run looks at all rotating keys, two a tenant, those that are due first before the others: a tenant
//! may have shortened the interval since. That is three small reads a key, so thousands of tenants take a
//! minute or so.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ports::{Budget, Clock, KeyAdmin, KeyState, Tenants};

use super::keys::{due_by, purpose_of, rotated_every};
use crate::api::identities::settings;
use crate::error::StepError;

/// Keys that are asked for at once.
const PAGE: usize = 50;

/// The shortest interval that settings may have: what is younger is not due, whatever they say.
const SHORTEST: SignedDuration = SignedDuration::from_hours(24);

/// What the step needs.
pub struct Ports {
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The keys.
    pub key_admin: Arc<dyn KeyAdmin>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What one run did. Counts, for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Keys that have a new version.
    pub rotated: usize,
    /// Stored keys that were sealed anew.
    pub rewrapped: usize,
    /// Keys that could not be read, rotated or sealed anew.
    pub failed: usize,
    /// The first failure.
    error: Option<StepError>,
}

impl Done {
    /// How the run ended: its first failure is its own, after all had their turn.
    pub fn ended(self) -> Result<(), StepError> {
        self.error.map_or(Ok(()), Err)
    }

    fn note(&mut self, error: StepError) {
        self.error.get_or_insert(error);
    }
}

/// Runs the step, until nothing is left or its time is up. What cannot be done for one tenant does not
/// keep the others from it.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Done {
    let mut done = Done::default();
    if let Err(error) = rotate_all(ports, budget, &mut done).await {
        done.note(error);
    }
    let rewrapped = ports.key_admin.rewrap(budget).await;
    done.rewrapped = rewrapped.done;
    done.failed += rewrapped.failed;
    if let Some(fault) = rewrapped.fault {
        done.note(fault.into());
    }
    done
}

async fn rotate_all(ports: &Ports, budget: &dyn Budget, done: &mut Done) -> Result<(), StepError> {
    let now = ports.clock.now();
    let mut from = None;
    while !budget.is_spent() {
        let page = ports.key_admin.rotating(from.as_deref(), PAGE).await?;
        for key in page.keys {
            let rotated = match key {
                // What was rotated a moment ago comes by again: it is young now.
                Ok(key) if now.duration_since(key.made_at) < SHORTEST => continue,
                Ok(_) if budget.is_spent() => return Ok(()),
                Ok(key) => rotate_if_due(ports, &key, now).await,
                Err(fault) => Err(fault.into()),
            };
            match rotated {
                Ok(rotated) => done.rotated += usize::from(rotated),
                Err(error) => {
                    done.failed += 1;
                    done.note(error);
                }
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(())
}

async fn rotate_if_due(ports: &Ports, key: &KeyState, now: Timestamp) -> Result<bool, StepError> {
    let purpose = purpose_of(&key.scope).ok_or_else(|| StepError::broken("rotate", "it does not rotate"))?;
    let settings = settings(&*ports.tenants, key.scope.tenant()).await?;
    let every = rotated_every(&settings, purpose)?;
    if now < due_by(key, every) {
        return Ok(false);
    }
    ports.key_admin.rotate(&key.scope, key.version, every).await?;
    Ok(true)
}
