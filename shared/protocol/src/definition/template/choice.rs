//! A place in a template, and the values that can fill it.

use std::borrow::Cow;
use std::fmt;

use super::derivation::Derivation;
use super::{Placeholder, Root, Values};
use crate::error::{Error, Result};

/// One `${…}`: the first of its alternatives that is there fills it. Its `Display` is that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::definition) struct Choice {
    /// Never empty.
    sources: Vec<Source>,
    /// The text if none of them is there.
    fallback: Option<String>,
    /// True if the value may be missing.
    is_optional: bool,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Plain(Placeholder),
    Derived(Derivation),
}

impl Source {
    fn parse(alternative: &str) -> Result<Self, String> {
        match Derivation::parse(alternative) {
            Some(derivation) => derivation.map(Self::Derived),
            None => Placeholder::parse(alternative).map(Self::Plain),
        }
    }

    fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        let (plain, derived) = match self {
            Self::Plain(placeholder) => (Some(placeholder), None),
            Self::Derived(derivation) => (None, Some(derivation)),
        };
        plain.into_iter().chain(derived.into_iter().flat_map(Derivation::placeholders))
    }

    fn resolve<'v>(&self, values: &Values<'v>) -> Result<Cow<'v, str>> {
        match self {
            Self::Plain(placeholder) => placeholder.resolve(values),
            Self::Derived(derivation) => derivation.resolve(values),
        }
    }

    fn find<'v>(&self, values: &Values<'v>) -> Result<Option<Cow<'v, str>>> {
        match self {
            Self::Plain(placeholder) => placeholder.find(values),
            Self::Derived(derivation) => derivation.find(values),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(placeholder) => f.write_str(&placeholder.inside()),
            Self::Derived(derivation) => derivation.fmt(f),
        }
    }
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
                _ => choice.sources.push(Source::parse(alternative)?),
            }
        }
        Ok(choice)
    }

    /// The placeholders of its alternatives, in their order: those that fill it, and those that what fills it is made of.
    pub(in crate::definition) fn sources(&self) -> impl Iterator<Item = &Placeholder> {
        self.sources.iter().flat_map(Source::placeholders)
    }

    /// The same, with whether what fills the place is made of the placeholder's value, and is not that value.
    pub(super) fn fillers(&self) -> impl Iterator<Item = (&Placeholder, bool)> {
        self.sources.iter().flat_map(|source| {
            let is_derived = matches!(source, Source::Derived(_));
            source.placeholders().map(move |placeholder| (placeholder, is_derived))
        })
    }

    /// The one placeholder whose value fills it as it is, if it has no alternative.
    pub(in crate::definition) fn plain(&self) -> Option<&Placeholder> {
        match (self.sources.as_slice(), &self.fallback) {
            ([Source::Plain(placeholder)], None) => Some(placeholder),
            _ => None,
        }
    }

    /// The values of this root that fill it, if `has` says what is there: up to the alternative that fills it surely. Nothing
    /// if it cannot be filled and must be. What has another root counts as there.
    pub(in crate::definition) fn filled_by(
        &self,
        root: Root,
        has: impl Fn(&Placeholder) -> bool,
    ) -> Option<Vec<&Placeholder>> {
        let mut found = Vec::new();
        let mut is_filled = self.is_optional || self.fallback.is_some();
        for source in &self.sources {
            if !source.placeholders().all(|it| it.root() != root || has(it)) {
                continue;
            }
            is_filled = true;
            found.extend(source.placeholders().filter(|it| it.root() == root));
            if source.placeholders().all(|it| it.root() == root) {
                break;
            }
        }
        is_filled.then_some(found)
    }

    /// True if a text of the definition's own can be in what fills it.
    pub(in crate::definition) fn has_text(&self) -> bool {
        let has_text = |source: &Source| matches!(source, Source::Derived(it) if it.has_text());
        self.fallback.is_some() || self.sources.iter().any(has_text)
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

    /// Refuses a value that may not stand in a host.
    pub(super) fn check_names_host(&self, values: &Values<'_>) -> Result<()> {
        for source in &self.sources {
            if source.find(values)?.is_none() {
                continue;
            }
            return match source {
                Source::Plain(placeholder) if !placeholder.may_name_host(values) => {
                    Err(placeholder.refused("is none of those that may stand in a host"))
                }
                // What is made of a value is bound by the literal part of the host.
                Source::Plain(_) | Source::Derived(_) => Ok(()),
            };
        }
        Ok(())
    }

    /// The error about the value. It gives the caller's name for the value, not the value itself.
    pub(super) fn refused(&self, fault: &str) -> Error {
        match self.sources().next() {
            Some(source) => source.refused(fault),
            None => Error::unusable("template"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("${")?;
        for (index, source) in self.sources.iter().enumerate() {
            let bars = if index > 0 { " || " } else { "" };
            write!(f, "{bars}{source}")?;
        }
        if let Some(text) = &self.fallback {
            write!(f, " || '{text}'")?;
        }
        f.write_str(if self.is_optional { "?}" } else { "}" })
    }
}
