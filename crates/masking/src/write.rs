//! What is written in place of a finding.

use crate::form;
use crate::kind::Kind;
use crate::kinds::{email, keys};
use crate::token;

/// What stands for what is not shown.
const STARS: &[u8] = b"***";
/// How many digits or letters of a number are shown, at its end.
const SHOWN: usize = 4;
/// Fewer are not shown in part: what is left would be too little to guess.
const LEAST: usize = 7;

/// Appends `[label]`.
pub(crate) fn redact(label: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    out.extend_from_slice(label.as_bytes());
    out.push(b']');
}

/// Appends `***`.
pub(crate) fn stars(out: &mut Vec<u8>) {
    out.extend_from_slice(STARS);
}

/// Appends the value with most of it hidden; of a value that has not the form of its kind, nothing is shown.
pub(crate) fn partial(kind: Kind, value: &[u8], out: &mut Vec<u8>) {
    let whole = token::without_zeros(value);
    if whole.len() < value.len() && form::is_one(kind, whole) {
        partial(kind, whole, out);
        return out.extend_from_slice(&value[whole.len()..]);
    }
    if !form::is_one(kind, value) {
        return stars(out);
    }
    match kind {
        Kind::Email => address(value, out),
        Kind::Iban => keep(value, 2, out),
        Kind::Ipv4 => {
            // The network of 16 bits: where somebody is, roughly, and not who.
            let second = value.iter().enumerate().filter(|(_, byte)| **byte == b'.').nth(1);
            let network = second.map_or(0, |(at, _)| at);
            out.extend_from_slice(&value[..network]);
            out.extend_from_slice(b".*.*");
        }
        Kind::Ipv6 => {
            let first = value.iter().position(|byte| *byte == b':').unwrap_or(0);
            out.extend_from_slice(&value[..first]);
            out.extend_from_slice(b":***");
        }
        Kind::Mac => {
            // The maker's half.
            let half = value.iter().filter(|byte| byte.is_ascii_hexdigit()).count() / 2;
            let mut seen = 0;
            out.extend(value.iter().map(|byte| {
                seen += usize::from(byte.is_ascii_hexdigit());
                if seen > half.min(6) && byte.is_ascii_hexdigit() { b'*' } else { *byte }
            }));
        }
        Kind::Jwt => {
            out.extend_from_slice(b"eyJ");
            stars(out);
        }
        // An id of a key says which one it is by its first letters; a secret is of no form, and says nothing.
        Kind::AwsKey => {
            out.extend_from_slice(&value[..4]);
            stars(out);
        }
        Kind::ApiKey => {
            out.extend_from_slice(&value[..keys::prefix(value)]);
            stars(out);
        }
        Kind::Custom(_) => stars(out),
        _ => keep(value, 0, out),
    }
}

/// The first character, and the domain.
fn address(value: &[u8], out: &mut Vec<u8>) {
    let at = email::sign(value).map_or(0, |(at, _)| at);
    let local = value.get(..at).unwrap_or_default();
    let local = local.strip_prefix(b"\"").unwrap_or(local);
    // All of the character: what goes on in UTF-8 belongs to it.
    let first = local.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count() + 1;
    // Of a single one nothing is shown.
    if local.len() > first && (local[0].is_ascii_alphanumeric() || local[0] >= 0xC0) {
        out.extend_from_slice(&local[..first]);
    }
    stars(out);
    out.extend_from_slice(value.get(at..).unwrap_or_default());
}

