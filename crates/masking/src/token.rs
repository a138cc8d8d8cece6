//! Keyed tokens: HMAC-SHA-256 (FIPS 198-1) of a value, under a key that whoever has only tokens does not have.
//!
//! The same value has the same token for the same key, tenant and field, however it is written (`4111-1111…` and `4111 1111…`,
//! `JOHN@…` and `john@…`), so tables that are tokenised one by one still join. Another tenant's, or another field's, differs.

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

use aws_lc_rs::hmac;

use crate::checks::luhn;
use crate::error::RulesError;
use crate::kind::Kind;
use crate::kinds::email;
use crate::text::Text;

/// Binds a token to this format: another one will have another name.
const FORMAT: &[u8] = b"lacuna/mask/1";
/// base32 of RFC 4648 in small letters: 26 characters are 130 bits, 128 of which are the token.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const CHARACTERS: usize = 26;
/// The bytes of one HMAC.
const BLOCK: usize = 32;
/// The shortest key, in bytes: as long as what it makes.
pub const SHORTEST_KEY: usize = 32;
/// Numbers have sixteen digits, and a JSON reader takes them exactly (RFC 7493, section 2.2).
const LEAST_NUMBER: u64 = 1_000_000_000_000_000;
const MOST_NUMBER: u64 = 1 << 53;
/// Reserved for documentation: RFC 2606.
const DOMAIN: &[u8] = b"masked.example";

