//! `rotate-keys`: rotates the keys that are due, and seals anew what is sealed under earlier ones.
//!
//! It keeps no place of its own: what is left is what is still due and still sealed under an earlier
//! key, so it may stop anywhere, and two at once do no harm.
//!
//! Each run looks first at the keys that are due, and then, as far as it comes, at all others: a tenant may
//! have shortened the interval since. That is three small reads a key, two keys a tenant. Half of the time
//! goes to that at the most, and what is left of it to sealing anew; both begin by chance, each time
//! somewhere else. So where a run does not come to all of it, in thousands of tenants or past many keys that
//! fail, the next runs come to the rest.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ports::{Begin, Budget, Clock, Entropy, KeyAdmin, KeyState, Tenants};

use super::keys::{due_by, purpose_of, rotated_every};
use crate::api::identities::settings;
use crate::error::StepError;

/// Keys that are asked for at once.
const PAGE: usize = 50;

/// The shortest interval that settings may have: what is younger is not due, whatever they say.
const SHORTEST: SignedDuration = SignedDuration::from_hours(24);

/// How far ahead most keys are due.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// What the step needs.
pub struct Ports {
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The keys.
    pub key_admin: Arc<dyn KeyAdmin>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
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
    /// Single keys that are damaged where they are stored. Trying again does not help, so they are no failure
    /// of the run: it would fail for ever.
    pub damaged: usize,
    /// Whether the time was up before it was at each. Then the next run goes on.
    pub out_of_time: bool,
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
    if let Err(error) = rotate_all(ports, &FirstHalf(budget), &mut done).await {
        done.note(error);
    }
    let rewrapped = ports.key_admin.rewrap(budget).await;
    done.rewrapped = rewrapped.done;
    done.failed += rewrapped.failed;
    done.damaged = rewrapped.damaged;
    done.out_of_time |= rewrapped.out_of_time;
    if let Some(fault) = rewrapped.fault {
        done.note(fault.into());
    }
    done
}

/// The first half of a time.
struct FirstHalf<'a>(&'a dyn Budget);

impl Budget for FirstHalf<'_> {
    fn is_spent(&self) -> bool {
        self.0.is_half_spent()
    }

    /// Nobody asks: this is not divided further.
    fn is_half_spent(&self) -> bool {
        self.0.is_half_spent()
    }
}

async fn rotate_all(ports: &Ports, budget: &dyn Budget, done: &mut Done) -> Result<(), StepError> {
    let now = ports.clock.now();
    let bits = ports.entropy.bits();
    // What became due just now is the last of what is due, behind all that is due and fails: it must come
    // early as often as what was long ago.
    let hours = i64::try_from(bits % 15).map_or(1, |power| 1 << power);
    let seconds = i64::try_from(bits >> 96).map_or(0, |number| number % YEAR.as_secs());
    let earlier = now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
    let later = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let spans = [
        (Begin::DueAfter(earlier), now),
        (Begin::First, earlier),
        (Begin::DueAfter(later), Timestamp::MAX),
        (Begin::DueAfter(now), later),
    ];
    for (begin, until) in spans {
        rotate_part(ports, budget, (begin, until, now), done).await?;
    }
    Ok(())
}

/// The keys that are due until an instant.
async fn rotate_part(
    ports: &Ports,
    budget: &dyn Budget,
    (mut begin, until, now): (Begin, Timestamp, Timestamp),
    done: &mut Done,
) -> Result<(), StepError> {
    loop {
        if is_over(budget, done) {
            return Ok(());
        }
        let page = ports.key_admin.rotating(&begin, PAGE).await?;
        let mut is_past = false;
        for key in page.keys {
            let rotated = match key {
                Ok(key) if key.rotate_by > until => {
                    is_past = true;
                    continue;
                }
                // What was rotated a moment ago comes by again: it is young now.
                Ok(key) if now.duration_since(key.made_at) < SHORTEST => continue,
                Ok(_) if is_over(budget, done) => return Ok(()),
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
        match page.next {
            Some(next) if !is_past => begin = Begin::At(next),
            _ => return Ok(()),
        }
    }
}

fn is_over(budget: &dyn Budget, done: &mut Done) -> bool {
    done.out_of_time |= budget.is_spent();
    done.out_of_time
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
