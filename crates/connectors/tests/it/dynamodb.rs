//! DynamoDB, on the local engine.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
};
use connectors::dynamodb::DynamoDb;
use domain::Personal;
use domain::catalog::Store;
use domain::export::{self, Bytes, Datum};
use domain::plan::{RecordKey, Value};
use ports::stores::Treatment;
use ports::{Collector, Connector, Planter, Suppressor, Walker};
use serde_json::json;
use testkit::conformance::{Fixture, Row, Scene};

use crate::engine;

/// What kind of table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// People by an index that holds keys alone.
    Indexed,
    /// People by the partition key.
    Keyed,
    /// People by reading everything.
    Scanned,
}

pub struct Table {
    client: Client,
    connector: Arc<DynamoDb>,
    store: Store,
    shape: Shape,
    serial: AtomicUsize,
}

/// A fresh table.
pub async fn fresh(shape: Shape) -> Table {
    let client = Client::new(&engine::config().await);
    let name = engine::name("table");
    let key = |name: &str, kind| {
        let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        element.build().expect("a key")
    };
    let attribute = |name: &str, kind| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(kind).build().expect("an attribute")
    };
    let table = client.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    let table = match shape {
        Shape::Keyed => table
            .key_schema(key("CustomerId", KeyType::Hash))
            .key_schema(key("Serial", KeyType::Range))
            .attribute_definitions(attribute("CustomerId", ScalarAttributeType::N))
            .attribute_definitions(attribute("Serial", ScalarAttributeType::N)),
        Shape::Scanned => table
            .key_schema(key("Serial", KeyType::Hash))
            .attribute_definitions(attribute("Serial", ScalarAttributeType::N)),
        Shape::Indexed => table
            .key_schema(key("Serial", KeyType::Hash))
            .attribute_definitions(attribute("Serial", ScalarAttributeType::N))
            .attribute_definitions(attribute("Email", ScalarAttributeType::S))
            .global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name("email-index")
                    .key_schema(key("Email", KeyType::Hash))
                    .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
                    .build()
                    .expect("an index"),
            ),
    };
    table.send().await.expect("a table");
    Table {
        connector: Arc::new(DynamoDb::over(client.clone())),
        store: declared(shape, &name),
        client,
        shape,
        serial: AtomicUsize::new(1),
    }
}

pub fn declared(shape: Shape, table: &str) -> Store {
    let people = |email: serde_json::Value, scan: bool| {
        json!({
            "name": "people", "resource": table, "key": ["Serial"], "suppress": "Hidden", "version": "Code",
            "fields": {
                "Serial": {"category": "system", "class": "internal", "kind": "number"},
                "Email": email,
                "Name": {"category": "user.name", "class": "confidential", "anonymise": "remove"},
                "Code": {"category": "user.unique_id", "class": "internal", "kind": "number",
                    "identity": "code", "anonymise": "remove"},
                "Hidden": {"category": "system", "class": "internal"}},
            "erasure": {"method": "anonymise", "reason": "r", "law": "l"}, "scan": scan})
    };
    let collection = match shape {
        Shape::Indexed => people(
            json!({"category": "user.contact.email", "class": "confidential", "identity": "email",
                "index": "email-index", "anonymise": "surrogate"}),
            true,
        ),
        Shape::Scanned => people(
            json!({"category": "user.contact.email", "class": "confidential", "identity": "email",
                "anonymise": "surrogate"}),
            true,
        ),
        Shape::Keyed => json!({
            "name": "people", "resource": table, "key": ["CustomerId", "Serial"],
            "suppress": "Hidden", "version": "Serial",
            "fields": {
                "CustomerId": {"category": "user.unique_id", "class": "internal",
                    "kind": "number", "identity": "customer"},
                "Serial": {"category": "system", "class": "internal", "kind": "number"},
                "Name": {"category": "user.name", "class": "confidential",
                    "anonymise": {"fixed": "nobody"}},
                "Hidden": {"category": "system", "class": "internal"}},
            "erasure": {"method": "delete"}}),
    };
    engine::store(json!({"id": "shop", "kind": "dynamodb", "owner": {"team": "t", "page": "p"},
        "collections": [collection]}))
}

impl Table {
    fn resource(&self) -> &str {
        &self.store.collections[0].resource
    }

