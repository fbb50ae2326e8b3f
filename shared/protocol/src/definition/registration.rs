//! The registration with the provider that does the work: the integration's own, or, for a `proxy` option, that of an
//! integration which the root workspace shares.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::input::{self, Violation};
use super::template::{Address, Template, Values};
use super::{AuthMethod, AuthOption, Integration, OptionSecrets};
use super::{entered_text, input_defaults};
use crate::error::{Error, ErrorKey, Result};
use crate::id::IntegrationId;
use crate::secret::SecretMap;

/// A borrowed registration, as flows and connections store it. They keep it for as long as they live, even if the
/// definition that borrowed it changes. Otherwise whoever edits that definition could send the owner's credentials
/// anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Borrowed {
    /// The id of the root workspace's integration.
    pub integration: IntegrationId,
    /// The key of its option.
    pub option: String,
}

/// The owner of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The workspace that uses it.
    Own,
    /// Another workspace. The workspace that uses the registration does not see its credentials.
    Lender,
}

/// The identity of a registration. Parameters, connector parameters and credentials belong to the registration that they
/// were given for. They are carried to, filled into and shown for no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationId {
    owner: Owner,
    integration: IntegrationId,
    option: String,
}

impl RegistrationId {
    /// The registration that a flow or a connection has recorded: the borrowed one, or else that of the integration's
    /// own option.
    #[must_use]
    pub fn recorded(integration: &IntegrationId, option: &str, borrowed: Option<&Borrowed>) -> Self {
        let (owner, integration, option) = match borrowed {
            Some(lent) => (Owner::Lender, &lent.integration, lent.option.as_str()),
            None => (Owner::Own, integration, option),
        };
        Self { owner, integration: integration.clone(), option: option.to_owned() }
    }

    /// True if another workspace owns the registration.
    #[must_use]
    pub fn is_borrowed(&self) -> bool {
        self.owner == Owner::Lender
    }

    /// The texts that tell it from every other registration: owner, integration and option.
    #[must_use]
    pub fn texts(&self) -> [&str; 3] {
        let owner = match self.owner {
            Owner::Own => "own",
            Owner::Lender => "lent",
        };
        [owner, self.integration.as_str(), &self.option]
    }
}

/// Template values, together with the registration that they belong to.
#[derive(Clone, Copy)]
pub struct BoundValues<'a> {
    registration: &'a Registration,
    values: Values<'a>,
}

impl<'a> BoundValues<'a> {
    /// The registration, whose templates the values are for.
    #[must_use]
    pub fn registration(&self) -> &'a Registration {
        self.registration
    }

    /// The values, without what is made for a request: other crates get them from a
    /// [`Maker`](crate::provider::maker::Maker).
    pub(crate) fn values(&self) -> &Values<'a> {
        &self.values
    }

    /// The same values, with the callback's address if it is known.
    #[must_use]
    pub fn called_back(mut self, at: Option<&'a str>) -> Self {
        self.values.callback_uri = at;
        self
    }

    /// The customer's parameters among them.
    #[must_use]
    pub fn parameters(&self) -> &'a Map<String, Value> {
        self.values.parameters
    }

    /// The template, filled in; nothing if one of its values is missing, or cannot stand in a text.
    #[must_use]
    pub fn text(&self, template: &Template) -> Option<String> {
        template.render_optional(&self.values.lacking()).ok().flatten()
    }

    /// The credentials among them.
    #[must_use]
    pub fn credentials(&self) -> &'a Map<String, Value> {
        self.values.credentials
    }
}

/// The integration and the option that do the work.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The integration that is registered with the provider.
    pub integration: Arc<Integration>,
    option: usize,
    owner: Owner,
    /// The team's values with the sealed ones among them, where these were opened.
    opened: Option<Arc<SecretMap>>,
}

impl Registration {
    /// The registration of an integration's option. A `proxy` option has none of its own.
    pub fn new(integration: &Arc<Integration>, key: &str, owner: Owner) -> Result<Self> {
        let is_it = |option: &AuthOption| option.key == key && !matches!(option.method, AuthMethod::Proxy(_));
        let option = integration.auth_options.iter().position(is_it).ok_or_else(changed)?;
        Ok(Self { integration: Arc::clone(integration), option, owner, opened: None })
    }

    /// The same registration, whose templates can have the team's sealed values.
    #[must_use]
    pub fn opened(self, secrets: &OptionSecrets) -> Self {
        let opened = SecretMap::new(self.integration.opened_parameters(secrets));
        Self { opened: Some(Arc::new(opened)), ..self }
    }

    /// The option, which is never `proxy`.
    #[must_use]
    pub fn option(&self) -> &AuthOption {
        &self.integration.auth_options[self.option]
    }

    /// The address of its API: the option's own, or else the integration's.
    #[must_use]
    pub fn base_uri(&self) -> Option<&Address> {
        self.option().base_uri.as_ref().or(self.integration.base_uri.as_ref())
    }

