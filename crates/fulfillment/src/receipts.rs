//! What a receipt says, as it is known when a request is closed, and the salt that it names the person by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use audit::Statement;
use audit::receipt::{
    BackupStatement, KeptStatement, SanctionAnswer, StoreStatement, VerifiedBy, subject_mark,
};
use contract::step::Run;
use domain::catalog::{Catalog, Method, Store};
use domain::event::{About, EventKind};
use domain::plan::Plan;
use domain::{Identity, Operation, Request, RequestId, Status, StoreId, Tally, Task, TaskStatus, TenantId};
use jiff::Timestamp;
use ports::{Catalogs, Class, KeyScope, Keyring, Requests};
use vault::{DataKey, PseudonymKey};

use crate::asked::Asked;
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::sanctions::kept_by;

/// What the names of sanction sources begin with in an event's detail.
const SOURCE: &str = "source.";

/// Events that are asked for at once.
const PAGE: usize = 200;

/// Answers of sanction sources that a statement has at the most: the latest. A request that is held for months is asked
/// about again and again.
const MOST_ANSWERS: usize = 500;

/// Bytes that the questions to all stores take in a statement at the most, an equal share for each store: a statement is
/// one item of a table, of 400 KiB at the most.
const MOST_QUESTIONS: usize = 128 << 10;

/// The 256 bits that a request's receipt names the person by. Whoever has them and guesses the person can tell whether
/// the receipt is about them, so they are given to the person alone, for some time. They are made if there are none: for
/// whoever makes the receipt.
pub async fn salt_of(
    keyring: &dyn Keyring,
    tenant: &TenantId,
    id: &RequestId,
) -> Result<[u8; 32], StepError> {
    salt_under(&keyring.obtain(&KeyScope::Receipt(tenant.clone(), id.clone())).await?, id)
}

/// The same, by the request's key.
pub(crate) fn salt_under(key: &DataKey, id: &RequestId) -> Result<[u8; 32], StepError> {
    let text = PseudonymKey::new(key, "receipt-salt")?.pseudonym(&[id.as_str()]);
    let mut salt = [0; 32];
    hex::decode_to_slice(text, &mut salt).map_err(|_| StepError::broken("salt", "not hexadecimal"))?;
    Ok(salt)
}

/// Where what a receipt says comes from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The requests.
    pub requests: &'a dyn Requests,
    /// The catalogs.
    pub catalogs: &'a dyn Catalogs,
    /// The papers.
    pub papers: Papers<'a>,
    /// Whether the request can be closed though its papers or its catalog cannot be read any more: nothing was to be erased.
    /// Then its receipt says less.
    pub may_be_unreadable: bool,
}

/// What a statement is made of besides the request and its tasks.
pub struct Closing {
    /// The catalog that it was planned with.
    catalog: Option<Arc<Catalog>>,
    /// The identities that were given.
    given: Vec<Identity>,
    /// What sanction sources answered.
    sanctions: Vec<SanctionAnswer>,
    /// What the person is named by.
    salt: [u8; 32],
    /// What each store was asked.
    asked: BTreeMap<StoreId, Asked>,
}

