//! The defaults of a schema stand for what nobody entered, in whatever way it could have come.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, API_KEY, merge};
use tests::form::Form;
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin};
use tests::{Start, World};

fn definition() -> Value {
    let mut definition = definitions::api_key();
    let schema = &mut definition["authOptions"][0]["inputSchema"];
    merge(
        &mut schema["properties"],
        &json!({
            "region": { "type": "string", "default": "us", "pattern": "^[a-z]+$" },
            "server": { "type": "object", "properties": { "port": { "type": "integer", "default": 443 } } },
        }),
    );
    schema["required"] = json!(["apiKey", "region", "server"]);
    definition
}

fn whole() -> Value {
    json!({ "apiKey": API_KEY, "region": "us", "server": { "port": 443 } })
}

fn start(entered: &Value) -> Start {
    Start::new().with(&json!({ "connectionParameters": entered }))
}

async fn assert_entered(world: &World, id: &str, expected: &Value) {
    let read = world.secrets(id).await;
    assert_eq!((&read["parameters"], &read["credentials"]), (expected, expected));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_leaves_them_out_stores_them() {
    let world = World::with(&definition()).await;
    let id = world.browser().send(start(&json!({ "apiKey": API_KEY })).form()).await.connection_id();
    assert_entered(&world, &id, &whole()).await;
    // What is given is given, and checked.
    let given = json!({ "apiKey": API_KEY, "region": "eu", "server": { "port": 1 } });
    let id = world.browser().send(start(&given).form()).await.connection_id();
    assert_entered(&world, &id, &given).await;
    let bad = start(&json!({ "apiKey": API_KEY, "region": "EU" }));
    assert_eq!(
        world.browser().send(bad.form()).await.redirected_refusal(),
        refusal(303, "input_invalid", "connectionParameters.region")
    );
}

/// A customer who can be asked sees them first, and may enter something else.
#[tokio::test(start_paused = true)]
async fn the_form_shows_those_that_are_required() {
    let world = World::with(&definition()).await;
    for (typed, expected) in [(None, "us"), (Some("eu"), "eu"), (Some(""), "us")] {
        let browser = world.browser().for_a_person();
        let page = browser.send(start(&json!({ "apiKey": API_KEY })).form()).await;
        let mut form = Form::read(&page);
        assert_eq!(
            (&*form.control("input/region").value, &*form.control("input/server/port").value),
            ("us", "443")
        );
        form = form.fill("input/apiKey", API_KEY);
        if let Some(typed) = typed {
            form = form.fill("input/region", typed);
        }
        let id = browser.send(form.submit()).await.connection_id();
        assert_eq!(world.secrets(&id).await["credentials"]["region"], expected, "{typed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_required_asks_nobody() {
    let mut definition = definition();
    definition["authOptions"][0]["inputSchema"]["required"] = json!(["apiKey"]);
    let world = World::with(&definition).await;
    let browser = world.browser().for_a_person();
    let id = browser.send(start(&json!({ "apiKey": API_KEY })).form()).await.connection_id();
    assert_entered(&world, &id, &json!({ "apiKey": API_KEY, "region": "us" })).await;
}

#[tokio::test(start_paused = true)]
async fn given_and_changed_credentials_get_them_too() {
    let world = World::with(&definition()).await;
    for field in ["credentials", "parameters"] {
        let given = json!({ "apiKey": API_KEY });
        let body = json!({ "integrationKey": "crm", "userId": CUSTOMER, field: given });
        let made = world.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_entered(&world, &id, &whole()).await;
        let body = json!({ field: { "apiKey": "second" } });
        let changed =
            world.api(Method::PATCH, &format!("/connections/{id}"), &admin(WORKSPACE), Some(&body)).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let mut expected = whole();
        expected["apiKey"] = "second".into();
        assert_entered(&world, &id, &expected).await;
    }
}

/// The templates of a shared integration need them, whatever the schema of the option that borrows it says.
#[tokio::test(start_paused = true)]
async fn those_of_a_shared_integration_apply_to_what_borrows_it() {
    let world = World::empty().await;
    world.define_workspace(WORKSPACE, &definitions::workspace(WORKSPACE)).await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    let mut shared = definition();
    shared["shared"] = true.into();
    shared["authOptions"][0]["apiClient"]["headers"]["X-Region"] =
        "${parameters.region}/${parameters.zone}".into();
    let zone = json!({ "zone": { "type": "string", "default": "owners" } });
    merge(&mut shared["authOptions"][0]["inputSchema"]["properties"], &zone);
    let put = world.api(Method::PUT, "/integrations/shared", &admin(ROOT), Some(&shared)).await;
    assert_eq!(put.status, 201, "{}", put.body);
    let option = json!({
        "key": "shared", "type": "proxy", "config": { "proxyKey": "shared" },
        "inputSchema": { "type": "object", "properties": { "zone": { "default": "borrowers" } } },
    });
    world.define("crm", &json!({ "name": "Ours", "authOptions": [option] })).await;
    world.browser().send(start(&json!({ "apiKey": API_KEY })).form()).await.assert_connected();
    let call = world.provider.calls_to("/api/me").pop().unwrap();
    assert_eq!(call.header("x-region"), "us/borrowers");
}
