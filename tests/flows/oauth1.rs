//! Connections by OAuth 1.0 (RFC 5849): what is asked, to the letter, and what is kept.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::definitions::{self, CLIENT_SECRET, merge};
use tests::oauth1::{
    TEMPORARY_SECRET, TEMPORARY_TOKEN, TOKEN_SECRET, VERIFIER, answers, begin, connect, finish,
    protocol_parameters,
};
use tests::provider::Call;
use tests::{Start, World};

async fn world_with(config: &Value) -> World {
    let mut definition = definitions::oauth1();
    merge(&mut definition["authOptions"][0]["config"], config);
    let world = World::with(&definition).await;
    answers(&world);
    world
}

fn shown(call: &Call) -> String {
    let headers: Vec<String> = call
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap().replace(", oauth", ",\n  oauth")))
        .collect();
    format!("{} {}\n{}\n\n{}", call.method, call.uri, headers.join("\n"), call.body)
}

/// Python's oauthlib computes the same signatures.
#[tokio::test(start_paused = true)]
async fn every_request_is_signed() {
    let world = world_with(&json!({})).await;
    connect(&world, &world.browser(), &Start::new()).await.assert_connected();
    let calls = world.provider.calls();
    let [request, token, test] = &calls[..] else { panic!("three requests: {calls:?}") };
    assert_snapshot!(shown(request), @r#"
    POST https://provider.example/oauth1/request
    authorization: OAuth oauth_consumer_key="client%21%2BID",
      oauth_signature_method="HMAC-SHA1",
      oauth_timestamp="1767225600",
      oauth_nonce="14ac577cdb2ef6d986078b4054cc9893",
      oauth_callback="https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279%3Fstate%3DgAXwLUP6BufQWF-2TJYdV-MYsnoUXIV7zTpr20E_9_w",
      oauth_signature="MOW6uB9CS0IK%2BKXsl4HAuw321%2Bw%3D"
    accept: application/x-www-form-urlencoded, application/json
    content-length: 0
    user-agent: Linkspan/0.1.0
    "#);
    assert_snapshot!(shown(token), @r#"
    POST https://provider.example/oauth1/token
    authorization: OAuth oauth_consumer_key="client%21%2BID",
      oauth_signature_method="HMAC-SHA1",
      oauth_timestamp="1767225600",
      oauth_nonce="d27a8d9a8d38c7a37c922450a7a1961f",
      oauth_token="temporary%21%2Btoken%2F1",
      oauth_verifier="verifier%21%2B1%2Fa",
      oauth_signature="xYwI4fVnkHiYDGH0nVe38%2FUSgtk%3D"
    accept: application/x-www-form-urlencoded, application/json
    content-length: 0
    user-agent: Linkspan/0.1.0
    "#);
    assert_snapshot!(shown(test), @r#"
    GET https://provider.example/api/me?fields=name
    accept: application/json
    authorization: OAuth oauth_consumer_key="client%21%2BID",
      oauth_signature_method="HMAC-SHA1",
      oauth_timestamp="1767225600",
      oauth_nonce="1f5edc6f1efb165d45a654798d4baaa5",
      oauth_token="token%21%2B1%2Fa",
      oauth_signature="D5BFEDQOEUVa11IPPTOUf%2B91%2BNg%3D"
    user-agent: Linkspan/0.1.0
    "#);
}

#[tokio::test(start_paused = true)]
async fn the_customer_authorizes_the_temporary_credentials() {
    let world = world_with(&json!({
        "authorizeUri": "https://provider.example/oauth1/authorize?lang=de",
        "scopes": ["read", "write"],
        "extra": { "expiration": "never" },
    }))
    .await;
    let at_provider = begin(&world, &world.browser(), &Start::new()).await;
    assert_snapshot!(at_provider.address, @"https://provider.example/oauth1/authorize?lang=de&oauth_token=temporary%21%2Btoken%2F1&scope=read%2Cwrite&expiration=never");
    assert_eq!(world.provider.calls()[0].uri, "https://provider.example/oauth1/request");
}

#[tokio::test(start_paused = true)]
async fn some_providers_want_to_know_the_scopes_before() {
    let world = world_with(&json!({
        "requestTokenUri": "https://provider.example/oauth1/request?v=2",
        "scopes": ["read", "write"],
        "scopeSeparator": " ",
        "extra": { "expiration": "never" },
        "extraIn": "request",
    }))
    .await;
    let at_provider = begin(&world, &world.browser(), &Start::new()).await;
    assert_snapshot!(at_provider.address, @"https://provider.example/oauth1/authorize?oauth_token=temporary%21%2Btoken%2F1");
    assert_snapshot!(world.provider.calls()[0].uri, @"https://provider.example/oauth1/request?v=2&scope=read+write&expiration=never");
}

#[tokio::test(start_paused = true)]
async fn the_token_credentials_are_kept_with_what_the_provider_adds() {
    let world = world_with(&json!({})).await;
    let id = connect(&world, &world.browser(), &Start::new()).await.connection_id();
    let expected = json!({
        "oauth_token": "token!+1/a", "oauth_token_secret": TOKEN_SECRET, "screen_name": "Ada L.",
    });
    assert_eq!(world.secrets(&id).await["credentials"], expected);
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_the_tables_while_the_flow_lasts_and_after() {
    let world = world_with(&json!({})).await;
    let browser = world.browser();
    let at_provider = begin(&world, &browser, &Start::new()).await;
    let secrets = [CLIENT_SECRET, TEMPORARY_TOKEN, TEMPORARY_SECRET, VERIFIER, TOKEN_SECRET];
    for moment in ["while it lasts", "after"] {
        let dump = world.dump().await;
        assert_eq!(dump.flows.len(), 1);
        for secret in secrets {
            assert!(!dump.contains(secret.as_bytes()), "{secret} {moment}");
        }
        finish(&browser, &at_provider.consent()).await.assert_connected();
    }
}

#[tokio::test(start_paused = true)]
async fn no_two_requests_have_the_same_nonce() {
    let world = world_with(&json!({})).await;
    for _ in 0..2 {
        connect(&world, &world.browser(), &Start::new()).await.assert_connected();
    }
    let calls = world.provider.calls();
    let mut nonces: Vec<String> =
        calls.iter().map(|call| protocol_parameters(call)["oauth_nonce"].clone()).collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!((nonces.len(), calls.len()), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_the_teams_own_keeps_its_query() {
    let mut definition = definitions::oauth1();
    definition["oAuthCallbackUri"] = "https://app.example/oauth/back?from=photos".into();
    let world = World::with(&definition).await;
    answers(&world);
    let browser = world.browser();
    let at_provider = begin(&world, &browser, &Start::new()).await;
    let (page, query) = at_provider.callback.split_once("&state=").unwrap();
    assert_eq!(page, "https://app.example/oauth/back?from=photos");

    let sent_on = format!(
        "/oauth-callback?from=photos&state={query}&oauth_token=temporary%21%2Btoken%2F1&oauth_verifier=v"
    );
    finish(&browser, &sent_on).await.assert_connected();
    assert_eq!(protocol_parameters(&world.provider.calls_to("/oauth1/token")[0])["oauth_verifier"], "v");
}

#[tokio::test(start_paused = true)]
async fn input_fills_the_addresses() {
    let mut definition = definitions::oauth1();
    merge(
        &mut definition["authOptions"][0]["config"],
        &json!({
            "requestTokenUri": "https://${parameters.shop}.provider.example/oauth1/request",
            "authorizeUri": "https://${parameters.shop}.provider.example/oauth1/authorize",
            "tokenUri": "https://${parameters.shop}.provider.example/oauth1/token",
        }),
    );
    definition["authOptions"][0]["inputSchema"] = json!({ "properties": { "shop": {} } });
    let world = World::with(&definition).await;
    answers(&world);
    let start = Start::new().with(&json!({ "connectionParameters": { "shop": "acme" } }));
    let browser = world.browser();
    let at_provider = begin(&world, &browser, &start).await;
    assert_eq!(at_provider.address.host_str(), Some("acme.provider.example"));
    finish(&browser, &at_provider.consent()).await.assert_connected();
    assert_eq!(world.provider.calls()[1].uri, "https://acme.provider.example/oauth1/token");
}

/// The realm is not signed, the method is. Python computes the same signature.
#[tokio::test(start_paused = true)]
async fn methods_and_realm_are_the_providers() {
    let mut definition = definitions::oauth1();
    merge(
        &mut definition["authOptions"][0]["config"],
        &json!({ "requestMethod": "GET", "tokenMethod": "GET", "realm": "${parameters.account}" }),
    );
    definition["authOptions"][0]["inputSchema"] = json!({ "properties": { "account": {} } });
    let world = World::with(&definition).await;
    answers(&world);
    let start = |account: &str| Start::new().with(&json!({ "connectionParameters": { "account": account } }));
    connect(&world, &world.browser(), &start(r#"12_SB "a\b""#)).await.assert_connected();
    let calls = world.provider.calls();
    let [request, token, test] = &calls[..] else { panic!("three requests: {calls:?}") };
    for call in [request, token, test] {
        let header = call.header("authorization");
        assert!(header.starts_with(r#"OAuth realm="12_SB \"a\\b\"", oauth_consumer_key="#), "{header}");
        assert_eq!((call.method.as_str(), call.header("content-length")), ("GET", ""));
    }
    assert_eq!(protocol_parameters(request)["oauth_signature"], "sNTwTtXK/1Y4bA5Q3J0mXPcuKbk=");

    for account in ["é", "a\u{7}"] {
        let refused = world.browser().send(start(account).form()).await.redirected_refusal();
        assert_eq!((refused.key.as_str(), refused.field.as_str()), ("input_invalid", "realm"), "{account}");
    }
    assert_eq!(world.provider.calls().len(), 3);
}
