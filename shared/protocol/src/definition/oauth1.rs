//! The settings of an `oauth1` option.

use std::collections::BTreeMap;

use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde::{Deserialize, Serialize};

use super::checker::{Checker, Credentials, KnownSecrets};
use super::template::{Address, Template};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The signature method (RFC 5849 §3.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SignatureMethod {
    /// HMAC with SHA-1, which every provider supports.
    #[default]
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// HMAC with SHA-256. It is not in the RFC, but several providers use it.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-1, by the option's `privateKey`.
    #[serde(rename = "RSA-SHA1")]
    RsaSha1,
    /// The secrets themselves, sent over TLS.
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}

impl SignatureMethod {
    /// The setting that holds what it signs with.
    pub(super) fn secret(self) -> &'static str {
        match self {
            Self::RsaSha1 => "privateKey",
            Self::HmacSha1 | Self::HmacSha256 | Self::Plaintext => "consumerSecret",
        }
    }

    /// The value of `oauth_signature_method`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::RsaSha1 => "RSA-SHA1",
            Self::Plaintext => "PLAINTEXT",
        }
    }
}

/// The request that carries `scope` and the `extra` parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ParameterPlace {
    /// In the request for temporary credentials.
    Request,
    /// In the address of the authorization page.
    #[default]
    Authorize,
}

/// The HTTP method of a request for credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TokenMethod {
    /// As RFC 5849 has it (§2.1, §2.3).
    #[default]
    #[serde(rename = "POST")]
    Post,
    /// For providers that take nothing else.
    #[serde(rename = "GET")]
    Get,
}

impl TokenMethod {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_post(&self) -> bool {
        *self == Self::Post
    }
}

/// Where the token credentials come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TokenSource {
    /// The provider issues them, after the customer has authorized the client (§2).
    #[default]
    Issued,
    /// The customer has got them at the provider, and enters them.
    Entered,
}

impl TokenSource {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_issued(&self) -> bool {
        *self == Self::Issued
    }
}

/// The endpoints by which the provider issues token credentials.
pub struct Endpoints<'a> {
    /// The endpoint that issues temporary credentials (§2.1).
    pub request_token: &'a Address,
    /// The page where the customer authorizes them (§2.2).
    pub authorize: &'a Address,
    /// The endpoint that issues token credentials (§2.3).
    pub token: &'a Address,
}

/// An `oauth1` option's `config`. `consumerSecret` and `privateKey` are kept sealed beside the definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuth1 {
    /// The client credentials' identifier (RFC 5849 §1.1); the integration's parameter of the same name unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_key: Option<String>,
    /// Where the token credentials come from.
    #[serde(default, skip_serializing_if = "TokenSource::is_issued")]
    pub tokens: TokenSource,
    /// The endpoint that issues temporary credentials (§2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_token_uri: Option<Address>,
    /// The page where the customer authorizes them (§2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_uri: Option<Address>,
    /// The endpoint that issues token credentials (§2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_uri: Option<Address>,
    /// The method of the request for temporary credentials.
    #[serde(default, skip_serializing_if = "TokenMethod::is_post")]
    pub request_method: TokenMethod,
    /// The method of the request for token credentials.
    #[serde(default, skip_serializing_if = "TokenMethod::is_post")]
    pub token_method: TokenMethod,
    /// The template of the realm, which each signed request names (§3.5.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<Template>,
    /// The signature method.
    #[serde(default)]
    pub signature_method: SignatureMethod,
    /// The scopes to request, at providers that know scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The text between two scopes.
    #[serde(default = "comma", skip_serializing_if = "is_comma")]
    pub scope_separator: String,
    /// Further parameters that the provider wants.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// The request that carries them, and the scopes.
    #[serde(default)]
    pub extra_in: ParameterPlace,
}

