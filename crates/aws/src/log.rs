//! Log lines: JSON, one a line, of our own words.
//!
//! At their detailed levels the libraries below us print whole requests and answers, and with them
//! what they are about. So `LACUNA_LOG` raises the level of our own crates only; of everything else
//! warnings and errors pass, whatever it says.
//!
//! No line of ours has personal data in it. Should one have some after all, by our mistake or in a warning of a library, what is
//! found of it is masked as it is written: a second line of defence, and no licence.

use std::sync::{Arc, Once};

use masking::Masker;
use masking::layer::Masked;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::environment;

/// The crates whose words are known.
const OURS: [&str; 10] = [
    "audit",
    "aws",
    "connectors",
    "contract",
    "domain",
    "door",
    "fulfillment",
    "ports",
    "rotate_keys",
    "vault",
];

/// Sets up logging, and what happens in a crash. Doing it twice is doing it once.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let level = environment::read("LACUNA_LOG").and_then(|text| text.parse().ok());
        let subscriber = subscriber(level.unwrap_or(LevelFilter::INFO), std::io::stdout);
        // Whoever set another one before us wanted that one.
        let _ = tracing::subscriber::set_global_default(subscriber);
        std::panic::set_hook(Box::new(|panic| {
            // The message of a panic can quote what it choked on; where it happened cannot.
            let at = panic.location().map(ToString::to_string);
            tracing::error!(at = at.as_deref().unwrap_or("an unknown place"), "crashed");
        }));
    });
}

