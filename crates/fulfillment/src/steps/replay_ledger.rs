//! `replay-ledger`: erase again, from a store that was restored, whoever was erased after its backup was taken (G8).
//!
//! A replay walks the store, page by page, and asks the ledger about each record. What it knows of a person it keeps
//! as the sealed beginning of a request, one for each request that had erased somebody; when the walk is at its end
//! the requests are made, and each goes the way of any erasure: located, sanctioned, erased, confirmed, audited. When
//! all have ended it walks again. It is done when a walk finds nobody: what was erased is not believed, it is read.
//!
//! Every call goes on from what is stored. A page that is handled twice adds nothing, and the id of a request is made
//! of the replay, the walk and the request before, so it is made once.

use std::sync::Arc;

use domain::event::EventKind;
use domain::ledger::{Found, Phase, Replay, ReplayStatus, walked};
use domain::request::Origin;
use domain::{ReplayId, RequestId, Status, TenantId};
use ports::{Budget, Catalogs, Class, Clock, Entropy, Keyring, Ledger, Requests, Staging, Stores, Turn};
use zeroize::Zeroizing;

use crate::error::StepError;
use crate::ledger::Marks;
use crate::ledger::asking::{Asking, Wish, id_of};
use crate::ledger::looking::Look;
use crate::ledger::standing::{ended, event};

/// Replays that one call looks after at the most; the next call goes on.
const MOST: usize = 20;

/// People who are read from the list of a walk at once.
const SOME: usize = 100;

/// Who does it, as the audit names them.
const WHO: &str = "step:replay-ledger";

/// What the step needs.
pub struct Ports {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The stores.
    pub stores: Arc<dyn Stores>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl Ports {
    pub(crate) fn asking(&self) -> Asking<'_> {
        Asking {
            requests: &*self.requests,
            keyring: &*self.keyring,
            staging: &*self.staging,
            clock: &*self.clock,
            entropy: &*self.entropy,
            who: WHO,
        }
    }
}

/// What comes next.
enum Next {
    /// This is how far it is.
    Go(Box<Replay>),
    /// It ends like this.
    End(Box<Replay>),
    /// Nothing, before some time has passed.
    Rest,
}

/// Runs the step: brings every running replay on, as far as the time and its rate allow; how many there are. One that
/// fails does not keep the others from it: its error is the step's, after all had their turn.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Result<usize, StepError> {
    let running = ports.ledger.running(MOST).await?;
    let mut failed = None;
    for (tenant, id) in &running {
        if budget.is_spent() {
            break;
        }
        if let Err(error) = bring_on(ports, tenant, id, budget).await {
            failed = failed.or(Some(error));
        }
    }
    failed.map_or(Ok(running.len()), Err)
}

async fn bring_on(
    ports: &Ports,
    tenant: &TenantId,
    id: &ReplayId,
    budget: &dyn Budget,
) -> Result<(), StepError> {
    let Some(mut replay) = ports.ledger.replay(tenant, id).await? else { return Ok(()) };
    while replay.status == ReplayStatus::Running {
        let step = match replay.phase {
            Phase::Walking => walk(ports, &replay).await,
            Phase::Asking => ask(ports, &replay).await,
            Phase::Waiting => wait(ports, &replay).await,
        };
        let next = match step {
            Ok(next) => next,
            Err(StepError::Fault(fault)) if fault.class == Class::Permanent => {
                end(ports, &replay, failed(&replay, fault.code.as_str())).await?;
                return Err(fault.into());
            }
            Err(error) => return Err(error),
        };
        match next {
            Next::Rest => return Ok(()),
            Next::End(next) => return end(ports, &replay, *next).await,
            Next::Go(mut next) => {
                next.at = ports.clock.now();
                let turn = Turn { replay: Some((Some(replay), (*next).clone())), ..Turn::default() };
                if !ports.ledger.take(&turn).await? {
                    // Another call is at it.
                    return Ok(());
                }
                replay = *next;
            }
        }
        if budget.is_spent() {
            return Ok(());
        }
    }
    Ok(())
}

/// The request by which a walk erases somebody again.
fn request_of(replay: &Replay, original: &RequestId) -> RequestId {
    let walk = replay.walk.to_string();
    id_of(replay.begun_at, &["replay", replay.id.as_str(), &walk, original.as_str()])
}

fn failed(replay: &Replay, why: &str) -> Replay {
    Replay { status: ReplayStatus::Failed, why: Some(why.to_owned()), ..replay.clone() }
}

