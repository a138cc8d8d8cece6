//! What a receipt names its person by has an end: after it nobody can guess any more whom it is about.

use contract::settings::Settings;
use domain::access::Role;
use domain::event::EventKind;
use domain::recheck::{Stage as Reached, due_at};
use domain::request::ReceiptSalt;
use domain::{Generation, Request, RequestId, Status};
use fulfillment::receipts::salt_of;
use jiff::{SignedDuration, Timestamp};
use ports::{Class, KeyScope};
use testkit::inject::{Plan, Point, When};

use super::proof::{receipts, sign, verified};
use super::recheck::{ask, come_back, erased, when_due};
use super::shop::PERSON;
use super::stage::{Stage, at_once};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A company that keeps salts, and reads again, after so long.
fn company(salt: Option<&str>, recheck: &str) -> Stage {
    let stage = Stage::new(1);
    let settings = at_once(stage.world.tenants().settings(&stage.tenant));
    let settings = settings.expect("read").expect("a tenant");
    let (receipt_salt_for, recheck_after) = (salt.map(str::to_owned), Some(recheck.to_owned()));
    stage.world.put_settings(Settings { receipt_salt_for, recheck_after, ..(*settings).clone() });
    stage
}

fn after(request: &Request, days: i32) -> Timestamp {
    request.closed_at.expect("closed").checked_add(DAY * days).expect("in time")
}

/// When the salt of an ended request goes: not before so many days, and at the most a thirtieth of them later, or a day.
fn until(request: &Request, days: i32) -> Timestamp {
    let until = request.salt.expect("it has one").until;
    let most = (DAY * days / 30).min(DAY);
    let late = until.duration_since(after(request, days));
    assert!(!late.is_negative() && late <= most, "{late:?} of {most:?}");
    until
}

/// Whether the salt is there, without making it.
fn is_there(stage: &Stage, id: &RequestId) -> bool {
    stage.world.keys().contains(&KeyScope::Receipt(stage.tenant.clone(), id.clone()))
}

fn ended(stage: &Stage, id: &RequestId) -> usize {
    let events = stage.world.events_of(&stage.tenant, id);
    events.iter().filter(|event| event.kind == EventKind::SaltDestroyed).count()
}

/// It is gone, once, and nothing else has changed.
async fn assert_gone(stage: &Stage, before: &Request, what: &str) {
    let id = &before.id;
    assert!(!is_there(stage, id), "{what}");
    let request = stage.request(id);
    let salt = request.salt.expect("it had one");
    assert!(salt.destroyed_at.is_some_and(|at| at >= salt.until), "{what}: {salt:?}");
    assert_eq!(
        (request.status, request.closed_at, request.progress_by, &request.parked),
        (before.status, before.closed_at, None, &None),
        "{what}"
    );
    assert_eq!(ended(stage, id), 1, "{what}");
    assert_eq!(
        stage.world.announced().len(),
        2,
        "{what}: on the topic and by the webhook, nothing has changed for whoever was told"
    );
    stage.deliver().await;
    stage.world.verify_audit(&stage.tenant).expect("the chain is whole");
}

#[tokio::test]
async fn the_salt_goes_after_four_hundred_days_and_the_receipt_proves_the_same() {
    let stage = company(None, "PT0S");
    let id = erased(&stage).await;
    sign(&stage).await;
    let issued = receipts(&stage, &id).await;
    let request = stage.request(&id);
    let until = until(&request, 400);
    assert_eq!(request.salt, Some(ReceiptSalt { until, destroyed_at: None }));
    assert_eq!(request.progress_by, Some(until));
    stage.world.fake_clock().advance_to(until.checked_sub(DAY).expect("in time"));
    stage.sweep().await;
    stage.play().await;
    assert!(is_there(&stage, &id), "not a day earlier");
    when_due(&stage, &id).await;
    assert_gone(&stage, &request, "after 400 days").await;
    sign(&stage).await;
    assert_eq!(receipts(&stage, &id).await, issued);
    verified(&stage, &issued[0]).await;
}

/// Whatever somebody asked for, and however it ended: each has a receipt, so each has a salt.
#[tokio::test]
async fn a_request_that_erased_nothing_has_a_salt_that_ends_too() {
    let stage = company(Some("P7D"), "P30D");
    let id = stage.submit(PERSON).await;
    stage.cancel(&id).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.progress_by), (Status::Cancelled, Some(until(&request, 7))));
    when_due(&stage, &id).await;
    assert_gone(&stage, &request, "cancelled").await;
}

