//! The placeholders of templates: where a value comes from, and the path that leads to it.

use std::borrow::Cow;
use std::fmt;

use super::Values;
use super::root::Root;
use crate::definition::{means, value_path};
use crate::error::{Error, ErrorKey, Result};

/// One `${root.path}`. Its `Display` is that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    pub(super) root: Root,
    /// Not empty, and neither is any of its names.
    pub(super) path: Vec<String>,
}

impl Placeholder {
    pub(super) fn parse(inside: &str) -> Result<Self, String> {
        let at = inside.find(['.', '[']).unwrap_or(inside.len());
        let (root, path) = (&inside[..at], &inside[at..]);
        let path = path.strip_prefix('.').unwrap_or(path);
        let Some(root) = Root::ALL.into_iter().find(|known| known.name() == root) else {
            let known = Root::ALL.map(|root| format!("`{}`", root.name())).join(", ");
            return Err(format!("has the placeholder `${{{inside}}}`, which begins with none of {known}"));
        };
        let Some(path) = value_path::names(path).ok().filter(|_| !path.contains('|')) else {
            return Err(format!("has the placeholder `${{{inside}}}`, which names no value"));
        };
        // Of these, the first name is no member of an answer's.
        if inside[at..].starts_with('[') && matches!(root, Root::Integration | Root::Random | Root::Signed) {
            return Err(format!(
                "has the placeholder `${{{inside}}}`, whose first name must stand after a dot"
            ));
        }
        Ok(Self { root, path })
    }

    /// The source of the value.
    #[must_use]
    pub fn root(&self) -> Root {
        self.root
    }

    /// The names that lead from the root to the value; at least one.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// The value as text; an item of an array is named by its number.
    pub(super) fn resolve<'v>(&self, values: &Values<'v>) -> Result<Cow<'v, str>> {
        self.find(values)?.ok_or_else(|| self.refused("is missing"))
    }

    /// The value as text, if it is there.
    pub(super) fn find<'v>(&self, values: &Values<'v>) -> Result<Option<Cow<'v, str>>> {
        let root = match self.root {
            Root::Callback => return Ok(values.callback_uri.map(Cow::Borrowed)),
            Root::Random | Root::Signed | Root::Request => {
                let maker = values.maker.ok_or_else(|| Error::internal("a template without a maker"))?;
                return Ok(maker.make(self.root, &self.path[0])?.map(Cow::Owned));
            }
            root => match values.given(root) {
                Some(given) => given,
                None => return Ok(None),
            },
        };
        // What was entered never says what it means, whatever it is.
        if let Some(path) = means::property(values.means, self.root, &self.path) {
            let value = value_path::find(root, path).and_then(value_path::text);
            let meaning = value.and_then(|value| means::find(values.means, self.root, &self.path, &value));
            return Ok(meaning.map(Cow::Borrowed));
        }
        match value_path::find(root, &self.path).filter(|value| !value.is_null()) {
            Some(value) => match value_path::text(value) {
                Some(text) => Ok(Some(text)),
                None => Err(self.refused("is no string, number or boolean")),
            },
            None => Ok(None),
        }
    }

    /// True if the value, where there is one, may stand in a host.
    pub(super) fn may_name_host(&self, values: &Values<'_>) -> bool {
        let value = || value_path::find(values.given(self.root)?, &self.path);
        values.closed.is_none_or(|closed| value().is_none_or(|value| closed.admits(self, &value)))
    }

    pub(super) fn inside(&self) -> String {
        let path = value_path::written(&self.path);
        let dot = if path.starts_with('[') { "" } else { "." };
        format!("{}{dot}{path}", self.root.name())
    }

    /// The error about this placeholder's value. It gives the caller's name for the value, not the value itself.
    pub(super) fn refused(&self, fault: &str) -> Error {
        let root = match self.root {
            Root::Parameters => "connectionParameters",
            // Nobody but the team can mend it.
            Root::Integration => return Error::unusable(&format!("parameters.{}", self.path.join("."))),
            root => root.name(),
        };
        let field = format!("{root}.{}", self.path.join("."));
        Error::new(ErrorKey::InputInvalid, format!("The value of `{field}` {fault}.")).field(field)
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}}}", self.inside())
    }
}
