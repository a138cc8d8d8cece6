//! G2: whoever asked for both gets the export, and the time to fetch it, before anything is erased; in whatever
//! order they asked, and wherever the erasure stands by then.

use std::sync::{Arc, Mutex};

use domain::event::EventKind;
use domain::export::{Export, Format};
use domain::hold::Verdict;
use domain::{RequestId, Status};
use jiff::SignedDuration;
use testkit::inject::{Plan, When};
use testkit::walker::Next;

use super::super::faults::{assert_clean, assert_ours_is_clean};
use super::super::shop::{self, NAME, PERSON};
use super::super::stage::{Happening, Stage, at_once};
use super::{Fetched, access, asked, assert_whole, both, events, held, last, lines, look, manifest, unpack};

type Asking = Arc<Mutex<Option<RequestId>>>;

/// When the erasure first waits in a state, the person asks for their data; from then on that is fetched.
fn asks_at(state: &'static str, asking: Asking, fetched: Fetched) -> Happening {
    Box::new(move |stage, pause| {
        let (asking, fetched) = (asking.clone(), fetched.clone());
        if !pause.waiters.iter().any(|waiter| waiter.state == state) {
            *stage.happening.lock().expect("not poisoned") = Some(asks_at(state, asking, fetched));
            return Next::GoOn;
        }
        *stage.happening.lock().expect("not poisoned") = Some(look(fetched));
        *asking.lock().expect("not poisoned") = Some(at_once(access(stage, PERSON)));
        at_once(stage.play());
        Next::GoOn
    })
}

/// Both end; the access was whole, and destroyed before the erasure began.
async fn assert_first(
    stage: &Stage,
    erasure: &RequestId,
    access: &RequestId,
    fetched: &Fetched,
    whole: &Held,
) {
    let export = stage.play_to_the_end(access).await.export.expect("an export");
    assert_whole(&unpack(&last(fetched, access)), whole);
    let destroyed = export.destroyed_at.expect("destroyed");
    let told = export.announced_at.expect("told");
    assert!(destroyed.duration_since(told) >= SignedDuration::from_hours(72), "there was time to fetch it");
    for begun in events(stage, erasure, EventKind::Erasing) {
        assert!(begun.at >= destroyed, "{} {destroyed}", begun.at);
    }
}

type Held = std::collections::BTreeMap<&'static str, Vec<std::collections::BTreeMap<String, String>>>;

/// What is held, once the person is hidden.
fn hidden(mut held: Held) -> Held {
    for row in held.get_mut("shop/customers").into_iter().flatten() {
        row.insert("Suppressed".into(), "true".into());
    }
    for row in held.get_mut("crm/contacts").into_iter().flatten() {
        row.insert("suppressed".into(), "1".into());
    }
    held
}

/// An erasure during whose wait the person asks for their data.
async fn asked_during_the_wait(twice: bool, zombies: bool, fault: Option<Plan>) -> (Stage, u64) {
    let mut stage = Stage::new(1);
    (stage.manner.twice, stage.manner.zombies) = (twice, zombies);
    let whole = hidden(held(&stage));
    let erasure = stage.submit(PERSON).await;
    let (asking, fetched) = (Asking::default(), Fetched::default());
    *stage.happening.lock().expect("not poisoned") =
        Some(asks_at("WaitCoolingOff", asking.clone(), fetched.clone()));
    let armed = Mutex::new(fault);
    super::before(&stage, "Plan", move |stage| {
        // From the access on: what comes before is another test's.
        if stage.world.all_requests().len() > 1
            && let Some(fault) = armed.lock().expect("not poisoned").take()
        {
            stage.world.injector().arm(fault);
        }
    });
    let ended = stage.play_to_the_end(&erasure).await;
    assert_eq!(ended.status, Status::Fulfilled);
    let access = asking.lock().expect("not poisoned").clone().expect("asked");
    assert_first(&stage, &erasure, &access, &fetched, &whole).await;
    // Hidden once, and never shown in between: the access sees who is hidden.
    let shown = stage.world.events_of(&stage.tenant, &erasure);
    assert!(!shown.iter().any(|event| event.kind == EventKind::Restored), "shown in between");
    assert_clean(&stage, &erasure);
    assert_ours_is_clean(&stage, &access);
    let total = stage.world.injector().total();
    (stage, total)
}

/// What a person asked for after they asked to be erased is still made, of everything; and they stay hidden.
#[tokio::test]
async fn an_erasure_that_has_not_begun_lets_an_export_go_first() {
    for (twice, zombies) in [(false, false), (true, false), (false, true), (true, true)] {
        asked_during_the_wait(twice, zombies, None).await;
    }
}

