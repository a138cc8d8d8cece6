//! G9: a package is there for its time, not longer, whatever happens to the request; and not shorter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::event::EventKind;
use domain::export::{Export, Format, SealedFor};
use domain::request::RequestType;
use domain::{Personal, Status};
use fulfillment::Sealing;
use jiff::{SignedDuration, Timestamp};
use ports::{Class, KeyScope};
use testkit::inject::Plan;
use testkit::walker::Next;

use super::super::faults::assert_ours_is_clean;
use super::super::shop::PERSON;
use super::super::stage::{Happening, Stage, at_once};
use super::{access, both, events, until_ready};

fn expires_at(stage: &Stage, id: &domain::RequestId) -> Timestamp {
    stage.request(id).export.and_then(|export| export.expires_at).expect("a time")
}

/// Looks at each moment at which anything is waited for, and a second before the end.
fn never_early(until: Option<Timestamp>) -> Happening {
    Box::new(move |stage, pause| {
        let until = pause.waiters.iter().find(|w| w.state == "WaitForDownload").map(|w| w.until).or(until);
        *stage.happening.lock().expect("not poisoned") = Some(never_early(until));
        let Some(until) = until else { return Next::GoOn };
        assert_eq!(stage.world.stored_packages("").is_empty(), pause.now >= until, "{} {until}", pause.now);
        let before = until.checked_sub(SignedDuration::from_secs(1)).expect("in time");
        if pause.now < before { Next::At(before) } else { Next::GoOn }
    })
}

#[tokio::test]
async fn a_package_is_there_until_the_last_second_and_not_longer() {
    let stage = Stage::new(1);
    *stage.happening.lock().expect("not poisoned") = Some(never_early(None));
    let id = access(&stage, PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    let export = request.export.expect("an export");
    let late = export.destroyed_at.expect("destroyed").duration_since(export.expires_at.expect("a time"));
    assert!(late >= SignedDuration::ZERO && late < SignedDuration::from_secs(5), "{late}");
}

/// The execution died while it waited. Until the time is over nothing is destroyed, however often the sweeper
/// comes; then its next visit destroys everything.
#[tokio::test]
async fn the_sweeper_destroys_what_a_dead_execution_left() {
    for erases in [false, true] {
        let stage = Stage::new(1);
        let id = if erases { both(&stage).await } else { access(&stage, PERSON).await };
        until_ready(&stage, &id).await;
        let until = expires_at(&stage, &id);
        while stage.world.clock().now() < until {
            stage.sweep().await;
            stage.deliver().await;
            assert!(stage.world.take_started().is_empty() && !stage.world.stored_packages("").is_empty());
            let next = stage.world.clock().now().checked_add(SignedDuration::from_mins(61)).expect("in time");
            stage.world.fake_clock().advance_to(next.min(until));
        }
        assert!(stage.request(&id).progress_by.is_some_and(|by| by.duration_since(until).as_mins() <= 15));
        stage.world.fake_clock().advance(SignedDuration::from_mins(15));
        stage.sweep().await;
        *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, _| Next::Stop));
        stage.play().await;
        assert!(stage.world.stored_packages("").is_empty());
        assert!(!stage.world.keys().iter().any(|key| matches!(key, ports::KeyScope::Export(..))));
        assert!(stage.request(&id).export.is_some_and(|export| export.is_over()));
    }
}

/// An execution that was lost is parked, and tried again; the package stays for its time, and goes in time.
#[tokio::test]
async fn a_lost_execution_neither_shortens_nor_prolongs_the_time() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    until_ready(&stage, &id).await;
    let until = expires_at(&stage, &id);
    let execution = stage.world.all_executions().pop().expect("an execution").name;
    let lost = contract::step::LostExecution { name: execution, status: "TIMED_OUT".into() };
    let ports = fulfillment::steps::park_request::Ports {
        requests: stage.world.requests(),
        clock: stage.world.clock(),
    };
    let park = contract::step::Park::Lost { detail: lost };
    fulfillment::steps::park_request::run(&ports, &park).await.expect("parked");
    assert_eq!(stage.request(&id).status, Status::Parked);
    assert!(!stage.world.stored_packages("").is_empty());
    *stage.happening.lock().expect("not poisoned") = Some(never_early(Some(until)));
    let export = stage.play_to_the_end(&id).await.export.expect("an export");
    assert_eq!(export.expires_at, Some(until));
    assert!(export.destroyed_at.expect("destroyed").duration_since(until) < SignedDuration::from_mins(62));
    assert_ours_is_clean(&stage, &id);
}

