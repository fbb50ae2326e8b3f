//! The settings of an `oauth2` option. A provider's quirks are data here, never an `if` on its name.

use std::collections::BTreeMap;
use std::num::NonZero;

use serde::{Deserialize, Serialize};

use super::body::BodyFormat;
use super::checker::{Checker, Credentials};
use super::customer_host::CustomerHost;
use super::template::Address;
use crate::error::{Error, Result};

/// The client authentication at the token endpoint (RFC 6749 §2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// HTTP Basic, both parts form-encoded (RFC 6749 §2.3.1).
    Headers,
    /// `client_id` and `client_secret` in the body, which most providers accept.
    #[default]
    Body,
    /// HTTP Basic, and the same parameters in the body.
    Both,
    /// A public client: `client_id` in the body, no secret.
    None,
}

/// An `oauth2` option's `config`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a quirk of its own, by the name that definitions give it"
)]
pub struct OAuth2 {
    /// The client identifier that the provider issued (RFC 6749 §2.2); the integration's parameter of the same name
    /// unless given. Its secret, `clientSecret`, is taken out of the definition before this is read, and kept sealed
    /// beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The authorization endpoint.
    pub authorize_uri: Address,
    /// The token endpoint.
    pub token_uri: Address,
    /// The endpoint that refreshes tokens, if it is not the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_uri: Option<Address>,
    /// The lifetime of an access token in seconds, for token responses that do not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<NonZero<u32>>,
    /// The error codes that, besides `invalid_grant` (RFC 6749 §5.2), refuse a refresh token for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh_refusals: Vec<String>,
    /// The revocation endpoint (RFC 7009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_uri: Option<Address>,
    /// True if revoking a token revokes that token's grant only, not every grant of the same user and client. Only
    /// then can replaced credentials be revoked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub revocation_per_token: bool,
    /// The scopes to request.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The text between two scopes; a space unless the provider differs.
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub scope_separator: String,
    /// The client authentication at the token endpoint.
    #[serde(default)]
    pub client_auth_location: ClientAuthentication,
    /// The format of the token request's body.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// True if the provider issues no refresh token by design.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_refresh_token: bool,
    /// True if the provider refuses PKCE.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip_pkce: bool,
    /// Parameters added to the authorization request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// The `iss` that must come back, if the provider sends one (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// True if the provider always sends `iss`: a callback without it is then refused (RFC 9207 §3).
    #[serde(default, skip_serializing_if = "is_false")]
    pub authorization_response_iss_parameter_supported: bool,
    /// Callback parameters that are kept with the credentials (`realmId`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callback_parameters: Vec<String>,
    /// The option's `customerHost`.
    #[serde(skip)]
    pub(crate) customer_host: CustomerHost,
}

impl OAuth2 {
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        match &self.client_id {
            Some(client_id) => checker.name("clientId", client_id),
            None => checker.refuse_parameter("clientId"),
        }
        self.check_addresses(checker);
        checker.scopes(&self.scopes);
        self.check_secret(checker);
        checker.added(self.extra.keys(), |name| OWN_PARAMETERS.contains(&name));
        let in_query = self.authorize_uri.query_names();
        for (name, value) in &self.extra {
            checker.literal(&format!("extra.{name}"), value);
            if in_query.contains(name) {
                checker.refuse(&format!("extra.{name}"), "stands in authorizeUri's query too");
            }
        }
        if let Some(issuer) = &self.issuer
            && (super::check::web_address(issuer, checker.loopback).is_err() || issuer.contains(['?', '#']))
        {
            checker.refuse("issuer", "must be an https address without query and fragment (RFC 8414 §2)");
        }
        let setting = "callbackParameters";
        for name in &self.callback_parameters {
            checker.name(setting, name);
            if OWN_CALLBACK_PARAMETERS.contains(&name.as_str()) {
                checker.refuse(setting, format!("has {name}, which is never kept"));
            }
        }
    }

    /// The client identifier.
    pub fn client_id(&self) -> Result<&str> {
        self.client_id.as_deref().ok_or_else(|| Error::unusable("parameters.clientId"))
    }

    /// True if the token endpoint gets the client secret.
    pub(super) fn sends_secret(&self) -> bool {
        self.client_auth_location != ClientAuthentication::None
            && self.customer_host.sends_secret_to(&self.token_uri)
    }

    /// HTTP Basic has nothing to send without a secret. A client that is one of the integration's parameters is whole.
    fn check_secret(&self, checker: &mut Checker<'_>) {
        if !checker.lacks("clientSecret") {
            return;
        }
        if checker.option.takes_client {
            if self.sends_secret() {
                checker.refuse_parameter("clientSecret");
            }
        } else if matches!(
            self.client_auth_location,
            ClientAuthentication::Headers | ClientAuthentication::Both
        ) {
            checker.refuse("clientSecret", "is missing, and clientAuthLocation wants it in a header");
        }
    }

    /// True if an answer without the issuer's `iss` is refused.
    #[must_use]
    pub fn is_issuer_required(&self) -> bool {
        self.issuer.is_some() && self.authorization_response_iss_parameter_supported
    }

    /// Checks that an answer always names its issuer: nothing else tells providers apart at the bare callback.
    pub(super) fn check_issuer_is_required(&self, checker: &mut Checker<'_>) {
        if self.is_issuer_required() {
            return;
        }
        let setting = match &self.issuer {
            None => "issuer",
            Some(_) => "authorizationResponseIssParameterSupported",
        };
        checker.refuse(
            setting,
            "must be given with an oAuthCallbackUri whose page sends the browser on to /oauth-callback: nothing else \
             tells the providers' answers apart there. Or let the page send it on to /oauth-callback/{integrationId}, \
             and set oAuthCallbackPath to `own`",
        );
    }

    fn check_addresses(&self, checker: &mut Checker<'_>) {
        checker.endpoint("authorizeUri", &self.authorize_uri, OWN_PARAMETERS);
        checker.shown("authorizeUri", self.authorize_uri.template());
        checker.endpoint("tokenUri", &self.token_uri, &[]);
        for (setting, address) in [("refreshUri", &self.refresh_uri), ("revocationUri", &self.revocation_uri)]
        {
            let Some(address) = address else { continue };
            checker.address(setting, address, Credentials::Given);
        }
    }
}

/// The parameters of the authorization request that a definition's `extra` must not replace.
const OWN_PARAMETERS: &[&str] = &[
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

/// The parameters of an authorization response that Linkspan interprets (RFC 6749 §4.1.2, RFC 9207 §2). None may
/// appear twice (RFC 6749 §3.1), and none is kept with the credentials.
pub const OWN_CALLBACK_PARAMETERS: &[&str] = &["code", "error", "error_description", "iss", "state"];

fn space() -> String {
    " ".to_owned()
}

fn is_space(separator: &str) -> bool {
    separator == " "
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
