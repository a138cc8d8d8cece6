//! How a store stands to its backups, and who says so.

use domain::event::{About, Event, EventKind};
use domain::ledger::{Counted, Replay, ReplayStatus, Standing};
use domain::{Generation, ReplayId};
use jiff::Timestamp;
use ports::Turn;

/// What somebody wants replayed.
pub(crate) struct Wanted {
    /// The replay's id.
    pub id: ReplayId,
    /// Whether it only counts.
    pub dry_run: bool,
    /// People whom a walk may find at the most.
    pub most: u64,
    /// Records in a second.
    pub rate: u32,
    /// The catalog that the store is read by.
    pub catalog_version: String,
    /// Who wants it, as the audit names them.
    pub by: String,
}

/// A store was restored from a backup that was taken then: from now on it is not fit for traffic.
pub(crate) fn restored(
    read: Option<Standing>,
    next: Standing,
    taken_at: Timestamp,
    by: &str,
    now: Timestamp,
) -> Turn {
    let mut next = Standing {
        restored_at: Some(now),
        taken_at: Some(taken_at),
        replayed_at: None,
        replay: None,
        dry_run: None,
        counted: None,
        events: next.events.saturating_add(1),
        ..next
    };
    // Where it went on is nothing in what was restored.
    next.sampling.cursor = None;
    next.sampling.collection = 0;
    let mut event = event(&next, EventKind::StoreRestored, by, now);
    event.detail.insert("taken_at".to_owned(), taken_at.to_string());
    Turn { standing: Some((read, next)), replay: None, event: Some(event) }
}

/// A replay begins.
pub(crate) fn begun(read: Option<Standing>, next: Standing, wanted: Wanted, now: Timestamp) -> Turn {
    let replay = Replay {
        // What was restored once, and replayed since, is a live store.
        taken_at: next.taken_at.filter(|_| !next.is_fit()),
        dry_run: wanted.dry_run,
        most: wanted.most,
        rate: wanted.rate,
        catalog_version: wanted.catalog_version,
        ..Replay::new(&next, wanted.id, wanted.by, now)
    };
    let mut next = Standing { events: next.events.saturating_add(1), ..next };
    if replay.dry_run {
        (next.dry_run, next.counted) = (Some(replay.id.clone()), None);
    } else {
        next.replay = Some(replay.id.clone());
    }
    let mut event = event(&next, EventKind::ReplayBegun, &replay.by, now);
    event.detail.insert("replay".to_owned(), replay.id.to_string());
    event.detail.insert("dry_run".to_owned(), replay.dry_run.to_string());
    event.detail.insert("catalog_version".to_owned(), replay.catalog_version.clone());
    Turn { standing: Some((read, next)), replay: Some((None, replay)), event: Some(event) }
}

/// How a store stands once a replay is over. It counts only if it was begun after the store was restored, and was the
/// latest: what was walked before is not what is there now. A dry run leaves what it counted.
pub(crate) fn ended(read: &Standing, replay: &Replay, now: Timestamp) -> Standing {
    let mut next = Standing { events: read.events.saturating_add(1), ..read.clone() };
    if replay.status == ReplayStatus::Done && read.is_of(replay) {
        if replay.dry_run {
            next.counted = Some(Counted { at: now, people: replay.requests });
        } else {
            next.replayed_at = Some(now);
        }
    }
    next
}

/// The store's next event. Nothing of a request is in it.
pub(crate) fn event(standing: &Standing, kind: EventKind, who: &str, now: Timestamp) -> Event {
    Event {
        tenant: standing.tenant.clone(),
        about: About::Store(standing.store.clone()),
        n: standing.events,
        at: now,
        kind,
        who: who.to_owned(),
        generation: Generation::FIRST,
        status: None,
        store: Some(standing.store.clone()),
        tally: None,
        why: None,
        detail: [].into(),
        wake: None,
    }
}
