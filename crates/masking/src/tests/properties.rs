//! What is so for every text.

use proptest::prelude::*;

use crate::{CustomRule, Masker, Mode, Rules, Tokens};

/// Pieces that texts are made of: findings, near misses, and what is between.
const PIECES: &[&str] = &[
    "john@example.com",
    "\"john doe\"@example.org",
    "чебурашка@ящик-с-апельсинами.рф",
    "用户@例子.广告",
    "123-456-7890",
    "+44 (0)20 7946 0958",
    "phone: 2125550123",
    "4111-1111-1111-1111",
    "4111111111111111",
    "123-45-6789",
    "ssn 123456789",
    "192.0.2.1",
    "192.0.2.1-192.0.2.9",
    "2001:db8::8:800:200C:417A",
    "fe80::1%eth0",
    "00:00:5e:00:53:ff",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "AKIAIOSFODNN7EXAMPLE",
    "secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3",
    "SG.a1B2c3D4e5a1B2c3D4e5a1.a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B",
    "BSN 111222333",
    "12345678Z",
    "131052-308T",
    "RSSMRA85T10A562S",
    "AB 12 34 56 C",
    "11010519491231002X",
    "756.9217.0769.85",
    "order 1234567890 at 1700000000",
    "550e8400-e29b-41d4-a716-446655440000",
    "2026-11-22T10:11:12.345Z",
    "v1.2.3.4",
    "+33\u{a0}6\u{a0}12\u{a0}34\u{a0}56\u{a0}78",
    "212\u{2011}555\u{2011}0123",
    "+1-123-456-7890",
    "123-45-6789/4111111111111111",
    "(4111111111111111) 12/27",
    "* **4111 1111 1111 1111**",
    "**Tel:** **0171 1234567**",
    "4111 1111 1111 1111.john@example.com",
    "Tel. 0171 / 1234567.",
    "um 0171 1234567 030 901820 4111 1111 1111 1111",
    "+49 30 901820 / 0171 1234567",
    "at 2026-11-22 10:11:12 212 555 0123",
    "X\u{2011}1234567\u{2011}L",
    "123\u{202f}\u{2011}\u{202f}45\u{202f}\u{2011}\u{202f}6789",
    "{\"Phone 2\":\"2125550123\"}",
    "a.example.com/192.0.2.1:80",
    "{\"phones\":[\"2125550123\",\"2125550124\"]}",
    "phone_2: 2125550123",
    "ip:2001:db8::1",
    "X-1234567-L",
    "EMP-123456",
    "\x1b[0m",
    "\x1b[1;31mjohn@example.com",
    "\x1b[0m4111111111111111",
    "\x1b[38;5;196m",
    "\\njohn@example.com",
    "\\r\\n4111111111111111",
    "\\tphone: 2125550123\\n",
    "\\n",
    "\\",
    "?email=john%40example.com&phone=212-555-0123+415-555-0132",
    "%3D%40",
    "+12125550123+12125550124",
    "Tel: +49 30 901820/030 901821",
    "020 7946 0958:8080",
    "phone 2125550123-3",
    "4111111111111111.0",
    "phone2:06 12 34 56 78",
    "TÉL : “0142685300”",
    "030/901820-0",
    "_212-555-0123_",
    "__4111 1111 1111 1111__",
    "_john@example.com_",
    "_phone: 2125550123_",
    "a_4111111111111111_b",
    "__",
    "é",
    "联系",
    "\u{fffd}",
    " ",
    "\u{a0}",
    " - ",
    "*",
    "**",
    "#",
    "/",
    ",",
    ".",
    "-",
    "@",
    ":",
    "\"",
    "0",
    "a",
    "_",
    "\n",
];

fn rules(mode: Mode) -> Rules {
    let rule =
        CustomRule { name: "employee".to_owned(), pattern: "\\bEMP-[0-9]{6}\\b".to_owned(), mode: None };
    Rules { default: mode, custom: vec![rule], ..Rules::default() }
}

fn masker(mode: Mode) -> Masker {
    let tokens = Tokens::new(&[7; 32], "shop").expect("a key");
    Masker::with_tokens(&rules(mode), tokens).expect("rules")
}

fn whole(masker: &Masker, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    masker.mask(text, &mut out);
    out
}

