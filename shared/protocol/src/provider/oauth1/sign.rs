//! Authenticated requests (RFC 5849 §3): the Authorization header of a request.

use http::HeaderValue;
use url::Url;

use super::base_string::{base_string, escape};
use super::client::{Client, Token};
use super::signature::signature;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::random::{Random, draw, hex};

/// The values that make each signed request unique (§3.3).
pub struct Signer<'a> {
    /// `oauth_timestamp`, in seconds.
    pub timestamp: i64,
    /// `oauth_nonce`.
    pub nonce: String,
    /// What an RSA key's work is blinded with.
    pub random: &'a dyn Random,
}

impl<'a> Signer<'a> {
    /// The present second and a new nonce.
    #[must_use]
    pub fn new(clock: &dyn Clock, random: &'a dyn Random) -> Self {
        let now: Timestamp = clock.now();
        Self { timestamp: now.seconds(), nonce: hex(&draw::<16>(random)), random }
    }
}

/// The parts of a request that are signed.
#[derive(Clone, Copy)]
pub struct Authenticated<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The address, with its query.
    pub url: &'a Url,
    /// The protocol parameters of this step, such as `oauth_callback`.
    pub oauth: &'a [(&'a str, &'a str)],
    /// The fields of a form-encoded body.
    pub form: &'a [(String, String)],
}

