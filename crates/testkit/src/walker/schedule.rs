//! Who waits until when. Time moves only when everyone waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;

use super::lock;
use super::rng::Rng;
use super::trace::Iteration;

/// Why time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A Wait state.
    Wait,
    /// The delay before a retry.
    Retry,
    /// A Task that waits for its token: until its timeout, or until the heartbeat it lacks.
    Token,
    /// A Task that was said not to answer.
    NoAnswer,
}

/// A state that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// The state.
    pub state: String,
    /// What it is inside of, outermost first.
    pub within: Vec<Iteration>,
    /// Why it waits.
    pub reason: Reason,
    /// Until when, unless it is answered before.
    pub until: Timestamp,
    /// The token it waits for.
    pub token: Option<String>,
}

/// In which order the iterations of a Map, and the branches of a Parallel, go on when several can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Each goes as far as it can before the next one starts.
    #[default]
    InTurn,
    /// The same, and the last one starts first.
    Reversed,
    /// All together, one state at a time.
    Interleaved,
    /// One state at a time, of one chosen by this seed.
    Shuffled(u64),
}

/// When, by lot, and then first come first served.
type Key = (Timestamp, u64, u64);

/// Everyone who waits.
pub(super) struct Schedule {
    inner: Mutex<Inner>,
    order: Order,
}

struct Inner {
    waiting: BTreeMap<Key, Slot>,
    lots: Rng,
    next: u64,
}

struct Slot {
    waker: Waker,
    /// Nothing for a state that only lets others go first.
    waiter: Option<Waiter>,
}

impl Schedule {
    pub(super) fn new(order: Order) -> Self {
        let lots = Rng::new(if let Order::Shuffled(seed) = order { seed } else { 0 });
        let inner = Inner { waiting: BTreeMap::new(), lots, next: 0 };
        Self { inner: Mutex::new(inner), order }
    }

    /// Resolves when time has come to `until`.
    pub(super) fn sleep(&self, until: Timestamp, waiter: Option<Waiter>) -> Sleep<'_> {
        Sleep { schedule: self, until, waiter, key: None }
    }

    /// The order in which `count` things start.
    pub(super) fn line_up(&self, count: usize) -> Vec<usize> {
        let mut line: Vec<usize> = (0..count).collect();
        match self.order {
            Order::Reversed => line.reverse(),
            Order::Shuffled(_) => lock(&self.inner).lots.shuffle(&mut line),
            Order::InTurn | Order::Interleaved => {}
        }
        line
    }

    /// Whether the states of concurrent iterations take turns.
    pub(super) fn takes_turns(&self) -> bool {
        matches!(self.order, Order::Interleaved | Order::Shuffled(_))
    }

    /// The next moment someone waits for.
    pub(super) fn next(&self) -> Option<Timestamp> {
        lock(&self.inner).waiting.first_key_value().map(|((at, ..), _)| *at)
    }

    /// Wakes the one who is first.
    pub(super) fn wake_first(&self) {
        let slot = lock(&self.inner).waiting.pop_first();
        if let Some((_, slot)) = slot {
            slot.waker.wake();
        }
    }

    /// The states that wait, the first to be woken first.
    pub(super) fn waiters(&self) -> Vec<Waiter> {
        lock(&self.inner).waiting.values().filter_map(|slot| slot.waiter.clone()).collect()
    }
}

/// A wait, see [`Schedule::sleep`].
pub(super) struct Sleep<'s> {
    schedule: &'s Schedule,
    until: Timestamp,
    waiter: Option<Waiter>,
    key: Option<Key>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let schedule = self.schedule;
        let mut inner = lock(&schedule.inner);
        if let Some(key) = self.key {
            return match inner.waiting.get_mut(&key) {
                Some(slot) => {
                    slot.waker.clone_from(context.waker());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            };
        }
        let lot = match schedule.order {
            Order::Shuffled(_) => inner.lots.next_u64(),
            _ => 0,
        };
        let key = (self.until, lot, inner.next);
        inner.next += 1;
        let slot = Slot { waker: context.waker().clone(), waiter: self.waiter.take() };
        inner.waiting.insert(key, slot);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            lock(&self.schedule.inner).waiting.remove(&key);
        }
    }
}
