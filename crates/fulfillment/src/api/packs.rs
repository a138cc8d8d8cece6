//! Evidence packs: that one was made, of which period and by whom, goes into the log, and with it the pack's hash. The
//! next signed checkpoint covers it, and so the pack.

use contract::audit::{NotePack, PackView};
use contract::problem::{Invalid, Problem};
use domain::event::{About, Event, EventKind};
use domain::{Generation, PackId, Period};

use super::body::{self, Shape, needed};
use super::refusal::invalid;
use super::{Answer, Call, Ports, Refusal, actor, names};
use crate::error::StepError;

const PACK: Shape = Shape::Object(&[
    needed(
        "period",
        Shape::Text("a year, a quarter or a month: 2026, 2026-Q4 or 2026-11", |text| {
            text.parse::<Period>().is_ok()
        }),
    ),
    needed(
        "manifest_sha256",
        Shape::Text("the SHA-256 of the pack's manifest: 64 lower-case hexadecimal digits", |text| {
            text.parse::<PackId>().is_ok()
        }),
    ),
]);

/// `POST /v1/audit/packs`. A pack is named by its content: doing it again is the same.
pub(super) async fn note(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let NotePack { period, manifest_sha256 } = body::read::<NotePack>(&call.body, &PACK)?.value;
    let now = ports.clock.now();
    if period.start() > now {
        return Err(invalid(vec![Invalid::new("/period", "this has not begun")]).into());
    }
    let event = Event {
        tenant: call.tenant().clone(),
        about: About::Pack(manifest_sha256.clone()),
        n: 1,
        at: now,
        kind: EventKind::Packed,
        who: actor(call, &names(ports, call).await?)?.0,
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: None,
        detail: [(audit::pack::PERIOD.to_owned(), period.to_string())].into(),
        wake: None,
    };
    let noted = ports.packs.note(&event).await?;
    let of = noted.detail.get(audit::pack::PERIOD).and_then(|period| period.parse::<Period>().ok());
    let of = of.ok_or_else(|| StepError::broken("pack", "a pack on record has no period"))?;
    if of != period {
        // A manifest has its period: one of them cannot be that of two.
        return Err(Problem::conflict(
            "Nothing was done. This pack is on record already, as one of another period.",
        )
        .into());
    }
    let view = PackView { manifest_sha256, period, packed_at: noted.at, packed_by: noted.who };
    Ok(Answer::json(201, &view)?)
}
