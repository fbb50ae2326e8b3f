//! An integration that names a connector: whatever it leaves out comes from there.

use http::Method;
use protocol::definition::integration_id;
use protocol::id::WorkspaceKey;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, CLIENT_SECRET, INTEGRATION};
use tests::permissions::by_hand;
use tests::provider::{Reply, tokens};
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start, World};

const PATH: &str = "/integrations/crm";

async fn call(world: &World, method: Method, body: &Value) -> Answer {
    let body = (method != Method::GET).then_some(body);
    world.api(method, PATH, &admin(WORKSPACE), body).await
}

fn asana() -> Value {
    json!({ "connector": "asana", "parameters": { "clientId": "client!+ID", "clientSecret": CLIENT_SECRET } })
}

async fn world() -> World {
    let world = World::with(&asana()).await;
    world.provider.always("/-/oauth_token", Reply::json(200, &tokens()));
    world.provider.always("/api/1.0/users/me", Reply::json(200, &json!({})));
    world
}

/// What is stored of the usual integration.
async fn stored(world: &World) -> flow::store::StoredDefinition {
    let workspace = WorkspaceKey::new(WORKSPACE);
    let id = integration_id(&workspace, INTEGRATION);
    by_hand(world.deps.store.read_integration(&workspace, &id)).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_connector_and_a_client_are_enough() {
    let world = world().await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.address.host_str(), Some("app.asana.com"));
    assert_eq!(at_provider.parameter("client_id").as_deref(), Some("client!+ID"));
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let request = world.provider.calls_to("/-/oauth_token").pop().unwrap();
    assert_eq!(request.parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
    let shown = call(&world, Method::GET, &Value::Null).await;
    assert!(!shown.body.contains(CLIENT_SECRET), "{}", shown.body);
    let shown = shown.json();
    let version = catalogue::connector("asana").unwrap().version;
    assert_eq!((&shown["name"], &shown["connector"]), (&json!("Asana"), &json!("asana")));
    assert_eq!(shown["connectorVersion"], version);
    assert!(shown.get("latestConnectorVersion").is_none());
    assert_eq!(shown["given"], json!({ "connector": "asana", "parameters": { "clientId": "client!+ID" } }));
    assert_eq!(shown["authOptions"][1]["key"], "api-key");
    assert_eq!(shown["parametersSchema"]["required"], json!(["clientId", "clientSecret"]));
    assert!(!world.dump().await.contains(CLIENT_SECRET.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn what_is_given_comes_before_the_connectors() {
    let world = world().await;
    let mut given = asana();
    given["name"] = "Our tasks".into();
    given["authOptions"] = json!([
        { "key": "api-key", "enabled": false },
        { "key": "oauth", "title": null, "config": { "scopes": ["users:read"], "clientSecret": "own!+secret" } },
    ]);
    let answer = call(&world, Method::PUT, &given).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let shown = answer.json();
    let options = &shown["authOptions"];
    assert_eq!(
        (&shown["name"], &options[0]["config"]["scopes"]),
        (&json!("Our tasks"), &json!(["users:read"]))
    );
    assert_eq!((options[0].get("title"), &options[1]["enabled"]), (None, &json!(false)));
    assert_eq!(options[0]["config"]["tokenUri"], "https://app.asana.com/-/oauth_token");
    assert!(!answer.body.contains("own!+secret") && !world.dump().await.contains(b"own!+secret"));
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let request = world.provider.calls_to("/-/oauth_token").pop().unwrap();
    assert_eq!(request.parameter("client_secret").as_deref(), Some("own!+secret"));
    // `null` removes the option's own, and the parameter takes its place.
    given["authOptions"][1]["config"]["clientSecret"] = Value::Null;
    assert_eq!(call(&world, Method::PUT, &given).await.status, 200);
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let request = world.provider.calls_to("/-/oauth_token").pop().unwrap();
    assert_eq!(request.parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
}

#[tokio::test(start_paused = true)]
async fn a_patch_changes_what_was_given() {
    let world = world().await;
    let patch = json!({ "name": "Our tasks", "baseUri": "https://proxy.example/asana" });
    let shown = call(&world, Method::PATCH, &patch).await.json();
    assert_eq!((&shown["name"], &shown["baseUri"]), (&patch["name"], &patch["baseUri"]));
    let shown = call(&world, Method::PATCH, &json!({ "name": null, "baseUri": null })).await.json();
    assert_eq!(
        (&shown["name"], &shown["baseUri"]),
        (&json!("Asana"), &json!("https://app.asana.com/api/1.0"))
    );
    assert_eq!(shown["given"], json!({ "connector": "asana", "parameters": { "clientId": "client!+ID" } }));
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let request = world.provider.calls_to("/-/oauth_token").pop().unwrap();
    assert_eq!(request.parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
}

#[tokio::test(start_paused = true)]
async fn a_newer_version_is_shown_and_is_applied_by_one_call() {
    let world = world().await;
    let workspace = WorkspaceKey::new(WORKSPACE);
    let id = integration_id(&workspace, INTEGRATION);
    let before = stored(&world).await;
    let version = catalogue::connector("asana").unwrap().version;
    // As an older catalogue would have stored it.
    let mut older: Value = serde_json::from_str(&before.definition).unwrap();
    older["connectorVersion"] = "000000000000".into();
    older["authOptions"][0]["config"]["scopes"] = json!(["old"]);
    let older = flow::store::StoredDefinition { definition: older.to_string(), ..before.clone() };
    let put = world.deps.store.put_integration(&workspace, &id, Some(&before), older);
    assert!(by_hand(put).await.unwrap());
    world.forget_definitions();
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.parameter("scope").as_deref(), Some("old"));
    let shown = call(&world, Method::GET, &Value::Null).await.json();
    assert_eq!(shown["connectorVersion"], "000000000000");
    assert_eq!(shown["latestConnectorVersion"], version);
    let unknown = call(&world, Method::PATCH, &json!({ "connectorVersion": "000000000000" })).await;
    assert_eq!(unknown.refusal(), refusal(400, "request_malformed", "connectorVersion"));
    let shown = call(&world, Method::PATCH, &json!({ "connectorVersion": "latest" })).await.json();
    assert_eq!(shown["connectorVersion"], version);
    assert!(shown.get("latestConnectorVersion").is_none());
    let after = stored(&world).await;
    assert!((after.definition, after.given) == (before.definition, before.given));
    let again = call(&world, Method::PATCH, &json!({ "connectorVersion": version })).await;
    assert_eq!(again.status, 200, "{}", again.body);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_no_connector_is_refused_with_those_that_are_near() {
    let world = world().await;
    let before = world.dump().await;
    for (connector, near) in
        [("asanna", "`asana`"), ("Dropbox", "`dropbox`"), ("zzzzzzzz", "GET /connectors")]
    {
        let mut given = asana();
        given["connector"] = connector.into();
        let answer = call(&world, Method::PUT, &given).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "connector"));
        assert!(answer.json()["message"].as_str().unwrap().contains(near), "{}", answer.body);
    }
    let version = json!({ "connectorVersion": "latest", "name": "x", "authOptions": [] });
    let answer = call(&world, Method::PUT, &version).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "connectorVersion"));
    let answer = call(&world, Method::PUT, &json!({ "connector": 3 })).await;
    assert_eq!(answer.refusal().status, 400);
    let answer = call(&world, Method::PUT, &json!({ "connector": "asana", "parameters": null })).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "parameters.clientId"));
    assert_eq!(world.dump().await, before);
}

