//! Which due connection is renewed next. Integrations share the slots, so that one whose provider hangs does not hold up
//! the others.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::task::Id;

use crate::store::Due;

/// The number of connections that are renewed at once.
pub(super) const AT_ONCE: usize = 64;

/// The slots that one integration may hold while the index is still read: what comes later finds some free.
const WHILE_READING: usize = AT_ONCE / 4;

/// The due connections that wait, and the slots that are taken, by integration.
#[derive(Default)]
pub(super) struct Slots {
    waiting: BTreeMap<String, VecDeque<Due>>,
    count: usize,
    taken: HashMap<Id, String>,
    held: HashMap<String, usize>,
}

impl Slots {
    pub(super) fn wait(&mut self, due: Due) {
        self.waiting.entry(due.integration().to_owned()).or_default().push_back(due);
        self.count += 1;
    }

    /// The number of connections that wait.
    pub(super) fn waiting(&self) -> usize {
        self.count
    }

    /// The next connection, if there is a slot for it: of the integration that holds the fewest. So each has its fair
    /// share of the slots, and the rest goes to whoever has more to do.
    pub(super) fn next(&mut self, is_reading: bool) -> Option<Due> {
        if self.taken.len() >= AT_ONCE {
            return None;
        }
        let held = |integration: &String| self.held.get(integration).copied().unwrap_or_default();
        let integration = self.waiting.keys().min_by_key(|integration| held(integration))?.clone();
        if is_reading && held(&integration) >= WHILE_READING {
            return None;
        }
        let queue = self.waiting.get_mut(&integration)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&integration);
        }
        self.count -= usize::from(next.is_some());
        next
    }

    pub(super) fn taken(&mut self, by: Id, integration: String) {
        *self.held.entry(integration.clone()).or_default() += 1;
        self.taken.insert(by, integration);
    }

    pub(super) fn freed(&mut self, by: Id) {
        let Some(integration) = self.taken.remove(&by) else { return };
        if let Some(held) = self.held.get_mut(&integration) {
            *held = held.saturating_sub(1);
        }
    }
}
