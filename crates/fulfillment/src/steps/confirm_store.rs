//! `confirm-store`: read the store again, and count what still names the person (G4).
//!
//! It looks for everything that locating looked for, through the connector's other reading path, and
//! reads every located record again by its key, those that were gone before it was erased as well. What is
//! kept by law or by a sanction is not residue.
//!
//! Each search then looks for the store's control person, who is there: that it found nobody else counts only if it
//! finds them. Where it does not, the store is unproven, and is read again whenever the request goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::step::{StoreRan, StoreRun};
use domain::catalog::{Catalog, Store};
use domain::event::EventKind;
use domain::plan::{Lookup, PageRef, Plan, Source};
use domain::request::Request;
use domain::{Operation, Status, Tally, Task, TaskStatus};
use jiff::Timestamp;
use ports::stores::{Connector, MOST_VALUES, Search, Target};
use ports::{Budget, Catalogs, Clock, Entropy, Keyring, Requests, Staging, Stores};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::control::{Confirming, Proof};
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::locate_store::{Position, values_at};
use crate::steps::persons_keys::PersonsKeys;
use crate::steps::treatment::{Handling, handling};

/// What a count rests on: the store was not read to its end; it was read again, and nothing more than that; or it was,
/// and found its control.
pub(super) const UNREAD: &str = "unread";
pub(crate) const RE_READ: &str = "re-read";
pub(crate) const CONTROL: &str = "control";

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The stores.
    pub stores: Arc<dyn Stores>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// How far confirming has come, and what it found. Sealed when it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// When reading began: nothing of this is older. Without it, it is as old as can be.
    #[serde(default)]
    pub(super) since: Timestamp,
    at: Position,
    /// Which page is read again by its keys, after the searches.
    page: usize,
    /// Residue by collection: what the searches found, and what the keys did.
    searched: BTreeMap<String, u64>,
    read: BTreeMap<String, u64>,
    /// Which of the searches are proven.
    #[serde(default)]
    pub(super) proof: Proof,
    /// What the store was asked.
    #[serde(default)]
    asked: Asked,
}

impl Progress {
    /// A reading that begins now.
    pub(super) fn begun(since: Timestamp) -> Self {
        Self { since, ..Self::default() }
    }

