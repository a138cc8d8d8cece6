//! Making packages: staged rows and content in, uploads out.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::step::Run;
use domain::Status;
use domain::catalog::{Collection, Store};
use domain::event::EventKind;
use domain::export::Package;
use export::{About, Carried, Limits, Outcome, Packager, Recipient};
use ports::{Budget, Entropy, Packages, Signer, Upload};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::change::{Amend, Draft, PATIENCE, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::papers::Desk;
use crate::staged::{Shelf, StagedCollection, StagedStore, collected_prefix};

/// Ready bytes that are sent at once.
const SENT: usize = 1 << 20;

/// What was made.
pub(super) struct Packed {
    pub packages: Vec<Package>,
    pub records: u64,
}

/// Out of what, for whom, and to where.
pub(super) struct Packing<'a> {
    pub to: &'a dyn Packages,
    pub signer: &'a dyn Signer,
    pub entropy: &'a dyn Entropy,
    pub desk: &'a Desk<'a>,
    pub run: &'a Run,
    /// Whose request it is: asked before a package is begun, and before it appears.
    pub scope: &'a Scope<'a>,
    /// The stores that were searched, in the order of the catalog.
    pub stores: Vec<&'a Store>,
    pub recipient: Option<Recipient>,
    pub limits: Limits,
}

/// How far it is: what comes next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Position {
    store: usize,
    searched: bool,
    collection: usize,
    open: bool,
    contents: bool,
    page: usize,
    row: usize,
}

/// What is kept between two packages. Sealed.
#[derive(Serialize, Deserialize)]
struct Paused {
    carried: Carried,
    at: Position,
    packages: Vec<Package>,
    records: u64,
}

/// Which package was ended last, and in how many pieces it is kept what comes next.
#[derive(Serialize, Deserialize)]
struct Head {
    number: u32,
    pieces: u32,
}

/// A package under way, and those before it.
struct Work<'a> {
    packing: &'a Packing<'a>,
    packager: Packager,
    name: String,
    upload: Box<dyn Upload>,
    hash: digest::Context,
    bytes: u64,
    at: Position,
    packages: Vec<Package>,
    records: u64,
}

impl Packing<'_> {
    /// Makes all packages, from the first that was not ended; `None` if the time was up between two.
    pub(super) async fn run(&self, about: About, budget: &dyn Budget) -> Result<Option<Packed>, StepError> {
        let paused = self.paused().await?;
        let recipient = self.recipient.as_ref();
        let mut work = if let Some(paused) = paused {
            Work::go_on(self, paused).await?
        } else {
            let packager = Packager::begin(about, self.limits, recipient)?;
            Work::begin(self, packager, Position::default(), Vec::new(), 0).await?
        };
        while let Some(store) = self.stores.get(work.at.store) {
            let kept = Shelf::of(self.desk, self.run, &store.id);
            let index = kept.index().await?;
            if !work.at.searched {
                work.packager.searched(store, outcome(&index));
                work.at.searched = true;
            }
            while let Some(collection) = store.collections.get(work.at.collection) {
                let staged = index.collections.get(&collection.name).cloned().unwrap_or_default();
                if !work.at.open {
                    let columns: Vec<String> = staged.columns.iter().cloned().collect();
                    work.packager.open(store, collection, &columns)?;
                    work.at.open = true;
                }
                work = match work.contents(&kept, collection, &staged, budget).await? {
                    Some(work) => work,
                    None => return Ok(None),
                };
                work = match work.records(&kept, &staged, budget).await? {
                    Some(work) => work,
                    None => return Ok(None),
                };
                work.packager.close()?;
                let (store, collection) = (work.at.store, work.at.collection + 1);
                work.at = Position { store, searched: true, collection, ..Position::default() };
            }
            work.at = Position { store: work.at.store + 1, ..Position::default() };
        }
        work.end().await.map(Some)
    }

    /// Where it is kept how far the packages are.
    fn paused_object(&self) -> String {
        let prefix = collected_prefix(&self.run.tenant, &self.run.request_id);
        format!("{prefix}g{}/packaging", self.run.generation)
    }

    /// Where it is kept what files are in a package that is ended.
    fn pieces_of(&self, number: u32) -> impl Fn(u32) -> String {
        let object = self.paused_object();
        move |piece| format!("{object}.{number}.{piece}")
    }

    /// How far the packages are; `None` if none was ended.
    async fn paused(&self) -> Result<Option<Paused>, StepError> {
        let Some(head) = self.desk.find::<Head>(&self.paused_object(), "packaging").await? else {
            return Ok(None);
        };
        self.desk.get_pieces(self.pieces_of(head.number), "packaging-state", head.pieces).await.map(Some)
    }

    /// Writes down how far they are, with one package more: the names of many objects are long.
    async fn pause(&self, number: u32, paused: &Paused) -> Result<(), StepError> {
        let pieces = self.desk.put_pieces(self.pieces_of(number), "packaging-state", paused).await?;
        let head = Head { number, pieces };
        self.desk.put(&self.paused_object(), "packaging", &head).await.map(drop)
    }

    fn lines_object(&self, number: u32) -> String {
        format!("{}-{number}", self.paused_object())
    }

    /// The name of a package below its request. Each attempt makes its own: one that was given up, or superseded, and
    /// goes on all the same replaces nothing. The last one never has the same bytes twice, since it is signed anew, and
    /// none that is encrypted has.
    fn name(&self, number: u32) -> String {
        let ending = if self.recipient.is_some() { "zip.age" } else { "zip" };
        format!("package-{}-{number}-{:032x}.{ending}", self.run.generation, self.entropy.bits())
    }

    /// Writes down that a package is begun. That is the sign of life for all of it: it takes less than an invocation,
    /// which has as long as the sweeper waits, and may have to be made again in another.
    async fn note_begun(&self, number: u32) -> Result<(), StepError> {
        amend_plainly(self.scope, |mut request| {
            let now = self.scope.clock.now();
            request.become_status(Status::Packaging)?;
            if let Some(export) = &mut request.export {
                export.begun_at = Some(now);
            }
            let mut draft = Draft::new(request, EventKind::Packaging, now).detail("package", number);
            draft.request.progress_by = later(now, PATIENCE * 2);
            Ok(Amend::commit(draft, ()))
        })
        .await
    }
}

