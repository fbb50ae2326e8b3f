//! `parameters` of an integration: the team's own values, which its options' clients and templates take.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, CLIENT_SECRET};
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start, World};

const PATH: &str = "/integrations/crm";
const DEVELOPER_TOKEN: &str = "developer!+token/1";

async fn call(world: &World, method: Method, body: &Value) -> Answer {
    let body = (method != Method::GET).then_some(body);
    world.api(method, PATH, &admin(WORKSPACE), body).await
}

/// The usual integration, with its client among the parameters.
fn definition() -> Value {
    let mut definition = definitions::integration();
    let config = definition["authOptions"][0]["config"].as_object_mut().unwrap();
    config.remove("clientId");
    config.remove("clientSecret");
    definition["parameters"] = json!({ "clientId": "client!+ID", "clientSecret": CLIENT_SECRET });
    definition
}

/// The same with a developer token, which every request to the API carries.
fn with_token() -> Value {
    let mut definition = definition();
    definition["parametersSchema"] = json!({
        "type": "object",
        "required": ["developerToken"],
        "properties": {
            "developerToken": { "type": "string", "minLength": 4, "isSensitive": true },
            "slug": { "type": "string" },
        },
    });
    definition["parameters"]["developerToken"] = DEVELOPER_TOKEN.into();
    definition["parameters"]["slug"] = "acme".into();
    let option = &mut definition["authOptions"][0];
    option["apiClient"]["headers"]["Developer-Token"] = "${integration.developerToken}".into();
    option["apiClient"]["headers"]["Slug"] = "${integration.slug || 'none'}".into();
    definition
}

