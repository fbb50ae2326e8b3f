//! What comes with the code.

use serde_json::{Value, json};
use tests::definitions::integration_with;
use tests::world::callback_path;
use tests::{Start, World};

async fn world() -> World {
    World::with(&integration_with(&json!({ "callbackParameters": ["realmId", "account"] }))).await
}

async fn credentials(world: &World, callback: &[(&str, &str)]) -> Value {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&at_provider.back(callback)).await;
    let id = browser.get(answered.location()).await.connection_id();
    world.secrets(&id).await["credentials"].clone()
}

#[tokio::test(start_paused = true)]
async fn those_that_the_definition_names_are_kept_with_the_credentials() {
    let world = world().await;
    let kept = credentials(&world, &[("code", "a"), ("realmId", "r 1"), ("other", "o")]).await;
    assert_eq!(kept["realmId"], "r 1");
    assert_eq!(kept.get("account"), None);
    assert_eq!(kept.get("other"), None);
    assert_eq!(kept.get("code"), None);
}

#[tokio::test(start_paused = true)]
async fn they_never_replace_what_the_token_response_said() {
    let world =
        World::with(&integration_with(&json!({ "callbackParameters": ["access_token", "scope"] }))).await;
    let kept = credentials(&world, &[("code", "a"), ("access_token", "forged"), ("scope", "forged")]).await;
    assert_eq!(kept, tests::provider::tokens());
}

#[tokio::test(start_paused = true)]
async fn a_posted_answer_becomes_a_link_to_the_same_path() {
    let world = world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let before = world.dump().await;
    let form = at_provider.answer(&[
        ("code", "a b"),
        ("iss", "https://provider.example"),
        ("realmId", "r"),
        ("id_token", "secret.id.token"),
        ("session_state", "s"),
        ("error_uri", "https://evil.example"),
    ]);
    let posted = browser.post_cross_site(&callback_path(), form).await;
    let expected = format!(
        "{}?code=a+b&iss=https%3A%2F%2Fprovider.example&state={}&realmId=r",
        callback_path(),
        at_provider.state()
    );
    assert_eq!(posted.location(), expected);
    assert!(posted.cookies().is_empty());
    assert_eq!(world.dump().await, before, "nothing is claimed by a post");
    assert!(world.provider.calls().is_empty());

    let answered = browser.get(posted.location()).await;
    let id = browser.get(answered.location()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["realmId"], "r");
    assert_eq!(world.provider.token_request().parameter("code").as_deref(), Some("a b"));
}

#[tokio::test(start_paused = true)]
async fn a_posted_answer_to_an_unknown_flow_keeps_the_standard_parameters_only() {
    let world = world().await;
    let form = "code=a&state=nothing&realmId=r".to_owned();
    let posted = world.browser().post_cross_site(&callback_path(), form).await;
    assert_eq!(posted.location(), format!("{}?code=a&state=nothing", callback_path()));
}
