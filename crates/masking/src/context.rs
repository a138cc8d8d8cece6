//! The words before a number. Digits with a weak check are personal data only where somebody calls them so.

use crate::marks;
use crate::text::{DIGIT, LETTER, LOWER, Text, UNDER, UPPER, WIDE};

pub(crate) use names::Names;
use tags::Tag;

mod names;
mod tags;

/// How far before the number is looked, in bytes.
pub(crate) const REACH: usize = 64;

/// How far back the other items of a list go, in bytes.
pub(crate) const LIST: usize = 256;

/// The longest sign between a name and its number, in bytes: `": "`, ` = "`.
const LONGEST_SIGN: usize = 4;

/// The longest word that is compared; of a longer one the end is.
const LONGEST: usize = 32;

/// What has a telephone's name and is none's number.
const MODELS: &[&str] = &["iphone"];

/// Nobody has more than 99 of one kind.
const LONGEST_COUNTER: usize = 2;

/// A small letter and a large one are the sign of a quantity.
const SIGN: usize = 2;

/// An abbreviation has no more letters than this: `Tél`.
const SHORT: usize = 4;

/// Words that may stand between the name of a number and the number.
static FILLERS: Names = Names::new(&[
    "number", "no", "nr", "num", "nbr", "is", "the", "my", "your", "his", "her", "at", "on", "ist", "lautet",
    "nummer", "meine", "die", "est", "le", "la", "du", "de", "numero", "numéro", "número", "n", "es", "mi",
    "il", "mio", "e", "è", "mijn", "to", "value", "code", "key", "text", "card", "or", "numbers", "nos",
    "nummern", "numeros", "numéros", "números", "home", "work", "main", "primary", "private", "privat",
    "business", "office", "s", "some", "optional", "display",
]);

/// An ISBN of 13 digits with its four hyphens: the English say `handy` too.
const ISBN: usize = 17;

/// Whether one of `names` is said before the place, on the same line. A name of five letters or more may have
/// an ending (`Telefonnummer`), a shorter one is a whole word. Words are split where small letters turn large (`phoneNumber`). At most
/// `others` words that are neither names nor fillers may stand between; digits, a semicolon or a full stop that is not an
/// abbreviation's (`Tel.`, `no.`) end the search if `others` is 0.
pub(crate) fn says(text: Text<'_>, at: usize, names: &Names, others: usize) -> bool {
    search(text, at, names, others, |_| None)
}

/// The same with no other words between, for what people have several of: its name may be counted (`phone2`, `Phone 2:`), and is that of
/// each item of a list.
pub(crate) fn calls(text: Text<'_>, at: usize, names: &Names) -> bool {
    !begins_with_a_model(text, at)
        && !begins_an_isbn(text, at)
        && search(text, list(text, at), names, 0, |at| counter(text, at))
}

/// Whether what begins there is the model of what is named right before it, and no number: `iPhone 15 - 1234567890`. Of a number itself
/// so short a beginning is a trunk prefix: `iPhone 06 12345678`.
fn begins_with_a_model(text: Text<'_>, at: usize) -> bool {
    let (before, length) = text.sign_back(at);
    let end = if matches!(before, b' ' | b'_' | b'-') { at - length } else { at };
    text.digits(at, LONGEST_COUNTER + 1) <= LONGEST_COUNTER && text.get(at) != b'0' && is_model(text, end)
}

fn begins_an_isbn(text: Text<'_>, at: usize) -> bool {
    if text.get(at) != b'9' {
        return false;
    }
    let book = text.slice(at, at + ISBN);
    let parts = || book.split(|byte| *byte == b'-');
    (book.starts_with(b"978-") || book.starts_with(b"979-"))
        && book.len() == ISBN
        && parts().flatten().all(u8::is_ascii_digit)
        && parts().count() == 5
        && parts().next_back().is_some_and(|check| check.len() == 1)
}

