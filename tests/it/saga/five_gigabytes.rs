//! A package of five gigabytes and twenty thousand objects in less than 64 MiB.
//!
//! What was collected is made larger than it is: the indices name thousands of pages, and a bucket serves them
//! all from a few. The real step reads them, opens them, packages them; what it sends is counted and dropped.
//! The kernel says how much more memory that took than the process had before; it is one of its own.
#![cfg(target_os = "linux")]

use std::borrow::Cow;
use std::collections::VecDeque;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::export::{Export, Format, SealedFor};
use domain::request::RequestType;
use domain::{Personal, RequestId, Status, TenantId};
use fulfillment::Sealing;
use fulfillment::steps::package_export;
use ports::{Fault, KeyScope, Packages, Staging, Upload};
use serde_json::{Value, json};
use testkit::clock::UnlimitedBudget;
use vault::{Context, DataKey};

use super::shop::PERSON;
use super::stage::{Stage, at_once};

const BLOCK: usize = 4 << 20;
/// Objects of one block each: photos, which do not shrink.
const OBJECTS: u64 = 1_020;
/// Small objects besides: each has its line in the manifest, and its name.
const SMALL: u64 = 20_000;
/// How many of them are on a page.
const ON_A_PAGE: u64 = 500;
const BYTES_OF_SMALL: usize = 200;
/// Pages of rows, of about 2 MiB each.
const PAGES: u64 = 512;
const MOST: u64 = 64 << 20;
/// For whom they are encrypted.
const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
/// What an upload holds: parts of this size, two that are on their way and one that is being filled.
const PART: usize = 8 << 20;
const ON_THEIR_WAY: usize = 2;

/// A bucket in which some pages and blocks are there under every number.
struct Many {
    inner: Arc<dyn Staging>,
    tenant: TenantId,
    key: DataKey,
    index: Mutex<Vec<(String, Value)>>,
    row: Value,
    block: Vec<u8>,
    page: Vec<u8>,
    served: AtomicU64,
}

impl Many {
    fn seal(&self, object: &str, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let context = Context { tenant: self.tenant.as_str(), purpose, object };
        vault::seal(&self.key, &context, [9; 32], plain).expect("sealed")
    }

    /// A page of objects: of one large one, or of many small ones. Each has a key of its own, for the files of an archive
    /// have names of their own.
    fn objects(&self, page: u64) -> Value {
        let (count, size) = if page < OBJECTS { (1, BLOCK) } else { (ON_A_PAGE, BYTES_OF_SMALL) };
        let rows = (0..count).map(|n| {
            let mut row = self.row.clone();
            row["row"]["content"]["key"] = json!(format!("avatars/{page}/{n}.png"));
            row["row"]["content"]["size"] = json!(size);
            row["content"] = json!({"blocks": 1, "masked": 0});
            row
        });
        json!({"rows": rows.collect::<Vec<_>>()})
    }

    /// The name of an object below a store's folder: `support/17-0`.
    fn name<'a>(key: &'a str, store: &str) -> Option<&'a str> {
        key.split_once(&format!("/{store}/")).map(|(_, name)| name).filter(|_| key.starts_with("collected/"))
    }
}

#[async_trait]
impl Staging for Many {
    async fn put(&self, key: &str, sealed: Vec<u8>) -> Result<(), Fault> {
        self.inner.put(key, sealed).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        if let Some((_, index)) = self.index.lock().expect("not poisoned").iter().find(|(own, _)| own == key)
        {
            return Ok(Some(self.seal(key, "collected-index", index.to_string().as_bytes())));
        }
        let (purpose, plain): (_, Cow<'_, [u8]>) = match (Self::name(key, "support"), Self::name(key, "shop"))
        {
            (Some(name), _) if name.contains('.') => {
                let (page, _) = name.split_once('.').expect("a page");
                let page: u64 = page.parse().expect("its number");
                ("content", Cow::from(if page < OBJECTS { &self.block } else { &[7; BYTES_OF_SMALL][..] }))
            }
            (Some(name), _) => {
                let (page, _) = name.split_once('-').expect("a page");
                let page = self.objects(page.parse().expect("its number"));
                ("collected", page.to_string().into_bytes().into())
            }
            (None, Some(name)) if name != "index" => ("collected", Cow::from(&self.page)),
            _ => return self.inner.get(key).await,
        };
        self.served.fetch_add(plain.len() as u64, Ordering::Relaxed);
        Ok(Some(self.seal(key, purpose, &plain)))
    }

    async fn delete_all(&self, prefix: &str) -> Result<(), Fault> {
        self.inner.delete_all(prefix).await
    }
}

/// A bucket that only counts, and holds meanwhile what an upload holds.
#[derive(Default)]
struct Counted {
    total: Arc<AtomicU64>,
    filled: Vec<u8>,
    on_their_way: VecDeque<Vec<u8>>,
}

#[async_trait]
impl Packages for Counted {
    async fn begin(&self, _: &TenantId, _: &RequestId, _: &str) -> Result<Box<dyn Upload>, Fault> {
        Ok(Box::new(Self { total: Arc::clone(&self.total), ..Self::default() }))
    }

    async fn destroy(&self, _: &TenantId, _: &RequestId) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl Upload for Counted {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.total.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            if self.filled.len() == PART {
                if self.on_their_way.len() == ON_THEIR_WAY {
                    self.on_their_way.pop_front();
                }
                self.on_their_way.push_back(std::mem::take(&mut self.filled));
            }
            let (now, later) = rest.split_at(rest.len().min(PART - self.filled.len()));
            self.filled.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        Ok(())
    }

