//! What a catalog must satisfy before anything is planned with it.

mod control;
mod export;
mod objects;
mod shredding;
mod suppression;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Catalog, Class, Collection, Field, Method, Replacement, Store, StoreKind, Whose};

/// Something wrong with a catalog: who must mend it, where, and how.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The owning team.
    pub owner: String,
    /// `store`, `store.collection` or `store.collection.field`.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to change.
    pub fix: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {} (owner: {})", self.at, self.what, self.fix, self.owner)
    }
}

/// Stores that one catalog may have while they are all reached directly from one account.
const MOST_STORES: usize = 100;

struct Report<'a> {
    catalog: &'a Catalog,
    problems: Vec<Problem>,
}

impl Catalog {
    /// Everything that is wrong with it; nothing if it can be used.
    pub fn check(&self) -> Vec<Problem> {
        let mut report = Report { catalog: self, problems: Vec::new() };
        if self.catalog != 1 {
            report.general("the format is not 1", "write `catalog: 1`");
        }
        if self.stores.is_empty() {
            report.general("it has no store", "declare at least one");
        }
        if self.stores.len() > MOST_STORES {
            report.general("it has more than 100 stores", "split the tenant's stores over spaces");
        }
        let mut ids = BTreeSet::new();
        for store in &self.stores {
            if !ids.insert(&store.id) {
                report.store(store, "the store id is used twice", "give each store its own id");
            }
            report.check_store(store);
            report.check_copy(store);
            report.check_control(store);
        }
        report.problems
    }
}

