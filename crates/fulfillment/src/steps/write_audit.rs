//! `write-audit`: chain committed events, each exactly once (G5).
//!
//! What is promised of a batch, however it was split, mixed, doubled or broken off before:
//!
//! - each of its events has one entry, and the numbers of the entries have no gap;
//! - within one request or hold, entries follow the numbers of the events, as far as these are in hand
//!   together. One that comes after a later one was chained (it was re-driven) stands where it came;
//! - an event that can never be chained stops nobody: somebody is told of it, and the others go on;
//! - tenants do not wait for each other. What fails is delivered again from the first event on that is
//!   not chained, and those behind it that are chained are left as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use audit::{Block, Entry, Head, MOST_ENTRIES};
use domain::TenantId;
use domain::event::{About, Event, EventKind};
use futures::{StreamExt, stream};
use ports::{AuditLog, Budget, Class, Code, DeadLetter, DeadLetters, Delivered, Fault};

use crate::error::StepError;

/// How often a block is built anew when another writer took its place.
const TRIES: u32 = 10;
/// Tenants whose events are chained at once.
const AT_ONCE: usize = 8;
/// How often an event may have come again before its letter is taken to be in the queue: the sweeper brings
/// it every five minutes, for as long as it is not chained.
const TOLD: u32 = 3;

/// What the step needs.
pub struct Ports {
    /// The audit table.
    pub audit_log: Arc<dyn AuditLog>,
    /// Who is told of events that can never be chained.
    pub dead_letters: Arc<dyn DeadLetters>,
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many of its events can never be chained.
    pub poison: usize,
    /// The place in the stream of the first event that has to come again, and why.
    pub failed: Option<(String, StepError)>,
}

/// Runs the step on a batch of the stream, in its order. Doing it twice adds nothing.
pub async fn run(ports: &Ports, batch: &[Delivered], budget: &dyn Budget) -> Written {
    let mut by_tenant: BTreeMap<&TenantId, Vec<Waiting>> = BTreeMap::new();
    let mut unreadable = Done::default();
    for (at, delivered) in batch.iter().enumerate() {
        match &delivered.event {
            Some(event) => by_tenant.entry(&event.tenant).or_default().push(Waiting { at, event }),
            None => match tell(ports, delivered, Code::EventUnreadable).await {
                Ok(()) => unreadable.poison += 1,
                Err(fault) => unreadable.fail(at, fault.into()),
            },
        }
    }
    let chains = by_tenant.into_iter().map(|(tenant, events)| Chaining {
        ports,
        batch,
        tenant,
        budget,
        rest: in_order(events),
    });
    let done = stream::iter(chains).map(Chaining::run).buffer_unordered(AT_ONCE);
    let all = done.fold(unreadable, async |all, done| all.and(done)).await;
    let sequence = |at: usize| batch.get(at).map(|d| d.sequence.clone()).unwrap_or_default();
    Written { poison: all.poison, failed: all.failed.map(|(at, error)| (sequence(at), error)) }
}

/// An event, and its place in the batch.
#[derive(Debug, Clone, Copy)]
struct Waiting<'a> {
    at: usize,
    event: &'a Event,
}

/// What came of some events of a batch: how many are poison, and which was the first to fail.
#[derive(Debug, Default)]
struct Done {
    poison: usize,
    failed: Option<(usize, StepError)>,
}

