//! `GET /v1/audit/export`: a part of the log, from one instant to another, as lines that prove themselves.
//!
//! Entries stand in the order in which they were chained, and an event can be chained long after it happened. So an export
//! begins at the last checkpoint before which nothing is of its time, and goes on to the first one after which nothing
//! is: whatever happened in between is in it, and some of what happened around.
//!
//! `raw=true` is the table as it stands, without checkpoints and with whatever gaps it has: for when what is kept of them
//! does not open, or entries are missing, and somebody must see what there is.

mod extent;

use audit::export::{self, Before};
use audit::tree::Range;
use audit::{Entry, GENESIS, Head};
use contract::audit::ExportPart;
use contract::problem::{Invalid, Problem};
use domain::TenantId;
use jiff::Timestamp;
use ports::AuditLog;

use self::extent::Extent;
use super::Ports;
use crate::api::refusal::{Refusal, invalid};
use crate::api::{Answer, Call};
use crate::checkpoints::{Checkpoints, SLACK};
use crate::error::StepError;

/// Entries of one part at the most. A line has some 600 bytes, and an answer 6 MB at the most (Lambda's limit).
const MOST: u64 = 2_000;

/// Bytes of the lines of one part, about.
const MOST_BYTES: usize = 4 << 20;

/// Blocks that are asked for at once.
const BLOCKS: usize = 10;

/// Entries after the last checkpoint that are looked through for late ones. More than these are in the export.
const MOST_LOOKED: u64 = 1_000;

/// Gives the first part, or the one of a cursor.
pub(super) async fn export(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let tenant = call.tenant();
    let key = ports.key(tenant).await?;
    let log = Log { table: &*ports.audit_log, own: ports.checkpoints(tenant, &key), tenant };
    let head = log.table.head(tenant).await?;
    let raw = flag(call, "raw")?;
    let (mut extent, mut lines) = match call.query.get("cursor") {
        Some(text) => (Extent::parse(text).ok_or_else(wrong_cursor)?, String::new()),
        None if raw => log.begin_raw(&head),
        None => {
            let times = (instant(call, "from")?, instant(call, "to")?);
            log.begin(times, flag(call, "whole")?, &head).await?
        }
    };
    if extent.last > head.seq {
        let signed = log.own.after(head.seq).await?;
        return Err(match signed {
            Some(_) => log.own.broken("the table has fewer entries than were signed").into(),
            None => wrong_cursor().into(),
        });
    }
    if extent.next <= extent.last {
        log.part(&mut extent, &mut lines).await?;
    }
    let cursor = (extent.next <= extent.last).then(|| extent.cursor());
    if cursor.is_none() {
        let hash = log.hash_of(extent.last).await?;
        lines.push_str(&export::end(extent.last + 1 - extent.first, extent.last, &hash));
    }
    Ok(Answer::json(200, &ExportPart { lines, cursor })?)
}

fn instant(call: &Call, name: &str) -> Result<Timestamp, Problem> {
    let read = call.query.get(name).and_then(|text| text.parse().ok());
    read.ok_or_else(|| {
        let at = format!("query:{name}");
        invalid(vec![Invalid::new(&at, "this must be an instant, such as 2026-10-01T00:00:00Z")])
    })
}

fn flag(call: &Call, name: &str) -> Result<bool, Problem> {
    call.query.get(name).map_or(Ok(false), |text| text.parse()).map_err(|_| {
        let at = format!("query:{name}");
        invalid(vec![Invalid::new(&at, "this must be `true` or `false`")])
    })
}

fn wrong_cursor() -> Problem {
    invalid(vec![Invalid::new("query:cursor", "this must be the `cursor` of the part before")])
}

struct Log<'a> {
    table: &'a dyn AuditLog,
    own: Checkpoints<'a>,
    tenant: &'a TenantId,
}

