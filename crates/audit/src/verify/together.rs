//! Several files of one log. Each may be whole by itself, and they may still be of two histories, which whoever has the
//! key could sign one for each reader.

use std::collections::{BTreeMap, BTreeSet};

use super::{Export, Found};
use crate::checkpoint::Checkpoint;
use crate::pack::Pack;
use crate::tree::Hash;

/// What a file says of the log: so many entries have this root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saying {
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// Whether a signature covers it. What an export has after its last checkpoint is only chained.
    pub signed: bool,
    /// Whether it is this file's own tree. A receipt in a pack may be under a later checkpoint than its log: that is signed, and
    /// nothing leads from the one to the other.
    pub own: bool,
}

/// Two files that cannot both be of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disagreement {
    /// The least number of entries over which they have two roots, of those that could be compared.
    pub size: u64,
    /// Which files, by their numbers.
    pub files: [usize; 2],
    /// Whether a signature covers what each says.
    pub signed: [bool; 2],
}

/// What all files of a run say, each by its number.
///
/// An export says the root at any size that it comes by, if it is asked while it is read: [`super::File::noting`]. So
/// files are read once to have all [`Together::sizes`], and exports once more to be held against them.
#[derive(Debug, Clone, Default)]
pub struct Together {
    said: BTreeMap<u64, Vec<(usize, Saying)>>,
}

impl Found {
    /// What it says of the log.
    pub fn says(&self) -> Vec<Saying> {
        let signed = |checkpoint: &Checkpoint| Saying {
            size: checkpoint.size,
            root: checkpoint.root,
            signed: true,
            own: true,
        };
        match self {
            Self::Checkpoint(checkpoint) => vec![signed(checkpoint)],
            Self::Receipt(proved) => vec![signed(&proved.checkpoint)],
            Self::Newer(newer) => vec![signed(&newer.checkpoint)],
            Self::Export(export) => {
                let mut said = export.comes_by();
                said.extend(export.checkpoint.as_ref().map(signed));
                said
            }
        }
    }
}

impl Export {
    /// The trees that it comes by, as far as they are known.
    fn comes_by(&self) -> Vec<Saying> {
        let covered = |(size, root)| Saying { size, root, signed: self.signed_to >= Some(size), own: true };
        let ends = [(self.first - 1, self.before), (self.last, self.root)];
        ends.into_iter().chain(self.roots.iter().copied()).map(covered).collect()
    }
}

impl Pack {
    /// What it says of the log: its own log, and the checkpoints of all its proofs. To that of its own proof its log leads.
    pub fn says(&self) -> Vec<Saying> {
        let proved = self.bound.as_ref().map(|bound| bound.checkpoint.size);
        let beside = |(size, root): &(u64, Hash)| {
            let own = proved == Some(*size);
            Saying { size: *size, root: *root, signed: true, own }
        };
        self.export.comes_by().into_iter().chain(self.signed.iter().map(beside)).collect()
    }
}

impl Together {
    /// Adds what a file says.
    pub fn add(&mut self, file: usize, says: Vec<Saying>) {
        for saying in says {
            self.said.entry(saying.size).or_default().push((file, saying));
        }
    }

    /// The sizes of which anything is said.
    pub fn sizes(&self) -> BTreeSet<u64> {
        self.said.keys().copied().collect()
    }

    /// What cannot all be of one log, each two files once.
    pub fn disagreements(&self) -> Vec<Disagreement> {
        let mut known = BTreeSet::new();
        let mut all = Vec::new();
        for (size, said) in &self.said {
            for (at, (file, one)) in said.iter().enumerate() {
                for (other_file, other) in &said[at + 1..] {
                    let files = [*file.min(other_file), *file.max(other_file)];
                    if one.root != other.root && file != other_file && known.insert(files) {
                        let signed = if file < other_file { [one, other] } else { [other, one] };
                        let signed = signed.map(|saying| saying.signed);
                        all.push(Disagreement { size: *size, files, signed });
                    }
                }
            }
        }
        all
    }

    /// Up to where a file is what was signed, in whichever of the files the signature is; `None` if nothing of it is.
    pub fn signed_to(&self, file: usize) -> Option<u64> {
        let is_signed = |said: &[(usize, Saying)]| {
            let own: BTreeSet<Hash> =
                said.iter().filter(|(of, _)| *of == file).map(|(_, one)| one.root).collect();
            said.iter().any(|(_, one)| one.signed && own.contains(&one.root))
        };
        self.said.iter().rev().find(|(_, said)| is_signed(said)).map(|(size, _)| *size)
    }

    /// The files that are shown to be of the log of a checkpoint that was seen before: those that come by it, and those
    /// that begin with, end with, or are of, a tree that one of these comes by. It may be a later tree, or an earlier one,
    /// and not the empty one, which is every log's.
    pub fn fresh(&self, since: &Checkpoint, found: &BTreeMap<usize, &Found>) -> BTreeSet<usize> {
        let meets = found.iter().filter(|(_, found)| found.meets(since));
        let mut fresh: BTreeSet<usize> = meets.map(|(file, _)| *file).collect();
        // Each round finds one more, or is the last.
        loop {
            let leads =
                |file: &usize| fresh.contains(file) && matches!(found.get(file), Some(Found::Export(_)));
            let joined = self.said.range(1..).flat_map(|(_, said)| {
                let own = || said.iter().filter(|(_, one)| one.own);
                let led: BTreeSet<Hash> =
                    own().filter(|(file, _)| leads(file)).map(|(_, one)| one.root).collect();
                own().filter(move |(_, one)| led.contains(&one.root)).map(|(file, _)| *file)
            });
            let more: Vec<usize> = joined.filter(|file| !fresh.contains(file)).collect();
            if more.is_empty() {
                return fresh;
            }
            fresh.extend(more);
        }
    }
}