impl OAuth1 {
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        match &self.consumer_key {
            Some(consumer_key) => checker.name("consumerKey", consumer_key),
            None => checker.refuse_parameter("consumerKey"),
        }
        self.check_source(checker);
        if let Some(realm) = &self.realm {
            checker.template("realm", realm, Credentials::NotYet);
        }
        checker.scopes(&self.scopes);
        checker.added(self.extra.keys(), |name| {
            name.starts_with("oauth_") || (name == "scope" && !self.scopes.is_empty())
        });
        for (name, value) in &self.extra {
            checker.literal(&format!("extra.{name}"), value);
        }
        self.check_key(checker);
    }

    /// The identifier.
    pub fn consumer_key(&self) -> Result<&str> {
        self.consumer_key.as_deref().ok_or_else(|| Error::unusable("parameters.consumerKey"))
    }

    /// Checks what issues the token credentials, and that nothing does if they are entered.
    fn check_source(&self, checker: &mut Checker<'_>) {
        let endpoints = [
            ("requestTokenUri", &self.request_token_uri),
            ("authorizeUri", &self.authorize_uri),
            ("tokenUri", &self.token_uri),
        ];
        if self.tokens == TokenSource::Issued {
            for (setting, address) in endpoints {
                match address {
                    Some(address) => checker.endpoint(setting, address, PROTOCOL_PARAMETERS),
                    None => checker.refuse(setting, "is missing"),
                }
            }
            if let Some(address) = &self.authorize_uri {
                checker.shown("authorizeUri", address.template());
            }
            return;
        }
        let given = endpoints.map(|(setting, address)| (setting, address.is_some()));
        let others = [
            ("requestMethod", self.request_method != TokenMethod::default()),
            ("tokenMethod", self.token_method != TokenMethod::default()),
            ("scopes", !self.scopes.is_empty()),
            ("extra", !self.extra.is_empty()),
        ];
        for (setting, _) in given.into_iter().chain(others).filter(|(_, is_given)| *is_given) {
            checker.refuse(setting, "has no meaning where the customer enters the tokens");
        }
        for name in ["oauth_token", "oauth_token_secret"] {
            if !checker.inputs.has(name) {
                checker.refuse("tokens", format!("is entered, but the option's inputSchema has no `{name}`"));
            }
        }
    }

    /// True if the customer enters the token credentials.
    #[must_use]
    pub fn has_entered_tokens(&self) -> bool {
        self.tokens == TokenSource::Entered
    }

    /// The endpoints by which the provider issues token credentials.
    ///
    /// # Errors
    ///
    /// `configuration_invalid`, naming the one that the definition does not have.
    pub fn endpoints(&self) -> Result<Endpoints<'_>> {
        Ok(Endpoints {
            request_token: given(self.request_token_uri.as_ref(), "requestTokenUri")?,
            authorize: given(self.authorize_uri.as_ref(), "authorizeUri")?,
            token: given(self.token_uri.as_ref(), "tokenUri")?,
        })
    }

    fn check_key(&self, checker: &mut Checker<'_>) {
        let setting = self.signature_method.secret();
        if checker.lacks(setting) && checker.option.takes_client {
            checker.refuse_parameter(setting);
        } else if checker.lacks(setting) {
            checker
                .refuse(setting, format!("is missing, and {} signs with it", self.signature_method.as_str()));
        }
        if let KnownSecrets::Opened(secrets) = checker.secrets
            && let Some(pem) = checker.option.secret(secrets, "privateKey")
            && private_key(pem).is_err()
        {
            checker.refuse("privateKey", "is no RSA private key in PEM (`-----BEGIN PRIVATE KEY-----`)");
        }
    }
}

fn given<'a>(address: Option<&'a Address>, setting: &str) -> Result<&'a Address> {
    address.ok_or_else(|| Error::unusable(setting))
}

/// Reads an RSA key in PEM, of either kind (RFC 5958, RFC 8017 §A.1.2).
pub fn private_key(pem: &Secret) -> Result<PrivateKey> {
    PrivateKey::from_pkcs8_pem(pem.expose())
        .or_else(|_| PrivateKey::from_pkcs1_pem(pem.expose()))
        .map_err(|_| Error::unusable("privateKey"))
}

/// The protocol parameters. They are signed, and each may appear only once (RFC 5849 §3.1).
const PROTOCOL_PARAMETERS: &[&str] = &[
    "oauth_callback",
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_token",
    "oauth_verifier",
    "oauth_version",
];

fn comma() -> String {
    ",".to_owned()
}

fn is_comma(separator: &str) -> bool {
    separator == ","
}
