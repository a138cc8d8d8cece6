//! Telephone numbers.
//!
//! **International**: `+` or grouped `00`, a country code that the ITU has assigned (E.164, list of 2023), and as many digits as the country
//! has, 8 to 15 in all; `(0)` in it is the trunk prefix.
//!
//! **National**, without a word before it, only in forms that hardly anything else has:
//! - North America: `212-555-0123`, `(212) 555-0123`, `1-212-555-0123`; with dots or spaces only where area and exchange can be given out;
//! - with the trunk prefix 0 and in groups, 9 to 12 digits: `030 901820`, `020 7946 0958`, `06-12345678`, `01 23 45 67 89`, `0171/1234567`;
//! - Spain: `612 34 56 78`; Italy: `06 1234 5678`, mobiles with a word.
//!
//! With blanks around a hyphen or a slash (`030 / 901820`, `212 - 555 - 0123`) these, and `00`, need a word such as `phone` or `call`.
//!
//! Behind `+` the first form and what a word names are found too where no country has such a number: `+1-123-456-7890`.
//!
//! Anything else of 7 to 15 digits, among it every number in one piece, is one only right behind a word such as `phone`.
//!
//! An extension right behind it (`212-555-0123x12`) is no part of it: it leads nowhere by itself.

use super::numbers::{Gap, Number};
use crate::checks::number as value;
use crate::context::{self, Names};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{Text, WORD};
use trunk::trunk;

mod abroad;
mod american;
mod before;
mod trunk;

static NAMES: Names = Names::new(&[
    "phone",
    "telephone",
    "ph",
    "tel",
    "tél",
    "тел",
    "моб",
    "телефон",
    "telefon",
    "telefono",
    "teléfono",
    "téléphone",
    "telefone",
    "telefoon",
    "mobile",
    "mobil",
    "mob",
    "móvil",
    "cell",
    "cellphone",
    "cellulare",
    "portable",
    "handy",
    "fax",
    "msisdn",
    "whatsapp",
    "gsm",
    "rufnummer",
    "puhelin",
    "puh",
    "telnr",
    "telno",
    "tlf",
    "电话",
    "手机",
    "電話",
]);

/// Words for what one does with it.
static CALLS: Names = Names::new(&[
    "call", "calls", "called", "dial", "contact", "kontakt", "contatto", "appel", "anruf", "llama", "llame",
    "chiama", "bellen",
]);

/// Of a number with its country code (E.164, 6.2).
const MOST_DIGITS: usize = 15;
/// The longest extension behind a hyphen or a slash, in digits.
const LONGEST_EXTENSION: usize = 4;

/// A number of these groups.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::Phone) || !(7..=16).contains(&number.digits.len()) {
        return;
    }
    let (before, _) = text.sign_back(number.start);
    let plus = before == b'+';
    if number.bare() && !plus {
        // Only a word says what it is.
        if number.digits.len() <= MOST_DIGITS && context::calls(text, number.start, &NAMES) {
            found.add(Kind::Phone, number.start, number.end);
        }
        return;
    }
    let zeros = || !number.bare() && number.digits.starts_with(&[0, 0]);
    let abroad = if plus {
        abroad::form(text, number.digits, number)
    } else {
        zeros() && abroad::form(text, &number.digits[2..], number)
    };
    // Behind another number a plus may stand for a blank.
    let joined = plus && before::is_joined(text, number.start - 1);
    let at_home = || number.lengths.starts_with(&[3, 3, 4]) && american::form(&number.first(3, 10), false);
    let plus = plus && !(joined && (!abroad || at_home()));
    let is_inside = || !abroad || !before::is_behind_another(text, number.start - 1);
    if (plus && !joined && text.is_back(number.start, 2, WORD) && is_inside()) || (!plus && date(number)) {
        return;
    }
    let open = before == b'(' && number.gaps.first() == Some(&Gap::Close);
    let start = if open || plus { number.start - 1 } else { number.start };
    if !closes(number, open) || ends_in_a_date(number) {
        return;
    }
    let sure = plus && !decimal(number);
    let foreign = abroad && (sure || said(text, number, start));
    let sure = foreign || american::form(number, open);
    let placed = || !number.slashed || sure || before::listed(text, number, found);
    let formed = foreign || (national(text, number, start, open, plus) && placed());
    // Groups among other groups are a part of something longer.
    let row = if formed { before::row(text, number, found, sure) } else { None };
    match row {
        Some(row) => found.add_to_row(start, number.end, row),
        None if named(text, number, start, open) => found.add(Kind::Phone, start, number.end),
        None => {}
    }
}

