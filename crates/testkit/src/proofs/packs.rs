//! Evidence packs to be attacked: what is in one, by name, and every attack on it that needs more than a changed byte.

use std::collections::BTreeMap;

use audit::pack::{
    Archive, CHECKPOINT, Counted, FORMAT, FileLine, Flaw, Joining, LOG, MANIFEST, Manifest, Metrics,
    NoReceipt, PROOF, PackProof, Receipts, derived, no_receipt_name, parse_receipt_name, receipt_name,
};
use audit::receipt::{DETAIL, Unissuable};
use audit::tree::leaf;
use audit::verify::Pinned;
use audit::{Checkpoint, export};
use aws_lc_rs::digest::{SHA256, digest};
use domain::{PackId, Period};
use jiff::{SignedDuration, Timestamp};

use super::Log;

/// The period of every pack here.
pub const PERIOD: &str = "2026-Q4";

/// The files of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl Archive for Files {
    fn files(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect()
    }

    fn read(&mut self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<(), Flaw>) -> Result<(), Flaw> {
        let bytes = self.0.get(name).ok_or(Flaw::unreadable("no such file"))?;
        bytes.chunks(1_000).try_for_each(take)
    }
}

/// A log of four erasures, three weeks apart: the first ends in September, the others in the quarter after it.
pub fn log(tenant: &str) -> Log {
    let mut log = Log::of(tenant, 4);
    for seq in 1..=log.size() {
        let number = i64::try_from(seq.div_ceil(6)).expect("small");
        let received = begin() + SignedDuration::from_hours(24 * 21 * number);
        let details = [
            ("type", "erasure".to_owned()),
            ("jurisdiction", "EU".to_owned()),
            ("received_at", received.to_string()),
            ("due_by", (received + SignedDuration::from_hours(24 * 30)).to_string()),
        ];
        log.rewrite(seq, |event| {
            event.at = received + SignedDuration::from_hours(24 * i64::from(event.n));
            if event.n == 1 || event.detail.contains_key(DETAIL) {
                event.detail.extend(details.map(|(name, value)| (name.to_owned(), value)));
            }
        });
    }
    log
}

fn begin() -> Timestamp {
    "2026-08-30T00:00:00Z".parse().expect("an instant")
}

/// When every pack here is made: after its period.
pub fn made_at() -> Timestamp {
    "2027-01-10T09:30:00Z".parse().expect("an instant")
}

/// The period.
pub fn period() -> Period {
    PERIOD.parse().expect("a period")
}

/// The files that rest on a log up to an entry, and no more than that: neither manifest nor proof.
pub fn contents(log: &Log, last: u64) -> Files {
    part(log, 1, last)
}

/// The same, on a part of it.
pub fn part(log: &Log, first: u64, last: u64) -> Files {
    let pinned = Pinned { key: log.key(), since: None };
    let export = log.export(first, last).concat();
    let tenant = log.entry(1).expect("an entry").event.tenant.clone();
    let mut reading = audit::pack::Log::new(&pinned, tenant, period(), [].into());
    reading.take(export.as_bytes()).expect("whole");
    let counted = reading.finish().expect("whole").counted;
    let Counted { metrics, closings } = counted.expect("known words");
    let mut files = Files::default();
    let receipts = Receipts { issued: closings.len() as u64, ..Receipts::default() };
    for (seq, closing) in closings {
        let receipt = log.receipt(usize::try_from(seq / 6).expect("small"), last);
        files.0.insert(receipt_name(&closing.request, seq), receipt.bytes());
    }
    files.0.extend(derived(&metrics, &receipts).map(|(name, bytes)| (name.to_owned(), bytes)));
    files.0.insert(CHECKPOINT.to_owned(), log.note(last).into_bytes());
    files.0.insert(LOG.to_owned(), export.into_bytes());
    files
}

/// Writes the manifest of what is there; by what the log would name it.
pub fn listed(files: &mut Files, tenant: &str, made_at: Timestamp) -> PackId {
    files.0.remove(MANIFEST);
    let sha256 = |bytes: &[u8]| hex::encode(digest(&SHA256, bytes));
    let lines = files.0.iter().filter(|(name, _)| *name != PROOF).map(|(name, bytes)| FileLine {
        bytes: bytes.len() as u64,
        name: name.clone(),
        sha256: sha256(bytes),
    });
    let manifest = Manifest {
        files: lines.collect(),
        made_at,
        pack: FORMAT.to_owned(),
        period: period(),
        tenant: tenant.parse().expect("a tenant"),
    };
    let bytes = manifest.bytes();
    let id = Manifest::id(&bytes).expect("a hash");
    files.0.insert(MANIFEST.to_owned(), bytes);
    id
}

