//! Which due connection is renewed next. Workspaces share the slots, and in each its integrations, so that one whose
//! provider hangs does not hold up the others.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::task::Id;

use crate::store::{Due, Group};
use protocol::clock::Timestamp;

/// The number of connections that are renewed at once.
pub(super) const AT_ONCE: usize = 64;

/// The slots that one integration may hold while the schedule is still read: what comes later finds some free.
const WHILE_READING: usize = AT_ONCE / 4;

/// The slots that all integrations of one workspace may hold while the schedule is still read.
const OF_WORKSPACE: usize = AT_ONCE / 2;

/// The due connections that wait, and the slots that are taken, by workspace and integration.
#[derive(Default)]
pub(super) struct Slots {
    waiting: BTreeMap<Group, VecDeque<Due>>,
    count: usize,
    taken: HashMap<Id, Group>,
    held: HashMap<Group, usize>,
    held_by_workspace: HashMap<String, usize>,
}

impl Slots {
    pub(super) fn wait(&mut self, due: Due) {
        self.waiting.entry(due.group.clone()).or_default().push_back(due);
        self.count += 1;
    }

    /// The number of connections that wait.
    pub(super) fn waiting(&self) -> usize {
        self.count
    }

    /// The time of the first entry that waits, if there is one.
    pub(super) fn first_waiting(&self) -> Option<Timestamp> {
        self.waiting.values().flatten().map(|due| due.at).min()
    }

    /// The next connection, if there is a slot for it: of the workspace that holds the fewest, and there of the
    /// integration that holds the fewest. So each has its fair share of the slots, and the rest goes to whoever has more
    /// to do.
    pub(super) fn next(&mut self, is_reading: bool) -> Option<Due> {
        if self.taken.len() >= AT_ONCE {
            return None;
        }
        let held = |group: &Group| {
            let by_workspace = self.held_by_workspace.get(&group.workspace).copied().unwrap_or_default();
            (by_workspace, self.held.get(group).copied().unwrap_or_default())
        };
        let may = |group: &&Group| {
            let (by_workspace, by_integration) = held(group);
            !is_reading || (by_workspace < OF_WORKSPACE && by_integration < WHILE_READING)
        };
        let group = self.waiting.keys().filter(may).min_by_key(|group| held(group))?.clone();
        let queue = self.waiting.get_mut(&group)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&group);
        }
        self.count -= usize::from(next.is_some());
        next
    }

    pub(super) fn taken(&mut self, by: Id, group: Group) {
        *self.held_by_workspace.entry(group.workspace.clone()).or_default() += 1;
        *self.held.entry(group.clone()).or_default() += 1;
        self.taken.insert(by, group);
    }

    pub(super) fn freed(&mut self, by: Id) {
        let Some(group) = self.taken.remove(&by) else { return };
        let held = [self.held.get_mut(&group), self.held_by_workspace.get_mut(&group.workspace)];
        for held in held.into_iter().flatten() {
            *held = held.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::ConnectionId;

    use super::*;

    fn due(workspace: &str, integration: &str) -> Due {
        let group = Group { workspace: workspace.to_owned(), integration: integration.to_owned() };
        Due { id: ConnectionId::new("c"), at: Timestamp(0), group }
    }

    /// Takes as many slots as there are, and returns how many each workspace and integration has got.
    fn shares(slots: &mut Slots, is_reading: bool) -> BTreeMap<(String, String), usize> {
        while let Some(due) = slots.next(is_reading) {
            let task = tokio::spawn(async {});
            slots.taken(task.id(), due.group);
        }
        let held = slots.held.iter();
        held.map(|(group, held)| ((group.workspace.clone(), group.integration.clone()), *held)).collect()
    }

    #[tokio::test]
    async fn a_workspace_with_many_integrations_leaves_the_others_their_share() {
        let mut slots = Slots::default();
        for integration in ["a", "b", "c", "d", "e", "f", "g"] {
            for _ in 0..AT_ONCE {
                slots.wait(due("1", integration));
            }
        }
        let of_first = |shares: &BTreeMap<(String, String), usize>| {
            shares.iter().filter(|((workspace, _), _)| workspace == "1").map(|(_, held)| held).sum::<usize>()
        };
        assert_eq!(of_first(&shares(&mut slots, true)), OF_WORKSPACE);
        for _ in 0..AT_ONCE {
            slots.wait(due("2", "z"));
        }
        assert_eq!(shares(&mut slots, true)[&("2".to_owned(), "z".to_owned())], WHILE_READING);
        let shares = shares(&mut slots, false);
        assert_eq!((shares[&("2".to_owned(), "z".to_owned())], of_first(&shares)), (32, 32));
    }
}
