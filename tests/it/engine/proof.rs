//! What an auditor gets, from the real functions.

use std::time::Duration;

use audit::verify::{File, Found, Pinned, Refused};
use audit::{Checkpoint, VerifierKey};
use reqwest::Method;
use serde_json::json;

use super::client::{As, call, now, run_function, sanction, submit, wait_for};
use super::tool::{flipped, folder, lacuna, verified};

const PERSON: &str = "fzimmermann@yahoo.de";

/// Somebody else, for the tool.
const ANOTHER: &str = "jfernandes@yahoo.pt";

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

/// The same by the commands of the README, typed as an auditor types them.
#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn what_the_tool_exports_it_verifies_and_a_changed_bit_of_it_is_named() {
    sanction(None);
    let folder = folder("proofs");
    let path = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let (key, kept, log, receipt) =
        (path("log.key"), path("kept.txt"), path("log.jsonl"), path("receipt.json"));
    let id = submit(ANOTHER).await;
    wait_for(&id, &["fulfilled"]).await;
    std::fs::write(&key, lacuna(As::Auditor, &["audit", "key"]).out).expect("written");
    for left in (0..50).rev() {
        run_function("checkpoint-audit");
        let written = [
            lacuna(As::Auditor, &["audit", "checkpoint", "--out", &kept, "--force"]),
            lacuna(As::Auditor, &["audit", "export", "--from", "2026-01-01", "--out", &log, "--force"]),
            lacuna(As::Backend, &["request", "receipt", &id, "--out", &receipt, "--force"]),
        ];
        if written.iter().all(|ran| ran.code == Some(0)) {
            let (code, said) = verified(&[&kept, &log, &receipt, "--key", &key, "--since", &kept]);
            if code == Some(0) {
                let verdicts = said["files"].as_array().expect("files").iter().map(|file| &file["verdict"]);
                assert!(verdicts.eq([&json!("intact"); 3]), "{said:#}");
                break;
            }
        }
        assert!(left > 0, "{:?}", written.map(|ran| ran.code));
        // The end may be on its way into the log still, or have come after its last checkpoint.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The number of entries; and who did what one of them tells of.
    let size = |text: &str| text.match_indices('\n').nth(1).map(|(end, _)| end - 1);
    let who = |text: &str| text.find("\"who\":\"").map(|at| at + 7);
    let altered = path("altered");
    for (file, at) in [(&kept, size as fn(&str) -> _), (&log, who), (&receipt, who)] {
        let whole = std::fs::read_to_string(file).expect("read");
        let at = at(&whole).unwrap_or_else(|| panic!("{file} has no such place"));
        std::fs::write(&altered, flipped(whole.as_bytes(), at)).expect("written");
        let (code, said) = verified(&[&altered, "--key", &key]);
        let said = &said["files"][0];
        assert_eq!((code, &said["verdict"]), (Some(1), &json!("broken")), "{file}: {said:#}");
        if file != &kept {
            let problem = &said["problem"];
            assert!(problem["seq"].is_u64() && problem["field"] == "event.who", "{file}: {said:#}");
        }
    }
    std::fs::remove_dir_all(folder).expect("removed");
}
