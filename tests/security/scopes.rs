//! A token with scopes does what they allow, and nothing else.

use std::collections::BTreeSet;

use flow::web::routes::{Access, Function, Route};
use http::{Method, StatusCode};
use protocol::token::Scope;
use serde_json::{Value, json};
use tests::answer::{Refusal, refusal};
use tests::definitions::{self, API_KEY};
use tests::logs::Logs;
use tests::tokens::{self, CUSTOMER, ROOT, WORKSPACE, in_an_hour, secret_of, signed};
use tests::{Answer, Start, World};

/// Whoever can bear a token.
fn bearers() -> [Value; 3] {
    [
        json!({ "iss": WORKSPACE, "id": CUSTOMER }),
        json!({ "iss": WORKSPACE, "isAdmin": true }),
        json!({ "iss": ROOT, "isAdmin": true }),
    ]
}

/// A token of this bearer, with what else it claims.
fn token(bearer: &Value, claims: &Value) -> String {
    let mut all = bearer.clone();
    definitions::merge(&mut all, &json!({ "exp": in_an_hour() }));
    definitions::merge(&mut all, claims);
    signed(&all, &secret_of(bearer["iss"].as_str().unwrap()))
}

fn limited(bearer: &Value, scopes: &[Scope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    token(bearer, &json!({ "scope": names.join(" ") }))
}

fn manager(scope: &str) -> String {
    token(&bearers()[1], &json!({ "scope": scope }))
}

fn customer(scope: &str) -> String {
    token(&bearers()[0], &json!({ "scope": scope }))
}

/// Asks for something that is not there: whoever gets in finds nothing, and changes nothing.
async fn ask(world: &World, route: &Route, token: &str) -> Answer {
    let path = route.path.replace("{path+}", "me").replace(['{', '}'], "");
    world.api(route.method.clone(), &path, token, Some(&json!({}))).await
}

fn is_let_in(answer: &Answer) -> bool {
    ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status)
}

/// Refused for want of this scope.
fn lacks(answer: &Answer, scope: Scope) -> bool {
    answer.refusal().key == "insufficient_scope" && answer.json()["data"]["scope"] == scope.name()
}

#[tokio::test(start_paused = true)]
async fn every_route_takes_its_own_scope_and_no_other() {
    let world = World::new().await.limited_to(1_000_000);
    let before = world.dump().await;
    let (mut own, mut walked) = (BTreeSet::new(), 0);
    for route in api::all_routes().into_iter().filter(|route| route.function == Function::Api) {
        let Access::Scope(needed) = route.access else { continue };
        let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| *scope != needed).collect();
        let mut may_call = 0;
        for bearer in bearers() {
            let name = format!("{} {} as {bearer}", route.method, route.path);
            let unlimited = ask(&world, &route, &token(&bearer, &json!({}))).await;
            let with_own = ask(&world, &route, &limited(&bearer, &[needed])).await;
            let with_all = ask(&world, &route, &limited(&bearer, Scope::ALL)).await;
            if !is_let_in(&unlimited) {
                // Whom the route is not for, no scope lets in.
                for answer in [with_own, with_all, ask(&world, &route, &limited(&bearer, &others)).await] {
                    assert_eq!(answer.refusal(), unlimited.refusal(), "{name}");
                }
                continue;
            }
            may_call += 1;
            assert!(is_let_in(&with_own) && is_let_in(&with_all), "{name}: {}", with_own.body);
            // A token with all the others lacks it, so one with some of them does.
            assert!(lacks(&ask(&world, &route, &limited(&bearer, &others)).await, needed), "{name}");
        }
        assert!(may_call > 0, "{} {}", route.method, route.path);
        own.insert(needed);
        walked += 1;
    }
    assert!(walked > 30, "{walked}");
    // What is sealed has a scope beside the route's.
    own.insert(Scope::ConnectionsSecrets);
    assert_eq!(own, Scope::ALL.iter().copied().collect());
    // What was verified counts, and the customer who was erased has nothing but the mark in a slot.
    let mut after = world.dump().await;
    after.connections.retain(|item| !item.contains_key("erasedAt"));
    assert_eq!((after.connections, after.integrations), (before.connections, before.integrations));
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_reads_connections_sees_no_credentials() {
    let world = World::with(&definitions::api_key()).await;
    let start = Start::new().with(&json!({ "connectionParameters": definitions::entered() }));
    let id = world.browser().send(start.form()).await.connection_id();
    let support = manager("connections:read connections:test connections:write integrations:read");
    for path in ["/connections".to_owned(), format!("/connections/{id}"), format!("/connections/{id}/test")] {
        let method = if path.ends_with("test") { Method::POST } else { Method::GET };
        let answer = world.api(method, &path, &support, None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!answer.body.contains(API_KEY) && !answer.body.contains("credentials\""), "{}", answer.body);
    }
    let path = format!("/connections/{id}?includeSecrets=true");
    let answer = world.api(Method::GET, &path, &support, None).await;
    assert_eq!(answer.refusal(), refusal(403, "insufficient_scope", "includeSecrets"));
    assert!(!answer.body.contains(API_KEY), "{}", answer.body);
    // The scope for secrets alone reads no connection.
    let answer = world.api(Method::GET, &path, &manager("connections:secrets"), None).await;
    assert!(lacks(&answer, Scope::ConnectionsRead), "{}", answer.body);
    let both = manager("connections:secrets connections:read");
    assert_eq!(
        world.api(Method::GET, &path, &both, None).await.json()["credentials"],
        definitions::entered()
    );
}

