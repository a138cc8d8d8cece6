//! Members whose names say nothing: of `{"phone":{"type":"home","number":"2125550123"}}` the number is that of `phone`.

use std::ops::Range;

/// Names of members that hold what the object around them is called.
const HOLDERS: [&[u8]; 4] = [b"number", b"value", b"text", b"display"];

/// A longer name is no word that is looked for.
const LONGEST: usize = 32;
/// Nobody has more than 99 of one kind.
const MOST_DIGITS: usize = 2;

/// The names around a place, as they are in the text that is read.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// What the objects and arrays around it are called.
    around: Vec<Range<usize>>,
    /// What is there is called so.
    name: Range<usize>,
}

impl Members {
    /// In what is called so.
    pub fn of(name: Range<usize>) -> Self {
        Self { around: Vec::new(), name }
    }

    /// An object or an array begins. Each item of an array has its name.
    pub fn opens(&mut self) {
        self.around.push(self.name.clone());
    }

    /// It ends.
    pub fn closes(&mut self) {
        self.name = self.around.pop().unwrap_or_default();
    }

    /// A member of this name begins. What it holds may be called as the object around it is: then this is given.
    pub fn begins(&mut self, text: &[u8], name: Range<usize>) -> Option<Range<usize>> {
        let read = |name: &Range<usize>| text.get(name.clone()).unwrap_or_default();
        let holds = HOLDERS.iter().any(|holder| read(&name).eq_ignore_ascii_case(holder));
        let around = self.around.last().filter(|around| holds && is_word(read(around))).cloned();
        self.name = around.clone().unwrap_or(name);
        around
    }
}

/// Whether it is made of letters, and may be counted: read a second time, nothing is found in it but by rules of the caller's own.
fn is_word(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let letters = name.get(..name.len() - digits.min(MOST_DIGITS)).unwrap_or_default();
    let is_of_word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' ' | 0x80..);
    (1..=LONGEST).contains(&name.len()) && !letters.is_empty() && letters.iter().all(is_of_word)
}
