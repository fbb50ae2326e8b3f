//! A cache between requests: it keeps values for a bounded time, and no more than a bounded number of entries.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// Values by key, each with the time when it was put in.
pub struct Kept<K, V> {
    lifetime: Duration,
    capacity: usize,
    entries: Mutex<HashMap<K, (Timestamp, V)>>,
}

impl<K: Hash + Eq, V: Clone> Kept<K, V> {
    /// An empty cache. Each value stays for its lifetime, unless there are more values than the capacity.
    #[must_use]
    pub fn new(lifetime: Duration, capacity: usize) -> Self {
        Self { lifetime, capacity, entries: Mutex::default() }
    }

    /// The value, unless its lifetime is over.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.lock();
        let (since, value) = entries.get(key)?;
        (now.since(*since) < self.lifetime).then(|| value.clone())
    }

    /// Puts a value in. Values whose lifetime is over make room. If that is not enough, all do: they can be fetched
    /// again.
    pub fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.lock();
        entries.retain(|_, (since, _)| now.since(*since) < self.lifetime);
        if entries.len() >= self.capacity {
            entries.clear();
        }
        entries.insert(key, (now, value));
    }

    /// Forgets the values of these keys.
    pub fn forget(&self, is_one: impl Fn(&K) -> bool) {
        self.lock().retain(|key, _| !is_one(key));
    }

    /// A panic under the lock leaves the map whole, because entries are inserted in one step.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Timestamp, V)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn kept() -> Kept<&'static str, u8> {
        Kept::new(Duration::from_mins(1), 2)
    }

    #[test]
    fn a_value_is_there_for_its_lifetime() {
        let kept = kept();
        kept.put("a", 1, Timestamp(0));
        assert_eq!(kept.get(&"a", Timestamp(MINUTE - 1)), Some(1));
        assert_eq!(kept.get(&"a", Timestamp(MINUTE)), None);
        assert_eq!(kept.get(&"b", Timestamp(0)), None);
    }

    #[test]
    fn there_are_never_more_than_the_capacity() {
        let kept = kept();
        for (at, key) in [(0, "a"), (1, "b"), (MINUTE, "c")] {
            kept.put(key, 1, Timestamp(at));
        }
        assert_eq!(kept.get(&"b", Timestamp(MINUTE)), Some(1), "the one whose time was over made room");
        kept.put("d", 1, Timestamp(MINUTE));
        assert_eq!(kept.get(&"b", Timestamp(MINUTE)), None);
        assert_eq!(kept.get(&"d", Timestamp(MINUTE)), Some(1));
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let kept = kept();
        kept.put("a", 1, Timestamp(0));
        kept.put("b", 2, Timestamp(0));
        kept.forget(|key| *key == "a");
        assert_eq!((kept.get(&"a", Timestamp(0)), kept.get(&"b", Timestamp(0))), (None, Some(2)));
    }
}
