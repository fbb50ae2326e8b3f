//! The screen of one connection.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, API_KEY};
use tests::form::Form;
use tests::provider::Reply;
use tests::screen::{CONNECTION, asks, by_script, in_frame, opening, opening_with, said};
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Answer, Browser, Start, World};

use crate::connection_requests::{consented, pressed};

async fn connected(world: &World) -> String {
    world.connect(&world.browser(), &Start::new()).await.connection_id()
}

async fn opened(world: &World, id: &str) -> (Browser, Answer) {
    let browser = world.browser().for_a_person();
    let page = browser.send(opening(CONNECTION, &[("connectionId", id), ("theme", "auto")])).await;
    (browser, page)
}

async fn press(browser: &Browser, page: &Answer, name: &str, value: &str) -> Answer {
    browser.send(in_frame(Form::with(page, name).press(Some((name, value))))).await
}

async fn read(world: &World, id: &str) -> Value {
    world.connection(id).await.json()
}

#[tokio::test(start_paused = true)]
async fn it_shows_the_connection_and_gives_it_another_name() {
    let world = World::new().await;
    let id = connected(&world).await;
    let (browser, page) = opened(&world, &id).await;
    assert!(page.body.contains("<h1><bdi>Example CRM</bdi></h1>") && page.body.contains(">Connected</p>"));
    assert_eq!(said(&page), json!({ "parent": "https://app.example", "ends": false }), "nothing has changed");
    let form = Form::with(&page, "name");
    for (name, problem) in [(" ", "Please fill this in."), (&*"x".repeat(256), "at most 255 characters")] {
        let page = browser.send(in_frame(form.clone().fill("name", name).submit())).await;
        assert!(page.body.contains(problem), "{}", page.body);
    }
    let page = browser.send(in_frame(form.fill("name", " Sales <b> ").submit())).await;
    assert!(
        page.body.contains("The name was changed.") && page.body.contains("Sales &#60;b&#62;"),
        "{}",
        page.body
    );
    assert_eq!(read(&world, &id).await["name"], "Sales <b>");
    assert_eq!(
        said(&page)["connection"]["name"],
        "Sales <b>",
        "the application gets it when the screen closes"
    );
    let asked = press(&browser, &page, "ask", "remove").await;
    assert_eq!(said(&asked)["connection"]["name"], "Sales <b>");
}

#[tokio::test(start_paused = true)]
async fn it_disconnects_and_removes_after_a_question() {
    let world = World::new().await;
    let id = connected(&world).await;
    let (browser, page) = opened(&world, &id).await;
    let question = press(&browser, &page, "ask", "disconnect").await;
    assert!(question.body.contains("Disconnect Example CRM?"), "{}", question.body);
    let kept = browser.send(in_frame(Form::with(&question, "do").submit())).await;
    assert!(kept.body.contains(">Connected</p>"));
    assert_eq!(read(&world, &id).await["disconnected"], false);
    let ended = press(&browser, &question, "do", "disconnect").await;
    assert!(ended.body.contains("Needs to be connected again"), "{}", ended.body);
    assert_eq!(said(&ended)["connection"]["disconnected"], true);
    assert_eq!(read(&world, &id).await["disconnected"], true);
    let question = press(&browser, &ended, "ask", "remove").await;
    let removed = press(&browser, &question, "do", "remove").await;
    assert!(removed.body.contains("The connection was removed."), "{}", removed.body);
    assert_eq!(said(&removed)["connection"]["id"], id);
    assert!(!world.connection_is_live(&id).await);
    let gone = press(&browser, &question, "do", "remove").await;
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("data-close"));
}

#[tokio::test(start_paused = true)]
async fn it_connects_again_in_a_window() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.api(Method::POST, &format!("/connections/{id}/disconnect"), &tokens::admin(WORKSPACE), None).await;
    let (browser, page) = opened(&world, &id).await;
    let page = press(&browser, &page, "reconnect", "1").await;
    let form = Form::with(&page, "option");
    let begun = browser.send(by_script(form.submit())).await.json();
    let window = world.browser().for_a_person();
    let address = pressed(&window, &begun).await.away();
    consented(&window, &tests::world::AtProvider { address }).await;
    let ticket = &form.control("ticket").value;
    let ended = browser.send(asks(CONNECTION, ticket, begun["request"].as_str().unwrap())).await.json();
    assert_eq!((&ended["status"], &ended["connection"]["id"]), (&json!("success"), &json!(id)));
    let again =
        Form::all(&page).into_iter().find(|form| form.controls.iter().any(|c| c.name == "changed")).unwrap();
    let shown = browser.send(in_frame(again.submit())).await;
    assert!(shown.body.contains(">Connected</p>"));
    assert_eq!(said(&shown)["connection"]["connected"], true);
    let back = press(&browser, &page, "back", "1").await;
    assert!(back.body.contains("<h1><bdi>Example CRM</bdi></h1>"), "{}", back.body);
}

#[tokio::test(start_paused = true)]
async fn it_connects_again_by_what_is_entered_anew() {
    let world = World::with(&definitions::api_key()).await;
    let start = Start::new().with(&json!({
        "connectionParameters": definitions::entered(), "connectorParameters": { "a": "kept" },
    }));
    let id = world.browser().send(start.form()).await.connection_id();
    let (browser, page) = opened(&world, &id).await;
    let page = press(&browser, &page, "reconnect", "1").await;
    let form = Form::with(&page, "input/apiKey");
    assert_eq!(form.control("input/subdomain").value, "", "what is to be replaced is not shown");
    let form = form.fill("input/subdomain", "other").fill("input/apiKey", API_KEY);
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let refused = browser.send(in_frame(form.submit())).await;
    assert!(refused.body.contains("The service does not accept what you entered."));
    let page = browser.send(in_frame(form.submit())).await;
    assert!(page.body.contains(">Connected</p>"), "{}", page.body);
    assert_eq!(said(&page)["connection"]["id"], id);
    let secrets = world.secrets(&id).await;
    assert_eq!(secrets["parameters"]["subdomain"], "other");
    assert_eq!(secrets["connectorParameters"], json!({ "a": "kept" }));
}

#[tokio::test(start_paused = true)]
async fn it_offers_and_does_what_the_token_allows() {
    let world = World::new().await;
    let id = connected(&world).await;
    let claims = |scope: &str| json!({ "iss": WORKSPACE, "id": CUSTOMER, "scope": scope, "exp": tokens::in_an_hour() });
    let token = |scope: &str| tokens::signed(&claims(scope), &tokens::secret_of(WORKSPACE));
    let browser = world.browser().for_a_person();
    let with = |scope: &str| opening_with(&token(scope), CONNECTION, &[("connectionId", &id)]);
    assert_eq!(browser.send(with("connect")).await.status, 403);
    let page = browser.send(with("connections:read")).await;
    assert!(Form::all(&page).is_empty(), "{}", page.body);
    let page = browser.send(with("connections:read connect")).await;
    let form = Form::read(&page);
    assert_eq!(form.controls.last().unwrap().name, "reconnect");
    let refused = browser.send(in_frame(form.press(Some(("do", "remove"))))).await;
    assert_eq!(refused.status, 403);
    let refused = browser.send(in_frame(form.press(Some(("name", "other"))))).await;
    assert_eq!(refused.status, 403);
    let page = browser.send(with("connections:read connections:write")).await;
    let refused = browser.send(in_frame(Form::with(&page, "name").press(Some(("reconnect", "1"))))).await;
    assert_eq!(refused.status, 403);
    assert!(world.connection_is_live(&id).await);
    assert_eq!(browser.send(opening(CONNECTION, &[])).await.status, 400);
}
