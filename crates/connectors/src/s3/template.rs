//! Key templates: `tickets/{customer_id}/{ticket_id}.json`, or `tickets/{customer_id}/` for all keys
//! that begin so.

use std::collections::BTreeMap;

use domain::catalog::{Collection, FieldKind};
use domain::plan::Value;

/// Attempts to read one key before it is called ambiguous. Only keys made for it take so many.
const MOST_STEPS: u32 = 10_000;

/// A key is at most this many bytes long.
const LONGEST_KEY: usize = 1024;

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Field(&'a str, FieldKind),
    /// Whatever follows, or nothing.
    Rest,
}

/// A key template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template<'a> {
    parts: Vec<Part<'a>>,
}

/// Where the objects of one value are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// Their keys begin with this.
    pub(super) prefix: String,
    /// And end there: it is one object.
    pub(super) exact: bool,
}

/// Where the objects of a value can be.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// There.
    At(Span),
    /// Nowhere: no key has such a value.
    Nowhere,
    /// Who knows: keys that hold it are written in a way that the template does not tell.
    Unclear,
}

/// What a key says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is not of this template.
    Other,
    /// These are its fields.
    Fields(BTreeMap<String, Value>),
    /// It can be read in two ways, so that it could be somebody else's.
    Ambiguous,
}

impl<'a> Template<'a> {
    /// A collection's template; `None` if it has none, or a field of it is not declared.
    pub(super) fn of(collection: &'a Collection) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = collection.object.as_deref()?;
        while let Some((literal, tail)) = rest.split_once('{') {
            let (name, tail) = tail.split_once('}')?;
            let field = collection.fields.get(name)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(literal));
            }
            parts.push(Part::Field(name, field.kind));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest));
        }
        if rest.ends_with('/') {
            parts.push(Part::Rest);
        }
        Some(Self { parts })
    }

    /// Where all of its objects are: before the first field, every key is the same.
    pub(super) fn all(&self) -> Span {
        let before = self.parts.iter().map_while(|part| match part {
            Part::Literal(literal) => Some(*literal),
            Part::Field(..) | Part::Rest => None,
        });
        Span { prefix: before.collect(), exact: false }
    }

    /// The key whose fields are these; `None` if one is missing, or if the key could be taken for another
    /// one. What lies in a folder has the name `rest` there.
    pub(super) fn fill(&self, values: &BTreeMap<String, Value>, rest: &str) -> Option<String> {
        let mut key = String::new();
        let mut filled = BTreeMap::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => key.push_str(literal),
                Part::Rest => key.push_str(rest),
                Part::Field(name, kind) => {
                    let text = values.get(*name)?.expose();
                    if *kind == FieldKind::Text && text.contains(unclear) {
                        return None;
                    }
                    key.push_str(text);
                    filled.insert((*name).to_owned(), Value::of(*kind, text));
                }
            }
        }
        let is_told = key.len() <= LONGEST_KEY && self.read(&key) == Reading::Fields(filled);
        is_told.then_some(key)
    }

    /// Whether a key's first field is this one: then its objects are found by a prefix.
    pub(super) fn begins_with(&self, field: &str) -> bool {
        let first = self.parts.iter().find_map(|part| match part {
            Part::Field(name, _) => Some(*name),
            Part::Literal(_) | Part::Rest => None,
        });
        first == Some(field)
    }

    /// Where the objects are whose first field has the value.
    ///
    /// A value with a slash would reach into somebody else's folder, and how an application writes a
    /// slash into a key, or a control character, is its own affair; a percent sign may be such a
    /// writing, or stand for itself. Looking for one of them and finding nothing would prove nothing.
    pub(super) fn reach(&self, text: &str) -> Reach {
        let mut prefix = String::new();
        let mut exact = true;
        let mut filled = false;
        for part in &self.parts {
            match part {
                Part::Literal(literal) => prefix.push_str(literal),
                Part::Field(_, FieldKind::Text) if !filled && text.contains(unclear) => {
                    return Reach::Unclear;
                }
                Part::Field(_, kind) if !filled => {
                    if !fits(*kind, text) {
                        return Reach::Nowhere;
                    }
                    prefix.push_str(text);
                    filled = true;
                }
                Part::Field(..) | Part::Rest => {
                    exact = false;
                    break;
                }
            }
        }
        if filled && prefix.len() <= LONGEST_KEY { Reach::At(Span { prefix, exact }) } else { Reach::Nowhere }
    }

    /// Reads a key.
    pub(super) fn read(&self, key: &str) -> Reading {
        let mut search = Attempt { readings: Vec::new(), steps: 0 };
        search.go(&self.parts, key, &mut Vec::new());
        if search.steps >= MOST_STEPS || search.readings.len() > 1 {
            return Reading::Ambiguous;
        }
        match search.readings.pop() {
            None => Reading::Other,
            Some(fields) => Reading::Fields(
                fields
                    .into_iter()
                    .map(|(name, kind, text)| (name.to_owned(), Value::of(kind, text)))
                    .collect(),
            ),
        }
    }
}

