//! One package and several: what is in them, that they are the same each time, and that they are signed.

use std::process::Command;

use aws_lc_rs::digest;
use aws_lc_rs::signature::KeyPair;
use domain::export::{Datum, Format};
use export::manifest::Role;
use export::{About, Carried, Limits, Lines, Outcome, Packager, jws};

use crate::support::{
    about, collection, content, fields, fill, finish, finish_with, key, manifest, sample, stores, unzip,
};

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

#[test]
fn everything_is_in_the_manifest_and_the_manifest_is_signed() {
    let key = key();
    let (bytes, finished) = finish_with(sample(Format::Json, None), &key);
    let files = unzip(&bytes);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "index.html",
            "manifest.json",
            "manifest.jws",
            "shop/orders.jsonl",
            "support/tickets.jsonl",
            "support/tickets/C001/__/T0001.json",
            "support/tickets/C001/__/T0001.json.version-2",
            "support/tickets/C001/phöto.png",
        ]
    );
    let manifest = manifest(&files);
    assert_eq!(manifest.files.len(), files.len() - 2);
    for file in &manifest.files {
        let content = &files[&file.path];
        assert_eq!((file.bytes, &file.sha256), (content.len() as u64, &sha256(content)), "{}", file.path);
    }
    assert_eq!((manifest.totals.records, manifest.totals.contents, manifest.totals.masked), (5, 3, 1));
    assert_eq!(manifest.totals, finished.totals);
    assert_eq!(manifest.stores[2].copy_of.as_deref(), Some("shop"));
    assert_eq!(manifest.collections.len(), 3, "also the one where nothing was found");
    let orders = manifest.files.iter().find(|f| f.path == "shop/orders.jsonl").expect("the orders");
    assert_eq!((orders.role, orders.records, orders.owner.as_deref()), (Role::Records, 1, Some("Checkout")));
    assert_eq!(orders.categories, ["employee.name", "user.contact.email", "user.unique_id"]);

    let tickets = String::from_utf8(files["support/tickets.jsonl"].clone()).expect("text");
    assert!(tickets.contains("\"_file\":\"support/tickets/C001/__/T0001.json.version-2\""));
    assert_eq!(tickets.matches("_file").count(), 3, "the one that was gone names no file");

    let public = key.public_key().as_ref();
    let signature = std::str::from_utf8(&files["manifest.jws"]).expect("text");
    assert_eq!(signature, finished.jws);
    assert!(jws::is_signed_by(public, signature, &files["manifest.json"]));
    let mut changed = files["manifest.json"].clone();
    changed[20] ^= 1;
    assert!(!jws::is_signed_by(public, signature, &changed));
    assert!(!jws::is_signed_by(self::key().public_key().as_ref(), signature, &files["manifest.json"]));
}

#[test]
fn the_manifest_is_what_its_schema_says() {
    let schema = serde_json::to_value(export::manifest::schema()).expect("a schema");
    let written =
        serde_json::from_str::<serde_json::Value>(include_str!("../../../../docs/manifest.schema.json"));
    assert_eq!(written.expect("JSON"), schema, "docs/manifest.schema.json is what schema() gives");
    let (bytes, _) = finish(sample(Format::Json, None));
    let files = unzip(&bytes);
    let value: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).expect("JSON");
    for name in schema["required"].as_array().expect("names") {
        assert!(!value[name.as_str().expect("a name")].is_null(), "{name}");
    }
    for name in value.as_object().expect("an object").keys() {
        assert!(!schema["properties"][name].is_null(), "{name} is not in the schema");
    }
    assert_eq!(
        serde_json::to_value(manifest(&files)).expect("it serialises"),
        value,
        "nothing is lost in reading"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in Format::ALL {
        let made = || {
            let mut unsigned = sample(format, None).finish("key-1").expect("it finishes");
            let mut bytes = Vec::new();
            unsigned.take_into(&mut bytes);
            bytes.extend(unsigned.sign(&[7; 64]).expect("it is signed").rest);
            bytes
        };
        assert!(made() == made(), "{format:?}");
    }
}

