//! `confirmUser`: nothing is exchanged before the application has said that its user is there.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, API_KEY};
use tests::form::Form;
use tests::popup_result::PopupResult;
use tests::provider::Reply;
use tests::tokens::{self, WORKSPACE};
use tests::{Answer, Browser, Fault, Start, World, oauth1};

const TOKEN: &str = "/oauth/token";

async fn world_with(integration: &Value) -> World {
    let world = World::with(integration).await;
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["confirmUser"] = json!(true);
    world.define_workspace(WORKSPACE, &workspace).await;
    world
}

async fn world() -> World {
    world_with(&definitions::integration()).await
}

/// The connection request that the browser brings to the application after the provider's page.
async fn authorized(world: &World, browser: &Browser, start: &Start) -> String {
    let callback = world.begin(browser, start).await.consent();
    let answered = browser.get(&callback).await;
    request_id(&browser.get(answered.location()).await)
}

fn request_id(answer: &Answer) -> String {
    let target = answer.away();
    assert!(answer.location().starts_with(definitions::REDIRECT_URI), "{target}");
    assert_eq!(parameter(&target, "connectionId"), None);
    assert_eq!(parameter(&target, "error"), None);
    parameter(&target, "connectionRequestId").unwrap()
}

/// The application's backend completes it for the user of its session.
async fn complete(world: &World, id: &str, user: &str) -> Answer {
    let token = tokens::customer(WORKSPACE, user);
    world.api(Method::POST, &format!("/connection-requests/{id}/complete"), &token, None).await
}

/// Nothing waits in the table any more.
async fn assert_forgotten(world: &World) {
    let waiting = world.dump().await.flows.iter().filter(|item| item.contains_key("unconfirmed")).count();
    assert_eq!(waiting, 0);
}

async fn assert_nothing_happened(world: &World) {
    assert!(world.provider.calls_to(TOKEN).is_empty());
    assert!(world.dump().await.connections.is_empty());
}

/// The victim follows the attacker's link, and agrees at the provider. What the provider answers arrives in the victim's
/// browser, where the application knows another user than the flow's.
#[tokio::test(start_paused = true)]
async fn an_attackers_link_in_a_victims_browser_exchanges_nothing() {
    let world = world().await;
    let victim = world.browser();
    let link = Start::new().by("attacker").from(&[("sec-fetch-site", "none")]).link("/connect");
    let form = Form::read(&victim.for_a_person().send(link).await);
    let asked = victim.send(form.submit()).await.away();
    let (state, callback) = (parameter(&asked, "state").unwrap(), parameter(&asked, "redirect_uri").unwrap());
    let answered = victim.get(&format!("{callback}?code=victims&state={state}")).await;
    let id = request_id(&victim.get(answered.location()).await);

    let refused = complete(&world, &id, "victim").await;
    assert_eq!(refused.refusal(), refusal(403, "access_denied", "token"));
    // That ends it: the attacker, to whom the id may have leaked, cannot complete it any more.
    for user in ["attacker", "victim", "attacker"] {
        assert_ne!(complete(&world, &id, user).await.status, 200, "{user}");
    }
    assert_eq!(complete(&world, &id, "attacker").await.refusal(), refusal(403, "access_denied", "token"));
    assert_nothing_happened(&world).await;
    assert_forgotten(&world).await;
    // The attacker's own session has another id, or none.
    let attacker = world.browser();
    let own = authorized(&world, &attacker, &Start::new().by("attacker")).await;
    assert_ne!(own, id);
    for guessed in [format!("{}{}", &id[..22], &own[22..]), format!("{}{}", &own[..22], &id[22..])] {
        let refused = complete(&world, &guessed, "attacker").await;
        assert_eq!(refused.refusal(), refusal(404, "not_found", "connectionRequestId"));
    }
    assert_nothing_happened(&world).await;
}

