//! Takes out what is somebody else's (GDPR Art. 15(4)), by the catalog's rules.
//!
//! A field that the catalog calls somebody else's is masked, whatever is in it: also what equals a value of the
//! person's own, for to show it would say that the two are the same. Then what it said is taken out of the
//! rest of the record too, where it stands as a word or several: in texts, in bytes that are text, in names
//! that the catalog does not know, and in what the object's file is called. The record itself must stay true,
//! so this is only done with what says who somebody is: a text of at least four characters (of Chinese and
//! the like: two) and at most 16 KiB, or with at least seven digits where it has no letters; no number, no date. A key, a version and a reference stay as they are.
//!
//! The person's own values stay too: a text that equals one is not looked for, and one that is found inside of
//! one is let alone, so that an address `anna@example.com` survives an employee called Anna. What only
//! contains an own value goes.

mod fold;
mod json;
mod key;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use domain::Personal;
use domain::catalog::{Collection, Whose};
use domain::export::{Bytes, Datum, Row};

pub use json::{LARGEST, NotReadable, json};
use words::{Words, is_personal_name, may_be_of_the_form};

/// Masks one row, and says how many values were masked or had something masked in them. `own` are the
/// person's identities; the row's own identity fields are added to them.
pub fn row(collection: &Collection, mut row: Row, own: &[&str]) -> (Row, u64) {
    let is_other = |name: &str| collection.fields.get(name).is_some_and(|f| f.whose == Whose::Other);
    let mut words = Words::new(own);
    let mut names = BTreeSet::new();
    for (name, datum) in &row.fields {
        if is_other(name) {
            each_text(datum, &mut |text| words.add_other(text));
            each_name(datum, &mut |name| {
                names.insert(name.to_owned());
            });
        } else if collection.fields.get(name).is_some_and(|field| field.identity.is_some()) {
            each_number(datum, &mut |text| words.add_own(text));
            each_text(datum, &mut |text| words.add_own(text));
        }
    }
    names.retain(|name| is_personal_name(name));
    if !names.is_empty() {
        // What stands elsewhere as a name too is how the records are made.
        for (name, datum) in row.fields.iter().filter(|(name, _)| !is_other(name)) {
            let mut spare = |name: &str| may_be_of_the_form(name) && names.remove(name);
            spare(name);
            each_name(datum, &mut |name| {
                spare(name);
            });
        }
        for name in &names {
            words.add_other(name);
        }
    }
    words.ready();
    if let (Some(template), Some(content)) = (&collection.object, &mut row.content) {
        let shown = key::shown(template, content.key.expose(), &row.fields, is_other, &words);
        content.shown_key = shown.map(Personal::new);
    }
    let mut masked = 0;
    for (name, datum) in &mut row.fields {
        if is_other(name) {
            // Nothing says nothing of anybody.
            if *datum != Datum::Null {
                masked += 1;
                *datum = Datum::Masked;
            }
        } else if !words.is_empty() && !is_place(collection, name) {
            clean(datum, &words, &mut masked);
        }
    }
    // The names that the catalog has are of nobody.
    rename(&mut row.fields, |name| !collection.fields.contains_key(name), &words, &mut masked);
    (row, masked)
}

/// Whether a field says which record it is, how new, or what it belongs to. Without that it is another record.
fn is_place(collection: &Collection, name: &str) -> bool {
    collection.key.iter().any(|key| key == name)
        || collection.version.as_deref() == Some(name)
        || collection.fields.get(name).is_some_and(|field| field.references.is_some())
}

fn each_text(datum: &Datum, take: &mut impl FnMut(&str)) {
    match datum {
        Datum::Text(text) => take(text.expose()),
        Datum::Bytes(bytes) => {
            if let Ok(text) = std::str::from_utf8(bytes.expose()) {
                take(text);
            }
        }
        Datum::List(all) => all.iter().for_each(|one| each_text(one, take)),
        Datum::Map(all) => all.values().for_each(|one| each_text(one, take)),
        Datum::Null | Datum::Bool(_) | Datum::Number(_) | Datum::Masked => {}
    }
}

fn each_number(datum: &Datum, take: &mut impl FnMut(&str)) {
    match datum {
        Datum::Number(text) => take(text.expose()),
        Datum::List(all) => all.iter().for_each(|one| each_number(one, take)),
        Datum::Map(all) => all.values().for_each(|one| each_number(one, take)),
        Datum::Null | Datum::Bool(_) | Datum::Text(_) | Datum::Bytes(_) | Datum::Masked => {}
    }
}

fn each_name(datum: &Datum, take: &mut impl FnMut(&str)) {
    match datum {
        Datum::List(all) => all.iter().for_each(|one| each_name(one, take)),
        Datum::Map(all) => {
            for (name, one) in all {
                take(name);
                each_name(one, take);
            }
        }
        Datum::Null
        | Datum::Bool(_)
        | Datum::Number(_)
        | Datum::Text(_)
        | Datum::Bytes(_)
        | Datum::Masked => {}
    }
}

fn clean(datum: &mut Datum, words: &Words, masked: &mut u64) {
    match datum {
        Datum::Text(text) => {
            if let Some(clean) = words.clean(text.expose()) {
                *masked += 1;
                *text = Personal::new(clean);
            }
        }
        Datum::Bytes(bytes) => {
            if let Some(clean) = std::str::from_utf8(bytes.expose()).ok().and_then(|text| words.clean(text)) {
                *masked += 1;
                *bytes = Bytes::new(clean.into_bytes());
            }
        }
        Datum::Number(text) if words.is_other(text.expose()) => {
            *masked += 1;
            *datum = Datum::Masked;
        }
        Datum::List(all) => all.iter_mut().for_each(|one| clean(one, words, masked)),
        Datum::Map(all) => {
            rename(all, |_| true, words, masked);
            for one in all.values_mut() {
                clean(one, words, masked);
            }
        }
        Datum::Null | Datum::Bool(_) | Datum::Number(_) | Datum::Masked => {}
    }
}

/// Cleans names, those that may be.
fn rename(all: &mut BTreeMap<String, Datum>, may: impl Fn(&str) -> bool, words: &Words, masked: &mut u64) {
    let names = all.keys().filter(|name| may(name));
    let renamed: Vec<_> = names.filter_map(|name| Some((name.clone(), words.clean(name)?))).collect();
    for (name, clean) in renamed {
        // Two names may become the same; both values stay.
        let mut free = (1..).map(|n| numbered(&clean, n)).filter(|to| !all.contains_key(to));
        if let (Some(to), Some(value)) = (free.next(), all.remove(&name)) {
            *masked += 1;
            all.insert(to, value);
        }
    }
}

/// The name, and from the second on which one of that name it is.
fn numbered(name: &str, n: u32) -> String {
    if n == 1 { name.to_owned() } else { format!("{name} {n}") }
}

#[cfg(test)]
mod tests;
