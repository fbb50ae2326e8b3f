//! The pages speak the customer's language.

use std::time::Duration;

use protocol::language::{Language, Texts};
use serde_json::json;
use tests::definitions::{self, API_KEY, merge};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::WORKSPACE;
use tests::{Answer, Browser, Start, World};

use crate::choice;
use crate::connection_requests::{at_provider, cancelled, consented, made, opened};

/// The start that no origin vouches for.
fn link() -> Start {
    Start::new().from(&[("sec-fetch-site", "none")])
}

fn is_in(page: &Answer, language: Language) {
    let tag = format!(r#"<html lang="{}" dir="{}">"#, language.tag(), language.direction());
    assert!(page.body.contains(&tag), "{language:?}: {}", page.body);
    assert_eq!(page.header("content-language"), language.tag());
}

/// The parts of our English texts that no page in another language may have.
fn english() -> Vec<&'static str> {
    let texts = Language::English.texts();
    let parts = Texts::NAMES.iter().flat_map(|(name, _)| {
        let text = texts.named(name).unwrap();
        text.split(['{', '}']).step_by(2)
    });
    parts.map(str::trim).filter(|part| part.split(' ').count() > 2).collect()
}

/// Every page that a customer may see, in this browser.
async fn every_page(browser: impl Fn(&World) -> Browser) -> Vec<(&'static str, Answer)> {
    let mut pages = Vec::new();
    let world = World::with(&definitions::api_key()).await;
    let customer = browser(&world);
    pages.push(("confirmation", customer.send(link().form()).await));
    let form = customer.send(Start::new().form()).await;
    let filled = Form::read(&form).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    pages.push(("form", form));
    let wrong = filled.clone().fill("input/subdomain", "A B").fill("input/apiKey", "").submit();
    pages.push(("form with something to correct", customer.send(wrong).await));
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    pages.push(("form that was refused", customer.send(filled.submit()).await));
    pages.push(("error", customer.send(Start::new().with(&json!({ "token": "none" })).form()).await));

    let world = choice::world().await;
    let customer = browser(&world);
    let asked = choice::asked(&world, &customer, &Start::new()).await;
    let nothing = Form::read(&asked).submit();
    pages.push(("choice", asked));
    pages.push(("choice of nothing", customer.send(nothing).await));

    let world = World::new().await;
    let customer = browser(&world);
    let alone = Start::new().with(&json!({ "redirectUri": null }));
    pages.push(("success", world.connect(&customer, &alone).await));
    world.begin(&customer, &Start::new()).await;
    let cookies = customer.cookie_names();
    let flow = cookies.last().and_then(|newest| newest.strip_prefix("__Host-f-")).unwrap();
    pages.push(("not finished", customer.get(&format!("/connection-result/{flow}")).await));
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    pages.push(("failure", world.connect(&customer, &alone).await));

    let request = made(&world, &json!({ "prompt": "Prompt" })).await;
    pages.push(("link", opened(&customer, &request).await));
    let provider = at_provider(&customer, &request).await;
    pages.push(("success by a link", consented(&customer, &provider).await));
    pages.push(("used link", opened(&customer, &request).await));
    let request = made(&world, &json!({})).await;
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let provider = at_provider(&customer, &request).await;
    pages.push(("failure by a link", consented(&customer, &provider).await));
    cancelled(&world, &request).await;
    pages.push(("withdrawn link", opened(&customer, &request).await));
    let request = made(&world, &json!({})).await;
    world.clock.advance(Duration::from_mins(31));
    pages.push(("old link", opened(&customer, &request).await));
    pages
}

#[tokio::test(start_paused = true)]
async fn every_page_is_in_the_browser_s_language_and_has_no_text_in_another() {
    for language in Language::ALL {
        for (name, page) in every_page(|world| world.browser().for_a_reader_of(language.tag())).await {
            is_in(&page, language);
            let shown = page.body.split_once("</style>").unwrap().1.split("<script").next().unwrap();
            let left: Vec<_> = english().into_iter().filter(|part| shown.contains(part)).collect();
            assert_eq!(left.is_empty(), language != Language::English, "{language:?}, {name}: {left:?}");
            assert!(!shown.contains(['{', '}']), "{language:?}, {name}: something is not filled in: {shown}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_language_that_the_start_asks_for_is_kept_through_the_flow() {
    let world = World::new().await;
    let browser = world.browser().for_a_reader_of("fr");
    let german = json!({ "locale": "de-AT", "redirectUri": null });
    let page = browser.send(link().with(&german).form()).await;
    is_in(&page, Language::German);
    // Behind the page, at the provider and back.
    let provider = browser.send(Form::read(&page).submit()).await;
    assert_eq!(provider.status, 303);
    let page = world.connect(&browser, &Start::new().with(&german)).await;
    is_in(&page, Language::German);
    for unspoken in ["nl", "?", "german"] {
        let start = link().with(&json!({ "locale": unspoken }));
        is_in(&browser.send(start.form()).await, Language::French);
    }
    let refused = world.browser().send(Start::new().with(&json!({ "locale": 1 })).form()).await;
    assert_eq!(refused.json()["data"]["field"], "locale");
}

#[tokio::test(start_paused = true)]
async fn a_workspace_s_own_texts_stand_on_its_pages() {
    let world = World::with(&definitions::api_key()).await;
    let mut definition = definitions::workspace(WORKSPACE);
    let german =
        json!({ "formHeading": "{brand} möchte zu {integration}", "inputRequired": "Das fehlt <noch>." });
    merge(&mut definition, &json!({ "texts": { "de": german } }));
    world.define_workspace(WORKSPACE, &definition).await;
    world.forget_definitions();
    let german = world.browser().for_a_reader_of("de");
    let page = german.send(Start::new().form()).await;
    let page = german.send(Form::read(&page).fill("input/subdomain", "acme").submit()).await;
    let heading = format!(
        "<h1>{} möchte zu Example Mail</h1>",
        definition["name"].as_str().unwrap().replace('&', "&#38;")
    );
    for text in [&*heading, "Das fehlt &#60;noch&#62;."] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let french = world.browser().for_a_reader_of("fr").send(Start::new().form()).await;
    assert!(french.body.contains("Connecter Example Mail à"), "{}", french.body);
}
