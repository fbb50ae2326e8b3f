//! Whose connection may be reconnected.

use serde_json::json;
use tests::{Start, World, definitions};

use crate::refused::assert_refused_at_target;

/// One answer for all: nobody learns whether an id exists.
#[tokio::test(start_paused = true)]
async fn only_the_customers_own_live_connection_of_that_integration() {
    let world = World::new().await;
    world.define("other", &definitions::integration()).await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let browser = world.browser();
    let archived = world.connect(&browser, &Start::new()).await.connection_id();
    let own = world.connect(&browser, &Start::new()).await.connection_id();
    let foreign = world.connect(&browser, &Start::new().by("user-2")).await.connection_id();
    let other = Start::new().with(&json!({ "integrationKey": "other" }));
    let other = world.connect(&browser, &other).await.connection_id();
    let slot = world
        .dump()
        .await
        .connections
        .iter()
        .find_map(|item| item["pk"].as_s().ok().filter(|key| key.starts_with("slot#")).cloned());

    let mut answers = Vec::new();
    for (case, id) in [
        ("nobody's", "000000000000000000000000"),
        ("another customer's", &foreign),
        ("of another integration", &other),
        ("archived", &archived),
        ("a slot", &slot.unwrap()),
    ] {
        let start = Start::new().with(&json!({ "connectionId": id }));
        let expected = ("not_found", "connectionId");
        let answer = assert_refused_at_target(&world, &world.browser(), &start.form(), expected, case).await;
        answers.push((answer.away().path().to_owned(), answer.told()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");

    world.begin(&browser, &Start::new().with(&json!({ "connectionId": own }))).await;
}

#[tokio::test(start_paused = true)]
async fn a_customer_of_the_same_name_in_another_workspace_is_somebody_else() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let answer = world
        .api(
            http::Method::PUT,
            "/integrations/crm",
            &tests::tokens::admin("globex"),
            Some(&definitions::integration()),
        )
        .await;
    assert_eq!(answer.status.as_u16(), 201);
    let start = Start::new()
        .with(&json!({ "connectionId": id, "token": tests::tokens::customer("globex", "user-1") }));
    let expected = ("not_found", "connectionId");
    assert_refused_at_target(&world, &world.browser(), &start.form(), expected, "globex").await;
}
