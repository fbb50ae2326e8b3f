//! An MCP server's address is enough: its metadata leads to the authorization server, and a client comes by itself.

mod metadata;
mod registration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{INTEGRATION, integration_id, merge, workspace};
use tests::provider::{ACCESS_TOKEN, Reply};
use tests::tokens::{WORKSPACE, admin};
use tests::world::AtProvider;
use tests::{Answer, Browser, Start, World};

use crate::discovery::put;

const SERVER: &str = "https://provider.example/mcp";
const ISSUER: &str = "https://provider.example";
const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource/mcp";
const ROOT_METADATA: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const FIELD: &str = "authOptions[0].config.mcpServer";

/// A definition with nothing but the server's address, and these settings beside it.
fn server(config: &Value) -> Value {
    let mut all = json!({ "mcpServer": SERVER });
    merge(&mut all, config);
    json!({
        "name": "Example MCP",
        "authOptions": [{ "key": "mcp", "type": "oauth2", "config": all }],
    })
}

fn resource(changes: &Value) -> Value {
    let mut metadata = json!({
        "resource": SERVER,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["files:read", "files:write"],
    });
    merge(&mut metadata, changes);
    metadata
}

fn issuer(changes: &Value) -> Value {
    let mut metadata = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://provider.example/oauth/authorize",
        "token_endpoint": "https://provider.example/oauth/token",
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
        "authorization_response_iss_parameter_supported": true,
    });
    merge(&mut metadata, changes);
    metadata
}

fn challenge(parameters: &str) -> Reply {
    Reply::json(401, &json!({})).with("www-authenticate", &format!("Bearer {parameters}"))
}

/// A server that describes itself where its challenge says, and its authorization server.
async fn world(resource: &Value, issuer: &Value) -> World {
    let world = World::empty().await;
    world.define_workspace(WORKSPACE, &workspace(WORKSPACE)).await;
    let place = format!("resource_metadata=\"{ISSUER}{RESOURCE_METADATA}\", scope=\"files:read\"");
    world.provider.always("/mcp", challenge(&place));
    world.provider.always(RESOURCE_METADATA, Reply::json(200, resource));
    world.provider.always(ROOT_METADATA, Reply::json(404, &json!({})));
    world.provider.always(OAUTH, Reply::json(200, issuer));
    world.provider.always(OPENID, Reply::json(404, &json!({})));
    world
}

async fn patch(world: &World, changes: &Value) -> Answer {
    let path = format!("/integrations/{INTEGRATION}");
    world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(changes)).await
}

fn discovered(answer: &Answer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.json()["authOptions"][0]["discovered"].clone()
}

/// The flow, to its connection's id.
async fn connected(browser: &Browser, at_provider: &AtProvider) -> String {
    let callback = browser.get(&at_provider.back(&[("code", "c"), ("iss", ISSUER)])).await;
    browser.get(callback.location()).await.connection_id()
}

/// Refreshes, and calls the server itself through the proxy. Nothing is discovered in a flow.
async fn used(world: &World, id: &str) {
    let discovered = [RESOURCE_METADATA, ROOT_METADATA, OAUTH, OPENID, "/register"];
    let asked = || discovered.iter().map(|path| world.provider.calls_to(path).len()).collect::<Vec<_>>();
    let before = asked();
    let refreshed = format!("/connections/{id}/refresh-credentials");
    assert_eq!(world.api(Method::POST, &refreshed, &admin(WORKSPACE), None).await.status, 204);
    world.provider.next("/mcp", Reply::json(200, &json!({ "result": {} })));
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let answer =
        world.api(Method::POST, &format!("/connections/{id}/proxy"), &admin(WORKSPACE), Some(&call)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["result"]), (200, &json!({})));
    let sent = world.provider.calls_to("/mcp").pop().unwrap();
    assert_eq!(
        (sent.uri.as_str(), sent.header("authorization")),
        (SERVER, &*format!("Bearer {ACCESS_TOKEN}"))
    );
    assert_eq!(asked(), before);
}

