//! What reading records whole has in common: which are asked for, and how much is held of them.

use std::collections::{BTreeMap, HashMap};

use domain::catalog::{Collection, FieldKind};
use domain::export::{Datum, Row};
use domain::plan::Record;
use ports::Fault;
use ports::stores::{Collected, MOST_COLLECTED, Target};

use crate::place;
use crate::values::Decimal;

/// A record that is asked for, with every way in which it was found.
pub(crate) struct Asked<'r> {
    /// The place of the first.
    pub(crate) at: usize,
    /// The first, for its key.
    pub(crate) record: &'r Record,
    /// All of them: each names the same key.
    pub(crate) ways: Vec<&'r Record>,
}

/// The records, each key once, in the order of their first places.
pub(crate) fn distinct<'r>(
    target: &Target<'_>,
    records: &'r [Record],
    parts: &[String],
    operation: &'static str,
) -> Result<Vec<Asked<'r>>, Fault> {
    place::page(target, records, operation)?;
    let mut places = HashMap::new();
    let mut all: Vec<Asked<'r>> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let mut identity = String::new();
        for part in parts {
            let kind = target.collection.fields.get(part).map_or(FieldKind::Text, |field| field.kind);
            identity += &written(kind, place::key_part(target, record, part, operation)?);
        }
        let place = *places.entry(identity).or_insert(all.len());
        match all.get_mut(place) {
            Some(asked) => asked.ways.push(record),
            None => all.push(Asked { at, record, ways: vec![record] }),
        }
    }
    Ok(all)
}

/// A text that two parts of a key share only if they are the same.
fn written(kind: FieldKind, text: &str) -> String {
    let number = Decimal::read(text).filter(|_| kind == FieldKind::Number);
    match number {
        Some(number) => format!("n{};", number.text()),
        None => format!("s{}:{text}", text.len()),
    }
}

/// What was read so far.
pub(crate) struct Answer<'a> {
    asked: &'a [Asked<'a>],
    records: usize,
    collected: Collected,
    bytes: usize,
    answered: usize,
}

impl<'a> Answer<'a> {
    /// To so many records, of which these are asked for.
    pub(crate) fn to(asked: &'a [Asked<'a>], records: &[Record]) -> Self {
        Self { asked, records: records.len(), collected: Collected::default(), bytes: 0, answered: 0 }
    }

    /// The next record that is to be answered for; `None` once there are enough bytes, or no more records.
    pub(crate) fn next(&self) -> Option<&'a Asked<'a>> {
        if self.is_full() { None } else { self.asked.get(self.answered) }
    }

    /// How many are answered for.
    pub(crate) fn answered(&self) -> usize {
        self.answered
    }

    /// The next record is shown.
    pub(crate) fn shown(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            self.bytes += row.size();
            self.collected.rows.push(row);
        }
        self.answered += 1;
    }

    /// The next record is gone.
    pub(crate) fn gone(&mut self) {
        self.collected.gone += 1;
        self.answered += 1;
    }

    /// The next record is somebody else's.
    pub(crate) fn foreign(&mut self) {
        self.collected.foreign += 1;
        self.answered += 1;
    }

    /// Whether there are enough bytes.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= MOST_COLLECTED
    }

    /// Bytes that there is room for.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn room(&self) -> usize {
        MOST_COLLECTED.saturating_sub(self.bytes)
    }

    /// The answer: to all records before the first that is not answered for.
    pub(crate) fn done(mut self) -> Collected {
        self.collected.taken = self.asked.get(self.answered).map_or(self.records, |next| next.at);
        self.collected
    }
}

/// The version of a row, from the field that the catalog says has it.
pub(crate) fn version(collection: &Collection, fields: &BTreeMap<String, Datum>) -> Option<String> {
    match fields.get(collection.version.as_ref()?)? {
        Datum::Number(text) | Datum::Text(text) => Some(text.expose().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::catalog::Store;
    use domain::plan::Value;

    fn record(id: &str, via: &str) -> Record {
        Record {
            key: [("id".to_owned(), Value::of(FieldKind::Number, id))].into(),
            via: via.to_owned(),
            via_value: Value::of(FieldKind::Text, "x"),
            values: [].into(),
        }
    }

    const STORE: &str = r#"{"id":"crm","kind":"sql","connection":"c","owner":{"team":"t","page":"p"},
        "collections":[{"name":"people","resource":"people","key":["id"],
        "fields":{"id":{"category":"c","class":"internal","kind":"number"},
        "email":{"category":"c","class":"internal"}},"erasure":{"method":"delete"}}]}"#;

    #[test]
    fn a_key_is_asked_for_once_and_its_repetitions_are_taken_with_it() {
        let store: Store = serde_json::from_str(STORE).expect("a store");
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let number = |id| record(id, "email");
        let records = [number("7"), number("8"), number("7.0"), number("9"), number("8"), number("10")];
        let asked = distinct(&target, &records, &target.collection.key, "test").expect("they are told apart");
        let told: Vec<(usize, usize)> = asked.iter().map(|asked| (asked.at, asked.ways.len())).collect();
        assert_eq!(told, [(0, 2), (1, 2), (3, 1), (5, 1)]);

        let mut answer = Answer::to(&asked, &records);
        answer.gone();
        answer.foreign();
        assert_eq!(answer.next().map(|asked| asked.at), Some(3));
        let big = Datum::text("x".repeat(MOST_COLLECTED));
        let row = Row { fields: [("f".to_owned(), big)].into(), version: None, content: None };
        answer.shown([row]);
        assert!(answer.next().is_none() && answer.is_full());
        let collected = answer.done();
        assert_eq!((collected.taken, collected.gone, collected.foreign), (5, 1, 1));

        let odd = [number("seven"), number("s"), number("7")];
        let asked = distinct(&target, &odd, &target.collection.key, "test").expect("they are told apart");
        assert_eq!(asked.len(), 3);
        assert!(distinct(&target, &[record("7", "x")], &target.collection.key, "test").is_err());
    }

    #[test]
    fn a_version_is_a_number_or_a_text() {
        let store: Store = serde_json::from_str(STORE).expect("a store");
        let mut collection = store.collections[0].clone();
        let check = |collection: &Collection, datum: Datum, expect: Option<&str>| {
            assert_eq!(version(collection, &[("n".to_owned(), datum)].into()).as_deref(), expect);
        };
        check(&collection, Datum::number("7"), None);
        collection.version = Some("n".to_owned());
        check(&collection, Datum::number("7"), Some("7"));
        check(&collection, Datum::text("2026-03-02T09:00:00Z"), Some("2026-03-02T09:00:00Z"));
        check(&collection, Datum::Null, None);
        collection.version = Some("m".to_owned());
        check(&collection, Datum::number("7"), None);
    }
}
