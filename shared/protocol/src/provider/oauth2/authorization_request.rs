//! The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636 §4.3).

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier};
use url::Url;

use super::OAuth2Client;
use super::grant::Sent;
use crate::definition::template::Values;
use crate::definition::{ConsentGrant, OAuth2};
use crate::error::{Error, ErrorKey, Result};
use crate::redirect_uri::Loopback;

/// The address to send the browser to. `state` belongs to the flow (RFC 6749 §10.12). Only the S256 challenge of the
/// code verifier goes in.
pub fn authorization_request(
    config: &OAuth2,
    values: &Values<'_>,
    state: &str,
    sent: &Sent,
    loopback: Loopback,
) -> Result<Url> {
    let endpoint = config.authorize_uri.render(values, loopback)?;
    if config.redirect_uri_value.is_none() && Url::parse(&sent.redirect_uri).is_err() {
        return Err(unusable_callback());
    }
    let client =
        OAuth2Client::new(ClientId::new(config.client_id.clone())).set_auth_uri(AuthUrl::from_url(endpoint));
    let mut request = client.authorize_url(|| CsrfToken::new(state.to_owned()));
    if !config.skip_pkce && config.grant == ConsentGrant::AuthorizationCode {
        let verifier = PkceCodeVerifier::new(sent.code_verifier.expose().to_owned());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    // `set_redirect_uri` would not do: it takes only URLs.
    request = request.add_extra_param("redirect_uri", &sent.redirect_uri);
    if !config.scopes.is_empty() {
        // `add_scope` would not do: it knows no separator but the space.
        request = request.add_extra_param("scope", config.scopes.join(&config.scope_separator));
    }
    for (name, value) in &config.extra {
        request = request.add_extra_param(name, value);
    }
    Ok(request.url().0)
}

fn unusable_callback() -> Error {
    Error::new(ErrorKey::ConfigurationInvalid, "The integration's callback address is not a URL.")
        .field("oAuthCallbackUri")
}
