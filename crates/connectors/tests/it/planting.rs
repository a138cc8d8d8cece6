//! Keeping a control's record in stores that hold strangers, answer oddly, or change meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use connectors::dynamodb::DynamoDb;
use connectors::s3::S3;
use domain::catalog::{FieldKind, Store};
use domain::plan::Value;
use ports::stores::Target;
use ports::{Class, Code, Fault, Planter};
use serde_json::json;
use testkit::conformance::{Fixture, Scene};

use crate::dynamodb::{self, Shape};
use crate::faults::{bucket, silent, target};
use crate::stub::Raw;
use crate::{s3, s3_folders, sqlite, stub};

type Record = BTreeMap<String, Value>;

fn record(fields: &[(&str, FieldKind, &str)]) -> Record {
    fields.iter().map(|(name, kind, text)| ((*name).to_owned(), Value::of(*kind, text))).collect()
}

fn check(planted: Result<(), Fault>, class: Class, code: Code) {
    let fault = planted.expect_err("it is refused");
    silent(&fault);
    assert_eq!((fault.class, fault.code), (class, code), "{fault}");
}

const TAKEN: (Class, Code) = (Class::Permanent, Code::CatalogMismatch);

/// A person of the control's, by the table of people.
fn person(id: &str, email: &str, name: &str) -> Record {
    record(&[
        ("id", FieldKind::Number, id),
        ("email", FieldKind::Text, email),
        ("name", FieldKind::Text, name),
    ])
}

/// A row whose mark is empty, or that is unique in another way, is a stranger's as well.
#[tokio::test]
async fn a_row_that_is_in_the_way_stays_as_it_is() {
    let control = person("7", "marked@example.invalid", "control");
    for (change, stranger) in [
        ("", "INSERT INTO people (id, email, name, code) VALUES (7, NULL, 'control', 1)"),
        ("", "INSERT INTO people (id, email, name, code) VALUES (7, 'MARKED@example.invalid', 'control', 1)"),
        (
            "CREATE UNIQUE INDEX one ON people (email)",
            "INSERT INTO people (id, email, name) VALUES (8, 'marked@example.invalid', 'x')",
        ),
        (
            "CREATE UNIQUE INDEX one ON people (lower(email))",
            "INSERT INTO people (id, email, name) VALUES (8, 'Marked@example.invalid', 'x')",
        ),
    ] {
        let file = sqlite::fresh(sqlite::Shape::Indexed).await;
        file.run(change).await;
        file.run(stranger).await;
        let scene = Scene::of(&file);
        let before = scene.rows().await;
        check(scene.try_plant(&control, "email").await, TAKEN.0, TAKEN.1);
        assert_eq!(scene.rows().await, before, "{stranger}");
    }
}

/// Of a declared key only a part may be what the table keeps unique.
#[tokio::test]
async fn a_key_that_is_more_than_unique_is_compared_whole() {
    let mut file = sqlite::fresh(sqlite::Shape::Indexed).await;
    file.store.collections[0].key = vec!["id".to_owned(), "code".to_owned()];
    let scene = Scene::of(&file);
    let mut control = person("7", "marked@example.invalid", "control");
    control.insert("code".to_owned(), Value::of(FieldKind::Number, "70"));
    for _ in 0..2 {
        scene.try_plant(&control, "email").await.expect("it is planted");
    }
    let before = scene.rows().await;
    assert_eq!(before.len(), 1);
    control.insert("code".to_owned(), Value::of(FieldKind::Number, "71"));
    check(scene.try_plant(&control, "email").await, TAKEN.0, TAKEN.1);
    assert_eq!(scene.rows().await, before);
}

/// What the table itself refuses leaves everything as it was: the row's own older form too.
#[tokio::test]
async fn what_the_table_refuses_changes_nothing() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    file.run("CREATE UNIQUE INDEX one ON people (email)").await;
    let scene = Scene::of(&file);
    scene.try_plant(&person("7", "older@example.invalid", "control"), "name").await.expect("it is planted");
    file.run("INSERT INTO people (id, email) VALUES (8, 'marked@example.invalid')").await;
    let before = scene.rows().await;
    let planted = scene.try_plant(&person("7", "marked@example.invalid", "control"), "name").await;
    check(planted, Class::Permanent, Code::StoreRefused);
    assert_eq!(scene.rows().await, before);

    file.run("CREATE TRIGGER no BEFORE INSERT ON people BEGIN SELECT raise(ABORT, 'marked'); END").await;
    let planted = scene.try_plant(&person("9", "other@example.invalid", "control"), "name").await;
    check(planted, Class::Permanent, Code::StoreRefused);
    assert_eq!(scene.rows().await, before);
}

/// What the catalog does not declare is nobody's business: it stays.
#[tokio::test]
async fn columns_that_are_not_declared_stay() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    scene.try_plant(&person("7", "c@example.invalid", "control"), "email").await.expect("it is planted");
    file.run("UPDATE people SET filler = 'theirs', name = 'changed', hidden = 1").await;
    scene.try_plant(&person("7", "c@example.invalid", "control"), "email").await.expect("it is planted");
    let rows = scene.rows().await;
    let field = |name: &str| rows[0].fields.get(name).map(String::as_str);
    assert_eq!(
        (field("filler"), field("name"), field("hidden")),
        (Some("theirs"), Some("control"), Some("0"))
    );
}

