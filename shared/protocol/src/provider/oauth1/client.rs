//! The parties to a request: the client, and the token that the customer gave it.

use crate::definition::template::{Template, Values};
use crate::definition::{AuthOption, OAuth1, OptionSecrets, SignatureMethod};
use crate::error::{Error, ErrorKey, Result};
use crate::secret::Secret;

/// The client credentials, and the method that they sign by.
pub struct Client<'a> {
    /// The identifier.
    pub consumer_key: &'a str,
    /// The shared secret; RSA-SHA1 needs none.
    pub consumer_secret: Option<&'a Secret>,
    /// The RSA key in PEM; only RSA-SHA1 needs one.
    pub private_key: Option<&'a Secret>,
    /// The signature method.
    pub signature_method: SignatureMethod,
    /// The realm that its requests name.
    pub realm: Option<String>,
}

impl<'a> Client<'a> {
    /// The client of an option.
    pub fn of(
        config: &'a OAuth1,
        option: &AuthOption,
        secrets: &'a OptionSecrets,
        values: &Values<'_>,
    ) -> Result<Self> {
        Ok(Self {
            consumer_key: config.consumer_key()?,
            consumer_secret: option.secret(secrets, "consumerSecret"),
            private_key: option.secret(secrets, "privateKey"),
            signature_method: config.signature_method,
            realm: config.realm.as_ref().map(|realm| rendered(realm, values)).transpose()?,
        })
    }
}

/// The realm, which stands in a header's quotes.
fn rendered(realm: &Template, values: &Values<'_>) -> Result<String> {
    let realm = realm.render_text(values)?;
    if realm.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Ok(realm);
    }
    let message = "The realm that was entered has characters which cannot be sent.";
    Err(Error::new(ErrorKey::InputInvalid, message).field("realm"))
}

/// A temporary or token credential.
pub struct Token<'a> {
    /// The identifier, `oauth_token`.
    pub token: &'a str,
    /// The shared secret, `oauth_token_secret`.
    pub secret: &'a Secret,
}
