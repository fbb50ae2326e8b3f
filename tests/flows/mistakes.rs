//! Mistakes in a definition are told when it is put, and not to the first customer.

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::definitions::{api_key, integration, merge, oauth1};
use tests::tokens::{WORKSPACE, admin};

const PATH: &str = "/integrations/new";

/// The definition with `value` at a JSON Pointer; `null` takes away what is there.
fn with(mut definition: Value, pointer: &str, value: &Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    merge(definition.pointer_mut(parent).unwrap(), &json!({ name: value }));
    definition
}

async fn put(world: &World, definition: &Value) -> tests::Answer {
    world.api(Method::PUT, PATH, &admin(WORKSPACE), Some(definition)).await
}

/// Each is refused under the path of its setting, and nothing is written.
async fn assert_refused(world: &World, definition: &Value, field: &str) {
    let before = world.dump().await;
    let answer = put(world, definition).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{}", answer.body);
    let data = answer.json()["data"].clone();
    assert_eq!(data["problems"][0]["field"], field);
    assert!(data["problems"][0]["problem"].as_str().is_some_and(|problem| !problem.is_empty()));
    assert_eq!(world.dump().await, before);
}

/// A pointer into the definition, the value there, and the field that is refused.
type Mistake = (&'static str, Value, &'static str);

