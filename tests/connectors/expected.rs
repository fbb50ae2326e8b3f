//! A request as a provider expects it, and how one that came compares.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use protocol::http::client_certificate::ClientCertificate;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::Checked;
use crate::entered::CERTIFICATE;
use crate::jwt::Jwts;
use crate::signing::{Came, Signing};
use crate::template::{CLOSE, OPEN};

/// Name and value.
pub(crate) type Pairs = Vec<(String, String)>;

/// A body.
#[derive(Debug, Clone, Default)]
pub(crate) enum Body {
    #[default]
    None,
    Form(Pairs),
    Json(Value),
    Text(&'static str, String),
}

/// A request as it is expected, to the last parameter and header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    pub(crate) method: String,
    pub(crate) address: String,
    pub(crate) query: Pairs,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Body,
    /// The JWTs that stand in it.
    pub(crate) jwts: Jwts,
    /// The signature of OAuth 1.0 that it carries.
    pub(crate) oauth1: Option<crate::oauth1::Signed>,
    /// User name and password of HTTP Basic, if a part of them is only known when the request comes.
    pub(crate) later_basic: Option<(String, String)>,
    /// How it is signed.
    pub(crate) signing: Option<Signing>,
    /// The certificate in the handshake.
    pub(crate) certificate: Option<String>,
    /// What is known of the request that came.
    pub(crate) came: Came,
}

