//! The provider's side of OAuth 1.0, as far as a script goes.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::provider::{Call, Reply};
use crate::{Answer, Browser, Start, World};

/// The identifier of the temporary credentials.
pub const TEMPORARY_TOKEN: &str = "temporary!+token/1";
/// Their secret.
pub const TEMPORARY_SECRET: &str = "temporary!+secret/1";
/// The verifier that the customer's consent gives.
pub const VERIFIER: &str = "verifier!+1/a";
/// The secret of the token credentials.
pub const TOKEN_SECRET: &str = "token!+secret/1";

/// A form-encoded answer.
#[must_use]
pub fn form(fields: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Reply::body(200, "application/x-www-form-urlencoded", body)
}

/// Makes the provider answer as RFC 5849 has it.
pub fn answers(world: &World) {
    let temporary = [("oauth_token", TEMPORARY_TOKEN), ("oauth_token_secret", TEMPORARY_SECRET)];
    let confirmed = [temporary.as_slice(), &[("oauth_callback_confirmed", "true")]].concat();
    world.provider.always("/oauth1/request", form(&confirmed));
    let token =
        [("oauth_token", "token!+1/a"), ("oauth_token_secret", TOKEN_SECRET), ("screen_name", "Ada L.")];
    world.provider.always("/oauth1/token", form(&token));
}

/// The protocol parameters in the Authorization header (RFC 5849 §3.5.1).
#[must_use]
pub fn protocol_parameters(call: &Call) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = call.header("authorization").strip_prefix("OAuth ").unwrap().split(", ");
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (decoded(name), decoded(value.trim_matches('"')))
        })
        .collect()
}

/// A browser that was sent to the provider with temporary credentials.
pub struct AtProvider {
    /// The authorization page.
    pub address: Url,
    /// The callback that was announced when the temporary credentials were requested.
    pub callback: String,
}

impl AtProvider {
    /// The address that the provider sends the browser back to, with these parameters.
    #[must_use]
    pub fn back(&self, parameters: &[(&str, &str)]) -> String {
        let mut address = Url::parse(&self.callback).unwrap();
        address.query_pairs_mut().extend_pairs(parameters);
        address.into()
    }

    /// The address that the provider sends the browser back to after the customer's consent.
    #[must_use]
    pub fn consent(&self) -> String {
        self.back(&[("oauth_token", TEMPORARY_TOKEN), ("oauth_verifier", VERIFIER)])
    }
}

/// Starts a flow; the browser is then at the provider.
pub async fn begin(world: &World, browser: &Browser, start: &Start) -> AtProvider {
    let address = browser.send(start.form()).await.away();
    let requests = world.provider.calls_to("/oauth1/request");
    let callback = protocol_parameters(requests.last().unwrap())["oauth_callback"].clone();
    AtProvider { address, callback }
}

/// Takes the browser from the provider's answer to the result.
pub async fn finish(browser: &Browser, callback: &str) -> Answer {
    let answered = browser.get(callback).await;
    browser.get(answered.location()).await
}

/// The whole flow: start, consent, callback, result.
pub async fn connect(world: &World, browser: &Browser, start: &Start) -> Answer {
    let at_provider = begin(world, browser, start).await;
    finish(browser, &at_provider.consent()).await
}
