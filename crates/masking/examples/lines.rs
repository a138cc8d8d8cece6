//! What masking adds to a log line: `cargo run --release -p masking --features tracing --example lines`.
#![allow(clippy::print_stdout, reason = "a program for whoever changes the code")]

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use masking::{Masker, layer::Masked};
use tracing_subscriber::layer::SubscriberExt;

/// Lines of one run, and runs: the best one was not disturbed.
const LINES: u32 = 20_000;
const RUNS: u32 = 30;

fn best(subscriber: impl tracing::Subscriber + Send + Sync + 'static) -> Duration {
    tracing::subscriber::with_default(subscriber, || {
        let span =
            tracing::info_span!("step", step = "erase-store", request_id = "req_01arz3ndektsv4rrffq69g5fav");
        let _entered = span.enter();
        let run = |_| {
            let begin = Instant::now();
            for attempt in 0..LINES {
                let error = "Lacuna.Throttled";
                tracing::warn!(
                    error,
                    attempt,
                    "store-unavailable: dynamodb:Query on shop.orders after 5432ms"
                );
            }
            begin.elapsed()
        };
        (0..RUNS).map(run).min().unwrap_or_default()
    })
}

fn main() {
    let json = || tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let plain = best(tracing_subscriber::registry().with(json().with_writer(io::sink)));
    let writer = Masked::new(Arc::new(Masker::default()), io::sink);
    let masked = best(tracing_subscriber::registry().with(json().with_writer(writer)));
    let each = |all: Duration| all / LINES;
    println!(
        "a line {:?}, masked {:?}: {:?} more",
        each(plain),
        each(masked),
        each(masked.saturating_sub(plain))
    );
}