    fn item(&self, who: &Value, weight: usize) -> HashMap<String, AttributeValue> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let n = |number: usize| AttributeValue::N(number.to_string());
        let s = |text: String| AttributeValue::S(text);
        let mut item = HashMap::from([
            ("Serial".to_owned(), n(serial)),
            ("Name".to_owned(), s(format!("name {serial}"))),
            ("Note".to_owned(), AttributeValue::L(vec![n(1), AttributeValue::Bool(false)])),
        ]);
        if weight > 0 {
            item.insert("Filler".to_owned(), s("x".repeat(weight)));
        }
        let text = who.expose().to_owned();
        if self.shape == Shape::Keyed {
            item.insert("CustomerId".to_owned(), AttributeValue::N(text));
        } else {
            item.insert("Code".to_owned(), n(serial * 7));
            item.insert("Email".to_owned(), s(text));
        }
        item
    }
}

/// A large text.
const LARGE: usize = 390 << 10;

/// Everything that an attribute can be, in several items, and how it must be shown.
fn whole() -> Vec<Vec<(&'static str, AttributeValue, Datum)>> {
    let s = |text: &str| AttributeValue::S(text.to_owned());
    let n = |text: &str| AttributeValue::N(text.to_owned());
    let b = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
    let bytes = |bytes: &[u8]| Datum::Bytes(Bytes::new(bytes.to_vec()));
    let text = |name, text: &str| (name, s(text), Datum::text(text));
    let number = |name, text: &str| (name, n(text), Datum::number(text));
    let inner =
        AttributeValue::L(vec![s(""), AttributeValue::Null(true), AttributeValue::L(vec![n("-0.5")])]);
    let shown = Datum::List(vec![Datum::text(""), Datum::Null, Datum::List(vec![Datum::number("-0.5")])]);
    let deep = AttributeValue::M([("o'dd \"k\u{eb}y\" 😀".to_owned(), inner)].into());
    vec![
        vec![
            text("empty", ""),
            text("quotes", "O'Brien \"; DROP TABLE people; --"),
            text("nul", "a\0b\nc\u{202e}"),
            text("emoji", "👩‍👩‍👧 🏳️‍🌈"),
            text("#n0 = :v0", "a name like an expression"),
        ],
        vec![
            number("digits", "12345678901234567890123456789012345678"),
            number("negative", "-1234567890123456789012345678901234567.8"),
            number("zero", "0"),
            ("yes", AttributeValue::Bool(true), Datum::Bool(true)),
            ("nothing", AttributeValue::Null(true), Datum::Null),
        ],
        vec![
            ("bytes", b(b"\xff\0\x80"), bytes(b"\xff\0\x80")),
            ("map", deep, Datum::Map([("o'dd \"k\u{eb}y\" 😀".to_owned(), shown)].into())),
            ("no members", AttributeValue::M(HashMap::new()), Datum::Map(BTreeMap::new())),
            ("texts", AttributeValue::Ss(vec!["one".to_owned()]), Datum::List(vec![Datum::text("one")])),
            ("numbers", AttributeValue::Ns(vec!["7".to_owned()]), Datum::List(vec![Datum::number("7")])),
            ("blobs", AttributeValue::Bs(vec![Blob::new(b"\0")]), Datum::List(vec![bytes(b"\0")])),
        ],
        vec![text("large", &"é".repeat(LARGE / 2))],
    ]
}

fn raw(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        AttributeValue::Bool(bool) => bool.to_string(),
        other => format!("{other:?}"),
    }
}

#[async_trait]
impl Fixture for Table {
    fn connector(&self) -> Arc<dyn Connector> {
        self.connector.clone()
    }

    fn suppressor(&self) -> Option<Arc<dyn Suppressor>> {
        Some(self.connector.clone())
    }