async fn assert_all_refused(base: impl Fn() -> Value, mistakes: Vec<Mistake>) {
    let world = World::new().await;
    assert_eq!(put(&world, &base()).await.status, 201);
    for (pointer, value, field) in mistakes {
        assert_refused(&world, &with(base(), pointer, &value), field).await;
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_that_lead_nowhere() {
    const AUTHORIZE: &str = "/authOptions/0/config/authorizeUri";
    const TOKEN: &str = "/authOptions/0/config/tokenUri";
    let (authorize, token) = ("authOptions[0].config.authorizeUri", "authOptions[0].config.tokenUri");
    let mistakes = vec![
        (AUTHORIZE, json!("/oauth/authorize"), authorize),
        (AUTHORIZE, json!("provider.example/oauth/authorize"), authorize),
        (AUTHORIZE, json!("ftp://provider.example/oauth"), authorize),
        (AUTHORIZE, json!("http://provider.example/oauth"), authorize),
        (AUTHORIZE, json!(""), authorize),
        (AUTHORIZE, json!("not an address"), authorize),
        (TOKEN, json!("https://10.0.0.7/token"), token),
        (TOKEN, json!("https://169.254.169.254/latest/meta-data"), token),
        (TOKEN, json!("https://localhost/token"), token),
        (TOKEN, json!("https://[::1]/token"), token),
        (TOKEN, json!("https://user:password@provider.example/token"), token),
        (TOKEN, json!("https://provider.example:port/token"), token),
        (TOKEN, json!("https://provider.example:${connectorParameters.port}/token"), token),
        (TOKEN, json!("https://${connectorParameters.host}/token"), token),
        (TOKEN, json!("https://provider.example/token#fragment"), token),
        ("/authOptions/0/config/refreshUri", json!("/refresh"), "authOptions[0].config.refreshUri"),
        ("/authOptions/0/config/revocationUri", json!("revoke"), "authOptions[0].config.revocationUri"),
        ("/authOptions/0/config/issuer", json!("provider.example"), "authOptions[0].config.issuer"),
        ("/authOptions/0/helpUri", json!("help.html"), "authOptions[0].helpUri"),
        ("/baseUri", json!("provider.example/api"), "baseUri"),
        ("/baseUri", json!("https://192.168.1.1/api"), "baseUri"),
        ("/baseUri", json!("https://provider.example/api?version=1"), "baseUri"),
        ("/logoUri", json!("logo.svg"), "logoUri"),
    ];
    assert_all_refused(integration, mistakes).await;
}

#[tokio::test(start_paused = true)]
async fn calls_that_cannot_be_made() {
    let mistakes = vec![
        ("/baseUri", Value::Null, "authOptions[0].test.path"),
        ("/authOptions/0/test/path", json!("me"), "authOptions[0].test.path"),
        ("/authOptions/0/test/path", json!("ftp://provider.example/me"), "authOptions[0].test.path"),
        ("/authOptions/0/test/path", json!("/a b"), "authOptions[0].test.path"),
        ("/authOptions/0/test/method", json!("FETCH"), "authOptions[0].test.method"),
        ("/authOptions/0/test/method", json!("get"), "authOptions[0].test.method"),
        (
            "/authOptions/0/revoke",
            json!({ "path": "/r", "method": "DEL ETE" }),
            "authOptions[0].revoke.method",
        ),
        ("/authOptions/0/revoke", json!({ "path": "r" }), "authOptions[0].revoke.path"),
        (
            "/authOptions/0/revoke",
            json!({ "path": "/r", "headers": { "X Token": "a" } }),
            "authOptions[0].revoke.headers.X Token",
        ),
        (
            "/authOptions/0/apiClient/headers",
            json!({ "Authorization:": "Bearer ${credentials.access_token}" }),
            "authOptions[0].apiClient.headers.Authorization:",
        ),
        (
            "/authOptions/0/apiClient/headers",
            json!({ "X-A": "a", "x-a": "b" }),
            "authOptions[0].apiClient.headers.x-a",
        ),
        (
            "/authOptions/0/apiClient/headers",
            json!({ "Host": "internal" }),
            "authOptions[0].apiClient.headers.Host",
        ),
        (
            "/authOptions/0/apiClient/headers",
            json!({ "X-A": "a\r\nX-B: b" }),
            "authOptions[0].apiClient.headers.X-A",
        ),
    ];
    assert_all_refused(integration, mistakes).await;
}

#[tokio::test(start_paused = true)]
async fn placeholders_that_nothing_fills() {
    let headers = "authOptions[0].apiClient.headers.Authorization";
    let mistakes = vec![
        (
            "/authOptions/0/config/authorizeUri",
            json!("https://${parameters.subdomain}.provider.example/"),
            "authOptions[0].config.authorizeUri",
        ),
        (
            "/authOptions/0/config/authorizeUri",
            json!("https://provider.example/${credentials.access_token}"),
            "authOptions[0].config.authorizeUri",
        ),
        (
            "/authOptions/0/config/tokenUri",
            json!("https://provider.example/${credentials.realm}/token"),
            "authOptions[0].config.tokenUri",
        ),
        (
            "/authOptions/0/config/tokenUri",
            json!("https://provider.example/{{tenant}}/token"),
            "authOptions[0].config.tokenUri",
        ),
        (
            "/authOptions/0/config/tokenUri",
            json!("https://provider.example/${parameters.tenant/token"),
            "authOptions[0].config.tokenUri",
        ),
        ("/authOptions/0/config/clientId", json!("${parameters.clientId}"), "authOptions[0].config.clientId"),
        ("/authOptions/0/config/clientId", json!(" "), "authOptions[0].config.clientId"),
        ("/authOptions/0/config/scopes", json!(["read", "{{scope}}"]), "authOptions[0].config.scopes[1]"),
        (
            "/authOptions/0/config/extra",
            json!({ "domain": "${parameters.domain}" }),
            "authOptions[0].config.extra.domain",
        ),
        ("/authOptions/0/apiClient/headers/Authorization", json!("Bearer {{access_token}}"), headers),
        ("/authOptions/0/apiClient/headers/Authorization", json!("Bearer ${access_token}"), headers),
        ("/authOptions/0/apiClient/headers/Authorization", json!("Bearer ${parameters.apiKey}"), headers),
        ("/authOptions/0/test/path", json!("/users/${parameters.user}"), "authOptions[0].test.path"),
        ("/baseUri", json!("https://${parameters.subdomain}.provider.example"), "baseUri"),
    ];
    assert_all_refused(integration, mistakes).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_entered_is_what_credentials_there_are() {
    let mistakes = vec![
        (
            "/authOptions/0/apiClient/headers",
            json!({ "X-Api-Key": "${credentials.api_key}" }),
            "authOptions[0].apiClient.headers.X-Api-Key",
        ),
        ("/authOptions/0/inputSchema", json!({ "type": "nonsense" }), "authOptions[0].inputSchema"),
        ("/authOptions/0/inputSchema", json!({ "type": "string" }), "authOptions[0].inputSchema"),
        (
            "/authOptions/0/config",
            json!({ "tokenUri": "https://provider.example/t" }),
            "authOptions[0].config.clientId",
        ),
        ("/authOptions/0/config", json!({ "grant": "client_credentials" }), "authOptions[0].config.tokenUri"),
        (
            "/authOptions/0/config",
            json!({ "tokenUri": "https://provider.example/t", "clientId": "ours" }),
            "authOptions[0].config.clientSecret",
        ),
        (
            "/authOptions/0/config",
            json!({
                "tokenUri": "https://provider.example/t", "clientId": "ours", "clientSecret": "s",
                "extra": { "grant_type": "password" },
            }),
            "authOptions[0].config.extra.grant_type",
        ),
        (
            "/authOptions/0/config",
            json!({ "login": { "uri": "https://provider.example/login", "response": {} } }),
            "authOptions[0].config.login.response",
        ),
        (
            "/authOptions/0/config",
            json!({ "login": { "uri": "https://provider.example/login", "response": { "apiKey": "" } } }),
            "authOptions[0].config.login.response.apiKey",
        ),
        (
            "/authOptions/0/config",
            json!({ "login": { "uri": "login", "response": { "apiKey": "key" } } }),
            "authOptions[0].config.login.uri",
        ),
        (
            "/authOptions/0/config",
            json!({
                "login": {
                    "uri": "https://provider.example/login",
                    "body": { "user": "${parameters.user}" },
                    "response": { "apiKey": "key" },
                },
            }),
            "authOptions[0].config.login.body.user",
        ),
    ];
    assert_all_refused(api_key, mistakes).await;
}

#[tokio::test(start_paused = true)]
async fn parameters_that_would_be_sent_twice() {
    let authorize = "authOptions[0].config.authorizeUri";
    let mistakes = vec![
        (
            "/authOptions/0/config/authorizeUri",
            json!("https://provider.example/authorize?response_type=code"),
            authorize,
        ),
        (
            "/authOptions/0/config/authorizeUri",
            json!("https://provider.example/authorize?a=b&scope=x"),
            authorize,
        ),
        ("/authOptions/0/config/extra", json!({ "state": "s" }), "authOptions[0].config.extra.state"),
    ];
    assert_all_refused(integration, mistakes).await;
    let mistakes = vec![
        (
            "/authOptions/0/config/authorizeUri",
            json!("https://provider.example/authorize?oauth_token=t"),
            authorize,
        ),
        (
            "/authOptions/0/config/extra",
            json!({ "oauth_nonce": "n" }),
            "authOptions[0].config.extra.oauth_nonce",
        ),
    ];
    assert_all_refused(oauth1, mistakes).await;
    let both = json!({ "extra": { "a": "b" }, "authorizeUri": "https://provider.example/authorize?a=c" });
    let definition = tests::definitions::integration_with(&both);
    assert_refused(&World::new().await, &definition, "authOptions[0].config.extra.a").await;
}

#[tokio::test(start_paused = true)]
async fn secrets_that_are_missing() {
    let world = World::new().await;
    let secret = "authOptions[0].config.clientSecret";
    for place in ["headers", "both"] {
        let mut definition = tests::definitions::integration_with(&json!({ "clientAuthLocation": place }));
        definition["authOptions"][0]["config"]["clientSecret"] = Value::Null;
        assert_refused(&world, &definition, secret).await;
        // One that is kept counts.
        let given = tests::definitions::integration_with(&json!({ "clientAuthLocation": place }));
        world.define("kept", &given).await;
        let mut kept = given.clone();
        kept["authOptions"][0]["config"].as_object_mut().unwrap().remove("clientSecret");
        world.define("kept", &kept).await;
    }
    let config = "/authOptions/0/config";
    for (pointer, value, field) in [
        ("/consumerSecret", Value::Null, "authOptions[0].config.consumerSecret"),
        ("/signatureMethod", json!("RSA-SHA1"), "authOptions[0].config.privateKey"),
        ("/privateKey", json!("-----BEGIN CERTIFICATE-----"), "authOptions[0].config.privateKey"),
        ("/consumerKey", json!(""), "authOptions[0].config.consumerKey"),
    ] {
        assert_refused(&world, &with(oauth1(), &format!("{config}{pointer}"), &value), field).await;
    }
}

/// A name is compared whole: `re` is no part of `realm`.
#[tokio::test(start_paused = true)]
async fn a_callback_parameter_is_refused_in_a_host_by_its_whole_name() {
    let world = World::new().await;
    let definition = |kept: &str| {
        tests::definitions::integration_with(&json!({
            "callbackParameters": [kept],
            "refreshUri": "https://${credentials.realm}.provider.example/token",
        }))
    };
    assert_eq!(put(&world, &definition("re")).await.status, 201);
    assert_refused(&world, &definition("realm"), "authOptions[0].config.refreshUri").await;
}

#[tokio::test(start_paused = true)]
async fn all_of_them_are_told_at_once() {
    let world = World::new().await;
    let mut definition = tests::definitions::with_options(integration(), &[&api_key(), &oauth1()]);
    definition["lgoUri"] = "https://example.com/logo.svg".into();
    definition["authOptions"][0]["config"]["tokenUrl"] = "https://provider.example/token".into();
    definition["authOptions"][0]["config"]["scope"] = "read".into();
    definition["authOptions"][0]["test"]["method"] = "FETCH".into();
    definition["authOptions"][1]["apiClient"]["headers"] = json!({ "X-Key": "${parameters.key}" });
    definition["authOptions"][2]["config"].as_object_mut().unwrap().remove("requestTokenUri");
    let answer = put(&world, &definition).await;
    let problems = answer.json()["data"]["problems"].clone();
    let fields: Vec<&str> =
        problems.as_array().unwrap().iter().map(|problem| problem["field"].as_str().unwrap()).collect();
    assert_eq!(
        fields,
        [
            "lgoUri",
            "authOptions[0].config.tokenUrl",
            "authOptions[0].config.scope",
            "authOptions[0].test.method",
            "authOptions[1].apiClient.headers.X-Key",
            "authOptions[2].config.requestTokenUri",
        ]
    );
    assert_eq!(
        answer.json()["message"],
        "lgoUri is unknown; expected one of `name`, `logoUri`, `connector`, `connectorVersion`, `parameters`, \
         `parametersSchema`, `baseUri`, `oAuthCallbackUri`, `oAuthCallbackPath`, `startUri`, `shared`, `sharedWith`, `authOptions`, \
         `$schema`. There are 5 more problems."
    );
}

/// A change is held to the same as a whole definition.
#[tokio::test(start_paused = true)]
async fn a_merge_patch_is_looked_at_whole() {
    let world = World::new().await;
    let patch = json!({ "baseUri": null });
    let answer = world.api(Method::PATCH, "/integrations/crm", &admin(WORKSPACE), Some(&patch)).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "authOptions[0].test.path"));
}

/// What can be written in several ways says in which.
#[tokio::test(start_paused = true)]
async fn a_setting_of_several_forms_names_them() {
    let world = World::new().await;
    for (setting, value, expected) in [
        ("callbackParameters", json!({ "realm": { "pattern": 7 } }), "must be a list of names"),
        ("tokenResponse", json!({ "access_token": 1 }), "must be a path"),
        ("tokenErrors", json!([{ "status": "x", "means": "grant" }]), "must be a status"),
        ("refreshRefusals", json!([1]), "must be an error code"),
    ] {
        let mut definition = integration();
        definition["authOptions"][0]["config"][setting] = value;
        let problem = put(&world, &definition).await.json()["data"]["problems"][0].clone();
        let field = problem["field"].as_str().unwrap();
        assert!(field.starts_with(&format!("authOptions[0].config.{setting}")), "{problem}");
        assert!(problem["problem"].as_str().unwrap().starts_with(expected), "{problem}");
    }
}
