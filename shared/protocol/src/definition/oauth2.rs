//! The settings of an `oauth2` option. A provider's quirks are data here, never an `if` on its name.

use std::collections::BTreeMap;
use std::num::NonZero;

use serde::{Deserialize, Serialize};

use super::body::BodyFormat;
use super::callback_parameters::CallbackParameters;
use super::callback_settings::{CallbackHmac, CallbackNames, CallbackSettings, ConsentGrant};
use super::checker::{Checker, Credentials};
use super::client_assertion::ClientAssertion;
use super::client_authentication::ClientAuthentication;
use super::customer_host::CustomerHost;
use super::discovered::{issuer_problem, refuse_undiscovered};
use super::further_tokens::{self, FurtherTokens};
use super::pick::Picks;
use super::pkce::Pkce;
use super::scopes_by_caller::ScopesByCaller;
use super::template::{Address, Template};
use super::token_call::TokenCall;
use super::token_endpoint::{
    self, AnswerRules, AuthorizationChanges, RefreshRefusal, RequestChanges, Seconds, TimeUnit, TokenError,
};
use crate::error::{Error, Result};

/// An `oauth2` option's `config`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a quirk of its own, by the name that definitions give it"
)]
pub struct OAuth2 {
    /// The client identifier that the provider issued (RFC 6749 §2.2); the integration's parameter of the same name
    /// unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Template>,
    /// The template of the client secret, if customers bring a client of their own. The workspace's own secret is taken
    /// out of the definition before this is read, and kept sealed beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Template>,
    /// The authorization endpoint; the one that the issuer's metadata names unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_uri: Option<Address>,
    /// The token endpoint; the one that the issuer's metadata names unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_uri: Option<Address>,
    /// The endpoint that refreshes tokens, if it is not the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_uri: Option<Address>,
    /// The lifetime of an access token in seconds, for token responses that do not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<NonZero<u32>>,
    /// The most seconds before a token's end that the provider takes a refresh, if it refuses earlier ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_before: Option<u32>,
    /// True if tokens are refreshed only when somebody needs them, and not on schedule.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh_on_use: bool,
    /// The unit of the token response's `expires_in`.
    #[serde(default, skip_serializing_if = "TimeUnit::is_seconds")]
    pub expires_in_unit: TimeUnit,
    /// The lifetime of a refresh token in seconds, for token responses that do not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_expires_in: Option<Seconds>,
    /// The credential that a refresh exchanges, if it is not the refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_credential: Option<String>,
    /// The answers that, besides `invalid_grant` (RFC 6749 §5.2), refuse a refresh token for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh_refusals: Vec<RefreshRefusal>,
    /// The call that renews the token, in the place of the refresh-token grant.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub renewal: Option<TokenCall>,
    /// The errors of the token endpoint that RFC 6749 does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_errors: Vec<TokenError>,
    /// Where the fields of the token response stand, if that is not at its top.
    #[serde(default, skip_serializing_if = "Picks::is_empty")]
    pub token_response: Picks,
    /// What the authorization request differs in.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub authorization_request: Option<AuthorizationChanges>,
    /// What the token request differs in.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub token_request: Option<RequestChanges>,
    /// What the refresh request differs in; the same as the token request unless given.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub refresh_request: Option<RequestChanges>,
    /// What the revocation request differs in.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub revocation_request: Option<RequestChanges>,
    /// The revocation endpoint (RFC 7009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_uri: Option<Address>,
    /// True if revoking a token revokes that token's grant only, not every grant of the same user and client. Only
    /// then can replaced credentials be revoked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub revocation_per_token: bool,
    /// The scopes to request.
    #[serde(default)]
    pub scopes: Vec<Template>,
    /// The further scopes that a start may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_scopes: Vec<String>,
    /// The scopes that a start may ask for in the place of `scopes`.
    #[serde(default, skip_serializing_if = "ScopesByCaller::is_default")]
    pub scopes_by_caller: ScopesByCaller,
    /// The text between two scopes; a space unless the provider differs.
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub scope_separator: String,
    /// The client authentication at the token endpoint.
    #[serde(default)]
    pub client_auth_location: ClientAuthentication,
    /// The JWT that authenticates the client, for `private_key_jwt` and `client_secret_jwt`.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_assertion: Option<ClientAssertion>,
    /// The format of the token request's body.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// True if the provider issues no refresh token by design.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_refresh_token: bool,
    /// True if the provider refuses PKCE.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip_pkce: bool,
    /// The code challenge of PKCE; S256 unless given.
    #[serde(default, skip_serializing_if = "Pkce::is_s256")]
    pub pkce: Pkce,
    /// True if the ID token must bring back the nonce of the authorization request (OpenID Connect Core 1.0 §3.1.3.7);
    /// false if none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<bool>,
    /// Parameters added to the authorization request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Template>,
    /// The resource that the tokens are for (RFC 8707).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Template>,
    /// The address of the MCP server whose own metadata names what is not given here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_server: Option<String>,
    /// The endpoint that registers the client when the integration is defined, unless one is given (RFC 7591).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_uri: Option<String>,
    /// The `iss` that must come back, if the provider sends one (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// True if the provider always sends `iss`: a callback without it is then refused (RFC 9207 §3).
    #[serde(default, skip_serializing_if = "is_false")]
    pub authorization_response_iss_parameter_supported: bool,
    /// Callback parameters that are kept with the credentials (`realmId`, …).
    #[serde(default, skip_serializing_if = "CallbackParameters::is_empty")]
    pub callback_parameters: CallbackParameters,
    /// The names of the callback's parameters, where the provider's differ.
    #[serde(
        default,
        deserialize_with = "super::read::object",
        skip_serializing_if = "CallbackNames::is_empty"
    )]
    pub callback_names: CallbackNames,
    /// The error codes by which the provider says, besides `access_denied`, that the customer refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<String>,
    /// The template of the `redirect_uri` to send, where the provider knows the callback's address by another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri_value: Option<Template>,
    /// Further sets of tokens in the same answer, each with its own refresh token.
    #[serde(default, skip_serializing_if = "FurtherTokens::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "std::collections::BTreeMap<String, super::json_schema::FurtherTokensShape>")
    )]
    pub further_tokens: FurtherTokens,
    /// What the customer's consent gives.
    #[serde(default, skip_serializing_if = "ConsentGrant::is_default")]
    pub grant: ConsentGrant,
    /// The provider's signature of its answer, if it signs.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub callback_hmac: Option<CallbackHmac>,
    /// The option's `customerHost`.
    #[serde(skip)]
    pub(crate) customer_host: CustomerHost,
}

