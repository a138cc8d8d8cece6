//! `GET /v1/requests/{id}/export`: a person fetches what is theirs.

use contract::problem::Invalid;
use domain::Pseudonym;

use super::give::{Fetcher, link};
use super::{Ports, Visitor, actor};
use crate::api::refusal::{Refusal, invalid, not_found};
use crate::api::{Answer, Call};
use crate::subject::Pseudonymiser;

/// Answers the call: 303 to a link that works for minutes. What is another person's is not there.
pub(super) async fn fetch(ports: &Ports, call: &Call, visitor: &Visitor) -> Result<Answer, Refusal> {
    let names = Pseudonymiser::of(&*ports.keyring, call.tenant()).await?;
    let own = call.principal.identities.iter().map(|identity| names.subject(identity));
    let own: Vec<Pseudonym> = own.collect::<Result<_, _>>()?;
    let id = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let request = ports.requests.load(call.tenant(), &id).await?;
    // Each identity that it was asked for must be theirs: the package has what all of them lead to.
    let theirs = |request: &domain::Request| {
        !request.subject.is_empty() && request.subject.iter().all(|one| own.contains(one))
    };
    let request = request.filter(theirs).ok_or_else(not_found)?;
    let number = package_of(call.query.get("package").map(String::as_str)).ok_or_else(|| {
        let detail = "this must be the number of a package, from 1; leave it out for the first";
        invalid(vec![Invalid::new("query:package", detail)])
    })?;
    let actor = actor(call, &names)?;
    let link = link(ports, &request, number, &Fetcher { actor, code: None, visitor }).await?;
    Ok(Answer::see_other(&link.url))
}

/// The number of the package that is asked for; the first if none is named.
pub(super) fn package_of(text: Option<&str>) -> Option<usize> {
    text.map_or(Some(1), |text| text.parse().ok().filter(|number| (1..=10_000).contains(number)))
}
