//! The JWTs that an option signs (RFC 7519): what `${signed.name}` stands for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZero;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::{Node, object};
use super::checker::{Checker, Credentials, KnownSecrets, Request};
use super::key_source::KeySource;
use super::signing_key::{KeyEncoding, SigningKey, key_id_of};
use super::template::{Choice, Placeholder, Root, Template, Values};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::kept_keys::ToSign;
use crate::secret::Secret;

/// The lifetime of a JWT in seconds, unless it is given.
const LIFETIME: u32 = 300;

/// A JWT that an option signs for a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signed {
    /// The algorithm (RFC 7518 §3.1).
    #[cfg_attr(feature = "schema", schemars(with = "super::json_schema::AlgorithmShape"))]
    pub algorithm: Algorithm,
    /// The key, which the customer has entered or KMS keeps; the option's own `privateKey` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeySource>,
    /// How the key is written: PEM unless given, and plain text for HMAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_encoding: Option<KeyEncoding>,
    /// The header's `kid`; that of a JWK unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<Template>,
    /// Further fields of the header.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, Node>,
    /// The claims, besides the times and the id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Node>,
    /// The seconds from `iat` to `exp`.
    #[serde(default = "lifetime", skip_serializing_if = "is_usual_lifetime")]
    pub lifetime: NonZero<u32>,
    /// True if there is an id, `jti`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub jti: bool,
    /// True if there is `nbf`, the same as `iat`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nbf: bool,
}

fn lifetime() -> NonZero<u32> {
    NonZero::<u32>::MIN.saturating_add(LIFETIME - 1)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual_lifetime(seconds: &NonZero<u32>) -> bool {
    seconds.get() == LIFETIME
}

/// A JWT, or what its key must sign first.
pub enum Jwt {
    /// The JWT.
    Signed(String),
    /// Its header and its claims, for a key that is kept elsewhere.
    Unsigned(ToSign),
}

/// The time and the id of a JWT.
pub struct Issue {
    /// `iat`.
    pub at: Timestamp,
    /// `jti`, if there is one.
    pub jti: String,
}

impl Signed {
    /// The signature's part of it.
    fn signing(&self) -> Signing<'_> {
        let Self { algorithm, key, key_encoding, key_id, header, .. } = self;
        Signing {
            algorithm: *algorithm,
            key: key.as_ref(),
            encoding: *key_encoding,
            key_id: key_id.as_ref(),
            header,
        }
    }

    /// The JWT. `own_key` is the option's `privateKey`.
    pub fn sign(&self, values: &Values<'_>, own_key: Option<&Secret>, issue: Issue) -> Result<Jwt> {
        let mut claims = object(&self.claims, values)?;
        claims.insert("iat".to_owned(), issue.at.seconds().into());
        claims.insert("exp".to_owned(), (issue.at.seconds() + i64::from(self.lifetime.get())).into());
        if self.nbf {
            claims.insert("nbf".to_owned(), issue.at.seconds().into());
        }
        if self.jti {
            claims.insert("jti".to_owned(), issue.jti.into());
        }
        self.signing().sign(claims, values, own_key)
    }

    /// True if the team's own key signs it.
    pub(super) fn has_own_key(&self) -> bool {
        self.key.as_ref().and_then(KeySource::template).is_none()
    }

    /// The placeholders in it.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        let nodes = self.header.values().chain(self.claims.values()).flat_map(Node::templates);
        self.key
            .iter()
            .filter_map(KeySource::template)
            .chain(&self.key_id)
            .chain(nodes)
            .flat_map(Template::placeholders)
    }

    /// Notes every setting that cannot work. `checker` is the option's.
    pub(super) fn check(&self, name: &str, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(is_name) {
            checker.refuse(&format!("signed.{name}"), "must be named by letters, digits, `-` and `_`");
        }
        self.signing().check(&format!("signed.{name}"), checker, credentials);
        let mut inside = checker.inside(&format!("signed.{name}"));
        // Where it is used says whether there is a request.
        inside.request = Request::Sent;
        for (claim, node) in &self.claims {
            let setting = format!("claims.{claim}");
            let is_ours = match claim.as_str() {
                "iat" | "exp" => true,
                "nbf" => self.nbf,
                "jti" => self.jti,
                _ => false,
            };
            if is_ours {
                inside.refuse(&setting, "is set by Linkspan itself");
            }
            node.check(&mut inside, &setting, credentials);
        }
        if self.placeholders().any(|it| it.root() == Root::Signed) {
            inside.refuse("claims", "cannot have a `${signed.…}` in what is signed");
        }
    }
}

/// How a JWT is signed.
#[derive(Clone, Copy)]
pub(super) struct Signing<'a> {
    pub(super) algorithm: Algorithm,
    /// The key's template; the option's own key unless given.
    pub(super) key: Option<&'a KeySource>,
    pub(super) encoding: Option<KeyEncoding>,
    pub(super) key_id: Option<&'a Template>,
    /// Further fields of the header.
    pub(super) header: &'a BTreeMap<String, Node>,
}

