//! What was stored before there was a check works as far as it can, and says what is to be mended.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{API_KEY, CLIENT_SECRET, api_key, entered, integration, with_options};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Start, World};

fn without_secret(mut definition: Value) -> Value {
    definition["authOptions"][0]["config"].as_object_mut().unwrap().remove("clientSecret");
    definition
}

async fn shown(world: &World, token: &str) -> Value {
    world.api(Method::GET, "/integrations/crm", token, None).await.json()
}

fn fields(shown: &Value) -> Vec<&str> {
    shown["problems"].as_array().unwrap().iter().map(|problem| problem["field"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_as_it_should_be_is_ready() {
    let world = World::new().await;
    let shown = shown(&world, &admin(WORKSPACE)).await;
    assert_eq!((&shown["state"], &shown["hasMissingParameters"]), (&json!("READY"), &json!(false)));
    assert_eq!(shown.get("problems"), None);
}

#[tokio::test(start_paused = true)]
async fn its_problems_are_told_to_who_can_mend_them() {
    let world = World::new().await;
    let mut old = without_secret(with_options(integration(), &[&api_key()]));
    old["authOptions"][0]["config"]["formerSetting"] = true.into();
    old["authOptions"][0]["test"]["method"] = "FETCH".into();
    world.store_unchecked(&old).await;

    let for_manager = shown(&world, &admin(WORKSPACE)).await;
    assert_eq!(
        (&for_manager["state"], &for_manager["hasMissingParameters"]),
        (&json!("SETUP_REQUIRED"), &json!(true))
    );
    assert_eq!(fields(&for_manager), ["authOptions[0].config.formerSetting", "authOptions[0].test.method"]);
    // Nothing is lost of what is stored.
    assert_eq!(for_manager["authOptions"], old["authOptions"]);

    let for_customer = shown(&world, &customer(WORKSPACE, CUSTOMER)).await;
    assert_eq!((&for_customer["state"], for_customer.get("problems")), (&json!("SETUP_REQUIRED"), None));
    let listed = world.api(Method::GET, "/integrations", &admin(WORKSPACE), None).await.json();
    assert_eq!(listed["items"][0]["state"], "SETUP_REQUIRED");

    // What mends it is a definition like any other.
    world.define("crm", &integration()).await;
    assert_eq!(shown(&world, &admin(WORKSPACE)).await["state"], "READY");
}

/// It never reaches the engine, so it cannot hold anybody up: not the manager, and not a customer.
#[tokio::test(start_paused = true)]
async fn a_schema_without_bounds_is_told_and_checks_nothing() {
    let world = World::with(&api_key()).await;
    let mut old = api_key();
    old["authOptions"][0]["inputSchema"]["properties"]["apiKey"]["pattern"] = "(?<=(a|aa)+)b".into();
    world.store_unchecked(&old).await;
    let for_manager = shown(&world, &admin(WORKSPACE)).await;
    assert_eq!(for_manager["state"], "SETUP_REQUIRED");
    assert_eq!(fields(&for_manager), ["authOptions[0].inputSchema"]);
    let start = Start::new().with(&json!({ "connectionParameters": entered() }));
    let refused = world.browser().send(start.form()).await.redirected_refusal();
    assert_eq!((refused.key.as_str(), refused.field.as_str()), ("configuration_invalid", "inputSchema"));
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_there_is_not_any_more_is_left_out() {
    let world = World::new().await;
    let mut old = without_secret(integration());
    old["formerSetting"] = json!({ "a": 1 });
    old["authOptions"][0]["formerSetting"] = 1.into();
    old["authOptions"][0]["config"]["formerSetting"] = true.into();
    old["authOptions"][0]["test"]["formerSetting"] = true.into();
    world.store_unchecked(&old).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    assert_eq!(fields(&shown(&world, &admin(WORKSPACE)).await).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_option_that_cannot_be_read_stops_no_other() {
    let world = World::new().await;
    let mut old = without_secret(with_options(integration(), &[&api_key()]));
    old["authOptions"][0]["config"].as_object_mut().unwrap().remove("tokenUri");
    world.store_unchecked(&old).await;

    let good = Start::new().with(&json!({ "authOptionKey": "api-key", "connectionParameters": entered() }));
    let id = world.browser().send(good.form()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["apiKey"], API_KEY);

    // Nothing takes the place of the one that was meant.
    for start in [Start::new(), Start::new().with(&json!({ "authOptionKey": "oauth" }))] {
        let refused = world.browser().send(start.form()).await.redirected_refusal();
        assert_eq!(refused, refusal(303, "configuration_invalid", "authOptions[0]"));
    }
    assert_eq!(fields(&shown(&world, &admin(WORKSPACE)).await), ["authOptions[0].config.tokenUri"]);
}

#[tokio::test(start_paused = true)]
async fn connections_go_on_as_before() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let mut old = without_secret(integration());
    old["authOptions"][0]["revoke"] = json!({ "path": "revoke", "method": "END", "headers": { "A B": "c" } });
    old["authOptions"][0]["config"]["revocationUri"] = "ftp://provider.example".into();
    world.store_unchecked(&old).await;
    let path = format!("/connections/{id}/proxy/me");
    assert_eq!(world.api(Method::GET, &path, &admin(WORKSPACE), None).await.status, 200);
    let path = format!("/connections/{id}/refresh-credentials");
    assert_eq!(world.api(Method::POST, &path, &admin(WORKSPACE), None).await.status, 204);
    assert_eq!(
        fields(&shown(&world, &admin(WORKSPACE)).await),
        [
            "authOptions[0].config.revocationUri",
            "authOptions[0].revoke.method",
            "authOptions[0].revoke.path",
            "authOptions[0].revoke.headers.A B",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_never_given_is_told() {
    let world = World::empty().await;
    world.define_workspace(WORKSPACE, &tests::definitions::workspace(WORKSPACE)).await;
    let mut old = without_secret(integration());
    old["authOptions"][0]["config"]["clientAuthLocation"] = "headers".into();
    world.store_unchecked(&old).await;
    assert_eq!(fields(&shown(&world, &admin(WORKSPACE)).await), ["authOptions[0].config.clientSecret"]);
}

/// Nobody is cut off without a word; and the whole rule, which needs the public suffix list, waits for the next change.
#[tokio::test(start_paused = true)]
async fn a_host_that_the_customer_names_whole_is_told_where_it_gets_the_secret() {
    let world = World::new().await;
    let mut old = without_secret(integration());
    let option = &mut old["authOptions"][0];
    option["inputSchema"] = json!({ "type": "object", "properties": { "host": { "type": "string" } } });
    option["config"]["tokenUri"] = "https://${parameters.host}/oauth/token".into();
    option["test"]["path"] = "https://${parameters.host}/api/me".into();
    world.store_unchecked(&old).await;
    let start = Start::new().with(&json!({ "connectionParameters": { "host": "provider.example" } }));
    world.connect(&world.browser(), &start).await.assert_connected();
    assert_eq!(fields(&shown(&world, &admin(WORKSPACE)).await), ["authOptions[0].config.tokenUri"]);

    for mended in [
        json!({ "customerHost": true }),
        json!({ "inputSchema": { "type": "object", "properties": { "host": { "enum": ["provider.example"] } } } }),
    ] {
        let mut changed = old.clone();
        tests::definitions::merge(&mut changed["authOptions"][0], &mended);
        world.store_unchecked(&changed).await;
        assert_eq!(shown(&world, &admin(WORKSPACE)).await["state"], "READY");
    }
    old["authOptions"][0]["config"]["clientSecret"] = CLIENT_SECRET.into();
    let changed = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&old)).await.json();
    assert_eq!(fields(&changed["data"]), ["authOptions[0].config.tokenUri", "authOptions[0].test.path"]);
}
