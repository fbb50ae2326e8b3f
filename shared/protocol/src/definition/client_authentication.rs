//! How the client authenticates at the provider's endpoints (RFC 6749 §2.3).

use serde::{Deserialize, Serialize};

/// The client authentication at the token endpoint (RFC 6749 §2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// HTTP Basic, both parts form-encoded (RFC 6749 §2.3.1).
    Headers,
    /// `client_id` and `client_secret` in the body, which most providers accept.
    #[default]
    Body,
    /// HTTP Basic, and the same parameters in the body.
    Both,
    /// HTTP Basic with both parts as they are, for servers that do not decode them.
    #[serde(rename = "raw-headers")]
    RawHeaders,
    /// HTTP Basic with the secret as the user name, and no password.
    #[serde(rename = "user-name")]
    UserName,
    /// `client_id` and `client_secret` in the query of the address.
    Query,
    /// A JWT that a private key signs (RFC 7523 §2.2).
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
    /// A JWT that the client secret signs.
    #[serde(rename = "client_secret_jwt")]
    ClientSecretJwt,
    /// A certificate in the TLS handshake, and `client_id` in the body (RFC 8705 §2).
    #[serde(rename = "tls_client_auth")]
    TlsClientAuth,
    /// A public client: `client_id` in the body, no secret.
    None,
}

impl ClientAuthentication {
    /// True if the client authenticates by a JWT.
    #[must_use]
    pub fn is_assertion(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::ClientSecretJwt)
    }

    /// True if the client has no use for a secret.
    #[must_use]
    pub fn needs_no_secret(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::TlsClientAuth | Self::None)
    }
}
