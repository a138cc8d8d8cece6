//! The local engine, and names that no other test uses.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use domain::catalog::Store;

/// How the engine is reached. Panics without `AWS_ENDPOINT_URL`: these tests must never reach AWS.
#[allow(clippy::disallowed_methods, reason = "the one door of these tests to the environment")]
pub async fn config() -> SdkConfig {
    let endpoint = std::env::var("AWS_ENDPOINT_URL")
        .expect("AWS_ENDPOINT_URL says where the local engine is; `make test` starts one");
    at(&endpoint).await
}

/// How whatever listens there is reached.
pub async fn at(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}

/// A name for a table or a bucket of one test.
pub fn name(of: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("conformance-{of}-{}-{next}", std::process::id())
}

/// A store from its declaration. It passes the catalog's own check.
pub fn store(declared: serde_json::Value) -> Store {
    let store: Store = serde_json::from_value(declared).expect("a store");
    let catalog = domain::catalog::Catalog { catalog: 1, stores: vec![store.clone()] };
    assert_eq!(catalog.check(), []);
    store
}
