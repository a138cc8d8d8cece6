//! Masking texts for the tenant's services: what `POST /v1/mask` means, without a server.
//!
//! It is a function of its own: nothing else opens the key that a tenant's tokens are made with. [`answer`] takes a call whose caller is
//! known, and always has an answer; only the one that masks says anything of what was sent.
//!
//! [`ByRole`] is what every function behind the API does with its answers.

mod by_role;
mod maskers;
mod opened;
mod stays;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::masking::{LONGEST_FIELD, MOST_TEXTS, Mask, Masked, Masking};
use contract::problem::{Invalid, Problem};
use domain::TenantId;
use domain::access::Action;
use masking::{Kind, Masker, RulesError, Tokens};
use ports::{Clock, KeyScope, Keyring, Tenants};
use vault::PseudonymKey;
use zeroize::Zeroizing;

use crate::api::body::{self, Shape, anything, needed, optional};
use crate::api::identities::settings;
use crate::api::refusal::{self, Refusal, invalid};
use crate::api::routes::{self, Route, route};
use crate::api::{Answer, Call};
use crate::error::StepError;

pub use by_role::{ByRole, UNMASKED};
use maskers::{Maskers, not_made};

/// Bytes of a body at the most.
const MOST_BODY: usize = 256 << 10;

/// Bytes of all masked texts at the most: what is written can be longer than what was found.
const MOST_MASKED: usize = 2 << 20;

const SHAPE: Shape = Shape::Object(&[
    needed("texts", Shape::List(&Shape::Text("a text", anything))),
    optional("field", Shape::Text("a name of 1 to 64 small letters, digits, `_`, `.` and `-`", is_field)),
]);

/// What masking needs.
pub struct Ports {
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The keys of tokens.
    pub keyring: Arc<dyn Keyring>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Rules that were made ready.
    pub ready: Ready,
}

/// Rules for texts that were made ready.
#[derive(Default)]
pub struct Ready(Maskers<TenantId, Arc<Masker>>);

/// An operation. Its name is the `operationId` of `infra/openapi.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Masks texts.
    MaskTexts,
}

impl Endpoint {
    /// The operation's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaskTexts => "MaskTexts",
        }
    }

    /// What the caller's role must allow.
    pub fn action(self) -> Action {
        match self {
            Self::MaskTexts => Action::Mask,
        }
    }
}

/// Every operation.
pub const ROUTES: [Route<Endpoint>; 1] = [route("POST", "/v1/mask", Endpoint::MaskTexts)];

/// Answers a call.
pub async fn answer(ports: &Ports, call: &Call) -> Answer {
    match handle(ports, call).await {
        Ok(answer) => answer,
        Err(Refusal::Step(error)) => refusal::failed(error, "so nothing was masked. Send the same again."),
        Err(refusal) => refusal.into(),
    }
}

async fn handle(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let endpoint = routes::find(&ROUTES, &call.method, &call.resource)?;
    if !call.principal.role.may(endpoint.action()) {
        return Err(refusal::forbidden(endpoint.action()).into());
    }
    match endpoint {
        Endpoint::MaskTexts => mask(ports, call).await,
    }
}

async fn mask(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body: Mask = body::read_within(&call.body, &SHAPE, MOST_BODY)?;
    if body.texts.len() > MOST_TEXTS {
        let errors = vec![Invalid::new("/texts", format!("these are more than {MOST_TEXTS} texts"))];
        return Err(invalid(errors).into());
    }
    let masker = masker(ports, call.tenant()).await?;
    let mut answer = Masked { texts: Vec::with_capacity(body.texts.len()), findings: BTreeMap::new() };
    let mut length = 0;
    for text in &body.texts {
        let written = mask_text(&masker, text.expose(), body.field.as_deref(), &mut answer.findings)?;
        length += written.len();
        if length > MOST_MASKED {
            let detail = "Nothing was answered. Masked, the texts have more than 2 MiB: send fewer at once.";
            return Err(Problem::too_large(detail).into());
        }
        answer.texts.push(written);
    }
    Ok(Answer::json(200, &answer)?)
}

/// The tenant's masker for texts, by its settings as they are now.
pub(crate) async fn masker(ports: &Ports, tenant: &TenantId) -> Result<Arc<Masker>, StepError> {
    let settings = settings(&*ports.tenants, tenant).await?;
    let make = async |said: Masking| {
        let rules = said.rules();
        let made = match Masker::new(&rules) {
            Err(RulesError::NoKey) => Masker::with_tokens(&rules, tokens(ports, tenant).await?),
            made => made,
        };
        Ok(Arc::new(made.map_err(|error| not_made(tenant, &error))?))
    };
    ports.ready.0.of(tenant.clone(), &settings, ports.clock.now(), make).await
}

/// What makes the tenant's tokens: a key of its own, from which nothing else is derived.
async fn tokens(ports: &Ports, tenant: &TenantId) -> Result<Tokens, StepError> {
    let key = ports.keyring.obtain(&KeyScope::Masks(tenant.clone())).await?;
    let key = Zeroizing::new(PseudonymKey::new(&key, "tokens")?.pseudonym(&[]));
    Tokens::new(key.as_bytes(), tenant.as_str()).map_err(|_| StepError::broken("mask", "a short key"))
}

/// Masks one text, and counts what was found in it. As JSON it is masked if it is JSON, and otherwise each of its lines that is.
fn mask_text(
    masker: &Masker,
    text: &str,
    field: Option<&str>,
    findings: &mut BTreeMap<String, u64>,
) -> Result<String, StepError> {
    let (text, mut out) = (text.as_bytes(), Vec::with_capacity(text.len()));
    let mut write = |kind, value: &[u8], out: &mut Vec<u8>| {
        let name = masker.name(kind);
        *findings.entry(name.to_owned()).or_default() += 1;
        masker.write_in(field.unwrap_or(name), kind, value, out);
    };
    if masker.mask_json_with(text, &mut write, &mut out).is_none() {
        let (mut plain, mut at, mut document) = (0, 0, Vec::new());
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let start = at;
            at += line.len();
            let is_all = line.len() == text.len();
            if !is_all && masker.mask_json_with(line, &mut write, &mut document).is_some() {
                mask_plain(masker, &text[plain..start], &mut write, &mut out);
                out.append(&mut document);
                plain = at;
            }
        }
        mask_plain(masker, &text[plain..], &mut write, &mut out);
    }
    String::from_utf8(out).map_err(|_| StepError::broken("mask", "a text became no text"))
}

/// The same for what is no JSON.
fn mask_plain(
    masker: &Masker,
    text: &[u8],
    write: &mut impl FnMut(Kind, &[u8], &mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    let mut done = 0;
    for found in masker.find(text) {
        out.extend_from_slice(&text[done..found.range.start]);
        write(found.kind, &text[found.range.clone()], out);
        done = found.range.end;
    }
    out.extend_from_slice(&text[done..]);
}

fn is_field(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    (1..=LONGEST_FIELD).contains(&text.len()) && text.bytes().all(plain)
}
