//! Masked lines for `tracing`: what a `fmt` layer writes passes a [`Masker`] on its way out.
//!
//! In `tracing` an event belongs to all layers at once, and none can change it for the others: they see it as it was recorded. So what is
//! masked is what is written, event by event, behind the format. Every layer that writes needs a [`Masked`] of its own; one that
//! sends events elsewhere without writing (a metrics or OpenTelemetry layer) is not covered.
//!
//! ```
//! use std::sync::Arc;
//! use masking::{Masker, layer::Masked};
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let masker = Arc::new(Masker::default());
//! let lines = tracing_subscriber::fmt::layer().with_writer(Masked::new(masker, std::io::stdout));
//! let subscriber = tracing_subscriber::registry().with(lines);
//! tracing::subscriber::with_default(subscriber, || tracing::info!("from john@example.com"));
//! // ... INFO rust_out: from j***@example.com
//! ```

use std::io::{self, Write};
use std::iter::Peekable;
use std::sync::Arc;

use tracing::{Metadata, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::finder::Finding;
use crate::marks;
use crate::mask::Masker;
use crate::text::Text;

/// How much of a line that does not end is held. What is longer is masked in parts of this length.
const LONGEST: usize = 1 << 20;

/// What a colour begins with; in JSON it cannot stand as it is.
const ESCAPE: u8 = 0x1B;

/// Writers that mask what is written before it goes on to `W`'s.
///
/// A line that is JSON stays JSON; every other is text.
#[derive(Debug, Clone)]
pub struct Masked<W> {
    masker: Arc<Masker>,
    inner: W,
}

impl<W> Masked<W> {
    /// Masks what goes to these writers.
    pub fn new(masker: Arc<Masker>, inner: W) -> Self {
        Self { masker, inner }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masked<W> {
    type Writer = MaskedWriter<'a, W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedWriter { masker: &self.masker, inner: self.inner.make_writer(), held: Vec::new() }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        MaskedWriter { masker: &self.masker, inner: self.inner.make_writer_for(meta), held: Vec::new() }
    }
}

/// Masks whole lines, and writes what it was given at once as one. What has no line end is written when it is dropped.
#[derive(Debug)]
pub struct MaskedWriter<'a, W: Write> {
    masker: &'a Masker,
    inner: W,
    held: Vec<u8>,
}

impl<W: Write> MaskedWriter<'_, W> {
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut out = Vec::with_capacity(lines.len() + 64);
        // No JSON has colours; a line beside one that has may be some.
        let mut rest = lines;
        while let Some(at) = memchr::memchr(ESCAPE, rest) {
            let begin = memchr::memrchr(b'\n', &rest[..at]).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |end| at + end + 1);
            self.masker.mask_lines(&rest[..begin], &mut out);
            mask_coloured(self.masker, &rest[begin..end], &mut out);
            rest = &rest[end..];
        }
        self.masker.mask_lines(rest, &mut out);
        self.inner.write_all(&out)
    }

    fn put_held(&mut self, until: usize) -> io::Result<()> {
        let rest = self.held.split_off(until);
        let lines = std::mem::replace(&mut self.held, rest);
        self.put(&lines)
    }
}

impl<W: Write> Write for MaskedWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A `fmt` layer writes an event at once.
        if self.held.is_empty() && bytes.ends_with(b"\n") {
            self.put(bytes)?;
            return Ok(bytes.len());
        }
        let room = LONGEST.saturating_sub(self.held.len()).max(1);
        let taken = &bytes[..room.min(bytes.len())];
        self.held.extend_from_slice(taken);
        match memchr::memrchr(b'\n', &self.held) {
            Some(end) => self.put_held(end + 1)?,
            None if self.held.len() >= LONGEST => self.put_held(self.held.len())?,
            None => {}
        }
        Ok(taken.len())
    }

    /// Lines that are whole are written already; the others wait, or they could be cut where something is.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Drop for MaskedWriter<'_, W> {
    fn drop(&mut self) {
        if !self.held.is_empty() {
            // There is nobody left to tell.
            let _ = self.put_held(self.held.len());
        }
    }
}

