//! The team's own values for an integration: `parameters`, by `parametersSchema`. Some are sealed, like the options' secrets.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::auth_option::AuthOptionDefinition;
use super::option_secrets::SECRET_SETTINGS;
use super::template::{Root, Template};

/// True if the parameter is sealed: by its name, or because the schema says so. An identifier of a client is none: every
/// browser sees it.
pub(super) fn is_sealed(schema: Option<&Value>, name: &str) -> bool {
    let property = schema.and_then(|schema| schema.get("properties")?.get(name));
    let is_sensitive = |property: &Value| property["isSensitive"] == true || property["format"] == "password";
    SECRET_SETTINGS.contains(&name)
        || (!matches!(name, "clientId" | "consumerKey") && property.is_some_and(is_sensitive))
}

/// Lets the option have the integration's own client, if it names none. Returns whether it names none.
pub(super) fn give_client(option: &mut AuthOptionDefinition, parameters: &Map<String, Value>) -> bool {
    let Some(name) = option.auth_type.client_setting() else { return false };
    let Some(config) = option.config.as_object_mut() else { return false };
    let is_discovered = option.discovered.as_ref().is_some_and(|found| found.config.contains_key(name));
    if is_discovered || config.get(name).is_some_and(|own| !own.is_null()) {
        return false;
    }
    if let Some(client) = parameters.get(name) {
        config.insert(name.to_owned(), client.clone());
    }
    true
}

/// The names in `${integration.…}` of a definition's part, alternatives among them.
pub(super) fn named(part: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(part, &mut names);
    names
}

fn collect(part: &Value, names: &mut BTreeSet<String>) {
    match part {
        Value::String(text) => {
            // What cannot be read as a template fills nothing.
            let Ok(template) = Template::parse(text) else { return };
            let named = template.placeholders().filter(|it| it.root() == Root::Integration);
            names.extend(named.map(|placeholder| placeholder.path()[0].clone()));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => members.values().for_each(|member| collect(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parameters_that_templates_name_are_found_wherever_they_stand() {
        let part = json!({
            "headers": { "A": "x ${integration.a}${integration.b.c}" },
            "items": ["${parameters.integration}", "${credentials.x || integration.d || 'integration.e'}"],
            "text": "integration.f ${integration.g?}",
            "derived": "${base64(integration.h, ':', integration.i)}${match(integration.j, '-(.+)')}",
        });
        let found: Vec<String> = named(&part).into_iter().collect();
        assert_eq!(found, ["a", "b", "d", "g", "h", "i", "j"]);
    }

    #[test]
    fn a_parameter_is_sealed_by_its_name_or_by_the_schema() {
        let schema = json!({ "properties": {
            "token": { "isSensitive": true }, "pin": { "format": "password" }, "slug": {},
            "clientId": { "isSensitive": true },
        } });
        let sealed = |name| is_sealed(Some(&schema), name);
        for name in ["token", "pin", "clientSecret", "consumerSecret", "privateKey"] {
            assert!(sealed(name), "{name}");
        }
        for name in ["slug", "clientId", "consumerKey", "other"] {
            assert!(!sealed(name), "{name}");
        }
    }
}