#[tokio::test(start_paused = true)]
async fn who_changes_connections_replaces_nothing_that_is_sealed() {
    let world = World::with(&definitions::api_key()).await;
    let start = Start::new().with(&json!({ "connectionParameters": definitions::entered() }));
    let id = world.browser().send(start.form()).await.connection_id();
    let before = world.dump().await;
    let path = format!("/connections/{id}");
    for field in ["credentials", "parameters", "connectionParameters", "input", "connectorParameters"] {
        let body = json!({ "name": "Other", field: definitions::entered() });
        let answer = world.api(Method::PATCH, &path, &manager("connections:write"), Some(&body)).await;
        assert_eq!(answer.refusal(), refusal(403, "insufficient_scope", field));
    }
    assert_eq!(world.dump().await, before);
    let named = json!({ "name": "Other" });
    let answer = world.api(Method::PATCH, &path, &manager("connections:write"), Some(&named)).await;
    assert_eq!(answer.json()["name"], "Other");
    let sealed = json!({ "connectorParameters": { "a": "b" } });
    let both = manager("connections:write connections:secrets");
    assert_eq!(world.api(Method::PATCH, &path, &both, Some(&sealed)).await.status, 200);
}

/// What a customer may not do, no scope of their token lets them do; and what it leaves out they may not do either.
#[tokio::test(start_paused = true)]
async fn a_customers_token_is_narrowed_and_never_widened() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let everything: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    let wide = customer(&everything.join(" "));
    let secrets = format!("/connections/{id}?includeSecrets=true");
    let answer = world.api(Method::GET, &secrets, &wide, None).await;
    assert_eq!(answer.refusal(), refusal(403, "access_denied", "includeSecrets"));
    let put = definitions::integration();
    let answer = world.api(Method::PUT, "/integrations/new", &wide, Some(&put)).await;
    assert_eq!(answer.refusal(), refusal(403, "access_denied", ""));
    // A token that lost its customer on the way manages nothing.
    let nobodys = token(&json!({ "iss": WORKSPACE }), &json!({ "scope": "connections:read" }));
    let answer = world.api(Method::GET, "/connections", &nobodys, None).await;
    assert_eq!(answer.refusal(), refusal(401, "not_authenticated", "token"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_not_seen_beside_its_integration_without_its_scope() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    for (scope, expected) in
        [("integrations:read", json!(null)), ("integrations:read connections:read", json!(id))]
    {
        let one = world.api(Method::GET, "/integrations/crm", &customer(scope), None).await.json();
        assert_eq!(one["connection"]["id"], expected, "{scope}");
        let all = world.api(Method::GET, "/integrations", &customer(scope), None).await.json();
        assert_eq!(all["items"][0]["connection"]["id"], expected, "{scope}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_needs_a_scope_too() {
    let world = World::new().await;
    let before = world.dump().await;
    let others: Vec<&str> =
        Scope::ALL.iter().filter(|scope| **scope != Scope::Connect).map(|scope| scope.name()).collect();
    let start = Start::new().with(&json!({ "token": customer(&others.join(" ")) }));
    let answer = world.browser().send(start.form()).await;
    assert_eq!(answer.refusal(), refusal(403, "insufficient_scope", "token"));
    assert!(lacks(&answer, Scope::Connect), "{}", answer.body);
    assert_eq!(world.dump().await, before);
    let start = Start::new().with(&json!({ "token": customer("connect") }));
    world.connect(&world.browser(), &start).await.assert_connected();
}

/// A limit that is misspelt is not taken for none.
#[tokio::test(start_paused = true)]
async fn a_limit_that_cannot_be_read_is_no_token() {
    let world = World::new().await;
    let refused: Refusal = refusal(401, "not_authenticated", "token");
    for bearer in &bearers()[..2] {
        for claims in [
            json!({ "scope": "connections:raed" }),
            json!({ "scope": "connections:read unknown" }),
            json!({ "scope": "connections:read,proxy" }),
            json!({ "scope": "CONNECTIONS:READ" }),
            json!({ "scope": "" }),
            json!({ "scope": "  " }),
            json!({ "scope": ["connections:read"] }),
            json!({ "scope": 1 }),
            json!({ "scopes": ["connections:read"] }),
            json!({ "scopes": "connections:read" }),
            json!({ "scp": ["connections:read"] }),
            json!({ "scope": "connections:read", "scopes": [] }),
        ] {
            let answer = world.api(Method::GET, "/connections", &token(bearer, &claims), None).await;
            assert_eq!(answer.refusal(), refused, "{claims}");
        }
    }
    let answer = world.api(Method::GET, "/connections", &manager("connections:raed"), None).await;
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`connections:raed`") && message.contains("connections:read "), "{message}");
    let null = signed(
        &json!({ "iss": WORKSPACE, "isAdmin": true, "exp": in_an_hour(), "scope": null }),
        tokens::WORKSPACE_SECRET,
    );
    assert_eq!(world.api(Method::GET, "/connections", &null, None).await.refusal(), refused);
}

#[tokio::test(start_paused = true)]
async fn self_says_what_the_token_is_limited_to() {
    let world = World::new().await;
    let shown = async |token: String| world.api(Method::GET, "/self", &token, None).await.json();
    let scopes = json!(["connect", "connections:read"]);
    let mine = shown(customer("connections:read connect connect")).await;
    let own = json!({
        "id": CUSTOMER, "internalId": CUSTOMER, "name": CUSTOMER, "fields": {}, "scopes": scopes,
    });
    assert_eq!(mine, own);
    let managed = shown(manager("connections:read connect")).await;
    assert_eq!(managed, json!({ "workspaceKey": WORKSPACE, "isAdmin": true, "scopes": scopes }));
    let unlimited = shown(tokens::admin(WORKSPACE)).await;
    assert_eq!(unlimited, json!({ "workspaceKey": WORKSPACE, "isAdmin": true }));
}

#[tokio::test(start_paused = true)]
async fn the_line_of_a_request_says_what_its_token_lacks() {
    let world = World::new().await;
    let logs = Logs::record();
    world.api(Method::GET, "/integrations", &manager("proxy connections:read"), None).await;
    let line = logs.line();
    for (field, value) in [
        ("key", "insufficient_scope"),
        ("missing_scope", "integrations:read"),
        ("scope", "connections:read proxy"),
        ("workspace", WORKSPACE),
        ("signed_by", "secret"),
    ] {
        assert_eq!(line[field], value, "{field}: {line}");
    }
}
