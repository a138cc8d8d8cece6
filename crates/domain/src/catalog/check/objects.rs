//! What key templates must satisfy.

use super::super::{Catalog, Collection, Method, Store, StoreKind};
use super::Report;

impl Report<'_> {
    pub(super) fn check_template(&mut self, s: &Store, c: &Collection, template: &str) {
        match template_fields(template) {
            None => self.collection(s, c, "the braces of `object` do not match", "write {field}"),
            Some(fields) => {
                for name in fields.iter().filter(|name| !c.fields.contains_key(**name)) {
                    self.field(
                        s,
                        c,
                        name,
                        "the key template's field is not declared",
                        "declare it under `fields`",
                    );
                }
                if let Some(way) = c.ways().find(|way| fields.first() != Some(&way.name)) {
                    self.field(
                        s,
                        c,
                        way.name,
                        "the person is not the first field of the object key, so no prefix finds them",
                        "begin the key with it, or catalog the objects through a table that lists them",
                    );
                }
                if template.contains("}{") {
                    self.collection(s, c, "two fields of `object` touch", "put a separator between them");
                }
                self.check_neighbours(s, c, template);
            }
        }
    }

    /// Objects that two collections read must fare the same, and a person's folder belongs to one store:
    /// what no collection of the store reads in it counts as left over.
    fn check_neighbours(&mut self, s: &Store, c: &Collection, template: &str) {
        let mut problems = Vec::new();
        for (store, other) in objects_of(self.catalog, &c.resource) {
            let Some(theirs) = other.object.as_deref() else { continue };
            let name = format!("{}.{}", store.id, other.name);
            let deletes = c.erasure.method == Method::Delete;
            if deletes && other.erasure.method != Method::Delete && overlap(template, theirs) {
                problems.push((
                    format!("its keys can be keys of {name}, whose objects are kept"),
                    "write the templates so that no key is of both",
                ));
            }
            let folder = folder(template);
            if store.id != s.id && folder.is_some() && folder == self::folder(theirs) {
                problems.push((
                    format!("{name} has objects in the same folder, and is in another store"),
                    "declare both in one store, so that what neither of them reads is noticed",
                ));
            }
        }
        for (what, fix) in problems {
            self.collection(s, c, &what, fix);
        }
    }
}

/// The collections of a bucket, with their stores.
fn objects_of<'a>(
    catalog: &'a Catalog,
    bucket: &'a str,
) -> impl Iterator<Item = (&'a Store, &'a Collection)> {
    catalog.collections().filter(move |(s, c)| s.kind == StoreKind::S3 && c.resource == bucket)
}

/// What comes before the first field, if a slash follows the field.
fn folder(template: &str) -> Option<&str> {
    let (head, rest) = template.split_once('{')?;
    let (_, tail) = rest.split_once('}')?;
    tail.starts_with('/').then_some(head)
}

/// Whether a key can be of both templates. No field holds a slash, so they are compared from slash to
/// slash; of a name with fields only its two ends are known.
fn overlap(one: &str, other: &str) -> bool {
    let one: Vec<&str> = one.split('/').collect();
    let other: Vec<&str> = other.split('/').collect();
    // The last name of a template that has everything below it is empty.
    let is_open = |names: &[&str]| names.last().is_some_and(|name| name.is_empty());
    let as_long = match (is_open(&one), is_open(&other)) {
        (true, true) => true,
        (true, false) => one.len() <= other.len(),
        (false, true) => other.len() <= one.len(),
        (false, false) => one.len() == other.len(),
    };
    let names = |of: &[&str]| of.len() - usize::from(is_open(of));
    let common = names(&one).min(names(&other));
    as_long && one.iter().zip(&other).take(common).all(|(one, other)| meet(one, other))
}

/// Whether a name between two slashes can be of both.
fn meet(one: &str, other: &str) -> bool {
    let (Some((head, _)), Some((their_head, _))) = (one.split_once('{'), other.split_once('{')) else {
        return fits(one, other);
    };
    let (tail, their_tail) = (after_fields(one), after_fields(other));
    let heads = head.starts_with(their_head) || their_head.starts_with(head);
    heads && (tail.ends_with(their_tail) || their_tail.ends_with(tail))
}

/// The same where one of them has no field.
fn fits(one: &str, other: &str) -> bool {
    let (plain, pattern) = if one.contains('{') { (other, one) } else { (one, other) };
    match pattern.split_once('{') {
        None => plain == pattern,
        Some((head, _)) => {
            let tail = after_fields(pattern);
            plain.len() > head.len() + tail.len() && plain.starts_with(head) && plain.ends_with(tail)
        }
    }
}

fn after_fields(name: &str) -> &str {
    name.rsplit_once('}').map_or(name, |(_, tail)| tail)
}

/// The fields of a key template, in order; `None` if its braces do not match.
pub(super) fn template_fields(template: &str) -> Option<Vec<&str>> {
    let mut fields = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find(['{', '}']) {
        let after = rest.get(open..)?.strip_prefix('{')?;
        let (name, tail) = after.split_once('}')?;
        if name.is_empty() || name.contains('{') {
            return None;
        }
        fields.push(name);
        rest = tail;
    }
    Some(fields)
}
