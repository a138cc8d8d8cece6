//! Log lines: JSON, one a line, of our own words.
//!
//! At their detailed levels the libraries below us print whole requests and answers, and with them
//! what they are about. So `LACUNA_LOG` raises the level of our own crates only; of everything else
//! warnings and errors pass, whatever it says.

use std::sync::Once;

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
        .with_writer(writer)
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
    use std::sync::{Arc, Mutex};

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
