//! Imports credentials that the caller already holds: without a flow, and without a provider's page.

use protocol::clock::Timestamp;
use protocol::deadline::Deadline;
use protocol::definition::input;
use protocol::definition::{AfterConnect, AuthMethod, AuthOption, BoundValues, Registration};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionKey, CustomerId, IntegrationId, WorkspaceKey};
use protocol::provider::client_credentials;
use protocol::provider::failure::CallError;
use protocol::provider::maker::Maker;
use protocol::record;
use protocol::secret::SecretMap;
use serde_json::Value;

use super::connect::{Issued, Progress, connect, connection_key};
use super::registration;
use crate::connection::{ConnectRequest, Connection, Notes};
use crate::context::outcome::Outcome;
use crate::deps::Deps;

/// A connection to import.
pub struct Import {
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer's id.
    pub customer: CustomerId,
    /// The integration's id.
    pub integration: IntegrationId,
    /// The key of the auth option; the default one if it is not given.
    pub auth_option_key: Option<String>,
    /// The key for the connection, if one was given.
    pub key: Option<ConnectionKey>,
    /// The name for the connection, if one was given.
    pub name: Option<String>,
    /// What is noted beside it.
    pub notes: Notes,
    /// The credentials.
    pub credentials: Option<SecretMap>,
    /// The parameters that the customer would enter, and the request's field that held them.
    pub parameters: (SecretMap, &'static str),
    /// The connector parameters.
    pub connector_parameters: SecretMap,
    /// True if the customer's other connections stay.
    pub allow_multiple_connections: bool,
    /// True if the workspace sends them with a management token; false for a customer.
    pub by_admin: bool,
    /// The time at which the credentials expire.
    pub expires_at: Option<Timestamp>,
}

/// Proves the given credentials, and saves the connection.
pub async fn import(deps: &Deps, given: Import, deadline: Deadline) -> Result<Connection> {
    let begun_at = deps.clock.now();
    let workspace = deps.definitions.workspace(&given.workspace).await?;
    let integration = deps.definitions.integration(&given.workspace, &given.integration).await?;
    let option = integration.auth_option(given.auth_option_key.as_deref())?;
    let registration = registration::of_option(deps, &integration, option).await?;
    if registration.borrowed().is_some() {
        return Err(borrowed("authOptionKey"));
    }
    let registration = registration::opened(deps, registration).await?;
    let (mut parameters, parameters_field) = given.parameters;
    let credentials = given.credentials.map(|credentials| with_defaults(&registration, option, credentials));
    if let Some(credentials) = &credentials {
        // A provider's address may come from the credentials, and the workspace's own secret is sent to it.
        if !given.by_admin && !option.method.is_entered() {
            let message = "credentials needs a management token (isAdmin, and no customer) for this option.";
            return Err(Error::new(ErrorKey::AccessDenied, message).field("credentials"));
        }
        check(&registration, option, credentials)?;
        // For these options, the credentials are the customer's parameters.
        if parameters.is_empty() && option.method.is_entered() {
            parameters = credentials.clone();
        }
    }
    parameters = registration.with_defaults(option, &registration.normalized(option, &parameters));
    if let Some(violation) = registration.violations(option, &parameters)?.first() {
        return Err(input::refusal(violation, parameters_field));
    }
    let request = ConnectRequest {
        workspace: given.workspace,
        customer: given.customer,
        integration: integration.id.clone(),
        auth_option_key: option.key.clone(),
        borrowed: None,
        parameters,
        connector_parameters: given.connector_parameters,
        connection_id: None,
        connection_key: given.key,
        name: given.name,
        notes: given.notes,
        allow_multiple_connections: given.allow_multiple_connections,
        scopes: None,
        connection_request: None,
        begun_at,
        archived_credentials_days: workspace.archived_credentials_days,
    };
    let key = connection_key(deps, &request).await?;
    let mut credentials = match (credentials, &option.method) {
        (Some(credentials), _) => credentials,
        (None, method) if method.needs_no_page() => {
            issue(deps, request.values(&registration)?, deadline).await?
        }
        (None, _) => {
            let message =
                "credentials is missing: this option's are the service's answer to a customer's consent.";
            return Err(Error::new(ErrorKey::ParameterMissing, message).field("credentials"));
        }
    };
    if let Some(end) = given.expires_at {
        lasting_until(&mut credentials, option, end, deps.clock.now())?;
    }
    // A caller who gives all that the calls would bring has made them.
    let mut added = registration.option().after_connect.iter().flat_map(AfterConnect::names);
    let is_complete = added.all(|name| credentials.expose().contains_key(name));
    let at = deps.clock.now();
    let next_call = (!is_complete).then_some(0);
    // The address that is announced for such a connection's reconnection, as far as it is known without a request.
    let own = || deps.settings.public_url.as_ref().map(|url| format!("{url}{}", integration.callback_path()));
    let callback_uri = integration.o_auth_callback_uri.clone().or_else(own);
    let issued = Issued {
        registration: &registration,
        credentials,
        at,
        next_call,
        key: &key,
        callback_uri: callback_uri.as_deref(),
        flow: None,
    };
    match connect(deps, &request, issued, deadline).await?.without_asking()? {
        Outcome::Connected { connection_id } => deps
            .store
            .read_connection(&connection_id)
            .await?
            .ok_or_else(|| Error::internal("a new connection cannot be read")),
        Outcome::Failed(error) => Err(error),
        Outcome::Unconfirmed(_) => Err(Error::internal("an import that waits for an application")),
    }
}

/// Connects by what the customer entered, without a provider's page. The registration is open.
pub async fn connect_entered(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    deadline: Deadline,
) -> Result<Progress> {
    let values = request.values(registration)?;
    let key = connection_key(deps, request).await?;
    let credentials = issue(deps, values, deadline).await?;
    let at = deps.clock.now();
    let (next_call, callback_uri, flow) = (Some(0), None, None);
    let issued = Issued { registration, credentials, at, next_call, key: &key, callback_uri, flow };
    connect(deps, request, issued, deadline).await
}

/// Makes credentials from the customer's parameters: the parameters themselves, or the provider's answer to them.
pub async fn issue(deps: &Deps, bound: BoundValues<'_>, deadline: Deadline) -> Result<SecretMap, CallError> {
    let registration = bound.registration();
    let config = match &registration.option().method {
        AuthMethod::ClientCredentials(config) if config.is_exchanged() => config,
        method if method.is_entered() => return Ok(SecretMap::new(bound.parameters().clone())),
        _ => return Err(Error::internal("credentials that only a provider's page gives").into()),
    };
    record::step("exchange");
    let secrets = registration::issuing_secrets(deps, registration).await?;
    let calls = deps.calls(deadline.provider());
    client_credentials::credentials(&calls, config, &Maker::new(&calls, bound, &secrets)).await
}

/// Rejects credentials that an option of this type cannot have.
pub fn check(registration: &Registration, option: &AuthOption, credentials: &SecretMap) -> Result<()> {
    let Some(token) = token(option) else {
        return match &option.method {
            AuthMethod::Proxy(_) => Err(borrowed("credentials")),
            method if method.is_entered() => {
                let violations = registration.violations(option, credentials)?;
                violations.first().map_or(Ok(()), |first| Err(input::refusal(first, "credentials")))
            }
            _ => Ok(()),
        };
    };
    let given = credentials.expose().get(token).and_then(Value::as_str).unwrap_or_default();
    if given.is_empty() {
        return Err(Error::malformed(&format!("credentials.{token}"), "must be a string that is not empty"));
    }
    if let AuthMethod::OAuth2(config) = &option.method
        && let Some(name) = config.callback_parameters.first_unknown(credentials.expose())
    {
        let message = format!("credentials.{name} has a value that this integration does not know.");
        return Err(Error::new(ErrorKey::InputInvalid, message).field(format!("credentials.{name}")));
    }
    Ok(())
}

/// Brings credentials that are the customer's parameters themselves into the schema's form, with its defaults.
pub(super) fn with_defaults(
    registration: &Registration,
    option: &AuthOption,
    credentials: SecretMap,
) -> SecretMap {
    if option.method.is_entered() {
        registration.with_defaults(option, &registration.normalized(option, &credentials))
    } else {
        credentials
    }
}

/// Returns the name of the token without which an option of this type has no credentials.
pub(super) fn token(option: &AuthOption) -> Option<&'static str> {
    match &option.method {
        method if method.is_entered() => None,
        AuthMethod::OAuth2(_) => Some("access_token"),
        AuthMethod::OAuth1(_) => Some("oauth_token"),
        AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => None,
    }
}

/// Adds the expiry to the credentials, as a token response does (RFC 6749 §5.1).
fn lasting_until(
    credentials: &mut SecretMap,
    option: &AuthOption,
    end: Timestamp,
    now: Timestamp,
) -> Result<()> {
    if option.method.is_entered() || matches!(option.method, AuthMethod::OAuth1(_)) {
        return Err(Error::malformed(
            "expiresAt",
            "is for tokens; this option's credentials last until they are revoked",
        ));
    }
    if end <= now {
        return Err(Error::malformed("expiresAt", "is over"));
    }
    credentials.insert("expires_in", end.since(now).as_secs().into());
    Ok(())
}

/// Returns the error for credentials of a borrowed registration: only the customer can bring them.
#[must_use]
pub fn borrowed(field: &'static str) -> Error {
    let message =
        "This option uses another workspace's registration: only the customer can bring credentials for it.";
    Error::new(ErrorKey::AccessDenied, message).field(field)
}
