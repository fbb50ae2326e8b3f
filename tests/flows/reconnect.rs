//! A connection is connected again.

use std::time::Duration;

use serde_json::json;
use tests::definitions::integration_with;
use tests::provider::Reply;
use tests::{Start, World};

fn again(id: &str) -> Start {
    Start::new().with(&json!({ "connectionId": id }))
}

#[tokio::test(start_paused = true)]
async fn it_keeps_its_id_its_name_and_its_age_and_gets_new_credentials() {
    let world = World::new().await;
    let browser = world.browser();
    let first = world.connect(&browser, &Start::new().with(&json!({ "name": "My CRM" }))).await;
    let id = first.connection_id();
    let before = world.connection(&id).await.json();
    assert_eq!(before["name"], "My CRM");

    world.clock.advance(Duration::from_hours(24));
    world.provider.next("/oauth/token", Reply::json(200, &json!({ "access_token": "newer" })));
    let token = tests::tokens::signed(
        &json!({ "iss": "acme", "id": "user-1", "exp": tests::tokens::in_an_hour() + 86_400 }),
        tests::tokens::WORKSPACE_SECRET,
    );
    let second = world.connect(&browser, &again(&id).with(&json!({ "token": token }))).await;
    assert_eq!(second.connection_id(), id);

    let dump = world.dump().await;
    assert_eq!(dump.live_connections().len(), 1);
    assert_eq!(dump.archived_connections().len(), 0);
    assert_eq!(dump.live_connections()[0]["version"].as_n().unwrap(), "2");
    assert_eq!(dump.slot_ids(), [id.as_str()]);
    let after = world.api(http::Method::GET, &format!("/connections/{id}"), &token, None).await.json();
    assert_eq!(after["name"], "My CRM");
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert_eq!(after["updatedAt"], "2026-01-02T00:00:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn its_credentials_are_the_new_ones() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    world.provider.next("/oauth/token", Reply::json(200, &json!({ "access_token": "newer" })));
    world.connect(&browser, &again(&id)).await.assert_connected();
    assert_eq!(world.secrets(&id).await["credentials"], json!({ "access_token": "newer" }));
}

#[tokio::test(start_paused = true)]
async fn a_new_name_replaces_the_old_one() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    world.connect(&browser, &again(&id).with(&json!({ "name": "Newer" }))).await.assert_connected();
    assert_eq!(world.connection(&id).await.json()["name"], "Newer");
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_entered_before_is_used_again_unless_it_is_given_anew() {
    let mut definition = integration_with(&json!({
        "authorizeUri": "https://${parameters.subdomain}.provider.example/${connectorParameters.region}",
    }));
    definition["authOptions"][0]["inputSchema"] = json!({ "type": "object", "required": ["subdomain"] });
    let world = World::with(&definition).await;
    let browser = world.browser();
    let entered = json!({
        "connectionParameters": { "subdomain": "first" },
        "connectorParameters": { "region": "eu" },
    });
    let id = world.connect(&browser, &Start::new().with(&entered)).await.connection_id();

    let at_provider = world.begin(&browser, &again(&id)).await;
    assert!(at_provider.address.as_str().starts_with("https://first.provider.example/eu?"));
    let answered = browser.get(&at_provider.consent()).await;
    browser.get(answered.location()).await.assert_connected();
    let secrets = world.secrets(&id).await;
    assert_eq!(secrets["parameters"], entered["connectionParameters"]);
    assert_eq!(secrets["connectorParameters"], entered["connectorParameters"]);

    let changed = again(&id).with(&json!({ "connectionParameters": { "subdomain": "second" } }));
    let at_provider = world.begin(&browser, &changed).await;
    assert!(at_provider.address.as_str().starts_with("https://second.provider.example/eu?"));
}

/// What is entered belongs to the option that it was entered for: another one asks anew.
#[tokio::test(start_paused = true)]
async fn another_option_starts_with_nothing() {
    let mut definition = integration_with(&json!({
        "authorizeUri": "https://provider.example/oauth/authorize?p=${parameters.subdomain}&c=${connectorParameters.region}",
    }));
    definition["authOptions"][0]["inputSchema"] = json!({ "type": "object", "required": ["subdomain"] });
    let mut second = definition["authOptions"][0].clone();
    second["key"] = "other".into();
    definition["authOptions"].as_array_mut().unwrap().push(second);
    let world = World::with(&definition).await;
    let browser = world.browser();
    let entered = json!({
        "connectionParameters": { "subdomain": "first" },
        "connectorParameters": { "region": "eu" },
    });
    let id = world.connect(&browser, &Start::new().with(&entered)).await.connection_id();
    let before = world.secrets(&id).await;

    let other = again(&id).with(&json!({ "authOptionKey": "other" }));
    let refused = browser.send(other.form()).await.redirected_refusal();
    assert_eq!((&*refused.key, &*refused.field), ("input_invalid", "connectionParameters.subdomain"));
    let half = other.clone().with(&json!({ "connectionParameters": { "subdomain": "second" } }));
    let refused = browser.send(half.form()).await.redirected_refusal();
    assert_eq!((&*refused.key, &*refused.field), ("input_invalid", "connectorParameters.region"));
    assert_eq!(world.secrets(&id).await, before);
    assert_eq!(world.connect(&browser, &other.with(&entered)).await.connection_id(), id);
}

#[tokio::test(start_paused = true)]
async fn it_leaves_the_customers_other_connections_alone() {
    let world = World::new().await;
    let browser = world.browser();
    let many = json!({ "allowMultipleConnections": true });
    let first = world.connect(&browser, &Start::new().with(&many)).await.connection_id();
    let second = world.connect(&browser, &Start::new().with(&many)).await.connection_id();
    for flag in [true, false] {
        let start = again(&first).with(&json!({ "allowMultipleConnections": flag }));
        assert_eq!(world.connect(&browser, &start).await.connection_id(), first);
        let dump = world.dump().await;
        assert_eq!(dump.live_connections().len(), 2);
        let mut expected = [first.clone(), second.clone()];
        expected.sort();
        assert_eq!(dump.slot_ids(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_was_replaced_meanwhile_is_not_brought_back() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    let reconnecting = world.begin(&browser, &again(&old)).await;
    let new = world.connect(&browser, &Start::new()).await.connection_id();
    let answered = browser.get(&reconnecting.consent()).await;
    let refusal = browser.get(answered.location()).await.redirected_refusal();
    assert_eq!((refusal.key.as_str(), refusal.field.as_str()), ("not_found", "connectionId"));
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [new.as_str()]);
    assert_eq!(dump.live_connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_uses_the_option_that_the_connection_was_made_with() {
    let mut definition = tests::definitions::integration();
    let mut second = definition["authOptions"][0].clone();
    second["key"] = "other".into();
    second["config"]["clientId"] = "second".into();
    definition["authOptions"].as_array_mut().unwrap().push(second);
    let world = World::with(&definition).await;
    let browser = world.browser();
    let other = Start::new().with(&json!({ "authOptionKey": "other" }));
    let id = world.connect(&browser, &other).await.connection_id();
    let at_provider = world.begin(&browser, &again(&id)).await;
    assert_eq!(at_provider.parameter("client_id").as_deref(), Some("second"));
}
