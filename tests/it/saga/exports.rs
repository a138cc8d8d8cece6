//! A person gets everything, once, for a while; and before anything is erased, if they asked for both.

use std::collections::BTreeMap;
use std::io::Read;

use domain::export::{Export, Format};
use domain::request::RequestType;
use domain::{RequestId, Status};
use jiff::SignedDuration;
use testkit::walker::Next;

use super::shop::{EMPLOYEE, NEIGHBOUR, PERSON};
use super::stage::Stage;

/// What the stores hold of the person: a customer, seven invoices of two lines, a contact with three notes and
/// three years of revenue, a ticket and an avatar.
const RECORDS: u64 = 1 + 7 + 14 + 1 + 3 + 3 + 2;

fn asked(format: Format) -> Option<Export> {
    Some(Export { format, ..Export::default() })
}

async fn access(stage: &Stage, email: &str) -> RequestId {
    stage.submit_as(RequestType::Access, asked(Format::Json), &[("email", email)], None).await
}

/// The files of a request's only package.
fn files(stage: &Stage, id: &RequestId) -> BTreeMap<String, Vec<u8>> {
    let request = stage.request(id);
    let packages = request.export.expect("an export").packages;
    assert_eq!(packages.len(), 1);
    let key = format!("{}/{id}/{}", stage.tenant, packages[0].name);
    let bytes = stage.world.package(&key).expect("it is there");
    assert_eq!(bytes.len() as u64, packages[0].bytes);
    assert_eq!(vault::sha256_hex(&bytes), packages[0].sha256);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a file");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("it unpacks");
        files.insert(file.name().expect("a name").into_owned(), bytes);
    }
    files
}

fn lines(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(files.get(name).map_or(&[][..], Vec::as_slice)).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Plays until the package can be fetched; the request is then still open, and its lock held.
async fn until_ready(stage: &Stage, id: &RequestId) {
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, pause| {
        assert_eq!(pause.waiters[0].state, "WaitForDownload");
        Next::Stop
    }));
    stage.play().await;
    assert_eq!(stage.request(id).status, Status::Ready, "{:?}", stage.request(id).parked);
}

#[tokio::test]
async fn a_person_gets_every_record_of_theirs_and_nobody_elses() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    until_ready(&stage, &id).await;
    let files = files(&stage, &id);
    let customers = lines(&files, "shop/customers.jsonl");
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0]["Email"], PERSON);
    assert_eq!(customers[0]["SupportRepId"], "[another person's]");
    assert_eq!(lines(&files, "shop/invoices.jsonl").len(), 7);
    assert_eq!(lines(&files, "crm/interactions.jsonl").len(), 3);
    assert_eq!(lines(&files, "crm/revenue_by_customer.jsonl").len(), 3);
    assert_eq!(
        files.get("support/avatars/avatars/1.png").or(files.get("support/avatars/1.png")).map(Vec::as_slice),
        Some(&b"png"[..]),
        "{:?}",
        files.keys()
    );
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(NEIGHBOUR) && !text.contains(EMPLOYEE), "{name}");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).expect("JSON");
    assert_eq!(manifest["tenant"], "Demo");
    assert!(files.contains_key("manifest.jws") && files.contains_key("index.html"), "{:?}", files.keys());
}

/// What a person asked for after they asked to be erased is still made, of everything.
#[tokio::test]
async fn an_erasure_that_has_not_begun_lets_an_export_go_first() {
    let stage = Stage::new(1);
    let erasure = stage.submit(PERSON).await;
    let asked = std::sync::Arc::new(std::sync::Mutex::new(None));
    let theirs = asked.clone();
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, pause| {
        assert_eq!(pause.waiters[0].state, "WaitCoolingOff");
        *theirs.lock().expect("not poisoned") = Some(super::stage::at_once(access(stage, PERSON)));
        // The access is started beside it.
        super::stage::at_once(stage.play());
        Next::GoOn
    }));
    let ended = stage.play_to_the_end(&erasure).await;
    assert_eq!(ended.status, Status::Fulfilled);
    let access = asked.lock().expect("not poisoned").clone().expect("asked");
    let export = stage.play_to_the_end(&access).await.export.expect("an export");
    assert_eq!(export.records, RECORDS);
    let destroyed = export.destroyed_at.expect("destroyed");
    let erasing = stage.world.events_of(&stage.tenant, &erasure);
    let begun = erasing.iter().find(|e| e.kind.as_str() == "store.erasing").expect("begun").at;
    assert!(begun > destroyed, "{begun} {destroyed}");
}

/// G2: who asked for both gets the export, and the time to fetch it, before anything is erased.
#[tokio::test]
async fn an_erasure_with_an_export_begins_when_the_time_to_fetch_it_is_over() {
    let stage = Stage::new(1);
    let id = stage
        .submit_as(RequestType::Erasure, asked(Format::Csv), &[("email", PERSON)], None)
        .await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    let export = request.export.expect("an export");
    assert_eq!(export.records, RECORDS);
    let events = stage.world.events_of(&stage.tenant, &id);
    let at = |kind: &str| events.iter().find(|e| e.kind.as_str() == kind).unwrap_or_else(|| panic!("{kind}")).at;
    let (ready, destroyed) = (at("export.packaged"), at("export.destroyed"));
    assert!(destroyed.duration_since(ready) >= SignedDuration::from_hours(72));
    for changes in ["store.suppressed", "store.erasing"] {
        assert!(at(changes) >= destroyed, "{changes}");
    }
    assert!(stage.world.stored_packages("").is_empty());
}

#[tokio::test]
async fn the_package_and_its_key_are_destroyed_in_time_and_the_request_ends() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    let export = request.export.expect("an export");
    let open_for = export.destroyed_at.expect("destroyed").duration_since(export.ready_at.expect("ready"));
    assert!(open_for >= SignedDuration::from_hours(72), "{open_for}");
    assert!(stage.world.stored_packages("").is_empty());
    let events: Vec<&str> =
        stage.world.events_of(&stage.tenant, &id).iter().map(|event| event.kind.as_str()).collect();
    for kind in ["store.collected", "export.packaged", "export.announced", "export.destroyed"] {
        assert!(events.contains(&kind), "{kind}: {events:?}");
    }
}
