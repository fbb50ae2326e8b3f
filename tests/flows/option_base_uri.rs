//! An option whose API has an address of its own.

use http::Method;
use serde_json::json;
use tests::definitions::{self, merge};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Start, World};

#[tokio::test(start_paused = true)]
async fn an_options_own_address_wins_over_the_integrations() {
    let mut sandbox = definitions::integration();
    merge(
        &mut sandbox["authOptions"][0],
        &json!({ "key": "sandbox", "baseUri": "https://sandbox.example/v2" }),
    );
    let world = World::with(&definitions::with_options(definitions::integration(), &[&sandbox])).await;
    for path in ["/v2/me", "/v2/items", "/api/items"] {
        world.provider.always(path, Reply::json(200, &json!({})));
    }
    for (option, base) in
        [("oauth", "https://provider.example/api"), ("sandbox", "https://sandbox.example/v2")]
    {
        let before = world.provider.calls().len();
        let start = Start::new().with(&json!({ "authOptionKey": option }));
        let id = world.connect(&world.browser(), &start).await.connection_id();
        let path = format!("/connections/{id}/proxy/items");
        let proxied = world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
        assert_eq!(proxied.status, 200, "{}", proxied.body);
        let called: Vec<String> =
            world.provider.calls()[before..].iter().map(|call| call.uri.clone()).collect();
        let token = "https://provider.example/oauth/token".to_owned();
        assert_eq!(called, [token, format!("{base}/me"), format!("{base}/items")]);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_held_to_the_rules_of_the_integrations() {
    let world = World::new().await;
    for (base_uri, problem) in [
        ("https://sandbox.example/v2?a=b", "has a query or a fragment"),
        ("http://sandbox.example", "does not begin with `https://`"),
        ("https://10.0.0.1/v2", "private address"),
        ("https://${parameters.host}", "`${parameters.host}`"),
        ("https://${integration.secret}/", "`${integration.secret}`"),
    ] {
        let mut definition = definitions::integration();
        merge(&mut definition["authOptions"][0], &json!({ "baseUri": base_uri }));
        let answer =
            world.api(Method::PUT, "/integrations/other", &admin(WORKSPACE), Some(&definition)).await;
        let problems = answer.json()["data"]["problems"].clone();
        let fits = |of: &serde_json::Value| {
            of["field"] == "authOptions[0].baseUri" && of["problem"].as_str().unwrap().contains(problem)
        };
        assert!(problems.as_array().unwrap().iter().any(fits), "{base_uri}: {}", answer.body);
    }
    // It is enough without the integration's.
    let mut definition = definitions::integration();
    definition.as_object_mut().unwrap().remove("baseUri");
    merge(&mut definition["authOptions"][0], &json!({ "baseUri": "https://sandbox.example/v2" }));
    let answer = world.api(Method::PUT, "/integrations/other", &admin(WORKSPACE), Some(&definition)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}
