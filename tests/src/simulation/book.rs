//! What callers were told and what sandboxes wrote: what the invariants are about, besides the tables.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use protocol::deadline::LEASE;
use tokio::time::Instant;

use super::authority::Rotation;
use super::life::Life;
use crate::wire::AwsRequest;

/// A try to write a connection.
struct Try {
    sandbox: u64,
    connection: String,
    at: Instant,
    /// It was carried out, and took effect.
    is_written: bool,
}

/// Why a refresh token was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The provider's answer did not arrive.
    Unheard,
    /// Whoever asked was killed before the save.
    Killed,
    /// The database took no save.
    Unsaved,
    /// There is no reason that is documented.
    Without,
}

/// What callers and sandboxes have seen.
#[derive(Default)]
pub(super) struct Book {
    tries: Mutex<Vec<Try>>,
    /// The largest number of an access token that a caller was given, by connection.
    seen: Mutex<BTreeMap<String, u64>>,
    /// Which connection has which grant, and the number of events before a caller saw that.
    owners: Mutex<BTreeMap<usize, (String, usize)>>,
}

impl Book {
    fn add(&self, life: &Life, request: &AwsRequest, is_written: bool) {
        if request.operation == "UpdateItem" && request.body["TableName"] == "connections" {
            let connection = request.body["Key"]["pk"]["S"].as_str().unwrap_or_default().to_owned();
            let saves =
                request.body["UpdateExpression"].as_str().is_some_and(|update| update.contains("endedBy"));
            if saves {
                let (sandbox, at) = (life.number, Instant::now());
                self.tries.lock().unwrap().push(Try { sandbox, connection, at, is_written });
            }
        }
    }

    /// Notes a write that was carried out.
    pub(super) fn note_write(&self, life: &Life, request: &AwsRequest, status: u16) {
        self.add(life, request, status == 200);
    }

    /// Notes a request that something goes wrong with.
    pub(super) fn note_trouble(&self, life: &Life, request: &AwsRequest) {
        self.add(life, request, false);
    }

    /// The largest number of an access token of this connection that a caller has been given.
    pub(super) fn newest(&self, connection: &str) -> u64 {
        self.seen.lock().unwrap().get(connection).copied().unwrap_or_default()
    }

    /// A caller was given this access token of a connection.
    pub(super) fn saw(&self, connection: &str, (family, issue): (usize, u64), position: usize) {
        let mut seen = self.seen.lock().unwrap();
        let newest = seen.entry(connection.to_owned()).or_default();
        *newest = issue.max(*newest);
        self.owners.lock().unwrap().insert(family, (connection.to_owned(), position));
    }

    /// The connection that was seen to have this grant, and the number of events before.
    pub(super) fn owner(&self, family: usize) -> Option<(String, usize)> {
        self.owners.lock().unwrap().get(&family).cloned()
    }

    /// Why what this rotation brought is not in its connection.
    pub(super) fn lost(&self, rotation: &Rotation, connection: &str) -> Lost {
        if rotation.by.died_within(rotation.at, LEASE) {
            return Lost::Killed;
        }
        if !rotation.was_heard {
            return Lost::Unheard;
        }
        let tries = self.tries.lock().unwrap();
        let mut of_holder = tries.iter().filter(|tried| {
            let is_its = tried.sandbox == rotation.by.number && tried.connection == connection;
            is_its && tried.at >= rotation.at && tried.at < rotation.at + LEASE
        });
        let until = rotation.at + UNTIL;
        let gave_up_late = of_holder.clone().any(|tried| tried.at >= until);
        if of_holder.all(|tried| !tried.is_written) && gave_up_late { Lost::Unsaved } else { Lost::Without }
    }
}

/// A save is tried until the lease ends. The provider answers at most 22 s after it began, and a request that is not
/// answered takes up to 3 s.
const UNTIL: Duration = Duration::from_secs(45 - 22 - 4);