/// Whether what begins there is called one.
pub(super) fn is_called(text: Text<'_>, start: usize) -> bool {
    context::calls(text, start, &NAMES)
}

/// Whether a word before it says that it is one.
fn is_said(text: Text<'_>, start: usize) -> bool {
    context::says(text, start, &NAMES, 1) || context::says(text, start, &CALLS, 1)
}

/// Whether it is said to be one, if it needs that: with blanks around its hyphens or slashes it could be a range, a ratio or a size.
fn said(text: Text<'_>, number: &Number<'_>, start: usize) -> bool {
    !(number.spaced.contains(&true) || decimal(number)) || is_said(text, start)
}

/// Whether it can be a decimal, such as a coordinate: `+52.520008`.
fn decimal(number: &Number<'_>) -> bool {
    number.gaps == [Gap::Dot]
}

/// Whether it is written as a country writes its own. Behind a plus, which only foreign ones have, that is a slip where
/// nothing else is written so; `+0200 12345` stands behind a time.
fn national(text: Text<'_>, number: &Number<'_>, start: usize, open: bool, plus: bool) -> bool {
    if number.bare() {
        return false;
    }
    if american::form(number, open) {
        return plus
            || (said(text, number, start)
                && (!american::may_be_columns(text, number) || is_said(text, start)));
    }
    let weak = (trunk(number) && !before::goes_on_in_pairs(text, number)) || spanish(number);
    !plus && weak && said(text, number, start)
}

/// Whether a word before it says that it is one.
fn named(text: Text<'_>, number: &Number<'_>, start: usize, open: bool) -> bool {
    number.digits.len() <= 15
        && plain(number)
        && !goes_on(number, open)
        && context::calls(text, start, &NAMES)
}

/// Whether there is more behind a number that is whole, and a blank or a bracket: `212 555 0123 200 OK`, `(212) 555-0123 (415)`.
fn goes_on(number: &Number<'_>, open: bool) -> bool {
    let whole = |number: &Number<'_>| american::form(number, open) || trunk(number);
    let mut total = number.lengths[0];
    let ends = number.gaps.iter().zip(number.spaced).enumerate().skip(1).any(|(at, (gap, spaced))| {
        total += number.lengths[at];
        let apart = *spaced || matches!(gap, Gap::Space | Gap::Open | Gap::Close | Gap::Plus);
        apart && whole(&number.first(at + 1, total))
    });
    ends && !whole(number)
}

/// Whether it ends in no bracket that opens in it, and behind none that closes around a whole number: `(555-0123) 2 times`.
fn closes(number: &Number<'_>, open: bool) -> bool {
    let (mut inside, mut total) = (open, 0);
    for (gap, length) in number.gaps.iter().zip(number.lengths) {
        total += length;
        match gap {
            Gap::Open => inside = true,
            Gap::Close if !inside && total >= 7 => return false,
            Gap::Close => inside = false,
            _ => {}
        }
    }
    !inside || number.bare()
}

/// Whether an extension follows the number that ends there: `x` and one to six digits.
pub(crate) fn extended(text: Text<'_>, end: usize) -> bool {
    let digits = text.digits(end + 1, 7);
    matches!(text.get(end), b'x' | b'X') && (1..=6).contains(&digits) && text.ends(end + 1 + digits)
}

/// What is written as a date, and whatever follows it.
fn date(number: &Number<'_>) -> bool {
    is_date(number.lengths, number.gaps, number.digits)
}

