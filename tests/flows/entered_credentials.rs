//! What a customer enters, put where the provider wants it: HTTP Basic, the query, and login calls of any shape.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::integration_with;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Start, World};

#[tokio::test(start_paused = true)]
async fn api_calls_carry_basic_and_query_of_what_was_entered() {
    let property = json!({ "type": "string" });
    let option = json!({
        "key": "basic", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["email", "token"],
            "properties": { "email": property, "token": property, "account": property },
        },
        "apiClient": {
            "basic": { "username": "${credentials.email}/token", "password": "${credentials.token}" },
            "query": { "key": "${credentials.token}", "account": "${credentials.account?}" },
        },
        "test": { "path": "/me?expand=1" },
    });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([option]);
    let world = World::with(&definition).await;
    let entered = json!({ "email": "ada@acme.example", "token": "t!+1" });
    let start = Start::new().with(&json!({ "connectionParameters": entered }));
    let id = world.browser().send(start.form()).await.connection_id();
    // Whoever calls the proxy cannot choose another key.
    let path = format!("/connections/{id}/proxy/me?key=mine&page=2");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    let uris: Vec<String> = world.provider.calls().iter().map(|call| call.uri.clone()).collect();
    assert_eq!(
        uris,
        [
            "https://provider.example/api/me?expand=1&key=t%21%2B1",
            "https://provider.example/api/me?page=2&key=t%21%2B1"
        ]
    );
    for call in world.provider.calls() {
        assert_eq!(call.header("authorization"), "Basic YWRhQGFjbWUuZXhhbXBsZS90b2tlbjp0ISsx");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_has_a_body_of_any_depth_and_a_session_in_a_header_or_a_cookie() {
    let property = json!({ "type": "string" });
    let login = json!({
        "uri": "https://provider.example/login", "query": { "v": "1" },
        "basic": { "username": "${parameters.user}", "password": "${parameters.password}" },
        "body": { "auth": { "user": "${parameters.user}", "remember": true } },
        "expect": { "body": { "ok": true } },
        "response": { "session": { "cookie": "SID" }, "csrf": { "header": "X-Csrf" }, "name": ["a.b", "user.name"] },
    });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "login", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["user", "password"],
            "properties": { "user": property, "password": property },
        },
        "config": { "login": login },
        "apiClient": { "headers": { "Cookie": "SID=${credentials.session}" } },
    }]);
    let world = World::with(&definition).await;
    let answer = Reply::json(200, &json!({ "ok": true, "user": { "name": "Ada" } }));
    let answer = answer.with("set-cookie", "SID=s!1; Path=/; HttpOnly").with("x-csrf", "c1");
    world.provider.next("/login", answer);
    let start = Start::new().with(&json!({ "connectionParameters": { "user": "ada", "password": "p!+" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!(credentials, json!({ "session": "s!1", "csrf": "c1", "name": "Ada" }));
    let call = world.provider.calls_to("/login").pop().unwrap();
    assert_eq!(call.uri, "https://provider.example/login?v=1");
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body, json!({ "auth": { "user": "ada", "remember": true } }));
    // A refusal under 200 is one of the input.
    world.provider.next("/login", Reply::json(200, &json!({ "ok": false })));
    let refused = world.browser().send(start.form()).await;
    assert_eq!(refused.redirected_refusal().key, "credentials_rejected");
}
