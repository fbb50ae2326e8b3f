//! Signatures of OAuth 1.0 (RFC 5849 §3.4), as a provider checks them.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::Checked;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What an `Authorization` header must say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signed {
    pub(crate) method: String,
    pub(crate) realm: Option<String>,
    pub(crate) consumer: (String, String),
    pub(crate) token: Option<(String, String)>,
    /// `oauth_callback` begins with this.
    pub(crate) callback: Option<String>,
    pub(crate) verifier: Option<String>,
    pub(crate) now: i64,
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The parameters of an `Authorization` header.
pub(crate) fn parameters(header: &str) -> Checked<BTreeMap<String, String>> {
    let rest = header.strip_prefix("OAuth ").ok_or_else(|| format!("{header:?} is no OAuth 1.0"))?;
    let mut found = BTreeMap::new();
    for pair in rest.split(", ") {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?}"))?;
        let value = percent_decode_str(value.trim_matches('"')).decode_utf8_lossy().into_owned();
        if found.insert(name.to_owned(), value).is_some() {
            return Err(format!("{name} stands there twice"));
        }
    }
    Ok(found)
}

impl Signed {
    /// Checks the header of a request.
    pub(crate) fn check(&self, header: &str, request: &Request<Bytes>, url: &Url) -> Checked {
        let mut came = parameters(header)?;
        let signature = came.remove("oauth_signature").ok_or("there is no signature")?;
        if came.remove("realm") != self.realm {
            return Err("the realm is another one".to_owned());
        }
        let mut text: Vec<(String, String)> =
            came.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
        text.extend(url.query_pairs().map(|(name, value)| (encoded(&name), encoded(&value))));
        text.sort();
        let pairs: Vec<String> = text.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut base = url.clone();
        base.set_query(None);
        let base = format!("{}&{}&{}", request.method(), encoded(base.as_str()), encoded(&pairs.join("&")));
        let secret = self.token.as_ref().map_or("", |(_, secret)| secret);
        let key = format!("{}&{}", encoded(&self.consumer.1), encoded(secret));
        let algorithm = match self.method.as_str() {
            "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            "HMAC-SHA256" => hmac::HMAC_SHA256,
            other => return Err(format!("no test for {other}")),
        };
        let given = STANDARD.decode(&signature).map_err(|error| error.to_string())?;
        hmac::verify(&hmac::Key::new(algorithm, key.as_bytes()), base.as_bytes(), &given)
            .map_err(|_| format!("the signature does not fit {base}"))?;
        self.check_parameters(came)
    }

    fn check_parameters(&self, mut came: BTreeMap<String, String>) -> Checked {
        let nonce = came.remove("oauth_nonce").unwrap_or_default();
        if nonce.len() < 16 {
            return Err(format!("the nonce is {nonce:?}"));
        }
        let callback = came.remove("oauth_callback");
        let fits = match (&self.callback, &callback) {
            (Some(wanted), Some(came)) => came.starts_with(wanted.as_str()),
            (wanted, came) => wanted.is_none() && came.is_none(),
        };
        if !fits {
            return Err(format!("the callback is {callback:?}"));
        }
        let mut wanted = BTreeMap::from([
            ("oauth_consumer_key", self.consumer.0.clone()),
            ("oauth_signature_method", self.method.clone()),
            ("oauth_timestamp", self.now.to_string()),
        ]);
        if let Some((token, _)) = &self.token {
            wanted.insert("oauth_token", token.clone());
        }
        if let Some(verifier) = &self.verifier {
            wanted.insert("oauth_verifier", verifier.clone());
        }
        came.remove("oauth_version");
        let wanted: BTreeMap<String, String> =
            wanted.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if came == wanted { Ok(()) } else { Err(format!("{came:?} came and not {wanted:?}")) }
    }
}
