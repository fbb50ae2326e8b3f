//! Values that a template makes of others.

use serde_json::json;
use tests::definitions;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World};

/// A service whose API keys end in the name of a data centre, and which wants them in HTTP Basic.
fn data_centre() -> serde_json::Value {
    let mut definition = definitions::api_key();
    definition["baseUri"] =
        "https://${match(credentials.apiKey, '-(us[0-9]+)$')}.api.provider.example".into();
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({
        "type": "object", "required": ["apiKey"],
        "properties": { "apiKey": { "type": "string", "isSensitive": true } },
    });
    option["apiClient"] =
        json!({ "headers": { "Authorization": "Basic ${base64('any:', credentials.apiKey)}" } });
    definition
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_key_is_the_host_and_the_key_is_sent_in_base64() {
    let world = World::with(&data_centre()).await;
    world.provider.always("/me", Reply::json(200, &json!({})));
    let start = Start::new().with(&json!({ "connectionParameters": { "apiKey": "0a1b-us6" } }));
    world.browser().send(start.form()).await.assert_connected();
    let calls = world.provider.calls();
    assert_eq!(calls[0].uri, "https://us6.api.provider.example/me");
    assert_eq!(calls[0].header("authorization"), "Basic YW55OjBhMWItdXM2");
}

#[tokio::test(start_paused = true)]
async fn a_key_without_the_part_is_asked_for_again_and_goes_nowhere() {
    let world = World::with(&data_centre()).await;
    for hostile in ["secret", "a-us6.evil.example", "a-us6/..", "a-us6@evil.example", "a-us6\n", "-us6#"] {
        let start = Start::new().with(&json!({ "connectionParameters": { "apiKey": hostile } }));
        let answer = world.browser().send(start.form()).await;
        let refused = answer.redirected_refusal();
        assert_eq!(refused.key, "input_invalid", "{hostile}: {refused:?}");
        assert!(!answer.location().contains("evil"), "{hostile}");
    }
    assert_eq!(world.provider.calls().len(), 0);
    let connections = world.api(http::Method::GET, "/connections", &admin(WORKSPACE), None).await;
    assert_eq!(connections.json()["items"], json!([]));
}
