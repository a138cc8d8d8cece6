//! The audit at work.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use ::audit::tree::{Hash, Range, leaf};
use ::audit::verify::{self, Found, Pinned};
use ::audit::{Entry, Head, VerifierKey};
use aws_lc_rs::digest::{SHA256, digest};
use domain::event::Event;
use serde_json::json;

use super::{ADD, APPEND, LOG, SHORT, STREAM, VAST, VERIFY, events, parts, peers};
use crate::{Failure, machine};

/// Our name in the tables.
pub const TOOL: &str = "audit";

/// Bytes that are read at once.
pub const READ: usize = 256 << 10;

/// Does one job, and prints what it measured.
pub fn work(job: &str, folder: &Path) -> Result<(), Failure> {
    match job.split_once(' ') {
        Some((what, peer)) => peers::work(what, peer, folder),
        None => match job {
            VERIFY => verify(folder, LOG, VERIFY),
            STREAM => verify(folder, VAST, STREAM),
            ADD => add(folder),
            APPEND => append(folder),
            "parts" => parts::measure(folder),
            other => Err(format!("no such job: {other}").into()),
        },
    }
}

/// Prints a result, with what proves it and the most memory that it took.
pub fn say(tool: &str, version: &str, what: &str, count: u64, seconds: f64, root: Option<&[u8]>) {
    let mut line =
        json!({ "tool": tool, "version": version, "what": what, "count": count, "seconds": seconds });
    if let Some(root) = root {
        (line["digest"], line["bytes"]) = (hex::encode(root).into(), count.into());
        line["peak"] = machine::peak().into();
    }
    println!("{line}");
}

fn said(what: &str, count: u64, begun: Instant, root: &Hash) {
    say(TOOL, &machine::locked("aws-lc-rs"), what, count, begun.elapsed().as_secs_f64(), Some(root));
}

/// Verifies an export, from the file, as it comes.
fn verify(folder: &Path, log: &str, what: &str) -> Result<(), Failure> {
    let key = VerifierKey::parse(&std::fs::read_to_string(folder.join("key"))?)?;
    let pinned = Pinned { key, since: None };
    let begun = Instant::now();
    let mut from = File::open(folder.join(log))?;
    let mut file = verify::File::new(&pinned);
    let mut buffer = vec![0; READ];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        file.take(&buffer[..read])?;
    }
    let Found::Export(export) = file.finish()? else { return Err("it is no export".into()) };
    let checkpoint = export.checkpoint.ok_or("nothing is signed")?;
    if export.signed_to != Some(export.last) || export.first != 1 {
        return Err("a part of it is not signed".into());
    }
    said(what, export.last, begun, &checkpoint.root);
    Ok(())
}

/// Adds entries of which the bytes are there to the tree.
fn add(folder: &Path) -> Result<(), Failure> {
    let file = std::fs::read(folder.join(SHORT))?;
    let contents: Vec<&[u8]> = contents(&file).collect();
    let begun = Instant::now();
    let mut range = Range::default();
    for content in &contents {
        range.push(leaf(content));
    }
    said(ADD, range.size(), begun, &range.root());
    Ok(())
}

/// Chains events: what they are is written down, hashed, and put into the tree.
fn append(folder: &Path) -> Result<(), Failure> {
    let events = events(folder)?;
    let begun = Instant::now();
    let (mut range, mut head) = (Range::default(), Head::genesis());
    for event in events {
        let entry = Entry::chain(head.seq + 1, &head.hash, event, events::LEGAL_BASIS);
        range.push(entry.hash_bytes().ok_or("no hash")?);
        head = Head { seq: entry.seq, hash: entry.hash };
    }
    said(APPEND, range.size(), begun, &range.root());
    Ok(())
}

/// The SHA-256 of something.
pub fn hash(bytes: &[u8]) -> Result<Hash, Failure> {
    Ok(digest(&SHA256, bytes).as_ref().try_into()?)
}

/// What a leaf is of, and so the hash of an entry: its line without what is around it. `None` if the line is no entry's.
pub fn content(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"{\"entry\":")?;
    rest.get(..rest.len().checked_sub(",\"hash\":\"\"}".len() + 64)?)
}

/// That of each entry of an export.
pub fn contents(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    file.split(|byte| *byte == b'\n').filter_map(content)
}

/// As many events as the shorter log has entries.
pub fn events(folder: &Path) -> Result<Vec<Event>, Failure> {
    let entries = contents(&std::fs::read(folder.join(SHORT))?).count();
    Ok(events::all()?.take(entries).collect())
}