type Fields<'t> = Vec<(&'t str, FieldKind, &'t str)>;

struct Attempt<'t> {
    readings: Vec<Fields<'t>>,
    steps: u32,
}

impl<'t> Attempt<'t> {
    fn go(&mut self, parts: &[Part<'t>], rest: &'t str, so_far: &mut Fields<'t>) {
        self.steps += 1;
        if self.readings.len() > 1 || self.steps >= MOST_STEPS {
            return;
        }
        match parts {
            [] if rest.is_empty() => self.readings.push(so_far.clone()),
            [] => {}
            [Part::Rest, ..] => self.readings.push(so_far.clone()),
            [Part::Literal(literal), later @ ..] => {
                if let Some(rest) = rest.strip_prefix(literal) {
                    self.go(later, rest, so_far);
                }
            }
            [Part::Field(name, kind)] => {
                if fits(*kind, rest) {
                    so_far.push((name, *kind, rest));
                    self.readings.push(so_far.clone());
                    so_far.pop();
                }
            }
            [Part::Field(name, kind), later @ ..] => {
                let Some(Part::Literal(literal)) = later.first() else {
                    return; // Two fields that touch: the catalog refuses them.
                };
                for (end, _) in rest.match_indices(literal) {
                    let Some((text, tail)) = rest.split_at_checked(end) else {
                        continue;
                    };
                    if text.contains('/') {
                        break;
                    }
                    if fits(*kind, text) {
                        so_far.push((name, *kind, text));
                        self.go(later, tail, so_far);
                        so_far.pop();
                    }
                }
            }
        }
    }
}

/// What an application may write in another way into a key.
fn unclear(character: char) -> bool {
    matches!(character, '/' | '%') || character.is_control()
}

/// Whether a text can be a field of a key.
fn fits(kind: FieldKind, text: &str) -> bool {
    match kind {
        FieldKind::Text => !text.is_empty() && !text.contains('/'),
        FieldKind::Number => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(template: &str, kinds: &[(&str, &str)]) -> Collection {
        let fields: Vec<String> = kinds
            .iter()
            .map(|(name, kind)| {
                format!(r#""{name}":{{"category":"user","class":"internal","kind":"{kind}"}}"#)
            })
            .collect();
        let text = format!(
            r#"{{"name":"c","resource":"b","object":"{template}","fields":{{{}}},"erasure":{{"method":"delete"}}}}"#,
            fields.join(",")
        );
        serde_json::from_str(&text).expect("a collection")
    }

    const TICKET: &str = "tickets/{person}/{ticket}.json";
    const TEXTS: &[(&str, &str)] = &[("person", "text"), ("ticket", "text")];

    fn reads(template: &str, kinds: &[(&str, &str)], key: &str) -> String {
        let collection = collection(template, kinds);
        match Template::of(&collection).expect("a template").read(key) {
            Reading::Other => "other".to_owned(),
            Reading::Ambiguous => "ambiguous".to_owned(),
            Reading::Fields(fields) => {
                let fields = fields.iter().map(|(n, v)| format!("{n}={}", v.expose()));
                fields.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn a_key_is_read_in_the_one_way_it_can_be() {
        let check = |key, expect: &str| assert_eq!(reads(TICKET, TEXTS, key), expect, "{key}");
        check("tickets/7/41.json", "person=7 ticket=41");
        check("tickets/7/a.json.json", "person=7 ticket=a.json");
        check("tickets/7/a/b.json", "other");
        check("tickets/7/.json", "other");
        check("tickets//41.json", "other");
        check("tickets/7/41.xml", "other");
        check("ticket/7/41.json", "other");
        check("tickets/é\u{1f600}/\u{1}.json", "person=é\u{1f600} ticket=\u{1}");
    }

    #[test]
    fn a_key_that_could_be_two_people_s_is_nobody_s() {
        let check = |kinds, key, expect: &str| {
            assert_eq!(reads("{person}-{ticket}", kinds, key), expect, "{key}");
        };
        check(TEXTS, "7-41", "person=7 ticket=41");
        check(TEXTS, "7-x-41", "ambiguous");
        check(&[("person", "number"), ("ticket", "text")], "7-x-41", "person=7 ticket=x-41");
        check(&[("person", "text"), ("ticket", "number")], "7-x-41", "person=7-x ticket=41");
        check(TEXTS, "-41", "other");
    }

    #[test]
    fn a_key_made_to_be_slow_is_not() {
        let template = "{person}-{ticket}-{c}-{d}-{e}-{f}.json";
        let kinds: Vec<(&str, &str)> = ["person", "ticket", "c", "d", "e", "f"].map(|n| (n, "text")).to_vec();
        assert_eq!(reads(template, &kinds, &"-a".repeat(500)), "ambiguous");
    }

    #[test]
    fn a_template_that_ends_in_a_slash_has_everything_below_it() {
        let check = |template, key, expect: &str| assert_eq!(reads(template, TEXTS, key), expect, "{key}");
        check("tickets/{person}/", "tickets/7/41.json", "person=7");
        check("tickets/{person}/", "tickets/7/41/scan.png", "person=7");
        check("tickets/{person}/", "tickets/7/", "person=7");
        check("tickets/{person}/", "tickets/7", "other");
        check("tickets/{person}/", "tickets//41.json", "other");
        check("{person}/{ticket}/", "7/41/a/b", "person=7 ticket=41");
        check("{person}/{ticket}/", "7/41", "other");
        check("{person}-{ticket}/", "7-41/a", "person=7 ticket=41");
        check("{person}-{ticket}/", "7-x-41/a", "ambiguous");
    }

    fn reaches(template: &str, kinds: &[(&str, &str)], text: &str) -> String {
        let collection = collection(template, kinds);
        match Template::of(&collection).expect("a template").reach(text) {
            Reach::At(Span { prefix, exact: true }) => prefix,
            Reach::At(Span { prefix, exact: false }) => prefix + "*",
            Reach::Nowhere => "nowhere".to_owned(),
            Reach::Unclear => "unclear".to_owned(),
        }
    }

    #[test]
    fn a_value_reaches_its_own_objects_alone() {
        let check = |template: &str, text: &str, expect: &str| {
            assert_eq!(reaches(template, TEXTS, text), expect);
        };
        check(TICKET, "7", "tickets/7/*");
        check("tickets/{person}/", "7", "tickets/7/*");
        check("{person}/{ticket}/", "7", "7/*");
        check("avatars/{person}.png", "1", "avatars/1.png");
        check("{person}", "1", "1");
        check("{person}-{ticket}", "1", "1-*");
        check(TICKET, "O'Brien \"x\" 😀", "tickets/O'Brien \"x\" 😀/*");
        check(TICKET, "..", "tickets/../*");
        check(TICKET, "", "nowhere");
        check(TICKET, &"x".repeat(1025), "nowhere");
        for unclear in ["7/8", "/", "a%2Fb", "100%", "a\0b", "a\nb", "a\u{85}b"] {
            check(TICKET, unclear, "unclear");
        }
        let numbers = [("person", "number"), ("ticket", "text")];
        assert_eq!(reaches(TICKET, &numbers, "-7"), "tickets/-7/*");
        for never in ["7/8", "seven", "7%", ""] {
            assert_eq!(reaches(TICKET, &numbers, never), "nowhere", "{never}");
        }
    }
}
