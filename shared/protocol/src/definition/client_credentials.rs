//! The settings of a `client-credentials` option: the customer's input is the credentials, or is exchanged for them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use serde::{Deserialize, Serialize};

use super::body::BodyFormat;
use super::checker::{Checker, Credentials};
use super::client_assertion::ClientAssertion;
use super::client_authentication::ClientAuthentication;
use super::customer_host::CustomerHost;
use super::input_names::InputNames;
use super::pick::Picks;
use super::template::{Address, Placeholder, Root, Template};
use super::token_call::TokenCall;
use super::token_endpoint::{self, AnswerRules, RequestChanges, TimeUnit, TokenError};

/// A `client-credentials` option's `config`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientCredentials {
    /// The token endpoint of an OAuth 2 client-credentials grant (RFC 6749 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_uri: Option<Address>,
    /// The `grant_type`; `client_credentials` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// The template of the client identifier; `${parameters.clientId}` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Template>,
    /// The template of the client secret; `${parameters.clientSecret}` unless given. A secret without a placeholder
    /// is the workspace's own, and is kept sealed beside the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Template>,
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
    /// The scopes to request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Template>,
    /// The text between two scopes; a space unless the provider differs.
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub scope_separator: String,
    /// Parameters added to the token request, such as `audience`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Template>,
    /// The format of the token request's body.
    #[serde(default)]
    pub body_format: BodyFormat,
    /// The lifetime of a token in seconds, for token responses without `expires_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<NonZero<u32>>,
    /// The unit of the token response's `expires_in`.
    #[serde(default, skip_serializing_if = "TimeUnit::is_seconds")]
    pub expires_in_unit: TimeUnit,
    /// The errors of the token endpoint that RFC 6749 does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_errors: Vec<TokenError>,
    /// Where the fields of the token response stand, if that is not at its top.
    #[serde(default, skip_serializing_if = "Picks::is_empty")]
    pub token_response: Picks,
    /// What the token request differs in.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub token_request: Option<RequestChanges>,
    /// The most seconds before a token's end that the provider takes a refresh, if it refuses earlier ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_before: Option<u32>,
    /// True if tokens are refreshed only when somebody needs them, and not on schedule.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh_on_use: bool,
    /// A login call, for a service that exchanges the input in its own way.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub login: Option<TokenCall>,
    /// The call that renews the token, in the place of a new exchange.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub renewal: Option<TokenCall>,
    /// The option's `customerHost`.
    #[serde(skip)]
    pub(crate) customer_host: CustomerHost,
}

fn space() -> String {
    " ".to_owned()
}

fn is_space(separator: &str) -> bool {
    separator == " "
}

