//! `POST /v1/vault/rotate` and `GET /v1/vault/status`: the tenant's keys, never what they are made of.

use contract::api::List;
use contract::settings::Settings;
use contract::vault::{KeyView, Purpose, Rotate};
use domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Code, Fault, KeyScope, KeyState, KeyStatus};

use super::Ports;
use crate::api::body::{self, Body, Shape, needed};
use crate::api::identities::settings;
use crate::api::refusal::Refusal;
use crate::api::{Answer, Call};
use crate::error::StepError;

const SHAPE: Shape = Shape::Object(&[needed("purpose", Shape::Text("`fields` or `subjects`", is_purpose))]);

/// How long before its rotation a key is called due soon: this, or a tenth of its interval if that is
/// shorter.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

fn is_purpose(text: &str) -> bool {
    Purpose::ALL.iter().any(|purpose| purpose.as_str() == text)
}

/// A tenant's key for a purpose.
pub(super) fn scope_of(tenant: &TenantId, purpose: Purpose) -> KeyScope {
    match purpose {
        Purpose::Fields => KeyScope::Fields(tenant.clone()),
        Purpose::Subjects => KeyScope::Subjects(tenant.clone()),
    }
}

/// What a key is for; `None` for one that does not rotate.
pub(super) fn purpose_of(scope: &KeyScope) -> Option<Purpose> {
    match scope {
        KeyScope::Fields(_) => Some(Purpose::Fields),
        KeyScope::Subjects(_) => Some(Purpose::Subjects),
        KeyScope::Pseudonyms(_)
        | KeyScope::Ledger(_)
        | KeyScope::Masks(_)
        | KeyScope::Plan(..)
        | KeyScope::Export(..)
        | KeyScope::Receipt(..)
        | KeyScope::Recheck(..)
        | KeyScope::Replay(..)
        | KeyScope::Subject(..) => None,
    }
}

/// How often a tenant wants a key rotated.
pub(super) fn rotated_every(settings: &Settings, purpose: Purpose) -> Result<SignedDuration, StepError> {
    let every = settings.rotate_every(purpose).ok_or_else(|| {
        let detail = format!("rotate_keys_every/{} is not a duration of at least a day", purpose.as_str());
        Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", settings.tenant.as_str(), detail)
    })?;
    Ok(every)
}

/// Makes the next version of a key, or its first. Two calls at once make one version.
pub(super) async fn rotate(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let Body { value: Rotate { purpose }, .. } = body::read(&call.body, &SHAPE)?;
    let every = rotated_every(&*settings(&*ports.tenants, call.tenant()).await?, purpose)?;
    let scope = scope_of(call.tenant(), purpose);
    let seen = status_of(ports, &scope).await?.map_or(0, |status| status.key.version);
    ports.key_admin.rotate(&scope, seen, every).await?;
    // Read again: a rotation does not count what is now sealed under an earlier version.
    let status = status_of(ports, &scope).await?;
    let status = status.ok_or_else(|| StepError::broken("rotate", "rotated and not there"))?;
    Ok(Answer::json(200, &view(&status, purpose, every, ports.clock.now()))?)
}

async fn status_of(ports: &Ports, scope: &KeyScope) -> Result<Option<KeyStatus>, StepError> {
    let all = ports.key_admin.status(scope.tenant()).await?;
    Ok(all.into_iter().find(|status| &status.key.scope == scope))
}

/// The keys that there are.
pub(super) async fn status(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let settings = settings(&*ports.tenants, call.tenant()).await?;
    let now = ports.clock.now();
    let mut items = Vec::new();
    for status in ports.key_admin.status(call.tenant()).await? {
        if let Some(purpose) = purpose_of(&status.key.scope) {
            items.push(view(&status, purpose, rotated_every(&settings, purpose)?, now));
        }
    }
    Ok(Answer::json(200, &List { items, cursor: None })?)
}

/// When a key is due. An interval that was shortened counts at once; one that was made longer counts from
/// the next version on.
pub(super) fn due_by(key: &KeyState, every: SignedDuration) -> Timestamp {
    key.made_at.checked_add(every).unwrap_or(Timestamp::MAX).min(key.rotate_by)
}

fn view(status: &KeyStatus, purpose: Purpose, every: SignedDuration, now: Timestamp) -> KeyView {
    let rotate_by = due_by(&status.key, every);
    KeyView {
        purpose,
        version: status.key.version,
        made_at: status.key.made_at,
        rotate_every: written(every),
        rotate_by,
        to_rewrap: status.to_rewrap,
        warnings: warning(rotate_by, every, now).map(str::to_owned).into_iter().collect(),
    }
}

/// What somebody should look at.
fn warning(rotate_by: Timestamp, every: SignedDuration, now: Timestamp) -> Option<&'static str> {
    let left = rotate_by.duration_since(now);
    if !left.is_positive() {
        return Some("rotation-overdue");
    }
    (left <= SOON.min(every / 10)).then_some("rotation-due-soon")
}

/// As ISO 8601 writes it; in days, if it is whole days.
fn written(every: SignedDuration) -> String {
    const DAY: i64 = 24 * 60 * 60;
    match every.as_secs() {
        seconds if seconds % DAY == 0 => format!("P{}D", seconds / DAY),
        _ => every.to_string(),
    }
}