/// A request that waits for somebody, for ever, keeps nothing of the person for ever.
#[tokio::test]
async fn what_a_parked_request_has_is_destroyed_in_time_though_nobody_mends_it() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    // From the announcement on somebody is needed.
    super::before(&stage, "Announce", |stage| {
        stage.world.injector().arm(Plan::outage("tenants.").class(Class::Permanent));
    });
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.parked.map(|p| p.transient)), (Status::Parked, Some(false)));
    let until = expires_at(&stage, &id);
    assert_eq!(request.progress_by, Some(until));
    assert!(!stage.world.stored_packages("").is_empty());
    stage.world.fake_clock().advance_to(until);
    stage.sweep().await;
    stage.play().await;
    assert!(stage.world.stored_packages("").is_empty(), "{:?}", stage.request(&id).parked);
    *stage.meanwhile.lock().expect("not poisoned") = None;
    stage.world.injector().disarm();
    stage.resume(&id).await;
    assert_eq!(
        stage.play_to_the_end(&id).await.status,
        Status::Fulfilled,
        "made again, for whoever was not told"
    );
    assert_eq!(events(&stage, &id, EventKind::ExportDestroyed).len(), 2);
    assert_ours_is_clean(&stage, &id);
}

/// What cannot be destroyed is tried again, at growing intervals, whatever the reason: nobody stops looking.
#[tokio::test]
async fn what_cannot_be_destroyed_is_tried_again_until_it_is() {
    for (point, class) in [
        ("packages.destroy", Class::Transient),
        ("packages.destroy", Class::Permanent),
        ("keyring.destroy", Class::Permanent),
    ] {
        let stage = Stage::new(1);
        let id = access(&stage, PERSON).await;
        until_ready(&stage, &id).await;
        stage.world.injector().arm(Plan::outage(point).class(class));
        stage.world.fake_clock().advance_to(expires_at(&stage, &id));
        let mut waits = Vec::new();
        for n in 0..9 {
            let by = stage.request(&id).progress_by.expect("somebody looks after it");
            let at = stage.world.events_of(&stage.tenant, &id).last().expect("events").at;
            if n > 0 {
                assert_eq!(stage.request(&id).status, Status::Parked, "{point}");
                waits.push(by.duration_since(at).as_mins());
            }
            stage.world.fake_clock().advance_to(by);
            at_once(stage.sweep());
            stage.play().await;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60], "{point} {class:?}");
        stage.world.injector().disarm();
        assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
        assert_ours_is_clean(&stage, &id);
    }
}

/// For whom they were encrypted is needed for as long as they may have to be made again, and is not kept longer, though
/// the request is open for weeks.
#[tokio::test]
async fn for_whom_packages_were_encrypted_is_forgotten_with_them() {
    let stage = Stage::new(1);
    let export = Export { sealed_for: SealedFor::Passphrase, ..super::asked(Format::Json) };
    let sealing = Sealing::Passphrase(Personal::new("correct horse battery staple"));
    let given = [("email", PERSON)];
    let id = stage.submit_as(RequestType::Erasure, Some(export), &given, Some(&sealing)).await;
    let kept = |stage: &Stage| -> Vec<usize> {
        let objects = stage.world.staged();
        let theirs = objects.iter().filter(|object| object.ends_with("recipient"));
        theirs.map(|object| stage.world.staged_object(object).expect("it is there").len()).collect()
    };
    let looked = Arc::new(AtomicUsize::new(0));
    let seen = looked.clone();
    super::before(&stage, "SuppressStore", move |stage| {
        seen.fetch_add(1, Ordering::Relaxed);
        assert_eq!(kept(stage), [0, 0]);
    });
    *stage.happening.lock().expect("not poisoned") = Some(super::stop_when_ready(id.clone()));
    stage.play().await;
    assert!(kept(&stage).iter().all(|bytes| *bytes > 0) && kept(&stage).len() == 2);
    stage.play_to_the_end(&id).await;
    assert!(looked.load(Ordering::Relaxed) > 0);
    assert_ours_is_clean(&stage, &id);
}

/// Somebody may make a code just when the packages are destroyed, and the key that codes are made of with it.
#[tokio::test]
async fn a_key_that_is_made_again_meanwhile_is_destroyed_at_the_end() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    let scope = KeyScope::Export(stage.tenant.clone(), id.clone());
    super::before(&stage, "CloseRequest", move |stage| {
        if stage.world.stored_packages("").is_empty() {
            at_once(stage.world.keyring().obtain(&scope)).expect("a key");
        }
    });
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_ours_is_clean(&stage, &id);
}
