//! Reading what is checked, in constant memory, while somebody waits: a thread of its own reads, so that neither a slow
//! disk nor a pipe keeps the progress or Ctrl-C waiting.

use std::collections::BTreeSet;
use std::io::{BufRead, Cursor, ErrorKind, Read};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use audit::pack::{self, Archive, Flaw, Unfit};
use audit::verify::{File, Found, Pinned, Refused, Together};
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::super::Desk;
use crate::file::Stop;
use crate::pack::{Unopened, Unpacked, begins_as_pack, is_named_as_pack, looks_packed};
use crate::screen::Screen;
use crate::show::verify::{Verdict, progress};

/// How much is read at once.
const PIECE: usize = 1 << 20;
/// What is shorter than this is checked before anybody looks: in bytes.
const QUICK: u64 = 64 << 20;
/// Bytes that a pack begins with, and nothing else that is checked.
const HEAD: u64 = 4;

/// A file that is checked.
pub struct Input {
    /// What it is called.
    pub name: String,
    from: Opening,
    /// How long it is, where that is known.
    length: Option<u64>,
}

enum Opening {
    File(PathBuf),
    /// Can be opened once.
    Pipe(Option<PathBuf>),
    /// Can be read once.
    Stdin(Option<Box<dyn BufRead + Send>>),
}

impl Input {
    /// A file.
    pub fn file(path: PathBuf) -> Self {
        let name = path.display().to_string();
        let found = std::fs::metadata(&path).ok();
        let length = found.as_ref().filter(|found| found.is_file()).map(std::fs::Metadata::len);
        // What is neither a file nor a folder is a pipe, of which the other end may be gone the second time.
        let pipe = found.is_some_and(|found| !found.is_file() && !found.is_dir());
        let from = if pipe { Opening::Pipe(Some(path)) } else { Opening::File(path) };
        Self { name, from, length }
    }

    /// Standard input.
    pub fn stdin(reader: Box<dyn BufRead + Send>) -> Self {
        Self { name: "standard input".to_owned(), from: Opening::Stdin(Some(reader)), length: None }
    }

    fn open(&mut self) -> Result<Box<dyn Read>, String> {
        let again = "it has to be read twice, to be held against another pipe: save it as a file";
        let path = match &mut self.from {
            Opening::File(path) => path.clone(),
            Opening::Pipe(path) => path.take().ok_or(again)?,
            Opening::Stdin(reader) => return Ok(Box::new(reader.take().ok_or(again)?)),
        };
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        Ok(Box::new(file))
    }
}

/// How far it is.
#[derive(Debug, Default)]
struct Done {
    bytes: AtomicU64,
    entries: AtomicU64,
    /// What is known to be read in all.
    whole: AtomicU64,
}

impl Done {
    fn all(&self) -> (u64, u64, u64) {
        let [bytes, entries, whole] =
            [&self.bytes, &self.entries, &self.whole].map(|count| count.load(Ordering::Relaxed));
        (bytes, entries, whole)
    }
}

/// One run.
pub struct Reading {
    now: Rc<dyn Fn() -> Timestamp>,
    tick: Duration,
    /// Whether somebody sees the progress.
    live: bool,
    stop: Stop,
}

impl Reading {
    /// From now on Ctrl-C is heard here.
    pub fn new(desk: &Desk<'_>) -> anyhow::Result<Self> {
        let stop = Stop::listen().context("this machine does not say when it is interrupted")?;
        let live = desk.screen.live_notes(false);
        Ok(Self { now: desk.world.now.clone(), tick: desk.world.pace.tick, live, stop })
    }