/// Makes tokens for one tenant. Does not print its key.
#[derive(Clone)]
pub struct Tokens {
    key: hmac::Key,
    tenant: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Tokens {
    /// With a key of 32 random bytes or more.
    pub fn new(key: &[u8], tenant: &str) -> Result<Self, RulesError> {
        if key.len() < SHORTEST_KEY {
            return Err(RulesError::ShortKey);
        }
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), tenant: tenant.to_owned() })
    }

    /// Appends `<label>_` and 26 characters that stand for the value.
    pub fn write(&self, field: &str, kind: Kind, label: &str, value: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(label.as_bytes());
        out.push(b'_');
        base32(&self.stream(field, kind, value, 0), out);
    }

    /// Appends a token in the shape of the value: an e-mail address at `masked.example`, an IPv4 address of 10.0.0.0/8, an IPv6 address
    /// of `2001:db8::/32`, a MAC address that no maker gives out (its second bit is set, IEEE 802), otherwise a digit for each digit and
    /// a letter for each letter, with everything else as it is. A card number is wrong by Luhn and a social security number of an area
    /// and a group that are not given out, so neither is anybody's; any other number can be somebody's by chance.
    ///
    /// Shapes are smaller than tokens: two values of few digits can get one token. Where a column has to stay unique, use
    /// [`Self::write`].
    pub fn write_shape(&self, field: &str, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        let whole = if matches!(kind, Kind::Custom(_)) { value } else { without_zeros(value) };
        if whole.len() < value.len() {
            self.write_shape(field, kind, whole, out);
            return out.extend_from_slice(&value[whole.len()..]);
        }
        let first = self.stream(field, kind, value, 0);
        match kind {
            Kind::Email => {
                base32(&first, out);
                let sign = email::sign(value).map_or(&b"@"[..], |(at, length)| &value[at..at + length]);
                out.extend_from_slice(sign);
                out.extend_from_slice(DOMAIN);
            }
            Kind::Ipv4 => {
                out.extend_from_slice(b"10");
                for byte in first.iter().take(3) {
                    out.push(b'.');
                    decimal(*byte, out);
                }
            }
            Kind::Ipv6 => {
                out.extend_from_slice(b"2001:db8");
                for pair in first.chunks_exact(2).take(6) {
                    out.push(b':');
                    hexadecimal(pair, out);
                }
            }
            Kind::Mac => {
                let from = out.len();
                self.alike(field, kind, value, first, out, u8::is_ascii_hexdigit);
                // Of the first byte: not a group's, and given by nobody but its owner.
                if let Some(digit) = out[from..].iter_mut().filter(|byte| byte.is_ascii_hexdigit()).nth(1) {
                    *digit = LOCAL[usize::from(*digit) % LOCAL.len()];
                }
            }
            _ => {
                let from = out.len();
                self.alike(field, kind, value, first, out, |_| false);
                let made = &mut out[from..];
                match kind {
                    Kind::UsSsn => {
                        let digits = made.iter_mut().filter(|byte| byte.is_ascii_digit());
                        digits.zip(UNUSED_SSN).for_each(|(digit, unused)| *digit = unused.unwrap_or(*digit));
                    }
                    Kind::Card => unlike_a_card(made),
                    _ => {}
                }
            }
        }
    }

    /// A whole number that stands for the value, of 10^15 or more and less than 2^53, so that JSON has it as it is. Of a million
    /// values two have the same number once in 16,000 times.
    pub fn number(&self, field: &str, kind: Kind, value: &[u8]) -> u64 {
        let block = self.stream(field, kind, value, 0);
        let drawn = u64::from_be_bytes(block.first_chunk().copied().unwrap_or_default());
        LEAST_NUMBER + drawn % (MOST_NUMBER - LEAST_NUMBER)
    }

    /// A digit for a digit and a letter for a letter; where it is said, a hexadecimal digit for either.
    fn alike(
        &self,
        field: &str,
        kind: Kind,
        value: &[u8],
        first: [u8; BLOCK],
        out: &mut Vec<u8>,
        is_hex: impl Fn(&u8) -> bool,
    ) {
        let (mut block, mut number, mut used) = (first, 0, 0);
        // Two bytes for each character: of 65,536 values a letter gets 2,520 or 2,521.
        let mut next = |of: u8| {
            if used + 2 > BLOCK {
                number += 1;
                used = 0;
                block = self.stream(field, kind, value, number);
            }
            let drawn = u16::from_be_bytes([block[used], block[used + 1]]) % u16::from(of);
            used += 2;
            u8::try_from(drawn).unwrap_or(0)
        };
        let text = Text::new(value);
        let mut at = 0;
        while let Some(byte) = value.get(at) {
            let (_, length) = text.sign(at);
            at += 1;
            // What stands between digits stays, so that the number without it has the same shape.
            let length = if length > 1 { length } else { separator(&value[at - 1..]) };
            if length > 1 {
                out.extend_from_slice(text.slice(at - 1, at - 1 + length));
                at += length - 1;
                continue;
            }
            out.push(match byte {
                byte if is_hex(byte) => b"0123456789abcdef"[usize::from(next(16))],
                b'0'..=b'9' => b'0' + next(10),
                b'a'..=b'z' => b'a' + next(26),
                b'A'..=b'Z' => b'A' + next(26),
                byte if byte.is_ascii() => *byte,
                // A byte of another letter: one letter for the character, nothing for what goes on.
                0xC0.. => b'a' + next(26),
                _ => continue,
            });
        }
    }

    /// Block `number` of the bytes that stand for a value.
    fn stream(&self, field: &str, kind: Kind, value: &[u8], number: u32) -> [u8; BLOCK] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(FORMAT);
        for part in [self.tenant.as_bytes(), field.as_bytes()] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(part);
        }
        context.update(&number.to_be_bytes());
        normal(kind, value, |part| context.update(part));
        let tag = context.sign();
        let mut block = [0; BLOCK];
        block.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        block
    }
}

/// The value as it is compared: without blanks around it, what is between digits, and the zeros of a whole number that was written as a
/// decimal; in one size of letters; an IPv6 address as RFC 5952 writes it; of a phone with its country's code what is behind `+` or `00`. Where more than that would be left out, letters
/// that are not ASCII among it, or nothing would be left, it is compared as it is: `Иван` is not `Олег`.
fn normal(kind: Kind, value: &[u8], mut update: impl FnMut(&[u8])) {
    let value = if matches!(kind, Kind::Custom(_)) { value } else { without_zeros(value.trim_ascii()) };
    match kind {
        Kind::Email => email::normal(value, update),
        Kind::Ipv6 => match std::str::from_utf8(value).ok().and_then(|text| text.parse::<Ipv6Addr>().ok()) {
            Some(address) => {
                let _ = write!(Updating(update), "{address}");
            }
            // With a zone.
            None => value.iter().for_each(|byte| update(&[byte.to_ascii_lowercase()])),
        },
        Kind::Jwt | Kind::AwsKey | Kind::ApiKey | Kind::Ipv4 | Kind::Custom(_) => update(value),
        _ if is_separated(kind, value) => {
            let parts = if kind == Kind::Phone { international(value) } else { [value, &[]] };
            let alone = parts.into_iter().flatten().filter(|byte| byte.is_ascii_alphanumeric());
            alone.for_each(|byte| update(&[byte.to_ascii_uppercase()]));
        }
        _ => update(value),
    }
}

