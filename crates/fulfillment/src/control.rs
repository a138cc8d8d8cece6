//! The positive control (G4): that a search found nobody counts only where the same search, through the same
//! connection and with the same catalog, found the store's control person just before or after.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::catalog::{Collection, Store};
use domain::plan::{Lookup, Plan, Source, Value};
use domain::request::Request;
use domain::task::ControlSeen;
use domain::{Operation, StoreId, Task, TaskStatus};
use jiff::Timestamp;
use ports::stores::{Connector, Search, Target};
use ports::{Budget, Fault};
use serde::{Deserialize, Serialize};

/// One of the two ways in which a connector looks for people.
#[async_trait]
pub(crate) trait Reading: Sync {
    /// Looks for one value from where it was; whether it was found, and where to go on if there is more.
    async fn finds(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<(bool, Option<String>), Fault>;
}

/// As locating looks.
pub(crate) struct Locating<'a>(pub &'a dyn Connector);

#[async_trait]
impl Reading for Locating<'_> {
    async fn finds(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<(bool, Option<String>), Fault> {
        let found = self.0.locate(target, search, cursor).await?;
        Ok((!found.records.is_empty(), found.next))
    }
}

/// As confirming looks.
pub(crate) struct Confirming<'a>(pub &'a dyn Connector);

#[async_trait]
impl Reading for Confirming<'_> {
    async fn finds(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<(bool, Option<String>), Fault> {
        let found = self.0.confirm_search(target, search, cursor).await?;
        Ok((found.records > 0, found.next))
    }
}

/// What of a store's searches is proven so far. Sealed when it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// The searches that found the control: `collection.field`.
    #[serde(default)]
    found: BTreeSet<String>,
    /// Those that did so in this call. Another one may have another connection, and other rights: what it searches is
    /// proven anew.
    #[serde(skip)]
    lately: BTreeSet<String>,
    /// When the control was found first: nothing of this is older.
    #[serde(default)]
    at: Option<Timestamp>,
    /// The first that did not.
    #[serde(default)]
    missing: Option<String>,
    /// Where the store goes on with the search under way.
    #[serde(default)]
    inner: Option<String>,
}

impl Proof {
    /// Proves one search, from where it was; `false` if the time was up before the end. A field is searched for
    /// the control once in a call, however often it is searched.
    pub async fn prove(
        &mut self,
        reading: &dyn Reading,
        target: &Target<'_>,
        lookup: &Lookup,
        now: Timestamp,
        budget: &dyn Budget,
    ) -> Result<bool, Fault> {
        let way = format!("{}.{}", lookup.collection, lookup.field);
        let is_known = self.lately.contains(&way) || self.missing.as_ref() == Some(&way);
        if is_known || !is_to_be_proven(target.collection, lookup) {
            return Ok(true);
        }
        let Some(value) = value_of(target.store, lookup) else {
            self.missing.get_or_insert(way);
            return Ok(true);
        };
        match look(reading, target, (&lookup.field, &value), &mut self.inner, budget).await? {
            None => return Ok(false),
            Some(true) => {
                self.at = Some(self.at.map_or(now, |at| at.min(now)));
                self.lately.insert(way.clone());
                self.found.insert(way);
            }
            Some(false) => {
                self.missing.get_or_insert(way);
            }
        }
        Ok(true)
    }

    /// Writes down what all searches of a task came to, on top of what those of its earlier rounds did.
    pub fn note(&self, task: &mut Task, now: Timestamp) {
        let before = task.control.filter(|control| control.ways > 0);
        let more = before.map_or(0, |control| control.ways);
        let ways = u32::try_from(self.found.len()).unwrap_or(u32::MAX).saturating_add(more);
        let at = before.map(|control| control.at).into_iter().chain(self.at).min().unwrap_or(now);
        task.control_missing = task.control_missing.take().or_else(|| self.missing.clone());
        task.control = task.control_missing.is_none().then_some(ControlSeen { at, ways });
    }
}

/// Whether a search finds a value, going on from where it was; `None` if the time was up before the end.
pub(crate) async fn look(
    reading: &dyn Reading,
    target: &Target<'_>,
    (field, value): (&str, &Value),
    inner: &mut Option<String>,
    budget: &dyn Budget,
) -> Result<Option<bool>, Fault> {
    let search = Search { field, values: std::slice::from_ref(value) };
    loop {
        let (is_found, next) = reading.finds(target, &search, inner.as_deref()).await?;
        let is_over = is_found || next.is_none();
        *inner = next.filter(|_| !is_over);
        if is_over {
            return Ok(Some(is_found));
        }
        if budget.is_spent() {
            return Ok(None);
        }
    }
}

/// Whether what a search does not find has to be proven. No search finds keys, and records that stay as they are
/// may be found.
fn is_to_be_proven(collection: &Collection, lookup: &Lookup) -> bool {
    let is_search = matches!(lookup.source, Source::Identities(_) | Source::Given(_) | Source::Pages { .. });
    is_search && collection.wants_control()
}

fn value_of(store: &Store, lookup: &Lookup) -> Option<Value> {
    store.control.as_ref()?.value(&lookup.collection, &lookup.field)
}

/// The stores that the present pass looked for the person in and that did not find their control.
pub(crate) fn unproven_locating(plan: &Plan, tasks: &[Task]) -> Vec<StoreId> {
    let located = |store: &StoreId| tasks.iter().find(|t| t.op == Operation::Locate && &t.store == store);
    let is_unproven = |store: &StoreId| {
        let task = located(store).filter(|t| t.pass == plan.pass_number() && t.status == TaskStatus::Done);
        task.is_some_and(|task| task.control.is_none())
    };
    plan.stores().into_iter().filter(is_unproven).collect()
}

/// Whether it must not be said yet who was not found: the person is shown what was found, or nobody was, and some
/// store did not find its control. Once the stores are erased they are read again, and that is proven instead.
pub(crate) fn rests_on_locating(request: &Request, plan: &Plan) -> bool {
    let nobody = !request.erasing_begun && !plan.found_somebody();
    request.is_to_be_exported() || nobody || !request.kind.erases()
}

#[cfg(test)]
mod tests;
