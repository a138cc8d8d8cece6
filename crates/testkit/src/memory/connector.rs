//! A connector over memory.

use async_trait::async_trait;
use domain::catalog::{Field, FieldKind, StoreKind};
use domain::plan::{Record, RecordKey, Value};
use domain::{StoreId, TenantId};
use ports::stores::{Found, MOST_VALUES, PAGE, Remaining, Search, Settled, Since, Target, Treatment};
use ports::{Class, Code, Connector, Fault, Suppressor};

use super::database::{Contents, Row};
use super::stores::Sight;
use super::{World, lock, template};
use crate::inject::{Point, fault};

/// The cursor after a page that is empty at the beginning.
pub(super) const FROM_THE_START: &str = "start";

/// A connection to one tenant's store.
pub(super) struct MemoryConnector {
    pub(super) world: World,
    pub(super) place: (TenantId, StoreId),
}

#[async_trait]
impl Connector for MemoryConnector {
    async fn locate(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Found, Fault> {
        let point = Point::ConnectorLocate;
        self.pass(point, || {
            self.check_search(point, target, search)?;
            if self.is_blind(Sight::Locate) {
                return Ok(Found { records: Vec::new(), next: None });
            }
            if self.begins_empty(cursor) {
                let next = Some(FROM_THE_START.to_owned());
                return Ok(Found { records: Vec::new(), next });
            }
            let after = self.read_cursor(point, cursor)?;
            let size = self.page_size();
            self.with(point, target, |contents| {
                let rows = contents.records(target.collection, after.as_ref())?;
                let matching = rows.filter_map(|(key, row)| {
                    let via_value = row.get(search.field)?.clone();
                    is_meant(target, search, &via_value).then(|| Record {
                        key: key.into_owned(),
                        via: search.field.to_owned(),
                        via_value,
                        values: wanted(&row, target.wanted),
                    })
                });
                let records: Vec<Record> = matching.take(size).collect();
                // A full page has a next one, even if that turns out empty.
                let last = records.last().filter(|_| records.len() == size);
                let next = last.and_then(|r| serde_json::to_string(&r.key).ok());
                Some(Found { records, next })
            })
        })
    }

    async fn erase(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<Settled, Fault> {
        let point = Point::ConnectorErase;
        let id = self.place.1.as_str();
        let injector = self.world.injector();
        injector.pass_many(point, id, records.len(), |upto| {
            self.check_page(point, records)?;
            let mut settled = Settled::default();
            for record in records.iter().take(upto) {
                if self.treat(point, target, record, treatment)? {
                    settled.done += 1;
                } else {
                    settled.foreign += 1;
                }
            }
            Ok(settled)
        })
    }

    async fn look_again(&self, target: &Target<'_>, records: &[Record]) -> Result<Vec<Since>, Fault> {
        let point = Point::ConnectorLookAgain;
        self.pass(point, || {
            self.check_page(point, records)?;
            self.with(point, target, |contents| {
                contents.exists(target.collection)?;
                let since = |record: &Record| match contents.record(target.collection, &record.key) {
                    Some(row) => Since::Holds(row.get(&record.via).cloned()),
                    None => Since::Gone,
                };
                Some(records.iter().map(since).collect())
            })
        })
    }

    /// Reads everything there is and counts, where locating follows a key range.
    async fn confirm_search(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Remaining, Fault> {
        let point = Point::ConnectorConfirmSearch;
        self.pass(point, || {
            if search.values.is_empty() || search.values.len() > MOST_VALUES {
                return Err(self.refused(point, "a search has 1 to 100 values"));
            }
            check_values(point, target, search)?;
            if self.is_blind(Sight::Confirm) {
                return Ok(Remaining { records: 0, next: None });
            }
            if self.begins_empty(cursor) {
                let next = Some(FROM_THE_START.to_owned());
                return Ok(Remaining { records: 0, next });
            }
            let skip: usize = match cursor {
                None | Some(FROM_THE_START) => 0,
                Some(text) => text.parse().map_err(|_| self.refused(point, "not one of its cursors"))?,
            };
            let size = self.page_size();
            self.with(point, target, |contents| {
                let mut left = contents.strays(target.store, target.collection, search.values);
                for (_, row) in contents.records(target.collection, None)? {
                    let value = row.get(search.field);
                    left += usize::from(value.is_some_and(|v| is_meant(target, search, v)));
                }
                let rest = left.saturating_sub(skip);
                Some(Remaining {
                    records: rest.min(size) as u64,
                    next: (rest >= size).then(|| (skip + size).to_string()),
                })
            })
        })
    }

    async fn confirm_records(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<u64, Fault> {
        let point = Point::ConnectorConfirmRecords;
        self.pass(point, || {
            self.check_page(point, records)?;
            self.with(point, target, |contents| {
                contents.exists(target.collection)?;
                let remaining = records.iter().filter(|record| {
                    contents
                        .record(target.collection, &record.key)
                        .is_some_and(|row| !is_treated(&row, treatment) && is_own(&row, record))
                });
                Some(remaining.count() as u64)
            })
        })
    }
}

#[async_trait]
impl Suppressor for MemoryConnector {
    async fn set_hidden(&self, target: &Target<'_>, records: &[Record], hidden: bool) -> Result<u64, Fault> {
        let point = Point::SuppressorSetHidden;
        let id = self.place.1.as_str();
        let injector = self.world.injector();
        injector.pass_many(point, id, records.len(), |upto| {
            self.check_page(point, records)?;
            let Some(flag) = &target.collection.suppress else {
                return Err(self.refused(point, "the collection has no suppression flag"));
            };
            let value = flag_value(target, flag, hidden);
            self.with(point, target, |contents| {
                contents.exists(target.collection)?;
                let mut done = 0;
                for record in records.iter().take(upto) {
                    let row = contents.record(target.collection, &record.key);
                    let Some(mut row) = row.filter(|row| !hidden || is_own(row, record)) else {
                        continue;
                    };
                    match &value {
                        Some(value) => row.insert(flag.clone(), value.clone()),
                        None => row.remove(flag),
                    };
                    done += u64::from(contents.replace(target.collection, &record.key, row));
                }
                Some(done)
            })
        })
    }
}

impl MemoryConnector {
    pub(super) fn pass<T>(
        &self,
        point: Point,
        effect: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.world.injector().pass(point, self.place.1.as_str(), effect)
    }

    /// Works on the contents; `None` from `work` means that the table or bucket does not exist.
    pub(super) fn with<T>(
        &self,
        point: Point,
        target: &Target<'_>,
        work: impl FnOnce(&mut Contents) -> Option<T>,
    ) -> Result<T, Fault> {
        if target.store.id != self.place.1 {
            return Err(self.refused(point, "connected to another store"));
        }
        let mut stores = lock(&self.world.inner.stores);
        let contents = stores.contents.get_mut(&self.place);
        contents.and_then(work).ok_or_else(|| self.refused(point, "no such table or bucket"))
    }

    /// Whether the record is in the wanted state now; `false` if it is somebody else's.
    fn treat(
        &self,
        point: Point,
        target: &Target<'_>,
        record: &Record,
        treatment: &Treatment,
    ) -> Result<bool, Fault> {
        let collection = target.collection;
        let clean = self.with(point, target, |contents| {
            contents.exists(collection)?;
            let Some(mut row) = contents.record(collection, &record.key) else {
                return Some(Ok(true));
            };
            if is_treated(&row, treatment) {
                return Some(Ok(true));
            }
            if !is_own(&row, record) {
                return Some(Ok(false));
            }
            match treatment {
                Treatment::Delete => contents.remove(collection, &record.key),
                Treatment::Anonymise(_) if collection.object.is_some() => {
                    return Some(Err("objects cannot be anonymised"));
                }
                Treatment::Anonymise(fields) => {
                    for (name, value) in fields {
                        match value {
                            Some(value) => row.insert(name.clone(), value.clone()),
                            None => row.remove(name),
                        };
                    }
                    if !contents.replace(collection, &record.key, row) {
                        return Some(Err("the new primary key is missing or taken"));
                    }
                }
            }
            Some(Ok(true))
        })?;
        clean.map_err(|detail| self.refused(point, detail))
    }

    fn check_search(&self, point: Point, target: &Target<'_>, search: &Search<'_>) -> Result<(), Fault> {
        if search.values.is_empty() || search.values.len() > MOST_VALUES {
            return Err(self.refused(point, "a search has 1 to 100 values"));
        }
        if !target.collection.is_indexed(search.field) && !target.collection.scan {
            return Err(self.refused(point, "no index finds records by this field"));
        }
        check_values(point, target, search)
    }

    pub(super) fn check_page(&self, point: Point, records: &[Record]) -> Result<(), Fault> {
        if records.len() > PAGE {
            return Err(self.refused(point, "more records than a page has"));
        }
        Ok(())
    }

    pub(super) fn read_cursor(&self, point: Point, cursor: Option<&str>) -> Result<Option<RecordKey>, Fault> {
        match cursor {
            None | Some(FROM_THE_START) => Ok(None),
            Some(text) => {
                let key = serde_json::from_str(text).ok().filter(|key: &RecordKey| !key.is_empty());
                key.map(Some).ok_or_else(|| {
                    let (class, code, store) =
                        (Class::Permanent, Code::PlanUnreadable, self.place.1.as_str());
                    Fault::new(class, code, point.name(), store, "not one of its cursors")
                })
            }
        }
    }

    pub(super) fn is_blind(&self, sight: Sight) -> bool {
        lock(&self.world.inner.stores).blind.contains(&(self.place.1.clone(), sight))
    }

    pub(super) fn begins_empty(&self, cursor: Option<&str>) -> bool {
        cursor.is_none() && lock(&self.world.inner.stores).paging.begins_empty
    }

    pub(super) fn page_size(&self) -> usize {
        lock(&self.world.inner.stores).paging.size
    }

    pub(super) fn refused(&self, point: Point, detail: &str) -> Fault {
        fault(point, Class::Permanent, self.place.1.as_str(), detail)
    }
}

/// What keys may hold in another writing is not looked for.
fn check_values(point: Point, target: &Target<'_>, search: &Search<'_>) -> Result<(), Fault> {
    let unclear = search.values.iter().any(|value| template::is_unclear(target.collection, value));
    if unclear {
        let what = format!("a value of the field {} may be in keys in another writing", search.field);
        let place = format!("{}.{}", target.store.id, target.collection.name);
        return Err(Fault::new(Class::Permanent, Code::CatalogMismatch, point.name(), place, what));
    }
    Ok(())
}

/// Whether a value is one of those that are looked for. SQL is asked for addresses in any letters.
fn is_meant(target: &Target<'_>, search: &Search<'_>, value: &Value) -> bool {
    let field = target.collection.fields.get(search.field);
    let in_any_case = target.store.kind == StoreKind::Sql && field.is_some_and(Field::is_address);
    let same = |asked: &Value| in_any_case && asked.expose().eq_ignore_ascii_case(value.expose());
    search.values.iter().any(|asked| asked == value || same(asked))
}

/// Whether the record still is the person's.
fn is_own(row: &Row, record: &Record) -> bool {
    row.get(&record.via) == Some(&record.via_value)
}

/// Whether a record that is there is as the treatment wants it.
fn is_treated(row: &Row, treatment: &Treatment) -> bool {
    match treatment {
        Treatment::Delete => false,
        Treatment::Anonymise(fields) => fields.iter().all(|(name, value)| row.get(name) == value.as_ref()),
    }
}

pub(super) fn wanted(row: &Row, names: &[String]) -> Row {
    let present = names.iter().filter_map(|name| Some((name.clone(), row.get(name)?.clone())));
    present.collect()
}

/// A column becomes 1 or 0, or a text that says so; an attribute is set or removed.
pub(super) fn flag_value(target: &Target<'_>, flag: &str, hidden: bool) -> Option<Value> {
    if !hidden && target.store.kind == StoreKind::Dynamodb {
        return None;
    }
    let kind = target.collection.fields.get(flag).map(|f| f.kind);
    let (kind, text) = match (kind, hidden) {
        (Some(FieldKind::Number), true) => (FieldKind::Number, "1"),
        (Some(FieldKind::Number), false) => (FieldKind::Number, "0"),
        (_, true) => (FieldKind::Text, "true"),
        (_, false) => (FieldKind::Text, "false"),
    };
    Some(Value::of(kind, text))
}
