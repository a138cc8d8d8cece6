//! What stands right before a number with blanks in it, or behind it. A bare number may be its first group (`1 06 12 34 56 78`), and then nobody knows
//! where it begins; what is whole by itself is none: a date, a clock, an address, a name, another number that was found.

use super::super::numbers::{Gap, Number};
use super::super::{email, iban, ipv4};
use crate::checks::number as value;
use crate::finder::Found;
use crate::text::{ALNUM, DIGIT, LETTER, Text, UPPER, WIDE, WORD};

/// How long an IBAN in fours is, in bytes: Norway's, and Russia's.
const SHORTEST_IBAN: usize = 18;
const LONGEST_IBAN: usize = 41;
/// An IPv4 address, and the longest domain that is looked at, in bytes.
const LONGEST_IPV4: usize = 15;
const LONGEST_DOMAIN: usize = 128;
/// How far back one thing goes, in bytes: an instant with its fraction and zone, an IPv6 address.
const LONGEST: usize = 48;
/// The longest path of a request that is looked at, in bytes.
const LONGEST_PATH: usize = 128;
/// So many numbers of a row are known as such. It is what a stream still has of what it gave out, and a longer row is a column.
const LONGEST_ROW: u8 = 4;

/// How many numbers stand right before it in a row; none if it is a group among others, and so a part of something longer. Behind a slash
/// or a plus its own form may be sure to say where it begins.
pub(super) fn row(text: Text<'_>, number: &Number<'_>, found: &Found, sure: bool) -> Option<u8> {
    let blanks = number.gaps.contains(&Gap::Space) || number.spaced.contains(&true);
    let (before, length) = text.sign_back(number.start);
    let end = number.start - length.min(number.start);
    if !sure && listed(text, number, found) {
        return found.row_that_ends(end).map(|row| row + 1);
    }
    if !blanks || before != b' ' || !text.is_back(end, 1, DIGIT) {
        return Some(0);
    }
    // What the text says first: of what has letters in it, it depends on the blocks whether it was found already.
    if whole(text, end) {
        return Some(0);
    }
    let known = [&b""[..], b".0", b".00"].iter().find_map(|zeros| {
        let behind = text.follows(end, zeros);
        behind.then(|| found.row_that_ends(end - zeros.len())).flatten()
    });
    known.filter(|row| *row < LONGEST_ROW).map(|row| row + 1)
}

/// Whether the plus there stands behind a group of another number: `12125550123+12125550124`, not `1+14155550100`.
pub(super) fn is_joined(text: Text<'_>, plus: usize) -> bool {
    let digits = (1..=LONGEST).take_while(|back| text.is_back(plus, *back, DIGIT)).count();
    digits >= LEAST_BEFORE_PLUS && !text.is_back(plus, digits + 1, WORD)
}

