//! What a person gets: everything, once, for a while, and before anything is erased if they asked for both;
//! with everything that can go wrong going wrong.

mod expiring;
mod giving_way;
mod histories;
mod letters;
mod making;
mod order;
mod reading;
pub mod splitting;
mod telling;
mod versions;
mod whole;
mod withdrawing;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex};

use contract::settings::{ExportSettings, Mail, Settings};
use domain::event::{Event, EventKind};
use domain::export::{Export, Format};
use domain::request::RequestType;
use domain::{Request, RequestId};
use serde_json::Value;
use testkit::memory::Row;
use testkit::walker::Next;

use super::shop::PERSON;
use super::stage::{Happening, Stage};

/// What the stores hold of the person: a customer, seven invoices of two lines, a contact with three notes and
/// three years of revenue, a ticket and an avatar.
const RECORDS: u64 = 1 + 7 + 14 + 1 + 3 + 3 + 2;

/// The files of all packages of a request together.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn asked(format: Format) -> Export {
    Export { format, ..Export::default() }
}

pub async fn access(stage: &Stage, email: &str) -> RequestId {
    stage.submit_as(RequestType::Access, Some(asked(Format::Json)), &[("email", email)], None).await
}

/// Who asks to be erased, and for their data first.
pub async fn both(stage: &Stage) -> RequestId {
    stage.submit_as(RequestType::Erasure, Some(asked(Format::Json)), &[("email", PERSON)], None).await
}

/// A tenant that writes letters.
pub async fn writing_letters() -> Stage {
    let stage = Stage::new(1);
    let settings = stage.world.tenants().settings(&stage.tenant).await.expect("read").expect("there");
    let mail = Mail {
        from: "privacy@example.com".into(),
        template: "export-ready".into(),
        page: "https://privacy.example.com/export".into(),
    };
    let exports = ExportSettings { mail: Some(mail), ..ExportSettings::default() };
    stage.world.put_settings(Settings { exports, ..(*settings).clone() });
    stage
}

/// The bytes of every package that the request names. They are what the request says that they are.
fn packages(stage: &Stage, request: &Request) -> Vec<Vec<u8>> {
    let packages = request.export.iter().flat_map(|export| &export.packages);
    let read = packages.map(|package| {
        let key = format!("{}/{}/{}", stage.tenant, request.id, package.name);
        let bytes = stage.world.package(&key).expect("it is there");
        assert_eq!(bytes.len() as u64, package.bytes, "{}", package.name);
        assert_eq!(vault::sha256_hex(&bytes), package.sha256, "{}", package.name);
        bytes
    });
    read.collect()
}

pub fn unpack(packages: &[Vec<u8>]) -> Files {
    let mut files = Files::new();
    for bytes in packages {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
        for n in 0..archive.len() {
            let mut file = archive.by_index(n).expect("a file");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("it unpacks");
            let name = file.name().expect("a name").into_owned();
            assert!(files.insert(name.clone(), bytes).is_none(), "{name} is there twice");
        }
    }
    files
}

fn files(stage: &Stage, id: &RequestId) -> Files {
    unpack(&packages(stage, &stage.request(id)))
}

fn manifest(files: &Files) -> Value {
    serde_json::from_slice(&files["manifest.json"]).expect("JSON")
}

/// A store, as the manifest speaks of it.
fn searched(files: &Files, store: &str) -> Value {
    let stores = manifest(files)["stores"].as_array().cloned().expect("stores");
    stores.into_iter().find(|said| said["store"] == store).unwrap_or_default()
}

/// The records of a collection, from however many files.
fn lines(files: &Files, collection: &str) -> Vec<Value> {
    let numbered = |name: &str| {
        let rest = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|rest| {
            rest == "jsonl" || rest.strip_suffix(".jsonl").is_some_and(|n| n.parse::<u32>().is_ok())
        })
    };
    let found = files.iter().filter(|(name, _)| numbered(name));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let texts: Vec<String> = found.map(|(_, bytes)| text(bytes)).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Stops an execution once the packages are there and everybody was told; any other pause goes on.
fn stop_when_ready(id: RequestId) -> Happening {
    Box::new(move |stage, pause| {
        let request = stage.request(&id);
        let told = request.export.as_ref().is_some_and(|export| export.announced_at.is_some());
        if told && pause.waiters.iter().any(|waiter| waiter.state == "WaitForDownload") {
            return Next::Stop;
        }
        *stage.happening.lock().expect("not poisoned") = Some(stop_when_ready(id.clone()));
        Next::GoOn
    })
}

/// Plays until the package can be fetched; the execution is then stopped, and the request still open.
pub async fn until_ready(stage: &Stage, id: &RequestId) -> Files {
    *stage.happening.lock().expect("not poisoned") = Some(stop_when_ready(id.clone()));
    stage.play().await;
    *stage.happening.lock().expect("not poisoned") = None;
    let request = stage.request(id);
    assert!(request.has_packages(), "{} {:?}", request.status, request.parked);
    files(stage, id)
}

/// What the person could fetch, each time that the state machine waited for it.
pub type Fetched = Arc<Mutex<Vec<(RequestId, Vec<Vec<u8>>)>>>;

