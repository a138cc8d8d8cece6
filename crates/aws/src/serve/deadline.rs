//! The time that an invocation has.

use std::time::{Duration, Instant};

use ports::Budget;

/// Kept back for saving a cursor and answering.
const LEAST_RESERVE: Duration = Duration::from_secs(3);

/// When an invocation must stop working. It is spent when less than a tenth of its time, and in any
/// case less than three seconds, remains; so a step that asks needs a time limit well above that.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    half: Instant,
    end: Instant,
}

impl Deadline {
    /// For an invocation that ends after this time.
    pub fn in_time(total: Duration) -> Self {
        let (now, time) = (Instant::now(), working_time(total));
        Self { half: now + time / 2, end: now + time }
    }
}

fn working_time(total: Duration) -> Duration {
    total.saturating_sub((total / 10).max(LEAST_RESERVE))
}

impl Budget for Deadline {
    fn is_spent(&self) -> bool {
        Instant::now() >= self.end
    }

    fn is_half_spent(&self) -> bool {
        Instant::now() >= self.half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: u64, expect: u64) {
        let got = working_time(Duration::from_secs(total));
        assert_eq!(got, Duration::from_secs(expect), "{total}");
    }

    #[test]
    fn a_tenth_but_at_least_three_seconds_are_kept_back() {
        check(900, 810);
        check(120, 108);
        check(30, 27);
        check(20, 17);
        check(4, 1);
        check(3, 0);
        check(0, 0);
    }

    #[test]
    fn it_is_spent_when_only_the_reserve_is_left() {
        assert!(Deadline::in_time(Duration::from_secs(3)).is_spent());
        let minute = Deadline::in_time(Duration::from_mins(1));
        assert!(!minute.is_spent() && !minute.is_half_spent());
        assert_eq!(minute.end - minute.half, Duration::from_secs(27));
        assert!(Deadline::in_time(Duration::from_secs(3)).is_half_spent());
    }
}
