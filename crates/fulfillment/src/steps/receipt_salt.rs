//! The end of what a receipt names its person by.
//!
//! The salt is made of a key of the request's own. While that key is there, whoever may open it can test a guess at the
//! person; so it does not stay for ever. The person has time to get the salt (`receipt_salt_for` of the tenant's settings);
//! then the key is destroyed, and that is written down. Receipts verify as before: nothing in their proof needs it.

use contract::settings::Settings;
use domain::Request;
use domain::event::EventKind;
use jiff::SignedDuration;
use ports::{Class, Code, Fault, KeyScope, Keyring};

use crate::change::{Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;

/// How long a tenant keeps salts.
pub(super) fn kept_for(settings: &Settings) -> Result<SignedDuration, StepError> {
    let kept_for = settings.receipt_salt_for().ok_or_else(|| {
        let detail = "receipt_salt_for is not a duration from a day to 3653 days";
        Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", settings.tenant.as_str(), detail)
    })?;
    Ok(kept_for)
}

/// Destroys the salt of an ended request, if its time is over; whether it is. First the key goes, and then it is said: a
/// call that dies in between is followed by another, and doing it twice is fine.
pub(super) async fn end(
    keyring: &dyn Keyring,
    scope: &Scope<'_>,
    request: &Request,
) -> Result<bool, StepError> {
    if !request.is_salt_over(scope.clock.now()) {
        return Ok(false);
    }
    let key = KeyScope::Receipt(request.tenant.clone(), request.id.clone());
    keyring.destroy(&key).await?;
    if keyring.exists(&key).await? {
        let detail = "the key of the receipt's salt is still there";
        return Err(Fault::new(Class::Transient, Code::KeyUnavailable, "destroy", "keys", detail).into());
    }
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let Some(salt) = request.salt.as_mut().filter(|salt| salt.destroyed_at.is_none()) else {
            return Ok(Amend::Leave(true));
        };
        salt.destroyed_at = Some(now);
        (request.parked, request.attempts) = (None, 0);
        let mut draft = Draft::new(request, EventKind::SaltDestroyed, now);
        // Whoever is still to be told of the end is told.
        let rests = draft.request.announced;
        draft.request.progress_by =
            if rests { draft.request.rests_until() } else { later(now, crate::change::PATIENCE) };
        Ok(Amend::commit(draft, true))
    })
    .await
}
