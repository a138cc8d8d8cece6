//! Everything that happened to a request.

use contract::api::TimelineEntry;

use super::request::tone;
use crate::text::table::{Table, cell, numbers, toned, words};
use crate::text::time::second;
use crate::text::{Line, Tone};

/// The whole timeline.
pub fn table(items: &[TimelineEntry], width: usize) -> Vec<Line> {
    if items.is_empty() {
        return vec![Line::plain("nothing happened yet")];
    }
    let mut table = Table::new(&[
        numbers("n"),
        words("at (UTC)"),
        words("event"),
        words("store"),
        words("status"),
        words("who"),
    ]);
    let mut before = None;
    for item in items {
        // A status is shown where it changed.
        let status = item.status.filter(|status| before != Some(*status));
        before = item.status.or(before);
        let store = item.store.as_ref().map_or("", |store| store.as_str());
        table.row([
            toned(Tone::Quiet, item.n.to_string()),
            cell(second(item.at)),
            cell(&item.event),
            cell(store),
            status.map_or(cell(""), |status| toned(tone(status), status.as_str())),
            cell(short(&item.who)),
        ]);
        let why = why(item);
        if !why.is_empty() {
            table.note(toned(Tone::Quiet, why));
        }
    }
    table.lines(width, 0)
}

/// A pseudonym by its beginning; `--json` has all of it.
fn short(who: &str) -> String {
    let parts = who.split(':').map(|part| {
        let long = part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
        let head = part.get(..8).filter(|_| long);
        head.map_or(part.to_owned(), |head| format!("{head}…"))
    });
    parts.collect::<Vec<_>>().join(":")
}

fn why(item: &TimelineEntry) -> String {
    let detail = item.detail.iter().map(|(name, value)| format!("{name} {}", short(value)));
    let parts: Vec<String> = item.why.iter().cloned().chain(detail).collect();
    parts.join(", ")
}