/// Reads the next page, and keeps what it says.
async fn walk(ports: &Ports, replay: &Replay) -> Result<Next, StepError> {
    let now = ports.clock.now();
    if !replay.may_read(now) {
        return Ok(Next::Rest);
    }
    let mut next = replay.clone();
    let tenant = &replay.tenant;
    let catalog = ports.catalogs.get(tenant, &replay.catalog_version).await?;
    let Some(store) = catalog.store(&replay.store) else {
        return Ok(Next::End(Box::new(failed(replay, "the catalog lacks the store"))));
    };
    let Some(collection) = walked(store).nth(replay.collection) else {
        next.enter(Phase::Asking);
        return Ok(Next::Go(Box::new(next)));
    };
    let marks = Marks::of(&*ports.keyring, tenant).await?;
    let cursor = replay.cursor.as_ref();
    let cursor = cursor.map(|cursor| marks.open_cursor(tenant, replay.id.as_str(), cursor)).transpose()?;
    let walker = ports.stores.walker(tenant, store).await?;
    let (ledger, requests) = (&*ports.ledger, &*ports.requests);
    let store_marks = marks.store(&store.id)?;
    let look = Look { ledger, requests, tenant, catalog: &catalog, store, marks: &store_marks, now };
    let concerns = |entry: &domain::ledger::Entry| replay.concerns(entry.erased_at);
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let looked = look.page(&*walker, collection, cursor, concerns).await?;
    for (original, met) in &looked.met {
        let request = request_of(replay, original);
        if !replay.dry_run {
            ports.asking().keep(tenant, &request, &met.clues).await?;
        }
        let found = Found { walk: replay.walk, original: original.clone(), request };
        ports.ledger.note(tenant, &replay.id, &found).await?;
        next.found += met.records;
    }
    next.walked += looked.read as u64;
    next.pace(looked.read, now);
    let cursor = looked.next.map(Zeroizing::new);
    next.collection += usize::from(cursor.is_none());
    let sealed = cursor.map(|c| marks.seal_cursor(tenant, replay.id.as_str(), &*ports.entropy, &c));
    next.cursor = sealed.transpose()?;
    Ok(Next::Go(Box::new(next)))
}

/// Those of this walk that come next; none after the last.
async fn some(ports: &Ports, replay: &Replay) -> Result<Vec<Found>, StepError> {
    let begin = Found {
        walk: replay.walk.saturating_sub(1),
        // The greatest that an id can be: what follows is of this walk.
        original: RequestId::new(jiff::Timestamp::MAX, u128::MAX),
        request: RequestId::new(jiff::Timestamp::MAX, u128::MAX),
    };
    let after = replay.at_found.as_ref().unwrap_or(&begin);
    let some = ports.ledger.found(&replay.tenant, &replay.id, Some(after), SOME).await?;
    Ok(some.into_iter().filter(|found| found.walk == replay.walk).collect())
}

/// Asks for the erasure of some of those who were found; a dry run counts them.
async fn ask(ports: &Ports, replay: &Replay) -> Result<Next, StepError> {
    let mut next = replay.clone();
    let some = some(ports, replay).await?;
    let Some(last) = some.last() else {
        return Ok(match (replay.dry_run, replay.at_found.is_some()) {
            // Nobody: what it walked for is so.
            (true, _) | (false, false) => {
                next.status = ReplayStatus::Done;
                Next::End(Box::new(next))
            }
            (false, true) => {
                next.enter(Phase::Waiting);
                Next::Go(Box::new(next))
            }
        });
    };
    if !replay.dry_run {
        for found in &some {
            let wish = Wish {
                tenant: &replay.tenant,
                id: &found.request,
                origin: Origin { request: found.original.clone(), replay: Some(replay.id.clone()) },
                catalog_version: &replay.catalog_version,
                reference: Some(replay.id.as_str()),
            };
            ports.asking().make(&wish).await?;
        }
    }
    next.requests += some.len() as u64;
    next.at_found = Some(last.clone());
    Ok(Next::Go(Box::new(next)))
}

/// Looks whether the erasures have ended, one after another; when all have, the store is walked again.
async fn wait(ports: &Ports, replay: &Replay) -> Result<Next, StepError> {
    let mut next = replay.clone();
    let some = some(ports, replay).await?;
    if some.is_empty() {
        if !replay.may_walk_again() {
            return Ok(Next::End(Box::new(failed(replay, "people are found again and again"))));
        }
        next.walk_again();
        return Ok(Next::Go(Box::new(next)));
    }
    for found in &some {
        let status = ports.requests.load(&replay.tenant, &found.request).await?.map(|request| request.status);
        match status {
            Some(Status::Fulfilled | Status::PartiallyFulfilled | Status::NoMatch) => {
                next.at_found = Some(found.clone());
            }
            Some(status) if status.is_end() => {
                let why = format!("{} has ended as {status}", found.request);
                return Ok(Next::End(Box::new(failed(replay, &why))));
            }
            Some(_) => break,
            None => return Ok(Next::End(Box::new(failed(replay, &format!("{} is gone", found.request))))),
        }
    }
    Ok(if next.at_found == replay.at_found { Next::Rest } else { Next::Go(Box::new(next)) })
}

/// Ends a replay, with its event. If it erased whoever was to be, the store is fit for traffic from now on.
async fn end(ports: &Ports, before: &Replay, after: Replay) -> Result<(), StepError> {
    let now = ports.clock.now();
    let after = Replay { at: now, cursor: None, ..after };
    let Some(read) = ports.ledger.standing(&after.tenant, &after.store).await? else {
        return Err(StepError::broken("replay", "the store has no standing"));
    };
    let standing = ended(&read, &after, now);
    let mut event = event(&standing, EventKind::ReplayEnded, WHO, now);
    event.why.clone_from(&after.why);
    let counts = [
        ("replay", after.id.to_string()),
        ("dry_run", after.dry_run.to_string()),
        ("outcome", if after.status == ReplayStatus::Done { "done" } else { "failed" }.to_owned()),
        ("walks", after.walk.to_string()),
        ("walked", after.walked.to_string()),
        ("found", after.found.to_string()),
        ("requests", after.requests.to_string()),
    ];
    event.detail.extend(counts.map(|(name, value)| (name.to_owned(), value)));
    let turn = Turn {
        standing: Some((Some(read), standing)),
        replay: Some((Some(before.clone()), after)),
        event: Some(event),
    };
    // Otherwise something happened to the store meanwhile: the next call sees what.
    ports.ledger.take(&turn).await.map(drop)?;
    Ok(())
}
