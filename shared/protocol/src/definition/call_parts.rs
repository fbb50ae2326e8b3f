//! What the calls of a definition have in common: query, headers, HTTP Basic and body.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::api_path::ApiPath;
use super::body::{Body, BodyFormat};
use super::call_method::CallMethod;
use super::checker::{Checker, Credentials, Request};
use super::headers::Headers;
use super::request_signing::{RequestSigning, holds_signature};
use super::template::{Address, Template, Values};
use crate::error::{Error, Result};

/// Parameters of a query by name.
pub type Query = BTreeMap<String, Template>;

/// HTTP Basic authentication (RFC 7617).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Basic {
    /// The user name; empty unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Template>,
    /// The password; empty unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Template>,
}

impl Basic {
    /// The templates of its parts.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.username.iter().chain(&self.password)
    }

    /// The value of the `Authorization` header, hidden from Debug.
    pub fn render(&self, values: &Values<'_>) -> Result<HeaderValue> {
        let part = |template: &Option<Template>| match template {
            Some(template) => template.render_optional(values).map(Option::unwrap_or_default),
            None => Ok(String::new()),
        };
        let username = part(&self.username)?;
        // The first colon ends the user name (RFC 7617 §2).
        if username.contains(':') {
            let message = "The user name for HTTP Basic has a colon in it.";
            return Err(Error::new(crate::error::ErrorKey::InputInvalid, message).field("username"));
        }
        let pair = Zeroizing::new(format!("{username}:{}", part(&self.password)?));
        let header = format!("Basic {}", STANDARD.encode(pair.as_bytes()));
        let mut header = HeaderValue::from_str(&header).map_err(Error::internal)?;
        header.set_sensitive(true);
        Ok(header)
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, setting: &str, credentials: Credentials<'_>) {
        if self.username.is_none() && self.password.is_none() {
            checker.refuse(setting, "has neither username nor password");
        }
        for (part, template) in [("username", &self.username), ("password", &self.password)] {
            if let Some(template) = template {
                checker.template(&format!("{setting}.{part}"), template, credentials);
            }
        }
    }
}

/// The parts of a call.
#[derive(Clone, Copy)]
pub struct CallParts<'a> {
    /// The query's parameters.
    pub query: &'a Query,
    /// The headers.
    pub headers: &'a Headers,
    /// HTTP Basic.
    pub basic: Option<&'a Basic>,
    /// The body.
    pub body: Option<&'a Body>,
    /// The format of the body.
    pub body_format: BodyFormat,
}

impl CallParts<'_> {
    /// Fills the templates: adds to the query of `url`, and returns the headers and the body. `setting` is the headers'
    /// place in the definition.
    pub fn render(
        &self,
        values: &Values<'_>,
        url: &mut Url,
        setting: &'static str,
    ) -> Result<(HeaderMap, Bytes)> {
        add_query(self.query, values, url)?;
        let mut headers = HeaderMap::new();
        if let Some(basic) = self.basic {
            headers.insert(AUTHORIZATION, basic.render(values)?);
        }
        let body = match self.body {
            Some(body) => {
                let (media_type, body) = body.render(self.body_format, values)?;
                headers.insert(CONTENT_TYPE, media_type);
                body
            }
            None => Bytes::new(),
        };
        for header in self.headers.render(values, setting) {
            let (name, value) = header?;
            headers.insert(name, value);
        }
        Ok((headers, body))
    }

    /// Notes what cannot work of the parts of a request that may be signed. What authenticates it can name its parts.
    pub(super) fn check_signed(
        &self,
        signing: Option<&RequestSigning>,
        checker: &mut Checker<'_>,
        credentials: Credentials<'_>,
    ) {
        let makes_signature = signing.is_some_and(RequestSigning::makes_signature);
        let mut authenticating = checker.inside_same();
        authenticating.request = if makes_signature { Request::Signed } else { Request::Sent };
        CallParts { body: None, body_format: BodyFormat::Form, ..*self }
            .check(&mut authenticating, credentials);
        let (query, headers) = (Query::new(), Headers::default());
        CallParts { query: &query, headers: &headers, basic: None, ..*self }.check(checker, credentials);
        let Some(signing) = signing else { return };
        if !makes_signature && (self.basic.is_some() || self.headers.has(&AUTHORIZATION)) {
            checker.refuse("signing", "puts the signature into `Authorization`, which is set already");
        }
        if makes_signature && !self.holds_signature() {
            checker.refuse("signing", "makes a `${request.signature}` that no header and no parameter has");
        }
        signing.check(checker, credentials);
    }

    /// True if a signature has a place in what authenticates a request.
    pub(super) fn holds_signature(&self) -> bool {
        self.templates().any(holds_signature)
    }

    /// The templates of what authenticates a request.
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let basic = self.basic.into_iter().flat_map(Basic::templates);
        self.query.values().chain(self.headers.templates()).chain(basic)
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        checker.templates("query", self.query, credentials);
        self.headers.check(checker, "headers", credentials);
        if let Some(basic) = self.basic {
            basic.check(checker, "basic", credentials);
            if self.headers.has(&AUTHORIZATION) {
                checker.refuse("basic", "cannot stand beside an `Authorization` header");
            }
        }
        let formats = [BodyFormat::Form, BodyFormat::Json, BodyFormat::Xml, BodyFormat::Text];
        self.body_format.check(checker, &formats);
        if let Some(body) = self.body {
            body.check(checker, self.body_format, credentials);
        }
    }
}