/// G3: before and after every call of the call that does it.
#[tokio::test]
async fn a_salt_is_destroyed_whoever_dies_at_it() {
    let scene = async || {
        let stage = company(Some("P7D"), "PT0S");
        let id = erased(&stage).await;
        let request = stage.request(&id);
        stage.world.fake_clock().advance_to(request.progress_by.expect("somebody comes"));
        stage.world.injector().reset();
        (stage, request)
    };
    let (stage, request) = scene().await;
    stage.sweep().await;
    stage.play().await;
    assert_gone(&stage, &request, "without a fault").await;
    let calls = stage.world.injector().trace();
    assert!(calls.iter().any(|call| call.point == Point::KeyringDestroy), "{calls:?}");
    for call in calls {
        let writes: &[When] = if call.point.writes() { &[When::Midway, When::After] } else { &[] };
        for when in [When::Before].iter().chain(writes) {
            let (stage, request) = scene().await;
            stage.world.injector().arm(Plan::call(call.n).when(*when).crash());
            for _ in 0..8 {
                stage.sweep().await;
                stage.play().await;
                stage.world.injector().revive();
                stage.world.fake_clock().advance(SignedDuration::from_mins(16));
            }
            assert_gone(&stage, &request, &format!("{when:?} call {}, {}", call.n, call.point.name())).await;
        }
    }
}

/// What cannot be destroyed is tried again every day, and whoever looks sees why.
#[tokio::test]
async fn a_key_that_cannot_be_destroyed_is_tried_again_each_day() {
    let stage = company(Some("P7D"), "PT0S");
    let id = erased(&stage).await;
    let before = stage.request(&id);
    stage.world.injector().arm(Plan::outage("keyring.destroy").class(Class::Permanent));
    let request = when_due(&stage, &id).await;
    let parked = request.parked.as_ref().expect("it says why");
    assert_eq!((request.status, parked.code.as_str()), (Status::Fulfilled, "key-unavailable"));
    let again = request.progress_by.expect("somebody comes");
    assert_eq!(again.duration_since(stage.world.clock().now()).as_hours(), 24, "in a day");
    assert_eq!((ended(&stage, &id), is_there(&stage, &id)), (0, true));
    stage.world.injector().disarm();
    when_due(&stage, &id).await;
    assert_gone(&stage, &before, "mended").await;
}

/// While its stores are to be read again it may be opened anew, and ends with another receipt by the same salt.
#[tokio::test]
async fn a_salt_is_kept_until_the_stores_were_read_again() {
    let stage = company(Some("P7D"), "P30D");
    let id = erased(&stage).await;
    let before = stage.request(&id);
    let read_at = before.recheck.as_ref().map(|recheck| recheck.at);
    assert!(before.progress_by == read_at && read_at >= Some(after(&before, 30)));
    stage.world.fake_clock().advance_to(after(&before, 8));
    stage.sweep().await;
    stage.play().await;
    assert!(is_there(&stage, &id), "its time is over, and it is kept");
    let request = when_due(&stage, &id).await;
    assert_eq!(request.progress_by, Some(until(&before, 7)), "read again: now it may go");
    stage.sweep().await;
    stage.play().await;
    assert_gone(&stage, &before, "read again").await;
}

#[tokio::test]
async fn a_request_that_is_erased_again_keeps_its_salt_from_its_second_end_on() {
    let stage = company(Some("P40D"), "P30D");
    let id = erased(&stage).await;
    let salt = salt_of(&*stage.world.keyring(), &stage.tenant, &id).await.expect("a salt");
    come_back(&stage);
    assert_eq!(when_due(&stage, &id).await.status, Status::Parked);
    // Longer than it was to be kept: nobody has decided yet.
    stage.world.fake_clock().advance(DAY * 20);
    stage.sweep().await;
    stage.play().await;
    assert!(is_there(&stage, &id));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.salt, Some(ReceiptSalt { until: until(&request, 40), destroyed_at: None }));
    assert_eq!(salt_of(&*stage.world.keyring(), &stage.tenant, &id).await.expect("a salt"), salt);
    let request = when_due(&stage, &id).await;
    assert_eq!(request.progress_by, Some(until(&request, 40)), "read once more, and not found");
    when_due(&stage, &id).await;
    assert!(!is_there(&stage, &id));
    assert_eq!((ended(&stage, &id), stage.request(&id).progress_by), (1, None));
}

/// What ends with a request goes before its salt does, though nobody mends for weeks what keeps it from being destroyed.
#[tokio::test]
async fn what_a_request_leaves_goes_before_its_salt() {
    let stage = company(Some("P7D"), "PT0S");
    let id = stage.submit(PERSON).await;
    stage.cancel(&id).await;
    stage.world.injector().arm(Plan::outage("keyring.destroy").class(Class::Permanent));
    for _ in 0..40 {
        stage.play().await;
        if stage.request(&id).parked.is_some() {
            break;
        }
        stage.world.fake_clock().advance(SignedDuration::from_mins(16));
        stage.sweep().await;
    }
    let plan = KeyScope::Plan(stage.tenant.clone(), id.clone());
    let request = stage.request(&id);
    assert!(request.status == Status::Cancelled && request.parked.is_some(), "{request:?}");
    assert!(stage.world.keys().contains(&plan) && is_there(&stage, &id));
    // Somebody comes when the salt is over, and finds all as it was.
    let request = when_due(&stage, &id).await;
    assert!(stage.world.clock().now() >= after(&request, 7) && request.parked.is_some(), "{request:?}");
    stage.world.injector().disarm();
    for _ in 0..3 {
        if stage.request(&id).progress_by.is_some() {
            when_due(&stage, &id).await;
        }
    }
    assert!(!stage.world.keys().contains(&plan), "the key of its plan is there for good");
    assert!(!is_there(&stage, &id));
    let request = stage.request(&id);
    assert_eq!((request.announced, request.progress_by, request.parked), (true, None, None));
}

