//! Beginning a store: everyone is heard once more, and no hold may stand at that moment (G1).

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, Collection, Method, Store};
use domain::event::EventKind;
use domain::hold::Ruling;
use domain::plan::{PageRef, Plan};
use domain::request::Request;
use domain::{Status, StoreId, Task};
use jiff::{SignedDuration, Timestamp};

use crate::change::{Amend, Draft, Scope, amend, amend_plainly, later};
use crate::error::StepError;
use crate::sanctions::{Heard, Panel, add_retentions, kept_by};
use crate::steps::check_sanctions::{hold, settings};
use crate::steps::erase_store::Ports;
use crate::steps::treatment::{Handling, handling};

/// No call goes on for longer: Lambda ends it.
const LONGEST_CALL: SignedDuration = SignedDuration::from_mins(15);

/// A wave in one store, about to be begun.
pub(super) struct Beginning<'a> {
    /// What the step has.
    pub ports: &'a Ports,
    /// Which request, by which execution.
    pub scope: &'a Scope<'a>,
    /// Its plan.
    pub plan: &'a Plan,
    /// The catalog that the plan was made with.
    pub catalog: &'a Catalog,
    /// The store.
    pub store: &'a Store,
    /// The wave.
    pub wave: u32,
}

impl Beginning<'_> {
    /// Hears the sources that concern the store, and begins it; the request as it is then, or `None`
    /// if anybody objects: then nothing is touched, and the request is checked again as a whole. Where
    /// keys would be destroyed, those are heard that concern any store whose data they may have sealed; and
    /// the task says since when that is true at the latest, should the call end before it can say more.
    pub async fn begin(&self, request: &Request, task: &mut Task) -> Result<Option<Request>, StepError> {
        let settings = settings(&*self.ports.tenants, request).await?;
        let panel = Panel {
            holds: &*self.ports.holds,
            sanctions: &*self.ports.sanctions,
            settings: &settings,
            catalog: self.catalog,
        };
        let Heard { ruling, answers } =
            panel.hear(request, &self.plan.people(), &self.concerned(request)?).await?;
        let Ruling::Clear(retentions) = ruling else {
            return object(self.scope, &self.store.id, &ruling, &answers).await.map(|()| None);
        };
        task.round = self.wave;
        let true_from = task.true_from;
        let begun = amend(self.scope, |mut now| {
            if now.status == Status::Held || now.denied.is_some() || now.status.is_end() {
                // Somebody objected to another store of this wave; or this call is late, and all of it is over.
                return Ok(Amend::Leave(None));
            }
            now.become_status(Status::Erasing)?;
            add_retentions(&mut now, retentions.clone());
            let at = self.scope.clock.now();
            task.at = at;
            let Touched { collections, shreds } = self.touches(&now, at)?;
            let too_late = too_late(&now, self.catalog, at);
            // Also if all of it is kept: by this commit it is passed over.
            now.wave_begun = true;
            task.begun |= !collections.is_empty() || shreds.is_some();
            if task.begun {
                now.begin_erasing();
            }
            if !collections.is_empty() {
                now.touched.entry(self.store.id.clone()).or_default().extend(collections);
            }
            if let Some(after) = shreds {
                now.shredded = self.sealed().into_iter().cloned().collect();
                // Whether this call lives to say when the last key went is not known yet.
                task.true_from = true_from.max(Some(since(later(at, LONGEST_CALL), after)));
            }
            let mut draft =
                Draft::new(now, EventKind::Erasing, at).task(task.clone()).detail("wave", self.wave);
            draft
                .detail
                .extend(answers.iter().map(|(source, answer)| (format!("source.{source}"), answer.clone())));
            if !too_late.is_empty() {
                draft = draft.detail("too_late", too_late.join(" "));
            }
            draft.unless_held.clone_from(&draft.request.locks);
            let after = draft.request.clone();
            Ok(Amend::commit(draft, Some(after)))
        })
        .await?;
        Ok(begun.ok().flatten())
    }

    /// The collections of the wave's pages.
    fn collections(&self) -> Result<Vec<&Collection>, StepError> {
        let order = self.plan.erase_order(&self.store.id);
        let wave = order.iter().filter(|(wave, _)| *wave == self.wave);
        wave.map(|(_, page)| collection_of(self.store, page)).collect()
    }

    /// The stores that keep what persons' keys have sealed.
    fn sealed(&self) -> BTreeSet<&StoreId> {
        self.catalog.shredded().map(|(store, _)| &store.id).collect()
    }

    /// The stores about which somebody is asked: this one, and those that lose what they have with it.
    fn concerned(&self, request: &Request) -> Result<Vec<&StoreId>, StepError> {
        let shreds = self.collections()?.iter().any(|c| c.erasure.method == Method::Shred);
        let others = if shreds && request.shredded.is_empty() { self.sealed() } else { BTreeSet::new() };
        let own = std::iter::once(&self.store.id);
        Ok(own.chain(others.into_iter().filter(|store| **store != self.store.id)).collect())
    }

    /// What of the wave is changed: a hold is not too late for what is kept anyway.
    fn touches(&self, request: &Request, now: Timestamp) -> Result<Touched, StepError> {
        let mut touched = Touched { collections: BTreeSet::new(), shreds: None };
        for collection in self.collections()? {
            match handling((request, self.plan), self.catalog, self.store, collection, now) {
                Handling::Keep => {}
                Handling::Treat(_) => {
                    touched.collections.insert(collection.name.clone());
                }
                Handling::Shred(after) => touched.shreds = touched.shreds.max(Some(after)),
            }
        }
        Ok(touched)
    }
}

