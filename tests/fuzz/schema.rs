//! The grammar of definitions: `docs/definition.schema.json`, which is made from the types that read them. It says which
//! settings there are; what stands in a text is drawn from what means something there.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};
use tests::jwt::SigningKey;

use crate::grammar::{chance, one_of, up_to};
use crate::refusals::MARK;

static KEY: LazyLock<String> = LazyLock::new(|| SigningKey::p256().pem);

const ADDRESSES: &[&str] = &[
    "https://provider.example/oauth/token",
    "https://provider.example/a?b=c#d",
    "https://${parameters.host}.example.com/x",
    "https://${parameters.region}.example.com",
    "https://${parameters.host}/oauth",
    "${credentials.instance_url}/api",
    "https://${match(parameters.text, '^([a-z]+)')}.example.com/a",
    "https://provider.example/${parameters.text}/t",
    "https://provider.example:8443/${credentials.id?}",
    "https://${integration.region}.example.com/",
    "https://app.example/start",
    "http://provider.example",
    "https://linkspan.example/connections",
    "https://provider.example/${connectorParameters.a}",
    "https://${parameters.host || 'eu'}.example.com/${random.a}",
];

const PATHS: &[&str] = &[
    "/me",
    "/me/${credentials.id}",
    "/${parameters.text}/x?y=${parameters.number}",
    "https://provider.example/api/me",
    "/../x",
    "me",
    "/me?fields=name",
    "/${credentials.data.id}/${credentials.items.0.id}",
];

const TEMPLATES: &[&str] = &[
    "x",
    "Bearer ${credentials.access_token}",
    "${parameters.text}",
    "${parameters.apiKey}",
    "${parameters.number}",
    "${parameters.absent?}",
    "${parameters.absent || 'none'}",
    "${credentials.refresh_token}",
    "${credentials.id_token.@jwt.sub}",
    "${credentials.data.attributes.name}",
    "${credentials.items}",
    "${connectorParameters.a?}",
    "${integration.clientId}",
    "${integration.secret}",
    "${random.nonce}",
    "${signed.jwt}",
    "${request.method}",
    "${request.body}",
    "${request.signature}",
    "${callback.uri}",
    "${base64(parameters.text, ':', parameters.apiKey)}",
    "${sha256(credentials.access_token)}",
    "${match(parameters.text, '([a-z]+)')}",
    "${publicKeySha256(integration.privateKey)}",
    "${parameters.region.@host}",
    "a b&c",
    "\u{e9}",
    "${",
    "${nowhere.x}",
    "",
];

const NAMES: &[&str] = &[
    "Authorization",
    "X-Api-Key",
    "Accept",
    "Host",
    "Content-Length",
    "Cookie",
    "a",
    "state",
    "code",
    "redirect_uri",
    "access_token",
    "refresh_token",
    "expires_in",
    "id",
    "jwt",
    "client_id",
    "data.token",
    "items.0.id",
    "error",
    "realmId",
    "response_type",
    "oauth_token",
    "a[\"b.c\"]",
    "",
    "text",
    "apiKey",
];

