//! Sealing or opening while somebody waits: the work is done by a thread of its own, so that neither a
//! slow disk nor a pipe that nobody reads keeps the progress or Ctrl-C waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use vault::{DataKey, FRAME, OpenReader, SealWriter, VaultError};
use zeroize::Zeroizing;

use super::Name;
use crate::file::{Sink, Stop};
use crate::screen::Screen;
use crate::show::vault::progress;

/// Why it broke off.
#[derive(Debug)]
pub enum Trouble {
    /// What was read is not what was sealed, or cannot be sealed.
    Vault(VaultError),
    /// It cannot be read.
    Read(io::Error),
    /// It cannot be written.
    Write(io::Error),
    /// What was read is not what it should be, and whether anything was written before that was seen.
    Input(String, bool),
}

impl Trouble {
    fn or(error: io::Error, other: fn(io::Error) -> Self) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<VaultError>()) {
            Some(error) => Self::Vault(*error),
            None => other(error),
        }
    }

    /// While reading sealed data.
    pub fn reading(error: io::Error) -> Self {
        Self::or(error, Self::Read)
    }

    /// While writing sealed data.
    pub fn writing(error: io::Error) -> Self {
        Self::or(error, Self::Write)
    }
}

/// How it ended.
#[derive(Debug)]
pub enum End {
    /// All of it was written.
    Whole,
    /// It broke off.
    Broken(Trouble),
    /// Somebody stopped it.
    Interrupted,
}

/// One run.
pub struct Run {
    /// Plaintext so far, in bytes.
    done: Arc<AtomicU64>,
    /// All of it, where that is known.
    whole: Option<u64>,
    /// The clock.
    now: Rc<dyn Fn() -> Timestamp>,
    /// How often the progress is drawn.
    tick: Duration,
    /// Whether somebody sees it.
    shown: bool,
    /// Listens from before anything is written.
    stop: Stop,
}

impl Run {
    /// Nothing is done yet. From now on Ctrl-C is heard here: begin to write afterwards.
    pub fn new(
        whole: Option<u64>,
        now: Rc<dyn Fn() -> Timestamp>,
        tick: Duration,
        shown: bool,
    ) -> anyhow::Result<Self> {
        let stop = Stop::listen().context("this machine does not say when it is interrupted")?;
        Ok(Self { done: Arc::default(), whole, now, tick, shown, stop })
    }

    /// Bytes of plaintext so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Seals what is read, behind `start`.
    pub async fn seal(
        &mut self,
        mut from: impl Read + Send + 'static,
        mut to: Sink,
        start: Vec<u8>,
        (key, name, salt): (DataKey, Name, [u8; 32]),
        screen: &mut Screen,
    ) -> anyhow::Result<End> {
        let done = Arc::clone(&self.done);
        let work = move || {
            to.write_all(&start).map_err(Trouble::Write)?;
            let mut sealing = SealWriter::new(to, &key, &name.stream(), salt).map_err(Trouble::writing)?;
            copy(&mut from, &mut sealing, &done, Trouble::Read)?;
            sealing.finish().and_then(Sink::finish).map_err(Trouble::writing)
        };
        self.wait(work, screen).await
    }

    /// Writes what is opened.
    pub async fn open(
        &mut self,
        mut from: OpenReader<impl Read + Send + 'static>,
        mut to: Sink,
        screen: &mut Screen,
    ) -> anyhow::Result<End> {
        let done = Arc::clone(&self.done);
        let work = move || {
            copy(&mut from, &mut to, &done, Trouble::reading)?;
            to.finish().map_err(Trouble::Write)
        };
        self.wait(work, screen).await
    }

    /// Does other work with bytes, which counts what it has read.
    pub async fn work(
        &mut self,
        work: impl FnOnce(&AtomicU64) -> Result<(), Trouble> + Send + 'static,
        screen: &mut Screen,
    ) -> anyhow::Result<End> {
        let done = Arc::clone(&self.done);
        self.wait(move || work(&done), screen).await
    }

    async fn wait(
        &mut self,
        work: impl FnOnce() -> Result<(), Trouble> + Send + 'static,
        screen: &mut Screen,
    ) -> anyhow::Result<End> {
        let mut working = tokio::task::spawn_blocking(work);
        let began = (self.now)();
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once: what is quick shows no progress.
        ticks.tick().await;
        let end = loop {
            tokio::select! {
                biased;
                () = self.stop.heard() => break End::Interrupted,
                worked = &mut working => match worked.context("the work broke off")? {
                    Ok(()) => break End::Whole,
                    Err(trouble) => break End::Broken(trouble),
                },
                _ = ticks.tick(), if self.shown => {
                    let took = (self.now)().duration_since(began);
                    // A picture that could not be drawn is drawn at the next tick.
                    let done = self.done.load(Ordering::Relaxed);
                    let _ = screen.redraw(Some(&progress(done, self.whole, took)));
                }
            }
        };
        if self.shown {
            let _ = screen.redraw(None);
        }
        Ok(end)
    }
}

/// Copies, counting plaintext.
fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    done: &AtomicU64,
    reading: fn(io::Error) -> Trouble,
) -> Result<(), Trouble> {
    let mut buffer = Zeroizing::new(vec![0; FRAME]);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(reading(error)),
        };
        to.write_all(buffer.get(..read).unwrap_or_default()).map_err(Trouble::writing)?;
        done.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
