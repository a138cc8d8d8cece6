//! For the kinds' tests: what is found in a text when every kind is looked for.

use crate::{Kind, Masker};

/// What is found, as it stands in the text.
pub fn found(text: &str) -> Vec<(Kind, String)> {
    let masker = Masker::default();
    let found = masker.find(text.as_bytes());
    found.map(|f| (f.kind, String::from_utf8_lossy(&text.as_bytes()[f.range]).into_owned())).collect()
}

/// Just this is found in the text, and nothing else.
#[track_caller]
pub fn only(kind: Kind, value: &str, text: &str) {
    assert_eq!(found(text), [(kind, value.to_owned())], "in {text}");
}

/// Each of these is found alone: by itself, in a sentence, in JSON and at the end of a line.
#[track_caller]
pub fn all(kind: Kind, values: &[&str]) {
    for value in values {
        only(kind, value, value);
        only(kind, value, &format!("seen {value}, and again"));
        only(kind, value, &format!("{{\"value\":\"{value}\"}}"));
        only(kind, value, &format!("a\n{value}\nb"));
    }
}

/// The same for what needs a word before it: it is found behind the word, and not without.
#[track_caller]
pub fn all_named(kind: Kind, name: &str, values: &[&str]) {
    for value in values {
        only(kind, value, &format!("{name}: {value}."));
        only(kind, value, &format!("{{\"{name}\":\"{value}\"}}"));
        assert!(!found(value).iter().any(|(k, _)| *k == kind), "{value} is found without a name");
    }
}

/// No kind is found.
#[track_caller]
pub fn none(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "in {text}");
    }
}

/// Just these are found in the text, in this order.
#[track_caller]
pub fn each_in(text: &str, values: &[&str]) {
    let found: Vec<String> = found(text).into_iter().map(|(_, value)| value).collect();
    assert_eq!(found, values, "in {text}");
}
