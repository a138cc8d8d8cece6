//! Which of a request's events the log has.

/// The numbers that were seen, as runs without a gap: events come nearly in order, so that there are few of them.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The first and the last number of each, in order. Between two of them at least one is missing.
    runs: Vec<(u32, u32)>,
}

impl Numbers {
    /// This one was seen.
    pub(super) fn see(&mut self, n: u32) {
        let at = self.runs.partition_point(|(first, _)| *first <= n);
        let before = at.checked_sub(1).and_then(|at| self.runs.get(at)).copied();
        let after = self.runs.get(at).copied();
        let joins_after = after.filter(|(first, _)| n.checked_add(1) == Some(*first));
        match before {
            Some((_, last)) if n <= last => {}
            Some((first, last)) if last + 1 == n => {
                let until = joins_after.map_or(n, |(_, last)| last);
                let end = at + usize::from(joins_after.is_some());
                self.runs.splice(at - 1..end, [(first, until)]);
            }
            _ => {
                let until = joins_after.map_or(n, |(_, last)| last);
                let end = at + usize::from(joins_after.is_some());
                self.runs.splice(at..end, [(n, until)]);
            }
        }
    }

    /// The least one that was seen and is greater than this.
    pub(super) fn after(&self, n: u32) -> Option<u32> {
        let next = n.checked_add(1)?;
        self.runs.iter().find(|(_, last)| *last >= next).map(|(first, _)| next.max(*first))
    }

    /// How many from one number to another were not seen.
    pub(super) fn missing(&self, first: u32, last: u32) -> u64 {
        let seen = self.runs.iter().map(|(from, to)| {
            let (from, to) = (*from.max(&first), *to.min(&last));
            if from > to { 0 } else { u64::from(to - from) + 1 }
        });
        (u64::from(last) + 1).saturating_sub(u64::from(first)).saturating_sub(seen.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_was_not_seen_is_counted(seen in proptest::collection::vec(1..40_u32, 0..60), first in 1..40_u32, last in 0..40_u32) {
            let mut numbers = Numbers::default();
            for n in &seen {
                numbers.see(*n);
            }
            let seen: BTreeSet<u32> = seen.into_iter().collect();
            let missing = (first..=last).filter(|n| !seen.contains(n)).count() as u64;
            prop_assert_eq!(numbers.missing(first, last), missing);
            prop_assert_eq!(numbers.after(last), seen.range(last + 1..).next().copied());
            let runs = seen.iter().filter(|n| !seen.contains(&(*n + 1))).count();
            prop_assert_eq!(numbers.runs.len(), runs);
        }
    }
}