/// Where the number begins that ends there, if it counts what is called so: it touches the name (`phone2`, `phone_2`), or stands
/// behind it and before a sign (`Phone 2:`).
fn counter(text: Text<'_>, end: usize) -> Option<usize> {
    let digits = (1..=LONGEST_COUNTER + 1).take_while(|back| text.is_back(end, *back, DIGIT)).count();
    let start = end - digits;
    let behind_letter = |at| letter_ends(text, at);
    let apart = || {
        let next = end + usize::from(matches!(text.get(end), b'"' | b'\'' | b'\0'));
        let next = next + usize::from(text.get(next) == b' ');
        text.back(start, 1) == b' ' && matches!(text.get(next), b':' | b'=' | b'-')
    };
    let joined = matches!(text.back(start, 1), b'_' | b'-');
    let name = if behind_letter(start) { start } else { start.saturating_sub(1) };
    let counts = name == start || joined || apart();
    (digits <= LONGEST_COUNTER && counts && behind_letter(name) && !is_model(text, name)).then_some(start)
}

/// Whether the name that ends there is that of a thing, whose number is its model: `iPhone 15`.
fn is_model(text: Text<'_>, end: usize) -> bool {
    MODELS.iter().any(|name| {
        let start = end.saturating_sub(name.len());
        text.slice(start, end).eq_ignore_ascii_case(name.as_bytes())
    })
}

/// Where the list begins of which the number is an item, if nothing but numbers stands before it: `["2125550123","2125550124"]`. The place
/// itself if there is none. What is read of JSON has a zero byte for a quote.
fn list(text: Text<'_>, at: usize) -> usize {
    let end = at.saturating_sub(LIST);
    let back_over = |mut at: usize, all: &[u8]| {
        while at > end && all.contains(&text.get(at - 1)) {
            at -= 1;
        }
        at
    };
    let mut place = at;
    while place > end {
        let before = back_over(place, b"\"'\0 ");
        match text.back(before, 1) {
            b'[' if place < at => return before,
            b',' => {}
            _ => return at,
        }
        let item = back_over(before - 1, b"\"'\0 ");
        place = back_over(item, b"0123456789+-.()/ ");
        if place == item {
            return at;
        }
    }
    at
}

fn search(
    text: Text<'_>,
    at: usize,
    names: &Names,
    others: usize,
    counter: impl Fn(usize) -> Option<usize>,
) -> bool {
    // What stands in a path is called nothing.
    if text.back(at, 1) == b'/' {
        return false;
    }
    let otherwise = others == 0 && is_called_otherwise(text, at, names);
    !otherwise && go_back(text, at, names, others, counter)
}

/// Goes back from word to word. Digits that end the search may be a part of the name: then `counter` says where they begin.
fn go_back(
    text: Text<'_>,
    at: usize,
    names: &Names,
    others: usize,
    counter: impl Fn(usize) -> Option<usize>,
) -> bool {
    let mut left = others;
    let mut at = at;
    let end = at.saturating_sub(REACH);
    let mut members = Members::default();
    let mut tag: Option<Tag> = None;
    loop {
        // What is between words.
        while at > end && !letter_ends(text, at) {
            let byte = text.get(at - 1);
            if byte == b'>'
                && let Some(next) = tags::ending(text, at, end)
            {
                // Nothing stands between the two: `<td></td>`, `<td>-</td>`, `<td/>`.
                let nothing = |tag: Tag| tag.closes && says_nothing(text.slice(at, tag.start));
                if (next.cell && next.empty) || (tag.is_some_and(nothing) && !next.closes) {
                    return false;
                }
                tag = Some(next);
            }
            // Attributes are no reason to stop, and the name of their tag is before them.
            if let Some(name) =
                attributes(tag, at).filter(|_| text.is(at - 1, DIGIT) || matches!(byte, b';' | b'.'))
            {
                at = name;
                continue;
            }
            if members.pass(byte, others == 0) {
                return false;
            }
            let stop = byte == b'.' && !is_abbreviated(text, at - 1);
            let digit = text.is(at - 1, DIGIT);
            let strict = others == 0 && (digit || byte == b';' || stop);
            let begins = if strict && digit { counter(at) } else { None };
            match begins {
                Some(start) => at = start,
                None if byte == b'\n' || strict => return false,
                None => at -= text.sign_back(at).1,
            }
        }
        members.word();
        let mut word = [0; LONGEST];
        let mut room = LONGEST;
        let mut part = None;
        let last = at;
        while at > end && letter_ends(text, at) {
            let (byte, before) = (text.get(at - 1), text.back(at, 2));
            if room > 0 {
                room -= 1;
                word[room] = small(text, at - 1);
            }
            at -= 1;
            // `phoneNumber` is two words, `IdNr` is one.
            if part.is_none() && crate::text::is(byte, UPPER) && crate::text::is(before, LOWER) {
                part = Some((room, at));
            }
        }
        if at == last {
            return false;
        }
        // `pH` is no abbreviation of `phone`, and `phoneVerified` no number of one: the name goes into the last part.
        let sign = part.is_some() && LONGEST - room == SIGN;
        let begun = part.map_or(0, |(from, _)| from - room);
        let whole = || names.begin(&word[room..], begun);
        if (!sign && whole()) || part.is_some_and(|(from, _)| names.begin(&word[from..], 0)) {
            return !ends_something(text, tag, at, last);
        }
        let word = match part {
            Some((from, place)) => {
                // What is before the last part is the next word.
                at = place;
                &word[from..]
            }
            None => &word[room..],
        };
        if tag.is_some_and(|tag| tag.cell && last == tag.name) {
            continue;
        }
        if !FILLERS.has(word) {
            match attributes(tag, last) {
                Some(name) => at = at.min(name),
                None if left == 0 => return false,
                None => left -= 1,
            }
        }
    }
}

