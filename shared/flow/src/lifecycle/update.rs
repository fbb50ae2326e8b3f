//! Updates a connection with what a caller sends.

use std::sync::Arc;

use protocol::deadline::Deadline;
use protocol::definition::AuthOption;
use protocol::definition::input;
use protocol::error::{Error, Result};
use protocol::record;
use protocol::secret::SecretMap;
use serde_json::Value;

use super::refresh::Renewal;
use super::{connect, import, refresh, registration};
use crate::connection::{
    Connection, ConnectionSecrets, Notes, Precondition, connection_context, connection_not_found,
    precondition_required,
};
use crate::deps::Deps;
use crate::store::{ConnectionUpdate, Lease, NewSecrets, Written};

/// The parts of a connection to change; the others stay. An object replaces the old one as a whole; only credentials
/// without their token are put beside the old ones.
#[derive(Default)]
pub struct Changes {
    /// The name for people to read.
    pub name: Option<String>,
    /// What is noted beside it.
    pub notes: Notes,
    /// The parameters that the customer entered, and the request's field that held them.
    pub parameters: Option<(SecretMap, &'static str)>,
    /// The connector parameters.
    pub connector_parameters: Option<SecretMap>,
    /// The credentials.
    pub credentials: Option<SecretMap>,
    /// The condition for the change, if there is one.
    pub precondition: Option<Precondition>,
}

impl Changes {
    /// True if nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.notes.is_empty() && self.sealed_field().is_none()
    }

    /// Returns the name of a sealed field that changes, if one does.
    #[must_use]
    pub fn sealed_field(&self) -> Option<&'static str> {
        let parameters = self.parameters.as_ref().map(|(_, field)| *field);
        let connector_parameters = self.connector_parameters.as_ref().map(|_| "connectorParameters");
        parameters.or(connector_parameters).or(self.credentials.as_ref().map(|_| "credentials"))
    }
}

impl Changes {
    /// Rejects new credentials and parameters for a connection of a borrowed registration: only the customer can bring
    /// them.
    fn check_allowed(&self, connection: &Connection) -> Result<()> {
        match self {
            _ if connection.record.borrowed.is_none() => Ok(()),
            Self { credentials: Some(_), .. } => Err(import::borrowed("credentials")),
            Self { parameters: Some((_, field)), .. } => Err(import::borrowed(field)),
            _ => Ok(()),
        }
    }
}

/// Updates a live connection. New credentials are proved first.
pub async fn update(
    deps: &Arc<Deps>,
    mut connection: Connection,
    changes: Changes,
    deadline: Deadline,
) -> Result<Connection> {
    if connection.archived_at.is_some() {
        return Err(connection_not_found());
    }
    changes.check_allowed(&connection)?;
    let precondition = changes.precondition.as_ref();
    if let Some(precondition) = precondition {
        precondition.check(&connection)?;
    }
    if changes.is_empty() {
        return Ok(connection);
    }
    if changes.sealed_field().is_none() {
        let (name, notes) = (changes.name.as_deref(), &changes.notes);
        let update = ConnectionUpdate { name, notes, secrets: None, precondition };
        return match deps.store.update_connection(&mut connection, &update).await? {
            Written::Done => Ok(connection),
            Written::Changed(_) => Err(connection_not_found()),
        };
    }
    // The caller may hang up at any time. A task of its own finishes the work under the lease all the same.
    let deps = Arc::clone(deps);
    let work = async move { under_lease(&deps, connection, &changes, deadline).await };
    tokio::spawn(record::carried(work))
        .await
        .map_err(|error| Error::internal("an update broke down").caused_by(error))?
}

/// Updates the secrets under the lease: after a refresh that is under way, and with none beginning meanwhile. So
/// neither loses the other's work.
async fn under_lease(
    deps: &Deps,
    mut connection: Connection,
    changes: &Changes,
    deadline: Deadline,
) -> Result<Connection> {
    loop {
        let lease = refresh::leased(deps, connection, deadline).await?;
        let (changed, renewed) = match changed(deps, &lease, changes, deadline).await {
            Ok(changed) => changed,
            Err(error) => {
                refresh::release(deps, &lease).await;
                return Err(error);
            }
        };
        let mut before = lease.connection.clone();
        let secrets = NewSecrets { lease: &lease, connection: &changed, renewed };
        let update = ConnectionUpdate {
            name: changes.name.as_deref(),
            notes: &changes.notes,
            secrets: Some(secrets),
            precondition: changes.precondition.as_ref(),
        };
        let written = match deps.store.update_connection(&mut before, &update).await {
            Ok(written) => written,
            Err(error) => {
                refresh::release(deps, &lease).await;
                return Err(error);
            }
        };
        match written {
            Written::Done => return Ok(before),
            // The customer reconnected meanwhile. A reconnection waits for no lease.
            Written::Changed(Some(found)) if found.archived_at.is_none() => connection = *found,
            Written::Changed(_) => return Err(connection_not_found()),
        }
    }
}

