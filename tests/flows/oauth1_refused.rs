//! OAuth 1.0 flows that end without a connection.

use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::oauth1::{TEMPORARY_TOKEN, VERIFIER, answers, begin, finish, form};
use tests::provider::Reply;
use tests::{Start, World, definitions};

async fn world() -> World {
    let world = World::with(&definitions::oauth1()).await;
    answers(&world);
    world
}

async fn assert_nothing_stored(world: &World, case: &str) {
    assert_eq!(world.dump().await.connections.len(), 0, "{case}");
}

/// A callback with these parameters ends so, and no token is requested.
async fn assert_ends(parameters: &[(&str, &str)], key: &str, field: &str) {
    let world = world().await;
    let browser = world.browser();
    let at_provider = begin(&world, &browser, &Start::new()).await;
    let result = finish(&browser, &at_provider.back(parameters)).await;
    assert_eq!(result.redirected_refusal(), refusal(303, key, field), "{parameters:?}");
    assert_eq!(world.provider.calls_to("/oauth1/token").len(), 0, "{parameters:?}");
    assert_nothing_stored(&world, key).await;
}

#[tokio::test(start_paused = true)]
async fn the_customer_says_no_in_every_providers_words() {
    let token = ("oauth_token", TEMPORARY_TOKEN);
    for parameters in [
        &[("denied", TEMPORARY_TOKEN)][..],
        &[token, ("oauth_problem", "permission_denied")],
        &[("error", "access_denied"), ("error_description", "no")],
        &[token, ("oauth_problem", "user_refused")],
        // Whoever says no beside a verifier says no.
        &[token, ("oauth_verifier", VERIFIER), ("error", "access_denied")],
    ] {
        assert_ends(parameters, "authorization_denied", "").await;
    }
    assert_ends(&[token, ("oauth_problem", "signature_invalid")], "authorization_error", "").await;
    assert_ends(&[token, ("error", "server_error")], "authorization_error", "").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_flow_is_not_exchanged() {
    let verifier = ("oauth_verifier", VERIFIER);
    assert_ends(&[("oauth_token", "another"), verifier], "authorization_error", "oauth_token").await;
    assert_ends(&[("oauth_token", ""), verifier], "authorization_error", "oauth_token").await;
    assert_ends(&[verifier], "authorization_error", "oauth_token").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_verifier_is_not_exchanged() {
    assert_ends(&[("oauth_token", TEMPORARY_TOKEN)], "code_missing", "oauth_verifier").await;
}

/// The start ends at once: no flow is stored, and no cookie is set.
async fn assert_refused_at_once(answer: Reply, key: &str) -> Value {
    let world = world().await;
    world.provider.next("/oauth1/request", answer.clone());
    let result = world.browser().send(Start::new().form()).await;
    assert_eq!(result.redirected_refusal().key, key, "{answer:?}");
    assert!(result.cookies().is_empty());
    assert_eq!(world.dump().await.flows.len(), 0, "{answer:?}");
    serde_json::from_str(&parameter(&result.away(), "errorData").unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_is_not_confirmed_ends_the_start() {
    let temporary = [("oauth_token", TEMPORARY_TOKEN), ("oauth_token_secret", "s")];
    for confirmed in [None, Some("false"), Some(""), Some("1")] {
        let mut fields = temporary.to_vec();
        fields.extend(confirmed.map(|confirmed| ("oauth_callback_confirmed", confirmed)));
        assert_refused_at_once(form(&fields), "callback_unconfirmed").await;
    }
    let unconfirmed =
        json!({ "oauth_token": "t", "oauth_token_secret": "s", "oauth_callback_confirmed": false });
    assert_refused_at_once(Reply::json(200, &unconfirmed), "callback_unconfirmed").await;
}

#[tokio::test(start_paused = true)]
async fn every_way_to_confirm_the_callback_is_understood() {
    let world = world().await;
    let temporary = [("oauth_token", TEMPORARY_TOKEN), ("oauth_token_secret", "s")];
    let confirmed = |value: Value| {
        let body = json!({
            "oauth_token": TEMPORARY_TOKEN, "oauth_token_secret": "s", "oauth_callback_confirmed": value,
        });
        Reply::json(200, &body)
    };
    for answer in [
        form(&[temporary.as_slice(), &[("oauth_callback_confirmed", "True")]].concat()),
        confirmed(json!(true)),
        confirmed(json!("true")),
    ] {
        world.provider.next("/oauth1/request", answer);
        let browser = world.browser();
        let at_provider = begin(&world, &browser, &Start::new()).await;
        finish(&browser, &at_provider.consent()).await.assert_connected();
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_for_temporary_credentials_is_the_definitions_problem() {
    for status in [400, 401, 403] {
        let said = Reply::body(status, "text/plain", "oauth_problem=signature_invalid&secret=told");
        let error = assert_refused_at_once(said, "client_rejected").await;
        assert_eq!((&error["type"], &error["data"]["status"]), (&json!("configuration"), &json!(status)));
        assert!(!error.to_string().contains("told"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_answers_for_temporary_credentials_have_their_keys() {
    for status in [408, 425, 429, 503] {
        assert_refused_at_once(Reply::body(status, "text/plain", ""), "provider_unreachable").await;
    }
    assert_refused_at_once(Reply::hangs(), "provider_unreachable").await;
    let confirmed = ("oauth_callback_confirmed", "true");
    for fields in
        [&[confirmed][..], &[("oauth_token", "t"), confirmed], &[("oauth_token_secret", "s"), confirmed]]
    {
        assert_refused_at_once(form(fields), "token_response_invalid").await;
    }
}

#[tokio::test(start_paused = true)]
async fn answers_to_the_token_request_have_their_keys() {
    for (answer, key) in [
        (Reply::body(401, "text/plain", "oauth_problem=token_rejected"), "token_rejected"),
        (Reply::body(502, "text/plain", ""), "provider_unreachable"),
        (Reply::hangs(), "provider_unreachable"),
        (form(&[("oauth_token", "t")]), "token_response_invalid"),
        (form(&[("oauth_token_secret", "s")]), "token_response_invalid"),
        (Reply::body(200, "text/html", "<p>Sorry</p>"), "token_response_invalid"),
    ] {
        let world = world().await;
        world.provider.next("/oauth1/token", answer);
        let browser = world.browser();
        let at_provider = begin(&world, &browser, &Start::new()).await;
        let result = finish(&browser, &at_provider.consent()).await;
        assert_eq!(result.redirected_refusal().key, key);
        assert_nothing_stored(&world, key).await;
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_the_test_call_refuses_are_not_stored() {
    let world = world().await;
    world.provider.always("/api/me", Reply::json(401, &json!({})));
    let browser = world.browser();
    let at_provider = begin(&world, &browser, &Start::new()).await;
    let result = finish(&browser, &at_provider.consent()).await;
    assert_eq!(result.redirected_refusal().key, "credentials_rejected");
    assert_nothing_stored(&world, "test call").await;
}