/// Whether the word right before it surely is another name, in small letters: `"order_id":`, `size=`. Most numbers of a log have one, and
/// need no closer look.
fn is_called_otherwise(text: Text<'_>, at: usize, names: &Names) -> bool {
    let signs = (1..=LONGEST_SIGN)
        .take_while(|back| matches!(text.back(at, *back), b':' | b'=' | b'"' | b' '))
        .count();
    let end = at.saturating_sub(signs);
    let mut start = end;
    while start > 0 && end - start < LONGEST && text.is(start - 1, LOWER) {
        start -= 1;
    }
    // A longer one, or a mark's last letter before the word.
    let longer = text.is_back(start, 1, LETTER | WIDE) || marks::length_back(text, start + 1) > 0;
    let word = text.slice(start, end);
    start < end && !longer && !names.begin(word, 0) && !FILLERS.has(word)
}

/// Whether it is blank, or says that there is none.
fn says_nothing(content: &[u8]) -> bool {
    content.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'-'))
}

/// Where the name of the tag ends, if what ends there is one of its attributes.
fn attributes(tag: Option<Tag>, at: usize) -> Option<usize> {
    tag.map(|tag| tag.name).filter(|name| at > *name)
}

/// Whether the name there is what a redaction left (`[phone] 1732273200`), or ends what was called so (`</phone>`).
fn ends_something(text: Text<'_>, tag: Option<Tag>, start: usize, end: usize) -> bool {
    let next = end + 1 + usize::from(text.get(end + 1) == b' ');
    let before = (1..=LONGEST).take_while(|back| text.is_back(start, *back, LOWER | UNDER)).count();
    let small = text.is(start, LOWER) && text.back(start, before + 1) == b'[';
    let left = small && text.get(end) == b']' && !matches!(text.get(next), b':' | b'=');
    left || tag.is_some_and(|tag| tag.closes && (tag.start..tag.name).contains(&start))
}

/// What was passed of members and their values, going back.
#[derive(Debug, Default, Clone, Copy)]
enum Members {
    /// Nothing but the number's own value, or what belongs to no member.
    #[default]
    Value,
    /// The sign behind a name of the number's own.
    Sign,
    /// That name: another `=` is another member's then, `phone= code=17322732`.
    Name,
    /// What parts it from another member, of which nothing but signs was passed.
    Empty,
    /// A word of another member.
    Other,
}

impl Members {
    /// Passes a sign, and says whether it stands between a name and its own value: `{"phone":"","id":1732273200}`. Before
    /// a number without a check the value may be a word.
    #[inline]
    fn pass(&mut self, byte: u8, strict: bool) -> bool {
        *self = match (byte, *self) {
            (b':' | b'=', Self::Empty) => return true,
            (b':' | b'=', Self::Other) | (b'=', Self::Name) => return strict,
            (b':' | b'=', Self::Value) => Self::Sign,
            (b',' | b'&', passed) if !matches!(passed, Self::Value) => Self::Empty,
            (_, passed) => passed,
        };
        false
    }

    /// Passes a word.
    fn word(&mut self) {
        *self = match *self {
            Self::Sign => Self::Name,
            Self::Empty => Self::Other,
            passed => passed,
        };
    }
}

