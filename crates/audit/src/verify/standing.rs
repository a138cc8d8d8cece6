//! What a file that reads is worth: whether all of it is signed, and how it stands to a checkpoint that was seen before.

use super::{Export, Found};
use crate::checkpoint::Checkpoint;
use crate::pack::{Figures, Pack};

/// What can be said of a file in which nothing is wrong. Only the first passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All of it is signed, and where a checkpoint was seen before it is of that log.
    Intact,
    /// Some of it, or all, is under no signature: anybody could have made that up.
    Unsigned,
    /// It is signed, and says something that only a later version can read.
    Newer,
    /// It ends before the checkpoint that was seen, and nothing shows that it is of that log: it is older, or the log was
    /// cut back.
    Behind,
    /// It is signed, and nothing shows that it is of the log of the checkpoint that was seen.
    NotShown,
    /// It is a pack that the log does not name: anybody could have made it up to now.
    NotOnRecord,
    /// It is a pack whose log does not show all of its period.
    Unfinished,
    /// It is a pack that lacks receipts, and nothing proves why.
    ReceiptsMissing,
}

/// How a file stands to a checkpoint that was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is of that log, and has as many entries or more.
    GoesOn,
    /// It is of that log, as it was before.
    Older,
    /// It has more entries, and nothing shows that they follow.
    Open,
    /// It has fewer entries, and nothing shows that they are of that log.
    Behind,
}

impl Standing {
    /// A word for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Unsigned => "unsigned",
            Self::Newer => "newer",
            Self::Behind => "behind",
            Self::NotShown => "not_shown",
            Self::NotOnRecord => "not_on_record",
            Self::Unfinished => "unfinished",
            Self::ReceiptsMissing => "receipts_missing",
        }
    }
}

impl Export {
    /// Whether a signature covers all of it.
    pub fn is_signed(&self) -> bool {
        self.signed_to == Some(self.last)
    }

    /// Whether a signature covers any entry that it has.
    pub fn has_signed_entries(&self) -> bool {
        self.signed_to.is_some_and(|to| to >= self.first)
    }

    /// The first and the last of its entries that no signature covers.
    pub fn unsigned(&self) -> Option<(u64, u64)> {
        let from = self.signed_to.map_or(self.first, |to| self.first.max(to + 1));
        (from <= self.last).then_some((from, self.last))
    }
}

impl Pack {
    /// How many entries the log has where the pack ends: at its proof, to which its own log leads.
    pub fn size(&self) -> u64 {
        self.bound.as_ref().map_or(self.export.last, |bound| bound.checkpoint.size)
    }

    /// How it stands to the checkpoint that was seen before, where it is known whether something joins the two.
    pub fn freshness(&self, since: &Checkpoint, joined: bool) -> Freshness {
        freshness(self.size(), since, joined || self.fresh == Some(true))
    }

    /// What can be said of it: the worst that is true. It is signed to its end and of its own time, so that it is not behind
    /// what was seen later.
    pub fn standing(&self, freshness: Option<Freshness>) -> Standing {
        let is = |what: fn(&Figures) -> bool| self.figures.as_ref().is_some_and(what);
        if self.newer.is_some() {
            Standing::Newer
        } else if self.bound.is_none() {
            Standing::NotOnRecord
        } else if is(|figures| !figures.metrics.complete) {
            Standing::Unfinished
        } else if is(|figures| figures.receipts.all_missing() > 0) {
            Standing::ReceiptsMissing
        } else if matches!(freshness, Some(Freshness::Open | Freshness::Behind)) {
            Standing::NotShown
        } else {
            Standing::Intact
        }
    }
}

impl Found {
    /// How many entries the log has where this ends.
    pub fn size(&self) -> u64 {
        match self {
            Self::Export(export) => export.last,
            Self::Receipt(proved) => proved.checkpoint.size,
            Self::Newer(newer) => newer.checkpoint.size,
            Self::Checkpoint(checkpoint) => checkpoint.size,
        }
    }

    /// Whether it comes by the checkpoint that was seen before, by itself.
    pub fn meets(&self, since: &Checkpoint) -> bool {
        match self {
            Self::Export(export) => export.fresh,
            Self::Receipt(proved) => proved.checkpoint == *since,
            Self::Newer(newer) => newer.checkpoint == *since,
            Self::Checkpoint(checkpoint) => checkpoint == since,
        }
    }

    /// How it stands to the checkpoint that was seen before, where it is known whether something joins the two.
    pub fn freshness(&self, since: &Checkpoint, joined: bool) -> Freshness {
        freshness(self.size(), since, joined)
    }

    /// What can be said of it; the freshness is `None` where no checkpoint was seen before.
    ///
    /// A receipt is given once, under the checkpoint of its day: that it is older than another says nothing. An export or
    /// a checkpoint that is asked for now must not be.
    pub fn standing(&self, freshness: Option<Freshness>) -> Standing {
        match (self, freshness) {
            (Self::Export(_) | Self::Checkpoint(_), Some(Freshness::Behind)) => Standing::Behind,
            (Self::Newer(_), _) => Standing::Newer,
            (Self::Export(export), _) if !export.is_signed() => Standing::Unsigned,
            (_, Some(Freshness::Open | Freshness::Behind)) => Standing::NotShown,
            _ => Standing::Intact,
        }
    }
}

fn freshness(size: u64, since: &Checkpoint, joined: bool) -> Freshness {
    match (joined, size < since.size) {
        (true, false) => Freshness::GoesOn,
        (true, true) => Freshness::Older,
        (false, false) => Freshness::Open,
        (false, true) => Freshness::Behind,
    }
}
