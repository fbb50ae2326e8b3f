//! The headers of a call that a definition describes.

use std::collections::BTreeMap;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::checker::{Checker, Credentials};
use super::template::{Root, Template, Values};
use crate::error::{Error, Result};

/// These headers control how a message is sent, which only the HTTP client may decide (RFC 9110 §7.2, §7.6.1, §8.6).
const NOT_OURS: [HeaderName; 7] = [CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Header templates by name. A definition that was stored before names were checked may hold a name of no header.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "BTreeMap<String, Template>", into = "BTreeMap<String, Template>")]
pub struct Headers(Vec<Header>);

#[derive(Debug, Clone)]
struct Header {
    text: String,
    name: Option<HeaderName>,
    value: Template,
}

impl Headers {
    /// True if there are no headers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fills in the headers, and hides their values from Debug. One whose value may be missing, and is, is left out.
    /// `setting` is their place in the definition.
    pub fn render(
        &self,
        values: &Values<'_>,
        setting: &'static str,
    ) -> impl Iterator<Item = Result<(HeaderName, HeaderValue)>> {
        self.0.iter().filter_map(move |header| header.render(values, setting).transpose())
    }

    /// The templates of the values.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.0.iter().map(|header| &header.value)
    }

    /// Those whose values fit, and the others.
    #[must_use]
    pub fn parted(&self, fits: impl Fn(&Template) -> bool) -> (Self, Self) {
        let (fitting, others) = self.0.iter().cloned().partition(|header| fits(&header.value));
        (Self(fitting), Self(others))
    }

    /// True if a header of this name is among them.
    #[must_use]
    pub fn has(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|header| header.name.as_ref() == Some(name))
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, setting: &str, credentials: Credentials<'_>) {
        for (index, header) in self.0.iter().enumerate() {
            let setting = format!("{setting}.{}", header.text);
            match &header.name {
                None => checker.refuse(&setting, "is no header's name (RFC 9110 §5.1)"),
                Some(name) if NOT_OURS.contains(name) => {
                    checker.refuse(&setting, "is set by the HTTP client itself");
                }
                Some(name) if self.0[..index].iter().any(|other| other.name.as_ref() == Some(name)) => {
                    checker.refuse(&setting, "stands there twice: names of headers differ by more than case");
                }
                Some(_) => {}
            }
            if header.value.literals().any(|literal| HeaderValue::from_str(literal).is_err()) {
                checker.refuse(&setting, "has a control character in its value (RFC 9110 §5.5)");
            }
            checker.template(&setting, &header.value, credentials);
        }
    }

    /// Checks headers that a caller may replace: what authenticates stands elsewhere.
    pub(super) fn check_defaults(&self, checker: &mut Checker<'_>, setting: &str) {
        self.check(checker, setting, Credentials::NotYet);
        for header in &self.0 {
            let setting = format!("{setting}.{}", header.text);
            if header.name == Some(AUTHORIZATION) {
                checker.refuse(&setting, "authenticates, and must stand in headers");
            }
            checker.shown(&setting, &header.value);
            let is_made = |root| matches!(root, Root::Signed | Root::Request);
            if header.value.placeholders().any(|placeholder| is_made(placeholder.root())) {
                checker.refuse(&setting, "authenticates, and must stand in headers");
            }
        }
    }
}

impl Header {
    fn render(
        &self,
        values: &Values<'_>,
        setting: &'static str,
    ) -> Result<Option<(HeaderName, HeaderValue)>> {
        let name = self.name.clone().ok_or_else(|| Error::unusable(setting))?;
        let Some(text) = self.value.render_optional(values)? else { return Ok(None) };
        let mut value = HeaderValue::from_str(&text).map_err(|_| Error::unusable(setting))?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }
}

impl From<BTreeMap<String, Template>> for Headers {
    fn from(headers: BTreeMap<String, Template>) -> Self {
        let read = |(text, value): (String, Template)| Header {
            name: HeaderName::from_bytes(text.as_bytes()).ok(),
            text,
            value,
        };
        Self(headers.into_iter().map(read).collect())
    }
}

impl From<Headers> for BTreeMap<String, Template> {
    fn from(headers: Headers) -> Self {
        headers.0.into_iter().map(|header| (header.text, header.value)).collect()
    }
}