/// The step that makes credentials of the input.
pub enum Exchange<'a> {
    /// None: the input is the credentials.
    None,
    /// The client-credentials grant at this token endpoint.
    Grant(&'a Address),
    /// The service's own login call.
    Login(&'a TokenCall),
}

impl ClientCredentials {
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        if self.token_uri.is_some() && self.login.is_some() {
            checker.refuse("login", "cannot stand beside tokenUri");
        }
        match &self.token_uri {
            Some(token_uri) => self.check_grant(checker, token_uri),
            None if self.grant.is_some() => checker.refuse("tokenUri", "is missing"),
            None => {}
        }
        if let Some(login) = &self.login {
            login.check_login(&mut checker.inside("login"));
        }
        if let Some(renewal) = &self.renewal {
            renewal.check(&mut checker.inside("renewal"), Credentials::Given);
            if !self.is_exchanged() {
                checker.refuse("renewal", "has nothing to renew without tokenUri or login");
            }
        }
    }

    fn check_grant(&self, checker: &mut Checker<'_>, token_uri: &Address) {
        checker.endpoint("tokenUri", token_uri, &[]);
        checker.scope_templates(&self.scopes, &self.scope_separator);
        token_endpoint::check_answers(self.answer_rules(), checker);
        if let Some(changes) = &self.token_request {
            changes.check(&mut checker.inside("tokenRequest"), Credentials::NotYet);
        }
        if let Some(grant) = &self.grant {
            checker.name("grant", grant);
        }
        self.body_format.check(checker, &[BodyFormat::Form, BodyFormat::Json]);
        checker.added(self.extra.keys(), |name| OWN_PARAMETERS.contains(&name));
        checker.templates("extra", &self.extra, Credentials::NotYet);
        match &self.client_id {
            Some(template) => checker.template("clientId", template, Credentials::NotYet),
            None if checker.inputs.has("clientId") => {}
            None if self.is_clientless() => {}
            None => checker.refuse("clientId", "is missing, and the option's inputSchema has no `clientId`"),
        }
        match &self.client_secret {
            Some(template) => checker.template("clientSecret", template, Credentials::NotYet),
            None if checker.inputs.has("clientSecret") => {}
            None if self.client_auth_location.needs_no_secret() => {}
            None if checker.lacks("clientSecret") => {
                checker
                    .refuse("clientSecret", "is missing, and the option's inputSchema has no `clientSecret`");
            }
            None => {}
        }
    }

    /// True if the request presents an assertion, and no client (RFC 7521 §4.1).
    #[must_use]
    pub fn is_clientless(&self) -> bool {
        self.client_id.is_none()
            && self.client_auth_location == ClientAuthentication::None
            && self.grant.as_ref().is_some_and(|grant| grant != "client_credentials")
    }

    /// What the token endpoint's answers look like.
    #[must_use]
    pub fn answer_rules(&self) -> AnswerRules<'_> {
        let Self { token_response, token_errors, expires_in_unit, .. } = self;
        AnswerRules { response: token_response, errors: token_errors, refusals: &[], unit: *expires_in_unit }
    }

    /// The names of the resulting credentials. `None` if only the token response decides them.
    pub(super) fn credentials(&self, inputs: &InputNames) -> Option<BTreeSet<String>> {
        match self.exchange() {
            Exchange::Grant(_) => None,
            Exchange::Login(login) => Some(login.response.keys().cloned().collect()),
            Exchange::None => inputs.listed().cloned(),
        }
    }

    /// True if the input is exchanged, and is not itself the credentials.
    #[must_use]
    pub fn is_exchanged(&self) -> bool {
        !matches!(self.exchange(), Exchange::None)
    }

    /// True if the client can be the workspace's own, with its secret sealed beside the definition, or among the
    /// integration's parameters. A public client has no secret, and a client that the customer enters is not the
    /// workspace's.
    #[must_use]
    pub fn has_own_client(&self) -> bool {
        let is_own = match self.client_auth_location {
            ClientAuthentication::None | ClientAuthentication::TlsClientAuth => false,
            ClientAuthentication::PrivateKeyJwt => {
                self.client_assertion.as_ref().is_none_or(ClientAssertion::has_own_key)
            }
            _ => self.client_secret.as_ref().is_none_or(is_teams),
        };
        is_own && self.token_uri.is_some()
    }

    /// The step that makes credentials of the input.
    #[must_use]
    pub fn exchange(&self) -> Exchange<'_> {
        match (&self.token_uri, &self.login) {
            (Some(token_uri), _) => Exchange::Grant(token_uri),
            (None, Some(login)) => Exchange::Login(login),
            (None, None) => Exchange::None,
        }
    }
}

/// True if a template is of the integration's parameters alone.
fn is_teams(template: &Template) -> bool {
    let mut roots = template.placeholders().map(Placeholder::root).peekable();
    roots.peek().is_some() && roots.all(|root| root == Root::Integration)
}

/// The parameters of the token request that a definition's `extra` must not repeat (RFC 6749 §4.4.2, §2.3.1).
const OWN_PARAMETERS: &[&str] = &["client_id", "client_secret", "grant_type", "scope"];