    async fn abandon(self: Box<Self>) -> Result<(), Fault> {
        Ok(())
    }
}

/// Opens a JSON object of the staging bucket.
fn opened(many: &Many, key: &str, purpose: &str) -> Value {
    let sealed = at_once(many.inner.get(key)).expect("an answer").expect("it is there");
    let context = Context { tenant: many.tenant.as_str(), purpose, object: key };
    serde_json::from_slice(&vault::open(&many.key, &context, &sealed).expect("opened")).expect("JSON")
}

fn package(stage: &Stage, id: &RequestId) {
    let w = &stage.world;
    let scope = KeyScope::Plan(stage.tenant.clone(), id.clone());
    let key = at_once(w.keyring().open(&scope)).expect("an answer").expect("a key");
    let generation = stage.request(id).generation;
    let folder = |store: &str| format!("collected/{}/{id}/g{generation}/{store}", stage.tenant);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()
    };
    let block = (0..BLOCK / 8).flat_map(|_| noise()).collect();
    let mut many = Many {
        inner: w.staging(),
        tenant: stage.tenant.clone(),
        key,
        index: Mutex::default(),
        row: Value::Null,
        block,
        page: Vec::new(),
        served: AtomicU64::new(0),
    };
    let pages =
        |count: u64| (0..count).map(|number| json!({"number": number, "pieces": 1})).collect::<Value>();
    let mut support = opened(&many, &format!("{}/index", folder("support")), "collected-index");
    let avatar = support["collections"]["avatars"]["pages"][0]["number"].as_u64().expect("a page");
    many.row = opened(&many, &format!("{}/{avatar}-0", folder("support")), "collected")["rows"][0].clone();
    support["collections"] = json!({"avatars": support["collections"]["avatars"]});
    support["collections"]["avatars"]["pages"] = pages(OBJECTS + SMALL / ON_A_PAGE);
    let mut shop = opened(&many, &format!("{}/index", folder("shop")), "collected-index");
    let invoices = shop["collections"]["invoices"]["pages"][0]["number"].as_u64().expect("a page");
    let row = opened(&many, &format!("{}/{invoices}-0", folder("shop")), "collected")["rows"][0].clone();
    let row = row.to_string();
    let rows: Vec<&str> = std::iter::repeat_n(row.as_str(), (BLOCK / 2) / row.len()).collect();
    many.page = format!("{{\"rows\":[{}]}}", rows.join(",")).into_bytes();
    shop["collections"] = json!({"invoices": shop["collections"]["invoices"]});
    shop["collections"]["invoices"]["pages"] = pages(PAGES);
    let indices =
        [(format!("{}/index", folder("support")), support), (format!("{}/index", folder("shop")), shop)];
    *many.index.lock().expect("not poisoned") = indices.into();
    let many = Arc::new(many);
    let sent = Counted::default();
    let total = Arc::clone(&sent.total);
    let ports = package_export::Ports {
        requests: w.requests(),
        tenants: w.tenants(),
        keyring: w.keyring(),
        staging: many.clone(),
        catalogs: w.catalogs(),
        packages: Arc::new(sent),
        signer: w.signer(),
        clock: w.clock(),
        entropy: w.entropy(),
        limits: package_export::Limits::default(),
    };
    let run = contract::step::Run { tenant: stage.tenant.clone(), request_id: id.clone(), generation };
    forget_the_highest();
    let before = memory("VmRSS:");
    at_once(package_export::run(&ports, &run, &UnlimitedBudget)).expect("packaged");
    tell(&format!("took {}", memory("VmHWM:") - before));
    let read = many.served.load(Ordering::Relaxed);
    assert!(read >= 5_000_000_000, "{read}");
    let export = stage.request(id).export.expect("an export");
    let bytes: u64 = export.packages.iter().map(|package| package.bytes).sum();
    assert_eq!(bytes, total.load(Ordering::Relaxed));
    assert!(bytes > OBJECTS * BLOCK as u64, "the photos alone are {OBJECTS} blocks");
    assert!(export.packages.len() >= 3, "past a limit it is several");
}

/// The memory of this process, now or at its highest.
fn memory(which: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix(which)).expect("it does");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") << 10
}

/// The highest is counted anew, from what it is now: what it was while the world was made says nothing of packaging
/// (proc(5), `/proc/pid/clear_refs`).
fn forget_the_highest() {
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel counts anew");
}

/// Says something to the test that runs this one.
fn tell(what: &str) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{what}").expect("written");
}

/// What runs in a process of its own.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn packaging() {
    let stage = Stage::new(1);
    let export = Some(Export { format: Format::Json, sealed_for: SealedFor::Age, ..Export::default() });
    let sealing = Sealing::Age(Personal::new(AGE));
    let id = stage.submit_as(RequestType::Access, export, &[("email", PERSON)], Some(&sealing)).await;
    let theirs = id.clone();
    let mut done = false;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "PackageExportFunctionArn" && !done {
            done = true;
            package(stage, &theirs);
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
}

#[test]
fn five_gigabytes_in_twenty_thousand_objects_are_packaged_in_less_than_64_mib() {
    let test = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "saga::five_gigabytes::packaging", "--ignored", "--nocapture", "--test-threads=1"])
        // As the function has it: otherwise the allocator raises this, and keeps what is free.
        .env("MALLOC_MMAP_THRESHOLD_", "1048576")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&test.stdout);
    assert!(test.status.success(), "{said}{}", String::from_utf8_lossy(&test.stderr));
    let (_, took) = said.split_once("took ").expect("how much it took");
    let took: u64 = took.lines().next().unwrap_or_default().trim().parse().expect("a number");
    assert!(took < MOST, "{} MiB", took >> 20);
}
