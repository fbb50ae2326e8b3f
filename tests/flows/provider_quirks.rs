//! Providers that differ from the RFCs, as their documentation says: each by settings of a definition, none by code.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{integration_with, merge};
use tests::provider::{ACCESS_TOKEN, Reply, tokens};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Start, World};

use crate::refresh::{HOUR, connected, refreshes, renewed};

/// The definition of most tests, with changes of the option itself.
fn option_with(changes: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    merge(&mut definition["authOptions"][0], changes);
    definition
}

async fn proxied(world: &World, id: &str) -> tests::Answer {
    let path = format!("/connections/{id}/proxy/me");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await
}

#[tokio::test(start_paused = true)]
async fn an_application_that_was_removed_at_hubspot_disconnects() {
    let refused = json!({ "status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token" });
    let condition = json!({ "status": 400, "body": { "status": "BAD_REFRESH_TOKEN" } });
    for (refusals, is_known) in [(json!([condition]), true), (json!(["other"]), false)] {
        let world = World::with(&integration_with(&json!({ "refreshRefusals": refusals }))).await;
        let id = connected(&world).await;
        world.clock.advance(HOUR);
        world.provider.always("/oauth/token", Reply::json(400, &refused));
        world.read_secrets(&id).await;
        let connection = world.connection(&id).await.json();
        assert_eq!(connection["disconnected"], is_known, "{connection}");
    }
}

#[tokio::test(start_paused = true)]
async fn jira_and_microsoft_refuse_by_codes_of_their_own() {
    for code in ["unauthorized_client", "interaction_required"] {
        let world = World::with(&integration_with(&json!({ "refreshRefusals": [code] }))).await;
        let id = connected(&world).await;
        world.clock.advance(HOUR);
        world.provider.always("/oauth/token", Reply::json(403, &json!({ "error": code })));
        world.read_secrets(&id).await;
        assert_eq!(world.connection(&id).await.json()["state"], "CLIENT_ACTION_REQUIRED", "{code}");
    }
}

/// Slack answers every request with 200.
#[tokio::test(start_paused = true)]
async fn an_error_under_200_proves_nothing_and_replaces_nothing() {
    let definition = option_with(&json!({
        "test": { "method": "POST", "path": "/auth.test", "expect": { "body": { "ok": true } } },
    }));
    let world = World::with(&definition).await;
    world.provider.next("/api/auth.test", Reply::json(200, &json!({ "ok": true })));
    let id = connected(&world).await;
    for refused in [json!({ "ok": false, "error": "invalid_auth" }), json!({}), json!("ok")] {
        world.provider.next("/api/auth.test", Reply::json(200, &refused));
        let result = world.connect(&world.browser(), &Start::new()).await;
        assert_eq!(result.redirected_refusal().key, "credentials_rejected");
    }
    assert!(world.connection_is_live(&id).await);
}

