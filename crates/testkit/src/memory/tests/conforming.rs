//! The memory's own connectors walk and plant as every connector must: what a test of the lifecycle learns from
//! them is true of the real ones.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::catalog::{Catalog, FieldKind, Store, StoreKind};
use domain::export;
use domain::plan::{RecordKey, Value};
use ports::stores::PAGE;
use ports::{Collector, Connector, Contents, Planter, Suppressor, Walker};

use super::{number, tenant, text};
use crate::conformance::{Fixture, Row};
use crate::memory::connector::MemoryConnector;
use crate::memory::{Database, Paging, World};

/// What kind of store it is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Sql,
    Dynamodb,
    S3,
}

const SQL: &str = r#"{"id":"crm","kind":"sql","connection":"crm","owner":{"team":"t","page":"p"},
    "collections":[{"name":"people","resource":"people","key":["id"],"suppress":"hidden",
    "fields":{"id":{"category":"c","class":"internal","kind":"number"},
    "email":{"category":"c","class":"confidential","identity":"email","index":"i","anonymise":"surrogate"},
    "name":{"category":"c","class":"confidential","anonymise":"remove"},
    "hidden":{"category":"c","class":"internal","kind":"number"}},
    "erasure":{"method":"anonymise","reason":"r","law":"l"}}]}"#;

const DYNAMODB: &str = r#"{"id":"shop","kind":"dynamodb","owner":{"team":"t","page":"p"},
    "collections":[{"name":"people","resource":"people","key":["customer","id"],"suppress":"hidden",
    "fields":{"customer":{"category":"c","class":"internal","kind":"number","identity":"customer"},
    "id":{"category":"c","class":"internal","kind":"number"},
    "name":{"category":"c","class":"confidential"},
    "hidden":{"category":"c","class":"internal"}},
    "erasure":{"method":"delete"}}]}"#;

const S3: &str = r#"{"id":"files","kind":"s3","owner":{"team":"t","page":"p"},
    "collections":[{"name":"tickets","resource":"files","object":"tickets/{person}/{ticket}.json",
    "fields":{"person":{"category":"c","class":"confidential","identity":"customer"},
    "ticket":{"category":"c","class":"internal"}},
    "erasure":{"method":"delete"}}]}"#;

struct Memory {
    connector: Arc<MemoryConnector>,
    database: Database,
    store: Store,
    serial: AtomicU32,
}

fn fresh(kind: Kind) -> Memory {
    let text = match kind {
        Kind::Sql => SQL,
        Kind::Dynamodb => DYNAMODB,
        Kind::S3 => S3,
    };
    let store: Store = serde_json::from_str(text).expect("a store");
    let catalog = Catalog { catalog: 1, stores: vec![store.clone()] };
    assert_eq!(catalog.check(), []);
    let world = World::default();
    world.provision(&tenant(), &catalog);
    world.set_paging(Paging { size: PAGE, begins_empty: false });
    let database = world.database(&tenant(), &store.id);
    let connector = Arc::new(MemoryConnector { place: (tenant(), store.id.clone()), world });
    Memory { connector, database, store, serial: AtomicU32::new(1) }
}

impl Memory {
    fn is_bucket(&self) -> bool {
        self.store.kind == StoreKind::S3
    }
}

#[async_trait]
impl Fixture for Memory {
    fn connector(&self) -> Arc<dyn Connector> {
        self.connector.clone()
    }

    fn suppressor(&self) -> Option<Arc<dyn Suppressor>> {
        if self.is_bucket() { None } else { Some(self.connector.clone()) }
    }

    fn collector(&self) -> Arc<dyn Collector> {
        self.connector.clone()
    }

    fn contents(&self) -> Option<Arc<dyn Contents>> {
        if self.is_bucket() { Some(self.connector.clone()) } else { None }
    }

    fn walker(&self) -> Arc<dyn Walker> {
        self.connector.clone()
    }

    fn planter(&self) -> Option<Arc<dyn Planter>> {
        Some(self.connector.clone())
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn field(&self) -> &'static str {
        match self.store.kind {
            StoreKind::Sql => "email",
            StoreKind::Dynamodb => "customer",
            StoreKind::S3 => "person",
        }
    }

    async fn plant(&self, who: &Value, count: usize, weight: usize) -> bool {
        for _ in 0..count {
            let serial = self.serial.fetch_add(1, Ordering::Relaxed);
            if self.is_bucket() {
                let key = format!("tickets/{}/{serial}.json", who.expose());
                self.database.put_object("files", &key, vec![b'x'; weight]);
                continue;
            }
            let name = text(&format!("name {serial}{}", "x".repeat(weight)));
            let fields = [("id", number(serial)), ("name", name), (self.field(), who.clone())];
            let row = fields.map(|(name, value)| (name.to_owned(), value)).into();
            self.database.put(self.collection(), row).expect("it is put");
        }
        true
    }

    /// Only collecting asks for it.
    async fn plant_whole(&self, _who: &Value) -> Vec<export::Row> {
        Vec::new()
    }

    async fn rows(&self) -> Vec<Row> {
        let object = |key: String| {
            let who = text(key.split('/').nth(1).unwrap_or_default());
            Row { key: [("object".to_owned(), text(&key))].into(), who, fields: BTreeMap::new() }
        };
        if self.is_bucket() {
            return self.database.objects("files").into_iter().map(object).collect();
        }
        let row = |row: super::Row| {
            let key = self.collection().key.iter();
            Row {
                key: key.map(|part| (part.clone(), row[part].clone())).collect(),
                who: row[self.field()].clone(),
                fields: row.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
            }
        };
        self.database.rows("people").into_iter().map(row).collect()
    }

    async fn reassign(&self, _key: &RecordKey, _to: &Value) -> bool {
        false
    }

    fn refuses(&self, who: &Value) -> bool {
        let odd = |c: char| matches!(c, '/' | '%') || c.is_control();
        self.is_bucket() && self.kind() == FieldKind::Text && who.expose().contains(odd)
    }
}

crate::conformance!(whole: sql, ready(fresh(Kind::Sql)));
crate::conformance!(whole: dynamodb, ready(fresh(Kind::Dynamodb)));
crate::conformance!(whole: s3, ready(fresh(Kind::S3)));
