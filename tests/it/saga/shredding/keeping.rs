//! One key seals what several collections keep of a person. What a source wants kept of one of them keeps
//! the key, and with it all of them.

use contract::settings::SanctionSource;
use domain::StoreId;
use domain::request::Retention;

use super::*;

/// Another collection of the archive, of which somebody may have to keep something.
const INVOICES: &str = "
      - name: invoices
        resource: shop-ledger
        erasure:
          method: shred
          reason: The ledger is only ever appended to; what it says of people is sealed under their own keys.
          law: its own integrity (GDPR Art. 32)
        fields:
          customer_id: { category: user.unique_id, class: restricted, identity: customer_id }
          amount: { category: user.financial.sealed, class: internal }
";

/// In the archive, or in a store of its own.
pub(super) fn stage_of(apart: bool) -> Stage {
    let ledger = "
  - id: ledger
    kind: s3
    owner: { team: finance, page: finance@example.com }
    collections:";
    let between = if apart { ledger } else { "" };
    stage_with(&format!("{}{between}{INVOICES}", ARCHIVE.trim_end()))
}

/// The tax office's source, which is asked about one store alone.
pub(super) fn ask_tax(stage: &Stage, about: &str) {
    let mut settings =
        (*at_once(stage.world.tenants().settings(&stage.tenant)).expect("fine").expect("settings")).clone();
    settings.sanctions.push(SanctionSource {
        id: "tax".into(),
        url: "https://example.com/tax".into(),
        stores: vec![about.parse().expect("a store")],
    });
    stage.world.put_settings(settings);
}

fn retain(source: &str, stores: &[&str], categories: &[&str]) -> Verdict {
    Verdict::Retain(Retention {
        source: source.into(),
        stores: stores.iter().map(|store| store.parse().expect("a store")).collect(),
        categories: categories.iter().map(|category| (*category).to_owned()).collect(),
        reason: "tax-law".into(),
        until: None,
    })
}

fn counts(stage: &Stage, id: &RequestId, store: &str) -> (u64, u64) {
    let tally = tally(stage, id, Operation::Erase, store);
    (tally.erased, tally.retained)
}

/// Wanted by category or by store: what is kept stays readable, and all of it is called kept.
#[tokio::test]
async fn what_a_source_wants_kept_of_one_collection_keeps_the_key_of_all() {
    for apart in [false, true] {
        let store = if apart { "ledger" } else { "archive" };
        for verdict in
            [retain("legal-desk", &[], &["user.financial.sealed"]), retain("legal-desk", &[store], &[])]
        {
            let mut stage = stage_of(apart);
            stage.manner.twice = true;
            let sealed = append(&stage, "1", "paid").await;
            stage.world.answer_always("legal-desk", Ok(verdict));
            let id = stage.submit(PERSON).await;
            let request = stage.play_to_the_end(&id).await;
            assert_eq!(request.status, Status::PartiallyFulfilled);
            assert_eq!(readable(&stage, "1", &sealed).await, Some(Ok(b"paid".to_vec())), "{apart}");
            let kept = if apart { 1 } else { 2 };
            assert_eq!(counts(&stage, &id, "archive"), (0, kept));
            assert_eq!(tally(&stage, &id, Operation::Confirm, "archive").residue, Some(0));
            if apart {
                assert_eq!(counts(&stage, &id, "ledger"), (0, 1));
            }
            assert_eq!((said(&stage, &id), request.shredded), (None, vec![]));
        }
    }
}

