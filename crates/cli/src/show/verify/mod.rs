//! What files were found to prove.

mod json;
mod pack;
mod receipt;
mod standing;

use audit::pack::{Flaw, Pack, Unfit};
use audit::verify::{Disagreement, Export, Found, Freshness, Saying, Standing};
use audit::{Checkpoint, Problem, tenant_of};
use jiff::SignedDuration;

use crate::text::table::{Cell, Table, cell};
use crate::text::time::length;
use crate::text::{Line, Tone, bytes, count, paragraph};

/// What became of a file.
pub enum Verdict {
    /// Nothing is wrong with it: [`Checked::standing`] says what it is worth.
    Intact(Found),
    /// It is not, and this is the first thing that is wrong.
    Broken(Problem),
    /// It is a pack that is whole.
    Packed(Box<Pack>),
    /// It is a pack that is not, and this is the first thing that is wrong.
    Flawed(Flaw),
    /// It says that it is a pack in the format of another version, by its number: nothing in it was checked.
    AnotherVersion(u32),
    /// It is nothing that can be checked; what it is instead, if that is known.
    Unknown(Option<&'static str>),
    /// It cannot be read.
    Unread(String),
}

impl Verdict {
    /// What it says of the log.
    pub fn says(&self) -> Vec<Saying> {
        match self {
            Self::Intact(found) => found.says(),
            Self::Packed(pack) => pack.says(),
            _ => Vec::new(),
        }
    }
}

/// A file that was checked.
pub struct Checked {
    /// What it is called.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// How it stands to the checkpoint that was seen before; `None` if none was given.
    pub freshness: Option<Freshness>,
    /// Whether it is about the person that was asked for; `None` for all but receipts.
    pub about: Option<About>,
}

/// Whom a receipt is about, of a person that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// It is about them.
    Them {
        /// So many searches were for the identity that was given, and for nothing else.
        alone: u64,
    },
    /// It is about somebody else, or the salt is another receipt's.
    SomebodyElse,
}

/// All of them.
pub struct Checks {
    /// The log, by the key's name.
    pub log: String,
    /// The checkpoint that was seen before.
    pub since: Option<Checkpoint>,
    /// Whether what follows the last signed entry of an export is accepted.
    pub allow_unsigned: bool,
    /// Each file, as they were given.
    pub files: Vec<Checked>,
    /// Files that cannot all be of one log.
    pub disagreements: Vec<Disagreement>,
}

impl Checks {
    /// How many things are broken.
    pub fn broken(&self) -> usize {
        let broken = self.files.iter().filter(|file| file.is_broken());
        broken.count() + self.disagreements.len()
    }

    /// As people read it.
    pub fn lines(&self, width: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for file in &self.files {
            lines.extend(self.file(file, width));
        }
        for disagreement in &self.disagreements {
            lines.extend(paragraph(Tone::Bad, &self.disagreement(disagreement), width));
        }
        if self.files.len() > 1 || !self.disagreements.is_empty() {
            lines.push(self.sum());
        }
        lines
    }

    fn file(&self, file: &Checked, width: usize) -> Vec<Line> {
        let name = &file.name;
        let found = match &file.verdict {
            Verdict::Intact(found) => found,
            Verdict::Packed(pack) => {
                let (tone, title) = self.title(file);
                let mut lines = vec![Line::of(Tone::Strong, name).and(tone, format!("  {title}"))];
                let facts = pack::facts(pack).into_iter().chain([("freshness", self.freshness(file))]);
                lines.extend(Table::facts(facts).lines(width, 2));
                return lines;
            }
            Verdict::Broken(problem) => {
                return paragraph(Tone::Bad, &format!("BROKEN {name}: {problem}"), width);
            }
            Verdict::Flawed(flaw) => {
                return paragraph(Tone::Bad, &format!("BROKEN {name}: {flaw}"), width);
            }
            Verdict::AnotherVersion(format) => {
                let what = Unfit::AnotherVersion(*format);
                return paragraph(Tone::Warn, &format!("UNUSABLE {name}: {what}"), width);
            }
            Verdict::Unknown(what) => {
                let text = what.unwrap_or(
                    "it is neither an evidence pack nor an audit export nor a receipt nor a checkpoint of this log",
                );
                return paragraph(Tone::Warn, &format!("UNUSABLE {name}: {text}"), width);
            }
            Verdict::Unread(why) => {
                return paragraph(Tone::Warn, &format!("UNUSABLE {name}: it cannot be read: {why}"), width);
            }
        };
        let (tone, title) = self.title(file);
        let mut lines = vec![Line::of(Tone::Strong, name).and(tone, format!("  {title}"))];
        let facts = match found {
            Found::Export(export) => export_facts(export, self.accepts(file)),
            Found::Checkpoint(checkpoint) => {
                let whose = tenant_of(&checkpoint.origin);
                let whose = whose.as_ref().map_or(checkpoint.origin.as_str(), |tenant| tenant.as_str());
                let entries = entries(checkpoint.size);
                vec![("checkpoint", cell(format!("of the audit of {whose}, over {entries}")))]
            }
            Found::Receipt(proved) => receipt::facts(proved, file.about.as_ref()),
            Found::Newer(newer) => receipt::newer(newer),
        };
        let facts = facts.into_iter().chain([("freshness", self.freshness(file))]);
        lines.extend(Table::facts(facts).lines(width, 2));
        if let Found::Receipt(proved) = found {
            lines.extend(receipt::stores(&proved.statement, width));
        }
        lines
    }

