//! Token revocation (RFC 7009).
//!
//! This does not use the `oauth2` crate, which takes only https addresses: the local run's provider has none.

use serde_json::{Map, Value};

use super::client_authentication::Client;
use super::form::{Changes, Form};
use crate::definition::template::Address;
use crate::definition::{BodyFormat, OAuth2};
use crate::provider::calls::Calls;
use crate::provider::client::presenting;
use crate::provider::failure::{CallError, Refusal};
use crate::provider::maker::Maker;

/// Asks the provider to forget a set of tokens. It sends the refresh token, which takes its access tokens along
/// (§2.1), or the access token if there is no other.
pub async fn revoke(
    calls: &Calls<'_>,
    endpoint: &Address,
    config: &OAuth2,
    maker: &Maker<'_>,
    tokens: &Map<String, Value>,
) -> Result<(), CallError> {
    let values = &maker.values();
    let token = |name: &'static str| {
        let token = tokens.get(name)?.as_str().filter(|token| !token.is_empty())?;
        Some((name, token))
    };
    let Some((hint, token)) = token("refresh_token").or_else(|| token("access_token")) else { return Ok(()) };
    let request = || {
        let mut url = endpoint.render(values, calls.loopback)?;
        let changes = config.revocation_request.as_ref();
        let changes = Changes::of(changes, BodyFormat::Form, values, &mut url, "revocationRequest")?;
        let client = Client::of(config, endpoint, maker, calls.loopback)?;
        let fields = [("token", token), ("token_type_hint", hint)];
        let mut form = Form::new(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        client.authenticate(&mut form)?;
        let request = form.into_request(&url, &changes)?;
        Ok(presenting(request, maker.option().certificate(values)?))
    };
    let answer = calls.ask(maker.filled(request).await?, "revocationUri").await?;
    // An unknown token is also answered with 200 (§2.2).
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}
