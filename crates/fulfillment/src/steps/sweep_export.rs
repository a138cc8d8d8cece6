//! `sweep`, for one request: its packages' time is over, or it was withdrawn.
//!
//! Every version of every package goes, then the key of the export, and both are looked for again before it is
//! said. The bucket's lifecycle rules are only the second net: they work by the day.

use std::sync::Arc;

use contract::step::Run;
use domain::Status;
use domain::event::EventKind;
use domain::request::Request;
use ports::{Class, Clock, Code, Fault, KeyScope, Keyring, Packages, Requests};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The exports bucket.
    pub packages: Arc<dyn Packages>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the step. What is not there, or not yet due, is left alone.
pub async fn run(ports: &Ports, input: &Run) -> Result<(), StepError> {
    let actor = Actor::step("sweep");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    if request.status == Status::Ready && request.is_to_be_exported() {
        // Destroyed by a call whose answer was lost.
        return Err(nobody_was_told());
    }
    let due = request.export.as_ref().is_some_and(|export| {
        let over = export.expires_at.is_none_or(|until| until <= ports.clock.now());
        // Of what is given up, what was half made goes too.
        !export.is_over() && (is_given_up(&request) || (export.is_there() && over))
    });
    if !due {
        return Ok(());
    }
    ports.packages.destroy(&input.tenant, &input.request_id).await?;
    let key = KeyScope::Export(input.tenant.clone(), input.request_id.clone());
    ports.keyring.destroy(&key).await?;
    if ports.keyring.exists(&key).await? {
        let detail = "the key of the export is still there";
        return Err(Fault::new(Class::Transient, Code::KeyUnavailable, "destroy", "keys", detail).into());
    }
    let nobody_knew = amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        let given_up = is_given_up(&request);
        if !given_up {
            request.become_status(Status::Ready)?;
        }
        let Some(export) = request.export.as_mut().filter(|export| !export.is_over()) else {
            return Ok(Amend::Leave(false));
        };
        let nobody_knew = export.announced_at.is_none() && !given_up;
        let packages = export.packages.len();
        if nobody_knew {
            *export = export.afresh();
        } else {
            // What is kept of the code stays: whoever has the right one learns that it is over.
            export.destroyed_at = Some(now);
        }
        let downloads = export.downloads;
        if request.kind.erases() {
            // What officers accepted was that the person is shown no more than was found.
            request.accepted_risks.clear();
        }
        let draft = Draft::new(request, EventKind::ExportDestroyed, now)
            .detail("packages", packages)
            .detail("links", downloads);
        Ok(Amend::commit(draft, nobody_knew))
    })
    .await?;
    if nobody_knew { Err(nobody_was_told()) } else { Ok(()) }
}

fn is_given_up(request: &Request) -> bool {
    request.cancel_requested || request.denied.is_some()
}

/// They are made again as soon as somebody has mended why: nobody waits for what they were not told of.
fn nobody_was_told() -> StepError {
    let detail = "the packages expired before anybody could be told; they are made again";
    Fault::new(Class::Permanent, Code::AnnouncementFailed, "announce", "exports", detail).into()
}
