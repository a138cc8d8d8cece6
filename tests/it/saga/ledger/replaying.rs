//! A restored store, and what a replay makes of it.

use std::collections::BTreeMap;

use domain::Status;
use domain::event::EventKind::{ReplayBegun, ReplayEnded, StoreRestored};
use domain::ledger::ReplayStatus;
use jiff::SignedDuration;
use serde_json::json;
use testkit::clock::CountedBudget;

use super::super::shop::{self, NAME, NEIGHBOUR, PERSON};
use super::*;

/// Whatever was restored is as it was left after the erasure, and everybody else as they were in the backup.
#[tokio::test]
async fn whoever_was_erased_is_erased_again_from_each_restored_store() {
    let (stage, backup, taken_at) = erased().await;
    let left = texts(&stage, &stage.tenant);
    let objects = shop::everything(&stage.world, &stage.tenant).remove(1);
    for store in STORES {
        put_back(&stage, store, &backup);
        assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
        let declared = declare(&stage, store, taken_at).await;
        assert_eq!(
            (declared.fit_for_traffic, declared.why.as_deref()),
            (false, Some("restored-and-not-replayed"))
        );
        let begun = begin(&stage, store, false).await;
        assert_eq!(standing(&stage, store).await.why.as_deref(), Some("replay-under-way"));
        let done = to_the_end(&stage, &begun).await;
        assert_eq!((done.status, done.walk, done.requests), (ReplayStatus::Done, 2, 1), "{store}: {done:?}");
        assert!(done.found > 0);
        assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON), "{store}");
        assert!(!shop::mentions(&stage.world, &stage.tenant, NAME), "{store}");
        assert_eq!(texts(&stage, &stage.tenant), left, "{store}");
        let now = standing(&stage, store).await;
        assert!(now.fit_for_traffic && now.why.is_none() && now.replayed_at.is_some(), "{now:?}");
    }
    assert_eq!(shop::everything(&stage.world, &stage.tenant).remove(1), objects, "to the last byte");
    assert!(shop::mentions(&stage.world, &stage.tenant, NEIGHBOUR));
    for request in made(&stage).await {
        assert_eq!(request.status, Status::Fulfilled);
        assert_eq!(request.verification.expect("verified").method, "ledger");
    }
    stage.world.verify_audit(&stage.tenant).expect("the chain is whole");
    let entries = stage.world.audit_entries(&stage.tenant);
    let told = |kind| entries.iter().filter(|entry| entry.event.kind == kind).count();
    assert_eq!([StoreRestored, ReplayBegun, ReplayEnded].map(told), [3, 6, 6], "each with a dry run");
}

/// All stores at once, as after a disaster.
#[tokio::test]
async fn stores_that_are_restored_together_are_replayed_together() {
    let (stage, backup, taken_at) = erased().await;
    let left = texts(&stage, &stage.tenant);
    let mut begun = Vec::new();
    for store in STORES {
        put_back(&stage, store, &backup);
        declare(&stage, store, taken_at).await;
        begun.push(begin(&stage, store, false).await);
    }
    for one in &begun {
        assert_eq!(to_the_end(&stage, one).await.status, ReplayStatus::Done);
    }
    assert_eq!(texts(&stage, &stage.tenant), left);
    assert!(made(&stage).await.iter().all(|request| request.status.is_end()));
}

#[tokio::test]
async fn a_dry_run_counts_and_changes_nothing() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let before = shop::everything(&stage.world, &stage.tenant);
    let begun = begin(&stage, "crm", true).await;
    let done = to_the_end(&stage, &begun).await;
    assert_eq!((done.status, done.dry_run, done.requests), (ReplayStatus::Done, true, 1));
    // A contact, three calls, three years.
    assert_eq!((done.walked, done.found), (17, 7));
    assert!(made(&stage).await.is_empty() && stage.world.staged().is_empty());
    assert_eq!(shop::everything(&stage.world, &stage.tenant), before);
    let now = standing(&stage, "crm").await;
    assert_eq!((now.fit_for_traffic, now.why.as_deref()), (false, Some("restored-and-not-replayed")));
}

