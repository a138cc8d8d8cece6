//! The crates beside ours. They keep every hash, so that they can prove; what they prove is looked at, and not timed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use ::audit::tree::Hash;
use ::audit::{Checkpoint, Entry, GENESIS};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use domain::event::Event;
use rs_merkle::{Hasher, MerkleTree};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::events::LEGAL_BASIS;
use super::ours::{READ, content, contents, events, say};
use super::{ADD, APPEND, LOG, SHORT, VERIFY};
use crate::{Failure, machine};

const CT_MERKLE: &str = "ct-merkle";
const RS_MERKLE: &str = "rs_merkle";

/// Those that there are.
pub const ALL: [&str; 2] = [CT_MERKLE, RS_MERKLE];

/// A tree of one of them.
trait Tree: Default {
    /// Adds an entry by its content.
    fn add(&mut self, content: &[u8]);
    /// The same, and says the entry's hash: that of its leaf.
    fn chain(&mut self, content: &[u8]) -> Hash;
    /// The root over all; `None` where only the end has one.
    fn so_far(&self) -> Option<Hash>;
    /// The root in the end.
    fn end(&mut self) -> Result<Hash, Failure>;
    /// Whether an entry is proved to be in it.
    fn proves(&self, index: usize, content: &[u8]) -> bool;
}

/// Does one job, and prints what it measured.
pub fn work(what: &str, peer: &str, folder: &Path) -> Result<(), Failure> {
    match peer {
        CT_MERKLE => measure::<Complete>(what, CT_MERKLE, folder),
        RS_MERKLE => measure::<Bulk>(what, RS_MERKLE, folder),
        other => Err(format!("no such crate: {other}").into()),
    }
}

fn measure<T: Tree>(what: &str, peer: &str, folder: &Path) -> Result<(), Failure> {
    let mut tree = T::default();
    let short = std::fs::read(folder.join(SHORT))?;
    let contents: Vec<&[u8]> = contents(&short).collect();
    let (begun, count, root) = match what {
        VERIFY => {
            let begun = Instant::now();
            let count = read(&folder.join(LOG), &mut tree)?;
            (begun, count, tree.end()?)
        }
        ADD => {
            let begun = Instant::now();
            for content in &contents {
                tree.add(content);
            }
            (begun, contents.len() as u64, tree.end()?)
        }
        APPEND => {
            let given = given(folder)?;
            let begun = Instant::now();
            write(&given, &mut tree)?;
            (begun, given.len() as u64, tree.end()?)
        }
        other => return Err(format!("no such job: {other}").into()),
    };
    let seconds = begun.elapsed().as_secs_f64();
    // Both logs begin with the same entry.
    if !contents.first().is_some_and(|first| tree.proves(0, first)) {
        return Err(format!("{peer}: no proof of the first entry").into());
    }
    say(peer, &machine::locked(peer), what, count, seconds, Some(&root));
    Ok(())
}

/// Adds each entry of an export, and compares the roots with those of its checkpoints. How many there are.
fn read(path: &Path, tree: &mut impl Tree) -> Result<u64, Failure> {
    let (mut from, mut line) = (BufReader::with_capacity(READ, File::open(path)?), Vec::new());
    let mut count = 0;
    while from.read_until(b'\n', &mut line)? > 0 {
        if let Some(content) = content(line.strip_suffix(b"\n").unwrap_or(&line)) {
            tree.add(content);
            count += 1;
        } else if line.starts_with(b"{\"checkpoint\":")
            && let Some(root) = tree.so_far()
        {
            let said: Value = serde_json::from_slice(&line)?;
            if Checkpoint::unchecked(said["checkpoint"].as_str().unwrap_or_default())?.root != root {
                return Err("a checkpoint has another root".into());
            }
        }
        line.clear();
    }
    Ok(count)
}

