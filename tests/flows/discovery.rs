//! An issuer's metadata gives what a definition leaves open. It is read when the integration is defined, and in no flow.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, INTEGRATION, integration_with, merge};
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start, World};

const ISSUER: &str = "https://provider.example";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const FIELD: &str = "authOptions[0].config.issuer";

/// A definition that leaves its endpoints to the issuer.
fn by_issuer(config: &Value) -> Value {
    let mut open = json!({ "issuer": ISSUER, "authorizeUri": null, "tokenUri": null });
    merge(&mut open, config);
    integration_with(&open)
}

/// The metadata of [`ISSUER`]; `null` takes a member away.
fn metadata(changes: &Value) -> Value {
    let mut metadata = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://provider.example/oauth/authorize",
        "token_endpoint": "https://provider.example/oauth/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
    });
    merge(&mut metadata, changes);
    metadata
}

async fn nowhere() -> World {
    let world = World::empty().await;
    world.define_workspace(WORKSPACE, &tests::definitions::workspace(WORKSPACE)).await;
    for path in [OAUTH, OPENID] {
        world.provider.always(path, Reply::json(404, &json!({})));
    }
    world
}

async fn publishing(metadata: &Value) -> World {
    let world = nowhere().await;
    world.provider.always(OAUTH, Reply::json(200, metadata));
    world
}

pub(crate) async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, &format!("/integrations/{INTEGRATION}"), &admin(WORKSPACE), Some(definition)).await
}

async fn patch(world: &World, changes: &Value) -> Answer {
    world.api(Method::PATCH, &format!("/integrations/{INTEGRATION}"), &admin(WORKSPACE), Some(changes)).await
}

fn addresses(world: &World) -> Vec<String> {
    world.provider.calls().into_iter().map(|call| call.uri).collect()
}

/// What was discovered of the one option.
fn discovered(answer: &Answer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.json()["authOptions"][0]["discovered"].clone()
}

/// The problem under the issuer's field.
async fn problem(world: &World, definition: &Value) -> String {
    problem_of(world, definition, FIELD).await
}

