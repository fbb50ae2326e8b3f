//! Texts and addresses of a definition with placeholders: `https://${parameters.subdomain}.example.com`.
//!
//! The values come from a customer's input or a provider's answer. [`Template::render_text`] keeps a value from
//! adding a header. [`Address::render`] keeps it in the part of the address where its placeholder stands. No error
//! ever holds a value.

mod address;
mod choice;
mod derivation;
mod destination;
pub(in crate::definition) mod group;
mod host;
mod placeholder;
mod root;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::means::Meanings;
use super::value_path;
use crate::error::{Error, ErrorKey, Result};

pub use address::Address;
pub(in crate::definition) use choice::Choice;
pub(super) use destination::Destination;
pub(in crate::definition) use host::{Host, Slot};
pub use placeholder::Placeholder;
pub use root::Root;

/// The sources of placeholders' values. Each may be empty. Other crates get them only bound to the registration that
/// they belong to ([`BoundValues`](super::BoundValues))
/// and with a maker ([`Maker`](crate::provider::maker::Maker)).
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// `${parameters.…}`: the customer's input for this connection.
    pub(crate) parameters: &'a Map<String, Value>,
    /// `${credentials.…}`: the credentials that the provider, or the customer, gave.
    pub(crate) credentials: &'a Map<String, Value>,
    /// `${integration.…}`: the team's own values; the sealed ones among them only where the registration was opened.
    pub(crate) integration: &'a Map<String, Value>,
    /// `${connectorParameters.…}`: the parameters that the caller gave for the connector. They never choose a host.
    pub(crate) connector_parameters: &'a Map<String, Value>,
    /// `${random.…}`, `${signed.…}` and `${request.…}`: what is made for the request.
    pub(crate) maker: Option<&'a dyn Make>,
    /// `${callback.uri}`: the `redirect_uri` of the authorization request, where it is known.
    pub(crate) callback_uri: Option<&'a str>,
    /// The parameters that are whole authorities, with a path behind them.
    pub(crate) authorities: &'a [Vec<String>],
    /// What the values of properties mean: `${parameters.region.@host}`.
    pub(crate) means: &'a [Meanings],
    /// What says which values may stand in a host; nothing holds them without it.
    pub(crate) closed: Option<&'a dyn Close>,
    /// True if what is missing is left out, as if every placeholder allowed it.
    pub(crate) may_lack: bool,
}

impl<'a> Values<'a> {
    /// No values at all, for tests to add theirs.
    #[cfg(test)]
    pub(crate) fn empty(none: &'a Map<String, Value>) -> Self {
        Self {
            parameters: none,
            credentials: none,
            connector_parameters: none,
            integration: none,
            maker: None,
            callback_uri: None,
            authorities: &[],
            means: &[],
            closed: None,
            may_lack: false,
        }
    }

    /// The values that the root stands for, if they are given and not made.
    fn given(&self, root: Root) -> Option<&'a Map<String, Value>> {
        match root {
            Root::Parameters => Some(self.parameters),
            Root::Credentials => Some(self.credentials),
            Root::ConnectorParameters => Some(self.connector_parameters),
            Root::Integration => Some(self.integration),
            Root::Callback | Root::Random | Root::Signed | Root::Request => None,
        }
    }

    /// True if the placeholder stands for an authority that the customer entered, with a path behind it. Credentials do if
    /// they are what was entered.
    fn is_authority(&self, placeholder: &Placeholder) -> bool {
        let entered = || value_path::find(self.parameters, &placeholder.path);
        self.authorities.contains(&placeholder.path)
            && match placeholder.root {
                Root::Parameters => true,
                Root::Credentials => value_path::find(self.credentials, &placeholder.path) == entered(),
                _ => false,
            }
    }

    /// The same values for a template in which what is missing is left out.
    #[must_use]
    pub fn lacking(&self) -> Self {
        Self { may_lack: true, ..*self }
    }
}

/// Says which values may stand in a host.
pub trait Close: Sync {
    /// True if the value may stand there in the place of the placeholder.
    fn admits(&self, placeholder: &Placeholder, value: &Value) -> bool;
}

/// Makes the values that a request needs anew.
pub trait Make: Sync {
    /// The value of `${random.name}`, `${signed.name}` or `${request.name}`, if there is one. One name has one value in a
    /// request.
    fn make(&self, root: Root, name: &str) -> Result<Option<String>>;
}

/// A text with placeholders. A definition holds it as that text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// The lines that a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Placeholder(Choice),
}

