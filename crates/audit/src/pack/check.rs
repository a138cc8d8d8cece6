//! Checking a pack, file by file, in constant memory for the log and some hundred bytes for each request.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{Context, SHA256};
use domain::{PackId, RequestId};
use serde::Deserialize;

use super::flaw::{Flaw, Unfit};
use super::log::{Counted, Log, Read};
use super::metrics::Metrics;
use super::proof::{Bound, PackProof};
use super::receipts::{
    AllHeld, Held, NoReceipt, Receipts, matched, parse_no_receipt_name, parse_receipt_name,
};
use super::{
    CHECKPOINT, FORMAT, FileLine, LOG, MANIFEST, METRICS, MOST_BYTES, MOST_RECEIPTS, Manifest, PAGE, PROOF,
    README, VERIFIER, derived,
};
use crate::checkpoint::{Checkpoint, tenant_of};
use crate::problem::{Problem, Wrong};
use crate::tree::Hash;
use crate::verify::newer::newer;
use crate::verify::{Export, Pinned, exactly, receipt};

/// An archive that can be read in any order. Its names are unique.
pub trait Archive {
    /// What it has: each file's name and length, unpacked.
    fn files(&self) -> Vec<(String, u64)>;

    /// Reads a file from its beginning; whatever is said of a piece ends it.
    fn read(&mut self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<(), Flaw>) -> Result<(), Flaw>;
}

/// What a pack was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// What it consists of.
    pub manifest: Manifest,
    /// By what the log names it.
    pub id: PackId,
    /// What its log is; [`Export::fresh`] says whether it is of the log of the checkpoint that was seen before.
    pub export: Export,
    /// What its log gives, and all that follows from it does; `None` if the log says what only a later version knows, so that
    /// nobody can tell here what it gives.
    pub figures: Option<Figures>,
    /// The first file that says what only a later version knows, where a signature covers it: functions are updated one by
    /// one, and a verifier is kept for years. The rest was checked all the same.
    pub newer: Option<String>,
    /// What binds it to the log; none if it was made without that.
    pub bound: Option<Bound>,
    /// What its checkpoints say, each signed: so many entries have this root.
    pub signed: Vec<(u64, Hash)>,
    /// Whether the page that checks files is this program's own. Another version's is not checked.
    pub own_verifier: bool,
    /// Whether it was shown to go on from the checkpoint that was seen before; `None` if none was given.
    pub fresh: Option<bool>,
}

/// What a pack counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The figures, as its log gives them.
    pub metrics: Metrics,
    /// How many receipts it has, and how many it should have and has not.
    pub receipts: Receipts,
}

/// What signed checkpoints say: so many entries have this root; and which file said so first.
type Said = BTreeMap<u64, (Hash, String)>;

/// Checks a pack with a key. Its log notes the tree's root at these `sizes`, of which other files say something; `entries` is
/// told how many entries of the log were read so far.
pub fn check(
    archive: &mut dyn Archive,
    pinned: &Pinned,
    sizes: &BTreeSet<u64>,
    entries: &dyn Fn(u64),
) -> Result<Pack, Flaw> {
    let there: BTreeMap<String, u64> = archive.files().into_iter().collect();
    if there.len() > MOST_RECEIPTS + 10 {
        return Err(Flaw::unreadable("it has too many files"));
    }
    let bytes = small(archive, &there, MANIFEST)?;
    of_this_version(archive, &there, &bytes)?;
    let manifest: Manifest = exactly(&bytes).ok_or(Flaw::of(MANIFEST, Unfit::Unreadable))?;
    let id = Manifest::id(&bytes).ok_or(Flaw::of(MANIFEST, Unfit::Unreadable))?;
    drop(bytes);
    listed(&manifest, &there)?;
    if tenant_of(pinned.key.name()).as_ref() != Some(&manifest.tenant) {
        return Err(Flaw::of(MANIFEST, Unfit::Foreign));
    }
    let mut checking = Checking {
        archive,
        there,
        lines: manifest.files.iter().map(|line| (line.name.clone(), line.clone())).collect(),
        // Whether the pack is older than what was seen before is asked of all of it, at the end.
        pinned: Pinned { key: pinned.key.clone(), since: None },
        said: Said::new(),
        newer: None,
    };
    let held = checking.receipts()?;
    let Read { mut export, counted } = checking.log(&manifest, pinned, sizes, entries)?;
    checking.one_history(&export)?;
    let figures = counted.map(|counted| figures(counted, &held)).transpose()?;
    checking.checkpoint(&export)?;
    let own_verifier = checking.derived(figures.as_ref())?;
    let bound = checking.proof((&id, &manifest), &export)?;
    let fresh = checking.freshness(pinned, bound.as_ref(), &mut export)?;
    let Checking { said, newer, .. } = checking;
    let signed = said.into_iter().map(|(size, (root, _))| (size, root)).collect();
    Ok(Pack { manifest, id, export, figures, newer, bound, signed, own_verifier, fresh })
}