/// Writes the manifest of what is there, and puts it on record, as whoever may make packs could.
pub fn sealed(files: &mut Files, log: &mut Log) {
    let id = listed(files, "demo", made_at());
    let proof = log.note_pack(&id, period(), made_at());
    files.0.insert(PROOF.to_owned(), joined(proof, files, log).bytes());
}

/// A proof with the proof that its log goes on from that of the files.
pub fn joined(proof: PackProof, files: &Files, log: &Log) -> PackProof {
    let note = String::from_utf8(files.0[CHECKPOINT].clone()).expect("text");
    let from = Checkpoint::unchecked(&note).expect("a checkpoint").size;
    let to = proof.covers().expect("a checkpoint");
    let mut joining = Joining::new(&log.range(from), to);
    joining.take(&log.export(1, to).concat()).expect("an export");
    proof.joined(&joining.proof().expect("it comes by the checkpoint"))
}

/// A whole pack, and the log with all that it rests on.
pub fn pack() -> (Files, Log) {
    let mut log = log("demo");
    // What another pack put on record after the period shows that nothing of it is missing.
    log.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    let mut files = contents(&log, log.size());
    sealed(&mut files, &mut log);
    (files, log)
}

const NOT_JOINED: &str =
    "its consistency proof does not lead from the end of log.jsonl to the checkpoint in it";

