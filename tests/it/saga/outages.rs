//! G3, G12: something that is away for longer than a step's retries, from any step on. The request
//! is parked or swept, goes on by itself, and ends as it would have ended.

use domain::{Operation, Status};
use testkit::inject::Plan;
use testkit::walker::Next;

use super::exports;
use super::faults::{assert_clean, assert_ours_is_clean, clean_run, ending};
use super::shop::PERSON;
use super::stage::{Happening, Stage};

/// What an access is made of.
const EXPORTING: [&str; 8] = [
    "PlanFunctionArn",
    "LocateStoreFunctionArn",
    "PinPlanFunctionArn",
    "CollectStoreFunctionArn",
    "PackageExportFunctionArn",
    "AnnounceFunctionArn",
    "SweepFunctionArn",
    "CloseRequestFunctionArn",
];

const STEPS: [&str; 10] = [
    "PlanFunctionArn",
    "LocateStoreFunctionArn",
    "PinPlanFunctionArn",
    "CheckSanctionsFunctionArn",
    "SuppressStoreFunctionArn",
    "EraseStoreFunctionArn",
    "ConfirmStoreFunctionArn",
    "CloseRequestFunctionArn",
    "AnnounceFunctionArn",
    "RestoreStoreFunctionArn",
];

/// Whoever is told of packages is told again and again, and the request is not parked meanwhile.
const TOLD_AGAIN: u32 = 6;

/// An outage that begins with a step's call, and ends when the request was parked for it.
async fn outage_from(step: &'static str, nth: u32, of: &'static str) -> (Stage, bool) {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let struck = outage_of(&stage, &id, (step, nth), of).await;
    assert_clean(&stage, &id);
    (stage, struck)
}

/// The same, for a request that is submitted; whether there was an outage.
async fn outage_of(
    stage: &Stage,
    id: &domain::RequestId,
    (step, nth): (&'static str, u32),
    of: &'static str,
) -> bool {
    let struck = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (mut left, has_struck, mut told) = (nth, struck.clone(), 0);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if has_struck.load(std::sync::atomic::Ordering::Relaxed) && function == "AnnounceFunctionArn" {
            told += 1;
        }
        if function == "ParkRequestFunctionArn" || told > TOLD_AGAIN {
            stage.world.injector().disarm();
            left = u32::MAX;
        } else if function == step {
            left = left.saturating_sub(1);
            if left == 0 {
                has_struck.store(true, std::sync::atomic::Ordering::Relaxed);
                stage.world.injector().arm(Plan::outage(of));
                left = u32::MAX;
            }
        }
    }));
    stage.play().await;
    stage.world.injector().disarm();
    *stage.meanwhile.lock().expect("not poisoned") = None;
    let request = stage.play_to_the_end(id).await;
    assert_eq!(request.status, Status::Fulfilled, "{of} away from call {nth} of {step} on");
    struck.load(std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test]
async fn an_outage_from_any_step_on_leads_to_the_same_end() {
    let (expected, _) = clean_run().await;
    let mut outages = 0;
    for of in ["keyring.", "staging.", "connector.", "catalogs.", "tenants.", "sanctions.", "announcer."] {
        for step in STEPS {
            for nth in [1, 2, 4] {
                let (stage, struck) = outage_from(step, nth, of).await;
                outages += u32::from(struck);
                let id = stage.world.all_requests()[0].id.clone();
                let got = ending(&stage, &id);
                assert!(got == expected, "{of} away from call {nth} of {step} on: {got:?}");
            }
        }
    }
    assert!(outages > 100, "{outages}");
}

/// The same, for what a person gets: it is whole, and gone in the end.
#[tokio::test]
async fn an_outage_from_any_step_on_leads_to_the_same_package() {
    let mut outages = 0;
    let of = [
        "keyring.",
        "staging.",
        "connector.",
        "collector.",
        "contents.",
        "catalogs.",
        "tenants.",
        "packages.",
        "signer.",
        "announcer.",
        "mailer.",
    ];
    for of in of {
        for step in EXPORTING {
            for nth in [1, 3] {
                let stage = exports::writing_letters().await;
                let (fetched, held) = (exports::fetch_all(&stage), exports::held(&stage));
                let id = exports::access(&stage, PERSON).await;
                outages += u32::from(outage_of(&stage, &id, (step, nth), of).await);
                exports::assert_whole(&exports::unpack(&exports::last(&fetched, &id)), &held);
                assert_ours_is_clean(&stage, &id);
            }
        }
    }
    assert!(outages > 100, "{outages}");
}

/// The intervals grow wherever the store is missed, and though the sources are heard each time.
#[tokio::test]
async fn a_store_that_is_down_while_erasing_or_reading_again_is_tried_at_growing_intervals() {
    for operation in ["connector.erase", "connector.confirm"] {
        let stage = Stage::new(1);
        let id = stage.submit(PERSON).await;
        stage.world.injector().arm(Plan::outage(operation).on("crm"));
        stage.play().await;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let request = stage.request(&id);
            assert_eq!(request.status, Status::Parked, "{operation}");
            waits.push(stage.sweep_when_due(&id).await);
            stage.play().await;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60], "{operation}");
        stage.world.injector().disarm();
        assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
        assert_clean(&stage, &id);
    }
}

/// Lets the sweeper work at its time, if that comes before the end of the cooling-off.
fn wait_for_the_sweeper(id: domain::RequestId) -> Happening {
    Box::new(move |stage, pause| {
        let request = stage.request(&id);
        let by = request.progress_by.expect("somebody looks after it");
        *stage.happening.lock().expect("not poisoned") = Some(wait_for_the_sweeper(id.clone()));
        if pause.now >= by {
            super::stage::at_once(stage.sweep());
            super::stage::at_once(stage.deliver());
            return Next::GoOn;
        }
        if by < pause.until { Next::At(by) } else { Next::GoOn }
    })
}

/// A store that cannot hide the person is tried again during the wait, and does not end it early.
#[tokio::test]
async fn a_store_that_cannot_hide_at_first_hides_later() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("suppressor.").on("crm"));
    let (seen, given_up) = (id.clone(), |t: &domain::Task| t.status == domain::TaskStatus::Failed);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let failed = stage.world.tasks_of(&stage.tenant, &seen).iter().any(given_up);
        if failed && function == "SuppressStoreFunctionArn" {
            stage.world.injector().disarm();
        }
    }));
    let seen = id.clone();
    *stage.happening.lock().expect("not poisoned") = Some(wait_for_the_sweeper(seen));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    let tasks = stage.world.tasks_of(&stage.tenant, &id);
    let hidden = tasks.iter().find(|t| t.op == Operation::Suppress && t.store.as_str() == "crm");
    assert!(hidden.is_some_and(|t| t.status == domain::TaskStatus::Done), "{hidden:?}");
    let waited = request.closed_at.zip(request.cooling_off_until);
    assert!(waited.is_some_and(|(closed, until)| closed >= until));
}
