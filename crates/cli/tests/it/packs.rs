//! `lacuna audit pack`, and `lacuna verify` of what it makes and of what others make of that.

use std::io::{Cursor, Write as _};

use audit::pack::{FORMAT, LOG, MANIFEST, METRICS, Manifest, parse_no_receipt_name};
use serde_json::{Value, json as body};
use testkit::proofs::Log;
use testkit::proofs::packs::{
    Files, attacks, contents, drop_receipt, later, listed, log, made_at, pack, period, sealed,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, System, ZipWriter};

use super::folder::Folder;
use super::golden::check;
use super::machine::{Machine, NOW, Ran};
use super::server::{Reply, Server, json, text};

/// What the API says of a receipt that cannot be issued.
const NEVER: &str = r#"{"type":"urn:lacuna:problem:no-receipt","code":"statement-altered"}"#;

/// A log that goes beyond the period, and the answers of an API that has it.
struct Api {
    log: Log,
    files: Files,
    /// The proof, as the API gives it.
    proof: Vec<u8>,
}

impl Api {
    fn new() -> Self {
        Self::having(|_| {})
    }

    /// One whose answers make these files.
    fn having(change: fn(&mut Files)) -> Self {
        let mut log = log("demo");
        log.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
        let mut files = contents(&log, log.size());
        change(&mut files);
        let now = NOW.parse().expect("an instant");
        let id = listed(&mut files, "demo", now);
        let proof = log.note_pack(&id, period(), now).bytes();
        Self { log, files, proof }
    }

    fn file(&self, name: &str) -> String {
        String::from_utf8(self.files.0[name].clone()).expect("text")
    }

    /// What it answers, up to the receipts.
    fn until_receipts(&self) -> Vec<Reply> {
        let export = self.file("log.jsonl");
        let (first, rest) = export.split_at(export.find("\n{\"entry").expect("an entry") + 1);
        vec![
            json(200, &body!({"key": self.log.key().to_string()})),
            json(200, &body!({"lines": first, "cursor": "1-25-1"})),
            json(200, &body!({"lines": rest})),
        ]
    }

    /// What it answers, up to the receipts and with them.
    fn until_noted(&self) -> Vec<Reply> {
        let mut answers = self.until_receipts();
        for name in self.files.0.keys().filter(|name| name.starts_with("receipts/")) {
            if parse_no_receipt_name(name).is_some() {
                answers.push(text(404, NEVER));
                continue;
            }
            // The first is not issued yet.
            if name.ends_with("-12.json") {
                answers.push(text(404, "{}"));
            }
            answers.push(text(200, &self.file(name)));
        }
        answers
    }

    fn answers(&self) -> Vec<Reply> {
        let mut answers = self.until_noted();
        let id = Manifest::id(&self.files.0[MANIFEST]).expect("a hash");
        answers.push(json(
            201,
            &body!({"manifest_sha256": id, "period": "2026-Q4", "packed_at": NOW, "packed_by": "auditor:9f2c"}),
        ));
        answers.push(text(404, "{}"));
        answers.push(text(200, std::str::from_utf8(&self.proof).expect("text")));
        answers.extend(self.onward());
        answers
    }

    /// What it answers who reads on to the proof's checkpoint: an export from before the pack's end to after it.
    fn onward(&self) -> Vec<Reply> {
        let export = self.log.export(19, self.log.size()).concat();
        let (first, rest) = export.split_at(export.find("\n{\"entry").expect("an entry") + 1);
        vec![json(200, &body!({"lines": first, "cursor": "19-26-20"})), json(200, &body!({"lines": rest}))]
    }
}

/// Runs it with the pack at a place of the test's own, which is no word of what is printed.
fn packed(server: &Server, folder: &Folder, more: &str) -> Ran {
    let path = folder.path("pack.zip").display().to_string();
    let Ran { code, out, err } =
        Machine::at(server).run(&format!("audit pack --period 2026-Q4 --out {path}{more}"));
    Ran { code, out: out.replace(&path, "pack.zip"), err: err.replace(&path, "pack.zip") }
}

/// Goes on with the pack that is there.
fn finished(server: &Server, folder: &Folder) -> Ran {
    let path = folder.path("pack.zip").display().to_string();
    let Ran { code, out, err } = Machine::at(server).run(&format!("audit pack --finish {path}"));
    Ran { code, out: out.replace(&path, "pack.zip"), err: err.replace(&path, "pack.zip") }
}