/// An attack: what it is, the files, and what has to be said of them.
pub type Attack = (&'static str, Files, String);

/// Attacks by somebody who may make packs, and has them put on record: all hashes fit. And proofs of something else.
#[allow(clippy::too_many_lines, reason = "a paragraph an attack")]
pub fn attacks() -> Vec<Attack> {
    let (whole, log) = pack();
    let anew = |change: &dyn Fn(&mut Files)| {
        let (mut files, mut log) = pack();
        change(&mut files);
        sealed(&mut files, &mut log);
        files
    };
    let text = |files: &Files, name: &str| String::from_utf8(files.0[name].clone()).expect("text");
    let swap = |files: &mut Files, name: &str, from: &str, to: &str| {
        let old = text(files, name);
        let new = old.replacen(from, to, 1);
        assert_ne!(old, new, "{name} has no {from}");
        files.0.insert(name.to_owned(), new.into_bytes());
    };
    let receipts: Vec<String> =
        whole.0.keys().filter(|name| name.starts_with("receipts/")).cloned().collect();
    let with_proof = |proof: Vec<u8>| {
        let mut files = whole.clone();
        files.0.insert(PROOF.to_owned(), proof);
        files
    };
    let id = Manifest::id(&whole.0[MANIFEST]).expect("a hash");
    let mut elsewhere = self::log("other");
    let mut otherwise = self::log("demo");
    otherwise.rewrite(3, |event| event.who.push('x'));
    let size = log.size() - 1;
    // By whoever has the key: the same closing with the same statement, closed by somebody else, in a longer log.
    let beyond = {
        let mut other = self::log("demo");
        other.rewrite(12, |event| event.who.push('x'));
        for pack in ["0a", "0b", "0c"] {
            other.note_pack(&pack.repeat(32).parse().expect("a pack"), period(), made_at());
        }
        other.receipt(2, other.size())
    };
    // The same request, closed once more with the same statement.
    let later = {
        let (_, other) = pack();
        let statement = log.receipt(2, size).statement;
        other.receipt_of(statement)
    };
    // The first ended before the period.
    let outside = receipt_name(&log.receipt(1, size).statement.request, 6);
    let none = no_receipt(&receipts[0]);
    let no_outside = no_receipt(&outside);
    let unsigned = {
        let mut lines = log.export(1, size - 1);
        lines.retain(|line| !line.contains("— "));
        lines.concat().into_bytes()
    };
    let figures = |name: &str| format!("{name}: it is not what log.jsonl gives: the figures were altered");
    let proof = |what: &str| format!("proof.json: {what}");
    let way = |change: &dyn Fn(&mut Vec<String>)| {
        let mut proof = PackProof::read(&whole.0[PROOF]).expect("a proof");
        change(&mut proof.consistency);
        proof.bytes()
    };
    // By whoever has the key: a log of the same length in which entry 3 is another.
    let mut forked = self::log("demo");
    forked.rewrite(3, |event| event.who.push('x'));
    forked.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    let extra = |name: &str| format!("{name}: it does not belong here");
    let first = &receipts[0];
    vec![
        (
            "figures altered",
            anew(&|files| swap(files, "metrics.json", "\"late\":0", "\"late\":1")),
            figures("metrics.json"),
        ),
        (
            "a table altered",
            anew(&|files| swap(files, "metrics.csv", "erasure,EU,3", "erasure,EU,4")),
            figures("metrics.csv"),
        ),
        (
            "the page altered",
            anew(&|files| swap(files, "index.html", "<td>3</td>", "<td>2</td>")),
            figures("index.html"),
        ),
        (
            "other instructions",
            anew(&|files| swap(files, "README.txt", "lacuna verify", "lacuna-verify")),
            "README.txt: it is not the one that is in every pack".to_owned(),
        ),
        (
            "a receipt left out",
            anew(&|files| drop(files.0.remove(&receipts[1]))),
            format!("{}: it is missing", receipts[1]),
        ),
        (
            "two receipts swapped",
            anew(&|files| {
                let (one, other) = (files.0[first].clone(), files.0[&receipts[1]].clone());
                files.0.insert(first.clone(), other);
                files.0.insert(receipts[1].clone(), one);
            }),
            format!("{first}: it is not the receipt of the closing that log.jsonl has there"),
        ),
        (
            "a receipt of another period",
            anew(&|files| drop(files.0.insert(outside.clone(), log.receipt(1, size).bytes()))),
            format!("{outside}: log.jsonl has no such closing in the period"),
        ),
        (
            "no receipt of a closing that is not there",
            anew(&|files| drop(files.0.insert(no_outside.0.clone(), no_outside.1.clone()))),
            format!("{}: log.jsonl has no such closing in the period", no_outside.0),
        ),
        (
            "a receipt, and that there is none",
            anew(&|files| drop(files.0.insert(none.0.clone(), none.1.clone()))),
            extra(&none.0),
        ),
        (
            "that there is no receipt, said of another closing",
            anew(&|files| {
                drop(files.0.remove(first));
                files.0.insert(none.0.clone(), no_outside.1.clone());
            }),
            format!("{}: it is not the receipt of the closing that log.jsonl has there", none.0),
        ),
        (
            "that there is no receipt, without a reason",
            anew(&|files| {
                drop(files.0.remove(first));
                files.0.insert(none.0.clone(), b"{}".to_vec());
            }),
            format!("{}: it does not read as what belongs here: it was altered", none.0),
        ),
        (
            "a receipt taken for one that cannot be issued, and a page that is silent of it",
            anew(&|files| {
                drop(files.0.remove(first));
                files.0.insert(none.0.clone(), none.1.clone());
            }),
            figures("index.html"),
        ),
        (
            "a receipt of another history",
            anew(&|files| drop(files.0.insert(first.clone(), otherwise.receipt(2, 18).bytes()))),
            format!("{first}: it was signed for another history than the other files of the pack"),
        ),
        (
            "a receipt of another history, under a checkpoint that the log does not come by",
            anew(&|files| drop(files.0.insert(first.clone(), beyond.bytes()))),
            format!("{first}: it is not the receipt of the closing that log.jsonl has there"),
        ),
        (
            "a receipt of another closing of the same request, in this one's place",
            anew(&|files| drop(files.0.insert(first.clone(), later.bytes()))),
            format!("{first}: it is not the receipt of the closing that log.jsonl has there"),
        ),
        (
            "an older checkpoint",
            anew(&|files| drop(files.0.insert(CHECKPOINT.to_owned(), log.note(12).into_bytes()))),
            "checkpoint: it is not the last checkpoint of log.jsonl".to_owned(),
        ),
        (
            "a log that is not signed",
            anew(&|files| drop(files.0.insert(LOG.to_owned(), unsigned.clone()))),
            "log.jsonl: entries after its last checkpoint are not signed, and nothing can rest on them"
                .to_owned(),
        ),
        (
            "a file more",
            anew(&|files| drop(files.0.insert("notes.txt".to_owned(), b"hello".to_vec()))),
            extra("notes.txt"),
        ),
        (
            "a file in a folder more",
            anew(&|files| drop(files.0.insert("receipts/notes.json".to_owned(), b"{}".to_vec()))),
            extra("receipts/notes.json"),
        ),
        (
            "a proof of another pack",
            with_proof(pack_proof(&mut pack().1, &"0b".repeat(32).parse().expect("a pack"), period())),
            proof("the entry is about another pack: the manifest was altered, or the proof is another's"),
        ),
        (
            "a proof of another period",
            with_proof(pack_proof(&mut pack().1, &id, "2026-Q3".parse().expect("a period"))),
            proof("the entry names another period than the manifest"),
        ),
        (
            "another tenant's proof",
            with_proof(pack_proof(&mut elsewhere, &id, period())),
            proof("entry 25, proof.checkpoint: it is not signed by the given key"),
        ),
        (
            "a proof to which nothing leads from the log",
            with_proof(way(&|way| way.clear())),
            proof(NOT_JOINED),
        ),
        (
            "a way from the log to its proof, altered",
            with_proof(way(&|way| way.swap(0, 1))),
            proof(NOT_JOINED),
        ),
        (
            "a proof of another history, with the way from there",
            with_proof(joined(forked.note_pack(&id, period(), made_at()), &whole, &forked).bytes()),
            proof(NOT_JOINED),
        ),
        (
            "a proof older than the log",
            with_proof(pack_proof(&mut self::log("demo"), &id, period())),
            proof("the entry is older than the log that the pack rests on"),
        ),
    ]
}

/// What somebody writes in a receipt's place: its name, and that there is none.
pub fn no_receipt(name: &str) -> (String, Vec<u8>) {
    let (request, seq) = parse_receipt_name(name).expect("a receipt's name");
    let none = NoReceipt::new(request.clone(), seq, Unissuable::StatementAltered);
    (no_receipt_name(&request, seq), none.bytes())
}

/// Drops the first receipt, and says that it could not be issued: in its place, and on the page.
pub fn drop_receipt(files: &mut Files) {
    let name = files.0.keys().find(|name| name.starts_with("receipts/")).expect("a receipt").clone();
    files.0.remove(&name);
    files.0.extend([no_receipt(&name)]);
    let metrics: Metrics = serde_json::from_slice(&files.0["metrics.json"]).expect("figures");
    let receipts = Receipts { issued: 2, missing: [(Unissuable::StatementAltered, 1)].into() };
    files.0.extend(derived(&metrics, &receipts).map(|(name, bytes)| (name.to_owned(), bytes)));
}

/// A pack of which somebody dropped a receipt on purpose who can have it put on record.
pub fn without_a_receipt() -> Files {
    let (mut files, mut log) = pack();
    drop_receipt(&mut files);
    sealed(&mut files, &mut log);
    files
}

fn pack_proof(log: &mut Log, id: &PackId, period: Period) -> Vec<u8> {
    log.note_pack(id, period, made_at()).bytes()
}

/// A log with what another pack put on record after the period.
pub fn longer() -> Log {
    let mut log = log("demo");
    log.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    log
}

/// The files of a log whose last entry is of a kind that nobody knows here, under a checkpoint of its own, which is signed or not.
pub fn later(signed: bool) -> (Files, Log) {
    let log = longer();
    let last = log.size();
    let mut files = contents(&log, last - 1);
    let entry = log.entry(last).expect("an entry").content_bytes();
    let content = String::from_utf8(entry).expect("text").replace("\"audit.packed\"", "\"audit.archived\"");
    let hash = leaf(content.as_bytes());
    let mut range = log.range(last - 1);
    range.push(hash);
    let text = Checkpoint { origin: log.key().name().to_owned(), size: last, root: range.root() }.text();
    let note = if signed { log.sign(&text) } else { Log::of("other", 1).sign(&text) };
    let hash = hex::encode(hash);
    let mut lines = log.export(1, last - 1);
    lines.pop();
    lines.push(format!("{{\"entry\":{content},\"hash\":\"{hash}\"}}\n"));
    lines.push(export::checkpoint(&note));
    lines.push(export::end(last, last, &hash));
    files.0.insert(LOG.to_owned(), lines.concat().into_bytes());
    files.0.insert(CHECKPOINT.to_owned(), note.into_bytes());
    listed(&mut files, "demo", made_at());
    (files, log)
}
