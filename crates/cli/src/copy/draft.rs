//! A first proposal of what becomes of a database: nothing of any value is seen, and what refers to something refers to
//! it still.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use connectors::sql::copy::{Column, Form, Table, TableKind};

const HEAD: &str = "\
# What becomes of each column of each table. Nothing is seen as it stands here: loosen what may be.
# keep, text, empty, number, redact, stars, partial, token, token_shape; for a table keep, text or empty.
# Columns of one field have the same token for the same value: those that a foreign key joins, and those that are called
# as a key of another table is. What your queries join besides needs one field too.
";

/// A column, by the places of its table and of itself.
type At = (usize, usize);

/// The proposal, as YAML.
pub fn draft(tables: &[Table]) -> String {
    let groups = Groups::new(tables);
    let none = if tables.is_empty() { " {}" } else { "" };
    let mut yaml = format!("{HEAD}tables:{none}\n");
    for (at, table) in tables.iter().enumerate() {
        let name = plain(&table.name);
        if table.kind != TableKind::Plain {
            let _ = writeln!(yaml, "  {name}: empty");
            continue;
        }
        let _ = writeln!(yaml, "  {name}:");
        for (n, column) in table.columns.iter().enumerate() {
            let what = groups.what(tables, (at, n), column, table.computed_key);
            let _ = writeln!(yaml, "    {}: {what}", plain(&column.name));
        }
    }
    yaml.push_str("rules: {default: redact}\n");
    yaml
}

/// Columns whose values are compared with each other, whichever refers to which: each leads to one that stands for all.
struct Groups(BTreeMap<At, At>);

impl Groups {
    fn new(tables: &[Table]) -> Self {
        let mut groups = Self(BTreeMap::new());
        for (at, table) in tables.iter().enumerate() {
            for reference in &table.references {
                for (from, to) in &reference.columns {
                    let ours = column(table, from).map(|column| (at, column));
                    let theirs = place(tables, &reference.table, to);
                    if let (Some(ours), Some(theirs)) = (ours, theirs) {
                        groups.join(ours, theirs);
                    }
                }
            }
        }
        groups.join_alike(tables);
        groups
    }

    /// Joins columns that no foreign key joins, and that are called as a key of one other table is: `CustomerId`, or
    /// `customer_id` where `customer` or `customers` has an `id`. A draft that emptied them would break what queries join by
    /// them, and nothing would say so.
    fn join_alike(&mut self, tables: &[Table]) {
        let keys: Vec<Key> = tables.iter().enumerate().flat_map(keys).collect();
        // First those that are keys themselves, as in `order_items (order_id, line)`: what is called like them means what they mean.
        for are_keys in [true, false] {
            let mut joined = Vec::new();
            for (at, table) in tables.iter().enumerate() {
                for (n, column) in table.columns.iter().enumerate() {
                    let place = (at, n);
                    let refers = self.0.contains_key(&place) && (!are_keys || self.root(place) != place);
                    if column.key == are_keys && !refers {
                        joined.extend(
                            self.meant(&keys, place, &bare(&column.name), are_keys).map(|key| (place, key)),
                        );
                    }
                }
            }
            for (from, to) in joined {
                self.join(from, to);
            }
        }
    }

    /// The key that a column of this name means: of a table that it names, or else one that is called as it is. Of two nobody knows which.
    fn meant(&self, keys: &[Key], place: At, name: &str, named_alone: bool) -> Option<At> {
        let others = || keys.iter().filter(|key| key.at.0 != place.0);
        let named: BTreeSet<At> = others()
            .filter(|key| key.named.iter().any(|named| named == name))
            .map(|key| self.root(key.at))
            .collect();
        let alike = if named.is_empty() && !named_alone {
            others().filter(|key| key.own.as_deref() == Some(name)).map(|key| self.root(key.at)).collect()
        } else {
            named
        };
        if alike.len() == 1 { alike.into_iter().next().filter(|key| *key != self.root(place)) } else { None }
    }

    /// What stands for all of a column's group: what is referred to, where nobody is referred to by each other.
    fn root(&self, mut at: At) -> At {
        while let Some(next) = self.0.get(&at).filter(|next| **next != at) {
            at = *next;
        }
        at
    }

    fn join(&mut self, from: At, to: At) {
        let (from, to) = (self.root(from), self.root(to));
        self.0.insert(to, to);
        self.0.insert(from, to);
    }

    fn what(&self, tables: &[Table], at: At, column: &Column, computed_key: bool) -> String {
        let is_joined = self.0.contains_key(&at);
        if !is_joined && !column.key && !computed_key {
            // A text would not be taken where a table is strict, and no program expects one there.
            return if column.form == Form::Text { "redact".to_owned() } else { "empty".to_owned() };
        }
        let root = self.root(at);
        let holds_integers = |at: At| form(tables, at) == Some(Form::Integer);
        let members = self.0.keys().copied().filter(|member| self.root(*member) == root);
        let what = if members.chain([at]).any(holds_integers) { "number" } else { "token" };
        let name = tables.get(root.0).and_then(|table| Some((table, table.columns.get(root.1)?)));
        let field = name.map(|(table, column)| plain(&format!("{}.{}", table.name, column.name)));
        format!("{{what: {what}, field: {}}}", field.unwrap_or_default())
    }
}

/// A key, and what columns of other tables that mean it are called.
struct Key {
    at: At,
    /// By its table: `customer_id`, `customers_id`.
    named: [String; 2],
    /// As it is called itself, if that means anything.
    own: Option<String>,
}

/// The keys of a table.
fn keys((at, table): (usize, &Table)) -> impl Iterator<Item = Key> {
    table.columns.iter().enumerate().filter(|(_, column)| column.key).map(move |(n, column)| {
        let (table, key) = (bare(&table.name), bare(&column.name));
        let one = table.strip_suffix('s').filter(|one| !one.is_empty()).unwrap_or(&table);
        // `id` and `key` alone are every table's, and mean none.
        let own =
            (!["id", "key", "name", "code", "type", "number"].contains(&key.as_str())).then(|| key.clone());
        let named = [format!("{one}{key}"), format!("{table}{key}")];
        Key { at: (at, n), named, own }
    })
}

/// A name without what differs between `customer_id` and `CustomerId`.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn form(tables: &[Table], (table, column): At) -> Option<Form> {
    Some(tables.get(table)?.columns.get(column)?.form)
}

fn column(table: &Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}

/// Where a reference leads.
fn place(tables: &[Table], table: &str, name: &str) -> Option<At> {
    let at = tables.iter().position(|other| other.name.eq_ignore_ascii_case(table))?;
    Some((at, column(tables.get(at)?, name)?))
}

/// Words that YAML takes for something else than a text.
const NO_TEXT: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// A name as YAML reads it: quoted, unless it is plain.
fn plain(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
        && !NO_TEXT.contains(&name.to_ascii_lowercase().as_str());
    if is_plain {
        return name.to_owned();
    }
    let mut quoted = String::from('"');
    for c in name.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are() {
        for name in [
            "Customer",
            "Fan list",
            "a\"b\\c",
            "yes",
            "1",
            "été",
            "a\u{7f}b",
            "{x: y}",
            "#",
            "\u{1f469}",
            "a: b",
        ] {
            let yaml = format!("{{{}: 1}}", plain(name));
            let read: BTreeMap<String, u32> = serde_saphyr::from_str(&yaml).expect(&yaml);
            assert_eq!(read.keys().collect::<Vec<_>>(), [name], "{yaml}");
        }
    }
}
