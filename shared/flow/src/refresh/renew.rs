//! New credentials from the provider.

use serde_json::{Map, Value};

use crate::app::App;
use crate::client_credentials;
use crate::clock::Timestamp;
use crate::connect::time_left;
use crate::connection::ConnectionSecrets;
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::oauth2::token_request::TokenEndpoint;
use crate::secret::SecretMap;

use super::lifetime::Renewal;

/// Why there are no new credentials.
pub(super) enum Refused {
    /// The provider said, by a word that means it, that there will be none: only the customer can bring new ones.
    ForGood(Error),
    /// It may work later.
    ForNow(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::ForNow(error)
    }
}

/// Asks the provider for new credentials. `since` is when the work began.
pub(super) async fn renew(
    deps: &Deps,
    app: &App,
    renewal: Renewal<'_>,
    secrets: &ConnectionSecrets,
    since: Timestamp,
) -> Result<SecretMap, Refused> {
    match renewal {
        Renewal::RefreshToken { config, token } => {
            let option_secrets = deps.definitions.option_secrets(&app.integration).await?;
            let address = config.refresh_uri.as_ref().unwrap_or(&config.token_uri);
            let endpoint = TokenEndpoint {
                url: address.render_url(&secrets.values(), deps.settings.loopback)?,
                client_id: &config.client_id,
                client_secret: option_secrets.get(&app.option().key, "clientSecret"),
                authentication: config.client_auth_location,
                body_format: config.body_format,
                provider: &*deps.provider,
                limit: time_left(deps, since)?,
            };
            let response = endpoint.refresh(token, &config.refresh_refusals).await.map_err(refused)?;
            Ok(merged(&secrets.credentials, response.into_fields()))
        }
        Renewal::Exchange(config) => {
            let values = secrets.values();
            client_credentials::credentials(deps, app, &values, config, since).await.map_err(refused_exchange)
        }
    }
}

fn refused(error: Error) -> Refused {
    match error.key() {
        ErrorKey::AccessTokenExpired => Refused::ForGood(error),
        _ => Refused::ForNow(error),
    }
}

/// What once worked is refused for good by the words that mean it (RFC 6749 §5.2, RFC 9110 §15.5.2); anything else may be
/// the service's own trouble.
fn refused_exchange(error: Error) -> Refused {
    let is_definite = match (error.data().get("providerError"), error.data().get("status")) {
        (Some(code), _) => {
            matches!(code.as_str(), Some("invalid_client" | "unauthorized_client" | "invalid_grant"))
        }
        (None, status) => status.and_then(Value::as_u64) == Some(401),
    };
    if error.key() == ErrorKey::CredentialsRejected && is_definite {
        Refused::ForGood(error)
    } else {
        Refused::ForNow(error)
    }
}

/// What the provider does not say again stays: the refresh token (RFC 6749 §6), and what came with the callback. Its
/// `expires_in` was about the old token.
fn merged(before: &SecretMap, response: Map<String, Value>) -> SecretMap {
    let mut fields = before.expose().clone();
    fields.remove("expires_in");
    fields.extend(response);
    let mut merged = SecretMap::new(fields);
    // Some say again that there is a refresh token, and leave it empty.
    if merged.expose().get("refresh_token").is_some_and(|token| token.as_str().is_none_or(str::is_empty))
        && let Some(token) = before.expose().get("refresh_token")
    {
        merged.insert("refresh_token", token.clone());
    }
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_response_does_not_say_again_stays() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let before = SecretMap::new(map(
            json!({ "access_token": "a1", "refresh_token": "r1", "expires_in": 60, "realmId": "7" }),
        ));
        let after = merged(&before, map(json!({ "access_token": "a2", "refresh_token": "" })));
        let expected = json!({ "access_token": "a2", "refresh_token": "r1", "realmId": "7" });
        assert_eq!(json!(after.expose()), expected);
        let rotated = merged(&before, map(json!({ "access_token": "a2", "refresh_token": "r2" })));
        assert_eq!(rotated.expose()["refresh_token"], "r2");
    }
}
