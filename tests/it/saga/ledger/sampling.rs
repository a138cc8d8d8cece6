//! People who are met in a live store: nothing is erased before somebody has said so.

use domain::event::EventKind;
use domain::{Operation, Status};

use super::super::shop::{self, NAME, PERSON};
use super::super::stage::tally;
use super::*;

/// A backup that nobody told of: an officer is asked, once, and decides.
#[tokio::test]
async fn whoever_is_back_waits_for_somebody_to_decide() {
    let (stage, backup, _) = erased().await;
    assert_eq!(sample(&stage).await, Ok(0), "nobody is back");
    put_back(&stage, "crm", &backup);
    let mut met = 0;
    for _ in 0..20 {
        met += sample(&stage).await.expect("fine");
    }
    assert_eq!(met, 1, "once for the request that had erased them, and the store");
    stage.play().await;
    let request = made(&stage).await.remove(0);
    assert_eq!(request.status, Status::AwaitingVerification);
    let origin = request.origin.clone().expect("it goes back to the first");
    assert_eq!(origin.replay, None);
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON), "nothing is erased");
    verify(&stage, &request).await;
    let request = stage.play_to_the_end(&request.id).await;
    assert_eq!(request.status, Status::Fulfilled);
    assert!(tally(&stage, &request.id, Operation::Erase, "crm").erased > 0);
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
    let waited = request.cooling_off_until.expect("it waited").duration_since(request.received_at);
    assert!(waited >= SignedDuration::from_hours(30 * 24), "as long as any other: they may have come back");
}

/// They came back by themselves, and stay.
#[tokio::test]
async fn who_may_stay_is_not_asked_about_again() {
    let (stage, ..) = erased().await;
    shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
    for _ in 0..10 {
        sample(&stage).await.expect("fine");
    }
    let request = made(&stage).await.remove(0);
    stage.cancel(&request.id).await;
    assert_eq!(stage.play_to_the_end(&request.id).await.status, Status::Cancelled);
    for _ in 0..20 {
        assert_eq!(sample(&stage).await, Ok(0));
    }
    assert_eq!(made(&stage).await.len(), 1);
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// Nobody looked at the request in time: nobody has decided, and somebody is asked again.
#[tokio::test]
async fn whom_nobody_decided_about_is_asked_about_again() {
    let (stage, ..) = erased().await;
    shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
    for _ in 0..10 {
        sample(&stage).await.expect("fine");
    }
    let first = made(&stage).await.remove(0);
    stage.sweep_when_due(&first.id).await;
    assert_eq!(stage.play_to_the_end(&first.id).await.status, Status::Cancelled);
    let mut met = 0;
    for _ in 0..20 {
        met += sample(&stage).await.expect("fine");
    }
    assert_eq!((met, made(&stage).await.len()), (1, 2));
    let second = made(&stage).await.into_iter().find(|request| request.id != first.id).expect("another");
    assert_eq!(second.status, Status::AwaitingVerification);
    // An officer's word is the last.
    stage.cancel(&second.id).await;
    stage.play_to_the_end(&second.id).await;
    for _ in 0..20 {
        assert_eq!(sample(&stage).await, Ok(0));
    }
}

/// It takes a few pages each time, and comes round.
#[tokio::test]
async fn a_call_reads_a_few_pages_and_the_next_one_goes_on() {
    let (stage, ..) = erased().await;
    stage.world.injector().reset();
    for _ in 0..3 {
        sample(&stage).await.expect("fine");
    }
    let pages = stage.world.injector().trace();
    let pages = pages.iter().filter(|call| call.point.name() == "walker.walk").count();
    assert!((9..=3 * 3 * 4).contains(&pages), "{pages} pages of three stores in three calls");
}

async fn verify(stage: &Stage, request: &Request) {
    let reference = stage.pseudonym("call@example.com").await;
    stage
        .write(&request.id, EventKind::Verified, |mut draft| {
            draft.request.become_status(Status::Accepted).expect("it waits for that");
            let (method, at) = ("phone".to_owned(), stage.world.clock().now());
            draft.request.verification =
                Some(domain::request::Verification { method, at, reference: reference.clone() });
            draft.wake(domain::event::EnterAt::Plan)
        })
        .await;
}
