//! A start that names the scopes that it wants.

use serde_json::{Value, json};
use tests::definitions::{api_key, entered, integration_with};
use tests::form::Form;
use tests::provider::Reply;
use tests::{Start, World};

fn asking(scopes: &Value) -> Start {
    Start::new().with(&json!({ "scopes": scopes }))
}

fn again(id: &str) -> Start {
    Start::new().with(&json!({ "connectionId": id }))
}

/// What the provider is asked for.
async fn scope(world: &World, start: &Start) -> Option<String> {
    world.begin(&world.browser(), start).await.parameter("scope")
}

/// Connects, and the provider says that it granted this; nothing if it is null.
async fn granting(world: &World, start: &Start, scope: &Value) -> String {
    let mut answer = json!({ "access_token": "access/1", "scope": scope });
    answer.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    world.provider.next("/oauth/token", Reply::json(200, &answer));
    world.connect(&world.browser(), start).await.connection_id()
}

#[tokio::test(start_paused = true)]
async fn the_provider_is_asked_for_these() {
    let world = World::with(&integration_with(&json!({ "allowedScopes": ["admin"] }))).await;
    for start in [
        asking(&json!(["write", "admin"])),
        asking(&json!("write admin")),
        Start::new().with(&json!({ "connectorParameters": { "scopes": ["write", "admin"] } })),
        asking(&json!("admin write")).with(&json!({ "connectorParameters": { "scopes": "write admin" } })),
    ] {
        let mut asked: Vec<String> =
            scope(&world, &start).await.unwrap().split(' ').map(str::to_owned).collect();
        asked.sort();
        assert_eq!(asked, ["admin", "write"], "{:?}", start.payload);
    }
    // Nothing at all is nothing.
    for nothing in [json!([]), json!(""), json!(null)] {
        assert_eq!(scope(&world, &asking(&nothing)).await.as_deref(), Some("read write"), "{nothing}");
    }
    let start = Start::new();
    let payload = start.payload.to_string();
    let in_query = start.post_form("/connection-popup?scopes=admin+write", &[("payload", &payload)]);
    let begun = world.browser().send(in_query).await;
    assert!(begun.location().ends_with("scope=admin+write"), "{}", begun.location());
}

#[tokio::test(start_paused = true)]
async fn no_browser_widens_them() {
    for (config, scopes) in [
        (json!({}), json!(["read", "admin"])),
        (json!({ "scopesByCaller": "none" }), json!(["read"])),
        (json!({ "scopeSeparator": "," }), json!(["read,admin"])),
    ] {
        let world = World::with(&integration_with(&config)).await;
        for (start, field) in [
            (asking(&scopes), "scopes"),
            (
                Start::new().with(&json!({ "connectorParameters": { "scopes": scopes } })),
                "connectorParameters.scopes",
            ),
        ] {
            let refused = world.browser().send(start.form()).await.redirected_refusal();
            assert_eq!((&*refused.key, &*refused.field), ("scope_not_allowed", field), "{config}");
        }
    }
    let world = World::with(&integration_with(&json!({ "scopesByCaller": "any" }))).await;
    assert_eq!(scope(&world, &asking(&json!("else"))).await.as_deref(), Some("else"));
    for (wrong, key) in
        [(asking(&json!(7)), "request_malformed"), (asking(&json!(["a b"])), "request_malformed")]
    {
        assert_eq!(world.browser().send(wrong.form()).await.refusal().key, key);
    }
    let two = asking(&json!("read")).with(&json!({ "connectorParameters": { "scopes": "write" } }));
    let refused = world.browser().send(two.form()).await.redirected_refusal();
    assert_eq!((&*refused.key, &*refused.field), ("parameter_conflict", "connectorParameters.scopes"));
}

/// What has no scopes to choose takes the connector parameter as it always did, and says no to what can mean nothing else.
#[tokio::test(start_paused = true)]
async fn another_type_has_none_to_choose() {
    let world = World::with(&api_key()).await;
    let with = Start::new().with(&json!({ "connectionParameters": entered() }));
    let parameter = with.clone().with(&json!({ "connectorParameters": { "scopes": ["read"] } }));
    let id = world.browser().send(parameter.form()).await.connection_id();
    assert_eq!(world.secrets(&id).await["connectorParameters"], json!({ "scopes": ["read"] }));
    let refused =
        world.browser().send(with.with(&json!({ "scopes": "read" })).form()).await.redirected_refusal();
    assert_eq!((&*refused.key, &*refused.field), ("scope_not_allowed", "scopes"));
}

