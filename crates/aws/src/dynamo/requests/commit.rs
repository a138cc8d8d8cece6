//! Committing a change.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use domain::event::About;
use domain::{Pseudonym, Request};
use ports::control::Change;
use ports::{Class, Code, Fault, Refused};

use super::RequestsTable;
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{self, Item, NewItem, n, s, text};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::transaction::{Cancelled, Transaction};

/// The attribute of an event's item that names the change it came with.
const FINGERPRINT: &str = "change";

/// What an action is for.
enum Part {
    Request,
    Event,
    Task,
    Statement,
    Lock(Pseudonym),
    Release(Key),
    Holder,
    Waiter,
    Guard,
}

/// What a cancelled transaction means, if it is no refusal.
enum Verdict {
    /// It is an earlier attempt's: that one went through, and its answer was lost.
    Applied,
    /// These locks and markers belong to other requests, so they are not for us to release.
    NotOurs(Vec<Key>),
}

impl RequestsTable {
    pub(super) async fn put_change(&self, change: &Change) -> Result<(), Refused> {
        self.check_change(change)?;
        let fingerprint = fingerprint(change);
        let mut not_ours = BTreeSet::new();
        // Each turn leaves something out that the turn before would have released, so it ends.
        loop {
            let transaction = self.transaction(change, &fingerprint, &not_ours)?;
            let sent = transaction.send(&self.table.client, &self.table.name);
            let failed = match sent.await {
                Ok(()) => return Ok(()),
                Err(Cancelled::Fault(fault)) => return Err(fault.into()),
                Err(Cancelled::Refused(failed)) => failed,
            };
            match self.explain(change, &fingerprint, failed).await? {
                Verdict::Applied => return Ok(()),
                Verdict::NotOurs(keys) => not_ours.extend(keys),
            }
        }
    }

    /// Whether an earlier attempt at this very change went through, and its answer was lost. The
    /// event's item keeps the change's fingerprint, so this can be told for ever, and whatever the
    /// request has become since.
    async fn is_applied(&self, change: &Change, fingerprint: &str) -> Result<bool, Fault> {
        let item = self.table.get(&keys::event(&change.event)).await?;
        Ok(item.is_some_and(|item| text(&item, FINGERPRINT) == Some(fingerprint)))
    }

    fn check_change(&self, change: &Change) -> Result<(), Fault> {
        let (request, event) = (&change.request, &change.event);
        let matches = event.n == request.events
            && request.events > 0
            && event.tenant == request.tenant
            && event.about == About::Request(request.id.clone());
        matches.then_some(()).ok_or_else(|| {
            Fault::new(
                Class::Permanent,
                Code::ControlUnavailable,
                "dynamodb:TransactWriteItems",
                &self.table.name,
                "the event is not the request's next",
            )
        })
    }

    fn transaction(
        &self,
        change: &Change,
        fingerprint: &str,
        not_ours: &BTreeSet<Key>,
    ) -> Result<Transaction<Part>, Fault> {
        let (request, table) = (&change.request, &self.table.name);
        let (tenant, me) = (&request.tenant, &request.id);
        let mut transaction = Transaction::new();
        let key = keys::request(tenant, me);
        let current = Condition::new("#generation = :generation AND #events = :events")
            .name("#generation", "generation")
            .name("#events", "events")
            .value(":generation", n(&change.expected))
            .value(":events", n(&before(request)));
        transaction.put(Part::Request, table, key, items::request(request)?, Some(current));
        let key = keys::event(&change.event);
        let mut event = items::event(&change.event, self.clock.now())?;
        event.insert(FINGERPRINT.to_owned(), s(fingerprint));
        transaction.put(Part::Event, table, key, event, Some(Condition::absent()));
        for task in &change.tasks {
            let key = keys::task(tenant, me, task);
            let item = NewItem::new(&key).doc(task)?.build();
            transaction.put(Part::Task, table, key, item, None);
        }
        if let Some(statement) = &change.statement {
            let key = keys::statement(tenant, me, request.events);
            let item = NewItem::new(&key).with("doc", s(statement)).build();
            transaction.put(Part::Statement, table, key, item, None);
        }
        let free = Condition::absent_or_owned_by(me);
        for subject in distinct(&change.lock) {
            let key = keys::lock(tenant, subject);
            let item = NewItem::new(&key).with("owner", s(me.as_str())).build();
            let part = Part::Lock(subject.clone());
            transaction.put(part, table, key, item, Some(free.clone()));
        }
        for key in released(change).into_iter().filter(|k| !not_ours.contains(k)) {
            transaction.delete(Part::Release(key.clone()), table, key, &free);
        }
        if let Some(subject) = &change.wait_for {
            let another = Condition::owned_by_another_than(me);
            transaction.check(Part::Holder, table, keys::lock(tenant, subject), &another);
            let key = keys::waiter(tenant, subject, me);
            let item = NewItem::new(&key).with("owner", s(me.as_str())).build();
            transaction.put(Part::Waiter, table, key, item, None);
        }
        let unheld = Condition::new("attribute_not_exists(pk) OR #active = :zero")
            .name("#active", "active")
            .value(":zero", n(&0));
        for subject in distinct(&change.unless_held) {
            let key = keys::guard(tenant, subject);
            transaction.check(Part::Guard, &self.holds, key, &unheld);
        }
        Ok(transaction)
    }

