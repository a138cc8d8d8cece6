//! A request: where it is, what it waits for, what happened in the stores.

use contract::api::{
    AcceptedRiskView, FOUND_AGAIN, ParkedView, RecheckView, RequestSummary, RequestView, Submitted,
};
use domain::recheck::Stage;
use domain::{Status, StoreId};
use jiff::Timestamp;

use super::stores::{self, Total};
use super::{export, outcome};
use crate::text::table::{Cell, Table, cell, toned, words};
use crate::text::time::{day, deadline, due_day, instant, left, moment};
use crate::text::{Line, Tone, paragraph};

/// Everything about a request.
pub fn whole(view: &RequestView, now: Timestamp, width: usize) -> Vec<Line> {
    let mut lines = vec![heading(view)];
    if !view.status.is_end() {
        lines.extend(paragraph(Tone::Plain, &doing(view, now), width.min(100)));
    }
    lines.push(Line::empty());
    lines.extend(facts(view, now, width));
    lines.extend(parked(view, now, width));
    if !view.stores.is_empty() {
        lines.push(Line::empty());
        lines.extend(stores::table(view, usize::MAX).lines(width, 0));
    }
    let kept = stores::kept(view, width);
    if !kept.is_empty() {
        lines.push(Line::empty());
        lines.extend(kept);
    }
    lines.extend(export::lines(view, now, width));
    if view.status.is_end() {
        lines.push(Line::empty());
        lines.extend(outcome::sentence(view, width));
    }
    lines
}

/// `req_…  erasure  EU  erasing`
pub fn heading(view: &RequestView) -> Line {
    Line::of(Tone::Strong, view.request_id.as_str())
        .and(Tone::Plain, format!("  {}  {}  ", view.kind.as_str(), view.jurisdiction.as_str()))
        .and(tone(view.status), view.status.as_str())
}

