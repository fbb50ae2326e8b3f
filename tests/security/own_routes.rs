//! No definition and no redirect target leads to a route of the service's own.

use http::Method;
use protocol::redirect_uri::OWN_PATHS;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{REDIRECT_URI, integration, integration_with, merge, workspace};
use tests::tokens::{ROOT, WORKSPACE, admin};
use tests::{Start, World};

use crate::kept_secrets::{addresses, changed, kinds};
use crate::refused::{assert_refused, assert_refused_at_target};

/// Every route, at the address that the service is asked at.
fn own_routes() -> impl Iterator<Item = String> {
    OWN_PATHS.iter().map(|path| {
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
        format!("https://linkspan.example{}", segments.collect::<Vec<_>>().join("/"))
    })
}

/// The same route, as the router reads it too.
const DISGUISED: &[&str] = &[
    "https://LINKSPAN.example/connect",
    "https://linkspan.example:443/connect",
    "https://linkspan.example/connect/",
    "https://linkspan.example//connect",
    "https://linkspan.example/%63onnect",
    "https://linkspan.example/%2563onnect",
    "https://linkspan.example/connect?a=b#c",
];

/// The path that a refusal names a setting by.
fn field(place: &str) -> String {
    let place = place.trim_start_matches('/').replace('/', ".");
    place.replace("authOptions.0", "authOptions[0]")
}

async fn put(world: &World, definition: &Value) -> tests::Answer {
    world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await
}

#[tokio::test(start_paused = true)]
async fn no_address_of_a_definition_leads_to_a_route_of_our_own() {
    for (_, definition, _) in kinds() {
        let world = World::with(&definition).await;
        let before = world.dump().await;
        // Nothing calls or opens the issuer: it is a name.
        let places = addresses(&definition, "").into_iter().filter(|place| !place.ends_with("/issuer"));
        for place in places {
            let disguised = DISGUISED.iter().map(|address| (*address).to_owned());
            for own in own_routes().chain(disguised) {
                // An endpoint may have no fragment, and a base address nothing after its path.
                let own = if place.ends_with("Uri") { own.split(['?', '#']).next().unwrap() } else { &own };
                let answer = put(&world, &changed(&definition, &place, own)).await;
                let expected = refusal(400, "request_malformed", &field(&place));
                assert_eq!(answer.refusal(), expected, "{place} {own}: {}", answer.body);
                assert!(answer.body.contains("leads to a route of Linkspan's own"), "{own}: {}", answer.body);
            }
            let elsewhere = changed(&definition, &place, "https://linkspan.example.provider.example/connect");
            assert!(put(&world, &elsewhere).await.status.is_success(), "{place}");
            world.store_unchecked(&definition).await;
        }
        assert!(put(&world, &definition).await.status.is_success());
        assert_eq!(world.dump().await.connections, before.connections);
    }
}

/// A path below a base address may be a route although the base is none.
#[tokio::test(start_paused = true)]
async fn a_path_and_its_base_are_looked_at_together() {
    let world = World::new().await;
    let mut definition = integration();
    definition["baseUri"] = "https://linkspan.example".into();
    definition["authOptions"][0]["test"]["path"] = "/connections/x".into();
    let answer = put(&world, &definition).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "authOptions[0].test.path"));
    definition["authOptions"][0]["test"]["path"] = "/api/me".into();
    assert!(put(&world, &definition).await.status.is_success());
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let asked = world.provider.calls().len();
    let through = format!("/connections/{id}/proxy/connections/{id}/proxy/a");
    let answer = world.api(Method::GET, &through, &admin(WORKSPACE), None).await;
    assert_eq!(answer.refusal(), refusal(400, "configuration_invalid", "baseUri"));
    assert_eq!(world.provider.calls().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_workspace_lists_no_route_of_our_own() {
    let world = World::new().await;
    let before = world.dump().await;
    let disguised = DISGUISED[..6].iter().map(|address| (*address).to_owned());
    let below = ["https://linkspan.example/oauth-callback/*".to_owned()];
    for own in own_routes().chain(disguised).chain(below) {
        for (field, changes) in [
            ("redirectUris[1]", json!({ "redirectUris": [REDIRECT_URI, own] })),
            ("logoUri", json!({ "logoUri": own })),
        ] {
            let mut definition = workspace(WORKSPACE);
            merge(&mut definition, &changes);
            let answer = world.api(Method::PUT, "/workspaces/acme", &admin(ROOT), Some(&definition)).await;
            assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{own}");
        }
    }
    assert_eq!(world.dump().await.flows, before.flows);
}

/// What lies under an entry of the workspace is known only when a start names it.
#[tokio::test(start_paused = true)]
async fn no_result_goes_to_a_route_of_our_own() {
    let world = World::new().await;
    let mut definition = workspace(WORKSPACE);
    definition["redirectUris"] = json!([REDIRECT_URI, "https://linkspan.example/*"]);
    world.define_workspace(WORKSPACE, &definition).await;
    let expected = refusal(400, "redirect_uri_not_allowed", "redirectUri");
    let disguised = DISGUISED.iter().map(|address| (*address).to_owned());
    for own in own_routes().chain(disguised) {
        let start = Start::new().with(&json!({ "redirectUri": own }));
        assert_refused(&world, &world.browser(), &start.form(), &expected, &own).await;
    }
    let page = Start::new().with(&json!({ "redirectUri": "https://linkspan.example/our/page" }));
    let _ = world.begin(&world.browser(), &page).await;
}

/// A customer's input makes an address of ours, which the definition does not show.
#[tokio::test(start_paused = true)]
async fn no_input_makes_an_address_lead_to_a_route_of_our_own() {
    for (template, input) in [
        ("https://${parameters.a}.example/connect", "linkspan"),
        ("https://linkspan.example/${parameters.a}", "connect"),
        ("https://linkspan.example/connections/${parameters.a}/test/", "x"),
    ] {
        for setting in ["authorizeUri", "tokenUri"] {
            let mut definition = integration_with(&json!({ setting: template }));
            definition["authOptions"][0]["inputSchema"] =
                json!({ "type": "object", "properties": { "a": { "type": "string" } } });
            let world = World::new().await;
            if template.ends_with("/test/") {
                let answer = put(&world, &definition).await;
                let expected = refusal(400, "request_malformed", &format!("authOptions[0].config.{setting}"));
                assert_eq!(answer.refusal(), expected);
            }
            // Also one that was stored before there was this check.
            world.store_unchecked(&definition).await;
            let start = Start::new().with(&json!({ "connectionParameters": { "a": input } }));
            let browser = world.browser();
            if setting == "authorizeUri" {
                let expected = ("configuration_invalid", "authorizeUri");
                assert_refused_at_target(&world, &browser, &start.form(), expected, template).await;
            } else {
                let answer = world.connect(&browser, &start).await.redirected_refusal();
                assert_eq!(answer, refusal(303, "configuration_invalid", "tokenUri"), "{template}");
                assert!(world.provider.calls().is_empty(), "{template}");
            }
        }
    }
}

/// What was stored before goes on as it did, and says what is to be mended.
#[tokio::test(start_paused = true)]
async fn a_stored_address_of_our_own_is_told() {
    let world = World::new().await;
    let mut definition = integration();
    definition["logoUri"] = "https://linkspan.example/connect".into();
    world.store_unchecked(&definition).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let shown = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await.json();
    assert_eq!(
        (&shown["state"], &shown["problems"][0]["field"]),
        (&json!("SETUP_REQUIRED"), &json!("logoUri"))
    );
}
