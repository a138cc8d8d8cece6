//! What stands right before something, ends in a letter and is no part of it.

use crate::Kind::{ApiKey, AwsKey, Card, Email, EsDni, Iban, Ipv4, Ipv6, Jwt, Mac, Phone, UkNino, UsSsn};
use crate::kinds::testing::{each_in, none, only};
use crate::{Kind, Masker};

const ANY: &[(Kind, &str)] = &[
    (Email, "john@example.com"),
    (Email, "\"john doe\"@example.com"),
    (Card, "4111111111111111"),
    (Card, "4111 1111 1111 1111"),
    (Phone, "212-555-0123"),
    (Phone, "(212) 555-0123"),
    (Phone, "+14155550100"),
    (UsSsn, "123-45-6789"),
    (Ipv4, "192.0.2.1"),
    (Ipv6, "fe80::1"),
    (Ipv6, "::1"),
    (Mac, "00:00:5e:00:53:ff"),
    (Mac, "AC:DE:48:00:11:22"),
    (Iban, "DE89370400440532013000"),
    (UkNino, "AB123456C"),
    (EsDni, "X-1234567-L"),
    (Jwt, "eyJhbGciOiJub25lIn0.e30."),
    (AwsKey, "AKIAIOSFODNN7EXAMPLE"),
    (ApiKey, "ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3"),
];

#[test]
fn behind_a_colour() {
    // Colours, lines that are erased, a cursor that is moved: with parameters of all forms and without any, and with an intermediate.
    for sequence in [
        "\x1b[0m",
        "\x1b[m",
        "\x1b[1;31m",
        "\x1b[38;2;255;100;50;48;2;255;255;255m",
        "\x1b[38:2::255:100:50m",
        "\x1b[2K",
        "\x1b[3A",
        "\x1b[?25h",
        "\x1b[1 q",
        "\x1b[3~",
    ] {
        for (kind, value) in ANY.iter().copied() {
            only(kind, value, &format!("{sequence}{value}"));
            only(kind, value, &format!("user={sequence}{value}\x1b[0m;"));
            only(kind, value, &format!("{sequence}\x1b[0m{value}\x1b[K"));
        }
        only(Phone, "2125550123", &format!("\x1b[3mphone\x1b[0m={sequence}2125550123"));
    }
    // As changed lines are shown.
    only(Card, "4111111111111111", "\x1b[31m-4111111111111111\x1b[m");
    only(Card, "4111111111111111", "\x1b[32m+4111111111111111\x1b[m");
    only(Card, "4111 1111 1111 1111", "a\\n-4111 1111 1111 1111");
    each_in("\x1b[31mjohn@example.com\x1b[0m4111111111111111", &["john@example.com", "4111111111111111"]);
}

#[test]
fn what_is_no_sequence_is_text() {
    none(&[
        "[0m4111111111111111",
        "\x1bm4111111111111111",
        "\x1b0m4111111111111111",
        "\x1b[0é4111111111111111a",
        "\x1b[mm4111111111111111",
        "\x1b[0m_4111111111111111",
        "\x1b[0mx4111111111111111",
        // A parameter does not stand behind an intermediate.
        "\x1b[ 1m4111111111111111",
        // A sequence that is cut off, and what was masked.
        "\x1b[ *** v4111111111111111",
        // In the middle of a number.
        "4111\x1b[1m111111111111",
    ]);
    // Longer than any that colours something.
    none(&[&format!("\x1b[{}1m4111111111111111", "1;".repeat(30))]);
    only(Card, "4111111111111111", &format!("\x1b[{}m4111111111111111", "1;".repeat(30)));
}

/// At each place of a block, and wherever the blocks of a batch end.
#[test]
fn behind_a_colour_at_every_place() {
    let longest = format!("\x1b[{}m", "1;".repeat(30));
    for long in ["\x1b[0m", &longest, &format!("{longest}_"), "x\\n", " "] {
        for before in (0..130).chain(1980..2120) {
            let text = format!("{}{long}4111111111111111_", " ".repeat(before));
            let text = if long.ends_with('_') { &text } else { &text[..text.len() - 1] };
            for masker in [Masker::default(), Masker::default().without_vectors()] {
                let found: Vec<_> = masker.find(text.as_bytes()).map(|f| f.range.start).collect();
                assert_eq!(found, [before + long.len()], "{long:?} {before}");
            }
        }
    }
}

#[test]
fn colours_stay() {
    let mut out = Vec::new();
    Masker::default().mask(b"\x1b[31mjohn@example.com\x1b[0m 4111111111111111\x1b[0m", &mut out);
    assert_eq!(String::from_utf8_lossy(&out), "\x1b[31mj***@example.com\x1b[0m ************1111\x1b[0m");
}

#[test]
fn behind_an_escape_that_is_spelled_out() {
    for escape in ["\\n", "\\r\\n", "\\t", "\\\\n", "\\n\\t"] {
        for (kind, value) in ANY.iter().copied() {
            only(kind, value, &format!("{escape}{value}"));
            only(kind, value, &format!("x: \"a{escape}{value}\\n\" y"));
        }
        only(Phone, "2125550123", &format!("a{escape}phone: 2125550123"));
        only(Phone, "2125550123", &format!("phone:{escape}2125550123"));
    }
}

