//! `POST /connections`: a connection from credentials that the caller already holds.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, merge};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

async fn create(world: &World, token: &str, body: &Value) -> Answer {
    world.api(Method::POST, "/connections", token, Some(body)).await
}

/// As the workspace does it for its customer.
async fn create_for_customer(world: &World, body: &Value) -> Answer {
    let mut body = body.clone();
    body["userId"] = CUSTOMER.into();
    create(world, &admin(WORKSPACE), &body).await
}

#[tokio::test(start_paused = true)]
async fn tokens_that_the_caller_holds_become_a_connection() {
    let world = World::new().await;
    let credentials = json!({ "access_token": "given", "refresh_token": "r" });
    let body = json!({
        "integrationKey": "crm", "name": "Mine", "credentials": credentials, "connectorParameters": { "a": 1 },
        "meta": {}, "connectorId": "ignored",
    });
    let answer = create_for_customer(&world, &body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    let made = answer.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(made, world.connection(id).await.json());
    let fields = ["name", "userId", "authOptionKey", "connected"].map(|name| made[name].clone());
    assert_eq!(fields, [json!("Mine"), json!(CUSTOMER), json!("oauth"), json!(true)]);
    assert_eq!(made["nextCredentialsRefreshAt"], "2026-01-01T00:45:00.000Z");
    let read = world.secrets(id).await;
    assert_eq!((&read["credentials"], &read["connectorParameters"]), (&credentials, &json!({ "a": 1 })));
    let calls = world.provider.calls();
    assert_eq!(calls.len(), 1, "the test call");
    assert_eq!(calls[0].header("authorization"), "Bearer given");
    let dump = world.dump().await;
    assert!(dump.flows.is_empty() && !dump.contains(b"given"));
    let event = dump.live_connections()[0]["event"].as_m().unwrap();
    assert_eq!(event["name"].as_s().unwrap(), "connection.created");
}

#[tokio::test(start_paused = true)]
async fn it_replaces_the_customers_other_connection_unless_several_are_allowed() {
    let world = World::new().await;
    let old = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let mut body = json!({ "integrationKey": "crm", "credentials": { "access_token": "given" } });
    let new = create_for_customer(&world, &body).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.dump().await.slot_ids(), [new.as_str()]);
    assert!(!world.connection_is_live(&old).await);
    body["allowMultipleConnections"] = true.into();
    create_for_customer(&world, &body).await;
    assert_eq!(world.dump().await.live_connections().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_would_enter_is_enough_for_client_credentials() {
    let world = World::with(&definitions::api_key()).await;
    for field in ["parameters", "connectionParameters", "input", "credentials"] {
        let body = json!({ "integrationKey": "crm", field: definitions::entered() });
        let answer = create_for_customer(&world, &body).await;
        assert_eq!(answer.status.as_u16(), 201, "{field}: {}", answer.body);
        let read = world.secrets(answer.json()["id"].as_str().unwrap()).await;
        assert_eq!(
            (&read["parameters"], &read["credentials"]),
            (&definitions::entered(), &definitions::entered())
        );
        let body = json!({ "integrationKey": "crm", field: { "subdomain": "acme" } });
        let expected = refusal(400, "input_invalid", &format!("{field}.apiKey"));
        assert_eq!(create_for_customer(&world, &body).await.refusal(), expected);
    }
    let answer = create_for_customer(&world, &json!({ "integrationKey": "crm" })).await;
    assert_eq!(answer.refusal(), refusal(400, "input_invalid", "parameters.subdomain"));
}

#[tokio::test(start_paused = true)]
async fn an_option_that_exchanges_what_is_entered_does_so() {
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({ "type": "object", "required": ["clientId", "clientSecret"] });
    option["config"] =
        json!({ "tokenUri": "https://provider.example/oauth/token", "grant": "client_credentials" });
    option["apiClient"]["headers"] = json!({ "Authorization": "Bearer ${credentials.access_token}" });
    let world = World::with(&definition).await;
    let body = json!({ "integrationKey": "crm", "input": { "clientId": "a", "clientSecret": "b" } });
    let made = create_for_customer(&world, &body).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    assert_eq!(world.provider.token_request().parameter("grant_type").as_deref(), Some("client_credentials"));
}

#[tokio::test(start_paused = true)]
async fn oauth1_tokens_sign_the_test_call() {
    let world = World::with(&definitions::oauth1()).await;
    let body =
        json!({ "integrationKey": "crm", "credentials": { "oauth_token": "t", "oauth_token_secret": "s" } });
    let made = create_for_customer(&world, &body).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    let signed = tests::oauth1::protocol_parameters(&world.provider.calls()[0]);
    assert_eq!(signed["oauth_token"], "t");
    let answer = create_for_customer(&world, &json!({ "integrationKey": "crm", "credentials": {} })).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "credentials.oauth_token"));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_tokens_can_be_given() {
    let world = World::new().await;
    let mut body = json!({
        "integrationKey": "crm", "credentials": { "access_token": "given" }, "expiresAt": "2026-01-01T02:00:00+00:00",
    });
    let made = create_for_customer(&world, &body).await.json();
    // Nothing renews it: what is done then is to say so.
    assert_eq!(made["nextCredentialsRefreshAt"], "2026-01-01T01:59:00.000Z");
    body["credentials"]["refresh_token"] = "r".into();
    let made = create_for_customer(&world, &body).await.json();
    assert_eq!(made["nextCredentialsRefreshAt"], "2026-01-01T01:45:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn who_manages_the_workspace_says_for_which_customer() {
    let world = World::new().await;
    let body = |changes: Value| {
        let mut body = json!({ "integrationKey": "crm", "credentials": { "access_token": "given" } });
        merge(&mut body, &changes);
        body
    };
    for field in ["userId", "tenantId"] {
        let made = create(&world, &admin(WORKSPACE), &body(json!({ field: "user-7" }))).await.json();
        assert_eq!((&made["userId"], &made["tenantId"]), (&json!("user-7"), &json!("user-7")));
    }
    let before = world.dump().await;
    let foreign = json!({ "tenantId": "user-7" });
    let foreign = create(&world, &customer(WORKSPACE, CUSTOMER), &body(foreign)).await;
    assert_eq!(foreign.refusal(), refusal(403, "access_denied", "tenantId"));
    for (changes, key, field) in [
        (json!({}), "parameter_missing", "userId"),
        (json!({ "userId": "a\u{7}" }), "request_malformed", "userId"),
        (json!({ "userId": "x".repeat(256) }), "request_malformed", "userId"),
        (json!({ "userId": 7 }), "request_malformed", "userId"),
        (json!({ "userId": "a", "tenantId": "b" }), "parameter_conflict", "tenantId"),
    ] {
        let answer = create(&world, &admin(WORKSPACE), &body(changes)).await;
        assert_eq!(answer.refusal(), refusal(400, key, field));
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_named_and_nothing_is_stored() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let before = world.dump().await;
    let given = json!({ "access_token": "given" });
    let mail = json!({ "integrationKey": "mail", "credentials": definitions::entered() });
    for (body, status, key, field) in [
        (json!({ "credentials": given }), 400, "parameter_missing", "integrationKey"),
        (json!({ "integrationKey": "none", "credentials": given }), 404, "not_found", "integrationId"),
        (json!({ "integrationId": 1, "credentials": given }), 400, "request_malformed", "integrationId"),
        (
            json!({ "integrationId": "mail", "integrationKey": "crm", "credentials": given }),
            400,
            "parameter_conflict",
            "integrationKey",
        ),
        (json!({ "integrationKey": "crm" }), 400, "parameter_missing", "credentials"),
        (json!({ "integrationKey": "crm", "credentials": "x" }), 400, "request_malformed", "credentials"),
        (
            json!({ "integrationKey": "crm", "credentials": {} }),
            400,
            "request_malformed",
            "credentials.access_token",
        ),
        (
            json!({ "integrationKey": "crm", "authOptionKey": "x", "credentials": given }),
            404,
            "not_found",
            "authOptionKey",
        ),
        (
            json!({ "integrationKey": "crm", "credentials": given, "expiresAt": "tomorrow" }),
            400,
            "request_malformed",
            "expiresAt",
        ),
        (
            json!({ "integrationKey": "crm", "credentials": given, "expiresAt": "2025-12-31T00:00:00Z" }),
            400,
            "request_malformed",
            "expiresAt",
        ),
        (
            json!({ "integrationKey": "mail", "credentials": definitions::entered(), "expiresAt": "2027-01-01T00:00:00Z" }),
            400,
            "request_malformed",
            "expiresAt",
        ),
        (
            json!({ "integrationKey": "mail", "input": {}, "parameters": {} }),
            400,
            "parameter_conflict",
            "input",
        ),
    ] {
        let answer = create_for_customer(&world, &body).await;
        assert_eq!(answer.refusal(), refusal(status, key, field), "{body}");
    }
    world.provider.next("/api/me", Reply::json(403, &json!({})));
    assert_eq!(create_for_customer(&world, &mail).await.refusal(), refusal(400, "credentials_rejected", ""));
    assert_eq!(world.dump().await, before);
}

/// The provider's own addresses may stand in a token response, and the workspace's secret is sent there.
#[tokio::test(start_paused = true)]
async fn tokens_are_the_workspaces_to_give_and_what_customers_enter_is_theirs() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let token = customer(WORKSPACE, CUSTOMER);
    let tokens = json!({ "integrationKey": "crm", "credentials": { "access_token": "given" } });
    assert_eq!(create(&world, &token, &tokens).await.refusal(), refusal(403, "access_denied", "credentials"));
    assert!(world.provider.calls().is_empty());
    let entered = json!({ "integrationKey": "mail", "credentials": definitions::entered() });
    assert_eq!(create(&world, &token, &entered).await.status.as_u16(), 201);
}
