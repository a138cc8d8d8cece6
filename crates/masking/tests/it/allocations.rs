//! What is found costs no memory of its own: twice as many findings take as many allocations.

use allocation_counter::measure;
use masking::{CustomRule, Kind, Masker, Mode, Rules, Tokens};

/// One of each kind that is found by different means, and one of an own rule.
const LINE: &str = "to john@example.com, 212-555-0123 or 4111-1111-1111-1111 from 192.0.2.1, 2001:db8::1 and 00:00:5e:00:53:ff, \
    DE89 3704 0044 0532 0130 00, ssn 123-45-6789, AKIAIOSFODNN7EXAMPLE, eyJhbGciOiJub25lIn0.e30.x, 811228-9874, EMP-123456\n";
const FINDINGS: u64 = 12;
const MODES: [Mode; 5] = [Mode::Redact, Mode::Stars, Mode::Partial, Mode::Token, Mode::TokenShape];

fn masker(mode: Mode) -> Masker {
    let rule =
        |name: &str, pattern: &str| CustomRule { name: name.into(), pattern: pattern.into(), mode: None };
    let custom = vec![rule("part", "EMP-[0-9]{3}"), rule("badge", "EMP-[0-9]{6}$")];
    let tokens = Tokens::new(&[7; 32], "shop").expect("a key");
    Masker::with_tokens(&Rules { custom, ..Rules::all(mode) }, tokens).expect("rules")
}

/// How often memory was asked for, with a place for what is written, once nothing is done for the first time any more.
fn allocations(times: usize, expect: u64, work: impl Fn(&[u8], &mut Vec<u8>) -> u64, text: &str) -> u64 {
    let text = text.repeat(times);
    let mut out = Vec::with_capacity(8 * text.len());
    work(text.as_bytes(), &mut out);
    out.clear();
    let mut findings = 0;
    let info = measure(|| findings = work(text.as_bytes(), &mut out));
    assert_eq!(findings, expect * times as u64);
    info.count_total
}

#[test]
fn nothing_is_allocated_for_a_finding() {
    for mode in MODES {
        let masker = masker(mode);
        let kinds: std::collections::BTreeSet<Kind> = masker.find(LINE.as_bytes()).map(|f| f.kind).collect();
        assert_eq!(kinds.len() as u64, FINDINGS);
        let mask = |text: &[u8], out: &mut Vec<u8>| masker.mask(text, out);
        let (once, twice) = (allocations(50, FINDINGS, mask, LINE), allocations(100, FINDINGS, mask, LINE));
        assert_eq!(once, twice, "{mode:?}");
        assert!(once <= 4, "{mode:?}: {once}");
        let find = |text: &[u8], _: &mut Vec<u8>| masker.find(text).count() as u64;
        assert_eq!(allocations(50, FINDINGS, find, LINE), allocations(100, FINDINGS, find, LINE), "{mode:?}");
        // A value by itself, as in a column.
        let column = |text: &[u8], out: &mut Vec<u8>| {
            for kind in Kind::ALL {
                masker.write(*kind, text, out);
            }
            0
        };
        assert_eq!(allocations(1, 0, column, "4111 1111 1111 1111"), 0, "{mode:?}");
    }
}

/// JSON is read into lists, which grow by doubling.
#[test]
fn and_hardly_anything_in_json() {
    for mode in MODES {
        let masker = masker(mode);
        let json = |text: &[u8], out: &mut Vec<u8>| masker.mask_json(text, out).expect("JSON");
        let made = |times: usize| {
            let text = format!(
                "[{}0]",
                r#""john\u0040example.com","EMP-123456",{"phone":2125550123},"#.repeat(times)
            );
            let findings = u64::try_from(3 * times).expect("few");
            allocations(1, findings, json, &text)
        };
        let (once, twice) = (made(500), made(1000));
        assert!(twice <= once + 4 && once < 50, "{mode:?}: {once}, and {twice} for twice as much");
    }
}

/// Rules that are nearly as large together as they may be.
#[test]
fn what_a_search_keeps_is_bounded_however_large_the_rules_are() {
    let rule = |n: usize| CustomRule {
        name: format!("own{n}"),
        pattern: format!("[.][0-9. ]{{1,{}}}Q", 500 + n),
        mode: None,
    };
    let custom = (0..90).map(rule).collect();
    let masker = Masker::new(&Rules { custom, ..Rules::all(Mode::Redact) }).expect("rules");
    let text = "from 192.0.2.1 at 10.30 ".repeat(100);
    let info = measure(|| assert_eq!(masker.find(text.as_bytes()).count(), 100));
    assert!(info.bytes_max < 32 << 20, "{} bytes", info.bytes_max);
}
