//! A small memory of what was read: bounded in entries, and each only believed for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Values by key, each with the moment it was learnt.
pub(super) struct Aged<K, V> {
    most: usize,
    believed_for: SignedDuration,
    entries: Mutex<BTreeMap<K, (Timestamp, V)>>,
}

impl<K: Ord + Clone, V: Clone> Aged<K, V> {
    pub fn new(most: usize, believed_for: SignedDuration) -> Self {
        Self { most, believed_for, entries: Mutex::default() }
    }

    /// What is remembered, if it is not too old. A clock that went backwards makes it too old.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, (at, _)| self.is_believed(*at, now));
        entries.get(key).map(|(_, value)| value.clone())
    }

    /// Remembers; the oldest entry makes room.
    pub fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, (at, _))| *at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                entries.remove(&oldest);
            }
        }
        entries.insert(key, (now, value));
    }

    /// Forgets one.
    pub fn forget(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn is_believed(&self, learnt: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(learnt);
        !age.is_negative() && age < self.believed_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn entries_grow_old_and_the_oldest_makes_room() {
        let aged = Aged::new(2, SignedDuration::from_secs(60));
        aged.put("a", 1, at(100));
        aged.put("b", 2, at(110));
        assert_eq!(aged.get(&"a", at(159)), Some(1));
        aged.put("c", 3, at(120));
        assert_eq!(aged.get(&"a", at(120)), None, "it made room");
        assert_eq!(aged.get(&"b", at(120)), Some(2));
        assert_eq!(aged.get(&"b", at(170)), None, "it is too old");
        assert_eq!(aged.get(&"c", at(119)), None, "the clock went backwards");
        aged.put("d", 4, at(120));
        aged.forget(&"d");
        assert_eq!(aged.get(&"d", at(120)), None);
    }
}
