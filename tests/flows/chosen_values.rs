//! Further values of the item that a connection is for, such as the address of its API.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{integration_with, merge};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Start, World};

/// As at `DocuSign`: each account has an address of its own.
fn definition(choose: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    merge(
        &mut definition["authOptions"][0],
        &json!({
            "baseUri": "${credentials.account_uri}/restapi",
            "afterConnect": [{
                "path": "https://account.provider.example/userinfo",
                "choose": {
                    "items": "accounts", "value": "id", "label": "name", "as": "account",
                    "response": { "account_uri": "base_uri" },
                },
            }],
        }),
    );
    merge(&mut definition["authOptions"][0]["afterConnect"][0]["choose"], choose);
    definition
}

fn accounts(count: usize) -> Value {
    let account = |n| json!({ "id": n, "name": format!("No {n}"), "base_uri": format!("https://na{n}.provider.example") });
    json!({ "accounts": (1..=count).map(account).collect::<Vec<_>>() })
}

async fn world() -> World {
    let world = World::with(&definition(&json!({}))).await;
    world.provider.always("/restapi/me", Reply::json(200, &json!({})));
    world
}

async fn proxied_to(world: &World, id: &str) -> String {
    let path = format!("/connections/{id}/proxy/me");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    world.provider.calls_to("/restapi/me").pop().unwrap().uri
}

#[tokio::test(start_paused = true)]
async fn the_only_item_brings_its_values() {
    let world = world().await;
    world.provider.always("/userinfo", Reply::json(200, &accounts(1)));
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    assert_eq!(proxied_to(&world, &id).await, "https://na1.provider.example/restapi/me");
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_chooses_brings_its_values_and_the_page_shows_none_of_them() {
    let world = world().await;
    world.provider.always("/userinfo", Reply::json(200, &accounts(3)));
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let result = browser.get(&callback).await.location().to_owned();
    let page = browser.for_a_person().get(&result).await;
    assert!(!page.body.contains("provider.example"), "{}", page.body);
    let answer = browser.send(Form::read(&page).press(Some(("choice", "1")))).await;
    let id = browser.get(answer.location()).await.connection_id();
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!(
        (&credentials["account"], &credentials["account_uri"]),
        (&json!("2"), &json!("https://na2.provider.example"))
    );
    assert_eq!(proxied_to(&world, &id).await, "https://na2.provider.example/restapi/me");
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_names_brings_its_values() {
    let world = world().await;
    world.provider.always("/userinfo", Reply::json(200, &accounts(3)));
    let start = Start::new().with(&json!({ "connectorParameters": { "account": "No 3" } }));
    let id = world.connect(&world.browser(), &start).await.connection_id();
    assert_eq!(proxied_to(&world, &id).await, "https://na3.provider.example/restapi/me");
}

#[tokio::test(start_paused = true)]
async fn an_item_without_one_of_them_cannot_be_chosen() {
    let world = world().await;
    let mut found = accounts(2);
    found["accounts"][0]["base_uri"] = json!("");
    world.provider.always("/userinfo", Reply::json(200, &found));
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["account"], "2");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_no_path_in_the_item_is_refused_by_its_name() {
    let world = World::new().await;
    for (response, name) in [
        (json!({ "account_uri": { "header": "X-Uri" } }), "account_uri"),
        (json!({ "account_uri": "base_uri", "account": "id" }), "account"),
        (json!({ "account_uri": "a..b" }), "account_uri"),
    ] {
        let definition = definition(&json!({ "response": response }));
        let refused = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
        let field = format!("authOptions[0].afterConnect[0].choose.response.{name}");
        assert_eq!(refused.json()["data"]["field"], field.as_str(), "{}", refused.body);
    }
}
