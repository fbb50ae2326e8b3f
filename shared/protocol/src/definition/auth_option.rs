//! One way to authenticate with an integration.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::{check_key, check_web_address};
use super::client_credentials::ClientCredentials;
use super::oauth1::OAuth1;
use super::oauth2::OAuth2;
use super::proxy::Proxy;
use super::test_call::{ApiClient, RevokeCall, TestCall};
use crate::error::Result;

/// One way to authenticate, as defined.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthOptionDefinition {
    /// The name that `authOptionKey` chooses it by.
    pub key: String,
    /// `oauth2`, `oauth1`, `client-credentials` or `proxy`.
    #[serde(rename = "type")]
    pub auth_type: AuthType,
    /// What the customer reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the customer reads below the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether customers can use it.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// An https address where the customer reads how to get what is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help_uri: Option<String>,
    /// The JSON Schema of what the customer enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// The settings of the type.
    #[serde(default)]
    pub config: Value,
    /// How the API is called with the credentials.
    #[serde(default, deserialize_with = "super::optional_object", skip_serializing_if = "Option::is_none")]
    pub api_client: Option<ApiClient>,
    /// The call that proves new credentials.
    #[serde(default, deserialize_with = "super::optional_object", skip_serializing_if = "Option::is_none")]
    pub test: Option<TestCall>,
    /// The call that ends credentials, where the provider has no revocation endpoint.
    #[serde(default, deserialize_with = "super::optional_object", skip_serializing_if = "Option::is_none")]
    pub revoke: Option<RevokeCall>,
}

/// Without the settings: until they are taken out, the secrets are in them.
impl fmt::Debug for AuthOptionDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOptionDefinition")
            .field("key", &self.key)
            .field("auth_type", &self.auth_type)
            .finish_non_exhaustive()
    }
}

/// The authentication types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthType {
    /// OAuth 2.0, authorization code grant.
    #[serde(rename = "oauth2")]
    OAuth2,
    /// OAuth 1.0, three-legged (RFC 5849).
    #[serde(rename = "oauth1")]
    OAuth1,
    /// What the customer enters, as it is or exchanged for a token.
    #[serde(rename = "client-credentials")]
    ClientCredentials,
    /// The registration of an integration that the root workspace shares.
    #[serde(rename = "proxy")]
    Proxy,
}

impl AuthType {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OAuth2 => "oauth2",
            Self::OAuth1 => "oauth1",
            Self::ClientCredentials => "client-credentials",
            Self::Proxy => "proxy",
        }
    }
}

/// A checked way to authenticate.
#[derive(Debug)]
pub struct AuthOption {
    /// The name that `authOptionKey` chooses it by.
    pub key: String,
    /// What the customer reads.
    pub title: Option<String>,
    /// The JSON Schema of what the customer enters.
    pub input_schema: Option<Value>,
    /// Whether customers can use it.
    pub enabled: bool,
    /// What the customer reads below the title.
    pub description: Option<String>,
    /// Where the customer reads how to get what is asked for.
    pub help_uri: Option<String>,
    /// The type and its settings.
    pub method: AuthMethod,
    /// How the API is called with the credentials.
    pub api_client: ApiClient,
    /// The call that proves new credentials.
    pub test: Option<TestCall>,
    /// The call that ends credentials.
    pub revoke: Option<RevokeCall>,
}

/// The type of an option, with its settings.
#[derive(Debug)]
pub enum AuthMethod {
    /// OAuth 2.0, authorization code grant.
    OAuth2(OAuth2),
    /// OAuth 1.0, three-legged.
    OAuth1(OAuth1),
    /// What the customer enters, as it is or exchanged for a token.
    ClientCredentials(ClientCredentials),
    /// The registration of an integration that the root workspace shares.
    Proxy(Proxy),
}

impl AuthMethod {
    /// The type's name.
    #[must_use]
    pub fn auth_type(&self) -> AuthType {
        match self {
            Self::OAuth2(_) => AuthType::OAuth2,
            Self::OAuth1(_) => AuthType::OAuth1,
            Self::ClientCredentials(_) => AuthType::ClientCredentials,
            Self::Proxy(_) => AuthType::Proxy,
        }
    }
}

impl AuthOption {
    pub(super) fn new(definition: AuthOptionDefinition, path: &str) -> Result<Self> {
        check_key(&definition.key, &format!("{path}.key"))?;
        if let Some(uri) = &definition.help_uri {
            check_web_address(uri, &format!("{path}.helpUri"))?;
        }
        let config_path = format!("{path}.config");
        let config = &definition.config;
        let method = match definition.auth_type {
            AuthType::OAuth2 => AuthMethod::OAuth2(OAuth2::read(config, &config_path)?),
            AuthType::OAuth1 => AuthMethod::OAuth1(super::read(config, &config_path)?),
            AuthType::ClientCredentials => {
                AuthMethod::ClientCredentials(ClientCredentials::read(config, &config_path)?)
            }
            AuthType::Proxy => AuthMethod::Proxy(super::read(config, &config_path)?),
        };
        Ok(Self {
            key: definition.key,
            title: definition.title,
            description: definition.description,
            enabled: definition.enabled,
            help_uri: definition.help_uri,
            input_schema: definition.input_schema,
            method,
            api_client: definition.api_client.unwrap_or_default(),
            test: definition.test,
            revoke: definition.revoke,
        })
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(flag: &bool) -> bool {
    *flag
}
