//! The words before a number. Digits with a weak check are personal data only where somebody calls them so.

use crate::text::{DIGIT, LETTER, LOWER, Text, UPPER, WIDE};

/// How far before the number is looked, in bytes.
pub(crate) const REACH: usize = 64;

/// The longest word that is compared; of a longer one the end is.
const LONGEST: usize = 32;

/// An abbreviation has no more bytes than this: `Tél`.
const SHORT: usize = 4;

/// Words that may stand between the name of a number and the number.
const FILLERS: &[&str] = &[
    "number", "no", "nr", "num", "nbr", "id", "is", "the", "my", "your", "his", "her", "at", "on", "ist",
    "lautet", "nummer", "meine", "die", "est", "le", "la", "du", "de", "numero", "numéro", "número", "n",
    "es", "mi", "il", "mio", "e", "è", "mijn", "to", "value", "code", "key", "text", "card", "or",
];

/// Whether one of `names` is said before the place, on the same line. A name of five letters or more may have
/// an ending (`Telefonnummer`), a shorter one is a whole word. Words are split where small letters turn large (`phoneNumber`). At most
/// `others` words that are neither names nor fillers may stand between; digits, a semicolon or a full stop that is not an
/// abbreviation's (`Tel.`, `no.`) end the search if `others` is 0.
pub(crate) fn says(text: Text<'_>, at: usize, names: &[&str], others: usize) -> bool {
    // What stands in a path is called nothing.
    if text.back(at, 1) == b'/' {
        return false;
    }
    let mut left = others;
    let mut at = at;
    let end = at.saturating_sub(REACH);
    loop {
        // What is between words.
        while at > end && !text.is(at - 1, LETTER | WIDE) {
            let byte = text.get(at - 1);
            let stop = byte == b'.' && !is_abbreviated(text, at - 1);
            let strict = others == 0 && (text.is(at - 1, DIGIT) || byte == b';' || stop);
            if byte == b'\n' || strict {
                return false;
            }
            at -= 1;
        }
        let mut word = [0; LONGEST];
        let mut room = LONGEST;
        let mut part = None;
        let last = at;
        while at > end && text.is(at - 1, LETTER | WIDE) {
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
        if is_name(&word[room..]) || part.is_some_and(|(from, _)| is_name(&word[from..])) {
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
