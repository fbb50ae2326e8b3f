//! Client authentication at the provider's endpoints (RFC 6749 §2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::form::Form;
use crate::definition::template::Address;
use crate::definition::{ClientAssertion, ClientAuthentication, OAuth2};
use crate::error::{Error, Result};
use crate::provider::maker::Maker;
use crate::redirect_uri::Loopback;
use crate::secret::Secret;

/// The `client_assertion_type` of a JWT (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client, as a request authenticates it.
pub(super) struct Client {
    pub(super) id: String,
    /// The secret. Without one the client is a public one (§2.1).
    pub(super) secret: Option<Secret>,
    pub(super) authentication: ClientAuthentication,
    /// The JWT in place of a secret.
    pub(super) assertion: Option<Secret>,
}

impl Client {
    /// The client of an `oauth2` option, as it authenticates at `address`. Where the secret does not go, the client is a
    /// public one.
    pub(super) fn of(
        config: &OAuth2,
        address: &Address,
        maker: &Maker<'_>,
        loopback: Loopback,
    ) -> Result<Self> {
        let values = &maker.values();
        let id = config.client_id()?.render_text(values)?;
        // A client that the customer brought goes to the customer's own host too.
        if config.client_secret.is_none() && !config.customer_host.sends_secret_to(address) {
            let authentication = ClientAuthentication::None;
            return Ok(Self { id, secret: None, authentication, assertion: None });
        }
        let brought =
            config.client_secret.as_ref().map(|template| template.render_text(values)).transpose()?;
        let secret = brought.map(Secret::new).or_else(|| maker.secret("clientSecret").cloned());
        let client = Self { id, secret, authentication: config.client_auth_location, assertion: None };
        if !client.authentication.is_assertion() {
            return Ok(client);
        }
        let token_uri = config.token_uri()?.render(values, loopback)?;
        client.asserted(config.client_assertion.as_ref(), token_uri.as_str(), maker)
    }

    /// The same client with its JWT, if it authenticates by one.
    pub(super) fn asserted(
        self,
        assertion: Option<&ClientAssertion>,
        token_uri: &str,
        maker: &Maker<'_>,
    ) -> Result<Self> {
        let key = match self.authentication {
            ClientAuthentication::PrivateKeyJwt => maker.secret("privateKey"),
            ClientAuthentication::ClientSecretJwt => {
                Some(self.secret.as_ref().ok_or_else(|| Error::unusable("clientSecret"))?)
            }
            _ => return Ok(self),
        };
        let usual = ClientAssertion::default();
        let assertion = assertion.unwrap_or(&usual);
        let (authentication, values) = (self.authentication, &maker.values());
        let assertion = maker.client_assertion(|issue| {
            assertion.sign(authentication, &self.id, token_uri, values, (key, issue))
        })?;
        Ok(Self { assertion: Some(Secret::new(assertion)), ..self })
    }

    /// Puts the client into the request: its identifier, and its secret or its JWT where it has one.
    pub(super) fn authenticate(&self, form: &mut Form) -> Result<()> {
        if let Some(assertion) = &self.assertion {
            form.set("client_id", &self.id);
            form.set("client_assertion_type", JWT_BEARER);
            form.set("client_assertion", assertion.expose());
            return Ok(());
        }
        let secret = self.secret.as_ref().filter(|_| !self.authentication.needs_no_secret());
        let Some(secret) = secret else {
            // A client without an identifier is told by what it presents, such as an assertion.
            if self.id.is_empty() {
                form.remove("client_id");
            } else {
                form.set("client_id", &self.id);
            }
            return Ok(());
        };
        match self.authentication {
            ClientAuthentication::Headers | ClientAuthentication::Both => {
                let encoded =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                form.headers.insert(AUTHORIZATION, basic(&encoded(&self.id), &encoded(secret.expose()))?);
            }
            ClientAuthentication::RawHeaders => {
                form.headers.insert(AUTHORIZATION, basic(&self.id, secret.expose())?);
            }
            ClientAuthentication::UserName => {
                form.headers.insert(AUTHORIZATION, basic(secret.expose(), "")?);
            }
            ClientAuthentication::Body
            | ClientAuthentication::Query
            | ClientAuthentication::PrivateKeyJwt
            | ClientAuthentication::ClientSecretJwt
            | ClientAuthentication::TlsClientAuth
            | ClientAuthentication::None => {}
        }
        match self.authentication {
            ClientAuthentication::Body | ClientAuthentication::Both => {
                form.set("client_id", &self.id);
                form.set("client_secret", secret.expose());
            }
            ClientAuthentication::Query => {
                form.remove("client_id");
                form.query.push(("client_id".to_owned(), self.id.clone()));
                form.query.push(("client_secret".to_owned(), secret.expose().to_owned()));
            }
            ClientAuthentication::Headers
            | ClientAuthentication::RawHeaders
            | ClientAuthentication::UserName
            | ClientAuthentication::PrivateKeyJwt
            | ClientAuthentication::ClientSecretJwt
            | ClientAuthentication::TlsClientAuth
            | ClientAuthentication::None => form.remove("client_id"),
        }
        Ok(())
    }