#[tokio::test(start_paused = true)]
async fn an_option_takes_its_client_from_the_parameters() {
    let world = World::with(&definition()).await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.parameter("client_id").as_deref(), Some("client!+ID"));
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let request = world.provider.token_request();
    assert_eq!(request.parameter("client_id").as_deref(), Some("client!+ID"));
    assert_eq!(request.parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
    let refreshed = world
        .api(Method::POST, &format!("/connections/{id}/refresh-credentials"), &admin(WORKSPACE), None)
        .await;
    assert_eq!(refreshed.status, 204, "{}", refreshed.body);
    let request = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(request.parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
}

#[tokio::test(start_paused = true)]
async fn an_options_own_client_comes_first() {
    let mut definition = definition();
    definition["authOptions"][0]["config"]["clientId"] = "own".into();
    definition["authOptions"][0]["config"]["clientSecret"] = "own secret".into();
    let world = World::with(&definition).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let request = world.provider.token_request();
    assert_eq!(request.parameter("client_id").as_deref(), Some("own"));
    assert_eq!(request.parameter("client_secret").as_deref(), Some("own secret"));
}

#[tokio::test(start_paused = true)]
async fn oauth1_takes_its_client_from_the_parameters_too() {
    let mut definition = definitions::oauth1();
    let config = definition["authOptions"][0]["config"].as_object_mut().unwrap();
    let (key, secret) = (config.remove("consumerKey").unwrap(), config.remove("consumerSecret").unwrap());
    definition["parameters"] = json!({ "consumerKey": key, "consumerSecret": secret });
    let world = World::with(&definition).await;
    tests::oauth1::answers(&world);
    let answer = world.browser().send(Start::new().form()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let asked = world.provider.calls_to("/oauth1/request").pop().unwrap();
    assert!(asked.header("authorization").contains("oauth_consumer_key=\"client%21%2BID\""));
}

#[tokio::test(start_paused = true)]
async fn sealed_parameters_are_used_and_shown_to_nobody() {
    let world = World::with(&with_token()).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    for path in [format!("/connections/{id}/proxy/me"), format!("/connections/{id}/proxy/me")] {
        let answer = world.api(Method::GET, &path, &admin(WORKSPACE), None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let calls = world.provider.calls_to("/api/me");
    assert_eq!(calls.len(), 3);
    for call in calls {
        assert_eq!((call.header("developer-token"), call.header("slug")), (DEVELOPER_TOKEN, "acme"));
    }
    let shown = call(&world, Method::GET, &Value::Null).await;
    let (json, dump) = (shown.json(), world.dump().await);
    assert_eq!(json["parameters"], json!({ "clientId": "client!+ID", "slug": "acme" }));
    for secret in [DEVELOPER_TOKEN, CLIENT_SECRET] {
        assert!(!shown.body.contains(secret) && !dump.contains(secret.as_bytes()), "{secret}");
    }
    let schema = &json["parametersSchema"];
    assert_eq!(schema["required"], json!(["developerToken", "clientId", "clientSecret"]));
    assert_eq!(schema["properties"]["clientSecret"]["isSensitive"], true);
    assert_eq!((&json["hasMissingParameters"], &json["state"]), (&json!(false), &json!("READY")));
    let customers = world.api(Method::GET, PATH, &tests::tokens::customer(WORKSPACE, "user-1"), None).await;
    assert!(
        customers.json().get("parameters").is_none() && customers.json().get("parametersSchema").is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_does_not_fit_is_named() {
    let world = World::with(&definition()).await;
    let before = world.dump().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut definition = with_token();
        change(&mut definition);
        definition
    };
    let parameter =
        |name: &'static str, value: Value| with(&|definition| definition["parameters"][name] = value.clone());
    for (definition, field) in [
        (parameter("clientId", Value::Null), "parameters.clientId"),
        (parameter("clientSecret", Value::Null), "parameters.clientSecret"),
        (parameter("developerToken", Value::Null), "parameters.developerToken"),
        (parameter("developerToken", json!("abc")), "parameters.developerToken"),
        (parameter("developerToken", json!(12345)), "parameters.developerToken"),
        (parameter("slug", json!(3)), "parameters.slug"),
        (parameter("clientID", json!("x")), "parameters.clientID"),
        (parameter("clientId", json!("${parameters.x}")), "authOptions[0].config.clientId"),
        (with(&|it| it["parameters"] = json!([])), "parameters"),
        (with(&|it| it["parameters"] = Value::Null), "parameters.clientId"),
        (with(&|it| it["parametersSchema"]["type"] = json!("nonsense")), "parametersSchema"),
        (
            with(&|it| it["authOptions"][0]["test"]["path"] = json!("/me/${integration.other}")),
            "authOptions[0].test.path",
        ),
        (
            with(&|it| {
                it["authOptions"][0]["config"]["authorizeUri"] =
                    json!("https://provider.example/${integration.developerToken}");
            }),
            "authOptions[0].config.authorizeUri",
        ),
        (
            with(&|it| {
                it["authOptions"][0]["config"]["extra"] = json!({ "x": "${integration.developerToken}" });
            }),
            "authOptions[0].config.extra.x",
        ),
        (with(&|it| it["baseUri"] = json!("https://${integration.slug}")), "baseUri"),
        (
            with(&|it| it["baseUri"] = json!("https://${integration.developerToken}.provider.example")),
            "baseUri",
        ),
        (with(&|it| it["baseUri"] = json!("${credentials.instance}/api")), "baseUri"),
        (
            with(&|it| {
                it["baseUri"] = json!("https://${parameters.host}/api");
                it["authOptions"][0]["inputSchema"] =
                    json!({ "type": "object", "properties": { "host": { "type": "string" } } });
                it["authOptions"][0]["customerHost"] = json!(true);
            }),
            "baseUri",
        ),
    ] {
        let mut definition = definition;
        if field == "parameters.clientSecret" || field == "parameters.developerToken" {
            // Nothing is kept that was never there.
            definition["authOptions"][0]["key"] = "other".into();
        }
        let answer = call(&world, Method::PUT, &definition).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{}", answer.body);
        assert!(!answer.body.contains(DEVELOPER_TOKEN) && !answer.body.contains("12345"), "{}", answer.body);
    }
    assert_eq!(world.dump().await, before);
    // Nobody can use a disabled option: it needs no client.
    let mut disabled = definitions::with_options(definition(), &[&definitions::api_key()]);
    disabled["parameters"] = Value::Null;
    disabled["authOptions"][0]["enabled"] = false.into();
    assert_eq!(call(&world, Method::PUT, &disabled).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_sealed_parameter_that_is_left_out_stays_and_null_removes_it() {
    let world = World::with(&with_token()).await;
    for body in [json!({ "name": "New" }), json!({ "parameters": { "slug": "other" } })] {
        assert_eq!(call(&world, Method::PATCH, &body).await.status, 200);
    }
    let mut kept = with_token();
    kept["parameters"] = json!({ "clientId": "client!+ID" });
    assert_eq!(call(&world, Method::PUT, &kept).await.status, 200);
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    assert_eq!(world.provider.calls_to("/api/me")[0].header("developer-token"), DEVELOPER_TOKEN);
    assert_eq!(world.provider.calls_to("/api/me")[0].header("slug"), "none");
    assert_eq!(world.provider.token_request().parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
    for patch in [json!({ "parameters": { "clientSecret": null } }), json!({ "parameters": null })] {
        let answer = call(&world, Method::PATCH, &patch).await.refusal();
        assert_eq!((answer.status, answer.key.as_str()), (400, "request_malformed"), "{patch}");
    }
    let public = {
        let mut option = kept["authOptions"][0].clone();
        option["config"]["clientAuthLocation"] = "none".into();
        json!({ "parameters": { "clientSecret": null }, "authOptions": [option] })
    };
    assert_eq!(call(&world, Method::PATCH, &public).await.status, 200);
    let answer = call(&world, Method::PUT, &kept).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "parameters.clientSecret"));
}

#[tokio::test(start_paused = true)]
async fn a_kept_parameter_goes_to_no_new_host() {
    let stored = with_token();
    let world = World::with(&stored).await;
    let mut kept = stored.clone();
    kept["parameters"] = json!({ "clientId": "client!+ID" });
    for (place, secret) in [
        ("/authOptions/0/config/tokenUri", "clientSecret"),
        ("/authOptions/0/config/authorizeUri", "clientSecret"),
        ("/baseUri", "developerToken"),
    ] {
        let mut elsewhere = kept.clone();
        *elsewhere.pointer_mut(place).unwrap() = "https://evil.example/x".into();
        let answer = call(&world, Method::PUT, &elsewhere).await;
        assert_eq!(answer.refusal().key, "parameter_missing", "{place}: {}", answer.body);
        let problems = answer.json()["data"]["problems"].to_string();
        assert!(problems.contains(&format!("parameters.{secret}")), "{place}: {problems}");
        elsewhere["parameters"] = stored["parameters"].clone();
        assert_eq!(call(&world, Method::PUT, &elsewhere).await.status, 200, "{place}");
        assert_eq!(call(&world, Method::PUT, &stored).await.status, 200);
    }
    // An option that takes what another one had.
    let mut another = kept.clone();
    let mut option = another["authOptions"][0].clone();
    option["key"] = "other".into();
    option["config"]["tokenUri"] = "https://evil.example/token".into();
    another["authOptions"].as_array_mut().unwrap().push(option);
    assert_eq!(call(&world, Method::PUT, &another).await.refusal().key, "parameter_missing");
}

/// A grant without an inputSchema's secret could be taken for the team's: the parameter is not sent where no option asks.
#[tokio::test(start_paused = true)]
async fn a_clients_secret_is_no_client_credentials_options_unless_it_says_so() {
    let grant = |config: Value| {
        json!({ "key": "grant", "type": "client-credentials", "config": config,
            "inputSchema": { "type": "object", "required": ["clientId", "clientSecret"], "properties": {
                "clientId": { "type": "string" }, "clientSecret": { "type": "string" } } } })
    };
    let uri = "https://provider.example/oauth/token";
    let entered = grant(json!({ "tokenUri": uri }));
    let teams = grant(json!({
        "tokenUri": uri, "clientId": "${integration.clientId}", "clientSecret": "${integration.clientSecret}",
    }));
    for (option, secret) in [(entered, "entered secret"), (teams, CLIENT_SECRET)] {
        let definition = definitions::with_options(definition(), &[&json!({ "authOptions": [option] })]);
        let world = World::with(&definition).await;
        let start = Start::new().with(&json!({
            "authOptionKey": "grant",
            "connectionParameters": { "clientId": "entered", "clientSecret": "entered secret" },
        }));
        let answer = world.browser().send(start.form()).await;
        answer.assert_connected();
        assert_eq!(world.provider.token_request().parameter("client_secret").as_deref(), Some(secret));
    }
}
