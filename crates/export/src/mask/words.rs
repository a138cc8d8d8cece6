//! Finding somebody else's texts in other texts.

use domain::export::Datum;

/// Shorter texts are found everywhere and say nothing.
const SHORTEST: usize = 4;

/// Texts of others that are to go, and of the person that are to stay; all in small ASCII letters.
pub(super) struct Words {
    others: Vec<String>,
    own: Vec<String>,
}

impl Words {
    pub(super) fn new(own: &[&str]) -> Self {
        let mut words = Self { others: Vec::new(), own: Vec::new() };
        for text in own {
            words.add_own(text);
        }
        words
    }

    pub(super) fn add_own(&mut self, text: &str) {
        let text = text.trim().to_ascii_lowercase();
        if !text.is_empty() {
            self.own.push(text);
        }
    }

    pub(super) fn add_other(&mut self, text: &str) {
        let text = text.trim().to_ascii_lowercase();
        if text.chars().count() >= SHORTEST {
            self.others.push(text);
        }
    }

    /// To be called when all are added: the longest are looked for first.
    pub(super) fn ready(&mut self) {
        let own = &self.own;
        self.others.retain(|text| !own.contains(text));
        self.others.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.others.dedup();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether the whole text is somebody else's.
    pub(super) fn is_other(&self, text: &str) -> bool {
        self.others.contains(&text.trim().to_ascii_lowercase())
    }

    /// The text without what is somebody else's; `None` if there is nothing of it.
    pub(super) fn clean(&self, text: &str) -> Option<String> {
        // As long as the text, byte by byte: only ASCII letters change.
        let small = text.to_ascii_lowercase();
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut kept: Option<Vec<(usize, usize)>> = None;
        for other in &self.others {
            for at in overlapping(&small, other) {
                let span = (at, at + other.len());
                let kept = kept.get_or_insert_with(|| self.kept(&small));
                let is_own = kept.iter().any(|own| own.0 <= span.0 && span.1 <= own.1);
                if !is_own {
                    found.push(span);
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        let mut clean = String::with_capacity(text.len());
        let mut done = 0;
        for (from, to) in found {
            // What overlaps goes with what it overlaps.
            if from >= done {
                clean.push_str(&text[done..from]);
                clean.push_str(Datum::MASKED);
            }
            done = done.max(to);
        }
        clean.push_str(&text[done..]);
        Some(clean)
    }

    fn kept(&self, small: &str) -> Vec<(usize, usize)> {
        let spans = self.own.iter().flat_map(|own| overlapping(small, own).map(|at| (at, at + own.len())));
        spans.collect()
    }
}

/// Every place where it is, also those that overlap.
fn overlapping<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text.get(from..)?.find(word)?;
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        Some(at)
    })
}
