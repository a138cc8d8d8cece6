//! What goes wrong becomes a fault of the right class, and no fault tells whose records it was about.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use aws_config::SdkConfig;
use connectors::dynamodb::DynamoDb;
use connectors::s3::S3;
use connectors::{Connectors, Secrets};
use domain::catalog::{FieldKind, Store};
use domain::plan::{Record, Value};
use ports::stores::{Search, Target, Treatment};
use ports::{Class, Code, Connector, Fault, Stores};
use serde_json::json;

use crate::dynamodb::{self, Shape};
use crate::{engine, stub};

/// What must not be in any fault.
const MARK: &str = "marked-person@example.com";

pub fn silent(fault: &Fault) {
    let told = format!("{fault} {fault:?}");
    assert!(!told.contains("marked"), "{told}");
}

pub fn check(fault: &Fault, class: Class, code: Code, detail: &str) {
    silent(fault);
    let got = (fault.class, fault.code, fault.detail.as_str());
    assert_eq!(got, (class, code, detail));
}

fn mark() -> Value {
    Value::of(FieldKind::Text, MARK)
}

pub fn record(key: &str, value: Value, via: &str, via_value: Value) -> Record {
    Record { key: [(key.to_owned(), value)].into(), via: via.to_owned(), via_value, values: [].into() }
}

pub fn target(store: &Store) -> Target<'_> {
    Target { store, collection: &store.collections[0], wanted: &[] }
}

async fn locate(config: &SdkConfig, shape: Shape) -> Fault {
    let store = dynamodb::declared(shape, "people");
    let connector = DynamoDb::over(aws_sdk_dynamodb::Client::new(config));
    let values = [mark()];
    let search = Search { field: "Email", values: &values };
    let found = connector.locate(&target(&store), &search, None).await;
    found.expect_err("it fails")
}

#[tokio::test]
async fn an_answer_s_code_gives_the_class() {
    for (status, code, class, meaning) in [
        (400, "ThrottlingException", Class::Throttled, Code::StoreThrottled),
        (400, "ProvisionedThroughputExceededException", Class::Throttled, Code::StoreThrottled),
        (400, "RequestLimitExceeded", Class::Throttled, Code::StoreThrottled),
        (500, "InternalServerError", Class::Transient, Code::StoreUnavailable),
        (400, "ResourceNotFoundException", Class::Permanent, Code::StoreRefused),
        (400, "AccessDeniedException", Class::Permanent, Code::StoreRefused),
        (400, "ValidationException", Class::Permanent, Code::StoreRefused),
    ] {
        let answer = json!({"__type": format!("x#{code}"), "message": MARK}).to_string();
        let config = stub::serving(move |_| Some((status, answer.clone()))).await;
        check(&locate(&config, Shape::Indexed).await, class, meaning, code);
    }
}

#[tokio::test]
async fn silence_nonsense_and_absence_may_mend() {
    let unavailable = Code::StoreUnavailable;
    let config = stub::waiting(stub::serving(|_| None).await, stub::HURRIED);
    let fault = locate(&config, Shape::Indexed).await;
    check(&fault, Class::Transient, unavailable, "no answer in time");

    let config = stub::serving(|_| Some((200, format!("<html>{MARK}")))).await;
    let fault = locate(&config, Shape::Indexed).await;
    check(&fault, Class::Transient, unavailable, "an unreadable answer");

    let config = stub::serving(|_| Some((502, MARK.to_owned()))).await;
    let fault = locate(&config, Shape::Indexed).await;
    assert_eq!(fault.class, Class::Transient);
    silent(&fault);

    let config = stub::reaching("http://127.0.0.1:1").await;
    let fault = locate(&config, Shape::Indexed).await;
    check(&fault, Class::Transient, unavailable, "no connection");
}

#[tokio::test]
async fn a_store_that_gives_the_same_page_for_ever_is_not_believed() {
    let last = json!({"Serial": {"N": "1"}, "Email": {"S": MARK}});
    let answer = json!({"Items": [], "LastEvaluatedKey": last}).to_string();
    let config = stub::serving(move |_| Some((200, answer.clone()))).await;
    let store = dynamodb::declared(Shape::Scanned, "people");
    let connector = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    let values = [mark()];
    let search = Search { field: "Email", values: &values };
    let found = connector.locate(&target(&store), &search, None).await;
    let fault = found.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "the same page again");
    let counted = connector.confirm_search(&target(&store), &search, None).await;
    let fault = counted.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "the same page again");
}

