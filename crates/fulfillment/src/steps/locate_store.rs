//! `locate-store`: find the person's records in one store, for the round that the plan is in.
//!
//! Records are written away in sealed pages as they are found, so memory does not grow with their
//! number. Near its time limit the step saves a sealed cursor and asks to be called again.
//!
//! After each search the same search looks for the store's control person. That nobody was found counts only
//! where it finds them.

use std::sync::Arc;

use contract::step::{StoreRan, StoreRun};
use domain::catalog::{Catalog, Method};
use domain::event::EventKind;
use domain::plan::{Lookup, Page, PageRef, Plan, Record, Source, Value};
use domain::task::Batch;
use domain::{Operation, Request, Tally, Task, TaskStatus};
use jiff::Timestamp;
use ports::stores::{Connector, MOST_VALUES, PAGE, Search, Target};
use ports::{Budget, Catalogs, Clock, Entropy, Keyring, Requests, Staging, Stores};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::control::{Locating, Proof};
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::earlier::Earlier;
use crate::steps::persons_keys::PersonsKeys;
use crate::steps::seen::Seen;

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

/// How far a search has come. Sealed when it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Which lookup.
    pub lookup: usize,
    /// Which page of its source.
    pub page: usize,
    /// Which chunk of values.
    pub chunk: usize,
    /// The store's own cursor.
    pub inner: Option<String>,
}

/// How far a round is: where the search goes on, and which of its lookups are proven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    #[serde(flatten)]
    at: Position,
    #[serde(default)]
    proof: Proof,
    /// What the store was asked in this pass, the rounds before included.
    #[serde(default)]
    asked: Asked,
}

/// The values of one page of a lookup's source, in chunks that one search takes; `None` past the
/// last page.
pub(super) async fn values_at(
    desk: &Desk<'_>,
    lookup: &Lookup,
    page: usize,
) -> Result<Option<Vec<Value>>, StepError> {
    match &lookup.source {
        Source::Identities(values) | Source::Given(values) | Source::Own(values) => {
            Ok((page == 0).then(|| values.clone()))
        }
        Source::Earlier(_) | Source::Keys(_) => Ok(None),
        Source::Pages { field, pages } => {
            let Some(reference) = pages.get(page) else {
                return Ok(None);
            };
            let records = desk.page(&reference.object).await?.records;
            Ok(Some(records.iter().filter_map(|r| r.values.get(field).cloned()).collect()))
        }
    }
}

/// The pages that a task's calls have written in the round that the plan is in, in their order.
pub(super) fn written(desk: &Desk<'_>, plan: &Plan, task: &Task) -> Vec<String> {
    let all = task.batches.iter().flat_map(|b| (0..b.pages).map(|n| (b.generation, n)));
    all.map(|(generation, n)| desk.page_object(plan, &task.store, generation, n)).collect()
}

struct Searcher<'a> {
    keyring: &'a dyn Keyring,
    input: &'a StoreRun,
    desk: Desk<'a>,
    plan: Plan,
    catalog: Arc<Catalog>,
    connector: Arc<dyn Connector>,
    /// What was found and not yet written, of one collection.
    buffer: Page,
    /// Whether a page could not be written: what was in it has to be found again.
    unwritten: bool,
    seen: Seen,
    task: Task,
    /// When the call began.
    now: Timestamp,
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &StoreRun, budget: &dyn Budget) -> Result<StoreRan, StepError> {
    let actor = Actor::step("locate-store");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let request = scope.load().await?;
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(&input.run).await?;
    let plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken("locate", "there is no plan"))?;
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    let Some(task) = task_for_round(&tasks, input, (&request, &plan), ports.clock.now()) else {
        return Ok(StoreRan { more: false });
    };
    let lookups = plan.current_round().and_then(|r| r.lookups.get(&input.store)).cloned().unwrap_or_default();
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let store = catalog
        .store(&input.store)
        .ok_or_else(|| StepError::broken("locate", "the catalog lacks the store"))?
        .clone();
    let connector = ports.stores.connector(&request.tenant, &store).await?;
    let progress: Progress = match (&task.cursor, &task.asked) {
        (Some(cursor), _) => desk.open_cursor(&input.store, cursor)?,
        (None, Some(asked)) => {
            Progress { asked: desk.open_asked(&input.store, asked)?, ..Progress::default() }
        }
        (None, None) => Progress::default(),
    };
    let (buffer, seen) = (Page::default(), Seen::default());
    let keyring = &*ports.keyring;
    let now = ports.clock.now();
    let mut search = Searcher {
        keyring,
        input,
        desk,
        plan,
        catalog,
        connector,
        buffer,
        unwritten: false,
        seen,
        task,
        now,
    };
    let begun_at = progress.clone();
    let mut progress = progress;
    let walked = search.walk(&lookups, &mut progress, budget).await;
    match walked {
        Ok(finished) => {
            search.save(&scope, &progress, finished).await?;
            Ok(StoreRan { more: !finished })
        }
        Err(error) => {
            // What this call has found is not looked for again by the next, unless it is lost.
            if progress != begun_at && !search.unwritten && search.flush().await.is_ok() {
                search.save(&scope, &progress, false).await?;
            }
            Err(error)
        }
    }
}

