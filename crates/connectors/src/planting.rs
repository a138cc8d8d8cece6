//! What a control person's record must be before it is written.

use std::collections::BTreeMap;

use domain::plan::Value;
use ports::Fault;
use ports::stores::Target;

use crate::place;

/// The fields of a control's record that a table is given: declared, the key and the mark among them. The
/// suppression flag is none of them: a control is always seen.
pub(crate) fn fields<'r>(
    target: &Target<'_>,
    record: &'r BTreeMap<String, Value>,
    mark: &str,
    operation: &'static str,
) -> Result<BTreeMap<&'r str, &'r Value>, Fault> {
    let flag = target.collection.suppress.as_deref();
    let given = record.iter().map(|(name, value)| (name.as_str(), value));
    let fields: BTreeMap<&str, &Value> = given.filter(|(name, _)| Some(*name) != flag).collect();
    for name in fields.keys() {
        place::field(target, name, operation)?;
    }
    let needed = target.collection.key.iter().map(String::as_str).chain([mark]);
    match needed.into_iter().find(|name| !fields.contains_key(name)) {
        None => Ok(fields),
        Some(name) => {
            Err(place::mismatch(target, operation, format!("the control's record lacks the field {name}")))
        }
    }
}

/// What has the control's key is somebody's.
pub(crate) fn taken(target: &Target<'_>, operation: &'static str) -> Fault {
    place::mismatch(target, operation, "what has the control's key is not the control's: it is left as it is")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::catalog::{FieldKind, Store};
    use ports::{Class, Code};

    const STORE: &str = r#"{"id":"crm","kind":"sql","connection":"c","owner":{"team":"t","page":"p"},
        "collections":[{"name":"years","resource":"years","key":["customer","year"],"suppress":"hidden",
        "fields":{"customer":{"category":"c","class":"internal","kind":"number"},
        "year":{"category":"c","class":"internal","kind":"number"},
        "note":{"category":"c","class":"internal"},
        "hidden":{"category":"c","class":"internal","kind":"number"}},"erasure":{"method":"delete"}}]}"#;

    fn check(names: &[&str], mark: &str, expect: Result<&[&str], &str>) {
        let store: Store = serde_json::from_str(STORE).expect("a store");
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let value = Value::of(FieldKind::Text, "marked");
        let record = names.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
        match (fields(&target, &record, mark, "test"), expect) {
            (Ok(fields), Ok(expect)) => assert_eq!(fields.into_keys().collect::<Vec<_>>(), expect),
            (Err(fault), Err(expect)) => {
                assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
                assert_eq!(fault.detail, expect);
            }
            (got, _) => panic!("{got:?} for {names:?}"),
        }
    }

    #[test]
    fn a_record_has_its_key_and_its_mark_and_nothing_undeclared() {
        check(&["customer", "year", "note"], "note", Ok(&["customer", "note", "year"]));
        check(&["customer", "year"], "year", Ok(&["customer", "year"]));
        check(&["customer", "year", "note", "hidden"], "note", Ok(&["customer", "note", "year"]));
        let lacks = "the control's record lacks the field ";
        check(&["customer", "note"], "note", Err(&format!("{lacks}year")));
        check(&["customer", "year"], "note", Err(&format!("{lacks}note")));
        check(&["customer", "year", "hidden"], "hidden", Err(&format!("{lacks}hidden")));
        check(&["customer", "year", "other"], "year", Err("the field other is not declared"));
    }
}