/// Whether a date stands behind a blank and what is a number already: `555 0123 22.11.2026`.
fn ends_in_a_date(number: &Number<'_>) -> bool {
    let Some(before) = number.lengths.len().checked_sub(3).filter(|before| *before > 0) else { return false };
    let total = number.lengths[..before].iter().sum();
    let gaps = &number.gaps[before - 1..];
    total >= 7
        && gaps[0] == Gap::Space
        && gaps[1] != Gap::Space
        && is_date(&number.lengths[before..], &gaps[1..], &number.digits[total..])
}

fn is_date(lengths: &[usize], gaps: &[Gap], digits: &[u8]) -> bool {
    let [first, second, third, ..] = lengths else { return false };
    let same = gaps[0] == gaps[1] && matches!(gaps[0], Gap::Dash | Gap::Dot | Gap::Slash | Gap::Space);
    let parts = (
        value(&digits[..*first]),
        value(&digits[*first..first + second]),
        value(&digits[first + second..first + second + third]),
    );
    same && match (first, second, third) {
        (4, 1..=2, 1..=2) => {
            (1000..3000).contains(&parts.0) && (1..=12).contains(&parts.1) && (1..=31).contains(&parts.2)
        }
        (1..=2, 1..=2, 4) => {
            parts.0 <= 31 && parts.1 <= 31 && parts.0.min(parts.1) <= 12 && (1800..2200).contains(&parts.2)
        }
        _ => false,
    }
}

/// What may be a number behind the word for one.
fn plain(number: &Number<'_>) -> bool {
    // Where the first group is a number already, the next ones are something else.
    // So is what stands behind a hyphen with blanks around it, unless it is the first one: `030 - 901820`.
    let further = number.spaced.iter().skip(1).any(|spaced| *spaced);
    let first = number.lengths[0] < 7;
    number.bare() || with_extension(number) || (first && !further && !version(number))
}

