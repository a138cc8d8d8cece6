//! Whoever comes back by themselves stays: a replay erases what a backup brought, where it brought it, and no more.

use domain::ledger::ReplayStatus;
use domain::{Operation, Status};

use super::super::shop::{self, NAME, NEIGHBOUR, PERSON};
use super::*;

/// The person's contact in the CRM, if it is there.
fn is_in_the_crm(stage: &Stage) -> bool {
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    crm.rows("contacts").iter().any(|row| row["email"].expose() == PERSON)
}

/// The person opens an account again, under the same number and address.
fn come_back(stage: &Stage) {
    shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
}

/// Who is in it may have come back: without a restore nothing says that they did not.
#[tokio::test]
async fn a_store_that_nobody_restored_is_counted_and_not_replayed() {
    let (stage, backup, taken_at) = erased().await;
    come_back(&stage);
    let counted = to_the_end(&stage, &begin(&stage, "crm", true).await).await;
    assert_eq!((counted.status, counted.requests), (ReplayStatus::Done, 1));
    let (status, body) = start(&stage, "crm", Some(1)).await;
    assert_eq!(status, 409, "{body}");
    // Nor is one whose restore was dealt with.
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, is_in_the_crm(&stage)), (ReplayStatus::Done, false));
    come_back(&stage);
    assert_eq!(to_the_end(&stage, &begin(&stage, "crm", true).await).await.requests, 1);
    assert_eq!(start(&stage, "crm", Some(1)).await.0, 409);
    assert!(is_in_the_crm(&stage));
}

/// They are in a store that was not restored, and in the backup of another one.
#[tokio::test]
async fn who_came_back_elsewhere_is_erased_in_the_restored_store_alone() {
    let (stage, backup, taken_at) = erased().await;
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    come_back(&stage);
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    let back_at = stage.world.clock().now();
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    put_back(&stage, "shop", &backup);
    declare(&stage, "shop", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "shop", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1), "{done:?}");
    let shop = stage.world.database(&stage.tenant, &"shop".parse().expect("a store"));
    assert!(shop.rows("shop-customers").iter().all(|row| row["Email"].expose() != PERSON));
    assert!(is_in_the_crm(&stage), "they came back");
    let request = made(&stage).await.remove(0);
    assert_eq!(request.only_in().map(ToString::to_string).as_deref(), Some("shop"));
    let tasks = stage.world.requests().tasks(&stage.tenant, &request.id).await.expect("tasks");
    assert!(tasks.iter().all(|task| task.store.as_str() == "shop"), "{tasks:?}");
    // A backup of the other store that has them because they came back is not made to forget them by this.
    declare(&stage, "crm", back_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.found), (ReplayStatus::Done, 0), "{done:?}");
    assert!(is_in_the_crm(&stage));
    // Somebody is asked about them.
    let mut met = 0;
    for _ in 0..20 {
        met += sample(&stage).await.expect("fine");
    }
    assert_eq!(met, 1);
    assert_eq!(made(&stage).await.iter().filter(|r| r.status == Status::AwaitingVerification).count(), 1);
}

/// They may stay as they are now. What a backup has of them is from before they were erased.
#[tokio::test]
async fn whom_an_officer_let_stay_is_erased_where_a_backup_brought_them_back() {
    let (stage, backup, taken_at) = erased().await;
    come_back(&stage);
    for _ in 0..10 {
        sample(&stage).await.expect("fine");
    }
    let asked = made(&stage).await.remove(0);
    stage.cancel(&asked.id).await;
    stage.play_to_the_end(&asked.id).await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.left, done.requests), (ReplayStatus::Done, 0, 1), "{done:?}");
    assert!(!is_in_the_crm(&stage) && standing(&stage, "crm").await.fit_for_traffic);
}

