//! Lines for people: tones, widths, wrapping.

pub mod table;
pub mod time;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What a piece of text means. Used sparingly: most text is plain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// What the eye should find first.
    Strong,
    /// What it may skip.
    Quiet,
    /// As it should be.
    Good,
    /// Not yet, or not quite.
    Warn,
    /// Wrong.
    Bad,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Quiet => Some("2"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
        }
    }
}

/// One line, of pieces that each have a tone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<(Tone, String)>);

impl Line {
    /// An empty line.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Plain text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::of(Tone::Plain, text)
    }

    /// Text of one tone.
    pub fn of(tone: Tone, text: impl AsRef<str>) -> Self {
        Self::empty().and(tone, text)
    }

    /// With another piece.
    #[must_use]
    pub fn and(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.0.push((tone, clean(text.as_ref())));
        self
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Cut to so many columns.
    #[must_use]
    pub fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut left = width.saturating_sub(1);
        let mut cut = Self::empty();
        for (tone, text) in self.0 {
            let piece = prefix(&text, left);
            left -= piece.width();
            let whole = piece.len() == text.len();
            cut.0.push((tone, piece.to_owned()));
            if !whole {
                break;
            }
        }
        cut.and(Tone::Quiet, "…")
    }

    /// As it is printed.
    pub fn paint(&self, colour: bool) -> String {
        let mut painted = String::new();
        for (tone, text) in &self.0 {
            match tone.code().filter(|_| colour && !text.trim().is_empty()) {
                Some(code) => {
                    painted.push_str("\x1b[");
                    painted.push_str(code);
                    painted.push('m');
                    painted.push_str(text);
                    painted.push_str("\x1b[0m");
                }
                None => painted.push_str(text),
            }
        }
        painted.truncate(painted.trim_end_matches(' ').len());
        painted
    }
}

/// The longest beginning that takes at most so many columns.
fn prefix(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, ch) in text.char_indices() {
        taken += ch.width().unwrap_or(0);
        if taken > width {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// Text without what could move the cursor, change colours or turn the reading direction: some of
/// it was written by strangers.
fn clean(text: &str) -> String {
    let harmful = |ch: char| {
        ch.is_control()
            || matches!(ch, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let replaced = |ch| match ch {
        '\n' | '\t' => ' ',
        ch if harmful(ch) => '\u{fffd}',
        ch => ch,
    };
    text.chars().map(replaced).collect()
}

/// Breaks a text between its words, and a word that is wider than a line wherever it must be.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let text = clean(text);
    let mut lines = vec![String::new()];
    for mut word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.width());
        let fits = last == 0 || last + 1 + word.width() <= width;
        if !fits {
            lines.push(String::new());
        }
        while word.width() > width {
            // At least one character, so that a wide one in a narrow column comes to an end.
            let first = word.chars().next().map_or(1, char::len_utf8);
            let (head, tail) = word.split_at(prefix(word, width).len().max(first));
            if tail.is_empty() {
                break;
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(head);
            }
            lines.push(String::new());
            word = tail;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A paragraph of one tone.
pub fn paragraph(tone: Tone, text: &str, width: usize) -> Vec<Line> {
    let lines = wrap(text, width);
    lines.into_iter().map(|line| Line::of(tone, line)).collect()
}

/// `1 record`, `2 records`.
pub fn count(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{s}")
}

/// A number of bytes: `312 bytes`, `4.7 MB`. Rounded down, so that nothing looks complete before it is.
pub fn bytes(n: u64) -> String {
    let (unit, name) = match n {
        0..1_000 => return count(n, "byte"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "GB"),
        _ => (1_000_000_000_000, "TB"),
    };
    format!("{}.{} {name}", n / unit, n % unit / (unit / 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_rounded_down() {
        fn check(n: u64, expect: &str) {
            assert_eq!(bytes(n), expect);
        }
        check(1, "1 byte");
        check(999, "999 bytes");
        check(1_000, "1.0 kB");
        check(1_999_999, "1.9 MB");
        check(5_368_709_120, "5.3 GB");
        check(281_474_976_710_656, "281.4 TB");
    }

    #[test]
    fn words_are_kept_whole_where_they_can_be() {
        fn check(text: &str, width: usize, expect: &[&str]) {
            assert_eq!(wrap(text, width), expect, "{text:?} in {width}");
        }
        check("", 10, &[""]);
        check("one two  three", 7, &["one two", "three"]);
        check("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]);
        check("日本語", 4, &["日本", "語"]);
        check("日本", 1, &["日", "本"]);
    }

    #[test]
    fn a_line_is_cut_to_its_columns() {
        let line = Line::plain("store ").and(Tone::Bad, "failed");
        assert_eq!(line.clone().cut(12).paint(false), "store failed");
        assert_eq!(line.cut(8).paint(false), "store f…");
        assert_eq!(Line::plain("日本語").cut(4).paint(false), "日…");
    }

    #[test]
    fn strangers_cannot_steer_the_terminal() {
        let line = Line::plain("a\x1b[2Jb\u{202e}c\nd");
        assert_eq!(line.paint(true), "a\u{fffd}[2Jb\u{fffd}c d");
    }

    #[test]
    fn colour_is_only_where_it_is_wanted() {
        let line = Line::of(Tone::Good, "ok").and(Tone::Quiet, "  ");
        assert_eq!(line.paint(true), "\x1b[32mok\x1b[0m");
        assert_eq!(line.paint(false), "ok");
    }
}
