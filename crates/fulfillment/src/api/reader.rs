//! Who may see which request: a subject their own, everybody else their tenant's.

use std::collections::BTreeSet;

use domain::access::Role;
use domain::{Pseudonym, Request};

use super::refusal::not_found;
use super::{Call, Ports, Refusal, names};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// What a caller may see.
pub(super) enum Reader {
    /// All requests of the tenant.
    Tenant,
    /// Those that name one of these identities.
    Person(BTreeSet<Pseudonym>),
}

impl Reader {
    /// What the caller of this call may see.
    pub(super) fn of(call: &Call, names: &Pseudonymiser) -> Result<Self, StepError> {
        if call.principal.role != Role::Subject {
            return Ok(Self::Tenant);
        }
        let own = call.principal.identities.iter().map(|identity| names.subject(identity));
        own.collect::<Result<_, _>>().map(Self::Person)
    }

    /// Whether it is a person, who reads about themselves and not about our stores.
    pub(super) fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }

    /// Whether the caller may see a request.
    pub(super) fn may_see(&self, request: &Request) -> bool {
        match self {
            Self::Tenant => true,
            Self::Person(own) => request.subject.iter().any(|one| own.contains(one)),
        }
    }
}

/// The request that a call names, if the caller may see it.
pub(super) async fn find(ports: &Ports, call: &Call) -> Result<(Request, Reader), Refusal> {
    let id = call.id.as_deref().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(not_found)?;
    let reader = match call.principal.role {
        Role::Subject => Reader::of(call, &names(ports, call).await?)?,
        _ => Reader::Tenant,
    };
    let request = ports.requests.load(call.tenant(), &id).await?;
    let request = request.filter(|request| reader.may_see(request)).ok_or_else(not_found)?;
    Ok((request, reader))
}
