//! Walking stores that answer oddly, and what is asked of them.

use std::sync::{Arc, Mutex};

use connectors::dynamodb::DynamoDb;
use connectors::s3::S3;
use domain::catalog::Store;
use ports::stores::{MOST_COLLECTED, PAGE, Seen, Target, Walked};
use ports::{Class, Code, Fault, Walker};
use serde_json::json;
use testkit::conformance::{Fixture, Scene};

use crate::dynamodb::{self, Shape};
use crate::faults::{s3, silent};
use crate::sqlite::{self, SqliteFile};
use crate::{engine, s3_folders, stub};

fn text(seen: &Seen, part: &str) -> String {
    seen.key[part].expose().to_owned()
}

/// Every page, each with the number of its records.
async fn walk(walker: &dyn Walker, target: &Target<'_>) -> (Vec<Seen>, Vec<usize>) {
    let (mut all, mut pages, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = walker.walk(target, cursor.as_deref()).await.expect("a page");
        pages.push(page.records.len());
        all.extend(page.records);
        assert!(pages.len() < 1000, "walking does not end");
        cursor = page.next;
        if cursor.is_none() {
            return (all, pages);
        }
    }
}

/// A file with this table instead, and how the catalog calls it.
async fn table(create: &str, key: &[&str], kind: &str) -> (SqliteFile, Store) {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    file.run(create).await;
    let field = json!({"category": "system", "class": "internal", "kind": kind});
    let mut fields: serde_json::Map<String, serde_json::Value> =
        key.iter().map(|name| ((*name).to_owned(), field.clone())).collect();
    let person = json!({"category": "user", "class": "confidential", "identity": "person", "index": "i"});
    fields.insert("person".to_owned(), person);
    let store = engine::store(json!({"id": "crm", "kind": "sql", "connection": "crm",
        "owner": {"team": "t", "page": "p"},
        "collections": [{"name": "odd", "resource": "odd", "key": key, "fields": fields,
            "erasure": {"method": "delete"}}]}));
    (file, store)
}

/// Keys of every kind, over the edges of pages: in whatever way the column compares them, each comes once.
#[tokio::test]
async fn keys_of_every_kind_come_once() {
    let numbers =
        "WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 1203) INSERT INTO odd ";
    let hostile = "CASE i % 7 WHEN 0 THEN 'O''Brien \"' WHEN 1 THEN 'a' || char(0) WHEN 2 THEN '👩‍👩‍👧' \
        WHEN 3 THEN '%' WHEN 4 THEN '' WHEN 5 THEN char(10) ELSE 'é' END";
    for (columns, key, kind, select) in [
        ("a INTEGER, b INTEGER", &["a", "b"][..], "number", "i / 600, -i"),
        ("a INTEGER, b INTEGER", &["b", "a"], "number", "i, i / 600"),
        ("a TEXT, b TEXT", &["a", "b"], "text", &format!("{hostile}, i")),
        ("a TEXT COLLATE NOCASE, b TEXT", &["a", "b"], "text", "CASE i % 2 WHEN 0 THEN 'x' ELSE 'X' END, i"),
        ("a REAL", &["a"], "number", "i * 0.1 - 60"),
        ("a REAL", &["a"], "number", "i * 1e300"),
        ("a INTEGER", &["a"], "number", "9223372036854775807 - i"),
        // Texts that are plain numbers, in the order of texts.
        ("a TEXT", &["a"], "number", "CAST(i AS TEXT)"),
    ] {
        let create = format!(
            "CREATE TABLE odd ({columns}, person TEXT, PRIMARY KEY ({})); {numbers} SELECT {select}, 'p' || i FROM n",
            key.join(", ")
        );
        let (file, store) = table(&create, key, kind).await;
        let wanted = ["person".to_owned()];
        let target = Target { store: &store, collection: &store.collections[0], wanted: &wanted };
        let (seen, pages) = walk(&*file.walker(), &target).await;
        assert_eq!(pages, [PAGE, PAGE, 204], "{select}");
        let mut people: Vec<&str> = seen.iter().map(|seen| seen.values["person"].expose()).collect();
        people.sort_unstable();
        people.dedup();
        assert_eq!(people.len(), 1204, "{select}");
        assert!(seen.iter().all(|seen| seen.key.len() == key.len() && seen.values.len() == 1));
    }
}