#[test]
fn how_the_bytes_come_makes_no_difference() {
    let stores = stores();
    let tickets = collection(&stores[1], "tickets");
    let text: Vec<u8> =
        (0..400_000_u32).flat_map(|n| (n.wrapping_mul(n) / 7).to_string().into_bytes()).collect();
    let made = |size: usize| {
        let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
        packager.open(&stores[1], &tickets, &[]).expect("it opens");
        packager.content(&content("a.txt", None, true, text.len() as u64)).expect("it begins");
        let mut bytes = Vec::new();
        for chunk in text.chunks(size) {
            packager.write(chunk).expect("it is written");
            packager.take_into(&mut bytes);
        }
        packager.content_end(0).expect("it ends");
        bytes.extend(packager.cut().expect("it is cut").0);
        bytes
    };
    let once = made(text.len());
    assert!(made(999) == once && made(70_001) == once && made(1 << 20) == once);
}

/// Python's reader, which has to be there, and that of Info-ZIP, if it is.
fn others_read(name: &str, package: &[u8], entry: &str) {
    let folder = std::env::temp_dir().join(format!("export-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("package.zip");
    std::fs::write(&path, package).expect("it is written");
    let python = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[2]); sys.exit(z.testzip() is not None or sys.argv[1] not in z.namelist())";
    let read = |program: &str, args: &[&str]| Command::new(program).args(args).arg(&path).output();
    let python = read("python3", &["-c", python, entry]).expect("python3 is there");
    assert!(python.status.success(), "python3: {}", String::from_utf8_lossy(&python.stderr));
    if let Ok(unzip) = read("unzip", &["-tq"]) {
        assert!(unzip.status.success(), "unzip: {}", String::from_utf8_lossy(&unzip.stderr));
    }
    std::fs::remove_dir_all(&folder).expect("it goes");
}

#[test]
fn other_readers_read_it() {
    let (bytes, _) = finish(sample(Format::Csv, None));
    others_read("sample", &bytes, "support/tickets/C001/ph\u{f6}to.png");
}

/// An object that was said to be large has 64-bit lengths, however long it is in the end.
#[test]
fn other_readers_read_64_bit_lengths() {
    for key in ["film.mp4", "log.txt"] {
        let stores = stores();
        let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
        packager.open(&stores[1], &collection(&stores[1], "tickets"), &[]).expect("it opens");
        packager.content(&content(key, None, true, 5 << 30)).expect("it begins");
        packager.write(b"some bytes of it").expect("it is written");
        packager.content_end(0).expect("it ends");
        packager.close().expect("it closes");
        let (bytes, _) = finish(packager);
        others_read(key, &bytes, &format!("support/tickets/{key}"));
    }
}

#[test]
fn who_has_nothing_gets_a_package_that_says_so() {
    for (outcome, said) in [
        (Outcome::default(), "<h2>Nothing was found</h2>"),
        (Outcome { gone: 1, ..Outcome::default() }, "<h2>There is nothing to show</h2>"),
    ] {
        let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
        for store in &stores() {
            packager.searched(store, outcome);
            for collection in &store.collections {
                packager.open(store, collection, &[]).expect("it opens");
                packager.close().expect("it closes");
            }
        }
        let (bytes, _) = finish(packager);
        let files = unzip(&bytes);
        assert_eq!(files.len(), 3, "no empty files");
        let manifest = manifest(&files);
        assert_eq!((manifest.totals.records, manifest.stores[0].outcome), (0, outcome));
        assert!(String::from_utf8_lossy(&files["index.html"]).contains(said));
    }
}

#[test]
fn a_package_that_is_full_goes_on_in_the_next_one() {
    for format in Format::ALL {
        let stores = stores();
        let orders = collection(&stores[0], "orders");
        let limits = Limits { part_bytes: 60_000, ..Limits::default() };
        let mut packager = Packager::begin(about(format), limits, None).expect("it begins");
        let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
        let noise = |n: u32| sha256(&n.to_le_bytes());
        packager.open(&stores[0], &orders, &["id".to_owned(), "noise".to_owned()]).expect("it opens");
        for n in 0..15_000_u32 {
            let row = fields(&[("id", Datum::number(n.to_string())), ("noise", Datum::text(noise(n)))]);
            packager.record(&row, 0).expect("it is written");
            packager.take_into(parts.last_mut().expect("a part"));
            if packager.is_full() {
                let (rest, carried) = packager.cut().expect("it is cut");
                parts.last_mut().expect("a part").extend(rest);
                // Another process goes on.
                let sealed = serde_json::to_vec(&carried).expect("it serialises");
                let carried: Carried = serde_json::from_slice(&sealed).expect("it reads");
                assert_eq!(carried.number() as usize, parts.len() + 1);
                packager = Packager::go_on(carried, None).expect("it goes on");
                parts.push(Vec::new());
            }
        }
        packager.close().expect("it closes");
        let (rest, finished) = finish(packager);
        parts.last_mut().expect("a part").extend(rest);
        assert!(parts.len() > 2 && finished.packages as usize == parts.len());
        let archives: Vec<_> = parts.iter().map(|part| unzip(part)).collect();
        let all = manifest(archives.last().expect("the last"));
        assert_eq!((all.packages as usize, all.totals.records), (parts.len(), 15_000));
        for file in &all.files {
            let content = &archives[file.package as usize - 1][&file.path];
            assert_eq!(file.sha256, sha256(content), "{}", file.path);
        }
        let ending = if format == Format::Json { "jsonl" } else { format.as_str() };
        for (n, (archive, part)) in archives.iter().zip(&parts).enumerate() {
            let name = if n == 0 {
                format!("shop/orders.{ending}")
            } else {
                format!("shop/orders.{}.{ending}", n + 1)
            };
            assert!(archive.contains_key(&name), "{name}");
            let is_last = n + 1 == parts.len();
            assert_eq!(archive.contains_key("manifest.json"), is_last);
            assert_eq!(archive.contains_key(&format!("README-{}.txt", n + 1)), !is_last);
            assert!(part.len() < 130_000, "a part is not much larger than its limit");
        }
        assert!(
            String::from_utf8_lossy(&archives.last().expect("the last")["index.html"]).contains("package 2")
        );
    }
}

#[test]
fn objects_and_their_records_may_be_in_two_packages() {
    let stores = stores();
    let tickets = collection(&stores[1], "tickets");
    let limits = Limits { part_files: 1, ..Limits::default() };
    let mut packager = Packager::begin(about(Format::Json), limits, None).expect("it begins");
    packager.open(&stores[1], &tickets, &[]).expect("it opens");
    let both = [content("a.json", None, true, 2), content("A.json", None, true, 2)];
    for (n, one) in both.iter().enumerate() {
        packager.content(one).expect("it begins");
        packager.write(b"{}").expect("it is written");
        packager.content_end(0).expect("it ends");
        assert!(packager.is_full());
        assert_eq!(packager.number() as usize, n + 1);
        let (_, carried) = packager.cut().expect("it is cut");
        packager = Packager::go_on(carried, None).expect("it goes on");
    }
    for one in both {
        let row = domain::export::Row { content: Some(one), ..fields(&[]) };
        packager.record(&row, 0).expect("it is written");
    }
    packager.close().expect("it closes");
    let (bytes, _) = finish(packager);
    let files = unzip(&bytes);
    let records = String::from_utf8_lossy(&files["support/tickets.jsonl"]).into_owned();
    assert_eq!(records, "{\"_file\":\"support/tickets/a.json\"}\n{\"_file\":\"support/tickets/A.json~2\"}\n");
}

#[test]
fn what_packs_well_fills_a_package_too() {
    let stores = stores();
    let tickets = collection(&stores[1], "tickets");
    let limits = Limits { part_input: 3 << 20, ..Limits::default() };
    let mut packager = Packager::begin(about(Format::Json), limits, None).expect("it begins");
    packager.open(&stores[1], &tickets, &[]).expect("it opens");
    for (n, is_full) in [false, false, true].into_iter().enumerate() {
        packager.content(&content(&format!("{n}.txt"), None, true, 1 << 20)).expect("it begins");
        packager.write(&vec![0; 1 << 20]).expect("it is written");
        packager.content_end(0).expect("it ends");
        assert_eq!(packager.is_full(), is_full, "{n}");
    }
    let (rest, carried) = packager.cut().expect("it is cut");
    assert!(rest.len() < 1 << 20);
    assert!(!Packager::go_on(carried, None).expect("it goes on").is_full(), "the next one is empty");
}

/// What is kept of the files of each package by itself makes no difference at the end, and is not carried.
#[test]
fn lines_that_were_taken_are_given_back() {
    let stores = stores();
    let tickets = collection(&stores[1], "tickets");
    let made = |taken: bool| {
        let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
        packager.open(&stores[1], &tickets, &[]).expect("it opens");
        let mut kept = Vec::new();
        for n in 0..3 {
            packager.content(&content(&format!("marked-{n}.txt"), None, true, 2)).expect("it begins");
            packager.write(b"{}").expect("it is written");
            packager.content_end(0).expect("it ends");
            let (_, mut carried) = packager.cut().expect("it is cut");
            if taken {
                let lines = carried.take_lines();
                assert_eq!(format!("{lines:?}"), "Lines(2)", "the object and the note");
                kept.push(serde_json::to_vec(&lines).expect("it serialises"));
                assert!(!serde_json::to_string(&carried).expect("it serialises").contains("marked"));
            }
            packager = Packager::go_on(carried, None).expect("it goes on");
        }
        packager.close().expect("it closes");
        let mut listing = packager.list("key-1").expect("it lists");
        for lines in &kept {
            let lines: Lines = serde_json::from_slice(lines).expect("it reads");
            listing.add(&lines).expect("it is listed");
        }
        let mut bytes = Vec::new();
        let mut unsigned = listing.end().expect("all of it is listed");
        unsigned.take_into(&mut bytes);
        let finished = unsigned.sign(&[7; 64]).expect("it is signed");
        assert_eq!(finished.totals.contents, 3);
        bytes.extend(finished.rest);
        bytes
    };
    assert!(made(true) == made(false));
}

#[test]
fn calls_in_a_wrong_order_are_refused() {
    let stores = stores();
    let tickets = collection(&stores[1], "tickets");
    let packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    let (_, mut carried) = packager.cut().expect("it is cut");
    drop(carried.take_lines());
    let packager = Packager::go_on(carried, None).expect("it goes on");
    assert!(packager.finish("key-1").is_err(), "the lines that were taken are not there");
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    let row = fields(&[]);
    assert!(packager.record(&row, 0).is_err() && packager.close().is_err() && packager.write(b"").is_err());
    packager.open(&stores[1], &tickets, &[]).expect("it opens");
    assert!(packager.open(&stores[1], &tickets, &[]).is_err());
    packager.content(&content("a", None, true, 1)).expect("it begins");
    assert!(packager.record(&row, 0).is_err() && packager.close().is_err());
    packager.content_end(0).expect("it ends");
    packager.record(&row, 0).expect("it is written");
    assert!(packager.content(&content("b", None, true, 1)).is_err());
    assert!(packager.finish("key-1").is_err());
}

#[test]
fn nothing_of_a_person_is_printed() {
    let mut packager = sample(Format::Json, None);
    let stores = stores();
    packager.open(&stores[2], &stores[2].collections[0], &[]).expect("it opens");
    packager.record(&fields(&[("name", Datum::text("marked"))]), 0).expect("it is written");
    packager.close().expect("it closes");
    let mut printed = vec![format!("{packager:?}")];
    let (_, carried) = packager.cut().expect("it is cut");
    assert!(serde_json::to_string(&carried).expect("it serialises").contains("marked"));
    printed.push(format!("{carried:?}"));
    let unsigned = Packager::go_on(carried, None).expect("it goes on").finish("key-1").expect("it finishes");
    printed.push(format!("{unsigned:?}"));
    printed.push(format!("{:?}", unsigned.sign(&[0; 64]).expect("it is signed")));
    let (bytes, _) = finish(sample(Format::Json, None));
    printed.push(format!("{:?}", manifest(&unzip(&bytes))));
    let printed = printed.concat();
    assert!(!printed.contains("marked") && !printed.contains("C001"), "{printed}");
}

#[test]
fn a_packager_goes_between_threads() {
    fn check<T: Send>(_: &T) {}
    let mut packager =
        Packager::begin(About { ..about(Format::Json) }, Limits::default(), None).expect("it begins");
    fill(&mut packager);
    check(&packager);
    check(&packager.finish("key-1").expect("it finishes"));
}
