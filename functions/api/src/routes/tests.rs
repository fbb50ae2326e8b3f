//! What the resources answer is what `docs/openapi.json` describes: every field that can be written, and no other; required
//! are those that always are.

use std::collections::{BTreeMap, BTreeSet};

use flow::lifecycle::representation::{Face, Representation, State};
use protocol::definition::{AuthType, IntegrationDefinition, Problem, WorkspaceDefinition};
use protocol::error::{Error, ErrorKey};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};
use protocol::secret::SecretMap;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::connection_options::{ConnectorAuth, ConnectorSpec, ConnectorUi, OptionFace, OptionUi};
use super::connections::{Page, WithSecrets};
use super::credentials::Tested;
use super::integrations::{self, Integrations, OptionSummary, Options};
use super::whoami::Whoami;
use super::workspaces;

const INTEGRATION_ID: &str = "0123456789abcdef0123456789abcdef";
const TIME: &str = "2026-01-31T08:15:00.123Z";

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

fn properties(schema: &str) -> BTreeSet<String> {
    names(&document()["components"]["schemas"][schema]["properties"])
}

/// Compares answers, the fullest and the least among them, with the schema at this place of the document.
fn assert_described(pointer: &str, answers: &[Value]) {
    let document = document();
    let schema = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    for answer in answers {
        let violations: Vec<String> = validator
            .iter_errors(answer)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(violations.is_empty(), "{pointer}: {violations:#?}");
    }
    let written: Vec<BTreeSet<String>> = answers.iter().map(names).collect();
    let ever = written.iter().flatten().cloned().collect::<BTreeSet<_>>();
    let always: BTreeSet<String> =
        ever.iter().filter(|name| written.iter().all(|names| names.contains(*name))).cloned().collect();
    assert_eq!(names(&schema["properties"]), ever, "{pointer}: the fields");
    let required: BTreeSet<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(required, always, "{pointer}: the required fields");
}

fn component(name: &str, answers: &[Value]) {
    assert_described(&format!("/components/schemas/{name}"), answers);
}

fn face() -> Face {
    Face {
        id: IntegrationId::new(INTEGRATION_ID),
        key: "crm".to_owned(),
        name: "Example CRM".to_owned(),
        logo_uri: String::new(),
    }
}

fn connection() -> Representation {
    Representation {
        id: ConnectionId::new("0123456789abcdef01234567"),
        name: "Example CRM".to_owned(),
        user_id: CustomerId::new("user-1"),
        tenant_id: CustomerId::new("user-1"),
        integration_id: IntegrationId::new(INTEGRATION_ID),
        integration: None,
        auth_option_key: "oauth".to_owned(),
        connected: true,
        disconnected: false,
        state: State::Ready,
        error: None,
        created_at: TIME.to_owned(),
        updated_at: TIME.to_owned(),
        last_active_at: TIME.to_owned(),
        next_credentials_refresh_at: None,
        archived_at: None,
    }
}

fn full_connection() -> Representation {
    Representation {
        integration: Some(face()),
        state: State::ClientActionRequired,
        error: Some(error()),
        next_credentials_refresh_at: Some(TIME.to_owned()),
        archived_at: Some(TIME.to_owned()),
        ..connection()
    }
}

fn error() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such connection.").field("connectionId")
}

fn secrets() -> SecretMap {
    SecretMap::new(Map::from_iter([("apiKey".to_owned(), "key".into())]))
}

#[test]
fn errors_and_what_is_shown_of_an_integration() {
    component("Error", &[json_of(&error()), json_of(&Error::internal("detail"))]);
    component("Face", &[json_of(&face())]);
}

#[test]
fn connections() {
    let own = WithSecrets {
        connection: full_connection(),
        connector_parameters: secrets(),
        parameters: Some(secrets()),
        credentials: Some(secrets()),
    };
    let borrowed = WithSecrets {
        connection: connection(),
        connector_parameters: SecretMap::default(),
        parameters: None,
        credentials: None,
    };
    let shown = [json_of(&connection()), json_of(&full_connection()), json_of(&own), json_of(&borrowed)];
    component("Connection", &shown);
    assert_eq!(names(&shown[3]).difference(&names(&shown[0])).collect::<Vec<_>>(), ["connectorParameters"]);

    let pages = [
        Page { items: vec![connection(), full_connection()], cursor: Some("next".to_owned()) },
        Page { items: Vec::new(), cursor: None },
    ];
    component("Connections", &[json_of(&pages[0]), json_of(&pages[1])]);
}

