//! Statements: their text has names and placeholders, and never a value.

use std::collections::BTreeMap;

use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use ports::Fault;
use ports::stores::Target;

use super::database::Bind;
use super::dialect::{Dialect, is_plain};
use crate::place;

/// A statement and what is bound to it.
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) binds: Vec<Bind>,
}

/// Writes a statement.
pub(super) struct Writer<'a> {
    dialect: &'a Dialect,
    target: &'a Target<'a>,
    operation: &'static str,
    text: String,
    binds: Vec<Bind>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(dialect: &'a Dialect, target: &'a Target<'a>, operation: &'static str) -> Self {
        Self { dialect, target, operation, text: String::new(), binds: Vec::new() }
    }

    pub(super) fn done(self) -> Statement {
        Statement { text: self.text, binds: self.binds }
    }

    /// Words of SQL.
    pub(super) fn sql(&mut self, words: &str) -> &mut Self {
        self.text.push_str(words);
        self
    }

    /// A name, quoted.
    pub(super) fn name(&mut self, name: &str) -> Result<&mut Self, Fault> {
        if !is_plain(name) {
            let what = "a name in the catalog is not plain";
            return Err(place::mismatch(self.target, self.operation, what));
        }
        self.text.push_str(&(self.dialect.quote)(name));
        Ok(self)
    }

    /// The table.
    pub(super) fn table(&mut self) -> Result<&mut Self, Fault> {
        let target = self.target;
        self.name(&target.collection.resource)
    }

    /// Names, with commas.
    pub(super) fn names<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<&mut Self, Fault> {
        for (at, name) in names.into_iter().enumerate() {
            self.sql(if at == 0 { "" } else { ", " }).name(name)?;
        }
        Ok(self)
    }

    /// A value of a field's kind.
    pub(super) fn value(&mut self, field: &str, text: &str) -> Result<&mut Self, Fault> {
        let kind = place::kind(self.target, field, self.operation)?;
        self.binds.push(Bind::of(kind, text));
        self.parameter(kind);
        Ok(self)
    }

    /// A plain number.
    pub(super) fn number(&mut self, number: i64) -> &mut Self {
        self.binds.push(Bind::Integer(number));
        self.parameter(FieldKind::Number);
        self
    }

    fn parameter(&mut self, kind: FieldKind) {
        let placeholder = (self.dialect.parameter)(self.binds.len(), kind);
        self.text.push_str(&placeholder);
    }

    /// `(key…, via) IN (VALUES (…), …)`: these records, as long as they name the person; or without
    /// `via`, whoever they name. The key's index finds them.
    pub(super) fn these(&mut self, records: &[&Record], via: Option<&str>) -> Result<&mut Self, Fault> {
        let target = self.target;
        let key = target.collection.key.iter().map(String::as_str);
        self.sql("(").names(key.clone().chain(via))?.sql(") IN (VALUES ");
        for (at, record) in records.iter().enumerate() {
            self.sql(if at == 0 { "(" } else { ", (" });
            for (at, part) in key.clone().enumerate() {
                let text = place::key_part(target, record, part, self.operation)?;
                self.sql(if at == 0 { "" } else { ", " }).value(part, text)?;
            }
            if via.is_some() {
                self.sql(", ").value(&record.via, record.via_value.expose())?;
            }
            self.sql(")");
        }
        Ok(self.sql(")"))
    }

    /// `(key…) > (…)`: what comes after this key. It has a value for each part, in the key's order.
    pub(super) fn beyond(&mut self, after: &[Value]) -> Result<&mut Self, Fault> {
        let target = self.target;
        let key = || target.collection.key.iter().map(String::as_str);
        if after.len() != key().count() {
            let what = "the cursor is not of this collection's key";
            return Err(place::mismatch(target, self.operation, what));
        }
        self.sql("(").names(key())?.sql(") > (");
        for (at, (part, value)) in key().zip(after).enumerate() {
            self.sql(if at == 0 { "" } else { ", " }).value(part, value.expose())?;
        }
        Ok(self.sql(")"))
    }

    /// `SET field = …, …`.
    pub(super) fn set(&mut self, fields: &BTreeMap<String, Option<Value>>) -> Result<&mut Self, Fault> {
        self.sql(" SET ");
        for (at, (field, value)) in fields.iter().enumerate() {
            self.sql(if at == 0 { "" } else { ", " }).name(field)?.sql(" = ");
            self.maybe(field, value.as_ref())?;
        }
        Ok(self)
    }

    /// Whether a record is as it is to be.
    pub(super) fn holds(&mut self, fields: &BTreeMap<String, Option<Value>>) -> Result<&mut Self, Fault> {
        self.sql("(1 = 1");
        for (field, value) in fields {
            self.sql(" AND ").name(field)?.sql(" IS NOT DISTINCT FROM ");
            self.maybe(field, value.as_ref())?;
        }
        Ok(self.sql(")"))
    }

    fn maybe(&mut self, field: &str, value: Option<&Value>) -> Result<&mut Self, Fault> {
        match value {
            Some(value) => self.value(field, value.expose()),
            None => Ok(self.sql("NULL")),
        }
    }
}