    /// How a request presents the client, in words for the operator. They hold nothing of the client itself.
    pub(super) fn presented(&self) -> String {
        let setting = serde_json::to_value(self.authentication).unwrap_or_default();
        let sent = match (self.authentication, &self.secret) {
            (ClientAuthentication::PrivateKeyJwt | ClientAuthentication::ClientSecretJwt, _) => {
                "client_id and a signed client_assertion in the body"
            }
            (ClientAuthentication::TlsClientAuth, _) => {
                "client_id in the body, and the certificate in the TLS handshake"
            }
            (ClientAuthentication::None, _) | (_, None) => "client_id in the body, and no secret",
            (ClientAuthentication::Headers, Some(_)) => {
                "client_id and client_secret as HTTP Basic, both form-encoded"
            }
            (ClientAuthentication::RawHeaders, Some(_)) => {
                "client_id and client_secret as HTTP Basic, as they are"
            }
            (ClientAuthentication::UserName, Some(_)) => {
                "client_secret as the user name of HTTP Basic, and no client_id"
            }
            (ClientAuthentication::Body, Some(_)) => "client_id and client_secret in the body",
            (ClientAuthentication::Both, Some(_)) => {
                "client_id and client_secret as HTTP Basic and in the body"
            }
            (ClientAuthentication::Query, Some(_)) => "client_id and client_secret in the query",
        };
        format!("clientAuthLocation is {}: the request has {sent}", setting.as_str().unwrap_or_default())
    }
}

/// HTTP Basic (RFC 7617). RFC 6749 §2.3.1 has both parts form-encoded; many servers do not decode them.
fn basic(user: &str, password: &str) -> Result<HeaderValue> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    let mut header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair.as_bytes())))
        .map_err(Error::internal)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(authentication: ClientAuthentication, id: &str, secret: &str) -> Form {
        let mut form = Form::new(vec![("client_id".to_owned(), id.to_owned())]);
        let (id, secret) = (id.to_owned(), Some(Secret::from(secret)));
        Client { id, secret, authentication, assertion: None }.authenticate(&mut form).unwrap();
        form
    }

    #[test]
    fn basic_authentication_is_that_of_rfc_6749() {
        let header = sent(ClientAuthentication::Headers, "s6BhdRkqt3", "gX1fBat3bV").headers;
        assert_eq!(header[AUTHORIZATION], "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        assert!(header[AUTHORIZATION].is_sensitive());
        let header = sent(ClientAuthentication::Headers, "client!+ID", "a:b c").headers;
        let expected = format!("Basic {}", STANDARD.encode("client%21%2BID:a%3Ab+c"));
        assert_eq!(header[AUTHORIZATION], expected.as_str());
    }

    #[test]
    fn the_operator_is_told_how_the_client_was_presented_and_nothing_of_it() {
        let presented = |authentication, secret: Option<&str>| {
            let (id, secret) = ("id!+".to_owned(), secret.map(Secret::from));
            Client { id, secret, authentication, assertion: None }.presented()
        };
        for (authentication, secret, expected) in [
            (
                ClientAuthentication::Body,
                Some("s!+"),
                "is body: the request has client_id and client_secret in the",
            ),
            (
                ClientAuthentication::Body,
                None,
                "is body: the request has client_id in the body, and no secret",
            ),
            (
                ClientAuthentication::RawHeaders,
                Some("s!+"),
                "is raw-headers: the request has client_id and client_",
            ),
            (
                ClientAuthentication::PrivateKeyJwt,
                None,
                "is private_key_jwt: the request has client_id and a signed",
            ),
        ] {
            let told = presented(authentication, secret);
            assert!(told.starts_with(&format!("clientAuthLocation {expected}")), "{told}");
            assert!(!told.contains("!+"), "{told}");
        }
    }

    #[test]
    fn each_way_puts_the_client_in_its_place_and_in_no_other() {
        let encoded = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (authentication, header, body, query) in [
            (ClientAuthentication::Headers, Some(encoded("a%2B:s%3A")), vec![], vec![]),
            (ClientAuthentication::RawHeaders, Some(encoded("a+:s:")), vec![], vec![]),
            (ClientAuthentication::UserName, Some(encoded("s::")), vec![], vec![]),
            (ClientAuthentication::Body, None, vec!["client_id", "client_secret"], vec![]),
            (ClientAuthentication::Query, None, vec![], vec!["client_id", "client_secret"]),
            (ClientAuthentication::None, None, vec!["client_id"], vec![]),
            (
                ClientAuthentication::Both,
                Some(encoded("a%2B:s%3A")),
                vec!["client_id", "client_secret"],
                vec![],
            ),
        ] {
            let form = sent(authentication, "a+", "s:");
            let found = form.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
            let names =
                |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            assert_eq!(
                (found, names(&form.fields), names(&form.query)),
                (
                    header,
                    body.into_iter().map(str::to_owned).collect(),
                    query.into_iter().map(str::to_owned).collect()
                ),
                "{authentication:?}"
            );
        }
    }
}
