//! Erases connections: one, or all of a customer's.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::deadline::Deadline;
use protocol::definition::integration_id;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};
use protocol::record;
use serde::Serialize;
use tokio::task::JoinSet;

use super::disconnect::take_out;
use super::revoke::{Lived, given_up};
use crate::connection::Connection;
use crate::deps::Deps;
use crate::store::Written;

/// The number of a customer's connections that are erased at once.
const AT_ONCE: usize = 16;

/// Taking the connections out of the live ones leaves this much time for erasing them: one that a refresh has in hand keeps
/// no other from it.
const REST: Duration = Duration::from_secs(15);

/// What came of an erased connection's credentials at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtProvider {
    /// There was nothing to revoke, or a connection that stays goes on with it.
    Nothing,
    /// They are revoked.
    Revoked,
    /// The provider did not revoke them.
    NotRevoked,
}

/// Deletes all that is held of a connection, and then its credentials at the provider.
pub async fn erase(deps: &Deps, mut connection: Connection, deadline: Deadline) -> Result<AtProvider> {
    let mut lived = Lived::Before;
    loop {
        if connection.archived_at.is_none() {
            if take_out(deps, connection.clone(), deadline).await? {
                lived = Lived::UntilNow;
            }
        } else if let Written::Done = forget_and_erase(deps, &connection).await? {
            return Ok(at_provider(deps, &connection, lived, deadline).await);
        }
        match deps.store.read_connection(&connection.id).await? {
            Some(found) => connection = found,
            None => return Ok(AtProvider::Nothing),
        }
    }
}

/// Its key goes first. If it is restored meanwhile, it takes that again, and is taken out once more.
async fn forget_and_erase(deps: &Deps, archived: &Connection) -> Result<Written> {
    deps.store.forget_key(archived).await?;
    deps.store.erase_connection(archived).await
}

async fn at_provider(deps: &Deps, erased: &Connection, lived: Lived, deadline: Deadline) -> AtProvider {
    if erased.health.is_revoked() {
        return AtProvider::Revoked;
    }
    match given_up(deps, erased, lived, deadline).await {
        None => AtProvider::Nothing,
        Some(revocation) if revocation.error.is_none() => AtProvider::Revoked,
        Some(_) => AtProvider::NotRevoked,
    }
}

/// What came of erasing a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The number of connections that were erased.
    pub erased: u32,
    /// The number of those whose credentials the provider has revoked.
    pub revoked: u32,
    /// The number of those whose credentials the provider did not revoke.
    pub not_revoked: u32,
    /// True if some are left: there was no more time, or they were not to be had.
    pub remaining: bool,
}

/// Deletes all that is held of a customer. What was begun for them before connects nothing any more. Once nothing is left,
/// an event says so.
pub async fn erase_customer(
    deps: &Arc<Deps>,
    workspace: &WorkspaceKey,
    customer: &CustomerId,
    deadline: Deadline,
) -> Result<Erasure> {
    let mut work = Work {
        deps,
        workspace,
        customer,
        deadline,
        at: deps.clock.now(),
        marked: HashSet::new(),
        seen: HashSet::new(),
        erasure: Erasure::default(),
    };
    let integrations = deps.store.list_integrations(workspace).await?;
    let integrations = integrations.iter().map(|stored| integration_id(workspace, &stored.key));
    // The slots are read with their marks, so they hold each live connection. The lists may be a moment behind.
    let live = work.mark(integrations).await?;
    work.erase(live).await;
    while work.pass().await? {}
    deps.store.erase_profile(workspace, customer).await?;
    work.erasure.remaining |= !deps.store.forget_attempts(workspace, customer, deadline.provider()).await?;
    work.erasure.remaining |= !deps.store.forget_requests(workspace, customer, deadline.provider()).await?;
    if !work.erasure.remaining {
        deps.store.tell_erased(workspace, customer).await?;
    }
    Ok(work.erasure)
}

struct Work<'a> {
    deps: &'a Arc<Deps>,
    workspace: &'a WorkspaceKey,
    customer: &'a CustomerId,
    deadline: Deadline,
    /// The time of the erasure.
    at: Timestamp,
    /// The integrations whose slots are marked.
    marked: HashSet<IntegrationId>,
    /// The connections that were taken up.
    seen: HashSet<ConnectionId>,
    erasure: Erasure,
}

