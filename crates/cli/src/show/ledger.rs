//! Stores that were restored, and replays.

use contract::ledger::{LedgerStore, ReplayView};
use domain::ledger::ReplayStatus;
use jiff::Timestamp;

use crate::text::table::{Table, cell, toned, words};
use crate::text::time::{instant, moment};
use crate::text::{Line, Tone, count, paragraph};

/// How stores stand to their backups.
pub fn stores(items: &[LedgerStore], now: Timestamp, width: usize) -> Vec<Line> {
    if items.is_empty() {
        return vec![Line::plain("no stores")];
    }
    let mut table = Table::new(&[words("store"), words("traffic"), words("restored"), words("replayed")]);
    for store in items {
        let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| moment(now, at));
        let traffic = if store.fit_for_traffic { cell("fit") } else { toned(Tone::Bad, "not fit") };
        table.row([
            cell(store.store.as_str()),
            traffic,
            cell(at(store.restored_at)),
            cell(at(store.replayed_at)),
        ]);
        if let Some(why) = &store.why {
            if let Some(taken_at) = store.taken_at {
                table.note(cell(format!("it has the state of {}", instant(taken_at))));
            }
            table.note(toned(Tone::Warn, next(store, why)));
        } else if store.left > 0 {
            table.note(toned(Tone::Warn, left(store.store.as_str(), store.left, store.denied)));
        }
    }
    table.lines(width, 0)
}

/// What a replay left in a store.
fn left(store: &str, records: u64, denied: u64) -> String {
    let wanted = match denied {
        0 => "a source wants that".to_owned(),
        1 => "a source wants that, and denied the erasure of one person".to_owned(),
        people => format!("a source wants that, and denied the erasure of {people} people"),
    };
    format!("left in {store}: {} of people who were erased; {wanted}", count(records, "record"))
}

/// Why a store is not fit, and what to do.
fn next(store: &LedgerStore, why: &str) -> String {
    let command = format!("lacuna ledger replay --store {}", store.store);
    match why {
        "replay-under-way" => format!("a replay is under way; `{command}` follows it"),
        "replay-failed" => format!("the last replay failed; mend what it says, then `{command} --dry-run`"),
        _ => format!(
            "nothing was replayed since, for a dry run only counts: `{command} --dry-run` says how many people, and \
             `{command} --expect N` erases them again"
        ),
    }
}

/// One line of how far a replay is.
pub fn progress(replay: &ReplayView) -> Line {
    let doing = match replay.phase.as_str() {
        "counting" => "counting people".to_owned(),
        "asking" if !replay.dry_run => "asking for erasures".to_owned(),
        "waiting" => format!("waiting for {}", count(replay.requests, "request")),
        _ => "reading".to_owned(),
    };
    let read = count(replay.walked, "record");
    Line::plain(format!("walk {}, {doing}: {read} read, {}", replay.walk, found(replay)))
}

/// What of the records that were read are of people who were erased.
fn found(replay: &ReplayView) -> String {
    match replay.found {
        0 => "none of anybody who was erased".to_owned(),
        found => format!("{found} of people who were erased"),
    }
}

/// What follows, or followed, for these people.
fn then(replay: &ReplayView) -> String {
    let requests = count(replay.requests, "request");
    match (replay.requests, replay.dry_run, replay.status) {
        (0, ..) => String::new(),
        (_, true, _) => format!("; {requests} would erase them again"),
        (_, false, ReplayStatus::Done) => format!("; {requests} erased them again"),
        (_, false, _) => format!("; {requests} to erase them again"),
    }
}

/// How a replay ended.
pub fn ended(replay: &ReplayView, width: usize) -> Vec<Line> {
    let (tone, word) = match replay.status {
        ReplayStatus::Done => (Tone::Good, "done"),
        ReplayStatus::Failed => (Tone::Bad, "failed"),
        ReplayStatus::Running => (Tone::Plain, "running"),
    };
    let (read, walks) = (count(replay.walked, "record"), count(replay.walk.into(), "walk"));
    let mut lines = vec![
        Line::of(Tone::Strong, replay.replay_id.as_str()).and(Tone::Plain, "  ").and(tone, word),
        Line::plain(format!("{read} read in {walks}, {}{}", found(replay), then(replay))),
    ];
    let text = match (replay.status, replay.dry_run) {
        (ReplayStatus::Done, true) => format!(
            "It was a dry run: nothing was erased. If {} was restored, the next 24 hours it is replayed by:",
            replay.store
        ),
        (ReplayStatus::Done, false) if replay.left > 0 => format!(
            "Nobody else who was erased is in {} any more; {}.",
            replay.store,
            left(replay.store.as_str(), replay.left, replay.denied)
        ),
        (ReplayStatus::Done, false) => format!("Nobody who was erased is in {} any more.", replay.store),
        (ReplayStatus::Failed, _) => {
            let why = replay.why.as_deref().unwrap_or("it does not say why");
            format!("Why: {why}. {} is as fit for traffic as before.", replay.store)
        }
        (ReplayStatus::Running, _) => "It goes on by itself.".to_owned(),
    };
    lines.extend(paragraph(Tone::Plain, &text, width.min(100)));
    if (replay.status, replay.dry_run) == (ReplayStatus::Done, true) {
        let (store, people) = (&replay.store, replay.requests);
        lines.push(Line::plain(format!("lacuna ledger replay --store {store} --expect {people}")));
    }
    lines
}
