//! Whether an account's id shows that two credentials are of the same account.

use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::template::{Root, Template};

impl AuthOption {
    /// The template of the account's id, if what it makes is the provider's word alone: every part of it comes from
    /// an answer. What came through the browser, and what somebody chose, proves nothing.
    #[must_use]
    pub fn proof_of_account(&self) -> Option<&Template> {
        let id = self.account.as_ref()?.id.as_ref()?;
        let mut choices = id.choices().peekable();
        choices.peek()?;
        let kept = self.kept_parameters();
        let chosen = |name: &str| {
            self.after_connect
                .iter()
                .filter_map(|call| call.choose.as_ref())
                .any(|choose| choose.names().any(|chosen| chosen == name))
        };
        let is_proof = choices.all(|choice| {
            let is_one = choice.fallback().is_none() && choice.sources().count() == 1;
            is_one
                && choice.sources().all(|source| {
                    let name = source.path()[0].as_str();
                    source.root() == Root::Credentials && !kept.contains(&name) && !chosen(name)
                })
        });
        is_proof.then_some(id)
    }

    /// The names of the credentials that come through the browser.
    #[must_use]
    pub fn kept_parameters(&self) -> Vec<&str> {
        match &self.method {
            AuthMethod::OAuth2(config) => config.callback().kept().collect(),
            AuthMethod::OAuth1(_) | AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => Vec::new(),
        }
    }
}
