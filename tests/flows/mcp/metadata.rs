//! What is read of a server and its authorization server, and what is refused.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World};

use super::{
    FIELD, ISSUER, RESOURCE_METADATA, ROOT_METADATA, SERVER, challenge, discovered, issuer, registered,
    registering, resource, server, world,
};
use crate::discovery::{problem_of, put};

async fn problem(world: &World, definition: &Value) -> String {
    problem_of(world, definition, FIELD).await
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_challenge_is_described_at_its_path_or_at_its_root() {
    let root = json!({ "resource": "https://provider.example" });
    for (first, at_path, at_root, named) in [
        (
            challenge("realm=\"x\""),
            Reply::json(200, &resource(&json!({}))),
            Reply::json(404, &json!({})),
            SERVER,
        ),
        (
            Reply::json(405, &json!({})),
            Reply::json(404, &json!({})),
            Reply::json(200, &resource(&root)),
            ISSUER,
        ),
        (Reply::hangs(), Reply::json(404, &json!({})), Reply::json(200, &resource(&json!({}))), SERVER),
    ] {
        let world = world(&json!({}), &issuer(&json!({}))).await;
        world.provider.always("/mcp", first);
        world.provider.always(RESOURCE_METADATA, at_path);
        world.provider.always(ROOT_METADATA, at_root);
        let answer = put(&world, &server(&json!({ "clientId": "ours", "clientSecret": "ours" }))).await;
        let config = discovered(&answer)["config"].clone();
        assert_eq!(config["resource"], named);
        // Nothing has asked for less.
        assert_eq!(config["scopes"], json!(["files:read", "files:write"]));
    }
}

#[tokio::test(start_paused = true)]
async fn refresh_tokens_are_asked_for_where_a_scope_does_that() {
    let metadata = issuer(&json!({ "scopes_supported": ["openid", "offline_access"] }));
    let client = json!({ "clientId": "ours", "clientSecret": "ours" });
    let world = world(&resource(&json!({})), &metadata).await;
    let answer = put(&world, &server(&client)).await;
    assert_eq!(discovered(&answer)["config"]["scopes"], json!(["files:read", "offline_access"]));
    // Scopes that are given are all that is asked for.
    let mut own = client;
    own["scopes"] = json!(["files:write"]);
    let answer = put(&world, &server(&own)).await;
    assert_eq!(discovered(&answer)["config"].get("scopes"), None);
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.parameter("scope").as_deref(), Some("files:write"));
}