/// What a log counts, with the receipts that there are of it.
fn figures(counted: Counted, held: &AllHeld) -> Result<Figures, Flaw> {
    let Counted { metrics, closings } = counted;
    Ok(Figures { metrics, receipts: matched(held, &closings)? })
}

/// Whether the archive has what the manifest lists, and nothing else.
fn listed(manifest: &Manifest, there: &BTreeMap<String, u64>) -> Result<(), Flaw> {
    let in_order = manifest.files.is_sorted_by(|one, next| one.name < next.name);
    if manifest.pack != FORMAT || !in_order {
        return Err(Flaw::of(MANIFEST, Unfit::Unreadable));
    }
    let fixed = ["README.txt", CHECKPOINT, "index.html", LOG, "metrics.csv", METRICS, VERIFIER];
    let lines: BTreeMap<&str, &FileLine> =
        manifest.files.iter().map(|line| (line.name.as_str(), line)).collect();
    for name in lines.keys().copied().chain(fixed) {
        if !there.contains_key(name) {
            return Err(Flaw::of(name, Unfit::Missing));
        }
    }
    for (name, bytes) in there {
        let line = lines.get(name.as_str());
        let belongs = fixed.contains(&name.as_str())
            || parse_receipt_name(name).or_else(|| parse_no_receipt_name(name)).is_some();
        match line {
            None if name == MANIFEST || name == PROOF => {}
            Some(line) if belongs && line.bytes == *bytes => {}
            Some(_) if belongs => return Err(Flaw::of(name, Unfit::Altered)),
            _ => return Err(Flaw::of(name, Unfit::Extra)),
        }
    }
    Ok(())
}

/// Whether a pack is of this version. It is another's only if the manifest and the figures say so alike: one that was altered
/// in one of them is broken, not another's.
fn of_this_version(
    archive: &mut dyn Archive,
    there: &BTreeMap<String, u64>,
    manifest: &[u8],
) -> Result<(), Flaw> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(alias = "metrics")]
        pack: String,
    }
    fn version(bytes: &[u8]) -> Option<u32> {
        let Named { pack } = serde_json::from_slice(bytes).ok()?;
        let number: u32 = pack.strip_prefix("lacuna/")?.parse().ok()?;
        (pack != FORMAT && pack == format!("lacuna/{number}")).then_some(number)
    }
    let Some(other) = version(manifest) else { return Ok(()) };
    if version(&small(archive, there, METRICS)?) == Some(other) {
        return Err(Flaw::of(Flaw::ARCHIVE, Unfit::AnotherVersion(other)));
    }
    Ok(())
}

