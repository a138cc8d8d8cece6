//! `checkpoint-audit`: signs how each tenant's log stands, and issues the receipts of what it closed and the proofs of the
//! evidence packs that it names (G5).
//!
//! It goes on from the last checkpoint that was signed: the entries after it are read and checked against it, so that
//! a log that is inconsistent with what was signed before is never signed. It keeps nothing but what it writes among the
//! evidence, so it may stop anywhere, and two at once write the same.

use std::sync::Arc;

use audit::pack::PackProof;
use audit::receipt::{self, DETAIL};
use audit::tree::{Grown, Range};
use audit::{Checkpoint, Entry, GENESIS, Inclusion, Receipt, Statement, VerifierKey, verify_chain};
use domain::TenantId;
use domain::event::About;
use ports::{AuditLog, Budget, Class, Entropy, Evidence, Notary, Requests, Tenants};

use crate::checkpoints::{Checkpoints, Standing, key_of, pack_object, receipt_object};
use crate::error::StepError;
use crate::everybody::everybody;

/// Entries that one checkpoint covers more than the last at the most: they are held at once.
const MOST_NEW: usize = 10_000;

/// Blocks that are asked for at once.
const BLOCKS: usize = 20;

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
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// What the deployment's logs are called: each tenant's is `<name>/<tenant>`.
    pub log_name: String,
}

/// What one run did. Counts, for the log.
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
    /// Tenants whose log could not be signed, or not all of whose receipts could be issued.
    pub failed: usize,
    /// Whether the time was up before it was at each. Then the next run goes on.
    pub out_of_time: bool,
    /// Of the first tenants that failed, why.
    pub errors: Vec<(TenantId, StepError)>,
}

impl Done {
    /// How the run ended: its first failure is its own, after all had their turn.
    pub fn ended(self) -> Result<(), StepError> {
        self.errors.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    fn note(&mut self, tenant: &TenantId, error: StepError) {
        self.failed += 1;
        if self.errors.len() < MOST_ERRORS {
            self.errors.push((tenant.clone(), error));
        }
    }
}

/// Runs the step. What is wrong with one tenant's log does not keep the others from it. It begins with a tenant by chance,
/// so that where the time does not suffice for all, the next runs come to the rest.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Result<Done, StepError> {
    let mut done = Done::default();
    for tenant in &everybody(&*ports.tenants, &*ports.entropy).await? {
        if budget.is_spent() {
            done.out_of_time = true;
            break;
        }
        if let Err(error) = checkpoint(ports, tenant, budget, &mut done).await {
            done.note(tenant, error);
        }
    }
    Ok(done)
}

async fn checkpoint(
    ports: &Ports,
    tenant: &TenantId,
    budget: &dyn Budget,
    done: &mut Done,
) -> Result<(), StepError> {
    let head = ports.audit_log.head(tenant).await?;
    if head.seq == 0 {
        return Ok(());
    }
    let key = key_of(&*ports.notary, &ports.log_name, tenant).await?;
    let log = Log { ports, key: &key, own: Checkpoints { evidence: &*ports.evidence, tenant, key: &key } };
    if log.own.after(head.seq).await?.is_some() {
        return Err(log.own.broken("the table has fewer entries than were signed").into());
    }
    let mut last = log.own.last(head.seq).await?;
    if let Some(last) = &last
        && !log.own.is_issued(last.size).await?
    {
        let base = if last.base == 0 { None } else { Some(log.own.standing(last.base).await?) };
        let entries = log.entries(base.as_ref(), last.size).await?;
        log.issue(base.as_ref(), &entries, last, done).await?;
    }
    loop {
        let signed_to = last.as_ref().map_or(0, |last| last.size);
        if signed_to == head.seq {
            let same = last.as_ref().is_some_and(|last| last.hash == head.hash);
            return if same {
                Ok(())
            } else {
                Err(log.own.broken("the last entry is not what was signed").into())
            };
        }
        if budget.is_spent() {
            done.out_of_time = true;
            return Ok(());
        }
        let entries = log.entries(last.as_ref(), head.seq.min(signed_to + MOST_NEW as u64)).await?;
        let new = log.sign(last.as_ref(), &entries).await?;
        log.own.keep(&new).await?;
        done.signed += 1;
        done.entries += entries.len() as u64;
        log.issue(last.as_ref(), &entries, &new, done).await?;
        last = Some(new);
    }
}

