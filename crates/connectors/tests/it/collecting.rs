//! Reading rows and items whole, where the conformance cases do not reach: stores that answer in parts,
//! that hold large records, that take other texts for the same.

use std::collections::BTreeSet;
use std::slice::from_ref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use connectors::dynamodb::DynamoDb;
use connectors::sql::Sql;
use domain::catalog::FieldKind;
use domain::export::{Datum, Row};
use domain::plan::{Record, Value};
use ports::stores::{Collected, MOST_COLLECTED, MOST_RECORD};
use ports::{Class, Code, Collector, Fault};
use serde_json::{Value as Json, json};
use testkit::conformance::{Fixture, Scene};

use crate::dynamodb::{self, Shape};
use crate::faults::{check, record, target};
use crate::{sqlite, stub};

const MARK: &str = "marked-person@example.com";

fn text(text: &str) -> Value {
    Value::of(FieldKind::Text, text)
}

fn number(text: &str) -> Value {
    Value::of(FieldKind::Number, text)
}

/// A located item, found by the address.
fn item(serial: usize) -> Record {
    record("Serial", number(&serial.to_string()), "Email", text(MARK))
}

fn items(count: usize) -> Vec<Record> {
    (0..count).map(item).collect()
}

/// Reads items of a table that answers so.
async fn collect(
    script: impl Fn(&Json) -> Json + Send + Sync + 'static,
    records: &[Record],
) -> Result<Collected, Fault> {
    let config = stub::serving(move |request| {
        assert!(request.contains("DynamoDB_20120810.BatchGetItem"), "items are read by their keys");
        let (_, body) = request.split_once("\r\n\r\n").expect("a body");
        let body: Json = serde_json::from_str(body).expect("JSON");
        let asked = &body["RequestItems"]["people"];
        assert_eq!(asked["ConsistentRead"], true);
        assert!(asked.get("ProjectionExpression").is_none(), "items are read whole");
        let keys = asked["Keys"].as_array().expect("keys");
        let distinct: BTreeSet<String> = keys.iter().map(Json::to_string).collect();
        assert!(distinct.len() == keys.len() && (1..=100).contains(&keys.len()));
        Some((200, script(asked).to_string()))
    })
    .await;
    let store = dynamodb::declared(Shape::Indexed, "people");
    let connector = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    connector.collect(&target(&store), records).await
}

fn keys(asked: &Json) -> &[Json] {
    asked["Keys"].as_array().expect("keys")
}

fn serial(key: &Json) -> usize {
    key["Serial"]["N"].as_str().and_then(|text| text.parse().ok()).expect("a number")
}

fn serials(rows: &[Row]) -> Vec<String> {
    let serial = |row: &Row| match &row.fields["Serial"] {
        Datum::Number(text) => text.expose().to_owned(),
        other => panic!("{other:?}"),
    };
    rows.iter().map(serial).collect()
}

/// Each answer brings three quarters of what it was asked for, in no order; what is shown is in order.
#[tokio::test]
async fn items_that_come_in_parts_are_all_shown_in_their_order() {
    let records = [items(250), items(250)].concat();
    let collected = collect(
        |asked| {
            let (now, later) = keys(asked).split_at((keys(asked).len() * 3).div_ceil(4));
            let there = now.iter().rev().filter(|key| !serial(key).is_multiple_of(3));
            let there: Vec<Json> = there
                .map(|key| {
                    let email = if serial(key) % 3 == 1 { MARK } else { "other@example.com" };
                    // The same number in another form is the same key.
                    json!({"Serial": {"N": format!("{}.0", serial(key))}, "Email": {"S": email}})
                })
                .collect();
            let left = if later.is_empty() { json!({}) } else { json!({"people": {"Keys": later}}) };
            json!({"Responses": {"people": there}, "UnprocessedKeys": left})
        },
        &records,
    )
    .await
    .expect("rows");
    let expected: Vec<String> = (0..250).filter(|n| n % 3 == 1).map(|n| format!("{n}.0")).collect();
    assert_eq!(serials(&collected.rows), expected);
    assert_eq!((collected.taken, collected.gone, collected.foreign), (500, 84, 83));
}

