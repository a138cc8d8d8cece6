//! The last sentence about a request that ended, or that is no longer watched.

use contract::api::RequestView;
use domain::{Status, StoreId};
use jiff::Timestamp;

use super::export;
use super::request::doing;
use super::stores::Total;
use crate::text::time::length;
use crate::text::{Line, Tone, count, paragraph};

/// How it ended, and what that rests on.
pub fn sentence(view: &RequestView, width: usize) -> Vec<Line> {
    let total = Total::of(view);
    let took = view.closed_at.map(|at| at.duration_since(view.received_at));
    let took = took.map_or(String::new(), |took| format!(" after {}", length(took)));
    let (tone, text) = match view.status {
        Status::Fulfilled if !view.kind.erases() => {
            let fetched = view.export.as_ref().is_some_and(|export| export.downloads > 0);
            let tone = if fetched { Tone::Good } else { Tone::Warn };
            (tone, format!("Fulfilled{took}: {}.", export::outcome(view)))
        }
        Status::Fulfilled => {
            (Tone::Good, format!("Fulfilled{took}: {}. {}", settled(total), proof(view, total)))
        }
        Status::PartiallyFulfilled => (
            Tone::Warn,
            format!(
                "Partially fulfilled{took}: {}{}. {}",
                settled(total),
                why_partially(view),
                proof(view, total)
            ),
        ),
        Status::NoMatch => (
            Tone::Warn,
            format!(
                "No match{took}: no store knows the person. Nobody found is not a success: \
                     check the identities."
            ),
        ),
        Status::Denied => {
            let reason = view.denied.as_deref().unwrap_or("no reason given");
            (Tone::Warn, format!("Denied{took}: a sanction source said no ({reason})."))
        }
        Status::Cancelled if !view.kind.erases() => (
            Tone::Plain,
            format!("Cancelled{took}: nothing can be fetched, and nothing that was read is kept."),
        ),
        Status::Cancelled => {
            let hidden = view.stores.iter().any(|store| store.status == "restored");
            let shown = if hidden { ", and what was hidden is shown again" } else { "" };
            (Tone::Plain, format!("Cancelled{took}: nothing was erased{shown}."))
        }
        _ => return Vec::new(),
    };
    paragraph(tone, &text, width.min(100))
}

fn settled(total: Total) -> String {
    let Total { erased, anonymised, retained, .. } = total;
    format!(
        "{} found in {}; {erased} erased, {anonymised} anonymised, {retained} retained",
        count(total.found, "record"),
        count(total.stores, "store")
    )
}

/// Why a request is not called fulfilled.
fn why_partially(view: &RequestView) -> String {
    if view.unproven.is_empty() {
        return ", and a sanction source wants something kept".to_owned();
    }
    let stores: Vec<&str> = view.unproven.iter().map(StoreId::as_str).collect();
    format!(", and two officers accepted that nothing proves what was not found in {}", stores.join(", "))
}

/// Only what the answer says was read again is called so.
fn proof(view: &RequestView, total: Total) -> String {
    let read = match view.proof.as_str() {
        "re-read" => "Every store was read again".to_owned(),
        "control" => "Every store was read again and found its control person".to_owned(),
        other => format!("Proof: {other}"),
    };
    match total.residue {
        Some(0) => format!("{read}, and nothing that names the person was found."),
        Some(n) => format!("{read}; {} of the person left.", count(n, "record")),
        None => "Not every store was read again.".to_owned(),
    }
}

/// Why watching stopped before the request ended.
pub fn unfinished(view: &RequestView, now: Timestamp, why: &str, width: usize) -> Vec<Line> {
    let goes_on = match view.status {
        Status::Parked => "The request is parked",
        Status::AwaitingVerification if !view.cancelling => "The request does not go on by itself",
        _ => "The request goes on by itself",
    };
    let text = format!("{why} {goes_on}: {}.", doing(view, now));
    let mut lines = paragraph(Tone::Warn, &text, width.min(100));
    lines.push(again(view));
    lines
}

/// How to go on watching.
pub fn again(view: &RequestView) -> Line {
    Line::of(Tone::Quiet, "go on: ").and(Tone::Plain, format!("lacuna request watch {}", view.request_id))
}
