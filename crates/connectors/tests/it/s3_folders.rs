//! What lies in a person's folder: objects of any name, uploads, and what no template reads. On the
//! local engine.

use std::collections::BTreeSet;

use domain::catalog::{FieldKind, Store};
use domain::plan::{Record, Value};
use ports::stores::{Search, Since, Target, Treatment};
use serde_json::json;
use testkit::conformance::Fixture;

use crate::engine;
use crate::s3::{Bucket, Shape, fresh};

/// Objects of these templates in one bucket, a collection each.
pub fn store(bucket: &str, templates: &[&str]) -> Store {
    let collections = templates.iter().enumerate().map(|(at, template)| {
        json!({"name": format!("c{at}"), "resource": bucket, "object": template,
            "fields": {
                "person": {"category": "user.unique_id", "class": "confidential", "identity": "customer"},
                "ticket": {"category": "system", "class": "internal"}},
            "erasure": {"method": "delete"}})
    });
    let collections: Vec<_> = collections.collect();
    engine::store(json!({"id": "files", "kind": "s3", "owner": {"team": "t", "page": "p"},
        "collections": collections}))
}

struct Folders {
    bucket: Bucket,
    who: [Value; 1],
}

impl Folders {
    /// A bucket that keeps versions, with collections of these templates.
    async fn of(templates: &[&str]) -> Self {
        let mut bucket = fresh(Shape::Versioned).await;
        bucket.store = store(bucket.resource(), templates);
        Self { bucket, who: [Value::of(FieldKind::Text, "7")] }
    }

    fn target(&self, collection: usize) -> Target<'_> {
        let store = &self.bucket.store;
        Target { store, collection: &store.collections[collection], wanted: &[] }
    }

    fn search(&self) -> Search<'_> {
        Search { field: "person", values: &self.who }
    }

    async fn located(&self, collection: usize) -> Vec<Record> {
        let connector = self.bucket.connector();
        let mut records = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let found = connector.locate(&self.target(collection), &self.search(), cursor.as_deref()).await;
            let found = found.expect("a page");
            records.extend(found.records);
            cursor = found.next;
            if cursor.is_none() {
                return records;
            }
        }
    }

    async fn confirmed(&self, collection: usize) -> u64 {
        let connector = self.bucket.connector();
        let left = connector.confirm_search(&self.target(collection), &self.search(), None).await;
        let left = left.expect("a count");
        assert_eq!(left.next, None);
        left.records
    }

    async fn erase(&self, collection: usize) -> u64 {
        let records = self.located(collection).await;
        let connector = self.bucket.connector();
        let settled = connector.erase(&self.target(collection), &records, &Treatment::Delete).await;
        settled.expect("it is erased").done
    }

    async fn since(&self, records: &[Record]) -> Vec<Since> {
        let connector = self.bucket.connector();
        connector.look_again(&self.target(0), records).await.expect("an answer")
    }

    async fn keys(&self) -> BTreeSet<String> {
        let rows = self.bucket.rows().await.into_iter();
        rows.map(|row| row.key["object"].expose().to_owned()).collect()
    }

    async fn upload(&self, key: &str) -> String {
        let client = &self.bucket.client;
        let begun = client.create_multipart_upload().bucket(self.bucket.resource()).key(key).send().await;
        let id = begun.expect("it begins").upload_id.expect("its id");
        let part = client.upload_part().bucket(self.bucket.resource()).key(key).upload_id(&id);
        let part = part.part_number(1).body(b"half".to_vec().into()).send().await;
        part.expect("a part");
        id
    }

    async fn uploads(&self) -> Vec<String> {
        let listed = self.bucket.client.list_multipart_uploads().bucket(self.bucket.resource()).send().await;
        let uploads = listed.expect("uploads").uploads.unwrap_or_default().into_iter();
        let mut keys: Vec<String> = uploads.filter_map(|upload| upload.key).collect();
        keys.sort();
        keys
    }
}

fn keys<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<&'a str> {
    records.into_iter().map(|record| record.key["object"].expose()).collect()
}

#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn a_template_that_ends_in_a_slash_erases_the_folder() {
    let folders = Folders::of(&["tickets/{person}/"]).await;
    let bucket = &folders.bucket;
    let own = ["tickets/7/", "tickets/7/41.json", "tickets/7/41.pdf", "tickets/7/41/scan.png"];
    let others = ["tickets/70/41.json", "tickets/77/a/b", "tickets/8/41.json", "tickets/7.json"];
    for key in own.iter().chain(&others) {
        bucket.put(key, 3).await;
        bucket.put(key, 4).await;
    }
    // All that is left of one of them is versions under a delete marker.
    bucket.cover("tickets/7/41.pdf").await;
    assert_eq!(keys(&folders.located(0).await), own);
    assert_eq!(folders.confirmed(0).await, 4);
    assert_eq!(folders.erase(0).await, 4);
    assert_eq!(folders.confirmed(0).await, 0);
    assert_eq!(folders.keys().await, others.map(str::to_owned).into());
    assert_eq!(folders.erase(0).await, 0);
}

