//! What became of the records in each store, what is kept there, and why.

use contract::api::{RequestView, StoreView};
use domain::catalog::Method;

use crate::text::table::{Cell, Table, cell, numbers, sentences, toned, words};
use crate::text::time::term;
use crate::text::{Line, Tone};

/// The records of all stores together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    /// Found.
    pub found: u64,
    /// Deleted.
    pub erased: u64,
    /// Kept, with the person in them replaced.
    pub anonymised: u64,
    /// Kept as they are.
    pub retained: u64,
    /// Still naming the person; `None` while a store was not read again.
    pub residue: Option<u64>,
    /// The stores in which something was found.
    pub stores: u64,
}

impl Total {
    /// Adds up a request's stores.
    pub fn of(view: &RequestView) -> Self {
        let none = Self { residue: Some(0), ..Self::default() };
        view.stores.iter().fold(none, |sum, store| Self {
            found: sum.found + store.located,
            erased: sum.erased + store.erased,
            anonymised: sum.anonymised + store.anonymised,
            retained: sum.retained + store.retained,
            residue: sum.residue.zip(store.residue).map(|(a, b)| a + b),
            stores: sum.stores + u64::from(store.located > 0),
        })
    }
}

/// The stores' table, at most so many of them.
pub fn table(view: &RequestView, most: usize) -> Table {
    let mut table = Table::new(&[
        sentences("store"),
        words("status").at_least("suppressed".len()),
        numbers("found"),
        numbers("erased"),
        numbers("anonymised"),
        numbers("retained"),
        numbers("residue"),
    ]);
    for store in view.stores.iter().take(most) {
        table.row(row(store));
    }
    if view.stores.len() > 1 {
        let total = Total::of(view);
        let number = |n: u64| toned(Tone::Quiet, n.to_string());
        table.row([
            toned(Tone::Quiet, "in all"),
            cell(""),
            number(total.found),
            number(total.erased),
            number(total.anonymised),
            number(total.retained),
            residue(total.residue, Tone::Quiet),
        ]);
    }
    table
}

fn row(store: &StoreView) -> [Cell; 7] {
    let number = |n: u64| cell(n.to_string());
    [
        cell(store.store.as_str()),
        toned(tone(&store.status), &store.status),
        number(store.located),
        number(store.erased),
        number(store.anonymised),
        number(store.retained),
        residue(store.residue, Tone::Plain),
    ]
}

/// A store's residue is unknown until it was read again: never a zero.
fn residue(residue: Option<u64>, fine: Tone) -> Cell {
    match residue {
        None => toned(Tone::Quiet, "-"),
        Some(0) => toned(fine, "0"),
        Some(n) => toned(Tone::Bad, n.to_string()),
    }
}

fn tone(status: &str) -> Tone {
    match status {
        "confirmed" => Tone::Good,
        "failed" => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// What is kept, and why; nothing where nothing is.
pub fn kept(view: &RequestView, width: usize) -> Vec<Line> {
    let mut table =
        Table::new(&[words("kept in"), words("how"), sentences("why"), sentences("law"), words("for")]);
    let kept = view.stores.iter().flat_map(|store| store.kept.iter().map(move |kept| (store, kept)));
    let mut any = false;
    for (store, kept) in kept {
        any = true;
        let how = match kept.method {
            Method::Delete => "deleted",
            Method::Anonymise => "anonymised",
            Method::Retain => "as it is",
            Method::Shred => "unreadable",
        };
        table.row([
            cell(format!("{}.{}", store.store, kept.collection)),
            cell(how),
            cell(&kept.reason),
            cell(&kept.law),
            cell(kept.keep_for.as_deref().map(term).unwrap_or_default()),
        ]);
    }
    if any { table.lines(width, 0) } else { Vec::new() }
}
