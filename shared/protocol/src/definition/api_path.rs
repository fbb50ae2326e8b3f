//! The place in a provider's API that a call goes to.

use serde::{Deserialize, Serialize};

use super::checker::{Checker, Credentials};
use super::template::{Address, Root, Template};
use crate::error::{Error, Result};

/// A path below the integration's `baseUri`, or a whole address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "Template", into = "Template")]
pub enum ApiPath {
    /// A path, which begins with `/`.
    Below(Template),
    /// Any other text: a whole address.
    Whole(Address),
}

impl ApiPath {
    /// The address, with the integration's `baseUri`.
    pub fn at(&self, base: Option<&Address>) -> Result<Address> {
        match self {
            Self::Whole(address) => Ok(address.clone()),
            Self::Below(path) => {
                let base = base.ok_or_else(|| Error::unusable("baseUri"))?.as_str().trim_end_matches('/');
                Address::parse(&format!("{base}{}", path.as_str()))
            }
        }
    }

    /// True if a part of the address differs from one connection to another: it was entered, or came from the provider.
    #[must_use]
    pub fn is_filled_in(&self, base: Option<&Address>) -> bool {
        let (path, base) = match self {
            Self::Whole(address) => (address.template(), None),
            Self::Below(path) => (path, base.map(Address::template)),
        };
        let mut placeholders = base.into_iter().chain([path]).flat_map(Template::placeholders);
        placeholders.any(|placeholder| placeholder.root() != Root::Integration)
    }

    pub(super) fn check(
        &self,
        checker: &mut Checker<'_>,
        base: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        match (self, base) {
            (Self::Below(_), None) => {
                checker.refuse("path", "is relative, and the integration has no baseUri");
            }
            (Self::Below(path), Some(base)) => {
                // Problems of `baseUri` itself are reported under `baseUri`.
                if base.problem(checker.loopback, checker.own).is_none()
                    && let Some(problem) = self
                        .at(Some(base))
                        .ok()
                        .and_then(|whole| whole.problem(checker.loopback, checker.own))
                {
                    checker.refuse("path", problem);
                }
                checker.template("path", path, credentials);
            }
            (Self::Whole(address), _)
                if !address.as_str().contains("://") && !address.as_str().starts_with("${") =>
            {
                checker.refuse("path", "must begin with `/`, or be a whole https address");
            }
            (Self::Whole(address), _) => checker.address("path", address, credentials),
        }
    }
}

impl From<Template> for ApiPath {
    fn from(template: Template) -> Self {
        if template.as_str().starts_with('/') {
            Self::Below(template)
        } else {
            Self::Whole(Address::from(template))
        }
    }
}

impl From<ApiPath> for Template {
    fn from(path: ApiPath) -> Self {
        match path {
            ApiPath::Below(template) => template,
            ApiPath::Whole(address) => address.into(),
        }
    }
}
