//! `checkpoint-audit`: signs how each tenant's log stands, and issues the receipts of what it closed and the proofs of the
//! evidence packs that it names (G5).
//!
//! It goes on from the last checkpoint that was signed: the entries after it are read and checked against it, so that
//! a log that is inconsistent with what was signed before is never signed. Then it reads some of what was signed earlier
//! again. It keeps nothing but what it writes among the evidence, so it may stop anywhere, and two at once write the same.

mod issuing;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::Arc;

use audit::tree::{Grown, Range};
use audit::{Checkpoint, Entry, GENESIS, VerifierKey, verify_chain};
use domain::TenantId;
use ports::{AuditLog, Budget, Clock, Code, Entropy, Evidence, Listed, Notary, Requests, Tenants};

use crate::checkpoints::{Checkpoints, Standing, Times, named};
use crate::error::StepError;
use crate::everybody::all;

pub use turns::Turns;

/// Entries that one checkpoint covers more than the last at the most: they are held at once.
const MOST_NEW: usize = 10_000;

/// Entries of a log that are read again in one run, about: up to the next checkpoint after so many.
const AGAIN: u64 = 2_000;

/// Blocks that are asked for at once.
const BLOCKS: usize = 20;

/// Ranges of checkpoints that earlier runs began and did not sign, and that are compared, at the most: the first ones.
const MOST_BEGUN: usize = 20;

/// Errors that a run tells of at the most; it counts all.
const MOST_ERRORS: usize = 20;

/// What the step needs.
pub struct Ports {
    /// The log.
    pub audit_log: Arc<dyn AuditLog>,
    /// Where checkpoints and receipts are kept.
    pub evidence: Arc<dyn Evidence>,
    /// Who signs.
    pub notary: Arc<dyn Notary>,
    /// Whose statements are proved.
    pub requests: Arc<dyn Requests>,
    /// Whose logs there are.
    pub tenants: Arc<dyn Tenants>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// What the deployment's logs are called: each tenant's is `<name>/<tenant>`.
    pub log_name: String,
    /// Where the run before stopped.
    pub turns: Turns,
}

/// What one run did. Counts, for the log and the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Checkpoints that were signed.
    pub signed: usize,
    /// Entries that they newly cover.
    pub entries: u64,
    /// Receipts that were issued.
    pub receipts: usize,
    /// Proofs of packs that were issued.
    pub packs: usize,
    /// What failed, with the logs of tenants or their receipts.
    pub failed: usize,
    /// Of these: that a log, or what is kept of it, is not what was signed.
    pub broken: usize,
    /// Tenants whose log is not signed to its end: something failed, or the time was up.
    pub unsigned: usize,
    /// Receipts that cannot be issued, since what they would say is not what was chained.
    pub unissuable: usize,
    /// Items of the registry that should be a tenant's and name none: whose log they stand for is not known.
    pub unreadable: usize,
    /// Whether the time was up before it was at each. Then the next run goes on.
    pub out_of_time: bool,
    /// What went wrong, of the first.
    pub errors: Vec<(TenantId, StepError)>,
    failure: Option<StepError>,
}

impl Done {
    /// How the run ended: its first failure is its own, after all had their turn.
    pub fn ended(self) -> Result<(), StepError> {
        self.failure.map_or(Ok(()), Err)
    }

    fn note(&mut self, tenant: &TenantId, error: StepError) {
        self.failed += 1;
        self.broken += usize::from(matches!(&error, StepError::Fault(f) if f.code == Code::AuditBroken));
        self.failure.get_or_insert_with(|| error.clone());
        self.tell(tenant, error);
    }

    fn tell(&mut self, tenant: &TenantId, error: StepError) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push((tenant.clone(), error));
        }
    }
}

/// Runs the step. What is wrong with one tenant's log does not keep the others from it. It begins after the tenant with
/// which the run before stopped, so that where the time does not suffice for all, the next runs come to the rest.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Result<Done, StepError> {
    let public = ports.notary.public_key().await?;
    let Listed { mut tenants, unreadable } = all(&*ports.tenants).await?;
    let mut done = Done { unreadable, ..Done::default() };
    ports.turns.begin_after_signed(&mut tenants, &*ports.entropy);
    let mut signed = Vec::new();
    for tenant in &tenants {
        if budget.is_spent() {
            done.out_of_time = true;
            break;
        }
        match checkpoint(ports, public, tenant, budget, &mut done).await {
            Ok(Some(size)) => signed.push((tenant.clone(), size)),
            Ok(None) => {}
            Err(error) => done.note(tenant, error),
        }
        ports.turns.signed(tenant);
    }
    done.unsigned = tenants.len() - signed.len();
    look_back(ports, public, signed, budget, &mut done).await;
    Ok(done)
}