async fn refused(walker: &dyn Walker, target: &Target<'_>) -> Fault {
    let mut cursor = None;
    for _ in 0..100 {
        match walker.walk(target, cursor.as_deref()).await {
            Ok(Walked { next: Some(next), .. }) => cursor = Some(next),
            Ok(_) => panic!("it comes to an end"),
            Err(fault) => return fault,
        }
    }
    panic!("it goes on and on");
}

/// What would be passed over, or shown for ever, is a fault instead.
#[tokio::test]
async fn a_key_that_cannot_be_walked_by_is_the_catalog_s_mistake() {
    for (columns, kind, select, detail) in [
        ("a", "number", "CAST(i AS TEXT)", "the key is compared in an unexpected way"),
        ("a TEXT", "text", "nullif(i, 700)", "a row has nothing in the field a of its key"),
        (
            "a",
            "text",
            "CASE i WHEN 700 THEN x'00' ELSE 'x' || i END",
            "the field a has another form than the catalog says",
        ),
    ] {
        let create = format!(
            "CREATE TABLE odd ({columns} PRIMARY KEY, person TEXT); \
            WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 1203) \
            INSERT INTO odd SELECT {select}, 'marked' FROM n"
        );
        let (file, store) = table(&create, &["a"], kind).await;
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let fault = refused(&*file.walker(), &target).await;
        silent(&fault);
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
        assert_eq!(fault.detail, detail);
    }
}

/// A cursor of another collection is none of this one's.
#[tokio::test]
async fn a_cursor_of_another_key_is_refused() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let scene = Scene::of(&file);
    scene.plant(&file.person(1), PAGE + 1).await;
    let cursor = scene.walked(None).await.expect("a page").next;
    let other = sqlite::fresh(sqlite::Shape::Composite).await;
    let fault = Scene::of(&other).walked(cursor.as_deref()).await.expect_err("it is refused");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
}

/// Where the fields themselves are large, a page has fewer records, and none is lost.
#[tokio::test]
async fn a_page_holds_only_so_many_bytes() {
    let file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let each = 1 << 18;
    file.run(&format!(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60) \
        INSERT INTO people (id, email, name) SELECT i, 'e' || i, hex(zeroblob({})) FROM n",
        each / 2
    ))
    .await;
    let wanted = ["name".to_owned()];
    let target = Target { store: file.store(), collection: file.collection(), wanted: &wanted };
    let (seen, pages) = walk(&*file.walker(), &target).await;
    assert_eq!(seen.len(), 60);
    assert!(seen.iter().all(|seen| seen.values["name"].expose().len() == each));
    let fitting = MOST_COLLECTED / each;
    assert!(pages.len() == 60_usize.div_ceil(fitting), "{pages:?}");
}

