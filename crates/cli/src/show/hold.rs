//! Legal holds.

use contract::api::HoldView;
use jiff::Timestamp;

use crate::input::listed;
use crate::text::table::{Table, cell, toned, words};
use crate::text::time::{day, left, moment};
use crate::text::{Line, Tone, paragraph};

/// A hold that was placed or released.
pub fn one(hold: &HoldView, now: Timestamp, width: usize) -> Vec<Line> {
    let state = match hold.released_at {
        None => "stands",
        Some(_) => "released",
    };
    let mut lines =
        vec![Line::of(Tone::Strong, hold.hold_id.as_str()).and(Tone::Plain, format!("  {state}"))];
    let mut facts = vec![
        ("on", cell(&hold.identity_type)),
        ("reason", cell(&hold.reason)),
        ("placed", cell(moment(now, hold.placed_at))),
    ];
    match hold.released_at {
        Some(at) => facts.push(("released", cell(moment(now, at)))),
        None => facts.push(("review", cell(moment(now, hold.review_at)))),
    }
    lines.extend(Table::facts(facts).lines(width, 0));
    if !hold.too_late_for.is_empty() {
        let text = format!(
            "Too late for {}: erasing had begun there. It holds for every other store.",
            listed(&hold.too_late_for)
        );
        lines.extend(paragraph(Tone::Warn, &text, width.min(100)));
    }
    lines
}

/// A page of a list.
pub fn list(items: &[HoldView], now: Timestamp, width: usize) -> Vec<Line> {
    if items.is_empty() {
        return vec![Line::plain("no holds")];
    }
    let mut table =
        Table::new(&[words("hold"), words("on"), words("reason"), words("placed"), words("review")]);
    for hold in items {
        let review = match (hold.released_at, left(now, hold.review_at)) {
            (Some(at), _) => toned(Tone::Quiet, format!("released {}", day(at))),
            (None, Some(left)) => cell(format!("{} ({left})", day(hold.review_at))),
            (None, None) => toned(Tone::Warn, format!("{} (look at it now)", day(hold.review_at))),
        };
        table.row([
            cell(hold.hold_id.as_str()),
            cell(&hold.identity_type),
            cell(&hold.reason),
            cell(day(hold.placed_at)),
            review,
        ]);
        if !hold.too_late_for.is_empty() {
            let late = format!("too late for {}", listed(&hold.too_late_for));
            table.note(toned(Tone::Warn, late));
        }
    }
    table.lines(width, 0)
}
