//! Reading records and objects whole, over memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::Personal;
use domain::catalog::{Field, StoreKind};
use domain::export::{Content, Datum, Row};
use domain::plan::{Record, RecordKey, Value};
use ports::stores::{Collected, MOST_COLLECTED, Opened, Target};
use ports::{Chunks, Collector, Fault};

use super::connector::MemoryConnector;
use super::database::{Contents, OBJECT};
use super::objects::Version;
use super::{World, lock};
use crate::inject::Point;

/// Bytes of a piece of content.
const PIECE: usize = 64 << 10;

#[async_trait]
impl Collector for MemoryConnector {
    async fn collect(&self, target: &Target<'_>, records: &[Record]) -> Result<Collected, Fault> {
        let point = Point::CollectorCollect;
        self.pass(point, || {
            self.check_page(point, records)?;
            let mut ways: BTreeMap<&RecordKey, Vec<&Record>> = BTreeMap::new();
            for record in records {
                ways.entry(&record.key).or_default().push(record);
            }
            let most = lock(&self.world.inner.stores).most_collected.unwrap_or(MOST_COLLECTED);
            self.with(point, target, |contents| {
                contents.exists(target.collection)?;
                let mut collected = Collected::default();
                let mut bytes = 0;
                for record in records {
                    // The first tells of all that have its key.
                    let Some(ways) = ways.get_mut(&record.key).map(std::mem::take) else { break };
                    if !ways.is_empty() {
                        if bytes >= most {
                            break;
                        }
                        let rows = shown(contents, target, &ways, &mut collected);
                        bytes += rows.iter().map(Row::size).sum::<usize>();
                        collected.rows.extend(rows);
                    }
                    collected.taken += 1;
                }
                Some(collected)
            })
        })
    }
}

/// The rows of one record; counts it if there are none.
fn shown(contents: &Contents, target: &Target<'_>, ways: &[&Record], collected: &mut Collected) -> Vec<Row> {
    let Some(record) = ways.first() else {
        return Vec::new();
    };
    let Some(held) = contents.record(target.collection, &record.key) else {
        collected.gone += 1;
        return Vec::new();
    };
    if !ways.iter().any(|way| is_still(target, held.get(&way.via), way)) {
        collected.foreign += 1;
        return Vec::new();
    }
    let datum = |value| match value {
        Value::Text(text) => Datum::Text(text),
        Value::Number(text) => Datum::Number(text),
    };
    let mut fields: BTreeMap<String, Datum> =
        held.into_iter().map(|(name, value)| (name, datum(value))).collect();
    if target.collection.object.is_some() {
        let key = record.key.get(OBJECT).map_or("", Value::expose);
        let versions = contents.versions(&target.collection.resource, key);
        return versions.iter().enumerate().map(|(at, version)| object(&fields, key, version, at)).collect();
    }
    fields.extend(contents.more(&target.collection.resource, &record.key));
    let version = match target.collection.version.as_ref().and_then(|name| fields.get(name)) {
        Some(Datum::Number(text) | Datum::Text(text)) => Some(text.expose().to_owned()),
        _ => None,
    };
    vec![Row { fields, version, content: None }]
}

fn object(fields: &BTreeMap<String, Datum>, key: &str, version: &Version<'_>, at: usize) -> Row {
    let content = Content {
        key: Personal::new(key),
        shown_key: None,
        version_id: version.id.clone(),
        etag: Some(version.etag()),
        is_latest: at == 0,
        media_type: version.media_type.clone(),
        size: version.bytes.len() as u64,
    };
    Row { fields: fields.clone(), version: Some(version.at.to_string()), content: Some(content) }
}

/// Whether a record still is the person's. SQL is asked for addresses in any letters.
fn is_still(target: &Target<'_>, held: Option<&Value>, way: &Record) -> bool {
    let field = target.collection.fields.get(&way.via);
    let in_any_case = target.store.kind == StoreKind::Sql && field.is_some_and(Field::is_address);
    held.is_some_and(|held| {
        held == &way.via_value || (in_any_case && held.expose().eq_ignore_ascii_case(way.via_value.expose()))
    })
}

#[async_trait]
impl ports::Contents for MemoryConnector {
    async fn content(&self, target: &Target<'_>, content: &Content) -> Result<Opened, Fault> {
        let point = Point::ContentsContent;
        self.pass(point, || {
            self.with(point, target, |contents| {
                contents.exists(target.collection)?;
                let versions = contents.versions(&target.collection.resource, content.key.expose());
                let same = versions.iter().find(|version| {
                    version.id == content.version_id
                        && content.etag.as_ref().is_none_or(|etag| *etag == version.etag())
                });
                let place = (target.collection.resource.clone(), content.key.expose().to_owned());
                Some(match same {
                    None => Opened::Gone,
                    Some(_) if contents.archived.contains(&place) => Opened::Archived,
                    Some(version) => {
                        let left = version.bytes.chunks(PIECE).rev().map(<[u8]>::to_vec).collect();
                        let store = self.place.1.to_string();
                        Opened::There(Box::new(Pieces { world: self.world.clone(), store, left }))
                    }
                })
            })
        })
    }
}

/// A content on its way.
struct Pieces {
    world: World,
    store: String,
    /// What is still to come, the next one last.
    left: Vec<Vec<u8>>,
}

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let Self { world, store, left } = self;
        world.injector().pass(Point::ContentsRead, store, || Ok(left.pop()))
    }
}
