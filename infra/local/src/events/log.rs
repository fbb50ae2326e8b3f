//! The events of this run: the last ones, and a way to wait for the next.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

/// The number of events that are remembered.
pub(crate) const REMEMBERED: usize = 20;

/// An event, and its place in this run's order, from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The event's place.
    pub id: u64,
    /// The entry that `PutEvents` would get.
    pub event: Arc<Value>,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    count: u64,
    closed: bool,
}

/// The log. Its clones share its events.
#[derive(Clone)]
pub(crate) struct Log(watch::Sender<State>);

impl Log {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    pub(crate) fn push(&self, event: Value) {
        self.0.send_modify(|state| {
            state.count += 1;
            state.entries.push_back(Entry { id: state.count, event: Arc::new(event) });
            if state.entries.len() > REMEMBERED {
                state.entries.pop_front();
            }
        });
    }

    /// The last events, the newest first.
    pub(crate) fn last(&self) -> Vec<Entry> {
        self.0.borrow().entries.iter().rev().cloned().collect()
    }

    /// Reads on after an event. An id that this run has not reached is an earlier run's: reading then begins with the
    /// first.
    pub(crate) fn after(&self, id: u64) -> Reader {
        let after = if id > self.0.borrow().count { 0 } else { id };
        Reader { state: self.0.subscribe(), after }
    }

    /// Closes the log. No event comes any more, so every reader stops waiting.
    pub(crate) fn close(&self) {
        self.0.send_modify(|state| state.closed = true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.borrow().closed
    }
}

/// Waits for events, one after the other.
pub struct Reader {
    state: watch::Receiver<State>,
    after: u64,
}

impl Reader {
    /// The next event; `None` once the run is over.
    pub async fn next(&mut self) -> Option<Entry> {
        let after = self.after;
        let next = |state: &State| state.entries.iter().find(|entry| entry.id > after).cloned();
        let state = self.state.wait_for(|state| state.closed || next(state).is_some()).await.ok()?;
        let entry = next(&state)?;
        self.after = entry.id;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn ids(mut reader: Reader) -> Vec<u64> {
        let mut ids = Vec::new();
        while let Some(entry) = reader.next().await {
            ids.push(entry.id);
        }
        ids
    }

    #[tokio::test]
    async fn a_reader_gets_what_comes_after_until_the_log_is_closed() {
        let log = Log::new();
        log.push(json!(1));
        let waiting = tokio::spawn(ids(log.after(1)));
        tokio::task::yield_now().await;
        log.push(json!(2));
        log.push(json!(3));
        tokio::task::yield_now().await;
        log.close();
        assert_eq!(waiting.await.unwrap(), [2, 3]);
        assert_eq!(ids(log.after(0)).await, [1, 2, 3]);
        assert_eq!(ids(log.after(7)).await, [1, 2, 3]);
    }

    #[tokio::test]
    async fn only_the_last_are_remembered() {
        let log = Log::new();
        for number in 0..100 {
            log.push(json!(number));
        }
        let last = log.last();
        assert_eq!((last.len(), last[0].id, &*last[0].event), (REMEMBERED, 100, &json!(99)));
        log.close();
        assert_eq!(ids(log.after(0)).await.len(), REMEMBERED);
    }
}