fn cut(masker: &Masker, pieces: &[&[u8]]) -> Vec<u8> {
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    out
}

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Every text of two pieces, with something between, cut at every place.
#[test]
fn a_stream_is_the_whole_at_every_cut() {
    let masker = masker(Mode::Redact);
    for (at, first) in PIECES.iter().enumerate() {
        for between in [" ", "", ",", "\n"] {
            let text = format!("x {first}{between}{} y", PIECES[(at * 5 + 1) % PIECES.len()]);
            let expect = whole(&masker, text.as_bytes());
            for cut_at in 0..=text.len() {
                let (left, right) = text.as_bytes().split_at(cut_at);
                assert_eq!(cut(&masker, &[left, right]), expect, "{text} cut at {cut_at}");
            }
        }
    }
}

/// A line that does not end is decided in parts: each piece at each place of the border between two parts.
#[test]
fn a_line_without_end_is_the_whole_too() {
    let masker = masker(Mode::Redact);
    let all = PIECES.iter().filter(|piece| !piece.contains('\n')).copied().collect::<Vec<_>>().join(" ");
    let mut text = Vec::new();
    while text.len() < 400_000 {
        text.extend_from_slice(all.as_bytes());
        text.push(b'a' + u8::try_from(text.len() % 26).expect("a letter"));
        text.extend_from_slice(&b"      ,"[..=text.len() % 7]);
    }
    let expect = whole(&masker, &text);
    for size in [1 << 10, 7_777, 65_536, 399_999] {
        let pieces: Vec<&[u8]> = text.chunks(size).collect();
        assert!(cut(&masker, &pieces) == expect, "in pieces of {size}");
    }
}

/// Lines of JSON among others, by pieces of every size, are masked as each is alone.
#[test]
fn lines_in_pieces_are_masked_as_each_is() {
    let masker = masker(Mode::Partial);
    let json = "{\"phone\":2125550123,\"m\":\"a\\t4111111111111111\"}";
    let long = format!("[\"{}\",\"a\\t4111111111111111\"]", "x ".repeat(100_000));
    let text = [
        json,
        "{\"phone\":{\"type\":\"home\",\"number\":\"2125550123\"}}",
        "{\"people\":[{\"ssn\":{\"type\":\"us\",\"value\":\"078051120\"}}]}",
        "{\"id\":[1]}",
        "[9] john@example.com",
        "phone: 2125550123 {",
        "",
        json,
        json,
        "[\"a\\t4111111111111111\"]",
        &long,
        "{",
        " {}",
        "{\"a\":[1,2]}\r",
        "x",
        json,
    ]
    .join("\n");
    let mut expect = Vec::new();
    for line in text.split_inclusive('\n') {
        // One that is longer than what a stream waits for is text.
        let json = line.len() < 60_000 && line.starts_with(['{', '[']);
        match json.then(|| masker.mask_json(line.as_bytes(), &mut expect)).flatten() {
            Some(_) => {}
            None => drop(masker.mask(line.as_bytes(), &mut expect)),
        }
    }
    assert!(
        String::from_utf8_lossy(&expect)
            .ends_with("{\"phone\":\"******0123\",\"m\":\"a\\t************1111\"}")
    );
    for size in (1..200).chain([1 << 10, 7_777, 65_536, 399_999]) {
        let (mut stream, mut out) = (masker.stream_lines(), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            stream.push(piece, &mut out);
        }
        stream.finish(&mut out);
        assert!(out == expect, "in pieces of {size}");
    }
}

#[test]
fn what_is_held_back_is_bounded() {
    let masker = Masker::default();
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    let mut pushed = 0;
    let mut most = 0;
    for _ in 0..400 {
        stream.push(&[b'a'; 1000], &mut out);
        pushed += 1000;
        most = most.max(pushed - out.len());
    }
    assert!(most <= 5 * (17 << 10), "{most} bytes are held back");
    stream.push(b"\n", &mut out);
    assert_eq!(out.len(), pushed + 1, "after a line end nothing is");
}

#[test]
fn vectors_and_bytes_find_the_same() {
    let text = PIECES.join(" ").repeat(3);
    let found: Vec<_> = Masker::default().find(text.as_bytes()).collect();
    assert!(found.len() > 80, "{}", found.len());
    let plain = Masker::default().without_vectors();
    assert_eq!(plain.find(text.as_bytes()).collect::<Vec<_>>(), found);
}

