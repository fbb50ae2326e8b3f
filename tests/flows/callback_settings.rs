//! What a definition can say about the provider's answer.

use serde_json::{Value, json};
use tests::answer::{Refusal, parameter, refusal};
use tests::definitions::integration_with;
use tests::world::callback_path;
use tests::{Answer, Start, World};

/// The result of a flow whose answer has these parameters beside the state.
async fn result(world: &World, answer: &[(&str, &str)]) -> Answer {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&at_provider.back(answer)).await;
    browser.get(answered.location()).await
}

/// The refusal that a result carries, and the provider's code in it.
fn refused(result: &Answer) -> (Refusal, Value) {
    let data: Value = serde_json::from_str(&parameter(&result.away(), "errorData").unwrap()).unwrap();
    (result.redirected_refusal(), data["data"]["providerError"].clone())
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_says_no_has_said_no_in_whatever_words() {
    let denials = json!({ "denials": ["user_cancelled_authorize", "user_cancelled_login"] });
    let world = World::with(&integration_with(&denials)).await;
    let denied = refusal(303, "authorization_denied", "");
    for code in ["access_denied", "user_cancelled_authorize", "user_cancelled_login"] {
        let ended = result(&world, &[("error", code), ("error_description", "s3cret")]).await;
        assert_eq!(refused(&ended), (denied.clone(), code.into()));
    }
    // Only whole codes, and nothing that comes from outside, is repeated.
    for code in ["user_cancelled", "USER_CANCELLED_LOGIN", "s3cret"] {
        let ended = result(&world, &[("error", code)]).await;
        assert_eq!(refused(&ended), (refusal(303, "authorization_error", ""), Value::Null), "{code}");
        assert!(!ended.location().contains(code), "{code}");
    }
    let other = World::new().await;
    let ended = result(&other, &[("error", "user_cancelled_login")]).await;
    assert_eq!(ended.redirected_refusal().key, "authorization_error");
    assert!(world.provider.calls().is_empty() && other.provider.calls().is_empty());
}

async fn renamed() -> World {
    World::with(&integration_with(&json!({
        "callbackNames": { "code": "spapi_oauth_code" },
        "callbackParameters": ["selling_partner_id"],
    })))
    .await
}

#[tokio::test(start_paused = true)]
async fn the_code_is_taken_from_where_the_provider_puts_it() {
    let world = renamed().await;
    let answer = [("spapi_oauth_code", "a b"), ("selling_partner_id", "A1"), ("code", "another")];
    let id = result(&world, &answer).await.connection_id();
    assert_eq!(world.provider.token_request().parameter("code").as_deref(), Some("a b"));
    let kept = world.secrets(&id).await["credentials"].clone();
    assert_eq!(kept["selling_partner_id"], "A1");
    assert!(kept.get("spapi_oauth_code").is_none() && kept.get("code").is_none(), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn a_code_under_another_name_is_none_and_two_are_one_too_many() {
    let world = renamed().await;
    let missing = refusal(303, "code_missing", "spapi_oauth_code");
    for answer in [&[("code", "a")][..], &[("spapi_oauth_code", "")], &[]] {
        assert_eq!(result(&world, answer).await.redirected_refusal(), missing, "{answer:?}");
    }
    for (first, second) in [("a", "b"), ("a", "a"), ("", "a")] {
        let twice = [("spapi_oauth_code", first), ("spapi_oauth_code", second)];
        let expected = refusal(303, "parameter_conflict", "spapi_oauth_code");
        assert_eq!(result(&world, &twice).await.redirected_refusal(), expected, "{twice:?}");
    }
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_posted_answer_brings_the_code_along() {
    let world = renamed().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let form = at_provider.answer(&[("spapi_oauth_code", "a"), ("other", "o"), ("selling_partner_id", "A1")]);
    let posted = browser.post_cross_site(&callback_path(), form).await;
    let expected =
        format!("{}?state={}&selling_partner_id=A1&spapi_oauth_code=a", callback_path(), at_provider.state());
    assert_eq!(posted.location(), expected);
    let answered = browser.get(posted.location()).await;
    browser.get(answered.location()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn the_provider_may_know_the_callback_by_another_name() {
    for (value, sent) in [("Acme-Acme-Prod-ab12c", "Acme-Acme-Prod-ab12c"), ("n ${parameters.name}", "n a&b")]
    {
        let mut definition = integration_with(&json!({ "redirectUriValue": value }));
        definition["authOptions"][0]["inputSchema"] = json!({ "properties": { "name": {} } });
        let world = World::with(&definition).await;
        let browser = world.browser();
        let start = Start::new().with(&json!({ "connectionParameters": { "name": "a&b" } }));
        let at_provider = world.begin(&browser, &start).await;
        assert_eq!(at_provider.parameter("redirect_uri").as_deref(), Some(sent));
        // The provider knows where to send the browser.
        let callback = format!("{}?{}", callback_path(), at_provider.answer(&[("code", "a")]));
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await.assert_connected();
        // RFC 6749 §4.1.3: the two must be the same.
        let request = world.provider.token_request();
        let values: Vec<String> =
            request.form().into_iter().filter(|(name, _)| name == "redirect_uri").map(|(_, v)| v).collect();
        assert_eq!(values, [sent]);
    }
}