fn verified(folder: &Folder, line: &str) -> Ran {
    folder.run(None, &format!("verify --key log.key {line}"), b"").text()
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("log.key", format!("{}\n", log("demo").key()).as_bytes());
    folder
}

/// How a pack's files are in it.
fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .system(System::Unix)
        .unix_permissions(0o644)
}

/// The archive of files, as a pack is made.
fn zipped(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &files.0 {
        zip.start_file(name, stored()).expect("a file");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

#[test]
fn a_pack_is_made_put_on_record_and_verifies() {
    let (api, folder) = (Api::new(), folder("pack"));
    let server = Server::start(api.answers());
    let ran = packed(&server, &folder, "");
    check("audit-pack", &ran);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = server.lines();
    assert_eq!(
        lines[1],
        "GET /live/v1/audit/export?from=2025-09-30T00%3A00%3A00Z&to=2027-01-02T00%3A00%3A00Z&whole=true"
    );
    assert_eq!(lines[2], "GET /live/v1/audit/export?cursor=1-25-1");
    assert!(lines[3].ends_with("/receipt?entry=12") && lines[3] == lines[4], "{lines:?}");
    assert_eq!(lines[7], "POST /live/v1/audit/packs");
    let sent: Value = serde_json::from_str(&server.sent()[7].body).expect("JSON");
    let id = Manifest::id(&api.files.0[MANIFEST]).expect("a hash");
    assert_eq!(
        sent,
        body!({"period": "2026-Q4", "manifest_sha256": id}),
        "it is what was made of the same log"
    );
    assert_eq!(lines[8..10], [(); 2].map(|()| format!("GET /live/v1/audit/packs/{id}")));
    // From the latest of the pack's own entries to its note.
    assert_eq!(
        lines[10..],
        [
            "GET /live/v1/audit/export?from=2027-01-10T09%3A30%3A00Z&to=2027-01-10T09%3A30%3A00Z",
            "GET /live/v1/audit/export?cursor=19-26-20",
        ]
    );
    assert_eq!(folder.names(), ["log.key", "pack.zip"]);
    check("verify-pack", &verified(&folder, "pack.zip"));
    // They change with every word of the page that is in each pack.
    let mut ran = verified(&folder, "pack.zip --json");
    for hash in [id.as_str(), &hex::encode(api.log.range(api.log.size()).root())] {
        assert!(ran.out.contains(hash), "{hash}: {}", ran.out);
        ran.out = ran.out.replace(hash, "HASH");
    }
    check("verify-pack-json", &ran);
    folder.write("seen", api.log.note(6).as_bytes());
    folder.write("log.jsonl", &api.files.0["log.jsonl"]);
    check("verify-pack-fresh", &verified(&folder, "pack.zip log.jsonl --since seen"));
    let other = Log::of("demo", 3);
    folder.write("other", other.note(18).as_bytes());
    assert_eq!(verified(&folder, "pack.zip --since other").code, 1);
}

#[test]
fn a_pack_that_is_not_on_record_says_so() {
    let (api, folder) = (Api::new(), folder("pack-no-wait"));
    let answers = api.answers();
    let (made, noted) = answers.split_at(answers.len() - 5);
    check("audit-pack-no-wait", &packed(&Server::start(made.to_vec()), &folder, " --no-wait"));
    let ran = verified(&folder, "pack.zip");
    check("verify-pack-unbound", &ran);
    assert_eq!(ran.code, 2);
    // It can be put on record later, and is the same pack.
    let server = Server::start([&made[..1], noted].concat());
    let ran = finished(&server, &folder);
    check("audit-pack-finish", &ran);
    assert_eq!(server.lines()[1], "POST /live/v1/audit/packs");
    assert_eq!(verified(&folder, "pack.zip").code, 0);
    // And then there is nothing left to do.
    let server = Server::start([made[0].clone()]);
    let ran = finished(&server, &folder);
    check("audit-pack-finished", &ran);
    assert_eq!((ran.code, server.lines().len()), (0, 1));
}

/// The log names it, and no checkpoint comes.
#[test]
fn a_pack_whose_proof_does_not_come_is_kept_and_can_be_finished() {
    let (api, folder) = (Api::new(), folder("pack-pending"));
    let answers = api.answers();
    let (made, noted) = answers.split_at(answers.len() - 5);
    let server = Server::start([made, &noted[..2]].concat());
    let ran = packed(&server, &folder, "");
    check("audit-pack-pending", &ran);
    assert_eq!((ran.code, folder.names()), (5, vec!["log.key".to_owned(), "pack.zip".to_owned()]));
    assert_eq!(verified(&folder, "pack.zip").code, 2, "it is not on record as far as it shows");
    let pack = folder.read("pack.zip");
    // The log may name it: it is not replaced by another one.
    let refused = packed(&Server::start([]), &folder, " --force");
    assert_eq!((refused.code, folder.read("pack.zip") == pack), (2, true), "{refused:?}");
    assert!(refused.err.contains("--finish pack.zip` goes on with it"), "{refused:?}");
    // Nor does the API answer: the file is as it was.
    let server = Server::start([made[0].clone(), noted[0].clone(), text(403, "{}")]);
    let ran = finished(&server, &folder);
    // It is wrapped, and where depends on the folder's name.
    let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    let way_on = "pack.zip is kept, proof pending. `lacuna audit pack --finish pack.zip` puts it on record, if it is not, and adds \
        the proof.";
    assert!(said.contains("error: This role may not do that (403)") && said.ends_with(way_on), "{said}");
    assert_eq!((ran.code, folder.read("pack.zip") == pack), (1, true));
    // An export that is not of that log shows nothing.
    let mut forked = log("demo");
    forked.rewrite(3, |event| event.who.push('x'));
    for id in ["0a", "0b"] {
        forked.note_pack(&id.repeat(32).parse().expect("a pack"), period(), made_at());
    }
    let mut wrong: Vec<Reply> = [&made[..1], &noted[..1], &noted[2..3]].concat();
    let export = forked.export(26, 26).concat();
    wrong.push(json(200, &body!({"lines": export})));
    let ran = finished(&Server::start(wrong), &folder);
    assert_eq!((ran.code, folder.read("pack.zip") == pack), (1, true), "{ran:?}");
    assert!(ran.err.contains("consistency proof does not lead"), "{ran:?}");
    // The same pack is found again: what is sent is the same, and so is the entry.
    let server = Server::start([&made[..1], noted].concat());
    let ran = finished(&server, &folder);
    assert_eq!(ran.code, 0, "{ran:?}");
    let id = Manifest::id(&api.files.0[MANIFEST]).expect("a hash");
    assert!(server.sent()[1].body.contains(id.as_str()), "{:?}", server.sent()[1]);
    let found = verified(&folder, "pack.zip");
    assert!(found.code == 0 && found.out.contains("on record  entry 26"), "{found:?}");
}

/// What is no pack, or does not hold, is not put on record.
#[test]
fn what_is_no_whole_pack_is_not_finished() {
    let (api, folder) = (Api::new(), folder("pack-unfinishable"));
    let server = Server::start([]);
    folder.write("pack.zip", b"hello");
    assert_eq!((finished(&server, &folder).code, server.lines().len()), (2, 0));
    let (_, files, _) = &attacks()[0];
    folder.write("pack.zip", &zipped(files));
    let server = Server::start([json(200, &body!({"key": api.log.key().to_string()}))]);
    let ran = finished(&server, &folder);
    assert_eq!((ran.code, server.lines().len()), (1, 1), "{ran:?}");
    let ran = Machine::at(&server).run("audit pack --finish pack.zip --period 2026");
    assert_eq!(ran.code, 2, "{ran:?}");
}

/// One receipt that there never will be does not keep the others from whoever asks for them.
#[test]
fn a_receipt_that_cannot_be_issued_is_said_to_be_missing() {
    let (api, folder) = (Api::having(drop_receipt), folder("pack-missing"));
    let server = Server::start(api.answers());
    let ran = packed(&server, &folder, "");
    check("audit-pack-missing", &ran);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = verified(&folder, "pack.zip");
    check("verify-pack-missing", &ran);
    assert_eq!(ran.code, 2, "it is not called intact");
    let ran = verified(&folder, "pack.zip --json");
    assert!(ran.out.contains(r#""verdict":"receipts_missing""#), "{}", ran.out);
    assert!(ran.out.contains(r#""receipts":2,"receipts_missing":{"statement-altered":1}"#), "{}", ran.out);
}

/// Whatever the API gives: the log is to name no pack that does not hold, and nobody is to have one.
#[test]
fn what_does_not_verify_is_neither_put_on_record_nor_kept() {
    let (api, folder) = (Api::new(), folder("pack-unchecked"));
    // The receipt of an earlier log, which another key signed.
    let mut answers = api.until_noted();
    let mut earlier = log("demo");
    earlier.rewrite(3, |event| event.who.push('x'));
    let receipt = String::from_utf8(earlier.receipt(2, 18).bytes()).expect("text");
    let last = answers.len() - 3;
    answers[last] = text(200, &receipt);
    let server = Server::start(answers);
    let ran = packed(&server, &folder, "");
    check("audit-pack-unchecked", &ran);
    assert!(server.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", server.lines());
    assert_eq!((ran.code, folder.names()), (1, vec!["log.key".to_owned()]));
    // A proof that is not this pack's: the pack is kept without it.
    let mut answers = api.answers();
    let mut other = log("demo");
    other.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    let other = other.note_pack(&"0f".repeat(32).parse().expect("a pack"), period(), made_at());
    let last = answers.len() - 3;
    answers[last] = text(200, std::str::from_utf8(&other.bytes()).expect("text"));
    let ran = packed(&Server::start(answers), &folder, "");
    assert_eq!((ran.code, folder.names().len()), (1, 2), "{ran:?}");
    assert!(ran.err.contains("proof.json: ") && ran.err.contains("is kept, proof pending"), "{ran:?}");
    assert_eq!(verified(&folder, "pack.zip").code, 2);
}

/// What a pack is worth beside a pack that is whole, on record and of the log that was seen.
#[test]
fn a_pack_that_shows_less_is_not_called_intact() {
    let folder = folder("pack-less");
    let (_, whole) = pack();
    let mut log = log("demo");
    let mut short = contents(&log, 18);
    sealed(&mut short, &mut log);
    folder.write("short.zip", &zipped(&short));
    let ran = verified(&folder, "short.zip");
    check("verify-pack-unfinished", &ran);
    assert_eq!(ran.code, 2);
    let ran = verified(&folder, "short.zip --json");
    assert!(ran.code == 2 && ran.out.contains(r#""verdict":"unfinished""#), "{}", ran.out);
    assert!(ran.out.contains(r#""lacks":["end"]"#), "{}", ran.out);
    // Of its own time, and nothing shows that it is of that log.
    let (files, mut later) = pack();
    later.note_pack(&"0c".repeat(32).parse().expect("a pack"), period(), made_at());
    folder.write("pack.zip", &zipped(&files));
    folder.write("later", later.note(later.size()).as_bytes());
    let ran = verified(&folder, "pack.zip --since later");
    check("verify-pack-not-shown", &ran);
    assert_eq!(ran.code, 2);
    let ran = verified(&folder, "pack.zip --since later --json");
    assert!(ran.out.contains(r#""verdict":"not_shown""#) && !ran.out.contains("intact"), "{}", ran.out);
    // An export that comes by both joins them: from the checkpoint of its proof on.
    folder.write("audit.jsonl", later.export(later.size(), later.size()).concat().as_bytes());
    assert_eq!(verified(&folder, "pack.zip audit.jsonl --since later").code, 0);
    // So does the pack alone, to the checkpoint of its proof.
    folder.write("proved", later.note(later.size() - 1).as_bytes());
    let ran = verified(&folder, "pack.zip --since proved");
    assert!(ran.code == 0 && ran.out.contains("goes on from the checkpoint over 26 entries"), "{ran:?}");
    assert_eq!(verified(&folder, "proved pack.zip audit.jsonl --since later").code, 0);
    assert_eq!(whole.size() + 1, later.size());
}

/// Its parts are read in another order than they stand in it.
#[test]
fn a_pack_has_to_be_a_file() {
    let folder = folder("pack-pipe");
    let ran = folder.run(None, "verify --key log.key -", &zipped(&pack().0)).text();
    check("verify-pack-pipe", &ran);
    let line = "audit pack --finish nothere.zip";
    check("audit-pack-nothere", &folder.run(Some(&Server::start([])), line, b"").text());
}

/// By whoever has the key, and signs another history for another reader.
#[test]
fn a_pack_and_a_file_of_another_history_contradict_each_other() {
    let folder = folder("pack-forked");
    let (files, log) = pack();
    folder.write("pack.zip", &zipped(&files));
    let mut other = testkit::proofs::packs::log("demo");
    other.rewrite(3, |event| event.who.push('x'));
    folder.write("other.jsonl", other.export(1, 10).concat().as_bytes());
    folder.write("own.jsonl", log.export(1, 10).concat().as_bytes());
    folder.write("seen", log.note(6).as_bytes());
    folder.write("audit.jsonl", log.export(1, log.size()).concat().as_bytes());
    let ran = verified(&folder, "pack.zip other.jsonl");
    assert!(ran.code == 1 && ran.out.contains("contradict each other"), "{ran:?}");
    assert_eq!(verified(&folder, "pack.zip own.jsonl --allow-unsigned").code, 0);
    // What comes through a pipe is read after it: the pack is then read again.
    let piped = other.export(1, 10).concat();
    let ran = folder.run(None, "verify --key log.key pack.zip -", piped.as_bytes()).text();
    assert!(ran.code == 1 && ran.out.contains("contradict each other"), "{ran:?}");
    let ran = verified(&folder, "pack.zip audit.jsonl other.jsonl --since seen --allow-unsigned");
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn what_cannot_be_packed_leaves_nothing() {
    let (api, folder) = (Api::new(), folder("pack-nothing"));
    for period in ["2026-Q5", "2027"] {
        let server = Server::start([]);
        let ran = Machine::at(&server).run(&format!("audit pack --period {period}"));
        check(&format!("audit-pack-{period}"), &ran);
        assert!(server.lines().is_empty(), "{period}");
    }
    let mut answers = api.until_receipts();
    answers.push(text(403, "{}"));
    assert_eq!(packed(&Server::start(answers), &folder, "").code, 1);
    let key = json(200, &body!({"key": api.log.key().to_string()}));
    let altered = api.file("log.jsonl").replacen("step:pin-plan", "step:pin-plam", 1);
    let server = Server::start([key, json(200, &body!({"lines": altered}))]);
    check("audit-pack-altered", &packed(&server, &folder, ""));
    assert_eq!(folder.names(), ["log.key"]);
    folder.write("pack.zip", b"mine");
    assert_eq!(packed(&Server::start([]), &folder, "").code, 2);
}

#[test]
fn a_pack_whose_hashes_fit_and_that_lies_is_broken() {
    let folder = folder("pack-lies");
    for (name, files, expect) in attacks() {
        folder.write("pack.zip", &zipped(&files));
        let ran = verified(&folder, "pack.zip");
        let said = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((ran.code, said), (1, format!("BROKEN pack.zip: {expect}")), "{name}");
    }
}

#[test]
fn another_versions_pack_is_not_checked() {
    let folder = folder("pack-version");
    let (mut files, _) = pack();
    for name in [MANIFEST, METRICS] {
        let text = String::from_utf8(files.0[name].clone()).expect("text");
        files.0.insert(name.to_owned(), text.replace(FORMAT, "lacuna/1").into_bytes());
    }
    folder.write("pack.zip", &zipped(&files));
    let ran = verified(&folder, "pack.zip");
    assert_eq!(ran.code, 2);
    check("packs-another-version", &ran);
    check("packs-another-version-json", &verified(&folder, "pack.zip --json"));
}

/// In the log, where a signature covers it.
#[test]
fn what_a_later_version_alone_knows_is_said_and_all_else_checked() {
    let (whole, (files, log)) = (folder("pack-later"), later(true));
    whole.write("pack.zip", &zipped(&files));
    check("verify-pack-later", &verified(&whole, "pack.zip"));
    let mut ran = verified(&whole, "pack.zip --json");
    let id = Manifest::id(&files.0[MANIFEST]).expect("a manifest");
    ran.out = ran.out.replace(id.as_str(), "HASH");
    check("verify-pack-later-json", &ran);
    let mut altered = zipped(&files);
    let at = places(&altered, "<h1")[0];
    altered[at] ^= 1;
    whole.write("altered.zip", &altered);
    assert_eq!(verified(&whole, "altered.zip").code, 1);
    // Nobody here can tell what such a log counts.
    let key = || json(200, &body!({"key": log.key().to_string()}));
    check("audit-pack-later-finish", &finished(&Server::start([key()]), &whole));
    let lines = String::from_utf8(files.0[LOG].clone()).expect("text");
    let server = Server::start([key(), json(200, &body!({"lines": lines}))]);
    let made = folder("pack-later-made");
    check("audit-pack-later", &packed(&server, &made, ""));
    assert_eq!(made.names(), ["log.key"]);
}

/// Where one name stands in an archive, from the first to the last.
fn places(zip: &[u8], name: &str) -> Vec<usize> {
    zip.windows(name.len()).enumerate().filter(|(_, at)| *at == name.as_bytes()).map(|(at, _)| at).collect()
}

/// Every archive that one reader could read otherwise than another.
#[test]
fn an_archive_that_leaves_a_choice_is_refused() {
    let folder = folder("pack-layout");
    let (files, _) = pack();
    let whole = zipped(&files);
    let renamed = |from: &str, to: &str, which: &[usize]| {
        let mut zip = whole.clone();
        let at = places(&zip, from);
        for each in which {
            zip[at[*each]..at[*each] + to.len()].copy_from_slice(to.as_bytes());
        }
        zip
    };
    let set = |at: usize, bits: u8| {
        let mut zip = whole.clone();
        zip[at] |= bits;
        zip
    };
    let table = places(&whole, "PK\x01\x02")[0];
    let local = places(&whole, "checkpoint")[0] - 30;
    let mut gap = whole.clone();
    gap.splice(local..local, [0; 4]);
    let receipts: Vec<&String> = files.0.keys().filter(|name| name.starts_with("receipts/")).collect();
    let both: Vec<usize> = (0..places(&whole, receipts[1]).len()).collect();
    let doubled = renamed(receipts[1], receipts[0], &both);
    let attacks: [(&str, Vec<u8>); 16] = [
        ("something before it", [b"PK\x03\x04#!/bin/sh".as_slice(), &whole].concat()),
        ("something after it", [whole.as_slice(), b"\0"].concat()),
        ("a comment", {
            let mut zip = whole.clone();
            let at = zip.len() - 2;
            zip[at] = 1;
            zip.push(b'x');
            zip
        }),
        ("something between", gap),
        ("its end cut off", whole[..whole.len() - 5].to_vec()),
        ("cut off in the middle", whole[..whole.len() / 2].to_vec()),
        ("two files of one name", doubled),
        (
            "another name in the table",
            renamed("metrics.json", "metrics.jsom", &[places(&whole, "metrics.json").len() - 1]),
        ),
        ("an absolute path", renamed("checkpoint", "/heckpoint", &[0, 1])),
        ("a way out", renamed("index.html", "../ex.html", &[0, 1])),
        ("a way out inside", renamed("receipts/req", "receipts/../", &[0, 1])),
        ("another system's way out", renamed("index.html", "..\\x.html", &[0, 1])),
        ("lengths that come later", set(local + 6, 8)),
        ("encrypted", set(local + 6, 1)),
        ("another method", set(local + 8, 1)),
        ("a link", set(table + 41, 0xa0)),
    ];
    for (name, zip) in attacks {
        folder.write("pack.zip", &zip);
        let ran = verified(&folder, "pack.zip");
        assert_eq!(ran.code, 1, "{name}: {ran:?}");
        assert!(ran.out.starts_with("BROKEN pack.zip: the archive:"), "{name}: {}", ran.out);
    }
}

/// A few bytes can stand for gigabytes, and for two contents.
#[test]
fn what_is_compressed_is_left() {
    let folder = folder("pack-deflated");
    let (files, _) = pack();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &files.0 {
        let deflated = stored().compression_method(CompressionMethod::Deflated);
        zip.start_file(name, if name == MANIFEST { deflated } else { stored() }).expect("a file");
        zip.write_all(bytes).expect("written");
    }
    folder.write("pack.zip", &zip.finish().expect("an archive").into_inner());
    check("verify-pack-deflated", &verified(&folder, "pack.zip"));
}

#[test]
fn a_short_file_that_is_too_long_is_left() {
    let folder = folder("pack-too-long");
    let (mut files, _) = pack();
    files.0.insert(METRICS.to_owned(), vec![b' '; 65 << 20]);
    listed(&mut files, "demo", made_at());
    folder.write("pack.zip", &zipped(&files));
    check("verify-pack-too-long", &verified(&folder, "pack.zip"));
}

#[test]
fn a_pack_whose_first_byte_was_changed_is_broken() {
    let folder = folder("pack-first-byte");
    let mut zip = zipped(&pack().0);
    zip[0] ^= 1;
    folder.write("pack.zip", &zip);
    let ran = verified(&folder, "pack.zip");
    assert!(ran.code == 1 && ran.out.starts_with("BROKEN pack.zip: the archive:"), "{ran:?}");
}

/// A log of some gigabytes has its lengths in another place of the archive than others.
#[test]
fn a_large_files_form_is_read() {
    let folder = folder("pack-large");
    let (files, _) = pack();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &files.0 {
        zip.start_file(name, stored().large_file(name == LOG)).expect("a file");
        zip.write_all(bytes).expect("written");
    }
    folder.write("pack.zip", &zip.finish().expect("an archive").into_inner());
    assert_eq!(verified(&folder, "pack.zip").code, 0);
}
