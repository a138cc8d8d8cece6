//! What masking adds to an answer of the API: `cargo run --release -p masking --example answers`.
#![allow(clippy::print_stdout, reason = "a program for whoever changes the code")]

use std::time::{Duration, Instant};

use masking::{CustomRule, Masker, Mode, Rules};
use serde_json::{Value, json};

/// Runs: the best one was not disturbed.
const RUNS: u32 = 30;

fn best(masker: &Masker, text: &str) -> Duration {
    let times = 1 + u32::try_from(4_000_000 / text.len()).unwrap_or_default();
    let mut out = Vec::with_capacity(text.len() + 1024);
    let mut run = || {
        let begin = Instant::now();
        for _ in 0..times {
            out.clear();
            masker.mask_json_strings(text.as_bytes(), &mut out);
        }
        begin.elapsed() / times
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

fn store(number: usize) -> Value {
    json!({"store": format!("store-{number}"), "status": "confirmed", "located": 12, "erased": 11, "anonymised": 0,
        "retained": 1, "residue": 0, "control": "2026-04-01T09:02:00Z", "kept": [{"collection": "invoices",
        "method": "retain", "reason": "tax records", "law": "AO 147", "keep_for": "P10Y"}]})
}

fn request(stores: usize) -> Value {
    json!({"request_id": "req_01kjpwd6m0b9d5mpjtb9d5mpjt", "type": "erasure", "status": "fulfilled", "jurisdiction": "EU",
        "received_at": "2026-03-02T09:00:00Z", "due_by": "2026-04-02T23:59:59Z", "closed_at": "2026-04-01T09:02:00Z",
        "cooling_off_until": "2026-04-01T09:00:00Z", "stores": (0..stores).map(store).collect::<Vec<_>>(), "proof": "control"})
}

fn download(link: usize) -> Value {
    json!({"link": link, "at": "2026-03-02T09:00:00Z", "address": "203.0.113.7", "client": "curl/8.5.0"})
}

fn main() {
    let own = |number| {
        let (name, pattern) = (format!("own_{number}"), format!("X{number}-[0-9]{{6}}"));
        CustomRule { name, pattern, mode: None }
    };
    let with_own = Rules { custom: (0..10).map(own).collect(), ..Rules::all(Mode::Redact) };
    let with_own = Masker::new(&with_own).unwrap_or_default();
    for (name, answer) in [
        ("a request with 3 stores", request(3)),
        ("a request with 100 stores", request(100)),
        ("20 downloads, each with an address", json!({"items": (0..20).map(download).collect::<Vec<_>>()})),
        ("6 MiB", json!({"items": (0..249).map(|_| request(100)).collect::<Vec<_>>()})),
    ] {
        let text = answer.to_string();
        let (plain, own) = (best(&Masker::default(), &text), best(&with_own, &text));
        println!("{name}, {} bytes: {plain:?}; with ten rules of the tenant's own {own:?}", text.len());
    }
}