/// Whether it is in one piece but for an extension, and no day with a time behind it: `2125550123-12`, not `20261122-1011`.
fn with_extension(number: &Number<'_>) -> bool {
    let day = || {
        let digits = number.digits;
        let [year, month, day] = [&digits[..4], &digits[4..6], &digits[6..8]].map(value);
        (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
    };
    number.gaps == [Gap::Dash]
        && !number.spaced[0]
        && number.lengths[0] >= 7
        && number.lengths[1] <= LONGEST_EXTENSION
        && !(number.lengths[0] == 8 && day())
}

/// Whether it is a version: three parts or four with dots between them, one digit alone behind the first dot or later, or four of which
/// one is more than an address has (`10.0.15254.603`); or an address or a version with another number behind it.
fn version(number: &Number<'_>) -> bool {
    let mut from = 0;
    let large = number.lengths.iter().any(|length| {
        from += length;
        value(&number.digits[from - length..from]) > 255
    });
    let parts = number.lengths.len();
    let dots = matches!(parts, 3 | 4) && number.gaps.iter().all(|gap| *gap == Gap::Dot);
    let address = parts > 4 && number.gaps[..3] == [Gap::Dot; 3] && number.digits[0] > 0;
    let goes_on = address && number.gaps[3] == Gap::Space;
    goes_on || (dots && ((parts == 4 && large) || number.lengths[1..].contains(&1)))
}

fn spanish(number: &Number<'_>) -> bool {
    number.written(&[3, 2, 2, 2], Gap::Space) && matches!(number.digits[0], 6..=9)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, all_named, each_in, none, only};
    use crate::Kind::Phone;

    #[test]
    fn international() {
        // Numbers for fiction and tests: Ofcom's drama numbers, 555-01xx, and the examples of ITU-T E.123.
        all(
            Phone,
            &[
                "+14155550100",
                "+1 415 555 0100",
                "+1 (415) 555-0100",
                "+1-415-555-0100",
                "+442079460958",
                "+44 20 7946 0958",
                "+44 (0)20 7946 0958",
                "+44 7700 900123",
                "+49 30 901820",
                "+49 (0)30 23125-001",
                "+33 1 99 00 12 34",
                "+31 6 12345678",
                "+34 612 34 56 78",
                "+39 06 1234 5678",
                "+22 607 123 4567",
                "+353 20 915 6789",
                "+81 3 1234 5678",
                "+86 138 0013 8000",
                "+91 98765 43210",
                "+55 11 91234-5678",
                "+358 40 1234567",
                "+48 512 345 678",
                "0049 30 901820",
                "00 44 20 7946 0958",
            ],
        );
    }

    #[test]
    fn national() {
        all(
            Phone,
            &[
                "123-456-7890",
                "212-555-0123",
                "1-212-555-0123",
                "(212) 555-0123",
                "(212)555-0123",
                "212.555.0123",
                "212 555 0123",
                "020 7946 0958",
                "07700 900123",
                "(020) 7946 0958",
                "030 901820",
                "0171/1234567",
                "0171 1234567",
                "06-12345678",
                "01 99 00 12 34",
                "01.99.00.12.34",
                "612 34 56 78",
                "06 1234 5678",
                "0470 12 34 56",
                "044 668 18 00",
            ],
        );
        all_named(Phone, "phone", &["2125550123", "0612345678", "5550123", "491711234567"]);
        all_named(Phone, "phoneNumber", &["2125550123"]);
        all_named(Phone, "Telefonnummer", &["01711234567"]);
        all_named(Phone, "电话", &["13800138000"]);
        only(Phone, "347 123 4567", "cellulare 347 123 4567");
        only(Phone, "030901820", "Tel.: 030901820");
        only(Phone, "2125550123", "Tel. 2125550123");
        only(Phone, "0142685300", "Tél. 0142685300");
        only(Phone, "0142685300", "TÉL. : 0142685300");
        only(Phone, "2125550123", "Ph. 2125550123");
        only(Phone, "2125550123", "phone no. 2125550123");
        only(Phone, "01711234567", "Mob. 01711234567");
        only(Phone, "2125550123", "phone: 2125550123 200 OK");
        only(Phone, "612 345 678", "Teléfono: 612 345 678");
    }

    #[test]
    fn groups_that_look_like_a_date() {
        all(Phone, &["+31 6 2012 3456", "+31 6 1812 3456", "+20 2 2012 3456"]);
        all(Phone, &["0470-12-34-56", "0171-23-45-678"]);
        only(Phone, "0470-12-34-56", "phone: 0470-12-34-56");
        none(&[
            "2026-11-22",
            "2026-11-22-03",
            "logs/2026-11-22-03-10-11.gz",
            "phone-2026-11-22-03.log",
            "phone: 2026-11-22-03",
            "31 6 2012 3456",
        ]);
    }

    #[test]
    fn behind_a_plus_what_is_no_country() {
        all(Phone, &["+1-123-456-7890", "+123-456-7890"]);
        only(Phone, "+1-123-456-7890", "Contact +1-123-456-7890");
        only(Phone, "+1 (123) 456-7890", "phone: +1 (123) 456-7890");
        only(Phone, "+1 555 123 4567", "phone: +1 555 123 4567");
        none(&["+1 555 123 4567", "10:11:12 +0200 12345", "10:11:12 +0100 123456", "x+1-123-456-7890"]);
    }

    #[test]
    fn with_the_separators_people_use() {
        all(
            Phone,
            &[
                "+33\u{a0}6\u{a0}12\u{a0}34\u{a0}56\u{a0}78",
                "+33\u{202f}6\u{202f}12\u{202f}34\u{202f}56\u{202f}78",
                "06\u{a0}12\u{a0}34\u{a0}56\u{a0}78",
                "(212)\u{a0}555\u{2011}0123",
                "+1\u{a0}(212)\u{a0}555\u{2011}0123",
                "212\u{2011}555\u{2011}0123",
            ],
        );
        only(Phone, "030 / 901820", "Tel.: 030 / 901820");
        only(Phone, "0142685300", "Tél.\u{a0}: 0142685300");
        only(Phone, "0142685300", "Téléphone\u{202f}:\u{a0}0142685300");
        // A remark behind it is no part of it.
        only(Phone, "555 0123", "phone: 555 0123 - 14 days");
        none(&[
            "100 - 200 - 3000",
            "01 - 1234567",
            "07 / 20240117",
            "0900 - 1700",
            "1\u{a0}06\u{a0}12\u{a0}34\u{a0}56\u{a0}78",
        ]);
    }

    #[test]
    fn with_blanks_around_hyphens_and_slashes() {
        for number in
            ["030 / 901820", "0171 / 1234567", "030 - 901820", "212 - 555 - 0123", "0049 - 30 - 901820"]
        {
            for before in
                ["Tel.: ", "Telefon privat ", "phone ", "Call me at ", "Please call Ann on ", "Appelez le "]
            {
                only(Phone, number, &format!("{before}{number}."));
            }
        }
        each_in("Tel.: 030 / 901820 oder 030 / 901821", &["030 / 901820", "030 / 901821"]);
        only(Phone, "+49 - 30 - 901820", "+49 - 30 - 901820");
        // Ranges, ratios, sizes.
        none(&[
            "02108 - 02137",
            "0123 / 456789",
            "480 - 640 - 1080",
            "zip codes 02108 - 02137",
            "the phone has a screen of 480 - 640 - 1080",
            "0020 - 0030 - 0040",
            "phone\n0123 / 456789",
        ]);
    }

    #[test]
    fn where_what_a_word_names_ends() {
        each_in("phone: (212) 555-0123 (415) 555-0132", &["(212) 555-0123", "(415) 555-0132"]);
        each_in("phone: 212 555 0123 415 555 0132", &["212 555 0123", "415 555 0132"]);
        each_in("phone 212 555 0123 078 05 1120", &["212 555 0123", "078 05 1120"]);
        each_in("phone: 212-555-0123/4111-1111-1111-1111", &["212-555-0123", "4111-1111-1111-1111"]);
        for phone in ["0171 / 1234567", "030 901820", "0171-1234567", "555 0123"] {
            each_in(&format!("Tel. {phone} 4111 1111 1111 1111"), &[phone, "4111 1111 1111 1111"]);
            each_in(&format!("Tel. {phone} 0171 1234567"), &[phone, "0171 1234567"]);
        }
        each_in("Tel. 020 7946 0958 - 212 555 0123", &["020 7946 0958", "212 555 0123"]);
        each_in("Tel. +44 20 7946 0958 212 555 0123", &["+44 20 7946 0958", "212 555 0123"]);
        each_in("phone: 192.0.2.1 212 555 0123", &["192.0.2.1", "212 555 0123"]);
        each_in("phone: 192.0.2.1 123-45-6789", &["192.0.2.1", "123-45-6789"]);
        only(Phone, "+44 20 7946 0958", "Tel. +44 20 7946 0958 / 2026-11-22");
        only(Phone, "212 555 0123", "phone: 212 555 0123 200 OK");
        only(Phone, "(212) 555-0123", "phone: (212) 555-0123 (24 hours)");
        only(Phone, "555-0123", "phone (555-0123) 2 times");
        only(Phone, "555 0123", "phone 555 0123 22.11.2026");
        only(Phone, "555 0123", "phone 555 0123 2026-11-22 10:11");
        only(Phone, "0171 1234567", "Tel. (0171 1234567) 24 Stunden");
        only(Phone, "030 12 34 56 78", "Tel. 030 12 34 56 78");
        only(Phone, "212-555-0123/24", "phone: 212-555-0123/24");
        only(super::Kind::Card, "5500 0055 5555 5559", "Jan 05 5500 0055 5555 5559");
    }

    #[test]
    fn a_version_behind_a_name() {
        none(&[
            "Windows Phone 10.0.15254.603",
            "mobile 10.0.19041.1",
            "mobile 10.0.19041",
            "phone 8.10.14219.341",
        ]);
        only(Phone, "06.12.34.56.78", "phone 06.12.34.56.78");
        only(Phone, "1.212.555.0123", "phone 1.212.555.0123");
        only(Phone, "06.12.34.56 78", "phone 06.12.34.56 78");
        only(Phone, "55.123.4567", "phone 55.123.4567");
    }

    #[test]
    fn a_digit_in_its_name() {
        only(Phone, "2125550123", "phone1: 2125550123");
        only(Phone, "2125550123", r#"{"phone_2":"2125550123"}"#);
        only(Phone, "2125550123", "phone1Number=2125550123");
        only(Phone, "2125550123", "Phone 1 - Value: 2125550123");
        only(Phone, "2125550123", "Tel 2: 2125550123");
        only(Phone, "2125550123", r#"{"Phone 2":"2125550123"}"#);
        only(Phone, "2125550123", r#"{"Phone 2": "2125550123"}"#);
        only(Phone, "2125550123", "{'Phone 2' : '2125550123'}");
        only(Phone, "2125550123", "iPhone: 2125550123");
        only(Phone, "06 12345678", "iPhone 06 12345678");
        only(Phone, "0612345678", "Numéro de téléphone 2 : 0612345678");
        none(&[
            "commande numéro 1234567890",
            "facture numéro 20240117",
            "numéro: 2125550123",
            "phone 200, 1234567890",
            "mobile2024: 1234567890",
            "iPhone 15 - 1234567890",
            "iPhone 8: 1234567890",
            "iPhone 15 1234567890",
            "iPhone 15/1234567",
            "iphone_15: 1234567890",
            "pH 7: 1234567",
            "pH: 1234567",
            r#"{"Phone 2""2125550123"}"#,
        ]);
    }

    #[test]
    fn every_item_of_a_list() {
        let items: Vec<String> = (100..115).map(|last| format!("2125550{last}")).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        each_in(&format!("{{\"phones\":[\"{}\"]}}", items.join("\",\"")), &items);
        each_in(&format!("{{\"phones\": [\"{}\"]}}", items.join("\", \"")), &items);
        each_in(&format!("phones=[{}]", items.join(", ")), &items);
        each_in(&format!("'phones': ['{}']", items.join("', '")), &items);
        each_in("{\"phones\":[\"+1 415 555 0100\",\"2125550124\"]}", &["+1 415 555 0100", "2125550124"]);
        none(&[
            r#"{"ids":["2125550123","2125550124"]}"#,
            "phone, 17, 2125550124",
            r#"{"phone":null,"ids":["2125550123","2125550124"]}"#,
        ]);
        each_in(r#"{"phone":"2125550123","id":"2125550124"}"#, &["2125550123"]);
        each_in(r#"["phone","2125550123"],["2125550124"]"#, &["2125550123"]);
    }

    #[test]
    fn an_extension_is_no_part_of_it() {
        only(Phone, "1-212-555-0123", "1-212-555-0123x12");
        only(Phone, "(212) 555-0123", "call (212) 555-0123X1234, please");
        only(Phone, "+14155550100", "+14155550100x7");
        only(Phone, "2125550123", "phone: 2125550123x12.");
        none(&[
            "2125550123x12",
            "212-555-0123x",
            "212-555-0123x1234567",
            "212-555-0123x12a",
            "order 212x555x0123",
        ]);
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "1234567890",
            "1700000000",
            "1700000000000",
            "order 4009741022",
            "2026-11-22",
            "22.11.2026",
            "01-02-2024 10:20",
            "01.02.2024 1230",
            "2026-11-22 10 200",
            "110bcd25-a55d-453a-8046-1297901ea002",
            "550e8400-e29b-41d4-a716-446655440000",
            "+1234567890",
            "+123",
            "1+14155550100",
            "12 345 678",
            "612 345 678",
            "1.234.567.890",
            "978-3-16-148410-0",
            "v2.10.20.30000",
            "0.123456789",
            "phone order 1234567890",
            "hotel 1234567890",
            "no phone. 1234567890 of them",
            "no. 1234567890",
            "00123456789",
            "100 200 3000",
            "$212 555 0123",
        ]);
    }
}
