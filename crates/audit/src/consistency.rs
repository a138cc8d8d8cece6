//! That a tree goes on from an earlier one (RFC 6962, section 2.1.2), proved without keeping either.

use crate::tree::{Hash, Range, node, split};

/// A tree that goes on from an earlier one: the roots of the largest full subtrees of the earlier one, and those over later
/// leaves alone. They are at most twice as many as a size has bits, however many leaves come.
#[derive(Debug, Clone)]
pub struct Onward {
    /// The earlier tree's size.
    from: u64,
    size: u64,
    /// Each over the leaves `[from, to)`, in order: none after the earlier tree's end is over any of its leaves.
    nodes: Vec<(u64, u64, Hash)>,
}

impl Onward {
    /// An earlier tree, before any later leaf.
    pub fn new(earlier: &Range) -> Self {
        let size = earlier.size();
        let mut nodes = Vec::new();
        let mut from = 0;
        for (bit, peak) in (0..u64::BITS).rev().filter(|bit| size >> bit & 1 == 1).zip(earlier.peaks()) {
            nodes.push((from, from + (1 << bit), *peak));
            from += 1 << bit;
        }
        Self { from: size, size, nodes }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of a later leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut new = (self.size, self.size + 1, leaf);
        self.size += 1;
        while let Some(&(from, _, left)) = self.nodes.last().filter(|(from, to, _)| {
            let length = new.1 - new.0;
            *from >= self.from && to - from == length && from.is_multiple_of(2 * length)
        }) {
            new = (from, new.1, node(&left, &new.2));
            self.nodes.pop();
        }
        self.nodes.push(new);
    }

    /// The proof that this tree goes on from the earlier one. Empty if it is the same, or the earlier one has no leaves: then
    /// there is nothing to prove.
    pub fn proof(&self) -> Vec<Hash> {
        let mut proof = Vec::new();
        if self.from == 0 || self.from == self.size {
            return proof;
        }
        // From the root to where the earlier tree ends; `is_whole`: the earlier tree is just this part.
        let (mut from, mut to, mut is_whole) = (0, self.size, true);
        while self.from < to {
            let middle = from + split(to - from);
            if self.from <= middle {
                proof.extend(self.subtree(middle, to));
                to = middle;
            } else {
                proof.extend(self.subtree(from, middle));
                (from, is_whole) = (middle, false);
            }
        }
        if !is_whole {
            proof.extend(self.subtree(from, to));
        }
        proof.reverse();
        proof
    }

    /// The hash over the leaves `[from, to)`, which are what a split of the tree gave.
    fn subtree(&self, from: u64, to: u64) -> Option<Hash> {
        if let Some((_, _, hash)) = self.nodes.iter().find(|(a, b, _)| (*a, *b) == (from, to)) {
            return Some(*hash);
        }
        if to - from < 2 {
            return None;
        }
        let middle = from + split(to - from);
        Some(node(&self.subtree(from, middle)?, &self.subtree(middle, to)?))
    }
}

/// Whether a proof shows that a tree goes on from an earlier, smaller one that is not empty (RFC 9162, section 2.1.4.2). Each
/// is its size and its root.
pub fn goes_on(earlier: (u64, &Hash), later: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((first, first_root), (second, second_root)) = (earlier, later);
    if first == 0 || first >= second || proof.is_empty() {
        return false;
    }
    // A full tree is a node of the later one, and is not repeated in the proof.
    let own = first.is_power_of_two().then_some(first_root);
    let mut path = own.into_iter().chain(proof);
    let Some(begin) = path.next() else { return false };
    let shift = (first - 1).trailing_ones();
    let (mut at, mut last) = ((first - 1) >> shift, (second - 1) >> shift);
    let (mut old, mut new) = (*begin, *begin);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (old, new) = (node(sibling, &old), node(sibling, &new));
            while at.is_multiple_of(2) && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node(&new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}