/// Stars for digits and letters, but for the first few and the last four.
fn keep(value: &[u8], first: usize, out: &mut Vec<u8>) {
    let all = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let last = if all >= LEAST { all - SHOWN } else { all };
    let mut seen = 0;
    for byte in value {
        let counts = byte.is_ascii_alphanumeric();
        out.push(if counts && seen >= first && seen < last { b'*' } else { *byte });
        seen += usize::from(counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn parts_that_are_shown() {
        fn check(kind: Kind, value: &str, expect: &str) {
            let mut out = Vec::new();
            partial(kind, value.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).expect("text"), expect);
        }
        check(Kind::Email, "john@example.com", "j***@example.com");
        check(Kind::Email, "j@example.com", "***@example.com");
        check(Kind::Email, "\"john doe\"@example.com", "j***@example.com");
        check(Kind::Email, "\"a@b\"@example.com", "a***@example.com");
        check(Kind::Email, "жук@пример.рф", "ж***@пример.рф");
        check(Kind::Email, "_ab@example.com", "***@example.com");
        check(Kind::Phone, "123-456-7890", "***-***-7890");
        check(Kind::Phone, "2125550123.0", "******0123.0");
        check(Kind::Phone, "12.0", "***");
        check(Kind::Card, "4111111111111111.00", "************1111.00");
        check(Kind::Phone, "+44 (0)20 7946 0958", "+** (*)** **** 0958");
        check(Kind::Card, "4111-1111-1111-1111", "****-****-****-1111");
        check(Kind::Card, "4111111111111111", "************1111");
        check(Kind::UsSsn, "123-45-6789", "***-**-6789");
        check(Kind::Iban, "DE89 3704 0044 0532 0130 00", "DE** **** **** **** **30 00");
        check(Kind::Ipv4, "192.0.2.1", "192.0.*.*");
        check(Kind::Ipv6, "2001:db8::1", "2001:***");
        check(Kind::Ipv6, "::1", ":***");
        check(Kind::Mac, "00:00:5e:00:53:ff", "00:00:5e:**:**:**");
        check(Kind::Mac, "0000.5e00.53af", "0000.5e**.****");
        check(Kind::Jwt, "eyJhbGciOiJub25lIn0.e30.", "eyJ***");
        check(Kind::AwsKey, "AKIAIOSFODNN7EXAMPLE", "AKIA***");
        check(Kind::AwsKey, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***");
        check(Kind::ApiKey, "ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3", "ghp_***");
        check(Kind::Custom(1), "anything", "***");
        check(Kind::EsDni, "12345678Z", "*****678Z");
    }

    /// What was found, or typed, in a wrong column.
    #[test]
    fn of_what_is_of_another_form_nothing_is_shown() {
        for kind in Kind::ALL.iter().copied() {
            for value in [
                "Ines Weber",
                "Иван Петров",
                "Müßig",
                "Ines Weber. Graz. x",
                "Ines Weber from Graz",
                "Ines Weber, 4 Main St, 8010",
                "call Ines at 212-555-0123",
                "山田太郎",
                "Abe-Dee",
                "x@y",
                "\u{0}",
            ] {
                let mut out = Vec::new();
                partial(kind, value.as_bytes(), &mut out);
                assert_eq!(String::from_utf8_lossy(&out), "***", "{kind}: {value}");
            }
        }
    }

    fn values() -> impl Strategy<Value = String> {
        let names = prop::sample::select(vec![
            "Ines", "Weber", "Müßig", "Иван", "山田", "O'Brien", "de", "Ada", "Abe", "Fee", "Bea", "SKoda",
            "ghp_", "sk-", "AKIA", "eyJ", "DE89", "A", "@", "1", "42", "8010", " ", "-", ".", ":", "/", "+",
            "(", ")", ",",
        ]);
        let part =
            prop_oneof![3 => names.prop_map(str::to_owned), 1 => any::<char>().prop_map(|c| c.to_string())];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// Of a name, and of any text that is not of the kind, nothing but stars; of numbers no more than the last four.
        #[test]
        fn no_more_is_shown_than_is_said(value in values()) {
            for kind in Kind::ALL.iter().copied() {
                let mut out = Vec::new();
                partial(kind, value.as_bytes(), &mut out);
                let out = String::from_utf8(out).expect("text");
                let letters = out.chars().filter(|c| c.is_alphanumeric()).count();
                match kind {
                    _ if out == "***" => {}
                    // Its first character, and a domain.
                    Kind::Email => prop_assert!(out.contains("***@") && out.find("***@") < Some(5), "{value} {out}"),
                    // A network, a first group, a maker.
                    Kind::Ipv4 | Kind::Ipv6 | Kind::Mac => prop_assert!(letters <= 6, "{value} {out}"),
                    Kind::Jwt | Kind::AwsKey | Kind::ApiKey => prop_assert!(out.ends_with("***"), "{value} {out}"),
                    Kind::Iban => prop_assert!(letters <= 6, "{value} {out}"),
                    _ => {
                        prop_assert!(letters <= SHOWN, "{kind}: {value} {out}");
                        // The fewest digits of a form are a national insurance number's.
                        prop_assert!(value.bytes().filter(u8::is_ascii_digit).count() >= 6, "{kind}: {value} {out}");
                    }
                }
            }
        }
    }
}
