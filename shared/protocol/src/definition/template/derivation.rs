//! Values that are made of others by a function: `${base64(parameters.user, ':', parameters.password)}`.
//!
//! A derived value is held to the same as what it is made of, since its placeholders are among the template's: where a secret
//! may not go, what is derived of it may not go either.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Placeholder, Values, group};
use crate::definition::signing_key::public_half;
use crate::error::{Error, Result};
use crate::random::hex;

/// A function with its arguments. Its `Display` is how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Derivation {
    function: Function,
    /// At least one of them is a value.
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Argument {
    Value(Placeholder),
    Text(String),
}

/// What is made of the arguments, one after the other, or of the first by the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Base64,
    Base64Url,
    Hex,
    Sha256,
    /// The hash of the public half of a private key.
    PublicKeySha256,
    Lower,
    Upper,
    /// The part of a value that a group in a pattern matches.
    Match,
}

impl Function {
    const ALL: [Self; 8] = [
        Self::Base64,
        Self::Base64Url,
        Self::Hex,
        Self::Sha256,
        Self::PublicKeySha256,
        Self::Lower,
        Self::Upper,
        Self::Match,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Hex => "hex",
            Self::Sha256 => "sha256",
            Self::PublicKeySha256 => "publicKeySha256",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Match => "match",
        }
    }
}

impl Derivation {
    /// Reads `name(argument, …)`; nothing if the text is no function.
    pub(super) fn parse(text: &str) -> Option<Result<Self, String>> {
        let (name, arguments) = text.strip_suffix(')')?.split_once('(')?;
        // A quoted name of a path can hold anything.
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric());
        is_name.then(|| Self::read(text, name, arguments))
    }

    fn read(text: &str, name: &str, arguments: &str) -> Result<Self, String> {
        let Some(function) = Function::ALL.into_iter().find(|known| known.name() == name) else {
            let known = Function::ALL.map(|function| format!("`{}`", function.name())).join(", ");
            return Err(format!("has the placeholder `${{{text}}}`, whose function is none of {known}"));
        };
        let arguments = split(arguments)
            .ok_or_else(|| format!("has the placeholder `${{{text}}}`, with a text that is not closed"))?
            .into_iter()
            .map(|argument| match argument.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
                Some(text) => Ok(Argument::Text(text.to_owned())),
                None => Placeholder::parse(argument).map(Argument::Value),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let derivation = Self { function, arguments };
        match derivation.arguments.as_slice() {
            [Argument::Value(_), Argument::Text(pattern)] if function == Function::Match => {
                match group::problem(pattern) {
                    Some(problem) => Err(format!("has the placeholder `${{{text}}}`, which {problem}")),
                    None => Ok(derivation),
                }
            }
            _ if function == Function::Match => {
                Err(format!("has the placeholder `${{{text}}}`, which needs a value and a pattern"))
            }
            [Argument::Value(_)] if function == Function::PublicKeySha256 => Ok(derivation),
            _ if function == Function::PublicKeySha256 => {
                Err(format!("has the placeholder `${{{text}}}`, which needs one value"))
            }
            _ if derivation.placeholders().next().is_none() => {
                Err(format!("has the placeholder `${{{text}}}`, with no value in it"))
            }
            _ => Ok(derivation),
        }
    }

    /// The values that it is made of.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Value(placeholder) => Some(placeholder),
            Argument::Text(_) => None,
        })
    }

    /// True if a text of the definition's own is in what it makes.
    pub(super) fn has_text(&self) -> bool {
        self.function != Function::Match && self.arguments.iter().any(|it| matches!(it, Argument::Text(_)))
    }

    /// What it makes; nothing if one of its values is missing.
    pub(super) fn find<'v>(&self, values: &Values<'v>) -> Result<Option<Cow<'v, str>>> {
        let mut text = String::new();
        for argument in &self.arguments {
            match argument {
                Argument::Text(_) if self.function == Function::Match => {}
                Argument::Text(own) => text.push_str(own),
                Argument::Value(placeholder) => match placeholder.find(values)? {
                    Some(value) => text.push_str(&value),
                    None => return Ok(None),
                },
            }
        }
        self.made(&text).map(|made| Some(Cow::Owned(made)))
    }

    /// The same, where no value may be missing.
    pub(super) fn resolve<'v>(&self, values: &Values<'v>) -> Result<Cow<'v, str>> {
        for placeholder in self.placeholders() {
            placeholder.resolve(values)?;
        }
        self.find(values).map(Option::unwrap_or_default)
    }

    fn made(&self, text: &str) -> Result<String> {
        Ok(match self.function {
            Function::Base64 => STANDARD.encode(text),
            Function::Base64Url => URL_SAFE_NO_PAD.encode(text),
            Function::Hex => hex(text.as_bytes()),
            Function::Sha256 => hex(digest(&SHA256, text.as_bytes()).as_ref()),
            Function::PublicKeySha256 => STANDARD.encode(digest(&SHA256, &self.public_half(text)?)),
            Function::Lower => text.to_lowercase(),
            Function::Upper => text.to_uppercase(),
            Function::Match => self.part(text)?,
        })
    }

    fn public_half(&self, text: &str) -> Result<Vec<u8>> {
        public_half(text).ok_or_else(|| {
            let value = self.placeholders().next();
            value.map_or_else(
                || Error::unusable("template"),
                |value| value.refused("is no private key in PEM"),
            )
        })
    }

    /// The part of the value that the pattern's group matches.
    fn part(&self, text: &str) -> Result<String> {
        let [Argument::Value(value), Argument::Text(pattern)] = self.arguments.as_slice() else {
            return Err(Error::unusable("template"));
        };
        let part = group::find(pattern, text).filter(|part| !part.is_empty());
        part.map(str::to_owned).ok_or_else(|| value.refused("does not have the expected form"))
    }
}

/// The arguments, without the spaces around them. The commas of texts separate nothing.
fn split(arguments: &str) -> Option<Vec<&str>> {
    let mut split = Vec::new();
    let (mut start, mut is_text) = (0, false);
    for (at, c) in arguments.char_indices() {
        match c {
            '\'' => is_text = !is_text,
            ',' if !is_text => {
                split.push(arguments[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    split.push(arguments[start..].trim());
    (!is_text).then_some(split)
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.name())?;
        for (index, argument) in self.arguments.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            match argument {
                Argument::Value(placeholder) => f.write_str(&placeholder.inside())?,
                Argument::Text(text) => write!(f, "'{text}'")?,
            }
        }
        f.write_str(")")
    }
}