struct Log<'a> {
    ports: &'a Ports,
    key: &'a VerifierKey,
    own: Checkpoints<'a>,
}

impl Log<'_> {
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

    async fn sign(&self, after: Option<&Standing>, entries: &[Entry]) -> Result<Standing, StepError> {
        let (range, _) = self.grown(after, entries)?;
        let checkpoint =
            Checkpoint { origin: self.key.name().to_owned(), size: range.size(), root: range.root() };
        let text = checkpoint.text();
        let note = self.key.note(&text, &self.ports.notary.sign(text.as_bytes()).await?);
        if Checkpoint::open(&note, self.key).as_ref() != Ok(&checkpoint) {
            return Err(self.own.broken("the notary's signature is not its key's").into());
        }
        let hash = entries.last().map_or(GENESIS.to_owned(), |entry| entry.hash.clone());
        let base = after.map_or(0, |last| last.size);
        Ok(Standing { size: range.size(), note, hash, range, base })
    }

    /// Issues the receipts of what the entries closed, and the proofs of the packs that they put on record.
    async fn issue(
        &self,
        after: Option<&Standing>,
        entries: &[Entry],
        covered: &Standing,
        done: &mut Done,
    ) -> Result<(), StepError> {
        let proved =
            |e: &&Entry| e.event.detail.contains_key(DETAIL) || matches!(e.event.about, About::Pack(_));
        let closing: Vec<&Entry> = entries.iter().filter(proved).collect();
        if !closing.is_empty() {
            let (_, grown) = self.grown(after, entries)?;
            for entry in &closing {
                match self.issue_one(entry, &grown, covered).await {
                    Ok(()) if matches!(entry.event.about, About::Pack(_)) => done.packs += 1,
                    Ok(()) => done.receipts += 1,
                    // One that can never be issued keeps neither the others from it nor the log from being signed.
                    Err(StepError::Fault(fault)) if fault.class == Class::Permanent => {
                        done.note(self.own.tenant, fault.into());
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.own.issued(covered.size).await?)
    }

    async fn issue_one(&self, entry: &Entry, grown: &Grown, covered: &Standing) -> Result<(), StepError> {
        let tenant = self.own.tenant;
        if let About::Pack(id) = &entry.event.about {
            let proof = PackProof::new(entry, self.inclusion(entry, grown, covered)?);
            self.ports.evidence.put_once(&pack_object(tenant, id), proof.bytes()).await?;
            return Ok(());
        }
        let About::Request(id) = &entry.event.about else { return Ok(()) };
        let statement = self.ports.requests.statement(tenant, id, entry.event.n).await?;
        let statement = statement.and_then(|text| serde_json::from_str::<Statement>(&text).ok());
        let statement = statement.filter(|s| entry.event.detail.get(DETAIL) == Some(&s.sha256()));
        let statement =
            statement.ok_or_else(|| self.own.broken("a statement is not the one that was chained"))?;
        let proof = self.inclusion(entry, grown, covered)?;
        let bytes = Receipt::new(statement, entry, proof).bytes();
        if bytes.len() > receipt::MOST_BYTES {
            return Err(self.own.broken("a receipt is too large").into());
        }
        self.ports.evidence.put_once(&receipt_object(tenant, id, entry.seq), bytes).await?;
        Ok(())
    }

    /// That an entry is in the tree of a checkpoint.
    fn inclusion(&self, entry: &Entry, grown: &Grown, covered: &Standing) -> Result<String, StepError> {
        let index = entry.seq - 1;
        let path = grown.path(index).ok_or_else(|| self.own.broken("an entry is not in the tree"))?;
        Ok(Inclusion { index, path, note: covered.note.clone() }.text())
    }
}
