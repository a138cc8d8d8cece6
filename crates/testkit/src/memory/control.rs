//! The state of the `requests` and `holds` tables, and what one transaction may do to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::event::{About, Event};
use domain::hold::Hold;
use domain::{HoldId, Operation, Pseudonym, Request, RequestId, StoreId, Task, TenantId};
use jiff::Timestamp;
use ports::control::Remembered;
use ports::{Change, Class, Code, Delivered, Fault, Minute, NewRequest, Refused};

use super::events;

/// Actions of one transaction at the most: the limit of `DynamoDB`.
const MOST_ACTIONS: usize = 100;

/// Both tables: a hold and a change exclude each other, so one lock guards them.
#[derive(Default)]
pub(super) struct Control {
    pub(super) requests: BTreeMap<(TenantId, RequestId), Stored>,
    pub(super) locks: BTreeMap<(TenantId, Pseudonym), RequestId>,
    pub(super) waiting: BTreeMap<(TenantId, Pseudonym), BTreeSet<RequestId>>,
    pub(super) open: BTreeMap<(TenantId, &'static str, Pseudonym), RequestId>,
    pub(super) remembered: BTreeMap<(TenantId, Pseudonym), Remembered>,
    pub(super) holds: BTreeMap<(TenantId, HoldId), StoredHold>,
    pub(super) stream: VecDeque<Delivered>,
    pub(super) history: Vec<Event>,
    pub(super) lists: events::Lists,
    delivered: u64,
}

/// A request and what belongs to it.
pub(super) struct Stored {
    pub(super) request: Request,
    pub(super) tasks: BTreeMap<(Operation, StoreId), Task>,
    pub(super) events: Vec<Event>,
    /// The statements of receipts, by the number of the event that has the hash.
    pub(super) statements: BTreeMap<u32, String>,
    /// What was committed, to know a repetition from another writer.
    changes: Vec<Change>,
}

/// A hold and its events.
pub(super) struct StoredHold {
    pub(super) hold: Hold,
    pub(super) events: Vec<Event>,
}

impl Control {
    /// Puts an event where every committed event goes.
    pub(super) fn record(&mut self, event: &Event, now: Timestamp) {
        self.lists.add(event, Minute::of(now));
        self.history.push(event.clone());
        let delivered = self.delivery(event, 0);
        self.stream.push_back(delivered);
    }

    /// The event that is there with this one's subject and number.
    pub(super) fn noted(&self, event: &Event) -> Option<Event> {
        let key = events::key(event);
        self.history.iter().find(|there| events::key(there) == key).cloned()
    }

    /// An event as the stream delivers it next.
    pub(super) fn delivery(&mut self, event: &Event, redriven: u32) -> Delivered {
        self.delivered += 1;
        let (key, sequence) = (events::key(event), self.delivered.to_string());
        Delivered { key, sequence, redriven, event: Some(event.clone()) }
    }

    /// Takes a request in. A repetition of what was taken in is fine.
    pub(super) fn create(&mut self, new: &NewRequest, now: Timestamp) -> Result<(), Refused> {
        let request = &new.request;
        let whole = request.events == 1 && new.event.n == 1 && is_of(&new.event, request);
        if !whole {
            return Err(malformed("requests.create", request, "not its first event").into());
        }
        let id = (request.tenant.clone(), request.id.clone());
        if let Some(stored) = self.requests.get(&id) {
            return if stored.events.first() == Some(&new.event) { Ok(()) } else { Err(Refused::Conflict) };
        }
        // A used key is answered first: the repetition of a request finds its own request open.
        if let Some(remember) = &new.remember {
            self.check_key(&request.tenant, remember, now)?;
        }
        for subject in &request.subject {
            let marker = open_marker(request, subject);
            if let Some(other) = self.open.get(&marker).filter(|other| !new.beyond.contains(other)) {
                return Err(Refused::Open(other.clone()));
            }
        }
        for subject in &request.subject {
            self.open.insert(open_marker(request, subject), request.id.clone());
        }
        if let Some(remember) = &new.remember {
            self.remembered.insert((request.tenant.clone(), remember.key.clone()), remember.clone());
        }
        self.requests.insert(
            id,
            Stored {
                request: request.clone(),
                tasks: BTreeMap::new(),
                events: vec![new.event.clone()],
                statements: BTreeMap::new(),
                changes: Vec::new(),
            },
        );
        self.record(&new.event, now);
        Ok(())
    }

    /// Remembers an answer. A repetition of the same is fine.
    pub(super) fn remember(
        &mut self,
        tenant: &TenantId,
        answer: &Remembered,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let key = (tenant.clone(), answer.key.clone());
        if self.remembered.get(&key) == Some(answer) {
            return Ok(());
        }
        self.check_key(tenant, answer, now)?;
        self.remembered.insert(key, answer.clone());
        Ok(())
    }

    fn check_key(&self, tenant: &TenantId, answer: &Remembered, now: Timestamp) -> Result<(), Refused> {
        let used = self
            .remembered
            .get(&(tenant.clone(), answer.key.clone()))
            .is_some_and(|old| old.expires_at > now);
        if used { Err(Refused::Remembered) } else { Ok(()) }
    }

