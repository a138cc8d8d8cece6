//! `GET /v1/audit/export`: a part of the log, from one instant to another, as lines that prove themselves.
//!
//! Entries stand in the order in which they were chained, which is within minutes of that of their instants. So an export
//! begins at a checkpoint before its time and goes on to one after it: whatever happened in between is in it, and some of
//! what happened around.

use audit::export::{self, Before};
use audit::{Entry, GENESIS};
use contract::audit::ExportPart;
use contract::problem::{Invalid, Problem};
use domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use ports::AuditLog;

use super::Ports;
use crate::api::refusal::{Refusal, invalid, not_found};
use crate::api::{Answer, Call};
use crate::checkpoints::Checkpoints;
use crate::error::StepError;

/// Entries of one part at the most. A line has some 600 bytes, and an answer 6 MB at the most (Lambda's limit).
const MOST: u64 = 2_000;

/// Bytes of the lines of one part, about.
const MOST_BYTES: usize = 4 << 20;

/// Blocks that are asked for at once.
const BLOCKS: usize = 10;

/// How far the order of chaining may be from the order of instants.
const SLACK: SignedDuration = SignedDuration::from_mins(10);

/// Which entries an export has, and which of them come next.
struct Extent {
    first: u64,
    last: u64,
    next: u64,
}

impl Extent {
    fn cursor(&self) -> String {
        format!("{}-{}-{}", self.first, self.last, self.next)
    }

    /// Reads what [`Extent::cursor`] writes. It is no secret: whoever may export may export any part.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('-').map(|number| number.parse().ok());
        let (first, last, next) = (numbers.next()??, numbers.next()??, numbers.next()??);
        (first >= 1 && (first..=last).contains(&next)).then_some(Self { first, last, next })
    }
}

/// Gives the first part, or the one of a cursor.
pub(super) async fn export(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let tenant = call.tenant();
    let key = ports.key(tenant).await?;
    let log = Log { table: &*ports.audit_log, own: ports.checkpoints(tenant, &key), tenant };
    let (mut extent, mut lines) = match call.query.get("cursor") {
        Some(text) => (Extent::parse(text).ok_or_else(wrong_cursor)?, String::new()),
        None => log.begin(instant(call, "from")?, instant(call, "to")?, whole(call)?).await?,
    };
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

/// Whether the export has to show that nothing of its time is missing, as an evidence pack does.
fn whole(call: &Call) -> Result<bool, Problem> {
    match call.query.get("whole").map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid(vec![Invalid::new("query:whole", "this must be true or false")])),
    }
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
    async fn begin(&self, from: Timestamp, to: Timestamp, whole: bool) -> Result<(Extent, String), Refusal> {
        if from > to {
            return Err(invalid(vec![Invalid::new("query:to", "this must not be before `from`")]).into());
        }
        let head = self.table.head(self.tenant).await?;
        let earlier = from.checked_sub(SLACK).unwrap_or(Timestamp::MIN);
        let later = to.checked_add(SLACK).unwrap_or(Timestamp::MAX);
        let begins = self.first_since(earlier, head.seq).await?;
        let ends = self.first_since(later, head.seq).await?;
        let around = u64::from(whole);
        let last = match self.own.after((ends + around).saturating_sub(2)).await? {
            Some(size) if size <= head.seq => size,
            _ if whole => self.own.last(head.seq).await?.map_or(0, |signed| signed.size),
            _ => head.seq,
        };
        let mut before = begins.saturating_sub(1 + around);
        if whole {
            // It has something signed, if there is anything.
            before = before.min(last.saturating_sub(1));
        }
        let base = self.own.last(before).await?;
        let first = base.as_ref().map_or(0, |base| base.size) + 1;
        let before = base.as_ref().map_or_else(
            || Before::new(GENESIS, &audit::tree::Range::default()),
            |base| Before::new(&base.hash, &base.range),
        );
        let line = export::header(self.tenant, first, before, base.map(|base| base.note));
        Ok((Extent { first, last: last.max(first - 1), next: first }, line))
    }

    /// The place of the first entry that is not earlier than an instant, by halving: one past the last if there is none.
    async fn first_since(&self, at: Timestamp, last: u64) -> Result<u64, StepError> {
        let (mut low, mut high) = (1, last + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle).await?.event.at < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    async fn entry(&self, seq: u64) -> Result<Entry, StepError> {
        let blocks = self.table.read(self.tenant, seq, 1).await?;
        let mut entries = blocks.into_iter().flat_map(|block| block.entries);
        let found = entries.find(|entry| entry.seq == seq);
        found.ok_or_else(|| self.own.broken("an entry is missing").into())
    }

    async fn hash_of(&self, seq: u64) -> Result<String, StepError> {
        if seq == 0 { Ok(GENESIS.to_owned()) } else { Ok(self.entry(seq).await?.hash) }
    }

    /// The lines of the next entries, with the last checkpoint among them where it belongs.
    async fn part(&self, extent: &mut Extent, lines: &mut String) -> Result<(), Refusal> {
        let most = extent.last.min(extent.next + MOST - 1);
        // The end of the export is a checkpoint, unless nothing is signed that far.
        let signed = self.own.last(most).await?.filter(|signed| signed.size >= extent.next);
        while extent.next <= most && lines.len() < MOST_BYTES {
            let blocks = self.table.read(self.tenant, extent.next, BLOCKS).await?;
            let before = extent.next;
            for entry in blocks.iter().flat_map(|block| &block.entries) {
                if entry.seq != extent.next || extent.next > most {
                    continue;
                }
                lines.push_str(&export::entry(entry));
                if let Some(signed) = signed.as_ref().filter(|signed| signed.size == entry.seq) {
                    lines.push_str(&export::checkpoint(&signed.note));
                }
                extent.next += 1;
            }
            if extent.next == before {
                // A cursor beyond the end, or a table that lost entries.
                return Err(not_found().into());
            }
        }
        Ok(())
    }
}
