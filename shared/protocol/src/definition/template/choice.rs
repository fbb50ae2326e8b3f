//! A place in a template, and the values that can fill it.

use std::borrow::Cow;
use std::fmt;

use super::{Placeholder, Values};
use crate::error::{Error, Result};

/// One `${…}`: the first of its alternatives that is there fills it. Its `Display` is that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::definition) struct Choice {
    /// Never empty.
    sources: Vec<Placeholder>,
    /// The text if none of them is there.
    fallback: Option<String>,
    /// True if the value may be missing.
    is_optional: bool,
}

impl Choice {
    pub(super) fn parse(inside: &str) -> Result<Self, String> {
        let (inside, is_optional) = match inside.strip_suffix('?') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let mut choice = Self { sources: Vec::new(), fallback: None, is_optional };
        let is_single = !inside.contains("||");
        for alternative in inside.split("||") {
            // Only the bars may have spaces around them.
            let alternative = if is_single { alternative } else { alternative.trim() };
            if choice.fallback.is_some() {
                return Err(format!(
                    "has the placeholder `${{{inside}}}`, with an alternative after its text"
                ));
            }
            match alternative.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
                Some(text) if !choice.sources.is_empty() => choice.fallback = Some(text.to_owned()),
                _ => choice.sources.push(Placeholder::parse(alternative)?),
            }
        }
        Ok(choice)
    }

    /// The alternatives, in their order.
    pub(in crate::definition) fn sources(&self) -> impl Iterator<Item = &Placeholder> {
        self.sources.iter()
    }

    /// The text if no alternative is there.
    pub(in crate::definition) fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// True if the value may be missing.
    pub(in crate::definition) fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// The value as text.
    pub(super) fn resolve<'v>(&self, values: &Values<'v>) -> Result<Cow<'v, str>> {
        match self.find_any(values)? {
            Some(value) => Ok(value),
            None => self.sources[0].resolve(values),
        }
    }

    /// The value as text. Nothing if it is missing and may be.
    pub(super) fn find<'v>(&self, values: &Values<'v>) -> Result<Option<Cow<'v, str>>> {
        if self.is_optional || values.may_lack {
            self.find_any(values)
        } else {
            self.resolve(values).map(Some)
        }
    }

    fn find_any<'v>(&self, values: &Values<'v>) -> Result<Option<Cow<'v, str>>> {
        for source in &self.sources {
            if let Some(value) = source.find(values)? {
                return Ok(Some(value));
            }
        }
        Ok(self.fallback.clone().map(Cow::Owned))
    }

    /// The error about the value. It gives the caller's name for the value, not the value itself.
    pub(super) fn refused(&self, fault: &str) -> Error {
        self.sources[0].refused(fault)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ([source], None, false) = (&*self.sources, &self.fallback, self.is_optional) {
            return source.fmt(f);
        }
        f.write_str("${")?;
        for (index, source) in self.sources.iter().enumerate() {
            let bars = if index > 0 { " || " } else { "" };
            write!(f, "{bars}{}", source.inside())?;
        }
        if let Some(text) = &self.fallback {
            write!(f, " || '{text}'")?;
        }
        f.write_str(if self.is_optional { "?}" } else { "}" })
    }
}
