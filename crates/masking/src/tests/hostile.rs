//! Text that was made to be slow. Counted is every byte that a verifier looks at, so that the answer is the same on every machine: twice the
//! text may take twice the looks, and no text more than so many for each byte.

use crate::text::steps;
use crate::{CustomRule, Masker, Mode, Rules};

const LENGTH: usize = 96 << 10;
/// For each byte of the text, at most. A place costs at most some hundred looks; not every byte is a place.
const MOST: usize = 400;

/// What each verifier likes least: what looks as if it would become something, and never does; and what
/// becomes something at every place.
const WORST: &[&str] = &[
    "@",
    "a@",
    "a@a.",
    "a.",
    "a.a.a.a@",
    "a@b.co",
    "a@b.co@",
    "\"@",
    "\"a\"@b.c",
    "ж@",
    "例@",
    "%",
    "1",
    "12 ",
    "1 ",
    "1-",
    "1.",
    "1.1.1.1.",
    "1.1.1.1-",
    "1.1.1.1 ",
    "123 ",
    "0123 ",
    "+1",
    "+1 ",
    "+44 (0)",
    "(212) ",
    "212-555-",
    "212-555-0123 ",
    "4111 1111 1111 111",
    "4111111111111111 ",
    "4111-",
    "4111/",
    "123-45-6789/",
    "4111111111111111/",
    "1\u{a0}",
    "1\u{202f}",
    "12\u{2011}",
    "12 - ",
    "012 / ",
    "* 4111 ",
    "*-",
    "1.1.1.1/",
    "a.b.co/1.1.1.1",
    "phone1",
    "phone 1 - ",
    "\"1234567\",",
    "[1234567,",
    "1 , 1234567 ",
    "x:1:1:",
    "ab:00:",
    "X-1234567-",
    "12.345.678-",
    "a@b.co@c",
    "2026-11-22 ",
    "phone ",
    "phone 1234567 ",
    "a b c 123456782 ",
    ":",
    "::",
    "1:",
    "1:1:",
    "::1",
    "::1 ",
    "fe80::",
    "aa:bb:",
    "aa-bb-",
    "abcd.0123.",
    "AA00",
    "GB82",
    "GB82 WEST ",
    "DE89370400440532013000 ",
    "AKIA",
    "AKIAIOSFODNN7EXAMPLE ",
    "AKIA-",
    "eyJ",
    "eyJ.",
    "eyJhbGciOiJub25lIn0.",
    "eyJhbGciOiJub25lIn0.e30.",
    "eyJhbGciOiJub25lIn0.e30.x ",
    "eyJhIjoiYSJ9-",
    "ghp_",
    "ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3",
    "sk-",
    "xoxb-",
    "SG.a1B2c3D4e5a1B2c3D4e5a1.",
    "secret ",
    "secret a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5 ",
    "AB123456C ",
    "AB 12 34 56 C ",
    "131052-308T ",
    "\n",
    "\0",
    "\u{e9}",
    "ABCDEFGH9",
    "A1B2",
];

fn looks(masker: &Masker, part: &str, length: usize) -> usize {
    let text: Vec<u8> = part.bytes().cycle().take(length).collect();
    steps::taken();
    let findings = masker.find(&text).count();
    assert!(findings <= length / 2, "{part}");
    steps::taken()
}

#[test]
fn time_is_linear_for_the_worst_that_is_known() {
    let masker = Masker::default();
    for part in WORST {
        let (once, twice) = (looks(&masker, part, LENGTH), looks(&masker, part, LENGTH * 2));
        assert!(twice <= once * 2 + once / 20 + 4096, "{part:?}: {once}, and {twice} for twice as much");
        assert!(once <= LENGTH * MOST, "{part:?}: {} for each byte", once / LENGTH);
    }
}

#[test]
fn and_for_what_is_put_together_from_it() {
    let masker = Masker::default();
    for (at, first) in WORST.iter().enumerate() {
        let second = WORST[(at * 7 + 3) % WORST.len()];
        let both = format!("{first}{second}");
        let (once, twice) = (looks(&masker, &both, LENGTH), looks(&masker, &both, LENGTH * 2));
        assert!(twice <= once * 2 + once / 20 + 4096, "{both:?}: {once}, and {twice} for twice as much");
        assert!(once <= LENGTH * MOST, "{both:?}: {} for each byte", once / LENGTH);
    }
}

/// What is long in itself: half as long, half the looks.
#[test]
fn and_for_one_long_thing() {
    let masker = Masker::default();
    for (start, part, end) in [
        ("a@", "b.", "com"),
        ("", "a", "@b.com"),
        ("\"", "a ", "\"@b.com"),
        ("eyJhbGciOiJub25lIn0.", "e30", ".a"),
        ("eyJ", "hbGci", ".a.b"),
        ("ghp_", "a1", ""),
        ("xoxb-", "1-", ""),
        ("::", "0:", ""),
        ("", "12 34 ", ""),
        ("phone", " ", "1234567"),
        ("phones [", "1,", "1234567"),
        ("phones [", "1 ", ",1234567,1234567"),
        ("phones [1", " ", ",1234567"),
        ("secret ", "ab/", ""),
    ] {
        let made = |times: usize| {
            let text = format!("{start}{}{end}", part.repeat(times));
            steps::taken();
            let _ = masker.find(text.as_bytes()).count();
            steps::taken()
        };
        let (once, twice) = (made(20_000), made(40_000));
        assert!(twice <= once * 2 + 65_536, "{start}{part}…{end}: {once}, and {twice} for twice as much");
    }
}

/// Held back is as much as is decided later, and what is pushed byte by byte is not looked at again for each byte.
#[test]
fn a_stream_of_single_bytes_is_linear() {
    let masker = Masker::default();
    for part in ["1.1.1.1-", "eyJhbGciOiJub25lIn0.", "a@b.co", "4111 "] {
        let pushed = |length: usize| {
            let (mut stream, mut out) = (masker.stream(), Vec::new());
            steps::taken();
            part.bytes().cycle().take(length).for_each(|byte| stream.push(&[byte], &mut out));
            stream.finish(&mut out);
            steps::taken()
        };
        let (once, twice) = (pushed(200_000), pushed(400_000));
        assert!(twice <= once * 2 + once / 2, "{part}: {once}, and {twice} for twice as much");
    }
}

/// A rule that takes a regular expression engine that goes back exponentially long.
#[test]
fn custom_rules_are_linear_too() {
    let rule = |pattern: &str| CustomRule { name: "own".to_owned(), pattern: pattern.to_owned(), mode: None };
    let custom = vec![rule("(?:a{1,30}){1,30}b")];
    let rules = Rules { default: Mode::Redact, custom, ..Rules::default() };
    let masker = Masker::new(&rules).expect("rules");
    let mut out = Vec::new();
    assert_eq!(masker.mask("a".repeat(100_000).as_bytes(), &mut out), 0);
    assert_eq!(masker.mask("aab".repeat(10_000).as_bytes(), &mut out), 10_000);
}
