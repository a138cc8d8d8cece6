//! Paging the owners of stores after a request has ended: the person was found again, or nothing proves that they were not.

use contract::page::{Page, doc};
use domain::catalog::Owner;
use domain::event::EventKind;
use domain::recheck::{Recheck, Stage};
use domain::{Request, StoreId};
use ports::Code;

use crate::api::identities::Configured;
use crate::change::{Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;
use crate::steps::recheck::{Ports, listed, own};
use crate::steps::recheck_reading::Proven;

/// Pages the owners of the stores in question, unless that was done: after what they are paged for is committed, so
/// that it is never lost, and perhaps twice. While nobody says what was found they are paged again each week.
pub(super) async fn page(
    ports: &Ports,
    scope: &Scope<'_>,
    request: &Request,
    recheck: &Recheck,
) -> Result<(), StepError> {
    let Some(now) = request.recheck.as_ref() else { return Ok(()) };
    let (stage, paged) = (now.stage, now.paged);
    let (stores, code): (Vec<StoreId>, Code) = match stage {
        Stage::Found if now.page_at() <= ports.clock.now() => {
            (now.found.keys().cloned().collect(), Code::PersonFoundAgain)
        }
        Stage::NotProven if now.unpaged => {
            let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
            (Proven::by(&tasks, recheck).lacks(request), Code::StoreUnproven)
        }
        _ => return Ok(()),
    };
    for id in &stores {
        let Some(owner) = owner(ports, request, id).await? else { continue };
        let nth = if paged == 0 { String::new() } else { format!("-{}", paged.saturating_add(1)) };
        let page = Page {
            id: format!("{}-{}-{id}{nth}", request.id, recheck.reading),
            tenant: request.tenant.clone(),
            request_id: request.id.clone(),
            store: id.clone(),
            code: code.as_str().to_owned(),
            team: owner.team,
            page: owner.page,
            doc: doc(code.as_str()),
        };
        ports.pager.page(&page).await?;
    }
    amend_plainly(scope, |mut request| {
        // Another call may have paged them.
        let is_left = |own: &&mut Recheck| own.paged == paged && (stage == Stage::Found || own.unpaged);
        let Some(own) = own(&mut request, recheck, stage).filter(is_left) else {
            return Ok(Amend::Leave(()));
        };
        if stage == Stage::Found {
            own.paged = paged.saturating_add(1);
        }
        own.unpaged = false;
        let mut draft = Draft::new(request, EventKind::OwnersPaged, scope.clock.now());
        draft.why = Some(code.as_str().to_owned());
        Ok(Amend::commit(draft.detail("stores", listed(&stores)), ()))
    })
    .await
}

/// Who owns a store: by the catalog that the request was planned with, or by the present one, since that the first cannot
/// be read may be the very reason. `None` if neither has it.
async fn owner(ports: &Ports, request: &Request, store: &StoreId) -> Result<Option<Owner>, StepError> {
    let planned = ports.catalogs.get(&request.tenant, &request.catalog_version).await;
    if let Some(store) = planned.ok().and_then(|catalog| catalog.store(store).cloned()) {
        return Ok(Some(store.owner));
    }
    let configured = Configured::of(&*ports.tenants, &*ports.catalogs, &request.tenant).await?;
    Ok(configured.store(store).map(|store| store.owner.clone()))
}
