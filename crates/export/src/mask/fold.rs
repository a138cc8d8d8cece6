//! One form for texts that are compared: canonically decomposed (NFD), without the difference of large and
//! small letters. `ZOË`, in one character or two, is `zoë`; `STRASSE` is `straße`.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
const CLASSES: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMapBorrowed::new();

/// A text in that form, and what was where.
pub(super) struct Folded {
    pub(super) text: String,
    /// Where each of its bytes was in the text, if a character begins there, and then the text's length;
    /// `None` if that is the same place, as in ASCII.
    places: Option<Vec<u32>>,
}

/// No character begins here.
const INSIDE: u32 = u32::MAX;

/// A place as it is kept: a text whose places do not fit is only made small, as ASCII is.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(INSIDE)
}

pub(super) fn fold(text: &str) -> Folded {
    if text.is_ascii() || u32::try_from(text.len()).is_err() {
        return Folded { text: text.to_ascii_lowercase(), places: None };
    }
    let mut folded = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        // A letter and its marks are one: their order is the normal form's affair.
        let mut end = at + first.len_utf8();
        while let Some((_, mark)) = rest.next_if(|(_, next)| is_mark(*next)) {
            end += mark.len_utf8();
        }
        places.push(place(at));
        for c in NFD.normalize(&text[at..end]).chars() {
            // By way of the large letters, which `ß`, `ς` and `ſ` share with others.
            let large = c.to_lowercase().flat_map(char::to_uppercase);
            folded.extend(large.flat_map(char::to_lowercase));
        }
        places.resize(folded.len(), INSIDE);
    }
    places.push(place(text.len()));
    Folded { text: folded, places: Some(places) }
}

impl Folded {
    /// Where a place of the folded text was in the text; `None` inside of a character.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        match &self.places {
            None => Some(at),
            Some(places) => places
                .get(at)
                .filter(|place| **place != INSIDE)
                .and_then(|place| usize::try_from(*place).ok()),
        }
    }

    /// Whether a span is a word or several, and no part of a longer one.
    pub(super) fn is_whole(&self, from: usize, to: usize) -> bool {
        if self.place(from).is_none() || self.place(to).is_none() {
            return false;
        }
        let before = self.text[..from].chars().rev().find(|c| !is_mark(*c));
        let mut inside = self.text[from..to].chars();
        let first = inside.next();
        let last = inside.rev().find(|c| !is_mark(*c)).or(first);
        !goes_on(before, first) && !goes_on(last, self.text[to..].chars().next())
    }
}

/// Whether the two are in the same word.
fn goes_on(one: Option<char>, next: Option<char>) -> bool {
    let is_of_a_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_dense(c));
    is_of_a_word(one) && is_of_a_word(next)
}

fn is_mark(c: char) -> bool {
    CLASSES.get_u8(c) != 0
}

/// Whether it is of a script that puts no space between words, or joins endings to names, and in which two
/// characters are a name: Thai, Lao, Myanmar, Khmer, Chinese, Japanese, Korean.
pub(super) fn is_dense(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{318F}' | '\u{31A0}'..='\u{31FF}' | '\u{3400}'..='\u{9FFF}' | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FFDC}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_two_ways_is_one() {
        for (one, other) in [
            ("ZOË ÖZIL", "Zoe\u{308} O\u{308}zil"),
            ("Straße", "STRASSE"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("\u{1EAD}", "\u{E2}\u{323}"),
            ("김민수", "\u{1100}\u{1175}\u{11B7}\u{1106}\u{1175}\u{11AB}\u{1109}\u{116E}"),
        ] {
            assert_eq!(fold(one).text, fold(other).text, "{one} {other}");
        }
        assert_ne!(fold("Zoë").text, fold("Zoe").text);
    }

    #[test]
    fn every_place_is_where_it_was() {
        let text = "aẞ\u{1EAD}b";
        let folded = fold(text);
        assert_eq!(folded.text, "assa\u{323}\u{302}b");
        let places: Vec<_> = (0..=folded.text.len()).filter_map(|at| folded.place(at)).collect();
        assert_eq!(places, [0, 1, 4, 7, 8]);
    }

    #[test]
    fn a_word_is_whole_or_none() {
        fn check(text: &str, word: &str, expect: bool) {
            let (text, word) = (fold(text), fold(word).text);
            let at = text.text.find(&word).expect("it is there");
            assert_eq!(text.is_whole(at, at + word.len()), expect, "{} {word}", text.text);
        }
        check("Anna", "anna", true);
        check("(Anna)", "anna", true);
        check("seen_by_anna@shop", "anna@shop", true);
        check("+49170", "+49", false);
        check("0049 170", "0049", true);
        check("1+49 170", "+49", true);
        check("Annapolis", "anna", false);
        check("Hanna", "anna", false);
        check("ë\u{308}anna", "anna", false);
        check("Zoë", "zo", false);
        check("zoe\u{308}", "zoe", false);
        check("担当者山田太郎です", "山田太郎", true);
        check("김민수는", "김민수", true);
    }
}
