//! What a receipt says the stores were asked: exactly what a person would expect who knows the catalog and their own
//! records, whatever happened on the way. The digests are computed here by what docs/proof.md says, with no code of
//! Lacuna's but SHA-256.

use std::collections::BTreeMap;

use audit::Statement;
use domain::catalog::Method;
use domain::event::EventKind;
use domain::{Identity, Personal, RequestId, Status};
use fulfillment::receipts::salt_of;
use serde_json::{Value, json};
use testkit::memory::Paging;

use super::exports::access;
use super::shop::{INVOICES, PERSON};
use super::shredding;
use super::stage::Stage;

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    hex::decode(vault::sha256_hex(&parts.concat())).expect("hex")
}

/// RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let padded = |with: u8| (0..64).map(|at| key.get(at).unwrap_or(&0) ^ with).collect::<Vec<u8>>();
    sha256(&[&padded(0x5c), &sha256(&[&padded(0x36), text])])
}

fn digest(salt: &[u8], parts: &[&str]) -> String {
    let link = parts.iter().fold(vec![0; 32], |link, part| {
        sha256(&[&link, &(part.len() as u64).to_be_bytes(), part.as_bytes()])
    });
    hex::encode(hmac(&hmac(salt, b"queries"), &link))
}

/// Questions as a receipt has them.
struct Questions {
    salt: [u8; 32],
    all: Vec<Value>,
}

impl Questions {
    fn search(&mut self, collection: &str, field: &str, values: &[&str]) {
        let parts = [&["search", collection, field], values].concat();
        let digest = digest(&self.salt, &parts);
        self.all.push(
            json!({"collection": collection, "digest": digest, "field": field, "values": values.len()}),
        );
    }

    /// Of each record, the fields of its key.
    fn records(&mut self, collection: &str, keys: &[&[(&str, String)]]) {
        let fields = keys.iter().flat_map(|key| key.iter());
        let fields: Vec<&str> = fields.flat_map(|(name, value)| [*name, value.as_str()]).collect();
        let digest = digest(&self.salt, &[&["records", collection], fields.as_slice()].concat());
        self.all.push(json!({"collection": collection, "digest": digest, "records": keys.len()}));
    }

    fn keys(&mut self, collection: &str, kind: &str, value: &str) {
        let digest = digest(&self.salt, &["keys", collection, kind, value]);
        self.all.push(json!({"collection": collection, "digest": digest, "keys": 1}));
    }

    /// Every search of a store for one identity, in the order of the catalog.
    fn identity(&mut self, stage: &Stage, store: &str, kind: &str, values: &[&str], everything: bool) {
        let catalog = stage.world.current_catalog().expect("a catalog");
        let store = catalog.store(&store.parse().expect("a store")).expect("in the catalog");
        for collection in
            store.collections.iter().filter(|c| everything || c.erasure.method != Method::Retain)
        {
            for way in collection.ways() {
                if way.field.identity.as_ref().is_some_and(|is| is.as_str() == kind) {
                    self.search(&collection.name, way.name, values);
                }
            }
        }
    }
}

/// The statement of a request that has ended, and its salt.
async fn statement(stage: &Stage, id: &RequestId) -> (Statement, [u8; 32]) {
    let events = stage.world.events_of(&stage.tenant, id);
    let closed = events.iter().find(|event| event.detail.contains_key("receipt")).expect("closed");
    let requests = stage.world.requests();
    let text = requests.statement(&stage.tenant, id, closed.n).await.expect("read").expect("kept");
    let salt = salt_of(&*stage.world.keyring(), &stage.tenant, id).await.expect("a salt");
    (serde_json::from_str(&text).expect("a statement"), salt)
}

fn said(statement: &Statement) -> BTreeMap<String, Vec<Value>> {
    assert!(statement.stores.iter().all(|store| store.queries_unlisted == 0));
    let json = |store: &audit::receipt::StoreStatement| {
        store.queries.iter().map(|query| serde_json::to_value(query).expect("JSON")).collect()
    };
    statement.stores.iter().map(|store| (store.store.to_string(), json(store))).collect()
}