/// Nobody has decided yet: what a backup has is from before they can have come back.
#[tokio::test]
async fn who_waits_for_an_officer_is_erased_where_a_backup_brought_them_back() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    for _ in 0..10 {
        sample(&stage).await.expect("fine");
    }
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1), "{done:?}");
    assert!(!is_in_the_crm(&stage));
    let statuses: Vec<Status> = made(&stage).await.iter().map(|request| request.status).collect();
    assert!(statuses.contains(&Status::AwaitingVerification), "it still waits: {statuses:?}");
}

/// Erasing without a wait is not begun on a word: somebody looked how many people it is about, lately.
#[tokio::test]
async fn a_replay_wants_to_know_how_many_people_it_is_about() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    for expect in [None, Some(0), Some(1)] {
        assert_eq!(start(&stage, "crm", expect).await.0, 409, "nobody has counted");
    }
    let counted = to_the_end(&stage, &begin(&stage, "crm", true).await).await;
    assert_eq!(counted.requests, 1);
    for expect in [None, Some(0), Some(2)] {
        let (status, body) = start(&stage, "crm", expect).await;
        assert_eq!(status, 409);
        assert!(body["detail"].as_str().expect("a detail").contains("has counted 1 people"), "{body}");
    }
    stage.world.fake_clock().advance(SignedDuration::from_hours(25));
    assert_eq!(start(&stage, "crm", Some(1)).await.0, 409, "that was yesterday");
    assert!(made(&stage).await.is_empty());
    // Nor does what was counted before it was restored once more count.
    to_the_end(&stage, &begin(&stage, "crm", true).await).await;
    declare(&stage, "crm", taken_at + SignedDuration::from_secs(1)).await;
    assert_eq!(start(&stage, "crm", Some(1)).await.0, 409);
}

/// More people are in it than were counted: something is not as whoever began it believes.
#[tokio::test]
async fn a_replay_that_finds_more_people_than_were_counted_asks_for_nobody() {
    let (stage, backup, taken_at) = erased().await;
    erase(&stage, NEIGHBOUR).await;
    declare(&stage, "crm", taken_at).await;
    shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
    let counted = to_the_end(&stage, &begin(&stage, "crm", true).await).await;
    assert_eq!(counted.requests, 1);
    put_back(&stage, "crm", &backup);
    let begun: ReplayView = read(start(&stage, "crm", Some(1)).await);
    let ended = to_the_end(&stage, &begun).await;
    assert_eq!(ended.status, ReplayStatus::Failed);
    assert_eq!(ended.why.as_deref(), Some("2 people were found, and 1 at the most were expected"));
    assert!(made(&stage).await.is_empty() && is_in_the_crm(&stage));
    assert_eq!(standing(&stage, "crm").await.why.as_deref(), Some("replay-failed"));
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 2));
}

/// What a replay erases in one store is no answer to somebody who asks to be erased.
#[tokio::test]
async fn who_asks_while_a_replay_erases_them_gets_a_request_of_their_own() {
    let (stage, backup, taken_at) = erased().await;
    let hold = stage.place_hold(&stage.pseudonym(PERSON).await);
    put_back(&stage, "crm", &backup);
    come_back(&stage);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, _| testkit::walker::Next::Stop));
    for _ in 0..4 {
        bring_on(&stage, &UnlimitedBudget).await.expect("fine");
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
    }
    let limited = made(&stage).await.remove(0);
    assert!(!limited.status.is_end());
    let body = json!({
        "type": "erasure", "jurisdiction": "EU",
        "subject": {"identities": [{"type": "email", "value": PERSON}]},
    });
    let answer = call_as(&stage, Role::Backend, "POST", "/v1/requests", None, &body).await;
    assert_eq!(answer.0, 202, "{}", answer.1);
    assert_ne!(answer.1["request_id"], json!(limited.id));
    stage.release_hold(&hold, &limited.id).await;
    assert_eq!(to_the_end(&stage, &begun).await.status, ReplayStatus::Done);
    let erased = stage.request(&limited.id);
    assert_eq!(erased.status, Status::Fulfilled);
    assert!(super::super::stage::tally(&stage, &erased.id, Operation::Erase, "crm").erased > 0);
}
