//! `docs/definition.schema.json`, which editors check definitions by: it is made from the types that read definitions.

#![expect(clippy::unwrap_used, reason = "a test's helper fails the test")]

#[expect(dead_code, reason = "it has more than is needed here")]
mod check;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use protocol::definition::json_schema::of_definitions;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn connectors() -> impl Iterator<Item = (String, Value)> {
    let files = catalogue::files::read(&root().join("catalogue")).unwrap();
    catalogue::files::resolved(&files).unwrap().into_iter()
}

/// A connector's definition, as a whole one.
fn definition(file: &Value) -> Value {
    Value::Object(catalogue::files::parts(file).0)
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&of_definitions()).unwrap()
}

fn problems(validator: &jsonschema::Validator, definition: &Value) -> Vec<String> {
    let named = validator.iter_errors(definition);
    named.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// `UPDATE=1 cargo test -p catalogue` writes it.
#[test]
fn the_file_is_what_the_types_say() {
    let path = root().join("docs/definition.schema.json");
    let schema = format!("{:#}\n", of_definitions());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == schema,
        "docs/definition.schema.json is not up to date: UPDATE=1 cargo test -p catalogue"
    );
}

#[test]
fn every_connector_is_valid() {
    let validator = validator();
    for (key, file) in connectors() {
        let found = problems(&validator, &definition(&file));
        assert!(found.is_empty(), "{key}: {found:#?}");
    }
}

/// A setting that is added to an object is refused by the schema exactly where the service refuses it.
#[test]
fn the_schema_knows_the_settings_that_the_service_reads() {
    let validator = validator();
    let mut walked = BTreeSet::new();
    let mut refused = 0;
    for (key, file) in connectors() {
        let mut places = Vec::new();
        objects(&definition(&file), String::new(), String::new(), &mut places);
        for (place, kind) in places {
            if !walked.insert(kind) {
                continue;
            }
            let mut file = file.clone();
            let object = if place.is_empty() { Some(&mut file) } else { file.pointer_mut(&place) };
            object.unwrap()["zz"] = "x".into();
            let is_refused = !check::problems(&key, &file).is_empty();
            let is_valid = validator.is_valid(&definition(&file));
            assert_eq!(is_refused, !is_valid, "{key}{place}");
            refused += usize::from(is_refused);
        }
    }
    assert!(walked.len() > 50 && refused > 25, "{} places, {refused} refused", walked.len());
}

/// The objects in a value: their places, and what these are to any definition.
fn objects(value: &Value, place: String, kind: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let step = name.replace('~', "~0").replace('/', "~1");
                let kind = match kind.rsplit('/').next() {
                    // The settings are others for each type.
                    Some("[]") if name == "config" => format!("{kind}/{name}:{}", value["type"]),
                    // A JSON Schema has members of its own.
                    _ if name.ends_with("Schema") => continue,
                    _ => format!("{kind}/{name}"),
                };
                objects(member, format!("{place}/{step}"), kind, found);
            }
            found.push((place, kind));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, format!("{place}/{index}"), format!("{kind}/[]"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn what_a_definition_cannot_do_without_is_asked_for() {
    let validator = validator();
    let connector = |key: &str| definition(&connectors().find(|(found, _)| found == key).unwrap().1);
    let asana = connector("asana");
    for place in [
        "/name",
        "/authOptions",
        "/authOptions/0/key",
        "/authOptions/0/config/tokenUri",
        "/authOptions/1/test/path",
    ] {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut without = asana.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        assert!(!validator.is_valid(&without), "{place}");
        // With a connector, only the option has to be named.
        without["connector"] = "asana".into();
        assert_eq!(validator.is_valid(&without), name != "key", "{place}");
    }
    for (wrong, value) in [
        ("/authOptions/0/type", json!("oauth3")),
        ("/authOptions/0/config/scopes", json!("read")),
        ("/authOptions/0/config/pkce", json!("s256")),
        ("/authOptions/1/test/expect", json!({ "status": "200" })),
        ("/authOptions/1/test/expect", json!({ "body": { "ok": {} } })),
    ] {
        let mut changed = asana.clone();
        let (parent, name) = wrong.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        assert!(!validator.is_valid(&changed), "{wrong}");
    }
    let mut signed = asana.clone();
    let hmac =
        json!({ "type": "hmac", "algorithm": "sha256", "key": "${credentials.apiKey}", "message": "m" });
    signed["authOptions"][1]["apiClient"]["signing"] = hmac;
    assert_eq!(problems(&validator, &signed), Vec::<String>::new());
    signed["authOptions"][1]["apiClient"]["signing"]["zz"] = "x".into();
    assert!(!validator.is_valid(&signed));
    let short = json!({ "connector": "asana", "parameters": { "clientId": "a", "clientSecret": "b" } });
    assert_eq!(problems(&validator, &short), Vec::<String>::new());
    let secret = json!({ "authOptions": [{ "key": "o", "config": { "consumerSecret": "b" } }] });
    let of_type = |auth_type: &str| {
        let mut definition = secret.clone();
        definition["connector"] = "x".into();
        definition["authOptions"][0]["type"] = auth_type.into();
        validator.is_valid(&definition)
    };
    assert!(of_type("oauth1") && !of_type("oauth2") && !of_type("proxy"));
}