impl Sources<'_> {
    /// Reads it, while it can be read.
    pub async fn gather(
        &self,
        run: &Run,
        (request, tasks): (&Request, &[Task]),
        (desk, plan): (Option<&Desk<'_>>, Option<&Plan>),
    ) -> Result<Closing, StepError> {
        let (tenant, id) = (&request.tenant, &request.id);
        let mut asked = BTreeMap::new();
        let stores: BTreeSet<&StoreId> = tasks.iter().map(|task| &task.store).collect();
        // What was asked before a request was opened again was sealed under the plan key of that time, which is gone.
        let ours: Vec<&Task> = tasks.iter().filter(|task| request.is_of_this_time(task)).collect();
        for task in stores.into_iter().filter_map(|store| reading_of(&ours, store)) {
            if let (Some(desk), Some(sealed)) = (desk, &task.asked) {
                let opened = self.or_nothing(desk.open_asked(&task.store, sealed))?;
                asked.extend(opened.map(|opened| (task.store.clone(), opened)));
            }
        }
        let given = match plan {
            Some(plan) => plan.given_people(),
            None => self.or_nothing(self.at_the_door(run, request).await)?.unwrap_or_default(),
        };
        let catalog = self.catalogs.get(tenant, &request.catalog_version).await;
        Ok(Closing {
            catalog: self.or_nothing(catalog.map_err(StepError::from))?,
            given,
            sanctions: answers_of(self.requests, tenant, id).await?,
            salt: salt_of(self.papers.keyring, tenant, id).await?,
            asked,
        })
    }

    async fn at_the_door(&self, run: &Run, request: &Request) -> Result<Vec<Identity>, StepError> {
        let given = self.papers.open(run).await?.subject(request).await?;
        let given: BTreeSet<Identity> = given.identities.iter().map(Identity::plain).collect();
        Ok(given.into_iter().collect())
    }

    fn or_nothing<T>(&self, read: Result<T, StepError>) -> Result<Option<T>, StepError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(StepError::Fault(fault)) if self.may_be_unreadable && fault.class == Class::Permanent => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Closing {
    /// The statement of a request that ends like this, now.
    pub fn statement(&self, request: &Request, tasks: &[Task], outcome: Status, now: Timestamp) -> Statement {
        let marks: BTreeSet<String> =
            self.given.iter().map(|given| subject_mark(&self.salt, given)).collect();
        let stores: BTreeSet<&StoreId> = tasks.iter().map(|task| &task.store).collect();
        let verified = request.verification.as_ref();
        let most_bytes = MOST_QUESTIONS / stores.len().max(1);
        let part = Part { closing: self, request, tasks, now, most_bytes };
        Statement {
            catalog_version: request.catalog_version.clone(),
            closed_at: now,
            due_by: request.due_by,
            jurisdiction: request.jurisdiction,
            outcome,
            plan_sha256: request.plan.as_ref().map(|plan| plan.sha256.clone()),
            received_at: request.received_at,
            request: request.id.clone(),
            sanctions: self.sanctions.clone(),
            stores: stores.into_iter().map(|store| part.store(store)).collect(),
            subject: marks.into_iter().collect(),
            tenant: request.tenant.clone(),
            kind: request.kind,
            verification: verified.map(|by| VerifiedBy { at: by.at, method: by.method.clone() }),
        }
    }
}

/// One request's part in its stores.
struct Part<'a> {
    closing: &'a Closing,
    request: &'a Request,
    tasks: &'a [Task],
    now: Timestamp,
    /// Bytes that the questions to one store may take.
    most_bytes: usize,
}

/// The reading that what is said of a store rests on: the one that found the residue, or else the search that located
/// the records. None, if neither was done.
fn reading_of<'t>(tasks: &[&'t Task], store: &StoreId) -> Option<&'t Task> {
    let is_done = |task: &Task| task.store == *store && task.status == TaskStatus::Done;
    let done = |op| tasks.iter().find(|task| task.op == op && is_done(task)).copied();
    done(Operation::Confirm).or_else(|| done(Operation::Locate))
}

