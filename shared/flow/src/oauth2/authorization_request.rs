//! The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636 §4.3).

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use url::Url;

use super::OAuth2Client;
use crate::browser::State;
use crate::definition::OAuth2;
use crate::error::{Error, ErrorKey, Result};
use crate::redirect_uri::Loopback;
use crate::secret::Secret;
use crate::template::Values;

/// The address to send the browser to. The code verifier goes in as its S256 challenge only.
pub fn authorization_request(
    config: &OAuth2,
    values: &Values<'_>,
    state: &State,
    code_verifier: &Secret,
    redirect_uri: &str,
    loopback: Loopback,
) -> Result<Url> {
    let endpoint = config.authorize_uri.render_url(values, loopback)?;
    let redirect_uri = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| unusable_callback())?;
    let client = OAuth2Client::new(ClientId::new(config.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(endpoint))
        .set_redirect_uri(redirect_uri);
    let mut request = client.authorize_url(|| CsrfToken::new(state.reveal()));
    if !config.skip_pkce {
        let verifier = PkceCodeVerifier::new(code_verifier.expose().to_owned());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    if !config.scopes.is_empty() {
        // Not `add_scope`: it knows no separator but the space.
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
