//! REST requests that mean nothing, or something else than their author thinks.

use http::Method;
use protocol::clock::Clock as _;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::browser::api_request;
use tests::definitions::{api_key, entered, integration};
use tests::tokens::{ROOT, admin, customer, signed};

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

/// DynamoDB refuses keys beyond 2 KiB, which is the caller's mistake and no fault of the database.
#[tokio::test(start_paused = true)]
async fn a_name_that_no_key_can_have_is_found_nowhere() {
    let world = World::new().await;
    let long = "x".repeat(2049);
    for path in [format!("/connections/{long}"), format!("/integrations/{long}")] {
        let answer = world.api(Method::GET, &path, &admin("acme"), None).await;
        assert_eq!((answer.status.as_u16(), answer.refusal().key.as_str()), (404, "not_found"), "{path}");
    }
    let workspace = format!("/workspaces/{long}");
    let answer = world.api(Method::GET, &workspace, &admin(ROOT), None).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "key"));
    let claims = json!({ "iss": long, "id": "user-1", "exp": world.clock.now().seconds() + 60 });
    let token = signed(&claims, "a secret of nobody's, which is long enough");
    let answer = world.api(Method::GET, "/self", &token, None).await;
    assert_eq!(answer.refusal(), refusal(401, "not_authenticated", "token"));
    let start = tests::Start::new().with(&json!({ "token": token }));
    assert_eq!(world.browser().send(start.form()).await.status.as_u16(), 401);
}

/// A number can be longer when it is written than when it was read.
#[tokio::test(start_paused = true)]
async fn what_grows_beyond_the_database_s_limit_is_too_large() {
    let world = World::with(&api_key()).await;
    let numbers = format!("[{}]", vec!["1e15"; 50_000].join(","));
    let connection = json!({
        "integrationKey": "crm",
        "userId": "user-1",
        "parameters": entered(),
        "connectorParameters": { "a": "NUMBERS" },
    });
    let mut request = api_request(&Method::POST, "/connections", &admin("acme"), Some(&json!({})));
    *request.body_mut() = connection.to_string().replace("\"NUMBERS\"", &numbers).into();
    let answer = world.browser().send(request).await;
    assert_eq!(answer.refusal(), refusal(413, "request_too_large", ""));
    assert_eq!(world.dump().await.live_connections().len(), 0);
}
