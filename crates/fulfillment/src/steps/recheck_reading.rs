//! Reading the stores again after a request has ended: as they were confirmed, by what was kept.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, Store};
use domain::event::EventKind;
use domain::plan::Plan;
use domain::recheck::{READ_AGAIN, Recheck};
use domain::{Operation, Request, StoreId, Tally, Task, TaskStatus};
use jiff::Timestamp;
use ports::{Budget, Code, Fault};

use crate::change::{Amend, Draft, Scope, TRIES, Turn, later, too_many_writers, turn};
use crate::error::StepError;
use crate::papers::Desk;
use crate::steps::confirm_store::{Progress, Reader, UNREAD, proven};
use crate::steps::recheck::Ports;

/// One reading of all stores.
pub(super) struct Reading<'a> {
    /// What the step has.
    pub ports: &'a Ports,
    /// Which request, by which execution.
    pub scope: &'a Scope<'a>,
    /// The request.
    pub request: &'a Request,
    /// Which reading.
    pub recheck: &'a Recheck,
    /// Where the paper is.
    pub desk: &'a Desk<'a>,
    /// What is looked for.
    pub paper: &'a Plan,
    /// The catalog by which the stores are read.
    pub catalog: &'a Catalog,
    /// For when it is said what is kept.
    pub terms_at: Timestamp,
    /// Whether a store may be given up that cannot be read.
    pub gives_up: bool,
}

impl Reading<'_> {
    /// Goes on from where it was; `false` if the time was up before the end.
    pub async fn read(&self, budget: &dyn Budget) -> Result<bool, StepError> {
        let tasks = self.ports.requests.tasks(&self.request.tenant, &self.request.id).await?;
        let left: Vec<Task> = self.paper.stores().iter().map(|store| self.task(&tasks, store)).collect();
        let mut left = left.into_iter().filter(|task| task.status != TaskStatus::Done).peekable();
        while let Some(task) = left.next() {
            if !self.read_store(task, budget).await? || (budget.is_spent() && left.peek().is_some()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The task of a store, as far as this reading has come with it.
    fn task(&self, tasks: &[Task], store: &StoreId) -> Task {
        let ours = tasks_of(tasks, self.recheck).find(|task| &task.store == store).cloned();
        let now = self.ports.clock.now();
        ours.unwrap_or_else(|| Task::new(Operation::Recheck, store.clone(), self.recheck.reading, now))
    }

    async fn read_store(&self, task: Task, budget: &dyn Budget) -> Result<bool, StepError> {
        let store = self
            .catalog
            .store(&task.store)
            .ok_or_else(|| StepError::broken("recheck", "the catalog lacks the store"))?;
        let mut progress: Progress = match &task.cursor {
            Some(cursor) => self.desk.open_cursor(&task.store, cursor)?,
            None => Progress::begun(self.ports.clock.now()),
        };
        let before = progress.clone();
        match self.look(store, &mut progress, budget).await {
            Ok(finished) => {
                self.save(&task, &progress, finished, None).await?;
                Ok(finished)
            }
            Err(StepError::Fault(fault)) if self.gives_up && self.is_unreadable(&fault) => {
                self.save(&task, &progress, true, Some(fault.code)).await?;
                Ok(true)
            }
            Err(error) => {
                // What this call has read is not read again by the next.
                if progress != before {
                    self.save(&task, &progress, false, None).await?;
                }
                Err(error)
            }
        }
    }

    async fn look(
        &self,
        store: &Store,
        progress: &mut Progress,
        budget: &dyn Budget,
    ) -> Result<bool, StepError> {
        let reader = Reader {
            keyring: &*self.ports.keyring,
            desk: self.desk,
            plan: self.paper,
            request: self.request,
            catalog: self.catalog,
            store,
            connector: self.ports.stores.connector(&self.request.tenant, store).await?,
            now: self.terms_at,
            read_at: self.ports.clock.now(),
        };
        reader.read(progress, budget).await
    }

    /// Whether a store cannot be read this time: it refuses, or has not answered for a day. That proves nothing.
    fn is_unreadable(&self, fault: &Fault) -> bool {
        let is_the_stores = matches!(
            fault.code,
            Code::StoreUnavailable | Code::StoreThrottled | Code::StoreRefused | Code::CatalogMismatch
        );
        is_the_stores && is_given_up(fault, self.recheck, self.ports.clock.now())
    }

    async fn save(
        &self,
        task: &Task,
        progress: &Progress,
        finished: bool,
        gave_up: Option<Code>,
    ) -> Result<(), StepError> {
        let cursor = if finished { None } else { Some(self.desk.seal_cursor(&task.store, progress)?) };
        let is_read = finished && gave_up.is_none();
        for _ in 0..TRIES {
            let Some(last) = self.is_left_to_say(&task.store, is_read).await? else { return Ok(()) };
            let saved = turn(self.scope, |now| {
                // Another call came in between, and it may have said more of the store.
                if now.events != last {
                    return Ok(Amend::Leave(false));
                }
                Ok(Amend::commit(self.saved(now, task, progress, (cursor.clone(), finished, gave_up)), true))
            });
            if let Turn::Done(Ok(true)) = saved.await? {
                return Ok(());
            }
        }
        Err(too_many_writers())
    }

    /// The number of the request's last event, if what this call has read of a store is still to be said: not where
    /// another call has read it to its end, nor once the reading is over. Where another call has given it up, that it was
    /// read to its end is still to be said, and nothing else.
    async fn is_left_to_say(&self, store: &StoreId, is_read: bool) -> Result<Option<u32>, StepError> {
        let request = self.scope.load().await?;
        let is_ours = |own: &Recheck| (own.stage, own.reading) == (self.recheck.stage, self.recheck.reading);
        if !request.recheck.as_ref().is_some_and(is_ours) {
            return Ok(None);
        }
        let tasks = self.ports.requests.tasks(&request.tenant, &request.id).await?;
        let is_said = |task: &Task| task.tally.residue.is_some() || !is_read;
        let is_done = tasks_of(&tasks, self.recheck)
            .any(|task| task.store == *store && task.status == TaskStatus::Done && is_said(task));
        Ok((!is_done).then_some(request.events))
    }

    fn saved(
        &self,
        mut now: Request,
        task: &Task,
        progress: &Progress,
        (cursor, finished, gave_up): (Option<String>, bool, Option<Code>),
    ) -> Draft {
        let mut task = Task {
            status: if finished { TaskStatus::Done } else { TaskStatus::Running },
            // Of a store that could not be read to its end, nothing found is nothing known.
            tally: Tally {
                residue: finished.then(|| progress.residue()).filter(|n| *n > 0 || gave_up.is_none()),
                ..Tally::default()
            },
            cursor,
            at: progress.since,
            ..task.clone()
        };
        if finished {
            progress.proof.note(&mut task, self.scope.clock.now());
            now.attempts = 0;
        }
        if let Some(code) = gave_up {
            (task.control, task.control_missing) = (None, Some(code.as_str().to_owned()));
        }
        let kind = if finished { EventKind::StoreRechecked } else { EventKind::Progressed };
        let draft = Draft::new(now, kind, self.scope.clock.now()).detail("reading", self.recheck.reading);
        let draft = match gave_up {
            Some(code) => draft.detail("proof", UNREAD).detail("control_missing", code.as_str()),
            None => proven(draft, &task),
        };
        draft.task(task)
    }
}

/// Whether a reading has come to the end of every store that a paper looks in.
pub(super) fn is_read(tasks: &[Task], recheck: &Recheck, paper: &Plan) -> bool {
    let is_done = |store: &StoreId| {
        tasks_of(tasks, recheck).any(|task| task.store == *store && task.status == TaskStatus::Done)
    };
    paper.stores().iter().all(is_done)
}

/// What a reading has brought so far.
pub(super) fn tasks_of<'t>(tasks: &'t [Task], recheck: &Recheck) -> impl Iterator<Item = &'t Task> {
    let reading = recheck.reading;
    tasks.iter().filter(move |task| task.op == Operation::Recheck && task.pass == reading)
}