/// What was left of a person, anonymised or for the tax office, is nobody: it leads to no request, however often a
/// store is replayed.
#[tokio::test]
async fn what_is_as_it_was_left_is_not_found() {
    let (stage, _, taken_at) = erased().await;
    for store in STORES {
        declare(&stage, store, taken_at).await;
        let done = to_the_end(&stage, &begin(&stage, store, false).await).await;
        assert_eq!(
            (done.status, done.walk, done.found, done.requests),
            (ReplayStatus::Done, 1, 0, 0),
            "{store}"
        );
        assert!(done.walked > 0);
    }
    assert!(made(&stage).await.is_empty());
}

/// The address in the backup is one that the person had before: nobody knew it when they were erased.
#[tokio::test]
async fn a_customer_with_an_address_of_long_ago_is_found_by_their_number() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    crm.remove("contacts", |row| row["email"].expose() == PERSON);
    crm.remove("interactions", |row| row["contact_id"].expose() == "C0001");
    crm.remove("revenue_by_customer", |row| row["customer_id"].expose() == "1");
    shop::contact(&stage.world, &stage.tenant, 1, "long-ago@example.com", NAME);
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.found), (ReplayStatus::Done, 1));
    assert!(!shop::mentions(&stage.world, &stage.tenant, "long-ago@example.com"));
    assert!(shop::mentions(&stage.world, &stage.tenant, NEIGHBOUR));
}

/// Nothing in it names a person, and what it refers to is gone: the ledger knows the reference.
#[tokio::test]
async fn what_only_refers_to_somebody_is_erased_by_the_reference() {
    let (stage, _, taken_at) = erased().await;
    shop::interaction(&stage.world, &stage.tenant, 77, "C0001", NAME);
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.found, done.requests), (ReplayStatus::Done, 1, 1), "{done:?}");
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
    let request = made(&stage).await.remove(0);
    assert_eq!((request.status, request.subject.len()), (Status::Fulfilled, 0));
}

/// Whoever was erased before the backup was taken is in it only if they came back by themselves.
#[tokio::test]
async fn who_was_erased_before_the_backup_is_not_concerned() {
    let (stage, ..) = erased().await;
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    let taken_at = stage.world.clock().now();
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.found), (ReplayStatus::Done, 0));
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
    assert!(standing(&stage, "crm").await.fit_for_traffic);
}

/// G7: what one tenant's ledger knows is no other's.
#[tokio::test]
async fn another_tenants_ledger_finds_nobody() {
    let (stage, backup, taken_at) = erased().await;
    let other: TenantId = "other".parse().expect("a tenant");
    let settings = stage.world.tenants().settings(&stage.tenant).await.expect("an answer").expect("settings");
    stage.world.put_settings(contract::settings::Settings { tenant: other.clone(), ..(*settings).clone() });
    shop::fill(&stage.world, &other);
    let stage = Stage { tenant: other, ..stage };
    assert!(stage.plant().await.missing.is_empty());
    erase(&stage, NEIGHBOUR).await;
    for (store, contents) in STORES.iter().zip(&backup) {
        stage.world.database(&stage.tenant, &store.parse().expect("a store")).restore(contents.clone());
        declare(&stage, store, taken_at).await;
        let done = to_the_end(&stage, &begin(&stage, store, false).await).await;
        assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1), "{store}: the neighbour");
        assert!(done.walked > 0);
    }
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
    assert!(!shop::mentions(&stage.world, &stage.tenant, NEIGHBOUR));
}

