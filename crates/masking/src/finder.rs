//! Goes through the text once: blocks of 64 bytes, their triggers, and at each trigger the verifiers of that shape.
//!
//! A finding is given out when nothing that begins before it can come any more: every trigger stands at most
//! [`BACK`] bytes behind the beginning of what it finds. Of findings that overlap the one that begins first is taken, of
//! those that begin together the longest, of those the first by [`Kind`]'s order; but a phone takes no groups of a number behind it. What is behind it of an address is one by itself.

use std::ops::Range;

use crate::classes::BLOCK;
use crate::custom::Custom;
use crate::kind::{Kind, Set};
use crate::kinds::{aws, email, iban, ipv6, jwt, keys, mac, numbers, words};
use crate::rows::Rows;
use crate::text::Text;
use crate::triggers::{self, BATCH, Triggers, Wanted};
use fearless_simd::Level;
use regex_automata::Match;

/// How far behind the beginning of a finding its trigger can be: the longest local part of an address, in quotes.
pub(crate) const BACK: usize = 128;

/// Something that was found: what it is, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where it is, in bytes.
    pub range: Range<usize>,
}

/// A finding that nobody has been given yet.
#[derive(Clone, Copy)]
struct Waiting {
    start: usize,
    end: usize,
    kind: Kind,
    /// Of a phone: whether only a word says that it is one.
    named: bool,
}

/// What the verifiers found and nobody has been given yet.
pub(crate) struct Found {
    /// Which kinds are looked for.
    pub kinds: Set,
    /// Where the last finding that was given out ends.
    from: usize,
    waiting: Vec<Waiting>,
    /// Where the last numbers ended, whoever they were given to.
    rows: Rows,
}

impl Found {
    /// Whether anybody wants this kind.
    #[inline]
    pub fn wants(&self, kind: Kind) -> bool {
        self.kinds.has(kind)
    }

    /// Where an address begins that begins there: not before the end of what was given out.
    pub fn begins(&self, text: Text<'_>, start: usize, end: usize) -> Option<usize> {
        if start < self.from { email::rest(text, self.from, end) } else { Some(start) }
    }

    /// Notes a finding.
    pub fn add(&mut self, kind: Kind, start: usize, end: usize) {
        if is_number(kind) {
            self.rows.note(end, 0);
        }
        self.wait(kind, start, end, true);
    }

    /// Notes a phone by its form, before which so many other numbers stand in a row.
    pub fn add_to_row(&mut self, start: usize, end: usize, row: u8) {
        self.rows.note(end, row);
        self.wait(Kind::Phone, start, end, false);
    }

    /// How many numbers stand in a row before the one that ends there, if one does.
    pub fn row_that_ends(&self, end: usize) -> Option<u8> {
        self.rows.of(end)
    }

    fn wait(&mut self, kind: Kind, start: usize, end: usize, named: bool) {
        if start >= self.from && self.wants(kind) {
            self.waiting.push(Waiting { start, end, kind, named });
        }
    }

    /// The preferred one of what waits. What has no place beside another number is gone.
    fn preferred(&mut self) -> Option<(usize, usize, Kind)> {
        loop {
            let (at, best) =
                self.waiting.iter().copied().enumerate().min_by_key(|(_, finding)| rank(finding))?;
            if !self.takes_from_another(&best) {
                return Some((best.start, best.end, best.kind));
            }
            self.waiting.swap_remove(at);
        }
    }

    /// Whether it is a phone with groups of a number that begins in it and goes on behind it: of a card, which is right by its check, or
    /// of another number where a shorter phone ends before that (`+49 30 901820 0171 1234567`). What only a word makes a phone is no
    /// such one where the longer has the form of one: `Tel. 020 7946` before `0958`.
    fn takes_from_another(&self, best: &Waiting) -> bool {
        let shorter = |at: usize| {
            self.waiting.iter().any(|other| {
                let same = other.kind == Kind::Phone && other.start == best.start;
                same && other.end <= at && (best.named || !other.named)
            })
        };
        let takes = |other: &Waiting| {
            let inside = best.start < other.start && other.start < best.end && best.end <= other.end;
            inside && (other.kind == Kind::Card || (is_number(other.kind) && shorter(other.start)))
        };
        best.kind == Kind::Phone && self.waiting.iter().any(takes)
    }
}

/// Whether it is of digits, and seen at the first of them: then those before a phone are known when it is seen, and those that begin
/// in it when it is given out, wherever a block begins.
fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Phone | Kind::Card | Kind::UsSsn | Kind::Ipv4) || kind.group() == "national_id"
}

/// The shapes of these kinds. What a phone stands behind has to be found, whoever wants it.
fn wanted(kinds: Set) -> Wanted {
    let national = || Kind::named("national_id").any(|kind| kinds.has(kind));
    let numbers = kinds.has_any(&[Kind::Phone, Kind::Card, Kind::UsSsn, Kind::Ipv4]) || national();
    let words = kinds.has_any(&[Kind::Phone, Kind::Iban]) || national();
    let keys = kinds.has_any(&[Kind::Jwt, Kind::ApiKey, Kind::AwsKey]);
    let secrets = kinds.has(Kind::AwsKey);
    let colons = kinds.has_any(&[Kind::Ipv6, Kind::Mac]);
    [numbers, words, keys, secrets, colons, kinds.has(Kind::Email)].map(|any| if any { u64::MAX } else { 0 })
}