/// The task as it stands for this round; `None` if the round is done. A new pass counts anew what is
/// there, on top of what was erased before it by this time, and by none before the request was opened again.
fn task_for_round(
    tasks: &[Task],
    input: &StoreRun,
    (request, plan): (&Request, &Plan),
    now: Timestamp,
) -> Option<Task> {
    let (pass, round) = (plan.pass_number(), plan.round_number());
    let of = |op| tasks.iter().find(|t| t.op == op && t.store == input.store);
    let fresh = |tally| Task { round, tally, ..Task::new(Operation::Locate, input.store.clone(), pass, now) };
    match of(Operation::Locate) {
        Some(stored) if (stored.pass, stored.round) == (pass, round) => {
            (stored.status != TaskStatus::Done).then(|| stored.clone())
        }
        Some(stored) if stored.pass == pass && stored.round > 0 => Some(Task {
            control: stored.control,
            control_missing: stored.control_missing.clone(),
            asked: stored.asked.clone(),
            ..fresh(stored.tally)
        }),
        _ => {
            let erased = of(Operation::Erase).filter(|task| request.is_of_this_time(task));
            let before = erased.map(|task| task.tally).unwrap_or_default();
            Some(fresh(Tally { located: before.erased + before.anonymised, ..Tally::default() }))
        }
    }
}

