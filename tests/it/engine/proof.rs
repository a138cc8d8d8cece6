//! What an auditor gets, from the real functions.

use std::time::Duration;

use audit::verify::{File, Found, Pinned, Refused};
use audit::{Checkpoint, VerifierKey};
use reqwest::Method;

use super::client::{As, call, now, run_function, submit, wait_for};

const PERSON: &str = "fzimmermann@yahoo.de";

async fn get(who: As, path: &str) -> serde_json::Value {
    let answer = call(who, Method::GET, path, None, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

async fn exported(key: &str) -> String {
    let (mut file, mut query) = (String::new(), format!("from=2026-01-01T00:00:00Z&to={}", now()));
    for _ in 0..100 {
        let part = get(As::Auditor, &format!("/v1/audit/export?{query}")).await;
        file.push_str(part["lines"].as_str().expect("lines"));
        match part["cursor"].as_str() {
            Some(cursor) => query = format!("cursor={cursor}"),
            None => return file,
        }
    }
    panic!("the export under {key} has no end");
}

fn found(pinned: &Pinned, bytes: &[u8]) -> Result<Found, Refused> {
    let mut file = File::new(pinned);
    file.take(bytes)?;
    file.finish()
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn a_receipt_and_an_export_prove_themselves() {
    let id = submit(PERSON).await;
    wait_for(&id, &["fulfilled"]).await;
    let path = format!("/v1/requests/{id}/receipt");
    let mut receipt = call(As::Backend, Method::GET, &path, None, None).await;
    for _ in 0..50 {
        if receipt.status == 200 {
            break;
        }
        // The end may be on its way into the log still.
        tokio::time::sleep(Duration::from_millis(200)).await;
        run_function("checkpoint-audit");
        receipt = call(As::Backend, Method::GET, &path, None, None).await;
    }
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    let key = get(As::Auditor, "/v1/audit/key").await["key"].as_str().expect("a key").to_owned();
    let mut pinned = Pinned { key: VerifierKey::parse(&key).expect("a key"), since: None };
    let bytes = serde_json::to_vec(&receipt.body).expect("JSON");
    let Found::Receipt(proved) = found(&pinned, &bytes).expect("whole") else { panic!("it is a receipt") };
    assert_eq!(proved.statement.request.to_string(), id);
    assert!(proved.statement.stores.iter().all(|store| store.residue == Some(0)), "{:?}", proved.statement);
    assert!(proved.statement.stores.iter().all(|store| store.control_found_at.is_some()));
    assert!(proved.statement.stores.iter().all(|store| !store.queries.is_empty()), "{:?}", proved.statement);
    assert!(!receipt.body.to_string().contains(PERSON));

    let file = exported(&key).await;
    let note = get(As::Auditor, "/v1/audit/checkpoint").await;
    let note = note["checkpoint"].as_str().expect("a note").to_owned();
    pinned.since = Some(Checkpoint::open(&note, &pinned.key).expect("signed by the key"));
    let Found::Export(export) = found(&pinned, file.as_bytes()).expect("whole") else {
        panic!("it is an export")
    };
    assert!(export.fresh && export.signed_to >= Some(proved.checkpoint.size), "{export:?}");
    // Any bit of it, in some hundred places.
    for at in (0..file.len() * 8).step_by((file.len() / 50) | 1) {
        let mut bytes = file.clone().into_bytes();
        bytes[at / 8] ^= 1 << (at % 8);
        let Err(Refused::Broken(problem)) = found(&pinned, &bytes) else { panic!("bit {at}") };
        let whole = file.as_bytes();
        let line = whole[..at / 8].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        assert!(!whole[line..].starts_with(b"{\"entry\":") || problem.seq.is_some(), "bit {at}: {problem}");
    }
    let other = call(As::OtherTenant, Method::GET, &path, None, None).await;
    assert_eq!(other.status, 404, "another tenant's receipt is not there");
    let salt = call(As::Backend, Method::GET, &format!("{path}/salt"), None, None).await;
    assert_eq!(salt.status, 403, "the salt is the person's alone");
}