impl Report<'_> {
    fn general(&mut self, what: &str, fix: &str) {
        self.push("-", "catalog".into(), what.into(), fix.into());
    }

    fn store(&mut self, store: &Store, what: &str, fix: &str) {
        self.push(&store.owner.team, store.id.to_string(), what.into(), fix.into());
    }

    fn collection(&mut self, s: &Store, c: &Collection, what: &str, fix: &str) {
        self.push(&s.owner.team, format!("{}.{}", s.id, c.name), what.into(), fix.into());
    }

    fn field(&mut self, s: &Store, c: &Collection, name: &str, what: &str, fix: &str) {
        self.push(&s.owner.team, format!("{}.{}.{name}", s.id, c.name), what.into(), fix.into());
    }

    fn push(&mut self, owner: &str, at: String, what: String, fix: String) {
        self.problems.push(Problem { owner: owner.to_owned(), at, what, fix });
    }

    fn check_store(&mut self, s: &Store) {
        if s.owner.team.trim().is_empty() || s.owner.page.trim().is_empty() {
            self.store(s, "it has no owner to page", "set owner.team and owner.page");
        }
        if s.kind == StoreKind::Sql && s.connection.is_none() {
            self.store(s, "it has no connection", "name the secret in `connection`");
        }
        if s.connection.as_deref().is_some_and(|c| c.contains("://")) {
            self.store(s, "`connection` looks like a URL", "name the secret that holds the URL");
        }
        if s.backups.iter().flatten().any(|backup| backup.gone_by(Timestamp::UNIX_EPOCH).is_none()) {
            let fix = "write `expires_after` as an ISO 8601 duration, such as P35D";
            self.store(s, "it is not known when a backup expires", fix);
        }
        if s.collections.is_empty() {
            self.store(s, "it has no collection", "declare its tables or objects");
        }
        let mut names = BTreeSet::new();
        for c in &s.collections {
            if !names.insert(&c.name) {
                self.collection(s, c, "the name is used twice", "rename one of them");
            }
            self.check_names(s, c);
            if c.erasure.method == Method::Shred {
                self.check_shredding(s, c);
                continue;
            }
            self.check_shape(s, c);
            self.check_ways(s, c);
            self.check_erasure(s, c);
            self.check_suppression(s, c);
            self.check_export(s, c);
        }
    }

    /// Names go into queries as they are, so they are held to what needs no quoting.
    fn check_names(&mut self, s: &Store, c: &Collection) {
        let plain = |name: &str, more: &str| {
            (1..=255).contains(&name.len())
                && name.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_' || more.contains(ch))
                && (s.kind != StoreKind::Sql || !name.starts_with(|ch: char| ch.is_ascii_digit()))
        };
        if !plain(&c.name, "-") {
            self.collection(s, c, "the name has other characters than letters, digits, _ and -", "rename it");
        }
        let more = if s.kind == StoreKind::Sql { "" } else { ".-" };
        if !plain(&c.resource, more) {
            self.collection(s, c, "`resource` is not a plain name", "write the table's or bucket's own name");
        }
        let indices = c.fields.values().filter_map(|f| f.index.as_deref());
        if indices.into_iter().any(|index| !plain(index, ".-")) {
            self.collection(s, c, "an index is not a plain name", "write the index's own name");
        }
        for name in
            c.fields.keys().filter(|name| !plain(name, if s.kind == StoreKind::Sql { "" } else { "-" }))
        {
            self.field(s, c, name, "the field is not a plain name", "use letters, digits and _");
        }
    }

    fn check_shape(&mut self, s: &Store, c: &Collection) {
        for key in c.key.iter().filter(|key| !c.fields.contains_key(*key)) {
            self.field(s, c, key, "the key field is not declared", "declare it under `fields`");
        }
        match (s.kind, &c.object) {
            (StoreKind::S3, None) => {
                self.collection(
                    s,
                    c,
                    "objects have no key template",
                    "set `object`: `folder/{field}/{other}.json`, or `folder/{field}/` for all below it",
                );
            }
            (StoreKind::S3, Some(template)) => self.check_template(s, c, template),
            (_, Some(_)) => self.collection(s, c, "`object` is for S3 only", "remove it"),
            (_, None) if c.key.is_empty() => {
                self.collection(s, c, "it has no primary key", "list the key fields in `key`");
            }
            (StoreKind::Dynamodb, None) if c.key.len() > 2 => {
                self.collection(s, c, "a table key has at most two fields", "list partition and sort key");
            }
            _ => {}
        }
    }

    fn check_ways(&mut self, s: &Store, c: &Collection) {
        let ways: Vec<(&str, &Field)> = c.ways().map(|w| (w.name, w.field)).collect();
        if ways.is_empty() {
            self.collection(
                s,
                c,
                "nothing says how a person's records are found",
                "mark a field with `identity` or `references`",
            );
        }
        let by_reference = ways.iter().any(|(_, f)| f.identity.is_none());
        if by_reference && ways.len() > 1 {
            self.collection(
                s,
                c,
                "it is reached by a reference and in another way, so its records would count twice",
                "make the reference an `identity`, or mark the other field `whose: other`",
            );
        }
        for (name, field) in ways {
            if !c.is_indexed(name) && !c.scan {
                self.field(
                    s,
                    c,
                    name,
                    "records are found by it, and no index is named",
                    "name its `index`, or allow reading the whole collection with `scan: true`",
                );
            }
            let Some(target) = &field.references else {
                continue;
            };
            let found = self
                .catalog
                .store(&target.store)
                .and_then(|store| store.collection(&target.collection))
                .and_then(|collection| collection.fields.get(&target.field));
            match found {
                None => self.field(
                    s,
                    c,
                    name,
                    "it refers to a field that the catalog lacks",
                    "write store.collection.field of a declared field",
                ),
                Some(f) if f.kind != field.kind => self.field(
                    s,
                    c,
                    name,
                    "it refers to a field of another kind",
                    "make both text, or both number",
                ),
                Some(_) if target.store == s.id && target.collection == c.name => self.field(
                    s,
                    c,
                    name,
                    "it refers to its own collection",
                    "set `whose: other`, or use an `identity`",
                ),
                Some(_) => {}
            }
        }
    }

    fn check_erasure(&mut self, s: &Store, c: &Collection) {
        let e = &c.erasure;
        if e.method != Method::Delete && (e.reason.is_none() || e.law.is_none()) {
            self.collection(
                s,
                c,
                &format!("`{}` keeps records without saying why", e.method.as_str()),
                "set erasure.reason and erasure.law",
            );
        }
        let replaced = |f: &Field| f.anonymise.is_some();
        match e.method {
            Method::Delete | Method::Shred => {}
            Method::Retain => {
                let kept = c
                    .fields
                    .iter()
                    .find(|(_, f)| f.whose == Whose::Subject && f.class >= Class::Confidential);
                if let Some((name, _)) = kept {
                    self.field(
                        s,
                        c,
                        name,
                        "`retain` would keep what names the person",
                        "use `anonymise`, or lower its class if it does not",
                    );
                }
                if let Some((name, _)) =
                    c.fields.iter().find(|(_, f)| f.identity.is_some() && f.whose == Whose::Subject)
                {
                    self.field(s, c, name, "`retain` would keep an identity", "use `anonymise`");
                }
            }
            Method::Anonymise if s.kind == StoreKind::S3 => {
                self.collection(s, c, "objects cannot be anonymised", "use `delete` or `retain`");
            }
            Method::Anonymise => {
                if !c.fields.values().any(replaced) {
                    self.collection(
                        s,
                        c,
                        "`anonymise` changes no field",
                        "set `anonymise` on the personal fields",
                    );
                }
                for way in c.ways().filter(|way| way.field.identity.is_none() && !replaced(way.field)) {
                    self.field(
                        s,
                        c,
                        way.name,
                        "the record is found by it and would be found again for ever",
                        "say what `anonymise` does to it",
                    );
                }
                for (name, f) in &c.fields {
                    let personal =
                        f.whose == Whose::Subject && (f.identity.is_some() || f.class >= Class::Confidential);
                    if personal && !replaced(f) {
                        self.field(
                            s,
                            c,
                            name,
                            "it names the person and would stay",
                            "say what `anonymise` does to it",
                        );
                    }
                    if replaced(f) && c.key.contains(name) && s.kind == StoreKind::Dynamodb {
                        self.field(s, c, name, "a key of a DynamoDB item cannot be changed", "use `delete`");
                    }
                    if f.identity.is_some() && matches!(f.anonymise, Some(Replacement::Fixed(_))) {
                        self.field(
                            s,
                            c,
                            name,
                            "a fixed text would make all erased people one",
                            "use `surrogate` or `remove`",
                        );
                    }
                }
            }
        }
    }
}