#[tokio::test(start_paused = true)]
async fn a_test_has_query_headers_and_body() {
    let definition = option_with(&json!({
        "test": {
            "method": "POST", "path": "/graphql", "query": { "v": "2", "team": "${parameters.team?}" },
            "headers": { "X-Version": "2026-01" }, "body": { "query": "{ me { id } }", "limits": { "n": 1 } },
            "bodyFormat": "json", "expect": { "body": { "errors": null } },
        },
        "inputSchema": { "type": "object", "properties": { "team": { "type": "string" } } },
    }));
    let world = World::with(&definition).await;
    world.provider.next("/api/graphql", Reply::json(200, &json!({ "data": {} })));
    connected(&world).await;
    let call = world.provider.calls_to("/api/graphql").pop().unwrap();
    assert_eq!(call.uri, "https://provider.example/api/graphql?v=2");
    assert_eq!((call.header("x-version"), call.header("content-type")), ("2026-01", "application/json"));
    assert_eq!(call.header("authorization"), format!("Bearer {ACCESS_TOKEN}"));
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body, json!({ "query": "{ me { id } }", "limits": { "n": 1 } }));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ended_is_renewed_however_the_api_says_it() {
    let expired = json!([
        { "status": 200, "body": { "ok": false, "error": ["token_revoked", "token_expired"] } },
        { "status": 403, "body": { "code": "expired" } },
    ]);
    let definition = option_with(&json!({
        "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" }, "expired": expired },
    }));
    for (reply, is_expired) in [
        (Reply::json(200, &json!({ "ok": false, "error": "token_revoked" })), true),
        (Reply::json(403, &json!({ "code": "expired" })), true),
        (Reply::json(200, &json!({ "ok": false, "error": "channel_not_found" })), false),
        (Reply::json(403, &json!({ "code": "forbidden" })), false),
    ] {
        let world = World::with(&definition).await;
        let id = connected(&world).await;
        world.clock.advance(HOUR / 2);
        world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
        world.provider.next("/api/me", reply);
        let answer = proxied(&world, &id).await;
        assert_eq!(refreshes(&world), usize::from(is_expired));
        assert_eq!(answer.json()["name"] == "Ada", is_expired, "{}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn customers_bring_a_client_of_their_own() {
    let property = json!({ "type": "string" });
    let definition = integration_with(&json!({
        "clientId": "${parameters.clientId}", "clientSecret": "${parameters.clientSecret}",
        "scopes": ["read", "site:${parameters.site}"],
        "extra": { "audience": "${parameters.site}", "hint": "${connectorParameters.hint?}" },
    }));
    let mut definition = definition;
    definition["authOptions"][0]["inputSchema"] = json!({
        "type": "object", "required": ["clientId", "clientSecret", "site"],
        "properties": { "clientId": property, "clientSecret": property, "site": property },
    });
    let world = World::with(&definition).await;
    let entered = json!({ "clientId": "their!+ID", "clientSecret": "their!+secret", "site": "a b" });
    let start = Start::new().with(&json!({ "connectionParameters": entered }));
    let browser = world.browser();
    let at_provider = world.begin(&browser, &start).await;
    let expected = [("client_id", "their!+ID"), ("scope", "read site:a b"), ("audience", "a b")];
    for (name, value) in expected {
        assert_eq!(at_provider.parameter(name).as_deref(), Some(value));
    }
    assert_eq!(at_provider.parameter("hint"), None);
    browser.get(&at_provider.consent()).await;
    let call = world.provider.token_request();
    assert_eq!(call.parameter("client_id").as_deref(), Some("their!+ID"));
    assert_eq!(call.parameter("client_secret").as_deref(), Some("their!+secret"));
    // It is a template, and so it is shown as every setting is.
    let shown = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await.json();
    assert_eq!(shown["authOptions"][0]["config"]["clientSecret"], "${parameters.clientSecret}");
}

fn zoho() -> Value {
    integration_with(&json!({
        "tokenUri": "${credentials.accounts-server || 'https://accounts.provider.example'}/oauth/token",
        "callbackParameters": {
            "accounts-server": { "enum": ["https://accounts.provider.example", "https://accounts.provider.test"] },
        },
    }))
}

#[tokio::test(start_paused = true)]
async fn the_callback_names_the_token_endpoint_out_of_a_closed_list() {
    for (given, host) in [
        (Some("https://accounts.provider.test"), "accounts.provider.test"),
        (None, "accounts.provider.example"),
    ] {
        let world = World::with(&zoho()).await;
        let browser = world.browser();
        let at_provider = world.begin(&browser, &Start::new()).await;
        let mut answer = vec![("code", "code!+1/a")];
        answer.extend(given.map(|given| ("accounts-server", given)));
        let result = browser.get(&at_provider.back(&answer)).await;
        assert_eq!(world.provider.token_request().uri, format!("https://{host}/oauth/token"));
        // A refresh goes where the code went.
        let id = browser.get(result.location()).await.connection_id();
        world.clock.advance(HOUR);
        world.read_secrets(&id).await;
        assert!(world.provider.calls_to("/oauth/token").iter().all(|call| call.uri.contains(host)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_on_the_list_gets_no_code() {
    let world = World::with(&zoho()).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    for elsewhere in ["https://evil.example", "https://accounts.provider.example.evil.example", "http://x"] {
        browser.get(&at_provider.back(&[("code", "c"), ("accounts-server", elsewhere)])).await;
        assert!(world.provider.calls().is_empty(), "{elsewhere}");
    }
}

#[tokio::test(start_paused = true)]
async fn fields_are_read_where_the_provider_puts_them() {
    let world = World::with(&integration_with(&json!({
        "tokenResponse": {
            "access_token": ["access_token", "authed_user.access_token"],
            "refresh_token": ["refresh_token", "authed_user.refresh_token"],
            "expires_at": "authed_user.expires",
        },
    })))
    .await;
    let user =
        json!({ "id": "U1", "access_token": "xoxp!+1", "refresh_token": "r!+1", "expires": 1_767_229_200 });
    world.provider.next("/oauth/token", Reply::json(200, &json!({ "ok": true, "authed_user": user })));
    let id = connected(&world).await;
    let secrets = world.secrets(&id).await;
    assert_eq!(secrets["credentials"]["access_token"], "xoxp!+1");
    assert_eq!(secrets["credentials"]["authed_user"]["id"], "U1");
    world.clock.advance(HOUR);
    world.read_secrets(&id).await;
    let refresh = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(refresh.parameter("refresh_token").as_deref(), Some("r!+1"));
}

/// As at Basecamp, Mollie and others.
#[tokio::test(start_paused = true)]
async fn requests_carry_the_names_and_parameters_that_the_provider_wants() {
    let names = json!({ "client_id": "client_key", "grant_type": null });
    let world = World::with(&integration_with(&json!({
        "authorizationRequest": { "names": { "client_id": "client_key", "scope": "user_scope" } },
        "tokenRequest": { "names": names, "add": { "type": "web_server" }, "headers": { "X-Api": "7" } },
        "refreshRequest": { "add": { "type": "refresh", "redirect_uri": "https://app.example/x" }, "bodyFormat": "json" },
    })))
    .await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert_eq!(at_provider.parameter("client_key").as_deref(), Some("client!+ID"));
    assert_eq!(at_provider.parameter("user_scope").as_deref(), Some("read write"));
    assert_eq!((at_provider.parameter("client_id"), at_provider.parameter("scope")), (None, None));
    let result = browser.get(&at_provider.consent()).await;
    let token = world.provider.token_request();
    for (name, value) in [
        ("client_key", Some("client!+ID")),
        ("client_id", None),
        ("grant_type", None),
        ("type", Some("web_server")),
        ("code", Some("code!+1/a")),
    ] {
        assert_eq!(token.parameter(name).as_deref(), value, "{name}");
    }
    assert_eq!(token.header("x-api"), "7");
    let id = browser.get(result.location()).await.connection_id();
    world.clock.advance(HOUR);
    world.read_secrets(&id).await;
    let refresh = world.provider.calls_to("/oauth/token").pop().unwrap();
    let body: Value = serde_json::from_str(&refresh.body).unwrap();
    assert_eq!((&body["type"], &body["grant_type"]), (&json!("refresh"), &json!("refresh_token")));
    assert_eq!((&body["redirect_uri"], refresh.header("x-api")), (&json!("https://app.example/x"), ""));
}

/// Instagram exchanges the access token itself, by GET.
#[tokio::test(start_paused = true)]
async fn another_credential_than_a_refresh_token_is_exchanged() {
    let world = World::with(&integration_with(&json!({
        "refreshCredential": "access_token",
        "refreshUri": "https://provider.example/refresh",
        "refreshRequest": {
            "method": "GET", "bodyFormat": "query",
            "names": { "refresh_token": "access_token", "client_id": null, "client_secret": null },
            "add": { "grant_type": "ig_refresh_token" },
        },
    })))
    .await;
    let long = json!({ "access_token": "long/1", "expires_in": 3600 });
    world.provider.next("/oauth/token", Reply::json(200, &long));
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world
        .provider
        .always("/refresh", Reply::json(200, &json!({ "access_token": "long/2", "expires_in": 3600 })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "long/2");
    let call = world.provider.calls_to("/refresh").pop().unwrap();
    assert_eq!((&call.method, call.body.as_str()), (&Method::GET, ""));
    assert_eq!(
        call.uri,
        "https://provider.example/refresh?grant_type=ig_refresh_token&access_token=long%2F1"
    );
}

#[tokio::test(start_paused = true)]
async fn the_plain_challenge_is_the_verifier_and_off_sends_none() {
    for (pkce, method) in [("plain", Some("plain")), ("off", None), ("S256", Some("S256"))] {
        let world = World::with(&integration_with(&json!({ "pkce": pkce }))).await;
        let browser = world.browser();
        let at_provider = world.begin(&browser, &Start::new()).await;
        assert_eq!(at_provider.parameter("code_challenge_method").as_deref(), method);
        browser.get(&at_provider.consent()).await;
        let verifier = world.provider.token_request().parameter("code_verifier");
        assert_eq!(verifier.is_some(), method.is_some());
        assert_eq!(at_provider.parameter("code_challenge") == verifier, pkce != "S256");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_that_the_rfc_does_not_know_are_blamed_on_whom_they_concern() {
    let rules = json!([
        { "body": { "error": "incorrect_client_credentials" }, "means": "client" },
        { "status": 200, "body": { "code": 40002 }, "means": "grant" },
        { "status": 400, "body": { "error_type": "OAuthRateLimit" }, "means": "temporary" },
    ]);
    let world = World::with(&integration_with(&json!({ "tokenErrors": rules }))).await;
    for (reply, key) in [
        (Reply::json(200, &json!({ "error": "incorrect_client_credentials" })), "client_rejected"),
        (Reply::json(200, &json!({ "code": 40002 })), "token_rejected"),
        (Reply::json(400, &json!({ "error_type": "OAuthRateLimit" })), "provider_unreachable"),
    ] {
        world.provider.next("/oauth/token", reply);
        let result = world.connect(&world.browser(), &Start::new()).await;
        assert_eq!(result.redirected_refusal().key, key);
    }
}

/// Stripe's deauthorization is authenticated by the account's own key.
#[tokio::test(start_paused = true)]
async fn the_headers_of_a_revocation_are_its_own() {
    let definition = option_with(&json!({
        "revoke": { "path": "/deauthorize", "basic": { "username": "own" }, "body": { "id": "${credentials.scope}" } },
    }));
    let world = World::with(&definition).await;
    let id = connected(&world).await;
    world.provider.next("/api/deauthorize", Reply::json(200, &json!({})));
    let path = format!("/connections/{id}/disconnect");
    world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    let call = world.provider.calls_to("/api/deauthorize").pop().unwrap();
    assert_eq!((call.header("authorization"), call.body.as_str()), ("Basic b3duOg==", "id=read+write"));
}

/// The whole token response of RFC 6749 still needs nothing but the two addresses.
#[tokio::test(start_paused = true)]
async fn milliseconds_are_no_seconds() {
    let world = World::with(&integration_with(&json!({ "expiresInUnit": "milliseconds" }))).await;
    let mut answer = tokens();
    answer["expires_in"] = json!(3_600_000);
    world.provider.next("/oauth/token", Reply::json(200, &answer));
    let id = connected(&world).await;
    assert_eq!(world.secrets(&id).await["credentials"]["expires_in"], 3600);
}

/// An error is short: a large answer is passed on, and nobody pays for reading it.
#[tokio::test(start_paused = true)]
async fn no_error_is_looked_for_in_a_large_answer() {
    let expired = json!([{ "body": { "ok": false } }]);
    let definition = option_with(&json!({
        "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" }, "expired": expired },
    }));
    let world = World::with(&definition).await;
    let id = connected(&world).await;
    world.clock.advance(HOUR / 2);
    let large = json!({ "ok": false, "items": "x".repeat(65_536) });
    world.provider.next("/api/me", Reply::json(200, &large));
    assert_eq!(proxied(&world, &id).await.json()["ok"], false);
    assert_eq!(refreshes(&world), 0);
}
