//! What a target is, and how it is named in faults.

use domain::catalog::{Field, FieldKind};
use domain::plan::Record;
use ports::stores::{PAGE, Target};
use ports::{Class, Code, Fault};

/// `store.collection`.
pub(crate) fn name(target: &Target<'_>) -> String {
    format!("{}.{}", target.store.id, target.collection.name)
}

/// The store's records are not as the catalog says.
pub(crate) fn mismatch(target: &Target<'_>, operation: &'static str, what: impl Into<String>) -> Fault {
    Fault::new(Class::Permanent, Code::CatalogMismatch, operation, name(target), what)
}

/// The store answered something that makes no sense.
pub(crate) fn senseless(target: &Target<'_>, operation: &'static str, what: &str) -> Fault {
    Fault::new(Class::Transient, Code::StoreUnavailable, operation, name(target), what)
}

/// A field's declaration.
pub(crate) fn field<'a>(
    target: &Target<'a>,
    name: &str,
    operation: &'static str,
) -> Result<&'a Field, Fault> {
    target
        .collection
        .fields
        .get(name)
        .ok_or_else(|| mismatch(target, operation, format!("the field {name} is not declared")))
}

/// A field's kind.
pub(crate) fn kind(target: &Target<'_>, name: &str, operation: &'static str) -> Result<FieldKind, Fault> {
    Ok(field(target, name, operation)?.kind)
}

/// The fields that a located record brings: the key, what is wanted, and what it was found by.
pub(crate) fn brought(target: &Target<'_>, via: &str) -> Vec<String> {
    fields(target, Some(via))
}

/// The fields that a record brings that is only walked by: the key, and what is wanted.
pub(crate) fn walked(target: &Target<'_>) -> Vec<String> {
    fields(target, None)
}

fn fields(target: &Target<'_>, via: Option<&str>) -> Vec<String> {
    let mut fields = target.collection.key.clone();
    fields.extend(target.wanted.iter().cloned());
    fields.extend(via.map(str::to_owned));
    fields.sort();
    fields.dedup();
    fields
}

/// What is looked at again is no more than a page has, and was found by fields that are declared.
pub(crate) fn page(target: &Target<'_>, records: &[Record], operation: &'static str) -> Result<(), Fault> {
    if records.len() > PAGE {
        let what = "more records than a page has";
        return Err(Fault::new(Class::Permanent, Code::StoreRefused, operation, name(target), what));
    }
    records.iter().try_for_each(|record| field(target, &record.via, operation).map(|_| ()))
}

/// A part of a record's key.
pub(crate) fn key_part<'a>(
    target: &Target<'_>,
    record: &'a Record,
    part: &str,
    operation: &'static str,
) -> Result<&'a str, Fault> {
    record
        .key
        .get(part)
        .map(domain::plan::Value::expose)
        .ok_or_else(|| mismatch(target, operation, format!("a planned record lacks the key field {part}")))
}
