//! The ID token is bound to the flow by a nonce (OpenID Connect Core 1.0 §3.1.2.1, §3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::integration_with;
use tests::provider::tokens;
use tests::{Answer, Reply, Start, World};

fn openid(nonce: Option<bool>) -> Value {
    integration_with(&json!({ "scopes": ["openid", "email"], "nonce": nonce }))
}

/// The result of a flow whose token response has an ID token with what `claims` makes of the flow's nonce.
async fn result(world: &World, claims: impl Fn(Option<String>) -> Option<Value>) -> Answer {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let mut answer = tokens();
    if let Some(claims) = claims(at_provider.parameter("nonce")) {
        answer["id_token"] = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string())).into();
    }
    world.provider.always("/oauth/token", Reply::json(200, &answer));
    let answered = browser.get(&at_provider.consent()).await;
    browser.get(answered.location()).await
}

#[tokio::test(start_paused = true)]
async fn an_id_token_brings_the_nonce_of_its_flow_back() {
    for rule in [None, Some(true)] {
        let world = World::with(&openid(rule)).await;
        let echo = |nonce| Some(json!({ "sub": "1", "nonce": Option::<String>::unwrap(nonce) }));
        result(&world, echo).await.assert_connected();
    }
}

#[tokio::test(start_paused = true)]
async fn the_nonce_of_another_request_is_refused_and_nothing_is_stored() {
    for rule in [None, Some(true)] {
        let world = World::with(&openid(rule)).await;
        let mine = world.begin(&world.browser(), &Start::new()).await.parameter("nonce").unwrap();
        assert!(mine.len() == 43, "{mine}");
        for other in [json!(mine), json!(""), json!(7), json!(["a"])] {
            let ended = result(&world, |_| Some(json!({ "sub": "1", "nonce": other }))).await;
            let expected = refusal(303, "token_response_invalid", "nonce");
            assert_eq!(ended.redirected_refusal(), expected, "{rule:?} {other}");
        }
        assert!(world.provider.calls_to("/api/me").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_does_not_come_back_is_refused_where_the_definition_asks_for_it() {
    let refused = refusal(303, "token_response_invalid", "nonce");
    for claims in
        [None, Some(json!({ "sub": "1" })), Some(json!({ "sub": "1", "nonce": null })), Some(json!([]))]
    {
        let strict = World::with(&openid(Some(true))).await;
        assert_eq!(result(&strict, |_| claims.clone()).await.redirected_refusal(), refused, "{claims:?}");
        // What was defined before nonces were sent goes on.
        let lenient = World::with(&openid(None)).await;
        result(&lenient, |_| claims.clone()).await.assert_connected();
    }
}

#[tokio::test(start_paused = true)]
async fn no_nonce_is_sent_where_none_is_wanted() {
    let own = json!({ "scopes": ["openid"], "extra": { "nonce": "${random.nonce}" } });
    let in_query =
        json!({ "scopes": ["openid"], "authorizeUri": "https://provider.example/oauth/authorize?nonce=n" });
    for (definition, sent) in [
        (openid(Some(false)), 0),
        (integration_with(&json!({ "scopes": ["openidentity", "email"] })), 0),
        (integration_with(&own), 1),
        (integration_with(&in_query), 1),
        (integration_with(&json!({ "scopes": ["email openid"] })), 1),
        (integration_with(&json!({ "scopes": ["email"], "nonce": true })), 1),
    ] {
        let world = World::with(&definition).await;
        let at_provider = world.begin(&world.browser(), &Start::new()).await;
        let found = at_provider.address.query_pairs().filter(|(name, _)| name == "nonce").count();
        assert_eq!(found, sent, "{}", at_provider.address);
    }
    // One of the definition's own making is not ours to compare.
    let world = World::with(&integration_with(&own)).await;
    result(&world, |_| Some(json!({ "sub": "1", "nonce": "another" }))).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn the_provider_may_call_the_nonce_by_another_name() {
    let config = json!({
        "scopes": ["openid"], "nonce": true, "authorizationRequest": { "names": { "nonce": "n" } },
    });
    let world = World::with(&integration_with(&config)).await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.parameter("n").map(|nonce| nonce.len()), Some(43));
    assert_eq!(at_provider.parameter("nonce"), None);
}
