//! "Nobody is found" counts only where somebody would be: with the marks' own key, and with a walk that sees.

use domain::StoreId;
use domain::ledger::ReplayStatus;
use ports::{Class, Code, KeyScope};
use testkit::memory::Sight;

use super::super::shop::{NEIGHBOUR, PERSON};
use super::*;

fn crm() -> StoreId {
    "crm".parse().expect("a store")
}

/// An empty table under the catalog's name, or rights that hide every row.
#[tokio::test]
async fn a_walk_that_does_not_come_by_the_control_proves_nothing() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    stage.world.make_blind(&crm(), Sight::Walk);
    let ended = to_the_end(&stage, &begun).await;
    assert_eq!((ended.status, ended.why.as_deref()), (ReplayStatus::Failed, Some("store-unproven")));
    assert!(!standing(&stage, "crm").await.fit_for_traffic);
    // Nor is anybody counted.
    let counted = to_the_end(&stage, &begin(&stage, "crm", true).await).await;
    assert_eq!((counted.status, counted.why.as_deref()), (ReplayStatus::Failed, Some("store-unproven")));
    stage.world.make_see();
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1));
}

/// The control's record in one collection is not the one of another.
#[tokio::test]
async fn each_collection_has_to_show_its_own_control() {
    let (stage, _, taken_at) = erased().await;
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    let database = stage.world.database(&stage.tenant, &crm());
    database.remove("interactions", |row| row["contact_id"].expose() == "C-990001");
    let ended = to_the_end(&stage, &begun).await;
    assert_eq!((ended.status, ended.why.as_deref()), (ReplayStatus::Failed, Some("store-unproven")));
}

/// After a disaster the ledger is there, and the key that its marks were made with is not.
#[tokio::test]
async fn without_the_key_of_the_marks_nobody_is_said_to_be_gone() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    stage.world.lose_key(&KeyScope::Ledger(stage.tenant.clone()));
    let lost = async |stage: &Stage, begun: &ReplayView| {
        let ended = to_the_end(stage, begun).await;
        assert_eq!((ended.status, ended.why.as_deref()), (ReplayStatus::Failed, Some("ledger-key-lost")));
        assert!(!standing(stage, "crm").await.fit_for_traffic);
        let sampling = sample(stage).await.expect_err("it cannot tell");
        assert!(
            matches!(&sampling, StepError::Fault(f) if (f.class, f.code) == (Class::Permanent, Code::LedgerKeyLost))
        );
    };
    lost(&stage, &begun).await;
    assert!(stage.world.keys().iter().all(|scope| !matches!(scope, KeyScope::Ledger(_))), "nor is one made");
    // Whoever is erased next has marks of another key, and the old ones are as lost as before.
    erase(&stage, NEIGHBOUR).await;
    let counting = begin(&stage, "crm", true).await;
    lost(&stage, &counting).await;
    let crm = stage.world.database(&stage.tenant, &crm());
    assert!(crm.rows("contacts").iter().any(|row| row["email"].expose() == PERSON));
}

/// A tenant of whom nobody was ever erased has no key, and nobody to look for.
#[tokio::test]
async fn where_nobody_was_erased_a_restored_store_is_fit_at_once() {
    let stage = Stage::new(1);
    let taken_at = stage.world.clock().now();
    stage.world.fake_clock().advance(SignedDuration::from_hours(1));
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.found), (ReplayStatus::Done, 0));
    assert!(standing(&stage, "crm").await.fit_for_traffic);
    assert_eq!(sample(&stage).await, Ok(0));
}
