//! A small shop, and readers of what is made of it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use domain::catalog::{Catalog, Collection, Store};
use domain::export::{Content, Datum, Format, Row};
use domain::request::RequestType;
use export::{About, Finished, Limits, Manifest, Packager, Recipient};

/// The stores of a catalog with a shop, its support and a copy of the shop.
pub fn stores() -> Vec<Store> {
    let fields = serde_json::json!({
        "customer_id": {"category": "user.unique_id", "class": "internal", "identity": "customer_id"},
        "email": {"category": "user.contact.email", "class": "confidential", "identity": "email"},
        "agent": {"category": "employee.name", "class": "confidential", "whose": "other"}
    });
    let orders = |name: &str| {
        serde_json::json!({
            "name": name, "resource": name, "key": ["order_id"], "fields": fields, "scan": true,
            "purpose": "To deliver what you ordered, and to prove it to the tax office.",
            "erasure": {"method": "retain", "reason": "Invoices are kept", "law": "AO §147", "keep_for": "P10Y"}
        })
    };
    let catalog = serde_json::json!({"catalog": 1, "stores": [
        {"id": "shop", "kind": "sql", "owner": {"team": "Checkout", "page": "#checkout"},
         "collections": [orders("orders"), orders("carts")]},
        {"id": "support", "kind": "s3", "owner": {"team": "Customer care", "page": "#care"}, "collections": [
            {"name": "tickets", "resource": "bucket", "object": "{customer_id}/", "fields": fields,
             "erasure": {"method": "delete"}}]},
        {"id": "warehouse", "kind": "sql", "owner": {"team": "Data", "page": "#data"}, "copy_of": "shop",
         "collections": [orders("orders")]}
    ]});
    let catalog: Catalog = serde_json::from_value(catalog).expect("a catalog");
    catalog.stores
}

pub fn collection(store: &Store, name: &str) -> Collection {
    store.collection(name).expect("a collection").clone()
}

pub fn about(format: Format) -> About {
    About {
        tenant: "Kaufladen <GmbH>".to_owned(),
        request: serde_json::from_value(serde_json::json!("req_01j00000000000000000000000")).expect("an id"),
        kind: RequestType::Access,
        format,
        catalog_version: "7".to_owned(),
        settings: BTreeMap::from([("versions".to_owned(), "all".to_owned())]),
        received_at: "2026-03-01T09:00:00Z".parse().expect("an instant"),
        collected_at: "2026-03-02T10:00:00Z".parse().expect("an instant"),
        made_at: "2026-03-02T10:30:00Z".parse().expect("an instant"),
    }
}

pub fn fields(all: &[(&str, Datum)]) -> Row {
    let fields = all.iter().map(|(name, datum)| ((*name).to_owned(), datum.clone())).collect();
    Row { fields, version: None, content: None }
}

pub fn content(key: &str, version: Option<&str>, is_latest: bool, size: u64) -> Content {
    let is_image = key.contains(".png");
    let kind = if is_image { "image/png" } else { "application/json" };
    serde_json::from_value(serde_json::json!({
        "key": key, "version_id": version, "is_latest": is_latest, "media_type": kind, "size": size
    }))
    .expect("a content")
}

pub fn columns(row: &Row) -> Vec<String> {
    row.fields.keys().cloned().collect()
}

/// A package with one collection of these rows, and the file with them.
pub fn one_file(format: Format, rows: &[Row], columns: &[String]) -> Vec<u8> {
    let stores = stores();
    let mut packager = Packager::begin(about(format), Limits::default(), None).expect("it begins");
    packager.open(&stores[0], &collection(&stores[0], "orders"), columns).expect("it opens");
    for row in rows {
        packager.record(row, 0).expect("it is written");
    }
    packager.close().expect("it closes");
    let (bytes, _) = finish(packager);
    let ending = if format == Format::Json { "jsonl" } else { format.as_str() };
    unzip(&bytes).remove(&format!("shop/orders.{ending}")).expect("the file")
}

/// One key for all tests: signatures differ, nothing else may.
pub fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

/// Ends a package, with its bytes and the signer's public key.
pub fn finish_with(packager: Packager, key: &EcdsaKeyPair) -> (Vec<u8>, Finished) {
    let mut unsigned = packager.finish("key-1").expect("it finishes");
    let mut bytes = Vec::new();
    unsigned.take_into(&mut bytes);
    let digest = aws_lc_rs::digest::Digest::import_less_safe(unsigned.digest(), &aws_lc_rs::digest::SHA256);
    let signature = key.sign_digest(&digest.expect("a digest")).expect("it signs");
    let signature: [u8; 64] = signature.as_ref().try_into().expect("64 bytes");
    let finished = unsigned.sign(&signature).expect("it is signed");
    bytes.extend_from_slice(&finished.rest);
    (bytes, finished)
}

pub fn finish(packager: Packager) -> (Vec<u8>, Finished) {
    finish_with(packager, &key())
}

/// Every file of an archive, by the reader of the zip crate.
pub fn unzip(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a file");
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("its checksum fits");
        files.insert(file.name().expect("a name").into_owned(), content);
    }
    files
}

pub fn manifest(files: &BTreeMap<String, Vec<u8>>) -> Manifest {
    serde_json::from_slice(&files["manifest.json"]).expect("a manifest")
}

/// The whole shop, as a person with some data gets it.
pub fn sample(format: Format, recipient: Option<&Recipient>) -> Packager {
    let mut packager = Packager::begin(about(format), Limits::default(), recipient).expect("it begins");
    fill(&mut packager);
    packager
}

pub fn fill(packager: &mut Packager) {
    let stores = stores();
    for store in &stores {
        packager.searched(store, export::Outcome::default());
    }
    let order = fields(&[
        ("order_id", Datum::text("O-1")),
        ("total", Datum::number("-5.00")),
        ("note", Datum::text("=1+1 <script>alert(1)</script>")),
        ("agent", Datum::Masked),
    ]);
    packager.open(&stores[0], &collection(&stores[0], "orders"), &columns(&order)).expect("it opens");
    packager.record(&order, 1).expect("it is written");
    packager.close().expect("it closes");
    packager.open(&stores[0], &collection(&stores[0], "carts"), &[]).expect("it opens");
    packager.close().expect("it closes");

    let tickets = collection(&stores[1], "tickets");
    let ticket = fields(&[("customer_id", Datum::text("C001"))]);
    packager.open(&stores[1], &tickets, &columns(&ticket)).expect("it opens");
    let versions = [
        content("C001/../T0001.json", Some("b"), true, 8),
        content("C001/../T0001.json", Some("a"), false, 8),
        content("C001/phöto.png", None, true, 8),
    ];
    for version in &versions {
        packager.content(version).expect("it begins");
        packager.write(b"{\"n\":").expect("it is written");
        packager.write(b" 1}").expect("it is written");
        packager.content_end(0).expect("it ends");
    }
    for version in versions.into_iter().chain([content("C001/gone.json", None, true, 8)]) {
        let row = Row { content: Some(version), version: Some("v".to_owned()), ..ticket.clone() };
        packager.record(&row, 0).expect("it is written");
    }
    packager.close().expect("it closes");
}
