//! What only the customer can do for a connection, and the link by which they do it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{INTEGRATION, workspace};
use tests::tokens::{CUSTOMER, WORKSPACE, WORKSPACE_SECRET, admin, customer, in_an_hour, signed};
use tests::{Start, World};

use crate::connection_requests::{at_provider, consented};

const CUSTOMERS: &str = "The customer has to connect this account again.";

async fn broken(world: &World) -> String {
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let path = format!("/connections/{id}/disconnect");
    let ended = world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(ended.status, 204, "{}", ended.body);
    id
}

async fn read(world: &World, id: &str, token: &str) -> Value {
    world.api(Method::GET, &format!("/connections/{id}"), token, None).await.json()
}

fn link(connection: &Value) -> Option<&str> {
    connection["clientAction"]["uiUrl"].as_str()
}

fn limited(scope: &str) -> String {
    let claims = json!({ "iss": WORKSPACE, "isAdmin": true, "scope": scope, "exp": in_an_hour() });
    signed(&claims, WORKSPACE_SECRET)
}

#[tokio::test(start_paused = true)]
async fn a_link_connects_the_same_connection_again() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    assert_eq!(read(&world, &id, &admin(WORKSPACE)).await.get("clientAction"), None);
    let path = format!("/connections/{id}/disconnect");
    world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;

    let shown = read(&world, &id, &admin(WORKSPACE)).await;
    let url = link(&shown).unwrap().to_owned();
    let expected = json!({ "type": "connect", "description": CUSTOMERS, "uiUrl": url });
    assert_eq!((&shown["state"], &shown["clientAction"]), (&json!("CLIENT_ACTION_REQUIRED"), &expected));
    let browser = world.browser();
    let answer = consented(&browser, &at_provider(&browser, &json!({ "url": url })).await).await;
    assert_eq!(answer.json(), json!({ "connectionId": id }));
    let mended = read(&world, &id, &admin(WORKSPACE)).await;
    assert_eq!((&mended["connected"], mended.get("clientAction")), (&json!(true), None));
}

/// Reading often makes few requests.
#[tokio::test(start_paused = true)]
async fn a_link_is_shown_again_while_it_serves_for_a_day() {
    let world = World::new().await;
    let id = broken(&world).await;
    let first = read(&world, &id, &admin(WORKSPACE)).await;
    world.clock.advance(Duration::from_secs(6 * 86_400 - 1));
    let own = read(&world, &id, &customer(WORKSPACE, CUSTOMER)).await;
    assert_eq!(link(&own), link(&first));
    world.clock.advance(Duration::from_secs(1));
    let next = read(&world, &id, &customer(WORKSPACE, CUSTOMER)).await;
    assert!(link(&next).is_some());
    assert_ne!(link(&next), link(&first));
}

/// One that was used connects nothing a second time.
#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_again_gets_a_new_link() {
    let world = World::new().await;
    let id = broken(&world).await;
    let first = read(&world, &id, &admin(WORKSPACE)).await;
    let browser = world.browser();
    let url = json!({ "url": link(&first) });
    consented(&browser, &at_provider(&browser, &url).await).await;
    let path = format!("/connections/{id}/disconnect");
    world.api(Method::POST, &path, &admin(WORKSPACE), None).await;
    let next = read(&world, &id, &admin(WORKSPACE)).await;
    assert!(link(&next).is_some());
    assert_ne!(link(&next), link(&first));
}

/// Who may only read gets no link that connects. A list makes none for each of its connections.
#[tokio::test(start_paused = true)]
async fn the_link_is_for_who_may_make_one() {
    let world = World::new().await;
    let id = broken(&world).await;
    let told = json!({ "type": "connect", "description": CUSTOMERS });
    let reader = limited("connections:read");
    assert_eq!(read(&world, &id, &reader).await["clientAction"], told);
    let list = world.api(Method::GET, "/connections", &admin(WORKSPACE), None).await.json();
    assert_eq!(list["items"][0]["clientAction"], told);
    let maker = limited("connections:read requests:create");
    assert!(link(&read(&world, &id, &maker).await).is_some());
}

#[tokio::test(start_paused = true)]
async fn where_none_can_be_made_the_rest_is_told() {
    let confirms = World::new().await;
    let id = broken(&confirms).await;
    let mut definition = workspace(WORKSPACE);
    definition["confirmUser"] = true.into();
    confirms.define_workspace(WORKSPACE, &definition).await;
    confirms.forget_definitions();
    assert_eq!(link(&read(&confirms, &id, &admin(WORKSPACE)).await), None);

    let gone = World::new().await;
    let id = broken(&gone).await;
    let path = format!("/integrations/{INTEGRATION}?force=true");
    let deleted = gone.api(Method::DELETE, &path, &admin(WORKSPACE), None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    gone.forget_definitions();
    let shown = read(&gone, &id, &admin(WORKSPACE)).await;
    assert_eq!((link(&shown), &shown["clientAction"]["type"]), (None, &json!("connect")));

    let archived = World::new().await;
    let id = broken(&archived).await;
    archived.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    assert_eq!(read(&archived, &id, &admin(WORKSPACE)).await.get("clientAction"), None);
}