    /// Checks all of them, in any order; the verdicts in theirs. `None` if somebody stopped it.
    pub async fn run(
        &mut self,
        inputs: Vec<Input>,
        pinned: Arc<Pinned>,
        screen: &mut Screen,
    ) -> anyhow::Result<Option<Vec<Verdict>>> {
        let done = Arc::new(Done::default());
        let counted = Arc::clone(&done);
        let mut working = tokio::task::spawn_blocking(move || check(inputs, &pinned, &counted));
        let began = (self.now)();
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once: what is quick shows no progress.
        ticks.tick().await;
        let mut shown = false;
        let verdicts = loop {
            tokio::select! {
                biased;
                () = self.stop.heard() => break None,
                worked = &mut working => break Some(worked.context("the work broke off")?),
                _ = ticks.tick(), if self.live => {
                    let (bytes, entries, whole) = done.all();
                    if bytes.max(whole) >= QUICK {
                        shown = true;
                        let took = (self.now)().duration_since(began);
                        // A picture that could not be drawn is drawn at the next tick.
                        let _ = screen.redraw(Some(&progress(bytes, entries, whole, took)));
                    }
                }
            }
        };
        if shown {
            let _ = screen.redraw(None);
        }
        Ok(verdicts)
    }
}

/// Checks each by itself, the short ones first: what they say is then known when the long ones are read. An export, or a
/// pack, that comes by a size of which another said something only later is read again.
fn check(mut inputs: Vec<Input>, pinned: &Pinned, done: &Done) -> Vec<Verdict> {
    let mut buffer = vec![0; PIECE];
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by_key(|at| inputs.get(*at).map_or(u64::MAX, |input| input.length.unwrap_or(u64::MAX)));
    // Of what comes through a pipe nobody knows how much is left.
    let whole: Option<u64> = inputs.iter().map(|input| input.length).sum();
    done.whole.store(whole.unwrap_or(0), Ordering::Relaxed);
    let mut together = Together::default();
    let mut verdicts: Vec<(BTreeSet<u64>, Verdict)> = Vec::new();
    verdicts.resize_with(inputs.len(), || (BTreeSet::new(), Verdict::Unknown(None)));
    for at in order {
        let (Some(input), Some(slot)) = (inputs.get_mut(at), verdicts.get_mut(at)) else { continue };
        let sizes = together.sizes();
        let verdict = read(input, pinned, &sizes, done, &mut buffer);
        together.add(at, verdict.says());
        *slot = (sizes, verdict);
    }
    let all = together.sizes();
    for (input, (asked, verdict)) in inputs.iter_mut().zip(&mut verdicts) {
        let export = match &*verdict {
            Verdict::Intact(Found::Export(export)) => export,
            Verdict::Packed(pack) => &pack.export,
            _ => continue,
        };
        let own: BTreeSet<u64> =
            verdict.says().iter().filter(|said| said.own).map(|said| said.size).collect();
        let comes_by = all.range(export.first - 1..=export.last);
        if comes_by.clone().any(|size| !asked.contains(size) && !own.contains(size)) {
            if whole.is_some() {
                done.whole.fetch_add(input.length.unwrap_or(0), Ordering::Relaxed);
            }
            *verdict = read(input, pinned, &all, done, &mut buffer);
        }
    }
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// A pack of which it is counted how much was read.
struct Counting<'a> {
    archive: Unpacked,
    done: &'a Done,
}

impl Archive for Counting<'_> {
    fn files(&self) -> Vec<(String, u64)> {
        self.archive.files()
    }

    fn read(&mut self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<(), Flaw>) -> Result<(), Flaw> {
        self.archive.read(name, &mut |piece| {
            self.done.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
            take(piece)
        })
    }
}

/// An evidence pack.
fn packed(path: &std::path::Path, pinned: &Pinned, sizes: &BTreeSet<u64>, done: &Done) -> Verdict {
    let mut archive = match Unpacked::open(path) {
        Ok(archive) => Counting { archive, done },
        Err(Unopened::Unread(error)) => return Verdict::Unread(error.to_string()),
        Err(Unopened::Flawed(flaw)) => return Verdict::Flawed(flaw),
    };
    let before = done.entries.load(Ordering::Relaxed);
    let count = |entries| done.entries.store(before + entries, Ordering::Relaxed);
    match pack::check(&mut archive, pinned, sizes, &count) {
        Ok(pack) => Verdict::Packed(Box::new(pack)),
        // Nothing is known to be wrong with it.
        Err(Flaw { what: Unfit::AnotherVersion(format), .. }) => Verdict::AnotherVersion(format),
        Err(flaw) => Verdict::Flawed(flaw),
    }
}

