//! How a request to the API is signed with a key that two share: by AWS Signature Version 4, or by a MAC, a digest or a
//! signature over a text that the definition describes.

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::{Deserialize, Serialize};

use super::checker::{Checker, Credentials, Request};
use super::request_names::SIGNATURE;
use super::signing_key::KeyEncoding;
use super::template::{Choice, Placeholder, Root, Template};

/// How every request is signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RequestSigning {
    /// AWS Signature Version 4, in headers.
    AwsSigv4(AwsSigv4),
    /// A keyed hash (RFC 2104) of a text: `${request.signature}`.
    Hmac(KeyedHash),
    /// A hash of a text, with the secret in it: `${request.signature}`.
    Digest(Digest),
    /// A signature of a text by a private key: `${request.signature}`.
    PrivateKey(KeySignature),
}

/// AWS Signature Version 4.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsSigv4 {
    /// The service's name in the credential scope.
    pub service: Template,
    /// The region in the credential scope.
    pub region: Template,
    /// The access key's id.
    pub access_key_id: Template,
    /// The secret access key.
    pub secret_access_key: Template,
    /// The session token of temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Template>,
}

/// A keyed hash of a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyedHash {
    /// The hash function.
    pub algorithm: HashFunction,
    /// The key.
    pub key: Template,
    /// How the key is written: a plain text unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_encoding: Option<KeyEncoding>,
    /// The text.
    pub message: Template,
    /// How the signature is written.
    #[serde(default, skip_serializing_if = "Writing::is_hex")]
    pub encoding: Writing,
}

/// A hash of a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Digest {
    /// The hash function.
    pub algorithm: HashFunction,
    /// The text.
    pub message: Template,
    /// What of the text is hashed.
    #[serde(default, skip_serializing_if = "MessageEncoding::is_text")]
    pub message_encoding: MessageEncoding,
    /// How the hash is written.
    #[serde(default, skip_serializing_if = "Writing::is_hex")]
    pub encoding: Writing,
}

/// A signature of a text by a private key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeySignature {
    /// The algorithm, by its name in RFC 7518 §3.1. None with a shared key.
    #[cfg_attr(feature = "schema", schemars(with = "super::json_schema::AlgorithmShape"))]
    pub algorithm: Algorithm,
    /// The key.
    pub key: Template,
    /// How the key is written: PEM unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_encoding: Option<KeyEncoding>,
    /// The text.
    pub message: Template,
    /// How the signature is written.
    #[serde(default, skip_serializing_if = "Writing::is_hex")]
    pub encoding: Writing,
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HashFunction {
    /// SHA-1, for services that know no other.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// What of a text is hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MessageEncoding {
    /// Its bytes.
    #[default]
    Text,
    /// The base64 of its bytes.
    Base64,
}

impl MessageEncoding {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Writing {
    /// Hexadecimal digits, in lower case.
    #[default]
    Hex,
    /// Base64.
    Base64,
    /// Base64 for addresses, without padding.
    Base64url,
    /// The base64 of the hexadecimal digits.
    HexBase64,
}

impl Writing {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_hex(&self) -> bool {
        *self == Self::Hex
    }
}

impl RequestSigning {
    /// True if it makes `${request.signature}`.
    pub(super) fn makes_signature(&self) -> bool {
        !matches!(self, Self::AwsSigv4(_))
    }

    /// Notes every setting that cannot work. `checker` is that of the settings that it stands among.
    pub(super) fn check(&self, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        let mut inside = checker.inside("signing");
        match self {
            Self::AwsSigv4(aws) => {
                let AwsSigv4 { service, region, access_key_id, secret_access_key, session_token } = aws;
                for (setting, template) in [("service", service), ("region", region)] {
                    inside.template(setting, template, credentials);
                    if template.as_str().is_empty() {
                        inside.refuse(setting, "is empty");
                    }
                }
                check_key("accessKeyId", access_key_id, &mut inside, credentials);
                check_key("secretAccessKey", secret_access_key, &mut inside, credentials);
                if let Some(template) = session_token {
                    check_key("sessionToken", template, &mut inside, credentials);
                }
            }
            Self::Hmac(KeyedHash { algorithm: _, key, key_encoding, message, encoding: _ }) => {
                check_key("key", key, &mut inside, credentials);
                if matches!(key_encoding, Some(KeyEncoding::Pem | KeyEncoding::Jwk)) {
                    inside.refuse("keyEncoding", "is none of a key that two share");
                }
                check_message(message, &mut inside, credentials);
            }
            Self::Digest(Digest { algorithm: _, message, message_encoding: _, encoding: _ }) => {
                check_message(message, &mut inside, credentials);
            }
            Self::PrivateKey(KeySignature { algorithm, key, key_encoding, message, encoding: _ }) => {
                check_key("key", key, &mut inside, credentials);
                if algorithm.family() == AlgorithmFamily::Hmac {
                    inside.refuse("algorithm", "is none that signs with a private key");
                }
                if *key_encoding == Some(KeyEncoding::Text) {
                    inside.refuse("keyEncoding", "is none of a private key");
                }
                check_message(message, &mut inside, credentials);
            }
        }
    }
}

/// A literal would be stored, and shown, as it is.
pub(super) fn check_key(
    setting: &str,
    key: &Template,
    inside: &mut Checker<'_>,
    credentials: Credentials<'_>,
) {
    inside.template(setting, key, credentials);
    let is_given = key.choices().next().is_some() && !key.choices().any(Choice::has_text);
    if !is_given {
        inside.refuse(setting, "must be a placeholder without a text of its own: `${credentials.…}`, or `${integration.…}` for yours");
    }
}

fn check_message(message: &Template, inside: &mut Checker<'_>, credentials: Credentials<'_>) {
    inside.request = Request::Sent;
    inside.template("message", message, credentials);
    if message.choices().next().is_none() {
        inside.refuse("message", "has no placeholder in it: every request would have the same signature");
    }
}

/// True if the signature fills the template, so that it stands beside what is signed.
#[must_use]
pub fn holds_signature(template: &Template) -> bool {
    template.placeholders().any(is_signature)
}

fn is_signature(placeholder: &Placeholder) -> bool {
    placeholder.root() == Root::Request && placeholder.path() == [SIGNATURE]
}
