//! A log as an auditor is given it: the chain is whole, and each checkpoint is signed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ::audit::tree::Range;
use ::audit::{Checkpoint, Entry, Head, VerifierKey, export, origin};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::TenantId;

use super::events::{self, TENANT};
use crate::Failure;

/// Entries between two checkpoints.
const EVERY: u64 = 10_000;
/// Bytes of a block of SHA-256, and of what begins a leaf and ends each message at the least.
const BLOCK: u64 = 64;
const AROUND: u64 = 1 + 9;

/// What was written.
#[derive(Default)]
pub struct Known {
    pub entries: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of the lines of the entries, of what their hashes are over, and blocks of SHA-256 of that.
    pub lines: u64,
    pub hashed: u64,
    pub blocks: u64,
    /// The hash of the last entry, and the root of the tree, in hex.
    pub last: String,
    pub root: String,
}

/// The key that the checkpoints are verified with.
pub fn key() -> Result<VerifierKey, Failure> {
    let public = pair()?.public_key().as_ref().try_into()?;
    Ok(VerifierKey::new(&origin("lacuna.example", &tenant()?), public).ok_or("no name of a key")?)
}

fn pair() -> Result<Ed25519KeyPair, Failure> {
    Ok(Ed25519KeyPair::from_seed_unchecked(&[7; 32])?)
}

fn tenant() -> Result<TenantId, Failure> {
    Ok(TENANT.parse()?)
}

/// Writes an export of the whole log, which goes on as long as it is wanted. The same each time.
pub fn write(path: &Path, wanted: impl Fn(&Known) -> bool) -> Result<Known, Failure> {
    let (pair, key) = (pair()?, key()?);
    let mut to = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut known, mut range, mut head) = (Known::default(), Range::default(), Head::genesis());
    let header = export::header(&tenant()?, 1, export::Before::new(&head.hash, &range), None);
    let mut line = |text: String| {
        to.write_all(text.as_bytes())?;
        Ok::<_, Failure>(text.len() as u64)
    };
    known.bytes += line(header)?;
    let mut events = events::all()?;
    while wanted(&known) {
        let event = events.next().ok_or("no more events")?;
        let entry = Entry::chain(head.seq + 1, &head.hash, event, events::LEGAL_BASIS);
        range.push(entry.hash_bytes().ok_or("no hash")?);
        let hashed = entry.content_bytes().len() as u64;
        let length = line(export::entry(&entry))?;
        known.entries += 1;
        known.bytes += length;
        known.lines += length;
        known.hashed += hashed;
        known.blocks += (hashed + AROUND).div_ceil(BLOCK);
        head = Head { seq: entry.seq, hash: entry.hash };
        if head.seq.is_multiple_of(EVERY) || !wanted(&known) {
            let origin = key.name().to_owned();
            let text = Checkpoint { origin, size: head.seq, root: range.root() }.text();
            let signature = pair.sign(text.as_bytes()).as_ref().try_into()?;
            known.bytes += line(export::checkpoint(&key.note(&text, &signature)))?;
        }
    }
    known.bytes += line(export::end(known.entries, head.seq, &head.hash))?;
    to.flush()?;
    (known.last, known.root) = (head.hash, hex::encode(range.root()));
    Ok(known)
}
