//! An address that a browser opens is a plain https address: everybody who reads it reads the same.

use flow::store::StoredDefinition;
use http::Method;
use protocol::id::WorkspaceKey;
use serde_json::json;
use tests::answer::refusal;
use tests::definitions::{integration, integration_with, workspace};
use tests::permissions::by_hand;
use tests::tokens::{ROOT, WORKSPACE, admin};
use tests::{Start, World};

const EVIL: &[&str] = &[
    "http://app.example/x",
    "http://localhost/x",
    "http://127.0.0.1:9000/x",
    "https://127.0.0.1/x",
    "https://localhost:8443/x",
    "https://app.localhost/x",
    "https://[::1]/x",
    "https://0/x",
    "https://2130706433/x",
    "https://user@app.example/x",
    "https://user:password@app.example/x",
    "https:/app.example/x",
    "https:app.example/x",
    "https:///app.example/x",
    "https:\\\\app.example\\x",
    "https://app.example\\@evil.example/x",
    " https://app.example/x",
    "https://app.exa\tmple/x",
    "https://app.example/a/../x",
    "https://app.example/%2e%2e/x",
    "https://app.example:*/x",
    "https://app.example:0/x",
    "https://аpp.example/x",
    "https://app..example/x",
    "https://",
    "//app.example/x",
    "/x",
    "x",
    "",
    "javascript:alert(1)//https://app.example/x",
    "data:image/svg+xml,https://app.example/x",
];

#[tokio::test(start_paused = true)]
async fn an_address_that_a_browser_opens_is_a_plain_https_address() {
    let world = World::new().await;
    let before = world.dump().await;
    for evil in EVIL {
        let mut logo = integration();
        logo["logoUri"] = (*evil).into();
        let mut callback = integration_with(
            &json!({ "issuer": "https://provider.example", "authorizationResponseIssParameterSupported": true }),
        );
        callback["oAuthCallbackUri"] = (*evil).into();
        let mut help = integration();
        help["authOptions"][0]["helpUri"] = (*evil).into();
        let property = json!({ "properties": { "key": { "helpUri": evil } } });
        let mut field_help = integration();
        field_help["authOptions"][0]["inputSchema"] = json!({ "properties": { "in": property } });
        let mut team_help = integration();
        team_help["parametersSchema"] = property;
        for (field, definition) in [
            ("authOptions[0].inputSchema.properties.in.properties.key.helpUri", field_help),
            ("parametersSchema.properties.key.helpUri", team_help),
            ("logoUri", logo),
            ("oAuthCallbackUri", callback),
            ("authOptions[0].helpUri", help),
            ("authOptions[0].config.issuer", integration_with(&json!({ "issuer": evil }))),
        ] {
            let answer =
                world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
            assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{evil}: {}", answer.body);
        }
        let mut team = workspace(WORKSPACE);
        team["logoUri"] = (*evil).into();
        let answer = world.api(Method::PUT, "/workspaces/acme", &admin(ROOT), Some(&team)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "logoUri"), "{evil}: {}", answer.body);
    }
    assert_eq!(world.dump().await, before);
}

/// A workspace that was stored before goes on; its logo is not shown.
#[tokio::test(start_paused = true)]
async fn a_workspace_with_a_logo_that_is_refused_today_goes_on_without_it() {
    let world = World::new().await;
    let key = &WorkspaceKey::new(WORKSPACE);
    let before = by_hand(world.deps.store.read_workspace(key)).await.unwrap().unwrap();
    let mut definition = workspace(WORKSPACE);
    definition.as_object_mut().unwrap().remove("secret");
    definition["logoUri"] = "http://localhost/logo.svg".into();
    let stored = StoredDefinition { definition: definition.to_string(), ..before.clone() };
    assert!(by_hand(world.deps.store.put_workspace(key, Some(&before), stored)).await.unwrap());
    world.forget_definitions();
    let read = by_hand(world.deps.definitions.workspace(key)).await.unwrap();
    assert_eq!(read.brand.logo_uri, None);
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
}