#[tokio::test]
async fn records_of_another_form_are_the_catalog_s_mistake() {
    let item = json!({"Serial": {"S": MARK}, "Email": {"S": MARK}, "Code": {"N": "1"}});
    let answer = json!({"Items": [item]}).to_string();
    let config = stub::serving(move |_| Some((200, answer.clone()))).await;
    let fault = locate(&config, Shape::Scanned).await;
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
    silent(&fault);
}

/// Keys that are left undone are asked again, and given up for now when that goes on.
#[tokio::test]
async fn keys_left_undone_are_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let config = stub::serving(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        let keys = json!({"people": {"Keys": [{"Serial": {"N": "1"}}]}});
        Some((200, json!({"Responses": {}, "UnprocessedKeys": keys}).to_string()))
    })
    .await;
    let store = dynamodb::declared(Shape::Indexed, "people");
    let connector = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    let records = [record("Serial", Value::of(FieldKind::Number, "1"), "Email", mark())];
    let target = target(&store);
    let counted = connector.confirm_records(&target, &records, &Treatment::Delete);
    let fault = counted.await.expect_err("it fails");
    check(&fault, Class::Throttled, Code::StoreThrottled, "unprocessed keys");
    assert!(asked.load(Ordering::Relaxed) > 3);
}

/// An engine that does not give the item back is asked for it; then a missing item is done.
#[tokio::test]
async fn a_failed_condition_without_the_item_is_looked_into() {
    let config = stub::serving(|request| {
        Some(if request.contains("DynamoDB_20120810.GetItem") {
            (200, "{}".to_owned())
        } else {
            (400, json!({"__type": "x#ConditionalCheckFailedException"}).to_string())
        })
    })
    .await;
    let store = dynamodb::declared(Shape::Indexed, "people");
    let connector = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    let records = [record("Serial", Value::of(FieldKind::Number, "1"), "Email", mark())];
    let anonymise = Treatment::Anonymise([("Name".to_owned(), None)].into());
    let settled = connector.erase(&target(&store), &records, &anonymise).await;
    assert_eq!(settled.expect("it is settled").done, 1);
    let settled = connector.erase(&target(&store), &records, &Treatment::Delete).await;
    assert_eq!(settled.expect("it is settled").foreign, 1);
}

pub fn bucket() -> Store {
    engine::store(json!({"id": "files", "kind": "s3", "owner": {"team": "t", "page": "p"},
        "collections": [{
            "name": "avatars", "resource": "bucket", "object": "avatars/{person}.png",
            "fields": {"person": {"category": "user.unique_id", "class": "confidential",
                "identity": "customer"}},
            "erasure": {"method": "delete"}}]}))
}

pub async fn s3(script: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) -> S3 {
    let config = stub::serving(script).await;
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    S3::over(aws_sdk_s3::Client::from_conf(config.build()))
}

pub fn avatar(person: &str) -> Record {
    let key = Value::of(FieldKind::Text, &format!("avatars/{person}.png"));
    record("object", key, "person", Value::of(FieldKind::Text, person))
}

fn listed(request: &str) -> String {
    let at = request.find("prefix=").expect("a prefix");
    let prefix = request[at + 7..].split(['&', ' ']).next().expect("its text");
    let key = prefix.replace("%2F", "/").replace("%40", "@");
    format!(
        "<ListVersionsResult><IsTruncated>false</IsTruncated>\
        <DeleteMarker><Key>{key}</Key><VersionId>top</VersionId><IsLatest>true</IsLatest></DeleteMarker>\
        <Version><Key>{key}</Key><VersionId>under</VersionId><IsLatest>false</IsLatest></Version>\
        </ListVersionsResult>"
    )
}

/// One object is locked, another fails for now: what can go goes, no cover is taken from what stays,
/// and the fault is the one that trying again helps.
#[tokio::test]
async fn a_batch_that_fails_in_parts_is_done_in_parts() {
    for (codes, class, code) in [
        (vec![(MARK, "AccessDenied")], Class::Permanent, Code::StoreRefused),
        (vec![("locked", "AccessDenied"), (MARK, "InternalError")], Class::Transient, Code::StoreUnavailable),
        (vec![(MARK, "SlowDown")], Class::Throttled, Code::StoreThrottled),
    ] {
        let failing: Vec<_> = codes.iter().map(|(who, _)| *who).collect();
        let covers = Arc::new(std::sync::Mutex::new(String::new()));
        let seen = covers.clone();
        let mut errors = String::new();
        for (who, code) in &codes {
            let error = ["<Error><Key>avatars/", who, ".png</Key><Code>", code, "</Code><Message>", MARK];
            errors += &error.concat();
            errors += "</Message></Error>";
        }
        let connector = s3(move |request| {
            if request.starts_with("GET /bucket/?uploads") {
                return Some((200, "<ListMultipartUploadsResult/>".to_owned()));
            }
            if request.starts_with("GET") {
                return Some((200, listed(request)));
            }
            let errors = if request.contains("<VersionId>top</VersionId>") {
                seen.lock().expect("the list").push_str(request);
                ""
            } else {
                &errors
            };
            Some((200, format!("<DeleteResult>{errors}</DeleteResult>")))
        })
        .await;
        let store = bucket();
        let records = [avatar("7"), avatar(MARK), avatar("locked")];
        let erased = connector.erase(&target(&store), &records, &Treatment::Delete).await;
        let fault = erased.expect_err("it fails");
        assert_eq!((fault.class, fault.code), (class, code));
        silent(&fault);
        let covers = covers.lock().expect("the list");
        assert!(covers.contains("avatars/7.png"));
        for who in failing {
            assert!(!covers.contains(who), "a cover was taken away");
        }
    }
}

