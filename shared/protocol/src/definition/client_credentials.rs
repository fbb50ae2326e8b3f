//! The settings of a `client-credentials` option: what the customer enters is the credentials, or is exchanged for them.

use std::collections::BTreeMap;
use std::num::NonZero;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::oauth2::{BodyFormat, ClientAuthentication};
use super::test_call::post;
use crate::definition::template::Template;
use crate::error::{Error, Result};

/// A `client-credentials` option's `config`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientCredentials {
    /// The token endpoint of an OAuth 2 client-credentials grant (RFC 6749 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_uri: Option<Template>,
    /// `client_credentials`; the only grant that needs nothing but what was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// Which input is the client identifier; `${parameters.clientId}` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Template>,
    /// Which input is the client secret; `${parameters.clientSecret}` unless given. One without a placeholder is the
    /// workspace's own, and stands sealed beside the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Template>,
    /// How the client authenticates to the token endpoint.
    #[serde(default)]
    pub client_auth_location: ClientAuthentication,
    /// What is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Added to the token request, such as `audience`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Template>,
    /// What the token request's body is written in.
    #[serde(default)]
    pub body_format: BodyFormat,
    /// How many seconds a token lasts, where the answer does not say by `expires_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<NonZero<u32>>,
    /// A login call, where the service has one of its own kind.
    #[serde(default, deserialize_with = "super::optional_object", skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginCall>,
}

/// The grants that need nothing but what was entered.
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
    /// Where to.
    pub uri: Template,
    /// The HTTP method.
    #[serde(default = "post")]
    pub method: String,
    /// The headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// The body's fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Template>,
    /// What the body is written in.
    #[serde(default = "json")]
    pub body_format: BodyFormat,
    /// Where in the answer each credential is: `{"access_token": "data.token"}`.
    pub response: BTreeMap<String, String>,
}

fn json() -> BodyFormat {
    BodyFormat::Json
}

/// What makes credentials of the input.
pub enum Exchange<'a> {
    /// Nothing: it is the credentials.
    None,
    /// The client-credentials grant at this token endpoint.
    Grant(&'a Template),
    /// The service's own login call.
    Login(&'a LoginCall),
}

impl ClientCredentials {
    /// Reads the settings at `path` of a definition; none at all are as good as empty ones.
    pub(super) fn read(config: &Value, path: &str) -> Result<Self> {
        if config.is_null() {
            return Ok(Self::default());
        }
        let config: Self = super::read(config, path)?;
        match (&config.token_uri, &config.login, config.grant) {
            (Some(_), Some(_), _) => {
                Err(Error::malformed(&format!("{path}.login"), "cannot stand beside tokenUri"))
            }
            (None, _, Some(_)) => Err(Error::malformed(&format!("{path}.tokenUri"), "is missing")),
            _ => Ok(config),
        }
    }

    /// Whether the input is exchanged, and not the credentials itself.
    #[must_use]
    pub fn is_exchanged(&self) -> bool {
        !matches!(self.exchange(), Exchange::None)
    }

    /// Whether the client can be the workspace's own, whose secret stands sealed beside the definition. A public client has
    /// none, and one that the customer enters is no secret of the workspace's.
    #[must_use]
    pub fn has_own_client(&self) -> bool {
        self.token_uri.is_some()
            && self.client_auth_location != ClientAuthentication::None
            && self.client_secret.is_none()
    }

    /// What makes credentials of the input.
    #[must_use]
    pub fn exchange(&self) -> Exchange<'_> {
        match (&self.token_uri, &self.login) {
            (Some(token_uri), _) => Exchange::Grant(token_uri),
            (None, Some(login)) => Exchange::Login(login),
            (None, None) => Exchange::None,
        }
    }
}