    /// The residue: the same record can be found both ways, and counts once.
    pub(super) fn residue(&self) -> u64 {
        let collections: std::collections::BTreeSet<&String> =
            self.searched.keys().chain(self.read.keys()).collect();
        let of = |map: &BTreeMap<String, u64>, name: &String| map.get(name).copied().unwrap_or(0);
        collections.into_iter().map(|name| of(&self.searched, name).max(of(&self.read, name))).sum()
    }
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &StoreRun, budget: &dyn Budget) -> Result<StoreRan, StepError> {
    let actor = Actor::step("confirm-store");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let request = scope.load().await?;
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(&input.run).await?;
    let plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken("confirm", "there is no plan"))?;
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    if !is_settled(&plan, &tasks) {
        // While any store is not erased nothing is confirmed: an early zero would be an old one.
        return Ok(StoreRan { more: false });
    }
    let fresh = Task::new(Operation::Confirm, input.store.clone(), plan.pass_number(), ports.clock.now());
    let stored = tasks.iter().find(|t| t.op == Operation::Confirm && t.store == input.store).cloned();
    let task = stored.filter(|t| t.pass == fresh.pass).unwrap_or(fresh);
    let begun_at = ports.clock.now();
    let erased_at = last_erased_at(&tasks, begun_at);
    let is_late_enough = |at: Timestamp| erased_at.is_none_or(|erased| at >= erased);
    if task.status == TaskStatus::Done && is_late_enough(task.at) && task.control.is_some() {
        return Ok(StoreRan { more: false });
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let store = catalog
        .store(&input.store)
        .ok_or_else(|| StepError::broken("confirm", "the catalog lacks the store"))?;
    let connector = ports.stores.connector(&request.tenant, store).await?;
    let kept: Option<Progress> = match &task.cursor {
        Some(cursor) => Some(desk.open_cursor(&input.store, cursor)?),
        None => None,
    };
    // A failure since is no reading: what counts is when the reading began that it would go on with.
    let kept = kept.filter(|progress| is_late_enough(progress.since));
    let mut progress = kept.unwrap_or_else(|| Progress::begun(begun_at));
    let reader = Reader {
        keyring: &*ports.keyring,
        desk: &desk,
        plan: &plan,
        request: &request,
        catalog: &catalog,
        store,
        connector,
        now: begun_at,
        read_at: begun_at,
    };
    let before = progress.clone();
    let read = reader.read(&mut progress, budget).await;
    if read.is_err() && progress == before {
        return read.map(|_| StoreRan { more: true });
    }
    // What this call has read is not read again by the next, even if it failed.
    let finished = matches!(read, Ok(true));
    let cursor = if finished { None } else { Some(desk.seal_cursor(&input.store, &progress)?) };
    let residue = finished.then(|| progress.residue());
    let asked = if finished { Some(desk.seal_asked(&input.store, &progress.asked)?) } else { None };
    amend_plainly(&scope, |mut now| {
        now.become_status(Status::Confirming)?;
        // What is kept is passed over by this commit, also where the plan found nobody and no store was begun. Not by a call
        // of an earlier pass: in this one a source may still think better of it.
        now.wave_begun |= task.pass == now.pass;
        let mut task = Task {
            status: if finished { TaskStatus::Done } else { TaskStatus::Running },
            tally: Tally { residue, ..Tally::default() },
            asked: asked.clone(),
            cursor: cursor.clone(),
            failure: None,
            control: None,
            control_missing: None,
            // What happened while it was read is perhaps not in it.
            at: progress.since,
            ..task.clone()
        };
        if finished {
            progress.proof.note(&mut task, scope.clock.now());
        }
        if finished && task.control.is_some() {
            now.attempts = 0;
        }
        let kind = if finished { EventKind::Confirmed } else { EventKind::Progressed };
        let draft = proven(Draft::new(now, kind, scope.clock.now()), &task);
        Ok(Amend::commit(draft.task(task), ()))
    })
    .await?;
    read.map(|finished| StoreRan { more: !finished })
}

/// Says what a reading's count rests on: that the control was found, and when; or what did not find it.
pub(super) fn proven(draft: Draft, task: &Task) -> Draft {
    match (task.control, &task.control_missing) {
        (Some(control), _) if control.ways > 0 => {
            draft.detail("proof", CONTROL).detail("control", control.at).detail("ways", control.ways)
        }
        (_, Some(missing)) => draft.detail("proof", RE_READ).detail("control_missing", missing),
        _ => draft.detail("proof", RE_READ),
    }
}

/// Whether every store of the plan has settled its pages.
pub(super) fn is_settled(plan: &Plan, tasks: &[Task]) -> bool {
    plan.stores().iter().all(|store| {
        let needed = plan.erase_order(store).len();
        let erased = tasks.iter().find(|t| t.op == Operation::Erase && &t.store == store);
        let done = erased.filter(|t| t.pass == plan.pass_number()).map_or(0, |t| t.pages);
        usize::try_from(done).is_ok_and(|done| done >= needed)
    })
}

/// When anything was erased last, or became true: a reading that began before it says nothing about it. Until a
/// key that was destroyed has left every cache, somebody may have used it, or had it made anew.
pub(super) fn last_erased_at(tasks: &[Task], now: Timestamp) -> Option<Timestamp> {
    let erased = tasks.iter().filter(|t| t.op == Operation::Erase);
    erased.flat_map(|t| [Some(t.at), t.true_from.filter(|from| *from <= now)]).flatten().max()
}

/// One store that is read again: right after erasing, and long after.
pub(super) struct Reader<'a> {
    pub keyring: &'a dyn Keyring,
    pub desk: &'a Desk<'a>,
    pub plan: &'a Plan,
    pub request: &'a Request,
    pub catalog: &'a Catalog,
    pub store: &'a Store,
    pub connector: Arc<dyn Connector>,
    /// The instant for which it is said what is kept.
    pub now: Timestamp,
    /// When this call began: what it finds is found then.
    pub read_at: Timestamp,
}

