//! Keeping a control person's record, over memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::plan::Value;
use ports::stores::Target;
use ports::{Class, Code, Fault, Planter};

use super::connector::{MemoryConnector, flag_value};
use super::database::{Contents, Row, key_of};
use super::template;
use crate::inject::Point;

/// What a planted object holds.
const CONTENT: &[u8] = br#"{"lacuna":"control"}"#;

#[async_trait]
impl Planter for MemoryConnector {
    async fn plant(
        &self,
        target: &Target<'_>,
        record: &BTreeMap<String, Value>,
        mark: &str,
    ) -> Result<(), Fault> {
        let at = self.world.fake_clock().peek();
        self.pass(Point::PlanterPlant, || {
            let planted = self.with(Point::PlanterPlant, target, |contents| {
                contents.exists(target.collection)?;
                Some(if target.collection.object.is_some() {
                    object(contents, target, record, at)
                } else {
                    row(contents, target, record, mark)
                })
            })?;
            planted.map_err(|what| {
                let place = format!("{}.{}", target.store.id, target.collection.name);
                let operation = Point::PlanterPlant.name();
                Fault::new(Class::Permanent, Code::CatalogMismatch, operation, place, what)
            })
        })
    }
}

fn row(contents: &mut Contents, target: &Target<'_>, record: &Row, mark: &str) -> Result<(), String> {
    let collection = target.collection;
    if let Some(field) = record.keys().find(|field| !collection.fields.contains_key(*field)) {
        return Err(format!("the field {field} is not declared"));
    }
    let Some(own) = record.get(mark) else {
        return Err(format!("the control record lacks its mark, the field {mark}"));
    };
    let Some(key) = key_of(collection, record) else {
        return Err("the control record lacks a field of the key".to_owned());
    };
    if contents.record(collection, &key).is_some_and(|held| held.get(mark) != Some(own)) {
        return Err("a record with the control's key is somebody's".to_owned());
    }
    let mut row = record.clone();
    if let Some(flag) = &collection.suppress {
        row.remove(flag);
        row.extend(flag_value(target, flag, false).map(|value| (flag.clone(), value)));
    }
    contents.more.remove(&(collection.resource.clone(), key.clone()));
    contents.tables.entry(collection.resource.clone()).or_default().insert(key, row);
    Ok(())
}

fn object(
    contents: &mut Contents,
    target: &Target<'_>,
    record: &Row,
    at: jiff::Timestamp,
) -> Result<(), String> {
    let Some(key) = template::fill(target.collection, record) else {
        return Err("the control's values make no key of the template".to_owned());
    };
    let place = (target.collection.resource.clone(), key);
    let (bucket, key) = (&place.0, &place.1);
    if contents.buckets.get(bucket).is_some_and(|objects| objects.contains_key(key)) {
        let is_own = contents.planted.contains(&place);
        return if is_own {
            Ok(())
        } else {
            Err("an object with the control's key is somebody's".to_owned())
        };
    }
    contents.write(bucket, key, CONTENT.to_vec(), Some("application/json".to_owned()), at);
    contents.planted.insert(place);
    Ok(())
}