/// Signs a log to its end: how many entries it has, if the time sufficed.
async fn checkpoint(
    ports: &Ports,
    public: [u8; 32],
    tenant: &TenantId,
    budget: &dyn Budget,
    done: &mut Done,
) -> Result<Option<u64>, StepError> {
    let key = named(public, &ports.log_name, tenant)?;
    let log = Log::new(ports, tenant, &key);
    let mut head = ports.audit_log.head(tenant).await?;
    while let Some(signed) = log.own.after(head.seq).await? {
        // Another run can have signed what was chained since.
        head = ports.audit_log.head(tenant).await?;
        if head.seq < signed {
            return Err(log.own.broken("the table has fewer entries than were signed").into());
        }
    }
    let mut last = log.own.last_from(ports.turns.known(&key), head.seq).await?;
    let known = last.as_ref().map_or(0, |last| last.size);
    let mut issued = log.own.issued_to(known).await?;
    let (before, failed) = (issued, done.failed);
    let ended = loop {
        let signed_to = last.as_ref().map_or(0, |last| last.size);
        ports.turns.know(&key, signed_to);
        if signed_to == head.seq {
            let same = last.as_ref().map_or(GENESIS, |last| &last.hash) == head.hash;
            if !same {
                return Err(log.own.broken("the last entry is not what was signed").into());
            }
            break Some(signed_to);
        }
        if budget.is_spent() {
            done.out_of_time = true;
            break None;
        }
        let entries = log.entries(last.as_ref(), head.seq.min(signed_to + MOST_NEW as u64)).await?;
        let new = log.sign(last.as_ref(), &entries).await?;
        done.signed += 1;
        done.entries += entries.len() as u64;
        // What is read already need not be read again; what failed before comes first.
        if issued == signed_to && log.issue_noting(last.as_ref(), &entries, &new, budget, done).await {
            issued = new.size;
        }
        last = Some(new);
    };
    let to = last.as_ref().map_or(0, |last| last.size);
    // What failed just now is left to the next run.
    if done.failed == failed
        && let Err(error) = log.issue_rest(before, issued, to, budget, done).await
    {
        done.note(tenant, error);
    }
    Ok(ended)
}

/// Reads of each log a part again that was signed earlier, as far as there is time: one after another, and when it is at the
/// end, from the beginning.
async fn look_back(
    ports: &Ports,
    public: [u8; 32],
    mut signed: Vec<(TenantId, u64)>,
    budget: &dyn Budget,
    done: &mut Done,
) {
    ports.turns.begin_after_seen(&mut signed);
    for (tenant, size) in signed.into_iter().filter(|(_, size)| *size > 0) {
        if budget.is_half_spent() {
            break;
        }
        if let Err(error) = look_back_at(ports, public, &tenant, size).await {
            done.note(&tenant, error);
        }
        ports.turns.seen(&tenant);
    }
}

async fn look_back_at(
    ports: &Ports,
    public: [u8; 32],
    tenant: &TenantId,
    size: u64,
) -> Result<(), StepError> {
    let key = named(public, &ports.log_name, tenant)?;
    let log = Log::new(ports, tenant, &key);
    // A process that remembers nothing begins anywhere.
    let from = if let Some(from) = ports.turns.seen_to(&key) {
        from
    } else {
        let place = u64::try_from(ports.entropy.bits() % u128::from(size)).unwrap_or_default();
        log.own.after(place).await?.unwrap_or(size)
    };
    let from = if from < size { from } else { 0 };
    // If this fails it is here again the next time.
    ports.turns.saw_to(&key, from);
    ports.turns.saw_to(&key, log.see_again(from, size).await?);
    Ok(())
}

struct Log<'a> {
    ports: &'a Ports,
    key: &'a VerifierKey,
    own: Checkpoints<'a>,
}

