//! When a client is registered, and what becomes of it.

use serde_json::{Value, json};
use tests::definitions::{INTEGRATION, integration_id, merge};
use tests::provider::Reply;
use tests::tokens::WORKSPACE;
use tests::{Start, World};

use super::{
    ISSUER, OAUTH, RESOURCE_METADATA, SERVER, connected, discovered, issuer, registered, registering,
    resource, server, token_requests, used, world,
};
use crate::discovery::{problem_of, put};

fn fields(answer: &tests::Answer) -> Vec<String> {
    let problems = answer.json()["data"]["problems"].clone();
    let field = |problem: &Value| problem["field"].as_str().unwrap_or_default().to_owned();
    problems.as_array().unwrap().iter().map(field).collect()
}

fn registrations(world: &World) -> usize {
    world.provider.calls_to("/register").len()
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_is_refused_registers_no_client() {
    let world = world(&resource(&json!({})), &registering(&json!({}))).await;
    world.provider.always("/register", registered("first", &json!({})));
    for path in ["/none", "/.well-known/oauth-protected-resource/none"] {
        world.provider.always(path, Reply::json(404, &json!({})));
    }
    let beside = |option: &Value| {
        let mut definition = server(&json!({}));
        definition["authOptions"].as_array_mut().unwrap().push(option.clone());
        definition
    };
    let with = |changes: &Value| {
        let mut definition = server(&json!({}));
        merge(&mut definition, changes);
        definition
    };
    for (definition, field) in [
        (server(&json!({ "extra": { "client_id": "another" } })), "authOptions[0].config.extra.client_id"),
        (with(&json!({ "startUri": "https://elsewhere.example/start" })), "startUri"),
        (
            beside(&json!({ "key": "lent", "type": "proxy", "config": { "proxyKey": "nobodys" } })),
            "authOptions[1].config.proxyKey",
        ),
        (
            beside(
                &json!({ "key": "other", "type": "oauth2", "config": { "mcpServer": "https://provider.example/none" } }),
            ),
            "authOptions[1].config.mcpServer",
        ),
    ] {
        let answer = put(&world, &definition).await;
        assert_eq!(
            (answer.status.as_u16(), fields(&answer)),
            (400, vec![field.to_owned()]),
            "{}",
            answer.body
        );
    }
    assert_eq!(registrations(&world), 0);
    assert_eq!(put(&world, &server(&json!({}))).await.status, 201);
    assert_eq!(registrations(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_registers_instead_counts() {
    let public = json!({ "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"] });
    let world = world(&resource(&json!({})), &registering(&public)).await;
    world.provider.next("/register", registered("first", &json!({})));
    let answer = put(&world, &server(&json!({}))).await;
    assert_eq!(discovered(&answer)["config"]["clientAuthLocation"], "headers");
    let sent: Value = serde_json::from_str(&world.provider.calls_to("/register")[0].body).unwrap();
    assert_eq!(sent["token_endpoint_auth_method"], "none");
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let id = connected(&browser, &at_provider).await;
    used(&world, &id).await;
    for request in token_requests(&world) {
        assert!(request.header("authorization").starts_with("Basic "));
    }
}

const REGISTER: &str = "https://provider.example/register";

/// The addresses of a server that publishes nothing, and its way of clients.
fn given(changes: &Value) -> Value {
    let mut config = json!({
        "authorizeUri": "https://provider.example/oauth/authorize",
        "tokenUri": "https://provider.example/oauth/token",
        "registrationUri": REGISTER,
        "clientAuthLocation": "none",
        "scopes": ["files:read"],
    });
    merge(&mut config, changes);
    config
}

/// The same without a server: an API's.
fn without_server(changes: &Value) -> Value {
    let mut definition = server(&given(changes));
    definition["authOptions"][0]["config"].as_object_mut().unwrap().remove("mcpServer");
    definition
}

/// A provider that publishes nothing, and registers clients.
async fn silent() -> World {
    let world = world(&json!({}), &json!({})).await;
    for path in ["/mcp", RESOURCE_METADATA, OAUTH] {
        world.provider.always(path, Reply::json(404, &json!({})));
    }
    world
}

fn public(id: &str) -> Reply {
    registered(id, &json!({ "client_secret": null, "token_endpoint_auth_method": "none" }))
}

#[tokio::test(start_paused = true)]
async fn a_server_without_metadata_works_with_the_addresses_that_are_given() {
    let world = silent().await;
    world.provider.next("/register", public("first"));
    let answer = put(&world, &server(&given(&json!({})))).await;
    let callback =
        format!("https://linkspan.example/oauth-callback/{}", integration_id(WORKSPACE, INTEGRATION));
    assert_eq!(
        discovered(&answer),
        json!({
            "on": "2026-01-01T00:00:00.000Z",
            "from": REGISTER,
            "config": { "clientId": "first" },
            "client": { "by": "registration", "redirectUri": callback },
        })
    );
    // Nothing else was asked, and nothing is registered twice.
    assert_eq!(put(&world, &server(&given(&json!({})))).await.status, 200);
    assert_eq!(world.provider.calls().len(), 1);
    let sent: Value = serde_json::from_str(&world.provider.calls()[0].body).unwrap();
    assert_eq!(sent["token_endpoint_auth_method"], "none");

    let world = world.restarted();
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    for (name, value) in [
        ("client_id", "first"),
        ("resource", SERVER),
        ("scope", "files:read"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(at_provider.parameter(name).as_deref(), Some(value), "{name}");
    }
    let id = connected(&browser, &at_provider).await;
    used(&world, &id).await;
    for request in token_requests(&world) {
        assert_eq!((request.header("authorization"), request.parameter("client_secret")), ("", None));
    }
}

#[tokio::test(start_paused = true)]
async fn with_addresses_that_are_given_a_client_is_registered_again_where_the_old_one_is_not_known() {
    for changes in [
        json!({ "tokenUri": "https://provider.example/v2/token" }),
        json!({ "registrationUri": "https://provider.example/v2/register" }),
        json!({ "clientAuthLocation": "headers" }),
        json!({ "issuer": ISSUER }),
    ] {
        let world = silent().await;
        world.provider.next("/register", public("first"));
        assert_eq!(put(&world, &server(&given(&json!({})))).await.status, 201);
        let second = if changes["clientAuthLocation"] == "headers" {
            registered("second", &json!({}))
        } else {
            public("second")
        };
        world.provider.always("/register", second);
        world.provider.always("/v2/register", public("second"));
        let answer = put(&world, &server(&given(&changes))).await;
        assert_eq!(discovered(&answer)["config"]["clientId"], "second", "{changes}: {}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn any_provider_can_register_a_client() {
    let world = silent().await;
    world.provider.next("/register", registered("first", &json!({})));
    let answer = put(&world, &without_server(&json!({ "clientAuthLocation": null }))).await;
    let config = discovered(&answer)["config"].clone();
    assert_eq!(config, json!({ "clientId": "first", "clientAuthLocation": "headers" }));
    assert!(!format!("{:?}", world.dump().await).contains("issued!+secret"));
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    connected(&browser, &at_provider).await;
    let request = &world.provider.calls_to("/oauth/token")[0];
    assert_eq!(request.header("authorization"), "Basic Zmlyc3Q6aXNzdWVkJTIxJTJCc2VjcmV0JTJGMQ==");

    // The rest can come from the issuer's metadata.
    let metadata = issuer(&json!({ "registration_endpoint": "https://provider.example/other" }));
    world.provider.always(OAUTH, Reply::json(200, &metadata));
    world.provider.next("/register", public("second"));
    let open = json!({ "authorizeUri": null, "tokenUri": null, "issuer": ISSUER });
    let found = discovered(&put(&world, &without_server(&open)).await);
    assert_eq!(
        (&found["config"]["clientId"], &found["client"]["issuer"]),
        (&json!("second"), &json!(ISSUER))
    );
}

#[tokio::test(start_paused = true)]
async fn a_registration_endpoint_that_is_given_takes_the_place_of_what_is_published() {
    let reads = json!({ "client_id_metadata_document_supported": true });
    let world = world(&resource(&json!({})), &registering(&reads)).await;
    world.provider.next("/v2/register", registered("first", &json!({})));
    let own = json!({ "registrationUri": "https://provider.example/v2/register" });
    let found = discovered(&put(&world, &server(&own)).await);
    assert_eq!(
        (&found["config"]["clientId"], &found["config"]["resource"]),
        (&json!("first"), &json!(SERVER))
    );
    assert_eq!(registrations(&world), 0);
    // A client that is given comes before it.
    let own = json!({ "registrationUri": REGISTER, "clientId": "ours", "clientSecret": "ours" });
    assert_eq!(discovered(&put(&world, &server(&own)).await)["config"].get("clientId"), None);
    assert_eq!(registrations(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn a_registration_endpoint_is_a_plain_public_address() {
    let world = silent().await;
    for endpoint in [
        "",
        "provider.example/register",
        "http://provider.example/register",
        "https://10.0.0.1/register",
        "https://linkspan.example/connections",
        "https://${parameters.host}/register",
        "https://${integration.host}/register",
    ] {
        for definition in [server, without_server as fn(&Value) -> Value] {
            let answer = put(&world, &definition(&given(&json!({ "registrationUri": endpoint })))).await;
            assert_eq!(answer.status, 400, "{endpoint}: {}", answer.body);
            assert_eq!(fields(&answer), ["authOptions[0].config.registrationUri"], "{endpoint}");
        }
    }
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_by_itself_needs_s256() {
    let world = silent().await;
    for (changes, setting) in [
        (json!({ "pkce": "plain" }), "pkce"),
        (json!({ "pkce": "off" }), "pkce"),
        (json!({ "skipPkce": true }), "skipPkce"),
        (json!({ "grant": "client_credentials" }), "registrationUri"),
    ] {
        let answer = put(&world, &without_server(&changes)).await;
        let field = format!("authOptions[0].config.{setting}");
        assert!(fields(&answer).contains(&field), "{changes}: {}", answer.body);
    }
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_neither_given_nor_found_is_named() {
    let world = silent().await;
    world.provider.always("/register", Reply::json(403, &json!({})));
    for (definition, field, why) in [
        (server(&given(&json!({ "registrationUri": null }))), "registrationUri", "so is clientId"),
        (server(&json!({ "registrationUri": REGISTER })), "mcpServer", ". Give authorizeUri and tokenUri"),
        (server(&given(&json!({ "tokenUri": null }))), "mcpServer", ". Give tokenUri"),
        (
            server(&given(&json!({ "tokenUri": null, "registrationUri": null }))),
            "mcpServer",
            ". Give tokenUri and registrationUri",
        ),
        (without_server(&json!({ "tokenUri": null })), "tokenUri", "is missing"),
        (
            server(&given(&json!({}))),
            "registrationUri",
            "registers no client: `https://provider.example/register` answers with the status 403",
        ),
        (
            without_server(&json!({ "clientAuthLocation": "query" })),
            "registrationUri",
            "clientAuthLocation is none, body or headers",
        ),
    ] {
        let problem = problem_of(&world, &definition, &format!("authOptions[0].config.{field}")).await;
        assert!(problem.contains(why), "{why}: {problem}");
    }
    // What was asked for is what must come.
    world.provider.always("/register", registered("first", &json!({})));
    let field = "authOptions[0].config.registrationUri";
    let problem = problem_of(&world, &server(&given(&json!({}))), field).await;
    assert!(problem.contains("another client authentication"), "{problem}");
}
