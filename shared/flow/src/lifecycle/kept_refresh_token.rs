//! A refresh token that outlives a new sign-in.
//!
//! Some providers issue a refresh token only with the first consent. When the same customer signs in again, the new
//! credentials have none, and the stored one still works. It is kept if it is known to be of the same account.

use protocol::deadline::Deadline;
use protocol::definition::{AuthMethod, Registration};
use protocol::error::{Result, reported};
use protocol::provider::oauth2::id_token::{Subject, subject};
use serde_json::{Map, Value};

use super::refresh::{self, Renewal};
use super::replaced::replaced;
use crate::connection::{ConnectRequest, Connection, ConnectionSecrets};
use crate::deps::Deps;
use crate::store::Lease;

const NAME: &str = "refresh_token";

/// Adds the stored refresh token to new credentials that came without one: that of `reconnected`, or of a connection
/// that the new one replaces. Returns the lease on that connection. While it lasts, nobody exchanges the token for
/// another one.
pub(super) async fn keep(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    secrets: &mut ConnectionSecrets,
    reconnected: Option<&Connection>,
    deadline: Deadline,
) -> Option<Box<Lease>> {
    let is_missing = match &registration.option().method {
        AuthMethod::OAuth2(config) => {
            !config.no_refresh_token
                && Renewal::of(registration.option(), &secrets.held.credentials).is_none()
        }
        _ => false,
    };
    if !is_missing {
        return None;
    }
    let owner =
        reported(Owner::of(registration, secrets), "the account was not read").filter(Owner::is_known)?;
    let kept = async {
        let before = match reconnected {
            Some(before) => vec![before.clone()],
            None if request.allow_multiple_connections => Vec::new(),
            None => replaced(deps, request).await?,
        };
        for before in before {
            if of_same_account(deps, registration, &owner, &before).await?.is_none() {
                continue;
            }
            // It is read once more under the lease: a refresh may have replaced it.
            let lease = refresh::leased(deps, before, deadline).await?;
            match of_same_account(deps, registration, &owner, &lease.connection).await {
                Ok(Some(token)) => {
                    secrets.held.credentials.insert(NAME, token);
                    return Ok(Some(lease));
                }
                other => {
                    refresh::release(deps, &lease).await;
                    other?;
                }
            }
        }
        Ok(None)
    };
    // Without it the connection works too, and says that it ends with its token.
    reported(kept.await, "a stored refresh token was not kept").flatten()
}

/// Returns the refresh token of a connection, if it was issued to the same registration and for the same account, and
/// the provider has not refused it.
async fn of_same_account(
    deps: &Deps,
    registration: &Registration,
    owner: &Owner,
    before: &Connection,
) -> Result<Option<Value>> {
    if !before.is_connected() || before.registration_id() != registration.id() {
        return Ok(None);
    }
    let old = ConnectionSecrets::open(deps, before, registration).await?;
    let credentials = &old.held.credentials;
    if !owner.is(&Owner::of(registration, &old)?) || Renewal::of(registration.option(), credentials).is_none()
    {
        return Ok(None);
    }
    Ok(credentials.expose().get(NAME).cloned())
}

/// Whose credentials these are.
struct Owner {
    /// The subject of the ID token.
    subject: Option<Subject>,
    /// The account by its id.
    account: Option<AccountAt>,
}

/// An account by its id. The same id may stand for another account elsewhere: so everything that could lead to another
/// server is a part of it.
#[derive(PartialEq)]
struct AccountAt {
    id: String,
    /// What the customer entered.
    parameters: Map<String, Value>,
    /// What came with the callback.
    kept: Vec<Option<Value>>,
}

impl Owner {
    fn of(registration: &Registration, secrets: &ConnectionSecrets) -> Result<Self> {
        let credentials = secrets.held.credentials.expose();
        let option = registration.option();
        let values = secrets.values(registration)?;
        let id = option.proof_of_account().and_then(|id| values.text(id)).filter(|id| !id.trim().is_empty());
        let account = id.map(|id| AccountAt {
            id,
            parameters: secrets.held.parameters.expose().clone(),
            kept: option.kept_parameters().into_iter().map(|name| credentials.get(name).cloned()).collect(),
        });
        Ok(Self { subject: subject(credentials), account })
    }

    fn is_known(&self) -> bool {
        self.subject.is_some() || self.account.is_some()
    }

    /// True if both are the same. Where both have an ID token, that decides.
    fn is(&self, other: &Self) -> bool {
        match (&self.subject, &other.subject) {
            (Some(one), Some(other)) => one == other,
            _ => self.account.is_some() && self.account == other.account,
        }
    }
}