#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn what_no_template_reads_in_a_person_s_folder_is_residue() {
    let folders = Folders::of(&["tickets/{person}/{ticket}.json", "tickets/{person}/{ticket}.txt"]).await;
    let bucket = &folders.bucket;
    for key in ["tickets/7/41.json", "tickets/7/41.txt", "tickets/70/41.pdf", "tickets/8/41/scan.png"] {
        bucket.put(key, 3).await;
    }
    for collection in 0..2 {
        assert_eq!(folders.confirmed(collection).await, 1);
    }
    bucket.put("tickets/7/41.pdf", 3).await;
    bucket.put("tickets/7/41/scan.png", 3).await;
    bucket.cover("tickets/7/41/scan.png").await;
    let half = folders.upload("tickets/7/half.pdf").await;
    assert_eq!(keys(&folders.located(0).await), ["tickets/7/41.json"]);
    for collection in 0..2 {
        assert_eq!(folders.confirmed(collection).await, 4, "its own and three that are of none");
        folders.erase(collection).await;
        assert_eq!(folders.confirmed(collection).await, 3, "which erasing leaves");
    }
    // The owner takes them away.
    let ended = bucket.client.abort_multipart_upload().bucket(bucket.resource());
    ended.key("tickets/7/half.pdf").upload_id(half).send().await.expect("it ends");
    let all = folders.keys().await;
    let strays = all.iter().filter(|key| key.starts_with("tickets/7/"));
    for key in strays {
        let versions = bucket.client.list_object_versions().bucket(bucket.resource()).prefix(key);
        let versions = versions.send().await.expect("versions");
        let ids = versions.versions.unwrap_or_default().into_iter().map(|v| v.version_id);
        let markers = versions.delete_markers.unwrap_or_default().into_iter().map(|m| m.version_id);
        for id in ids.chain(markers) {
            let gone = bucket.client.delete_object().bucket(bucket.resource()).key(key);
            gone.set_version_id(id).send().await.expect("it goes");
        }
    }
    for collection in 0..2 {
        assert_eq!(folders.confirmed(collection).await, 0);
    }
    assert_eq!(folders.keys().await.len(), 2, "the others' are there");
}

/// A key that is only being written is found like an object, once; the upload is ended, and nobody
/// else's is.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn unfinished_uploads_are_found_and_ended() {
    for template in ["tickets/{person}/{ticket}.json", "tickets/{person}/"] {
        let folders = Folders::of(&[template]).await;
        folders.bucket.put("tickets/7/41.json", 3).await;
        for key in ["41", "42", "42", "43"] {
            folders.upload(&format!("tickets/7/{key}.json")).await;
        }
        folders.upload("tickets/70/41.json").await;
        let expected = ["tickets/7/41.json", "tickets/7/42.json", "tickets/7/43.json"];
        assert_eq!(keys(&folders.located(0).await), expected);
        assert_eq!(folders.confirmed(0).await, 3);
        for _ in 0..2 {
            folders.erase(0).await;
            assert_eq!(folders.uploads().await, ["tickets/70/41.json"]);
            assert_eq!(folders.located(0).await, []);
            assert_eq!(folders.confirmed(0).await, 0);
        }
    }
}

#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn an_upload_of_the_one_object_is_ended() {
    let folders = Folders::of(&["avatars/{person}.png"]).await;
    for key in ["avatars/7.png", "avatars/7.png.bak", "avatars/77.png"] {
        folders.upload(key).await;
    }
    assert_eq!(keys(&folders.located(0).await), ["avatars/7.png"]);
    assert_eq!(folders.confirmed(0).await, 1);
    assert_eq!(folders.erase(0).await, 1);
    assert_eq!(folders.uploads().await, ["avatars/7.png.bak", "avatars/77.png"]);
    assert_eq!(folders.confirmed(0).await, 0);
}

/// An object is there as long as locating would find its very key: by a version under a delete marker,
/// by a delete marker alone, or by an upload. Objects and uploads whose keys begin with it say nothing.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn an_object_is_there_until_nothing_of_it_is() {
    let mut folders = Folders::of(&["avatars/{person}.png"]).await;
    let mut records = Vec::new();
    let mut there = Vec::new();
    for name in ["covered", "marker", "plain", "upload"] {
        let bucket = &folders.bucket;
        let key = format!("avatars/{name}.png");
        match name {
            "upload" => drop(folders.upload(&key).await),
            "marker" => bucket.cover(&key).await,
            _ => bucket.put(&key, 3).await,
        }
        if name == "covered" {
            bucket.cover(&key).await;
        }
        bucket.put(&format!("{key}.bak"), 3).await;
        folders.upload(&format!("{key}.part")).await;
        folders.who = [Value::of(FieldKind::Text, name)];
        records.extend(folders.located(0).await);
        there.push(Since::Holds(Some(folders.who[0].clone())));
    }
    assert_eq!(records.len(), 4);
    assert_eq!(folders.since(&records).await, there);
    let connector = folders.bucket.connector();
    let erased = connector.erase(&folders.target(0), &records[1..], &Treatment::Delete).await;
    assert_eq!(erased.expect("they are erased").done, 3);
    there[1..].fill(Since::Gone);
    assert_eq!(folders.since(&records).await, there);
    assert_eq!((folders.keys().await.len(), folders.uploads().await.len()), (5, 4), "the others are there");
}
