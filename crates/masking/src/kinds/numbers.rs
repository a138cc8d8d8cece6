//! Numbers in groups, shown to every kind that is written in digits.

use super::groups::{End, Groups, MOST_DIGITS, between};
pub(crate) use super::groups::{Gap, Number};
use super::national::{be, br, ca, ch, cn, de, es, fi, fr, ind, nl, no, pl, se, uk};
use super::{card, ipv4, phone, ssn};
use crate::finder::Found;
use crate::text::{DIGIT, LETTER, Text, WIDE, WORD};

/// Digits of the shortest number of more groups than one, but for those of three pairs and a letter: a telephone's.
const SHORTEST: usize = 7;
/// Digits of an area code with its trunk prefix, such as Germany's `03301`.
const LONGEST_AREA: usize = 6;
/// Digits of an hour.
const CLOCK: usize = 2;

/// Numbers whose first digit is there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    let (before, length) = text.sign_back(start);
    let further = text.back(start, length + 1);
    // Behind a letter or a part of a word.
    if crate::text::is(before, WORD) {
        return;
    }
    let first = text.digits(start, MOST_DIGITS + 1);
    let next = text.get(start + first);
    let gap = between(text, start + first);
    // In one piece and so short it has letters behind it or is called something; and what stands in a path is called nothing.
    let alone = !matches!(next, b'-' | b'+') && gap.is_none();
    if alone && first < 11 && (first < 6 || before == b'/') {
        return;
    }
    if first < 4 && next == b'.' {
        ipv4::at(text, start, found);
    }
    if first == es::NIE && before == b'-' {
        es::nie_at(text, start, found);
    }
    // A number that goes on.
    let inside = match before {
        b'.' => further.is_ascii_digit(),
        b')' => further.is_ascii_digit() && is_behind_an_area(text, start - length),
        b'-' => crate::text::is(further, WORD),
        // The minutes or seconds of a clock: `10:00:05 4111 1111 1111 1111`.
        b':' => first == 2 && is_behind_a_clock(text, start - 1),
        _ => false,
    };
    if inside {
        return;
    }
    if gap.is_some_and(|gap| is_short_pair(text, start + first + gap.length, first)) {
        return;
    }
    let groups = Groups::at(text, start, first);
    if !groups.are_left_of_a_masked_number(text, start) {
        numbers_of(text, start, &groups, found);
    }
}

/// Whether the bracket that closes there is around an area code, or a trunk prefix, which the number goes on behind: `(212)555-0123`,
/// `(0)171`, or what a function takes: `f(1)234`; and not an item's number (`1)`, `(1)`) or something else in brackets.
fn is_behind_an_area(text: Text<'_>, close: usize) -> bool {
    let digits = (1..=LONGEST_AREA + 1).take_while(|back| text.is_back(close, *back, DIGIT)).count();
    let area = (2..=LONGEST_AREA).contains(&digits) || text.back(close, 1) == b'0';
    let called = || text.is_back(close, digits + 2, WORD);
    digits > 0 && text.back(close, digits + 1) == b'(' && (area || called())
}

/// Whether the digits before the colon there are a clock's, and no counter of a name: `10:05`, not `phone2:06`.
fn is_behind_a_clock(text: Text<'_>, colon: usize) -> bool {
    let digits = (1..=CLOCK + 1).take_while(|back| text.is_back(colon, *back, DIGIT)).count();
    let named = || text.is_back(colon, digits + 1, LETTER) && phone::is_called(text, colon + 1);
    digits > 0 && (digits > CLOCK || !named())
}

/// Whether it is two groups and too few digits for anything, as decimals are: the second begins there.
fn is_short_pair(text: Text<'_>, at: usize, first: usize) -> bool {
    let second = text.digits(at, SHORTEST);
    first + second < SHORTEST && between(text, at + second).is_none()
}

/// Numbers of the first groups of these.
fn numbers_of(text: Text<'_>, start: usize, groups: &Groups, found: &mut Found) {
    let price = price(text, start);
    for (number, end) in groups.numbers(text, start).filter(|(number, _)| number.digits.len() >= 6) {
        // What has letters behind its digits.
        match number.lengths {
            [6] | [6, 3] => fi::at(text, &number, found),
            [8] | [2, 3, 3] => es::at(text, &number, found),
            [2, 2, 2] => uk::spaced_nino_at(text, &number, found),
            [17] => cn::small_at(text, &number, found),
            _ => {}
        }
        let extended = || groups.are_all_of(&number) && phone::extended(text, number.end);
        let whole = end != End::Inside;
        if !price && (whole || extended()) {
            phone::at(text, &number, found);
        }
        if whole && !price {
            national(text, &number, found);
            ssn::at(text, &number, found);
        }
        if whole && (13..=19).contains(&number.digits.len()) {
            card::at(text, &number, found);
        }
    }
}

/// Whether it is an amount.
fn price(text: Text<'_>, start: usize) -> bool {
    let before = text.back(start, 1);
    let sign = |sign: &str| text.follows(start, sign.as_bytes());
    before == b'$' || (crate::text::is(before, WIDE) && (sign("€") || sign("£")))
}

