//! Masked copies of log groups.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Personal;
use ports::{BYTES_BESIDE, Class, Code, LONGEST_LINE, LogCopies, LogLine, MOST_BYTES, MOST_LINES};

/// The port, and what is behind it.
#[derive(Clone)]
pub struct Groups {
    /// The copies.
    pub copies: Arc<dyn LogCopies>,
    /// What is in them.
    pub inside: Arc<dyn Inside>,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

/// What a deployment does, and whoever reads a copy.
#[async_trait]
pub trait Inside: Send + Sync {
    /// Makes an empty copy that nobody else has, and says what it is called.
    async fn make(&self) -> String;
    /// The lines of a stream, in order: when, and what.
    async fn lines(&self, copy: &str, stream: &str) -> Vec<(i64, String)>;
}

fn line(at: i64, text: impl Into<String>) -> LogLine {
    LogLine { at, text: Personal::new(text) }
}

/// Also where two begin a stream at once.
pub async fn lines_are_appended_in_their_order_to_a_stream_that_is_made(g: &Groups) {
    let copy = g.inside.make().await;
    let stream = "2026/03/02/app[$LATEST]0123abcd";
    let first = [line(g.now - 2, "a"), line(g.now - 2, "b €"), line(g.now - 1, "c")];
    assert_eq!(g.copies.append(&copy, stream, &first).await, Ok(0));
    assert_eq!(g.copies.append(&copy, stream, &[line(g.now, "d\ne\n")]).await, Ok(0));
    let expect = [(g.now - 2, "a"), (g.now - 2, "b €"), (g.now - 1, "c"), (g.now, "d\ne\n")];
    assert_eq!(g.inside.lines(&copy, stream).await, expect.map(|(at, text)| (at, text.to_owned())));
    let (one, other) = ([line(g.now, "one")], [line(g.now, "other")]);
    let both =
        futures::future::join(g.copies.append(&copy, "new", &one), g.copies.append(&copy, "new", &other));
    assert_eq!(both.await, (Ok(0), Ok(0)));
    assert_eq!(g.inside.lines(&copy, "new").await.len(), 2);
}

/// There is nothing to tell them apart by.
pub async fn what_is_appended_twice_is_there_twice(g: &Groups) {
    let copy = g.inside.make().await;
    for _ in 0..2 {
        assert_eq!(g.copies.append(&copy, "web", &[line(g.now, "a")]).await, Ok(0));
    }
    assert_eq!(g.inside.lines(&copy, "web").await, vec![(g.now, "a".to_owned()); 2]);
}

/// It would be kept for ever, and read by anybody.
pub async fn a_copy_that_is_not_there_is_not_made(g: &Groups) {
    let copy = format!("{}/masked", g.inside.make().await);
    for _ in 0..2 {
        let fault = g.copies.append(&copy, "web", &[line(g.now, "a")]).await.expect_err("no copy");
        assert_eq!((fault.class, fault.code, &fault.target), (Class::Permanent, Code::LogsNotCopied, &copy));
    }
}

/// In lines, in bytes, and in one line.
pub async fn the_largest_batches_are_taken(g: &Groups) {
    let copy = g.inside.make().await;
    let many: Vec<LogLine> = (0..MOST_LINES).map(|_| line(g.now, "x")).collect();
    let rest = MOST_BYTES - LONGEST_LINE - 2 * BYTES_BESIDE;
    let long = [line(g.now, "y".repeat(LONGEST_LINE)), line(g.now, "z".repeat(rest))];
    assert_eq!(g.copies.append(&copy, "web", &many).await, Ok(0));
    assert_eq!(g.copies.append(&copy, "long", &long).await, Ok(0));
    let lengths: Vec<usize> =
        g.inside.lines(&copy, "long").await.iter().map(|(_, text)| text.len()).collect();
    assert_eq!(lengths, [LONGEST_LINE, rest]);
}
