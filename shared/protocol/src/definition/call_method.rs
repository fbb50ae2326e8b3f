//! The HTTP method of a call that a definition describes.

use http::Method;
use serde::{Deserialize, Serialize};

use super::checker::Checker;
use crate::error::{Error, Result};

/// The methods that a definition may name (RFC 9110 §9.3, RFC 5789).
const KNOWN: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// An HTTP method. A definition that was stored before methods were checked may hold a text that is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "String", into = "String")]
pub struct CallMethod {
    text: String,
    method: Option<Method>,
}

impl CallMethod {
    pub(super) fn get() -> Self {
        Self::from(Method::GET.to_string())
    }

    pub(super) fn post() -> Self {
        Self::from(Method::POST.to_string())
    }

    /// The method. `setting` is its place in the definition, for the error.
    pub fn of(&self, setting: &str) -> Result<Method> {
        self.method.clone().ok_or_else(|| Error::unusable(setting))
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        if self.method.is_none() {
            let names = KNOWN.map(|method| method.to_string()).join(", ");
            checker.refuse("method", format!("must be one of {names}"));
        }
    }
}

impl From<String> for CallMethod {
    fn from(text: String) -> Self {
        let method = KNOWN.into_iter().find(|known| known.as_str() == text);
        Self { text, method }
    }
}

impl From<CallMethod> for String {
    fn from(method: CallMethod) -> Self {
        method.text
    }
}