/// The same, with a fault at each call in which one lets the other go first.
#[tokio::test]
async fn an_export_goes_first_whatever_fails_while_it_is_let() {
    use testkit::inject::Point;
    let points =
        [Point::RequestsCommit, Point::RequestsWaiters, Point::RequestsStopWaiting, Point::RequestsLockOwner];
    let mut struck = 0;
    for point in points {
        for nth in 0..10 {
            for (when, crash) in [(When::Before, false), (When::After, true)] {
                let plan = Plan::nth(point, nth).when(when);
                let plan = if crash { plan.crash() } else { plan };
                let (stage, _) = asked_during_the_wait(false, false, Some(plan)).await;
                struck += stage.world.injector().struck();
            }
        }
    }
    assert!(struck > 30, "{struck}");
}

/// G2: who asked for both gets the export, and the time to fetch it, before anything is erased.
#[tokio::test]
async fn an_erasure_with_an_export_begins_when_the_time_to_fetch_it_is_over() {
    let stage = Stage::new(1);
    let given = [("email", PERSON)];
    let id =
        stage.submit_as(domain::request::RequestType::Erasure, Some(asked(Format::Csv)), &given, None).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    assert_eq!(request.export.expect("an export").records, super::RECORDS);
    let at = |kind| events(&stage, &id, kind).first().unwrap_or_else(|| panic!("{kind:?}")).at;
    let (told, destroyed) = (at(EventKind::ExportAnnounced), at(EventKind::ExportDestroyed));
    assert!(destroyed.duration_since(told) >= SignedDuration::from_hours(72));
    for changes in [EventKind::Suppressed, EventKind::Erasing] {
        assert!(at(changes) >= destroyed, "{changes:?}");
    }
    assert_clean(&stage, &id);
}

/// Somebody objects to the erasure, for now: the export is none of that.
#[tokio::test]
async fn an_export_goes_before_an_erasure_that_is_held() {
    let stage = Stage::new(1);
    let review_at =
        stage.world.clock().now().checked_add(SignedDuration::from_hours(24 * 40)).expect("in time");
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "litigation".into(), review_at }));
    let whole = held(&stage);
    let erasure = stage.submit(PERSON).await;
    let (asking, fetched) = (Asking::default(), Fetched::default());
    *stage.happening.lock().expect("not poisoned") =
        Some(asks_at("WaitForHold", asking.clone(), fetched.clone()));
    assert_eq!(stage.play_to_the_end(&erasure).await.status, Status::Fulfilled);
    let access = asking.lock().expect("not poisoned").clone().expect("asked");
    assert_first(&stage, &erasure, &access, &fetched, &whole).await;
}

/// An erasure that is stopped by an outage keeps nobody from their data, and goes on afterwards.
#[tokio::test]
async fn an_export_goes_before_an_erasure_that_is_parked() {
    let stage = Stage::new(1);
    let whole = held(&stage);
    let erasure = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("sanctions."));
    stage.play().await;
    assert_eq!(stage.request(&erasure).status, Status::Parked);
    let fetched = super::fetch_all(&stage);
    let access = access(&stage, PERSON).await;
    assert_eq!(stage.play_to_the_end(&access).await.status, Status::Fulfilled);
    stage.world.injector().disarm();
    assert_eq!(stage.play_to_the_end(&erasure).await.status, Status::Fulfilled);
    assert_first(&stage, &erasure, &access, &fetched, &whole).await;
    assert_clean(&stage, &erasure);
}

/// What is erased cannot be shown: whoever asks then waits, and is told so.
#[tokio::test]
async fn an_export_that_is_asked_for_while_erasing_waits_and_says_that_nobody_is_known() {
    let stage = Stage::new(1);
    let erasure = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("connector.confirm"));
    stage.play().await;
    let parked = stage.request(&erasure);
    assert!(parked.erasing_begun && parked.status == Status::Parked);
    let fetched = super::fetch_all(&stage);
    let access = access(&stage, PERSON).await;
    stage.play().await;
    assert!(!stage.request(&access).has_packages(), "{}", stage.request(&access).status);
    stage.world.injector().disarm();
    assert_eq!(stage.play_to_the_end(&erasure).await.status, Status::Fulfilled);
    let ended = stage.play_to_the_end(&access).await;
    assert_eq!(ended.status, Status::NoMatch);
    let files = unpack(&last(&fetched, &access));
    assert_eq!(manifest(&files)["totals"]["records"], 0);
    assert!(String::from_utf8_lossy(&files["index.html"]).contains("Nothing was found"));
    assert_clean(&stage, &access);
}