impl Part<'_> {
    /// What was done of a store by this time: of one that was opened again, what the first time found says nothing of now.
    fn task(&self, op: Operation, store: &StoreId) -> Option<&Task> {
        let is_asked =
            |task: &&Task| task.op == op && task.store == *store && self.request.is_of_this_time(task);
        self.tasks.iter().find(is_asked)
    }

    fn store(&self, id: &StoreId) -> StoreStatement {
        let tally = |op| self.task(op, id).map_or_else(Tally::default, |task| task.tally);
        let erase = self.task(Operation::Erase, id);
        let erased = tally(Operation::Erase);
        let confirm = self.task(Operation::Confirm, id).filter(|task| task.status == TaskStatus::Done);
        let declared = self.closing.catalog.as_ref().and_then(|catalog| catalog.store(id));
        let changed = erase.filter(|task| task.tally.erased + task.tally.anonymised > 0);
        let asked = self.closing.asked.get(id);
        let (queries, queries_unlisted) =
            asked.map(|asked| asked.statements(&self.closing.salt, self.most_bytes)).unwrap_or_default();
        StoreStatement {
            anonymised: erased.anonymised,
            backups: declared.map(backups).unwrap_or_default(),
            collected: tally(Operation::Collect).collected,
            confirmed_at: confirm.map(|task| task.at),
            control_found_at: confirm.and_then(|task| task.control).filter(|c| c.ways > 0).map(|c| c.at),
            erased: erased.erased,
            gone_from_backups_by: declared.zip(changed).and_then(|(store, task)| {
                // What a backup was made of just before counts, and keys that were destroyed were there until they were not.
                let last = task.true_from.map_or(task.at, |from| from.max(task.at));
                store.gone_from_backups_by(last)
            }),
            kept: declared.zip(erase).map(|(store, task)| self.kept(store, task)).unwrap_or_default(),
            located: tally(Operation::Locate).located,
            queries,
            queries_unlisted,
            residue: confirm.and_then(|task| task.tally.residue),
            retained: erased.retained,
            store: id.clone(),
        }
    }

    /// What is kept in a store, and why: what a sanction source wants kept comes before what the catalog says.
    fn kept(&self, store: &Store, task: &Task) -> Vec<KeptStatement> {
        let Some(catalog) = &self.closing.catalog else { return Vec::new() };
        let mut kept = Vec::new();
        for collection in &store.collections {
            let counts = task.collections.get(&collection.name).copied().unwrap_or_default();
            let erasure = &collection.erasure;
            if counts.retained > 0 {
                let wanted = kept_by(self.request, catalog, store, collection, self.now);
                kept.push(KeptStatement {
                    collection: collection.name.clone(),
                    keep_for: wanted.map_or_else(
                        || erasure.keep_for.clone(),
                        |retention| retention.until.map(|until| until.to_string()),
                    ),
                    law: wanted.map_or_else(
                        || erasure.law.clone().unwrap_or_default(),
                        |retention| retention.source.clone(),
                    ),
                    method: Method::Retain,
                    reason: wanted.map_or_else(
                        || erasure.reason.clone().unwrap_or_default(),
                        |retention| retention.reason.clone(),
                    ),
                    records: counts.retained,
                });
            }
            if counts.anonymised > 0 {
                kept.push(KeptStatement {
                    collection: collection.name.clone(),
                    keep_for: erasure.keep_for.clone(),
                    law: erasure.law.clone().unwrap_or_default(),
                    method: Method::Anonymise,
                    reason: erasure.reason.clone().unwrap_or_default(),
                    records: counts.anonymised,
                });
            }
        }
        kept
    }
}

fn backups(store: &Store) -> Vec<BackupStatement> {
    let all = store.backups.iter().flatten();
    all.map(|backup| BackupStatement {
        encrypted: backup.encrypted,
        expires_after: backup.expires_after.clone(),
        kind: backup.kind.clone(),
    })
    .collect()
}

/// What the sanction sources answered for a request, in the order of asking, since it was opened last; the last
/// [`MOST_ANSWERS`].
pub async fn answers_of(
    requests: &dyn Requests,
    tenant: &TenantId,
    id: &RequestId,
) -> Result<Vec<SanctionAnswer>, StepError> {
    let mut answers: Vec<SanctionAnswer> = Vec::new();
    let mut after = 0;
    loop {
        let page = requests.events(tenant, id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(answers) };
        after = last.n;
        for event in page.iter().filter(|event| event.about == About::Request(id.clone())) {
            if event.kind == EventKind::ErasedAgain {
                // They were all asked anew: what they had said is of the time before.
                answers.clear();
            }
            let sources =
                event.detail.iter().filter_map(|(name, answer)| Some((name.strip_prefix(SOURCE)?, answer)));
            answers.extend(sources.map(|(source, verdict)| SanctionAnswer {
                at: event.at,
                source: source.to_owned(),
                store: event.store.clone(),
                verdict: verdict.clone(),
            }));
        }
        let more = answers.len().saturating_sub(MOST_ANSWERS);
        answers.drain(..more);
    }
}