/// The Authorization header of a request (§3.5.1).
pub fn sign(
    request: &Authenticated<'_>,
    client: &Client<'_>,
    token: Option<&Token<'_>>,
    signer: &Signer<'_>,
) -> Result<HeaderValue> {
    let Authenticated { method, url, oauth, form } = *request;
    let timestamp = signer.timestamp.to_string();
    let mut protocol = vec![
        ("oauth_consumer_key", client.consumer_key),
        ("oauth_signature_method", client.signature_method.as_str()),
        ("oauth_timestamp", &timestamp),
        ("oauth_nonce", &signer.nonce),
    ];
    if let Some(token) = token {
        protocol.push(("oauth_token", token.token));
    }
    protocol.extend_from_slice(oauth);
    let owned = protocol.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let signed: Vec<(String, String)> = owned.chain(form.iter().cloned()).collect();
    let signature = signature(&base_string(method, url, &signed), client, token, signer.random)?;
    protocol.push(("oauth_signature", &signature));
    // The realm is the one parameter that is not signed (§3.4.1.3.1), and a quoted string as HTTP has it.
    let realm = client.realm.as_ref();
    let realm = realm.map(|realm| format!("realm=\"{}\"", realm.replace('\\', r"\\").replace('"', r#"\""#)));
    let parameters = protocol.iter().map(|(name, value)| format!("{}=\"{}\"", escape(name), escape(value)));
    let pairs: Vec<String> = realm.into_iter().chain(parameters).collect();
    let mut header = HeaderValue::from_str(&format!("OAuth {}", pairs.join(", ")))
        .map_err(|_| Error::internal("a bad header"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::SignatureMethod;
    use crate::random::SystemRandom;
    use crate::secret::Secret;

    fn signature_of(header: &HeaderValue) -> String {
        let text = header.to_str().unwrap();
        let (_, rest) = text.split_once("oauth_signature=\"").unwrap();
        let value = rest.split('"').next().unwrap();
        percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned()
    }

    fn unadorned<'a>(method: &'a str, url: &'a Url, form: &'a [(String, String)]) -> Authenticated<'a> {
        Authenticated { method, url, oauth: &[], form }
    }

    struct Example {
        method: &'static str,
        url: &'static str,
        token: Option<(&'static str, &'static str)>,
        timestamp: i64,
        nonce: &'static str,
        oauth: &'static [(&'static str, &'static str)],
        expected: &'static str,
    }

    /// The three requests of RFC 5849 §1.2.
    #[test]
    fn the_signatures_are_those_of_section_1_2() {
        let secret = Secret::from("kd94hf93k423kf44");
        let client = Client {
            consumer_key: "dpf43f3p2l4k3l03",
            consumer_secret: Some(&secret),
            private_key: None,
            signature_method: SignatureMethod::HmacSha1,
            realm: None,
        };
        for example in [
            Example {
                method: "POST",
                url: "https://photos.example.net/initiate",
                token: None,
                timestamp: 137_131_200,
                nonce: "wIjqoS",
                oauth: &[("oauth_callback", "http://printer.example.com/ready")],
                expected: "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
            },
            Example {
                method: "POST",
                url: "https://photos.example.net/token",
                token: Some(("hh5s93j4hdidpola", "hdhd0244k9j7ao03")),
                timestamp: 137_131_201,
                nonce: "walatlh",
                oauth: &[("oauth_verifier", "hfdp7dh39dks9884")],
                expected: "gKgrFCywp7rO0OXSjdot/IHF7IU=",
            },
            Example {
                method: "GET",
                url: "http://photos.example.net/photos?file=vacation.jpg&size=original",
                token: Some(("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")),
                timestamp: 137_131_202,
                nonce: "chapoH",
                oauth: &[],
                expected: "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
            },
        ] {
            let token_secret = example.token.map(|(_, secret)| Secret::from(secret));
            let token =
                example.token.zip(token_secret.as_ref()).map(|((token, _), secret)| Token { token, secret });
            let signer = Signer {
                timestamp: example.timestamp,
                nonce: example.nonce.to_owned(),
                random: &SystemRandom,
            };
            let url = Url::parse(example.url).unwrap();
            let header = {
                let request =
                    Authenticated { method: example.method, url: &url, oauth: example.oauth, form: &[] };
                sign(&request, &client, token.as_ref(), &signer).unwrap()
            };
            assert_eq!(signature_of(&header), example.expected, "{}", example.url);
        }
    }

    /// The request of RFC 5849 §3.4.1.1; the signature that the RFC prints beside it is a known erratum.
    #[test]
    fn query_and_form_are_signed() {
        let secret = Secret::from("j49sk3j29djd");
        let token_secret = Secret::from("dh893hdasih9");
        let client = Client {
            consumer_key: "9djdj82h48djs9d2",
            consumer_secret: Some(&secret),
            private_key: None,
            signature_method: SignatureMethod::HmacSha1,
            realm: None,
        };
        let token = Token { token: "kkk9d7dh3k39sjv7", secret: &token_secret };
        let signer = Signer { timestamp: 137_131_201, nonce: "7d8f3e4a".to_owned(), random: &SystemRandom };
        let url = Url::parse("http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let form = [("c2".to_owned(), String::new()), ("a3".to_owned(), "2 q".to_owned())];
        let header = sign(&unadorned("POST", &url, &form), &client, Some(&token), &signer).unwrap();
        assert_eq!(signature_of(&header), "r6/TJjbCOr97/+UU0NsvSne7s5g=");
    }

    #[test]
    fn plaintext_is_the_encoded_secrets() {
        let secret = Secret::from("client!+secret");
        let token_secret = Secret::from("a&b");
        let client = Client {
            consumer_key: "key",
            consumer_secret: Some(&secret),
            private_key: None,
            signature_method: SignatureMethod::Plaintext,
            realm: None,
        };
        let signer = Signer { timestamp: 1, nonce: "n".to_owned(), random: &SystemRandom };
        let url = Url::parse("https://api.example/").unwrap();
        let token = Token { token: "t", secret: &token_secret };
        let header = sign(&unadorned("GET", &url, &[]), &client, Some(&token), &signer).unwrap();
        assert_eq!(signature_of(&header), "client%21%2Bsecret&a%26b");
        assert!(header.is_sensitive());
    }

    #[test]
    fn a_missing_secret_is_named() {
        for (signature_method, setting) in
            [(SignatureMethod::HmacSha1, "consumerSecret"), (SignatureMethod::RsaSha1, "privateKey")]
        {
            let client = Client {
                consumer_key: "key",
                consumer_secret: None,
                private_key: None,
                signature_method,
                realm: None,
            };
            let signer = Signer { timestamp: 1, nonce: "n".to_owned(), random: &SystemRandom };
            let url = Url::parse("https://api.example/").unwrap();
            let error = sign(&unadorned("GET", &url, &[]), &client, None, &signer).unwrap_err();
            assert_eq!(error.data()["field"], setting);
        }
    }
}
