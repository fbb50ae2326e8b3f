//! What a customer reads on a page of ours is for customers; what those who build the application need is in `errorData`.

use serde_json::json;
use tests::provider::Reply;
use tests::{Start, World};

#[tokio::test(start_paused = true)]
async fn a_page_does_not_talk_of_parameters_and_settings() {
    let world = World::new().await;
    let person = world.browser().for_a_person();
    let program = world.browser();
    for (start, happened, ask) in [
        (
            json!({ "redirectUri": "https://evil.example/" }),
            "is not set up for this",
            "only they can put it right",
        ),
        (json!({ "integrationKey": null }), "is not set up for this", "only they can put it right"),
        (json!({ "token": "none" }), "did not say who you are", "If it happens again"),
    ] {
        let start = Start::new().with(&start);
        let page = person.send(start.form()).await.body;
        for words in [happened, ask] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let told = program.send(start.form()).await.json();
        for developers in [told["key"].as_str().unwrap(), told["message"].as_str().unwrap(), "redirectUri"] {
            assert!(!page.contains(developers), "{developers}: {page}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_popup_without_a_listener_says_it_in_the_same_words() {
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let person = world.browser().for_a_person();
    let page = world.connect(&person, &Start::new().with(&json!({ "redirectUri": null }))).await.body;
    let (shown, _) = page.split_once("<script").unwrap();
    for words in ["The sign-in at the service could not be completed.", "connect again"] {
        assert!(shown.contains(words), "{words}: {page}");
    }
    assert!(page.contains("If it happens again, ask the support"), "{page}");
}