    fn disagreement(&self, found: &Disagreement) -> String {
        let [one, other] = found.files.map(|file| self.files.get(file).map_or("", |file| file.name.as_str()));
        let why = match found.signed {
            [true, true] => "Both are signed: whoever has the key signed two histories.".to_owned(),
            [true, false] => format!("What {other} has is not signed, and is not what was signed."),
            [false, true] => format!("What {one} has is not signed, and is not what was signed."),
            [false, false] => "Neither is signed so far.".to_owned(),
        };
        let size = entries(found.size);
        format!(
            "BROKEN {one} and {other} contradict each other: of the first {size} they have two histories. {why}"
        )
    }

    fn sum(&self) -> Line {
        let counted = |is: fn(&Checked) -> bool| self.files.iter().filter(|file| is(file)).count();
        let is = |standing| self.files.iter().filter(|file| file.standing() == Some(standing)).count();
        let (unsigned, newer, behind) = (is(Standing::Unsigned), is(Standing::Newer), is(Standing::Behind));
        let (unbound, unfinished) = (is(Standing::NotOnRecord), is(Standing::Unfinished));
        let without = is(Standing::ReceiptsMissing);
        let broken = counted(Checked::is_broken);
        let unusable = counted(Checked::is_unusable);
        let open =
            counted(|file| file.is_fresh() == Some(false) && file.standing() != Some(Standing::Behind));
        let parts = [
            (is(Standing::Intact), "intact"),
            (broken, "broken"),
            (behind, "behind the checkpoint"),
            (unsigned, "unsigned"),
            (newer, "of a newer version"),
            (unusable, "unusable"),
            (open, "not shown to be fresh"),
            (unbound, "not on record"),
            (unfinished, "unfinished"),
            (without, "without all receipts"),
            (
                self.disagreements.len(),
                if self.disagreements.len() == 1 { "contradiction" } else { "contradictions" },
            ),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let tone = match (
            self.broken() + behind,
            unusable + open + unsigned + newer + unbound + unfinished + without,
        ) {
            (0, 0) => Tone::Good,
            (0, _) => Tone::Warn,
            _ => Tone::Bad,
        };
        Line::of(tone, format!("{}: {}.", count(self.files.len() as u64, "file"), said.join(", ")))
    }
}

fn export_facts(export: &Export, accepted: bool) -> Vec<(&'static str, Cell)> {
    let Export { tenant, first, last, .. } = export;
    let held = match last.checked_sub(*first) {
        None => format!("of {tenant}, without entries: it begins and ends after entry {last}"),
        Some(more) => format!("of {tenant}, {} ({})", range(*first, *last), entries(more + 1)),
    };
    let facts = [("audit", cell(held)), ("signed", standing::signed(export))];
    let unsigned = standing::unsigned(export, accepted).map(|cell| ("unsigned", cell));
    facts.into_iter().chain(unsigned).collect()
}

fn entries(n: u64) -> String {
    if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") }
}

fn range(from: u64, to: u64) -> String {
    if from == to { format!("entry {from}") } else { format!("entries {from} to {to}") }
}

/// How far it is: `1.2 GB of 5.0 GB  24 %  2400000 entries  1200000/s  6 s left`.
pub fn progress(read: u64, entries: u64, whole: u64, took: SignedDuration) -> Line {
    let mut line = Line::plain(bytes(read));
    if whole > 0 {
        let percent = u128::from(read) * 100 / u128::from(whole);
        line = line.and(Tone::Plain, format!(" of {}  {} %", bytes(whole), percent.min(100)));
    }
    line = line.and(Tone::Plain, format!("  {entries} entries"));
    let millis = u64::try_from(took.as_millis()).unwrap_or(0);
    let each_second = |n: u64| n.saturating_mul(1_000).checked_div(millis).unwrap_or(0);
    if each_second(entries) > 0 {
        line = line.and(Tone::Quiet, format!("  {}/s", each_second(entries)));
    }
    if whole > 0 && each_second(read) > 0 {
        let left = whole.saturating_sub(read).div_ceil(each_second(read));
        let left = SignedDuration::from_secs(i64::try_from(left).unwrap_or(i64::MAX));
        line = line.and(Tone::Quiet, format!("  {} left", length(left)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_is_known() {
        fn check(read: u64, entries: u64, whole: u64, millis: i64, expect: &str) {
            let line = progress(read, entries, whole, SignedDuration::from_millis(millis));
            assert_eq!(line.paint(false), expect);
        }
        check(0, 0, 0, 0, "0 bytes  0 entries");
        check(1_200_000_000, 2_000_000, 0, 2_000, "1.2 GB  2000000 entries  1000000/s");
        check(
            1_200_000_000,
            2_000_000,
            5_000_000_000,
            2_000,
            "1.2 GB of 5.0 GB  24 %  2000000 entries  1000000/s  7 s left",
        );
    }
}
