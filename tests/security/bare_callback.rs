//! Mix-up (RFC 9700 §4.4) where a page of the team's own stands before the callback: the answer of one provider never
//! reaches another's token endpoint.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{integration, integration_id, integration_with, oauth1 as photos};
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Browser, Start, World, oauth1};

const ISSUER: &str = "https://provider.example";
const BARE: &str = "/oauth-callback";

fn own_path(key: &str) -> String {
    format!("{BARE}/{}", integration_id(WORKSPACE, key))
}

/// Every kind of definition with a callback that is accepted, and none.
fn accepted() -> Vec<(&'static str, Value)> {
    let page = "https://app.example/back";
    let issuer = json!({ "issuer": ISSUER, "authorizationResponseIssParameterSupported": true });
    let with = |mut definition: Value, path: Option<&str>| {
        definition["oAuthCallbackUri"] = page.into();
        definition["oAuthCallbackPath"] = path.into();
        definition.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        definition
    };
    vec![
        ("no page", integration()),
        ("issuer", with(integration_with(&issuer), None)),
        ("issuer, said", with(integration_with(&issuer), Some("bare"))),
        ("own path", with(integration(), Some("own"))),
        ("own path and issuer", with(integration_with(&issuer), Some("own"))),
    ]
}

/// The same, of a provider that an attacker runs.
fn of_the_attacker(mut definition: Value) -> Value {
    let config = definition["authOptions"][0]["config"].as_object_mut().unwrap();
    for (setting, value) in config.iter_mut() {
        if setting.ends_with("Uri") || setting == "issuer" {
            *value = value.as_str().unwrap().replace("provider.example", "evil.example").into();
        }
    }
    config.insert("tokenUri".to_owned(), "https://evil.example/steal".into());
    definition
}

async fn put(world: &World, key: &str, definition: &Value) -> Answer {
    let path = format!("/integrations/{key}");
    world.api(Method::PUT, &path, &admin(WORKSPACE), Some(definition)).await
}

async fn result(browser: &Browser, callback: &str) -> Answer {
    let answered = browser.get(callback).await;
    if answered.status.is_redirection() { browser.get(answered.location()).await } else { answered }
}

