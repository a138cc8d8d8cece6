//! What is in a store: rows of tables, objects of buckets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use domain::catalog::{Collection, Store};
use domain::export::Datum;
use domain::plan::{RecordKey, Value};
use domain::{Personal, StoreId, TenantId};
use ports::{Class, Code, Fault};

use super::objects::Written;
use super::stores::AllStores;
use super::{World, lock, template};

/// A record's fields. One that is absent is NULL.
pub type Row = BTreeMap<String, Value>;

/// Under which name an object's key is in a record's key.
pub(super) const OBJECT: &str = "object";

/// All that a store holds, by the store's own names of its tables and buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Tables: rows by primary key.
    pub tables: BTreeMap<String, BTreeMap<RecordKey, Row>>,
    /// Buckets: bytes by object key.
    pub buckets: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Fields of rows that hold more than texts and numbers, and that nobody is searched by: by table and
    /// primary key.
    pub more: BTreeMap<(String, RecordKey), BTreeMap<String, Datum>>,
    /// When the objects were written, and what they were before: by bucket and object key.
    pub written: BTreeMap<(String, String), Written>,
    /// The buckets that keep versions.
    pub versioned: BTreeSet<String>,
    /// Objects whose content is in the store's own archive: by bucket and object key.
    pub archived: BTreeSet<(String, String)>,
    /// Objects that Lacuna planted, and nobody has written since: by bucket and object key.
    pub planted: BTreeSet<(String, String)>,
}

/// An iterator over records in the order of their keys.
type Records<'a> = Box<dyn Iterator<Item = (Cow<'a, RecordKey>, Cow<'a, Row>)> + 'a>;

impl Contents {
    /// `None` if the collection's table or bucket does not exist.
    pub(super) fn exists(&self, collection: &Collection) -> Option<()> {
        let there = if collection.object.is_none() {
            self.tables.contains_key(&collection.resource)
        } else {
            self.buckets.contains_key(&collection.resource)
        };
        there.then_some(())
    }

    /// The records of a collection after a key; `None` if its table or bucket does not exist.
    pub(super) fn records<'a>(
        &'a self,
        collection: &'a Collection,
        after: Option<&RecordKey>,
    ) -> Option<Records<'a>> {
        if collection.object.is_none() {
            let table = self.tables.get(&collection.resource)?;
            let from = after.map_or(Bound::Unbounded, |key| Bound::Excluded(key.clone()));
            let rows = table.range((from, Bound::Unbounded));
            return Some(Box::new(rows.map(|(key, row)| (Cow::Borrowed(key), Cow::Borrowed(row)))));
        }
        let bucket = self.buckets.get(&collection.resource)?;
        let from = match after {
            None => Bound::Unbounded,
            Some(key) => Bound::Excluded(key.get(OBJECT)?.expose().to_owned()),
        };
        let objects = bucket.range((from, Bound::Unbounded));
        Some(Box::new(objects.filter_map(|(key, _)| {
            let row = template::parse(collection, key)?;
            Some((Cow::Owned(object_key(key)), Cow::Owned(row)))
        })))
    }

    /// How many objects lie where one of the values' own objects lie, and are of no collection.
    pub(super) fn strays(&self, store: &Store, collection: &Collection, values: &[Value]) -> usize {
        let bucket = self.buckets.get(&collection.resource).filter(|_| collection.object.is_some());
        let stray = |key: &&String| values.iter().any(|v| template::is_stray(store, collection, key, v));
        bucket.map_or(0, |bucket| bucket.keys().filter(stray).count())
    }

    /// One record; `None` if it is gone.
    pub(super) fn record(&self, collection: &Collection, key: &RecordKey) -> Option<Row> {
        if collection.object.is_none() {
            return self.tables.get(&collection.resource)?.get(key).cloned();
        }
        let object = key.get(OBJECT)?.expose();
        let bucket = self.buckets.get(&collection.resource)?;
        bucket.get(object)?;
        template::parse(collection, object)
    }

    /// The fields of a row that hold more than texts and numbers.
    pub(super) fn more(&self, table: &str, key: &RecordKey) -> BTreeMap<String, Datum> {
        self.more.get(&(table.to_owned(), key.clone())).cloned().unwrap_or_default()
    }

    pub(super) fn remove(&mut self, collection: &Collection, key: &RecordKey) {
        let resource = &collection.resource;
        if collection.object.is_none() {
            if let Some(table) = self.tables.get_mut(resource) {
                table.remove(key);
            }
            self.more.remove(&(resource.clone(), key.clone()));
        } else if let Some(object) = key.get(OBJECT) {
            if let Some(bucket) = self.buckets.get_mut(resource) {
                bucket.remove(object.expose());
            }
            let place = (resource.clone(), object.expose().to_owned());
            self.written.remove(&place);
            self.planted.remove(&place);
        }
    }

    /// Replaces a row, whose key may change; `false` if the new key is another row's.
    pub(super) fn replace(&mut self, collection: &Collection, key: &RecordKey, row: Row) -> bool {
        let Some(table) = self.tables.get_mut(&collection.resource) else {
            return false;
        };
        let Some(new_key) = key_of(collection, &row) else {
            return false;
        };
        if new_key != *key && table.contains_key(&new_key) {
            return false;
        }
        table.remove(key);
        if let Some(fields) = self.more.remove(&(collection.resource.clone(), key.clone())) {
            self.more.insert((collection.resource.clone(), new_key.clone()), fields);
        }
        table.insert(new_key, row);
        true
    }
}

