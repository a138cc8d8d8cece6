//! Where the last numbers ended: a number right behind one that is whole begins there, and is no part of a longer one.

/// How many are kept: more than the groups of one number can end.
const KEPT: usize = 16;

/// The ends of the last numbers, and how many stand in a row before each.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    ends: [(usize, u8); KEPT],
    next: usize,
}

impl Rows {
    /// A number ends there.
    pub fn note(&mut self, end: usize, row: u8) {
        self.ends[self.next % KEPT] = (end, row);
        self.next += 1;
    }

    /// How many stand in a row before the one that ends there, at the least.
    pub fn of(&self, end: usize) -> Option<u8> {
        self.ends.iter().filter(|(other, _)| *other == end).map(|(_, row)| *row).min()
    }
}