/// Returns the leased connection with its secrets changed, and true if its credentials are new.
async fn changed(
    deps: &Deps,
    lease: &Lease,
    changes: &Changes,
    deadline: Deadline,
) -> Result<(Connection, bool)> {
    let before = &lease.connection;
    // The customer may have reconnected with another option while this request waited for the lease.
    changes.check_allowed(before)?;
    if let Some(precondition) = &changes.precondition {
        precondition.check(before)?;
    }
    let registration = registration::of_connection(deps, before).await?;
    let option = registration.option();
    let mut secrets = ConnectionSecrets::open(deps, before, &registration).await?;
    let Connection { workspace, customer, id, .. } = before;
    let key = deps.sealer.prepare(connection_context(workspace)).await?;
    if let Some(parameters) = &changes.connector_parameters {
        secrets.held.connector_parameters = parameters.clone();
    }
    if let Some((parameters, field)) = &changes.parameters {
        let parameters = registration.with_defaults(option, &registration.normalized(option, parameters));
        if let Some(violation) = registration.violations(option, &parameters)?.first() {
            return Err(input::refusal(violation, field));
        }
        secrets.held.parameters = parameters;
    }
    let given = changes.credentials.as_ref().map(|given| beside(option, &secrets.held.credentials, given));
    let given = given.map(|given| import::with_defaults(&registration, option, given));
    if let Some(given) = &given
        && changes.precondition.is_none()
    {
        check_nothing_newer(option, before, &secrets.held.credentials, given)?;
    }
    let credentials = match (&given, &option.method) {
        (Some(credentials), _) => {
            import::check(&registration, option, credentials)?;
            // For these options, the credentials are the customer's parameters.
            if option.method.is_entered() {
                secrets.held.parameters = credentials.clone();
            }
            Some(credentials.clone())
        }
        (None, method) if method.needs_no_page() && changes.parameters.is_some() => {
            Some(import::issue(deps, secrets.values(&registration)?, deadline).await?)
        }
        _ => None,
    };
    let mut health = before.health.clone();
    let mut renewed = false;
    if let Some(credentials) = credentials {
        renewed = !has_same_tokens(&secrets.held.credentials, &credentials);
        secrets.held.credentials = credentials;
        connect::prove(deps, &registration, &secrets, deadline).await?;
        // Tokens that were there before end when they ended before.
        if renewed || before.health.disconnected {
            health =
                refresh::health(option, &secrets.held.credentials, deps.clock.now(), before.last_active_at);
        }
    }
    let sealed = secrets.seal(&key, workspace, customer, id)?;
    Ok((Connection { sealed, health, version: before.version + 1, ..before.clone() }, renewed))
}

/// What is renewed by its refresh token, or ends.
const TOKENS: [&str; 4] = ["access_token", "refresh_token", "expires_in", "oauth_token"];

fn has_same_tokens(before: &SecretMap, given: &SecretMap) -> bool {
    let has_any = TOKENS.iter().any(|name| given.expose().contains_key(*name));
    has_any && TOKENS.iter().all(|name| before.expose().get(*name) == given.expose().get(*name))
}

/// Returns given credentials without their token beside those that are stored. With their token they stand alone: they
/// may be another account's. A field that is null is taken away.
fn beside(option: &AuthOption, before: &SecretMap, given: &SecretMap) -> SecretMap {
    let Some(token) = import::token(option) else { return given.clone() };
    if given.is_empty() || given.expose().contains_key(token) || !before.expose().contains_key(token) {
        return given.clone();
    }
    let mut fields = before.expose().clone();
    for (name, value) in given.expose() {
        match value {
            Value::Null => fields.remove(name),
            value => fields.insert(name.clone(), value.clone()),
        };
    }
    SecretMap::new(fields)
}

/// Rejects tokens in the place of others that a refresh has brought, and that their author may not have read: they may
/// be what the provider no longer accepts.
fn check_nothing_newer(
    option: &AuthOption,
    connection: &Connection,
    before: &SecretMap,
    given: &SecretMap,
) -> Result<()> {
    let is_rotated = connection.is_connected()
        && connection.health.renewed
        && matches!(Renewal::of(option, before), Some(Renewal::RefreshToken { .. }));
    if is_rotated && !has_same_tokens(before, given) {
        return Err(precondition_required("credentials"));
    }
    Ok(())
}
