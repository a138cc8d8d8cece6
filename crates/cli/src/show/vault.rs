//! The vault's keys, and files on their way through it.

use contract::vault::{KeyName, KeyView, Purpose};
use jiff::{SignedDuration, Timestamp};

use crate::text::table::{Table, cell, numbers, sentences, toned, words};
use crate::text::time::{day, deadline, due_day, length, moment, term};
use crate::text::{Line, Tone, bytes, paragraph};

/// Where the API stops counting what is to be sealed anew.
const MOST_COUNTED: u32 = 1_000;

/// What the vault warns of.
fn warning(key: &KeyView, warning: &str) -> (Tone, String) {
    let purpose = key.purpose.as_str();
    let by_hand = format!("`lacuna vault rotate {purpose}` does it now");
    match warning {
        "rotation-overdue" => {
            (Tone::Bad, format!("{purpose}: it should have been rotated by itself, and was not. {by_hand}."))
        }
        "rotation-due-soon" => (Tone::Warn, format!("{purpose}: it will be rotated soon. {by_hand}.")),
        other => (Tone::Warn, format!("{purpose}: {other}")),
    }
}

/// The worst of a key's warnings.
fn tone(key: &KeyView) -> Tone {
    let mut tones = key.warnings.iter().map(|text| warning(key, text).0);
    if tones.any(|tone| tone == Tone::Bad) {
        Tone::Bad
    } else if key.warnings.is_empty() {
        Tone::Plain
    } else {
        Tone::Warn
    }
}

fn to_rewrap(key: &KeyView) -> String {
    let more = if key.to_rewrap >= MOST_COUNTED { "+" } else { "" };
    format!("{}{more}", key.to_rewrap)
}

/// A key after it was rotated.
pub fn rotated(key: &KeyView, now: Timestamp, width: usize) -> Vec<Line> {
    let mut lines = vec![
        Line::of(Tone::Strong, key.purpose.as_str()).and(Tone::Good, format!("  version {}", key.version)),
    ];
    let facts = [
        ("since", cell(moment(now, key.made_at))),
        ("rotated", cell(format!("every {}", term(&key.rotate_every)))),
        ("next", cell(deadline(now, key.rotate_by))),
        ("to re-wrap", cell(to_rewrap(key))),
    ];
    lines.extend(Table::facts(facts).lines(width, 0));
    let text = match key.purpose {
        Purpose::Fields => "It seals from now on. What was sealed before still opens, and stays as it is.",
        Purpose::Subjects => {
            "It seals from now on. Keys that are still sealed under an earlier version go on opening."
        }
    };
    lines.extend(paragraph(Tone::Quiet, text, width.min(100)));
    lines.extend(warnings(std::slice::from_ref(key), width));
    lines
}

/// All keys, and below them what somebody should look at: a remark at the end is read, one in a column of
/// a wide table is not.
pub fn status(keys: &[KeyView], now: Timestamp, width: usize) -> Vec<Line> {
    if keys.is_empty() {
        return vec![Line::plain("no keys: the first is made when something is sealed")];
    }
    let mut table = Table::new(&[
        words("purpose"),
        numbers("version"),
        words("since"),
        words("rotate by"),
        numbers("to re-wrap"),
        sentences("warnings"),
    ]);
    for key in keys {
        let warned =
            if key.warnings.is_empty() { "-".to_owned() } else { key.warnings.join(", ").replace('-', " ") };
        table.row([
            cell(key.purpose.as_str()),
            cell(key.version.to_string()),
            cell(day(key.made_at)),
            toned(tone(key), due_day(now, key.rotate_by)),
            cell(to_rewrap(key)),
            toned(tone(key), warned),
        ]);
    }
    let mut lines = table.lines(width, 0);
    lines.extend(warnings(keys, width));
    lines
}

fn warnings(keys: &[KeyView], width: usize) -> Vec<Line> {
    let all = keys.iter().flat_map(|key| key.warnings.iter().map(|text| warning(key, text)));
    let mut lines: Vec<Line> =
        all.flat_map(|(tone, text)| paragraph(tone, &format!("warning: {text}"), width.min(100))).collect();
    if !lines.is_empty() {
        lines.insert(0, Line::empty());
    }
    lines
}

/// A file that was sealed or opened.
pub struct Written<'a> {
    /// Whether it was opened.
    pub opened: bool,
    /// Where it is.
    pub out: &'a str,
    /// What it is.
    pub context: &'a str,
    /// Bytes of plaintext.
    pub plaintext: u64,
    /// How long it took.
    pub took: SignedDuration,
    /// The key that its own is sealed under, where the API said so.
    pub key: Option<&'a KeyName>,
}

impl Written<'_> {
    /// As people read it.
    pub fn lines(&self, width: usize) -> Vec<Line> {
        let how = if self.opened { "opened" } else { "sealed" };
        let mut lines = vec![Line::of(Tone::Strong, self.out).and(Tone::Good, format!("  {how}"))];
        let mut plaintext = bytes(self.plaintext);
        if self.took >= SignedDuration::from_secs(1) {
            plaintext = format!("{plaintext} in {}", length(self.took));
        }
        let mut facts = vec![("context", cell(self.context)), ("plaintext", cell(plaintext))];
        if let Some(KeyName { purpose, version }) = self.key {
            facts.push(("key", cell(format!("the file's own, under {purpose}, version {version}"))));
        }
        lines.extend(Table::facts(facts).lines(width, 0));
        lines
    }

    /// As machines read it.
    pub fn json(&self) -> serde_json::Value {
        let mut body = serde_json::json!({
            "out": self.out, "context": self.context, "plaintext_bytes": self.plaintext,
        });
        if let (Some(key), Some(body)) = (self.key, body.as_object_mut()) {
            body.insert("key".to_owned(), serde_json::json!(key));
        }
        body
    }
}

/// How far it is: `1.2 GB of 5.0 GB  24 %  612.0 MB/s  6 s left`.
pub fn progress(done: u64, whole: Option<u64>, took: SignedDuration) -> Line {
    let mut line = Line::plain(bytes(done));
    let known = whole.filter(|whole| *whole > 0);
    if let Some(whole) = known {
        let percent = u128::from(done) * 100 / u128::from(whole);
        line = line.and(Tone::Plain, format!(" of {}  {} %", bytes(whole), percent.min(100)));
    }
    let millis = u64::try_from(took.as_millis()).unwrap_or(0);
    let rate = done.saturating_mul(1_000).checked_div(millis).unwrap_or(0);
    if rate > 0 {
        line = line.and(Tone::Quiet, format!("  {}/s", bytes(rate)));
        if let Some(whole) = known {
            let left = whole.saturating_sub(done).div_ceil(rate);
            let left = SignedDuration::from_secs(i64::try_from(left).unwrap_or(i64::MAX));
            line = line.and(Tone::Quiet, format!("  {} left", length(left)));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_is_known() {
        fn check(done: u64, whole: Option<u64>, millis: i64, expect: &str) {
            let line = progress(done, whole, SignedDuration::from_millis(millis));
            assert_eq!(line.paint(false), expect);
        }
        check(0, None, 0, "0 bytes");
        check(1_200_000_000, None, 2_000, "1.2 GB  600.0 MB/s");
        check(1_200_000_000, Some(5_000_000_000), 2_000, "1.2 GB of 5.0 GB  24 %  600.0 MB/s  7 s left");
        check(10, Some(5), 1_000, "10 bytes of 5 bytes  100 %  10 bytes/s  0 s left");
        check(0, Some(0), 1_000, "0 bytes");
    }
}
