//! Receipts of what a checkpoint newly covers, and the proofs of packs that it put on record.

use std::collections::BTreeSet;

use audit::pack::PackProof;
use audit::receipt::{self, DETAIL, Unissuable};
use audit::tree::Grown;
use audit::{Entry, Inclusion};
use domain::PackId;
use domain::event::About;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use ports::Budget;

use super::{Done, Log};
use crate::checkpoints::{AGAIN_FOR, Standing, pack_object};
use crate::error::StepError;
use crate::everybody::by_chance;

/// Receipts that are issued at once.
const AT_ONCE: usize = 8;

/// Checkpoints with such receipts that are tried again in one run at the most.
const MOST_AGAIN: usize = 20;

/// The days of [`AGAIN_FOR`], the first and the last counted.
const DAYS: usize = 36;

/// Such receipts that are listed at once.
const PAGE: usize = 100;

enum Issued {
    Now,
    /// The proof of a pack.
    Pack,
    Before,
    /// It cannot be issued, and why.
    Never(Unissuable),
}

impl Log<'_> {
    /// Issues the receipts of what the entries closed, and notes what fails; whether it went through all of them.
    pub(super) async fn issue_noting(
        &self,
        after: Option<&Standing>,
        entries: &[Entry],
        covered: &Standing,
        budget: &dyn Budget,
        done: &mut Done,
    ) -> bool {
        self.issue(after, entries, covered, budget, done).await.unwrap_or_else(|error| {
            done.note(self.own.tenant, error);
            false
        })
    }

    /// Issues what earlier runs could not, and what this one did not come to: of all checkpoints after the one that receipts
    /// are issued to, and of those up to `before` that have one that could not be.
    pub(super) async fn issue_rest(
        &self,
        before: u64,
        mut issued: u64,
        to: u64,
        budget: &dyn Budget,
        done: &mut Done,
    ) -> Result<(), StepError> {
        while issued < to {
            // There is one after it: the last.
            let Some(size) = self.own.after(issued).await? else { break };
            if !self.issue_of(size, budget, done).await? {
                return Ok(());
            }
            issued = size;
        }
        for size in self.wanting(before, budget).await? {
            // One that cannot be issued keeps no other from it.
            if let Err(error) = self.issue_of(size, budget, done).await {
                done.note(self.own.tenant, error);
            }
        }
        Ok(())
    }

    /// Issues the receipts of a checkpoint that is there; whether it went through all of them.
    async fn issue_of(&self, size: u64, budget: &dyn Budget, done: &mut Done) -> Result<bool, StepError> {
        if budget.is_spent() {
            done.out_of_time = true;
            return Ok(false);
        }
        let covered = self.own.standing(size).await?;
        let base = self.standing(covered.base).await?;
        let entries = self.entries(base.as_ref(), size).await?;
        self.issue(base.as_ref(), &entries, &covered, budget, done).await
    }

    async fn issue(
        &self,
        after: Option<&Standing>,
        entries: &[Entry],
        covered: &Standing,
        budget: &dyn Budget,
        done: &mut Done,
    ) -> Result<bool, StepError> {
        let proved =
            |e: &&Entry| e.event.detail.contains_key(DETAIL) || matches!(e.event.about, About::Pack(_));
        let closing: Vec<&Entry> = entries.iter().filter(proved).collect();
        let (_, grown) = self.grown(after, if closing.is_empty() { &[] } else { entries })?;
        let (mut failure, mut whole) = (None, true);
        for some in closing.chunks(AT_ONCE) {
            if budget.is_spent() {
                (done.out_of_time, whole) = (true, false);
                break;
            }
            let issuing = some.iter().map(|entry| self.issue_one(entry, &grown, covered));
            let mut failed = 0;
            for issued in join_all(issuing).await {
                match issued {
                    Ok(Issued::Now) => done.receipts += 1,
                    Ok(Issued::Pack) => done.packs += 1,
                    Ok(Issued::Before) => {}
                    Ok(Issued::Never(why)) => {
                        done.unissuable += 1;
                        let detail = match why {
                            Unissuable::StatementAltered => "a statement is not the one that was chained",
                            Unissuable::ReceiptTooLarge => "a receipt is too large",
                        };
                        done.tell(self.own.tenant, self.own.broken(detail).into());
                    }
                    // Whatever kept it from being issued, it is tried again; the others need not wait for it.
                    Err(error) => {
                        failed += 1;
                        failure.get_or_insert(error);
                    }
                }
            }
            if failed == some.len() {
                break;
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        if whole {
            self.own.issued(covered.size).await?;
        }
        Ok(whole)
    }

    async fn issue_one(&self, entry: &Entry, grown: &Grown, covered: &Standing) -> Result<Issued, StepError> {
        let id = match &entry.event.about {
            About::Request(id) => id,
            About::Pack(id) => return self.prove_pack(id, entry, grown, covered).await,
            About::Hold(_) | About::Store(_) => return Ok(Issued::Before),
        };
        let object = self.own.receipt_object(id, entry.seq);
        if self.own.is_there(&object).await? {
            return Ok(Issued::Before);
        }
        let statement = self.ports.requests.statement(self.own.tenant, id, entry.event.n).await?;
        // As it was written: a function of another version may write what this one does not know.
        let chained = entry.event.detail.get(DETAIL);
        let statement = statement.filter(|text| Some(&receipt::sha256_of(text.as_bytes())) == chained);
        let proof = self.inclusion(entry, grown, covered)?;
        let Some(statement) = statement else {
            return self.cannot(entry, covered, Unissuable::StatementAltered).await;
        };
        let bytes = receipt::with_statement(&statement, entry, &proof);
        if bytes.len() > receipt::MOST_BYTES {
            return self.cannot(entry, covered, Unissuable::ReceiptTooLarge).await;
        }
        self.ports.evidence.put_once(&object, bytes).await?;
        Ok(Issued::Now)
    }

    async fn prove_pack(
        &self,
        id: &PackId,
        entry: &Entry,
        grown: &Grown,
        covered: &Standing,
    ) -> Result<Issued, StepError> {
        let object = pack_object(self.own.tenant, id);
        if self.own.is_there(&object).await? {
            return Ok(Issued::Before);
        }
        let proof = PackProof::new(entry, self.inclusion(entry, grown, covered)?);
        self.ports.evidence.put_once(&object, proof.bytes()).await?;
        Ok(Issued::Pack)
    }

    /// That an entry is in the tree of a checkpoint.
    fn inclusion(&self, entry: &Entry, grown: &Grown, covered: &Standing) -> Result<String, StepError> {
        let index = entry.seq - 1;
        let path = grown.path(index).ok_or_else(|| self.own.broken("an entry is not in the tree"))?;
        Ok(Inclusion { index, path, note: covered.note.clone() }.text())
    }

    /// Writes down that a receipt cannot be issued, so that it is tried again.
    async fn cannot(&self, entry: &Entry, covered: &Standing, why: Unissuable) -> Result<Issued, StepError> {
        if let About::Request(id) = &entry.event.about {
            let object = self.own.unissuable(entry.event.at, covered.size, id, entry.seq);
            self.ports.evidence.put_once(&object, format!("{}\n", why.as_str()).into_bytes()).await?;
        }
        Ok(Issued::Never(why))
    }

    /// Checkpoints up to this one with receipts that could not be issued, and still are not: from the one on that comes after
    /// those that were tried last, so that each has its turn, however many stay as they are. A process that remembers nothing
    /// begins with a day by chance.
    async fn wanting(&self, to: u64, budget: &dyn Budget) -> Result<BTreeSet<u64>, StepError> {
        let since = self.ports.clock.now().checked_sub(AGAIN_FOR).unwrap_or(Timestamp::MIN);
        let oldest = self.own.unissuable_since(since);
        let begin = self.ports.turns.tried(self.key).filter(|tried| *tried > oldest).unwrap_or_else(|| {
            let days = i64::try_from(by_chance(DAYS, &*self.ports.entropy)).unwrap_or(0);
            let day = since.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(since);
            self.own.unissuable_since(day)
        });
        let mut sizes = BTreeSet::new();
        let mut last = self.wanting_between((&begin, None), to, &mut sizes, budget).await?;
        if last.is_none() {
            last = self.wanting_between((&oldest, Some(&begin)), to, &mut sizes, budget).await?;
        }
        self.ports.turns.try_after(self.key, last);
        Ok(sizes)
    }

    /// The same, of what could not be issued after one object and up to another; the object with which it is full, or the time
    /// was up.
    async fn wanting_between(
        &self,
        (after, until): (&str, Option<&str>),
        to: u64,
        sizes: &mut BTreeSet<u64>,
        budget: &dyn Budget,
    ) -> Result<Option<String>, StepError> {
        let mut after = after.to_owned();
        loop {
            let page = self.own.unissuable_after(&after, PAGE).await?;
            let more = page.len() == PAGE;
            for (object, size, receipt) in page {
                if until.is_some_and(|until| object.as_str() > until) {
                    return Ok(None);
                }
                let is_new = size <= to && !sizes.contains(&size);
                if budget.is_half_spent() || (is_new && sizes.len() == MOST_AGAIN) {
                    return Ok(Some(after));
                }
                if is_new && !self.own.is_there(&receipt).await? {
                    sizes.insert(size);
                }
                after = object;
            }
            if !more {
                return Ok(None);
            }
        }
    }
}
