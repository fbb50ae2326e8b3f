//! `docs/openapi.json` says what the code does. Whether it does what that says is tests/openapi's.

use std::collections::BTreeSet;

use http::Method;
use protocol::error::ErrorKey;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::definitions::{integration, workspace};
use tests::tokens::{ROOT, admin};

use crate::read;

fn document() -> Value {
    serde_json::from_str(&read("docs/openapi.json")).unwrap()
}

fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

fn texts(array: &Value) -> BTreeSet<String> {
    array.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_service_serves_the_document_to_any_page() {
    let world = World::empty().await;
    let answer = world.api(Method::GET, "/openapi.json", "", None).await;
    assert_eq!(answer.json(), document());
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(world.wire.take_requests().len(), 0);
}

#[test]
fn its_version_is_the_service_s() {
    let version = format!("version = {}\n", document()["info"]["version"]);
    assert!(read("Cargo.toml").contains(&version), "{version}");
}

/// API Gateway lets every method pass. One that a path does not have is refused, and nothing is started, exchanged or sent
/// on by it.
#[tokio::test(start_paused = true)]
async fn every_path_names_its_methods_to_a_request_with_another_one() {
    let world = World::new().await;
    let mut refused = 0;
    for (path, operations) in document()["paths"].as_object().unwrap() {
        let mut methods: BTreeSet<String> =
            names(operations).iter().map(|name| name.to_uppercase()).collect();
        methods.remove("PARAMETERS");
        let filled = path.replace("{path}", "me").replace(['{', '}'], "");
        let others = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"];
        for method in others.into_iter().filter(|method| !methods.contains(*method)) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = world.api(method, &filled, &admin("acme"), None).await;
            assert_eq!(answer.refusal(), refusal(405, "method_not_allowed", ""), "{path}");
            let allow = answer.header("allow").split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(allow, methods, "{path}");
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused}");
    assert_eq!(world.provider.calls().len(), 0);
}

#[test]
fn its_errors_are_those_of_the_table() {
    let document = document();
    let all = |filter: &dyn Fn(&ErrorKey) -> bool| -> BTreeSet<String> {
        ErrorKey::ALL.iter().filter(|key| filter(key)).map(|key| key.facts().key.to_owned()).collect()
    };
    let error = &document["components"]["schemas"]["Error"]["properties"];
    assert_eq!(texts(&error["key"]["enum"]), all(&|_| true));
    let types: BTreeSet<String> =
        ErrorKey::ALL.iter().map(|key| key.facts().error_type.as_str().to_owned()).collect();
    assert_eq!(texts(&error["type"]["enum"]), types);
    let mut found = 0;
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values().filter(|operation| operation.is_object()) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let Ok(status) = status.parse::<u16>() else { continue };
                if status < 400 {
                    continue;
                }
                let pointer = response["$ref"].as_str().unwrap().trim_start_matches('#');
                let schema = &document.pointer(pointer).unwrap()["content"]["application/json"]["schema"];
                let keys = texts(&schema["allOf"][1]["properties"]["key"]["enum"]);
                assert_eq!(keys, all(&|key| key.facts().status == status), "{pointer}");
                found += 1;
            }
        }
    }
    assert!(found > 100, "{found}");
}

/// A definition with an unknown field is refused by a message that lists the known ones.
#[tokio::test(start_paused = true)]
async fn its_definitions_have_the_fields_that_the_service_reads() {
    let world = World::new().await;
    let unknown = "nothing";
    let put = async |path: &str, token: String, definition: Value| -> BTreeSet<String> {
        let answer = world.api(Method::PUT, path, &token, Some(&definition)).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        let (_, listed) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
        listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let document = document();
    let fields = |schema: &str| names(&document["components"]["schemas"][schema]["properties"]);
    let mut definition = workspace("acme");
    definition[unknown] = true.into();
    assert_eq!(put("/workspaces/acme", admin(ROOT), definition).await, fields("WorkspaceDefinition"));
    let mut definition = integration();
    definition[unknown] = true.into();
    assert_eq!(put("/integrations/crm", admin("acme"), definition).await, fields("IntegrationDefinition"));
    assert_eq!(fields("IntegrationPatch"), fields("IntegrationDefinition"));

    let secrets = ["clientSecret", "consumerSecret", "privateKey"];
    for (place, auth_type, schema) in [
        ("", "oauth2", "OAuth2Option"),
        ("", "oauth1", "OAuth1Option"),
        ("", "proxy", "ProxyOption"),
        ("", "client-credentials", "ClientCredentialsOption"),
        ("config", "oauth2", "OAuth2Config"),
        ("config", "oauth1", "OAuth1Config"),
        ("config", "proxy", "ProxyConfig"),
        ("config", "client-credentials", "ClientCredentialsConfig"),
        ("apiClient", "oauth2", "ApiClient"),
        ("test", "oauth2", "TestCall"),
        ("revoke", "oauth2", "RevokeCall"),
    ] {
        let mut option = json!({ "key": "one", "type": auth_type, "config": {} });
        match place {
            "" => option[unknown] = true.into(),
            place => option[place] = json!({ unknown: true }),
        }
        let definition = json!({ "name": "Example CRM", "authOptions": [option] });
        let mut described = fields(schema);
        // Where it can be a template, the client secret is a setting like any other.
        let taken_out = if auth_type == "oauth1" { &secrets[..] } else { &["privateKey"] };
        if place == "config" {
            described.retain(|field| !taken_out.contains(&field.as_str()));
        }
        assert_eq!(put("/integrations/crm", admin("acme"), definition).await, described, "{schema}");
    }
}
