//! Tables and a key of this run's own, in the engine.

use std::sync::Arc;

use aws::dynamo::{
    AuditTable, EventListsTable, HoldsTable, KeysTable, LedgerTable, PacksTable, RegistryTable, RequestsTable,
};
use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType,
};
use testkit::clock::FakeClock;
use testkit::contract_tests::{Deployment, fixtures};
use tokio::sync::OnceCell;

/// The names of what was made.
#[derive(Clone)]
pub struct Names {
    pub requests: String,
    pub holds: String,
    pub audit: String,
    pub registry: String,
    pub keys: String,
    pub ledger: String,
    pub kms_key: String,
}

/// The engine, through clients of one test.
pub struct Engine {
    pub endpoint: String,
    pub dynamodb: Client,
    pub kms: aws_sdk_kms::Client,
    pub names: Names,
    pub clock: Arc<FakeClock>,
}

/// A client's connections belong to the test that opened them; the tables are made once.
static NAMES: OnceCell<Names> = OnceCell::const_new();

pub async fn engine() -> Engine {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let endpoint = config.endpoint_url();
    let endpoint = endpoint.expect("AWS_ENDPOINT_URL: these tests make tables").to_owned();
    let dynamodb = Client::new(&config);
    let kms = aws_sdk_kms::Client::new(&config);
    let names = NAMES.get_or_init(|| make(&dynamodb, &kms)).await.clone();
    Engine { endpoint, dynamodb, kms, names, clock: Arc::new(FakeClock::at(fixtures::now())) }
}

/// What the contract is held against.
pub async fn deployment() -> Deployment {
    let engine = engine().await;
    // One, as in a function: another one goes on with what it has unwrapped for some minutes.
    let keys = Arc::new(engine.keyring());
    Deployment {
        requests: Arc::new(engine.requests()),
        holds: Arc::new(engine.holds()),
        audit_log: Arc::new(AuditTable::new(engine.dynamodb.clone(), &engine.names.audit)),
        audit_marks: Arc::new(AuditTable::new(engine.dynamodb.clone(), &engine.names.audit)),
        event_lists: Arc::new(EventListsTable::new(engine.dynamodb.clone(), &engine.names.requests)),
        keyring: keys.clone(),
        key_admin: keys,
        ledger: Arc::new(engine.ledger()),
        packs: Arc::new(PacksTable::new(
            engine.dynamodb.clone(),
            &engine.names.requests,
            engine.clock.clone(),
        )),
    }
}

impl Engine {
    pub fn requests(&self) -> RequestsTable {
        RequestsTable::new(self.dynamodb.clone(), &self.names.requests, &self.names.holds, self.clock.clone())
    }

    pub fn holds(&self) -> HoldsTable {
        HoldsTable::new(self.dynamodb.clone(), &self.names.holds, &self.names.requests, self.clock.clone())
    }

    pub fn ledger(&self) -> LedgerTable {
        LedgerTable::new(self.dynamodb.clone(), &self.names.ledger, &self.names.requests, self.clock.clone())
    }

    pub fn registry(&self) -> RegistryTable {
        RegistryTable::new(self.dynamodb.clone(), &self.names.registry, self.clock.clone())
    }

    pub fn keyring(&self) -> KeysTable {
        KeysTable::new(
            self.dynamodb.clone(),
            self.kms.clone(),
            &self.names.keys,
            &self.names.kms_key,
            (self.clock.clone(), std::sync::Arc::new(aws::SystemEntropy)),
        )
    }

    /// An item as it is stored.
    pub async fn item(
        &self,
        table: &str,
        pk: &str,
        sk: &str,
    ) -> Option<std::collections::HashMap<String, AttributeValue>> {
        let call = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true);
        call.send().await.expect("an answer").item
    }

    /// Puts an item with a document.
    pub async fn put(&self, table: &str, pk: &str, sk: &str, doc: &str) {
        let call = self
            .dynamodb
            .put_item()
            .table_name(table)
            .item("pk", AttributeValue::S(pk.to_owned()))
            .item("sk", AttributeValue::S(sk.to_owned()))
            .item("doc", AttributeValue::S(doc.to_owned()));
        call.send().await.expect("put");
    }
}

async fn make(dynamodb: &Client, kms: &aws_sdk_kms::Client) -> Names {
    let key = kms.create_key().send().await.expect("a key");
    let key = key.key_metadata.expect("its metadata");
    // The key's id is of this run alone, and so are the names.
    let name = |table: &str| format!("t-{}-{table}", key.key_id);
    let names = Names {
        requests: name("requests"),
        holds: name("holds"),
        audit: name("audit"),
        registry: name("registry"),
        keys: name("keys"),
        ledger: name("ledger"),
        kms_key: key.key_id.clone(),
    };
    let indexes = [
        ("by_tenant", "gsi1", ProjectionType::All),
        ("by_status", "gsi2", ProjectionType::All),
        ("by_progress", "gsi3", ProjectionType::KeysOnly),
        ("by_time", "gsi4", ProjectionType::KeysOnly),
    ];
    make_table(dynamodb, &names.requests, &indexes).await;
    make_table(dynamodb, &names.keys, &[("by_work", "work_", ProjectionType::KeysOnly)]).await;
    for table in [&names.holds, &names.audit, &names.ledger] {
        make_table(dynamodb, table, &[]).await;
    }
    make_registry(dynamodb, &names.registry).await;
    names
}

fn schema(pk: &str, sk: &str) -> Vec<KeySchemaElement> {
    let element = |name: &str, key_type| {
        let element = KeySchemaElement::builder().attribute_name(name);
        element.key_type(key_type).build().expect("an element")
    };
    vec![element(pk, KeyType::Hash), element(sk, KeyType::Range)]
}

async fn make_table(client: &Client, name: &str, indexes: &[(&str, &str, ProjectionType)]) {
    let mut attributes = vec!["pk".to_owned(), "sk".to_owned()];
    let mut secondary = Vec::new();
    for (index, prefix, projection) in indexes {
        let (pk, sk) = (format!("{prefix}pk"), format!("{prefix}sk"));
        let projection = Projection::builder().projection_type(projection.clone());
        let index = GlobalSecondaryIndex::builder()
            .index_name(*index)
            .set_key_schema(Some(schema(&pk, &sk)))
            .projection(projection.build());
        secondary.push(index.build().expect("an index"));
        attributes.extend([pk, sk]);
    }
    create(client, name, &attributes, secondary).await;
}

/// Its index has the table's own keys, the other way round.
async fn make_registry(client: &Client, name: &str) {
    let by_kind = GlobalSecondaryIndex::builder()
        .index_name("by_kind")
        .set_key_schema(Some(schema("sk", "pk")))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    let by_kind = by_kind.build().expect("an index");
    create(client, name, &["pk".to_owned(), "sk".to_owned()], vec![by_kind]).await;
}

async fn create(client: &Client, name: &str, attributes: &[String], secondary: Vec<GlobalSecondaryIndex>) {
    let attributes = attributes.iter().map(|name| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        let attribute = attribute.attribute_type(ScalarAttributeType::S);
        attribute.build().expect("an attribute")
    });
    let call = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .set_key_schema(Some(schema("pk", "sk")))
        .set_global_secondary_indexes((!secondary.is_empty()).then_some(secondary));
    call.send().await.expect("a table");
    // Elsewhere than in the engine a table takes seconds.
    for _ in 0..120 {
        let table = client.describe_table().table_name(name).send().await;
        let status = table.expect("a description").table.and_then(|t| t.table_status);
        if status.is_some_and(|status| status.as_str() == "ACTIVE") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}
