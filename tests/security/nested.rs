//! What is nested too deeply is refused where it comes in. What comes in is read again.

use http::Method;
use protocol::json::MOST_LEVELS;
use serde_json::{Value, json};
use tests::definitions::{INTEGRATION, workspace};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, WORKSPACE_SECRET, admin, customer, in_an_hour, signed};
use tests::{Start, World};

/// An object of this many levels.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({ "a": 1 }), |inner, _| json!({ "a": inner }))
}

/// The bodies of calls that keep what they are given, as deep as they may be for `levels` in all.
fn calls(connection: &str, levels: usize) -> Vec<(Method, String, Value)> {
    let inner = || nested(levels - 1);
    let connection = format!("/connections/{connection}");
    let of_customer = json!({ "integrationKey": INTEGRATION });
    let with = |name: &str| {
        let mut body = of_customer.clone();
        body[name] = inner();
        body
    };
    let mut imported = with("meta");
    imported["credentials"] = json!({ "access_token": "a" });
    imported["allowMultipleConnections"] = true.into();
    vec![
        (Method::POST, "/connections".to_owned(), imported),
        (Method::POST, "/connection-requests".to_owned(), with("meta")),
        (Method::POST, "/connection-requests".to_owned(), with("connectorParameters")),
        (Method::PATCH, connection.clone(), json!({ "meta": inner() })),
        (
            Method::PATCH,
            connection,
            json!({ "credentials": { "access_token": "a", "b": nested(levels - 2) } }),
        ),
        (Method::PATCH, "/self".to_owned(), json!({ "fields": inner() })),
    ]
}

/// Whatever was accepted is read by every call that lists or shows it.
async fn is_read(world: &World, after: &str) {
    for (path, token) in [
        ("/connections", admin(WORKSPACE)),
        ("/connection-attempt-logs", admin(WORKSPACE)),
        ("/self", customer(WORKSPACE, CUSTOMER)),
        (&*format!("/customers/{CUSTOMER}/export"), admin(WORKSPACE)),
    ] {
        let answer = world.api(Method::GET, path, &token, None).await;
        assert_eq!(answer.status, 200, "{path} after {after}: {}", answer.body);
    }
    for connection in world.dump().await.live_connections() {
        let path = format!("/connections/{}", connection["pk"].as_s().unwrap());
        let answer = world.api(Method::GET, &path, &admin(WORKSPACE), None).await;
        assert_eq!(answer.status, 200, "{path} after {after}: {}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_call_may_give_is_read_again() {
    let world = World::new().await.limited_to(1_000_000);
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let token = customer(WORKSPACE, CUSTOMER);
    for (method, path, body) in calls(&id, MOST_LEVELS) {
        let answer = world.api(method.clone(), &path, &token, Some(&body)).await;
        let name = format!("{method} {path} {}", answer.body);
        if answer.status.is_success() {
            if let Some(request) = answer.json()["requestId"].as_str() {
                let path = format!("/connection-requests/{request}");
                let shown = world.api(Method::GET, &path, &token, None).await;
                assert_eq!(shown.status, 200, "{name}: {}", shown.body);
            }
        } else {
            // It is refused for what it is, and not for how deep it is.
            assert!(answer.status.is_client_error() && !answer.body.contains("nested"), "{name}");
        }
        is_read(&world, &name).await;
    }
    for (method, path, body) in calls(&id, MOST_LEVELS + 1) {
        let answer = world.api(method.clone(), &path, &token, Some(&body)).await;
        let refused = answer.refusal();
        assert_eq!((&*refused.key, &*refused.field), ("request_malformed", "body"), "{method} {path}");
    }
}

/// A start's objects come as text inside of text.
#[tokio::test(start_paused = true)]
async fn whatever_a_start_may_give_is_read_again() {
    let world = World::new().await;
    for name in ["meta", "connectorParameters", "connectionParameters"] {
        for (levels, is_too_deep) in [(MOST_LEVELS - 1, false), (MOST_LEVELS + 1, true)] {
            let start = Start::new().with(&json!({ name: nested(levels) }));
            let answer = world.browser().send(start.form()).await;
            assert_eq!(answer.body.contains("nested"), is_too_deep, "{name} {levels}: {}", answer.body);
            is_read(&world, name).await;
        }
    }
}

/// A token's claims are kept as the customer's fields, and a provider's answer as the credentials.
#[tokio::test(start_paused = true)]
async fn what_a_token_and_a_provider_say_is_read_again_or_refused() {
    let world = World::new().await;
    for (levels, status) in [(MOST_LEVELS - 1, 200), (MOST_LEVELS + 1, 401)] {
        let claims =
            json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": in_an_hour(), "fields": nested(levels) });
        let answer = world.api(Method::GET, "/self", &signed(&claims, WORKSPACE_SECRET), None).await;
        assert_eq!(answer.status, status, "{levels}: {}", answer.body);
    }
    for (levels, connects) in [(MOST_LEVELS - 1, true), (MOST_LEVELS + 1, false)] {
        let token = json!({ "access_token": "a", "token_type": "Bearer", "more": nested(levels) });
        world.provider.next("/oauth/token", Reply::json(200, &token));
        let answer = world.connect(&world.browser(), &Start::new()).await;
        assert_eq!(answer.location().contains("connectionId="), connects, "{levels}: {}", answer.location());
        is_read(&world, "a provider's answer").await;
    }
}

/// Definitions are kept too.
#[tokio::test(start_paused = true)]
async fn whatever_a_definition_may_give_is_read_again() {
    let world = World::new().await;
    for (levels, status) in [(MOST_LEVELS - 8, 200), (MOST_LEVELS + 1, 400)] {
        let mut definition = workspace(WORKSPACE);
        definition["more"] = nested(levels);
        let path = format!("/workspaces/{WORKSPACE}");
        let answer = world.api(Method::PUT, &path, &admin(ROOT), Some(&definition)).await;
        if status == 400 {
            assert_eq!(&*answer.refusal().field, "body");
        }
        let shown = world.api(Method::GET, &path, &admin(ROOT), None).await;
        assert_eq!(shown.status, 200, "{levels}: {}", shown.body);
    }
}