/// What the stores of the shop have to be asked when the person is gone, who gave these addresses. The customer's number
/// was found by the address, and what refers to it, or to the contact, after that.
fn confirming(stage: &Stage, salt: [u8; 32], addresses: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let of = |store: &str, more: &dyn Fn(&mut Questions)| {
        let mut questions = Questions { salt, all: vec![] };
        questions.identity(stage, store, "email", addresses, false);
        more(&mut questions);
        (store.to_owned(), questions.all)
    };
    let key = |name: &'static str, value: String| [(name, value)];
    let invoices: Vec<_> = (0..INVOICES).map(|n| key("InvoiceId", (100 + n).to_string())).collect();
    let invoices: Vec<&[(&str, String)]> = invoices.iter().map(<[_; 1]>::as_slice).collect();
    [
        of("shop", &|shop| {
            shop.identity(stage, "shop", "customer_id", &["1"], false);
            shop.records("customers", &[&key("CustomerId", "1".to_owned())]);
            shop.records("invoices", &invoices);
        }),
        of("support", &|support| {
            support.identity(stage, "support", "customer_id", &["1"], false);
            support.records("tickets", &[&key("object", "tickets/1/T1.json".to_owned())]);
            support.records("avatars", &[&key("object", "avatars/1.png".to_owned())]);
        }),
        of("crm", &|crm| {
            crm.search("contacts", "customer_id", &["1"]);
            crm.search("interactions", "contact_id", &["C0001"]);
            crm.search("revenue_by_customer", "customer_id", &["1"]);
            crm.records("contacts", &[&key("contact_id", "C0001".to_owned())]);
            let note = |n: u8| key("interaction_id", n.to_string());
            crm.records("interactions", &[&note(10), &note(11), &note(12)]);
            let year = |n: u16| [("customer_id", "1".to_owned()), ("year", n.to_string())];
            crm.records("revenue_by_customer", &[&year(2023), &year(2024), &year(2025)]);
        }),
    ]
    .into()
}

/// What a receipt says that the stores were asked about the person, whatever happened on the way: `what`.
pub async fn assert_asked(stage: &Stage, id: &RequestId, what: &str) {
    let (statement, salt) = statement(stage, id).await;
    assert_eq!(said(&statement), confirming(stage, salt, &[PERSON]), "{what}");
}

#[tokio::test]
async fn a_receipt_has_what_every_store_was_asked_and_the_person_finds_themselves_in_it() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    assert_asked(&stage, &id, "without faults").await;
    let (statement, salt) = statement(&stage, &id).await;
    let identity =
        |value| Identity::new("email".parse().expect("a type"), &Personal::new(value)).expect("fine");
    let alone = |salt, identity: &Identity| {
        let queries = statement.stores.iter().flat_map(|store| &store.queries);
        queries.filter(|query| query.is_for(salt, identity)).count()
    };
    assert_eq!(alone(&salt, &identity(PERSON)), 3, "customers, employees and contacts by their addresses");
    assert_eq!(alone(&salt, &identity("somebody-else@example.com")), 0);
    assert_eq!(alone(&[0; 32], &identity(PERSON)), 0, "nobody else can tell");
}

#[tokio::test]
async fn an_address_is_asked_for_as_it_was_written_too() {
    let stage = Stage::new(1);
    let written = "Marked-Person@Example.com";
    let id = stage.submit(written).await;
    stage.play_to_the_end(&id).await;
    let (statement, salt) = statement(&stage, &id).await;
    let mut questions = Questions { salt, all: vec![] };
    // Capital letters come first. The stores have it in small ones alone, and that is asked for once more.
    questions.search("customers", "Email", &[written, PERSON]);
    questions.search("customers", "Email", &[PERSON]);
    let shop = &said(&statement)["shop"];
    assert!(questions.all.iter().all(|question| shop.contains(question)), "{shop:?}");
    let identity = Identity::new("email".parse().expect("a type"), &Personal::new(written)).expect("fine");
    let queries = statement.stores.iter().flat_map(|store| &store.queries);
    assert_eq!(queries.filter(|query| query.is_for(&salt, &identity)).count(), 6);
}

