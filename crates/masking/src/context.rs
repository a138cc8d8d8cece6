//! The words before a number. Digits with a weak check are personal data only where somebody calls them so.

use crate::text::{DIGIT, LETTER, LOWER, Text, UPPER, WIDE};

/// How far before the number is looked, in bytes.
pub(crate) const REACH: usize = 64;

/// How far back the other items of a list go, in bytes.
pub(crate) const LIST: usize = 256;

/// The longest word that is compared; of a longer one the end is.
const LONGEST: usize = 32;

/// What has a telephone's name and is none's number.
const MODELS: &[&str] = &["iphone"];

/// Nobody has more than 99 of one kind.
const LONGEST_COUNTER: usize = 2;

/// A small letter and a large one are the sign of a quantity.
const SIGN: usize = 2;

/// An abbreviation has no more bytes than this: `Tél`.
const SHORT: usize = 4;

/// Words that may stand between the name of a number and the number.
const FILLERS: &[&str] = &[
    "number", "no", "nr", "num", "nbr", "id", "is", "the", "my", "your", "his", "her", "at", "on", "ist",
    "lautet", "nummer", "meine", "die", "est", "le", "la", "du", "de", "numero", "numéro", "número", "n",
    "es", "mi", "il", "mio", "e", "è", "mijn", "to", "value", "code", "key", "text", "card", "or", "numbers",
    "nos", "nummern", "numeros", "numéros", "números", "home", "work", "main", "primary", "private",
    "privat",
];

/// Whether one of `names` is said before the place, on the same line. A name of five letters or more may have
/// an ending (`Telefonnummer`), a shorter one is a whole word. Words are split where small letters turn large (`phoneNumber`). At most
/// `others` words that are neither names nor fillers may stand between; digits, a semicolon or a full stop that is not an
/// abbreviation's (`Tel.`, `no.`) end the search if `others` is 0.
pub(crate) fn says(text: Text<'_>, at: usize, names: &[&str], others: usize) -> bool {
    search(text, at, names, others, |_| None)
}

/// The same with no other words between, for what people have several of: its name may be counted (`phone2`, `Phone 2:`), and is that of
/// each item of a list.
pub(crate) fn calls(text: Text<'_>, at: usize, names: &[&str]) -> bool {
    !begins_with_a_model(text, at) && search(text, list(text, at), names, 0, |at| counter(text, at))
}

/// Whether what begins there is the model of what is named right before it, and no number: `iPhone 15 - 1234567890`. Of a number itself
/// so short a beginning is a trunk prefix: `iPhone 06 12345678`.
fn begins_with_a_model(text: Text<'_>, at: usize) -> bool {
    let (before, length) = text.sign_back(at);
    let end = if matches!(before, b' ' | b'_' | b'-') { at - length } else { at };
    text.digits(at, LONGEST_COUNTER + 1) <= LONGEST_COUNTER && text.get(at) != b'0' && is_model(text, end)
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

/// Goes back from word to word. Digits that end the search may be a part of the name: then `counter` says where they begin.
fn search(
    text: Text<'_>,
    at: usize,
    names: &[&str],
    others: usize,
    counter: impl Fn(usize) -> Option<usize>,
) -> bool {
    // What stands in a path is called nothing.
    if text.back(at, 1) == b'/' {
        return false;
    }
    let mut left = others;
    let mut at = at;
    let end = at.saturating_sub(REACH);
    loop {
        // What is between words.
        while at > end && !letter_ends(text, at) {
            let byte = text.get(at - 1);
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
        let mut word = [0; LONGEST];
        let mut room = LONGEST;
        let mut part = None;
        let last = at;
        while at > end && letter_ends(text, at) {
            let (byte, before) = (text.get(at - 1), text.back(at, 2));
            if room > 0 {
                room -= 1;
                word[room] = byte.to_ascii_lowercase();
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
        let is_name = |word: &[u8]| names.iter().any(|name| matches(word, name.as_bytes()));
        // `pH` is no abbreviation of `phone`.
        let sign = part.is_some() && LONGEST - room == SIGN;
        if (!sign && is_name(&word[room..])) || part.is_some_and(|(from, _)| is_name(&word[from..])) {
            return true;
        }
        let word = match part {
            Some((from, place)) => {
                // What is before the last part is the next word.
                at = place;
                &word[from..]
            }
            None => &word[room..],
        };
        if !FILLERS
            .iter()
            .any(|filler| word.first() == filler.as_bytes().first() && word == filler.as_bytes())
        {
            if left == 0 {
                return false;
            }
            left -= 1;
        }
    }
}

/// Whether a letter ends there, or another character of a word; a blank that breaks no line is none.
fn letter_ends(text: Text<'_>, at: usize) -> bool {
    text.is_back(at, 1, LETTER | WIDE) && text.sign_back(at).1 == 1
}

/// Whether the full stop there stands right behind so short a word that it belongs to it. Behind `Telefon` it ends a sentence.
fn is_abbreviated(text: Text<'_>, stop: usize) -> bool {
    let letters = (1..=SHORT + 1).take_while(|back| text.is_back(stop, *back, LETTER | WIDE)).count();
    (1..=SHORT).contains(&letters)
}

fn matches(word: &[u8], name: &[u8]) -> bool {
    // Most differ in their first letter.
    word.first() == name.first() && if name.len() < 5 { word == name } else { word.starts_with(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_before_a_number() {
        fn check(text: &str, others: usize, expect: bool) {
            let end = text.len();
            let text = Text::new(text.as_bytes());
            assert_eq!(says(text, end, &["phone", "telefon", "tel", "móvil"], others), expect);
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