impl Work<'_> {
    /// Erases what the lists have. Returns true if that was something new, and there is time to look again.
    async fn pass(&mut self) -> Result<bool> {
        let seen = self.seen.len();
        let listed = self.deps.store.connections_of(self.workspace, self.customer).await?;
        // Their integrations may no longer be defined.
        self.mark(listed.iter().map(|(_, integration)| integration.clone())).await?;
        self.erase(listed.into_iter().map(|(id, _)| id).collect()).await;
        let (is_new, is_late) = (self.seen.len() > seen, self.is_late());
        self.erasure.remaining |= is_new && is_late;
        Ok(is_new && !is_late)
    }

    /// Marks the customer's slots. Returns the live connections in them.
    async fn mark(&mut self, integrations: impl Iterator<Item = IntegrationId>) -> Result<Vec<ConnectionId>> {
        let mut live = Vec::new();
        let mut tasks = Tasks::default();
        for integration in integrations {
            if !self.marked.insert(integration.clone()) {
                continue;
            }
            let (deps, at) = (Arc::clone(self.deps), self.at);
            let (workspace, customer) = (self.workspace.clone(), self.customer.clone());
            let work = async move { deps.store.mark_erased(&workspace, &customer, &integration, at).await };
            live.extend(tasks.begin(work).await);
        }
        live.extend(tasks.rest().await);
        live.into_iter().collect::<Result<Vec<_>>>().map(|live| live.concat())
    }

    /// Erases those that were not taken up yet, as long as there is time. First all leave the live ones: then none of them
    /// keeps another's grant from being revoked.
    async fn erase(&mut self, ids: Vec<ConnectionId>) {
        let new: Vec<ConnectionId> = ids.into_iter().filter(|id| self.seen.insert(id.clone())).collect();
        // What cannot be taken out is not erased either, and counted there.
        let _ = self.each(&new, taken_out).await;
        for ended in self.each(&new, erased).await {
            self.erasure.count(ended);
        }
    }

    /// Does the same with each of them that is still there, as long as there is time.
    async fn each<T, F>(
        &mut self,
        ids: &[ConnectionId],
        work: impl Fn(Arc<Deps>, Connection, Deadline) -> F + Copy + Send + 'static,
    ) -> Vec<Result<Option<T>>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut ended = Vec::new();
        let mut tasks = Tasks::default();
        for id in ids {
            if self.is_late() {
                self.erasure.remaining = true;
                break;
            }
            let (deps, id, deadline) = (Arc::clone(self.deps), id.clone(), self.deadline);
            let work = Box::pin(async move {
                match deps.store.read_connection(&id).await? {
                    Some(connection) => work(deps, connection, deadline).await.map(Some),
                    None => Ok(None),
                }
            });
            ended.extend(tasks.begin(work).await);
        }
        ended.extend(tasks.rest().await);
        ended
    }

    /// True if nothing new is begun: what waits for a refresh or for a provider must end in time.
    fn is_late(&self) -> bool {
        self.deps.clock.now() >= self.deadline.provider()
    }
}

async fn taken_out(deps: Arc<Deps>, connection: Connection, deadline: Deadline) -> Result<bool> {
    if connection.archived_at.is_some() {
        return Ok(false);
    }
    take_out(&deps, connection, deadline.leaving(REST)).await
}

async fn erased(deps: Arc<Deps>, connection: Connection, deadline: Deadline) -> Result<AtProvider> {
    erase(&deps, connection, deadline).await
}

impl Erasure {
    fn count(&mut self, ended: Result<Option<AtProvider>>) {
        match ended {
            Ok(Some(at_provider)) => {
                self.erased += 1;
                self.revoked += u32::from(at_provider == AtProvider::Revoked);
                self.not_revoked += u32::from(at_provider == AtProvider::NotRevoked);
            }
            // It is gone already.
            Ok(None) => {}
            Err(error) => {
                error.note("a connection was not erased");
                self.remaining = true;
            }
        }
    }
}

/// Tasks of one kind, some at once.
struct Tasks<T>(JoinSet<Result<T>>);

impl<T> Default for Tasks<T> {
    fn default() -> Self {
        Self(JoinSet::new())
    }
}

impl<T: Send + 'static> Tasks<T> {
    /// Begins one once there is room, and returns what has ended meanwhile.
    async fn begin(&mut self, work: impl Future<Output = Result<T>> + Send + 'static) -> Option<Result<T>> {
        let ended = if self.0.len() < AT_ONCE { None } else { self.one_ends().await };
        self.0.spawn(record::carried(work));
        ended
    }

    /// Waits for all that have begun.
    async fn rest(mut self) -> Vec<Result<T>> {
        let mut ended = Vec::new();
        while let Some(one) = self.one_ends().await {
            ended.push(one);
        }
        ended
    }

    async fn one_ends(&mut self) -> Option<Result<T>> {
        let ended = self.0.join_next().await?;
        Some(ended.map_err(|error| Error::internal("an erasure broke down").caused_by(error)).flatten())
    }
}
