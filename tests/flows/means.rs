//! One choice that sets several values.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, merge};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World};

/// A service with regions, each of which has a host and an account of its own.
fn regions() -> Value {
    let mut definition = definitions::api_key();
    definition["baseUri"] = "https://${parameters.region.@host}/v1".into();
    let option = &mut definition["authOptions"][0];
    merge(
        &mut option["inputSchema"]["properties"],
        &json!({ "region": {
            "title": "Region", "enum": ["eu", "us"],
            "means": {
                "eu": { "host": "provider.example/eu", "audience": "urn:eu" },
                "us": { "host": "us.provider.example:8443", "audience": "urn:us" },
            },
        } }),
    );
    option["apiClient"]["headers"] =
        json!({ "X-Api-Key": "${credentials.apiKey}", "X-Audience": "${credentials.region.@audience?}" });
    definition
}

#[tokio::test(start_paused = true)]
async fn a_choice_sets_the_host_and_what_else_it_means() {
    for (region, uri, audience) in [
        ("eu", "https://provider.example/eu/v1/me", "urn:eu"),
        ("us", "https://us.provider.example:8443/v1/me", "urn:us"),
    ] {
        let world = World::with(&regions()).await;
        world.provider.always("/eu/v1/me", Reply::json(200, &json!({})));
        world.provider.always("/v1/me", Reply::json(200, &json!({})));
        let browser = world.browser().for_a_person();
        let page = browser.send(Start::new().form()).await;
        let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", "key");
        browser.send(form.fill("input/region", region).submit()).await.assert_connected();
        let call = &world.provider.calls()[0];
        assert_eq!((call.uri.as_str(), call.header("x-audience")), (uri, audience));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_none_of_the_choices_goes_nowhere() {
    let mut definition = regions();
    // The schema as a whole lets other values pass.
    definition["authOptions"][0]["inputSchema"]["properties"]["region"]["enum"] = json!(["eu", "us", 7]);
    let world = World::with(&definition).await;
    for hostile in
        [json!("evil.example"), json!("eu.evil.example"), json!(7), json!({ "@host": "evil.example" })]
    {
        let entered = json!({ "subdomain": "acme", "apiKey": "key", "region": hostile });
        let start = Start::new().with(&json!({ "connectionParameters": entered }));
        let refused = world.browser().send(start.form()).await.redirected_refusal();
        assert_eq!(refused.key, "input_invalid", "{hostile}: {refused:?}");
    }
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_definition_says_what_each_choice_means() {
    let world = World::new().await;
    let put = async |definition: &Value| {
        let answer = world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(definition)).await;
        answer.json()["data"]["problems"][0]["field"].as_str().unwrap_or_default().to_owned()
    };
    let property = |definition: &mut Value, keyword: &str, value: Value| {
        definition["authOptions"][0]["inputSchema"]["properties"]["region"][keyword] = value;
    };
    let path = "authOptions[0].inputSchema.properties.region.means";
    for means in [
        json!("eu"),
        json!({}),
        json!({ "eu": { "host": "a.example" } }),
        json!({ "eu": { "host": "a.example" }, "us": { "audience": "a" } }),
        json!({ "eu": { "host": "a.example" }, "us": { "host": 7 } }),
        json!({ "eu": { "host": "a.example" }, "us": { "host": "" } }),
        json!({ "eu": { "a.b": "a" }, "us": { "a.b": "b" } }),
        json!({ "eu": { "jwt": "a" }, "us": { "jwt": "b" } }),
        json!({ "eu": {}, "us": {} }),
        json!({ "eu": { "host": "a" }, "us": { "host": "b" }, "x": { "host": "c" } }),
    ] {
        let mut definition = regions();
        property(&mut definition, "means", means.clone());
        assert_eq!(put(&definition).await, path, "{means}");
    }
    let mut definition = regions();
    definition["authOptions"][0]["test"]["path"] = "/${parameters.region.@other}".into();
    assert_eq!(put(&definition).await, "authOptions[0].test.path");
    // A text that is no host stands in none that gets credentials.
    for hosts in
        [["a.example", "b.example/../c"], ["a.example", "user@b.example"], ["https://a.example", "b.example"]]
    {
        let mut definition = regions();
        let [eu, us] = hosts.map(|host| json!({ "host": host, "audience": "a" }));
        property(&mut definition, "means", json!({ "eu": eu, "us": us }));
        assert_eq!(put(&definition).await, "baseUri", "{hosts:?}");
    }
    let mut titled = regions();
    property(&mut titled, "enum", Value::Null);
    let region = titled["authOptions"][0]["inputSchema"]["properties"]["region"].as_object_mut().unwrap();
    region.remove("enum");
    region.insert(
        "oneOf".to_owned(),
        json!([{ "const": "eu", "title": "Europe" }, { "const": "us", "title": "US" }]),
    );
    assert_eq!(put(&titled).await, "");
}