#[tokio::test]
async fn a_listing_that_does_not_go_on_is_not_believed() {
    let connector = s3(|_| {
        let page = "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>";
        Some((200, page.to_owned()))
    })
    .await;
    let store = bucket();
    let values = [mark()];
    let search = Search { field: "person", values: &values };
    let found = connector.locate(&target(&store), &search, None).await;
    let fault = found.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "the same page again");
}

#[tokio::test]
async fn an_object_of_somebody_else_is_not_touched() {
    let connector = s3(|_| panic!("nothing is asked")).await;
    let store = bucket();
    let mut record = avatar("8");
    record.via_value = Value::of(FieldKind::Text, "7");
    let settled = connector.erase(&target(&store), &[record], &Treatment::Delete).await;
    assert_eq!(settled.expect("it is settled").foreign, 1);
}

struct Fixed(&'static str, AtomicUsize);

#[async_trait]
impl Secrets for Fixed {
    async fn get(&self, _name: &str) -> Result<String, Fault> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(self.0.to_owned())
    }
}

fn crm(kind: &str, connection: Option<&str>) -> Store {
    let store = json!({"id": "crm", "kind": kind, "owner": {"team": "t", "page": "p"},
        "connection": connection, "collections": []});
    serde_json::from_value(store).expect("a store")
}

#[tokio::test]
async fn a_wrong_connection_is_refused_without_telling_it() {
    let tenant = "shop".parse().expect("a tenant");
    for (kind, connection, secret) in [
        ("sql", Some("lacuna/shop/crm"), "marked"),
        ("sql", Some("lacuna/shop/crm"), r#"{"url":"mysql://marked:marked@host/db"}"#),
        ("sql", Some("lacuna/shop/crm"), r#"{"url":"sqlite://marked"}"#),
        ("sql", Some("lacuna/shop/crm"), r#"{"url":"sqlite:///tmp/marked?mode=rwc"}"#),
        ("sql", Some("lacuna/shop/crm"), r#"{"url":"sqlite::memory:"}"#),
        ("sql", None, "{}"),
        ("sql", Some("lacuna/other/crm"), r#"{"url":"sqlite:///tmp/marked"}"#),
        ("dynamodb", Some("lacuna/shop/shop"), "{}"),
        ("s3", Some("lacuna/shop/shop"), "{}"),
    ] {
        let stores = Connectors::new(Arc::new(Fixed(secret, AtomicUsize::new(0))));
        let opened = stores.connector(&tenant, &crm(kind, connection)).await;
        let Err(fault) = opened else {
            panic!("{kind} {secret} is accepted");
        };
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::StoreRefused));
        silent(&fault);
    }
}

#[tokio::test]
async fn a_store_is_connected_once() {
    let tenant = "shop".parse().expect("a tenant");
    let secrets = Arc::new(Fixed(r#"{"url":"sqlite:///tmp/none"}"#, AtomicUsize::new(0)));
    let stores = Connectors::new(secrets.clone());
    let store = crm("sql", Some("lacuna/shop/crm"));
    let one = stores.connector(&tenant, &store).await.expect("a connector");
    let other = stores.connector(&tenant, &store).await.expect("a connector");
    assert!(Arc::ptr_eq(&one, &other));
    let hiding = stores.suppressor(&tenant, &store).await;
    assert!(hiding.expect("a suppressor").is_some());
    assert_eq!(secrets.1.load(Ordering::Relaxed), 1);
    let other_tenant = "shoe".parse().expect("a tenant");
    let apart = stores.connector(&other_tenant, &crm("sql", Some("lacuna/shoe/crm"))).await;
    assert!(!Arc::ptr_eq(&one, &apart.expect("a connector")));
}
