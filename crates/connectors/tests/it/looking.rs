//! Looking again at what was located, where the conformance cases do not reach: stores that answer in
//! parts, that hold what the catalog does not say, that take other texts for the same key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connectors::dynamodb::DynamoDb;
use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use ports::stores::Since;
use ports::{Class, Code, Connector, Fault};
use serde_json::{Value as Json, json};
use testkit::conformance::Scene;

use crate::dynamodb::{self, Shape};
use crate::faults::{avatar, bucket, check, record, s3, target};
use crate::{sqlite, stub};

const MARK: &str = "marked-person@example.com";

fn text(text: &str) -> Value {
    Value::of(FieldKind::Text, text)
}

fn holds(value: &str) -> Since {
    Since::Holds(Some(text(value)))
}

/// A located item, found by the address.
fn item(serial: &str) -> Record {
    record("Serial", Value::of(FieldKind::Number, serial), "Email", text(MARK))
}

/// Looks again at items of a table that answers so.
async fn items(
    script: impl Fn(&Json) -> Json + Send + Sync + 'static,
    records: &[Record],
) -> Result<Vec<Since>, Fault> {
    let config = stub::serving(move |request| {
        assert!(request.contains("DynamoDB_20120810.BatchGetItem"), "items are read by their keys");
        let (_, body) = request.split_once("\r\n\r\n").expect("a body");
        let body: Json = serde_json::from_str(body).expect("JSON");
        let asked = &body["RequestItems"]["people"];
        assert_eq!(asked["ConsistentRead"], true);
        Some((200, script(asked).to_string()))
    })
    .await;
    let store = dynamodb::declared(Shape::Indexed, "people");
    let connector = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    connector.look_again(&target(&store), records).await
}

/// Of 250 keys, told twice, a batch has 100 at the most and none twice; each answer brings three quarters
/// of what it was asked for, in no order.
#[tokio::test]
async fn items_that_come_in_parts_are_all_asked_for() {
    let records: Vec<Record> = (0..250).map(|n| item(&n.to_string())).collect();
    let asked = [records.clone(), records].concat();
    let since = items(
        |asked| {
            let keys = asked["Keys"].as_array().expect("keys");
            assert!(keys.len() <= 100);
            let distinct: std::collections::BTreeSet<String> = keys.iter().map(Json::to_string).collect();
            assert_eq!(distinct.len(), keys.len());
            let (now, later) = keys.split_at((keys.len() * 3).div_ceil(4));
            let there = now.iter().rev().filter_map(|key| {
                let serial: u32 = key["Serial"]["N"].as_str()?.parse().ok()?;
                let email = json!({"S": format!("{serial}@example.com")});
                // The same number in another form is the same key.
                let back = json!({"N": format!("{serial}.0")});
                serial.is_multiple_of(2).then(|| json!({"Serial": back, "Email": email}))
            });
            let there: Vec<Json> = there.collect();
            let left = if later.is_empty() { json!({}) } else { json!({"people": {"Keys": later}}) };
            json!({"Responses": {"people": there}, "UnprocessedKeys": left})
        },
        &asked,
    )
    .await
    .expect("an answer");
    assert_eq!(since.len(), 500);
    for (at, since) in since.iter().enumerate() {
        let serial = at % 250;
        let expected =
            if serial.is_multiple_of(2) { holds(&format!("{serial}@example.com")) } else { Since::Gone };
        assert_eq!(since, &expected, "{at}");
    }
}

/// Keys that are left undone for ever are given up for now: they are not gone.
#[tokio::test]
async fn items_that_are_left_undone_are_not_gone() {
    let turns = Arc::new(AtomicUsize::new(0));
    let count = turns.clone();
    let since = items(
        move |asked| {
            count.fetch_add(1, Ordering::Relaxed);
            json!({"Responses": {}, "UnprocessedKeys": {"people": {"Keys": asked["Keys"]}}})
        },
        &[item("1"), item("2")],
    )
    .await;
    let fault = since.expect_err("it fails");
    check(&fault, Class::Throttled, Code::StoreThrottled, "unprocessed keys");
    assert_eq!(turns.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn an_item_of_another_form_is_the_catalog_s_mistake() {
    let answer = |email: Json| {
        move |_: &Json| {
            let mut item = json!({"Serial": {"N": "1"}, "Email": email.clone()});
            if email.is_null() {
                item.as_object_mut().expect("an item").remove("Email");
            }
            json!({"Responses": {"people": [item]}})
        }
    };
    for nothing in [json!({"NULL": true}), Json::Null] {
        assert_eq!(items(answer(nothing), &[item("1")]).await, Ok(vec![Since::Holds(None)]));
    }
    for other in [json!({"N": "7"}), json!({"BOOL": true}), json!({"L": [{"S": MARK}]})] {
        let fault = items(answer(other), &[item("1")]).await.expect_err("it fails");
        let what = "the field Email has another type than the catalog says";
        check(&fault, Class::Permanent, Code::CatalogMismatch, what);
    }
    let strange = Record { via: "Nickname".to_owned(), ..item("1") };
    let fault = items(|_| panic!("nothing is asked"), &[strange]).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::CatalogMismatch, "the field Nickname is not declared");
}

const NONE: &str = "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>";
const NO_UPLOADS: &str = "<ListMultipartUploadsResult/>";

/// What a bucket answers that has the versions of these keys alone.
fn versions(request: &str, keys: &[&str]) -> String {
    let at = request.find("prefix=").expect("a prefix");
    let prefix = request[at + 7..].split(['&', ' ']).next().expect("its text").replace("%2F", "/");
    let Some(key) = keys.iter().find(|key| key.starts_with(&prefix)) else {
        return NONE.to_owned();
    };
    format!(
        "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker>\
        <NextVersionIdMarker>1</NextVersionIdMarker>\
        <Version><Key>{key}</Key><VersionId>1</VersionId></Version></ListVersionsResult>"
    )
}

/// An object is asked for once, however often it is told, and what its key begins is not it.
#[tokio::test]
async fn an_object_is_asked_for_by_its_very_key() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let connector = s3(move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        if request.starts_with("GET /bucket/?uploads") {
            return Some((200, NO_UPLOADS.to_owned()));
        }
        Some((200, versions(request, &["avatars/7.png", "avatars/8.png.bak"])))
    })
    .await;
    let store = bucket();
    let records = [avatar("8"), avatar("7"), avatar("8"), avatar("7")];
    let since = connector.look_again(&target(&store), &records).await;
    assert_eq!(since, Ok(vec![Since::Gone, holds("7"), Since::Gone, holds("7")]));
    assert_eq!(asked.load(Ordering::Relaxed), 4, "one for what is there, three for what is gone");
}