/// A file that is short, whole.
fn small(archive: &mut dyn Archive, there: &BTreeMap<String, u64>, name: &str) -> Result<Vec<u8>, Flaw> {
    let length = *there.get(name).ok_or(Flaw::of(name, Unfit::Missing))?;
    if length > MOST_BYTES as u64 {
        return Err(Flaw::of(name, Unfit::TooLarge));
    }
    let mut bytes = Vec::new();
    archive.read(name, &mut |piece| {
        // Whatever length it claims.
        if bytes.len() + piece.len() > MOST_BYTES {
            return Err(Flaw::of(name, Unfit::TooLarge));
        }
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

struct Checking<'a> {
    archive: &'a mut dyn Archive,
    there: BTreeMap<String, u64>,
    lines: BTreeMap<String, FileLine>,
    pinned: Pinned,
    said: Said,
    /// The first file that holds, in words that are not known here.
    newer: Option<String>,
}

impl Checking<'_> {
    /// A short file, as the manifest lists it.
    fn file(&mut self, name: &str) -> Result<Vec<u8>, Flaw> {
        let bytes = small(self.archive, &self.there, name)?;
        let mut hash = Context::new(&SHA256);
        hash.update(&bytes);
        self.is_listed(name, bytes.len() as u64, hash)?;
        Ok(bytes)
    }

    fn is_listed(&self, name: &str, bytes: u64, hash: Context) -> Result<(), Flaw> {
        let sha256 = hex::encode(hash.finish());
        let line = self.lines.get(name).filter(|line| line.bytes == bytes && line.sha256 == sha256);
        line.map(drop).ok_or(Flaw::of(name, Unfit::Altered))
    }

    /// Notes a signed checkpoint: two of one size have one root.
    fn say(&mut self, name: &str, checkpoint: &Checkpoint) -> Result<(), Flaw> {
        let said = self.said.entry(checkpoint.size).or_insert_with(|| (checkpoint.root, name.to_owned()));
        if said.0 == checkpoint.root { Ok(()) } else { Err(Flaw::of(name, Unfit::Forked)) }
    }

    /// What there is of each closing.
    fn receipts(&mut self) -> Result<AllHeld, Flaw> {
        let names: Vec<String> = self.there.keys().cloned().collect();
        let mut all = AllHeld::new();
        for name in names {
            let (request, seq, held) = if let Some((request, seq)) = parse_receipt_name(&name) {
                let held = self.receipt(&name, &request, seq)?;
                (request, seq, held)
            } else if let Some((request, seq)) = parse_no_receipt_name(&name) {
                let read = NoReceipt::read(&self.file(&name)?).ok_or(Flaw::of(&name, Unfit::Unreadable))?;
                if read != NoReceipt::new(request.clone(), seq, read.why) {
                    return Err(Flaw::of(&name, Unfit::AnotherReceipt));
                }
                (request, seq, Held::None(read.why))
            } else {
                continue;
            };
            if all.insert(seq, (request, held)).is_some() {
                return Err(Flaw::of(&name, Unfit::Extra));
            }
        }
        Ok(all)
    }

    fn receipt(&mut self, name: &str, request: &RequestId, seq: u64) -> Result<Held, Flaw> {
        let bytes = self.file(name)?;
        let held = match receipt(&self.pinned, &bytes) {
            Ok(proved) if proved.seq == seq && proved.statement.request == *request => {
                self.say(name, &proved.checkpoint)?;
                Held::Receipt { hash: hex::encode(proved.hash), statement: proved.statement.sha256() }
            }
            Err(problem) if problem == Problem::of("receipt", Wrong::Unreadable) => {
                let newer = newer(&self.pinned, &bytes).map_err(|problem| Flaw::of(name, problem.into()))?;
                if newer.seq != seq || newer.request != request.as_str() {
                    return Err(Flaw::of(name, Unfit::AnotherReceipt));
                }
                self.say(name, &newer.checkpoint)?;
                self.newer.get_or_insert_with(|| name.to_owned());
                Held::Receipt { hash: newer.hash, statement: newer.statement }
            }
            Err(problem) => return Err(Flaw::of(name, problem.into())),
            Ok(_) => return Err(Flaw::of(name, Unfit::AnotherReceipt)),
        };
        Ok(held)
    }

    fn log(
        &mut self,
        manifest: &Manifest,
        given: &Pinned,
        others: &BTreeSet<u64>,
        entries: &dyn Fn(u64),
    ) -> Result<Read, Flaw> {
        let mut sizes: BTreeSet<u64> = self.said.keys().chain(others).copied().collect();
        sizes.extend(given.since.as_ref().map(|since| since.size));
        let mut log = Log::new(&self.pinned, manifest.tenant.clone(), manifest.period, sizes);
        let (mut hash, mut bytes) = (Context::new(&SHA256), 0);
        self.archive.read(LOG, &mut |piece| {
            hash.update(piece);
            bytes += piece.len() as u64;
            log.take(piece).map_err(|what| Flaw::of(LOG, what))?;
            entries(log.entries());
            Ok(())
        })?;
        let read = log.finish().map_err(|what| Flaw::of(LOG, what))?;
        self.is_listed(LOG, bytes, hash)?;
        if read.counted.is_none() {
            self.newer = Some(LOG.to_owned());
        }
        Ok(read)
    }

    fn checkpoint(&mut self, export: &Export) -> Result<(), Flaw> {
        let bytes = self.file(CHECKPOINT)?;
        let note = String::from_utf8(bytes).map_err(|_| Flaw::of(CHECKPOINT, Unfit::Unreadable))?;
        let read = Checkpoint::open(&note, &self.pinned.key);
        let read = read.map_err(|_| Flaw::of(CHECKPOINT, Problem::of("checkpoint", Wrong::Forged).into()))?;
        if export.checkpoint.as_ref() != Some(&read) {
            return Err(Flaw::of(CHECKPOINT, Unfit::NotTheCheckpoint));
        }
        self.say(CHECKPOINT, &read)
    }

    /// Whether the files that follow from the figures do, where these are known, and the others are as they are listed;
    /// whether the page that checks files is this program's.
    fn derived(&mut self, figures: Option<&Figures>) -> Result<bool, Flaw> {
        let follow = figures.map(|Figures { metrics, receipts }| derived(metrics, receipts));
        let follow: BTreeMap<&str, Vec<u8>> = follow.into_iter().flatten().collect();
        let mut own = false;
        for name in ["README.txt", "index.html", "metrics.csv", METRICS, VERIFIER] {
            let bytes = self.file(name)?;
            let same = follow.get(name).is_none_or(|expect| *expect == bytes);
            match name {
                VERIFIER => own = bytes == PAGE.as_bytes(),
                "README.txt" if bytes != README.as_bytes() => return Err(Flaw::of(name, Unfit::NotThePacks)),
                _ if !same => return Err(Flaw::of(name, Unfit::NotTheFigures)),
                _ => {}
            }
        }
        Ok(own)
    }

    fn proof(&mut self, pack: (&PackId, &Manifest), export: &Export) -> Result<Option<Bound>, Flaw> {
        if !self.there.contains_key(PROOF) {
            return Ok(None);
        }
        let bytes = small(self.archive, &self.there, PROOF)?;
        let bound = PackProof::check(&bytes, &self.pinned.key, pack, (export.last, &export.root));
        let bound = bound.map_err(|what| Flaw::of(PROOF, what))?;
        self.say(PROOF, &bound.checkpoint)?;
        Ok(Some(bound))
    }

    /// What was signed elsewhere is what the log comes by.
    fn one_history(&self, export: &Export) -> Result<(), Flaw> {
        let forked =
            export.roots.iter().find_map(|(size, root)| self.said.get(size).filter(|(said, _)| said != root));
        forked.map_or(Ok(()), |(_, name)| Err(Flaw::of(name, Unfit::Forked)))
    }

    /// Whether the pack is of the log of the checkpoint that was seen before: its log comes by it, or it is that of the proof,
    /// whose log goes on from the pack's.
    fn freshness(
        &self,
        given: &Pinned,
        bound: Option<&Bound>,
        export: &mut Export,
    ) -> Result<Option<bool>, Flaw> {
        let Some(since) = &given.since else { return Ok(None) };
        let ends = [(export.first - 1, export.before), (export.last, export.root)];
        let proved = bound.map(|bound| (bound.checkpoint.size, bound.checkpoint.root));
        let own: Vec<Hash> = export
            .roots
            .iter()
            .copied()
            .chain(ends)
            .chain(proved)
            .filter_map(|(size, root)| (size == since.size).then_some(root))
            .collect();
        let said = self.said.get(&since.size).map(|(root, _)| *root);
        if own.iter().copied().chain(said).any(|root| root != since.root) {
            let problem = Problem { seq: Some(since.size), field: None, what: Wrong::Forked };
            return Err(Flaw::of(LOG, problem.into()));
        }
        export.fresh = !own.is_empty();
        Ok(Some(export.fresh))
    }
}
