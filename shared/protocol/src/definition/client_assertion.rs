//! Client authentication by a JWT (RFC 7523 §2.2; OpenID Connect Core 1.0 §9).

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::body::Node;
use super::checker::{Checker, Credentials};
use super::client_authentication::ClientAuthentication;
use super::key_source::KeySource;
use super::signed::{Issue, Jwt, Signing};
use super::signing_key::KeyEncoding;
use super::template::{Template, Values};
use crate::error::Result;
use crate::secret::Secret;

/// The lifetime of the JWT in seconds.
const LIFETIME: i64 = 300;

/// How the JWT that authenticates the client is made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientAssertion {
    /// The algorithm; RS256 unless given, or HS256 for `client_secret_jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<super::json_schema::AlgorithmShape>"))]
    pub algorithm: Option<Algorithm>,
    /// The key, if the customer brings a client of their own or KMS keeps it; the option's own `privateKey` unless
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeySource>,
    /// How the key is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_encoding: Option<KeyEncoding>,
    /// The header's `kid`; that of a JWK unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<Template>,
    /// Further fields of the header, such as `x5t`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, Node>,
    /// The `aud`; the token endpoint unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Template>,
}

impl ClientAssertion {
    /// How an option says that it is made. Returns nothing if the client authenticates in another way.
    pub(super) fn of(given: Option<&Self>, authentication: ClientAuthentication) -> Option<Self> {
        authentication.is_assertion().then(|| given.cloned().unwrap_or_default())
    }

    /// The JWT of a client. `key` is the option's `privateKey`, or the client secret for `client_secret_jwt`.
    pub fn sign(
        &self,
        authentication: ClientAuthentication,
        client_id: &str,
        token_uri: &str,
        values: &Values<'_>,
        (key, issue): (Option<&Secret>, Issue),
    ) -> Result<Jwt> {
        let audience = match &self.audience {
            Some(template) => template.render_text(values)?,
            None => token_uri.to_owned(),
        };
        let now = issue.at.seconds();
        let claims = [
            ("iss", client_id.into()),
            ("sub", client_id.into()),
            ("aud", audience.into()),
            ("jti", issue.jti.into()),
            ("iat", now.into()),
            ("exp", (now + LIFETIME).into()),
        ];
        let claims: Map<_, _> = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.signing(authentication).sign(claims, values, key)
    }

    fn signing(&self, authentication: ClientAuthentication) -> Signing<'_> {
        let usual = match authentication {
            ClientAuthentication::ClientSecretJwt => Algorithm::HS256,
            _ => Algorithm::RS256,
        };
        Signing {
            algorithm: self.algorithm.unwrap_or(usual),
            key: self.key.as_ref(),
            encoding: self.key_encoding,
            key_id: self.key_id.as_ref(),
            header: &self.header,
        }
    }

    /// True if the team's own key signs it.
    pub(super) fn has_own_key(&self) -> bool {
        self.key.as_ref().and_then(KeySource::template).is_none()
    }

    /// Notes every setting that cannot work. `checker` is the option's.
    pub(super) fn check(&self, authentication: ClientAuthentication, checker: &mut Checker<'_>) {
        const SETTING: &str = "config.clientAssertion";
        let signing = self.signing(authentication);
        let is_by_secret = authentication == ClientAuthentication::ClientSecretJwt;
        if (signing.algorithm.family() == AlgorithmFamily::Hmac) != is_by_secret {
            let kind = if is_by_secret { "a shared secret" } else { "a private key" };
            checker.refuse(&format!("{SETTING}.algorithm"), format!("is none that signs with {kind}"));
            return;
        }
        if is_by_secret {
            if self.key.is_some() {
                checker.refuse(&format!("{SETTING}.key"), "has no place: the client secret is the key");
            }
            signing.check_header(SETTING, checker, Credentials::NotYet);
        } else {
            signing.check(SETTING, checker, Credentials::NotYet);
        }
        if let Some(template) = &self.audience {
            checker.template(&format!("{SETTING}.audience"), template, Credentials::NotYet);
        }
    }
}
