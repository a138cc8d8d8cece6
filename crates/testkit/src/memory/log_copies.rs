//! Masked copies of log groups, which keep their lines for as long as `CloudWatch` Logs takes them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ports::{
    BYTES_BESIDE, Class, Code, Fault, LONGEST_LINE, LONGEST_SPAN, LogCopies, LogLine, MOST_BYTES, MOST_LINES,
};

use super::{World, lock};
use crate::inject::Point;

/// The oldest line that is taken, and the one that comes soonest of those that are not, in milliseconds from now.
const EARLIEST: i64 = -14 * 24 * 60 * 60 * 1_000;
const LATEST: i64 = 2 * 60 * 60 * 1_000;

/// Lines by copy and stream.
pub(super) type Copies = BTreeMap<String, BTreeMap<String, Vec<LogLine>>>;

#[async_trait]
impl LogCopies for World {
    async fn append(&self, copy: &str, stream: &str, lines: &[LogLine]) -> Result<usize, Fault> {
        self.injector().pass(Point::LogCopiesAppend, copy, || {
            let refused = |detail: &str| {
                Fault::new(Class::Permanent, Code::LogsNotCopied, "log_copies.append", copy, detail)
            };
            let mut copies = lock(&self.inner.copies);
            let streams = copies.get_mut(copy).ok_or_else(|| refused("no-such-copy"))?;
            if !is_stream(stream) || !keeps_to_the_limits(lines) {
                return Err(refused("not-taken"));
            }
            let now = self.fake_clock().peek().as_millisecond();
            let taken = |line: &&LogLine| (EARLIEST..=LATEST).contains(&(line.at - now));
            let kept = streams.entry(stream.to_owned()).or_default();
            let before = kept.len();
            kept.extend(lines.iter().filter(taken).cloned());
            Ok(lines.len() - (kept.len() - before))
        })
    }
}

fn is_stream(name: &str) -> bool {
    (1..=512).contains(&name.chars().count()) && !name.contains([':', '*'])
}

fn keeps_to_the_limits(lines: &[LogLine]) -> bool {
    let length = |line: &LogLine| line.text.expose().len();
    let bytes: usize = lines.iter().map(|line| length(line) + BYTES_BESIDE).sum();
    let span = lines.first().zip(lines.last()).map_or(0, |(first, last)| last.at - first.at);
    (1..=MOST_LINES).contains(&lines.len())
        && bytes <= MOST_BYTES
        && lines.iter().all(|line| (1..=LONGEST_LINE).contains(&length(line)))
        && span <= LONGEST_SPAN
        && lines.is_sorted_by_key(|line| line.at)
}

impl World {
    /// Makes an empty copy, as a deployment does.
    pub fn make_copy(&self, copy: &str) {
        lock(&self.inner.copies).entry(copy.to_owned()).or_default();
    }

    /// The lines of a copy by stream, in the order in which they were appended: when, and what.
    pub fn copied(&self, copy: &str) -> BTreeMap<String, Vec<(i64, String)>> {
        let copies = lock(&self.inner.copies);
        let plain = |lines: &Vec<LogLine>| lines.iter().map(|l| (l.at, l.text.expose().to_owned())).collect();
        let streams = copies.get(copy).into_iter().flatten();
        streams.map(|(name, lines)| (name.clone(), plain(lines))).collect()
    }
}