    fn collector(&self) -> Arc<dyn Collector> {
        self.connector.clone()
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

    fn field(&self) -> &str {
        match self.shape {
            Shape::Keyed => "CustomerId",
            _ => "Email",
        }
    }

    async fn plant(&self, who: &Value, count: usize, weight: usize) -> bool {
        let mut left = count;
        while left > 0 {
            let batch = left.min(if weight > 0 { 8 } else { 25 });
            let writes = (0..batch).map(|_| {
                let put = PutRequest::builder().set_item(Some(self.item(who, weight)));
                let put = put.build().expect("a put");
                WriteRequest::builder().put_request(put).build()
            });
            let answer = self
                .client
                .batch_write_item()
                .request_items(self.resource(), writes.collect())
                .send()
                .await
                .expect("they are written");
            assert!(answer.unprocessed_items.unwrap_or_default().is_empty());
            left -= batch;
        }
        true
    }

    async fn plant_whole(&self, who: &Value) -> Vec<export::Row> {
        let mut rows = Vec::new();
        for attributes in whole() {
            let mut item = self.item(who, 0);
            let own = |name: &str| match &item[name] {
                AttributeValue::S(text) => Datum::text(text),
                AttributeValue::N(text) => Datum::number(text),
                _ => panic!("another form"),
            };
            let names = match self.shape {
                Shape::Keyed => &["Serial", "Name", "CustomerId"][..],
                _ => &["Serial", "Name", "Code", "Email"],
            };
            let mut fields: BTreeMap<String, Datum> =
                names.iter().map(|name| ((*name).to_owned(), own(name))).collect();
            let note = Datum::List(vec![Datum::number("1"), Datum::Bool(false)]);
            fields.insert("Note".to_owned(), note);
            let version = match &item[if self.shape == Shape::Keyed { "Serial" } else { "Code" }] {
                AttributeValue::N(text) => Some(text.clone()),
                _ => None,
            };
            for (name, attribute, datum) in attributes {
                item.insert(name.to_owned(), attribute);
                fields.insert(name.to_owned(), datum);
            }
            let put = self.client.put_item().table_name(self.resource()).set_item(Some(item));
            put.send().await.expect("it is written");
            rows.push(export::Row { fields, version, content: None });
        }
        rows
    }

    async fn rows(&self) -> Vec<Row> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .scan()
                .table_name(self.resource())
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .expect("items");
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let collection = self.collection();
        let row = |item: &HashMap<String, AttributeValue>| {
            let fields: BTreeMap<String, String> =
                item.iter().map(|(name, value)| (name.clone(), raw(value))).collect();
            let value = |name: &str| {
                let text = fields.get(name).cloned().unwrap_or_default();
                Value::of(collection.fields[name].kind, &text)
            };
            let key = collection.key.iter();
            Row {
                key: key.map(|part| (part.clone(), value(part))).collect(),
                who: value(self.field()),
                fields,
            }
        };
        items.iter().map(row).collect()
    }

    async fn reassign(&self, key: &RecordKey, to: &Value) -> bool {
        if self.shape == Shape::Keyed {
            return false;
        }
        self.client
            .update_item()
            .table_name(self.resource())
            .key("Serial", AttributeValue::N(key["Serial"].expose().to_owned()))
            .update_expression("SET Email = :e")
            .expression_attribute_values(":e", AttributeValue::S(to.expose().to_owned()))
            .send()
            .await
            .expect("it is given away");
        true
    }

    fn anonymising(&self) -> Option<Treatment> {
        let text = |text: &str| Some(Value::Text(Personal::new(text)));
        let changes = match self.shape {
            Shape::Keyed => vec![("Name", text("nobody"))],
            _ => vec![("Email", text("erased-0f'")), ("Name", None), ("Code", None)],
        };
        let changes = changes.into_iter().map(|(name, to)| (name.to_owned(), to));
        Some(Treatment::Anonymise(changes.collect()))
    }
}

testkit::conformance!(
    #[ignore = "needs the local engine: see main.rs"]
    indexed,
    fresh(Shape::Indexed)
);
testkit::conformance!(
    #[ignore = "needs the local engine: see main.rs"]
    keyed,
    fresh(Shape::Keyed)
);
testkit::conformance!(
    #[ignore = "needs the local engine: see main.rs"]
    scanned,
    fresh(Shape::Scanned)
);

/// What Lacuna never writes is somebody else's flag: it stays, and the step fails.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn a_flag_of_somebody_else_s_is_left_alone() {
    let table = fresh(Shape::Indexed).await;
    let scene = Scene::of(&table);
    let who = [table.person(1)];
    scene.plant(&who[0], 2).await;
    let found = scene.locate(&who).await;
    let serial = AttributeValue::N(found[0].key["Serial"].expose().to_owned());
    let status = table.client.update_item().table_name(table.resource()).key("Serial", serial);
    let status = status.update_expression("SET #h = :s").expression_attribute_names("#h", "Hidden");
    let status = status.expression_attribute_values(":s", AttributeValue::S("archived".to_owned()));
    status.send().await.expect("it is written");
    let before: Vec<Row> = scene.rows().await.into_iter().filter(|row| row.key == found[0].key).collect();
    for hidden in [true, false] {
        let hiding = table.suppressor().expect("it hides");
        let fault = hiding.set_hidden(&scene.target(), &found[..1], hidden).await.expect_err("it fails");
        assert_eq!((fault.class, fault.code), (ports::Class::Permanent, ports::Code::CatalogMismatch));
        assert!(!fault.to_string().contains("archived"));
        let hidden = hiding.set_hidden(&scene.target(), &found[1..], hidden).await;
        assert_eq!(hidden.expect("the other is"), 1);
    }
    let after: Vec<Row> = scene.rows().await.into_iter().filter(|row| row.key == found[0].key).collect();
    assert_eq!(after, before);
}