/// Masks text with colours in it. A colour ends in a letter, which would be one before whatever stands behind it: so it is read as a byte
/// that belongs to nothing.
fn mask_coloured(masker: &Masker, text: &[u8], out: &mut Vec<u8>) {
    let mut plain = Vec::with_capacity(text.len());
    let mut colours = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memchr(ESCAPE, rest) {
        let (before, from) = rest.split_at(at);
        plain.extend_from_slice(before);
        let (colour, behind) = from.split_at(sequence(from));
        colours.push((plain.len(), colour));
        plain.push(0);
        rest = behind;
    }
    plain.extend_from_slice(rest);
    let mut colours = colours.into_iter().peekable();
    let mut done = 0;
    for Finding { kind, range } in masker.find(&plain) {
        copy(&plain, done, range.start, &mut colours, out);
        masker.write(kind, &plain[range.clone()], out);
        // What a rule of the caller's own took with it still colours what follows.
        while let Some((_, colour)) = colours.next_if(|(at, _)| *at < range.end) {
            out.extend_from_slice(colour);
        }
        done = range.end;
    }
    copy(&plain, done, plain.len(), &mut colours, out);
}

/// Copies a part, with its colours.
fn copy<'t>(
    plain: &[u8],
    mut from: usize,
    until: usize,
    colours: &mut Peekable<impl Iterator<Item = (usize, &'t [u8])>>,
    out: &mut Vec<u8>,
) {
    while let Some((at, colour)) = colours.next_if(|(at, _)| *at < until) {
        out.extend_from_slice(&plain[from..at]);
        out.extend_from_slice(colour);
        from = at + 1;
    }
    out.extend_from_slice(&plain[from..until]);
}

/// How long the mark is that begins there: a control sequence of up to 63 bytes (see [`marks`]). Of any other the escape alone, so that
/// what is behind it is looked at.
fn sequence(text: &[u8]) -> usize {
    marks::last(Text::new(text), 0).map_or(1, |last| last + 1)
}

