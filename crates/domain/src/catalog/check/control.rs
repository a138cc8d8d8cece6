//! What a store's control must have, so that every search of the store can be proven by it.

use std::collections::BTreeSet;

use super::super::control::ControlValue;
use super::super::{Catalog, Collection, FieldKind, Store};
use super::objects::template_fields;
use super::{Problem, Report};
use crate::identity::Identity;
use crate::pii::Personal;

/// Bytes of a control's text at the most.
const MOST_TEXT: usize = 512;

impl Catalog {
    /// The stores whose searches nothing can prove, with what to write. A catalog is not published with one;
    /// where one was, before this was asked, no request is fulfilled by what that store does not find.
    pub fn unproven(&self) -> Vec<Problem> {
        let mut report = Report { catalog: self, problems: Vec::new() };
        for store in &self.stores {
            report.check_has_control(store);
        }
        report.problems
    }
}

impl Report<'_> {
    fn check_has_control(&mut self, s: &Store) {
        let searched: Vec<&Collection> = s.collections.iter().filter(|c| c.wants_control()).collect();
        let Some(control) = &s.control else {
            if !searched.is_empty() {
                let wanted: Vec<String> =
                    searched.iter().map(|c| format!("{} ({})", c.name, join(&needed(c)))).collect();
                let what = "it has no control person, so that nothing proves that a search of it would find \
                            anybody";
                let fix = format!(
                    "set `control.records` to a synthetic person's record in each of: {}",
                    wanted.join(", ")
                );
                self.store(s, what, &fix);
            }
            return;
        };
        for c in searched {
            let record = control.records.get(&c.name);
            let lacks = |name: &&str| record.is_none_or(|record| !record.contains_key(*name));
            let lacking: BTreeSet<&str> = needed(c).into_iter().filter(lacks).collect();
            if !lacking.is_empty() {
                let what = "the control person's record is not whole";
                let fix = format!("set {} in `control.records.{}`", join(&lacking), c.name);
                self.collection(s, c, what, &fix);
            }
        }
    }

    /// Whatever a control says must be so that it is found, and is nobody's.
    pub(super) fn check_control(&mut self, s: &Store) {
        let Some(control) = &s.control else { return };
        for (name, record) in &control.records {
            let Some(c) = s.collection(name) else {
                let what = format!("its control has a record in {name}, which it does not have");
                self.store(s, &what, "name one of its collections, or remove the record");
                continue;
            };
            for (field, value) in record {
                if !c.fields.contains_key(field) {
                    self.field(
                        s,
                        c,
                        field,
                        "the control's field is not declared",
                        "declare it under `fields`",
                    );
                } else if let Some((what, fix)) = wrong(self.catalog, c, (field, value)) {
                    self.field(s, c, field, &format!("the control's value {what}"), &fix);
                }
            }
        }
    }
}

/// The fields that a record of a control needs: its key, and all by which it is found.
fn needed(c: &Collection) -> BTreeSet<&str> {
    let in_key = c.object.as_deref().and_then(template_fields).unwrap_or_default();
    let key = c.key.iter().map(String::as_str);
    key.chain(in_key).chain(c.ways().map(|way| way.name)).collect()
}

fn join(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// What is wrong with a value, and what to write instead.
fn wrong(
    catalog: &Catalog,
    c: &Collection,
    (name, value): (&str, &ControlValue),
) -> Option<(&'static str, String)> {
    let text = value.text();
    if text.trim() != text || text.is_empty() || text.len() > MOST_TEXT || text.chars().any(char::is_control)
    {
        let fix = "write 1 to 512 bytes of text, without control characters or white space around it";
        return Some(("is empty, too long, or has white space around it", fix.to_owned()));
    }
    if c.object.as_deref().and_then(template_fields).is_some_and(|fields| fields.contains(&name))
        && !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    {
        return Some(("is no plain part of an object's key", "use letters, digits, -, _ and .".to_owned()));
    }
    let field = c.fields.get(name)?;
    if value.kind() != field.kind {
        let fix = match field.kind {
            FieldKind::Number => "write a whole number, without quotes",
            FieldKind::Text => "write a text, in quotes if it is all digits",
        };
        return Some(("has another form than the field", fix.to_owned()));
    }
    if let Some(kind) = field.identity.clone() {
        let is_email = kind.as_str() == "email";
        match Identity::new(kind, &Personal::new(&text)) {
            Err(_) => return Some(("is not of its identity type", "write one that is".to_owned())),
            // Stores are searched for it as it is written here, and people write it in small letters.
            Ok(identity) if is_email && identity.written.is_some() => {
                return Some(("has capital letters", "write the address in small letters".to_owned()));
            }
            Ok(_) if is_email && !is_reserved(&text) => {
                let fix = "use a domain that nobody can have: .invalid, .example, .test, example.com";
                return Some(("is an address that may be somebody's", fix.to_owned()));
            }
            Ok(_) => {}
        }
    }
    let to = field.references.as_ref()?;
    let referred = catalog.store(&to.store)?.control.as_ref()?.records.get(&to.collection)?.get(&to.field)?;
    let fix = format!("write what the control's record in {} has in {}", to.collection, to.field);
    (referred != value).then_some(("refers to nobody", fix))
}

/// Whether no mail is ever delivered there (RFC 2606, RFC 6761).
fn is_reserved(address: &str) -> bool {
    let host = address.rsplit_once('@').map_or("", |(_, host)| host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let second = ["example.com", "example.net", "example.org"];
    let within =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    ["invalid", "example", "test"].contains(&last) || second.iter().any(within)
}