/// A number with its country's code, without what it is dialled by: neither `+` nor `00` before it (ITU-T E.123), nor a
/// trunk prefix that is not dialled from abroad: in Italy (39) it is, and belongs to the number. Any other number is as it is.
fn international(value: &[u8]) -> [&[u8]; 2] {
    const TRUNK: &[u8] = b"(0)";
    let Some(number) = value.strip_prefix(b"+").or_else(|| value.strip_prefix(b"00")) else {
        return [value, &[]];
    };
    let trunk = number.windows(TRUNK.len()).position(|part| part == TRUNK);
    let left = if number.starts_with(b"39") { 1 } else { TRUNK.len() };
    let parts = trunk.map_or([number, &[]], |at| [&number[..at], &number[at + left..]]);
    if parts.iter().any(|part| part.iter().any(u8::is_ascii_alphanumeric)) { parts } else { [value, &[]] }
}

/// What is written becomes a part of what a token is of.
struct Updating<F>(F);

impl<F: FnMut(&[u8])> fmt::Write for Updating<F> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text.as_bytes());
        Ok(())
    }
}

/// The value without one or two zeros behind a point, where all before it is digits: it was a whole number.
pub(crate) fn without_zeros(value: &[u8]) -> &[u8] {
    let whole = value.strip_suffix(b".00").or_else(|| value.strip_suffix(b".0"));
    let digits = |number: &&[u8]| {
        let number = number.strip_prefix(b"+").unwrap_or(number);
        !number.is_empty() && number.iter().all(u8::is_ascii_digit)
    };
    whole.filter(digits).unwrap_or(value)
}

/// Whether there are letters or digits, and nothing else but what may be between those of this kind: blanks and hyphens of any form, and
/// signs. A `+` for the century tells two people apart.
fn is_separated(kind: Kind, value: &[u8]) -> bool {
    let signs = match kind {
        Kind::Phone => "./()+",
        Kind::Card | Kind::UsSsn => "./+",
        Kind::Mac => ".:",
        _ => "./",
    };
    let known = |c: char| c.is_ascii_alphanumeric() || signs.contains(c) || is_blank_or_hyphen(c);
    value.iter().any(u8::is_ascii_alphanumeric)
        && std::str::from_utf8(value).is_ok_and(|text| text.chars().all(known))
}

/// How many bytes the character has that begins there, if it is a blank or a hyphen that is not ASCII, and so no part of the value;
/// otherwise 0.
fn separator(value: &[u8]) -> usize {
    let bytes = value.get(..value.len().min(3)).unwrap_or_default();
    let valid =
        std::str::from_utf8(bytes).or_else(|error| std::str::from_utf8(&bytes[..error.valid_up_to()]));
    let first = valid.ok().and_then(|text| text.chars().next());
    first.filter(|c| !c.is_ascii() && is_blank_or_hyphen(*c)).map_or(0, char::len_utf8)
}

fn is_blank_or_hyphen(c: char) -> bool {
    c == '-' || c.is_whitespace() || matches!(c, '\u{2010}'..='\u{2015}')
}

/// How a social security number begins that is nobody's: an area from 900 on has taxpayers (ITIN), and none of group 00 (SSA, IRS).
const UNUSED_SSN: [Option<u8>; 5] = [Some(b'9'), None, None, Some(b'0'), Some(b'0')];

/// Second digits of a MAC address that is its owner's own.
const LOCAL: &[u8; 4] = b"26ae";

/// The most digits of a card's number: ISO/IEC 7812-1.
const LONGEST_CARD: usize = 19;

