//! Giving out one link: counted, in the audit, then signed.

use contract::export::MOST_DOWNLOADS;
use contract::problem::Problem;
use domain::event::EventKind;
use domain::export::{Export, Package};
use domain::request::Request;
use jiff::{SignedDuration, Timestamp};
use ports::{Link, MOST_VISITS};
use serde::Serialize;
use vault::Context;

use super::{Ports, Visitor};
use crate::api::refusal::Refusal;
use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// How long a link works.
const WORKS_FOR: SignedDuration = SignedDuration::from_secs(300);

/// How long it is kept who came from where.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Addresses from which one package is fetched before that is unusual.
const USUAL_ADDRESSES: usize = 2;

/// Links within [`SOON`] before that is unusual.
const USUAL_LINKS: usize = 5;
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// Who fetches: as the audit names them, and by which way.
pub(super) struct Fetcher<'a> {
    pub actor: Actor,
    pub by_code: bool,
    pub visitor: &'a Visitor,
}

#[derive(Serialize)]
struct Kept<'a> {
    at: Timestamp,
    address: &'a str,
    client: &'a str,
}

/// Gives out a link to a package, by its number from 1.
pub(super) async fn link(
    ports: &Ports,
    request: &Request,
    number: usize,
    fetcher: &Fetcher<'_>,
) -> Result<Link, Refusal> {
    let (package, downloads) = count(ports, request, number, fetcher).await??;
    keep(ports, request, downloads, fetcher.visitor).await?;
    let ending = package.name.split_once('.').map_or("zip", |(_, ending)| ending);
    let file = match number {
        1 if request.export.as_ref().is_some_and(|export| export.packages.len() == 1) => {
            format!("{}.{ending}", request.id)
        }
        _ => format!("{}-{number}.{ending}", request.id),
    };
    let link = ports.links.sign(&request.tenant, &request.id, &package.name, &file, WORKS_FOR).await?;
    // Destroyed since it was counted.
    link.ok_or_else(|| gone().into())
}

/// Counts the link and writes it down, before it is there.
async fn count(
    ports: &Ports,
    request: &Request,
    number: usize,
    fetcher: &Fetcher<'_>,
) -> Result<Result<(Package, u32), Problem>, StepError> {
    let scope = Scope {
        requests: &*ports.requests,
        clock: &*ports.clock,
        tenant: &request.tenant,
        id: &request.id,
        generation: None,
        actor: &fetcher.actor,
    };
    let names = Pseudonymiser::of(&*ports.keyring, &request.tenant).await?;
    let address = names.visitor(fetcher.visitor.address.expose())?;
    amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        let progress_by = request.progress_by;
        let Some(export) = &mut request.export else { return Ok(Amend::Leave(Err(nothing()))) };
        if let Some(problem) = unfetchable(export, now) {
            return Ok(Amend::Leave(Err(problem)));
        }
        let Some(package) = number.checked_sub(1).and_then(|n| export.packages.get(n)).cloned() else {
            return Ok(Amend::Leave(Err(Problem::not_found("There is no package of this number."))));
        };
        if export.downloads >= MOST_DOWNLOADS {
            let detail =
                format!("Nothing was done. {MOST_DOWNLOADS} links were given out, and there are no more.");
            return Ok(Amend::Leave(Err(Problem::conflict(detail))));
        }
        export.downloads += 1;
        if fetcher.by_code
            && let Some(token) = &mut export.token
        {
            token.uses += 1;
        }
        let downloads = export.downloads;
        let unusual = export.visited(&address, now, USUAL_ADDRESSES, (USUAL_LINKS, SOON));
        let mut draft = Draft::new(request, EventKind::Downloaded, now)
            .detail("package", number)
            .detail("link", downloads)
            .detail("by", if fetcher.by_code { "code" } else { "token" });
        if let Some(unusual) = unusual {
            draft.why = Some(unusual.to_owned());
        }
        // Fetching is no progress: the sweeper comes when it would have come.
        draft.request.progress_by = progress_by;
        Ok(Amend::commit(draft, Ok((package, downloads))))
    })
    .await
}

/// Why nothing can be fetched; `None` if it can.
pub(super) fn unfetchable(export: &Export, now: Timestamp) -> Option<Problem> {
    if export.is_over() || (export.is_there() && export.expires_at.is_none_or(|until| until <= now)) {
        return Some(gone());
    }
    (!export.is_there()).then(|| {
        Problem::conflict(
            "Nothing was done. The package is not ready yet; `GET /v1/requests/{id}` says when it is.",
        )
    })
}

pub(super) fn nothing() -> Problem {
    Problem::conflict("Nothing was done. This request exports nothing.")
}

fn gone() -> Problem {
    Problem::gone("The package was destroyed when its time was over. A new request makes a new one.")
}

/// Keeps from where somebody came, sealed, outside of the audit, and for a while.
async fn keep(ports: &Ports, request: &Request, number: u32, visitor: &Visitor) -> Result<(), StepError> {
    let now = ports.clock.now();
    let scope = ports::KeyScope::Pseudonyms(request.tenant.clone());
    let key = ports.keyring.obtain(&scope).await?;
    let clipped = |text: &'_ str| text.chars().take(MOST_VISITS).collect::<String>();
    let (address, client) = (clipped(visitor.address.expose()), clipped(visitor.client.expose()));
    let kept = Kept { at: now, address: &address, client: &client };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
    let object = format!("{}/{number}", request.id);
    let context = Context { tenant: request.tenant.as_str(), purpose: "visit", object: &object };
    let sealed = vault::seal(&key, &context, ports.entropy.bytes(), &plain)?;
    let until = now.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
    Ok(ports.visits.keep(&request.tenant, &request.id, number, sealed, until).await?)
}