impl Log<'_> {
    /// Where an export begins and ends, and its first line. One that is `whole` has an entry from before its time and one
    /// from after it, as far as there are any, and ends with a checkpoint.
    async fn begin(
        &self,
        (from, to): (Timestamp, Timestamp),
        whole: bool,
        head: &Head,
    ) -> Result<(Extent, String), Refusal> {
        if from > to {
            return Err(invalid(vec![Invalid::new("query:to", "this must not be before `from`")]).into());
        }
        let Some(signed) = self.own.last(head.seq).await? else {
            let (extent, line) = self.whole(head, false);
            return Ok((if whole { Extent::new(1, 0, false) } else { extent }, line));
        };
        let from = if whole { from.checked_sub(SLACK).unwrap_or(Timestamp::MIN) } else { from };
        let mut base = match self.own.reaching(from, &signed).await? {
            Some(size) => self.own.begins(size).await?,
            None => signed.size,
        };
        // Whatever is before that is earlier, in whichever order it was chained: so is the first entry then.
        if whole && base > 0 {
            base = self.own.begins(base).await?;
        }
        let last = match self.own.all_until(to, &signed).await? {
            Some(size) if whole || !self.has_until(to, signed.size, head.seq).await? => size.max(base),
            _ if whole => signed.size,
            _ => head.seq,
        };
        if base == 0 {
            return Ok((Extent::new(1, last, false), self.whole(head, false).1));
        }
        let base = self.own.standing(base).await?;
        let first = base.size + 1;
        let before = Before::new(&base.hash, &base.range);
        Ok((Extent::new(first, last, false), export::header(self.tenant, first, before, Some(base.note))))
    }

    /// The table as it stands.
    fn begin_raw(&self, head: &Head) -> (Extent, String) {
        self.whole(head, true)
    }

    fn whole(&self, head: &Head, raw: bool) -> (Extent, String) {
        let before = Before::new(GENESIS, &Range::default());
        (Extent::new(1, head.seq, raw), export::header(self.tenant, 1, before, None))
    }

    /// Whether what is not signed yet has, or may have, something that happened until an instant.
    async fn has_until(&self, at: Timestamp, signed: u64, last: u64) -> Result<bool, StepError> {
        if last - signed > MOST_LOOKED {
            return Ok(true);
        }
        let mut next = signed + 1;
        while next <= last {
            let entries = self.entries(next).await?;
            let Some(read) = entries.last().map(|entry| entry.seq) else {
                return Err(self.own.broken("entries are missing").into());
            };
            if entries.iter().any(|entry| entry.event.at <= at) {
                return Ok(true);
            }
            next = read + 1;
        }
        Ok(false)
    }

    /// Some entries from a place on, as they are stored.
    async fn entries(&self, from: u64) -> Result<Vec<Entry>, StepError> {
        let blocks = self.table.read(self.tenant, from, BLOCKS).await?;
        let mut next = from;
        let mut entries = Vec::new();
        for entry in blocks.into_iter().flat_map(|block| block.entries) {
            if entry.seq >= next {
                next = entry.seq.saturating_add(1);
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    async fn hash_of(&self, seq: u64) -> Result<String, StepError> {
        if seq == 0 {
            return Ok(GENESIS.to_owned());
        }
        let found = self.entries(seq).await?.into_iter().find(|entry| entry.seq == seq);
        Ok(found.ok_or_else(|| self.own.broken("entries are missing"))?.hash)
    }

    /// The lines of the next entries, with the last checkpoint among them where it belongs.
    async fn part(&self, extent: &mut Extent, lines: &mut String) -> Result<(), Refusal> {
        let most = extent.last.min(extent.next.saturating_add(MOST - 1));
        // The end of the export is a checkpoint, unless nothing is signed that far.
        let signed = if extent.raw { None } else { self.own.last(most).await? };
        let signed = signed.filter(|signed| signed.size >= extent.next);
        while extent.next <= most && lines.len() < MOST_BYTES {
            let entries = self.entries(extent.next).await?;
            if entries.is_empty() {
                return Err(self.own.broken("entries are missing").into());
            }
            for entry in entries {
                if extent.next > most {
                    return Ok(());
                }
                if entry.seq != extent.next && !extent.raw {
                    return Err(self.own.broken("entries are missing").into());
                }
                if entry.seq > extent.last {
                    extent.next = extent.last + 1;
                    return Ok(());
                }
                lines.push_str(&export::entry(&entry));
                if let Some(signed) = signed.as_ref().filter(|signed| signed.size == entry.seq) {
                    lines.push_str(&export::checkpoint(&signed.note));
                }
                extent.next = entry.seq.saturating_add(1);
            }
        }
        Ok(())
    }
}