/// Whoever is left as they are by an officer has the salt of the first end.
#[tokio::test]
async fn a_request_that_was_dismissed_ends_its_salt_all_the_same() {
    let stage = company(Some("P40D"), "P30D");
    let id = erased(&stage).await;
    let before = stage.request(&id);
    come_back(&stage);
    when_due(&stage, &id).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202);
    stage.play().await;
    assert_eq!(stage.request(&id).progress_by, Some(until(&before, 40)));
    when_due(&stage, &id).await;
    assert_gone(&stage, &before, "dismissed").await;
}

/// Nobody can be told that a reading proved nothing: its salt goes in time all the same, and they are told when they can be.
#[tokio::test]
async fn a_salt_goes_though_nobody_can_be_paged() {
    for class in [Class::Transient, Class::Permanent] {
        let stage = company(Some("P40D"), "P30D");
        let id = erased(&stage).await;
        let before = stage.request(&id);
        let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
        crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
        stage.world.injector().arm(Plan::outage("pager.").class(class));
        let by = until(&before, 40) + DAY;
        while stage.world.clock().now() < by {
            assert!(is_there(&stage, &id) || stage.world.clock().now() >= until(&before, 40));
            when_due(&stage, &id).await;
        }
        let request = stage.request(&id);
        assert_eq!(request.recheck.as_ref().map(|recheck| recheck.stage), Some(Reached::NotProven));
        assert!(!is_there(&stage, &id) && ended(&stage, &id) == 1, "{class:?}: {request:?}");
        assert!(request.progress_by.is_some() && stage.world.paged().is_empty(), "they are still to be told");
        stage.world.injector().disarm();
        when_due(&stage, &id).await;
        assert_eq!(stage.world.paged().len(), 1);
        assert_gone(&stage, &before, "and then nobody comes any more").await;
    }
}

/// What ends together does not come due together, and what is at rest keeps nobody waiting who hangs.
#[tokio::test]
async fn what_is_at_rest_takes_half_of_a_sweep_at_the_most() {
    let stage = company(Some("P7D"), "PT0S");
    let mut at_rest = Vec::new();
    for n in 0..130 {
        let id = stage.submit(&format!("somebody-{n}@example.com")).await;
        stage
            .write(&id, EventKind::Closed, |mut draft| {
                (draft.request.status, draft.request.announced) = (Status::Cancelled, true);
                let until = due_at(stage.world.clock().now(), DAY * 7, &draft.request.id);
                draft.request.salt = Some(ReceiptSalt { until, destroyed_at: None });
                draft.request.progress_by = draft.request.rests_until();
                draft
            })
            .await;
        at_rest.push(id);
    }
    stage.world.fake_clock().advance(DAY * 8);
    // They came due long after what is at rest did.
    let mut hang = Vec::new();
    for n in 0..70 {
        hang.push(stage.submit(&format!("hangs-{n}@example.com")).await);
    }
    stage.world.fake_clock().advance(SignedDuration::from_hours(1));
    let woken = |ids: &[RequestId]| {
        let is_woken = |id: &&RequestId| stage.request(id).generation != Generation::FIRST;
        ids.iter().filter(is_woken).count()
    };
    let mut seen = Vec::new();
    for _ in 0..3 {
        stage.sweep().await;
        seen.push((woken(&at_rest), woken(&hang)));
    }
    assert_eq!(seen, [(50, 50), (130, 70), (130, 70)], "half each, and then what the others leave");
}

/// A wrong setting is said before anything ends by it.
#[tokio::test]
async fn a_salt_without_a_length_keeps_a_request_from_ending() {
    let stage = company(Some("for ever"), "PT0S");
    let id = stage.submit(PERSON).await;
    for _ in 0..60 {
        stage.play().await;
        if stage.request(&id).status == Status::Parked {
            break;
        }
        stage.world.fake_clock().advance(DAY);
        stage.sweep().await;
    }
    let parked = stage.request(&id).parked.expect("parked");
    assert_eq!(parked.code, "settings-invalid");
    assert!(parked.detail.contains("receipt_salt_for"), "{}", parked.detail);
}
