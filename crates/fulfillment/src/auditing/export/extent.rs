//! Where an export is.

/// Which entries an export has, and which of them come next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub first: u64,
    pub last: u64,
    pub next: u64,
    /// As the table stands, with its gaps.
    pub raw: bool,
}

const RAW: &str = "raw-";

impl Extent {
    /// All of it is to come. It may have no entries: then the last is the one before the first.
    pub fn new(first: u64, last: u64, raw: bool) -> Self {
        Self { first, last: last.max(first - 1), next: first, raw }
    }

    pub fn cursor(&self) -> String {
        let raw = if self.raw { RAW } else { "" };
        format!("{raw}{}-{}-{}", self.first, self.last, self.next)
    }

    /// Reads what [`Extent::cursor`] writes. It is no secret: whoever may export may export any part.
    pub fn parse(text: &str) -> Option<Self> {
        let (raw, numbers) = text.strip_prefix(RAW).map_or((false, text), |numbers| (true, numbers));
        let mut numbers = numbers.split('-').map(|number| number.parse().ok());
        let (first, last, next) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let read = Self { first, last, next, raw };
        (first >= 1 && (first..=last).contains(&next) && read.cursor() == text).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        for raw in [false, true] {
            let extent = Extent { first: 1, last: u64::MAX, next: 7, raw };
            assert_eq!(Extent::parse(&extent.cursor()), Some(extent));
        }
        for text in [
            "",
            "1",
            "1-5",
            "0-5-1",
            "2-5-1",
            "1-5-6",
            "1-5-5-5",
            "01-5-5",
            "raw-raw-1-5-5",
            "1-5-18446744073709551616",
        ] {
            assert_eq!(Extent::parse(text), None, "{text}");
        }
    }
}
