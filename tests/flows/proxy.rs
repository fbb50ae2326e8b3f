//! A workspace that uses the registration of an integration that the root workspace shares.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, CLIENT_SECRET, merge};
use tests::form::Form;
use tests::popup_result::PopupResult;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN};
use tests::tokens::{self, CUSTOMER, ROOT, WORKSPACE};
use tests::world::callback_path;
use tests::{Start, World};

/// The option of the workspace that borrows.
fn borrowing() -> Value {
    json!({
        "name": "CRM of ours",
        "authOptions": [{ "key": "shared", "type": "proxy", "config": { "proxyKey": "shared-crm" } }],
    })
}

/// An option of the root workspace that borrows itself.
fn lent_on() -> Value {
    json!({
        "name": "Lent on",
        "authOptions": [{ "key": "shared", "type": "proxy", "config": { "proxyKey": "first-crm" } }],
    })
}

async fn share(world: &World, definition: &Value, sharing: &Value) {
    let mut definition = definition.clone();
    merge(&mut definition, sharing);
    define_at_root(world, "shared-crm", &definition).await;
}

async fn define_at_root(world: &World, key: &str, definition: &Value) {
    let path = format!("/integrations/{key}");
    let answer = world.api(Method::PUT, &path, &tokens::admin(ROOT), Some(definition)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

async fn world(shared: &Value, sharing: &Value) -> World {
    let world = World::empty().await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    share(&world, &definitions::integration(), &json!({ "shared": true })).await;
    let world = world.defined(&borrowing()).await;
    share(&world, shared, sharing).await;
    world
}

async fn shared_world() -> World {
    world(&definitions::integration(), &json!({ "shared": true })).await
}

fn owners_path() -> String {
    format!("/oauth-callback/{}", tests::definitions::integration_id(ROOT, "shared-crm"))
}

#[tokio::test(start_paused = true)]
async fn the_owners_registration_does_the_work() {
    let world = shared_world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert_eq!(at_provider.parameter("client_id").as_deref(), Some("client!+ID"));
    let redirect_uri = format!("https://linkspan.example{}", owners_path());
    assert_eq!(at_provider.parameter("redirect_uri"), Some(redirect_uri.clone()));
    let answered = browser.get(&at_provider.consent()).await;
    let id = browser.get(answered.location()).await.connection_id();

    let sent = world.provider.token_request();
    assert_eq!(sent.parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
    assert_eq!(sent.parameter("redirect_uri"), Some(redirect_uri));
    assert_eq!(world.provider.calls_to("/api/me").len(), 1);
    let connection = world.connection(&id).await.json();
    assert_eq!(connection["integrationId"], tests::definitions::integration_id(WORKSPACE, "crm"));
    assert_eq!(
        (&connection["name"], &connection["authOptionKey"]),
        (&json!("CRM of ours"), &json!("shared"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_the_borrowers_own_address_claims_nothing() {
    let world = shared_world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let query = at_provider.answer(&[("code", "a")]);
    let answer = browser.get(&format!("{}?{query}", callback_path())).await;
    assert_eq!(answer.refusal().key, "integration_mismatch");
    let answered = browser.get(&format!("{}?{query}", owners_path())).await;
    browser.get(answered.location()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn nobody_in_the_borrowing_workspace_reads_the_credentials() {
    let world = shared_world().await;
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "redirectUri": null, "requestId": "r" }));
    let page = world.connect(&browser, &start).await;
    let id = PopupResult::read(&page).message["connection"]["id"].as_str().unwrap().to_owned();
    let (admin, customer) = (tokens::admin(WORKSPACE), tokens::customer(WORKSPACE, CUSTOMER));
    let mut seen = vec![page.body];
    for (path, token) in [
        (format!("/connections/{id}?includeSecrets=true"), &admin),
        (format!("/connections/{id}"), &admin),
        (format!("/connections/{id}"), &customer),
        ("/connections?includeSecrets=true".to_owned(), &admin),
        ("/connections".to_owned(), &customer),
        ("/integrations".to_owned(), &admin),
        ("/integrations/crm".to_owned(), &admin),
        ("/integrations/crm/connector-spec".to_owned(), &admin),
    ] {
        let answer = world.api(Method::GET, &path, token, None).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        seen.push(answer.body);
    }
    for body in seen {
        for secret in [ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_SECRET] {
            assert!(!body.contains(secret), "{body}");
        }
    }
    let secrets = world.secrets(&id).await;
    assert_eq!((secrets.get("credentials"), secrets.get("parameters")), (None, None));
    assert!(!world.dump().await.contains(ACCESS_TOKEN.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn the_owner_does_not_read_the_borrowers_connections() {
    let world = shared_world().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let root = tokens::admin(ROOT);
    let answer = world.api(Method::GET, &format!("/connections/{id}?includeSecrets=true"), &root, None).await;
    assert_eq!(answer.refusal().key, "not_found");
    let list = world.api(Method::GET, "/connections", &root, None).await.json();
    assert_eq!(list["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn it_can_be_shared_with_some_only() {
    let sharing = json!({ "shared": true, "sharedWith": ["other", WORKSPACE] });
    let world = world(&definitions::integration(), &sharing).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_shared_looks_like_what_does_not_exist() {
    let mut messages = Vec::new();
    for (definition, sharing) in [
        (definitions::integration(), json!({ "shared": false })),
        (definitions::integration(), json!({})),
        (
            definitions::integration(),
            json!({ "shared": true, "sharedWith": ["other", "acm", "acme2", "ACME"] }),
        ),
        (definitions::integration(), json!({ "shared": true, "sharedWith": [] })),
        // The names of workspaces alone share nothing.
        (definitions::integration(), json!({ "sharedWith": [WORKSPACE] })),
        // What is borrowed is not lent on.
        (lent_on(), json!({ "shared": true })),
    ] {
        let world = shared_world().await;
        let mut first = definitions::integration();
        first["shared"] = true.into();
        define_at_root(&world, "first-crm", &first).await;
        share(&world, &definition, &sharing).await;
        let put =
            world.api(Method::PUT, "/integrations/new", &tokens::admin(WORKSPACE), Some(&borrowing())).await;
        let field = "authOptions[0].config.proxyKey";
        assert_eq!(put.refusal(), refusal(400, "request_malformed", field), "{sharing}");
        let shown = world.api(Method::GET, "/integrations/crm", &tokens::admin(WORKSPACE), None).await.json();
        assert_eq!(
            (&shown["state"], &shown["problems"][0]["field"]),
            (&json!("SETUP_REQUIRED"), &json!(field))
        );
        let result = world.browser().send(Start::new().form()).await;
        assert_eq!(
            result.redirected_refusal(),
            refusal(303, "configuration_invalid", "proxyKey"),
            "{sharing}"
        );
        messages.push(result.told());
        assert_eq!(world.dump().await.flows.len(), 0);
    }
    let world = shared_world().await;
    world.api(Method::DELETE, "/integrations/shared-crm?force=true", &tokens::admin(ROOT), None).await;
    let unknown = world.browser().send(Start::new().form()).await;
    messages.push(unknown.told());
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn only_the_root_workspace_shares() {
    let world = shared_world().await;
    let mut own = definitions::integration();
    own["shared"] = true.into();
    world.define("shared-crm", &own).await;
    world.api(Method::DELETE, "/integrations/shared-crm?force=true", &tokens::admin(ROOT), None).await;
    let result = world.browser().send(Start::new().form()).await;
    assert_eq!(result.redirected_refusal().key, "configuration_invalid");
}

#[tokio::test(start_paused = true)]
async fn sharing_that_ends_meanwhile_exchanges_nothing() {
    let world = shared_world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    share(&world, &definitions::integration(), &json!({ "shared": false })).await;
    let answered = browser.get(&at_provider.consent()).await;
    let result = browser.get(answered.location()).await;
    assert_eq!(result.redirected_refusal(), refusal(303, "configuration_invalid", "proxyKey"));
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_owners_option_needs_is_asked_for() {
    let world = world(&definitions::api_key(), &json!({ "shared": true })).await;
    let browser = world.browser().for_a_person();
    let form = Form::read(&browser.send(Start::new().form()).await);
    assert_eq!(form.asked().len(), 2);
    let form = form.fill("input/subdomain", "acme").fill("input/apiKey", definitions::API_KEY);
    let id = browser.send(form.submit()).await.connection_id();
    assert_eq!(world.secrets(&id).await.get("parameters"), None);
}