pub(crate) fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = FilterFn::new(move |metadata| passes(metadata, level))
        .with_max_level_hint(level.max(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(Masked::new(Arc::new(Masker::default()), writer))
        .with_filter(filter);
    tracing_subscriber::registry().with(lines)
}

fn passes(metadata: &Metadata<'_>, level: LevelFilter) -> bool {
    let target = metadata.target();
    let krate = target.split("::").next().unwrap_or(target);
    if OURS.contains(&krate) {
        return *metadata.level() <= level;
    }
    // The runtime repeats the failure that was logged here already, without saying whose it is.
    *metadata.level() <= LevelFilter::WARN && !target.starts_with("lambda_runtime::layers::panic")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Mutex;

    use domain::RequestId;
    use jiff::Timestamp;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(level: LevelFilter, say: impl FnOnce()) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(level, move || writer.clone()), say);
        let bytes = lines.0.lock().expect("a lock").clone();
        String::from_utf8(bytes)
            .expect("text")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    #[test]
    fn a_line_is_json_with_its_span() {
        let lines = written(LevelFilter::INFO, || {
            let span = tracing::info_span!("step", step = "plan", request_id = "req_1");
            span.in_scope(|| tracing::info!(pages = 3, "located"));
            tracing::debug!("too detailed");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "located");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["pages"], 3);
        assert_eq!(lines[0]["span"]["request_id"], "req_1");
    }

    /// G6: no personal data in a log line, whatever the level.
    #[test]
    fn the_libraries_below_never_say_what_they_carry() {
        let lines = written(LevelFilter::TRACE, || {
            tracing::trace!(target: "hyper::proto", body = "marked@example.com");
            tracing::debug!(target: "aws_smithy_runtime::client", "marked@example.com");
            tracing::trace!(target: "lambda_runtime::layers::api_response", "marked@example.com");
            tracing::info!(target: "sqlx::query", "marked@example.com");
            tracing::error!(target: "lambda_runtime::layers::panic", "marked@example.com");
            tracing::warn!(target: "hyper::client", "kept");
            tracing::trace!("ours");
        });
        let words: Vec<_> = lines.iter().map(|line| line["message"].clone()).collect();
        assert_eq!(words, ["kept", "ours"]);
    }

    /// G6: what got into a line by mistake is not in what is written.
    #[test]
    fn what_should_not_be_in_a_line_is_masked() {
        let lines = written(LevelFilter::INFO, || {
            let span = tracing::info_span!("step", store = "john@example.com");
            span.in_scope(|| tracing::error!(phone = 2_125_550_123_u64, "no row for 4111-1111-1111-1111"));
            tracing::warn!(target: "hyper::client", "GET /?q=\"jane doe\"@example.com");
        });
        assert_eq!(lines[0]["span"]["store"], "j***@example.com");
        assert_eq!(lines[0]["message"], "no row for ****-****-****-1111");
        assert_eq!(lines[0]["phone"], "******0123");
        assert_eq!(lines[1]["message"], "GET /?q=j***@example.com");
    }

    /// What our lines say: ids, hashes, names of resources, instants, counts. Each is drawn, and none is changed.
    #[test]
    fn what_belongs_in_a_line_is_not_touched() {
        let plain = Lines::default();
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for _ in 0..20_000 {
            let (a, b, c, d) = (next(), next(), next(), next());
            let second = i64::try_from(a % 4_000_000_000).expect("an instant");
            let at = Timestamp::new(second, i32::try_from(b % 1_000_000_000).expect("nanoseconds"));
            let at = at.expect("an instant");
            let request = RequestId::new(at, (u128::from(c) << 64) | u128::from(d));
            let uuid = format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                a & 0xFFFF_FFFF,
                b & 0xFFFF,
                c % 4096,
                d % 4096,
                b >> 16
            );
            let (hash, account) = (format!("{a:016x}{b:016x}{c:016x}{d:016x}"), a % 1_000_000_000_000);
            let line = serde_json::json!({
                "timestamp": at.to_string(),
                "level": "WARN",
                "error": "Lacuna.Transient",
                "message": format!(
                    "Lacuna.Throttled: store-unavailable: dynamodb:Query on shop.orders: {request} generation {} after {}ms, \
                     requestId: {uuid}, S3 Extended Request ID: {hash}=",
                    b % 100,
                    c % 100_000
                ),
                "key": format!("arn:aws:kms:eu-central-{}:{account:012}:key/{uuid}", d % 3),
                "execution": format!("arn:aws:states:us-east-1:{account:012}:execution:lacuna:{request}-{}", d % 9),
                "pk": format!("T#demo#{request}"),
                "sk": format!("EVENT#{:010}", c % 10_000),
                "sha256": hash,
                "entries": c % 10_000_000_000,
                "bytes": d % 10_000_000_000,
                "milliseconds": at.as_millisecond(),
                "cursor": format!("{}.{:020}", a % 100, b),
                "object": format!("plans/demo/{}/{}-{}", hash, second, b % 1000),
                "trace": format!("Root=1-{:08x}-{:024x};Sampled=1", a & 0xFFFF_FFFF, u128::from(b) << 20),
                "version": format!("{}.{}.{}", a % 20, b % 100, c % 100),
                "at": "crates/aws/src/serve/mod.rs:140:23",
                "target": "aws::serve",
                "span": {"step": "erase-store", "request_id": request.as_str(), "generation": b % 100, "store": "shop"},
            });
            let mut lines = plain.0.lock().expect("a lock");
            lines.extend_from_slice(line.to_string().as_bytes());
            lines.push(b'\n');
        }
        let plain = plain.0.lock().expect("a lock").clone();
        let mut masked = Vec::new();
        Masker::default().mask_lines(&plain, &mut masked);
        let pairs = plain.split(|byte| *byte == b'\n').zip(masked.split(|byte| *byte == b'\n'));
        for (before, after) in pairs {
            assert_eq!(String::from_utf8_lossy(before), String::from_utf8_lossy(after));
        }
    }

    #[test]
    fn our_crates_are_not_mistaken_for_others_with_the_same_beginning() {
        let lines = written(LevelFilter::TRACE, || {
            tracing::debug!(target: "aws_config", "marked@example.com");
            tracing::debug!(target: "vaulted", "marked@example.com");
            tracing::debug!(target: "vault::seal", "ours");
        });
        assert_eq!(lines.len(), 1);
    }
}