/// Few are asked for at first, and then as many as there is room for.
#[tokio::test]
async fn fewer_large_items_are_asked_for() {
    let answer = |size: usize, sizes: Arc<Mutex<Vec<usize>>>| {
        move |asked: &Json| {
            sizes.lock().expect("the list").push(keys(asked).len());
            let items: Vec<Json> = keys(asked)
                .iter()
                .map(|key| {
                    let filler = "x".repeat(size);
                    json!({"Serial": key["Serial"], "Email": {"S": MARK}, "Filler": {"S": filler}})
                })
                .collect();
            json!({"Responses": {"people": items}})
        }
    };
    let records = items(500);
    for (size, expect, taken) in [
        (390 << 10, vec![10, 1], 11),
        (100 << 10, vec![10, 30, 1], 41),
        (10, vec![10, 100, 100, 100, 100, 90], 500),
    ] {
        let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
        let collected = collect(answer(size, sizes.clone()), &records).await.expect("rows");
        assert_eq!(*sizes.lock().expect("the list"), expect, "{size}");
        assert_eq!((collected.taken, collected.rows.len()), (taken, taken), "{size}");
        let bytes: usize = collected.rows.iter().map(Row::size).sum();
        assert!(taken == 500 || (MOST_COLLECTED..MOST_COLLECTED + size + 1000).contains(&bytes));
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_not_believed() {
    let turns = Arc::new(AtomicUsize::new(0));
    let count = turns.clone();
    let undone = move |asked: &Json| {
        count.fetch_add(1, Ordering::Relaxed);
        json!({"Responses": {}, "UnprocessedKeys": {"people": {"Keys": asked["Keys"]}}})
    };
    let fault = collect(undone, &items(2)).await.expect_err("it fails");
    check(&fault, Class::Throttled, Code::StoreThrottled, "unprocessed keys");
    assert_eq!(turns.load(Ordering::Relaxed), 6);

    let others = json!({"Serial": {"N": "99"}, "Email": {"S": MARK}});
    let other = others.clone();
    let more = move |_: &Json| json!({"Responses": {"people": [other]}});
    let fault = collect(more, &items(2)).await.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "an item that nobody asked for");
    let more = |_: &Json| json!({"UnprocessedKeys": {"people": {"Keys": [{"Serial": {"N": "99"}}]}}});
    let fault = collect(more, &items(2)).await.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "a key that nobody asked for");

    let strange = Record { via: "Nickname".to_owned(), ..item(1) };
    let fault = collect(|_| panic!("nothing is asked"), &[strange]).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::CatalogMismatch, "the field Nickname is not declared");
}

/// Whatever another type holds, it is not the value; and the version is only what can be one.
#[tokio::test]
async fn an_item_of_another_form_is_somebody_else_s() {
    for other in
        [json!({"N": "7"}), json!({"NULL": true}), json!({"L": [{"S": MARK}]}), json!({"SS": [MARK]})]
    {
        let answer =
            move |_: &Json| json!({"Responses": {"people": [{"Serial": {"N": "1"}, "Email": other}]}});
        let collected = collect(answer, &[item(1)]).await.expect("an answer");
        assert_eq!((collected.rows.len(), collected.foreign, collected.taken), (0, 1, 1));
    }
    for (code, expect) in
        [(json!({"N": "70"}), Some("70")), (json!({"S": "a"}), Some("a")), (json!({"B": "AA=="}), None)]
    {
        let answer = move |_: &Json| {
            let item = json!({"Serial": {"N": "1"}, "Email": {"S": MARK}, "Code": code});
            json!({"Responses": {"people": [item]}})
        };
        let collected = collect(answer, &[item(1)]).await.expect("an answer");
        assert_eq!(collected.rows[0].version.as_deref(), expect);
    }
}

