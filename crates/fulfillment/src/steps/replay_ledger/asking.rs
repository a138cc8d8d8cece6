//! Asking for the erasure of those whom a walk found, and waiting for its end.

use domain::ledger::{Found, Phase, Replay, ReplayStatus};
use domain::request::Origin;
use domain::{RequestId, Status};
use futures::future::try_join_all;
use ports::Budget;

use super::keeping::{self, GONE, Keeping};
use super::{AT_ONCE, Next, Ports, failed};
use crate::error::StepError;
use crate::ledger::asking::Wish;

/// People who are read from the list of a walk at once.
const SOME: usize = 100;

/// Those of this walk that come next; none after the last.
pub(super) async fn some(ports: &Ports, replay: &Replay) -> Result<Vec<Found>, StepError> {
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

/// Counts those who were found, before anything is asked for: where they are more than was said, something is not as
/// whoever began the replay believes, and they are to look at it first.
pub(super) async fn count(ports: &Ports, replay: &Replay) -> Result<Next, StepError> {
    let mut next = replay.clone();
    let some = some(ports, replay).await?;
    if let Some(last) = some.last() {
        next.people += some.len() as u64;
        next.at_found = Some(last.clone());
        return Ok(Next::Go(Box::new(next)));
    }
    if replay.dry_run || replay.people == 0 {
        // Nobody: what it walked for is so.
        next.status = ReplayStatus::Done;
        next.requests += replay.people;
        return Ok(Next::End(Box::new(next)));
    }
    if replay.people > replay.most {
        let why =
            format!("{} people were found, and {} at the most were expected", replay.people, replay.most);
        return Ok(Next::End(Box::new(failed(replay, &why))));
    }
    next.enter(Phase::Asking);
    Ok(Next::Go(Box::new(next)))
}

/// Asks for the erasure of some of those who were found, in the restored store.
pub(super) async fn ask(ports: &Ports, replay: &Replay, budget: &dyn Budget) -> Result<Next, StepError> {
    let mut next = replay.clone();
    let some = some(ports, replay).await?;
    if some.is_empty() {
        keeping::remove(ports, replay).await?;
        next.enter(Phase::Waiting);
        return Ok(Next::Go(Box::new(next)));
    }
    let Some(keeping) = Keeping::open(ports, replay).await? else {
        return Ok(Next::End(Box::new(failed(replay, GONE))));
    };
    let mut groups = some.chunks(AT_ONCE).peekable();
    while let Some(group) = groups.next() {
        try_join_all(group.iter().map(|found| ask_for(ports, &keeping, replay, found))).await?;
        next.requests += group.len() as u64;
        next.at_found = group.last().cloned();
        if groups.peek().is_some() && budget.is_spent() {
            break;
        }
    }
    Ok(Next::Go(Box::new(next)))
}

async fn ask_for(
    ports: &Ports,
    keeping: &Keeping<'_>,
    replay: &Replay,
    found: &Found,
) -> Result<(), StepError> {
    if ports.requests.load(&replay.tenant, &found.request).await?.is_some() {
        return Ok(());
    }
    let clues = keeping.of(&found.original).await?;
    ports.asking().keep(&replay.tenant, &found.request, &clues).await?;
    let wish = Wish {
        tenant: &replay.tenant,
        id: &found.request,
        origin: Origin {
            request: found.original.clone(),
            replay: Some(replay.id.clone()),
            store: Some(replay.store.clone()),
        },
        catalog_version: &replay.catalog_version,
        reference: Some(replay.id.as_str()),
    };
    ports.asking().make(&wish).await.map(drop)
}

/// Looks whether the erasures have ended, one after another; when all have, the store is walked again.
pub(super) async fn wait(ports: &Ports, replay: &Replay) -> Result<Next, StepError> {
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
        let request = ports.requests.load(&replay.tenant, &found.request).await?;
        match request.as_ref().map(|request| request.status) {
            // Whom a source denied is left, as whom it wants kept: the next walk counts what there is of them.
            Some(Status::Fulfilled | Status::PartiallyFulfilled | Status::NoMatch | Status::Denied) => {
                next.denied += u64::from(request.is_some_and(|request| request.denied.is_some()));
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