/// What is preferred is less.
fn rank(finding: &Waiting) -> (usize, std::cmp::Reverse<usize>, Kind) {
    (finding.start, std::cmp::Reverse(finding.end), finding.kind)
}

/// The findings of a text, in order, without overlaps.
pub struct Finder<'m, 't> {
    text: &'t [u8],
    level: Option<Level>,
    wanted: Wanted,
    batch: Triggers,
    /// The next block.
    block: usize,
    /// Blocks of the text.
    blocks: usize,
    found: Found,
    custom: Option<(&'m Custom, Next)>,
}

/// Where the custom rules are.
enum Next {
    /// Nobody has looked, from there on.
    Unknown,
    /// The next one is there.
    At(Match),
    /// There is none.
    None,
}

impl<'m, 't> Finder<'m, 't> {
    /// Finds what begins at `from` or later. `level` is none for the path without vectors.
    pub(crate) fn new(
        text: &'t [u8],
        from: usize,
        kinds: Set,
        custom: Option<&'m Custom>,
        level: Option<Level>,
    ) -> Self {
        Self {
            text,
            level,
            wanted: wanted(kinds),
            batch: Triggers::default(),
            block: 0,
            blocks: text.len().div_ceil(BLOCK),
            found: Found { kinds, from, waiting: Vec::new(), rows: Rows::default() },
            custom: custom.map(|custom| (custom, Next::Unknown)),
        }
    }

    /// Looks at one block more, and passes those in which there is nothing to look at.
    fn advance(&mut self) {
        let mut place = self.block % BATCH;
        if place == 0 {
            match self.level {
                Some(level) => triggers::find(level, self.text, self.block, &self.wanted, &mut self.batch),
                None => triggers::find_plain(self.text, self.block, &self.wanted, &mut self.batch),
            }
        }
        let batch = &self.batch;
        let last = (self.blocks - self.block + place).min(BATCH) - 1;
        while batch.any[place] == 0 && place < last {
            place += 1;
            self.block += 1;
        }
        let start = self.block * BLOCK;
        self.block += 1;
        if batch.any[place] == 0 {
            return;
        }
        let (text, found) = (Text::new(self.text), &mut self.found);
        each(batch.numbers[place], start, |at| numbers::at(text, at, found));
        each(batch.words[place], start, |at| {
            words::at(text, at, found);
            iban::at(text, at, found);
        });
        each(batch.keys[place], start, |at| {
            if keys::may_begin(text, at) {
                jwt::at(text, at, found);
                keys::at(text, at, found);
                aws::at(text, at, found);
            }
        });
        each(batch.secrets[place], start, |at| aws::secret_at(text, at, found));
        each(batch.colons[place], start, |at| {
            ipv6::at(text, at, found);
            mac::at(text, at, found);
        });
        each(batch.ats[place], start, |at| email::at(text, at, found));
    }

    /// Where a rule of the caller's own matches next.
    fn own(&mut self) -> Option<(&'m Custom, Match)> {
        let from = self.found.from;
        let (custom, next) = self.custom.as_mut()?;
        let stale = match next {
            Next::Unknown => true,
            Next::At(own) => own.start() < from,
            Next::None => false,
        };
        if stale {
            *next = custom.next(self.text, from).map_or(Next::None, Next::At);
        }
        match next {
            Next::At(own) => Some((*custom, *own)),
            Next::Unknown | Next::None => None,
        }
    }

    /// The preferred finding of those that are known, if nothing that begins before it can come any more.
    fn best(&mut self) -> Option<(usize, usize, Kind)> {
        let seen = if self.block < self.blocks { self.block * BLOCK } else { usize::MAX };
        let is_decided = |start: usize| seen >= start.saturating_add(BACK);
        let best = self.found.preferred();
        let own = self.own().filter(|(_, own)| best.is_none_or(|(start, ..)| own.start() <= start));
        let Some((custom, own)) = own else { return best.filter(|(start, ..)| is_decided(*start)) };
        if !is_decided(own.start()) {
            return None;
        }
        let end = custom.end(self.text, own);
        // Of the same length the caller's own is the first.
        let longer = best.filter(|(start, longer, _)| *start == own.start() && *longer > end);
        longer.or_else(|| Some((own.start(), end, custom.rule(self.text, own, end))))
    }
}

/// Calls with the place of each bit.
#[inline]
fn each(mut bits: u64, start: usize, mut call: impl FnMut(usize)) {
    while bits != 0 {
        call(start + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

impl Iterator for Finder<'_, '_> {
    type Item = Finding;

    fn next(&mut self) -> Option<Finding> {
        loop {
            let best =
                if self.found.waiting.is_empty() && self.custom.is_none() { None } else { self.best() };
            if let Some((start, end, kind)) = best {
                self.found.from = end;
                let text = Text::new(self.text);
                self.found.waiting.retain_mut(|other| {
                    if other.start < end && other.kind == Kind::Email {
                        // The number before it has its own kind: what is left of the address is one too.
                        return email::rest(text, end, other.end).map(|rest| other.start = rest).is_some();
                    }
                    other.start >= end
                });
                return Some(Finding { kind, range: start..end });
            }
            if self.block >= self.blocks {
                return None;
            }
            self.advance();
        }
    }
}