impl<'a> Work<'a> {
    async fn go_on(packing: &'a Packing<'a>, paused: Paused) -> Result<Self, StepError> {
        let packager = Packager::go_on(paused.carried, packing.recipient.as_ref())?;
        Self::begin(packing, packager, paused.at, paused.packages, paused.records).await
    }

    async fn begin(
        packing: &'a Packing<'a>,
        packager: Packager,
        at: Position,
        before: Vec<Package>,
        records: u64,
    ) -> Result<Self, StepError> {
        packing.note_begun(packager.number()).await?;
        let name = packing.name(packager.number());
        let upload = packing.to.begin(&packing.run.tenant, &packing.run.request_id, &name).await?;
        let hash = digest::Context::new(&digest::SHA256);
        Ok(Self { packing, packager, name, upload, hash, bytes: 0, at, packages: before, records })
    }

    /// The objects of a collection: an archive's files follow each other, and the records then name them.
    /// `None` if the time was up.
    async fn contents(
        mut self,
        kept: &Shelf<'_>,
        collection: &Collection,
        staged: &StagedCollection,
        budget: &dyn Budget,
    ) -> Result<Option<Self>, StepError> {
        if self.at.contents {
            return Ok(Some(self));
        }
        while let Some(page) = staged.pages.get(self.at.page).filter(|_| collection.object.is_some()) {
            let rows = kept.page(*page).await?.rows;
            while let Some(row) = rows.get(self.at.row) {
                if let (Some(content), Some(held)) = (&row.content, &row.row.content) {
                    self.packager.content(held)?;
                    for block in 0..content.blocks {
                        let bytes = Zeroizing::new(kept.block(page.number, self.at.row, block).await?);
                        for chunk in bytes.chunks(SENT) {
                            self.packager.write(chunk)?;
                            self.send().await?;
                        }
                    }
                    self.packager.content_end(content.masked)?;
                }
                self.at.row += 1;
                self = match self.cut_if_full(budget).await? {
                    Some(work) => work,
                    None => return Ok(None),
                };
            }
            (self.at.page, self.at.row) = (self.at.page + 1, 0);
        }
        (self.at.contents, self.at.page, self.at.row) = (true, 0, 0);
        Ok(Some(self))
    }

