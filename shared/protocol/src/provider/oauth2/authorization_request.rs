//! The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636 §4.3).

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier};
use url::Url;

use super::OAuth2Client;
use super::form::rename;
use super::grant::Sent;
use super::nonce;
use crate::definition::template::{Template, Values};
use crate::definition::{NONCE, NonceRule, OAuth2, Pkce, RESOURCE, rendered};
use crate::error::{Error, ErrorKey, Result};
use crate::redirect_uri::Loopback;

/// The address to send the browser to. `state` belongs to the flow (RFC 6749 §10.12). Only the S256 challenge of the
/// code verifier goes in.
pub fn authorization_request(
    config: &OAuth2,
    values: &Values<'_>,
    state: &str,
    sent: &Sent,
    scopes: &[String],
    loopback: Loopback,
) -> Result<Url> {
    let page = config.authorize_uri()?.render(values, loopback)?;
    let mut endpoint = page.clone();
    if page.fragment().is_some() {
        endpoint.set_query(None);
        endpoint.set_fragment(None);
    }
    if config.redirect_uri_value.is_none() && Url::parse(&sent.redirect_uri).is_err() {
        return Err(unusable_callback());
    }
    let client_id = config.client_id()?.render_text(values)?;
    let client = OAuth2Client::new(ClientId::new(client_id)).set_auth_uri(AuthUrl::from_url(endpoint));
    let mut request = client.authorize_url(|| CsrfToken::new(state.to_owned()));
    let verifier = PkceCodeVerifier::new(sent.code_verifier.expose().to_owned());
    match config.code_challenge() {
        Pkce::S256 => {
            request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        Pkce::Plain => {
            request = request.add_extra_param("code_challenge", verifier.secret());
            request = request.add_extra_param("code_challenge_method", "plain");
        }
        Pkce::Off => {}
    }
    // `set_redirect_uri` would not do: it takes only URLs.
    request = request.add_extra_param("redirect_uri", &sent.redirect_uri);
    if !scopes.is_empty() {
        // `add_scope` would not do: it knows no separator but the space.
        request = request.add_extra_param("scope", scopes.join(&config.scope_separator));
    }
    if let Some(resource) = &config.resource {
        request = request.add_extra_param(RESOURCE, resource.render_text(values)?);
    }
    if config.nonce_rule() != NonceRule::Off {
        request = request.add_extra_param(NONCE, nonce::of_flow(&sent.code_verifier));
    }
    for (name, value) in rendered(&config.extra, values)? {
        request = request.add_extra_param(name, value);
    }
    let (mut location, _) = request.url();
    if let Some(changes) = &config.authorization_request {
        let mut parameters: Vec<(String, String)> = location.query_pairs().into_owned().collect();
        if let Some(response_type) = &changes.response_type {
            let sent = parameters.iter_mut().filter(|(name, _)| name == "response_type");
            sent.for_each(|(_, value)| value.clone_from(response_type));
        }
        rename(&mut parameters, &changes.names);
        location.query_pairs_mut().clear().extend_pairs(parameters);
    }
    Ok(behind_fragment(page, location))
}

/// The request behind the `#` of a page that finds its way in the browser: such a page reads it there.
fn behind_fragment(mut page: Url, request: Url) -> Url {
    let Some(fragment) = page.fragment() else { return request };
    let sign = if fragment.contains('?') { '&' } else { '?' };
    let fragment = format!("{fragment}{sign}{}", request.query().unwrap_or_default());
    page.set_fragment(Some(&fragment));
    page
}

/// The scopes as one text, if there are any.
pub(in crate::provider) fn joined(
    scopes: &[Template],
    separator: &str,
    values: &Values<'_>,
) -> Result<Option<String>> {
    let mut rendered = Vec::with_capacity(scopes.len());
    for scope in scopes {
        rendered.extend(scope.render_optional(values)?);
    }
    Ok((!rendered.is_empty()).then(|| rendered.join(separator)))
}

fn unusable_callback() -> Error {
    Error::new(ErrorKey::ConfigurationInvalid, "The integration's callback address is not a URL.")
        .field("oAuthCallbackUri")
}