impl Done {
    fn fail(&mut self, at: usize, error: StepError) {
        if self.failed.as_ref().is_none_or(|(first, _)| at < *first) {
            self.failed = Some((at, error));
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.poison += other.poison;
        if let Some((at, error)) = other.failed {
            self.fail(at, error);
        }
        self
    }
}

/// Each event once, in the order of their arrival; but the places of one request's or hold's events are
/// taken in the order of their numbers.
fn in_order(arrived: Vec<Waiting<'_>>) -> Vec<Waiting<'_>> {
    let mut seen = BTreeSet::new();
    let once: Vec<Waiting> =
        arrived.into_iter().filter(|one| seen.insert((about(one.event), one.event.n))).collect();
    let mut by_subject: BTreeMap<&str, Vec<Waiting>> = BTreeMap::new();
    for one in &once {
        by_subject.entry(about(one.event)).or_default().push(*one);
    }
    for events in by_subject.values_mut() {
        events.sort_unstable_by_key(|one| std::cmp::Reverse(one.event.n));
    }
    let next = |one: &Waiting| by_subject.get_mut(about(one.event)).and_then(Vec::pop);
    once.iter().filter_map(next).collect()
}

fn about(event: &Event) -> &str {
    match &event.about {
        About::Request(id) => id.as_str(),
        About::Hold(id) => id.as_str(),
        About::Store(id) => id.as_str(),
        About::Pack(id) => id.as_str(),
    }
}

/// The events of one tenant, on their way into its chain.
struct Chaining<'a> {
    ports: &'a Ports,
    batch: &'a [Delivered],
    tenant: &'a TenantId,
    budget: &'a dyn Budget,
    /// Those that are not chained yet.
    rest: Vec<Waiting<'a>>,
}

impl Chaining<'_> {
    async fn run(mut self) -> Done {
        let mut done = Done::default();
        if let Err(error) = self.chain(&mut done.poison).await
            && let Some(first) = self.rest.iter().map(|one| one.at).min()
        {
            done.fail(first, error);
        }
        done
    }

    async fn chain(&mut self, poison: &mut usize) -> Result<(), StepError> {
        let (mut lost, mut most) = (0, MOST_ENTRIES);
        let mut known: Option<Head> = None;
        while !self.rest.is_empty() {
            if self.budget.is_spent() {
                return Err(fault(Class::Transient, "out-of-time").into());
            }
            let head = if let Some(head) = known.take() {
                head
            } else {
                self.drop_chained().await?;
                self.ports.audit_log.head(self.tenant).await?
            };
            let events: Vec<Event> = self.rest.iter().take(most).map(|one| one.event.clone()).collect();
            let Some(block) = Block::after(&head, self.tenant, &events, legal_basis) else {
                return Ok(());
            };
            match self.ports.audit_log.append(&block).await {
                Ok(true) => {
                    self.rest.drain(..block.entries.len());
                    most = most.saturating_mul(2).min(MOST_ENTRIES);
                    known = Some(block.head());
                }
                Ok(false) => {
                    lost += 1;
                    if lost >= TRIES {
                        return Err(fault(Class::Throttled, "other writers were first ten times").into());
                    }
                }
                // Which of them it is, smaller blocks tell.
                Err(refused) if refused.code == Code::EventUnchainable && block.entries.len() > 1 => {
                    most = block.entries.len() / 2;
                    known = Some(head);
                }
                Err(refused) if refused.code == Code::EventUnchainable => {
                    let delivered = self.rest.first().and_then(|one| self.batch.get(one.at));
                    if let Some(delivered) = delivered {
                        tell(self.ports, delivered, Code::EventUnchainable).await?;
                    }
                    self.rest.remove(0);
                    *poison += 1;
                    known = Some(head);
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    /// Leaves out what has an entry.
    async fn drop_chained(&mut self) -> Result<(), Fault> {
        let events: Vec<Event> = self.rest.iter().map(|one| one.event.clone()).collect();
        let unchained = self.ports.audit_log.unchained(self.tenant, &events).await?;
        let unchained: BTreeSet<String> = unchained.iter().map(Entry::event_key).collect();
        self.rest.retain(|one| unchained.contains(&Entry::event_key(one.event)));
        Ok(())
    }
}

/// Tells of an event that can never be chained.
async fn tell(ports: &Ports, delivered: &Delivered, code: Code) -> Result<(), Fault> {
    if delivered.redriven > TOLD {
        return Ok(());
    }
    let (key, sequence) = (delivered.key.clone(), delivered.sequence.clone());
    ports.dead_letters.put(&DeadLetter { key, sequence, code }).await
}

fn fault(class: Class, detail: &str) -> Fault {
    Fault::new(class, Code::ControlUnavailable, "append", "audit", detail)
}

/// What the processing that an event reports rests on.
fn legal_basis(event: &Event) -> String {
    match event.kind {
        EventKind::HoldPlaced | EventKind::HoldReleased => "GDPR Art. 17(3)",
        _ => "GDPR Art. 5(2)",
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
