//! Integrations with several ways to authenticate.

use http::Method;
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, entered, with_options};
use tests::form::Form;
use tests::oauth1::answers;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Start, World};

fn three() -> Value {
    with_options(definitions::integration(), &[&definitions::oauth1(), &definitions::api_key()])
}

fn without(key: &str) -> Value {
    let mut definition = three();
    for option in definition["authOptions"].as_array_mut().unwrap() {
        if option["key"] == key {
            option["enabled"] = false.into();
        }
    }
    definition
}

fn by(option: &str) -> Start {
    Start::new().with(&json!({ "authOptionKey": option, "connectionParameters": entered() }))
}

#[tokio::test(start_paused = true)]
async fn each_is_chosen_by_its_key() {
    let world = World::with(&three()).await;
    answers(&world);
    let browser = world.browser();
    let oauth = world.connect(&browser, &by("oauth")).await.connection_id();
    let oauth1 = tests::oauth1::connect(&world, &browser, &by("oauth1")).await.connection_id();
    let api_key = browser.send(by("api-key").form()).await.connection_id();
    for (id, option) in [(oauth, "oauth"), (oauth1, "oauth1"), (api_key, "api-key")] {
        assert_eq!(world.connection(&id).await.json()["authOptionKey"], option);
    }
    assert_eq!(world.dump().await.slot_ids().len(), 1, "the options share one connection");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_one_is_told_which_there_are() {
    let world = World::with(&without("oauth1")).await;
    for unknown in ["nothing", "oauth1", "API-KEY"] {
        let result = world.browser().send(by(unknown).form()).await;
        assert_eq!(result.redirected_refusal(), refusal(303, "not_found", "authOptionKey"));
        let error = parameter(&result.away(), "error").unwrap();
        assert!(error.contains("oauth, api-key") && !error.contains("nothing"), "{error}");
    }
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_enabled_is_not_the_default_either() {
    let world = World::with(&without("oauth")).await;
    answers(&world);
    let begun = world.browser().send(Start::new().form()).await;
    assert_eq!(begun.away().path(), "/oauth1/authorize");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_enabled_is_not_offered() {
    let world = World::with(&without("oauth1")).await;
    let customer = tokens::customer(WORKSPACE, CUSTOMER);
    let body = json!({ "integrationKey": "crm" });
    let offered = world.api(Method::POST, "/connection-options", &customer, Some(&body)).await.json();
    let keys: Vec<&str> = offered.as_array().unwrap().iter().map(|o| o["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["oauth", "api-key"]);

    let start = by("api-key").with(&json!({ "connectionParameters": null }));
    let page = world.browser().for_a_person().send(start.form()).await;
    let form = Form::read(&page);
    let others: Vec<&str> =
        form.controls.iter().filter(|control| control.name == "choose").map(|c| &*c.value).collect();
    assert_eq!(others, ["oauth"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_turned_off_meanwhile_exchanges_nothing() {
    let world = World::with(&three()).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &by("oauth")).await;
    world.define("crm", &without("oauth")).await;
    let answered = browser.get(&at_provider.consent()).await;
    let result = browser.get(answered.location()).await;
    assert_eq!(result.redirected_refusal(), refusal(303, "not_found", "authOptionKey"));
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_customer_may_turn_to_another_on_the_form() {
    let world = World::with(&three()).await;
    let browser = world.browser().for_a_person();
    let start = by("api-key").with(&json!({ "connectionParameters": null }));
    let form = Form::read(&browser.send(start.form()).await);
    let page = browser.send(form.press(Some(("choose", "oauth")))).await;
    let form = Form::read(&page);
    assert_eq!(form.control("option").value, "oauth");
    assert_eq!(form.asked(), []);
    let begun = browser.send(form.submit()).await;
    assert_eq!(begun.away().path(), "/oauth/authorize");

    let back = browser.send(form.press(Some(("choose", "api-key")))).await;
    assert_eq!(Form::read(&back).asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_form_cannot_choose_what_there_is_not() {
    let world = World::with(&without("oauth1")).await;
    let browser = world.browser().for_a_person();
    let start = by("api-key").with(&json!({ "connectionParameters": null }));
    let form = Form::read(&browser.send(start.form()).await);
    for form in [form.press(Some(("choose", "oauth1"))), form.clone().fill("option", "oauth1").submit()] {
        let result = browser.send(form).await;
        assert_eq!(result.redirected_refusal(), refusal(303, "not_found", "authOptionKey"));
    }
}
