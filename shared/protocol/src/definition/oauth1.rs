//! The settings of an `oauth1` option.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::template::Template;

/// How requests are signed (RFC 5849 §3.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureMethod {
    /// HMAC with SHA-1; the one that every provider knows.
    #[default]
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// HMAC with SHA-256; not of the RFC, but of several providers.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-1, by the option's `privateKey`.
    #[serde(rename = "RSA-SHA1")]
    RsaSha1,
    /// The secrets themselves, over TLS.
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}

impl SignatureMethod {
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

/// Where a provider wants `scope` and the `extra` parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterPlace {
    /// In the request for temporary credentials.
    Request,
    /// In the address of the authorization page.
    #[default]
    Authorize,
}

/// An `oauth1` option's `config`. `consumerSecret` and `privateKey` are kept sealed beside the definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuth1 {
    /// The client credentials' identifier (RFC 5849 §1.1).
    pub consumer_key: String,
    /// Where temporary credentials are requested (§2.1).
    pub request_token_uri: Template,
    /// Where the customer authorizes them (§2.2).
    pub authorize_uri: Template,
    /// Where token credentials are requested (§2.3).
    pub token_uri: Template,
    /// How requests are signed.
    #[serde(default)]
    pub signature_method: SignatureMethod,
    /// What is asked for, at providers that know scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What stands between two scopes.
    #[serde(default = "comma", skip_serializing_if = "is_comma")]
    pub scope_separator: String,
    /// Parameters that the provider wants besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// Where it wants them, and the scopes.
    #[serde(default)]
    pub extra_in: ParameterPlace,
}

fn comma() -> String {
    ",".to_owned()
}

fn is_comma(separator: &str) -> bool {
    separator == ","
}
