//! `GET /v1/requests/{id}`: where a request stands, store by store.

use std::collections::BTreeSet;

use contract::api::{Kept, ParkedView, RecheckView, RequestView, StoreView, parked_view, store_view};
use domain::catalog::{Catalog, Method, Store};
use domain::{Operation, Request, StoreId, Task};
use jiff::Timestamp;

use super::reader::{Reader, find};
use super::{Answer, Call, Ports, Refusal};
use crate::error::StepError;
use crate::sanctions::kept_by;
use crate::steps::confirm_store::{CONTROL, RE_READ};

/// Answers the call.
pub(super) async fn show(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let (request, reader) = find(ports, call).await?;
    Ok(Answer::json(200, &view(ports, &request, &reader).await?)?)
}

/// The request, as its reader sees it.
pub(super) async fn view(
    ports: &Ports,
    request: &Request,
    reader: &Reader,
) -> Result<RequestView, StepError> {
    let parked = match reader {
        Reader::Tenant => parked(ports, request).await,
        // Why it stopped is about our stores and errors. What the person is told is that it has.
        Reader::Person(_) => None,
    };
    // What was done before it was opened again is in the receipt of that time.
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    let tasks = request.tasks_of_this_time(tasks);
    let accepted_risks = match reader {
        Reader::Tenant => request.accepted_risks.iter().map(Into::into).collect(),
        Reader::Person(_) => Vec::new(),
    };
    Ok(RequestView {
        request_id: request.id.clone(),
        kind: request.kind,
        status: request.status,
        jurisdiction: request.jurisdiction,
        received_at: request.received_at,
        due_by: request.due_by,
        closed_at: request.closed_at,
        cooling_off_until: request.cooling_off_until,
        cancelling: request.cancel_requested && !request.status.is_end(),
        denied: request.denied.clone(),
        parked,
        export: request.export.as_ref().map(Into::into),
        stores: stores(ports, request, &tasks).await?,
        unproven: request.unproven.clone(),
        accepted_risks,
        recheck: request.recheck.as_ref().and_then(RecheckView::of),
        proof: proof(&tasks).to_owned(),
    })
}

/// Why it stopped. That the catalog cannot be read may be the very reason, so it is not needed here.
async fn parked(ports: &Ports, request: &Request) -> Option<ParkedView> {
    let parked = request.parked.as_ref()?;
    let owner = match &parked.store {
        None => None,
        Some(store) => {
            let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await.ok();
            catalog.and_then(|c| c.store(store).map(|s| s.owner.team.clone()))
        }
    };
    Some(parked_view(parked, owner, request.progress_by))
}

/// What the counts rest on: every store that was read again found its control then, if it had to, and some had to.
fn proof(tasks: &[Task]) -> &'static str {
    let read: Vec<_> = tasks.iter().filter(|t| t.op == Operation::Confirm).map(|t| t.control).collect();
    let is_proven = read.iter().all(Option::is_some) && read.iter().flatten().any(|control| control.ways > 0);
    if is_proven { CONTROL } else { RE_READ }
}

async fn stores(ports: &Ports, request: &Request, tasks: &[Task]) -> Result<Vec<StoreView>, StepError> {
    let ids: BTreeSet<&StoreId> = tasks.iter().map(|task| &task.store).collect();
    let now = ports.clock.now();
    let line = |id| store_view(id, tasks, Vec::new()).at(now);
    let mut lines: Vec<StoreView> = ids.into_iter().map(line).collect();
    if lines.iter().any(|line| line.anonymised > 0 || line.retained > 0) {
        let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
        let at = request.closed_at.unwrap_or(now);
        for line in &mut lines {
            let store = catalog.store(&line.store);
            let erased = tasks.iter().find(|t| t.op == Operation::Erase && t.store == line.store);
            line.kept = store
                .zip(erased)
                .map(|(store, task)| kept(request, &catalog, store, task, at))
                .unwrap_or_default();
        }
    }
    Ok(lines)
}

/// What is kept in a store, and why: what a sanction source wants kept comes before what the
/// catalog says, as it does when the store is erased.
fn kept(request: &Request, catalog: &Catalog, store: &Store, task: &Task, at: Timestamp) -> Vec<Kept> {
    let mut kept = Vec::new();
    for collection in &store.collections {
        let erasure = &collection.erasure;
        let counts = task.collections.get(&collection.name).copied().unwrap_or_default();
        // A source that spoke after the records were anonymised kept nothing of them.
        let wanted = kept_by(request, catalog, store, collection, at).filter(|_| counts.retained > 0);
        if counts.anonymised == 0 && counts.retained == 0 {
            continue;
        }
        kept.push(match wanted {
            Some(retention) => Kept {
                collection: collection.name.clone(),
                method: Method::Retain,
                reason: retention.reason.clone(),
                law: retention.source.clone(),
                keep_for: retention.until.map(|until| until.to_string()),
            },
            None => Kept {
                collection: collection.name.clone(),
                method: erasure.method,
                reason: erasure.reason.clone().unwrap_or_default(),
                law: erasure.law.clone().unwrap_or_default(),
                keep_for: erasure.keep_for.clone(),
            },
        });
    }
    kept
}