#[tokio::test]
async fn however_often_the_steps_are_cut_off_the_digests_are_the_same() {
    for pages in [1, 2] {
        let mut stage = Stage::new(1);
        stage.world.set_paging(Paging { size: 3, begins_empty: true });
        stage.manner.pages = Some(pages - 1);
        stage.manner.twice = pages == 2;
        let id = stage.submit(PERSON).await;
        stage.play_to_the_end(&id).await;
        assert_asked(&stage, &id, "cut off after every page").await;
    }
}

/// A store that does not find its control is read again and again: what counts is the last reading, and it is there once.
#[tokio::test]
async fn a_reading_replaces_the_one_before() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "ConfirmStoreFunctionArn" {
            let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
            crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
        }
    }));
    stage.play().await;
    stage.sweep_when_due(&id).await;
    stage.play().await;
    let confirmed = stage.world.events_of(&stage.tenant, &id).into_iter();
    let crm = confirmed
        .filter(|e| e.kind == EventKind::Confirmed && e.store.as_ref().is_some_and(|s| s.as_str() == "crm"));
    assert!(crm.count() > 1, "it was read twice");
    *stage.meanwhile.lock().expect("not poisoned") = None;
    stage.plant().await;
    stage.play_to_the_end(&id).await;
    assert_asked(&stage, &id, "read three times").await;
}

#[tokio::test]
async fn where_nobody_is_found_it_is_what_locating_asked() {
    let mut stage = Stage::new(1);
    stage.manner.pages = Some(0);
    let id = stage.submit("nobody@example.com").await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::NoMatch);
    let (statement, salt) = statement(&stage, &id).await;
    let expected = |store: &str| {
        let mut questions = Questions { salt, all: vec![] };
        questions.identity(&stage, store, "email", &["nobody@example.com"], true);
        questions.all
    };
    let said = said(&statement);
    assert!(!said.is_empty());
    for (store, queries) in said {
        assert_eq!(queries, expected(&store), "{store}");
    }
}

/// Who only wants to see what there is: every round of locating, what is kept by law included.
#[tokio::test]
async fn a_receipt_of_an_access_request_has_what_locating_asked() {
    for pages in [None, Some(0)] {
        let mut stage = Stage::new(1);
        stage.manner.pages = pages;
        let id = access(&stage, PERSON).await;
        stage.play_to_the_end(&id).await;
        let (statement, salt) = statement(&stage, &id).await;
        let mut shop = Questions { salt, all: vec![] };
        shop.identity(&stage, "shop", "email", &[PERSON], true);
        shop.identity(&stage, "shop", "customer_id", &["1"], true);
        let invoices: Vec<String> = (0..INVOICES).map(|n| (100 + n).to_string()).collect();
        let invoices: Vec<&str> = invoices.iter().map(String::as_str).collect();
        shop.search("invoice-lines", "InvoiceId", &invoices);
        assert_eq!(said(&statement)["shop"], shop.all);
    }
}

#[tokio::test]
async fn a_store_whose_keys_were_destroyed_was_asked_for_the_keys() {
    let stage = shredding::stage();
    shredding::append(&stage, "1", "bought").await;
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    let (statement, salt) = statement(&stage, &id).await;
    let said = said(&statement);
    let mut archive = Questions { salt, all: vec![] };
    archive.keys("events", "email", PERSON);
    archive.keys("events", "customer_id", "1");
    assert_eq!(said["archive"][..2], archive.all);
    assert_eq!((said["archive"].len(), &said["archive"][2]["records"]), (3, &json!(1)));
}
