//! The settings of an `oauth2` option. A provider's quirks are data here, never an `if` on its name.

use std::collections::BTreeMap;
use std::num::NonZero;

use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::checker::{Checker, Credentials};
use super::template::{Address, Root};

/// How Linkspan authenticates to the token endpoint (RFC 6749 §2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// HTTP Basic, both parts form-encoded (RFC 6749 §2.3.1).
    Headers,
    /// `client_id` and `client_secret` in the body; what most providers accept.
    #[default]
    Body,
    /// HTTP Basic, and the same in the body.
    Both,
    /// A public client: `client_id` in the body, no secret.
    None,
}

/// What a request's body is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    #[default]
    Form,
    /// `application/json`.
    Json,
}

impl BodyFormat {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_form(&self) -> bool {
        *self == Self::Form
    }

    /// Fields written in it, with the media type that says so.
    #[must_use]
    pub fn encode(self, fields: Vec<(String, String)>) -> (HeaderValue, Bytes) {
        match self {
            Self::Form => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                (HeaderValue::from_static("application/x-www-form-urlencoded"), form.into())
            }
            Self::Json => {
                let fields: Map<String, Value> =
                    fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
                (HeaderValue::from_static("application/json"), Value::Object(fields).to_string().into())
            }
        }
    }
}

/// An `oauth2` option's `config`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a quirk of its own, by the name that definitions give it"
)]
pub struct OAuth2 {
    /// The client identifier that the provider issued (RFC 6749 §2.2). Its secret, `clientSecret`, is taken out of the
    /// definition before this is read, and kept sealed beside it.
    pub client_id: String,
    /// The authorization endpoint.
    pub authorize_uri: Address,
    /// The token endpoint.
    pub token_uri: Address,
    /// Where tokens are refreshed, where that is not the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_uri: Option<Address>,
    /// How many seconds an access token lasts, where the token response does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<NonZero<u32>>,
    /// The codes by which the provider refuses a refresh token for good, beside `invalid_grant` (RFC 6749 §5.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh_refusals: Vec<String>,
    /// The revocation endpoint (RFC 7009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_uri: Option<Address>,
    /// Revoking a token ends that token's grant only, not every grant of the same user and client: then what is
    /// replaced can be revoked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub revocation_per_token: bool,
    /// What is asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What stands between two scopes; a space unless the provider differs.
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub scope_separator: String,
    /// How Linkspan authenticates to the token endpoint.
    #[serde(default)]
    pub client_auth_location: ClientAuthentication,
    /// What the token request's body is written in.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// The provider issues no refresh token, and that is as it should be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_refresh_token: bool,
    /// The provider refuses PKCE.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip_pkce: bool,
    /// Added to the authorization request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// The `iss` that must come back, when the provider sends one (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The provider always sends `iss`, so that a callback without it is refused (RFC 9207 §3).
    #[serde(default, skip_serializing_if = "is_false")]
    pub authorization_response_iss_parameter_supported: bool,
    /// Callback parameters that are kept with the credentials (`realmId`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callback_parameters: Vec<String>,
}

impl OAuth2 {
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        checker.name("clientId", &self.client_id);
        self.check_addresses(checker);
        checker.scopes(&self.scopes);
        self.client_auth_location.check(checker);
        checker.added(self.extra.keys(), |name| OWN_PARAMETERS.contains(&name));
        for (name, value) in &self.extra {
            checker.literal(&format!("extra.{name}"), value);
            if self.authorize_uri.query_names().contains(name) {
                checker.refuse(&format!("extra.{name}"), "stands in authorizeUri's query too");
            }
        }
        if let Some(issuer) = &self.issuer
            && super::check::web_address(issuer)
                .is_none_or(|url| url.query().is_some() || url.fragment().is_some())
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

    fn check_addresses(&self, checker: &mut Checker<'_>) {
        checker.endpoint("authorizeUri", &self.authorize_uri, OWN_PARAMETERS);
        checker.endpoint("tokenUri", &self.token_uri, &[]);
        for (setting, address) in [("refreshUri", &self.refresh_uri), ("revocationUri", &self.revocation_uri)]
        {
            let Some(address) = address else { continue };
            checker.address(setting, address, Credentials::Given);
            // They come through the browser: the host that gets the client's secret is not theirs to name.
            for placeholder in address.host_placeholders() {
                if placeholder.root() == Root::Credentials
                    && placeholder.path().first().is_some_and(|name| self.callback_parameters.contains(name))
                {
                    checker.refuse(
                        setting,
                        format!("has `{placeholder}` in its host, where a callback parameter cannot stand"),
                    );
                }
            }
        }
    }
}

impl ClientAuthentication {
    /// HTTP Basic has nothing to send without a secret.
    fn check(self, checker: &mut Checker<'_>) {
        if matches!(self, Self::Headers | Self::Both) && checker.lacks("clientSecret") {
            checker.refuse("clientSecret", "is missing, and clientAuthLocation wants it in a header");
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

/// The parameters of an authorization response that mean something to us (RFC 6749 §4.1.2, RFC 9207 §2): none may come
/// twice (RFC 6749 §3.1), and none is kept with the credentials.
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