/// One answer of the store is one page; its marker is given back as it came.
#[tokio::test]
async fn a_table_is_scanned_answer_by_answer() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let config = stub::serving(move |request| {
        let body = request.split_once("\r\n\r\n").expect("a body").1;
        assert!(request.contains("DynamoDB_20120810.Scan"), "{request}");
        let asked: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let after = asked["ExclusiveStartKey"]["Serial"]["N"].as_str().unwrap_or("0").to_owned();
        seen.lock().expect("the list").push(asked);
        let item =
            |serial: &str| json!({"Serial": {"N": serial}, "Email": {"S": format!("{serial}@example.com")}});
        Some((
            200,
            match after.as_str() {
                "0" => json!({"Items": [item("1"), item("2")], "LastEvaluatedKey": {"Serial": {"N": "2"}}}),
                "2" => json!({"Items": [], "LastEvaluatedKey": {"Serial": {"N": "3"}}}),
                _ => json!({"Items": [item("4")]}),
            }
            .to_string(),
        ))
    })
    .await;
    let store = dynamodb::declared(Shape::Indexed, "people");
    let wanted = ["Email".to_owned(), "Code".to_owned()];
    let target = Target { store: &store, collection: &store.collections[0], wanted: &wanted };
    let walker = DynamoDb::over(aws_sdk_dynamodb::Client::new(&config));
    let (seen, pages) = walk(&walker, &target).await;
    assert_eq!(pages, [2, 0, 1]);
    assert_eq!(seen.iter().map(|seen| text(seen, "Serial")).collect::<Vec<_>>(), ["1", "2", "4"]);
    assert_eq!(seen[2].values.keys().collect::<Vec<_>>(), ["Email"]);
    for asked in asked.lock().expect("the list").iter() {
        assert_eq!((&asked["ConsistentRead"], &asked["Limit"]), (&json!(true), &json!(PAGE)));
        let names = asked["ExpressionAttributeNames"].as_object().expect("names");
        let mut names: Vec<&str> = names.values().filter_map(serde_json::Value::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["Code", "Email", "Serial"], "nothing else is read");
    }
}

#[tokio::test]
async fn a_table_that_gives_the_same_page_for_ever_is_not_believed() {
    let answer = json!({"Items": [], "LastEvaluatedKey": {"Serial": {"N": "1"}}}).to_string();
    let config = stub::serving(move |_| Some((200, answer.clone()))).await;
    let store = dynamodb::declared(Shape::Keyed, "people");
    let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
    let fault = refused(&DynamoDb::over(aws_sdk_dynamodb::Client::new(&config)), &target).await;
    assert_eq!((fault.class, fault.detail.as_str()), (Class::Transient, "the same page again"));
}

/// An item whose identity is of another type would be a person who is not found.
#[tokio::test]
async fn an_item_of_another_form_is_the_catalog_s_mistake() {
    for item in [json!({"Serial": {"N": "1"}, "Email": {"N": "4"}}), json!({"Email": {"S": "marked"}})] {
        let answer = json!({"Items": [item]}).to_string();
        let config = stub::serving(move |_| Some((200, answer.clone()))).await;
        let store = dynamodb::declared(Shape::Indexed, "people");
        let wanted = ["Email".to_owned()];
        let target = Target { store: &store, collection: &store.collections[0], wanted: &wanted };
        let fault = refused(&DynamoDb::over(aws_sdk_dynamodb::Client::new(&config)), &target).await;
        silent(&fault);
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
    }
}