/// Two who ask for the same get the same, one after the other.
#[tokio::test]
async fn two_exports_for_one_person_are_made_one_after_the_other() {
    let stage = Stage::new(1);
    let whole = held(&stage);
    let fetched = super::fetch_all(&stage);
    let (first, second) = (access(&stage, PERSON).await, access(&stage, PERSON).await);
    for id in [&first, &second] {
        assert_eq!(stage.play_to_the_end(id).await.status, Status::Fulfilled);
        assert_whole(&unpack(&last(&fetched, id)), &whole);
        assert_ours_is_clean(&stage, id);
    }
}

/// An erasure whose own export is under way does not let another one's go first; but before it erases.
#[tokio::test]
async fn an_export_waits_for_the_one_that_an_erasure_makes_first() {
    let stage = Stage::new(1);
    let whole = held(&stage);
    let erasure = both(&stage).await;
    let (asking, fetched) = (Asking::default(), Fetched::default());
    *stage.happening.lock().expect("not poisoned") =
        Some(asks_at("WaitForDownload", asking.clone(), fetched.clone()));
    assert_eq!(stage.play_to_the_end(&erasure).await.status, Status::Fulfilled);
    let access = asking.lock().expect("not poisoned").clone().expect("asked");
    assert_first(&stage, &erasure, &access, &fetched, &whole).await;
    let own = stage.request(&erasure).export.and_then(|export| export.destroyed_at).expect("destroyed");
    assert!(stage.request(&access).export.and_then(|export| export.ready_at).expect("ready") >= own);
    assert_clean(&stage, &erasure);
}

/// A denial of the erasure is none of the export.
#[tokio::test]
async fn an_erasure_that_is_denied_meanwhile_shows_the_person_again_and_the_export_is_whole() {
    let stage = Stage::new(1);
    let before = shop::everything(&stage.world, &stage.tenant);
    let whole = hidden(held(&stage));
    stage.world.answer_next("legal-desk", Ok(Verdict::Clear));
    stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
    let erasure = stage.submit(PERSON).await;
    let (asking, fetched) = (Asking::default(), Fetched::default());
    *stage.happening.lock().expect("not poisoned") =
        Some(asks_at("WaitCoolingOff", asking.clone(), fetched.clone()));
    assert_eq!(stage.play_to_the_end(&erasure).await.status, Status::Denied);
    let access = asking.lock().expect("not poisoned").clone().expect("asked");
    assert_first(&stage, &erasure, &access, &fetched, &whole).await;
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "the stores are as they were");
}

/// An erasure with an export that is denied after it: the export was given all the same.
#[tokio::test]
async fn an_erasure_that_is_denied_after_its_export_touches_nothing() {
    let stage = Stage::new(1);
    let before = shop::everything(&stage.world, &stage.tenant);
    stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
    let fetched = super::fetch_all(&stage);
    let id = both(&stage).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Denied);
    assert_eq!(lines(&unpack(&last(&fetched, &id)), "crm/contacts")[0]["full_name"], NAME);
    assert!(shop::everything(&stage.world, &stage.tenant) == before);
    assert_ours_is_clean(&stage, &id);
}

/// The last line of defence: a step that is told to erase while there is an export to be made, or to be fetched, does not.
#[tokio::test]
async fn no_store_is_erased_while_an_export_is_outstanding() {
    for there in [false, true] {
        let stage = Stage::new(1);
        let erasure = stage.submit(PERSON).await;
        let (theirs, told) = (erasure.clone(), Arc::new(Mutex::new(false)));
        let first = told.clone();
        super::before(&stage, "EraseStore", move |stage| {
            if !std::mem::replace(&mut *first.lock().expect("not poisoned"), true) {
                at_once(owe(stage, &theirs, there));
            }
        });
        stage.play().await;
        assert!(*told.lock().expect("not poisoned"), "it was told to erase");
        assert!(events(&stage, &erasure, EventKind::Erasing).is_empty());
        assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
    }
}

/// Makes an erasure owe an export, made or not.
async fn owe(stage: &Stage, id: &RequestId, there: bool) {
    stage
        .write(id, EventKind::Checking, |mut draft| {
            let ready_at = there.then(|| stage.world.clock().now());
            draft.request.export = Some(Export { ready_at, expires_at: ready_at, ..asked(Format::Json) });
            draft
        })
        .await;
}
