//! Lines in batches that a copy takes.

use ports::{BYTES_BESIDE, LONGEST_LINE, LONGEST_SPAN, LogLine, MOST_BYTES, MOST_LINES};

/// Lines that are appended at once. They come from the earliest to the latest.
#[derive(Debug, Default)]
pub(super) struct Batch {
    lines: Vec<LogLine>,
    bytes: usize,
}

impl Batch {
    /// Adds a line. If it does not fit, those before it come back, and it is the first of the next batch.
    pub(super) fn push(&mut self, line: LogLine) -> Option<Vec<LogLine>> {
        let bytes = line.text.expose().len() + BYTES_BESIDE;
        let fits = self.lines.first().is_none_or(|first| {
            self.lines.len() < MOST_LINES
                && self.bytes + bytes <= MOST_BYTES
                && line.at.saturating_sub(first.at) <= LONGEST_SPAN
        });
        let full = (!fits).then(|| std::mem::take(self).lines);
        self.lines.push(line);
        self.bytes += bytes;
        full
    }

    /// What is left.
    pub(super) fn rest(self) -> Vec<LogLine> {
        self.lines
    }
}

/// A text in pieces that are lines each, cut between characters. Nothing of an empty one, which is no line.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(LONGEST_LINE));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use domain::Personal;
    use proptest::prelude::*;

    use super::*;

    fn line(at: i64, bytes: usize) -> LogLine {
        LogLine { at, text: Personal::new("x".repeat(bytes)) }
    }

    /// How many lines there are in each batch.
    fn sizes(lines: impl IntoIterator<Item = LogLine>) -> Vec<usize> {
        batches(lines).iter().map(Vec::len).collect()
    }

    fn batches(lines: impl IntoIterator<Item = LogLine>) -> Vec<Vec<LogLine>> {
        let mut batch = Batch::default();
        let mut full: Vec<_> = lines.into_iter().filter_map(|line| batch.push(line)).collect();
        full.push(batch.rest());
        full
    }

    #[test]
    fn a_batch_has_as_many_lines_as_it_may() {
        assert_eq!(sizes((0..10_000).map(|_| line(0, 1))), [10_000]);
        assert_eq!(sizes((0..10_001).map(|_| line(0, 1))), [10_000, 1]);
        assert_eq!(sizes((0..25_000).map(|_| line(0, 1))), [10_000, 10_000, 5_000]);
        assert_eq!(sizes([]), [0]);
    }

    #[test]
    fn a_batch_has_as_many_bytes_as_it_may_with_26_for_each_line() {
        let half = MOST_BYTES / 2 - 26;
        assert_eq!(sizes([line(0, half), line(0, half)]), [2]);
        assert_eq!(sizes([line(0, half), line(0, half + 1)]), [1, 1]);
        assert_eq!(sizes([line(0, half + 1), line(0, half - 1)]), [2]);
        assert_eq!(sizes([line(0, LONGEST_LINE), line(0, MOST_BYTES - LONGEST_LINE - 52)]), [2]);
        assert_eq!(sizes([line(0, LONGEST_LINE), line(0, MOST_BYTES - LONGEST_LINE - 51)]), [1, 1]);
    }

    #[test]
    fn a_batch_is_of_one_day() {
        assert_eq!(sizes([line(5, 1), line(5 + LONGEST_SPAN, 1)]), [2]);
        assert_eq!(sizes([line(5, 1), line(6 + LONGEST_SPAN, 1), line(7 + LONGEST_SPAN, 1)]), [1, 2]);
        assert_eq!(sizes([line(i64::MIN, 1), line(i64::MAX, 1)]), [1, 1]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_between_characters() {
        let lengths = |text: &str| pieces(text).map(str::len).collect::<Vec<_>>();
        assert_eq!(lengths(""), Vec::<usize>::new());
        assert_eq!(lengths(&"x".repeat(LONGEST_LINE)), [LONGEST_LINE]);
        assert_eq!(lengths(&"x".repeat(LONGEST_LINE + 1)), [LONGEST_LINE, 1]);
        let text = format!("{}€{}", "x".repeat(LONGEST_LINE - 1), "y".repeat(LONGEST_LINE));
        assert_eq!(lengths(&text), [LONGEST_LINE - 1, LONGEST_LINE, 3]);
        assert_eq!(pieces(&text).collect::<String>(), text);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_batch_keeps_to_the_limits_and_no_line_is_lost(
            lines in prop::collection::vec((0..5 * LONGEST_SPAN, prop_oneof![1..200_usize, 1..=LONGEST_LINE]), 0..40)
        ) {
            let mut lines: Vec<LogLine> = lines.into_iter().map(|(at, bytes)| line(at, bytes)).collect();
            lines.sort_by_key(|line| line.at);
            let batches = batches(lines.clone());
            for batch in &batches {
                let bytes: usize = batch.iter().map(|line| line.text.expose().len() + 26).sum();
                prop_assert!(batch.len() <= 10_000 && bytes <= 1_048_576);
                if let [first, .., last] = &batch[..] {
                    prop_assert!(last.at - first.at <= 86_400_000);
                }
            }
            // One that is not full was ended by the line after it.
            for two in batches.windows(2) {
                let after = &two[1][0];
                let bytes: usize = two[0].iter().chain([after]).map(|line| line.text.expose().len() + 26).sum();
                prop_assert!(bytes > 1_048_576 || after.at - two[0][0].at > 86_400_000);
            }
            prop_assert!(batches.concat() == lines);
        }
    }
}