impl<'a> Log<'a> {
    fn new(ports: &'a Ports, tenant: &'a TenantId, key: &'a VerifierKey) -> Self {
        Self { ports, key, own: Checkpoints { evidence: &*ports.evidence, tenant, key } }
    }

    /// The entries after a checkpoint, up to a place: those that follow from it.
    async fn entries(&self, after: Option<&Standing>, to: u64) -> Result<Vec<Entry>, StepError> {
        let first = after.map_or(0, |last| last.size) + 1;
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let next = first + entries.len() as u64;
            if next > to {
                break;
            }
            let blocks = self.ports.audit_log.read(self.own.tenant, next, BLOCKS).await?;
            let found = blocks.into_iter().flat_map(|block| block.entries);
            let before = entries.len();
            entries.extend(found.filter(|entry| (next..=to).contains(&entry.seq)));
            if entries.len() == before {
                return Err(self.own.broken("entries are missing").into());
            }
        }
        let previous = after.map_or(GENESIS, |last| last.hash.as_str());
        let whole = verify_chain(first, previous, &entries).is_ok()
            && entries.iter().all(|entry| entry.event.tenant == *self.own.tenant);
        if whole {
            Ok(entries)
        } else {
            Err(self.own.broken("entries do not follow from what was signed").into())
        }
    }

    fn grown(&self, after: Option<&Standing>, entries: &[Entry]) -> Result<(Range, Grown), StepError> {
        let mut range = after.map(|last| last.range.clone()).unwrap_or_default();
        let leaves: Option<Vec<_>> = entries.iter().map(Entry::hash_bytes).collect();
        let leaves = leaves.ok_or_else(|| self.own.broken("a hash does not read"))?;
        let grown = Grown::new(&range, leaves.clone());
        for leaf in leaves {
            range.push(leaf);
        }
        Ok((range, grown))
    }

    /// Signs how the log stands with these entries more, and keeps it.
    async fn sign(&self, after: Option<&Standing>, entries: &[Entry]) -> Result<Standing, StepError> {
        let (range, _) = self.grown(after, entries)?;
        let base = after.map_or(0, |last| last.size);
        let hash = entries.last().map_or(GENESIS.to_owned(), |entry| entry.hash.clone());
        // A run that dies between a range and its checkpoint leaves what it was about to sign: the same is there still.
        for (size, before) in self.own.begun(base, range.size(), MOST_BEGUN).await? {
            let count = usize::try_from(size - base).unwrap_or(usize::MAX).min(entries.len());
            let (then, _) = self.grown(after, &entries[..count])?;
            let same = entries[..count].last().is_some_and(|entry| entry.hash == before.hash);
            if !same || before.range(size).map(|range| range.root()) != Some(then.root()) {
                return Err(self.own.broken("something else was to be signed before").into());
            }
        }
        let times = Times::over(after, entries);
        let mut new = Standing { size: range.size(), note: String::new(), hash, range, base, times };
        self.own.begin(&new).await?;
        let checkpoint =
            Checkpoint { origin: self.key.name().to_owned(), size: new.size, root: new.range.root() };
        let text = checkpoint.text();
        new.note = self.key.note(&text, &self.ports.notary.sign(text.as_bytes()).await?);
        if Checkpoint::open(&new.note, self.key).as_ref() != Ok(&checkpoint) {
            return Err(self.own.broken("the notary's signature is not its key's").into());
        }
        self.own.keep(&new).await?;
        Ok(new)
    }

    /// The checkpoint over so many entries; none over none.
    async fn standing(&self, size: u64) -> Result<Option<Standing>, StepError> {
        if size == 0 { Ok(None) } else { Ok(Some(self.own.standing(size).await?)) }
    }

    /// Reads some entries after a checkpoint again: to where it goes on the next time.
    async fn see_again(&self, from: u64, size: u64) -> Result<u64, StepError> {
        let to = self.own.after(from + AGAIN - 1).await?.map_or(size, |to| to.min(size));
        let base = self.standing(from).await?;
        let signed = self.own.standing(to).await?;
        let entries = self.entries(base.as_ref(), to).await?;
        let (range, _) = self.grown(base.as_ref(), &entries)?;
        let last = entries.last().map(|entry| &entry.hash);
        if range.root() != signed.range.root() || last != Some(&signed.hash) {
            return Err(self.own.broken("entries are not what was signed").into());
        }
        Ok(to)
    }
}
