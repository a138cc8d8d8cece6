//! The events by the minute of their commit, and what the audit says of them.

use audit::{Block, Head};
use domain::event::Event;
use domain::{Status, TenantId};
use ports::{EVENT_LISTS, EventKey, Minute};

use super::Deployment;
use super::fixtures::{change, hold, hold_event, new_request, now, pseudonym, pseudonyms, request, tenant};

/// The events of a tenant that are listed in a minute, in pages of this size.
async fn listed(d: &Deployment, tenant: &TenantId, minute: Minute, page: usize) -> Vec<EventKey> {
    let mut found = Vec::new();
    for list in 0..EVENT_LISTS {
        let mut after: Option<EventKey> = None;
        loop {
            let keys = d.event_lists.listed(minute, list, after.as_ref(), page).await.expect("a page");
            let whole = keys.len() < page;
            after = keys.last().cloned().or(after);
            found.extend(keys);
            if whole {
                break;
            }
        }
    }
    let own = format!("T#{tenant}#");
    found.retain(|key| key.pk.starts_with(&own));
    found.sort();
    found
}

/// A request with two events, and a hold with one.
async fn three_events(d: &Deployment, tenant: &TenantId) -> Vec<Event> {
    let first = request(tenant, 1, &pseudonyms(tenant.as_str(), 1));
    let new = new_request(&first);
    d.requests.create(&new).await.expect("taken in");
    let next = change(&first, Status::Planning);
    d.requests.commit(&next).await.expect("committed");
    let held = hold(tenant, 1, &pseudonym(tenant.as_str()));
    let placed = hold_event(&held);
    d.holds.place(&held, &placed).await.expect("placed");
    vec![new.event, next.event, placed]
}

/// Of requests and of holds, each once, whatever the pages.
pub async fn a_committed_event_is_listed_in_its_minute(d: &Deployment) {
    let tenant = tenant("lists");
    let minute = Minute::of(now());
    assert_eq!(listed(d, &tenant, minute, 100).await, []);
    three_events(d, &tenant).await;
    let found = listed(d, &tenant, minute, 100).await;
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|key| key.sk.starts_with("EVENT#")));
    assert_eq!(listed(d, &tenant, minute, 1).await, found);
    assert_eq!(listed(d, &tenant, minute.next(), 100).await, []);
}

/// By whoever finds it where it was; nothing else of it changes.
pub async fn a_redriven_event_is_listed_elsewhere_and_counted(d: &Deployment) {
    let tenant = tenant("lists-redriven");
    let events = three_events(d, &tenant).await;
    let minute = Minute::of(now());
    let (later, latest) = (minute.before(-7), minute.before(-14));
    let key = listed(d, &tenant, minute, 100).await.remove(0);
    assert_eq!(d.event_lists.redrive(&key, minute, later).await, Ok(Some(1)));
    assert_eq!(d.event_lists.redrive(&key, minute, later).await, Ok(None), "another was first");
    assert_eq!(listed(d, &tenant, minute, 100).await.len(), 2);
    assert_eq!(listed(d, &tenant, later, 100).await, std::slice::from_ref(&key));
    assert_eq!(d.event_lists.redrive(&key, later, latest).await, Ok(Some(2)));
    let nobody = EventKey { pk: format!("T#{tenant}#R#none"), sk: "EVENT#00000001".into() };
    assert_eq!(d.event_lists.redrive(&nobody, minute, later).await, Ok(None));
    assert_eq!(listed(d, &tenant, later, 100).await, []);
    let id = super::fixtures::request(&tenant, 1, &[]).id;
    let stored = d.requests.events(&tenant, &id, 0, 9).await;
    assert_eq!(stored.as_deref(), Ok(&events[..2]));
}

/// By where it stands; and a key that is no event's is never chained.
pub async fn what_has_no_mark_is_said_by_key(d: &Deployment) {
    let tenant = tenant("lists-marks");
    let events = three_events(d, &tenant).await;
    let mut keys = listed(d, &tenant, Minute::of(now()), 100).await;
    assert_eq!(d.audit_marks.unmarked(&keys).await, Ok(keys.clone()));
    let basis = |_: &Event| "GDPR Art. 17".to_owned();
    let block = Block::after(&Head::genesis(), &tenant, &events, basis).expect("a block");
    assert_eq!(d.audit_log.append(&block).await, Ok(true));
    let strange = EventKey { pk: format!("T#{tenant}#S#x"), sk: "EVENT#00000001".into() };
    let missing = EventKey { sk: "EVENT#00000009".into(), ..keys[0].clone() };
    keys.extend([strange.clone(), missing.clone()]);
    assert_eq!(d.audit_marks.unmarked(&keys).await, Ok(vec![strange, missing]));
    assert_eq!(d.audit_marks.unmarked(&[]).await, Ok(vec![]));
}

/// Whatever a run that is late keeps.
pub async fn what_was_swept_never_goes_back(d: &Deployment) {
    let minute = Minute::of(now());
    for (kept, expect) in [(minute, minute), (minute.next(), minute.next()), (minute, minute.next())] {
        assert_eq!(d.event_lists.keep_swept_to(kept).await, Ok(()));
        assert_eq!(d.event_lists.swept_to().await, Ok(Some(expect)));
    }
}