/// The schema of the parameters that a customer enters.
fn input_schema(draw: &mut Unstructured<'_>) -> Value {
    let mut properties = Map::new();
    for (name, schema) in [
        ("text", json!({ "type": "string", "title": "Text" })),
        ("apiKey", json!({ "type": "string", "isSensitive": true })),
        ("number", json!({ "type": "integer", "minimum": 0 })),
        ("region", json!({ "type": "string", "enum": ["eu", "us"] })),
        ("host", json!({ "type": "string", "pattern": "^[a-z0-9-]+$" })),
        ("flag", json!({ "type": "boolean", "default": true })),
        ("list", json!({ "type": "array", "items": { "type": "string" } })),
        ("group", json!({ "type": "object", "properties": { "inner": { "type": "string" } } })),
    ] {
        if chance(draw, 2, 3) {
            properties.insert(name.to_owned(), schema);
        }
    }
    let required: Vec<&String> = properties.keys().take(up_to(draw, 3)).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// The grammar.
pub(crate) struct Grammar(Value);

impl Grammar {
    pub(crate) fn read() -> Self {
        let text = include_str!("../../docs/definition.schema.json");
        Self(serde_json::from_str(text).unwrap())
    }

    fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolved(self.0.pointer(reference.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    /// The settings of an object: its own, and those that its type has.
    fn settings<'s>(schema: &'s Value, object: &Value) -> Vec<(&'s str, &'s Value)> {
        let of = |schema: &'s Value| schema["properties"].as_object().into_iter().flatten();
        let of_type = schema["allOf"].as_array().into_iter().flatten().filter(|rule| {
            let expected = &rule["if"]["properties"]["type"]["const"];
            !expected.is_null() && *expected == object["type"]
        });
        let mut settings: Vec<_> = of(schema).map(|(name, schema)| (name.as_str(), schema)).collect();
        for (name, schema) in of_type.flat_map(|rule| of(&rule["then"])) {
            settings.retain(|(known, _)| known != name);
            settings.push((name, schema));
        }
        settings
    }

    /// Something that the schema allows, but for its texts.
    fn any(&self, draw: &mut Unstructured<'_>, name: &str, schema: &Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if matches!(name, "inputSchema" | "parametersSchema") {
            return input_schema(draw);
        }
        for several in ["enum", "anyOf", "oneOf"] {
            let Some(ways) = schema[several].as_array() else { continue };
            let way = one_of(draw, ways);
            return if several == "enum" { way.clone() } else { self.any(draw, name, way, depth) };
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("object") => self.object(draw, schema, depth),
            Some("array") => {
                (0..up_to(draw, 2)).map(|_| self.any(draw, name, &schema["items"], depth)).collect()
            }
            Some("integer" | "number") => {
                json!(one_of(draw, &[0_i64, 1, 60, 3600, 86_400, -1, 4_294_967_296, i64::MAX]))
            }
            Some("boolean") => json!(chance(draw, 1, 2)),
            Some("null") => Value::Null,
            Some(_) => json!(text(draw, name)),
            None => json!({ (*one_of(draw, NAMES)): text(draw, ""), "n": 7, "list": [text(draw, "")] }),
        }
    }

    fn object(&self, draw: &mut Unstructured<'_>, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        for (name, setting) in Self::settings(schema, &Value::Null) {
            let is_required =
                schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if is_required || (depth > 0 && chance(draw, 1, 4)) {
                object.insert(name.to_owned(), self.any(draw, name, setting, depth.saturating_sub(1)));
            }
        }
        let more = &schema["additionalProperties"];
        if (more.is_object() || *more == true) && depth > 0 {
            for _ in 0..up_to(draw, 2) {
                let name = (*one_of(draw, NAMES)).to_owned();
                let value = if more.is_object() {
                    self.any(draw, "", more, depth - 1)
                } else {
                    json!(text(draw, ""))
                };
                object.insert(name, value);
            }
        }
        Value::Object(object)
    }

    /// The objects of a definition, by their place, each with its schema.
    fn places<'s>(
        &'s self,
        value: &Value,
        schema: &'s Value,
        at: String,
        found: &mut Vec<(String, &'s Value)>,
    ) {
        let mut schema = self.resolved(schema);
        if let Some(ways) = schema["anyOf"].as_array() {
            let is_it = |way: &&Value| {
                let kind = &self.resolved(way)["type"];
                *kind == if value.is_object() { "object" } else { "array" }
            };
            let Some(way) = ways.iter().find(is_it) else { return };
            schema = self.resolved(way);
        }
        match value {
            Value::Object(members) => {
                for (name, setting) in Self::settings(schema, value) {
                    if let Some(member) = members.get(name) {
                        self.places(member, setting, format!("{at}/{name}"), found);
                    }
                }
                found.push((at, schema));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.places(item, &schema["items"], format!("{at}/{index}"), found);
                }
            }
            _ => {}
        }
    }

    /// The definition with one change.
    pub(crate) fn changed(&self, draw: &mut Unstructured<'_>, definition: &Value) -> Value {
        let mut places = Vec::new();
        self.places(definition, &self.0, String::new(), &mut places);
        let mut changed = definition.clone();
        let (at, schema) = one_of(draw, &places);
        let object = changed.pointer_mut(at).unwrap();
        let settings = Self::settings(schema, object);
        let members = object.as_object_mut().unwrap();
        let names: Vec<String> = members.keys().cloned().collect();
        match up_to(draw, 9) {
            // One setting less.
            0 if !names.is_empty() => drop(members.remove(one_of(draw, &names))),
            // Another text.
            1 | 2 if !names.is_empty() => {
                let name = one_of(draw, &names);
                if members[name].is_string() {
                    members[name] = json!(text(draw, name));
                }
            }
            // A member of its own name.
            3 if settings.is_empty() => {
                members.insert((*one_of(draw, NAMES)).to_owned(), json!(text(draw, "")));
            }
            _ if !settings.is_empty() => {
                let (name, setting) = *one_of(draw, &settings);
                members.insert(name.to_owned(), self.any(draw, name, setting, 3));
            }
            _ => {}
        }
        changed
    }
}

/// A text for a setting of this name.
fn text(draw: &mut Unstructured<'_>, name: &str) -> String {
    let lower = name.to_lowercase();
    let has = |part: &str| lower.contains(part);
    let usual = match name {
        "key" => *one_of(draw, &["oauth", "api-key", "two", "x/y"]),
        "privateKey" => KEY.as_str(),
        "clientSecret" | "consumerSecret" | "secret" => MARK,
        "pattern" => *one_of(draw, &["^([a-z]+)$", "(a|b)", "[", "(a+)+$", "after (.+)$"]),
        _ if has("uri") || has("issuer") || has("mcpserver") => *one_of(draw, ADDRESSES),
        _ if has("path") => *one_of(draw, PATHS),
        _ => *one_of(draw, TEMPLATES),
    };
    if chance(draw, 1, 12) { (*one_of(draw, TEMPLATES)).to_owned() } else { usual.to_owned() }
}
