//! Many records in constant memory. Each runs in a process of its own, so that nothing else is
//! measured.

use std::process::Command;

use testkit::conformance::volume::{reads_little_at_once, stays_small};

use crate::{dynamodb, s3, sqlite};

/// Set in the process that measures.
const ALONE: &str = "CONNECTORS_TEST_ALONE";

#[allow(
    clippy::disallowed_methods,
    reason = "a test process tells its child by a variable that it is the child"
)]
fn alone(name: &str, body: impl Future<Output = ()>) {
    if std::env::var(ALONE).is_ok() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("a runtime").block_on(body);
    }
    let this = std::env::current_exe().expect("this program");
    let run = Command::new(this)
        .args(["--exact", name, "--include-ignored", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    let passed = String::from_utf8_lossy(&run.stdout).contains("1 passed");
    assert!(run.status.success() && passed, "{told}");
}

#[test]
fn sqlite_100_000_rows() {
    alone("volume::sqlite_100_000_rows", async {
        stays_small(&sqlite::fresh(sqlite::Shape::Indexed).await, 100_000).await;
    });
}

#[test]
fn sqlite_200_large_rows() {
    alone("volume::sqlite_200_large_rows", async {
        reads_little_at_once(&sqlite::fresh(sqlite::Shape::Indexed).await, 200, 1 << 20).await;
    });
}

/// 200 MB in four hundred objects of half a megabyte: their contents too.
#[test]
#[ignore = "needs the local engine: see main.rs"]
fn s3_200_megabytes() {
    alone("volume::s3_200_megabytes", async {
        reads_little_at_once(&s3::fresh(s3::Shape::Plain).await, 400, 1 << 19).await;
    });
}

/// 10,000 instead of 100,000: the engine writes some hundred items a second.
#[test]
#[ignore = "needs the local engine: see main.rs"]
fn dynamodb_10_000_items() {
    alone("volume::dynamodb_10_000_items", async {
        stays_small(&dynamodb::fresh(dynamodb::Shape::Keyed).await, 10_000).await;
    });
}

/// 10,000 instead of 100,000, for the same reason.
#[test]
#[ignore = "needs the local engine: see main.rs"]
fn s3_10_000_objects() {
    alone("volume::s3_10_000_objects", async {
        stays_small(&s3::fresh(s3::Shape::Plain).await, 10_000).await;
    });
}
