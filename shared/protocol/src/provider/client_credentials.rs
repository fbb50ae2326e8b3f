//! Client credentials: the customer's input, used as it is or exchanged for a token.

use serde_json::{Map, Value};

use super::calls::Calls;
use super::failure::{CallError, Failure, Refusal, Word};
use super::maker::Maker;
use super::oauth2::authorization_request::joined;
use super::oauth2::token_request::TokenEndpoint;
use super::oauth2::token_response::settle;
use super::token_call;
use crate::definition::template::{Address, Template};
use crate::definition::{CertificateSetting, ClientCredentials, Exchange, rendered};
use crate::error::Result;
use crate::secret::{Secret, SecretMap};

/// Makes the credentials.
pub async fn credentials(
    calls: &Calls<'_>,
    config: &ClientCredentials,
    maker: &Maker<'_>,
) -> Result<SecretMap, CallError> {
    let values = &maker.values();
    match config.exchange() {
        Exchange::None => Ok(values.parameters.clone()),
        Exchange::Grant(token_uri) => grant(calls, config, token_uri, maker).await,
        Exchange::Login(login) => token_call::log_in(calls, login, maker).await.map(|mut fields| {
            settle(&mut fields, config.expires_in_unit, calls.clock.now());
            fields
        }),
    }
    .map(SecretMap::new)
}

/// The client-credentials grant (RFC 6749 §4.4). The client is the customer's own or the workspace's. If the provider
/// refuses the workspace's, the customer cannot change that.
async fn grant(
    calls: &Calls<'_>,
    config: &ClientCredentials,
    token_uri: &Address,
    maker: &Maker<'_>,
) -> Result<Map<String, Value>, CallError> {
    let values = &maker.values();
    let sealed_secret =
        maker.secret("clientSecret").filter(|_| config.customer_host.sends_secret_to(token_uri));
    let entered = |template: Option<&Template>, name: &str| match template {
        Some(template) => template.render_text(values),
        None => Template::parse(&format!("${{parameters.{name}}}"))?.render_text(values),
    };
    let filled = maker.filled(|| {
        let client_id = match &config.client_id {
            None if config.is_clientless() => String::new(),
            template => entered(template.as_ref(), "clientId")?,
        };
        let entered_secret = match (config.client_auth_location, sealed_secret) {
            (authentication, _) if authentication.needs_no_secret() => None,
            (_, Some(_)) => None,
            (_, None) => Some(Secret::new(entered(config.client_secret.as_ref(), "clientSecret")?)),
        };
        let extra = rendered(&config.extra, values)?;
        let scope = joined(&config.scopes, &config.scope_separator, values)?;
        let url = token_uri.render(values, calls.loopback)?;
        let secret = sealed_secret.cloned().or(entered_secret);
        Ok((TokenEndpoint::of_client(config, url, client_id, secret, maker)?, scope, extra))
    });
    let (endpoint, scope, extra) = filled.await?;
    let answered = endpoint.client_credentials(calls, scope, extra).await;
    let is_ours = sealed_secret.is_some()
        || (config.client_secret.is_some() && config.has_own_client())
        || maker.option().client_certificate.as_ref().is_some_and(CertificateSetting::is_teams)
        || maker.option().own_key_signs_requests();
    let answered = answered.map_err(|error| match (is_ours, error) {
        (false, CallError::Provider(failure)) => as_refused_credentials(*failure).into(),
        (_, error) => error,
    });
    Ok(answered?.into_fields())
}

/// If the client is the customer's own, a refusal of the client is a refusal of the customer's input.
fn as_refused_credentials(failure: Failure) -> Failure {
    match failure.refusal {
        Refusal::Client | Refusal::Grant => failure.meaning(Refusal::Credentials(Word::Definite)),
        Refusal::Request => failure.meaning(Refusal::Credentials(Word::Doubtful)),
        Refusal::Refused if matches!(failure.status(), Some(400 | 403 | 422)) => {
            failure.meaning(Refusal::Credentials(Word::Doubtful))
        }
        _ => failure,
    }
}
