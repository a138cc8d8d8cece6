//! `rotate-keys`: rotates the keys that are due, and seals anew what is sealed under earlier ones.
//!
//! It keeps no place of its own: what is left is what is still due and still sealed under an earlier
//! key, so it may stop anywhere, and two at once do no harm.

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::{Budget, Clock, KeyAdmin, KeyScope, KeyState, Tenants};

use super::keys::{purpose_of, rotated_every};
use crate::api::identities::settings;
use crate::error::StepError;

/// Keys that are asked for at once.
const PAGE: usize = 50;

/// Stored keys that are sealed anew between two looks at the time.
const TURN: usize = 250;

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
    /// Keys that could not be rotated.
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
    if let Err(error) = rewrap_all(ports, budget, &mut done).await {
        done.note(error);
    }
    done
}

async fn rotate_all(ports: &Ports, budget: &dyn Budget, done: &mut Done) -> Result<(), StepError> {
    let now = ports.clock.now();
    // What failed is still due, and what was rotated may be listed for a moment longer.
    let mut tried: BTreeSet<KeyScope> = BTreeSet::new();
    loop {
        let due = ports.key_admin.due(now, PAGE + done.failed).await?;
        let due: Vec<KeyState> = due.into_iter().filter(|state| !tried.contains(&state.scope)).collect();
        if due.is_empty() {
            return Ok(());
        }
        for state in due {
            if budget.is_spent() {
                return Ok(());
            }
            match rotate(ports, &state).await {
                Ok(()) => done.rotated += 1,
                Err(error) => {
                    done.failed += 1;
                    done.note(error);
                }
            }
            tried.insert(state.scope);
        }
    }
}

async fn rotate(ports: &Ports, state: &KeyState) -> Result<(), StepError> {
    let purpose =
        purpose_of(&state.scope).ok_or_else(|| StepError::broken("rotate", "it does not rotate"))?;
    let settings = settings(&*ports.tenants, state.scope.tenant()).await?;
    let every = rotated_every(&settings, purpose)?;
    ports.key_admin.rotate(&state.scope, state.version, every).await?;
    Ok(())
}

async fn rewrap_all(ports: &Ports, budget: &dyn Budget, done: &mut Done) -> Result<(), StepError> {
    while !budget.is_spent() {
        let rewrapped = ports.key_admin.rewrap(TURN).await?;
        if rewrapped == 0 {
            break;
        }
        done.rewrapped += rewrapped;
    }
    Ok(())
}
