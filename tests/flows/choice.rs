//! The page where the customer chooses what the connection is for, when their account has several.

use std::time::Duration;

use flow::lifecycle::refresh::Swept;
use http::Method;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::{self, API_KEY, integration_with, merge};
use tests::form::Form;
use tests::popup_result::PopupResult;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Answer, Browser, Start, World, oauth1};

use crate::refresh::{HOUR, renewed};

const TOKEN: &str = "/oauth/token";

/// The changes of an option that let it choose a site.
fn choosing() -> Value {
    json!({
        "afterConnect": [
            {
                "path": "/sites",
                "choose": { "items": "values", "value": "id", "label": "name", "as": "site", "title": "Site" },
            },
            { "path": "/sites/${credentials.site}", "response": { "region": "region" } },
        ],
        "apiClient": {
            "headers": { "Authorization": "Bearer ${credentials.access_token}", "X-Site": "${credentials.site}" },
        },
        "account": { "id": "${credentials.site}" },
    })
}

fn with_option(changes: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    merge(&mut definition["authOptions"][0], changes);
    definition["baseUri"] = json!("https://provider.example/api");
    definition
}

pub(crate) fn two() -> Value {
    json!({ "values": [{ "id": "s1", "name": "Acme" }, { "id": "s2", "name": "Beta <b>" }] })
}

async fn world_with(definition: &Value) -> World {
    let world = World::with(definition).await;
    world.provider.always("/api/sites", Reply::json(200, &two()));
    for site in ["s1", "s2"] {
        world.provider.always(&format!("/api/sites/{site}"), Reply::json(200, &json!({ "region": site })));
    }
    world
}

pub(crate) async fn world() -> World {
    world_with(&with_option(&choosing())).await
}

/// The page that the browser gets after the provider's.
pub(crate) async fn asked(world: &World, browser: &Browser, start: &Start) -> Answer {
    browser.for_a_person().get(&result_of(world, browser, start).await).await
}

/// The address of the result, where the callback leads.
async fn result_of(world: &World, browser: &Browser, start: &Start) -> String {
    let callback = world.begin(browser, start).await.consent();
    browser.get(&callback).await.location().to_owned()
}

/// Sends the page's form with this item, and follows to the result.
async fn choose(browser: &Browser, page: &Answer, item: &str) -> Answer {
    let answer = browser.send(Form::read(page).press(Some(("choice", item)))).await;
    browser.get(answer.location()).await
}

#[tokio::test(start_paused = true)]
async fn the_customer_chooses_and_the_flow_goes_on() {
    let world = world().await;
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new().with(&json!({ "customState": "s" }))).await;
    let form = Form::read(&page);
    let kinds: Vec<(&str, &str)> = form.controls.iter().map(|it| (&*it.kind, &*it.value)).collect();
    assert_eq!(kinds, [("hidden", "0"), ("radio", "0"), ("radio", "1"), ("submit", "")]);
    for text in ["<legend>Site</legend>", "Acme", "Beta &#60;b&#62;", "Example CRM"] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    // Neither a token nor an item's value is on the page, and there is no connection yet.
    assert!(!page.body.contains("access!") && !page.body.contains("s2"), "{}", page.body);
    assert!(world.dump().await.connections.is_empty());

    let result = choose(&browser, &page, "1").await;
    assert_eq!(parameter(&result.away(), "customState").as_deref(), Some("s"));
    let id = result.connection_id();
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!((&credentials["site"], &credentials["region"]), (&json!("s2"), &json!("s2")));
    assert_eq!(world.connection(&id).await.json()["account"]["id"], "s2");
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1, "the code is spent");
    assert_eq!(world.provider.calls_to("/api/sites").len(), 1);
    let proven: Vec<String> =
        world.provider.calls_to("/api/me").iter().map(|call| call.header("x-site").to_owned()).collect();
    assert_eq!(proven, ["s2"]);
    // What waited is gone.
    assert!(world.dump().await.flows.iter().all(|flow| !flow.contains_key("choice")));
}