pub(super) fn object_key(key: &str) -> RecordKey {
    [(OBJECT.to_owned(), Value::Text(Personal::new(key)))].into()
}

pub(super) fn key_of(collection: &Collection, row: &Row) -> Option<RecordKey> {
    let fields = collection.key.iter();
    fields.map(|name| Some((name.clone(), row.get(name)?.clone()))).collect()
}

/// One tenant's store, to be filled, looked at and damaged by a test.
#[derive(Debug, Clone)]
pub struct Database {
    world: World,
    place: (TenantId, StoreId),
}

impl World {
    /// A tenant's store.
    pub fn database(&self, tenant: &TenantId, store: &StoreId) -> Database {
        Database { world: self.clone(), place: (tenant.clone(), store.clone()) }
    }
}

impl Database {
    /// Makes the empty tables and buckets of a store. What is there stays.
    pub fn provision(&self, store: &Store) {
        self.change(|contents| {
            for collection in &store.collections {
                let name = collection.resource.clone();
                if collection.object.is_some() {
                    contents.buckets.entry(name).or_default();
                } else {
                    contents.tables.entry(name).or_default();
                }
            }
        });
    }

    /// Puts a row into a collection's table; refused if it lacks a field of the primary key.
    pub fn put(&self, collection: &Collection, row: Row) -> Result<(), Fault> {
        self.put_whole(collection, row, BTreeMap::new())
    }

    /// The same, with fields that hold more than texts and numbers.
    pub fn put_whole(
        &self,
        collection: &Collection,
        row: Row,
        more: BTreeMap<String, Datum>,
    ) -> Result<(), Fault> {
        let key = key_of(collection, &row).filter(|key| !key.is_empty());
        let Some(key) = key else {
            return Err(Fault::new(
                Class::Permanent,
                Code::CatalogMismatch,
                "database.put",
                collection.name.as_str(),
                "the row lacks its primary key",
            ));
        };
        self.change(|contents| {
            let place = (collection.resource.clone(), key.clone());
            contents.more.remove(&place);
            if !more.is_empty() {
                contents.more.insert(place, more);
            }
            let table = contents.tables.entry(collection.resource.clone());
            table.or_default().insert(key, row);
        });
        Ok(())
    }