fn read(
    input: &mut Input,
    pinned: &Pinned,
    sizes: &BTreeSet<u64>,
    done: &Done,
    buffer: &mut [u8],
) -> Verdict {
    if let Opening::File(path) = &input.from
        && looks_packed(path)
    {
        return if is_named_as_pack(path) {
            packed(path, pinned, sizes, done)
        } else {
            Verdict::Unknown(Some(
                "it is an archive without the files of an evidence pack. If it is a package that a person fetched: that \
                 is under a signature of its own, in its manifest.jws, which docs/exports.md says how to check",
            ))
        };
    }
    let mut from = match input.open() {
        Ok(from) => from,
        Err(why) => return Verdict::Unread(why),
    };
    // A pipe may give a byte at a time.
    let mut head = Vec::new();
    if let Err(error) = from.by_ref().take(HEAD).read_to_end(&mut head) {
        return Verdict::Unread(error.to_string());
    }
    if begins_as_pack(&head) {
        return Verdict::Unread("an evidence pack is read in any order: save it as a file".to_owned());
    }
    let mut from = Cursor::new(head).chain(from);
    let mut file = File::noting(pinned, sizes.clone());
    let before = done.entries.load(Ordering::Relaxed);
    let checked = loop {
        let read = match from.read(buffer) {
            Ok(0) => break file.finish(),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Verdict::Unread(error.to_string()),
        };
        done.bytes.fetch_add(read as u64, Ordering::Relaxed);
        let bytes = buffer.get(..read).unwrap_or_default();
        if let Err(refused) = file.take(bytes) {
            break Err(refused);
        }
        done.entries.store(before + file.entries(), Ordering::Relaxed);
    };
    match checked {
        Ok(found) => Verdict::Intact(found),
        Err(Refused::Broken(problem)) => Verdict::Broken(problem),
        Err(Refused::Unknown) => Verdict::Unknown(None),
        Err(Refused::Key) => Verdict::Unknown(Some(
            "it is a log's public key: what files are checked with, and none of them. Give it with --key, and the files here",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;
    use testkit::proofs::Log;

    /// Each is held against what was read before it; the first would have to be read again.
    #[test]
    fn of_two_pipes_the_first_may_have_to_be_a_file() {
        fn check(first: [u64; 2], second: [u64; 2], unread: [bool; 2]) {
            let log = Log::of("demo", 3);
            let export = |[from, to]: [u64; 2]| Cursor::new(log.export(from, to).concat().into_bytes());
            let inputs = [first, second].map(|range| Input::stdin(Box::new(export(range))));
            let pinned = Pinned { key: log.key(), since: None };
            let verdicts = super::check(inputs.into(), &pinned, &Done::default());
            let got: Vec<bool> =
                verdicts.iter().map(|verdict| matches!(verdict, Verdict::Unread(_))).collect();
            assert_eq!(got, unread);
        }
        check([1, 12], [1, 18], [false, false]);
        check([1, 18], [1, 12], [true, false]);
        check([1, 6], [13, 18], [false, false]);
    }

    #[test]
    fn a_pack_that_trickles_is_a_pack() {
        let slow = BufReader::with_capacity(1, b"PK\x03\x04 and so on".as_slice());
        let inputs = vec![Input::stdin(Box::new(slow))];
        let pinned = Pinned { key: Log::of("demo", 3).key(), since: None };
        let verdicts = super::check(inputs, &pinned, &Done::default());
        assert!(matches!(verdicts.as_slice(), [Verdict::Unread(why)] if why.contains("save it as a file")));
    }
}
