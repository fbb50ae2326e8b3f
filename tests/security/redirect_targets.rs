//! Results go only where the workspace said. The long list of evil addresses is tested with the type itself; here is
//! what the whole request does with the classic ones.

use serde_json::json;
use tests::answer::refusal;
use tests::{Start, World};

use crate::refused::assert_refused;

const EVIL: &[&str] = &[
    "https://evil.example/connected",
    "https://app.example@evil.example/connected",
    "https://app.example:443@evil.example/connected",
    "https://user@app.example/connected",
    "//evil.example/connected",
    "///evil.example/connected",
    "/connected",
    "https://app.example.evil.example/connected",
    "https://evilapp.example/connected",
    "https://app.example\\@evil.example/connected",
    "https:\\\\app.example\\connected",
    "https://evil.example\\.app.example/connected",
    "https://evil.example#https://app.example/connected",
    "https://evil.example#@app.example/connected",
    "https://evil.example?@app.example/connected",
    "https://app.example%40evil.example/connected",
    "https://app.example/connected/../evil",
    "https://app.example/connected/",
    "https://app.example/Connected",
    "https://app.example/wild/../evil",
    "https://app.example/wild/%2e%2e/evil",
    "https://app.example/wild/..%2fevil",
    "https://app.example/wild",
    "https://app.example:8443/connected",
    "http://app.example/connected",
    "http://localhost/connected",
    "http://127.0.0.1/connected",
    "https://localhost/connected",
    "javascript:alert(1)//https://app.example/connected",
    "data:text/html,https://app.example/connected",
    "https://app.example/connected\r\nSet-Cookie: a=b",
    " https://app.example/connected",
    "https://аpp.example/connected",
];

#[tokio::test(start_paused = true)]
async fn a_target_that_the_workspace_does_not_list_is_never_redirected_to() {
    let world = World::new().await;
    let browser = world.browser();
    let expected = refusal(400, "redirect_uri_not_allowed", "redirectUri");
    for evil in EVIL {
        let start = Start::new().with(&json!({ "redirectUri": evil }));
        assert_refused(&world, &browser, &start.form(), &expected, evil).await;
        assert_refused(&world, &browser, &start.from(&[]).link("/connect"), &expected, evil).await;
    }
}

/// Whatever else is wrong, the target is judged first: an error must not be sent to an address of an attacker's choice.
#[tokio::test(start_paused = true)]
async fn an_error_is_not_redirected_to_an_evil_target_either() {
    let world = World::new().await;
    let expected = refusal(400, "redirect_uri_not_allowed", "redirectUri");
    for other in [
        json!({ "integrationKey": "nothing" }),
        json!({ "connectionId": "nothing" }),
        json!({ "authOptionKey": "nothing" }),
    ] {
        let start = Start::new().with(&json!({ "redirectUri": "https://evil.example/" })).with(&other);
        assert_refused(&world, &world.browser(), &start.form(), &expected, &other.to_string()).await;
    }
}

/// Without a token nobody learns which targets a workspace allows.
#[tokio::test(start_paused = true)]
async fn the_token_is_judged_before_the_target() {
    let world = World::new().await;
    let expected = refusal(401, "not_authenticated", "token");
    for target in ["https://app.example/connected", "https://evil.example/"] {
        let start = Start::new().with(&json!({ "redirectUri": target, "token": null }));
        assert_refused(&world, &world.browser(), &start.form(), &expected, target).await;
    }
}
