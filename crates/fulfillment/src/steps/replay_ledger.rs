//! `replay-ledger`: erase again, from a store that was restored, whoever was erased after its backup was taken (G8).
//!
//! A replay walks the store, page by page, and asks the ledger about each record. What it knows of a person it keeps,
//! sealed, for one request for each that had erased somebody. When the walk is at its end they are counted, and if
//! they are not more than was said before, the requests are made; what was kept is destroyed, whether they are or
//! not ([`keeping`]). Each goes the way of any
//! erasure, in the restored store alone: located, sanctioned, erased, confirmed, audited. When all have ended it walks
//! again. It is done when a walk finds nobody, and came by the store's control: what was erased is not believed, it
//! is read, and what was not read finds nobody either.
//!
//! Every call goes on from what is stored. A page that is handled twice adds nothing, and the id of a request is made
//! of the replay, the walk and the request before, so it is made once.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::event::EventKind;
use domain::ledger::{Phase, Replay, ReplayStatus, Standing};
use domain::{ReplayId, TenantId};
use jiff::SignedDuration;
use ports::{Budget, Catalogs, Class, Clock, Entropy, Keyring, Ledger, Requests, Staging, Stores, Turn};

use crate::error::StepError;
use crate::ledger::asking::Asking;
use crate::ledger::standing::{ended, event};

mod asking;
pub(crate) mod keeping;
mod walking;

/// Replays that one call looks after at the most.
const MOST: usize = 1_000;

/// People who are dealt with at the same time.
const AT_ONCE: usize = 8;

/// One that has not got on for so long is told of.
const LATE: SignedDuration = SignedDuration::from_hours(24);

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
    fn asking(&self) -> Asking<'_> {
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

/// What one call came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ran {
    /// Replays that ran when it began.
    pub running: usize,
    /// Those that failed in it.
    pub failed: usize,
    /// Those that have not got on for a day: they wait for erasures that do not end, or fail each time.
    pub late: usize,
    /// The first error.
    error: Option<StepError>,
}

impl Ran {
    /// How it ended: its first error is its own, after all had their turn.
    pub fn ended(self) -> Result<usize, StepError> {
        self.error.map_or(Ok(self.running), Err)
    }

    fn note(&mut self, error: StepError) {
        self.error.get_or_insert(error);
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

/// What became of a replay by one turn.
enum Turned {
    /// There is more to do now.
    More,
    /// Not in this call.
    Rest,
    /// It failed.
    Failed,
}

/// Runs the step: brings every running replay on, as far as the time and its rate allow. They take turns, beginning with
/// one by chance, so a long one holds up nobody's; one that fails does not keep the others from it.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Ran {
    let mut ran = Ran::default();
    let mut turns: VecDeque<(TenantId, ReplayId)> = match ports.ledger.running(MOST).await {
        Ok(running) => running.into(),
        Err(fault) => {
            ran.note(fault.into());
            return ran;
        }
    };
    ran.running = turns.len();
    let count = u128::try_from(turns.len()).unwrap_or(u128::MAX).max(1);
    turns.rotate_left(usize::try_from(ports.entropy.bits() % count).unwrap_or_default());
    let mut first = turns.len();
    while let Some((tenant, id)) = turns.pop_front() {
        let late = if first > 0 { Some(&mut ran.late) } else { None };
        first = first.saturating_sub(1);
        match turn(ports, (&tenant, &id), late, budget).await {
            Ok(Turned::More) => turns.push_back((tenant, id)),
            Ok(Turned::Rest) => {}
            Ok(Turned::Failed) => ran.failed += 1,
            Err(error) => ran.note(error),
        }
        if budget.is_spent() {
            break;
        }
    }
    ran
}

/// One turn of a replay: a page, or some of the people that it found. Counts it if it has not got on for long.
async fn turn(
    ports: &Ports,
    (tenant, id): (&TenantId, &ReplayId),
    late: Option<&mut usize>,
    budget: &dyn Budget,
) -> Result<Turned, StepError> {
    let Some(replay) = ports.ledger.replay(tenant, id).await? else { return Ok(Turned::Rest) };
    if replay.status != ReplayStatus::Running {
        return Ok(Turned::Rest);
    }
    if let Some(late) = late {
        *late += usize::from(ports.clock.now().duration_since(replay.at) > LATE);
    }
    let Some(standing) = ports.ledger.standing(tenant, &replay.store).await? else {
        return Err(StepError::broken("replay", "the store has no standing"));
    };
    if !standing.is_of(&replay) {
        // Whom it has found was in what was there before: none of that is asked for now.
        let superseded = failed(&replay, "the store was restored again");
        return end(ports, (&replay, standing), superseded).await;
    }
    let next = match replay.phase {
        Phase::Walking => walking::walk(ports, &replay, &standing, budget).await,
        Phase::Counting => asking::count(ports, &replay).await,
        Phase::Asking => asking::ask(ports, &replay, budget).await,
        Phase::Waiting => asking::wait(ports, &replay).await,
    };
    match next {
        Ok(Next::Rest) => Ok(Turned::Rest),
        Ok(Next::End(next)) => end(ports, (&replay, standing), *next).await,
        Ok(Next::Go(mut next)) => {
            next.at = ports.clock.now();
            let turn = Turn { replay: Some((Some(replay), *next)), ..Turn::default() };
            // Otherwise another call is at it.
            Ok(if ports.ledger.take(&turn).await? { Turned::More } else { Turned::Rest })
        }
        Err(StepError::Fault(fault)) if fault.class == Class::Permanent => {
            end(ports, (&replay, standing), failed(&replay, fault.code.as_str())).await?;
            Err(fault.into())
        }
        Err(error) => Err(error),
    }
}

fn failed(replay: &Replay, why: &str) -> Replay {
    Replay { status: ReplayStatus::Failed, why: Some(why.to_owned()), ..replay.clone() }
}

/// Ends a replay, with its event, once nothing is left of what it kept. If it erased whoever was to be, the store is fit for traffic from now on.
async fn end(ports: &Ports, (before, read): (&Replay, Standing), after: Replay) -> Result<Turned, StepError> {
    if !before.dry_run {
        keeping::destroy(ports, before).await?;
    }
    let now = ports.clock.now();
    let after = Replay { at: now, cursor: None, noted: None, ..after };
    let standing = ended(&read, &after, now);
    let mut event = event(&standing, EventKind::ReplayEnded, WHO, now);
    event.why.clone_from(&after.why);
    let has_failed = after.status == ReplayStatus::Failed;
    let counts = [
        ("replay", after.id.to_string()),
        ("dry_run", after.dry_run.to_string()),
        ("outcome", if has_failed { "failed" } else { "done" }.to_owned()),
        ("walks", after.walk.to_string()),
        ("walked", after.walked.to_string()),
        ("found", after.found.to_string()),
        ("left", after.left.to_string()),
        ("denied", after.denied.to_string()),
        ("requests", after.requests.to_string()),
    ];
    event.detail.extend(counts.map(|(name, value)| (name.to_owned(), value)));
    let turn = Turn {
        standing: Some((Some(read), standing)),
        replay: Some((Some(before.clone()), after)),
        event: Some(event),
    };
    // Otherwise something happened to the store meanwhile: the next call sees what.
    let taken = ports.ledger.take(&turn).await?;
    Ok(if taken && has_failed { Turned::Failed } else { Turned::Rest })
}
