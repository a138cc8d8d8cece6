//! Rules of the caller's own: regular expressions, all in one automaton.
//!
//! They are bounded, so that no tenant's rule lets masking wait without end: a match has a longest length, never goes over the end of a
//! line, and the automaton has a largest size. Searching is linear in the text, whatever the rules: they are searched for together,
//! however many there are, and of each match no more is looked at again than [`LONGEST_MATCH`] bytes, by all of them at once.

use std::ops::Range;

use regex_automata::meta::Regex;
use regex_automata::util::syntax::Config as Syntax;
use regex_automata::{Anchored, Input, Match, MatchKind, PatternID};
use regex_syntax::hir::{Capture, Repetition};
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look,
};

use crate::error::RulesError;
use crate::kind::Kind;
#[cfg(test)]
use crate::text::steps;

/// The longest match of a rule, in bytes.
pub const LONGEST_MATCH: usize = 1024;
/// The longest pattern, in bytes.
pub const LONGEST_PATTERN: usize = 1024;
/// How many rules there may be.
pub const MOST_RULES: usize = 100;
/// How large an automaton of all rules may be, in bytes: there are two, and each is read forwards and backwards.
const LARGEST: usize = 8 << 20;
/// How much a search may keep for itself of each, in bytes. With less than the automaton needs for one step it would be walked state by
/// state, a thousand times as slow, with a place for each rule in each state: hundreds of megabytes.
const CACHE: usize = LARGEST;
/// How large an automaton may be that is walked without a choice, in bytes.
const ONE_PASS: usize = 2 << 20;
/// How deep groups may be in each other.
const DEEPEST: u32 = 50;
/// What stands at both ends of a text that counts as a line of its own, whatever is written beside it: a string in JSON, a value behind
/// its name.
pub(crate) const EDGE: u8 = 0;

/// All rules, ready to search.
#[derive(Debug)]
pub(crate) struct Custom {
    /// Finds where the next match begins.
    next: Regex,
    /// Finds the longest match that begins at a place, of all rules at once.
    longest: Regex,
}

impl Custom {
    /// Compiles them. `patterns` is each rule's name and pattern.
    pub fn new<'p>(
        patterns: impl ExactSizeIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Option<Self>, RulesError> {
        let count = patterns.len();
        if count > MOST_RULES {
            return Err(RulesError::TooMany { count, most: MOST_RULES });
        }
        if count == 0 {
            return Ok(None);
        }
        let parsed = patterns.map(|(name, pattern)| parse(name, pattern)).collect::<Result<Vec<Hir>, _>>()?;
        let compiled = |kind| {
            let config = Regex::config()
                .match_kind(kind)
                .line_terminator(EDGE)
                .utf8_empty(true)
                .nfa_size_limit(Some(LARGEST))
                .onepass_size_limit(Some(ONE_PASS))
                .hybrid_cache_capacity(CACHE);
            let regex = Regex::builder().configure(config).build_many_from_hir(&parsed);
            regex.map_err(|_| RulesError::TooLarge)
        };
        Ok(Some(Self { next: compiled(MatchKind::LeftmostFirst)?, longest: compiled(MatchKind::All)? }))
    }

    /// Where a rule matches next, at `from` or later. How long the match is and whose is asked of what is given out alone: between two
    /// of those something that is built in can be found any number of times.
    pub fn next(&self, text: &[u8], from: usize) -> Option<Match> {
        let next = self.next.find(Input::new(text).range(from.min(text.len())..).anchored(Anchored::No))?;
        #[cfg(test)]
        steps::add(next.end() - from);
        Some(next)
    }

    /// Where the longest match ends that begins there: one search of at most [`LONGEST_MATCH`] bytes, for all rules.
    pub fn end(&self, text: &[u8], next: Match) -> usize {
        self.longest(text, next.start()..next.start() + LONGEST_MATCH, Anchored::Yes).unwrap_or(next.end())
    }

    /// Whose the longest match is, which ends at `end`: the first rule's of those that match all of it. Only where the first rule that
    /// matches there matches less are the others asked, and then for no more than what is given out.
    pub fn rule(&self, text: &[u8], next: Match, end: usize) -> Kind {
        // Of the rules that match there it is the first: those before it do not.
        let mut rule = next.pattern();
        if end > next.end() {
            let rules = rule.as_usize()..self.longest.pattern_len();
            let mut rules = rules.filter_map(|rule| PatternID::new(rule).ok());
            let whole = |rule: &PatternID| {
                self.longest(text, next.start()..end, Anchored::Pattern(*rule)) == Some(end)
            };
            rule = rules.find(whole).unwrap_or(rule);
        }
        // There are no more than `MOST_RULES`.
        Kind::Custom(u8::try_from(rule.as_usize()).unwrap_or(u8::MAX))
    }

