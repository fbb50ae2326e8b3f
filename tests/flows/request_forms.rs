//! Every form of a request that starts a flow.

use bytes::Bytes;
use http::Request;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::integration_with;
use tests::{Start, World};

const JSON: &str = "application/json";

/// An integration whose address needs what the customer entered.
async fn world() -> World {
    let mut definition = integration_with(&json!({
        "authorizeUri": "https://${parameters.subdomain}.provider.example/oauth/authorize",
    }));
    definition["authOptions"][0]["inputSchema"] = json!({ "properties": { "subdomain": {} } });
    World::with(&definition).await
}

fn start() -> Start {
    Start::new().with(&json!({ "connectionParameters": { "subdomain": "acme" }, "customState": "s" }))
}

/// Sends a start and follows it to its end.
async fn assert_connects(world: &World, request: Request<Bytes>, form: &str) {
    let browser = world.browser();
    let begun = browser.send(request).await;
    let at_provider = begun.away();
    assert_eq!(at_provider.host_str(), Some("acme.provider.example"), "{form}");
    let state = parameter(&at_provider, "state").unwrap();
    let callback = parameter(&at_provider, "redirect_uri").unwrap();
    let answered = browser.get(&format!("{callback}?code=a&state={state}")).await;
    let result = browser.get(answered.location()).await;
    assert_eq!(parameter(&result.away(), "customState").as_deref(), Some("s"), "{form}");
    let id = result.connection_id();
    let secrets = world.secrets(&id).await;
    assert_eq!(secrets["parameters"], json!({ "subdomain": "acme" }), "{form}");
}

#[tokio::test(start_paused = true)]
async fn a_link_a_form_and_json_start_the_same_flow() {
    let world = world().await;
    let start = start();
    let text = start.payload.to_string();
    let link =
        start.clone().from(&[("referer", "https://app.example/settings"), ("sec-fetch-site", "cross-site")]);
    for (form, request) in [
        ("link", link.link("/connection-popup")),
        ("link to the newer name", link.link("/connect")),
        ("form", start.form()),
        ("form to the newer name", start.post_form("/connect", &[("payload", &text)])),
        (
            "form without payload",
            start.post("/connection-popup", "application/x-www-form-urlencoded", start.query()),
        ),
        (
            "form with a charset",
            start.post("/connection-popup", "application/x-www-form-urlencoded;charset=UTF-8", start.query()),
        ),
        ("JSON", start.post("/connection-popup", JSON, text.clone())),
        (
            "JSON with payload as text",
            start.post("/connection-popup", JSON, json!({ "payload": text }).to_string()),
        ),
        (
            "JSON with payload as object",
            start.post("/connection-popup", JSON, json!({ "payload": start.payload }).to_string()),
        ),
    ] {
        assert_connects(&world, request, form).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_sdks_put_the_integration_into_the_query_and_the_rest_into_payload() {
    let world = world().await;
    let rest = start().with(&json!({ "integrationKey": null, "requestId": "r-1" }));
    let request = rest.post_form(
        "/connection-popup?integrationKey=crm&requestId=r-1",
        &[("payload", &rest.payload.to_string())],
    );
    assert_connects(&world, request, "older SDK").await;

    let newer = rest.with(&json!({
        "connectionParameters": null,
        "input": { "subdomain": "acme" },
        "connectorParameters": {},
        "connectionKey": "k",
    }));
    let request = newer.post_form("/connect?integrationKey=crm", &[("payload", &newer.payload.to_string())]);
    assert_connects(&world, request, "newer SDK").await;
}

#[tokio::test(start_paused = true)]
async fn an_integration_is_found_by_its_id_and_by_its_key_under_either_name() {
    let world = world().await;
    let id = tests::definitions::integration_id("acme", "crm");
    for names in [
        json!({ "integrationKey": null, "integrationId": id }),
        json!({ "integrationKey": id }),
        json!({ "integrationKey": null, "integrationId": "crm" }),
        json!({ "integrationKey": "crm", "integrationId": id }),
    ] {
        let start = start().with(&names);
        assert_connects(&world, start.form(), &names.to_string()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_value_given_twice_is_given_once() {
    let world = world().await;
    let start = start().with(&json!({ "allowMultipleConnections": true }));
    let address = "/connection-popup?integrationKey=crm&allowMultipleConnections=true&customState=s";
    let request = start.post_form(address, &[("payload", &start.payload.to_string())]);
    assert_connects(&world, request, "twice").await;
}

#[tokio::test(start_paused = true)]
async fn a_start_without_any_browser_needs_no_confirmation() {
    let world = world().await;
    assert_connects(&world, start().from(&[]).form(), "curl").await;
}

#[tokio::test(start_paused = true)]
async fn without_a_target_the_result_is_told_in_words() {
    let world = World::new().await;
    let start = Start::new().with(&json!({ "redirectUri": null }));
    let browser = world.browser();
    let result = world.connect(&browser, &start).await;
    assert_eq!(result.status.as_u16(), 200);
    let body: Value = result.json();
    let id = body["connectionId"].as_str().unwrap();
    assert_eq!(world.connection(id).await.json()["id"], id);

    let page = world.connect(&browser.for_a_person(), &start).await;
    assert_eq!(page.status.as_u16(), 200);
    assert_snapshot!(page.header("content-type"), @"text/html; charset=utf-8");
    assert!(page.body.contains("<h1>Connected</h1>"), "{}", page.body);
}
