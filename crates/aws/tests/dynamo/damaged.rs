//! Stored keys that are damaged or missing: told as what they are, and nothing else waits for them.

use ports::{Begin, Class, Code, KeyAdmin, KeyScope, Keyring};
use serde_json::{Value, json};
use testkit::clock::UnlimitedBudget;
use testkit::contract_tests::fixtures::{now, tenant};

use crate::canned::Call;
use crate::upkeep::{keys_table, ok, page, persons, persons_row, rotating, row, sealed_item, subjects};

/// One of three persons' keys, with a byte of what is sealed changed.
fn with_a_changed_byte(at: usize) -> impl FnMut(&Call) -> (u16, String) {
    let all = subjects(3);
    let changed = persons_row("demo", &all[0]);
    let mut answers = persons(all.clone(), 0);
    move |call| {
        let key = &call.1["Key"];
        let version = key["sk"]["S"].as_str().and_then(|sk| sk.strip_prefix("KEY#subjects#"));
        match version {
            _ if key["pk"] == changed["pk"] && call.0 == "getitem" => {
                sealed_item(&all[0], |sealed| sealed[at] ^= 1)
            }
            Some(version) if !["0000000001", "0000000002"].contains(&version) => ok(&json!({})),
            _ => answers(call),
        }
    }
}

/// The version that it asks for as well as any other byte: that one was not lost.
#[tokio::test]
async fn a_changed_byte_of_a_persons_key_is_damage_wherever_it_is() {
    for at in [0, 4, 8, 11, 16, 24, 60, 95, 100] {
        let (keys, _) = keys_table(with_a_changed_byte(at)).await;
        let rewrapped = keys.rewrap(&UnlimitedBudget).await;
        assert_eq!((rewrapped.done, rewrapped.damaged, rewrapped.fault), (2, 1, None), "{at}");
    }
}

/// Where the header is whole the version is believed, and all that is under it is lost.
#[tokio::test]
async fn a_version_that_is_not_there_is_no_damage_of_one_key() {
    let mut answers = persons(subjects(1), 0);
    let (keys, _) = keys_table(move |call| {
        let lost = call.1["Key"]["sk"]["S"] == "KEY#subjects#0000000001";
        if lost { ok(&json!({})) } else { answers(call) }
    })
    .await;
    let rewrapped = keys.rewrap(&UnlimitedBudget).await;
    assert_eq!((rewrapped.done, rewrapped.damaged, rewrapped.failed), (0, 0, 1));
    assert_eq!(rewrapped.fault.map(|fault| fault.detail), Some("no-such-version".into()));
}

/// A row that names no key, or is due at no time, before all others of its partition or behind them.
#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_from_its_turn() {
    let nobodys = |place: &str| row("?", "?", "ROTATE", place);
    let undated = |place: &str| row("T#other", "KEY#subjects", "ROTATE", place);
    for (broken, damaged) in [
        (nobodys("0"), 1),
        (nobodys("z"), 1),
        (undated("0"), 0),
        (undated("z"), 0),
        (row("?", "?", "T#demo#W", "0000000001#0"), 1),
        (row("?", "?", "ROOT#3", "arn:a#?"), 1),
    ] {
        let mut answers = persons(subjects(3), 0);
        let mut rows: Vec<Value> = subjects(3).iter().map(|subject| persons_row("demo", subject)).collect();
        rows.extend([rotating("demo", 0), broken.clone()]);
        let (keys, _) = keys_table(move |call| match call.0.as_str() {
            "query" => page(&rows, &call.1),
            _ => answers(call),
        })
        .await;
        let rewrapped = keys.rewrap(&UnlimitedBudget).await;
        assert_eq!((rewrapped.done, rewrapped.damaged, rewrapped.fault), (3, damaged, None), "{broken}");
        let listed = keys.rotating(&Begin::First, 10).await.expect("a page");
        assert!(listed.keys.iter().all(Result::is_ok));
    }
}

/// It never will be there, so nobody is told to come back.
#[tokio::test]
async fn a_version_in_force_that_is_not_there_is_told_for_good() {
    for scope in [KeyScope::Fields(tenant("demo")), KeyScope::Subjects(tenant("demo"))] {
        let head = format!("KEY#{}", scope.purpose());
        let (keys, calls) = keys_table(move |(_, body)| {
            let item = json!({"version": {"N": "2"},
                "made_at": {"S": now().to_string()}, "rotate_by": {"S": now().to_string()}});
            ok(&if body["Key"]["sk"]["S"] == head.as_str() { json!({"Item": item}) } else { json!({}) })
        })
        .await;
        let fault = keys.obtain(&scope).await.map(|_| ()).expect_err("a fault");
        assert_eq!(
            (fault.class, fault.code, fault.detail.as_str()),
            (Class::Permanent, Code::KeyUnavailable, "no-such-version")
        );
        assert!(calls.operations().iter().all(|operation| operation == "getitem"), "nothing is made");
    }
}