#[test]
fn the_test_of_a_connection() {
    let tested = [Tested { success: true, error: None }, Tested { success: false, error: Some(error()) }];
    let pointer = "/paths/~1connections~1{id}~1test/post/responses/200/content/application~1json/schema";
    assert_described(pointer, &[json_of(&tested[0]), json_of(&tested[1])]);
}

#[test]
fn the_customer() {
    let fields = Map::from_iter([("plan".to_owned(), "pro".into())]);
    component(
        "Customer",
        &[json_of(&Whoami { id: &CustomerId::new("user-1"), name: "Ada", fields: &fields })],
    );
}

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
        "config": { "clientId": "id" },
        "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
        "test": { "path": "/me" },
        "revoke": { "path": "/revoke", "headers": { "A": "b" }, "body": { "c": "d" }, "bodyFormat": "json", "perToken": true },
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
    let least = || integrations::Representation {
        id: IntegrationId::new(INTEGRATION_ID),
        key: "crm".to_owned(),
        name: "Example CRM".to_owned(),
        logo_uri: None,
        base_uri: None,
        state: integrations::State::Ready,
        has_missing_parameters: false,
        problems: Vec::new(),
        auth_type: None,
        auth_options: Options::Enabled(Vec::new()),
        o_auth_callback_uri: None,
        connection: None,
    };
    let full = integrations::Representation {
        logo_uri: Some("https://crm.example/logo.svg".to_owned()),
        base_uri: Some(serde_json::from_value("https://crm.example".into()).unwrap()),
        auth_type: Some(AuthType::OAuth2),
        state: integrations::State::SetupRequired,
        has_missing_parameters: true,
        problems: vec![problem()],
        auth_options: Options::Defined(full_definition().auth_options.iter().map(json_of).collect()),
        o_auth_callback_uri: Some("https://linkspan.example/oauth-callback".to_owned()),
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

#[test]
fn what_a_customer_can_choose() {
    let schema = || Some(json!({ "type": "object" }));
    let least = || OptionFace {
        key: "key",
        auth_type: AuthType::ClientCredentials,
        title: "key",
        description: None,
        input_schema: None,
        ui: OptionUi { schema: None, help_uri: None },
    };
    let full = || OptionFace {
        description: Some("With your account."),
        input_schema: schema(),
        ui: OptionUi { schema: schema(), help_uri: Some("https://crm.example/help") },
        ..least()
    };
    component("OptionFace", &[json_of(&least()), json_of(&full())]);
    let ui = "/components/schemas/OptionFace/properties/ui";
    assert_described(ui, &[json_of(&least().ui), json_of(&full().ui)]);

    let spec = |logo_uri, schema| ConnectorSpec {
        key: "crm",
        name: "Example CRM",
        logo_uri,
        auth: ConnectorAuth {
            auth_type: AuthType::ClientCredentials,
            ui: ConnectorUi { schema },
            options: BTreeMap::from([("key", full()), ("other", least())]),
        },
    };
    let specs = [spec(Some("https://crm.example/logo.svg"), schema()), spec(None, None)];
    component("ConnectorSpec", &[json_of(&specs[0]), json_of(&specs[1])]);
    let auth = "/components/schemas/ConnectorSpec/properties/auth";
    assert_described(auth, &[json_of(&specs[0].auth)]);
    assert_described(
        &format!("{auth}/properties/ui"),
        &[json_of(&specs[0].auth.ui), json_of(&specs[1].auth.ui)],
    );
}

#[test]
fn workspaces() {
    let least = WorkspaceDefinition {
        name: "Acme".to_owned(),
        secret: Some("a secret that is not shown".into()),
        public_keys: Vec::new(),
        redirect_uris: Vec::new(),
        origins: None,
        logo_uri: None,
        color: None,
        confirm_start: true,
    };
    let full = WorkspaceDefinition {
        public_keys: vec!["PEM".to_owned()],
        origins: Some(vec!["https://app.example".to_owned()]),
        logo_uri: Some("https://app.example/logo.svg".to_owned()),
        color: Some("#1f5fd0".to_owned()),
        ..least.clone()
    };
    let generated = "0123456789abcdef".repeat(6);
    let key = &WorkspaceKey::new("acme");
    let shown = [
        json_of(&workspaces::Representation { key, definition: &least, secret: None }),
        json_of(&workspaces::Representation { key, definition: &full, secret: Some(&generated) }),
    ];
    component("Workspace", &shown);
    let mut defined = properties("WorkspaceDefinition");
    defined.insert("key".to_owned());
    assert_eq!(properties("Workspace"), defined);
}
