//! What a regulator gets: a pack that the tool makes of the real log, put on record there, and checked by nobody's server.

use super::client::{As, now, run_function, sanction, submit, wait_for};
use super::tool::{flipped, folder, lacuna, lacuna_while, verified};

const PERSON: &str = "hholy@gmail.com";

/// The tool's exit code for a file, and its word for it.
fn found(file: &str, key: &str) -> (Option<i32>, String) {
    let (code, said) = verified(&[file, "--key", key]);
    (code, said["files"][0]["verdict"].as_str().expect("a verdict").to_owned())
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn a_pack_is_made_of_the_real_log_put_on_record_and_checked() {
    sanction(None);
    let folder = folder("packs");
    let path = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let (pack, key) = (path("pack.zip"), path("log.key"));
    wait_for(&submit(PERSON).await, &["fulfilled"]).await;
    run_function("checkpoint-audit");
    std::fs::write(&key, lacuna(As::Auditor, &["audit", "key"]).out).expect("written");

    // The receipts of what has just ended come with a checkpoint.
    let now = now();
    let year = now.split('-').next().expect("a year");
    let arguments = ["audit", "pack", "--period", year, "--out", &pack, "--no-wait"];
    let made = lacuna_while("checkpoint-audit", As::Auditor, &arguments).await;
    assert_eq!(made.code, Some(0), "{}", made.out);
    assert_eq!(found(&pack, &key), (Some(2), "not_on_record".to_owned()), "nobody has put it on record");

    let finished = lacuna_while("checkpoint-audit", As::Auditor, &["audit", "pack", "--finish", &pack]).await;
    assert_eq!(finished.code, Some(0), "{}", finished.out);
    // The year is not over: what the pack says is right, and not the whole of it.
    assert_eq!(found(&pack, &key), (Some(2), "unfinished".to_owned()));
    let again = lacuna(As::Auditor, &["audit", "pack", "--finish", &pack]);
    assert_eq!(again.code, Some(0), "nothing is left to do: {}", again.out);

    let whole = std::fs::read(&pack).expect("read");
    let altered = path("altered.zip");
    std::fs::write(&altered, flipped(&whole, whole.len() / 2)).expect("written");
    assert_eq!(found(&altered, &key), (Some(1), "broken".to_owned()));
    std::fs::remove_dir_all(folder).expect("removed");
}