/// The two token requests, for the code and for the refresh; both name the resource.
fn token_requests(world: &World) -> [tests::provider::Call; 2] {
    let requests = world.provider.calls_to("/oauth/token");
    for request in &requests {
        assert_eq!(request.parameter("resource").as_deref(), Some(SERVER));
    }
    requests.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn with_a_client_that_is_given() {
    let world = world(&resource(&json!({})), &issuer(&json!({}))).await;
    let own = json!({ "clientId": "ours", "clientSecret": "s3cret of ours" });
    let answer = put(&world, &server(&own)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(
        discovered(&answer),
        json!({
            "on": "2026-01-01T00:00:00.000Z",
            "from": format!("{ISSUER}{OAUTH}"),
            "serverFrom": format!("{ISSUER}{RESOURCE_METADATA}"),
            "config": {
                "issuer": ISSUER,
                "authorizeUri": "https://provider.example/oauth/authorize",
                "tokenUri": "https://provider.example/oauth/token",
                "authorizationResponseIssParameterSupported": true,
                "pkce": "S256",
                "clientAuthLocation": "headers",
                "resource": SERVER,
                "scopes": ["files:read"],
            },
        })
    );
    assert_eq!((&answer.json()["baseUri"], &answer.json()["state"]), (&json!(SERVER), &json!("READY")));
    let asked = &world.provider.calls()[0];
    assert_eq!(
        (&asked.method, asked.uri.as_str(), asked.header("authorization")),
        (&Method::POST, SERVER, "")
    );

    let world = world.restarted();
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    for (name, value) in [
        ("client_id", "ours"),
        ("resource", SERVER),
        ("scope", "files:read"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(at_provider.parameter(name).as_deref(), Some(value), "{name}");
    }
    let id = connected(&browser, &at_provider).await;
    used(&world, &id).await;
    for request in token_requests(&world) {
        assert!(request.header("authorization").starts_with("Basic "));
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_document_about_the_client() {
    let reads = json!({
        "client_id_metadata_document_supported": true,
        "registration_endpoint": "https://provider.example/register",
    });
    let world = world(&resource(&json!({})), &issuer(&reads)).await;
    let answer = put(&world, &server(&json!({}))).await;
    let id = integration_id(WORKSPACE, INTEGRATION);
    let document = format!("https://linkspan.example/oauth-client/{id}");
    let callback = format!("https://linkspan.example/oauth-callback/{id}");
    let found = discovered(&answer);
    assert_eq!(
        (&found["config"]["clientId"], &found["config"]["clientAuthLocation"]),
        (&json!(document), &json!("none"))
    );
    assert_eq!(
        found["client"],
        json!({ "by": "metadata-document", "issuer": ISSUER, "redirectUri": callback })
    );
    assert!(world.provider.calls_to("/register").is_empty());

    // The authorization server reads it, without a token.
    let path = format!("/oauth-client/{id}");
    let world = world.restarted();
    let read = world.api(Method::GET, &path, "", None).await;
    assert_eq!(read.header("cache-control"), "public, max-age=300");
    assert_eq!(
        read.json(),
        json!({
            "client_id": document,
            "client_name": "Acme & Sons",
            "redirect_uris": [callback],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    );
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert_eq!(at_provider.parameter("client_id"), Some(document.clone()));
    assert_eq!(at_provider.parameter("redirect_uri"), Some(callback));
    let connection = connected(&browser, &at_provider).await;
    used(&world, &connection).await;
    for request in token_requests(&world) {
        assert_eq!(request.parameter("client_id").as_ref(), Some(&document));
        assert_eq!((request.header("authorization"), request.parameter("client_secret")), ("", None));
        assert!(request.parameter("code_verifier").is_some() || request.parameter("refresh_token").is_some());
    }

    // With a client of the team's own there is no document any more; and there is none of other integrations.
    let own = json!({ "clientId": "ours", "clientSecret": "s3cret of ours" });
    assert_eq!(put(&world, &server(&own)).await.status, 200);
    let unknown = ["0123456789abcdef0123456789abcdef", "crm", &id];
    for other in unknown {
        let answer = world.api(Method::GET, &format!("/oauth-client/{other}"), "", None).await;
        assert_eq!(answer.refusal(), refusal(404, "not_found", "integrationId"), "{other}");
    }
}

fn registering(changes: &Value) -> Value {
    let mut metadata = issuer(&json!({
        "registration_endpoint": "https://provider.example/register",
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }));
    merge(&mut metadata, changes);
    metadata
}

fn registered(id: &str, changes: &Value) -> Reply {
    let mut client = json!({
        "client_id": id,
        "client_secret": "issued!+secret/1",
        "client_secret_expires_at": 0,
        "token_endpoint_auth_method": "client_secret_basic",
    });
    merge(&mut client, changes);
    Reply::json(201, &client)
}

#[tokio::test(start_paused = true)]
async fn with_a_client_that_registers_itself_once() {
    let world = world(&resource(&json!({})), &registering(&json!({}))).await;
    world.provider.next("/register", registered("first", &json!({})));
    let answer = put(&world, &server(&json!({}))).await;
    let found = discovered(&answer);
    assert_eq!(
        (&found["config"]["clientId"], &found["config"]["clientAuthLocation"]),
        (&json!("first"), &json!("headers"))
    );
    let callback =
        format!("https://linkspan.example/oauth-callback/{}", integration_id(WORKSPACE, INTEGRATION));
    assert_eq!(found["client"], json!({ "by": "registration", "issuer": ISSUER, "redirectUri": callback }));
    let request = &world.provider.calls_to("/register")[0];
    assert_eq!(
        (&request.method, serde_json::from_str::<Value>(&request.body).unwrap()),
        (
            &Method::POST,
            json!({
                "client_name": "Acme & Sons",
                "redirect_uris": [callback],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "client_secret_basic",
                "application_type": "web",
            })
        )
    );
    // The secret is sealed, and shown to nobody.
    assert!(!answer.body.contains("issued!+secret"));
    assert!(!format!("{:?}", world.dump().await).contains("issued!+secret"));

    // Neither another look at the metadata nor another definition registers again.
    assert_eq!(patch(&world, &json!({ "name": "Another" })).await.status, 200);
    assert_eq!(put(&world, &server(&json!({}))).await.status, 200);
    assert_eq!(world.provider.calls_to("/register").len(), 1);

    let world = world.restarted();
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let id = connected(&browser, &at_provider).await;
    used(&world, &id).await;
    for request in token_requests(&world) {
        // "first" and the secret, form-encoded.
        assert_eq!(request.header("authorization"), "Basic Zmlyc3Q6aXNzdWVkJTIxJTJCc2VjcmV0JTJGMQ==");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_registered_again_where_the_old_one_is_not_known() {
    let elsewhere = "https://other.example";
    let moved = json!({ "issuer": elsewhere, "token_endpoint": "https://other.example/token" });
    for (again, changes) in [
        ("another issuer", json!({})),
        ("another token endpoint", json!({})),
        (
            "another callback",
            json!({ "oAuthCallbackUri": "https://app.example/back", "oAuthCallbackPath": "own" }),
        ),
        ("the secret's end", json!({})),
        ("a secret that was removed", json!({})),
    ] {
        let world = world(&resource(&json!({})), &registering(&json!({}))).await;
        let end = if again == "the secret's end" { 1_767_229_200 } else { 0 };
        world.provider.next("/register", registered("first", &json!({ "client_secret_expires_at": end })));
        let answer = put(&world, &server(&json!({}))).await;
        assert_eq!(
            discovered(&answer)["client"]["expiresAt"],
            if end == 0 { Value::Null } else { json!(end) }
        );
        match again {
            "another issuer" => {
                let named = json!({ "authorization_servers": [elsewhere] });
                world.provider.always(RESOURCE_METADATA, Reply::json(200, &resource(&named)));
                world.provider.always(OAUTH, Reply::json(200, &registering(&moved)));
            }
            "another token endpoint" => {
                let moved = json!({ "token_endpoint": "https://provider.example/v2/token" });
                world.provider.always(OAUTH, Reply::json(200, &registering(&moved)));
            }
            "the secret's end" => world.clock.advance(std::time::Duration::from_hours(1)),
            _ => {}
        }
        world.provider.next("/register", registered("second", &json!({ "client_secret": "another secret" })));
        let answer = match again {
            "a secret that was removed" => {
                let mut definition = server(&json!({}));
                definition["authOptions"][0]["config"]["clientSecret"] = Value::Null;
                put(&world, &definition).await
            }
            _ => patch(&world, &changes).await,
        };
        assert_eq!(discovered(&answer)["config"]["clientId"], "second", "{again}: {}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_client_that_is_registered_has_no_secret() {
    let metadata =
        registering(&json!({ "token_endpoint_auth_methods_supported": ["client_secret_post", "none"] }));
    let world = world(&resource(&json!({})), &metadata).await;
    let public = json!({ "client_secret": null, "token_endpoint_auth_method": "none" });
    world.provider.next("/register", registered("public", &public));
    let answer = put(&world, &server(&json!({}))).await;
    assert_eq!(discovered(&answer)["config"]["clientAuthLocation"], "none");
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let id = connected(&browser, &at_provider).await;
    used(&world, &id).await;
    for request in token_requests(&world) {
        assert_eq!(request.parameter("client_id").as_deref(), Some("public"));
    }
}
