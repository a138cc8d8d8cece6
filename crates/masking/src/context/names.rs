//! Words that are looked for before a number, all of one meaning.

/// Names of something, or other words, in small letters.
pub(crate) struct Names {
    all: &'static [&'static str],
    /// Which second bytes stand behind a first one, by their last five bits: those of small letters differ. Most words are none of
    /// the names, and known as such without a look at each.
    seconds: [u32; 256],
}

/// A name of so many letters may have an ending, a shorter one is a whole word.
const LONG: usize = 5;

impl Names {
    pub const fn new(all: &'static [&'static str]) -> Self {
        let mut seconds = [0; 256];
        let mut at = 0;
        while at < all.len() {
            let name = all[at].as_bytes();
            seconds[name[0] as usize] |= bit(if name.len() > 1 { name[1] } else { 0 });
            at += 1;
        }
        Self { all, seconds }
    }

    /// Whether one of them may begin as the word does.
    #[inline]
    fn may_begin(&self, word: &[u8]) -> bool {
        let second = word.get(1).copied().unwrap_or(0);
        word.first().is_some_and(|first| self.seconds[usize::from(*first)] & bit(second) != 0)
    }

    /// Whether the word is one of them.
    pub fn has(&self, word: &[u8]) -> bool {
        let is = |name: &&str| name.as_bytes().first() == word.first() && name.as_bytes() == word;
        self.may_begin(word) && self.all.iter().any(is)
    }

    /// Whether the word is one of them with more than so many bytes, with or without an ending.
    pub fn begin(&self, word: &[u8], longer: usize) -> bool {
        self.may_begin(word)
            && self.all.iter().any(|name| matches(word, name.as_bytes()) && name.len() > longer)
    }

    /// Whether the word is one of them, whatever its letters' size.
    pub fn has_in_any_case(&self, word: &[u8]) -> bool {
        self.all.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word))
    }
}

const fn bit(byte: u8) -> u32 {
    1 << (byte & 0x1F)
}

/// Of Cyrillic letters each has two bytes.
fn is_short(name: &[u8]) -> bool {
    let long = if matches!(name.first(), Some(0xD0 | 0xD1)) { 2 * LONG } else { LONG };
    name.len() < long
}

fn matches(word: &[u8], name: &[u8]) -> bool {
    // Most differ in their first letter.
    word.first() == name.first() && if is_short(name) { word == name } else { word.starts_with(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDS: Names = Names::new(&["tel", "phone", "tél", "identifikationsnummer-der-steuer-2"]);

    #[test]
    fn whole_words_and_beginnings() {
        for name in WORDS.all {
            assert!(WORDS.has(name.as_bytes()) && WORDS.begin(name.as_bytes(), 0), "{name}");
            assert!(!WORDS.has(&name.as_bytes()[1..]) && !WORDS.begin(&name.as_bytes()[1..], 0), "{name}");
        }
        assert!(WORDS.begin(b"phones", 0) && !WORDS.has(b"phones"));
        assert!(!WORDS.begin(b"tell", 0), "a short one is a whole word");
        assert!(WORDS.begin(b"phone", 4) && !WORDS.begin(b"phone", 5), "only longer ones count");
        assert!(WORDS.has_in_any_case(b"PHone") && !WORDS.has_in_any_case(b"phon"));
        assert!(!WORDS.has(b"") && !WORDS.begin(b"", 0));
    }
}