impl Template {
    /// Reads a template: `${root.path.to.value}`, with the roots of [`Values`]; `${a.b || c.d || 'text'}` for the first
    /// that is there, `${a.b?}` for what may be missing, and `${base64(a.b)}` for what is made of a value. There is no escape for `${`.
    ///
    /// # Errors
    ///
    /// `configuration_invalid` that names the placeholder, when it is not closed, has no path or an unknown root.
    pub fn parse(source: &str) -> Result<Self> {
        Self::read(source).map_err(|fault| misconfigured(format!("A template {fault}.")))
    }

    fn read(source: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((literal, tail)) = rest.split_once("${") {
            let Some((inside, after)) = tail.split_once('}').filter(|(inside, _)| !inside.contains("${"))
            else {
                // The name only: the text after it may be a secret that stands in a header.
                let is_name = |c: &char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
                let name: String = tail.chars().take_while(is_name).collect();
                return Err(format!("has the placeholder `${{{name}`, which is not closed"));
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Placeholder(Choice::parse(inside)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { source: source.to_owned(), parts })
    }

    /// The texts between the placeholders.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(literal) => Some(literal.as_str()),
            Part::Placeholder(_) => None,
        })
    }

    /// The placeholders with their alternatives.
    pub(in crate::definition) fn choices(&self) -> impl Iterator<Item = &Choice> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder(choice) => Some(choice),
        })
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The placeholders, in order, each alternative on its own; one that stands twice comes twice.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.choices().flat_map(Choice::sources)
    }

    /// Fills the placeholders as they are, for a header's value. The result may be a secret.
    ///
    /// # Errors
    ///
    /// `input_invalid` that names the field, if a value is missing, is no string, number or boolean, or holds a
    /// character that ends a header (RFC 9110 §5.5: CR, LF, NUL).
    pub fn render_text(&self, values: &Values<'_>) -> Result<String> {
        self.render_each(Lines::One, |choice| choice.resolve(values).map(Some)).map(Option::unwrap_or_default)
    }

    /// Fills the placeholders as they are too. Returns nothing if a value is missing that may be.
    pub fn render_optional(&self, values: &Values<'_>) -> Result<Option<String>> {
        self.render_each(Lines::One, |choice| choice.find(values))
    }

    /// Fills the placeholders with values that may have line breaks: for a text that is sent nowhere, such as a key.
    pub(crate) fn render_lines(&self, values: &Values<'_>) -> Result<String> {
        self.render_each(Lines::Any, |choice| choice.resolve(values).map(Some)).map(Option::unwrap_or_default)
    }

    /// Does the same. Returns nothing if a value is missing and what is missing is left out.
    pub(crate) fn render_lines_there(&self, values: &Values<'_>) -> Result<Option<String>> {
        if values.may_lack {
            self.render_each(Lines::Any, |choice| choice.find(values))
        } else {
            self.render_lines(values).map(Some)
        }
    }

    /// The error about the value of the first placeholder.
    pub(crate) fn refused(&self, fault: &str) -> Error {
        self.choices().next().map_or_else(|| Error::unusable("template"), |choice| choice.refused(fault))
    }

    /// Fills the placeholders with values that are escaped for XML (XML 1.0 §2.4), in an element or an attribute.
    pub fn render_xml(&self, values: &Values<'_>) -> Result<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(choice) => {
                    let value = choice.resolve(values)?;
                    // XML has no way to write the others (§2.2).
                    if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
                        return Err(choice.refused("has a control character in it"));
                    }
                    for c in value.chars() {
                        match c {
                            '<' => text.push_str("&lt;"),
                            '>' => text.push_str("&gt;"),
                            '&' => text.push_str("&amp;"),
                            '"' => text.push_str("&quot;"),
                            '\'' => text.push_str("&apos;"),
                            c => text.push(c),
                        }
                    }
                }
            }
        }
        Ok(text)
    }

    fn render_each<'v>(
        &self,
        lines: Lines,
        value: impl Fn(&Choice) -> Result<Option<Cow<'v, str>>>,
    ) -> Result<Option<String>> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(choice) => {
                    let Some(value) = value(choice)? else { return Ok(None) };
                    if lines == Lines::One && value.contains(['\r', '\n', '\0']) {
                        return Err(choice.refused("has a line break in it"));
                    }
                    text.push_str(&value);
                }
            }
        }
        Ok(Some(text))
    }
}

impl TryFrom<String> for Template {
    /// The fault, as the end of a sentence that begins with the setting.
    type Error = String;

    fn try_from(source: String) -> Result<Self, String> {
        Self::read(&source)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.source
    }
}

fn misconfigured(message: String) -> Error {
    Error::new(ErrorKey::ConfigurationInvalid, message)
}

#[cfg(test)]
mod tests;
