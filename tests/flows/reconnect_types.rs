//! Every type of connection is connected again; what goes wrong leaves it as it was.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, API_KEY, CLIENT_SECRET, entered, with_options};
use tests::oauth1::{answers, form};
use tests::provider::Reply;
use tests::{Browser, Start, World, oauth1, tokens};

/// The options, and the step at which a reconnection by each can be refused.
const STEPS: [(&str, &str); 8] = [
    ("oauth", "/oauth/token"),
    ("oauth", "/api/me"),
    ("oauth1", "/oauth1/request"),
    ("oauth1", "/oauth1/token"),
    ("oauth1", "/api/me"),
    ("api-key", "/api/me"),
    ("login", "/login"),
    ("grant", "/oauth/token"),
];

async fn world() -> World {
    let with_input = |key: &str, config: &Value| {
        json!({ "authOptions": [{
            "key": key, "type": "client-credentials", "config": config, "inputSchema": { "required": ["clientId"] },
        }] })
    };
    let login = json!({ "login": {
        "uri": "https://provider.example/login",
        "body": { "id": "${parameters.clientId}" },
        "response": { "token": "token" },
    } });
    let grant = json!({ "tokenUri": "https://provider.example/oauth/token" });
    let all = with_options(
        definitions::integration(),
        &[
            &definitions::oauth1(),
            &definitions::api_key(),
            &with_input("login", &login),
            &with_input("grant", &grant),
        ],
    );
    let world = World::with(&all).await;
    answers(&world);
    world.provider.always("/login", Reply::json(200, &json!({ "token": "first" })));
    world
}

fn start(option: &str) -> Start {
    let input = match option {
        "api-key" => entered(),
        "login" | "grant" => json!({ "clientId": "their!+ID", "clientSecret": CLIENT_SECRET }),
        _ => json!({}),
    };
    Start::new().with(&json!({ "authOptionKey": option, "connectionParameters": input }))
}

fn again(id: &str, option: &str) -> Start {
    start(option).with(&json!({ "connectionId": id, "authOptionKey": null }))
}

