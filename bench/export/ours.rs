//! The packager at work.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ::export::{About, Limits, Outcome, Packager, Recipient};
use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use domain::catalog::{Catalog, Store};
use domain::export::{Content, Format};
use domain::request::RequestType;
use serde_json::json;

use super::input::Page;
use super::parts;
use super::shapes::COLLECTIONS;
use crate::{Failure, machine};

/// Our name in the tables, for what the others do too.
pub const TOOL: &str = "export";
/// For more work: from the rows that collecting leaves.
pub const STAGED: &str = "export, from staged rows";

/// Bytes that are read at once, and that are sent at once.
const SENT: usize = 1 << 20;

/// Does one job, and prints what it measured.
pub fn work(job: &str, folder: &Path) -> Result<(), Failure> {
    match job {
        "content" => whole(folder, TOOL),
        "staged" => whole(folder, STAGED),
        "parts" => parts::measure(folder),
        other => Err(format!("no such job: {other}").into()),
    }
}

/// Prints a result.
pub fn say(tool: &str, what: &str, count: u64, seconds: f64, sealed: Option<u64>) {
    let version = ["age", "zip", "zlib-rs", "aws-lc-rs"].map(machine::locked).join(", ");
    let mut line =
        json!({ "tool": tool, "version": version, "what": what, "count": count, "seconds": seconds });
    if let Some(sealed) = sealed {
        (line["sealed"], line["peak"]) = (sealed.into(), machine::peak().into());
    }
    println!("{line}");
}

/// A package on its way to a file.
struct Sending {
    packager: Packager,
    file: File,
    part: Vec<u8>,
}

impl Sending {
    fn send(&mut self, least: usize) -> Result<(), Failure> {
        if self.packager.ready() >= least {
            self.packager.take_into(&mut self.part);
            self.file.write_all(&self.part)?;
            self.part.clear();
        }
        Ok(())
    }

    /// An object, as its bytes come.
    fn content(&mut self, path: &Path, buffer: &mut [u8]) -> Result<(), Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let content: Content = serde_json::from_value(
            json!({ "key": name, "is_latest": true, "size": path.metadata()?.len() }),
        )?;
        self.packager.content(&content)?;
        let mut from = File::open(path)?;
        loop {
            let read = from.read(buffer)?;
            if read == 0 {
                break;
            }
            self.packager.write(&buffer[..read])?;
            self.send(SENT)?;
        }
        Ok(self.packager.content_end(0)?)
    }

    /// Rows, page by page.
    fn records(&mut self, path: &Path) -> Result<(), Failure> {
        let (mut from, mut json) = (BufReader::with_capacity(SENT, File::open(path)?), Vec::new());
        while from.read_until(b'\n', &mut json)? > 0 {
            let page: Page = serde_json::from_slice(&json)?;
            for staged in &page.rows {
                self.packager.record(&staged.row, staged.masked)?;
                self.send(SENT)?;
            }
            json.clear();
        }
        Ok(())
    }

    fn end(mut self, key: &EcdsaKeyPair) -> Result<u64, Failure> {
        if self.packager.is_full() {
            return Err("it does not fit into one package".into());
        }
        self.send(0)?;
        let mut unsigned = self.packager.finish("bench")?;
        unsigned.take_into(&mut self.part);
        let digest = Digest::import_less_safe(unsigned.digest(), &SHA256)?;
        let signature = key.sign_digest(&digest)?;
        let finished = unsigned.sign(signature.as_ref().try_into()?)?;
        self.part.extend_from_slice(&finished.rest);
        self.file.write_all(&self.part)?;
        Ok(self.file.metadata()?.len())
    }
}

/// A package of everything in a folder, for an age recipient.
fn whole(folder: &Path, tool: &str) -> Result<(), Failure> {
    let beside = folder.parent().unwrap_or(folder);
    let recipient = Recipient::parse(&std::fs::read_to_string(beside.join("recipient"))?)?;
    let store = store()?;
    let (mut records, mut photos, mut bytes) = (BTreeMap::new(), Vec::new(), 0);
    for path in files(&folder.join("in"))? {
        bytes += path.metadata()?.len();
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            records.insert(path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path);
        } else {
            photos.push(path);
        }
    }
    // Elsewhere the signer is another service; making a key here seeds the generator, which is slow once.
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let begun = Instant::now();
    let packager = Packager::begin(about()?, Limits::default(), Some(&recipient))?;
    let file = File::create(folder.join("sealed"))?;
    let mut sending = Sending { packager, file, part: Vec::with_capacity(2 * SENT) };
    let mut buffer = vec![0; SENT];
    sending.packager.searched(&store, Outcome::default());
    for collection in &store.collections {
        sending.packager.open(&store, collection, &[])?;
        match records.get(&collection.name) {
            Some(_) if tool == STAGED => sending.records(&folder.join("staged").join(&collection.name))?,
            Some(path) => sending.content(path, &mut buffer)?,
            None => photos.iter().try_for_each(|path| sending.content(path, &mut buffer))?,
        }
        sending.packager.close()?;
    }
    let sealed = sending.end(&key)?;
    let seconds = begun.elapsed().as_secs_f64();
    let what = folder.file_name().unwrap_or_default().to_string_lossy();
    say(tool, &what, bytes, seconds, Some(sealed));
    Ok(())
}

/// The files of a folder, in order.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let found: Result<Vec<PathBuf>, _> =
        folder.read_dir()?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut found = found?;
    found.sort();
    Ok(found)
}

fn about() -> Result<About, Failure> {
    Ok(About {
        tenant: "Example shop".to_owned(),
        request: serde_json::from_value(json!("req_01j00000000000000000000000"))?,
        kind: RequestType::Access,
        format: Format::Json,
        catalog_version: "1".to_owned(),
        settings: BTreeMap::new(),
        received_at: "2026-03-01T09:00:00Z".parse()?,
        collected_at: "2026-03-02T10:00:00Z".parse()?,
        made_at: "2026-03-02T10:30:00Z".parse()?,
    })
}

fn store() -> Result<Store, Failure> {
    let collections = COLLECTIONS.into_iter().chain(["attachments"]).map(|name| {
        json!({
            "name": name, "resource": name, "key": ["customer_id"], "scan": true,
            "fields": {"customer_id": {"category": "user.unique_id", "class": "internal", "identity": "customer_id"}},
            "erasure": {"method": "delete"}
        })
    });
    let catalog = json!({"catalog": 1, "stores": [{
        "id": "shop", "kind": "sql", "owner": {"team": "Shop", "page": "#shop"},
        "collections": collections.collect::<Vec<_>>()
    }]});
    let catalog: Catalog = serde_json::from_value(catalog)?;
    Ok(catalog.stores.into_iter().next().ok_or("no store")?)
}