    /// Where the longest match ends that begins where the range does and does not go over it.
    fn longest(&self, text: &[u8], range: Range<usize>, whose: Anchored) -> Option<usize> {
        let range = range.start..range.end.min(text.len());
        #[cfg(test)]
        steps::add(range.len());
        self.longest.find(Input::new(text).range(range).anchored(whose)).map(|found| found.end())
    }
}

/// Reads one pattern, and makes a line its world.
fn parse(name: &str, pattern: &str) -> Result<Hir, RulesError> {
    let wrong = |says: String| RulesError::Pattern { rule: name.to_owned(), says };
    if pattern.len() > LONGEST_PATTERN {
        return Err(wrong(format!("it is longer than {LONGEST_PATTERN} bytes")));
    }
    let syntax = Syntax::new().multi_line(true).utf8(true).nest_limit(DEEPEST);
    let hir = regex_automata::util::syntax::parse_with(pattern, &syntax);
    let hir = hir.map_err(|error| wrong(said(&error)))?;
    let hir = in_one_line(&hir).map_err(|says| wrong(says.to_owned()))?;
    let properties = hir.properties();
    match (properties.minimum_len(), properties.maximum_len()) {
        (None, _) => Err(wrong("it can never match".to_owned())),
        (Some(0), _) => {
            Err(wrong("it matches nothing at all as well: let it have at least one character".to_owned()))
        }
        (_, Some(longest)) if longest <= LONGEST_MATCH => Ok(hir),
        _ => Err(wrong(format!(
            "a match could be longer than {LONGEST_MATCH} bytes: write how many, such as {{1,20}} instead of + or *"
        ))),
    }
}

/// What is wrong with a pattern, and where: without the pattern, which can have names in it and ends in logs.
fn said(error: &regex_syntax::Error) -> String {
    let (what, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.column),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.column),
        _ => return "it is no regular expression".to_owned(),
    };
    format!("it does not read at character {at}: {what}")
}

/// The beginning or the end of a line: where an [`EDGE`] is, which the automaton takes for the line end, and where a line end is, with or
/// without a carriage return.
fn either(edge: Look, line: Look) -> Hir {
    Hir::alternation(vec![Hir::look(edge), Hir::look(line)])
}

