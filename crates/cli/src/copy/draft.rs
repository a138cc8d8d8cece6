//! A first proposal of what becomes of a database: nothing of any value is seen, and what refers to something refers to
//! it still.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use connectors::sql::copy::{Column, Reference, Table, TableKind};

/// References are followed so far at the most: from an invoice's line to the invoice, and on.
const MOST_STEPS: usize = 16;

const HEAD: &str = "\
# What becomes of each column of each table. Nothing is seen as it stands here: loosen what may be.
# keep, text, empty, number, redact, stars, partial, token, token_shape; for a table keep, text or empty.
# Columns of one field have the same token for the same value.
";

/// The proposal, as YAML.
pub fn draft(tables: &[Table]) -> String {
    let keys: BTreeSet<(&str, &str)> = tables
        .iter()
        .flat_map(|table| table.columns.iter())
        .filter_map(|column| column.refers_to.as_ref())
        .filter_map(|to| at(tables, to))
        .map(|(table, column)| (table.name.as_str(), column.name.as_str()))
        .collect();
    let mut yaml = format!("{HEAD}tables:\n");
    for table in tables {
        let name = plain(&table.name);
        if table.kind == TableKind::Virtual {
            let _ = writeln!(yaml, "  {name}: empty");
            continue;
        }
        let _ = writeln!(yaml, "  {name}:");
        for column in &table.columns {
            let is_key = column.key
                || column.refers_to.is_some()
                || keys.contains(&(table.name.as_str(), column.name.as_str()));
            let (of, root) = root(tables, table, column);
            let what = match is_key {
                true if root.integer => {
                    format!("{{what: number, field: {}}}", plain(&format!("{}.{}", of.name, root.name)))
                }
                true => format!("{{what: token, field: {}}}", plain(&format!("{}.{}", of.name, root.name))),
                false => "redact".to_owned(),
            };
            let _ = writeln!(yaml, "    {}: {what}", plain(&column.name));
        }
    }
    yaml.push_str("rules: {default: redact}\n");
    yaml
}

/// Where a reference leads.
fn at<'t>(tables: &'t [Table], to: &Reference) -> Option<(&'t Table, &'t Column)> {
    let table = tables.iter().find(|table| table.name.eq_ignore_ascii_case(&to.table))?;
    let column = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&to.column))?;
    Some((table, column))
}

/// The column that a column's values come from in the end.
fn root<'t>(tables: &'t [Table], table: &'t Table, column: &'t Column) -> (&'t Table, &'t Column) {
    let mut here = (table, column);
    for _ in 0..MOST_STEPS {
        match here.1.refers_to.as_ref().and_then(|to| at(tables, to)) {
            Some(next) => here = next,
            None => break,
        }
    }
    here
}

/// A name as YAML reads it: quoted, unless it is plain.
fn plain(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&name.to_ascii_lowercase().as_str());
    if is_plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}