/// It is clear about the whole, and says what it wants kept when it is asked about its own store: it is
/// heard before the first key goes, though that is for another store.
#[tokio::test]
async fn a_source_of_one_store_is_heard_before_the_key_goes_for_another() {
    let mut stage = stage_of(true);
    stage.manner.twice = true;
    ask_tax(&stage, "ledger");
    let sealed = append(&stage, "1", "paid").await;
    let id = stage.submit(PERSON).await;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "EraseStoreFunctionArn" {
            stage.world.answer_always("tax", Ok(retain("tax", &["ledger"], &[])));
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    assert_eq!(readable(&stage, "1", &sealed).await, Some(Ok(b"paid".to_vec())));
    assert_eq!((counts(&stage, &id, "archive"), counts(&stage, &id, "ledger")), ((0, 1), (0, 1)));
}

/// Between two stores: the key is gone, and nothing is called kept that nobody can read. A key that was
/// made since is another matter.
#[tokio::test]
async fn a_wish_that_comes_after_the_key_keeps_nothing_but_what_is_sealed_since() {
    let stage = stage_of(true);
    ask_tax(&stage, "ledger");
    let before = append(&stage, "1", "paid").await;
    let id = stage.submit(PERSON).await;
    let since = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (sealed_since, seen) = (since.clone(), id.clone());
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let gone = !at_once(has_key(stage, "customer_id", "1"));
        let begun = !stage.request(&seen).shredded.is_empty();
        if function == "EraseStoreFunctionArn" && begun {
            stage.world.answer_always("tax", Ok(retain("tax", &["ledger"], &[])));
        }
        let mut since = sealed_since.lock().expect("not poisoned");
        if function == "ConfirmStoreFunctionArn" && gone && since.is_none() {
            let stores: Vec<StoreId> = stage.request(&seen).shredded;
            assert_eq!(stores.iter().map(StoreId::as_str).collect::<Vec<_>>(), ["archive", "ledger"]);
            for store in ["archive", "ledger"] {
                assert_eq!(
                    counts(stage, &seen, store),
                    (1, 0),
                    "{store}: it cannot be read, so it is not kept"
                );
            }
            *since = Some(at_once(append(stage, "1", "paid again")));
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::PartiallyFulfilled, 1));
    assert_eq!(readable(&stage, "1", &before).await, None);
    let since = since.lock().expect("not poisoned").take().expect("sealed again");
    assert_eq!(readable(&stage, "1", &since).await, Some(Ok(b"paid again".to_vec())));
    assert_eq!((counts(&stage, &id, "archive"), counts(&stage, &id, "ledger")), ((1, 1), (1, 1)));
}

/// A source that objects to the ledger objects to what would make it unreadable.
#[tokio::test]
async fn a_hold_on_one_store_keeps_the_key_until_it_is_over() {
    let stage = stage_of(true);
    ask_tax(&stage, "ledger");
    append(&stage, "1", "paid").await;
    let now = stage.world.clock().now();
    let review_at = now.checked_add(SignedDuration::from_hours(24 * 40)).expect("in time");
    for verdict in [Verdict::Clear, Verdict::Clear, Verdict::Hold { reason: "audit".into(), review_at }] {
        stage.world.answer_next("tax", Ok(verdict));
    }
    let early = std::sync::Arc::new(std::sync::Mutex::new(0));
    let held = early.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        if stage.world.clock().now() < review_at {
            *held.lock().expect("not poisoned") += 1;
            assert!(at_once(has_key(stage, "customer_id", "1")), "the key is there while somebody objects");
        }
    }));
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(*early.lock().expect("not poisoned") > 0);
    assert!(!has_key(&stage, "customer_id", "1").await);
}

/// A retention that runs out between two stores keeps both: what was counted as kept in the first is kept.
#[tokio::test]
async fn what_is_kept_in_one_store_does_not_go_with_another_a_moment_later() {
    let stage = stage_of(true);
    let sealed = append(&stage, "1", "paid").await;
    let id = stage.submit(PERSON).await;
    let (seen, mut first, mut passed) = (id.clone(), true, false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "EraseStoreFunctionArn" && first {
            first = false;
            let until = stage.world.fake_clock().peek().checked_add(SignedDuration::from_mins(5)).ok();
            let Verdict::Retain(retention) = retain("legal-desk", &["ledger"], &[]) else { return };
            stage.world.answer_always("legal-desk", Ok(Verdict::Retain(Retention { until, ..retention })));
        } else if !passed && counts(stage, &seen, "archive") == (0, 1) {
            passed = true;
            stage.world.fake_clock().advance(SignedDuration::from_mins(6));
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    assert_eq!((counts(&stage, &id, "archive"), counts(&stage, &id, "ledger")), ((0, 1), (0, 1)));
    assert_eq!(readable(&stage, "1", &sealed).await, Some(Ok(b"paid".to_vec())));
}