/// Whether a fault ends a reading: nobody has mended it for a day, or it does not mend by itself.
pub(super) fn is_given_up(fault: &Fault, recheck: &Recheck, now: Timestamp) -> bool {
    let is_late = later(recheck.at, READ_AGAIN).is_some_and(|by| by <= now);
    is_late || !fault.class.mends_itself()
}

/// The stores in which the person was found, and how many records in each.
pub(super) fn found(tasks: &[Task], recheck: &Recheck) -> BTreeMap<StoreId, u64> {
    let all = tasks_of(tasks, recheck).map(|task| (task.store.clone(), task.tally.residue.unwrap_or(0)));
    all.filter(|(_, records)| *records > 0).collect()
}

/// What a reading that found nothing proves of the stores.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Proven {
    /// Those that were not read to their end.
    pub unread: Vec<StoreId>,
    /// Those that were, and did not find their control.
    pub unproven: Vec<StoreId>,
}

impl Proven {
    /// What the present reading proves.
    pub fn by(tasks: &[Task], recheck: &Recheck) -> Self {
        let mut proven = Self::default();
        let read = tasks_of(tasks, recheck).map(|task| &task.store);
        let stores: BTreeSet<&StoreId> = recheck.stores.iter().chain(read).collect();
        for store in stores {
            let task = tasks_of(tasks, recheck).find(|task| task.store == *store);
            match task.filter(|task| task.status == TaskStatus::Done && task.tally.residue.is_some()) {
                None => proven.unread.push(store.clone()),
                Some(task) if task.control.is_none() => proven.unproven.push(store.clone()),
                Some(_) => {}
            }
        }
        proven
    }

    /// The stores of which it proves nothing, unless two officers had accepted when the request ended that they do not
    /// find their control. They had accepted that of stores that were read.
    pub fn lacks(&self, request: &Request) -> Vec<StoreId> {
        let mut lacks = request.not_accepted(&self.unproven);
        lacks.extend(self.unread.iter().cloned());
        lacks.sort();
        lacks
    }
}