impl Reader<'_> {
    /// Goes on from where it was; `false` if the time was up before the end.
    pub(super) async fn read(&self, progress: &mut Progress, budget: &dyn Budget) -> Result<bool, StepError> {
        let lookups: Vec<&Lookup> = self.plan.searches(&self.store.id).collect();
        while let Some(lookup) = lookups.get(progress.at.lookup) {
            if !self.search(lookup, progress, budget).await? || !self.prove(lookup, progress, budget).await? {
                return Ok(false);
            }
            progress.asked.end();
            progress.at = Position { lookup: progress.at.lookup + 1, ..Position::default() };
        }
        let pages: Vec<&PageRef> = self.plan.last_pages(&self.store.id).collect();
        while let Some(page) = pages.get(progress.page) {
            self.reread(page, progress).await?;
            progress.page += 1;
            if budget.is_spent() && progress.page < pages.len() {
                return Ok(false);
            }
        }
        progress.asked.end();
        Ok(true)
    }

    async fn search(
        &self,
        lookup: &Lookup,
        progress: &mut Progress,
        budget: &dyn Budget,
    ) -> Result<bool, StepError> {
        let (target, handling) = self.handled(&lookup.collection)?;
        if matches!(handling, Handling::Keep) {
            return Ok(true);
        }
        if let Source::Keys(people) = &lookup.source {
            let keys = PersonsKeys::of(self.keyring, &self.request.tenant).await?;
            let left = keys.find(people).await?.len() as u64;
            *progress.searched.entry(lookup.collection.clone()).or_default() += left;
            progress.asked.keys(lookup, people);
            return Ok(true);
        }
        while let Some(values) = values_at(self.desk, lookup, progress.at.page).await? {
            while let Some(chunk) = values.chunks(MOST_VALUES).nth(progress.at.chunk) {
                let search = Search { field: &lookup.field, values: chunk };
                let inner = progress.at.inner.as_deref();
                let found = self.connector.confirm_search(&target, &search, inner).await?;
                *progress.searched.entry(lookup.collection.clone()).or_default() += found.records;
                progress.at.inner = found.next;
                if progress.at.inner.is_none() {
                    progress.at.chunk += 1;
                    progress.asked.search(lookup, chunk);
                }
                if budget.is_spent() {
                    return Ok(false);
                }
            }
            progress.at =
                Position { lookup: progress.at.lookup, page: progress.at.page + 1, ..Position::default() };
        }
        Ok(true)
    }

    /// Looks for the control by the call that has just looked for the person.
    async fn prove(
        &self,
        lookup: &Lookup,
        progress: &mut Progress,
        budget: &dyn Budget,
    ) -> Result<bool, StepError> {
        let (target, handling) = self.handled(&lookup.collection)?;
        if matches!(handling, Handling::Keep) {
            return Ok(true);
        }
        Ok(progress.proof.prove(&Confirming(&*self.connector), &target, lookup, self.read_at, budget).await?)
    }

    async fn reread(&self, page: &PageRef, progress: &mut Progress) -> Result<(), StepError> {
        let (target, handling) = self.handled(&page.collection)?;
        let (records, found) = match handling {
            Handling::Keep => return Ok(()),
            Handling::Treat(treatment) => {
                let records = self.desk.page(&page.object).await?.records;
                let found = self.connector.confirm_records(&target, &records, &treatment).await?;
                (records, found)
            }
            Handling::Shred(_) => {
                let records = self.desk.page(&page.object).await?.records;
                let keys = PersonsKeys::of(self.keyring, &self.request.tenant).await?;
                let found = keys.left(&records).await?;
                (records, found)
            }
        };
        *progress.read.entry(page.collection.clone()).or_default() += found;
        progress.asked.records(&page.collection, &records);
        Ok(())
    }

    fn handled(&self, name: &str) -> Result<(Target<'_>, Handling), StepError> {
        let collection = self
            .store
            .collection(name)
            .ok_or_else(|| StepError::broken("confirm", "the catalog lacks the collection"))?;
        let handling = handling((self.request, self.plan), self.catalog, self.store, collection, self.now);
        Ok((Target { store: self.store, collection, wanted: &[] }, handling))
    }
}
