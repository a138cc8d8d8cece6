//! Takes out what is somebody else's (GDPR Art. 15(4)), by the catalog's rules.
//!
//! A field that the catalog calls somebody else's is masked, whatever is in it: also what equals a value of the
//! person's own, for to show it would say that the two are the same. Then what it said is taken out of the
//! rest of the record too, if it has at least four characters. The person's own values stay there: a text
//! that equals one is not looked for, and one that is found inside of one is let alone, so that an address
//! `anna@example.com` survives an employee called Anna. What only contains an own value goes.

mod json;
mod words;

use domain::Personal;
use domain::catalog::{Collection, Whose};
use domain::export::{Datum, Row};

pub use json::{LARGEST, NotReadable, json};
use words::Words;

/// Masks one row, and says how many values were masked or had something masked in them. `own` are the
/// person's identities; the row's own identity fields are added to them.
pub fn row(collection: &Collection, mut row: Row, own: &[&str]) -> (Row, u64) {
    let is_other = |name: &str| collection.fields.get(name).is_some_and(|f| f.whose == Whose::Other);
    let mut words = Words::new(own);
    for (name, datum) in &row.fields {
        if is_other(name) {
            each_text(datum, &mut |text| words.add_other(text));
        } else if collection.fields.get(name).is_some_and(|field| field.identity.is_some()) {
            each_text(datum, &mut |text| words.add_own(text));
        }
    }
    words.ready();
    let mut masked = 0;
    for (name, datum) in &mut row.fields {
        if is_other(name) {
            // Nothing says nothing of anybody.
            if *datum != Datum::Null {
                masked += 1;
                *datum = Datum::Masked;
            }
        } else if !words.is_empty() {
            clean(datum, &words, &mut masked);
        }
    }
    (row, masked)
}

fn each_text(datum: &Datum, take: &mut impl FnMut(&str)) {
    match datum {
        Datum::Number(text) | Datum::Text(text) => take(text.expose()),
        Datum::List(all) => all.iter().for_each(|one| each_text(one, take)),
        Datum::Map(all) => all.values().for_each(|one| each_text(one, take)),
        Datum::Null | Datum::Bool(_) | Datum::Bytes(_) | Datum::Masked => {}
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
        Datum::Number(text) if words.is_other(text.expose()) => {
            *masked += 1;
            *datum = Datum::Masked;
        }
        Datum::List(all) => all.iter_mut().for_each(|one| clean(one, words, masked)),
        Datum::Map(all) => {
            let renamed: Vec<(String, String)> =
                all.keys().filter_map(|name| Some((name.clone(), words.clean(name)?))).collect();
            for (name, clean) in renamed {
                // Two names may become the same; both values stay.
                let free = (1..).map(|n| if n == 1 { clean.clone() } else { format!("{clean} {n}") });
                if let (Some(to), Some(value)) =
                    (free.into_iter().find(|to| !all.contains_key(to)), all.remove(&name))
                {
                    *masked += 1;
                    all.insert(to, value);
                }
            }
            for one in all.values_mut() {
                clean(one, words, masked);
            }
        }
        Datum::Null | Datum::Bool(_) | Datum::Number(_) | Datum::Bytes(_) | Datum::Masked => {}
    }
}

#[cfg(test)]
mod tests;
