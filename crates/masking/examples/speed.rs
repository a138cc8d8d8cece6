//! How fast it is, beside the `regex` crate and `memchr`: `cargo run --release -p masking --example speed [KILOBYTES]`.
//!
//! A first look while the code changes. What counts is the table in `docs/benchmarks`, with equal findings asserted.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program for whoever changes the code")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use masking::{Kind, Masker, Mode, Rules};

/// Many short runs, so that the best one was not disturbed, on a busy machine too.
const RUNS: usize = 100;

/// What a service writes: 160 bytes a line, one line in fifty with somebody in it.
fn log(bytes: usize) -> Vec<u8> {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut text = Vec::with_capacity(bytes + 1024);
    while text.len() < bytes {
        let a = next();
        let line = format!(
            "2026-11-22T10:{:02}:{:02}.{:03}Z INFO [worker-{}] request_id={:08x}-{:04x}-4{:03x}-a{:03x}-{:012x} method=GET \
             path=/v1/orders/{} status=200 duration_ms={} bytes={}\n",
            a % 60,
            a / 60 % 60,
            a / 3600 % 1000,
            a % 16,
            next() & 0xFFFF_FFFF,
            next() & 0xFFFF,
            next() % 4096,
            next() % 4096,
            next() & 0xFFFF_FFFF_FFFF,
            next() % 10_000_000_000,
            next() % 5000,
            next() % 100_000
        );
        text.extend_from_slice(line.as_bytes());
        if a.is_multiple_of(50) {
            let line = b"user john.doe@example.com from 192.0.2.14 paid with 4111-1111-1111-1111, calls 212-555-0123\n";
            text.extend_from_slice(line);
        }
    }
    text
}

/// The best of some runs: what disturbs makes slower, never faster.
fn best(bytes: usize, mut run: impl FnMut() -> usize) -> (f64, usize) {
    let (mut least, mut count) = (Duration::MAX, 0);
    for _ in 0..RUNS {
        let begin = Instant::now();
        count = black_box(run());
        least = least.min(begin.elapsed());
    }
    #[allow(clippy::cast_precision_loss, reason = "megabytes a second, for people")]
    let speed = bytes as f64 / 1e6 / least.as_secs_f64();
    (speed, count)
}

fn main() {
    let kilobytes = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(512_usize);
    let text = log(kilobytes << 10);
    let all = Masker::default();
    let plain = Masker::default().without_vectors();
    let yaml = ["email", "ip", "card", "us_ssn", "phone", "mac"].map(|kind| (kind.to_owned(), Mode::Partial));
    let six =
        Masker::new(&Rules { default: Mode::Off, kinds: yaml.into(), ..Rules::default() }).expect("rules");
    let alternation = regex::bytes::Regex::new(
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}|\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}\b|\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b|\b[0-9]{3}-[0-9]{3}-[0-9]{4}\b|\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b",
    )
    .expect("a pattern");
    let mut out = Vec::with_capacity(text.len() + 4096);
    let rows: [(&str, (f64, usize)); 7] = [
        (
            "memchr, a byte that is not there",
            best(text.len(), || usize::from(memchr::memchr(0, &text).is_some())),
        ),
        (
            "memchr, every line end",
            best(text.len(), || memchr::memchr_iter(b'\n', &text).fold(0, |n, _| n + 1)),
        ),
        ("find, every kind", best(text.len(), || all.find(&text).count())),
        ("find, every kind, without vectors", best(text.len(), || plain.find(&text).count())),
        ("find, six kinds", best(text.len(), || six.find(&text).count())),
        (
            "mask, every kind, as a stream of 64 KiB",
            best(text.len(), || {
                let mut stream = all.stream();
                let mut bytes = 0;
                for piece in text.chunks(64 << 10) {
                    out.clear();
                    stream.push(piece, &mut out);
                    bytes += out.len();
                }
                out.clear();
                stream.finish(&mut out);
                bytes + out.len()
            }),
        ),
        ("regex, six kinds in one alternation", best(text.len(), || alternation.find_iter(&text).count())),
    ];
    let reference = rows[0].1.0;
    for (name, (speed, count)) in rows {
        println!("{name:44} {speed:8.0} MB/s {:6.3} of memchr  {count}", speed / reference);
    }
    // What each kind costs, beside looking for nothing.
    for only in [None].into_iter().chain(Kind::ALL.iter().copied().map(Some)) {
        let kinds = only.map(|kind| (kind.name().to_owned(), Mode::Redact));
        let rules = Rules { default: Mode::Off, kinds: kinds.into_iter().collect(), ..Rules::default() };
        let masker = Masker::new(&rules).expect("rules");
        let (speed, count) = best(text.len(), || masker.find(&text).count());
        println!("find, only {:33} {speed:8.0} MB/s  {count}", only.map_or("nothing", Kind::name));
    }
}