#[tokio::test(start_paused = true)]
async fn the_connection_says_what_was_granted_and_what_was_not() {
    for (separator, granted, expected, missing) in [
        (" ", json!("read"), json!(["read"]), json!(["write"])),
        (" ", json!("read,write"), json!(["read", "write"]), json!(null)),
        (",", json!("read,write"), json!(["read", "write"]), json!(null)),
        // RFC 6749 §5.1: what was asked for was granted.
        (",", json!(null), json!(["read", "write"]), json!(null)),
        (" ", json!("write more"), json!(["write", "more"]), json!(["read"])),
    ] {
        let world = World::with(&integration_with(&json!({ "scopeSeparator": separator }))).await;
        let id = granting(&world, &Start::new(), &granted).await;
        let connection = world.connection(&id).await.json();
        assert_eq!(connection["grantedScopes"], expected, "{granted}");
        assert_eq!(connection["missingScopes"], missing, "{granted}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_scopes_are_asked_for_beside_those_that_it_has() {
    let world = World::with(&integration_with(&json!({ "allowedScopes": ["mail", "files"] }))).await;
    let id = granting(&world, &asking(&json!("read files")), &json!("read openid")).await;

    let more = again(&id).with(&json!({ "connectorParameters": { "scopes": ["mail"] } }));
    assert_eq!(scope(&world, &more).await.as_deref(), Some("read openid mail"));
    assert_eq!(granting(&world, &more, &json!("read openid mail")).await, id);
    let connection = world.connection(&id).await.json();
    assert_eq!(connection["grantedScopes"], json!(["read", "openid", "mail"]));
    assert_eq!(connection["missingScopes"], json!(null));

    // A reconnection that names none asks for the same again, and does not fall back to the option's own.
    assert_eq!(scope(&world, &again(&id)).await.as_deref(), Some("read openid mail"));
    // A new one knows nothing of that.
    assert_eq!(scope(&world, &Start::new()).await.as_deref(), Some("read write"));
}

/// What was chosen and refused by the customer is asked for again, until the caller chooses anew.
#[tokio::test(start_paused = true)]
async fn what_the_customer_did_not_grant_is_asked_for_again() {
    let world = World::new().await;
    let chosen = granting(&world, &asking(&json!("read write")), &json!("read")).await;
    assert_eq!(scope(&world, &again(&chosen)).await.as_deref(), Some("read write"));
    let own = granting(&world, &Start::new(), &json!("read")).await;
    world.define("crm", &integration_with(&json!({ "scopes": ["read", "write", "mail"] }))).await;
    world.forget_definitions();
    assert_eq!(scope(&world, &again(&own)).await.as_deref(), Some("read write mail"));
}

#[tokio::test(start_paused = true)]
async fn more_scopes_leave_the_other_connector_parameters() {
    let world = World::with(&integration_with(&json!({
        "authorizeUri": "https://provider.example/${connectorParameters.region}/authorize",
    })))
    .await;
    let given = json!({ "connectorParameters": { "region": "eu" } });
    let id = world.connect(&world.browser(), &Start::new().with(&given)).await.connection_id();
    let more = again(&id).with(&json!({ "connectorParameters": { "scopes": ["write"] } }));
    let at_provider = world.begin(&world.browser(), &more).await;
    assert_eq!(at_provider.address.path(), "/eu/authorize");
    assert_eq!(at_provider.parameter("scope").as_deref(), Some("read write"));
}

/// A start that waits behind a form goes on with its scopes.
#[tokio::test(start_paused = true)]
async fn they_wait_with_the_start() {
    let mut definition = integration_with(&json!({}));
    definition["authOptions"][0]["inputSchema"] =
        json!({ "type": "object", "required": ["team"], "properties": { "team": { "type": "string" } } });
    let world = World::with(&definition).await;
    let browser = world.browser().for_a_person();
    let page = browser.send(asking(&json!("write")).form()).await;
    let away = browser.send(Form::read(&page).fill("input/team", "acme").submit()).await;
    assert!(away.location().ends_with("scope=write"), "{}", away.location());
}

#[tokio::test(start_paused = true)]
async fn given_credentials_say_theirs() {
    let world = World::new().await;
    let body = json!({
        "integrationKey": "crm", "userId": "user-1",
        "credentials": { "access_token": "given", "scope": "read" },
    });
    let token = tests::tokens::admin(tests::tokens::WORKSPACE);
    let made = world.api(http::Method::POST, "/connections", &token, Some(&body)).await.json();
    assert_eq!(made["grantedScopes"], json!(["read"]));
    assert_eq!(made["missingScopes"], json!(null));
}