async fn plant_item(
    record: &Record,
    script: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static,
) -> Result<(), Fault> {
    let config = stub::serving(script).await;
    let store = dynamodb::declared(Shape::Keyed, "people");
    let planter = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    planter.plant(&target(&store), record, "Name").await
}

fn item() -> Record {
    let mut item = record(&[("CustomerId", FieldKind::Number, "7"), ("Serial", FieldKind::Number, "1")]);
    item.extend(record(&[("Name", FieldKind::Text, "marked"), ("Hidden", FieldKind::Text, "true")]));
    item
}

/// It is one write, whole, and its condition leaves a stranger's item alone.
#[tokio::test]
async fn an_item_is_written_on_a_condition() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let control = item();
    let planted = plant_item(&control, move |request| {
        assert!(request.contains("DynamoDB_20120810.PutItem"), "{request}");
        let body = request.split_once("\r\n\r\n").expect("a body").1;
        seen.lock().expect("the list").push(serde_json::from_str::<serde_json::Value>(body).expect("JSON"));
        Some((200, "{}".to_owned()))
    });
    planted.await.expect("it is planted");
    let asked = asked.lock().expect("the list");
    assert_eq!(asked.len(), 1);
    let item = json!({"CustomerId": {"N": "7"}, "Serial": {"N": "1"}, "Name": {"S": "marked"}});
    assert_eq!(asked[0]["Item"], item, "without the flag");
    assert_eq!(asked[0]["ConditionExpression"], "attribute_not_exists(#n0) OR #n1 = :v0");
    assert_eq!(asked[0]["ExpressionAttributeNames"], json!({"#n0": "CustomerId", "#n1": "Name"}));
    assert_eq!(asked[0]["ExpressionAttributeValues"], json!({":v0": {"S": "marked"}}));
}

#[tokio::test]
async fn an_item_that_cannot_be_written_is_told_without_its_values() {
    for (code, class, expect) in [
        ("ConditionalCheckFailedException", TAKEN.0, TAKEN.1),
        ("ThrottlingException", Class::Throttled, Code::StoreThrottled),
        ("ValidationException", Class::Permanent, Code::StoreRefused),
    ] {
        let answer = json!({"__type": format!("x#{code}"), "message": "marked"}).to_string();
        check(plant_item(&item(), move |_| Some((400, answer.clone()))).await, class, expect);
    }
    for (field, kind, text) in [("Serial", FieldKind::Number, "marked"), ("Other", FieldKind::Text, "marked")]
    {
        let mut item = item();
        item.extend(record(&[(field, kind, text)]));
        check(plant_item(&item, |_| panic!("nothing is asked")).await, TAKEN.0, TAKEN.1);
    }
}

/// What a bucket answers to one request: its status, and whether it says that the object is the control's.
type Answer = (u16, bool);

const OURS: Answer = (200, true);
const THEIRS: Answer = (200, false);
const GONE: Answer = (404, false);

/// Plants into a bucket that gives these answers, and then the last one for ever. What it was asked.
async fn plant_object(
    store: &Store,
    values: &Record,
    answers: &'static [Answer],
) -> (Result<(), Fault>, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let config = stub::serving_raw(move |request| {
        let mut log = log.lock().expect("the list");
        let (status, ours) = *answers.get(log.len()).or(answers.last()).expect("an answer");
        log.push(request.to_owned());
        let mark = if ours { "x-amz-meta-lacuna-control: true\r\n" } else { "x-amz-meta-marked: true\r\n" };
        let head = format!("HTTP/1.1 {status} X\r\n{mark}content-length: 0\r\nconnection: close\r\n\r\n");
        Some(Raw { bytes: head.into_bytes(), stays: false })
    })
    .await;
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    let connector = S3::over(aws_sdk_s3::Client::from_conf(config.build()));
    let planted = connector.plant(&target(store), values, "person").await;
    let asked = asked.lock().expect("the list").clone();
    (planted, asked)
}

fn avatar(person: &str) -> Record {
    record(&[("person", FieldKind::Text, person), ("more", FieldKind::Text, "is not asked")])
}

/// Whoever else writes the key, before, meanwhile or afterwards: what is theirs stays.
#[tokio::test]
async fn an_object_is_written_only_where_nothing_is() {
    let store = bucket();
    for (answers, expect, methods) in [
        (&[GONE, OURS][..], None, "HEAD PUT"),
        (&[OURS], None, "HEAD"),
        (&[THEIRS], Some(TAKEN), "HEAD"),
        (&[GONE, (412, false), OURS], None, "HEAD PUT HEAD"),
        (&[GONE, (412, false), THEIRS], Some(TAKEN), "HEAD PUT HEAD"),
        (&[GONE, (409, false), GONE, OURS], None, "HEAD PUT HEAD PUT"),
        (&[(403, false)], Some((Class::Permanent, Code::StoreRefused)), "HEAD"),
        (&[(503, false)], Some((Class::Transient, Code::StoreUnavailable)), "HEAD"),
        (&[GONE], Some((Class::Permanent, Code::StoreRefused)), "HEAD PUT"),
        (&[GONE, (503, false)], Some((Class::Transient, Code::StoreUnavailable)), "HEAD PUT"),
    ] {
        let (planted, asked) = plant_object(&store, &avatar("marked"), answers).await;
        match expect {
            None => planted.expect("it is planted"),
            Some((class, code)) => check(planted, class, code),
        }
        let asked: Vec<&str> = asked.iter().filter_map(|request| request.split(' ').next()).collect();
        assert_eq!(asked.join(" "), methods, "{answers:?}");
    }
}

