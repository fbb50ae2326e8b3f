//! `${random.…}`: values that are made for one request.

use http::Method;
use serde_json::json;
use tests::answer::parameter;
use tests::definitions::{integration_with, merge};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Start, World};
use url::Url;

fn query(uri: &str, name: &str) -> String {
    parameter(&Url::parse(uri).unwrap(), name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_name_has_one_value_in_a_request_and_another_in_the_next() {
    let mut definition = integration_with(&json!({
        "extra": { "nonce": "${random.nonce}", "again": "${random.nonce}", "other": "${random.other}" },
        "tokenRequest": { "add": { "request_id": "${random.id}" }, "headers": { "X-Request-Id": "${random.id}" } },
        "revocationUri": "https://provider.example/revoke",
        "revocationRequest": { "add": { "request_id": "${random.id}" } },
    }));
    let option = &mut definition["authOptions"][0];
    merge(&mut option["apiClient"], &json!({ "query": { "id": "${random.id}" } }));
    merge(&mut option["test"], &json!({ "query": { "same": "${random.id}" } }));
    let world = World::with(&definition).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let nonce = at_provider.parameter("nonce").unwrap();
    assert!(nonce.len() == 22 && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    assert_eq!(at_provider.parameter("again").unwrap(), nonce);
    assert_ne!(at_provider.parameter("other").unwrap(), nonce);
    let callback = browser.get(&at_provider.consent()).await;
    let id = browser.get(callback.location()).await.connection_id();
    let token_request = world.provider.token_request();
    let sent = token_request.parameter("request_id").unwrap();
    assert_eq!(token_request.header("x-request-id"), sent);
    let refresh = format!("/connections/{id}/refresh-credentials");
    assert!(world.api(Method::POST, &refresh, &admin(WORKSPACE), None).await.status.is_success());
    let proxied = format!("/connections/{id}/proxy/me");
    world.api(Method::GET, &proxied, &customer(WORKSPACE, CUSTOMER), None).await;
    world.provider.always("/revoke", tests::provider::Reply::json(200, &json!({})));
    world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    let mut all = vec![nonce];
    all.extend(
        world.provider.calls_to("/oauth/token").iter().map(|call| call.parameter("request_id").unwrap()),
    );
    all.extend(world.provider.calls_to("/revoke").iter().map(|call| call.parameter("request_id").unwrap()));
    for call in world.provider.calls_to("/api/me") {
        all.push(query(&call.uri, "id"));
        if call.uri.contains("same=") {
            assert_eq!(query(&call.uri, "same"), query(&call.uri, "id"));
        }
    }
    assert_eq!(all.len(), 6, "{all:?}");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6, "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_made_stands_in_no_host_and_has_one_name() {
    let world = World::new().await;
    for (config, field) in [
        (json!({ "tokenUri": "https://${random.a}.example.com/token" }), "authOptions[0].config.tokenUri"),
        (json!({ "tokenUri": "https://${signed.a}.example.com/token" }), "authOptions[0].config.tokenUri"),
        (json!({ "extra": { "nonce": "${random.a.b}" } }), "authOptions[0].config.extra.nonce"),
        (json!({ "extra": { "request": "${signed.a}" } }), "authOptions[0].config.extra.request"),
    ] {
        let definition = integration_with(&config);
        let answer = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["data"]["field"]),
            (400, &json!(field)),
            "{config}"
        );
    }
}
