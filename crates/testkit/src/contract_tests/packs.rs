//! Evidence packs on record.

use domain::event::{About, Event, EventKind};
use domain::{Generation, PackId, TenantId};

use super::Deployment;
use super::fixtures::{now, tenant};

fn packed(tenant: &TenantId, digit: &str, who: &str) -> Event {
    let id: PackId = digit.repeat(64).parse().expect("a pack");
    Event {
        tenant: tenant.clone(),
        about: About::Pack(id),
        n: 1,
        at: now(),
        kind: EventKind::Packed,
        who: who.to_owned(),
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: None,
        detail: [("period".to_owned(), "2026-Q4".to_owned())].into(),
        wake: None,
    }
}

/// Whoever says it, and however often; of each tenant by itself.
pub async fn a_pack_is_noted_once_and_the_first_who_did_is_known(d: &Deployment) {
    let (mine, other) = (tenant("packs"), tenant("packs-other"));
    let first = packed(&mine, "a", "auditor:1");
    assert_eq!(d.packs.note(&first).await, Ok(first.clone()));
    assert_eq!(d.packs.note(&first).await, Ok(first.clone()), "its answer was lost");
    assert_eq!(d.packs.note(&packed(&mine, "a", "officer:2")).await, Ok(first));
    for another in [packed(&mine, "b", "officer:2"), packed(&other, "a", "officer:2")] {
        assert_eq!(d.packs.note(&another).await, Ok(another.clone()));
    }
}

/// Nothing else comes into the log by this door.
pub async fn what_is_no_packs_first_event_is_not_noted(d: &Deployment) {
    let event = packed(&tenant("packs-wrong"), "c", "auditor:1");
    let store = About::Store("shop".parse().expect("a store"));
    for wrong in [Event { n: 2, ..event.clone() }, Event { about: store, ..event.clone() }] {
        assert!(d.packs.note(&wrong).await.is_err(), "{wrong:?}");
    }
    assert_eq!(d.packs.note(&event).await, Ok(event.clone()));
}
