//! Requests that Lacuna makes itself, for people whom the ledger knows.
//!
//! No caller of the API can make one: what it is to be made with is filed here, and its origin is set here.

use std::collections::BTreeSet;

use domain::clock::Jurisdiction;
use domain::event::{About, EnterAt, Event, EventKind};
use domain::ledger::Clue;
use domain::request::{Origin, Request, RequestType, Verification};
use domain::{Pseudonym, RequestId, TenantId};
use jiff::Timestamp;
use ports::{Class, Clock, Code, Entropy, Fault, Keyring, NewRequest, Refused, Requests, Staging};

use crate::change::first_look;
use crate::error::StepError;
use crate::papers::{Papers, Subject};
use crate::subject::Pseudonymiser;

/// How the person was verified: by the ledger, which knows them.
pub(crate) const LEDGER: &str = "ledger";

/// How often it is tried anew when other requests for the person come and go.
const TRIES: u32 = 8;

/// Who asks, as the audit names them, and with what.
pub(crate) struct Asking<'a> {
    /// The requests.
    pub requests: &'a dyn Requests,
    /// The keys.
    pub keyring: &'a dyn Keyring,
    /// The papers.
    pub staging: &'a dyn Staging,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Chance.
    pub entropy: &'a dyn Entropy,
    /// Who asks.
    pub who: &'a str,
}

/// A request to be made.
pub(crate) struct Wish<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Its id: always the same for the same wish, so that it is made once.
    pub id: &'a RequestId,
    /// What it goes back to.
    pub origin: Origin,
    /// The catalog that it is planned with.
    pub catalog_version: &'a str,
    /// What the verification refers to; `None`: somebody else has to verify it.
    pub reference: Option<&'a str>,
}

/// The id of a request that is made for these reasons: the same each time.
pub(crate) fn id_of(at: Timestamp, reasons: &[&str]) -> RequestId {
    let mut bytes = Vec::new();
    for reason in reasons {
        bytes.extend((reason.len() as u64).to_be_bytes());
        bytes.extend(reason.as_bytes());
    }
    let random = vault::sha256(&bytes).iter().take(16).fold(0, |all, byte| (all << 8) | u128::from(*byte));
    RequestId::new(at, random)
}

impl Asking<'_> {
    /// Keeps what of a person a request is to be made with. Fine however often, and in pieces, before it is made.
    pub(crate) async fn keep(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        clues: &BTreeSet<Clue>,
    ) -> Result<Subject, StepError> {
        let papers = Papers { keyring: self.keyring, staging: self.staging, entropy: self.entropy };
        papers.file_seeds(tenant, id, clues).await
    }

    /// Makes a request of what was kept, if it is not there: `true` if it was made now.
    pub(crate) async fn make(&self, wish: &Wish<'_>) -> Result<bool, StepError> {
        for _ in 0..TRIES {
            if self.requests.load(wish.tenant, wish.id).await?.is_some() {
                return Ok(false);
            }
            let subject = self.keep(wish.tenant, wish.id, &BTreeSet::new()).await?;
            let names = Pseudonymiser::of(self.keyring, wish.tenant).await?;
            let people = subject.identities.iter().map(|identity| names.subject(identity));
            let mut people = people.collect::<Result<Vec<Pseudonym>, _>>()?;
            people.sort();
            people.dedup();
            // An open one may not know all that this one does, and waits its turn or has it.
            let beyond = self.requests.open_requests(wish.tenant, RequestType::Erasure, &people).await?;
            let request = self.request(wish, &names, people).await?;
            let event = self.accepted(&request);
            match self.requests.create(&NewRequest { request, event, remember: None, beyond }).await {
                Ok(()) => return Ok(true),
                Err(Refused::Fault(fault)) => return Err(fault.into()),
                // Somebody was first: with this very request, or with another for the person.
                Err(_) => {}
            }
        }
        let detail = "requests for one person come and go";
        Err(Fault::new(Class::Throttled, Code::ControlUnavailable, "create", "requests", detail).into())
    }

    async fn request(
        &self,
        wish: &Wish<'_>,
        names: &Pseudonymiser,
        subject: Vec<Pseudonym>,
    ) -> Result<Request, StepError> {
        let now = self.clock.now();
        let original = self.requests.load(wish.tenant, &wish.origin.request).await?;
        let jurisdiction = original.map_or(Jurisdiction::Eu, |original| original.jurisdiction);
        let reference = wish.reference.map(|reference| names.reference(reference)).transpose()?;
        let verification =
            reference.map(|reference| Verification { method: LEDGER.to_owned(), at: now, reference });
        let whose = (wish.tenant.clone(), wish.id.clone());
        let received = Request::received(whose, RequestType::Erasure, jurisdiction, verification, now);
        Ok(Request {
            progress_by: first_look(&received),
            subject,
            subject_object: crate::papers::subject_object(wish.tenant, wish.id),
            catalog_version: wish.catalog_version.to_owned(),
            origin: Some(wish.origin.clone()),
            ..received
        })
    }

    fn accepted(&self, request: &Request) -> Event {
        let mut detail = vec![
            ("type".to_owned(), request.kind.as_str().to_owned()),
            ("jurisdiction".to_owned(), request.jurisdiction.as_str().to_owned()),
            ("due_by".to_owned(), request.due_by.to_string()),
            ("catalog_version".to_owned(), request.catalog_version.clone()),
        ];
        if let Some(origin) = &request.origin {
            detail.push(("erased_before_by".to_owned(), origin.request.to_string()));
            detail.extend(origin.replay.iter().map(|replay| ("replay".to_owned(), replay.to_string())));
            detail.extend(origin.only_in().map(|store| ("only_in".to_owned(), store.to_string())));
        }
        let verification = request.verification.as_ref();
        detail.extend(verification.map(|v| ("verified_by".to_owned(), v.method.clone())));
        Event {
            tenant: request.tenant.clone(),
            about: About::Request(request.id.clone()),
            n: 1,
            at: request.received_at,
            kind: EventKind::Accepted,
            who: self.who.to_owned(),
            generation: request.generation,
            status: Some(request.status),
            store: None,
            tally: None,
            why: None,
            detail: detail.into_iter().collect(),
            wake: verification.map(|_| EnterAt::Plan),
        }
    }
}