/// One store's marks say nothing of another's, and none names anybody.
#[tokio::test]
async fn two_stores_marks_of_one_person_are_different() {
    let (stage, ..) = erased().await;
    let subject = stage.pseudonym(PERSON).await;
    let entries = stage.world.ledger_entries();
    let marks = |store: &str| {
        let own = entries.iter().filter(|entry| entry.store.as_str() == store);
        own.map(|entry| entry.mark.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    let [shop, support, crm] = STORES.map(marks);
    assert!(!shop.is_empty() && !support.is_empty() && !crm.is_empty());
    assert!(shop.is_disjoint(&crm) && shop.is_disjoint(&support) && crm.is_disjoint(&support));
    assert!(entries.iter().all(|entry| entry.mark != subject), "nor is it the pseudonym of requests");
    let written = serde_json::to_string(&entries).expect("JSON");
    assert!(!written.contains("marked-person") && !written.contains(NAME));
}

/// What each mark says became of the records that had it, as the catalog's collections have it: the customer and the contact
/// are gone, and the seven invoices stay with somebody else's number.
#[tokio::test]
async fn a_mark_says_whether_its_records_were_deleted_or_anonymised() {
    let (stage, ..) = erased().await;
    let mut methods = BTreeMap::new();
    for entry in stage.world.ledger_entries() {
        *methods.entry((entry.store.to_string(), entry.method.as_str())).or_insert(0) += 1;
    }
    let expect = [
        // The number and the address of the customer.
        (("shop", "delete"), 2),
        // The numbers of the invoices, which their lines refer to.
        (("shop", "anonymise"), 7),
        (("support", "delete"), 1),
        // The number and the address, and the contact's own, which its interactions refer to.
        (("crm", "delete"), 3),
    ];
    let expect = expect.map(|((store, method), marks)| ((store.to_owned(), method), marks));
    assert_eq!(methods, BTreeMap::from(expect));
}

/// A store that was restored again is not what was replayed, though it has the same state again: what the replay has
/// read is gone, and whom it has found is not asked for.
#[tokio::test]
async fn a_restore_during_a_replay_wants_another_one() {
    let (stage, backup, taken_at) = erased().await;
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    bring_on(&stage, &CountedBudget::new(5)).await.expect("fine");
    assert!(replay(&stage, &begun).await.walked > 0, "it is at it");
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let ended = to_the_end(&stage, &begun).await;
    assert_eq!(
        (ended.status, ended.why.as_deref()),
        (ReplayStatus::Failed, Some("the store was restored again"))
    );
    assert_eq!(standing(&stage, "crm").await.why.as_deref(), Some("restored-and-not-replayed"));
    assert!(made(&stage).await.is_empty());
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1));
    assert!(standing(&stage, "crm").await.fit_for_traffic);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_called_replayed() {
    let (stage, _, taken_at) = erased().await;
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    stage.world.database(&stage.tenant, &"crm".parse().expect("a store")).drop_resource("contacts");
    let done = to_the_end(&stage, &begun).await;
    assert_eq!((done.status, done.why.as_deref()), (ReplayStatus::Failed, Some("store-refused")));
    assert_eq!(standing(&stage, "crm").await.why.as_deref(), Some("replay-failed"));
}

#[tokio::test]
async fn only_what_is_known_is_taken() {
    let stage = Stage::new(1);
    for (resource, body) in [
        ("/v1/ledger/restores", json!({"store": "crm-prod", "taken_at": "2026-03-01T00:00:00Z"})),
        ("/v1/ledger/restores", json!({"store": "crm", "taken_at": "2036-03-01T00:00:00Z"})),
        ("/v1/ledger/replays", json!({"store": "crm-prod"})),
        ("/v1/ledger/replays", json!({"store": "crm", "rate": 0})),
    ] {
        assert_eq!(call(&stage, "POST", resource, None, &body).await.0, 400);
    }
    let unknown = Some("rpl_01kjpwd6m0b9d5mpjtb9d5mpjt");
    assert_eq!(call(&stage, "GET", "/v1/ledger/replays/{id}", unknown, &json!(null)).await.0, 404);
    assert!(standing(&stage, "crm").await.fit_for_traffic);
    // The same once more is the same replay, and the same restore.
    let taken_at = stage.world.clock().now();
    stage.world.fake_clock().advance(SignedDuration::from_hours(1));
    let declared = declare(&stage, "crm", taken_at).await;
    assert_eq!(declare(&stage, "crm", taken_at).await, declared);
    let counting = begin(&stage, "crm", true).await;
    assert_eq!(begin(&stage, "crm", true).await.replay_id, counting.replay_id);
    let counted = to_the_end(&stage, &counting).await;
    let begun: ReplayView = read(start(&stage, "crm", Some(counted.requests)).await);
    let again: ReplayView = read(start(&stage, "crm", Some(counted.requests)).await);
    assert_eq!(again.replay_id, begun.replay_id);
}