/// The same without line ends: they are taken out of classes, and a pattern that names one is refused.
fn in_one_line(hir: &Hir) -> Result<Hir, &'static str> {
    let all = |parts: &[Hir]| parts.iter().map(in_one_line).collect::<Result<Vec<_>, _>>();
    Ok(match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => {
            return Err("a match does not go over the end of a line");
        }
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start | Look::End) => {
            return Err("\\A and \\z have no meaning in a stream: ^ and $ are a line's");
        }
        HirKind::Look(Look::StartLF | Look::StartCRLF) => either(Look::StartLF, Look::StartCRLF),
        HirKind::Look(Look::EndLF | Look::EndCRLF) => either(Look::EndLF, Look::EndCRLF),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(in_one_line(&repetition.sub)?);
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(Capture { sub, .. }) => in_one_line(sub)?,
        HirKind::Concat(parts) => Hir::concat(all(parts)?),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn refused(pattern: &str) -> String {
        let error = Custom::new([("own", pattern)].into_iter()).expect_err(pattern);
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    }

    /// The first match that begins at `from` or later, and whose it is.
    fn first(custom: &Custom, text: &str, from: usize) -> Option<(usize, usize, Kind)> {
        let next = custom.next(text.as_bytes(), from)?;
        let end = custom.end(text.as_bytes(), next);
        Some((next.start(), end, custom.rule(text.as_bytes(), next, end)))
    }

    fn found(pattern: &str, text: &str) -> Vec<String> {
        let custom = Custom::new([("own", pattern)].into_iter()).expect("a rule").expect("one");
        let (mut at, mut all) = (0, Vec::new());
        while let Some((start, end, _)) = first(&custom, text, at) {
            all.push(text[start..end].to_owned());
            at = end;
        }
        all
    }

    #[test]
    fn what_is_refused_and_why() {
        assert!(refused("a+").contains("{1,20}"));
        assert!(refused("a{1,2000}").contains("longer than 1024"));
        assert!(refused("a*").contains("nothing at all"));
        assert!(refused("a?").contains("nothing at all"));
        assert!(refused("a\nb").contains("end of a line"));
        assert!(refused("\\Aab").contains("^ and $"));
        assert!(refused("ab\\z").contains("^ and $"));
        assert!(refused("(").contains("unclosed"));
        let names = refused("Ann Lee|Zoe (Quist");
        assert!(
            names.contains("character 13") && !names.contains("Ann") && !names.contains("Quist"),
            "{names}"
        );
        assert!(refused("(?=a)b").contains("look-around"));
        assert!(refused("(a)\\1").contains("backreferences"));
        assert!(refused(&"a".repeat(1025)).contains("longer"));
        assert!(refused("\\n").contains("end of a line"));
        assert!(refused("[a&&b]").contains("never"));
        assert!(refused("(?:(?:\\w{100}){100}){100}").contains("longer than"));
        let many: Vec<(String, &str)> = (0..101).map(|n| (format!("r{n}"), "ab")).collect();
        let error =
            Custom::new(many.iter().map(|(name, pattern)| (name.as_str(), *pattern))).expect_err("101");
        assert!(error.to_string().contains("101"));
        let large: Vec<(String, &str)> = (0..100).map(|n| (format!("r{n}"), "\\w{1,200}x")).collect();
        let error = Custom::new(large.iter().map(|(name, pattern)| (name.as_str(), *pattern)))
            .expect_err("too large");
        assert!(matches!(error, RulesError::TooLarge));
    }

    #[test]
    fn of_several_rules_the_longest_match_is_taken() {
        fn check(patterns: &[&str], text: &str, expect: Option<(usize, usize, u8)>) {
            let rules = patterns.iter().map(|pattern| ("own", *pattern));
            let custom = Custom::new(rules).expect("rules").expect("some");
            let found = first(&custom, text, 0);
            assert_eq!(found, expect.map(|(start, end, rule)| (start, end, Kind::Custom(rule))), "{text}");
        }
        check(&["EMP-[0-9]{3}", "EMP-[0-9]{6}"], "an EMP-123456", Some((3, 13, 1)));
        check(&["EMP-[0-9]{3}", "EMP-[0-9]{6}"], "an EMP-123", Some((3, 10, 0)));
        check(&["EMP-[0-9]{6}", "EMP-[0-9]{3}"], "an EMP-123456", Some((3, 13, 0)));
        // Of the same length the first; what begins later is no rival.
        check(&["[a-z]{3}", "abc", "bcdef"], "abcdef", Some((0, 3, 0)));
        check(&["x", "\\bab\\b", "a", "ab$", "abc"], "ab", Some((0, 2, 1)));
        check(&["a", "a\\b"], "é ab", Some((3, 4, 0)));
        check(&["a", "b"], "c", None);
        // However it is written.
        check(&["ab?", "ab{0,2}?", "a|abb"], "abb", Some((0, 3, 1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// As somebody would find it who tries every rule at every place with every length.
        #[test]
        fn every_match_is_the_first_the_longest_and_of_the_first_rule(
            rules in prop::collection::vec(prop::sample::select(vec![
                "a", "ab?", "ab{0,2}?", "a|ab0", "[ab]{1,4}0", "[ab]{2,3}", "b.{1,3}?b", "(?:a|ba){1,3}", "0{1,2}b", "ж?a",
            ]), 1..6),
            text in "[ab0ж]{0,16}",
        ) {
            let custom = Custom::new(rules.iter().map(|rule| ("own", *rule))).expect("rules").expect("some");
            let whole = |rule: &&str| regex::Regex::new(&format!("\\A(?:{rule})\\z")).expect("a rule");
            let whole: Vec<regex::Regex> = rules.iter().map(whole).collect();
            let tried = |from: usize| {
                (from..text.len()).find_map(|start| {
                    (start + 1..=text.len()).rev().find_map(|end| {
                        let part = text.get(start..end)?;
                        let rule = whole.iter().position(|rule| rule.is_match(part))?;
                        Some((start, end, Kind::Custom(u8::try_from(rule).expect("few"))))
                    })
                })
            };
            let mut at = 0;
            loop {
                let found = first(&custom, &text, at);
                prop_assert_eq!(found, tried(at), "{:?} {} from {}", rules, text, at);
                let Some((_, end, _)) = found else { break };
                at = end;
            }
        }
    }

    #[test]
    fn a_line_is_its_world() {
        assert_eq!(found("EMP-[0-9]{6}", "EMP-123456, EMP-1234567"), ["EMP-123456", "EMP-123456"]);
        assert_eq!(found("a\\s{0,3}b", "a b a\nb a  b"), ["a b", "a  b"]);
        assert_eq!(found("^x[^y]{1,9}", "xab\nxcd"), ["xab", "xcd"]);
        assert_eq!(found("ab$", "ab\nabc\nab"), ["ab", "ab"]);
        assert_eq!(found("^ab$", "ab\r\nab\0ab\0\nxab"), ["ab", "ab", "ab"]);
        assert_eq!(found("(?R)^ab$", "ab\r\nab\0xab"), ["ab", "ab"]);
        assert_eq!(found("\\bab\\b", "ab cab ab"), ["ab", "ab"]);
        assert_eq!(found("é{2}", "éé é"), ["éé"]);
    }
}
