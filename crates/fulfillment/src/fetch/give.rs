//! Giving out one link: counted, in the audit, then signed.

use contract::export::{MOST_DOWNLOADS, MOST_USES, in_all, links_left};
use contract::problem::Problem;
use domain::event::EventKind;
use domain::export::{Export, Package};
use domain::request::Request;
use jiff::{SignedDuration, Timestamp};
use ports::Link;

use super::visits::keep;
use super::{Ports, Visitor, aside, scope};
use crate::api::refusal::{Refusal, not_found};
use crate::change::{Actor, Amend, amend_plainly};
use crate::codes::MOST_TRIES;
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// How long a link works.
const WORKS_FOR: SignedDuration = SignedDuration::from_secs(300);

/// Addresses from which one package is fetched before that is unusual.
const USUAL_ADDRESSES: usize = 2;

/// Links within [`SOON`] before that is unusual.
const USUAL_LINKS: usize = 5;
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// Who fetches: as the audit names them, and by which way.
pub(super) struct Fetcher<'a> {
    pub(super) actor: Actor,
    /// The number of the code that they have; `None` for whoever has a token of their own.
    pub(super) code: Option<u32>,
    pub(super) visitor: &'a Visitor,
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
    let scope = scope(ports, request, &fetcher.actor);
    let names = Pseudonymiser::of(&*ports.keyring, &request.tenant).await?;
    let address = names.visitor(fetcher.visitor.address.expose())?;
    amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        let export = match fetchable(&mut request, now) {
            Ok(export) => export,
            Err(problem) => return Ok(Amend::Leave(Err(problem))),
        };
        let Some(package) = number.checked_sub(1).and_then(|n| export.packages.get(n)).cloned() else {
            return Ok(Amend::Leave(Err(Problem::not_found("There is no package of this number."))));
        };
        if let Some(problem) = exhausted(export) {
            return Ok(Amend::Leave(Err(problem)));
        }
        if let Some(code) = fetcher.code
            && let Err(problem) = use_code(export, code, now)
        {
            return Ok(Amend::Leave(Err(problem)));
        }
        export.downloads += 1;
        let downloads = export.downloads;
        let unusual = export.visited(&address, now, USUAL_ADDRESSES, (USUAL_LINKS, SOON));
        let mut draft = aside(request, EventKind::Downloaded, now)
            .detail("package", number)
            .detail("link", downloads)
            .detail("by", if fetcher.code.is_some() { "code" } else { "token" });
        draft.why = unusual.map(str::to_owned);
        Ok(Amend::commit(draft, Ok((package, downloads))))
    })
    .await
}

/// Notes that a code is used once more. Another call may have replaced it, or used it up, since it was read.
fn use_code(export: &mut Export, number: u32, now: Timestamp) -> Result<(), Problem> {
    let most = in_all(MOST_USES, export);
    let token = export.token.as_mut().filter(|token| token.number == number && token.expires_at > now);
    let token = token.filter(|token| token.tries < MOST_TRIES).ok_or_else(not_found)?;
    if token.uses >= most {
        let detail = format!(
            "There is no link. This code has given out {most}, as many as a code does: ask for a new code."
        );
        return Err(Problem::conflict(detail));
    }
    token.uses += 1;
    Ok(())
}

/// What can be fetched now; or why nothing can.
pub(super) fn fetchable(request: &mut Request, now: Timestamp) -> Result<&mut Export, Problem> {
    let given_up = request.cancel_requested || request.denied.is_some();
    let status = request.status;
    let Some(export) = &mut request.export else {
        return Err(Problem::conflict("Nothing was done. This request exports nothing."));
    };
    let there = export.is_there();
    if export.is_over() || (there && (given_up || export.expires_at.is_none_or(|until| until <= now))) {
        return Err(gone());
    }
    if !there {
        let detail = if given_up || status.is_end() {
            "Nothing was done. There is no package, and there will be none: the request has ended, or is about to."
        } else {
            "Nothing was done. The package is not ready yet; `GET /v1/requests/{id}` says when it is."
        };
        return Err(Problem::conflict(detail));
    }
    Ok(export)
}

/// Why no more links are given out; `None` if some are.
pub(super) fn exhausted(export: &Export) -> Option<Problem> {
    (links_left(export) == 0).then(|| {
        let most = in_all(MOST_DOWNLOADS, export);
        Problem::conflict(format!(
            "There is no link. {most} were given out, and there are no more. Whoever asks for the same again gets \
             a new package when the time of this one is over, or once this request is cancelled."
        ))
    })
}

fn gone() -> Problem {
    Problem::gone(
        "The package is destroyed, since its time was over or the request was withdrawn. A new request makes a new one.",
    )
}