fn look(seen: Fetched) -> Happening {
    Box::new(move |stage, pause| {
        if pause.waiters.iter().any(|waiter| waiter.state == "WaitForDownload") {
            for request in stage.world.all_requests().iter().filter(|request| request.has_packages()) {
                let read = packages(stage, request);
                seen.lock().expect("not poisoned").push((request.id.clone(), read));
            }
        }
        *stage.happening.lock().expect("not poisoned") = Some(look(seen.clone()));
        Next::GoOn
    })
}

/// Copies what can be fetched whenever it can.
pub fn fetch_all(stage: &Stage) -> Fetched {
    let seen = Fetched::default();
    *stage.happening.lock().expect("not poisoned") = Some(look(seen.clone()));
    seen
}

/// What was last there of a request.
pub fn last(fetched: &Fetched, id: &RequestId) -> Vec<Vec<u8>> {
    let fetched = fetched.lock().expect("not poisoned");
    fetched.iter().rev().find(|(of, _)| of == id).expect("it could be fetched").1.clone()
}

/// Something that happens before each call of a function whose name begins so.
pub fn before(stage: &Stage, function: &'static str, mut happens: impl FnMut(&Stage) + Send + 'static) {
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, called| {
        if called.strip_suffix("FunctionArn") == Some(function) {
            happens(stage);
        }
    }));
}

fn events(stage: &Stage, id: &RequestId, kind: EventKind) -> Vec<Event> {
    let events = stage.world.events_of(&stage.tenant, id).into_iter();
    events.filter(|event| event.kind == kind).collect()
}

/// A store's rows that are the person's, as the package must show them.
pub fn held(stage: &Stage) -> BTreeMap<&'static str, Vec<BTreeMap<String, String>>> {
    let database = |store: &str| stage.world.database(&stage.tenant, &store.parse().expect("a store"));
    let (shop, crm) = (database("shop"), database("crm"));
    let is = |row: &Row, field: &str, value: &str| row.get(field).is_some_and(|v| v.expose() == value);
    let invoices: Vec<String> = (100..200).map(|n| n.to_string()).collect();
    let mine = |rows: Vec<Row>, which: &dyn Fn(&Row) -> bool| {
        let mut rows: Vec<BTreeMap<String, String>> = rows
            .iter()
            .filter(|row| which(row))
            .map(|row| row.iter().map(|(k, v)| (k.clone(), v.expose().to_owned())).collect())
            .collect();
        rows.sort();
        rows
    };
    let mut held = BTreeMap::from([
        ("shop/customers", mine(shop.rows("shop-customers"), &|r| is(r, "CustomerId", "1"))),
        ("shop/invoices", mine(shop.rows("shop-invoices"), &|r| is(r, "CustomerId", "1"))),
        (
            "shop/invoice-lines",
            mine(shop.rows("shop-invoice-lines"), &|r| invoices.iter().any(|n| is(r, "InvoiceId", n))),
        ),
        ("crm/contacts", mine(crm.rows("contacts"), &|r| is(r, "customer_id", "1"))),
        ("crm/interactions", mine(crm.rows("interactions"), &|r| is(r, "contact_id", "C0001"))),
        ("crm/revenue_by_customer", mine(crm.rows("revenue_by_customer"), &|r| is(r, "customer_id", "1"))),
    ]);
    for customer in held.get_mut("shop/customers").into_iter().flatten() {
        customer.insert("SupportRepId".into(), "[another person's]".into());
    }
    held
}

/// The same, as the package shows them.
fn shown(files: &Files) -> BTreeMap<&'static str, Vec<BTreeMap<String, String>>> {
    let collections = [
        "shop/customers",
        "shop/invoices",
        "shop/invoice-lines",
        "crm/contacts",
        "crm/interactions",
        "crm/revenue_by_customer",
    ];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |line: &Value| -> BTreeMap<String, String> {
        line.as_object().expect("an object").iter().map(|(k, v)| (k.clone(), text(v))).collect()
    };
    collections
        .into_iter()
        .map(|collection| {
            let mut rows: Vec<_> = lines(files, collection).iter().map(row).collect();
            rows.sort();
            (collection, rows)
        })
        .collect()
}

/// The packages hold what the stores hold of the person, record for record, and nothing else of anybody.
pub fn assert_whole(files: &Files, held: &BTreeMap<&'static str, Vec<BTreeMap<String, String>>>) {
    assert_eq!(&shown(files), held);
    for (collection, content) in
        [("support/tickets", super::shop::ticket(PERSON)), ("support/avatars", "png".into())]
    {
        let records = lines(files, collection);
        assert_eq!(records.len(), 1, "{collection}");
        let path =
            records[0].get("_file").and_then(Value::as_str).unwrap_or_else(|| panic!("{:?}", records[0]));
        assert_eq!(files[path], content.as_bytes(), "{path}");
    }
    let manifest = manifest(files);
    assert_eq!(manifest["totals"]["records"], RECORDS);
    let named = manifest["files"].as_array().expect("files").len();
    assert_eq!(named + 2, files.len(), "every file is in the only manifest: {:?}", files.keys());
    assert!(files.contains_key("manifest.jws") && files.contains_key("index.html"));
}
