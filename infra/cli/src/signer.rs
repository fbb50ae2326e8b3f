//! Tokens (docs/backend.md): JWTs that the workspace's secret or key signs.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use protocol::clock::{Clock as _, SystemClock, Timestamp};
use protocol::definition::{KeyEncoding, SigningKey};
use protocol::id::WorkspaceKey;
use protocol::token::Scope;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::problem::Problem;

/// The shortest secret that a workspace can have, in bytes.
const MIN_SECRET: usize = 32;

/// The algorithms that a private key may be for, each tried in turn: the key decides.
const ASYMMETRIC: [(Algorithm, &str); 4] = [
    (Algorithm::RS256, "RS256"),
    (Algorithm::ES256, "ES256"),
    (Algorithm::ES384, "ES384"),
    (Algorithm::EdDSA, "EdDSA"),
];

/// A secret or key, with its algorithm.
pub(crate) struct Signer {
    name: &'static str,
    key: SigningKey,
}

/// Whom a token is for.
#[derive(Debug, Clone)]
pub(crate) enum Bearer {
    /// Who manages the workspace.
    Admin,
    /// A customer.
    Customer {
        /// The customer's id.
        id: String,
        /// The name on pages.
        name: Option<String>,
        /// What `GET /self` returns.
        fields: Option<Map<String, Value>>,
    },
}

/// A token, and when it ends.
pub(crate) struct Minted {
    pub(crate) token: Zeroizing<String>,
    pub(crate) expires: Timestamp,
}

impl Signer {
    /// By HS256. `source` is where the secret stands.
    pub(crate) fn of_secret(source: &str, secret: &str) -> Result<Self, Problem> {
        if secret.len() < MIN_SECRET {
            return Err(Problem::Usage(format!(
                "{source} has fewer than {MIN_SECRET} bytes: it is not the secret of a workspace."
            )));
        }
        if secret.contains("-----BEGIN ") {
            return Err(Problem::Usage(format!("{source} has a key in PEM: give it as --key-file.")));
        }
        let key = SigningKey::read(Algorithm::HS256, KeyEncoding::Text, secret);
        let key = key.ok_or_else(|| Problem::Usage(format!("{source} has no secret.")))?;
        Ok(Self { name: "HS256", key })
    }

    /// By the algorithm that fits the private key.
    pub(crate) fn of_pem(source: &str, pem: &str) -> Result<Self, Problem> {
        let read =
            |(algorithm, name)| Some(Self { name, key: SigningKey::read(algorithm, KeyEncoding::Pem, pem)? });
        ASYMMETRIC.into_iter().find_map(read).ok_or_else(|| {
            let advice = if pem.contains("ENCRYPTED") {
                "it has a passphrase: `openssl pkey -in FILE -out PLAIN` takes it away"
            } else if pem.contains("-----BEGIN PUBLIC KEY-----") {
                "it is a public key: the private one signs"
            } else {
                "it must be RSA of 2048 bits or more, P-256, P-384 or Ed25519"
            };
            Problem::Usage(format!("{source} has no private key in PEM that can sign: {advice}."))
        })
    }

    /// Makes a token. Without scopes it is limited to none.
    pub(crate) fn mint(
        &self,
        workspace: &WorkspaceKey,
        audience: Option<&str>,
        (bearer, scopes): (&Bearer, &[Scope]),
        lifetime: Duration,
    ) -> Result<Minted, Problem> {
        let now = SystemClock.now();
        let expires = now + lifetime;
        let mut claims = json!({ "iss": workspace, "iat": now.seconds(), "exp": expires.seconds() });
        if let Some(audience) = audience {
            claims["aud"] = audience.into();
        }
        if !scopes.is_empty() {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
            claims["scope"] = names.join(" ").into();
        }
        match bearer {
            Bearer::Admin => claims["isAdmin"] = true.into(),
            Bearer::Customer { id, name, fields } => {
                claims["id"] = id.as_str().into();
                if let Some(name) = name {
                    claims["name"] = name.as_str().into();
                }
                if let Some(fields) = fields {
                    claims["fields"] = fields.clone().into();
                }
            }
        }
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(json!({ "alg": self.name, "typ": "JWT" })), encode(claims));
        let signature =
            self.key.sign(&message).ok_or_else(|| Problem::Failed("The key does not sign.".to_owned()))?;
        Ok(Minted { token: Zeroizing::new(format!("{message}.{signature}")), expires })
    }
}

/// Reads a secret without the line's end that editors add; from standard input, if the path is `-`.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, Problem> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = Zeroizing::new(read.map_err(|error| Problem::Usage(format!("{}: {error}.", path.display())))?);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