/// Before there was a catalogue, `connector` was any text, and had no effect.
#[tokio::test(start_paused = true)]
async fn a_definition_of_before_goes_on_without_its_connector() {
    for name in ["no such connector", "asana"] {
        let world = World::new().await;
        let mut definition: Value = serde_json::from_str(&stored(&world).await.definition).unwrap();
        definition["connector"] = name.into();
        world.store_unchecked(&definition).await;
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
        let shown = call(&world, Method::GET, &Value::Null).await.json();
        assert_eq!((&shown["state"], &shown["connector"]), (&json!("READY"), &json!(name)));
        let answer = call(&world, Method::PATCH, &json!({ "name": "New" })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let shown = answer.json();
        assert_eq!((&shown["name"], &shown["connector"]), (&json!("New"), &json!(name)));
        assert_eq!(shown["authOptions"].as_array().unwrap().len(), 1);
        assert!(shown.get("given").is_none() && shown.get("connectorVersion").is_none());
        let answer = call(&world, Method::PATCH, &json!({ "connectorVersion": "latest" })).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "connectorVersion"));
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_patches_of_what_was_given_neither_is_lost() {
    let world = world().await;
    // The whole definition is the same after this one: only what was given has changed.
    let same = json!({ "name": "Asana" });
    let request = tests::browser::api_request(&Method::PATCH, PATH, &admin(WORKSPACE), Some(&same));
    let browser = world.browser();
    world.wire.meanwhile("PutItem", async move {
        assert_eq!(browser.send(request).await.status, 200);
    });
    let logo = json!({ "logoUri": "https://example.com/logo.svg" });
    let shown = call(&world, Method::PATCH, &logo).await.json();
    assert_eq!((&shown["given"]["name"], &shown["given"]["logoUri"]), (&same["name"], &logo["logoUri"]));
}

#[tokio::test(start_paused = true)]
async fn an_integration_can_get_a_connector_and_another_one_without_its_secret_going_there() {
    let world = World::with(&definitions::integration()).await;
    let patch =
        json!({ "connector": "asana", "parameters": { "clientId": "a", "clientSecret": "b!+secret" } });
    // The connector adds an address to the option, which has a secret of its own.
    let answer = call(&world, Method::PATCH, &patch).await;
    let field = "authOptions[0].config.clientSecret";
    assert_eq!(answer.refusal(), refusal(400, "parameter_missing", field));
    assert_eq!(call(&world, Method::PUT, &patch).await.json()["name"], "Asana");
    let answer = call(&world, Method::PATCH, &json!({ "connector": "dropbox" })).await;
    assert_eq!(answer.refusal(), refusal(400, "parameter_missing", "parameters.clientSecret"));
    let other = json!({ "connector": "dropbox", "parameters": { "clientSecret": "c!+secret" } });
    let answer = call(&world, Method::PATCH, &other).await;
    assert_eq!(answer.json()["name"], "Dropbox", "{}", answer.body);
}

#[tokio::test(start_paused = true)]
async fn connectors_are_listed_page_by_page() {
    let world = World::new().await;
    let list = |query: String| {
        let world = &world;
        async move { world.api(Method::GET, &format!("/connectors{query}"), &admin(WORKSPACE), None).await }
    };
    let keys = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
    };
    let all: Vec<String> = catalogue::all().map(|connector| connector.key.to_owned()).collect();
    let page = list("?limit=1000".to_owned()).await.json();
    assert_eq!((keys(&page), page.get("cursor")), (all[..all.len().min(1000)].to_vec(), None));
    let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
    for _ in 0..2 {
        let page = list(format!("?limit=1&cursor={cursor}")).await.json();
        found.extend(keys(&page));
        page["cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    assert_eq!(found, all[..2]);
    let searched = list("?search=ASA&category=projects&type=oauth2&unknown=x".to_owned()).await.json();
    assert!(keys(&searched).contains(&"asana".to_owned()));
    let asana = searched["items"].as_array().unwrap().iter().find(|item| item["key"] == "asana").unwrap();
    assert_eq!(asana["version"], catalogue::connector("asana").unwrap().version);
    assert_eq!(asana["authTypes"][0], "oauth2");
    assert_eq!(keys(&list("?search=asana&category=files".to_owned()).await.json()), [""; 0]);
    assert_eq!(list("?limit=0".to_owned()).await.refusal(), refusal(400, "request_malformed", "limit"));
    let customer = tests::tokens::customer(WORKSPACE, "user-1");
    let answer = world.api(Method::GET, "/connectors", &customer, None).await.refusal();
    assert_eq!((answer.status, answer.key.as_str()), (403, "access_denied"));
}

/// What a team does: it reads what is wanted, registers the callback address, and puts what it got there.
#[tokio::test(start_paused = true)]
async fn a_connector_says_what_is_to_be_given_and_which_callback_address_is_to_be_registered() {
    let world = World::new().await;
    let world = &world;
    let read =
        |path: &'static str| async move { world.api(Method::GET, path, &admin(WORKSPACE), None).await };
    for (path, key) in [("/connectors/asana", "asana"), ("/connectors/asana?integrationKey=tasks", "tasks")] {
        let shown = read(path).await.json();
        assert_eq!(shown["parametersSchema"]["required"], json!(["clientId", "clientSecret"]));
        assert_eq!((&shown["authOptions"][0]["key"], &shown["name"]), (&json!("oauth"), &json!("Asana")));
        assert!(shown["setup"]["text"].is_string() && shown["checked"]["on"].is_string());
        assert_eq!(shown["definition"]["baseUri"], "https://app.asana.com/api/1.0");
        let path = format!("/integrations/{key}");
        let put = world.api(Method::PUT, &path, &admin(WORKSPACE), Some(&asana())).await;
        assert_eq!(put.json()["oAuthCallbackUri"], shown["oAuthCallbackUri"], "{}", put.body);
        assert_eq!(put.json()["parametersSchema"], shown["parametersSchema"]);
    }
    let missing = read("/connectors/none").await;
    assert_eq!(missing.refusal(), refusal(404, "not_found", "connectorKey"));
}