#[tokio::test]
async fn an_object_that_comes_and_goes_may_stay_in_the_end() {
    const FOR_EVER: &[Answer] =
        &[GONE, (412, false), GONE, (412, false), GONE, (412, false), GONE, (412, false), GONE, (412, false)];
    let (planted, asked) = plant_object(&bucket(), &avatar("marked"), FOR_EVER).await;
    check(planted, Class::Transient, Code::StoreUnavailable);
    assert!(asked.len() <= 8, "{} requests", asked.len());
}

#[tokio::test]
async fn an_object_says_what_it_is() {
    let lines = |request: &str| request.to_lowercase();
    let (planted, asked) = plant_object(&bucket(), &avatar("7 é"), &[GONE, OURS]).await;
    planted.expect("it is planted");
    let put = lines(&asked[1]);
    assert!(put.starts_with("put /bucket/avatars/7%20%c3%a9.png"), "{put}");
    for line in ["\r\nif-none-match: *\r\n", "\r\nx-amz-meta-lacuna-control: true\r\n"] {
        assert!(put.contains(line), "{put}");
    }
    assert!(asked[1].ends_with("\r\n\r\n{\"lacuna\":\"control\"}"), "{put}");

    // What lies in a folder has a name there.
    let store = s3_folders::store("bucket", &["tickets/{person}/"]);
    let (planted, asked) = plant_object(&store, &avatar("7"), &[GONE, OURS]).await;
    planted.expect("it is planted");
    assert!(asked[1].starts_with("PUT /bucket/tickets/7/lacuna-control"), "{}", asked[1]);
}

/// Nothing is asked for a key that would say something else.
#[tokio::test]
async fn values_that_make_no_key_are_refused() {
    let long = "marked".repeat(200);
    let tickets = s3_folders::store("bucket", &["tickets/{person}-{ticket}"]);
    let ticket = |ticket| record(&[("person", FieldKind::Text, "7"), ("ticket", FieldKind::Text, ticket)]);
    let store = bucket();
    let mut wrong = vec![(&store, Record::new()), (&tickets, avatar("7")), (&tickets, ticket("marked-x"))];
    for text in ["", "a/b", "a%b", "a\nb", long.as_str()] {
        wrong.push((&store, avatar(text)));
        wrong.push((&tickets, ticket(text)));
    }
    for (store, values) in wrong {
        let (planted, asked) = plant_object(store, &values, &[OURS]).await;
        check(planted, TAKEN.0, TAKEN.1);
        assert_eq!(asked, Vec::<String>::new());
    }
}

/// In a bucket that keeps versions: an object that is there is its owner's, and one that was deleted is not
/// there.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn a_stranger_s_object_is_left_alone() {
    for shape in [s3::Shape::Versioned, s3::Shape::Plain] {
        let bucket = s3::fresh(shape).await;
        let scene = Scene::of(&bucket);
        let who = bucket.person(7);
        let (values, mark) = scene.control(&who);
        scene.try_plant(&values, &mark).await.expect("it is planted");
        let key = scene.locate(std::slice::from_ref(&who)).await.remove(0).key["object"].expose().to_owned();
        scene.try_plant(&values, &mark).await.expect("it is its own");
        bucket.put(&key, 9).await;
        let before = scene.rows().await;
        check(scene.try_plant(&values, &mark).await, TAKEN.0, TAKEN.1);
        assert_eq!(scene.rows().await, before);
        bucket.cover(&key).await;
        scene.try_plant(&values, &mark).await.expect("nothing is there");
        assert_eq!(scene.locate(&[who]).await.len(), 1);
    }
}

/// An item that lacks the mark is not the control's, whatever else it holds.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn an_item_without_a_mark_is_somebody_s() {
    let table = dynamodb::fresh(Shape::Keyed).await;
    let scene = Scene::of(&table);
    let who = table.person(7);
    let (values, mark) = scene.control(&who);
    scene.planted(&(values.clone(), mark.clone())).await;
    let target: Target<'_> = scene.target();
    let found = scene.locate(&[who]).await;
    let nobody = ports::stores::Treatment::Anonymise([(mark.clone(), None)].into());
    scene.erased(&found, &nobody).await;
    let before = scene.rows().await;
    let planter = table.planter().expect("it plants");
    check(planter.plant(&target, &values, &mark).await, TAKEN.0, TAKEN.1);
    assert_eq!(scene.rows().await, before);
}