impl Searcher<'_> {
    /// Goes on from a position, and moves it; `false` if the time was up before the end.
    async fn walk(
        &mut self,
        lookups: &[Lookup],
        Progress { at, proof, asked }: &mut Progress,
        budget: &dyn Budget,
    ) -> Result<bool, StepError> {
        while let Some(lookup) = lookups.get(at.lookup) {
            let here = (&self.input.store, &self.task);
            self.seen.recall(&self.desk, &self.plan, here, &lookup.collection).await?;
            if let Source::Earlier(pages) = &lookup.source {
                while let Some(page) = pages.get(at.page) {
                    self.look_again(lookups, lookup, page).await?;
                    at.page += 1;
                    if budget.is_spent() {
                        return Ok(false);
                    }
                }
            }
            if let Source::Keys(people) = &lookup.source {
                let keys = PersonsKeys::of(self.keyring, &self.input.run.tenant).await?;
                self.take(lookup, keys.find(people).await?).await?;
                asked.keys(lookup, people);
            }
            while let Some(values) = values_at(&self.desk, lookup, at.page).await? {
                while let Some(chunk) = values.chunks(MOST_VALUES).nth(at.chunk) {
                    at.inner = self.search(lookup, chunk, at.inner.as_deref()).await?;
                    if at.inner.is_none() {
                        at.chunk += 1;
                        asked.search(lookup, chunk);
                    }
                    if budget.is_spent() {
                        self.flush().await?;
                        return Ok(false);
                    }
                }
                *at = Position { lookup: at.lookup, page: at.page + 1, ..Position::default() };
            }
            self.flush().await?;
            if !self.prove(lookup, proof, budget).await? {
                return Ok(false);
            }
            asked.end();
            *at = Position { lookup: at.lookup + 1, ..Position::default() };
        }
        Ok(true)
    }

    /// Writes down how far the search is: where it goes on, or that it is done.
    async fn save(
        &mut self,
        scope: &Scope<'_>,
        progress: &Progress,
        finished: bool,
    ) -> Result<(), StepError> {
        self.task.status = if finished { TaskStatus::Done } else { TaskStatus::Running };
        let rest = (!finished).then_some(progress);
        self.task.cursor = rest.map(|at| self.desk.seal_cursor(&self.input.store, at)).transpose()?;
        self.task.failure = None;
        if finished {
            progress.proof.note(&mut self.task, scope.clock.now());
            self.task.asked = Some(self.desk.seal_asked(&self.input.store, &progress.asked)?);
        }
        let round = self.plan.round_number();
        amend_plainly(scope, |request| {
            let task = Task { at: scope.clock.now(), ..self.task.clone() };
            let kind = if task.cursor.is_some() { EventKind::Progressed } else { EventKind::Located };
            let mut draft = Draft::new(request, kind, task.at).detail("round", round);
            if let Some(missing) = task.control_missing.as_ref().filter(|_| finished) {
                draft = draft.detail("control_missing", missing);
            }
            let draft = draft.task(task);
            Ok(Amend::commit(draft, ()))
        })
        .await
    }

    /// One page of one search; where the store goes on.
    async fn search(
        &mut self,
        lookup: &Lookup,
        values: &[Value],
        cursor: Option<&str>,
    ) -> Result<Option<String>, StepError> {
        let missing = || StepError::broken("locate", "the catalog lacks the collection");
        let store = self.catalog.store(&self.input.store).ok_or_else(missing)?;
        let collection = store.collection(&lookup.collection).ok_or_else(missing)?;
        let wanted = self.catalog.wanted(store, collection);
        let target = Target { store, collection, wanted: &wanted };
        let search = Search { field: &lookup.field, values };
        let found = self.connector.locate(&target, &search, cursor).await?;
        self.take(lookup, found.records).await?;
        Ok(found.next)
    }

    /// Looks for the control by the search that has just looked for the person.
    async fn prove(
        &self,
        lookup: &Lookup,
        proof: &mut Proof,
        budget: &dyn Budget,
    ) -> Result<bool, StepError> {
        let missing = || StepError::broken("locate", "the catalog lacks the collection");
        let store = self.catalog.store(&self.input.store).ok_or_else(missing)?;
        let collection = store.collection(&lookup.collection).ok_or_else(missing)?;
        let wanted = self.catalog.wanted(store, collection);
        let target = Target { store, collection, wanted: &wanted };
        Ok(proof.prove(&Locating(&*self.connector), &target, lookup, self.now, budget).await?)
    }

    /// Takes in what was found, but for the control's own records, and writes pages that are full.
    async fn take(&mut self, lookup: &Lookup, records: Vec<Record>) -> Result<(), StepError> {
        self.buffer.collection.clone_from(&lookup.collection);
        for record in self.without_control(lookup, records) {
            if self.seen.is_new(&lookup.collection, &record) {
                self.buffer.records.push(record);
            }
        }
        while self.buffer.records.len() >= PAGE {
            let rest = self.buffer.records.split_off(PAGE);
            let records = std::mem::replace(&mut self.buffer.records, rest);
            self.write(Page { collection: lookup.collection.clone(), records, gone: false }).await?;
        }
        Ok(())
    }

    /// Whoever is asked for, the control is not: the door refuses its identities, and what leads to it all the same
    /// ends here.
    fn without_control(&self, lookup: &Lookup, mut records: Vec<Record>) -> Vec<Record> {
        let store = self.catalog.store(&self.input.store);
        let control =
            store.and_then(|store| Some((store.control.as_ref()?, store.collection(&lookup.collection)?)));
        if let Some((control, collection)) = control {
            records.retain(|record| !control.is_own(collection, record));
        }
        records
    }

    /// Writes down which records of an earlier page are gone.
    async fn look_again(
        &mut self,
        lookups: &[Lookup],
        lookup: &Lookup,
        page: &PageRef,
    ) -> Result<(), StepError> {
        let missing = || StepError::broken("locate", "the catalog lacks the collection");
        let store = self.catalog.store(&self.input.store).ok_or_else(missing)?;
        let collection = store.collection(&lookup.collection).ok_or_else(missing)?;
        if collection.erasure.method == Method::Shred {
            // Nothing refers to a key.
            return Ok(());
        }
        let target = Target { store, collection, wanted: &[] };
        let earlier = Earlier { desk: &self.desk, plan: &self.plan, lookups, target };
        let records = earlier.gone(&*self.connector, page).await?;
        if records.is_empty() {
            return Ok(());
        }
        self.write(Page { collection: lookup.collection.clone(), records, gone: true }).await
    }

    /// Writes what is left of a lookup.
    async fn flush(&mut self) -> Result<(), StepError> {
        let page = std::mem::take(&mut self.buffer);
        if page.records.is_empty() { Ok(()) } else { self.write(page).await }
    }

    async fn write(&mut self, page: Page) -> Result<(), StepError> {
        let generation = self.input.run.generation;
        if self.task.batches.last().is_none_or(|batch| batch.generation != generation) {
            self.task.batches.push(Batch { generation, pages: 0 });
        }
        let Some(batch) = self.task.batches.last_mut() else { return Ok(()) };
        let object = self.desk.page_object(&self.plan, &self.input.store, generation, batch.pages);
        self.unwritten = true;
        self.desk.file_page(&object, &page).await?;
        self.unwritten = false;
        batch.pages += 1;
        if !page.gone {
            self.task.tally.located += page.records.len() as u64;
        }
        Ok(())
    }
}