#[tokio::test(start_paused = true)]
async fn the_user_who_began_it_is_connected_once_however_often_it_is_completed() {
    let world = world().await;
    let browser = world.browser();
    let id = authorized(&world, &browser, &Start::new()).await;
    assert_nothing_happened(&world).await;
    let connected = complete(&world, &id, "user-1").await;
    assert_eq!(connected.status, 200);
    let connection = connected.json();
    assert_eq!((&connection["userId"], &connection["state"]), (&json!("user-1"), &json!("READY")));
    for _ in 0..2 {
        assert_eq!(complete(&world, &id, "user-1").await.json(), connection);
    }
    let another = complete(&world, &id, "user-2").await;
    assert_eq!(another.refusal(), refusal(404, "not_found", "connectionRequestId"));
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert_eq!(world.dump().await.live_connections().len(), 1);
    assert_forgotten(&world).await;
    // The code verifier is the one that was promised.
    assert!(world.provider.token_request().parameter("code_verifier").is_some());
}

#[tokio::test(start_paused = true)]
async fn two_calls_at_once_exchange_the_code_once_and_get_the_same_connection() {
    let world = world().await;
    let id = authorized(&world, &world.browser(), &Start::new()).await;
    let (one, other) = tokio::join!(complete(&world, &id, "user-1"), complete(&world, &id, "user-1"));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200));
    assert_eq!(one.json()["id"], other.json()["id"]);
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_five_minutes_it_is_gone_and_nothing_was_exchanged() {
    let world = world().await;
    let id = authorized(&world, &world.browser(), &Start::new()).await;
    world.clock.advance(Duration::from_mins(5) - Duration::from_millis(1));
    let other = authorized(&world, &world.browser(), &Start::new()).await;
    world.clock.advance(Duration::from_millis(1));
    for _ in 0..2 {
        assert_eq!(complete(&world, &id, "user-1").await.refusal(), refusal(400, "state_expired", ""));
    }
    assert_nothing_happened(&world).await;
    let kept = world.dump().await.flows.iter().filter(|item| item.contains_key("unconfirmed")).count();
    assert_eq!(kept, 1, "only the other's");
    assert_eq!(complete(&world, &other, "user-1").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn only_a_customers_token_of_the_same_workspace_completes_it() {
    let world = world().await;
    world.define_workspace("other", &definitions::workspace("other")).await;
    let id = authorized(&world, &world.browser(), &Start::new()).await;
    let path = format!("/connection-requests/{id}/complete");
    for (token, expected) in [
        (tokens::customer("other", "user-1"), refusal(404, "not_found", "connectionRequestId")),
        (tokens::admin(WORKSPACE), refusal(403, "access_denied", "")),
        (String::new(), refusal(401, "not_authenticated", "Authorization")),
    ] {
        assert_eq!(world.api(Method::POST, &path, &token, None).await.refusal(), expected);
    }
    for id in ["x", &id[1..], &format!("{id}A"), &"A".repeat(65)] {
        let refused = complete(&world, id, "user-1").await;
        assert_eq!(refused.refusal(), refusal(404, "not_found", "connectionRequestId"), "{id}");
    }
    assert_nothing_happened(&world).await;
}

#[tokio::test(start_paused = true)]
async fn the_tables_reveal_nothing_of_what_waits() {
    let world = world().await;
    let browser = world.browser();
    let provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&provider.back(&[("code", "a-code-that-waits")])).await;
    let id = request_id(&browser.get(answered.location()).await);
    let dump = world.dump().await;
    for secret in ["a-code-that-waits", &provider.state(), &id, &id[22..]] {
        assert!(!dump.contains(secret.as_bytes()), "{secret}");
    }
}

/// The browser may come again: to the same request, which is exchanged once.
#[tokio::test(start_paused = true)]
async fn a_replayed_callback_leads_to_the_same_request() {
    let world = world().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let answered = browser.get(&callback).await;
    let id = request_id(&browser.get(answered.location()).await);
    let again = browser.get(&callback).await;
    assert_eq!(request_id(&browser.get(again.location()).await), id);
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(request_id(&browser.get(again.location()).await), id);
    assert_eq!(complete(&world, &id, "user-1").await.status, 200);
    assert_eq!(request_id(&browser.get(again.location()).await), id);
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_refuses_is_told_at_once_and_what_it_refuses_later_to_the_backend() {
    let world = world().await;
    let browser = world.browser();
    let provider = world.begin(&browser, &Start::new()).await;
    let denied = provider.back(&[("error", "access_denied")]);
    let answered = browser.get(&denied).await;
    let told = browser.get(answered.location()).await;
    assert_eq!(told.redirected_refusal().key, "authorization_denied");
    assert_eq!(parameter(&told.away(), "connectionRequestId"), None);

    let id = authorized(&world, &browser, &Start::new()).await;
    world.provider.next(TOKEN, Reply::json(400, &json!({ "error": "invalid_grant" })));
    for _ in 0..2 {
        assert_eq!(complete(&world, &id, "user-1").await.refusal().key, "token_rejected");
    }
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_database_that_is_lost_changes_nothing() {
    for operation in ["UpdateItem", "TransactWriteItems"] {
        let world = world().await;
        let browser = world.browser();
        let id = authorized(&world, &browser, &Start::new()).await;
        world.wire.fail(operation, 1, Fault::LostAnswer);
        assert_eq!(complete(&world, &id, "user-1").await.status, 200, "{operation}");
        assert_eq!(world.provider.calls_to(TOKEN).len(), 1, "{operation}");
        assert_eq!(world.dump().await.live_connections().len(), 1, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_dies_is_interrupted_for_good() {
    let world = world().await;
    let id = authorized(&world, &world.browser(), &Start::new()).await;
    world.provider.next(TOKEN, Reply::hangs());
    let cut = tokio::time::timeout(Duration::from_secs(1), complete(&world, &id, "user-1")).await;
    assert!(cut.is_err(), "the function was stopped");
    world.clock.advance(Duration::from_secs(35));
    for _ in 0..2 {
        assert_eq!(complete(&world, &id, "user-1").await.refusal().key, "flow_interrupted");
    }
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn oauth1_waits_as_well() {
    let world = world_with(&definitions::oauth1()).await;
    oauth1::answers(&world);
    let browser = world.browser();
    let callback = oauth1::begin(&world, &browser, &Start::new()).await.consent();
    let id = request_id(&oauth1::finish(&browser, &callback).await);
    assert!(world.provider.calls_to("/oauth1/token").is_empty());
    assert_eq!(complete(&world, &id, "user-1").await.status, 200);
    assert_eq!(world.provider.calls_to("/oauth1/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_customer_enters_waits_as_well() {
    let world = world_with(&definitions::api_key()).await;
    let browser = world.browser();
    let page = browser.for_a_person().send(Start::new().form()).await;
    let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let id = request_id(&browser.send(form.submit()).await);
    let dump = world.dump().await;
    assert!(dump.connections.is_empty() && !dump.contains(API_KEY.as_bytes()));
    let connection = complete(&world, &id, "user-1").await.json();
    let secrets = world.secrets(connection["id"].as_str().unwrap()).await;
    assert_eq!(secrets["credentials"], definitions::entered());
    assert_eq!(complete(&world, &id, "user-1").await.json()["id"], connection["id"]);
    assert_forgotten(&world).await;
}

/// A token counts from when it was issued, not from when the application confirmed its user.
#[tokio::test(start_paused = true)]
async fn what_waited_is_as_old_as_it_is() {
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["config"] =
        json!({ "tokenUri": "https://provider.example/oauth/token", "grant": "client_credentials" });
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"]["headers"] = json!({ "Authorization": "Bearer ${credentials.access_token}" });
    let world = world_with(&definition).await;
    let next_refresh = async |waited: Duration| {
        let parameters = json!({ "clientId": "their!+ID", "clientSecret": "their!+secret" });
        let start = Start::new().with(&json!({ "connectionParameters": parameters }));
        let id = request_id(&world.browser().send(start.form()).await);
        world.clock.advance(waited);
        complete(&world, &id, "user-1").await.json()["nextCredentialsRefreshAt"].clone()
    };
    let at_once = next_refresh(Duration::ZERO).await;
    assert_eq!(next_refresh(Duration::from_secs(280)).await, at_once);
}

/// Inside an iframe nobody can be sent on, and the SDK waits for a message.
#[tokio::test(start_paused = true)]
async fn an_iframe_is_told_that_somebody_must_act() {
    let world = world_with(&definitions::api_key()).await;
    let framed = Start::new()
        .with(&json!({ "requestId": "r-1", "connectionParameters": definitions::entered() }))
        .from(&[("origin", "https://app.example"), ("sec-fetch-dest", "iframe")]);
    let page = world.browser().for_a_person().send(framed.form()).await;
    let message = PopupResult::read(&page).message;
    assert_eq!((&message["type"], &message["requestId"]), (&json!("newConnectionFailure"), &json!("r-1")));
    assert_eq!(message["errorData"]["key"], "interaction_required");
    assert_nothing_happened(&world).await;
}

/// The id says nothing to whoever asks elsewhere.
#[tokio::test(start_paused = true)]
async fn what_waits_is_no_flow_of_a_browser() {
    let world = world_with(&definitions::api_key()).await;
    let start = Start::new().with(&json!({ "connectionParameters": definitions::entered() }));
    let id = request_id(&world.browser().send(start.form()).await);
    let browser = world.browser();
    browser.plant_cookie(&format!("__Host-f-{}", &id[..22]), &id[22..]);
    let result = browser.get(&format!("/connection-result/{}", &id[..22])).await;
    assert_eq!(result.refusal(), refusal(400, "state_expired", ""));
    let own = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
    let posted = browser.send(own.post_form("/connection-popup", &[("flow", &id[..22])])).await;
    assert_eq!(posted.refusal(), refusal(400, "state_expired", ""));
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_waits_as_well() {
    let world = world().await;
    let browser = world.browser();
    let id = authorized(&world, &browser, &Start::new()).await;
    let before = complete(&world, &id, "user-1").await.json();
    let again = Start::new().with(&json!({ "connectionId": before["id"] }));
    let id = authorized(&world, &browser, &again).await;
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert_eq!(complete(&world, &id, "user-1").await.json()["id"], before["id"]);
    assert_eq!(world.provider.calls_to(TOKEN).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_start_needs_an_address_to_bring_the_request_to() {
    let world = world().await;
    let start = Start::new().with(&json!({ "redirectUri": null, "requestId": "r1" }));
    let answer = world.browser().send(start.form()).await;
    assert_eq!(answer.refusal(), refusal(400, "parameter_missing", "redirectUri"));
}

/// The caller's own address cannot bring a request with it.
#[tokio::test(start_paused = true)]
async fn the_address_has_no_request_of_its_own() {
    let world = world().await;
    let browser = world.browser();
    let own = format!("{}?connectionRequestId=theirs&a=b", definitions::REDIRECT_URI);
    let id = authorized(&world, &browser, &Start::new().with(&json!({ "redirectUri": own }))).await;
    assert_eq!(id.len(), 65);
}

/// Off by default, and a flow keeps to what held when it began.
#[tokio::test(start_paused = true)]
async fn a_workspace_that_does_not_ask_for_it_goes_on_as_ever() {
    let world = World::new().await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let begun = world.begin(&browser, &Start::new()).await;
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["confirmUser"] = json!(true);
    world.define_workspace(WORKSPACE, &workspace).await;
    let answered = browser.get(&begun.consent()).await;
    browser.get(answered.location()).await.assert_connected();
}