async fn connect(world: &World, browser: &Browser, start: &Start, option: &str) -> tests::Answer {
    match option {
        "oauth" => world.connect(browser, start).await,
        "oauth1" => {
            let begun = browser.send(start.form()).await;
            if begun.away().path() != "/oauth1/authorize" {
                return begun;
            }
            let requests = world.provider.calls_to("/oauth1/request");
            let callback = oauth1::protocol_parameters(requests.last().unwrap())["oauth_callback"].clone();
            let at_provider = oauth1::AtProvider { address: begun.away(), callback };
            oauth1::finish(browser, &at_provider.consent()).await
        }
        _ => browser.send(start.form()).await,
    }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_its_id_its_name_and_its_age_and_gets_new_credentials() {
    for option in ["oauth", "oauth1", "api-key", "login", "grant"] {
        let world = world().await;
        let browser = world.browser();
        let named = start(option).with(&json!({ "name": "My CRM" }));
        let id = connect(&world, &browser, &named, option).await.connection_id();
        let before = world.connection(&id).await.json();
        world.clock.advance(Duration::from_mins(1));

        world.provider.always("/oauth/token", Reply::json(200, &json!({ "access_token": "second" })));
        let second = [("oauth_token", "second"), ("oauth_token_secret", "second")];
        world.provider.always("/oauth1/token", form(&second));
        world.provider.always("/login", Reply::json(200, &json!({ "token": "second" })));
        let mut reconnect = again(&id, option);
        if option == "api-key" {
            reconnect.payload["connectionParameters"]["apiKey"] = "second".into();
        }
        let result = connect(&world, &browser, &reconnect, option).await;
        assert_eq!(result.connection_id(), id, "{option}");

        let after = world.connection(&id).await.json();
        for kept in ["id", "name", "createdAt", "authOptionKey", "integrationId", "userId"] {
            assert_eq!(after[kept], before[kept], "{option} {kept}");
        }
        assert_eq!(after["name"], "My CRM");
        assert_eq!(after["updatedAt"], "2026-01-01T00:01:00.000Z", "{option}");
        let credentials = world.secrets(&id).await["credentials"].to_string();
        assert!(credentials.contains("second") && !credentials.contains("first"), "{option}: {credentials}");
        let dump = world.dump().await;
        assert_eq!((dump.live_connections().len(), dump.archived_connections().len()), (1, 0), "{option}");
        assert_eq!(dump.slot_ids(), [id], "{option}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_that_is_refused_leaves_everything_as_it_was() {
    for (option, step) in STEPS {
        let world = world().await;
        let browser = world.browser();
        let id = connect(&world, &browser, &start(option), option).await.connection_id();
        let before = world.dump().await.connections;
        let secrets = world.secrets(&id).await;

        world.provider.next(step, Reply::json(401, &json!({ "error": "invalid_grant" })));
        let refused = connect(&world, &browser, &again(&id, option), option).await.redirected_refusal();
        assert!(
            ["token_rejected", "client_rejected", "credentials_rejected"].contains(&&*refused.key),
            "{option} at {step}: {refused:?}"
        );
        assert_eq!(world.dump().await.connections, before, "{option} at {step}");
        assert_eq!(world.secrets(&id).await, secrets, "{option} at {step}");
        assert!(world.connection(&id).await.json()["connected"].as_bool().unwrap());

        let result = connect(&world, &browser, &again(&id, option), option).await;
        assert_eq!(result.connection_id(), id, "{option} at {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_were_typed_are_typed_again() {
    let world = world().await;
    let browser = world.browser();
    let id = browser.send(start("api-key").form()).await.connection_id();
    let reconnect = again(&id, "api-key").with(&json!({ "connectionParameters": null }));
    let page = browser.for_a_person().send(reconnect.form()).await;
    assert!(!page.body.contains("api!"), "{}", page.body);
    let form = tests::form::Form::read(&page);
    assert_eq!(form.control("option").value, "api-key");
    let form = form.fill("input/subdomain", "other").fill("input/apiKey", API_KEY);
    let result = browser.send(form.submit()).await;
    assert_eq!(result.connection_id(), id);
    let parameters = &world.secrets(&id).await["parameters"];
    assert_eq!(*parameters, json!({ "subdomain": "other", "apiKey": API_KEY }));
}

#[tokio::test(start_paused = true)]
async fn it_may_change_its_option() {
    let world = world().await;
    let browser = world.browser();
    let id = world.connect(&browser, &start("oauth")).await.connection_id();
    let change = start("api-key").with(&json!({ "connectionId": id }));
    assert_eq!(browser.send(change.form()).await.connection_id(), id);
    assert_eq!(world.connection(&id).await.json()["authOptionKey"], "api-key");
    assert_eq!(world.secrets(&id).await["credentials"], entered());
}

#[tokio::test(start_paused = true)]
async fn a_borrowed_registration_stays_hidden() {
    let world = world().await;
    world.define_workspace(tokens::ROOT, &definitions::workspace(tokens::ROOT)).await;
    let mut shared = definitions::integration();
    shared["shared"] = true.into();
    let root = tokens::admin(tokens::ROOT);
    world.api(Method::PUT, "/integrations/shared-crm", &root, Some(&shared)).await;
    let proxy = json!({ "key": "shared", "type": "proxy", "config": { "proxyKey": "shared-crm" } });
    world.define("crm", &json!({ "name": "CRM", "authOptions": [proxy] })).await;

    let browser = world.browser();
    let id = world.connect(&browser, &start("shared")).await.connection_id();
    let before = world.dump().await.connections;
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let refused = world.connect(&browser, &again(&id, "shared")).await.redirected_refusal();
    assert_eq!(refused.key, "credentials_rejected");
    assert_eq!(world.dump().await.connections, before);
    assert_eq!(world.connect(&browser, &again(&id, "shared")).await.connection_id(), id);
    assert_eq!(world.secrets(&id).await.get("credentials"), None);
}
