//! Reading a pack's log: checked, counted, and its closings kept, as its bytes come.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{About, EventKind};
use domain::{Period, RequestId, TenantId};
use serde::Deserialize;

use super::count::Counting;
use super::flaw::Unfit;
use super::metrics::Metrics;
use crate::entry::Content;
use crate::export::{CHECKPOINT, CheckpointLine, ENTRY};
use crate::receipt::DETAIL;
use crate::verify::{Export, File, Found, Pinned, Refused};

/// A closing in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Which request.
    pub request: RequestId,
    /// The hash of its entry, in hex.
    pub hash: String,
    /// SHA-256 of its statement, in hex.
    pub statement: String,
}

/// A log that is being read.
#[derive(Debug)]
pub struct Log<'a> {
    file: File<'a>,
    /// The beginning of a line.
    rest: Vec<u8>,
    counting: Counting,
    period: Period,
    closings: BTreeMap<u64, Closing>,
    /// The last checkpoint's line, as it is written.
    checkpoint: Option<Vec<u8>>,
    /// Whether an entry says what is not known here. What it means for the figures nobody can tell, so nothing is counted any more.
    newer: bool,
}

/// What a log was found to be.
#[derive(Debug)]
pub struct Read {
    /// The export.
    pub export: Export,
    /// What it counts; `None` if an entry says what only a later version knows.
    pub counted: Option<Counted>,
}

/// What a log counts.
#[derive(Debug)]
pub struct Counted {
    /// The figures.
    pub metrics: Metrics,
    /// The closings in the period that have a receipt, by their places.
    pub closings: BTreeMap<u64, Closing>,
}

#[derive(Deserialize)]
struct Line {
    entry: Content,
    hash: String,
}

impl<'a> Log<'a> {
    /// Of which nothing is read yet. It notes the tree's root at these sizes.
    pub fn new(pinned: &'a Pinned, tenant: TenantId, period: Period, sizes: BTreeSet<u64>) -> Self {
        Self {
            file: File::noting(pinned, sizes),
            rest: Vec::new(),
            counting: Counting::new(tenant, period),
            period,
            closings: BTreeMap::new(),
            checkpoint: None,
            newer: false,
        }
    }

    /// Takes the next bytes, however many. After an error there is nothing more to ask.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        // It also sees that no line is longer than one may be.
        self.file.take(bytes).map_err(unfit)?;
        let mut bytes = bytes;
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, after) = bytes.split_at(at);
            bytes = after.get(1..).unwrap_or_default();
            if self.rest.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.line(&whole);
                whole.clear();
                self.rest = whole;
            }
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    /// Entries so far.
    pub fn entries(&self) -> u64 {
        self.file.entries()
    }

    /// The note of the last checkpoint so far.
    pub fn note(&self) -> Option<String> {
        let line: CheckpointLine = serde_json::from_slice(self.checkpoint.as_deref()?).ok()?;
        Some(line.checkpoint)
    }

    /// After the last byte: what it is.
    pub fn finish(self) -> Result<Read, Unfit> {
        let Found::Export(export) = self.file.finish().map_err(unfit)? else {
            return Err(Unfit::Unreadable);
        };
        // What only is chained, anybody could have added.
        if export.signed_to != Some(export.last) {
            return Err(Unfit::Unsigned);
        }
        if self.newer {
            return Ok(Read { export, counted: None });
        }
        let metrics = self.counting.finish().ok_or(Unfit::Unsigned)?;
        Ok(Read { export, counted: Some(Counted { metrics, closings: self.closings }) })
    }

    fn line(&mut self, line: &[u8]) {
        if line.starts_with(CHECKPOINT) {
            self.checkpoint = Some(line.to_vec());
        }
        if !line.starts_with(ENTRY) || self.newer {
            return;
        }
        // Its hash was compared before it came here: if a signature covers it, it is what was written.
        let Ok(Line { entry, hash }) = serde_json::from_slice::<Line>(line) else {
            self.newer = true;
            return;
        };
        self.counting.take(entry.seq, &entry.event);
        let event = entry.event;
        if event.kind == EventKind::Closed
            && self.period.has(event.at)
            && let (About::Request(request), Some(statement)) = (event.about, event.detail.get(DETAIL))
        {
            self.closings.insert(entry.seq, Closing { request, hash, statement: statement.clone() });
        }
    }
}

fn unfit(refused: Refused) -> Unfit {
    match refused {
        Refused::Broken(problem) => problem.into(),
        Refused::Unknown | Refused::Key => Unfit::Unreadable,
    }
}
