//! The settings of a `client-credentials` option: the customer's input is the credentials, or is exchanged for them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use serde::{Deserialize, Serialize};

use super::call_method::CallMethod;
use super::checker::{Checker, Credentials};
use super::customer_host::CustomerHost;
use super::headers::Headers;
use super::input_names::InputNames;
use super::oauth2::{BodyFormat, ClientAuthentication};
use super::template::{Address, Template};

/// A `client-credentials` option's `config`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientCredentials {
    /// The token endpoint of an OAuth 2 client-credentials grant (RFC 6749 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_uri: Option<Address>,
    /// `client_credentials`, the only grant that needs nothing but the customer's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
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
    /// The scopes to request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Parameters added to the token request, such as `audience`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Template>,
    /// The format of the token request's body.
    #[serde(default)]
    pub body_format: BodyFormat,
    /// The lifetime of a token in seconds, for token responses without `expires_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<NonZero<u32>>,
    /// A login call, for a service that exchanges the input in its own way.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub login: Option<LoginCall>,
    /// The option's `customerHost`.
    #[serde(skip)]
    pub(crate) customer_host: CustomerHost,
}

/// The grants that need nothing but the customer's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials,
}

/// A request that answers with a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoginCall {
    /// The address.
    pub uri: Address,
    /// The HTTP method.
    #[serde(default = "CallMethod::post")]
    pub method: CallMethod,
    /// The headers.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// The body's fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Template>,
    /// The format of the body.
    #[serde(default = "json")]
    pub body_format: BodyFormat,
    /// The place of each credential in the answer: `{"access_token": "data.token"}`.
    pub response: BTreeMap<String, String>,
}

fn json() -> BodyFormat {
    BodyFormat::Json
}

/// The step that makes credentials of the input.
pub enum Exchange<'a> {
    /// None: the input is the credentials.
    None,
    /// The client-credentials grant at this token endpoint.
    Grant(&'a Address),
    /// The service's own login call.
    Login(&'a LoginCall),
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
            login.check(&mut checker.inside("login"));
        }
    }

    fn check_grant(&self, checker: &mut Checker<'_>, token_uri: &Address) {
        checker.endpoint("tokenUri", token_uri, &[]);
        checker.scopes(&self.scopes);
        checker.added(self.extra.keys(), |name| OWN_PARAMETERS.contains(&name));
        checker.templates("extra", &self.extra, Credentials::NotYet);
        match &self.client_id {
            Some(template) => checker.template("clientId", template, Credentials::NotYet),
            None if checker.inputs.has("clientId") => {}
            None => checker.refuse("clientId", "is missing, and the option's inputSchema has no `clientId`"),
        }
        match &self.client_secret {
            Some(template) => checker.template("clientSecret", template, Credentials::NotYet),
            None if checker.inputs.has("clientSecret") => {}
            None if self.client_auth_location == ClientAuthentication::None => {}
            None if checker.lacks("clientSecret") => {
                checker
                    .refuse("clientSecret", "is missing, and the option's inputSchema has no `clientSecret`");
            }
            None => {}
        }
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

    /// True if the client can be the workspace's own, with its secret sealed beside the definition. A public client
    /// has no secret, and a client that the customer enters is not the workspace's.
    #[must_use]
    pub fn has_own_client(&self) -> bool {
        self.token_uri.is_some()
            && self.client_auth_location != ClientAuthentication::None
            && self.client_secret.is_none()
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

impl LoginCall {
    fn check(&self, checker: &mut Checker<'_>) {
        checker.address("uri", &self.uri, Credentials::NotYet);
        self.method.check(checker);
        self.headers.check(checker, "headers", Credentials::NotYet);
        checker.templates("body", &self.body, Credentials::NotYet);
        if self.response.is_empty() {
            checker.refuse("response", "names no credential");
        }
        for (name, path) in &self.response {
            if path.split('.').any(str::is_empty) {
                checker.refuse(
                    &format!("response.{name}"),
                    "must be names with dots between them, such as `data.token`",
                );
            }
        }
    }
}

/// The parameters of the token request that a definition's `extra` must not repeat (RFC 6749 §4.4.2, §2.3.1).
const OWN_PARAMETERS: &[&str] = &["client_id", "client_secret", "grant_type", "scope"];