/// The least digits of a card's number.
const SHORTEST_CARD: usize = 13;

/// Makes a number wrong by Luhn wherever one of its groups ends: where it is right, its last digit is another. A date may stand behind it.
fn unlike_a_card(number: &mut [u8]) {
    let (mut digits, mut count) = ([0; LONGEST_CARD], 0);
    for at in 0..number.len() {
        let Some(to) = digits.get_mut(count) else { return };
        if !number[at].is_ascii_digit() {
            continue;
        }
        *to = number[at] - b'0';
        count += 1;
        let ends = !number.get(at + 1).is_some_and(u8::is_ascii_digit);
        if ends && count >= SHORTEST_CARD && luhn(&digits[..count]) {
            number[at] = if number[at] == b'9' { b'0' } else { number[at] + 1 };
            digits[count - 1] = number[at] - b'0';
        }
    }
}

fn base32(bytes: &[u8], out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u32, 0);
    let mut bytes = bytes.iter();
    for _ in 0..CHARACTERS {
        if held < 5 {
            bits = bits << 8 | u32::from(bytes.next().copied().unwrap_or(0));
            held += 8;
        }
        held -= 5;
        let index = (bits >> held & 31) as usize;
        out.extend(BASE32.get(index));
    }
}

fn decimal(byte: u8, out: &mut Vec<u8>) {
    for (from, unit) in [(100, 100), (10, 10), (0, 1)] {
        if byte >= from {
            out.push(b'0' + byte / unit % 10);
        }
    }
}

