//! S3 by its listings alone: what is asked, and what is made of the answers.

use std::sync::{Arc, Mutex};

use connectors::s3::S3;
use domain::catalog::{FieldKind, Store};
use domain::plan::Value;
use ports::stores::{Search, Target, Treatment};
use ports::{Class, Code, Connector};

use crate::faults::{s3, silent};
use crate::s3_folders;

fn store(templates: &[&str]) -> Store {
    s3_folders::store("bucket", templates)
}

/// A bucket without versions that has these objects and unfinished uploads. What is ended is written
/// down.
async fn holding(
    objects: &'static [&'static str],
    uploads: &'static [&'static str],
) -> (S3, Arc<Mutex<Vec<String>>>) {
    let ended = Arc::new(Mutex::new(Vec::new()));
    let seen = ended.clone();
    let connector = s3(move |request| {
        let line = request.lines().next().unwrap_or_default();
        if line.starts_with("DELETE") {
            seen.lock().expect("the list").push(line.to_owned());
            return Some((204, String::new()));
        }
        if line.starts_with("POST") {
            return Some((200, "<DeleteResult/>".to_owned()));
        }
        let prefix = line.split(['?', '&', ' ']).find_map(|part| part.strip_prefix("prefix="));
        let prefix = prefix.unwrap_or_default().replace("%2F", "/");
        let of = |keys: &[&str], wrap: &dyn Fn(&str) -> String| -> String {
            keys.iter().filter(|key| key.starts_with(&prefix)).map(|key| wrap(key)).collect()
        };
        let body = if line.contains("?uploads") {
            let upload = |key: &str| format!("<Upload><Key>{key}</Key><UploadId>u</UploadId></Upload>");
            format!("<ListMultipartUploadsResult>{}</ListMultipartUploadsResult>", of(uploads, &upload))
        } else if line.contains("?versions") {
            let version =
                |key: &str| format!("<Version><Key>{key}</Key><VersionId>null</VersionId></Version>");
            format!("<ListVersionsResult>{}</ListVersionsResult>", of(objects, &version))
        } else {
            let object = |key: &str| format!("<Contents><Key>{key}</Key></Contents>");
            format!("<ListBucketResult>{}</ListBucketResult>", of(objects, &object))
        };
        Some((200, body))
    })
    .await;
    (connector, ended)
}

async fn confirmed(connector: &S3, store: &Store, collection: usize) -> u64 {
    let target = Target { store, collection: &store.collections[collection], wanted: &[] };
    let values = [Value::of(FieldKind::Text, "7")];
    let search = Search { field: "person", values: &values };
    connector.confirm_search(&target, &search, None).await.expect("a count").records
}

/// Nothing is asked of the store: whatever it answered would prove nothing.
#[tokio::test]
async fn a_value_that_keys_may_hold_in_another_writing_is_refused() {
    let connector = s3(|_| panic!("nothing is asked")).await;
    for template in ["tickets/{person}/{ticket}.json", "tickets/{person}/", "avatars/{person}.png"] {
        let store = store(&[template]);
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        for text in ["marked/person", "100%marked", "marked\nperson", "marked\u{7f}"] {
            let values = [Value::of(FieldKind::Text, text)];
            let search = Search { field: "person", values: &values };
            let located = connector.locate(&target, &search, None).await.map(|found| found.records.len());
            let confirmed = connector.confirm_search(&target, &search, None).await.map(|_| 0);
            for answer in [located, confirmed] {
                let fault = answer.expect_err("it is refused");
                silent(&fault);
                assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
                assert_eq!(fault.target, "files.c0");
                assert!(fault.detail.starts_with("a value of the field person has a `/`"), "{fault}");
            }
        }
    }
}

#[tokio::test]
async fn what_no_collection_reads_counts_in_a_person_s_folder_alone() {
    let objects = &[
        "tickets/7/41.json",
        "tickets/7/41.pdf",
        "tickets/7/41/scan.png",
        "tickets/70/41.png",
        "avatars/7.png",
        "avatars/7.png.bak",
    ];
    let (connector, _) = holding(objects, &["tickets/7/half.mov", "avatars/7.png.half"]).await;
    let ticket = "tickets/{person}/{ticket}.json";
    let avatar = "avatars/{person}.png";
    let check = async |templates: &[&str], expect: u64| {
        assert_eq!(confirmed(&connector, &store(templates), 0).await, expect, "{templates:?}");
    };
    check(&[ticket], 4).await;
    check(&[ticket, avatar], 4).await;
    check(&[ticket, "tickets/{person}/{ticket}.pdf"], 3).await;
    check(&[ticket, "tickets/{person}/{ticket}/scan.png", "tickets/{person}/{ticket}.pdf"], 2).await;
    check(&[ticket, "tickets/{person}/"], 1).await;
    check(&["tickets/{person}/"], 4).await;
    check(&[avatar], 1).await;
}

#[tokio::test]
async fn an_upload_is_a_record_and_is_ended_before_anything_is_deleted() {
    let (connector, ended) = holding(&["t/7/1.json"], &["t/7/1.json", "t/7/2.json", "t/7/2.mov"]).await;
    let store = store(&["t/{person}/{ticket}.json"]);
    let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
    let values = [Value::of(FieldKind::Text, "7")];
    let search = Search { field: "person", values: &values };
    let found = connector.locate(&target, &search, None).await.expect("a page");
    let keys: Vec<_> = found.records.iter().map(|record| record.key["object"].expose()).collect();
    assert_eq!(keys, ["t/7/1.json", "t/7/2.json"]);
    assert_eq!(found.next, None);
    let settled = connector.erase(&target, &found.records, &Treatment::Delete).await;
    assert_eq!(settled.expect("it is settled").done, 2);
    let mut ended = ended.lock().expect("the list").clone();
    ended.sort();
    assert_eq!(ended.len(), 2, "{ended:?}");
    assert!(ended[0].contains("/t/7/1.json?") && ended[1].contains("/t/7/2.json?"), "{ended:?}");
}