/// What of a wave is changed.
struct Touched {
    /// The collections whose records are.
    collections: BTreeSet<String>,
    /// If any key is destroyed: how long after that it is true.
    shreds: Option<SignedDuration>,
}

/// What a source wants kept that was begun to be erased before, as `store.collection`.
fn too_late(request: &Request, catalog: &Catalog, now: Timestamp) -> Vec<String> {
    let is_wanted = |(store, collection): &(&Store, &Collection)| {
        request.has_touched(&store.id, &collection.name)
            && kept_by(request, catalog, store, collection, now).is_some()
    };
    let name = |(store, collection): (&Store, &Collection)| format!("{}.{}", store.id, collection.name);
    catalog.collections().filter(is_wanted).map(name).collect()
}

/// Since when it is true that a key is gone which was destroyed then; at the end of time if that cannot be
/// written.
pub(super) fn since(destroyed: Option<Timestamp>, after: SignedDuration) -> Timestamp {
    destroyed.and_then(|at| later(at, after)).unwrap_or(Timestamp::MAX)
}

/// The collection of a page.
pub(super) fn collection_of<'a>(store: &'a Store, page: &PageRef) -> Result<&'a Collection, StepError> {
    store
        .collection(&page.collection)
        .ok_or_else(|| StepError::broken("erase", "the catalog lacks the collection"))
}

/// Writes down that somebody objects to a store: the request is held, or denied, as a whole.
async fn object(
    scope: &Scope<'_>,
    store: &StoreId,
    ruling: &Ruling,
    answers: &BTreeMap<String, String>,
) -> Result<(), StepError> {
    amend_plainly(scope, |request| {
        // What has ended in the meantime has nothing left to object to.
        if request.status == Status::Held || request.denied.is_some() || request.status.is_end() {
            return Ok(Amend::Leave(()));
        }
        let now = scope.clock.now();
        let mut draft = Draft::new(request, EventKind::Denied, now);
        draft.store = Some(store.clone());
        draft
            .detail
            .extend(answers.iter().map(|(source, answer)| (format!("source.{source}"), answer.clone())));
        match ruling {
            Ruling::Clear(_) => return Ok(Amend::Leave(())),
            Ruling::Held { reason, review_at } => {
                hold(&mut draft, reason, *review_at, now)?;
            }
            Ruling::Denied { reason } => {
                draft.request.denied = Some(reason.clone());
                draft.why = Some(reason.clone());
            }
        }
        Ok(Amend::commit(draft, ()))
    })
    .await
}
