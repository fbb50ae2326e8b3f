//! What an integration asks its team for: the parameters that its definition declares, and the clients that its options leave
//! open.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::auth_option::AuthOption;
use super::bounded_schema::BoundedSchema;
use super::input::{self, Violation};
use super::input_names::InputNames;
use super::integration::Integration;
use super::json_pointer;
use super::option_secrets::OptionSecrets;
use super::problem::Problems;
use super::team_parameters::is_sealed;
use crate::error::Result;
use crate::language::Language;
use crate::secret::{Secret, SecretMap};

impl AuthOption {
    /// The secret of a setting: the option's own, or else, where the type has the team's client, the integration's parameter
    /// of the same name.
    #[must_use]
    pub fn secret<'s>(&self, secrets: &'s OptionSecrets, setting: &str) -> Option<&'s Secret> {
        secrets.get(&self.key, setting, self.takes_from_parameters(setting))
    }

    /// True if it takes the secret from the integration's parameters, as far as it has none of its own.
    pub(super) fn takes_from_parameters(&self, secret: &str) -> bool {
        self.method.auth_type().client_secrets().contains(&secret)
    }

    /// True if what it sends can have a sealed parameter of the integration in it.
    #[must_use]
    pub fn names_sealed_parameters(&self) -> bool {
        !self.sealed_parameters.is_empty()
    }

    /// The parameters of the integration that it cannot do without, since it has no client of its own.
    fn implied(&self) -> Vec<&'static str> {
        // A client for an MCP server mostly comes by itself.
        if !self.takes_client || !self.enabled || self.method.server_address().is_some() {
            return Vec::new();
        }
        let client = self.method.auth_type().client_setting();
        client.into_iter().chain(self.method.needed_secret()).collect()
    }
}

impl Integration {
    /// The names that its parameters can have.
    pub(super) fn parameter_names(&self) -> InputNames {
        let mut names = match &self.parameters_schema {
            Some(schema) => InputNames::of(Some(schema)),
            None => InputNames::These(BTreeSet::new()),
        };
        if let InputNames::These(names) = &mut names {
            for auth_type in self.auth_options.iter().map(|option| option.method.auth_type()) {
                let client = auth_type.client_setting().into_iter();
                let all = client.chain(auth_type.client_secrets().iter().copied());
                names.extend(all.map(str::to_owned));
            }
        }
        names
    }

    /// True if the parameter is one of its own, and is sealed.
    pub(super) fn has_sealed_parameter(&self, name: &str) -> bool {
        self.parameter_names().has(name) && is_sealed(self.parameters_schema.as_ref(), name)
    }

    /// What the team is asked for: what the definition declares, and the clients that options leave open.
    #[must_use]
    pub fn asked_parameters(&self) -> Option<Value> {
        let implied: BTreeSet<&str> = self.auth_options.iter().flat_map(AuthOption::implied).collect();
        if implied.is_empty() {
            return self.parameters_schema.clone();
        }
        let mut schema = self.parameters_schema.clone().filter(Value::is_object).unwrap_or_else(|| json!({}));
        schema["type"] = "object".into();
        for name in implied {
            let is_sensitive = is_sealed(None, name);
            if !schema["properties"].is_object() {
                schema["properties"] = json!({});
            }
            if let Some(properties) = schema["properties"].as_object_mut()
                && !properties.contains_key(name)
            {
                let mut property = json!({ "type": "string", "title": title(name) });
                if is_sensitive {
                    property["isSensitive"] = true.into();
                }
                properties.insert(name.to_owned(), property);
            }
            match &mut schema["required"] {
                Value::Array(required) if required.iter().any(|known| known == name) => {}
                Value::Array(required) => required.push(name.into()),
                required => *required = json!([name]),
            }
        }
        Some(schema)
    }

    /// Its parameters with the sealed ones among them.
    #[must_use]
    pub fn opened_parameters(&self, secrets: &OptionSecrets) -> Map<String, Value> {
        let mut parameters = self.parameters.clone();
        let sealed = secrets.parameters().map(|(name, secret)| (name.to_owned(), secret.expose().into()));
        parameters.extend(sealed);
        parameters
    }

    /// Notes each parameter that is none, or does not fit the schema. This runs before a definition is stored.
    pub fn check_parameters(&self, secrets: &OptionSecrets, problems: &mut Problems) -> Result<()> {
        let names = self.parameter_names();
        for name in self.parameters.keys().filter(|name| !names.has(name)) {
            problems.add(format!("parameters.{name}"), "is unknown: parametersSchema has no such property");
        }
        let Some(schema) = &self.parameters_schema else { return Ok(()) };
        let bounded = match BoundedSchema::of(schema) {
            Ok(bounded) => bounded,
            Err(problem) => {
                problems.add("parametersSchema", problem);
                return Ok(());
            }
        };
        if let Err(problem) = input::check_schema(bounded) {
            problems.add("parametersSchema", problem);
            return Ok(());
        }
        let opened = SecretMap::new(self.opened_parameters(secrets));
        for Violation { pointer, complaint } in input::violations(schema, opened.expose())? {
            let names: Vec<String> = json_pointer::names(&pointer).collect();
            let is_missing = matches!(names.as_slice(), [name] if !opened.expose().contains_key(name));
            let problem = if is_missing {
                "is missing".to_owned()
            } else {
                format!("does not fit: {}", complaint.said(Language::English.texts()))
            };
            let field = ["parameters".to_owned()].into_iter().chain(names).collect::<Vec<_>>().join(".");
            if problems.iter().all(|known| known.field != field) {
                problems.add(field, problem);
            }
        }
        Ok(())
    }
}

fn title(name: &str) -> &'static str {
    match name {
        "clientId" => "Client ID",
        "clientSecret" => "Client secret",
        "consumerKey" => "Consumer key",
        "consumerSecret" => "Consumer secret",
        _ => "Private key",
    }
}
