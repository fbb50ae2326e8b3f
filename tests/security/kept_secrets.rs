//! A secret that a definition does not mention is kept only while the hosts that get it stay the same.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, merge};
use tests::tokens::admin;
use tests::{Answer, World};

/// The settings that may be secrets.
const SECRETS: [&str; 3] = ["clientSecret", "consumerSecret", "privateKey"];

/// An option of each type with every address that it can have, each at the same host; and those of them that get the
/// secret, or what is signed with it.
pub(crate) fn kinds() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let with = |option: Value| {
        json!({
            "name": "Example CRM",
            "logoUri": "https://provider.example/logo.svg",
            "oAuthCallbackUri": "https://provider.example/back",
            "baseUri": "https://provider.example/api",
            "authOptions": [option],
        })
    };
    let option = |auth_type: &str, config: Value| {
        json!({
            "key": "option",
            "type": auth_type,
            "helpUri": "https://provider.example/help",
            "inputSchema": { "type": "object", "properties": { "sub": { "type": "string", "pattern": "^[a-z]+$" } } },
            "config": config,
            "test": { "path": "https://provider.example/test" },
            "revoke": { "path": "https://provider.example/revoke" },
        })
    };
    let oauth2 = json!({
        "clientId": "id", "clientSecret": CLIENT_SECRET,
        "authorizeUri": "https://provider.example/authorize",
        "tokenUri": "https://provider.example/token",
        "refreshUri": "https://provider.example/refresh",
        "revocationUri": "https://provider.example/revocation",
        "issuer": "https://provider.example",
        "authorizationResponseIssParameterSupported": true,
    });
    let oauth1 = json!({
        "consumerKey": "id", "consumerSecret": CLIENT_SECRET,
        "requestTokenUri": "https://provider.example/request",
        "authorizeUri": "https://provider.example/authorize",
        "tokenUri": "https://provider.example/token",
    });
    let grant = json!({
        "clientId": "id", "clientSecret": CLIENT_SECRET,
        "tokenUri": "https://provider.example/token", "grant": "client_credentials",
    });
    let login = json!({
        "clientSecret": CLIENT_SECRET,
        "login": { "uri": "https://provider.example/login", "response": { "access_token": "token" } },
    });
    let config = "/authOptions/0/config";
    let at = |names: &[&str]| names.iter().map(|name| format!("{config}/{name}").leak() as &str).collect();
    let mut signed: Vec<&str> = at(&["requestTokenUri", "authorizeUri", "tokenUri"]);
    signed.extend(["/baseUri", "/authOptions/0/test/path", "/authOptions/0/revoke/path"]);
    vec![
        (
            "clientSecret",
            with(option("oauth2", oauth2)),
            at(&["authorizeUri", "tokenUri", "refreshUri", "revocationUri"]),
        ),
        ("consumerSecret", with(option("oauth1", oauth1)), signed),
        ("clientSecret", with(option("client-credentials", grant)), at(&["tokenUri"])),
        ("clientSecret", with(option("client-credentials", login)), at(&["login/uri"])),
    ]
}

/// The places of a definition that hold an address.
pub(crate) fn addresses(value: &Value, place: &str) -> Vec<String> {
    match value {
        Value::String(text) if text.starts_with("https://") => vec![place.to_owned()],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, item)| addresses(item, &format!("{place}/{at}")))
            .collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, field)| addresses(field, &format!("{place}/{name}"))).collect()
        }
        _ => Vec::new(),
    }
}

fn without_secrets(mut definition: Value) -> Value {
    for option in definition["authOptions"].as_array_mut().unwrap() {
        let config = option["config"].as_object_mut().unwrap();
        config.retain(|setting, _| !SECRETS.contains(&&**setting));
    }
    definition
}

pub(crate) fn changed(definition: &Value, place: &str, address: &str) -> Value {
    let mut definition = definition.clone();
    *definition.pointer_mut(place).unwrap() = address.into();
    definition
}

async fn send(world: &World, method: &Method, definition: &Value) -> Answer {
    world.api(method.clone(), "/integrations/crm", &admin("acme"), Some(definition)).await
}

