//! The Merkle tree over the entries (RFC 6962, section 2.1), without keeping it.
//!
//! A leaf's data is an entry's canonical content, and the leaf's hash is the entry's: there is no other.

use aws_lc_rs::digest::{SHA256, digest};

use crate::sha256::{hashes, of_65};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Hashes of a proof at the most: a tree of 2^63 leaves has no longer paths.
pub const MOST_HASHES: usize = 63;

/// The SHA-256 of something.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Where the input of a leaf's hash begins.
const LEAF: u8 = 0;
/// And that of a node's: so none passes for the other.
const NODE: u8 = 1;

/// The hash of a leaf with this data: SHA-256 over a byte and the data.
pub fn leaf(data: &[u8]) -> Hash {
    sha256(&[&[LEAF], data].concat())
}

/// The hashes of leaves with these data, in less time than one after the other: see [`crate::sha256`].
pub(crate) fn leaves(data: &[&[u8]]) -> Vec<Hash> {
    hashes(LEAF, data)
}

/// The hash of a node with these children.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut input = [NODE; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    of_65(&input)
}

/// A tree as far as it must be known to go on with it: the roots of its largest full subtrees, one for each bit of its
/// size that is set. Others call it a compact range or a frontier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    size: u64,
    peaks: Vec<Hash>,
}

impl Range {
    /// The tree of so many leaves with these full subtrees, the largest first; `None` if they are not as many as it has.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its full subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The same, for the next leaf of those that a tree grew by: the nodes that it has need not be hashed again.
    pub(crate) fn push_of(&mut self, leaf: Hash, grown: &Grown) {
        let mut hash = leaf;
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = grown.known(level, self.size >> level).unwrap_or_else(|| node(&left, &hash));
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Its root; of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.peaks.iter().rev();
        let Some(last) = from_the_right.next() else {
            return sha256(&[]);
        };
        from_the_right.fold(*last, |right, left| node(left, &right))
    }
}

/// A tree that grew, of which the later leaves are known: what is needed to prove that one of them is in it.
#[derive(Debug, Clone)]
pub struct Grown {
    /// The peaks before, each with the leaves that it is over: `[from, to)`.
    before: Vec<(u64, u64, Hash)>,
    base: u64,
    /// Each level's nodes that are over later leaves alone, from the leaves up; the first of level `l` has the number
    /// `first[l]` in its level.
    levels: Vec<(u64, Vec<Hash>)>,
    size: u64,
}

impl Grown {
    /// The tree after these leaves' hashes were added to a range.
    pub fn new(range: &Range, leaves: Vec<Hash>) -> Self {
        let mut before = Vec::new();
        let mut from = 0;
        for (bit, peak) in (0..u64::BITS).rev().filter(|bit| range.size >> bit & 1 == 1).zip(&range.peaks) {
            before.push((from, from + (1 << bit), *peak));
            from += 1 << bit;
        }
        let size = range.size + leaves.len() as u64;
        let mut levels = vec![(range.size, leaves)];
        while let Some((first, nodes)) = levels.last().filter(|(_, nodes)| nodes.len() > 1) {
            let skip = usize::from(first % 2 == 1);
            let pairs: Vec<&[u8]> = nodes[skip..].chunks_exact(2).map(<[Hash]>::as_flattened).collect();
            levels.push((first.div_ceil(2), hashes(NODE, &pairs)));
        }
        Self { before, base: range.size, levels, size }
    }

    /// The hashes of the later leaves.
    pub(crate) fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], |(_, leaves)| leaves)
    }

    /// The node with this number of a level, if it is over later leaves alone.
    fn known(&self, level: u32, number: u64) -> Option<Hash> {
        let (first, nodes) = self.levels.get(level as usize)?;
        let at = usize::try_from(number.checked_sub(*first)?).ok()?;
        nodes.get(at).copied()
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        if self.size == 0 { sha256(&[]) } else { self.subtree(0, self.size) }
    }

    /// The path from a later leaf to the root (RFC 6962, section 2.1.1): its sibling first. `None` if it is not one of the
    /// later leaves, which are numbered from 0 with all others.
    pub fn path(&self, index: u64) -> Option<Vec<Hash>> {
        if index < self.base || index >= self.size {
            return None;
        }
        let (mut from, mut to) = (0, self.size);
        let mut path = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.subtree(middle, to));
                to = middle;
            } else {
                path.push(self.subtree(from, middle));
                from = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The hash over the leaves `[from, to)`, which are what a split of the tree gave.
    fn subtree(&self, from: u64, to: u64) -> Hash {
        if let Some((_, _, peak)) = self.before.iter().find(|(a, b, _)| (*a, *b) == (from, to)) {
            return *peak;
        }
        let leaves = to - from;
        if leaves.is_power_of_two() && from >= self.base {
            let level = leaves.trailing_zeros();
            if let Some(hash) = self.known(level, from >> level) {
                return hash;
            }
        }
        let middle = from + split(leaves);
        node(&self.subtree(from, middle), &self.subtree(middle, to))
    }
}

/// The largest power of two that is less than a number of leaves, which is at least 2.
pub(crate) fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The root that a leaf's hash and its path lead to (RFC 9162, section 2.1.3.2); `None` if the path is not as long as
/// that of this leaf in a tree of this size is.
pub fn root_of_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            hash = node(sibling, &hash);
            while at.is_multiple_of(2) && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}
