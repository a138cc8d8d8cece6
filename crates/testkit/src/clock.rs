//! Time, chance and budgets that a test decides over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use ports::{Budget, Clock, Entropy};

/// A clock that stands until somebody moves it, or moves a little with each reading.
#[derive(Debug)]
pub struct FakeClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    tick: SignedDuration,
}

impl FakeClock {
    /// A clock that stands at this instant.
    pub fn at(now: Timestamp) -> Self {
        Self { state: Mutex::new(State { now, tick: SignedDuration::ZERO }) }
    }

    /// From now on every reading moves the clock on by this much, so that no two are the same.
    pub fn tick_by(&self, tick: SignedDuration) {
        self.lock().tick = tick;
    }

    /// Moves the clock on. A time that cannot be written (past the year 9999) leaves it as it is.
    pub fn advance(&self, by: SignedDuration) {
        let mut state = self.lock();
        state.now = state.now.checked_add(by).unwrap_or(state.now);
    }

    /// Moves the clock to an instant, never back.
    pub fn advance_to(&self, to: Timestamp) {
        let mut state = self.lock();
        state.now = state.now.max(to);
    }

    /// The time, without a tick.
    pub fn peek(&self) -> Timestamp {
        self.lock().now
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        let mut state = self.lock();
        let now = state.now;
        state.now = now.checked_add(state.tick).unwrap_or(now);
        now
    }
}

/// Bytes that look random and are the same for the same seed: SHA-256 of seed and count.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    count: AtomicU64,
}

impl SeededEntropy {
    /// The sequence of a seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, count: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn bytes(&self) -> [u8; 32] {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut input = [0; 16];
        input[..8].copy_from_slice(&self.seed.to_be_bytes());
        input[8..].copy_from_slice(&count.to_be_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &input).as_ref());
        bytes
    }
}

/// A budget that allows so many checks, and is spent from then on.
#[derive(Debug)]
pub struct CountedBudget {
    /// What is left when half of it is gone.
    second_half: u64,
    left: AtomicU64,
}

impl CountedBudget {
    /// The first `checks` checks go through; 0 is spent at once. Of an odd number the second half is larger.
    pub fn new(checks: u64) -> Self {
        Self { second_half: checks - checks / 2, left: AtomicU64::new(checks) }
    }

    fn is_spent_to(&self, end: u64) -> bool {
        let one_less = |left: u64| left.checked_sub(1).filter(|less| *less >= end);
        self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
    }
}

impl Budget for CountedBudget {
    fn is_spent(&self) -> bool {
        self.is_spent_to(0)
    }

    fn is_half_spent(&self) -> bool {
        self.is_spent_to(self.second_half)
    }
}

/// A budget that is never spent.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnlimitedBudget;

impl Budget for UnlimitedBudget {
    fn is_spent(&self) -> bool {
        false
    }

    fn is_half_spent(&self) -> bool {
        false
    }
}

/// Lets others have their turn, as a call over the network does.
pub async fn others_turn() {
    let mut had = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut had, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_until_it_is_moved_or_told_to_tick() {
        let clock = FakeClock::at(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), clock.now());
        clock.advance(SignedDuration::from_hours(1));
        assert_eq!(clock.now().as_second(), 3_600);
        clock.advance_to(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now().as_second(), 3_600);
        clock.tick_by(SignedDuration::from_secs(1));
        assert_eq!(clock.now().as_second(), 3_600);
        assert_eq!(clock.now().as_second(), 3_601);
        assert_eq!(clock.peek().as_second(), 3_602);
    }

    #[test]
    fn a_seed_gives_the_same_bytes_again_and_never_the_same_twice() {
        let (a, b, c) = (SeededEntropy::new(1), SeededEntropy::new(1), SeededEntropy::new(2));
        let first = a.bytes();
        assert_eq!(first, b.bytes());
        assert_ne!(first, a.bytes());
        assert_ne!(first, c.bytes());
    }

    #[test]
    fn a_counted_budget_is_spent_after_its_checks() {
        let budget = CountedBudget::new(2);
        assert_eq!([budget.is_spent(), budget.is_spent(), budget.is_spent()], [false, false, true]);
        assert!(budget.is_spent());
        assert!(CountedBudget::new(0).is_spent());
        let budget = CountedBudget::new(5);
        assert_eq!([(); 3].map(|()| budget.is_half_spent()), [false, false, true]);
        assert_eq!([(); 4].map(|()| budget.is_spent()), [false, false, false, true]);
    }
}