    /// The records of a collection. `None` if the time was up.
    async fn records(
        mut self,
        kept: &Shelf<'_>,
        staged: &StagedCollection,
        budget: &dyn Budget,
    ) -> Result<Option<Self>, StepError> {
        while let Some(page) = staged.pages.get(self.at.page) {
            let rows = kept.page(*page).await?.rows;
            while let Some(row) = rows.get(self.at.row) {
                self.packager.record(&row.row, row.masked)?;
                self.send().await?;
                (self.at.row, self.records) = (self.at.row + 1, self.records + 1);
                self = match self.cut_if_full(budget).await? {
                    Some(work) => work,
                    None => return Ok(None),
                };
            }
            (self.at.page, self.at.row) = (self.at.page + 1, 0);
        }
        Ok(Some(self))
    }

    /// Ends a package that is full and begins the next one; `None` if there is no time for that.
    async fn cut_if_full(self, budget: &dyn Budget) -> Result<Option<Self>, StepError> {
        if !self.packager.is_full() {
            return Ok(Some(self));
        }
        let Self { packing, packager, name, upload, hash, bytes, at, mut packages, records } = self;
        let number = packager.number();
        let (rest, mut carried) = packager.cut()?;
        packages.push(ended(packing, upload, (hash, bytes, name), rest).await?);
        let lines = carried.take_lines();
        packing.desk.put(&packing.lines_object(number), "packaging-lines", &lines).await?;
        drop(lines);
        let paused = Paused { carried, at, packages, records };
        packing.pause(number, &paused).await?;
        // What is left must be enough for a whole package: one that is not ended is begun again.
        if budget.is_half_spent() {
            return Ok(None);
        }
        Self::go_on(packing, paused).await.map(Some)
    }

    /// The page, the manifest, its signature, and the end.
    async fn end(self) -> Result<Packed, StepError> {
        let Self { packing, packager, name, mut upload, mut hash, mut bytes, mut packages, records, .. } =
            self;
        let key = packing.signer.public_key().await?;
        let number = packager.number();
        let mut listing = packager.list(&key_id(&key.pem)?)?;
        for before in 1..number {
            let lines = packing.desk.get(&packing.lines_object(before), "packaging-lines", None).await?;
            listing.add(&lines)?;
            let mut ready = Vec::new();
            listing.take_into(&mut ready);
            hash.update(&ready);
            bytes += ready.len() as u64;
            upload.write(ready).await?;
        }
        let mut unsigned = listing.end()?;
        let signature = packing.signer.sign(unsigned.digest()).await?;
        let mut rest = Vec::new();
        unsigned.take_into(&mut rest);
        rest.extend(unsigned.sign(&signature.bytes)?.rest);
        packages.push(ended(packing, upload, (hash, bytes, name), rest).await?);
        Ok(Packed { packages, records })
    }

    /// Sends what is ready, if that is enough.
    async fn send(&mut self) -> Result<(), StepError> {
        if self.packager.ready() < SENT {
            return Ok(());
        }
        let mut ready = Vec::with_capacity(self.packager.ready());
        self.packager.take_into(&mut ready);
        self.hash.update(&ready);
        self.bytes += ready.len() as u64;
        Ok(self.upload.write(ready).await?)
    }
}

/// Sends the end of a package, and lets it appear.
async fn ended(
    packing: &Packing<'_>,
    mut upload: Box<dyn Upload>,
    (mut hash, bytes, name): (digest::Context, u64, String),
    rest: Vec<u8>,
) -> Result<Package, StepError> {
    hash.update(&rest);
    let bytes = bytes + rest.len() as u64;
    upload.write(rest).await?;
    if !packing.scope.load().await?.is_to_be_exported() {
        // The same call, made twice, was first.
        upload.abandon().await?;
        return Err(StepError::broken("package", "it is made already"));
    }
    upload.finish().await?;
    Ok(Package { name, bytes, sha256: hex::encode(hash.finish()) })
}

/// What the signing key is called in a package: SHA-256 of its `SubjectPublicKeyInfo`, in hex. The key
/// service's own name of it would tell the account.
fn key_id(pem: &str) -> Result<String, StepError> {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = STANDARD.decode(text).map_err(|_| StepError::broken("sign", "the public key is no PEM"))?;
    Ok(vault::sha256_hex(&spki))
}

fn outcome(index: &StagedStore) -> Outcome {
    let mut outcome = Outcome::default();
    for collection in index.collections.values() {
        outcome.gone += collection.gone;
        outcome.reassigned += collection.foreign;
        outcome.shown_elsewhere += collection.elsewhere;
        outcome.unreadable += collection.unreadable;
        outcome.archived += collection.archived;
        outcome.sealed += collection.sealed;
    }
    outcome
}
