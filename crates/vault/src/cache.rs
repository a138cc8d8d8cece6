//! Keys that are kept for a while, so that the key service is not asked for each use.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::DataKey;

/// How much a key may be used before it is fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Seconds since it was fetched. A key that is destroyed elsewhere works here for so long.
    pub seconds: i64,
    /// Things sealed or opened.
    pub uses: u64,
    /// Bytes sealed or opened.
    pub bytes: u64,
    /// Keys at once. The one that was fetched first makes room.
    pub keys: usize,
}

struct Kept {
    key: DataKey,
    at: i64,
    uses: u64,
    bytes: u64,
}

/// Keys by name, within [`Limits`]. A key that is let go of is wiped.
pub struct KeyCache<N> {
    limits: Limits,
    kept: Mutex<HashMap<N, Kept>>,
}

impl<N: Eq + Hash + Clone> KeyCache<N> {
    /// An empty cache.
    pub fn new(limits: Limits) -> Self {
        Self { limits, kept: Mutex::default() }
    }

    /// The key of a name, for one use of so many bytes, if it may still be used. `now` in seconds.
    pub fn get(&self, name: &N, now: i64, bytes: u64) -> Option<DataKey> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.get_mut(name)?;
        one.uses = one.uses.saturating_add(1);
        one.bytes = one.bytes.saturating_add(bytes);
        // A clock that goes back makes no key younger.
        let young = (0..self.limits.seconds).contains(&now.saturating_sub(one.at));
        if young && one.uses <= self.limits.uses && one.bytes <= self.limits.bytes {
            return Some(one.key.clone());
        }
        kept.remove(name);
        None
    }

    /// Keeps a key that was fetched at `now`.
    pub fn put(&self, name: N, key: DataKey, now: i64) {
        if self.limits.keys == 0 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, one| (0..self.limits.seconds).contains(&now.saturating_sub(one.at)));
        if kept.len() >= self.limits.keys && !kept.contains_key(&name) {
            let oldest = kept.iter().min_by_key(|(_, one)| one.at).map(|(name, _)| name.clone());
            oldest.map(|name| kept.remove(&name));
        }
        kept.insert(name, Kept { key, at: now, uses: 0, bytes: 0 });
    }

    /// Lets all keys go.
    pub fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Lets a key go.
    pub fn forget(&self, name: &N) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl<N> std::fmt::Debug for KeyCache<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCache").field("limits", &self.limits).finish_non_exhaustive()
    }
}