/// A record that was found in other letters is shown, and so is one whose letters have changed since.
#[tokio::test]
async fn an_address_is_the_person_s_in_any_letters() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    for address in ["Ann@Example.com", "ann@example.com"] {
        scene.plant(&text(address), 1).await;
    }
    let found = scene.locate(&[text("ann@example.com")]).await;
    assert_eq!(found.len(), 2);
    assert!(file.reassign(&found[0].key, &text("ANN@EXAMPLE.COM")).await);
    assert!(file.reassign(&found[1].key, &text("anna@example.com")).await);
    let collected = scene.collected(&found).await;
    assert_eq!((collected.rows.len(), collected.foreign), (1, 1));
    assert_eq!(collected.rows[0].fields["email"], Datum::text("ANN@EXAMPLE.COM"));

    // Other texts are not: they may be another person's.
    let by_name = |name: &str| Record { via: "name".into(), via_value: text(name), ..found[0].clone() };
    let asked = [by_name("NAME 1")];
    assert_eq!(scene.collected(&asked).await.foreign, 1);
    assert_eq!(scene.collected(&[by_name("name 1")]).await.rows.len(), 1);
}

/// What the catalog says of a field is said of the column, in whatever letters the table has its name; and
/// keys are what the column takes for them.
#[tokio::test]
async fn a_column_has_the_catalog_s_name() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    file.run(
        "DROP TABLE people; CREATE TABLE people (ID TEXT PRIMARY KEY, eMail TEXT COLLATE NOCASE, NAME, \
        Code, hidden INTEGER, Other INTEGER, Twice AS (Other * 2)); \
        INSERT INTO people VALUES ('7', 'Ann@Example.com', NULL, '2026-03-02T09:00:00Z', 0, 3), \
        ('8', 'bob@example.com', 'Bob', 8.5, 0, 4)",
    )
    .await;
    let scene = Scene::of(&file);
    let row = |id: &str, email: &str| record("id", number(id), "email", text(email));
    let asked = [row("8", "bob@example.com"), row("9", "x"), row("7", "ann@example.com"), row("8", "x")];
    let collected = scene.collected(&asked).await;
    let fields = |row: &Row| row.fields.clone().into_iter().collect::<Vec<_>>();
    let n = |text: &str| Datum::number(text);
    let expected = [
        ("Other", n("4")),
        ("Twice", n("8")),
        ("code", n("8.5")),
        ("email", Datum::text("bob@example.com")),
        ("hidden", n("0")),
        ("id", Datum::text("8")),
        ("name", Datum::text("Bob")),
    ];
    assert_eq!(fields(&collected.rows[0]), expected.map(|(name, datum)| (name.to_owned(), datum)));
    assert_eq!(collected.rows[0].version.as_deref(), Some("8.5"));
    assert_eq!(collected.rows[1].fields["name"], Datum::Null);
    assert_eq!(collected.rows[1].version.as_deref(), Some("2026-03-02T09:00:00Z"));
    assert_eq!((collected.rows.len(), collected.gone, collected.foreign), (2, 1, 0));
}

/// Records that were found by several fields, mixed, are told apart by one question.
#[tokio::test]
async fn rows_that_were_found_by_different_fields_are_told_apart() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    let who = text("a@example.com");
    scene.plant(&who, 300).await;
    let found = scene.locate(from_ref(&who)).await;
    let asked: Vec<Record> = found
        .iter()
        .enumerate()
        .map(|(at, found)| match at % 3 {
            0 => found.clone(),
            1 => Record { via: "code".into(), via_value: found.values["code"].clone(), ..found.clone() },
            _ => Record { via: "code".into(), via_value: number("-1"), ..found.clone() },
        })
        .collect();
    let collected = scene.collected(&asked).await;
    assert_eq!((collected.rows.len(), collected.foreign, collected.gone), (200, 100, 0));
    for (row, asked) in collected.rows.iter().zip(asked.iter().enumerate().filter(|(at, _)| at % 3 < 2)) {
        assert_eq!(row.fields["id"], Datum::number(asked.1.key["id"].expose()));
    }
}