impl Expected {
    /// Sets a query parameter in the place of one of its name.
    pub(crate) fn replace_query(&mut self, name: &str, value: String) {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value));
    }

    /// HTTP Basic (RFC 7617).
    pub(crate) fn basic(&mut self, user: &str, password: &str) {
        if user.contains(OPEN) || password.contains(OPEN) {
            self.later_basic = Some((user.to_owned(), password.to_owned()));
            return;
        }
        let pair = format!("{user}:{password}");
        self.headers.insert("authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair)));
    }

    /// Moves the query of the address to the other parameters.
    pub(crate) fn split_address(&mut self) -> Checked {
        let mut url = Url::parse(&self.address).map_err(|error| format!("{}: {error}", self.address))?;
        let own: Pairs = url.query_pairs().into_owned().collect();
        let added = std::mem::take(&mut self.query);
        self.query =
            own.into_iter().filter(|(name, _)| added.iter().all(|(other, _)| other != name)).collect();
        self.query.extend(added);
        url.set_query(None);
        self.address = url.into();
        Ok(())
    }

    /// Compares a request that came.
    pub(crate) fn check(&self, came: &Request<Bytes>) -> Checked {
        if came.method().as_str() != self.method {
            return Err(format!("the method is {} and not {}", came.method(), self.method));
        }
        let url = Url::parse(&came.uri().to_string()).map_err(|error| error.to_string())?;
        self.check_certificate(came)?;
        let known = Self { came: self.known(came, &url), ..self.clone() };
        known.check_request(came, &url)
    }

    /// The parts of the request. What holds the signature is not in its query.
    fn known(&self, came: &Request<Bytes>, url: &Url) -> Came {
        let holds = format!("{OPEN}request.signature{CLOSE}");
        let is_later =
            |name: &str| self.query.iter().any(|(known, value)| known == name && value.contains(&holds));
        let query = url.query().unwrap_or_default().split('&');
        let own = query.filter(|pair| !is_later(pair.split('=').next().unwrap_or_default()));
        Came::of(came, url, &own.collect::<Vec<_>>().join("&"), self.jwts.now)
    }

    /// The certificate that the service is shown (RFC 8705), or none.
    fn check_certificate(&self, came: &Request<Bytes>) -> Checked {
        let shown = came.extensions().get::<Arc<ClientCertificate>>().map(|shown| shown.id());
        let is_right = match &self.certificate {
            // A field of one line takes no line breaks.
            Some(wanted) => {
                let in_a_line = |pem: &str| pem.replace('\n', "");
                let is_it = in_a_line(wanted) == in_a_line(&CERTIFICATE.certificate);
                is_it && shown == Some(CERTIFICATE.id)
            }
            None => shown.is_none(),
        };
        if is_right { Ok(()) } else { Err("it came with another certificate".to_owned()) }
    }

    fn check_request(&self, came: &Request<Bytes>, url: &Url) -> Checked {
        self.check_address(url)?;
        let mut headers = BTreeMap::new();
        for (name, value) in came.headers() {
            let value = value.to_str().map_err(|error| format!("{name}: {error}"))?.to_owned();
            if headers.insert(name.as_str().to_owned(), value).is_some() {
                return Err(format!("the header {name} stands there twice"));
            }
        }
        let media_type = headers.remove("content-type");
        self.check_headers(headers, came, url)?;
        self.check_body(media_type.as_deref().unwrap_or_default(), came.body())
    }

    /// Compares where a request goes, and its query.
    pub(crate) fn check_address(&self, came: &Url) -> Checked {
        let wanted = Url::parse(&self.address).map_err(|error| format!("{}: {error}", self.address))?;
        if came.origin() != wanted.origin() || decoded(came) != decoded(&wanted) {
            return Err(format!("it went to {came} and not to {wanted}"));
        }
        self.same_pairs("query", &self.query, came.query_pairs().into_owned().collect())
    }

    fn check_headers(
        &self,
        mut came: BTreeMap<String, String>,
        request: &Request<Bytes>,
        url: &Url,
    ) -> Checked {
        let length = came.remove("content-length");
        if length.is_some_and(|length| length != request.body().len().to_string()) {
            return Err("its length is another one".to_owned());
        }
        if let Some(signed) = &self.oauth1 {
            let header = came.remove("authorization").unwrap_or_default();
            signed.check(&header, request, url)?;
        }
        if let Some(signing) = self.signing.as_ref().filter(|signing| signing.is_aws()) {
            for name in signing.check_aws(request, url, self.jwts.now)? {
                came.remove(&name);
            }
        }
        if let Some((user, password)) = &self.later_basic {
            let value = came.remove("authorization").unwrap_or_default();
            let pair = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok());
            let pair = String::from_utf8(pair.unwrap_or_default()).unwrap_or_default();
            self.same("header authorization", &format!("{user}:{password}"), &pair)?;
        }
        if !self.headers.contains_key("user-agent") {
            let agent = came.remove("user-agent");
            if agent.as_deref().is_some_and(|agent| !agent.starts_with("Linkspan/")) {
                return Err(format!("the User-Agent is {agent:?}"));
            }
        }
        for (name, wanted) in self.headers.iter().filter(|(name, _)| *name != "content-type") {
            let value = came.remove(name).ok_or_else(|| format!("the header {name} is missing"))?;
            self.same(&format!("header {name}"), wanted, &value)?;
        }
        match came.into_iter().next() {
            Some((name, value)) => Err(format!("there is a header {name}: {value}")),
            None => Ok(()),
        }
    }

    fn check_body(&self, media_type: &str, came: &Bytes) -> Checked {
        let text = str::from_utf8(came).map_err(|error| error.to_string())?;
        let wanted_type = match &self.body {
            Body::None => "",
            Body::Form(_) => "application/x-www-form-urlencoded",
            Body::Json(_) => "application/json",
            Body::Text(media_type, _) => media_type,
        };
        let wanted_type = self.headers.get("content-type").map_or(wanted_type, String::as_str);
        if media_type.split(';').next() != wanted_type.split(';').next() {
            return Err(format!("its type is {media_type} and not {wanted_type}"));
        }
        match &self.body {
            Body::None if text.is_empty() => Ok(()),
            Body::None => Err("it has a body".to_owned()),
            Body::Form(wanted) => {
                self.same_pairs("form", wanted, form_urlencoded::parse(came).into_owned().collect())
            }
            Body::Json(wanted) => {
                let came =
                    serde_json::from_str(text).map_err(|error| format!("its body is no JSON: {error}"))?;
                self.same_json("body", wanted, &came)
            }
            Body::Text(_, wanted) => self.same("body", wanted, text),
        }
    }

    fn same_pairs(&self, place: &str, wanted: &Pairs, mut came: Pairs) -> Checked {
        for (name, wanted) in wanted {
            let index = came.iter().position(|(known, _)| known == name);
            let index = index.ok_or_else(|| format!("{place}: {name} is missing"))?;
            let (_, value) = came.remove(index);
            self.same(&format!("{place}: {name}"), wanted, &value)?;
        }
        match came.first() {
            Some((name, _)) => Err(format!("{place}: {name} is one too many")),
            None => Ok(()),
        }
    }

    fn same_json(&self, place: &str, wanted: &Value, came: &Value) -> Checked {
        match (wanted, came) {
            (Value::String(wanted), Value::String(came)) => self.same(place, wanted, came),
            (Value::Object(wanted), Value::Object(came)) if wanted.len() == came.len() => {
                wanted.iter().try_for_each(|(name, wanted)| {
                    self.same_json(&format!("{place}.{name}"), wanted, &came[name])
                })
            }
            (Value::Array(wanted), Value::Array(came)) if wanted.len() == came.len() => {
                wanted.iter().zip(came).try_for_each(|(wanted, came)| self.same_json(place, wanted, came))
            }
            _ if wanted == came => Ok(()),
            _ => Err(format!("{place} is {came} and not {wanted}")),
        }
    }

    /// Compares two texts. What is wanted may have JWTs, random texts and parts of the request in it.
    fn same(&self, place: &str, wanted: &str, came: &str) -> Checked {
        let unlike = || format!("{place} is {came:?}, and {wanted:?} does not fit");
        let mut found: Vec<(&str, &str)> = Vec::new();
        let (mut wanted_rest, mut came_rest) = (wanted, came);
        while let Some((before, rest)) = wanted_rest.split_once(OPEN) {
            let (name, after) = rest.split_once(CLOSE).unwrap_or((rest, ""));
            let made = came_rest.strip_prefix(before).ok_or_else(unlike)?;
            let next = after.split(OPEN).next().unwrap_or_default();
            let end = match next {
                "" => made.len(),
                // The last one, unless another placeholder follows.
                next if after.contains(OPEN) => made.find(next).ok_or_else(unlike)?,
                next => made.rfind(next).ok_or_else(unlike)?,
            };
            found.push((name, &made[..end]));
            (wanted_rest, came_rest) = (after, &made[end..]);
        }
        if wanted_rest != came_rest {
            return Err(format!("{place} is {came:?} and not {wanted:?}"));
        }
        let mut known = self.came.clone();
        known.known.extend(
            found
                .iter()
                .filter(|(name, _)| name.starts_with("random."))
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        found.iter().try_for_each(|(name, made)| {
            self.check_made(name, made, &known).map_err(|problem| format!("{place}: {problem}"))
        })
    }

    fn check_made(&self, name: &str, made: &str, came: &Came) -> Checked {
        match (name, &self.signing) {
            ("request.signature", Some(signing)) => signing.check(made, came),
            // The clock is read in seconds here.
            ("request.timestampMs", _)
                if made.len() == 13 && made.starts_with(&self.jwts.now.to_string()) =>
            {
                Ok(())
            }
            _ if name.starts_with("request.") => match came.get(name) {
                Some(wanted) if wanted == made => Ok(()),
                wanted => Err(format!("{name} is {made:?} and not {wanted:?}")),
            },
            _ => self.jwts.check(name, made),
        }
    }
}

/// The steps of a path, decoded: `%2F` in a step is no step of its own.
fn decoded(url: &Url) -> Vec<String> {
    url.path().split('/').map(|step| percent_decode_str(step).decode_utf8_lossy().into_owned()).collect()
}