/// A call to the integration's API.
#[derive(Clone, Copy)]
pub struct DefinedCall<'a> {
    /// The HTTP method.
    pub method: &'a CallMethod,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: &'a ApiPath,
    /// The rest of the request.
    pub parts: CallParts<'a>,
    /// How it is signed, if not as every request is.
    pub signing: Option<&'a RequestSigning>,
}

impl DefinedCall<'_> {
    pub(super) fn check(
        &self,
        checker: &mut Checker<'_>,
        base: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        self.method.check(checker);
        self.path.check(checker, base, credentials);
        self.parts.check(checker, credentials);
        if let Some(signing) = self.signing {
            signing.check(checker, credentials);
        }
    }
}

/// Named templates, filled in. One whose value may be missing, and is, is left out.
pub fn rendered(
    templates: &BTreeMap<String, Template>,
    values: &Values<'_>,
) -> Result<Vec<(String, String)>> {
    let mut rendered = Vec::with_capacity(templates.len());
    for (name, template) in templates {
        if let Some(value) = template.render_optional(values)? {
            rendered.push((name.clone(), value));
        }
    }
    Ok(rendered)
}

/// True if a service may take the two names for one. Many read names without their case, some by Unicode's rules: to them
/// `ſ` is an `s`.
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    let folded = |name: &str| name.to_uppercase().to_lowercase();
    one == other || folded(one) == folded(other)
}

/// Adds parameters to an address. One that is there already is replaced, however it is written: what authenticates a
/// request is never left to whoever wrote the rest of the address.
pub fn add_query(query: &Query, values: &Values<'_>, url: &mut Url) -> Result<()> {
    let added = rendered(query, values)?;
    if added.is_empty() {
        return Ok(());
    }
    let is_replaced = |name: &str| added.iter().any(|(replaced, _)| is_same_name(replaced, name));
    if url.query_pairs().any(|(name, _)| is_replaced(&name)) {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !is_replaced(name))
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url.query_pairs_mut().extend_pairs(added);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn a_credential_in_the_query_replaces_each_of_its_name_however_it_is_written() {
        let query: Query = serde_json::from_value(json!({ "accountId": "${credentials.account}" })).unwrap();
        let (none, credentials) = (&Map::new(), json!({ "account": "7" }));
        let values = Values { credentials: credentials.as_object().unwrap(), ..Values::empty(none) };
        let mut url =
            Url::parse("https://api.example/a?accountid=8&accountIds=9&ACCOUNTID=8&acc%6FuntId=8").unwrap();
        add_query(&query, &values, &mut url).unwrap();
        assert_eq!(url.query(), Some("accountIds=9&accountId=7"));
    }
}