/// The problem under the field. Nothing is written.
pub(crate) async fn problem_of(world: &World, definition: &Value, field: &str) -> String {
    let before = world.dump().await;
    let answer = put(world, definition).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{}", answer.body);
    assert_eq!(world.dump().await, before);
    let problems = answer.json()["data"]["problems"].clone();
    assert_eq!(problems.as_array().unwrap().len(), 1, "{problems}");
    problems[0]["problem"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_issuer_alone_is_enough_and_no_flow_reads_its_metadata() {
    let world = publishing(&metadata(&json!({
        "revocation_endpoint": "https://provider.example/oauth/revoke",
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": ["everything"],
    })))
    .await;
    let answer = put(&world, &by_issuer(&json!({}))).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(addresses(&world), [format!("{ISSUER}{OAUTH}")]);
    let request = &world.provider.calls()[0];
    assert_eq!((&request.method, request.header("accept")), (&Method::GET, "application/json"));
    assert_eq!(
        discovered(&answer),
        json!({
            "on": "2026-01-01T00:00:00.000Z",
            "from": format!("{ISSUER}{OAUTH}"),
            "config": {
                "authorizeUri": "https://provider.example/oauth/authorize",
                "tokenUri": "https://provider.example/oauth/token",
                "revocationUri": "https://provider.example/oauth/revoke",
                "authorizationResponseIssParameterSupported": true,
                "pkce": "S256",
                "clientAuthLocation": "body",
            },
        })
    );
    // What was given is shown as it was given.
    let config = answer.json()["authOptions"][0]["config"].clone();
    assert_eq!((&config["issuer"], config.get("tokenUri")), (&json!(ISSUER), None));
    let path = format!("/integrations/{INTEGRATION}");
    let shown = world.api(Method::GET, &path, &admin(WORKSPACE), None).await;
    assert_eq!(discovered(&shown), discovered(&answer));
    assert_eq!(shown.json()["state"], "READY");

    let world = world.restarted();
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert!(at_provider.address.as_str().starts_with("https://provider.example/oauth/authorize?"));
    assert_eq!(at_provider.parameter("code_challenge_method").as_deref(), Some("S256"));
    let callback = browser.get(&at_provider.back(&[("code", "c"), ("iss", ISSUER)])).await;
    let id = browser.get(callback.location()).await.connection_id();
    let refreshed = format!("/connections/{id}/refresh-credentials");
    assert_eq!(world.api(Method::POST, &refreshed, &admin(WORKSPACE), None).await.status, 204);
    assert_eq!(world.provider.calls_to(OAUTH).len() + world.provider.calls_to(OPENID).len(), 1);
    assert_eq!(
        world.provider.calls_to("/oauth/token")[0].parameter("client_secret").as_deref(),
        Some(CLIENT_SECRET)
    );

    // The provider always sends `iss`: another's answer, or one without, is refused.
    for answer in [&[("code", "c")][..], &[("code", "c"), ("iss", "https://other.example")]] {
        let browser = world.browser();
        let at_provider = world.begin(&browser, &Start::new()).await;
        let callback = browser.get(&at_provider.back(answer)).await;
        let result = browser.get(callback.location()).await;
        assert_eq!(result.redirected_refusal().key, "issuer_mismatch");
    }
}

#[tokio::test(start_paused = true)]
async fn the_path_of_an_issuer_is_inserted_and_appended() {
    let issuer = "https://provider.example/tenant/1";
    let places = [format!("{OAUTH}/tenant/1"), format!("{OPENID}/tenant/1"), format!("/tenant/1{OPENID}")];
    for last in 0..places.len() {
        let world = nowhere().await;
        for (place, path) in places.iter().enumerate() {
            let is_last = place == last;
            let found = Reply::json(200, &metadata(&json!({ "issuer": issuer })));
            world.provider.always(path, if is_last { found } else { Reply::json(404, &json!({})) });
        }
        let answer = put(&world, &by_issuer(&json!({ "issuer": issuer }))).await;
        assert_eq!(discovered(&answer)["from"], format!("https://provider.example{}", places[last]));
        let asked = places[..=last].iter().map(|path| format!("https://provider.example{path}"));
        assert_eq!(addresses(&world), asked.collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_not_the_issuers_is_not_used() {
    use protocol::provider::client::ProviderError;
    let other = |named: &str| Reply::json(200, &metadata(&json!({ "issuer": named })));
    let huge = format!("{{\"issuer\":\"{ISSUER}\",\"x\":\"{}\"}}", "x".repeat(64 * 1024));
    for (reply, why) in [
        (Reply::json(404, &json!({})), "answers with the status 404"),
        (Reply::json(500, &metadata(&json!({}))), "answers with the status 500"),
        (Reply::redirect("https://other.example/"), "answers with a redirect (302), which is not followed"),
        (Reply::body(200, "text/html", "<!doctype html><title>Sign in</title>"), "holds no JSON object"),
        (Reply::json(200, &json!([])), "holds no JSON object"),
        (Reply::body(200, "application/json", huge), "has more than 64 KiB"),
        (Reply::fails(ProviderError::TooLarge), "is too large"),
        (Reply::fails(ProviderError::NotAllowed), "must be https and on the public internet"),
        (Reply::hangs(), "gave no answer in time"),
        (other("https://provider.example/"), "is of another issuer, `https://provider.example/`"),
        (other("https://PROVIDER.example"), "is of another issuer, `https://PROVIDER.example`"),
        (other("https://evil.example"), "is of another issuer, `https://evil.example`"),
        (other(&"x".repeat(300)), "is of another issuer."),
        (other("a\u{7}b"), "is of another issuer."),
        (Reply::json(200, &metadata(&json!({ "issuer": null }))), "names no issuer"),
    ] {
        let world = nowhere().await;
        world.provider.always(OAUTH, reply.clone());
        world.provider.always(OPENID, reply);
        let problem = problem(&world, &by_issuer(&json!({}))).await;
        for path in [OAUTH, OPENID] {
            assert!(problem.contains(&format!("`{ISSUER}{path}`")), "{problem}");
        }
        assert!(problem.ends_with("Give authorizeUri and tokenUri"), "{problem}");
        assert!(problem.contains(why), "{problem}");
        // A good document at the other place is as good.
        world.provider.always(OPENID, Reply::json(200, &metadata(&json!({}))));
        assert_eq!(put(&world, &by_issuer(&json!({}))).await.status, 201);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_used_is_refused_with_the_member() {
    let own = "https://linkspan.example/oauth-callback";
    for (changes, why) in [
        (json!({ "token_endpoint": null }), "has no `token_endpoint`: give tokenUri"),
        (json!({ "authorization_endpoint": null }), "has no `authorization_endpoint`: give authorizeUri"),
        (json!({ "token_endpoint": ["https://a.example"] }), "has a `token_endpoint` that is no text"),
        (json!({ "token_endpoint": "http://provider.example/token" }), "it is not https"),
        (json!({ "authorization_endpoint": "/authorize" }), "`authorization_endpoint` that must be"),
        (json!({ "token_endpoint": "https://10.0.0.7/token" }), "`token_endpoint` that is a private address"),
        (
            json!({ "revocation_endpoint": "https://169.254.169.254/" }),
            "`revocation_endpoint` that is a private",
        ),
        (json!({ "token_endpoint": "https://localhost/token" }), "`token_endpoint` that must be"),
        (json!({ "token_endpoint": own }), "a route of Linkspan's own"),
        (json!({ "token_endpoint": "https://a.example/${integration.clientId}" }), "has a placeholder in it"),
        (json!({ "token_endpoint_auth_methods_supported": ["tls_client_auth"] }), "give clientAuthLocation"),
    ] {
        let world = publishing(&metadata(&changes)).await;
        let problem = problem(&world, &by_issuer(&json!({}))).await;
        assert!(problem.starts_with(&format!("has metadata that cannot be used: `{ISSUER}{OAUTH}` ")));
        assert!(problem.contains(why), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_definition_says_wins() {
    let world = publishing(&metadata(&json!({
        "revocation_endpoint": "https://provider.example/oauth/revoke",
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["plain"],
    })))
    .await;
    let own = json!({
        "tokenUri": "https://tokens.example/token",
        "revocationUri": "https://tokens.example/revoke",
        "clientAuthLocation": "headers",
        "pkce": "S256",
        "authorizationResponseIssParameterSupported": false,
    });
    let answer = put(&world, &by_issuer(&own)).await;
    let only = json!({ "authorizeUri": "https://provider.example/oauth/authorize" });
    assert_eq!(discovered(&answer)["config"], only);
    let integration = world.integration().await;
    let protocol::definition::AuthMethod::OAuth2(config) = &integration.auth_options[0].method else {
        panic!("another type")
    };
    assert_eq!(config.token_uri().unwrap().as_str(), "https://tokens.example/token");
    assert!(!config.is_issuer_required());
}

#[tokio::test(start_paused = true)]
async fn with_both_endpoints_nothing_is_read() {
    let world = nowhere().await;
    let answer = put(&world, &integration_with(&json!({ "issuer": ISSUER }))).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(discovered(&answer), Value::Null);
    assert!(addresses(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn how_the_client_authenticates_is_what_the_server_takes() {
    for (methods, config, location) in [
        (json!(["client_secret_basic", "client_secret_post"]), json!({}), "body"),
        (json!(["none", "client_secret_basic"]), json!({}), "headers"),
        // RFC 8414 §2.
        (Value::Null, json!({}), "headers"),
        (json!(["none"]), json!({ "clientSecret": null }), "none"),
        (
            json!(["private_key_jwt", "client_secret_jwt"]),
            json!({ "clientAssertion": {
            "algorithm": "HS256" } , "clientAuthLocation": "client_secret_jwt" }),
            "",
        ),
        (
            json!(["client_secret_basic", "client_secret_jwt"]),
            json!({ "clientAssertion": { "algorithm": "HS256" } }),
            "client_secret_jwt",
        ),
    ] {
        let world = publishing(&metadata(&json!({ "token_endpoint_auth_methods_supported": methods }))).await;
        let answer = put(&world, &by_issuer(&config)).await;
        let found = discovered(&answer)["config"]["clientAuthLocation"].clone();
        assert_eq!(found.as_str().unwrap_or_default(), location, "{methods}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_code_challenge_is_s256_unless_the_server_knows_only_the_other() {
    for (methods, sent, discovered_as) in [
        (json!(["plain", "S256"]), "S256", json!("S256")),
        (json!(["plain"]), "plain", json!("plain")),
        (json!(null), "S256", Value::Null),
        (json!([]), "S256", Value::Null),
    ] {
        let world = publishing(&metadata(&json!({ "code_challenge_methods_supported": methods }))).await;
        let answer = put(&world, &by_issuer(&json!({}))).await;
        assert_eq!(discovered(&answer)["config"]["pkce"], discovered_as, "{methods}");
        let at_provider = world.begin(&world.browser(), &Start::new()).await;
        assert_eq!(at_provider.parameter("code_challenge_method").as_deref(), Some(sent), "{methods}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_with_a_placeholder_cannot_be_asked() {
    let world = nowhere().await;
    let definition = by_issuer(&json!({ "issuer": "https://${parameters.tenant}.provider.example" }));
    let problem = problem(&world, &definition).await;
    assert!(problem.contains("give authorizeUri and tokenUri"), "{problem}");
    assert!(addresses(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_change_reads_it_anew() {
    let world = publishing(&metadata(&json!({}))).await;
    assert_eq!(put(&world, &by_issuer(&json!({}))).await.status, 201);
    world.clock.advance(std::time::Duration::from_mins(1));
    let moved = json!({
        "authorization_endpoint": "https://provider.example/v2/authorize",
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    });
    world.provider.always(OAUTH, Reply::json(200, &metadata(&moved)));
    // An empty patch does nothing else.
    let found = discovered(&patch(&world, &json!({})).await);
    assert_eq!(found["on"], "2026-01-01T00:01:00.000Z");
    assert_eq!(found["config"]["authorizeUri"], "https://provider.example/v2/authorize");
    assert_eq!(found["config"]["clientAuthLocation"], "headers");
    // What somebody else claims to have discovered has no effect.
    let mut claimed = by_issuer(&json!({}));
    claimed["authOptions"][0]["discovered"] = json!({ "config": { "tokenUri": "https://evil.example/" } });
    let answer = put(&world, &claimed).await;
    assert_eq!(discovered(&answer)["config"]["tokenUri"], "https://provider.example/oauth/token");
    // What can no longer be read changes nothing.
    let before = world.dump().await;
    world.provider.always(OAUTH, Reply::json(503, &json!({})));
    let answer = patch(&world, &json!({ "name": "Another" })).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", FIELD));
    assert_eq!(world.dump().await, before);
    // With endpoints of its own there is nothing to discover any more.
    let answer = put(&world, &integration_with(&json!({ "issuer": ISSUER }))).await;
    assert_eq!(discovered(&answer), Value::Null);
}

/// A secret that is not given again goes to no other host, whoever names it.
#[tokio::test(start_paused = true)]
async fn metadata_that_has_moved_gets_no_secret_that_was_kept() {
    let world = publishing(&metadata(&json!({}))).await;
    assert_eq!(put(&world, &by_issuer(&json!({}))).await.status, 201);
    let moved = metadata(&json!({ "token_endpoint": "https://elsewhere.example/token" }));
    world.provider.always(OAUTH, Reply::json(200, &moved));
    let before = world.dump().await;
    let secret = "authOptions[0].config.clientSecret";
    assert_eq!(patch(&world, &json!({})).await.refusal(), refusal(400, "parameter_missing", secret));
    assert_eq!(world.dump().await, before);
    let answer = put(&world, &by_issuer(&json!({}))).await;
    assert_eq!(discovered(&answer)["config"]["tokenUri"], "https://elsewhere.example/token");
}

#[tokio::test(start_paused = true)]
async fn an_option_that_is_off_is_not_asked_about() {
    let world = nowhere().await;
    let mut definition = by_issuer(&json!({}));
    definition["authOptions"][0]["enabled"] = false.into();
    definition["authOptions"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "key": "key", "type": "client-credentials" }));
    let answer = put(&world, &definition).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (201, &json!("READY")), "{}", answer.body);
    assert!(addresses(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_an_issuer_both_endpoints_are_needed() {
    let world = nowhere().await;
    let answer = put(&world, &by_issuer(&json!({ "issuer": null }))).await;
    let fields: Vec<String> = answer.json()["data"]["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| format!("{} {}", problem["field"], problem["problem"]).replace('"', ""))
        .collect();
    assert_eq!(
        fields,
        ["authOptions[0].config.authorizeUri is missing", "authOptions[0].config.tokenUri is missing",]
    );
}
