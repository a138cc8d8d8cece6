//! G8: a customer is erased, every store comes back from a backup, and the ledger is replayed, as an operator does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{As, call, figures, now, places, python, run_function, sanction, submit, wait_for};
use super::tool::{Ran, folder, lacuna, lacuna_while};

/// The customer who is erased: number 9.
const PERSON: &str = "kara.nielsen@jubii.dk";
const NUMBER: &str = "9";

const STORES: [&str; 3] = ["crm", "shop", "support"];

type Records = BTreeMap<String, Value>;

fn backup(arguments: &[&str]) -> String {
    let (fine, out, told) = python("localstack/backup.py", arguments);
    assert!(fine, "{told}");
    out
}

/// Every record of every store.
fn records() -> Records {
    serde_json::from_str(&backup(&["show"])).expect("JSON")
}

/// The same with one name for all surrogates: each erasure has one of its own. The numbers of people are far smaller.
fn with_one_surrogate(records: &Records) -> BTreeSet<String> {
    let of = |text: &str| {
        let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
        let surrogate = |word: &str| {
            let digits = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            digits.parse::<u64>().is_ok_and(|number| number >= 1 << 52)
        };
        words.map(|word| if surrogate(word) { "SURROGATE " } else { word }).collect::<String>()
    };
    records.iter().map(|(name, record)| of(&format!("{name}: {record} "))).collect()
}

/// The names of the records that are not as they were: changed, or gone.
fn touched<'a>(before: &'a Records, after: &Records) -> BTreeSet<&'a str> {
    let changed = before.iter().filter(|(name, record)| after.get(*name) != Some(*record));
    changed.map(|(name, _)| name.as_str()).collect()
}

/// Whether a record is the customer's own.
fn is_theirs(name: &str, record: &Value, contact: &Value) -> bool {
    let number = |field: &str| match &record[field] {
        Value::String(text) => text == NUMBER,
        Value::Number(number) => number.to_string() == NUMBER,
        _ => false,
    };
    let object =
        |before: &str, after: &str| name.starts_with(&format!("shop-support {before}/{NUMBER}{after}"));
    let of_contact = !contact.is_null() && &record["contact_id"] == contact;
    number("CustomerId")
        || number("customer_id")
        || object("tickets", "/")
        || object("avatars", ".")
        || of_contact
}

/// Has the replay do at once what it does once a minute, until `lacuna` has followed it to its end.
async fn replayed(store: &str, more: &[&str]) -> (Ran, Value) {
    let arguments = [&["ledger", "replay", "--store", store, "--json"], more].concat();
    let ran = lacuna_while("replay-ledger", As::Owner, &arguments).await;
    let last = ran.out.lines().last().map(serde_json::from_str).expect("a body").expect("JSON");
    (ran, last)
}

/// The requests by which the replays erased the customer again, one for each store: the latest ones, and the only ones
/// since.
async fn made_since(id: &str) -> Vec<String> {
    let listed = call(As::Officer, Method::GET, "/v1/requests?limit=4", None, None).await.body;
    let items = listed["items"].as_array().expect("items");
    let ids: Vec<&str> = items.iter().filter_map(|item| item["request_id"].as_str()).collect();
    let [made @ .., first] = &ids[..] else { panic!("nothing is listed: {listed:#}") };
    assert_eq!((made.len(), *first), (STORES.len(), id), "{listed:#}");
    for linked in made {
        let path = format!("/v1/requests/{linked}/timeline");
        let timeline = call(As::Officer, Method::GET, &path, None, None).await.body;
        let first = &timeline["items"][0]["detail"];
        assert_eq!(first["erased_before_by"], id, "{first:#}");
    }
    made.iter().map(|id| (*id).to_owned()).collect()
}

