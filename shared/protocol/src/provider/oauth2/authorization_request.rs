//! The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636 §4.3).

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use url::Url;

use super::OAuth2Client;
use super::grant::Sent;
use crate::definition::OAuth2;
use crate::definition::template::Values;
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
    let redirect_uri = RedirectUrl::new(sent.redirect_uri.clone()).map_err(|_| unusable_callback())?;
    let client = OAuth2Client::new(ClientId::new(config.client_id()?.to_owned()))
        .set_auth_uri(AuthUrl::from_url(endpoint))
        .set_redirect_uri(redirect_uri);
    let mut request = client.authorize_url(|| CsrfToken::new(state.to_owned()));
    if !config.skip_pkce {
        let verifier = PkceCodeVerifier::new(sent.code_verifier.expose().to_owned());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
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
