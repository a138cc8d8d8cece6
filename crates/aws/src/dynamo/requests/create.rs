//! Taking a request in.

use domain::Pseudonym;
use domain::event::About;
use ports::control::NewRequest;
use ports::{Class, Code, Fault, Refused};

use super::{RequestsTable, answers};
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{self, Item, NewItem, s};
use crate::dynamo::keys;
use crate::dynamo::transaction::{Cancelled, Transaction};

/// What an action is for.
enum Part {
    Request,
    Event,
    Open(Pseudonym),
    Answer,
}

impl RequestsTable {
    pub(super) async fn put_new(&self, new: &NewRequest) -> Result<(), Refused> {
        self.check_numbers(new)?;
        let sent = self.creation(new)?.send(&self.table.client, &self.table.name);
        match sent.await {
            Ok(()) => Ok(()),
            Err(Cancelled::Fault(fault)) => Err(fault.into()),
            Err(Cancelled::Refused(failed)) => self.explain_creation(new, &failed).await,
        }
    }

    fn check_numbers(&self, new: &NewRequest) -> Result<(), Fault> {
        let (request, event) = (&new.request, &new.event);
        let matches = event.n == 1
            && request.events == 1
            && event.tenant == request.tenant
            && event.about == About::Request(request.id.clone());
        matches.then_some(()).ok_or_else(|| {
            Fault::new(
                Class::Permanent,
                Code::ControlUnavailable,
                "dynamodb:TransactWriteItems",
                &self.table.name,
                "the event is not the request's first",
            )
        })
    }

    fn creation(&self, new: &NewRequest) -> Result<Transaction<Part>, Fault> {
        let (request, table) = (&new.request, &self.table.name);
        let absent = || Some(Condition::absent());
        let mut transaction = Transaction::new();
        let key = keys::request(&request.tenant, &request.id);
        transaction.put(Part::Request, table, key, items::request(request)?, absent());
        let key = keys::event(&new.event);
        transaction.put(Part::Event, table, key, items::event(&new.event, self.clock.now())?, absent());
        let mut subject = request.subject.clone();
        subject.sort();
        subject.dedup();
        let owners = std::iter::once(&request.id).chain(&new.beyond);
        for one in subject {
            let key = keys::open(&request.tenant, request.kind, &one);
            let item = NewItem::new(&key).with("owner", s(request.id.as_str()));
            let free = Some(Condition::absent_or_owned_by_any(owners.clone()));
            transaction.put(Part::Open(one), table, key, item.build(), free);
        }
        if let Some(answer) = &new.remember {
            let key = keys::idempotency(&request.tenant, &answer.key);
            let item = answers::item(&request.tenant, answer)?;
            let free = Some(answers::forgotten(self.clock.now()));
            transaction.put(Part::Answer, table, key, item, free);
        }
        Ok(transaction)
    }

    /// An idempotency key comes before an open request: who repeats a call is owed the first answer.
    async fn explain_creation(
        &self,
        new: &NewRequest,
        failed: &[(Part, Option<Item>)],
    ) -> Result<(), Refused> {
        let request = &new.request;
        // The first event never changes, while the request may have moved on since a lost answer.
        if self.has_event(&new.event).await? {
            return Ok(());
        }
        if failed.iter().any(|(part, _)| matches!(part, Part::Answer)) {
            return Err(Refused::Remembered);
        }
        for (part, item) in failed {
            let Part::Open(one) = part else { continue };
            let owner = if let Some(item) = item {
                Some(self.owner_of(item)?)
            } else {
                let key = keys::open(&request.tenant, request.kind, one);
                self.owner(&key).await?
            };
            if let Some(owner) = owner.filter(|owner| !new.beyond.contains(owner)) {
                return Err(Refused::Open(owner));
            }
        }
        // The id is taken, the marker has gone since, or another transaction was at an item.
        Err(Refused::Conflict)
    }
}
