//! Installations that begin at the provider: the callback gets a code that nobody asked for.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, REDIRECT_URI, integration};
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::world::callback_path;
use tests::{Answer, World};

const START: &str = "https://app.example/connect?from=list";

fn with_start(start: &str) -> Value {
    let mut definition = integration();
    definition["startUri"] = start.into();
    definition
}

async fn arrives(world: &World, query: &str) -> Answer {
    world.browser().get(&format!("{}?{query}", callback_path())).await
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await
}

#[tokio::test(start_paused = true)]
async fn the_customer_is_sent_to_where_the_team_starts_flows_and_the_code_is_dropped() {
    let world = World::with(&with_start(START)).await;
    let before = world.dump().await;
    for query in ["code=abc", "code=abc&state=", "installation_id=1&setup_action=install", ""] {
        let answer = arrives(&world, query).await;
        let to = answer.away();
        assert!(to.as_str().starts_with("https://app.example/connect?from=list&integrationKey=crm"), "{to}");
        assert_eq!(to.query_pairs().count(), 2, "{to}");
        // Or the browser would carry over the callback's fragment.
        assert_eq!(to.fragment(), Some(""), "{to}");
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    let posted = world.browser().post_cross_site(&callback_path(), "code=abc".to_owned()).await;
    let answer = world.browser().get(posted.location()).await;
    assert_eq!(parameter(&answer.away(), "integrationKey").as_deref(), Some("crm"));
    // A function that has nothing in memory finds the definition by the path alone.
    let fresh = world.restarted();
    assert_eq!(arrives(&fresh, "code=abc").await.away().host_str(), Some("app.example"));
    assert_eq!(world.dump().await, before);
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_the_page_says_where_to_start() {
    let world = World::new().await;
    assert_eq!(arrives(&world, "code=abc").await.refusal(), refusal(400, "state_missing", "state"));
    let person = world.browser().for_a_person();
    let page = person.get(&format!("{}?code=abc", callback_path())).await;
    assert_eq!(page.status.as_u16(), 400);
    for words in ["The service sent you here", "Open the application that you want to connect"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("abc"));
}

#[tokio::test(start_paused = true)]
async fn other_paths_and_errors_lead_nowhere() {
    let world = World::with(&with_start(START)).await;
    let nobody = "0".repeat(32);
    for address in [
        format!("{}?error=access_denied", callback_path()),
        format!("{}?error=access_denied&code=abc", callback_path()),
        "/oauth-callback?code=abc".to_owned(),
        "/oauth-callback/crm?code=abc".to_owned(),
        format!("/oauth-callback/{nobody}?code=abc"),
        format!("{}/?code=abc", callback_path()),
    ] {
        let answer = world.browser().get(&address).await;
        assert_eq!(answer.refusal(), refusal(400, "state_missing", "state"), "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_setting_can_be_changed_and_goes_with_its_integration() {
    let world = World::with(&with_start(START)).await;
    let shown = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await.json();
    assert_eq!(shown["startUri"], START);
    let to_customer =
        world.api(Method::GET, "/integrations/crm", &customer(WORKSPACE, CUSTOMER), None).await.json();
    assert_eq!(to_customer.get("startUri"), None);
    let patch = json!({ "startUri": "https://app.example/other" });
    let patched = world.api(Method::PATCH, "/integrations/crm", &admin(WORKSPACE), Some(&patch)).await;
    assert!(patched.status.is_success(), "{}", patched.body);
    assert_eq!(arrives(&world, "code=abc").await.away().path(), "/other");
    let patch = json!({ "startUri": "https://app.example/#/connect" });
    world.api(Method::PATCH, "/integrations/crm", &admin(WORKSPACE), Some(&patch)).await;
    assert_eq!(
        arrives(&world, "code=abc").await.location(),
        "https://app.example/?integrationKey=crm#/connect"
    );
    assert!(put(&world, &integration()).await.status.is_success());
    assert_eq!(arrives(&world, "code=abc").await.refusal().key, "state_missing");
    assert!(put(&world, &with_start(START)).await.status.is_success());
    let gone = world.api(Method::DELETE, "/integrations/crm", &admin(WORKSPACE), None).await;
    assert!(gone.status.is_success());
    assert_eq!(arrives(&world, "code=abc").await.refusal().key, "state_missing");
}

#[tokio::test(start_paused = true)]
async fn it_is_an_address_of_the_teams_own() {
    let world = World::new().await;
    let before = world.dump().await;
    for start in [
        "https://evil.example/connect",
        "https://app.example.evil.example/connect",
        "https://app.example:8443/connect",
        "http://app.example/connect",
        "https://linkspan.example/connect",
        "/connect",
        "https://app.example/connect?integrationKey=mail",
        "",
    ] {
        let answer = put(&world, &with_start(start)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "startUri"), "{start}");
    }
    assert_eq!(world.dump().await, before);
    // What the workspace no longer knows as its own is not used any more.
    assert!(put(&world, &with_start(START)).await.status.is_success());
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["origins"] = json!(["https://new.example"]);
    world.define_workspace(WORKSPACE, &workspace).await;
    assert_eq!(workspace["redirectUris"][0], REDIRECT_URI);
    assert_eq!(arrives(&world, "code=abc").await.refusal().key, "state_missing");
    let shown = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await.json();
    assert_eq!(
        (&shown["state"], &shown["problems"][0]["field"]),
        (&json!("SETUP_REQUIRED"), &json!("startUri"))
    );
}

/// The note of an id's workspace is no definition, whoever asks for it.
#[tokio::test(start_paused = true)]
async fn the_way_back_from_an_id_is_no_workspace() {
    let world = World::with(&with_start(START)).await;
    let id = definitions::integration_id(WORKSPACE, "crm");
    let key = format!("integration#{id}");
    let path = format!("/workspaces/integration%23{id}");
    let answer = world.api(Method::GET, &path, &admin(ROOT), None).await;
    assert_eq!(answer.status.as_u16(), 404, "{}", answer.body);
    let request = Request::get(format!("/connect?token={}&integrationKey=crm", customer(&key, CUSTOMER)));
    let answer = world.browser().send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(answer.refusal().key, "not_authenticated");
}