impl Signing<'_> {
    /// Signs these claims.
    pub(super) fn sign(
        &self,
        claims: Map<String, Value>,
        values: &Values<'_>,
        own_key: Option<&Secret>,
    ) -> Result<Jwt> {
        let mut header = Map::new();
        header.insert("typ".to_owned(), "JWT".into());
        header.append(&mut object(self.header, values)?);
        header.insert("alg".to_owned(), serde_json::to_value(self.algorithm).map_err(Error::internal)?);
        let text = self.key_text(values, own_key)?;
        let key_id = self.key_id.map(|template| template.render_optional(values)).transpose()?.flatten();
        let own_id = || text.as_deref().and_then(|text| key_id_of(self.encoding(), text.expose()));
        if let Some(key_id) = key_id.or_else(own_id) {
            header.insert("kid".to_owned(), key_id.into());
        }
        let encoded = |part: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(part).to_string());
        let message = format!("{}.{}", encoded(header), encoded(claims));
        if let Some(KeySource::Kms(key)) = self.key {
            let (key, algorithm) = (key.clone(), self.algorithm);
            return Ok(Jwt::Unsigned(ToSign { key, algorithm, message }));
        }
        let key = text.as_deref().and_then(|text| self.key_of(text));
        let key = key.ok_or_else(|| match self.key.and_then(KeySource::template) {
            Some(template) => template.refused(&format!("is {}", self.fault())),
            None => unusable_key(),
        });
        let signature = key?.sign(&message).ok_or_else(unusable_key)?;
        Ok(Jwt::Signed(format!("{message}.{signature}")))
    }

    /// The key as it is written, if it is known here.
    fn key_text<'k>(
        &self,
        values: &Values<'_>,
        own_key: Option<&'k Secret>,
    ) -> Result<Option<Cow<'k, Secret>>> {
        match self.key {
            Some(KeySource::Entered(template)) => {
                template.render_lines(values).map(|text| Some(Cow::Owned(Secret::new(text))))
            }
            Some(KeySource::Kms(_)) => Ok(None),
            None => Ok(own_key.map(Cow::Borrowed)),
        }
    }

    fn key_of(&self, text: &Secret) -> Option<SigningKey> {
        SigningKey::read(self.algorithm, self.encoding(), text.expose())
    }

    fn is_shared(&self) -> bool {
        self.algorithm.family() == AlgorithmFamily::Hmac
    }

    fn encoding(&self) -> KeyEncoding {
        self.encoding.unwrap_or(if self.is_shared() { KeyEncoding::Text } else { KeyEncoding::Pem })
    }

    fn fault(&self) -> String {
        let kind = match self.encoding() {
            KeyEncoding::Pem => "private key in PEM (`-----BEGIN PRIVATE KEY-----`)",
            KeyEncoding::Text => "key",
            KeyEncoding::Base64 => "key in base64",
            KeyEncoding::Hex => "key in hexadecimal digits",
            KeyEncoding::Jwk => "private key in JSON (a JWK)",
        };
        format!("no {kind} that {:?} signs with", self.algorithm)
    }

    /// Notes every setting that cannot work. `checker` is the option's, and `setting` the place in it.
    pub(super) fn check(&self, setting: &str, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        self.check_key(setting, checker, credentials);
        self.check_header(setting, checker, credentials);
    }

    /// Notes what cannot work, the key aside.
    pub(super) fn check_header(
        &self,
        setting: &str,
        checker: &mut Checker<'_>,
        credentials: Credentials<'_>,
    ) {
        let mut inside = checker.inside(setting);
        if let Some(template) = self.key_id {
            inside.template("keyId", template, credentials);
        }
        for (name, node) in self.header {
            let setting = format!("header.{name}");
            match name.as_str() {
                "alg" => inside.refuse(&setting, "is set by Linkspan itself"),
                "kid" => inside.refuse(&setting, "is keyId"),
                _ => {}
            }
            node.check(&mut inside, &setting, credentials);
        }
        let can_be = match self.encoding() {
            KeyEncoding::Pem | KeyEncoding::Jwk => !self.is_shared(),
            KeyEncoding::Text => self.is_shared(),
            KeyEncoding::Base64 | KeyEncoding::Hex => true,
        };
        if !can_be {
            inside.refuse("keyEncoding", format!("is none of a key that {:?} signs with", self.algorithm));
        }
    }

    fn check_key(&self, setting: &str, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        if let Some(KeySource::Kms(name)) = self.key {
            let mut inside = checker.inside(setting);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
                inside.refuse("key.kms", "must be 1 to 64 letters, digits, '_' or '-'");
            }
            if self.encoding.is_some() {
                inside.refuse("keyEncoding", "has no meaning for a key in KMS");
            }
            if matches!(self.algorithm.family(), AlgorithmFamily::Hmac | AlgorithmFamily::Ed) {
                inside.refuse("algorithm", "is none that a key in KMS signs with");
            }
            return;
        }
        if let Some(KeySource::Entered(template)) = self.key {
            let mut inside = checker.inside(setting);
            // A literal would be stored, and shown, as it is.
            let has_literal = template.literals().any(|text| !is_separator(text))
                || template.choices().next().is_none()
                || template.choices().any(Choice::has_text);
            if has_literal {
                inside.refuse(
                    "key",
                    "must be placeholders alone, such as `${parameters.privateKey}`: a key of your own is \
                     config.privateKey",
                );
            }
            inside.template("key", template, credentials);
            return;
        }
        if checker.lacks("privateKey") && checker.option.takes_client {
            checker.refuse_parameter("privateKey");
        } else if checker.lacks("privateKey") {
            checker.refuse("config.privateKey", format!("is missing, and {setting} signs with it"));
        }
        if let KnownSecrets::Opened(secrets) = checker.secrets
            && let Some(key) = checker.option.secret(secrets, "privateKey")
            && self.key_of(key).is_none()
        {
            checker.refuse("config.privateKey", format!("is {}, as {setting} should", self.fault()));
        }
    }
}

fn unusable_key() -> Error {
    Error::unusable("privateKey")
}

/// True if the text only separates values: a key of two is written with one between them.
fn is_separator(text: &str) -> bool {
    text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_punctuation())
}
