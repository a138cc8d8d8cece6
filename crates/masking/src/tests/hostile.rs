//! Text that was made to be slow. Counted is every byte that a verifier looks at, so that the answer is the same on every machine: twice the
//! text may take twice the looks, and no text more than so many for each byte.

use crate::text::steps;
use crate::{Columns, CustomRule, Kind, Masker, Mode, Rules, Table};

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
    "* **4111 ",
    "**4111 1111**",
    "**1:** **4111 ",
    "(4111111111111111) ",
    "(123-45-6789)-",
    "1\u{202f}/\u{202f}",
    "0171 1234567 ",
    "1 0171 1234567",
    "AA00 0171 1234567 ",
    "01 23 45 67 89 ",
    "+49 30 901820 / ",
    "+49 30 901820 0171 ",
    "GET /x 404 356 1234 ",
    "11:11 212 555 0123 ",
    "phone 212 555 0123 415 ",
    "1         ",
    "4111 1111 1111 1111.a@b.co",
    "4111 1111 1111 1111.a@b.co.",
    "call 480 - 640 - 1080",
    "iPhone 1 - ",
    "A.App/1.1.1.1",
    "*-",
    "1.1.1.1/",
    "a.b.co/1.1.1.1",
    "phone1",
    "<td>1234567",
    "</td><a b;1234567>",
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
    // What could begin at each hyphen, and goes on for long: `{"a":"` and an array.
    "--eyJhIjoi",
    "--eyJhIjoiIiwi",
    "--eyJ9",
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
    "\x1b[",
    "\x1b[0m",
    "\x1b[0",
    "\x1b[0m1234567",
    "\x1b[0ma@b.co",
    " m",
    "[0m",
    "phone \x1b[0m1234567",
    "\\n",
    "\\n1234567",
    "\\n@b.co",
    "phone:\\n1234567",
    "_",
    " _",
    "_1234567",
    " _1234567",
    "_1234567 ",
    "_1234567_ ",
    " _1234567 1234567 1234567 1234567 1234567",
    "phone _a _b _c 1234567 ",
    "_a@b.co_ ",
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

/// The same inside of a string of JSON, and in a column, behind its name.
#[test]
fn and_for_the_worst_in_json_and_in_a_column() {
    let columns = serde_json::from_str::<Columns>(r#"{"others": "text"}"#).expect("columns");
    let table = Table::new(&columns, None).expect("a table");
    let masker = Masker::default();
    let mut out = Vec::new();
    let mut taken = |work: &dyn Fn(&str, &mut Vec<u8>), part: &str, length: usize| {
        let text: String = part.chars().cycle().take(length).collect();
        out.clear();
        steps::taken();
        work(&text, &mut out);
        steps::taken()
    };
    let json = |text: &str, out: &mut Vec<u8>| {
        let text = serde_json::json!({"phone": text}).to_string();
        assert!(masker.mask_json(text.as_bytes(), out).is_some());
    };
    let cell = |text: &str, out: &mut Vec<u8>| {
        table.column("phone").expect("decided").write(text.as_bytes(), out);
    };
    for (name, work) in [("JSON", &json as &dyn Fn(&str, &mut Vec<u8>)), ("a column", &cell)] {
        for part in WORST {
            let (once, twice) = (taken(work, part, LENGTH / 4), taken(work, part, LENGTH / 2));
            assert!(
                twice <= once * 2 + once / 20 + 4096,
                "{name}: {part:?}: {once}, and {twice} for twice as much"
            );
            // Some letters are two bytes, or three.
            assert!(once <= 3 * (LENGTH / 4) * MOST, "{name}: {part:?}: {once}");
        }
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
        ("eyJhIjoi", "YWFh", ".a.b"),
        ("eyJhIjoi", "--eyJhIjoi", ".a.b"),
        ("ghp_", "a1", ""),
        ("xoxb-", "1-", ""),
        ("::", "0:", ""),
        ("", "12 34 ", ""),
        ("phone", " ", "1234567"),
        ("phone", "\x1b[1m", "1234567"),
        ("\x1b[", "1;", "m1234567"),
        ("phone", "\\n", "1234567"),
        ("_4111111111111111", "_a", "_"),
        ("", "_a", " 4111111111111111_"),
        ("phones [", "1,", "1234567"),
        ("phones [", "1 ", ",1234567,1234567"),
        ("phones [1", " ", ",1234567"),
        ("secret ", "ab/", ""),
        ("**a:** ", "*", "4111 1111 1111 1111"),
        ("**", "a", ":** **4111 1111 1111 1111"),
        ("4111 1111 1111 1111.", "a.", "b@c.co"),
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

/// Rules every one of which could match much longer wherever the first does, and then does not: of each match no more is looked at than the
/// longest match, by all of them at once.
#[test]
fn and_so_are_many_of_them() {
    let looks = |rules: usize, length: usize| {
        let rule = |n: usize| {
            let pattern = if n == 0 { "a".to_owned() } else { format!("[a-z]{{1,{}}}0", 100 + n) };
            CustomRule { name: format!("own{n}"), pattern, mode: None }
        };
        let custom = (0..rules).map(rule).collect();
        let masker = Masker::new(&Rules { custom, ..Rules::all(Mode::Redact) }).expect("rules");
        let text = "a".repeat(length);
        steps::taken();
        assert_eq!(masker.find(text.as_bytes()).count(), length);
        steps::taken()
    };
    let (two, twice, fifty) = (looks(2, 1 << 12), looks(2, 1 << 13), looks(50, 1 << 12));
    assert!(twice <= two * 2 + (1 << 20), "{two}, and {twice} for twice as much");
    assert_eq!(fifty, two);
    assert!(two <= (crate::LONGEST_MATCH + MOST) << 12, "{two}");
}

/// The same rules, and before each place where they match something that is built in is found: it is looked where they match next, and
/// neither how far they go nor whose a match is, which nobody is given.
#[test]
fn and_many_of_them_with_what_is_built_in_between() {
    let looks = |rules: usize, length: usize| {
        let rule = |n: usize| {
            let pattern = if n == 0 { "[.]1".to_owned() } else { format!("[.][0-9. ]{{1,{}}}", 500 + n) };
            CustomRule { name: format!("own{n}"), pattern, mode: None }
        };
        let custom = (0..rules).map(rule).collect();
        let masker = Masker::new(&Rules { custom, ..Rules::all(Mode::Redact) }).expect("rules");
        let text = "1.1.1.1 ".repeat(length / 8);
        steps::taken();
        assert_eq!(masker.find(text.as_bytes()).filter(|found| found.kind == Kind::Ipv4).count(), length / 8);
        steps::taken()
    };
    let (two, twice, sixty) = (looks(2, 1 << 13), looks(2, 1 << 14), looks(60, 1 << 13));
    assert!(twice <= two * 2 + two / 20 + 4096, "{two}, and {twice} for twice as much");
    assert_eq!(sixty, two);
    assert!(two <= MOST << 13, "{two}");
}