#[tokio::test(start_paused = true)]
async fn the_page_can_be_reloaded_and_opened_in_a_second_tab() {
    let world = world().await;
    let browser = world.browser();
    let result = result_of(&world, &browser, &Start::new()).await;
    let person = browser.for_a_person();
    let (one, other) = (person.get(&result).await, person.get(&result).await);
    assert_eq!(one.body, other.body);
    let first = choose(&browser, &one, "0").await.connection_id();
    // The second tab's answer changes nothing: it gets the result of the first.
    assert_eq!(choose(&browser, &other, "1").await.connection_id(), first);
    assert_eq!(world.secrets(&first).await["credentials"]["site"], "s1");
    // And so does the address of the answered page.
    let choice = result.replace("/connection-result/", "/connection-choice/");
    let again = browser.get(choice.trim_end_matches('#')).await;
    assert_eq!(browser.get(again.location()).await.connection_id(), first);
    assert_eq!(world.dump().await.live_connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_answers_at_once_make_one_connection() {
    let world = world().await;
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    let (one, other) = tokio::join!(choose(&browser, &page, "0"), choose(&browser, &page, "1"));
    assert_eq!(one.connection_id(), other.connection_id());
    assert_eq!(world.dump().await.live_connections().len(), 1);
    assert_eq!(world.provider.calls_to("/api/me").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_choice_the_page_is_shown_again() {
    let world = world().await;
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    let again = browser.send(Form::read(&page).press(Some(("choice", "")))).await;
    assert!(again.body.contains("Please choose one."), "{}", again.body);
    choose(&browser, &again, "0").await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_popup_asks_and_then_hands_over_the_connection() {
    let world = world().await;
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "redirectUri": null, "requestId": "r1" }));
    let page = asked(&world, &browser, &start).await;
    let result = choose(&browser, &page, "0").await;
    let message = PopupResult::read(&result).message;
    assert_eq!(message["type"], "newConnectionCreated", "{message}");
    assert_eq!(
        (&message["requestId"], &message["connection"]["account"]["id"]),
        (&json!("r1"), &json!("s1"))
    );
}

#[tokio::test(start_paused = true)]
async fn more_than_a_few_are_a_list() {
    let world = world().await;
    let many: Vec<Value> = (0..600).map(|n| json!({ "id": n, "name": format!("Site {n}") })).collect();
    world.provider.always("/api/sites", Reply::json(200, &json!({ "values": many })));
    world.provider.always("/api/sites/499", Reply::json(200, &json!({ "region": "r" })));
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    let form = Form::read(&page);
    assert_eq!(form.control("choice").kind, "select");
    assert_eq!(page.body.matches("<option ").count(), 501);
    assert!(page.body.contains("These are the first 500."));
    let id = choose(&browser, &page, "499").await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["site"], "499");
}

#[tokio::test(start_paused = true)]
async fn several_can_be_chosen_and_become_an_array() {
    let mut changes = choosing();
    let choose_sites = &mut changes["afterConnect"][0]["choose"];
    merge(choose_sites, &json!({ "multiple": true, "as": "sites", "where": { "type": "company" } }));
    changes["afterConnect"].as_array_mut().unwrap().truncate(1);
    changes["apiClient"]["headers"]["X-Site"] = json!("${credentials.sites.0}");
    changes["account"]["id"] = json!("${credentials.sites.1}");
    let world = world_with(&with_option(&changes)).await;
    let site = |id: &str, kind: &str| json!({ "id": id, "name": id, "type": kind });
    let sites = json!({ "values": [site("a", "company"), site("b", "person"), site("c", "company"), site("d", "company")] });
    world.provider.always("/api/sites", Reply::json(200, &sites));
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    let form = Form::read(&page);
    assert_eq!(form.controls.iter().filter(|it| it.kind == "checkbox").count(), 3);
    let none = browser.send(form.submit()).await;
    assert!(none.body.contains("Please choose at least one."));
    let mut both = form.clone();
    both.controls.retain(|it| it.kind == "hidden");
    let mut request = both.press(Some(("choice", "2")));
    *request.body_mut() = format!("{}&choice=0", String::from_utf8_lossy(request.body())).into();
    let answer = browser.send(request).await;
    let id = browser.get(answer.location()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["sites"], json!(["a", "d"]));
    assert_eq!(world.connection(&id).await.json()["account"]["id"], "d");
    // A caller names them by an array, and a single one is an array too.
    let start = Start::new().with(&json!({ "connectorParameters": { "sites": ["c"] } }));
    let named = world.connect(&world.browser(), &start).await.connection_id();
    assert_eq!(world.secrets(&named).await["credentials"]["sites"], json!(["c"]));
    world.provider.always("/api/sites", Reply::json(200, &json!({ "values": [site("a", "company")] })));
    let only = world.connect(&world.browser(), &Start::new()).await.connection_id();
    assert_eq!(world.secrets(&only).await["credentials"]["sites"], json!(["a"]));
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_begins_with_what_was_chosen_before() {
    let world = world().await;
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    assert!(!page.body.contains(" checked"));
    let id = choose(&browser, &page, "1").await.connection_id();
    for start in [Start::new().with(&json!({ "connectionId": id })), Start::new()] {
        let page = asked(&world, &browser, &start).await;
        let chosen = page.body.split("<label>").find(|label| label.contains(" checked")).unwrap();
        assert!(chosen.contains("Beta"), "{chosen}");
    }
    // The customer may choose another one, and it is still the same connection.
    let start = Start::new().with(&json!({ "connectionId": id }));
    let page = asked(&world, &browser, &start).await;
    assert_eq!(choose(&browser, &page, "0").await.connection_id(), id);
    assert_eq!(world.secrets(&id).await["credentials"]["site"], "s1");
}

#[tokio::test(start_paused = true)]
async fn what_was_chosen_outlives_a_refresh() {
    let mut changes = choosing();
    changes["afterConnect"][0]["on"] = json!("both");
    let world = world_with(&with_option(&changes)).await;
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    let id = choose(&browser, &page, "1").await.connection_id();
    world.clock.advance(HOUR);
    world.provider.always(TOKEN, renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["site"], "s2");
    // The site is gone from the list. Nobody is there to choose, and the new tokens are kept all the same.
    let others = json!({ "values": [{ "id": "s1", "name": "Acme" }, { "id": "s3", "name": "New" }] });
    world.provider.always("/api/sites", Reply::json(200, &others));
    world.clock.advance(HOUR);
    world.provider.always(TOKEN, renewed(&json!({ "access_token": "access/3" })));
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!((&credentials["site"], &credentials["access_token"]), (&json!("s2"), &json!("access/3")));
}

/// Two questions, one after the other.
#[tokio::test(start_paused = true)]
async fn one_question_can_follow_another() {
    let mut changes = choosing();
    changes["afterConnect"][1] = json!({
        "path": "/sites/${credentials.site}/projects",
        "choose": { "as": "project" },
    });
    let world = world_with(&with_option(&changes)).await;
    world.provider.always("/api/sites/s2/projects", Reply::json(200, &json!(["p1", "p2"])));
    let browser = world.browser().for_a_person();
    let first = asked(&world, &browser, &Start::new()).await;
    let second = choose(&browser, &first, "1").await;
    assert!(second.body.contains("p1") && second.body.contains("Choose one"), "{}", second.body);
    // The first page, sent again, answers nothing: the second question stays.
    assert!(choose(&browser, &first, "0").await.body.contains("p1"));
    let id = choose(&browser, &second, "1").await.connection_id();
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!((&credentials["site"], &credentials["project"]), (&json!("s2"), &json!("p2")));
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_choice_is_the_flows_outcome() {
    let world = world().await;
    let browser = world.browser();
    world.provider.always("/api/sites/s1", Reply::json(403, &json!({})));
    let page = asked(&world, &browser, &Start::new()).await;
    let refused = choose(&browser, &page, "0").await.redirected_refusal();
    assert!(!refused.key.is_empty());
    assert!(world.dump().await.connections.is_empty());
    assert_eq!(choose(&browser, &page, "1").await.redirected_refusal(), refused, "it is over");
}

/// The team may change its integration while the customer thinks.
#[tokio::test(start_paused = true)]
async fn a_question_that_is_asked_no_more_is_not_answered() {
    let world = world().await;
    let browser = world.browser();
    let page = asked(&world, &browser, &Start::new()).await;
    let mut changed = choosing();
    changed["afterConnect"][0]["choose"]["as"] = json!("team");
    changed["afterConnect"].as_array_mut().unwrap().truncate(1);
    changed["apiClient"]["headers"].as_object_mut().unwrap().remove("X-Site");
    changed["account"]["id"] = json!("${credentials.team}");
    world.define("crm", &with_option(&changed)).await;
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(choose(&browser, &page, "0").await.redirected_refusal().key, "flow_interrupted");
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_customers_enter_can_have_several_too() {
    let mut definition = integration_with(&json!({}));
    definition["baseUri"] = json!("https://provider.example/api");
    definition["authOptions"] = json!([{
        "key": "api-key", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["apiKey"], "properties": { "apiKey": { "type": "string" } },
        },
        "apiClient": { "headers": { "X-Api-Key": "${credentials.apiKey}", "X-Site": "${credentials.site}" } },
        "afterConnect": choosing()["afterConnect"],
        "test": { "path": "/me" },
    }]);
    let world = world_with(&definition).await;
    let start = Start::new().with(&json!({ "connectionParameters": { "apiKey": API_KEY } }));
    let browser = world.browser().for_a_person();
    let begun = browser.send(start.form()).await;
    let page = browser.get(begun.location()).await;
    assert!(world.dump().await.connections.is_empty());
    let id = choose(&browser, &page, "1").await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["site"], "s2");
    // A program that starts it has no page.
    let refused = world.browser().send(start.form()).await.redirected_refusal();
    assert_eq!((&*refused.key, &*refused.field), ("parameter_missing", "connectorParameters.site"));
}

#[tokio::test(start_paused = true)]
async fn oauth_1_asks_too() {
    let mut definition = definitions::oauth1();
    merge(&mut definition["authOptions"][0], &json!({ "afterConnect": choosing()["afterConnect"] }));
    definition["baseUri"] = json!("https://provider.example/api");
    let world = world_with(&definition).await;
    oauth1::answers(&world);
    let browser = world.browser();
    let callback = oauth1::begin(&world, &browser, &Start::new()).await.consent();
    let result = browser.get(&callback).await.location().to_owned();
    let page = browser.for_a_person().get(&result).await;
    let id = choose(&browser, &page, "0").await.connection_id();
    let token = customer(WORKSPACE, CUSTOMER);
    assert_eq!(world.api(Method::GET, &format!("/connections/{id}"), &token, None).await.status, 200);
    assert_eq!(world.secrets(&id).await["credentials"]["site"], "s1");
}

/// The tokens last for a minute, and two questions wait for longer than a run of the scheduled refresh looks back.
#[tokio::test(start_paused = true)]
async fn what_has_waited_long_for_its_customer_is_refreshed_all_the_same() {
    let mut changes = choosing();
    changes["afterConnect"][1]["choose"] = json!({ "value": "region", "as": "region" });
    changes["afterConnect"][1].as_object_mut().unwrap().remove("response");
    let world = world_with(&with_option(&changes)).await;
    let regions = json!([{ "region": "eu" }, { "region": "us" }]);
    world.provider.always("/api/sites/s1", Reply::json(200, &regions));
    world.provider.always(TOKEN, renewed(&json!({ "expires_in": 60 })));
    let browser = world.browser();
    let mut page = asked(&world, &browser, &Start::new()).await;
    world.clock.advance(Duration::from_mins(9));
    page = choose(&browser.for_a_person(), &page, "0").await;
    world.clock.advance(Duration::from_mins(9));
    assert_eq!(world.run_schedule_again().await, Swept::default());
    choose(&browser, &page, "0").await.assert_connected();
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..Swept::default() });
}
