//! What a replay keeps of the people whom it finds does not outlive it, however it ends.

use domain::ledger::ReplayStatus;
use domain::{ReplayId, RequestId};
use jiff::Timestamp;
use ports::KeyScope;
use testkit::clock::CountedBudget;
use testkit::inject::{Plan, Point, When};
use testkit::memory::Sight;

use super::super::shop::{NEIGHBOUR, PERSON};
use super::*;

/// How a replay ends that asks for nobody, or does not get as far as that.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// It finds more people than were counted.
    TooMany,
    /// A collection does not show its control, after people were met in others.
    Unproven,
    /// The store is restored again while it walks.
    RestoredWhileWalking,
    /// The store is restored again when somebody is being asked for: filed, and not made yet.
    RestoredWhileAsking,
    /// Somebody cancels what it has asked for.
    Cancelled,
}

const ENDS: [End; 5] =
    [End::TooMany, End::Unproven, End::RestoredWhileWalking, End::RestoredWhileAsking, End::Cancelled];

impl End {
    fn why(self) -> &'static str {
        match self {
            Self::TooMany => "2 people were found, and 1 at the most were expected",
            Self::Unproven => "store-unproven",
            Self::RestoredWhileWalking | Self::RestoredWhileAsking => "the store was restored again",
            Self::Cancelled => "has ended as cancelled",
        }
    }
}

/// All that is sealed of people in a replay's name, or in the name of requests that are not open.
fn kept(stage: &Stage) -> Vec<String> {
    let is_open = |id: &RequestId| {
        stage.world.request(&stage.tenant, id).is_some_and(|request| !request.status.is_end())
    };
    let keys = stage.world.keys().into_iter().filter(|scope| match scope {
        KeyScope::Replay(..) => true,
        KeyScope::Plan(_, id) => !is_open(id),
        _ => false,
    });
    let keys = keys.map(|scope| format!("{scope:?}"));
    let ids = stage.world.keys().into_iter().filter_map(|scope| match scope {
        KeyScope::Plan(_, id) => Some(id).filter(is_open),
        _ => None,
    });
    let ids: Vec<RequestId> = ids.collect();
    let is_of_open = |object: &String| ids.iter().any(|id| object.contains(id.as_str()));
    keys.chain(stage.world.staged().into_iter().filter(|object| !is_of_open(object))).collect()
}

/// A replay that the next call ends like this, or one of the next.
async fn about_to(end: End) -> (Stage, ReplayView) {
    let (stage, backup, taken_at) = erased().await;
    declare(&stage, "crm", taken_at).await;
    if end == End::TooMany {
        erase(&stage, NEIGHBOUR).await;
        super::super::shop::contact(&stage.world, &stage.tenant, 1, PERSON, "Ines");
    } else {
        put_back(&stage, "crm", &backup);
    }
    let begun = begin(&stage, "crm", false).await;
    put_back(&stage, "crm", &backup);
    let again = taken_at.checked_add(SignedDuration::from_secs(1)).expect("in time");
    match end {
        End::TooMany => {}
        End::Unproven => {
            let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
            crm.remove("interactions", |row| row["contact_id"].expose() == "C-990001");
        }
        End::RestoredWhileWalking => {
            until(&stage, &begun, |replay| replay.found > 0 && replay.phase == "walking").await;
            declare(&stage, "crm", again).await;
        }
        End::RestoredWhileAsking => {
            until(&stage, &begun, |replay| replay.phase == "asking").await;
            stage.world.injector().reset();
            stage.world.injector().arm(Plan::nth(Point::RequestsCreate, 0).crash());
            bring_on(&stage, &UnlimitedBudget).await.expect_err("it dies");
            stage.world.injector().revive();
            assert!(made(&stage).await.is_empty(), "nobody is asked for");
            declare(&stage, "crm", again).await;
        }
        End::Cancelled => {
            until(&stage, &begun, |replay| replay.phase == "waiting").await;
            for request in made(&stage).await {
                stage.cancel(&request.id).await;
                stage.play_to_the_end(&request.id).await;
            }
        }
    }
    (stage, begun)
}

/// Calls it a page at a time, until it is that far.
async fn until(stage: &Stage, begun: &ReplayView, is_there: impl Fn(&ReplayView) -> bool) {
    for _ in 0..300 {
        if is_there(&replay(stage, begun).await) {
            return;
        }
        bring_on(stage, &CountedBudget::new(1)).await.expect("fine");
        stage.world.fake_clock().advance(SignedDuration::from_secs(1));
    }
    panic!("it never is: {:?}", replay(stage, begun).await);
}