    /// What is stored decides first, whatever else failed: a change that went through must not look
    /// like another's, and a superseded execution must learn that it is superseded.
    async fn explain(
        &self,
        change: &Change,
        fingerprint: &str,
        failed: Vec<(Part, Option<Item>)>,
    ) -> Result<Verdict, Refused> {
        if self.is_applied(change, fingerprint).await? {
            return Ok(Verdict::Applied);
        }
        let is_request = |(part, _): &&(Part, Option<Item>)| matches!(part, Part::Request);
        let request_failed = failed.iter().find(is_request);
        let stored = match request_failed.and_then(|(_, item)| item.as_ref()) {
            Some(item) => Some(self.decode::<Request>(item)?),
            // Not returned, or fine: read it, strongly consistent.
            None => self.get(&change.request.tenant, &change.request.id).await?,
        };
        let Some(stored) = stored else {
            return Err(Refused::Conflict);
        };
        if stored.generation != change.expected {
            return Err(Refused::Stale);
        }
        if stored.events != before(&change.request) || request_failed.is_some() {
            return Err(Refused::Conflict);
        }
        let mut refused = Refused::Conflict;
        let mut not_ours = Vec::new();
        for (part, _) in failed {
            match part {
                Part::Guard => return Err(Refused::Held),
                Part::Lock(subject) => refused = Refused::Locked(subject),
                Part::Release(key) => not_ours.push(key),
                Part::Request | Part::Event | Part::Task | Part::Statement | Part::Holder | Part::Waiter => {}
            }
        }
        match refused {
            Refused::Conflict if !not_ours.is_empty() => Ok(Verdict::NotOurs(not_ours)),
            refused => Err(refused),
        }
    }
}

/// SHA-256, in hex, of all that a change says.
fn fingerprint(change: &Change) -> String {
    let all = (
        (&change.request, change.expected, &change.event),
        (&change.tasks, &change.lock, &change.unlock),
        (&change.wait_for, &change.unless_held, &change.statement),
    );
    // What cannot be written as JSON is refused when its item is made, before anything is sent.
    let json = serde_json::to_vec(&all).unwrap_or_default();
    hex::encode(digest(&SHA256, &json))
}

/// The number of events that the stored request must have.
fn before(request: &Request) -> u32 {
    request.events.saturating_sub(1)
}

/// Each once: one transaction may name an item once.
fn distinct(subjects: &[Pseudonym]) -> BTreeSet<&Pseudonym> {
    subjects.iter().collect()
}

/// The locks to release, and, when the request ends, the markers that it is open: whether it ever
/// held a lock or not, its person may ask again.
fn released(change: &Change) -> Vec<Key> {
    let request = &change.request;
    let locks = distinct(&change.unlock).into_iter().map(|subject| keys::lock(&request.tenant, subject));
    let closes = request.status.is_end();
    let open = distinct(&request.subject)
        .into_iter()
        .filter(|_| closes)
        .map(|subject| keys::open(&request.tenant, request.kind, subject));
    locks.chain(open).collect()
}
