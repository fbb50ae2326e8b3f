//! REST requests that mean nothing, or something else than their author thinks.

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::definitions::integration;
use tests::tokens::{admin, customer};

/// serde would read a structure from an array, by the order of its fields.
#[tokio::test(start_paused = true)]
async fn an_array_is_no_object_of_a_definition() {
    let world = World::new().await;
    let put = async |definition: Value| {
        world.api(Method::PUT, "/integrations/crm", &admin("acme"), Some(&definition)).await
    };
    for (name, value) in [
        ("config", json!(["id", "https://a.example/", "https://a.example/"])),
        ("apiClient", json!([{}])),
        ("test", json!(["GET", "/me"])),
        ("revoke", json!(["POST", "/revoke"])),
    ] {
        let mut definition = integration();
        definition["authOptions"][0][name] = value;
        let expected = refusal(400, "request_malformed", &format!("authOptions[0].{name}"));
        assert_eq!(put(definition).await.refusal(), expected);
    }
    let mut definition = integration();
    definition["authOptions"][0] = json!(["key", "proxy"]);
    assert_eq!(put(definition).await.refusal(), refusal(400, "request_malformed", "authOptions[0]"));
    let mut definition = integration();
    let login = json!(["https://a.example/", "POST", {}, {}, "json", {}]);
    definition["authOptions"][0]["type"] = "client-credentials".into();
    definition["authOptions"][0]["config"] = json!({ "login": login });
    let expected = refusal(400, "request_malformed", "authOptions[0].config.login");
    assert_eq!(put(definition).await.refusal(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_fields_of_a_question_for_options_have_their_types() {
    let world = World::new().await;
    for field in ["integrationId", "integrationKey", "connectionId"] {
        for value in [json!(5), json!(["crm"]), json!("x".repeat(1025))] {
            let body = json!({ "integrationId": "crm", field: value });
            let token = customer("acme", "user-1");
            let answer = world.api(Method::POST, "/connection-options", &token, Some(&body)).await;
            assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{body}");
        }
    }
}