/// An entry as it is hashed.
#[derive(Serialize)]
struct Content<'a> {
    checks: &'a str,
    event: &'a Event,
    legal_basis: &'a str,
    prev_hash: &'a str,
    seq: u64,
}

/// The events of the shorter log with their check digits, which no peer makes.
fn given(folder: &Path) -> Result<Vec<(String, Event)>, Failure> {
    let entries = events(folder)?.into_iter().map(|event| {
        let entry = Entry::chain(1, GENESIS, event, LEGAL_BASIS);
        (entry.checks, entry.event)
    });
    Ok(entries.collect())
}

/// Writes each event as an entry after the one before, and adds that.
fn write(given: &[(String, Event)], tree: &mut impl Tree) -> Result<(), Failure> {
    let (mut previous, mut bytes) = (GENESIS.to_owned(), Vec::new());
    for (seq, (checks, event)) in (1..).zip(given) {
        let content = Content { checks, event, legal_basis: LEGAL_BASIS, prev_hash: &previous, seq };
        serde_json::to_writer(&mut bytes, &content)?;
        previous = hex::encode(tree.chain(&bytes));
        bytes.clear();
    }
    Ok(())
}

/// A tree that has its root after each leaf. It keeps the leaves' data, and does not say their hashes.
#[derive(Default)]
struct Complete(MemoryBackedTree<Sha256, Vec<u8>>);

impl Tree for Complete {
    fn add(&mut self, content: &[u8]) {
        self.0.push(content.to_vec());
    }

    fn chain(&mut self, content: &[u8]) -> Hash {
        self.add(content);
        Rfc6962::leaf(content)
    }

    fn so_far(&self) -> Option<Hash> {
        Hash::try_from(self.0.root().as_bytes().as_slice()).ok()
    }

    fn end(&mut self) -> Result<Hash, Failure> {
        Ok(self.so_far().ok_or("no root")?)
    }

    fn proves(&self, index: usize, content: &[u8]) -> bool {
        let proof = self.0.prove_inclusion(index);
        self.0.root().verify_inclusion(&content, index as u64, &proof).is_ok()
    }
}

/// RFC 6962's hashing: leaves and nodes have a prefix each. One without a sibling goes up as it is, as the crate does
/// by itself.
#[derive(Clone)]
struct Rfc6962;

impl Rfc6962 {
    fn leaf(content: &[u8]) -> Hash {
        Sha256::new_with_prefix([0]).chain_update(content).finalize().into()
    }
}

impl Hasher for Rfc6962 {
    type Hash = Hash;

    fn hash(data: &[u8]) -> Hash {
        Sha256::digest(data).into()
    }

    fn concat_and_hash(left: &Hash, right: Option<&Hash>) -> Hash {
        let Some(right) = right else { return *left };
        let mut input = [1; 65];
        input[1..33].copy_from_slice(left);
        input[33..].copy_from_slice(right);
        Self::hash(&input)
    }
}

/// A tree that is made at once of all leaves: adding to one that is there takes as long as making it anew.
#[derive(Default)]
struct Bulk {
    leaves: Vec<Hash>,
    tree: Option<MerkleTree<Rfc6962>>,
}

impl Tree for Bulk {
    fn add(&mut self, content: &[u8]) {
        let _ = self.chain(content);
    }

    fn chain(&mut self, content: &[u8]) -> Hash {
        let hash = Rfc6962::leaf(content);
        self.leaves.push(hash);
        hash
    }

    fn so_far(&self) -> Option<Hash> {
        None
    }

    fn end(&mut self) -> Result<Hash, Failure> {
        let tree = self.tree.insert(MerkleTree::from_leaves(&self.leaves));
        Ok(tree.root().ok_or("no root")?)
    }

    fn proves(&self, index: usize, content: &[u8]) -> bool {
        let Some(tree) = &self.tree else { return false };
        let root = tree.root().unwrap_or_default();
        tree.proof(&[index]).verify(root, &[index], &[Rfc6962::leaf(content)], self.leaves.len())
    }
}
