//! An integration, as callers see it.

use bytes::Bytes;
use flow::deps::Deps;
use flow::lifecycle::representation::Representation as ConnectionRepresentation;
use flow::store::StoredDefinition;
use http::Request;
use protocol::definition::template::Address;
use protocol::definition::{AuthOption, AuthType, CallbackPath, Integration, Problem, Problems};
use protocol::error::{Error, Result};
use protocol::id::IntegrationId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::integration_check::Checked;

/// What a customer may see.
pub(super) fn summary(integration: &Integration, problems: &Problems) -> Representation {
    let options: Vec<OptionSummary> = integration.enabled_options().map(OptionSummary::of).collect();
    Representation {
        id: integration.id.clone(),
        key: integration.key.clone(),
        name: integration.name.clone(),
        logo_uri: integration.logo_uri.clone(),
        base_uri: integration.base_uri.clone(),
        state: if problems.is_empty() { State::Ready } else { State::SetupRequired },
        has_missing_parameters: !problems.is_empty(),
        problems: Vec::new(),
        auth_type: options.first().map(|option| option.auth_type),
        auth_options: Options::Enabled(options),
        connector: None,
        connector_version: None,
        latest_connector_version: None,
        given: None,
        parameters: Map::new(),
        parameters_schema: None,
        o_auth_callback_uri: None,
        o_auth_callback_path: None,
        start_uri: None,
        shared: false,
        shared_with: None,
        connection: None,
    }
}

/// What who manages the workspace may see: the definition as it was put, and the address to register with the provider.
pub(super) fn details(deps: &Deps, request: &Request<Bytes>, checked: &Checked) -> Result<Representation> {
    let Checked { integration, problems, stored } = checked;
    let mut details = summary(integration, problems);
    let mut definition: Value = serde_json::from_str(&stored.definition).map_err(Error::internal)?;
    if let Value::Array(options) = definition["authOptions"].take() {
        details.auth_options = Options::Defined(options);
    }
    if let Some(given) = given(stored)? {
        details.connector_version = definition["connectorVersion"].as_str().map(str::to_owned);
        let latest = given.get("connector").and_then(Value::as_str).and_then(catalogue::connector);
        let is_newer = |version: &str| details.connector_version.as_deref() != Some(version);
        details.latest_connector_version = latest.map(|latest| latest.version).filter(|it| is_newer(it));
        details.given = Some(given);
    }
    details.connector = definition["connector"].as_str().map(str::to_owned);
    details.parameters.clone_from(&integration.parameters);
    details.parameters_schema = integration.asked_parameters();
    details.problems = problems.iter().cloned().collect();
    details.start_uri.clone_from(&integration.start_uri);
    details.shared = definition["shared"] == true;
    details.shared_with = match definition["sharedWith"].take() {
        Value::Array(workspaces) => Some(workspaces),
        _ => None,
    };
    details.o_auth_callback_path =
        integration.o_auth_callback_uri.as_ref().map(|_| integration.o_auth_callback_path);
    details.o_auth_callback_uri = Some(match &integration.o_auth_callback_uri {
        Some(own) => own.clone(),
        None => format!("{}{}", deps.own_address(request)?.url, integration.callback_path()),
    });
    Ok(details)
}

/// What the team gave of a stored definition, if the rest comes from a connector.
pub(super) fn given(stored: &StoredDefinition) -> Result<Option<Map<String, Value>>> {
    stored.given.as_ref().map(|given| serde_json::from_str(given).map_err(Error::internal)).transpose()
}

/// A workspace's integrations.
#[derive(Serialize)]
pub(super) struct Integrations {
    pub(super) items: Vec<Representation>,
}

/// An integration as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Representation {
    pub(super) id: IntegrationId,
    pub(super) key: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_uri: Option<Address>,
    pub(super) state: State,
    pub(super) has_missing_parameters: bool,
    /// For who manages the workspace: what is to be mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) problems: Vec<Problem>,
    /// The default option's; `null` where no option is enabled.
    pub(super) auth_type: Option<AuthType>,
    pub(super) auth_options: Options,
    /// For who manages the workspace: the connector that is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connector: Option<String>,
    /// For who manages the workspace: the version of the connector that is in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connector_version: Option<String>,
    /// For who manages the workspace: the connector's version now, if it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latest_connector_version: Option<&'static str>,
    /// For who manages the workspace: what the team gave, if the rest comes from a connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) given: Option<Map<String, Value>>,
    /// For who manages the workspace: the team's values, those that are sealed aside.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) parameters: Map<String, Value>,
    /// For who manages the workspace: which values there are to give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parameters_schema: Option<Value>,
    /// For who manages the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) o_auth_callback_uri: Option<String>,
    /// For who manages the workspace: where its own page sends the browser on to, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) o_auth_callback_path: Option<CallbackPath>,
    /// For who manages the workspace: where its application starts flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_uri: Option<String>,
    /// For who manages the workspace: whether other workspaces may use its registration.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) shared: bool,
    /// For who manages the workspace: which ones may, if not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shared_with: Option<Vec<Value>>,
    /// For a customer: their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<ConnectionRepresentation>,
}

/// Whether everything in the definition can work.
#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Ready,
    /// It was stored before something was checked, or what it borrows is no longer shared.
    SetupRequired,
}

/// An integration's options.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Options {
    /// For customers: those that they can use.
    Enabled(Vec<OptionSummary>),
    /// For who manages the workspace: all of them, with their settings.
    Defined(Vec<Value>),
}

/// What a customer may see of an option.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OptionSummary {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) auth_type: AuthType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_schema: Option<Value>,
}

