//! Masked copies of log groups.
//!
//! The limits are those of `PutLogEvents`:
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>

use async_trait::async_trait;
use domain::Personal;

use crate::fault::Fault;

/// Lines that are appended at once, at the most.
pub const MOST_LINES: usize = 10_000;

/// Bytes that are appended at once, at the most: the lines', and [`BYTES_BESIDE`] for each.
pub const MOST_BYTES: usize = 1_048_576;

/// What a line counts for beside its own bytes.
pub const BYTES_BESIDE: usize = 26;

/// The longest line, in bytes: a megabyte, in the smaller of its two meanings.
pub const LONGEST_LINE: usize = 1_000_000;

/// Milliseconds between the first and the last of the lines that are appended at once, at the most.
pub const LONGEST_SPAN: i64 = 24 * 60 * 60 * 1_000;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The text, masked: 1 to [`LONGEST_LINE`] bytes. What no rule finds, a name in prose, is still in it.
    pub text: Personal,
}

/// Copies of log groups. They are there already: whoever makes one decides for how long it is kept and who may read it.
#[async_trait]
pub trait LogCopies: Send + Sync {
    /// Appends lines to a stream of a copy, in their order, and makes the stream if it is not there. They keep to the limits
    /// above and go from the earliest to the latest. Answers how many were not taken, for their age: more than two weeks, or more
    /// than the copy keeps, or more than two hours to come. Appending twice writes twice. `stream` has neither `:` nor `*`.
    async fn append(&self, copy: &str, stream: &str, lines: &[LogLine]) -> Result<usize, Fault>;
}