fn national(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    match number.digits.len() {
        9 => {
            nl::at(text, number, found);
            ca::at(text, number, found);
        }
        10 => {
            se::at(text, number, found);
            uk::nhs_at(text, number, found);
        }
        11 => {
            be::at(text, number, found);
            br::at(text, number, found);
            de::at(text, number, found);
            no::at(text, number, found);
            pl::at(text, number, found);
        }
        12 => {
            ind::at(text, number, found);
            se::at(text, number, found);
        }
        13 => ch::at(text, number, found),
        15 => fr::at(number, found),
        18 => cn::at(number, found),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{each_in, found, none, only};
    use crate::Kind::{Card, Ipv4, Phone, UkNhs, UsSsn};
    use crate::Masker;

    #[test]
    fn a_clock_begins_no_number() {
        for second in 0..60 {
            let text = |number: &str| format!("2024-01-17 10:00:{second:02} {number}");
            only(Card, "4111 1111 1111 1111", &text("4111 1111 1111 1111"));
            only(Phone, "212-555-0123", &text("212-555-0123"));
            only(UsSsn, "123-45-6789", &text("123-45-6789"));
        }
        only(Card, "4111 1111 1111 1111", "at 10:05 4111 1111 1111 1111");
        only(Card, "4111111111111111", "card:4111111111111111");
    }

    #[test]
    fn behind_stars_of_markdown() {
        only(UsSsn, "123-45-6789", "* 123-45-6789");
        only(UsSsn, "123-45-6789", "*123-45-6789*");
        only(UsSsn, "123-45-6789", "***123-45-6789***");
        only(UsSsn, "123-45-6789", "- **Note**-123-45-6789");
        only(Card, "4111 1111 1111 1111", "* 4111 1111 1111 1111");
        only(Card, "4111 1111 1111 1111", "**4111 1111 1111 1111**");
        only(Card, "4111111111111111", "*** 4111111111111111");
        only(Ipv4, "203.0.113.7", "* 203.0.113.7");
        only(Ipv4, "203.0.113.7", "**203.0.113.7**");
        only(Phone, "212-555-0123", "**212-555-0123**");
        only(Phone, "0171 1234567", "**Tel.:** 0171 1234567");
        only(Phone, "2125550123", "**phone:** 2125550123");
    }

    #[test]
    fn what_is_left_of_a_masked_number_is_not_looked_at_again() {
        for value in [
            "phone 212-555-0123",
            "phone (212) 555-0123",
            "phone 212.555.0123",
            "phone +33 1 99 00 12 34",
            "phone +33\u{a0}1\u{a0}99\u{a0}00\u{a0}12\u{a0}34",
            "phone 0171 / 1234567",
            "card 4111111111111111",
            "card 4111 1111 1111 1111",
            "phone DE89 3704 0044 0532 0130 00",
            "phone NO93 8601 1117 947",
            "phone 2 55 08 14 168 025 38",
            "phone 123-45-6789/234-56-7890",
            "phone 192.0.2.1",
        ] {
            let mut masked = Vec::new();
            assert!(Masker::default().mask(value.as_bytes(), &mut masked) > 0, "{value}");
            let masked = String::from_utf8(masked).expect("text");
            // What could make a number of what is left.
            for rest in ["", " 020 7946", " 5678", "/345-6789", " - 345 - 6789"] {
                none(&[&format!("{masked}{rest}")]);
            }
        }
    }

    #[test]
    fn in_bold_behind_other_stars() {
        only(Card, "4111 1111 1111 1111", "* **4111 1111 1111 1111**");
        only(Card, "4111 1111 1111 1111", "seen\n  * **4111 1111 1111 1111 (Visa)**");
        only(Card, "4111 1111 1111 1111", "***4111 1111 1111 1111***");
        only(Card, "4111 1111 1111 1111", "**Card:** *4111 1111 1111 1111*");
        only(Phone, "0171 1234567", "**Tel:** **0171 1234567**");
        only(Phone, "0171 1234567", "**Tel:** **0171 1234567 (mobil)**");
        only(Phone, "0171 1234567", "* **Tel:** **0171 1234567**");
        // What was masked before it is another one.
        only(Card, "4111 1111 1111 1111", "192.0.*.* - 4111 1111 1111 1111");
        only(Card, "4111 1111 1111 1111", "192.0.*.* 4111 1111 1111 1111");
        only(Card, "4111 1111 1111 1111", "00:00:5e:**:**:** 4111 1111 1111 1111");
        only(Phone, "020 7946 0958", "192.0.*.* 020 7946 0958");
        only(Phone, "020 7946 0958", "00:00:5e:**:**:** 020 7946 0958");
        none(&["** **4567 020 7946", "tel:** **4567 020 7946", "**phone ***-***-0123 020 7946**"]);
    }

    #[test]
    fn in_brackets_before_another_number() {
        only(Card, "4111111111111111", "paid (4111111111111111) 3 times");
        only(Card, "4111111111111111", "(4111111111111111) 12/27");
        only(Card, "4111 1111 1111 1111", "(4111 1111 1111 1111)-2");
        only(UsSsn, "123-45-6789", "(SSN 123-45-6789) 2 of them");
        only(Phone, "212-555-0123", "(212-555-0123) 24 hours");
        only(Phone, "0171 1234567", "(0171 1234567) 24 Stunden");
        only(Phone, "2125550123", "(phone 2125550123) 2 lines");
        only(Phone, "(212) 555-0123", "(212) 555-0123");
        only(Phone, "+44 (0)20 7946 0958", "+44 (0)20 7946 0958");
        each_in("(123-45-6789) 212-555-0123", &["123-45-6789", "212-555-0123"]);
        none(&[
            "(1234567890) 2 of them",
            "(4111111111111112) 3 times",
            "(2024) 1234567 (17) 20",
            "f(2125550123) 17",
        ]);
    }

    #[test]
    fn behind_a_number_sign_and_a_bracket() {
        only(UsSsn, "123-45-6789", "SSN #123-45-6789");
        only(Phone, "2125550123", "phone #2125550123");
        only(UkNhs, "9434765919", "NHS #9434765919");
        only(Card, "4111111111111111", "(Visa)4111111111111111");
        only(Phone, "212-555-0123", "Tel(home)212-555-0123");
        none(&["order #2125550123", "$123-45-6789", "€212-555-0123", "f(1)234-56-7890"]);
    }

    #[test]
    fn on_both_sides_of_a_slash() {
        let both = |text: &str| {
            let values: Vec<String> = found(text).into_iter().map(|(_, value)| value).collect();
            assert_eq!(values.join("/"), text);
        };
        both("123-45-6789/234-56-7890");
        both("212-555-0123/212-555-0124");
        both("+14155550100/+14155550101");
        both("4111111111111111/4012888888881881");
        both("85.07.30-033.28/93051822361");
        only(Phone, "212-555-0123", "212-555-0123/0124");
        only(Phone, "+44 20 7946 0958", "+44 20 7946 0958/59");
        only(Phone, "030 901820/21", "Tel.: 030 901820/21");
        only(Phone, "2125550123", "phone: 2125550123/24");
        only(Card, "4111111111111111", "4111111111111111/1227");
        only(Card, "4111111111111111", "4111111111111111/123");
        only(Card, "4111 1111 1111 1111", "4111 1111 1111 1111/12/27");
        only(UsSsn, "123-45-6789", "123-45-6789/1");
        none(&[
            "0123 456789/2024",
            "0123-45678/99",
            "612 34 56 78/9",
            "12/020 7946 0958",
            "2024/0123-456789",
            "123456789/17",
            "20240117/1234567",
            "2026/11/22/10/11/12",
            "/v1/orders/17/2125550123",
            "4111111111111112/1227",
            "1/2125550123",
        ]);
    }

    #[test]
    fn with_blanks_and_hyphens_that_break_no_line() {
        only(Card, "4111\u{a0}1111\u{a0}1111\u{a0}1111", "Carte\u{a0}: 4111\u{a0}1111\u{a0}1111\u{a0}1111.");
        only(UsSsn, "123\u{2011}45\u{2011}6789", "SSN\u{a0}123\u{2011}45\u{2011}6789");
        only(UsSsn, "123 - 45 - 6789", "SSN: 123 - 45 - 6789");
        only(Phone, "(212)\u{202f}555-0123", "(212)\u{202f}555-0123");
        only(Phone, "+44\u{202f}(0)20 7946 0018", "+44\u{202f}(0)20 7946 0018");
        for blank in ["\u{a0}", "\u{202f}"] {
            for sign in ["-", "\u{2011}"] {
                let ssn = format!("123{blank}{sign}{blank}45{blank}{sign}{blank}6789");
                only(UsSsn, &ssn, &format!("SSN: {ssn}."));
            }
            let phone = format!("0171{blank}/{blank}1234567");
            only(Phone, &phone, &format!("Tel.: {phone}."));
        }
        // What is between two numbers ends the first one.
        each_in("123-45-6789 - 234-56-7890", &["123-45-6789", "234-56-7890"]);
        each_in("212-555-0123 / 212-555-0124", &["212-555-0123", "212-555-0124"]);
        each_in("4111111111111111 - 4012888888881881", &["4111111111111111", "4012888888881881"]);
        none(&[
            "12\u{a0}345\u{a0}678",
            "1\u{202f}234\u{202f}567\u{202f}890 €",
            "2019 - 2020 - 2021",
            "22 - 11 - 2026 10 20 30",
            "2026年11月22日10时11分12秒",
        ]);
        // Of a masked number the separators stay.
        let mut out = Vec::new();
        Masker::default().mask("06\u{a0}12\u{a0}34\u{202f}56\u{2011}78".as_bytes(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "**\u{a0}**\u{a0}**\u{202f}56\u{2011}78");
    }
}