async fn assert_nothing_is_kept(stage: &Stage, begun: &ReplayView, end: End, what: &str) {
    let ended = to_the_end(stage, begun).await;
    let why = ended.why.unwrap_or_default();
    assert_eq!(ended.status, ReplayStatus::Failed, "{end:?}, {what}");
    let cut_off = why.contains("what it had kept of people is destroyed");
    assert!(why.ends_with(end.why()) || cut_off, "{end:?}, {what}: {why}");
    assert_eq!(kept(stage), [""; 0], "{end:?}, {what}");
    assert!(!standing(stage, "crm").await.fit_for_traffic, "{end:?}, {what}");
}

#[tokio::test]
async fn a_replay_that_asks_for_nobody_leaves_nothing_of_them() {
    for end in ENDS {
        let (stage, begun) = about_to(end).await;
        assert!(!kept(&stage).is_empty(), "{end:?}: there is something to destroy");
        assert_nothing_is_kept(&stage, &begun, end, "once").await;
    }
}

/// One call after another dies, and each of its writes goes through without an answer.
#[tokio::test]
async fn what_is_destroyed_is_destroyed_whoever_dies_at_it() {
    for end in ENDS {
        let (stage, begun) = about_to(end).await;
        stage.world.injector().reset();
        // As it is called in what follows, up to its end; its error is the one that it ends with.
        let mut calls = Vec::new();
        while replay(&stage, &begun).await.status == ReplayStatus::Running {
            let from = stage.world.injector().total();
            let _ = bring_on(&stage, &UnlimitedBudget).await;
            calls.extend(stage.world.injector().trace().into_iter().filter(|call| call.n >= from));
            stage.play().await;
            stage.world.fake_clock().advance(SignedDuration::from_mins(1));
            stage.sweep().await;
        }
        assert!(calls.iter().any(|call| call.point == Point::KeyringDestroy), "{end:?}");
        let tries = calls.iter().flat_map(|call| {
            let whens: &[When] =
                if call.point.writes() { &[When::Before, When::After] } else { &[When::Before] };
            whens.iter().map(move |when| (call, *when))
        });
        for (call, when) in tries {
            let (stage, begun) = about_to(end).await;
            stage.world.injector().reset();
            stage.world.injector().arm(Plan::call(call.n).when(when).crash());
            let what = format!("{when:?} call {}, {}", call.n, call.point.name());
            assert_nothing_is_kept(&stage, &begun, end, &what).await;
            assert_eq!(stage.world.injector().struck(), 1, "{end:?}, {what}");
        }
    }
}

/// It is tried again, with another number, and once more: what one has kept is not there when the next one ends.
#[tokio::test]
async fn a_replay_that_is_tried_again_leaves_no_other_set() {
    let (stage, begun) = about_to(End::TooMany).await;
    assert_nothing_is_kept(&stage, &begun, End::TooMany, "the first").await;
    stage.world.make_blind(&"crm".parse().expect("a store"), Sight::Walk);
    let counted = to_the_end(&stage, &begin(&stage, "crm", true).await).await;
    assert_eq!(counted.status, ReplayStatus::Failed);
    stage.world.make_see();
    assert_eq!(kept(&stage), [""; 0], "nor does a dry run keep anything");
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 2));
    assert_eq!(kept(&stage), [""; 0]);
    assert!(stage.world.staged().is_empty(), "{:?}", stage.world.staged());
}

/// A call that comes too late has nothing that it could seal with: only who begins a replay makes its key.
#[tokio::test]
async fn whoever_walks_makes_no_key() {
    let (stage, begun) = about_to(End::TooMany).await;
    let scope = KeyScope::Replay(stage.tenant.clone(), begun.replay_id.clone());
    assert!(stage.world.keys().contains(&scope));
    stage.world.lose_key(&scope);
    let ended = to_the_end(&stage, &begun).await;
    assert_eq!(ended.status, ReplayStatus::Failed);
    assert_eq!(
        ended.why.as_deref(),
        Some("it was about to end, and what it had kept of people is destroyed")
    );
    assert_eq!(kept(&stage), [""; 0]);
    assert!(made(&stage).await.is_empty());
    // A dry run has none at all.
    let counting = begin(&stage, "crm", true).await;
    assert!(counting.replay_id > ReplayId::new(Timestamp::UNIX_EPOCH, 0));
    assert!(!stage.world.keys().iter().any(|scope| matches!(scope, KeyScope::Replay(..))));
}