/// One record that is larger than what is held otherwise is read all the same, and alone.
#[tokio::test]
async fn a_row_that_is_too_large_is_read_alone() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    let who = text("a@example.com");
    scene.plant(&who, 2).await;
    assert!(file.plant(&who, 2, 2 * MOST_COLLECTED).await);
    scene.plant(&who, 1).await;
    let found = scene.locate(from_ref(&who)).await;
    let mut taken = Vec::new();
    let mut left = &found[..];
    while !left.is_empty() {
        let collected = scene.collect(left).await.expect("rows");
        assert_eq!(collected.rows.len(), collected.taken);
        taken.push(collected.taken);
        left = &left[collected.taken..];
    }
    assert_eq!(taken, [3, 1, 1]);
}

/// One that would not fit into the memory of the step is said to be there, and not begun.
#[tokio::test]
async fn a_row_that_no_step_could_hold_is_refused() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    let who = text("a@example.com");
    scene.plant(&who, 3).await;
    let found = scene.locate(from_ref(&who)).await;
    let id = found[1].key["id"].expose();
    file.run("ALTER TABLE people ADD COLUMN \"scan of \"\"it\"\"\" BLOB").await;
    for (bytes, is_shown) in [(MOST_RECORD - 1_000, true), (MOST_RECORD + 1, false), (300 << 20, false)] {
        file.run(&format!("UPDATE people SET \"scan of \"\"it\"\"\" = zeroblob({bytes}) WHERE id = {id}"))
            .await;
        let collected = scene.collect(&found).await;
        if is_shown {
            assert_eq!(collected.expect("rows").taken, 2, "it fills an answer");
        } else {
            let fault = collected.expect_err("it is refused");
            check(&fault, Class::Permanent, Code::RecordTooLarge, "a record is larger than 16 MiB");
        }
    }
}

/// In another encoding the bytes of a text are others: nothing is shown rather than something else.
#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    let path = std::env::temp_dir().join(crate::engine::name("utf-16"));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let options = options.pragma("encoding", "'UTF-16'");
    let mut other = sqlx::ConnectOptions::connect(&options).await.expect("a file");
    let made = sqlx::raw_sql(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, name TEXT, code INTEGER, \
        hidden INTEGER, filler TEXT); INSERT INTO people VALUES (1, 'marked', 'Ann', 7, 0, '')",
    );
    made.execute(&mut other).await.expect("a table");
    let sql = Sql::at(&format!("sqlite://{}", path.display()), "crm").expect("a connector");
    let asked = record("id", number("1"), "code", number("7"));
    let collected = sql.collect(&scene.target(), &[asked]).await;
    std::fs::remove_file(&path).expect("it goes");
    let fault = collected.expect_err("it is refused");
    let what = "the database's texts are in another encoding than UTF-8";
    check(&fault, Class::Permanent, Code::StoreRefused, what);
}

#[tokio::test]
async fn a_table_that_is_missing_or_locked() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    let who = text(MARK);
    scene.plant(&who, 2).await;
    let found = scene.locate(from_ref(&who)).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file.path);
    let mut other = sqlx::ConnectOptions::connect(&options).await.expect("another");
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.expect("the lock");
    let fault = scene.collect(&found).await.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "SQLITE_BUSY (5)");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it is given back");
    assert_eq!(scene.collected(&found).await.rows.len(), 2);

    file.run("DROP TABLE people").await;
    let fault = scene.collect(&found).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::StoreRefused, "SQLITE_ERROR (1)");
}
