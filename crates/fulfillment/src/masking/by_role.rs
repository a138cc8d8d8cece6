//! What a role sees: every answer of the API is masked by the rules that the tenant has for the caller's role.
//!
//! Whatever function answers, its answer goes through [`ByRole::answer`], after the use case and before anything of it leaves: so no
//! operation can forget it. The rules are made ready *before* the use case runs: if they cannot be, nothing was
//! done, and nothing is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::masking::Masking;
use domain::TenantId;
use domain::access::Role;
use masking::{Masker, RulesError};
use ports::{Clock, Tenants};

use super::maskers::{Maskers, not_made};
use super::opened;
use super::stays::stays;
use crate::api::identities::settings;
use crate::api::{Answer, Call, refusal};
use crate::error::StepError;

/// Bytes of a masked answer at the most: no more leaves a function.
const MOST: usize = 6 << 20;

/// Operations of whose answers nothing is masked when they are done; if they are refused, it is, as everywhere.
/// `docs/masking.md` says why of each.
pub const UNMASKED: [(&str, &str); 9] = [
    // What a proof is made of: changed by one byte it proves nothing.
    ("GET", "/v1/requests/{id}/receipt"),
    ("GET", "/v1/requests/{id}/receipt/salt"),
    ("GET", "/v1/audit/key"),
    ("GET", "/v1/audit/checkpoint"),
    ("GET", "/v1/audit/export"),
    ("GET", "/v1/audit/packs/{id}"),
    // A secret and a ciphertext: changed, they open nothing.
    ("POST", "/v1/requests/{id}/export/code"),
    ("POST", "/v1/vault/encrypt"),
    // What the caller sent, masked by the rules that it is sent for. Masked again, its tokens would not join.
    ("POST", "/v1/mask"),
];

/// The operation whose answer is the base64 of what may be a text.
const DECRYPT: (&str, &str) = ("POST", "/v1/vault/decrypt");

/// Masks answers by their callers' roles.
pub struct ByRole {
    tenants: Arc<dyn Tenants>,
    clock: Arc<dyn Clock>,
    maskers: Maskers<TenantId, Arc<Roles>>,
}

/// What masks for each role of a tenant; `None` if nothing does.
struct Roles {
    by: BTreeMap<Role, Option<Arc<Masker>>>,
    /// How many of them are made of the tenant's own rules.
    own: usize,
}

impl Roles {
    /// By these settings. One mistake anywhere in them is everybody's: of what was meant for a role nobody knows for which.
    fn new(said: &Masking) -> Result<Self, RulesError> {
        match Masker::new(&said.rules()) {
            Ok(_) | Err(RulesError::NoKey) => {}
            Err(wrong) => return Err(wrong),
        }
        let plain = Arc::<Masker>::default();
        let masker = |role| {
            let rules = said.rules_of(role);
            let own = |rules| Masker::new(&rules).map(Arc::new);
            let masker = if said.roles.contains_key(&role) {
                rules.map(own).transpose()?
            } else {
                rules.map(|_| plain.clone())
            };
            Ok((role, masker))
        };
        let by = Role::ALL.into_iter().map(masker).collect::<Result<BTreeMap<_, _>, _>>()?;
        let own =
            by.iter().filter(|(role, masker)| masker.is_some() && said.roles.contains_key(role)).count();
        Ok(Self { by, own })
    }
}

impl ByRole {
    /// By the rules in these tenants' settings.
    pub fn new(tenants: Arc<dyn Tenants>, clock: Arc<dyn Clock>) -> Self {
        Self { tenants, clock, maskers: Maskers::weighing(|roles| roles.own) }
    }

    /// Has a call answered, and answers what its caller's role may see of that.
    pub async fn answer(&self, call: &Call, answer: impl AsyncFnOnce(&Call) -> Answer) -> Answer {
        let masker = match self.masker(call.tenant(), call.principal.role).await {
            Ok(masker) => masker,
            Err(error) => return refusal::failed(error, "so nothing was done. Send the same again."),
        };
        let answer = answer(call).await;
        match masker {
            None => answer,
            Some(masker) => masked(&masker, call, answer).unwrap_or_else(Answer::from),
        }
    }

    /// What masks for a role; `None` if nothing does.
    async fn masker(&self, tenant: &TenantId, role: Role) -> Result<Option<Arc<Masker>>, StepError> {
        let settings = settings(&*self.tenants, tenant).await?;
        let make =
            async |said: Masking| Ok(Arc::new(Roles::new(&said).map_err(|error| not_made(tenant, &error))?));
        let roles = self.maskers.of(tenant.clone(), &settings, self.clock.now(), make).await?;
        roles.by.get(&role).cloned().ok_or_else(|| StepError::broken("mask", "a role without rules"))
    }
}

fn masked(masker: &Masker, call: &Call, mut answer: Answer) -> Result<Answer, refusal::Refusal> {
    let place = (call.method.as_str(), call.resource.as_str());
    let done = (200..300).contains(&answer.status);
    if answer.body.is_empty() || (done && UNMASKED.contains(&place)) {
        return Ok(answer);
    }
    answer.body = if done && place == DECRYPT {
        opened::masked(masker, call, &answer.body)?
    } else {
        text(masker, &answer.body)?
    };
    Ok(answer)
}

/// A body, masked: JSON stays JSON, its numbers, which are counts, stay numbers, and what holds it together stays too.
fn text(masker: &Masker, body: &str) -> Result<String, StepError> {
    let mut out = Vec::with_capacity(body.len());
    if masker.mask_json_strings_but(body.as_bytes(), stays, &mut out).is_none() {
        masker.mask(body.as_bytes(), &mut out);
    }
    if out.len() > MOST.max(body.len()) {
        return Err(StepError::broken("mask", "the masked answer is longer than 6 MiB"));
    }
    String::from_utf8(out).map_err(|_| StepError::broken("mask", "an answer became no text"))
}

#[cfg(test)]
pub(super) mod tests;