impl OptionSummary {
    pub(super) fn of(option: &AuthOption) -> Self {
        Self {
            key: option.key.clone(),
            auth_type: option.method.auth_type(),
            title: option.title.clone(),
            description: option.description.clone(),
            help_uri: option.help_uri.clone(),
            input_schema: option.input_schema.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::definition::IntegrationDefinition;
    use serde_json::json;

    use super::*;
    use crate::routes::connections::tests::connection;
    use crate::routes::described::{component, json_of, properties};

    const INTEGRATION_ID: &str = "0123456789abcdef0123456789abcdef";

    fn problem() -> Problem {
        Problem { field: "authOptions[0].test.path".to_owned(), problem: "is relative".to_owned() }
    }

    /// A definition with everything that can be defined.
    fn full_definition() -> IntegrationDefinition {
        let option = json!({
            "key": "oauth",
            "type": "oauth2",
            "title": "Sign in",
            "description": "With your account.",
            "enabled": false,
            "helpUri": "https://crm.example/help",
            "inputSchema": { "type": "object" },
            "config": { "clientId": "id", "authorizationRequest": { "names": { "scope": null }, "responseType": "auth_code" } },
            "apiClient": {
                "headers": { "Authorization": "Bearer ${credentials.access_token}", "X-Signature": "${request.signature}" },
                "signing": { "type": "hmac", "algorithm": "sha256", "key": "${credentials.secret}", "message": "${request.url}" },
                "body": { "secret": "${credentials.secret}", "team": { "id": 1 } },
                "retry": [{ "status": 429, "after": "x-after", "at": { "body": "error.message", "pattern": "after (.+)$" } }],
            },
            "test": {
                "path": "/me",
                "signing": { "type": "private-key", "algorithm": "ES256", "key": "${credentials.secret}", "keyEncoding": "jwk", "message": "${request.url}" },
            },
            "revoke": { "path": "/revoke", "headers": { "A": "b" }, "body": { "c": "d" }, "bodyFormat": "json", "perToken": true },
            "customerHost": true,
            "customerHostGetsSecret": true,
            "baseUri": "https://eu.crm.example",
            "providerDomains": ["shops.crm.example"],
            "signed": { "app": { "algorithm": "ES256", "claims": { "iss": "1" }, "jti": true } },
            "afterConnect": [{ "path": "/sites", "response": { "site": "id" } }],
            "account": { "id": "${credentials.site}" },
            "discovered": { "on": "2026-01-31T08:15:00.000Z", "from": "https://crm.example/", "config": {} },
            "clientCertificate": { "certificate": "${integration.certificate}", "key": "${integration.key}", "forApi": true },
        });
        serde_json::from_value(json!({
            "name": "Example CRM",
            "authOptions": [option, { "key": "key", "type": "client-credentials" }],
        }))
        .unwrap()
    }

    #[test]
    fn integrations() {
        let summary = |full| OptionSummary {
            key: "oauth".to_owned(),
            auth_type: AuthType::OAuth2,
            title: Some("Sign in".to_owned()).filter(|_| full),
            description: Some("With your account.".to_owned()).filter(|_| full),
            help_uri: Some("https://crm.example/help".to_owned()).filter(|_| full),
            input_schema: Some(json!({ "type": "object" })).filter(|_| full),
        };
        let least = || Representation {
            id: IntegrationId::new(INTEGRATION_ID),
            key: "crm".to_owned(),
            name: "Example CRM".to_owned(),
            logo_uri: None,
            base_uri: None,
            state: State::Ready,
            has_missing_parameters: false,
            problems: Vec::new(),
            auth_type: None,
            auth_options: Options::Enabled(Vec::new()),
            connector: None,
            connector_version: None,
            latest_connector_version: None,
            given: None,
            parameters: Map::new(),
            parameters_schema: None,
            o_auth_callback_uri: None,
            o_auth_callback_path: None,
            start_uri: None,
            shared: false,
            shared_with: None,
            connection: None,
        };
        let full = Representation {
            logo_uri: Some("https://crm.example/logo.svg".to_owned()),
            base_uri: Some(serde_json::from_value("https://crm.example".into()).unwrap()),
            auth_type: Some(AuthType::OAuth2),
            state: State::SetupRequired,
            has_missing_parameters: true,
            problems: vec![problem()],
            auth_options: Options::Defined(full_definition().auth_options.iter().map(json_of).collect()),
            connector: Some("crm".to_owned()),
            connector_version: Some("0123456789ab".to_owned()),
            latest_connector_version: Some("ba9876543210"),
            given: Some(Map::from_iter([("connector".to_owned(), json!("crm"))])),
            parameters: Map::from_iter([("clientId".to_owned(), json!("linkspan"))]),
            parameters_schema: Some(
                json!({ "type": "object", "properties": { "clientId": { "type": "string" } } }),
            ),
            o_auth_callback_uri: Some("https://linkspan.example/oauth-callback".to_owned()),
            o_auth_callback_path: Some(CallbackPath::Own),
            start_uri: Some("https://app.example/connect".to_owned()),
            shared: true,
            shared_with: Some(vec![json!("acme")]),
            connection: Some(connection()),
            ..least()
        };
        let defined = json_of(&full)["authOptions"].as_array().unwrap().clone();
        component("Integration", &[json_of(&least()), json_of(&full)]);
        component("Problem", &[json_of(&problem())]);
        component("Integrations", &[json_of(&Integrations { items: vec![least(), full] })]);
        let summaries = [json_of(&summary(true)), json_of(&summary(false))];
        component("AuthOption", &[defined, summaries.to_vec()].concat());
        // What can be defined is shown again.
        assert_eq!(properties("AuthOption"), properties("OAuth2Option"));
    }
}