/// Refused by PUT and by PATCH, naming the secret, with nothing written; and accepted with the secret.
async fn assert_asked_again(world: &World, stored: &Value, definition: &Value, setting: &str, case: &str) {
    let before = world.dump().await;
    let field = format!("authOptions[0].config.{setting}");
    let omitted = without_secrets(definition.clone());
    for method in [Method::PUT, Method::PATCH] {
        let answer = send(world, &method, &omitted).await;
        let expected = refusal(400, "parameter_missing", &field);
        assert_eq!(answer.refusal(), expected, "{case}, {method}: {}", answer.body);
        assert!(!answer.body.contains(CLIENT_SECRET), "{case}: {}", answer.body);
    }
    assert_eq!(world.dump().await, before, "{case}");
    let mut given = omitted;
    merge(&mut given["authOptions"][0]["config"], &json!({ setting: CLIENT_SECRET }));
    let answer = send(world, &Method::PUT, &given).await;
    assert!(answer.status.is_success(), "{case}: {}", answer.body);
    assert!(send(world, &Method::PUT, stored).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_kept_for_the_hosts_that_it_was_given_for_only() {
    for (setting, definition, with_secret) in kinds() {
        let world = World::with(&definition).await;
        for place in addresses(&definition, "") {
            let address = definition.pointer(&place).unwrap().as_str().unwrap();
            let case = format!("{} {place}", definition["authOptions"][0]["type"]);
            for other in ["evil.example", "provider.example:8443", "api.provider.example"] {
                let elsewhere = changed(&definition, &place, &address.replacen("provider.example", other, 1));
                if with_secret.contains(&place.as_str()) {
                    assert_asked_again(&world, &definition, &elsewhere, setting, &case).await;
                } else {
                    let answer = send(&world, &Method::PUT, &without_secrets(elsewhere)).await;
                    assert!(answer.status.is_success(), "{case}: {}", answer.body);
                    assert!(send(&world, &Method::PUT, &definition).await.status.is_success());
                }
            }
            // Another path, another way to write the same host.
            for same in ["provider.example/other", "PROVIDER.example", "provider.example:443"] {
                let here = changed(&definition, &place, &address.replacen("provider.example", same, 1));
                let answer = send(&world, &Method::PUT, &without_secrets(here)).await;
                assert!(answer.status.is_success(), "{case}, {same}: {}", answer.body);
            }
            assert!(send(&world, &Method::PUT, &definition).await.status.is_success());
        }
        for place in with_secret.iter().filter(|place| place.contains("/config/")) {
            let stored = changed(&definition, place, "https://${parameters.sub}.provider.example/x");
            assert!(send(&world, &Method::PUT, &stored).await.status.is_success());
            for other in
                ["https://${parameters.other}.provider.example/x", "https://${parameters.sub}.evil.example/x"]
            {
                let mut elsewhere = changed(&definition, place, other);
                elsewhere["authOptions"][0]["inputSchema"]["properties"]["other"] =
                    json!({ "type": "string" });
                assert_asked_again(&world, &stored, &elsewhere, setting, place).await;
            }
        }
    }
}

/// What the customer enters may be a whole host: then the schema says which hosts get the secret.
#[tokio::test(start_paused = true)]
async fn a_schema_that_says_which_hosts_there_are_counts_as_the_host() {
    let (setting, definition, _) = kinds().remove(0);
    let hosts = |hosts: Value| {
        let place = "/authOptions/0/config/tokenUri";
        let mut definition = changed(&definition, place, "https://${parameters.sub}/token");
        definition["authOptions"][0]["inputSchema"]["properties"]["sub"] =
            json!({ "type": "string", "enum": hosts });
        definition
    };
    let stored = hosts(json!(["eu.provider.example", "us.provider.example"]));
    let world = World::with(&stored).await;
    assert!(send(&world, &Method::PUT, &without_secrets(stored.clone())).await.status.is_success());
    let wider = hosts(json!(["eu.provider.example", "us.provider.example", "evil.example"]));
    assert_asked_again(&world, &stored, &wider, setting, "enum").await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_kept_for_no_other_type() {
    let (_, oauth2, _) = kinds().remove(0);
    let (_, grant, _) = kinds().remove(2);
    let world = World::with(&oauth2).await;
    assert_asked_again(&world, &oauth2, &grant, "clientSecret", "grant").await;
    // A type that has no use for it does not keep it for later.
    let (_, oauth1, _) = kinds().remove(1);
    assert!(send(&world, &Method::PUT, &oauth1).await.status.is_success());
    let mut back = without_secrets(oauth2);
    back["authOptions"][0]["config"]["clientAuthLocation"] = "headers".into();
    let answer = send(&world, &Method::PUT, &back).await;
    let expected = refusal(400, "request_malformed", "authOptions[0].config.clientSecret");
    assert_eq!(answer.refusal(), expected, "{}", answer.body);
}

/// A host is not taken in by two steps, each of which looks harmless.
#[tokio::test(start_paused = true)]
async fn no_way_round_leads_a_secret_to_another_host() {
    let (setting, definition, _) = kinds().remove(0);
    let world = World::with(&definition).await;
    let public = {
        let mut public = changed(&definition, "/authOptions/0/config/tokenUri", "https://evil.example/token");
        public["authOptions"][0]["config"]["clientAuthLocation"] = "none".into();
        public
    };
    assert_asked_again(&world, &definition, &public, setting, "as a public client first").await;
    let mut disabled = changed(&definition, "/authOptions/0/config/tokenUri", "https://evil.example/token");
    disabled["authOptions"][0]["enabled"] = false.into();
    assert_asked_again(&world, &definition, &disabled, setting, "disabled first").await;
    // `null` is an answer too: there is nothing left that could be sent.
    let mut removed = disabled;
    removed["authOptions"][0]["config"][setting] = Value::Null;
    assert!(send(&world, &Method::PUT, &removed).await.status.is_success());
    // An option under another key has no secret.
    assert!(send(&world, &Method::PUT, &definition).await.status.is_success());
    let mut renamed = without_secrets(definition.clone());
    renamed["authOptions"][0]["key"] = "renamed".into();
    renamed["authOptions"][0]["config"]["clientAuthLocation"] = "headers".into();
    let answer = send(&world, &Method::PUT, &renamed).await;
    let expected = refusal(400, "request_malformed", "authOptions[0].config.clientSecret");
    assert_eq!(answer.refusal(), expected, "{}", answer.body);
}

/// The schema stays, and so does the template; but more goes there than before.
#[tokio::test(start_paused = true)]
async fn a_secret_that_was_kept_back_from_a_customers_host_is_not_sent_there_later() {
    let (setting, definition, _) = kinds().remove(0);
    for address in ["https://${parameters.sub}/token", "https://${parameters.sub}.provider.example/token"] {
        let mut kept_back = changed(&definition, "/authOptions/0/config/tokenUri", address);
        kept_back["authOptions"][0]["customerHost"] = true.into();
        let world = World::with(&kept_back).await;
        let mut sent = kept_back.clone();
        sent["authOptions"][0]["customerHostGetsSecret"] = true.into();
        assert_asked_again(&world, &kept_back, &sent, setting, address).await;
        // The other way round, nobody gets it who did not get it before.
        assert!(send(&world, &Method::PUT, &sent).await.status.is_success());
        let answer = send(&world, &Method::PUT, &without_secrets(kept_back)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
    // The page where customers sign in gets none; the host of the same template then would.
    let page =
        changed(&definition, "/authOptions/0/config/authorizeUri", "https://${parameters.sub}/authorize");
    let world = World::with(&page).await;
    let mut sent = changed(&page, "/authOptions/0/config/tokenUri", "https://${parameters.sub}/token");
    merge(&mut sent["authOptions"][0], &json!({ "customerHost": true, "customerHostGetsSecret": true }));
    assert_asked_again(&world, &page, &sent, setting, "page").await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_does_not_follow_a_parameter_of_the_integrations_to_another_host() {
    let (setting, definition, _) = kinds().remove(0);
    let listed = json!({ "enum": ["eu.provider.example", "us.provider.example"] });
    let means = json!({ "enum": ["eu", "us"], "means": { "eu": { "name": "a" }, "us": { "name": "b" } } });
    for (address, schema, [value, other]) in [
        ("https://${integration.x}/token", listed, ["eu.provider.example", "us.provider.example"]),
        ("https://${integration.x}.provider.example/token", json!({ "type": "string" }), ["eu", "us"]),
        ("https://${integration.x.@name}.provider.example/token", means.clone(), ["eu", "us"]),
    ] {
        let with = |value: &str| {
            let mut with = changed(&definition, "/authOptions/0/config/tokenUri", address);
            with["parametersSchema"] = json!({ "properties": { "x": schema, "y": { "type": "string" } } });
            with["parameters"] = json!({ "x": value, "y": value });
            with
        };
        let stored = with(value);
        let world = World::with(&stored).await;
        assert_asked_again(&world, &stored, &with(other), setting, address).await;
        // What stands in no host may change.
        let mut same = without_secrets(with(value));
        same["parameters"]["y"] = "other".into();
        let answer = send(&world, &Method::PUT, &same).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        if address.contains('@') {
            let mut moved = with(value);
            moved["parametersSchema"]["properties"]["x"]["means"]["eu"]["name"] = "evil".into();
            assert_asked_again(&world, &stored, &moved, setting, address).await;
        }
    }
}
