//! Each example of a definition on the pages is one that the service takes.

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::definitions::{integration, merge};
use tests::tokens::{WORKSPACE, admin};

use crate::read;

/// The JSON on a page.
fn examples(page: &str) -> Vec<Value> {
    let text = read(page);
    let blocks = text.split("\n```json\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    blocks
        .map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{page}: {error}: {block}")))
        .collect()
}

/// The definition with an example's part of an option laid over a whole option.
fn with_part(part: &Value) -> Value {
    let mut definition = integration();
    let mut part = part.clone();
    let config = part.as_object_mut().unwrap().remove("config");
    let option = &mut definition["authOptions"][0];
    if part.get("type").is_some_and(|of| of != "oauth2") {
        *option = json!({ "key": "entered", "config": {} });
    }
    // It leaves the names to whoever starts the flow.
    option["inputSchema"] = json!({ "type": "object" });
    merge(option, &part);
    if let Some(config) = config {
        merge(&mut option["config"], &config);
    }
    definition
}

#[tokio::test(start_paused = true)]
async fn every_example_can_be_put() {
    let world = World::new().await;
    let mut put = 0;
    for page in ["docs/integrations.md", "docs/definition-language.md"] {
        for example in examples(page) {
            let definition = if ["authOptions", "connector"].iter().any(|part| example.get(part).is_some()) {
                example.clone()
            } else if ["config", "test", "revoke"].iter().any(|part| example.get(part).is_some()) {
                with_part(&example)
            } else {
                // A workspace, or an answer.
                continue;
            };
            put += 1;
            let path = format!("/integrations/example-{put}");
            let answer = world.api(Method::PUT, &path, &admin(WORKSPACE), Some(&definition)).await;
            assert!(answer.status.is_success(), "{page}: {example}: {}", answer.body);
        }
    }
    assert!(put > 15, "only {put} examples were found");
}