/// How good a status is.
pub fn tone(status: Status) -> Tone {
    match status {
        Status::Fulfilled | Status::Ready => Tone::Good,
        Status::Parked => Tone::Bad,
        Status::Held
        | Status::AwaitingVerification
        | Status::PartiallyFulfilled
        | Status::Denied
        | Status::NoMatch => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn facts(view: &RequestView, now: Timestamp, width: usize) -> Vec<Line> {
    let mut facts = vec![("received", cell(moment(now, view.received_at)))];
    facts.push(("due", due(view, now)));
    if let Some(until) =
        view.cooling_off_until.filter(|until| *until > now && !view.cancelling && !view.status.is_end())
    {
        facts.push(("erases", cell(format!("not before {}", deadline(now, until)))));
    }
    if let Some(from) = view.stores.iter().filter_map(|store| store.true_from).max() {
        // A key was destroyed; somebody may have it in memory until then.
        facts.push(("true from", cell(deadline(now, from))));
    }
    if !view.unproven.is_empty() {
        let stores: Vec<&str> = view.unproven.iter().map(StoreId::as_str).collect();
        facts.push(("unproven", cell(stores.join(", "))));
    }
    if let Some(closed) = view.closed_at {
        facts.push(("ended", cell(moment(now, closed))));
    }
    if let Some(recheck) = &view.recheck {
        facts.push(("recheck", cell(rechecked(recheck, now))));
    }
    Table::facts(facts).lines(width, 0)
}

/// What became, or becomes, of reading the stores again after the end.
fn rechecked(recheck: &RecheckView, now: Timestamp) -> String {
    match recheck.stage {
        Stage::Filing | Stage::Due => format!("on {}", deadline(now, recheck.at)),
        Stage::Found => format!("{}: the person was found", moment(now, recheck.at)),
        Stage::Again | Stage::Erasing => "the person was found, and is erased again".to_owned(),
        Stage::Clear => format!("{}: nothing was found", moment(now, recheck.at)),
        Stage::NotProven => {
            format!("{}: nothing was found, and nothing proves that", moment(now, recheck.at))
        }
        Stage::Dismissed => "the person was found, and it was left as it is".to_owned(),
    }
}

fn due(view: &RequestView, now: Timestamp) -> Cell {
    match view.status.is_end() {
        true => cell(instant(view.due_by)),
        false if view.due_by < now => toned(Tone::Bad, deadline(now, view.due_by)),
        false => cell(deadline(now, view.due_by)),
    }
}

/// What it is doing, in one sentence.
pub fn doing(view: &RequestView, now: Timestamp) -> String {
    if view.cancelling && !view.status.is_end() {
        let undone =
            if view.kind.erases() { "what was hidden is shown again" } else { "what was read is destroyed" };
        return format!("being withdrawn: {undone}");
    }
    let erased = Total::of(view);
    let untouched = match erased.erased + erased.anonymised {
        0 if !view.kind.erases() => "nothing can be fetched",
        0 => "nothing was erased",
        _ => "some records had been erased before",
    };
    match view.status {
        Status::Accepted => "taken in; about to start".to_owned(),
        Status::AwaitingVerification => format!(
            "waits until somebody says how the person was verified: \
             lacuna request verify {} --method … --reference …",
            view.request_id
        ),
        Status::Waiting => "another open request for the same person goes first".to_owned(),
        Status::Planning => "looking for the person's records".to_owned(),
        Status::Collecting => "reading the person's records".to_owned(),
        Status::Packaging => "putting together what was read".to_owned(),
        Status::Ready => ready(view, now),
        Status::Checking => "asking whether anything speaks against erasing".to_owned(),
        Status::Held => "a legal hold or a sanction source says: not now; nothing is being erased".to_owned(),
        Status::CoolingOff => cooling_off("cooling off", view, now),
        Status::Suppressed => cooling_off("hidden from the product and cooling off", view, now),
        Status::Erasing => "erasing; this can no longer be undone".to_owned(),
        Status::Confirming => "reading every store again".to_owned(),
        Status::Parked => stopped(view),
        Status::Reopened => "open again: something of the person was found".to_owned(),
        Status::Fulfilled if !view.kind.erases() => "done: the person could fetch what is held".to_owned(),
        Status::Fulfilled => "done: nothing of the person is left but what law obliges to keep".to_owned(),
        Status::PartiallyFulfilled => "done, but for what a sanction source wants kept".to_owned(),
        Status::NoMatch => format!("no store knows the person; {untouched}"),
        Status::Denied => {
            let reason = view.denied.as_deref().unwrap_or("no reason given");
            format!("a sanction source said no ({reason}); {untouched}")
        }
        Status::Cancelled => format!("withdrawn; {untouched}"),
    }
}

fn ready(view: &RequestView, now: Timestamp) -> String {
    let until = view.export.as_ref().and_then(|export| export.expires_at);
    let none_left = view.export.as_ref().is_some_and(|export| export.downloads_left == 0);
    let goes_on = if view.kind.erases() { ", and the erasure goes on" } else { "" };
    match until.and_then(|until| left(now, until)) {
        Some(left) if none_left => {
            format!(
                "nobody can fetch it any more: its links were used up; {left}, then it is destroyed{goes_on}"
            )
        }
        Some(left) => format!("the person can fetch it, {left}; then it is destroyed{goes_on}"),
        None => "its time is over; it is being destroyed".to_owned(),
    }
}

fn cooling_off(what: &str, view: &RequestView, now: Timestamp) -> String {
    match view.cooling_off_until.and_then(|until| left(now, until)) {
        Some(left) => format!("{what}, {left}; until then it can be cancelled"),
        None => format!("{what}; the time is over, erasing is about to begin"),
    }
}

fn stopped(view: &RequestView) -> String {
    let Some(parked) = &view.parked else {
        return "stopped".to_owned();
    };
    let store = parked.store.as_ref();
    let store = store.map_or(String::new(), |store| format!(", store {store}"));
    format!("stopped at {}{store}: {}", parked.state, parked.code)
}

fn parked(view: &RequestView, now: Timestamp, width: usize) -> Vec<Line> {
    let Some(parked) = view.parked.as_ref() else {
        return Vec::new();
    };
    let mut lines = vec![Line::empty(), Line::of(Tone::Bad, "why it stopped")];
    let mut facts = parked_facts(parked, now);
    if parked.code == FOUND_AGAIN {
        let erase = format!("an officer: lacuna request resume {} --erase-again", view.request_id);
        facts.push(("erase it", cell(erase)));
        let leave = format!("an officer: lacuna request dismiss {} --reason CODE", view.request_id);
        facts.push(("leave it", cell(leave)));
    } else {
        facts.push(("by hand", cell(format!("lacuna request resume {}", view.request_id))));
    }
    if parked.code == "store-unproven" {
        let accept = format!("two officers: lacuna request accept {} --reason CODE", view.request_id);
        facts.push(("or", cell(accept)));
        facts.extend(view.accepted_risks.iter().map(|risk| ("accepted", cell(accepted(risk, now)))));
    }
    lines.extend(Table::facts(facts).lines(width, 2));
    lines
}

/// Who accepted which stores' risk, why and when.
fn accepted(risk: &AcceptedRiskView, now: Timestamp) -> String {
    let stores: Vec<&str> = risk.stores.iter().map(StoreId::as_str).collect();
    format!("{} by {}, {}: {}", stores.join(", "), risk.who, moment(now, risk.at), risk.reason)
}

fn parked_facts(parked: &ParkedView, now: Timestamp) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![("step", cell(&parked.state))];
    if let Some(store) = &parked.store {
        facts.push(("store", cell(store.as_str())));
    }
    if let Some(owner) = &parked.owner {
        facts.push(("owner", cell(owner)));
    }
    let code = format!("{} (docs/errors/{}.md)", parked.code, parked.code);
    facts.push(("code", cell(code)));
    facts.push(("detail", cell(&parked.detail)));
    facts.push(("next", cell(&parked.next)));
    if let Some(at) = parked.resumes_at {
        facts.push(("when", cell(moment(now, at))));
    }
    facts
}

/// The answer to a submission, and how to follow it where it is not `watched` anyway.
pub fn submitted(answer: &Submitted, watched: bool, now: Timestamp, width: usize) -> Vec<Line> {
    let id = &answer.request_id;
    let mut lines = vec![
        Line::of(Tone::Strong, id.as_str())
            .and(Tone::Plain, "  ")
            .and(tone(answer.status), answer.status.as_str()),
    ];
    if answer.duplicate {
        let text = "An open request of this type for this person was there already: this is that \
                    one, and nothing new was started.";
        lines.extend(paragraph(Tone::Warn, text, width.min(100)));
    }
    let mut facts = vec![("due", cell(deadline(now, answer.due_by)))];
    if answer.status == Status::AwaitingVerification {
        facts.push(("waits for", cell(format!("lacuna request verify {id} --method … --reference …"))));
    }
    if !watched {
        facts.push(("follow", cell(format!("lacuna request watch {id}"))));
    }
    lines.extend(Table::facts(facts).lines(width, 0));
    lines
}

/// A page of a list. Pages are printed as they come, with the titles above the `first` alone.
pub fn list(items: &[RequestSummary], first: bool, now: Timestamp, width: usize) -> Vec<Line> {
    if items.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[
        words("request"),
        words("status").at_least("cooling_off".len()),
        words("type"),
        words("law"),
        words("received"),
        words("due"),
    ]);
    for item in items {
        let due = if item.status.is_end() {
            toned(Tone::Quiet, day(item.due_by))
        } else if item.due_by < now {
            toned(Tone::Bad, due_day(now, item.due_by))
        } else {
            cell(due_day(now, item.due_by))
        };
        table.row([
            cell(item.request_id.as_str()),
            toned(tone(item.status), item.status.as_str()),
            cell(item.kind.as_str()),
            cell(item.jurisdiction.as_str()),
            cell(day(item.received_at)),
            due,
        ]);
    }
    let lines = table.lines(width, 0).into_iter();
    lines.skip(usize::from(!first)).collect()
}
