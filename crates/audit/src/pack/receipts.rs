//! The receipts of a pack: what each is called, and which closings have none.

use std::collections::BTreeMap;

use domain::RequestId;
use serde::{Deserialize, Serialize};

use super::PART;
use super::flaw::{Flaw, Unfit};
use super::log::Closing;
use crate::receipt::Unissuable;
use crate::verify::exactly;

/// What the receipt of a closing is called: by the request, and by the entry's place, since a request that was reopened is
/// closed once more.
pub fn receipt_name(request: &RequestId, seq: u64) -> String {
    format!("receipts/{request}-{seq}.json")
}

/// What stands in a receipt's place where there is none: a [`NoReceipt`].
pub fn no_receipt_name(request: &RequestId, seq: u64) -> String {
    format!("receipts/{request}-{seq}.none")
}

/// Reads what [`receipt_name`] writes, and nothing else.
pub fn parse_receipt_name(name: &str) -> Option<(RequestId, u64)> {
    parsed(name, receipt_name)
}

/// Reads what [`no_receipt_name`] writes, and nothing else.
pub fn parse_no_receipt_name(name: &str) -> Option<(RequestId, u64)> {
    parsed(name, no_receipt_name)
}

fn parsed(name: &str, written: fn(&RequestId, u64) -> String) -> Option<(RequestId, u64)> {
    let (request, rest) = name.strip_prefix("receipts/")?.split_once('-')?;
    let (request, seq) = (request.parse().ok()?, rest.split_once('.')?.0.parse().ok()?);
    (written(&request, seq) == name).then_some((request, seq))
}

/// That a closing has no receipt, and why: one line of canonical JSON. Nothing proves it, so that a pack with one is not
/// called intact: whoever left a receipt out could have written it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoReceipt {
    /// The place of the closing's entry.
    pub entry: u64,
    /// The format: `lacuna/1`.
    pub no_receipt: String,
    /// Which request.
    pub request: RequestId,
    /// Why, as whoever issues receipts said.
    pub why: Unissuable,
}

impl NoReceipt {
    /// Of a closing.
    pub fn new(request: RequestId, entry: u64, why: Unissuable) -> Self {
        Self { entry, no_receipt: PART.to_owned(), request, why }
    }

    /// As it is written.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        exactly(bytes).filter(|read: &Self| read.no_receipt == PART)
    }
}

/// How many closings of a period have a receipt in the pack, and how many have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Those that have one.
    pub issued: u64,
    /// Those that have none, by what is said of why.
    pub missing: BTreeMap<Unissuable, u64>,
}

impl Receipts {
    /// How many have none.
    pub fn all_missing(&self) -> u64 {
        self.missing.values().sum()
    }

    /// Notes one more that has none.
    pub fn miss(&mut self, why: Unissuable) {
        *self.missing.entry(why).or_default() += 1;
    }
}

/// What a pack has of a closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// A receipt of an entry with this hash, whose statement has this SHA-256; both in hex.
    Receipt { hash: String, statement: String },
    /// None, it says.
    None(Unissuable),
}

/// By the place of a closing's entry: of which request, and what there is.
pub(super) type AllHeld = BTreeMap<u64, (RequestId, Held)>;

/// Whether each closing has its receipt, or a word that there is none; and each of these its closing.
pub(super) fn matched(held: &AllHeld, closings: &BTreeMap<u64, Closing>) -> Result<Receipts, Flaw> {
    let mut receipts = Receipts::default();
    for (seq, Closing { request, hash, statement }) in closings {
        let Some((of, what)) = held.get(seq) else {
            return Err(Flaw::of(&receipt_name(request, *seq), Unfit::Missing));
        };
        match what {
            _ if of != request => return Err(Flaw::of(&name_of(of, *seq, what), Unfit::AnotherReceipt)),
            // One of another history can be of the same closing, with the same statement, under a checkpoint that the log does
            // not come by.
            Held::Receipt { hash: own, statement: said } if own != hash || said != statement => {
                return Err(Flaw::of(&receipt_name(of, *seq), Unfit::AnotherReceipt));
            }
            Held::Receipt { .. } => receipts.issued += 1,
            Held::None(why) => receipts.miss(*why),
        }
    }
    match held.iter().find(|(seq, _)| !closings.contains_key(seq)) {
        Some((seq, (request, what))) => Err(Flaw::of(&name_of(request, *seq, what), Unfit::NoClosing)),
        None => Ok(receipts),
    }
}

fn name_of(request: &RequestId, seq: u64, held: &Held) -> String {
    match held {
        Held::Receipt { .. } => receipt_name(request, seq),
        Held::None(_) => no_receipt_name(request, seq),
    }
}