#[tokio::test(start_paused = true)]
async fn no_accepted_definition_gets_another_providers_code() {
    for (attackers, evil) in accepted() {
        let world = World::with(&of_the_attacker(evil)).await;
        for (honest_kind, honest) in accepted() {
            assert!(put(&world, "honest", &honest).await.status.is_success(), "{honest_kind}");
            // Where the honest provider's answer arrives: at the honest integration's own path, or by its page.
            let mut arrives = vec![own_path("honest")];
            if honest_kind.starts_with("issuer") {
                arrives.push(BARE.to_owned());
            }
            // A provider that is registered at the bare path names its issuer, or it would not be accepted. Others may
            // share the page, and say nothing.
            for (path, iss) in arrives.iter().flat_map(|path| [(path, None), (path, Some(ISSUER))]) {
                let browser = world.browser();
                // The attacker's page sends the browser on to the honest provider, with the state of this flow.
                let at_attacker = world.begin(&browser, &Start::new()).await;
                let mut answer = vec![("code", "the honest provider's code")];
                answer.extend(iss.map(|iss| ("iss", iss)));
                let query = at_attacker.answer(&answer);
                let ended = result(&browser, &format!("{path}?{query}")).await;
                let key =
                    if ended.status.is_redirection() { ended.redirected_refusal() } else { ended.refusal() };
                assert!(
                    matches!(&*key.key, "integration_mismatch" | "issuer_mismatch"),
                    "{attackers} against {honest_kind} at {path} with {iss:?}: {key:?}"
                );
                assert!(world.provider.calls().is_empty(), "{attackers} against {honest_kind}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_accepted_definition_is_answered_where_its_page_sends_the_browser() {
    for (kind, definition) in accepted() {
        let world = World::with(&definition).await;
        for (path, fits) in [(own_path("crm"), true), (BARE.to_owned(), kind.starts_with("issuer"))] {
            let browser = world.browser();
            let at_provider = world.begin(&browser, &Start::new()).await;
            let query = at_provider
                .answer(&[("code", "a"), ("iss", ISSUER)][..if kind.contains("issuer") { 2 } else { 1 }]);
            let ended = result(&browser, &format!("{path}?{query}")).await;
            if fits {
                ended.assert_connected();
            } else {
                assert_eq!(ended.refusal(), refusal(400, "integration_mismatch", ""), "{kind}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_bare_callback_is_refused_to_a_definition_without_a_required_issuer() {
    let world = World::new().await;
    let before = world.dump().await;
    for (config, missing) in [
        (json!({}), "issuer"),
        (json!({ "authorizationResponseIssParameterSupported": true }), "issuer"),
        (json!({ "issuer": ISSUER }), "authorizationResponseIssParameterSupported"),
        (
            json!({ "issuer": ISSUER, "authorizationResponseIssParameterSupported": false }),
            "authorizationResponseIssParameterSupported",
        ),
    ] {
        for (path, enabled) in [(None, true), (Some("bare"), true), (None, false)] {
            let mut definition = integration_with(&config);
            definition["oAuthCallbackUri"] = "https://app.example/back".into();
            definition["authOptions"][0]["enabled"] = enabled.into();
            if let Some(path) = path {
                definition["oAuthCallbackPath"] = path.into();
            }
            let expected = refusal(400, "request_malformed", &format!("authOptions[0].config.{missing}"));
            let answer = put(&world, "crm", &definition).await;
            assert_eq!(answer.refusal(), expected, "{}", answer.body);
            let answer =
                world.api(Method::PATCH, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
            assert_eq!(answer.refusal(), expected, "{}", answer.body);
        }
    }
    let mut pointless = integration();
    pointless["oAuthCallbackPath"] = "own".into();
    let expected = refusal(400, "request_malformed", "oAuthCallbackPath");
    assert_eq!(put(&world, "crm", &pointless).await.refusal(), expected);
    pointless["oAuthCallbackPath"] = "/oauth-callback/x".into();
    assert_eq!(put(&world, "crm", &pointless).await.refusal(), expected);
    assert_eq!(world.dump().await, before);
}

/// An OAuth 1.0 answer names the temporary credentials that it belongs to.
#[tokio::test(start_paused = true)]
async fn oauth1_needs_no_issuer_at_the_bare_callback() {
    let mut definition = photos();
    definition["oAuthCallbackUri"] = "https://app.example/back".into();
    let world = World::with(&definition).await;
    oauth1::answers(&world);
    let browser = world.browser();
    let at_provider = oauth1::begin(&world, &browser, &Start::new()).await;
    let answer = at_provider.back(&[("oauth_token", "of another flow"), ("oauth_verifier", "v")]);
    let (_, query) = answer.split_once('?').unwrap();
    let ended = result(&browser, &format!("{BARE}?{query}")).await.redirected_refusal();
    assert!(world.provider.calls_to("/oauth1/token").is_empty(), "{ended:?}");
    let again = world.browser();
    let consent = oauth1::begin(&world, &again, &Start::new()).await.consent();
    let (_, query) = consent.split_once('?').unwrap();
    result(&again, &format!("{BARE}?{query}")).await.assert_connected();
}

/// What was stored before goes on, says what is to be mended, and can be mended without a gap: the page may send the
/// browser on to the integration's own path before the definition says so.
#[tokio::test(start_paused = true)]
async fn a_stored_definition_goes_on_until_it_is_put_again() {
    let world = World::new().await;
    let mut old = integration();
    old["oAuthCallbackUri"] = "https://app.example/back".into();
    world.store_unchecked(&old).await;
    for path in [BARE.to_owned(), own_path("crm")] {
        let browser = world.browser();
        let query = world.begin(&browser, &Start::new()).await.answer(&[("code", "a")]);
        result(&browser, &format!("{path}?{query}")).await.assert_connected();
    }
    let shown = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await.json();
    let problems: Vec<&Value> =
        shown["problems"].as_array().unwrap().iter().map(|problem| &problem["field"]).collect();
    assert_eq!(shown["state"], "SETUP_REQUIRED");
    assert!(problems.contains(&&json!("authOptions[0].config.issuer")), "{problems:?}");
    assert_eq!(put(&world, "crm", &old).await.refusal().key, "request_malformed");
    old["oAuthCallbackPath"] = "own".into();
    let answer = put(&world, "crm", &old).await.json();
    assert_eq!((&answer["state"], &answer["oAuthCallbackPath"]), (&json!("READY"), &json!("own")));
}