#[tokio::test(start_paused = true)]
async fn the_option_can_choose_among_authorization_servers() {
    let two = resource(&json!({ "authorization_servers": ["https://other.example", ISSUER] }));
    let world = world(&two, &issuer(&json!({}))).await;
    let own = |issuer: &str| server(&json!({ "clientId": "ours", "clientSecret": "ours", "issuer": issuer }));
    assert_eq!(put(&world, &own(ISSUER)).await.status, 201);
    let problem = problem(&world, &own("https://third.example")).await;
    assert!(problem.starts_with("does not name the option's issuer"), "{problem}");
    assert!(problem.contains("https://other.example") && problem.contains(ISSUER), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn what_leads_to_no_safe_sign_in_is_refused() {
    let places = "resource_metadata=\"http://provider.example/m\"";
    for (resource_changes, issuer_changes, first, why) in [
        (json!({}), json!({ "code_challenge_methods_supported": null }), None, "does not have `S256`"),
        (json!({}), json!({ "code_challenge_methods_supported": ["plain"] }), None, "does not have `S256`"),
        (
            json!({ "resource": "https://good.example/mcp" }),
            json!({}),
            None,
            "another resource, `https://good.example/mcp`",
        ),
        (json!({ "resource": "https://provider.example" }), json!({}), None, "is of another resource"),
        (json!({ "resource": "https://provider.example/mcp/" }), json!({}), None, "is of another resource"),
        (json!({ "resource": null }), json!({}), None, "names no resource"),
        (json!({ "authorization_servers": null }), json!({}), None, "names no `authorization_servers`"),
        (
            json!({ "authorization_servers": ["http://provider.example"] }),
            json!({}),
            None,
            "that can be asked",
        ),
        (json!({}), json!({ "issuer": "https://evil.example" }), None, "is of another issuer"),
        (json!({}), json!({ "token_endpoint": "https://10.0.0.1/token" }), None, "is a private address"),
        (json!({}), json!({}), None, "needs a client that you have registered"),
        (
            json!({}),
            json!({}),
            Some(challenge(places)),
            "a `resource_metadata` that must be an absolute https",
        ),
        (
            json!({}),
            json!({}),
            Some(challenge(&format!(
                "resource_metadata=\"{ISSUER}{RESOURCE_METADATA}\", scope=\"a${{integration.clientId}}\""
            ))),
            "a scope that is none",
        ),
    ] {
        let world = world(&resource(&resource_changes), &issuer(&issuer_changes)).await;
        if let Some(first) = first {
            world.provider.always("/mcp", first);
        }
        let problem = problem(&world, &server(&json!({}))).await;
        assert!(problem.contains(why), "{why}: {problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_fails_says_why() {
    let no_secret = json!({ "client_secret": null });
    for (reply, why) in [
        (
            Reply::json(400, &json!({ "error": "invalid_redirect_uri" })),
            "the status 400 and the error `invalid_redirect_uri`",
        ),
        (Reply::json(403, &json!({ "error": "no words, but a sentence" })), "the status 403"),
        (Reply::body(201, "text/html", "<p>"), "holds no JSON object"),
        (registered("", &json!({})), "answers without a `client_id`"),
        (registered("x${integration.clientId}", &json!({})), "has a placeholder in it"),
        (
            registered("x", &json!({ "client_secret": "a${parameters.b}" })),
            "a `client_secret` that has a placeholder in it",
        ),
        (registered("x", &no_secret), "answers without a `client_secret`"),
        (
            registered("x", &json!({ "token_endpoint_auth_method": "tls_client_auth" })),
            "another client authentication",
        ),
    ] {
        let world = world(&resource(&json!({})), &registering(&json!({}))).await;
        world.provider.always("/register", reply);
        let problem = problem(&world, &server(&json!({}))).await;
        assert!(problem.contains("`https://provider.example/register`"), "{problem}");
        assert!(problem.contains(why), "{why}: {problem}");
        assert!(!problem.contains("sentence"), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_address_of_a_server_is_asked_nothing() {
    let world = world(&json!({}), &json!({})).await;
    for address in [
        "provider.example/mcp",
        "http://provider.example/mcp",
        "https://${parameters.host}/mcp",
        "https://a.example/?b",
        "",
    ] {
        let answer = put(&world, &server(&json!({ "mcpServer": address }))).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", FIELD), "{address}: {}", answer.body);
    }
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_contradicts_it_is_refused() {
    let world = world(&resource(&json!({})), &registering(&json!({}))).await;
    world.provider.always("/register", registered("first", &json!({})));
    for (config, setting) in [
        (json!({ "clientSecret": "of no client" }), "clientId"),
        (json!({ "pkce": "plain" }), "pkce"),
        (json!({ "pkce": "off" }), "pkce"),
        (json!({ "skipPkce": true }), "skipPkce"),
        (json!({ "mcpServer": "https://linkspan.example/self" }), "mcpServer"),
    ] {
        let answer = put(&world, &server(&config)).await;
        let field = format!("authOptions[0].config.{setting}");
        let fields = answer.json()["data"]["problems"].clone();
        let is_told = fields.as_array().unwrap().iter().any(|problem| problem["field"] == field);
        assert!(is_told, "{config}: {}", answer.body);
    }
}

/// It is a setting of its own, for any provider that knows RFC 8707.
#[tokio::test(start_paused = true)]
async fn a_resource_goes_into_all_three_requests() {
    let resource = json!({ "resource": "https://api.example" });
    let world = World::with(&tests::definitions::integration_with(&resource)).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert_eq!(at_provider.parameter("resource").as_deref(), Some("https://api.example"));
    let callback = browser.get(&at_provider.consent()).await;
    let id = browser.get(callback.location()).await.connection_id();
    let refreshed = format!("/connections/{id}/refresh-credentials");
    assert_eq!(world.api(Method::POST, &refreshed, &admin(WORKSPACE), None).await.status, 204);
    let requests = world.provider.calls_to("/oauth/token");
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.parameter("resource").as_deref(), Some("https://api.example"));
    }
    let twice =
        json!({ "resource": "https://api.example", "extra": { "resource": "https://other.example" } });
    let answer = put(&world, &tests::definitions::integration_with(&twice)).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "authOptions[0].config.extra.resource"));
}