impl OAuth2 {
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        self.check_client(checker);
        self.check_addresses(checker);
        self.check_requests(checker);
        token_endpoint::check_answers(self.answer_rules(&self.refresh_refusals), checker);
        further_tokens::check(&self.further_tokens, checker);
        checker.scope_templates(&self.scopes, &self.scope_separator);
        self.check_scopes_by_caller(checker);
        checker.added(self.extra.keys(), |name| OWN_PARAMETERS.contains(&name));
        checker.templates("extra", &self.extra, Credentials::NotYet);
        for (name, template) in &self.extra {
            checker.shown(&format!("extra.{name}"), template);
        }
        let in_query = self.authorize_uri.as_ref().map(Address::query_names).unwrap_or_default();
        for name in self.extra.keys() {
            if in_query.contains(name) {
                checker.refuse(&format!("extra.{name}"), "stands in authorizeUri's query too");
            }
        }
        self.check_resource(checker);
        self.check_registration(checker);
        self.check_nonce(checker);
        self.check_renewal(checker);
        if let Some(problem) = self.issuer.as_ref().and_then(|it| issuer_problem(it, checker.loopback)) {
            checker.refuse("issuer", problem);
        }
        self.callback().check(checker);
    }

    /// What it says about the provider's answer.
    #[must_use]
    pub fn callback(&self) -> CallbackSettings<'_> {
        CallbackSettings {
            parameters: &self.callback_parameters,
            names: &self.callback_names,
            denials: &self.denials,
            redirect_uri_value: self.redirect_uri_value.as_ref(),
            grant: self.grant,
            hmac: self.callback_hmac.as_ref(),
        }
    }

    fn check_requests(&self, checker: &mut Checker<'_>) {
        if let Some(changes) = &self.authorization_request {
            let response_mode = self.extra.get("response_mode").map(Template::as_str);
            changes.check(&mut checker.inside("authorizationRequest"), response_mode);
        }
        let kept = self.callback().kept().map(str::to_owned).collect();
        if let Some(changes) = &self.token_request {
            changes.check(&mut checker.inside("tokenRequest"), Credentials::Named(&kept));
        }
        for (setting, changes) in
            [("refreshRequest", &self.refresh_request), ("revocationRequest", &self.revocation_request)]
        {
            if let Some(changes) = changes {
                changes.check(&mut checker.inside(setting), Credentials::Given);
            }
        }
        if let Some(name) = &self.refresh_credential {
            checker.name("refreshCredential", name);
        }
        self.body_format.check(checker, &[BodyFormat::Form, BodyFormat::Json]);
    }

    /// The code challenge of PKCE.
    #[must_use]
    pub fn code_challenge(&self) -> Pkce {
        // Where there is no code, there is nothing to bind.
        let is_off = self.skip_pkce || self.grant == ConsentGrant::ClientCredentials;
        if is_off { Pkce::Off } else { self.pkce }
    }

    /// What the token endpoint's answers look like.
    #[must_use]
    pub fn answer_rules<'a>(&'a self, refusals: &'a [RefreshRefusal]) -> AnswerRules<'a> {
        let Self { token_response, token_errors, expires_in_unit, .. } = self;
        AnswerRules { response: token_response, errors: token_errors, refusals, unit: *expires_in_unit }
    }

    /// The name of the credential that a refresh exchanges.
    #[must_use]
    pub fn refreshed_by(&self) -> &str {
        self.refresh_credential.as_deref().unwrap_or("refresh_token")
    }

    /// The authorization endpoint.
    pub fn authorize_uri(&self) -> Result<&Address> {
        self.authorize_uri.as_ref().ok_or_else(|| Error::unusable("authorizeUri"))
    }

    /// The token endpoint.
    pub fn token_uri(&self) -> Result<&Address> {
        self.token_uri.as_ref().ok_or_else(|| Error::unusable("tokenUri"))
    }

    fn check_addresses(&self, checker: &mut Checker<'_>) {
        for (setting, address) in [("authorizeUri", &self.authorize_uri), ("tokenUri", &self.token_uri)] {
            if address.is_none() {
                refuse_undiscovered(setting, checker);
            }
        }
        if let Some(address) = &self.authorize_uri {
            checker.page("authorizeUri", address, OWN_PARAMETERS, Credentials::NotYet);
            checker.shown("authorizeUri", address.template());
        }
        if let Some(address) = &self.token_uri {
            let kept = self.callback().kept().map(str::to_owned).collect();
            checker.endpoint_with("tokenUri", address, &[], Credentials::Named(&kept));
        }
        if self.grant == ConsentGrant::ClientCredentials {
            self.check_own_client(checker);
        }
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

impl OAuth2 {
    /// Notes what has no meaning beside a call that renews.
    pub(super) fn check_renewal(&self, checker: &mut Checker<'_>) {
        let Some(renewal) = &self.renewal else { return };
        renewal.check(&mut checker.inside("renewal"), Credentials::Given);
        for (setting, is_given) in [
            ("refreshUri", self.refresh_uri.is_some()),
            ("refreshRequest", self.refresh_request.is_some()),
            ("refreshCredential", self.refresh_credential.is_some()),
            ("furtherTokens", !self.further_tokens.is_empty()),
            ("noRefreshToken", self.no_refresh_token),
            ("grant", self.grant == ConsentGrant::ClientCredentials),
        ] {
            if is_given {
                checker.refuse(setting, "cannot stand beside renewal, which takes the place of the refresh");
            }
        }
    }
}
