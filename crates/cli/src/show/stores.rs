//! What became of the records in each store, what is kept there, and why.

use contract::api::{RequestView, StoreView};
use domain::catalog::Method;

use crate::text::table::{Cell, Table, cell, numbers, sentences, toned, words};
use crate::text::time::term;
use crate::text::{Line, Tone};

/// The records of all stores together.
#[derive(Debug, Clone, Copy)]
pub struct Total {
    /// Found.
    pub found: u64,
    /// Read whole, for an export.
    pub read: u64,
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

impl Default for Total {
    /// Of no store.
    fn default() -> Self {
        Self { found: 0, read: 0, erased: 0, anonymised: 0, retained: 0, residue: Some(0), stores: 0 }
    }
}

impl Total {
    /// Adds up a request's stores.
    pub fn of(view: &RequestView) -> Self {
        view.stores.iter().fold(Self::default(), Self::and)
    }

    fn and(self, store: &StoreView) -> Self {
        Self {
            found: self.found + store.located,
            read: self.read + store.collected,
            erased: self.erased + store.erased,
            anonymised: self.anonymised + store.anonymised,
            retained: self.retained + store.retained,
            residue: self.residue.zip(store.residue).map(|(a, b)| a + b),
            stores: self.stores + u64::from(store.located > 0),
        }
    }
}

/// What is shown of each store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Found,
    Read,
    Erased,
    Anonymised,
    Retained,
    Residue,
}

impl Shown {
    /// What a request of this kind does to stores: one that erases nothing has no zeros for it.
    fn of(view: &RequestView) -> Vec<Self> {
        let mut shown = vec![Self::Found];
        if view.export.is_some() || !view.kind.erases() {
            shown.push(Self::Read);
        }
        if view.kind.erases() {
            shown.extend([Self::Erased, Self::Anonymised, Self::Retained, Self::Residue]);
        }
        shown
    }

    fn title(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Read => "read",
            Self::Erased => "erased",
            Self::Anonymised => "anonymised",
            Self::Retained => "retained",
            Self::Residue => "residue",
        }
    }

    fn cell(self, total: &Total, tone: Tone) -> Cell {
        let number = |n: u64| toned(tone, n.to_string());
        match self {
            Self::Found => number(total.found),
            Self::Read => number(total.read),
            Self::Erased => number(total.erased),
            Self::Anonymised => number(total.anonymised),
            Self::Retained => number(total.retained),
            Self::Residue => residue(total.residue, tone),
        }
    }
}

/// The stores' table, at most so many of them.
pub fn table(view: &RequestView, most: usize) -> Table {
    let shown = Shown::of(view);
    let mut columns = vec![sentences("store"), words("status").at_least("suppressed".len())];
    columns.extend(shown.iter().map(|shown| numbers(shown.title())));
    let mut table = Table::new(&columns);
    for store in view.stores.iter().take(most) {
        let good = if view.kind.erases() { "confirmed" } else { "collected" };
        let cells = [cell(store.store.as_str()), toned(tone(&store.status, good), &store.status)];
        let total = Total::default().and(store);
        table.row(cells.into_iter().chain(shown.iter().map(|shown| shown.cell(&total, Tone::Plain))));
    }
    if view.stores.len() > 1 {
        let total = Total::of(view);
        let cells = [toned(Tone::Quiet, "in all"), cell("")];
        table.row(cells.into_iter().chain(shown.iter().map(|shown| shown.cell(&total, Tone::Quiet))));
    }
    table
}

/// A store's residue is unknown until it was read again: never a zero.
fn residue(residue: Option<u64>, fine: Tone) -> Cell {
    match residue {
        None => toned(Tone::Quiet, "-"),
        Some(0) => toned(fine, "0"),
        Some(n) => toned(Tone::Bad, n.to_string()),
    }
}

fn tone(status: &str, good: &str) -> Tone {
    match status {
        "failed" => Tone::Bad,
        status if status == good => Tone::Good,
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
