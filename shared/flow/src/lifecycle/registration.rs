//! Finds the registration of an option, a flow or a connection, and its secrets.

use std::sync::Arc;

use protocol::definition::{
    AuthMethod, AuthOption, Borrowed, Integration, OptionSecrets, Owner, Registration, integration_id_of,
};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{IntegrationId, WorkspaceKey};
use protocol::record::About;

use crate::connection::{ConnectRequest, Connection};
use crate::deps::Deps;

/// Returns the registration of an option of `integration`: its own one, or the shared one that it names. It is not
/// [`opened`].
pub async fn of_option(
    deps: &Deps,
    integration: &Arc<Integration>,
    option: &AuthOption,
) -> Result<Registration> {
    let AuthMethod::Proxy(proxy) = &option.method else {
        return Registration::new(integration, &option.key, Owner::Own);
    };
    let named = integration_id_of(root(deps)?, &proxy.proxy_key);
    let shared = shared(deps, integration, &named).await.map_err(|error| match error.key() {
        ErrorKey::NotFound => not_shared(),
        _ => error,
    })?;
    let default = shared.auth_option(None)?;
    if matches!(default.method, AuthMethod::Proxy(_)) {
        return Err(not_shared());
    }
    Registration::new(&shared, &default.key, Owner::Lender)
}

/// Returns the registration that a flow or a connection was made with, even if its option is no longer enabled.
pub async fn recorded(
    deps: &Deps,
    integration: &Arc<Integration>,
    option: &str,
    borrowed: Option<&Borrowed>,
) -> Result<Registration> {
    let registration = match borrowed {
        None => Registration::new(integration, option, Owner::Own),
        Some(Borrowed { integration: lent, option }) => {
            Registration::new(&shared(deps, integration, lent).await?, option, Owner::Lender)
        }
    };
    opened(deps, registration?).await
}

/// Returns the registration with the team's sealed values for its templates, if they name any. The templates of an
/// authorization request have none: every browser would see them.
pub async fn opened(deps: &Deps, registration: Registration) -> Result<Registration> {
    if !registration.option().names_sealed_parameters() {
        return Ok(registration);
    }
    let secrets = deps.definitions.option_secrets(&registration.integration).await?;
    Ok(registration.opened(&secrets))
}

/// Returns the registration that a flow was begun with. An option that was turned off since must not connect anybody.
pub async fn of_flow(deps: &Deps, request: &ConnectRequest) -> Result<Registration> {
    let integration = deps.definitions.integration(&request.workspace, &request.integration).await?;
    About::Integration.note(&integration.key);
    integration.auth_option(Some(&request.auth_option_key))?;
    recorded(deps, &integration, &request.auth_option_key, request.borrowed.as_ref()).await
}

/// Returns the registration that a connection was made with.
pub async fn of_connection(deps: &Deps, connection: &Connection) -> Result<Registration> {
    let Connection { workspace, integration, record, .. } = connection;
    let integration = deps.definitions.integration(workspace, integration).await?;
    About::Integration.note(&integration.key);
    recorded(deps, &integration, &record.auth_option_key, record.borrowed.as_ref()).await
}

/// Returns the workspace whose integrations can be shared.
fn root(deps: &Deps) -> Result<&WorkspaceKey> {
    deps.settings.root_key.as_ref().ok_or_else(not_shared)
}

/// Returns the root workspace's integration with this id, if it is shared with the workspace of `borrower`.
async fn shared(deps: &Deps, borrower: &Integration, id: &IntegrationId) -> Result<Arc<Integration>> {
    let shared = deps.definitions.integration(root(deps)?, id).await?;
    if shared.is_shared_with(&borrower.workspace) { Ok(shared) } else { Err(not_shared()) }
}

/// Returns the secrets for signing API requests: OAuth 1.0 needs them, and whatever the option's own key signs.
pub async fn signing_secrets(deps: &Deps, registration: &Registration) -> Result<OptionSecrets> {
    let option = registration.option();
    let is_signed = matches!(option.method, AuthMethod::OAuth1(_)) || option.own_key_signs_calls();
    secrets_if(is_signed, deps, registration).await
}

/// Returns the secrets for sending the browser to the provider.
pub async fn authorizing_secrets(deps: &Deps, registration: &Registration) -> Result<OptionSecrets> {
    secrets_if(registration.option().own_key_signs_authorization(), deps, registration).await
}

/// Returns the secrets for requesting new credentials.
pub async fn issuing_secrets(deps: &Deps, registration: &Registration) -> Result<OptionSecrets> {
    let option = registration.option();
    let needs_none = matches!(&option.method, AuthMethod::ClientCredentials(config) if !config.has_own_client())
        && !option.own_key_signs_requests();
    secrets_if(!needs_none, deps, registration).await
}

/// Opens the secrets only if there is a use for them.
async fn secrets_if(is_needed: bool, deps: &Deps, registration: &Registration) -> Result<OptionSecrets> {
    if is_needed {
        deps.definitions.option_secrets(&registration.integration).await
    } else {
        Ok(OptionSecrets::default())
    }
}

/// Returns the error for an integration that does not exist, and for one that is not shared. Callers cannot tell the
/// two apart.
fn not_shared() -> Error {
    let message = "The integration that proxyKey names is not shared with this workspace.";
    Error::new(ErrorKey::ConfigurationInvalid, message).field("proxyKey")
}