/// Behind letters that are not ASCII a number begins; so the address before it ends there.
#[test]
fn an_address_and_the_number_that_touches_it_are_both_found() {
    let masker = masker(Mode::Redact);
    for address in ["почта@пример.рф", "чебурашка@ящик-с-апельсинами.рф", "用户@例子.广告", "अजय@डाटा.भारत"]
    {
        for number in [
            "123-456-7890",
            "212 555 0123",
            "4111-1111-1111-1111",
            "4111111111111111",
            "123-45-6789",
            "192.0.2.1",
        ] {
            let text = format!("{address}{number}");
            let found: Vec<_> = masker.find(text.as_bytes()).map(|f| &text[f.range]).collect();
            assert_eq!(found, [address, number], "{text}");
        }
        // What is a domain stays one.
        let longer = format!("{address}1.example");
        let found: Vec<_> = masker.find(longer.as_bytes()).map(|f| &longer[f.range]).collect();
        assert_eq!(found, [longer.as_str()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_stream_is_the_whole(text in bytes(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let masker = masker(Mode::Partial);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.sort_unstable();
        let mut pieces = Vec::new();
        let mut last = 0;
        for place in places {
            pieces.push(&text[last..place]);
            last = place;
        }
        pieces.push(&text[last..]);
        prop_assert_eq!(cut(&masker, &pieces), whole(&masker, &text));
    }

    #[test]
    fn text_stays_text(text in texts()) {
        for mode in [Mode::Redact, Mode::Stars, Mode::Partial, Mode::Token, Mode::TokenShape] {
            let out = whole(&masker(mode), text.as_bytes());
            prop_assert!(std::str::from_utf8(&out).is_ok(), "{:?}", mode);
        }
    }

    /// So a stream need not read JSON in which nothing is found as text.
    #[test]
    fn json_without_escapes_has_no_more_findings_than_text(name in texts(), text in texts(), number in any::<u64>()) {
        let json = serde_json::json!({ name: [text.clone(), number], text: true }).to_string();
        let masker = Masker::default();
        let mut out = Vec::new();
        let found = masker.mask_json(json.as_bytes(), &mut out).expect("JSON");
        prop_assert!(found == 0 || masker.is_otherwise_as_json(json.as_bytes()), "{}", json);
    }

    #[test]
    fn findings_are_in_order_and_apart(text in bytes()) {
        let mut last = 0;
        for finding in masker(Mode::Redact).find(&text) {
            prop_assert!(finding.range.start >= last && finding.range.end > finding.range.start);
            last = finding.range.end;
        }
        prop_assert!(last <= text.len());
    }

    #[test]
    fn masked_twice_is_masked_once(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let text = pieces.join(" ");
        for mode in [Mode::Redact, Mode::Stars, Mode::Partial] {
            let masker = masker(mode);
            let once = whole(&masker, text.as_bytes());
            let twice = whole(&masker, &once);
            prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once));
        }
    }

    /// Where two things touch, one can be found only when the other is gone; what was written is never found.
    #[test]
    fn what_was_written_is_never_found(text in bytes()) {
        let masker = masker(Mode::Redact);
        let once = whole(&masker, &text);
        for finding in masker.find(&once) {
            let value = &once[finding.range];
            prop_assert!(!value.contains(&b'[') && !value.contains(&b']'), "{}", String::from_utf8_lossy(value));
        }
    }

    #[test]
    fn nothing_that_was_found_is_in_what_is_written(text in texts()) {
        let masker = masker(Mode::Redact);
        let out = whole(&masker, text.as_bytes());
        let out = String::from_utf8_lossy(&out);
        for finding in masker.find(text.as_bytes()) {
            let value = &text[finding.range];
            // It may stand elsewhere in the text, where it is part of something else.
            if text.matches(value).count() == 1 {
                prop_assert!(!out.contains(value), "{} is in {}", value, out);
            }
        }
    }

    #[test]
    fn vectors_and_bytes_find_the_same_in_any_bytes(text in bytes()) {
        let (vectors, plain) = (Masker::default(), Masker::default().without_vectors());
        prop_assert_eq!(vectors.find(&text).collect::<Vec<_>>(), plain.find(&text).collect::<Vec<_>>());
    }

    #[test]
    fn where_a_text_stands_changes_nothing(text in texts(), before in 0_usize..200) {
        let masker = Masker::default();
        let moved = format!("{}\n{text}", " ".repeat(before));
        let shift = before + 1;
        let here: Vec<_> = masker.find(text.as_bytes()).map(|f| (f.kind, f.range.start + shift, f.range.end + shift)).collect();
        let there: Vec<_> = masker.find(moved.as_bytes()).map(|f| (f.kind, f.range.start, f.range.end)).collect();
        prop_assert_eq!(here, there);
    }
}
