//! Finding somebody else's texts in other texts.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use domain::export::Datum;
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::fold::{Folded, fold, is_dense};

/// Shorter texts are found everywhere and say nothing. A character of a script that is written without
/// spaces counts twice.
const SHORTEST: usize = 4;

/// Fewer digits than a telephone number has are a quantity, a year, or somebody's own number too.
const FEWEST_DIGITS: usize = 7;

/// Longer texts, in bytes, are no names: a letter, a picture in base64.
const LONGEST: usize = 16 << 10;

/// Others that are looked for at once, and their bytes. What finds them takes up to 65 times that while it is made,
/// and a time that grows with the square of their number.
const AT_ONCE: usize = 4096;
const BYTES_AT_ONCE: usize = 256 << 10;

/// Texts of others that are to go, and of the person that are to stay; all folded.
pub(super) struct Words {
    others: BTreeSet<String>,
    own: BTreeSet<String>,
    /// Each finds many of the others at once. `None` if that cannot be made.
    search: Option<Vec<AhoCorasick>>,
}

impl Words {
    pub(super) fn new(own: &[&str]) -> Self {
        let mut words = Self { others: BTreeSet::new(), own: BTreeSet::new(), search: None };
        for text in own {
            words.add_own(text);
        }
        words
    }

    pub(super) fn add_own(&mut self, text: &str) {
        let text = fold(text.trim()).text;
        if !text.is_empty() {
            self.own.insert(text);
        }
    }

    pub(super) fn add_other(&mut self, text: &str) {
        let text = text.trim();
        if tells_who(text) && text.len() <= LONGEST {
            self.others.insert(fold(text).text);
        }
    }

    /// To be called when all are added.
    pub(super) fn ready(&mut self) {
        self.others.retain(|text| !self.own.contains(text));
        if let Some(shortest) = self.others.iter().map(String::len).min() {
            // What is shorter has no other in it.
            self.own.retain(|text| text.len() >= shortest);
            self.search = self.searches();
        }
    }

    fn searches(&self) -> Option<Vec<AhoCorasick>> {
        let (mut all, mut some, mut bytes) = (Vec::new(), Vec::new(), 0);
        // Another kind takes the square of the length of a text that repeats itself.
        let mut builder = AhoCorasick::builder();
        let search = builder.kind(Some(AhoCorasickKind::ContiguousNFA));
        for text in &self.others {
            if some.len() == AT_ONCE || bytes + text.len() > BYTES_AT_ONCE {
                all.push(search.build(std::mem::take(&mut some)).ok()?);
                bytes = 0;
            }
            some.push(text);
            bytes += text.len();
        }
        all.push(search.build(some).ok()?);
        Some(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether the whole number is somebody else's: `4915112345` and `4915112345.0` are the same.
    pub(super) fn is_other(&self, number: &str) -> bool {
        let zeros = |fraction: &str| fraction.bytes().all(|digit| digit == b'0');
        let whole = number.split_once('.').filter(|(_, fraction)| zeros(fraction)).map(|(whole, _)| whole);
        self.others.contains(whole.unwrap_or(number))
    }

    /// The text without what is somebody else's; `None` if there is nothing of it.
    pub(super) fn clean(&self, text: &str) -> Option<String> {
        if self.others.is_empty() {
            return None;
        }
        // What cannot be searched is not shown.
        let Some(search) = &self.search else { return Some(Datum::MASKED.to_owned()) };
        let small = fold(text);
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut kept = None;
        for hit in search.iter().flat_map(|search| search.find_overlapping_iter(&small.text)) {
            let (mut from, mut to) = (hit.start(), hit.end());
            if !small.is_whole(from, to) || kept.get_or_insert_with(|| self.kept(&small)).has(from, to) {
                continue;
            }
            // What overlaps goes with what it overlaps, here so that there are never many.
            while let Some((before, end)) = found.pop_if(|(before, end)| *end > from && *before < to) {
                (from, to) = (from.min(before), to.max(end));
            }
            found.push((from, to));
        }
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        found.dedup_by(|next, last| {
            let overlaps = next.0 < last.1;
            last.1 = if overlaps { last.1.max(next.1) } else { last.1 };
            overlaps
        });
        let mut clean = String::with_capacity(text.len());
        let mut done = 0;
        for (from, to) in found {
            let (Some(from), Some(to)) = (small.place(from), small.place(to)) else { continue };
            clean.push_str(&text[done..from]);
            clean.push_str(Datum::MASKED);
            done = to;
        }
        clean.push_str(&text[done..]);
        Some(clean)
    }

    fn kept(&self, small: &Folded) -> Kept {
        let all = self
            .own
            .iter()
            .flat_map(|own| overlapping(&small.text, own).map(|at| (at, at + own.len())).collect::<Vec<_>>());
        let mut spans: Vec<(usize, usize)> = all.collect();
        spans.sort_unstable();
        let mut furthest = 0;
        for (_, to) in &mut spans {
            furthest = furthest.max(*to);
            *to = furthest;
        }
        Kept(spans)
    }
}

/// Where the person's own texts are: where each begins, and how far it or one before it reaches.
struct Kept(Vec<(usize, usize)>);

impl Kept {
    /// Whether the whole span is in one of them.
    fn has(&self, from: usize, to: usize) -> bool {
        let begun = self.0.partition_point(|(own, _)| *own <= from);
        begun.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|(_, end)| to <= *end)
    }
}

/// Whether a text says who somebody is, so that it is looked for elsewhere. One without letters must be long
/// enough for a telephone number, and no text that is a date or an instant is anybody's.
fn tells_who(text: &str) -> bool {
    if text.contains('-') && (text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok()) {
        return false;
    }
    if text.chars().any(char::is_alphabetic) {
        return text.chars().map(|c| if is_dense(c) { 2 } else { 1 }).sum::<usize>() >= SHORTEST;
    }
    has_a_number(text)
}

/// Whether a name inside of what is somebody else's says who they are, as in `{"priya@shop": 3}`. One of
/// plain words is the document's own, such as `email`, and stands elsewhere for other things.
pub(super) fn is_personal_name(name: &str) -> bool {
    name.contains(|c: char| c == '@' || c.is_whitespace()) || has_a_number(name)
}

/// Whether such a name may all the same be the document's own, if it stands elsewhere as a name too: `First name`.
/// An address or a number is somebody's wherever it stands.
pub(super) fn may_be_of_the_form(name: &str) -> bool {
    !name.contains('@') && !has_a_number(name)
}

fn has_a_number(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).count() >= FEWEST_DIGITS
}

/// Every place where it is, also those that overlap.
fn overlapping<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text.get(from..)?.find(word)?;
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        Some(at)
    })
}