/// Records in groups that one statement takes: of one `via` field, and within the parameters that the
/// dialect allows beside `others` that are not about records.
pub(super) fn groups<'r>(
    dialect: &Dialect,
    target: &Target<'_>,
    records: &'r [Record],
    others: usize,
) -> Vec<(&'r str, Vec<&'r Record>)> {
    let each = target.collection.key.len() + 1;
    let most = dialect.most_parameters.saturating_sub(others) / each;
    let mut by_via: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records {
        by_via.entry(&record.via).or_default().push(record);
    }
    let mut groups = Vec::new();
    for (via, records) in by_via {
        groups.extend(records.chunks(most.max(1)).map(|part| (via, part.to_vec())));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::dialect::SQLITE;
    use domain::catalog::Store;

    const STORE: &str = r#"{"id":"crm","kind":"sql","connection":"c","owner":{"team":"t","page":"p"},
        "collections":[{"name":"years","resource":"years","key":["customer","year"],
        "fields":{"customer":{"category":"c","class":"internal","kind":"number"},
        "year":{"category":"c","class":"internal","kind":"number"},
        "email":{"category":"c","class":"internal"}},"erasure":{"method":"delete"}}]}"#;

    fn store() -> Store {
        serde_json::from_str(STORE).expect("a store")
    }

    fn record(via: &str) -> Record {
        let number = |text| Value::of(FieldKind::Number, text);
        Record {
            key: [("customer".to_owned(), number("7")), ("year".to_owned(), number("2"))].into(),
            via: via.to_owned(),
            via_value: Value::of(FieldKind::Text, "x' OR 1=1"),
            values: [].into(),
        }
    }

    fn check(dialect: &Dialect, expect: &str) {
        let store = store();
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let record = record("email");
        let changes =
            [("email".to_owned(), None), ("year".to_owned(), Some(Value::of(FieldKind::Number, "9")))];
        let mut with = Writer::new(dialect, &target, "test");
        let write = |with: &mut Writer<'_>| -> Result<(), Fault> {
            with.sql("UPDATE ").table()?.set(&changes.clone().into())?.sql(" WHERE ");
            with.these(&[&record, &record], Some("email"))?.sql(" AND NOT ");
            with.holds(&changes.clone().into())?;
            Ok(())
        };
        write(&mut with).expect("it is written");
        let statement = with.done();
        assert_eq!(statement.text, expect);
        assert_eq!(statement.binds.len(), 8);
        assert!(statement.binds[1] == Bind::Integer(7));
    }

    #[test]
    fn a_statement_has_names_and_placeholders_and_no_value() {
        check(
            &SQLITE,
            "UPDATE [years] SET [email] = NULL, [year] = ? \
             WHERE ([customer], [year], [email]) IN (VALUES (?, ?, ?), (?, ?, ?)) \
             AND NOT (1 = 1 AND [email] IS NOT DISTINCT FROM NULL AND [year] IS NOT DISTINCT FROM ?)",
        );
    }

    #[test]
    fn another_dialect_writes_its_own() {
        let numbered = Dialect {
            quote: |name| format!("\"{name}\""),
            parameter: |at, kind| match kind {
                FieldKind::Text => format!("${at}"),
                FieldKind::Number => format!("${at}::bigint"),
            },
            most_parameters: 9,
        };
        check(
            &numbered,
            "UPDATE \"years\" SET \"email\" = NULL, \"year\" = $1::bigint \
             WHERE (\"customer\", \"year\", \"email\") IN \
             (VALUES ($2::bigint, $3::bigint, $4), ($5::bigint, $6::bigint, $7)) \
             AND NOT (1 = 1 AND \"email\" IS NOT DISTINCT FROM NULL \
             AND \"year\" IS NOT DISTINCT FROM $8::bigint)",
        );
        let store = store();
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let records = [record("email"), record("year"), record("email"), record("email")];
        let groups = groups(&numbered, &target, &records, 2);
        let sizes: Vec<_> = groups.iter().map(|(via, group)| (*via, group.len())).collect();
        assert_eq!(sizes, [("email", 2), ("email", 1), ("year", 1)]);
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let store = store();
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let mut with = Writer::new(&SQLITE, &target, "test");
        for name in ["", "a]b", "a b", "a;b", "é"] {
            assert!(with.name(name).is_err(), "{name}");
        }
        assert!(with.value("undeclared", "x").is_err());
    }
}