/// A bucket whose listing of versions has these keys, three entries a page, and these unfinished uploads.
async fn bucket(
    keys: &'static [&'static str],
    uploads: &'static [&'static str],
) -> (S3, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let connector = s3(move |request| {
        let line = request.lines().next().unwrap_or_default().to_owned();
        let of = |name: &str| {
            let found = line.split(['?', '&', ' ']).find_map(|part| part.strip_prefix(name));
            found.unwrap_or_default().replace("%2F", "/")
        };
        let (prefix, after) = (of("prefix="), of("key-marker="));
        log.lock().expect("the list").push(prefix.clone());
        if line.contains("?uploads") {
            let upload = |key: &&str| format!("<Upload><Key>{key}</Key><UploadId>u</UploadId></Upload>");
            let all: Vec<String> =
                uploads.iter().filter(|key| key.starts_with(&prefix)).map(upload).collect();
            let all = all.concat();
            return Some((200, format!("<ListMultipartUploadsResult>{all}</ListMultipartUploadsResult>")));
        }
        let from = keys.iter().filter(|key| key.starts_with(&prefix)).enumerate();
        // The marker is the number of the last entry, as a version's id.
        let passed: usize = of("version-id-marker=").parse().unwrap_or_default();
        assert!(after.is_empty() == (passed == 0));
        let left: Vec<(usize, &&str)> = from.filter(|(at, _)| *at >= passed).collect();
        let entry = |(at, key): &(usize, &&str)| {
            let kind = if at % 2 == 1 { "DeleteMarker" } else { "Version" };
            format!("<{kind}><Key>{key}</Key><VersionId>{at}</VersionId></{kind}>")
        };
        let page: String = left.iter().take(3).map(entry).collect();
        let next = left.get(3).map_or_else(String::new, |(at, _)| {
            let (_, last) = left[2];
            format!(
                "<IsTruncated>true</IsTruncated><NextKeyMarker>{last}</NextKeyMarker>\
                <NextVersionIdMarker>{at}</NextVersionIdMarker>"
            )
        });
        Some((200, format!("<ListVersionsResult>{page}{next}</ListVersionsResult>")))
    })
    .await;
    (connector, asked)
}

/// An object comes once, however many versions it has and on however many pages; one that is only being
/// written comes too; what is of no template does not.
#[tokio::test]
async fn an_object_comes_once_over_the_pages_of_its_versions() {
    let (walker, asked) = bucket(
        &[
            "tickets/7/1.json",
            "tickets/7/1.json",
            "tickets/7/1.json",
            "tickets/7/1.json",
            "tickets/7/1.json",
            "tickets/7/1.json",
            "tickets/7/1.json",
            "tickets/7/2.json",
            "tickets/7/x/2.json",
            "tickets/8/1.json",
            "tickets/8/1.txt",
            "other/8/1.json",
        ],
        &["other/9/1.json", "tickets/7/1.json", "tickets/9/1.json", "tickets/9/1.json", "tickets/9/x"],
    )
    .await;
    let store = s3_folders::store("bucket", &["tickets/{person}/{ticket}.json"]);
    let wanted = ["person".to_owned()];
    let target = Target { store: &store, collection: &store.collections[0], wanted: &wanted };
    let (seen, _) = walk(&walker, &target).await;
    let keys: Vec<String> = seen.iter().map(|seen| text(seen, "object")).collect();
    assert_eq!(keys, ["tickets/7/1.json", "tickets/7/2.json", "tickets/8/1.json", "tickets/9/1.json"]);
    let people: Vec<&str> = seen.iter().map(|seen| seen.values["person"].expose()).collect();
    assert_eq!(people, ["7", "7", "8", "9"]);
    assert!(seen.iter().all(|seen| seen.values.len() == 1));
    let asked = asked.lock().expect("the list");
    assert!(asked.iter().all(|prefix| prefix.starts_with("tickets/")), "only what begins so is listed");
}

#[tokio::test]
async fn a_folder_s_objects_are_all_below_it() {
    let (walker, _) = bucket(&["7/a", "7/b/c", "x", "8/"], &[]).await;
    let store = s3_folders::store("bucket", &["{person}/"]);
    let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
    let (seen, _) = walk(&walker, &target).await;
    let mut keys: Vec<String> = seen.iter().map(|seen| text(seen, "object")).collect();
    keys.sort();
    assert_eq!(keys, ["7/a", "7/b/c", "8/"]);
    assert!(seen.iter().all(|seen| seen.values.is_empty()));
}

/// Whose an object is that could be two people's, nobody knows: it is not passed over.
#[tokio::test]
async fn an_object_that_could_be_two_people_s_is_the_catalog_s_mistake() {
    let (walker, _) = bucket(&["docs/7-8", "docs/marked-x-y"], &[]).await;
    let store = s3_folders::store("bucket", &["docs/{person}-{ticket}"]);
    let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
    let fault = refused(&walker, &target).await;
    silent(&fault);
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
}
