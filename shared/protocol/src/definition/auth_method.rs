//! The types of authentication, with their settings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::api_calls::ApiClient;
use super::checker::Checker;
use super::client_credentials::ClientCredentials;
use super::customer_host::CustomerHost;
use super::oauth1::OAuth1;
use super::oauth2::OAuth2;
use super::problem::Problems;
use super::proxy::Proxy;
use super::read::read_leniently;
use super::template::Address;

/// The authentication types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AuthType {
    /// OAuth 2.0, authorization code grant.
    #[serde(rename = "oauth2")]
    OAuth2,
    /// OAuth 1.0, three-legged (RFC 5849).
    #[serde(rename = "oauth1")]
    OAuth1,
    /// The customer's input, used as it is or exchanged for a token.
    #[serde(rename = "client-credentials")]
    ClientCredentials,
    /// The registration of an integration that the root workspace shares.
    #[serde(rename = "proxy")]
    Proxy,
}

impl AuthType {
    /// The settings that are secrets of this type.
    pub(super) fn secrets(self) -> &'static [&'static str] {
        match self {
            Self::OAuth2 | Self::ClientCredentials => &["clientSecret", "privateKey"],
            Self::OAuth1 => &["consumerSecret", "privateKey"],
            Self::Proxy => &[],
        }
    }

    /// The setting that names the team's client, if the type has one.
    pub(super) fn client_setting(self) -> Option<&'static str> {
        match self {
            Self::OAuth2 => Some("clientId"),
            Self::OAuth1 => Some("consumerKey"),
            Self::ClientCredentials | Self::Proxy => None,
        }
    }

    /// The secrets of the team's client that may be parameters of the integration.
    pub(super) fn client_secrets(self) -> &'static [&'static str] {
        match self {
            Self::OAuth2 | Self::OAuth1 => self.secrets(),
            Self::ClientCredentials | Self::Proxy => &[],
        }
    }
}

/// The type of an option, with its settings.
#[derive(Debug)]
pub enum AuthMethod {
    /// OAuth 2.0, authorization code grant.
    OAuth2(Box<OAuth2>),
    /// OAuth 1.0, three-legged.
    OAuth1(Box<OAuth1>),
    /// The customer's input, used as it is or exchanged for a token.
    ClientCredentials(Box<ClientCredentials>),
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

    /// True if the customer's input is the credentials, as it is.
    #[must_use]
    pub fn is_entered(&self) -> bool {
        match self {
            Self::ClientCredentials(config) => !config.is_exchanged(),
            Self::OAuth1(config) => config.has_entered_tokens(),
            Self::OAuth2(_) | Self::Proxy(_) => false,
        }
    }

    /// True if connections are made of the customer's input, without a page of the provider's.
    #[must_use]
    pub fn needs_no_page(&self) -> bool {
        matches!(self, Self::ClientCredentials(_)) || self.is_entered()
    }

    /// The settings in `config`, which stands at `path` of the definition.
    pub(super) fn read(
        auth_type: AuthType,
        config: &Value,
        path: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let none = Value::Object(Map::new());
        match auth_type {
            AuthType::OAuth2 => read_leniently(config, path, problems)
                .filter(|read: &OAuth2| read.has_endpoints(path, problems))
                .map(OAuth2::with_resource)
                .map(Box::new)
                .map(Self::OAuth2),
            AuthType::OAuth1 => read_leniently(config, path, problems).map(Box::new).map(Self::OAuth1),
            AuthType::ClientCredentials => {
                let config = if config.is_null() { &none } else { config };
                read_leniently(config, path, problems).map(Box::new).map(Self::ClientCredentials)
            }
            AuthType::Proxy => read_leniently(config, path, problems).map(Self::Proxy),
        }
    }

    /// The secret that the client cannot do without.
    pub(super) fn needed_secret(&self) -> Option<&'static str> {
        match self {
            Self::OAuth2(config) => config.sends_secret().then_some("clientSecret"),
            Self::OAuth1(config) => Some(config.signature_method.secret()),
            Self::ClientCredentials(_) | Self::Proxy(_) => None,
        }
    }

    /// The base address of the API, if the type's settings say it.
    pub(super) fn server_address(&self) -> Option<Address> {
        match self {
            Self::OAuth2(config) => config.server_address(),
            Self::OAuth1(_) | Self::ClientCredentials(_) | Self::Proxy(_) => None,
        }
    }

    /// How requests to the API are authenticated, if the type's settings say it.
    pub(super) fn server_client(&self) -> Option<ApiClient> {
        match self {
            Self::OAuth2(config) => config.server_client(),
            Self::OAuth1(_) | Self::ClientCredentials(_) | Self::Proxy(_) => None,
        }
    }

    pub(super) fn set_customer_host(&mut self, customer_host: CustomerHost) {
        match self {
            Self::OAuth2(config) => config.customer_host = customer_host,
            Self::ClientCredentials(config) => config.customer_host = customer_host,
            // Without its secret nothing can be signed: `check_hosts` refuses that.
            Self::OAuth1(_) | Self::Proxy(_) => {}
        }
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        match self {
            Self::OAuth2(config) => config.check(checker),
            Self::OAuth1(config) => config.check(checker),
            Self::ClientCredentials(config) => config.check(checker),
            Self::Proxy(config) => config.check(checker),
        }
    }
}