/// A receipt, checked as anybody would who has the log's public key.
async fn assert_proved(id: &str, folder: &Path) {
    let (file, key) = (folder.join("receipt.json"), folder.join("log.key"));
    let file = file.to_str().expect("text");
    for left in (0..50).rev() {
        run_function("checkpoint-audit");
        if lacuna(As::Backend, &["request", "receipt", id, "--out", file, "--force"]).code == Some(0) {
            break;
        }
        assert!(left > 0, "there is no receipt of {id}");
        // The end may be on its way into the log still.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    std::fs::write(&key, lacuna(As::Auditor, &["audit", "key"]).out).expect("written");
    let verified = lacuna(As::Auditor, &["verify", file, "--key", key.to_str().expect("text")]);
    assert_eq!(verified.code, Some(0), "{}", verified.out);
    assert!(verified.out.contains(id) && verified.out.contains("intact"), "{}", verified.out);
    assert!(!verified.out.contains("not said"), "the stores say how long backups are kept: {}", verified.out);
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn whoever_was_erased_is_gone_again_after_every_store_was_restored() {
    sanction(None);
    let folder = folder("restoring");
    let copies = folder.join("backup");
    let copies = copies.to_str().expect("text");
    let (taken_at, counted) = (now(), figures());
    backup(&["take", copies]);
    let before = records();

    let id = submit(PERSON).await;
    wait_for(&id, &["fulfilled"]).await;
    let erased = records();
    assert_eq!(places(PERSON), Vec::<String>::new());

    backup(&["load", copies]);
    assert!(records() == before, "every store is as it was when the backup was taken");
    assert!(!places(PERSON).is_empty());
    for store in STORES {
        let said = lacuna(As::Owner, &["ledger", "restored", "--store", store, "--taken-at", &taken_at]);
        assert!(said.code == Some(0) && said.out.contains("not fit"), "{}", said.out);
        assert_eq!(lacuna(As::Owner, &["ledger", "status", "--store", store]).code, Some(6), "no traffic");
    }
    for store in STORES {
        let (ran, counted) = replayed(store, &["--dry-run"]).await;
        let told = (&counted["status"], &counted["requests"], &counted["dry_run"]);
        assert_eq!(
            (ran.code, told),
            (Some(0), (&json!("done"), &json!(1), &json!(true))),
            "{store}: {counted:#}"
        );
    }
    assert!(records() == before, "counting changes nothing");
    let status = lacuna(As::Owner, &["ledger", "status"]);
    assert_eq!(
        (status.code, status.out.matches("not fit").count()),
        (Some(6), STORES.len()),
        "{}",
        status.out
    );

    for store in STORES {
        let untold = lacuna(As::Owner, &["ledger", "replay", "--store", store]);
        assert_ne!(untold.code, Some(0), "nobody said how many people: {}", untold.out);
        let (ran, replay) = replayed(store, &["--expect", "1"]).await;
        assert_eq!((ran.code, &replay["status"]), (Some(0), &json!("done")), "{store}: {replay:#}");
    }
    let status = lacuna(As::Owner, &["ledger", "status"]);
    assert_eq!((status.code, status.out.matches("not fit").count()), (Some(0), 0), "{}", status.out);

    // They are gone, and what is kept of them is as the erasure had left it.
    let after = records();
    assert_eq!(places(PERSON), Vec::<String>::new());
    assert_eq!(with_one_surrogate(&after), with_one_surrogate(&erased));
    assert_eq!(figures(), counted, "their invoices are counted still");
    // Nobody else is: whatever is not as it was in the backup was theirs, and all that was theirs is not.
    let contact =
        before.values().find(|record| record["email"] == PERSON).expect("in the CRM")["contact_id"].clone();
    let theirs = before.iter().filter(|(name, record)| is_theirs(name, record, &contact));
    let theirs: BTreeSet<&str> = theirs.map(|(name, _)| name.as_str()).collect();
    assert!(theirs.len() > 15, "{theirs:?}");
    assert_eq!(touched(&before, &after), theirs);

    let mut read_again = BTreeSet::new();
    for linked in made_since(&id).await {
        let request = wait_for(&linked, &["fulfilled"]).await;
        for store in request["stores"].as_array().expect("stores") {
            assert_eq!(store["residue"], 0, "{request:#}");
            read_again.extend(store["store"].as_str().map(str::to_owned));
        }
        assert_proved(&linked, &folder).await;
    }
    assert!(read_again.iter().eq(STORES), "each in its own store: {read_again:?}");
    std::fs::remove_dir_all(folder).expect("removed");
}
