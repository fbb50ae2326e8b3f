//! Attempts outlive their flows: what they show, to whom, and what can no longer be done with them.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, API_KEY, INTEGRATION};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Answer, Start, World};

async fn asked(world: &World, token: &str, query: &str) -> Answer {
    world.api(Method::GET, &format!("/connection-attempt-logs?{query}"), token, None).await
}

/// The customers of the attempts that a token shows, on all pages.
async fn customers(world: &World, token: &str, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let page = asked(world, token, &format!("limit=1&cursor={cursor}&{query}")).await.json();
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|item| item["userId"].as_str().unwrap().to_owned()));
        match page["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}

/// Two workspaces, with two customers each who have begun.
async fn world() -> World {
    let world = World::new().await;
    world.define_workspace("other", &definitions::workspace("other")).await;
    let path = format!("/integrations/{INTEGRATION}");
    let definition = definitions::integration();
    assert!(
        world.api(Method::PUT, &path, &tokens::admin("other"), Some(&definition)).await.status.is_success()
    );
    for workspace in [WORKSPACE, "other"] {
        for customer in ["user-1", "user-2"] {
            world.clock.advance(Duration::from_secs(1));
            let token = tokens::customer(workspace, customer);
            world.begin(&world.browser(), &Start::new().with(&json!({ "token": token }))).await;
        }
    }
    world
}

#[tokio::test(start_paused = true)]
async fn attempts_end_at_the_workspace_and_at_the_customer() {
    let world = world().await;
    assert_eq!(customers(&world, &tokens::admin(WORKSPACE), "").await, ["user-2", "user-1"]);
    let all = asked(&world, &tokens::admin("other"), "").await.json()["items"].clone();
    for workspace in [WORKSPACE, "other"] {
        let own = tokens::customer(workspace, CUSTOMER);
        for query in ["", "userId=user-1", "status=pending", "integrationKey=crm"] {
            assert_eq!(customers(&world, &own, query).await, ["user-1"], "{workspace} {query}");
        }
        let others = asked(&world, &own, "userId=user-2").await.refusal();
        assert_eq!(others, refusal(403, "access_denied", "userId"));
    }
    // Neither a reference nor a cursor leads to somebody else's.
    for theirs in all.as_array().unwrap() {
        let (reference, cursor) = (theirs["reference"].as_str().unwrap(), theirs["id"].as_str().unwrap());
        let (admin, customer) = (tokens::admin(WORKSPACE), tokens::customer(WORKSPACE, CUSTOMER));
        assert_eq!(customers(&world, &admin, &format!("reference={reference}")).await, [""; 0]);
        for (token, own) in [(admin, &["user-2", "user-1"][..]), (customer, &["user-1"])] {
            let page = asked(&world, &token, &format!("cursor={cursor}")).await.json();
            let found: Vec<&str> =
                page["items"].as_array().unwrap().iter().map(|it| it["userId"].as_str().unwrap()).collect();
            assert_eq!(found, own, "{cursor}");
        }
    }
    let of_user_2 = all[0]["reference"].as_str().unwrap();
    let of_another =
        customers(&world, &tokens::customer("other", "user-1"), &format!("reference={of_user_2}")).await;
    assert_eq!(of_another, [""; 0]);
    assert_eq!(asked(&world, "", "").await.refusal().key, "not_authenticated");
}

/// The cause is the operator's: the log has it.
#[tokio::test(start_paused = true)]
async fn an_attempt_shows_no_more_than_the_application_was_told() {
    let world = World::new().await;
    let browser = world.browser();
    let refused = json!({ "error": "invalid_grant", "error_description": "internal!+detail/1" });
    world.provider.next("/oauth/token", Reply::json(400, &refused));
    let result = world.connect(&browser, &Start::new()).await;
    let told: Value = serde_json::from_str(&parameter(&result.away(), "errorData").unwrap()).unwrap();
    for token in [tokens::admin(WORKSPACE), tokens::customer(WORKSPACE, CUSTOMER)] {
        let answer = asked(&world, &token, "").await;
        assert_eq!(answer.json()["items"][0]["error"], told);
        for hidden in ["internal!", "provider.example", "oauth/token"] {
            assert!(!answer.body.contains(hidden), "{hidden}: {}", answer.body);
        }
    }
}

/// What is left of a flow for thirty days: who, what, when, and how it ended. Where its result went stays sealed under a key
/// that only the browser had.
#[tokio::test(start_paused = true)]
async fn a_flow_that_has_ended_has_forgotten_what_it_knew() {
    let world = World::new().await;
    let start = Start::new().with(&json!({ "connectionParameters": { "apiKey": "input!+secret/1" } }));
    world.connect(&world.browser(), &start).await.assert_connected();
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert!(world.dump().await.flows.iter().any(|flow| flow.contains_key("memory")));
    let answered = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
    for flow in &world.dump().await.flows {
        let sealed = ["memory", "unconfirmed", "choice"];
        assert!(sealed.iter().all(|name| !flow.contains_key(*name)), "{flow:?}");
    }
    // The result is shown as before, again and again.
    for _ in 0..2 {
        assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "authorization_denied");
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_flow_that_has_ended_has_forgotten_what_it_knew() {
    let world = World::new().await;
    let mut confirming = definitions::workspace(WORKSPACE);
    confirming["confirmUser"] = true.into();
    world.define_workspace(WORKSPACE, &confirming).await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let answered = browser.get(&callback).await;
    let result = browser.get(answered.location()).await;
    let request = parameter(&result.away(), "connectionRequestId").unwrap();
    let path = format!("/connection-requests/{request}/complete");
    let complete =
        async || world.api(Method::POST, &path, &tokens::customer(WORKSPACE, CUSTOMER), None).await;
    let connection = complete().await.json();
    for flow in &world.dump().await.flows {
        assert!(!flow.contains_key("memory") && !flow.contains_key("unconfirmed"), "{flow:?}");
    }
    assert_eq!(browser.get(answered.location()).await.location(), result.location());
    // Who completed it is told again for an hour, and nobody afterwards, although the item is there.
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(complete().await.json()["id"], connection["id"]);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(complete().await.refusal(), refusal(404, "not_found", "connectionRequestId"));
    assert_eq!(world.dump().await.flows.len(), 1);
}

/// The item is there for thirty days, and the browser has kept its cookie against the rules.
#[tokio::test(start_paused = true)]
async fn a_flow_past_its_time_is_of_no_use_although_its_item_is_there() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    world.forget_definitions();
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let ended = world.begin(&browser, &Start::new()).await;
    let result = browser.get(&ended.back(&[("error", "access_denied")])).await.location().to_owned();
    let page =
        browser.for_a_person().send(Start::new().with(&json!({ "integrationKey": "mail" })).form()).await;
    let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let before = world.dump().await;
    for wait in [Duration::from_mins(76), Duration::from_hours(24), Duration::from_hours(27 * 24)] {
        world.clock.advance(wait);
        assert_eq!(browser.get(&at_provider.consent()).await.refusal(), refusal(400, "state_unknown", ""));
        assert_eq!(browser.get(&ended.consent()).await.refusal(), refusal(400, "state_unknown", ""));
        assert_eq!(browser.get(&result).await.refusal(), refusal(400, "state_expired", ""));
        assert_eq!(browser.send(form.submit()).await.refusal(), refusal(400, "state_expired", ""));
        let denial = format!("{}?error=access_denied", at_provider.parameter("redirect_uri").unwrap());
        assert_eq!(browser.get(&denial).await.refusal(), refusal(400, "state_missing", "state"));
    }
    assert_eq!(world.dump().await, before);
    assert!(world.provider.calls().is_empty());
    assert!(before.flows.len() == 3 && before.connections.is_empty());
}
