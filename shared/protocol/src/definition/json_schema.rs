//! The JSON Schema of a definition, made from the types that read it. Editors complete and check definitions by it; whether
//! a definition works is found out when it is put.

use jsonwebtoken::Algorithm;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::auth_method::AuthType;
use super::client_credentials::ClientCredentials;
use super::integration_definition::IntegrationDefinition;
use super::oauth1::OAuth1;
use super::oauth2::OAuth2;
use super::pick::Pick;
use super::proxy::Proxy;

/// The parts of a definition that are laid over the connector's, member by member: none of them has to be whole.
const LAID_OVER: [&str; 3] = ["apiClient", "revoke", "test"];

/// The JSON Schema of what `PUT /integrations/{key}` takes.
#[must_use]
pub fn of_definitions() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let configs = [
        (AuthType::OAuth2, generator.subschema_for::<OAuth2>()),
        (AuthType::OAuth1, generator.subschema_for::<OAuth1>()),
        (AuthType::ClientCredentials, generator.subschema_for::<ClientCredentials>()),
        (AuthType::Proxy, generator.subschema_for::<Proxy>()),
    ];
    let mut root = generator.into_root_schema_for::<IntegrationDefinition>().to_value();
    root["title"] = "The definition of an integration".into();
    let mut whole = Map::new();
    let mut by_type = Vec::new();
    let mut whole_by_type = Vec::new();
    for (auth_type, config) in configs {
        let config = config.to_value();
        let is_it = json!({ "properties": { "type": { "const": auth_type } }, "required": ["type"] });
        by_type.push(json!({ "if": is_it, "then": { "properties": { "config": config } } }));
        let definition = referenced(&mut root, &config);
        for secret in auth_type.secrets() {
            let schema = json!({
                "type": ["string", "null"],
                "description": "A secret: stored sealed, and never shown. `null` removes it.",
            });
            definition["properties"].as_object_mut().map(|members| members.entry(*secret).or_insert(schema));
        }
        let needed = match (auth_type, take_required(definition)) {
            (AuthType::OAuth2, _) => Some(oauth2_endpoints()),
            (_, required) => required.map(|required| json!({ "required": required })),
        };
        if let Some(config) = needed {
            let then = json!({ "properties": { "config": config }, "required": ["config"] });
            whole_by_type.push(json!({ "if": is_it, "then": then }));
        }
    }
    let option_properties = root["$defs"]["AuthOptionDefinition"]["properties"].clone();
    for setting in LAID_OVER {
        let used = option_properties[setting]["anyOf"][0].clone();
        if let Some(required) = take_required(referenced(&mut root, &used)) {
            whole.insert(setting.to_owned(), json!({ "required": required }));
        }
    }
    let option = &mut root["$defs"]["AuthOptionDefinition"];
    // The key says which of the connector's options it is laid over.
    take_required(option);
    option["required"] = json!(["key"]);
    option["allOf"] = by_type.into();
    let options = json!({
        "items": { "required": ["key", "type"], "properties": whole, "allOf": whole_by_type },
    });
    take_required(&mut root);
    root["if"] = json!({ "required": ["connector"] });
    root["then"] = true.into();
    root["else"] = json!({ "required": ["name", "authOptions"], "properties": { "authOptions": options } });
    // The file then changes only where the types do.
    root.sort_all_objects();
    root
}

/// The endpoints are given, or discovered.
fn oauth2_endpoints() -> Value {
    let given = json!({ "required": ["authorizeUri", "tokenUri"] });
    json!({ "anyOf": [given, { "required": ["issuer"] }, { "required": ["mcpServer"] }] })
}

fn referenced<'a>(root: &'a mut Value, schema: &Value) -> &'a mut Value {
    let name = schema["$ref"].as_str().and_then(|pointer| pointer.rsplit('/').next());
    &mut root["$defs"][name.unwrap_or_default()]
}

fn take_required(schema: &mut Value) -> Option<Value> {
    schema.as_object_mut().and_then(|schema| schema.shift_remove("required"))
}

/// How a body is written.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is made")]
pub(super) enum BodyShape {
    /// Named values. Their texts are templates.
    Fields(BTreeMap<String, Value>),
    /// One template, for `xml` and `text`.
    Text(String),
}

/// How the source of a key is written.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is made")]
pub(super) enum KeyShape {
    /// A template.
    Entered(String),
    /// A key in KMS.
    Kms(KmsShape),
}

/// A key in KMS.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is made")]
pub(super) struct KmsShape {
    /// Its name among those of the workspace.
    kms: String,
}

/// Where the tokens of a further set stand.
#[derive(JsonSchema)]
#[schemars(rename = "FurtherTokens", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is made")]
pub(super) struct FurtherTokensShape {
    /// Where its access token stands.
    access_token: Pick,
    /// Where its refresh token stands.
    refresh_token: Option<Pick>,
    /// Where the lifetime of its access token stands.
    expires_in: Option<Pick>,
}

/// An algorithm of RFC 7518 §3.1, by its name.
pub(super) struct AlgorithmShape;

impl JsonSchema for AlgorithmShape {
    fn schema_name() -> Cow<'static, str> {
        "Algorithm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all = [
            Algorithm::HS256,
            Algorithm::HS384,
            Algorithm::HS512,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
            Algorithm::EdDSA,
        ];
        json_schema!({ "description": "The algorithm of a signature (RFC 7518 §3.1).", "enum": all })
    }
}

/// What a condition can expect at a place.
pub(super) struct ExpectedShape;

impl JsonSchema for ExpectedShape {
    fn schema_name() -> Cow<'static, str> {
        "Expected".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = json!(["string", "number", "boolean", "null"]);
        let exists = json!({ "properties": { "exists": { "const": true } }, "required": ["exists"] });
        json_schema!({
            "description": "A value that stands there, or several of which one does; `null`: nothing stands there.",
            "anyOf": [
                { "type": value },
                { "type": "array", "items": { "type": value } },
                { "type": "object", "allOf": [exists], "maxProperties": 1 },
            ],
        })
    }
}
