//! The adapters against an engine that speaks the AWS APIs on this machine.
//!
//! ```text
//! AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test \
//!     AWS_SECRET_ACCESS_KEY=test cargo test -p aws --test engine -- --ignored
//! ```

#![allow(clippy::expect_used)] // All of it is tests.

mod announcing;
mod evidence;
mod exporting;
mod log_copies;
mod objects;
mod paging;
mod starting;

use std::sync::atomic::{AtomicU32, Ordering};

use aws::{Account, SystemClock};
use aws_config::{BehaviorVersion, SdkConfig};
use contract::step::{Run, Start};
use domain::event::EnterAt;
use domain::{Generation, RequestId};
use ports::{Clock, Entropy};

/// The engine that the environment names. Never the cloud: it must be on this machine.
async fn engine() -> SdkConfig {
    let sdk = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let url = sdk.endpoint_url().unwrap_or_default();
    assert!(
        url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:"),
        "set AWS_ENDPOINT_URL to an engine on this machine, not to {url:?}"
    );
    sdk
}

/// An account of the engine with these variables.
fn account(sdk: &SdkConfig, variables: &[(&'static str, &str)]) -> Account {
    let variables: Vec<(&'static str, String)> =
        variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Account::new(sdk.clone(), move |name| {
        let mut all = variables.iter();
        all.find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    })
}

fn objects(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

/// A name that no other test, and no earlier run, has.
fn fresh(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}-{}-{n}", SystemClock.now().as_millisecond())
}

fn start(generation: u32) -> Start {
    let id = RequestId::new(SystemClock.now(), aws::SystemEntropy.bits());
    Start {
        run: Run {
            tenant: "demo".parse().expect("a tenant"),
            request_id: id,
            generation: Generation(generation),
        },
        enter_at: EnterAt::Plan,
    }
}