fn hexadecimal(pair: &[u8], out: &mut Vec<u8>) {
    for byte in pair {
        for half in [byte >> 4, byte & 15] {
            out.push(if half < 10 { b'0' + half } else { b'a' + half - 10 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn token(tenant: &str, field: &str, kind: Kind, value: &str) -> String {
        let mut out = Vec::new();
        Tokens::new(&KEY, tenant).expect("a key").write(field, kind, "t", value.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    }

    fn shape(kind: Kind, value: &str) -> String {
        let mut out = Vec::new();
        Tokens::new(&KEY, "shop").expect("a key").write_shape("f", kind, value.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn it_is_the_hmac_of_what_is_documented() {
        let mut message = FORMAT.to_vec();
        message.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 4]);
        message.extend_from_slice(b"shop");
        message.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 5]);
        message.extend_from_slice(b"email");
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(b"john@example.com");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), &message);
        let mut expect = b"t_".to_vec();
        base32(tag.as_ref(), &mut expect);
        assert_eq!(token("shop", "email", Kind::Email, "John@Example.com").as_bytes(), expect);
    }

    #[test]
    fn base32_of_rfc_4648() {
        let mut out = Vec::new();
        base32(b"foobar\0\0\0\0\0\0\0\0\0\0\0", &mut out);
        assert!(out.starts_with(b"mzxw6ytboi"), "{out:?}");
        assert_eq!(out.len(), 26);
    }

    #[test]
    fn the_same_for_the_same_and_only_for_it() {
        let one = token("shop", "card", Kind::Card, "4111-1111-1111-1111");
        assert_eq!(one, token("shop", "card", Kind::Card, "4111 1111 1111 1111"));
        assert_ne!(one, token("shop", "card", Kind::Card, "4111-1111-1111-1112"));
        assert_ne!(one, token("shop", "pan", Kind::Card, "4111-1111-1111-1111"));
        assert_ne!(one, token("show", "card", Kind::Card, "4111-1111-1111-1111"));
        // What is long in one part cannot be moved into the next.
        assert_ne!(token("ab", "c", Kind::Card, "4"), token("a", "bc", Kind::Card, "4"));
        let other = Tokens::new(&[8; 32], "shop").expect("a key");
        let mut out = Vec::new();
        other.write("card", Kind::Card, "t", b"4111-1111-1111-1111", &mut out);
        assert_ne!(out, one.as_bytes());
    }

    /// The tokens of yesterday's tables, so that today's join with them.
    #[test]
    fn how_a_value_is_written_does_not_matter() {
        fn check(kind: Kind, values: &[&str], normal: &str) {
            let mut stripped = Vec::new();
            for value in values {
                stripped.clear();
                super::normal(kind, value.as_bytes(), |part| stripped.extend_from_slice(part));
                assert_eq!(String::from_utf8_lossy(&stripped), normal, "{value}");
            }
        }
        check(
            Kind::Phone,
            &["44 (0)20 7946-0958", "44 020/7946.0958", "+44\u{a0}020\u{2011}79460958"],
            "4402079460958",
        );
        check(
            Kind::Phone,
            &[
                "+44 (0)20 7946-0958",
                "+44 20 7946 0958",
                "0044 20 79460958",
                "00 44 (0)20/7946.0958",
                "442079460958",
            ],
            "442079460958",
        );
        // Italy's zero is dialled from abroad.
        check(Kind::Phone, &["+39 06 1234 5678", "+39 (0)6 1234 5678", "0039 06 12345678"], "390612345678");
        check(Kind::Phone, &["00", "+00"], "00");
        check(Kind::Card, &["4111-1111-1111-1111", "4111 1111 1111 1111"], "4111111111111111");
        check(
            Kind::Iban,
            &["de89 3704 0044 0532 0130 00", "DE89370400440532013000"],
            "DE89370400440532013000",
        );
        check(Kind::Mac, &["00:00:5e:00:53:ff", "00-00-5E-00-53-FF", "0000.5e00.53ff"], "00005E0053FF");
        check(Kind::FiHetu, &["131052-308T", "131052308t"], "131052308T");
        check(Kind::BrCpf, &["529.982.247-25"], "52998224725");
        check(Kind::Phone, &["2125550123", "2125550123.0", " 2125550123.00\n", "212-555-0123"], "2125550123");
        check(Kind::Phone, &["+2125550123.0", "+2125550123"], "2125550123");
        check(
            Kind::Email,
            &["DÖRTE@example.com", " dörte@Example.com ", "DÖRTE%40example.com", "D%C3%96RTE%40example.com"],
            "dörte@example.com",
        );
        check(Kind::Ipv6, &["2001:db8::1", "2001:0DB8:0::1", "2001:db8:0:0:0:0:0:1"], "2001:db8::1");
        check(Kind::Ipv6, &["fe80::A%eth0"], "fe80::a%eth0");
    }

    #[test]
    fn what_is_no_number_is_compared_as_it_is() {
        for kind in Kind::ALL.iter().copied() {
            let values =
                ["Иван", "Олег", "Müßig", "Mßig", "---", "--", "1 ж", "1 щ", "12,5", "125", "\u{fffd}"];
            let tokens: std::collections::BTreeSet<String> =
                values.iter().map(|value| token("shop", "f", kind, value)).collect();
            assert_eq!(tokens.len(), values.len(), "{kind}");
        }
        // A hundred years lie between them.
        assert_ne!(
            token("shop", "f", Kind::SePnr, "811228-9874"),
            token("shop", "f", Kind::SePnr, "811228+9874")
        );
        assert_ne!(
            token("shop", "f", Kind::FiHetu, "131052-308T"),
            token("shop", "f", Kind::FiHetu, "131052+308T")
        );
    }

    #[test]
    fn shapes() {
        let card = shape(Kind::Card, "4111-1111-1111-1111");
        let form = |text: &str| -> String {
            let kind = |c: char| {
                if c.is_ascii_digit() {
                    '9'
                } else if c.is_ascii_uppercase() {
                    'A'
                } else if c.is_ascii_lowercase() {
                    'a'
                } else {
                    c
                }
            };
            text.chars().map(kind).collect()
        };
        assert_eq!(form(&card), "9999-9999-9999-9999");
        assert_eq!(card.replace('-', ""), shape(Kind::Card, "4111111111111111"));
        assert_eq!(card.replace('-', "+"), shape(Kind::Card, "4111+1111+1111+1111"));
        assert_eq!(
            form(&shape(Kind::Iban, "DE89 3704 0044 0532 0130 00")).replace('A', "9"),
            "9999 9999 9999 9999 9999 99"
        );
        assert_eq!(form(&shape(Kind::EsDni, "12345678Z")), "99999999A");
        // What breaks no line stands between groups as well, and is none of them.
        let spaced = shape(Kind::Card, "4111\u{a0}1111\u{202f}1111\u{2011}1111");
        assert_eq!(form(&spaced), "9999\u{a0}9999\u{202f}9999\u{2011}9999");
        assert_eq!(spaced.replace(['\u{a0}', '\u{202f}', '\u{2011}'], "-"), card);
        let phone = shape(Kind::Phone, "0171 1234567");
        for sign in ["\u{2009}", "\u{2010}", "\u{2013}", "\u{2015}", "\u{3000}", "\t"] {
            assert_eq!(shape(Kind::Phone, &format!("0171{sign}1234567")), phone.replace(' ', sign));
        }
        assert_eq!(shape(Kind::Phone, "2125550123.0"), shape(Kind::Phone, "2125550123") + ".0");
        let email = shape(Kind::Email, "john@example.com");
        assert!(email.ends_with("@masked.example") && email.len() == 41, "{email}");
        assert_eq!(shape(Kind::Email, "John%40example%2Ecom"), email.replace('@', "%40"));
        let ip: std::net::Ipv4Addr = shape(Kind::Ipv4, "192.0.2.1").parse().expect("an address");
        assert!(ip.is_private());
        let ip: std::net::Ipv6Addr = shape(Kind::Ipv6, "2001:db8::1").parse().expect("an address");
        assert_eq!(ip.segments()[..2], [0x2001, 0xdb8]);
        assert_eq!(shape(Kind::Custom(0), "Zoë-7").len(), 5);
        let mac = shape(Kind::Mac, "00-1A-2b-3c-4d-5E");
        assert!(mac.len() == 17 && mac.split('-').all(|byte| u8::from_str_radix(byte, 16).is_ok()), "{mac}");
        assert_eq!(u8::from_str_radix(&mac[..2], 16).expect("a byte") & 3, 2, "{mac}");
        let long = "7".repeat(100);
        assert_ne!(&shape(Kind::Custom(0), &long)[..16], &shape(Kind::Custom(0), &long)[16..32]);
    }

    #[test]
    fn no_card_and_no_social_security_number_is_anybodys() {
        for n in 0..1_000 {
            let digits: Vec<u8> = shape(Kind::Card, &format!("4111-1111-1111-{n:04}"))
                .bytes()
                .filter(u8::is_ascii_digit)
                .map(|b| b - b'0')
                .collect();
            assert!(digits.len() == 16 && !luhn(&digits), "{n}");
            for behind in [" 12/2027", " 12/27", " 123"] {
                let made = shape(Kind::Card, &format!("4111 1111 1111 {n:04}{behind}"));
                let digits: Vec<u8> =
                    made.bytes().filter(u8::is_ascii_digit).take(16).map(|b| b - b'0').collect();
                assert!(!luhn(&digits), "{made}");
            }
            let made = shape(Kind::UsSsn, &format!("123-45-{n:04}"));
            assert!(made.starts_with('9') && &made[3..7] == "-00-", "{made}");
            // Wherever its first digit is.
            let made = shape(Kind::UsSsn, &format!(" 123-45-{n:04}"));
            assert!(made.starts_with(" 9") && made.len() == 12, "{made}");
            let made = shape(Kind::Mac, &format!(" 00:1A:2b:3c:{:02x}:5E", n % 256));
            assert_eq!(u8::from_str_radix(&made[1..3], 16).expect("a byte") & 3, 2, "{made}");
        }
    }

    #[test]
    fn numbers_of_one_byte() {
        let written = |byte| {
            let mut out = Vec::new();
            decimal(byte, &mut out);
            String::from_utf8(out).expect("text")
        };
        (0..=u8::MAX).for_each(|byte| assert_eq!(written(byte), byte.to_string()));
    }

    #[test]
    fn keys_are_long_enough_and_never_printed() {
        assert!(matches!(Tokens::new(&[1; 31], "a"), Err(RulesError::ShortKey)));
        assert_eq!(format!("{:?}", Tokens::new(&KEY, "a").expect("a key")), "Tokens { tenant: \"a\", .. }");
    }
}
