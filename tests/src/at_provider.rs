//! A browser that is at the provider.

use url::{Url, form_urlencoded};

use crate::answer::parameter;
use crate::world::CODE;

/// A browser that was sent to the provider.
pub struct AtProvider {
    /// The authorization request.
    pub address: Url,
}

impl AtProvider {
    /// One parameter of the authorization request.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.address, name)
    }

    /// The `state` of the authorization request.
    #[must_use]
    pub fn state(&self) -> String {
        self.parameter("state").unwrap()
    }

    /// The address that the provider sends the browser back to, with a code.
    #[must_use]
    pub fn consent(&self) -> String {
        self.back(&[("code", CODE)])
    }

    /// The address that the provider sends the browser back to, with these parameters and the state.
    #[must_use]
    pub fn back(&self, parameters: &[(&str, &str)]) -> String {
        format!("{}?{}", self.parameter("redirect_uri").unwrap(), self.answer(parameters))
    }

    /// These parameters and the state, as a query or a form.
    #[must_use]
    pub fn answer(&self, parameters: &[(&str, &str)]) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("state", &self.state())
            .finish()
    }
}