#[test]
fn behind_other_letters_and_backslashes() {
    none(&[
        "\\x4111111111111111",
        "\\d4111111111111111",
        "n4111111111111111",
        "C:\\new4111111111111111",
        "\\nn4111111111111111",
        "\\n_4111111111111111",
        "\\\\host\\run4111111111111111",
        "\\d{3}-\\d{2}-\\d{4}",
        // What ends a string for a terminal.
        "\x1b\\n4111111111111111",
    ]);
}

/// A name behind a backslash of a path can begin with such a letter; of one letter it is all there is.
#[test]
fn an_address_behind_a_backslash_is_never_left() {
    only(Email, "ick@example.com", "C:\\temp\\nick@example.com");
    only(Email, "john@example.com", "C:\\temp\\john@example.com");
    only(Email, "n@example.com", "C:\\temp\\n@example.com");
    only(Email, "t@example.com", "\\\\t@example.com");
    only(Email, "_j@example.com", "\\n_j@example.com");
    none(&["\\@example.com", "\x1b[m@example.com"]);
    let masked = |text: &str| {
        let mut out = Vec::new();
        Masker::default().mask(text.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    assert_eq!(masked("C:\\temp\\nick@example.com"), "C:\\temp\\ni***@example.com");
    assert_eq!(masked("C:\\temp\\n@example.com"), "C:\\temp\\***@example.com");
    assert_eq!(masked("a\\tjohn@example.com\\n"), "a\\tj***@example.com\\n");
}

/// As Markdown stresses: one to three `_` on both sides, of a value or of a few words with it.
#[test]
fn between_underscores() {
    for under in ["_", "__", "___"] {
        for (kind, value) in ANY.iter().copied().filter(|(kind, _)| !matches!(kind, Jwt | AwsKey | ApiKey)) {
            only(kind, value, &format!("{under}{value}{under}"));
            only(kind, value, &format!("see {under}{value}{under}, and"));
        }
        only(Card, "4111 1111 1111 1111", &format!("* {under}4111 1111 1111 1111 (Visa){under}"));
        only(Phone, "212-555-0123", &format!("{under}Call 212-555-0123{under}"));
        only(Phone, "2125550123", &format!("{under}Phone:{under} {under}2125550123{under}"));
        only(Phone, "2125550123", &format!("{under}phone: 2125550123{under}"));
        only(UsSsn, "123-45-6789", &format!("\\n{under}a_b: 123-45-6789{under}\x1b[0m"));
        // A local part may begin so: it is the address's unless as many stand behind.
        let other = format!("{under}john@example.com");
        only(Email, &other, &other);
        only(Email, &other, &format!("{other} {under}"));
        only(Email, &other, &format!("{other}{under}x"));
    }
    only(Email, "_john@example.com", "_john@example.com__");
    each_in("_john@example.com x_@example.com", &["_john@example.com", "x_@example.com"]);
    only(Email, "a_john@example.com", "a_john@example.com_");
    only(Email, "____john@example.com", "____john@example.com____");
    only(UsSsn, "123-45-6789", "*_123-45-6789_*");
    each_in("_123-45-6789_ and _212-555-0123_", &["123-45-6789", "212-555-0123"]);
}

#[test]
fn emphasis_in_emphasis() {
    only(Phone, "212-555-0123", "__Tel _new_: 212-555-0123__");
    only(Card, "4111111111111111", "_Card __Visa__ 4111111111111111_");
    only(Card, "4111111111111111", "_4111111111111111 (__Visa__)_");
    only(Phone, "212-555-0123", "__see _Ann_ or 212-555-0123__");
}

#[test]
fn underscores_of_names() {
    none(&[
        "a_4111111111111111_b",
        "a_4111111111111111_",
        "_4111111111111111_b",
        "_4111111111111111",
        "4111111111111111_",
        "_ 4111111111111111_",
        "_4111111111111111 _",
        "_4111111111111111 and _x_",
        "_4111111111111111\nx_",
        "__4111111111111111_",
        "____4111111111111111____",
        "id_2125550123",
        "phone __init__2125550123",
        "foo_123_bar",
        "_order 2125550123_",
        "phone_verified_at_ 4111111111111112_",
    ]);
    let far = " x".repeat(40);
    none(&[&format!("_4111111111111111{far}_"), &format!("_x{far} 4111111111111111_")]);
    only(Phone, "2125550123", "customer_phone_ 2125550123");
}

#[test]
fn emphasis_stays_and_what_was_masked_in_it_too() {
    let masked = |text: &str| {
        let mut out = Vec::new();
        Masker::default().mask(text.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    for sign in ["*", "**", "***", "_", "__", "___"] {
        for (value, expect) in [
            ("212-555-0123", "***-***-0123"),
            ("4111 1111 1111 1111", "**** **** **** 1111"),
            ("4111111111111111", "************1111"),
            ("john@example.com", "j***@example.com"),
            ("192.0.2.1", "192.0.*.*"),
        ] {
            for around in ["{}", "- {}, new", "**Tel:** {} 020 7946"] {
                let text = around.replace("{}", &format!("{sign}{value}{sign}"));
                let once = masked(&text);
                assert_eq!(once, around.replace("{}", &format!("{sign}{expect}{sign}")));
                assert_eq!(masked(&once), once);
            }
        }
    }
}
