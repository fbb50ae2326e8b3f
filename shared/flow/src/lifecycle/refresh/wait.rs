//! Waits for the lease on a connection.

use std::convert::Infallible;
use std::time::Duration;

use crate::connection::{Connection, connection_not_found};
use crate::deps::Deps;
use crate::store::{Lease, Leasing};
use protocol::backoff::Backoff;
use protocol::deadline::{Deadline, LEASE};
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::random::draw_id;

/// The shortest and the longest pause between two reads of the connection.
const PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_millis(1600);

/// The result of waiting.
pub(super) enum Waited<T> {
    /// The lease, and the deadline for its holder's work.
    Leased(Box<Lease>, Deadline),
    /// An answer that another request's work has brought.
    Answered(T),
}

/// Waits until nobody holds the lease, and takes it; or until the connection, as found meanwhile, is an answer already.
/// It gives up at `deadline`, when its caller no longer waits either.
pub(super) async fn wait<T>(
    deps: &Deps,
    mut found: Connection,
    deadline: Deadline,
    answered: impl Fn(&Connection) -> Option<T>,
) -> Result<Waited<T>> {
    let holder = draw_id(&*deps.random);
    let mut backoff = Backoff::new(&*deps.clock, &*deps.random, PAUSE, deadline.lease_wait());
    let mut held_until = None;
    loop {
        if let Some(answer) = answered(&found) {
            return Ok(Waited::Answered(answer));
        }
        let now = deps.clock.now();
        if held_until.is_none_or(|(turn, until)| turn < found.turn || until < now) {
            match deps.store.lease(&found, &holder, now + LEASE).await? {
                Leasing::Taken(lease) => return Ok(Waited::Leased(lease, Deadline::began(now))),
                Leasing::Held { turn, until } => held_until = Some((turn, until)),
                Leasing::Changed => {}
            }
        }
        backoff.wait().await.ok_or_else(held)?;
        let read = deps.store.read_connection(&found.id).await?;
        found = read.filter(|read| read.archived_at.is_none()).ok_or_else(connection_not_found)?;
    }
}

/// The pause before the next try, in seconds: the refresh is about to end.
const ASK_AGAIN: u64 = 2;

pub(super) fn held() -> Error {
    Error::new(ErrorKey::LockTimeout, "This connection is being refreshed. Please try again.")
        .with("retryAfter", ASK_AGAIN)
}

/// Takes the lease for another kind of work, once no refresh is under way.
pub(crate) async fn leased(deps: &Deps, connection: Connection, deadline: Deadline) -> Result<Box<Lease>> {
    match wait(deps, connection, deadline, |_| None::<Infallible>).await? {
        Waited::Leased(lease, _) => Ok(lease),
        Waited::Answered(never) => match never {},
    }
}

/// Releases the lease and changes nothing. If that fails, the lease expires by itself.
pub(crate) async fn release(deps: &Deps, lease: &Lease) {
    reported(deps.store.release_lease(lease, &lease.connection).await, "a lease was not ended");
}