    /// Commits a change. A repetition of what was committed is fine: its answer was lost.
    pub(super) fn commit(&mut self, change: &Change, now: Timestamp) -> Result<(), Refused> {
        check_form(change)?;
        let id = (change.request.tenant.clone(), change.request.id.clone());
        let stored = self.requests.get(&id).ok_or(Refused::Conflict)?;
        if stored.changes.iter().any(|done| done == change) {
            return Ok(());
        }
        if stored.request.generation != change.expected {
            return Err(Refused::Stale);
        }
        if stored.request.events + 1 != change.event.n {
            return Err(Refused::Conflict);
        }
        if !stored.request.status.may_become(change.request.status) {
            let fault = malformed("requests.commit", &change.request, "a transition that the table lacks");
            return Err(fault.into());
        }
        self.check_others(change)?;
        self.apply(change, now);
        Ok(())
    }

    /// The conditions on what is not the request itself.
    fn check_others(&self, change: &Change) -> Result<(), Refused> {
        let request = &change.request;
        if self.standing(&request.tenant, &change.unless_held).next().is_some() {
            return Err(Refused::Held);
        }
        for subject in &change.lock {
            let owner = self.locks.get(&(request.tenant.clone(), subject.clone()));
            if owner.is_some_and(|owner| *owner != request.id) {
                return Err(Refused::Locked(subject.clone()));
            }
        }
        if let Some(subject) = &change.wait_for {
            let owner = self.locks.get(&(request.tenant.clone(), subject.clone()));
            // Behind itself it would wait for ever.
            if owner.is_none_or(|owner| *owner == request.id) {
                return Err(Refused::Conflict);
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: &Change, now: Timestamp) {
        let request = &change.request;
        let tenant = &request.tenant;
        for subject in &change.lock {
            self.locks.insert((tenant.clone(), subject.clone()), request.id.clone());
        }
        for subject in &change.unlock {
            let key = (tenant.clone(), subject.clone());
            if self.locks.get(&key) == Some(&request.id) {
                self.locks.remove(&key);
            }
        }
        if closes(change) {
            for subject in &request.subject {
                let marker = open_marker(request, subject);
                if self.open.get(&marker) == Some(&request.id) {
                    self.open.remove(&marker);
                }
            }
        }
        if let Some(subject) = &change.wait_for {
            let queue = self.waiting.entry((tenant.clone(), subject.clone())).or_default();
            queue.insert(request.id.clone());
        }
        if let Some(stored) = self.requests.get_mut(&(tenant.clone(), request.id.clone())) {
            stored.request = request.clone();
            stored.events.push(change.event.clone());
            if let Some(statement) = &change.statement {
                stored.statements.insert(change.event.n, statement.clone());
            }
            for task in &change.tasks {
                stored.tasks.insert((task.op, task.store.clone()), task.clone());
            }
            stored.changes.push(change.clone());
        }
        self.record(&change.event, now);
    }

    /// The holds that stand on any of these identities.
    pub(super) fn standing<'a>(
        &'a self,
        tenant: &'a TenantId,
        subjects: &'a [Pseudonym],
    ) -> impl Iterator<Item = &'a Hold> + 'a {
        self.holds.values().map(|stored| &stored.hold).filter(move |hold| {
            hold.tenant == *tenant && hold.released_at.is_none() && subjects.contains(&hold.subject)
        })
    }
}

/// The key of the marker that a request of this type is open for this identity.
fn open_marker(request: &Request, subject: &Pseudonym) -> (TenantId, &'static str, Pseudonym) {
    (request.tenant.clone(), request.kind.as_str(), subject.clone())
}

/// Whether the markers of an open request go. A request that never held a lock ends without
/// releasing one, and its marker must not keep the person from asking again.
fn closes(change: &Change) -> bool {
    change.request.status.is_end()
}

fn distinct(subjects: &[Pseudonym]) -> BTreeSet<&Pseudonym> {
    subjects.iter().collect()
}

fn is_of(event: &Event, request: &Request) -> bool {
    event.tenant == request.tenant && event.about == About::Request(request.id.clone())
}

/// What the real table would refuse, or what would make its items contradict each other.
fn check_form(change: &Change) -> Result<(), Fault> {
    let request = &change.request;
    let wrong = |detail| Err(malformed("requests.commit", request, detail));
    if !is_of(&change.event, request) {
        return wrong("the event is another request's");
    }
    if change.event.n != request.events {
        return wrong("the event is not the one that the request counts last");
    }
    let mut tasks = BTreeSet::new();
    if !change.tasks.iter().all(|t| tasks.insert((t.op, &t.store))) {
        return wrong("a task is there twice");
    }
    let (lock, unlock) = (distinct(&change.lock), distinct(&change.unlock));
    if !lock.is_disjoint(&unlock) {
        return wrong("one lock is taken and released at once");
    }
    let markers = usize::from(closes(change)) * distinct(&request.subject).len();
    let waits = 2 * usize::from(change.wait_for.is_some());
    let guards = distinct(&change.unless_held).len();
    let actions = 2 + change.tasks.len() + lock.len() + unlock.len() + markers + waits + guards;
    if actions > MOST_ACTIONS {
        return wrong("more actions than one transaction may have");
    }
    Ok(())
}

fn malformed(operation: &'static str, request: &Request, detail: &str) -> Fault {
    Fault::new(Class::Permanent, Code::StepFailed, operation, request.id.as_str(), detail)
}