    /// True if connections need the callback's address for longer than their flow.
    #[must_use]
    pub fn keeps_callback_uri(&self) -> bool {
        self.option().names_callback_uri
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> RegistrationId {
        RegistrationId {
            owner: self.owner,
            integration: self.integration.id.clone(),
            option: self.option().key.clone(),
        }
    }

    /// Binds the values that belong to the registration `owner` to this one, which must be the same.
    ///
    /// # Errors
    ///
    /// `internal`, if they belong to another registration.
    pub fn bind<'a>(
        &'a self,
        owner: &RegistrationId,
        parameters: &'a SecretMap,
        connector_parameters: &'a SecretMap,
        credentials: &'a SecretMap,
    ) -> Result<BoundValues<'a>> {
        if self.id() != *owner {
            return Err(Error::internal("values of another registration"));
        }
        let values = Values {
            parameters: parameters.expose(),
            connector_parameters: connector_parameters.expose(),
            credentials: credentials.expose(),
            integration: self.opened.as_ref().map_or(&self.integration.parameters, |opened| opened.expose()),
            maker: None,
            callback_uri: None,
            authorities: &self.option().hosts_and_paths,
            means: &self.option().means,
            closed: Some(self.option()),
            may_lack: false,
        };
        Ok(BoundValues { registration: self, values })
    }

    /// The reference that a flow or a connection must store, if the registration is borrowed.
    #[must_use]
    pub fn borrowed(&self) -> Option<Borrowed> {
        let borrowed =
            || Borrowed { integration: self.integration.id.clone(), option: self.option().key.clone() };
        (self.owner == Owner::Lender).then(borrowed)
    }

    /// The violations in the input for `option`. Two schemas apply: its own, and that of the option that does the
    /// work, whose owner relies on it.
    pub fn violations(&self, option: &AuthOption, entered: &SecretMap) -> Result<Vec<Violation>> {
        let mut violations = Vec::new();
        for schema in self.schemas(option) {
            violations.extend(input::violations(schema, entered.expose())?);
        }
        Ok(violations)
    }

    /// The input for `option` without what the definition has already: a pasted scheme, prefix or suffix.
    #[must_use]
    pub fn normalized(&self, option: &AuthOption, entered: &SecretMap) -> SecretMap {
        let mut input = entered.expose().clone();
        for schema in self.schemas(option) {
            entered_text::normalize(schema, &mut input);
        }
        SecretMap::new(input)
    }

    /// Adds the defaults of these two schemas to the input for `option`, where nothing was entered.
    #[must_use]
    pub fn with_defaults(&self, option: &AuthOption, entered: &SecretMap) -> SecretMap {
        let mut input = entered.expose().clone();
        for schema in self.schemas(option) {
            input_defaults::apply(schema, &mut input);
        }
        SecretMap::new(input)
    }

    fn schemas<'a>(&'a self, option: &'a AuthOption) -> impl Iterator<Item = &'a Value> {
        let shared = self.option();
        let other = (!std::ptr::eq(option, shared)).then_some(shared);
        [Some(option), other].into_iter().flatten().filter_map(|option| option.input_schema.as_ref())
    }
}

/// The error for an option that is gone, or has become another.
fn changed() -> Error {
    let message = "The integration's option that this was made with is no longer there.";
    Error::new(ErrorKey::ConfigurationInvalid, message).field("authOptionKey")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::IntegrationDefinition;
    use super::*;
    use crate::id::WorkspaceKey;

    fn integration(workspace: &str, key: &str) -> Arc<Integration> {
        let option = |key: &str| json!({ "key": key, "type": "client-credentials" });
        let definition = json!({ "name": "Example", "authOptions": [option("one"), option("two")] });
        let definition = IntegrationDefinition::read(definition).unwrap();
        Arc::new(Integration::new(&WorkspaceKey::new(workspace), key, definition, None))
    }

    #[test]
    fn values_are_bound_to_their_own_registration_only() {
        let all: Vec<Registration> = [("acme", "crm"), ("acme", "mail"), ("root", "crm")]
            .into_iter()
            .flat_map(|(workspace, key)| {
                let integration = integration(workspace, key);
                [("one", Owner::Own), ("two", Owner::Own), ("one", Owner::Lender), ("two", Owner::Lender)]
                    .map(|(option, owner)| Registration::new(&integration, option, owner).unwrap())
            })
            .collect();
        let none = SecretMap::default();
        for (of, owner) in all.iter().enumerate() {
            for (used, registration) in all.iter().enumerate() {
                let bound = registration.bind(&owner.id(), &none, &none, &none);
                assert_eq!(bound.is_ok(), of == used, "{:?} for {:?}", owner.id(), registration.id());
            }
        }
    }

    /// What a flow or a connection stores names the registration that it was made with.
    #[test]
    fn what_is_stored_names_the_same_registration() {
        let (own, lent) = (integration("acme", "crm"), integration("root", "crm"));
        for registration in [
            Registration::new(&own, "two", Owner::Own).unwrap(),
            Registration::new(&lent, "two", Owner::Lender).unwrap(),
        ] {
            let option = if registration.id().is_borrowed() { "proxy" } else { "two" };
            let recorded = RegistrationId::recorded(&own.id, option, registration.borrowed().as_ref());
            assert_eq!(recorded, registration.id());
        }
    }
}