/// Whether a letter ends there, or another character of a word; a blank that breaks no line is none.
fn letter_ends(text: Text<'_>, at: usize) -> bool {
    let byte = text.back(at, 1);
    // Of more bytes than one are those blanks, and marks: no mark ends behind a letter.
    let plain = || crate::text::is(byte, LETTER) && text.is(at - 2, LETTER);
    crate::text::is(byte, LETTER | WIDE) && ((at > 1 && plain()) || text.sign_back(at).1 == 1)
}

/// The byte there in small letters: of ASCII, of Latin-1 (`É`) and of the Cyrillic alphabet.
fn small(text: Text<'_>, at: usize) -> u8 {
    let byte = text.get(at);
    if !crate::text::is(byte, WIDE) {
        return byte.to_ascii_lowercase();
    }
    match (text.back(at, 1), byte, text.get(at + 1)) {
        (0xC3, 0x80..=0x96 | 0x98..=0x9E, _) | (0xD0, 0x90..=0x9F, _) => byte + 0x20,
        // The second half of that alphabet's small letters stands behind another first byte.
        (0xD0, 0xA0..=0xAF, _) => byte - 0x20,
        (_, 0xD0, 0xA0..=0xAF) => 0xD1,
        _ => byte,
    }
}

/// Whether the full stop there stands right behind so short a word that it belongs to it, or behind `Nr`. Behind `Telefon` it ends a
/// sentence.
fn is_abbreviated(text: Text<'_>, stop: usize) -> bool {
    let word = (1..=2 * SHORT + 1).take_while(|back| text.is_back(stop, *back, LETTER | WIDE));
    // What goes on in UTF-8 is no letter of its own.
    let letters = word.filter(|back| text.back(stop, *back) & 0xC0 != 0x80).count();
    let number = || text.slice(stop.saturating_sub(2), stop);
    let number = || number().eq_ignore_ascii_case(b"nr") || number().eq_ignore_ascii_case(b"no");
    (1..=SHORT).contains(&letters) || (letters > SHORT && number())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Kind::{Phone, UsSsn};
    use crate::kinds::testing::{none, only};

    #[test]
    fn remarks_tags_and_wrappers_hide_no_name() {
        fn check(before: &str) {
            only(Phone, "2125550123", &format!("{before}2125550123"));
        }
        check("Phone (home): ");
        check("Phone(s): ");
        check("Phone [work]: ");
        check("Phone (business): ");
        check("<phone type=\"home\">");
        check("<phoneNumber type=\"other\" n=\"1\">");
        check("<ns:phone type=\"home\">");
        check("<home-phone primary=\"true\">");
        check("<contact.phone type=\"x\">");
        check("<td>Phone</td><td>");
        check("<td>Phone</td><td class=\"c2\">");
        check("<tr><th><b>Phone</b></th> <td>");
        check("<dt>Phone</dt> <dd>");
        check("<span class=\"phone\">");
        check("phone: Some(\"");
        check("phone: Some(");
        check("phone=Optional[");
        check("Phone(number='");
        only(UsSsn, "078051120", "<ssn type=\"us\" of=\"a person\">078051120</ssn>");
        none(&[
            "<td>Phone</td><td></td><td>1732273200</td>",
            "<td>Phone</td></tr><tr><td>1732273200</td>",
            "<phone></phone><value>1732273200</value>",
            "<phone/><order type=\"phone order\">1732273200</order>",
            "<order type=\"home\">1732273200</order>",
            "phone > 1000 and order > 1732273200",
        ]);
    }

    #[test]
    fn a_name_whose_own_value_stands_between_is_another_s() {
        none(&[
            r#"{"phone":"","id":1732273200}"#,
            r#"{"phone":"","value":1732273200}"#,
            r#"{"phone": "home", "code": 1732273200}"#,
            "phone=&id=1732273200",
            "phone=&code=1732273200",
            "phone=, id=1732273200",
            "level=info phone= code=1732273200 ms=3",
            "phone=\"\" number=1732273200",
            "phone=|number=1732273200",
            "<user phone=\"\" code=\"1732273200\">",
            "<phone/><value>1732273200</value>",
            "<phone nil=\"true\"/><value>1732273200</value>",
            "<mobile id=\"7\"/><number>1732273200</number>",
            "</ns:phone><value>1732273200</value>",
            "</home-phone><value>1732273200</value>",
            "<td>Phone</td><td/><td>1732273200</td>",
            "<td>Phone</td><td> </td><td>1732273200</td>",
            "<td>Phone</td><td>-</td><td>1732273200</td>",
            "phone: '', number: 1732273200",
        ]);
        only(Phone, "2125550123", r#"{"type":"phone","value":"2125550123"}"#);
        only(Phone, "2125550123", "type=phone&value=2125550123");
        only(Phone, "2125550123", "kind: phone, number: 2125550123");
        only(Phone, "2125550123", "Phone: home, 2125550123");
        only(Phone, "2125550123", r#"{"id":1732273200,"phone":"2125550123"}"#);
    }

    #[test]
    fn about_a_phone_and_no_number_of_one() {
        none(&[
            "phoneUpdatedAt=1700000000",
            "phone_updated_at=1700000000",
            "phoneVerified=1700000000",
            "phoneVerifiedAt: 1700000000",
            "phoneId=12345678",
            "phone_id=12345678",
            r#"{"mobileAppVersion":"12345678"}"#,
            "device=mobile id=12345678",
            "handy: 978-3-16-148410-0",
        ]);
        for name in ["phoneNumber", "phone_home", "phone_numbers", "phoneNo", "phone2", "customerPhone"] {
            only(Phone, "2125550123", &format!("{name}=2125550123"));
            only(Phone, "2125550123", &format!("{{\"{name}\":2125550123}}"));
        }
        only(Phone, "978-555-0123", "Handy: 978-555-0123");
    }

    #[test]
    fn what_a_redaction_left_names_nothing() {
        none(&["[phone] 1732273200", "call [phone], 1732273200", "[phone] [us_ssn] 078051120"]);
        only(Phone, "2125550123", "[phone]: 2125550123");
        only(Phone, "2125550123", "row[phone] = 2125550123");
        only(Phone, "2125550123", "[phone: 2125550123]");
    }

    static NAMES: Names = Names::new(&["phone", "telefon", "tel", "móvil"]);

    proptest! {
        /// What needs no closer look would find nothing in one.
        #[test]
        fn the_short_way_is_the_long_one(pieces in prop::collection::vec(
            prop::sample::select(vec!["phone", "tel", "m", "id", "my", "móvil", "N", "\"", ":", "=", " ", "_", "{", ",", "\x1b", "[",
                "0", "\x1b[0m", "\\", "\\n", "n", "/", ">", "<td>", "\u{a0}", ";", "."]),
            0..12,
        )) {
            let bytes = pieces.concat().into_bytes();
            let (text, end) = (Text::new(&bytes), bytes.len());
            if is_called_otherwise(text, end, &NAMES) {
                prop_assert!(!go_back(text, end, &NAMES, 0, |_| None));
                prop_assert!(!go_back(text, end, &NAMES, 0, |at| counter(text, at)));
            }
        }
    }

    #[test]
    fn names_before_a_number() {
        fn check(text: &str, others: usize, expect: bool) {
            let end = text.len();
            let text = Text::new(text.as_bytes());
            assert_eq!(says(text, end, &NAMES, others), expect);
        }
        check("phone ", 0, true);
        check("Phone number is: ", 0, true);
        check(r#"{"phoneNumber":""#, 0, true);
        check("customer_phone=", 0, true);
        check("telePhone ", 0, true);
        check("TEL. ", 0, true);
        check("Tel.: ", 0, true);
        check("tel.", 0, true);
        check("phone no. ", 0, true);
        check("Phone numbers: ", 0, true);
        check(r#"{"phone_numbers":[""#, 0, true);
        check(r#"{"phone_home":""#, 0, true);
        check("phone_verified_at=", 0, false);
        check(r#"{"type":"phone","value":""#, 0, true);
        check("Tel. Nr. ", 0, true);
        check("TEL.. ", 0, false);
        check("TEL . ", 0, false);
        check("Telefon. ", 0, false);
        check("my phone. No. ", 0, false);
        check("ist. ", 0, false);
        check("TEL: ", 0, true);
        check("Meine Telefonnummer lautet ", 0, true);
        check("móvil: ", 0, true);
        check("hotel ", 0, false);
        check("phone order ", 0, false);
        check("phone order ", 1, true);
        check("phone 12 ", 0, false);
        check("/phone/", 0, false);
        check("phone\n", 3, false);
        check("", 3, false);
        check("phone aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", 9, false);
    }
}