/// A layer that writes events as lines of JSON, masked.
pub fn json<S, W>(masker: Arc<Masker>, writer: W) -> fmt::Layer<S, JsonFields, Format<Json>, Masked<W>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer().json().with_writer(Masked::new(masker, writer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::sync::Mutex;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a lock").push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("a lock").concat()).expect("text")
        }
    }

    fn masker() -> Arc<Masker> {
        Arc::new(Masker::default())
    }

    #[test]
    fn events_are_masked_wherever_they_carry_it_and_stay_json() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = json(masker(), move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("call", from = "192.0.2.14");
            let _entered = span.enter();
            tracing::info!(
                phone = 2_125_550_123_u64,
                to = "\"john doe\"@example.com",
                "line\n4111111111111111"
            );
            tracing::warn!(raw = "\u{1}jane@example.com\\", "no one");
        });
        let text = lines.text();
        for hidden in ["john", "jane", "4111111111111111", "2125550123", "192.0.2.14"] {
            assert!(!text.contains(hidden), "{text}");
        }
        let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert_eq!(read[0]["fields"]["message"], "line\n************1111");
        assert_eq!(read[0]["fields"]["to"], "j***@example.com");
        assert_eq!(read[0]["fields"]["phone"], "******0123");
        assert_eq!(read[0]["span"]["from"], "192.0.*.*");
        assert_eq!(read[1]["fields"]["raw"], "\u{1}j***@example.com\\");
        // An event is one write, so that lines of several threads do not mix.
        assert_eq!(lines.0.lock().expect("a lock").len(), 2);
    }

    #[test]
    fn text_is_masked_as_text() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(Masked::new(masker(), move || writer.clone()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(card = "4111-1111-1111-1111", "from john@example.com");
        });
        assert!(
            lines.text().ends_with("from j***@example.com card=\"****-****-****-1111\"\n"),
            "{}",
            lines.text()
        );
    }

    #[test]
    fn colours_hide_nothing_and_stay() {
        let check = |text: &str, expect: &str| {
            let lines = Lines::default();
            let masker = masker();
            let mut writer = MaskedWriter { masker: &masker, inner: lines.clone(), held: Vec::new() };
            writer.write_all(text.as_bytes()).expect("written");
            drop(writer);
            assert_eq!(lines.text(), expect);
        };
        // As `fmt` writes a field in colour.
        check(
            "\u{1b}[32m INFO\u{1b}[0m john@example.com \u{1b}[3mcard\u{1b}[0m\u{1b}[2m=\u{1b}[0m4111111111111111\n",
            "\u{1b}[32m INFO\u{1b}[0m j***@example.com \u{1b}[3mcard\u{1b}[0m\u{1b}[2m=\u{1b}[0m************1111\n",
        );
        check(
            "\u{1b}[3mphone\u{1b}[0m=\u{1b}[1;31m2125550123\u{1b}[0m",
            "\u{1b}[3mphone\u{1b}[0m=\u{1b}[1;31m******0123\u{1b}[0m",
        );
        // What is too long for a sequence, or none, hides nothing.
        check("\u{1b}[ 4111 1111 1111 1111 paid\n", "\u{1b}[ **** **** **** 1111 paid\n");
        let long = "1;".repeat(40);
        check(&format!("\u{1b}[{long}m 4111111111111111\n"), &format!("\u{1b}[{long}m ************1111\n"));
        // A line of JSON stays one beside a line in colours.
        check(
            "\u{1b}[32mINFO\u{1b}[0m x\n{\"to\":\"john\\u0040example.com\"}\n\u{1b}[3mcard\u{1b}[0m=4111111111111111",
            "\u{1b}[32mINFO\u{1b}[0m x\n{\"to\":\"j***@example.com\"}\n\u{1b}[3mcard\u{1b}[0m=************1111",
        );
        check("\u{1b}", "\u{1b}");
        check("\u{1b}[", "\u{1b}[");
        check("\u{1b}[0\n\u{1b}]8;;x\n", "\u{1b}[0\n\u{1b}]8;;x\n");
    }

    #[test]
    fn a_colour_inside_of_what_a_rule_found_goes_on() {
        let custom =
            vec![crate::CustomRule { name: "pair".to_owned(), pattern: "a.b".to_owned(), mode: None }];
        let masker = Masker::new(&crate::Rules { custom, ..crate::Rules::default() }).expect("rules");
        let mut out = Vec::new();
        mask_coloured(&masker, b"xa\x1b[1mby\x1b[0m", &mut out);
        assert_eq!(out, b"x***\x1b[1my\x1b[0m");
    }

    #[test]
    fn a_line_in_pieces_is_masked_whole() {
        let lines = Lines::default();
        {
            let masker = masker();
            let mut writer = MaskedWriter { masker: &masker, inner: lines.clone(), held: Vec::new() };
            for piece in [
                "{\"to\":\"john\\u00",
                "40example.com\"}\nfrom jane@exa",
                "mple.com\nand jo",
                "e@example.com",
            ] {
                writer.write_all(piece.as_bytes()).expect("written");
                writer.flush().expect("flushed");
            }
            assert_eq!(lines.text(), "{\"to\":\"j***@example.com\"}\nfrom j***@example.com\n");
        }
        assert!(lines.text().ends_with("and j***@example.com"));
    }

    #[test]
    fn a_line_without_end_is_not_held_without_end() {
        let lines = Lines::default();
        let masker = masker();
        let mut writer = MaskedWriter { masker: &masker, inner: lines.clone(), held: Vec::new() };
        writer.write_all(&vec![b'x'; 3 * LONGEST + 7]).expect("written");
        assert_eq!(lines.text().len(), 3 * LONGEST);
        assert_eq!(writer.held.len(), 7);
        drop(writer);
        assert_eq!(lines.text().len(), 3 * LONGEST + 7);
    }

    #[test]
    fn what_fails_below_is_said() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let masker = masker();
        let mut writer = MaskedWriter { masker: &masker, inner: Full, held: Vec::new() };
        let error = writer.write_all(b"john@example.com\n").expect_err("full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
