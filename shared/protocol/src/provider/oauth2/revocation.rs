//! Token revocation (RFC 7009).
//!
//! This does not use the `oauth2` crate, which takes only https addresses: the local run's provider has none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::definition::{ClientAuthentication, OAuth2};
use crate::error::{Error, Result};
use crate::provider::calls::Calls;
use crate::provider::failure::{CallError, Refusal};
use crate::secret::Secret;

/// Asks the provider to forget the credentials. It sends the refresh token, which takes its access tokens along
/// (§2.1), or the access token if there is no other.
pub async fn revoke(
    calls: &Calls<'_>,
    endpoint: Url,
    config: &OAuth2,
    client_secret: Option<&Secret>,
    credentials: &Map<String, Value>,
) -> Result<(), CallError> {
    let token = |name: &'static str| {
        let token = credentials.get(name)?.as_str().filter(|token| !token.is_empty())?;
        Some((name, token))
    };
    let address = config.revocation_uri.as_ref();
    let client_secret =
        client_secret.filter(|_| address.is_none_or(|address| config.customer_host.sends_secret_to(address)));
    let Some((hint, token)) = token("refresh_token").or_else(|| token("access_token")) else { return Ok(()) };
    let request = request(&endpoint, config, client_secret, &[("token", token), ("token_type_hint", hint)])?;
    let answer = calls.ask(request, "revocationUri").await?;
    // An unknown token is also answered with 200 (§2.2).
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}

fn request(
    endpoint: &Url,
    config: &OAuth2,
    client_secret: Option<&Secret>,
    fields: &[(&str, &str)],
) -> Result<Request<Bytes>> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let mut request =
        Request::post(endpoint.as_str()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let location = config.client_auth_location;
    let secret = client_secret.filter(|_| location != ClientAuthentication::None);
    if let Some(secret) = secret
        && matches!(location, ClientAuthentication::Headers | ClientAuthentication::Both)
    {
        request = request.header(AUTHORIZATION, basic(config.client_id()?, secret)?);
    }
    if secret.is_none() || location != ClientAuthentication::Headers {
        form.append_pair("client_id", config.client_id()?);
    }
    if let Some(secret) = secret
        && location != ClientAuthentication::Headers
    {
        form.append_pair("client_secret", secret.expose());
    }
    request.body(Bytes::from(form.finish())).map_err(Error::internal)
}

/// HTTP Basic with both parts form-encoded (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &Secret) -> Result<HeaderValue> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose()));
    let mut header =
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).map_err(Error::internal)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_authentication_is_that_of_rfc_6749() {
        let header = basic("s6BhdRkqt3", &Secret::from("gX1fBat3bV")).unwrap();
        assert_eq!(header, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        assert!(header.is_sensitive());
        let header = basic("client!+ID", &Secret::from("a:b c")).unwrap();
        assert_eq!(header, format!("Basic {}", STANDARD.encode("client%21%2BID:a%3Ab+c")).as_str());
    }
}