/// An upload that is finished between the two listings is in neither of them.
#[tokio::test]
async fn an_upload_that_is_just_finished_is_not_gone() {
    let ended = Arc::new(AtomicUsize::new(0));
    let connector = s3(move |request| {
        if request.starts_with("GET /bucket/?uploads") {
            ended.fetch_add(1, Ordering::Relaxed);
            return Some((200, NO_UPLOADS.to_owned()));
        }
        let keys: &[&str] = if ended.load(Ordering::Relaxed) > 0 { &["avatars/7.png"] } else { &[] };
        Some((200, versions(request, keys)))
    })
    .await;
    let store = bucket();
    let since = connector.look_again(&target(&store), &[avatar("7")]).await;
    assert_eq!(since, Ok(vec![holds("7")]));
}

/// A key that the template does not read names nobody: that is not "nobody's any more".
#[tokio::test]
async fn an_object_that_no_template_reads_is_the_catalog_s_mistake() {
    let connector = s3(|request| Some((200, versions(request, &["marked/7"])))).await;
    let store = bucket();
    let stray = record("object", text("marked/7"), "person", text("7"));
    let fault = connector.look_again(&target(&store), &[stray]).await.expect_err("it fails");
    let what = "the key of a planned object does not say what the field person is";
    check(&fault, Class::Permanent, Code::CatalogMismatch, what);

    let failing = s3(|_| Some((403, "<Error><Code>AccessDenied</Code></Error>".to_owned()))).await;
    let fault = failing.look_again(&target(&store), &[avatar("7")]).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::StoreRefused, "AccessDenied");
}

/// A key is what the database takes for it, and a row of another form is never one that is gone.
#[tokio::test]
async fn a_row_is_the_one_that_the_database_takes_it_for() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    file.run(
        "DROP TABLE people; CREATE TABLE people (id TEXT PRIMARY KEY, email TEXT COLLATE NOCASE, \
        name TEXT, code, hidden INTEGER, filler TEXT); \
        INSERT INTO people VALUES ('7', 'Ann@Example.com', NULL, 'marked', 0, ''), \
        ('8', 'bob@example.com', 'Bob', 8, 0, '')",
    )
    .await;
    let row = |id: &str, via: &str| {
        record("id", Value::of(FieldKind::Number, id), via, Value::of(FieldKind::Text, MARK))
    };
    let asked = [row("8", "name"), row("7", "email"), row("9", "email"), row("7", "name"), row("8", "code")];
    let eight = Since::Holds(Some(Value::of(FieldKind::Number, "8")));
    let expected = [holds("Bob"), holds("Ann@Example.com"), Since::Gone, Since::Holds(None), eight];
    assert_eq!(scene.since(&asked).await, expected);

    let fault = scene.look_again(&[row("8", "code"), row("7", "code")]).await.expect_err("it fails");
    let what = "the field code has another form than the catalog says";
    check(&fault, Class::Permanent, Code::CatalogMismatch, what);
    let fault = scene.look_again(&[row("9", "nickname")]).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::CatalogMismatch, "the field nickname is not declared");

    file.run("DROP TABLE people").await;
    let fault = sqlite_anew(&file).look_again(&scene.target(), &asked).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::StoreRefused, "there is no such table");
}

/// A connector that has not looked at the table yet.
fn sqlite_anew(file: &sqlite::SqliteFile) -> connectors::sql::Sql {
    let url = format!("sqlite://{}", file.path.display());
    connectors::sql::Sql::at(&url, "crm").expect("a connector")
}

/// A column's collation says which keys are the same: erasing reaches that row, so it is there.
#[tokio::test]
async fn a_key_s_collation_is_followed() {
    let mut file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let text_key = &mut file.store.collections[0];
    text_key.fields.get_mut("id").expect("the key").kind = FieldKind::Text;
    for (collation, expected) in [("NOCASE", holds("ann@example.com")), ("BINARY", Since::Gone)] {
        file.run(&format!(
            "DROP TABLE people; CREATE TABLE people (id TEXT PRIMARY KEY COLLATE {collation}, email TEXT, \
            name TEXT, code INTEGER, hidden INTEGER, filler TEXT); \
            INSERT INTO people VALUES ('ANN', 'ann@example.com', 'Ann', 1, 0, '')"
        ))
        .await;
        let scene = Scene::of(&file);
        let asked = record("id", text("ann"), "email", text("ann@example.com"));
        assert_eq!(scene.since(&[asked]).await, [expected], "{collation}");
    }
}
