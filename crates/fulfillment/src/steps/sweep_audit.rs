//! `sweep`, for the audit: find committed events that are not chained, and have the stream deliver them
//! again (G5).
//!
//! Events are listed by the minute in which they were committed. A minute is looked through five minutes
//! after it is over; where it stands by then is kept, and moves on only when a minute is done, so that
//! nothing is skipped, whoever dies. An event without a mark in the audit table goes into the stream once
//! more and into the list of the present minute: five minutes later it is looked for again, for ever.
//! Several runs at once do no harm: an event is re-driven by the one that finds it where it was listed.

use std::sync::Arc;

use futures::{StreamExt, stream};
use ports::{AuditMarks, Budget, Clock, EVENT_LISTS, EventKey, EventLists, Fault, Minute};

use crate::error::StepError;

/// Minutes that an event has to get into the audit by itself.
const LOOK_AFTER: i64 = 5;
/// Minutes back that the very first run begins: as long as the stream remembers.
const FIRST_LOOK: i64 = 24 * 60;
/// Minutes of one run at the most: a day and an hour, so that the first run may come to its end.
const MOST_MINUTES: usize = 25 * 60;
/// Events of a list that are looked at together.
const PAGE: usize = 500;
/// Events after which a run re-drives no further page, so that what comes after an outage of the audit
/// does not become one of the requests table. The next run goes on.
const MOST_REDRIVEN: usize = 4_000;
/// Events of a list that are re-driven at once.
const AT_ONCE: usize = 4;

/// What the step needs.
pub struct Ports {
    /// The events by the time of their commit.
    pub lists: Arc<dyn EventLists>,
    /// Which of them are chained.
    pub marks: Arc<dyn AuditMarks>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Minutes that were looked through to their end.
    pub minutes: usize,
    /// Events that go through the stream once more.
    pub redriven: usize,
    /// Those of them that did so before, and were not chained by it either: somebody has to look.
    pub unchained: usize,
    /// How many seconds of events should have been looked through and were not; `None` if that is not known.
    pub behind: Option<u64>,
    /// Why it stopped early, if something failed. The rest of this was done all the same.
    pub failed: Option<StepError>,
}

/// Runs the step, for as long as there is time.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Swept {
    let mut swept = Swept::default();
    let now = Minute::of(ports.clock.now());
    // The first minute that is not over for long enough.
    let until = now.before(LOOK_AFTER);
    let mut at = match ports.lists.swept_to().await {
        Ok(kept) => kept.unwrap_or_else(|| until.before(FIRST_LOOK)),
        Err(fault) => {
            swept.failed = Some(fault.into());
            return swept;
        }
    };
    let goes_on =
        |swept: &Swept| swept.minutes < MOST_MINUTES && swept.redriven < MOST_REDRIVEN && !budget.is_spent();
    while at < until && goes_on(&swept) {
        let look = Look { ports, budget, minute: at, now };
        match look.through(&mut swept).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(fault) => {
                swept.failed = Some(fault.into());
                break;
            }
        }
        at = at.next();
        swept.minutes += 1;
        if let Err(fault) = ports.lists.keep_swept_to(at).await {
            swept.failed = Some(fault.into());
            break;
        }
    }
    swept.behind = Some(u64::try_from(until.since(at).as_secs()).unwrap_or(0));
    swept
}

/// One minute, looked through.
struct Look<'a> {
    ports: &'a Ports,
    budget: &'a dyn Budget,
    minute: Minute,
    now: Minute,
}

/// What came of one list.
#[derive(Default)]
struct Listed {
    redriven: usize,
    unchained: usize,
    stopped: bool,
    failed: Option<Fault>,
}

impl Look<'_> {
    /// Whether it was done to its end. One list's trouble stops no other.
    async fn through(&self, swept: &mut Swept) -> Result<bool, Fault> {
        let lists = stream::iter(0..EVENT_LISTS).map(|list| async move {
            let mut listed = Listed::default();
            listed.failed = self.list(list, &mut listed).await.err();
            listed
        });
        let lists: Vec<Listed> = lists.buffered(EVENT_LISTS as usize).collect().await;
        let (mut whole, mut failed) = (true, None);
        for list in lists {
            swept.redriven += list.redriven;
            swept.unchained += list.unchained;
            whole &= !list.stopped;
            failed = failed.or(list.failed);
        }
        failed.map_or(Ok(whole), Err)
    }

    async fn list(&self, list: u32, listed: &mut Listed) -> Result<(), Fault> {
        let (lists, marks) = (&*self.ports.lists, &*self.ports.marks);
        let mut after: Option<EventKey> = None;
        loop {
            let page = lists.listed(self.minute, list, after.as_ref(), PAGE).await?;
            let unmarked = marks.unmarked(&page).await?;
            let redrive = |key: EventKey| async move { lists.redrive(&key, self.minute, self.now).await };
            let mut redriven = stream::iter(unmarked).map(redrive).buffer_unordered(AT_ONCE);
            while let Some(times) = redriven.next().await {
                // None: another run was here.
                if let Some(times) = times? {
                    listed.redriven += 1;
                    listed.unchained += usize::from(times > 1);
                }
            }
            if page.len() < PAGE {
                return Ok(());
            }
            if listed.redriven >= MOST_REDRIVEN / EVENT_LISTS as usize || self.budget.is_spent() {
                listed.stopped = true;
                return Ok(());
            }
            after = page.last().cloned();
        }
    }
}

#[cfg(test)]
mod tests;
