//! The screen that connects: the list, the form, and the sign-in in a window.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, API_KEY, INTEGRATION, integration_id};
use tests::form::Form;
use tests::provider::Reply;
use tests::screen::{CONNECT, asks, by_script, in_frame, opening, opening_with, said};
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::world::AtProvider;
use tests::{Answer, Browser, World};

use crate::attempts::listed;
use crate::connection_requests::{cancelled, consented, made, now, own_page, pressed};

/// An OAuth option that asks for a subdomain first.
fn asking() -> Value {
    let mut definition = definitions::integration();
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({
        "type": "object", "required": ["shop"],
        "properties": { "shop": { "type": "string", "pattern": "^[a-z]+$", "title": "Your shop" } },
    });
    option["config"]["authorizeUri"] = json!("https://${parameters.shop}.provider.example/oauth/authorize");
    definition
}

/// The screen as it opens, in a browser of its own.
pub(crate) async fn opened(world: &World, fields: &[(&str, &str)]) -> (Browser, Answer) {
    let browser = world.browser().for_a_person();
    let page = browser.send(opening(CONNECT, fields)).await;
    (browser, page)
}

/// What the script gets for the form: the connection request of the window.
async fn begun(browser: &Browser, form: &Form) -> Value {
    let answer = browser.send(by_script(form.submit())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn ticket(page: &Answer) -> String {
    Form::with(page, "ticket").control("ticket").value.clone()
}

async fn standing(browser: &Browser, page: &Answer, begun: &Value) -> Value {
    let request = begun["request"].as_str().unwrap();
    browser.send(asks(CONNECT, &ticket(page), request)).await.json()
}

/// The window, which has cookies of its own, at the provider.
async fn at_provider(world: &World, begun: &Value) -> (Browser, AtProvider) {
    let window = world.browser().for_a_person();
    let address = pressed(&window, begun).await.away();
    (window, AtProvider { address })
}

#[tokio::test(start_paused = true)]
async fn the_list_has_what_can_be_connected_and_a_search_that_needs_no_script() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let mut broken = definitions::integration();
    broken["authOptions"][0]["enabled"] = json!(false);
    broken["name"] = json!("Turned off");
    world.define("off", &broken).await;
    let (browser, page) = opened(&world, &[]).await;
    let list = Form::with(&page, "integration");
    let offered: Vec<&str> = list.controls.iter().filter(|c| c.kind == "submit").map(|c| &*c.value).collect();
    assert_eq!(offered, [INTEGRATION, "mail"]);
    assert!(!page.body.contains("Turned off"));
    let search = Form::with(&page, "search").fill("search", " mAil");
    let found = browser.send(in_frame(search.submit())).await;
    let items: Vec<bool> =
        found.body.split("<li data-item").skip(1).map(|item| !item.starts_with(" hidden")).collect();
    assert_eq!(items, [false, true]);
    let chosen = browser.send(in_frame(list.press(Some(("integration", "mail"))))).await;
    let form = Form::with(&chosen, "input/apiKey");
    assert_eq!(form.asked(), [("input/subdomain", "text", true), ("input/apiKey", "password", true)]);
    let back = browser.send(in_frame(form.press(Some(("back", "1"))))).await;
    assert!(back.body.contains("Example CRM"), "{}", back.body);
    let none = Form::with(&back, "search").fill("search", "nothing of this name");
    let none = browser.send(in_frame(none.submit())).await;
    assert!(none.body.contains("data-none>Nothing was found."), "{}", none.body);
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_enters_connects_in_the_frame_and_the_application_gets_it() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let fields = [("integrationKey", "mail"), ("name", "Mine"), ("allowMultipleConnections", "")];
    let (browser, page) = opened(&world, &fields).await;
    assert_eq!(said(&page), json!({ "parent": "https://app.example", "ends": false }));
    let form =
        Form::with(&page, "input/apiKey").fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let done = browser.send(in_frame(form.submit())).await;
    let said = said(&done);
    assert_eq!(said["ends"], true);
    let connection = &said["connection"];
    assert_eq!((&connection["name"], &connection["userId"]), (&json!("Mine"), &json!(CUSTOMER)));
    let id = connection["id"].as_str().unwrap();
    assert_eq!(world.connection(id).await.json(), *connection);
    assert_eq!(world.secrets(id).await["credentials"], definitions::entered());
    let [attempt] = &listed(&world, "").await[..] else { panic!("one attempt") };
    assert_eq!((&attempt["status"], &attempt["connectionId"]), (&json!("success"), &json!(id)));
    assert!(browser.cookie_names().is_empty(), "a frame of another site keeps none");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_asked_for_again_and_is_an_attempt() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let (browser, page) = opened(&world, &[("integrationKey", "mail")]).await;
    let form = Form::with(&page, "input/apiKey").fill("input/subdomain", "Not a subdomain");
    let complaint = browser.send(in_frame(form.submit())).await;
    assert!(complaint.body.contains("Please fill this in."), "{}", complaint.body);
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let form =
        Form::with(&complaint, "input/apiKey").fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let refused = browser.send(in_frame(form.submit())).await;
    assert!(refused.body.contains("The service does not accept what you entered."), "{}", refused.body);
    assert!(!refused.body.contains(API_KEY));
    assert_eq!(Form::with(&refused, "input/apiKey").control("input/subdomain").value, "acme");
    let [attempt] = &listed(&world, "").await[..] else { panic!("one attempt") };
    assert_eq!(attempt["error"]["key"], "credentials_rejected");
    assert_eq!(world.dump().await.connections.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_goes_on_in_a_window_and_the_service_says_how_it_ended() {
    let world = World::with(&asking()).await;
    let fields = [("integrationKey", INTEGRATION), ("name", "Shop"), ("connectorParameters", r#"{"a":"b"}"#)];
    let (browser, page) = opened(&world, &fields).await;
    let form = Form::with(&page, "input/shop");
    let again = browser.send(by_script(form.submit())).await;
    assert_eq!(again.json(), json!({ "again": true }), "the page says what is missing");
    let begun = begun(&browser, &form.fill("input/shop", "acme")).await;
    assert_eq!(standing(&browser, &page, &begun).await, json!({ "status": "pending" }));
    let (window, at_provider) = at_provider(&world, &begun).await;
    assert_eq!(at_provider.address.host_str(), Some("acme.provider.example"), "nothing is asked for twice");
    consented(&window, &at_provider).await;
    let ended = standing(&browser, &page, &begun).await;
    assert_eq!(ended["status"], "success");
    let id = ended["connection"]["id"].as_str().unwrap();
    assert_eq!(ended["connection"], world.connection(id).await.json());
    assert_eq!(ended["connection"]["name"], "Shop");
    assert_eq!(world.secrets(id).await["connectorParameters"], json!({ "a": "b" }));
    assert!(browser.cookie_names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_failed_is_told_and_the_next_one_may_succeed() {
    let world = World::new().await;
    let (browser, page) = opened(&world, &[("integrationKey", INTEGRATION)]).await;
    let begun = begun(&browser, &Form::with(&page, "option")).await;
    let (window, denied) = at_provider(&world, &begun).await;
    let answered = window.get(&denied.back(&[("error", "access_denied")])).await;
    window.get(answered.location()).await;
    let failed = standing(&browser, &page, &begun).await;
    assert_eq!(
        (&failed["status"], &failed["error"]["happened"]),
        (&json!("pending"), &json!("The access was not granted."))
    );
    assert_eq!(failed["error"]["reference"].as_str().unwrap().len(), 8);
    let (window, at_provider) = self::at_provider(&world, &begun).await;
    consented(&window, &at_provider).await;
    assert_eq!(standing(&browser, &page, &begun).await["status"], "success");
}

#[tokio::test(start_paused = true)]
async fn what_was_entered_before_connects_nothing_once_it_is_entered_anew() {
    let world = World::with(&asking()).await;
    let (browser, page) = opened(&world, &[("integrationKey", INTEGRATION)]).await;
    let form = Form::with(&page, "input/shop").fill("input/shop", "wrong");
    let first = begun(&browser, &form).await;
    let form = form.fill("input/shop", "right").fill("previous", first["request"].as_str().unwrap());
    let second = begun(&browser, &form).await;
    assert_eq!(standing(&browser, &page, &first).await["status"], "cancelled");
    assert_eq!(standing(&browser, &page, &second).await["status"], "pending");
}

#[tokio::test(start_paused = true)]
async fn without_a_script_a_page_of_its_own_goes_on_by_redirect_and_a_frame_has_a_link() {
    let world = World::new().await;
    let (browser, page) = opened(&world, &[("integrationKey", INTEGRATION)]).await;
    let form = Form::with(&page, "option");
    let link = browser.send(form.submit()).await.location().to_owned();
    let confirm = world.browser().for_a_person().get(&link).await;
    assert_eq!(own_page(&confirm), (200, true));
    let framed = browser.send(in_frame(form.submit())).await;
    let sign_in = &said(&framed)["signIn"];
    let address = sign_in["url"].as_str().unwrap();
    assert!(framed.body.contains(&format!(r#"href="{address}" target="_blank""#)), "{}", framed.body);
    assert!(address.ends_with(sign_in["request"].as_str().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_chosen_after_the_form_is_chosen_in_a_window() {
    let mut definition = definitions::api_key();
    definition["authOptions"][0]["afterConnect"] = json!([{
        "path": "/sites", "choose": { "items": "values", "value": "id", "label": "name", "as": "site" },
    }]);
    let world = World::with(&definition).await;
    world.provider.always("/api/sites", Reply::json(200, &crate::choice::two()));
    let (browser, page) = opened(&world, &[("integrationKey", INTEGRATION)]).await;
    let form =
        Form::with(&page, "input/apiKey").fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let framed = browser.send(in_frame(form.submit())).await;
    let sign_in = said(&framed)["signIn"].clone();
    let window = world.browser().for_a_person();
    let question = pressed(&window, &sign_in).await;
    let question = window.get(question.location()).await;
    let chosen = window.send(Form::read(&question).press(Some(("choice", "1")))).await;
    window.get(chosen.location()).await;
    let ended = standing(&browser, &framed, &sign_in).await;
    let id = ended["connection"]["id"].as_str().unwrap();
    assert_eq!(world.secrets(id).await["credentials"]["site"], "s2");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_connected_again_by_its_id() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &tests::Start::new()).await.connection_id();
    let (browser, page) = opened(&world, &[("connectionId", &id)]).await;
    let begun = begun(&browser, &Form::with(&page, "option")).await;
    let (window, at_provider) = at_provider(&world, &begun).await;
    consented(&window, &at_provider).await;
    assert_eq!(standing(&browser, &page, &begun).await["connection"]["id"], id);
    world.define("mail", &definitions::api_key()).await;
    let other = [("connectionId", &*id), ("integrationKey", "mail")];
    let (_, refused) = opened(&world, &other).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_the_applications_own_leads_to_one_connection() {
    let definition = definitions::with_options(definitions::integration(), &[&definitions::api_key()]);
    let world = World::with(&definition).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (browser, page) =
            opened(&world, &[("integrationKey", INTEGRATION), ("connectionKey", "main")]).await;
        let begun = begun(&browser, &Form::with(&page, "option")).await;
        let (window, at_provider) = at_provider(&world, &begun).await;
        consented(&window, &at_provider).await;
        let ended = standing(&browser, &page, &begun).await;
        assert_eq!(ended["connection"]["key"], "main");
        ids.push(ended["connection"]["id"].clone());
    }
    let fields = [("integrationKey", INTEGRATION), ("connectionKey", "main"), ("authOptionKey", "api-key")];
    let (browser, page) = opened(&world, &fields).await;
    let form =
        Form::with(&page, "input/apiKey").fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let done = browser.send(in_frame(form.submit())).await;
    ids.push(said(&done)["connection"]["id"].clone());
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // From the list, an integration that has no such option begins with its own.
    world.define("mail", &definitions::api_key()).await;
    let (browser, page) = opened(&world, &[("authOptionKey", "oauth")]).await;
    let list = Form::with(&page, "integration");
    let mail = browser.send(in_frame(list.press(Some(("integration", "mail"))))).await;
    assert_eq!(Form::with(&mail, "input/apiKey").control("option").value, "api-key");
}

#[tokio::test(start_paused = true)]
async fn another_option_has_a_form_of_its_own() {
    let definition = definitions::with_options(definitions::integration(), &[&definitions::api_key()]);
    let world = World::with(&definition).await;
    let (browser, page) = opened(&world, &[("integrationId", &integration_id(WORKSPACE, INTEGRATION))]).await;
    assert!(page.body.contains(r#"autocomplete="off" data-window>"#), "the provider's page is in a window");
    let form = Form::with(&page, "option");
    let other = browser.send(in_frame(form.press(Some(("choose", "api-key"))))).await;
    assert!(!other.body.contains(r#"autocomplete="off" data-window>"#));
    let form =
        Form::with(&other, "input/apiKey").fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let done = browser.send(in_frame(form.submit())).await;
    assert_eq!(said(&done)["connection"]["authOptionKey"], "api-key");
    let (_, named) = opened(&world, &[("integrationKey", INTEGRATION), ("authOptionKey", "api-key")]).await;
    assert_eq!(Form::with(&named, "input/apiKey").control("option").value, "api-key");
}

#[tokio::test(start_paused = true)]
async fn a_screen_speaks_the_customers_language_and_looks_as_the_application_does() {
    let world = World::new().await;
    let german = world.browser().for_a_reader_of("de");
    let fields = [("integrationKey", INTEGRATION), ("theme", "dark")];
    let page = german.send(opening(CONNECT, &fields)).await;
    assert!(page.body.contains("Weiter zu Example CRM"), "{}", page.body);
    assert!(page.body.contains(":root{color-scheme:dark;--ink:#e8edf3;"));
    let (browser, page) = opened(&world, &[("locale", "fr-CA"), ("theme", "light")]).await;
    assert!(page.body.contains(r#"<html lang="fr""#));
    assert!(page.body.contains(":root{color-scheme:light;--ink:#16202c;"));
    let next = browser
        .send(in_frame(Form::with(&page, "integration").press(Some(("integration", INTEGRATION)))))
        .await;
    assert!(next.body.contains(r#"<html lang="fr""#), "it keeps to it");
}

#[tokio::test(start_paused = true)]
async fn an_error_is_a_page_that_the_application_can_show_and_close() {
    let world = World::new().await;
    for (fields, status) in [
        (&[("integrationKey", "none")][..], 404),
        (&[("connectionId", "none")], 404),
        (&[("integrationKey", INTEGRATION), ("connectorParameters", "[]")], 400),
        (&[("integrationKey", INTEGRATION), ("authOptionKey", "none")], 404),
    ] {
        let (_, page) = opened(&world, fields).await;
        assert_eq!(own_page(&page), (status, true), "{fields:?} {}", page.body);
        assert!(page.header("content-security-policy").contains("frame-ancestors https://app.example"));
        assert!(page.body.contains("data-close"), "{}", page.body);
        assert_eq!(said(&page)["ends"], false);
    }
    let expired =
        tokens::signed(&json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": 1 }), &tokens::secret_of(WORKSPACE));
    let page = world.browser().for_a_person().send(opening_with(&expired, CONNECT, &[])).await;
    assert_eq!(own_page(&page), (401, true));
    let of_script = world.browser().send(by_script(opening(CONNECT, &[("integrationKey", "none")]))).await;
    assert_eq!(of_script.status, 403, "our own page opens no screen");
    let shape = world.browser().send(tests::Start::new().post(CONNECT, "application/json", "{}")).await;
    assert_eq!(shape.refusal(), refusal(415, "media_type_unsupported", "Content-Type"));
}

#[tokio::test(start_paused = true)]
async fn a_request_of_the_backends_can_be_asked_for_by_its_customers_screen_alone() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    let (browser, page) = opened(&world, &[]).await;
    let begun = json!({ "request": request["requestId"] });
    assert_eq!(standing(&browser, &page, &begun).await, json!({ "status": "pending" }));
    cancelled(&world, &request).await;
    let ended = standing(&browser, &page, &begun).await;
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(now(&world, &request).await["status"], "cancelled");
    let stranger = tokens::customer(WORKSPACE, "user-2");
    let theirs = browser.send(opening_with(&stranger, CONNECT, &[])).await;
    let refused = browser.send(asks(CONNECT, &ticket(&theirs), request["requestId"].as_str().unwrap())).await;
    assert_eq!(refused.refusal(), refusal(404, "not_found", "connectionRequestId"));
    let methods = world.api(Method::DELETE, CONNECT, "", None).await;
    assert_eq!((methods.status.as_u16(), methods.header("allow")), (405, "GET, POST"));
}
