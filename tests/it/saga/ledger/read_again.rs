//! What a replay erased is read again weeks later, too; and erased again where the replay erased it, and nowhere else.

use domain::recheck::Stage as Reached;
use ports::KeyScope;

use super::super::shop::{self, NAME, PERSON};
use super::super::{recheck, shredding};
use super::*;

#[tokio::test]
async fn who_is_found_again_after_a_replay_is_erased_again_in_the_restored_store_alone() {
    let stage = shredding::stage();
    shredding::append(&stage, "1", "bought").await;
    let (backup, taken_at) = (shop::everything(&stage.world, &stage.tenant), stage.world.clock().now());
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    erase(&stage, PERSON).await;
    assert!(!shredding::has_key(&stage, "customer_id", "1").await);
    recheck::set(&stage, Some("P30D"));
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1));
    let id = made(&stage).await.remove(0).id;

    // They are a customer again, with a key of their own; and something puts what the backup had back once more.
    shop::invoice(&stage.world, &stage.tenant, 1, 4_242, NAME);
    shredding::append(&stage, "1", "bought again").await;
    shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
    let request = recheck::when_due(&stage, &id).await;
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
    let found = request.recheck.expect("read again").found;
    assert_eq!(found.keys().map(domain::StoreId::as_str).collect::<Vec<_>>(), ["crm"]);
    assert_eq!(recheck::ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.reopened), (Status::Fulfilled, 1));
    assert_eq!(request.recheck.map(|recheck| recheck.stage), Some(Reached::Due));
    let store = |name: &str| stage.world.database(&stage.tenant, &name.parse().expect("a store"));
    assert!(!store("crm").mentions(PERSON) && !store("crm").mentions(NAME));
    assert!(store("shop").mentions(NAME), "they came back there");
    assert!(shredding::has_key(&stage, "customer_id", "1").await, "and so did their key");
    assert!(!stage.world.keys().iter().any(|key| matches!(key, KeyScope::Plan(..))));
}