/// Whether an IPv4 address, an IBAN in one piece or an e-mail address ends where the plus stands: `192.0.2.1+12125550123`.
pub(super) fn is_behind_another(text: Text<'_>, plus: usize) -> bool {
    let run = |most: usize, part: &dyn Fn(u8) -> bool| {
        (1..=most).take_while(|back| *back <= plus && part(text.back(plus, *back))).count()
    };
    let digits_and_dots = run(LONGEST_IPV4, &|byte| byte.is_ascii_digit() || byte == b'.');
    let capitals = run(LONGEST_IBAN, &|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let domain =
        run(LONGEST_DOMAIN, &|byte| crate::text::is(byte, ALNUM | WIDE) || matches!(byte, b'.' | b'-'));
    let at = plus - domain;
    ipv4::ends(text, plus - digits_and_dots) == Some(plus)
        || iban::ends(text, plus - capitals) == Some(plus)
        || (text.back(at, 1) == b'@' && text.is_back(at, 2, ALNUM | WIDE) && email::is_domain(text, at, plus))
}

/// Whether it stands in a list behind another number, with nothing but a slash or a plus between them: `030 901820/030 901821`. Of
/// what has letters in it, it depends on the blocks whether it was found already.
pub(super) fn listed(text: Text<'_>, number: &Number<'_>, found: &Found) -> bool {
    let Some(end) = number.start.checked_sub(1).filter(|end| matches!(text.get(*end), b'/' | b'+')) else {
        return false;
    };
    let digits = (1..=LONGEST).take_while(|back| text.is_back(end, *back, DIGIT)).count();
    digits > 0
        && !text.is_back(end, digits + 1, LETTER)
        && found.row_that_ends(end).is_some_and(|row| row < LONGEST_ROW)
}

/// Whether what ends there with a digit is whole: no group of a number has letters or colons in it, or is a date.
fn whole(text: Text<'_>, end: usize) -> bool {
    let part = |back: &usize| {
        text.is_back(end, *back, WORD)
            || matches!(text.back(end, *back), b':' | b'.' | b',' | b'-' | b'+' | b'/')
    };
    let length = (1..=LONGEST).take_while(part).count();
    let thing = text.slice(end - length, end);
    let other = |byte: &u8| crate::text::is(*byte, LETTER) || matches!(byte, b'_' | b':');
    (thing.iter().any(other) && !is_tracking(text, end))
        || is_date(thing)
        || ipv4::ends(text, end - length) == Some(end)
        || iban_ends(text, end)
        || is_zone(text, end - length, thing)
        || (thing.len() == STATUS && answers(text, end - length))
}

/// What a parcel's number of UPS begins with, in bytes: `1Z`, the sender in two groups of three.
const TRACKING: usize = 10;
/// Pairs of a number.
const PAIRS: usize = 5;
/// Pairs that are looked at on either side.
const MOST_PAIRS: usize = 4;
/// Words of two letters that are hexadecimal digits.
const WORDS: [&[u8]; 3] = [b"de", b"ce", b"da"];
/// A pair and the blank beside it, in bytes.
const PAIR: usize = 3;
/// Digits of the last group before a plus that stands for a blank.
const LEAST_BEFORE_PLUS: usize = 4;
/// Digits of a status of HTTP.
const STATUS: usize = 3;

/// Whether the third group of a parcel's number ends there: `1Z 999 AA1 01 2345 6784`.
fn is_tracking(text: Text<'_>, end: usize) -> bool {
    let groups = text.slice(end.saturating_sub(TRACKING), end);
    groups.len() == TRACKING
        && groups.starts_with(b"1Z ")
        && groups.get(6) == Some(&b' ')
        && groups[7..].iter().all(|byte| crate::text::is(*byte, ALNUM))
}

/// Three numbers with the same sign between them: a year, or two digits of one, behind a day and a month, or the year before them.
fn is_date(thing: &[u8]) -> bool {
    let Some(sign) = thing.iter().copied().find(|byte| !byte.is_ascii_digit()) else { return false };
    let mut parts = thing.split(|byte| *byte == sign);
    let (Some(first), Some(second), Some(third), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let digits = [first, second, third].iter().all(|part| part.iter().all(u8::is_ascii_digit));
    let short = |part: &[u8], most| (1..=2).contains(&part.len()) && (1..=most).contains(&decimal(part));
    let days = |a: &[u8], b: &[u8]| short(a, 31) && short(b, 31) && (short(a, 12) || short(b, 12));
    let year = |part: &[u8]| part.len() == 4 && matches!(part[0], b'1' | b'2');
    matches!(sign, b'-' | b'.' | b'/')
        && digits
        && ((year(first) && days(second, third))
            || (days(first, second) && (year(third) || (third.len() == 2 && sign != b'-'))))
}

/// What two digits are.
fn decimal(digits: &[u8]) -> u64 {
    let mut two = [0; 2];
    two.iter_mut().zip(digits).for_each(|(to, from)| *to = from - b'0');
    value(&two[..digits.len().min(2)])
}

/// Whether an IBAN in fours ends there.
fn iban_ends(text: Text<'_>, end: usize) -> bool {
    (SHORTEST_IBAN..=LONGEST_IBAN).any(|length| {
        let start = end.saturating_sub(length);
        text.is(start, UPPER) && text.is(start + 1, UPPER) && iban::ends(text, start) == Some(end)
    })
}

/// The zone behind a clock: `10:11:12 +0200`.
fn is_zone(text: Text<'_>, start: usize, thing: &[u8]) -> bool {
    let digits = |back| text.is_back(start, back, DIGIT);
    let clock = || text.back(start, 1) == b' ' && digits(2) && digits(3) && text.back(start, 4) == b':';
    thing.len() == 5 && matches!(thing[0], b'+' | b'-') && clock()
}

/// Whether what begins there stands behind a request, and so is the answer's: `HTTP/1.1" 200`, `GET /x 200`.
pub(super) fn answers(text: Text<'_>, start: usize) -> bool {
    if text.back(start, 1) != b' ' {
        return false;
    }
    let end = start - 1;
    let length =
        (1..=LONGEST_PATH).take_while(|back| !matches!(text.back(end, *back), b' ' | b'\n' | 0)).count();
    let first = end - length;
    let version = text.has(first, b"HTTP") && (length == 4 || text.get(first + 4) == b'/');
    let path = || {
        text.get(first) == b'/' && length > 1 && text.back(first, 1) == b' ' && text.is_back(first, 2, UPPER)
    };
    version || path()
}

/// Whether what begins there stands behind the status of an answer, or is it.
pub(super) fn is_of_an_answer(text: Text<'_>, start: usize) -> bool {
    let status = || {
        text.back(start, 1) == b' '
            && (2..2 + STATUS).all(|back| text.is_back(start, back, DIGIT))
            && !text.is_back(start, 2 + STATUS, ALNUM)
    };
    answers(text, start) || (status() && answers(text, start - 1 - STATUS))
}

/// Whether a number in pairs is the beginning of more of them, which are none of it and no other number: `01 23 45 67 89 10 11 12`. One
/// pair may be a count or a house's number; and whether it is among bytes in hexadecimal, `ff 01 23 45 67 89 ab`.
pub(super) fn goes_on_in_pairs(text: Text<'_>, number: &Number<'_>) -> bool {
    if !number.written(&[2; PAIRS], Gap::Space) {
        return false;
    }
    if hexadecimal_behind(text, number.end) + hexadecimal_before(text, number.start) > 1 {
        return true;
    }
    let mut at = number.end;
    let mut further = 0;
    while further < PAIRS && text.sign(at).0 == b' ' {
        let start = at + text.sign(at).1;
        if text.digits(start, 3) != 2 {
            break;
        }
        at = start + 2;
        further += 1;
    }
    let first = number.end + text.sign(number.end).1;
    let another = further == PAIRS && text.get(first) == b'0' && text.get(first + 1) != b'0';
    further > 1 && !another
}

/// How many pairs of hexadecimal digits with a letter are among those right behind it.
fn hexadecimal_behind(text: Text<'_>, end: usize) -> usize {
    let pair = |at: usize| {
        let start = end + at * PAIR + 1;
        let pair = text.slice(start, start + 2);
        (text.get(start - 1) == b' ' && is_pair(pair) && !text.is(start + 2, WORD | WIDE)).then_some(pair)
    };
    (0..MOST_PAIRS).map_while(pair).filter(|pair| has_letter(pair)).count()
}

/// The same for those before it.
fn hexadecimal_before(text: Text<'_>, start: usize) -> usize {
    let pair = |at: usize| {
        let start = start.checked_sub((at + 1) * PAIR)?;
        let pair = text.slice(start, start + 2);
        (text.get(start + 2) == b' ' && is_pair(pair) && !text.is_back(start, 1, WORD | WIDE)).then_some(pair)
    };
    (0..MOST_PAIRS).map_while(pair).filter(|pair| has_letter(pair)).count()
}

fn is_pair(pair: &[u8]) -> bool {
    pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit)
}

/// Whether it has a letter and is no word that stands before or behind a number: `de`, `ce`.
fn has_letter(pair: &[u8]) -> bool {
    let word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(pair));
    !word && pair.iter().any(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{each_in, found, none, only};
    use crate::Kind::{FiHetu, Phone, UsSsn};
    use crate::Masker;

    #[test]
    fn behind_what_is_whole_by_itself() {
        for before in [
            "2026-11-22",
            "22.11.2026",
            "11/22/2026",
            "22.11.26",
            "10:11",
            "10:11:12",
            "10:11:12.345",
            "2026-11-22 10:11:12,345",
            "2026-11-22T10:11:12+02:00",
            "10:11:12 +0200",
            "Ext12",
            "main.rs:10:5",
            "A-17",
            "port:8080",
        ] {
            for number in ["0171 1234567", "020 7946 0958", "06 12 34 56 78", "612 34 56 78", "212 555 0123"]
            {
                only(Phone, number, &format!("{before} {number}"));
                only(Phone, number, &format!("{before}\u{a0}{number} seen"));
            }
        }
        for before in ["192.0.2.1", "192.0.2.1:8080", "00:00:5e:00:53:01", "00-00-5e-00-53-01", "2001:db8::1"]
        {
            let text = format!("{before} 030 901820");
            assert_eq!(found(&text).last(), Some(&(Phone, "030 901820".to_owned())), "{text}");
        }
        only(Phone, "0171 1234567", "\"GET /x HTTP/1.1\" 200 0171 1234567");
    }

    #[test]
    fn behind_a_number_that_may_be_its_first_group() {
        none(&[
            "1 06 12 34 56 78",
            "12 020 7946 0958",
            "1.5 020 7946 0958",
            "1.2.3 020 7946 0958",
            "40.13.2026 020 7946 0958",
            "12-34 020 7946 0958",
            "17 212 555 0123",
            "10:11:12 +0200 12345",
            "a: 2 +0200 0171 39200",
            "2026-11-22 10 200",
            "1 2 3 020 7946 0958",
        ]);
    }

    /// A row without end is a column, wherever it is cut.
    #[test]
    fn a_row_without_end_is_the_whole_in_a_stream() {
        let masker = Masker::default();
        for row in
            ["0171 1234567 ", "0171 1234567 030 901820 x ", "+49 30 901820 0171 1234567 ", "1 0171 1234567 "]
        {
            let text = row.repeat(300_000 / row.len());
            let mut expect = Vec::new();
            assert!(masker.mask(text.as_bytes(), &mut expect) > 0 || row.starts_with('1'), "{row}");
            for size in [1 << 10, 7_777, 99_991] {
                let (mut stream, mut out) = (masker.stream(), Vec::new());
                text.as_bytes().chunks(size).for_each(|piece| stream.push(piece, &mut out));
                stream.finish(&mut out);
                assert!(out == expect, "{row} in pieces of {size}");
            }
        }
    }

    /// What has letters in it is seen behind the numbers of its block, or before those of the next one.
    #[test]
    fn behind_letters_wherever_a_block_begins() {
        for pad in 0..70 {
            only(FiHetu, "050366Y4783", &format!("{} 050366Y4783+49 30 23125 933", "x".repeat(pad)));
        }
    }

    #[test]
    fn a_run_of_pairs() {
        none(&["01 23 45 67 89 10 11 12", "01 23 45 67 89 10 11", "01 23 45 67 89 01 23 45"]);
        only(Phone, "01 99 00 12 34", "01 99 00 12 34 10 rue");
        only(Phone, "01 99 00 12 34", "01 99 00 12 34 75001 Paris");
        only(Phone, "01 99 00 12 34", "tel 01 99 00 12 34 10 11 12");
    }

    #[test]
    fn in_a_row() {
        let row = ["0171 1234567", "030 901820", "020 7946 0958", "0470 12 34 56", "06-12345678"];
        each_in(&row.join(" "), &row);
        each_in("212 555 0123 415 555 0132 303 555 0145", &["212 555 0123", "415 555 0132", "303 555 0145"]);
        each_in("4111 1111 1111 1111 0171 1234567", &["4111 1111 1111 1111", "0171 1234567"]);
        each_in("01 99 00 12 34 06 99 00 12 34", &["01 99 00 12 34", "06 99 00 12 34"]);
        assert_eq!(found("123-45-6789 020 7946 0958")[0].0, UsSsn);
        each_in("123-45-6789 020 7946 0958", &["123-45-6789", "020 7946 0958"]);
    }
}