    /// Puts an object into a bucket.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        self.put_typed(bucket, key, bytes, None);
    }

    /// The same, with its media type.
    pub fn put_typed(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>, media_type: Option<&str>) {
        let (bytes, at) = (bytes.into(), self.world.fake_clock().peek());
        self.change(|contents| contents.write(bucket, key, bytes, media_type.map(str::to_owned), at));
    }

    /// A bucket keeps versions from now on.
    pub fn keep_versions(&self, bucket: &str) {
        self.change(|contents| {
            contents.versioned.insert(bucket.to_owned());
        });
    }

    /// The content of an object goes into the store's own archive, from which nobody reads it.
    pub fn archive(&self, bucket: &str, key: &str) {
        self.change(|contents| {
            contents.archived.insert((bucket.to_owned(), key.to_owned()));
        });
    }

    /// Drops a table or bucket: every access to it fails from now on.
    pub fn drop_resource(&self, resource: &str) {
        self.change(|contents| {
            contents.tables.remove(resource);
            contents.more.retain(|(of, _), _| of != resource);
            contents.buckets.remove(resource);
            contents.written.retain(|(of, _), _| of != resource);
            contents.planted.retain(|(of, _)| of != resource);
        });
    }

    /// Takes rows out of a table, as their owner does.
    pub fn remove(&self, table: &str, which: impl Fn(&Row) -> bool) {
        self.change(|contents| {
            if let Some(rows) = contents.tables.get_mut(table) {
                rows.retain(|_, row| !which(row));
                contents.more.retain(|(of, key), _| of != table || rows.contains_key(key));
            }
        });
    }

    /// Empties a bucket, as its owner does.
    pub fn remove_objects(&self, bucket: &str) {
        self.change(|contents| {
            if let Some(objects) = contents.buckets.get_mut(bucket) {
                objects.clear();
            }
            contents.written.retain(|(of, _), _| of != bucket);
            contents.planted.retain(|(of, _)| of != bucket);
        });
    }

    /// The rows of a table, in the order of their keys.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        let contents = self.snapshot();
        let rows = contents.tables.get(table);
        rows.map_or_else(Vec::new, |t| t.values().cloned().collect())
    }

    /// The keys of a bucket's objects.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        let contents = self.snapshot();
        let objects = contents.buckets.get(bucket);
        objects.map_or_else(Vec::new, |b| b.keys().cloned().collect())
    }

    /// Everything, as it is now: to compare with, or as a backup.
    pub fn snapshot(&self) -> Contents {
        let stores = lock(&self.world.inner.stores);
        stores.contents.get(&self.place).cloned().unwrap_or_default()
    }

    /// Puts everything back as it was.
    pub fn restore(&self, contents: Contents) {
        self.change(|now| *now = contents);
    }

    /// Whether a text is anywhere in the store: in a value, an object's key or an object.
    pub fn mentions(&self, text: &str) -> bool {
        let contents = self.snapshot();
        let in_rows = contents
            .tables
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(BTreeMap::values)
            .any(|value| value.expose().contains(text));
        let in_objects = contents.buckets.values().flatten().any(|(key, bytes)| {
            key.contains(text) || bytes.windows(text.len().max(1)).any(|w| w == text.as_bytes())
        });
        let is_in = |bytes: &[u8]| bytes.windows(text.len().max(1)).any(|w| w == text.as_bytes());
        let mut earlier = contents.written.values().flat_map(|written| &written.earlier);
        let mut more = contents.more.values().flat_map(BTreeMap::values);
        // These are looked at in the form in which they would be sealed.
        let in_more = more.any(|datum| serde_json::to_vec(datum).is_ok_and(|bytes| is_in(&bytes)));
        in_rows || in_objects || earlier.any(|version| is_in(&version.bytes)) || in_more
    }

    fn change(&self, change: impl FnOnce(&mut Contents)) {
        let mut stores: std::sync::MutexGuard<'_, AllStores> = lock(&self.world.inner.stores);
        change(stores.contents.entry(self.place.clone()).or_default());
    }
}
