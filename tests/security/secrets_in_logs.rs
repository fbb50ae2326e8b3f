//! Nothing secret is logged, not even at the most talkative level.

use serde_json::json;
use tests::definitions::CLIENT_SECRET;
use tests::logs::Logs;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN, Reply};
use tests::wire::FOR_GOOD;
use tests::world::CODE;
use tests::{Fault, Start, World, tokens};

fn start() -> Start {
    Start::new().with(&json!({
        "connectionParameters": { "apiKey": "parameter!+secret/1" },
        "connectorParameters": { "key": "connector!+secret/1" },
        "redirectUri": "https://app.example/connected?session=callers!+secret",
        "customState": "custom!+state/1",
    }))
}

fn assert_logged_none_of(logs: &Logs, secrets: &[(&str, &str)]) {
    let text = logs.text();
    assert!(text.contains("flow begun"), "the log was recorded");
    for (name, secret) in secrets {
        let encoded = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
        for form in [*secret, &encoded] {
            if let Some(at) = text.find(form) {
                let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
                let line: String = text[from..].lines().next().unwrap().chars().take(400).collect();
                panic!("the log holds the {name}: {line}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_flow_logs_no_secret() {
    let logs = Logs::record();
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &start()).await;
    let answered = browser.get(&at_provider.consent()).await;
    let id = browser.get(answered.location()).await.connection_id();
    world.secrets(&id).await;
    let again = start().with(&json!({ "connectionId": id, "connectionParameters": null }));
    world.connect(&browser, &again).await.assert_connected();

    let cookie = browser.cookie_values()[0].clone();
    let state = at_provider.state();
    let verifier = world.provider.calls_to("/oauth/token")[0].parameter("code_verifier").unwrap();
    let token = tokens::customer("acme", "user-1");
    let admin = tokens::admin("acme");
    assert_logged_none_of(
        &logs,
        &[
            ("client secret", CLIENT_SECRET),
            ("workspace secret", tokens::WORKSPACE_SECRET),
            ("root secret", tokens::ROOT_SECRET),
            ("access token", ACCESS_TOKEN),
            ("refresh token", REFRESH_TOKEN),
            ("customer's input", "parameter!+secret/1"),
            ("connector's parameters", "connector!+secret/1"),
            ("caller's own query", "callers!+secret"),
            ("custom state", "custom!+state/1"),
            ("code", CODE),
            ("code verifier", &verifier),
            ("state", &state),
            ("browser secret", &cookie),
            ("customer's token", &token),
            ("management token", &admin),
            ("customer's name", "Ada Example"),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn flows_that_fail_log_no_secret() {
    let logs = Logs::record();
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", Reply::body(200, "text/html", format!("<b>{ACCESS_TOKEN}</b>")));
    world.connect(&browser, &start()).await;
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "e", "hint": REFRESH_TOKEN })));
    world.connect(&browser, &start()).await;
    world.provider.next("/api/me", Reply::body(401, "text/plain", ACCESS_TOKEN));
    world.connect(&browser, &start()).await;
    let evil = start().with(&json!({ "redirectUri": "https://evil.example/?q=callers!+secret" }));
    browser.send(evil.form()).await;
    browser.send(start().with(&json!({ "token": "not.a.token!+secret" })).form()).await;
    world.wire.fail("TransactWriteItems", FOR_GOOD, Fault::Outage);
    let at_provider = world.begin(&browser, &start()).await;
    browser.get(&at_provider.consent()).await;

    let state = at_provider.state();
    let cookie = browser.cookie_values().pop().unwrap();
    assert_logged_none_of(
        &logs,
        &[
            ("client secret", CLIENT_SECRET),
            ("access token", ACCESS_TOKEN),
            ("refresh token", REFRESH_TOKEN),
            ("customer's input", "parameter!+secret/1"),
            ("caller's own query", "callers!+secret"),
            ("custom state", "custom!+state/1"),
            ("code", CODE),
            ("state", &state),
            ("browser secret", &cookie),
            ("broken token", "token!+secret"),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn addresses_of_ours_carry_no_secret() {
    let world = World::new().await;
    let browser = world.browser();
    let begun = browser.send(start().form()).await;
    let state = tests::answer::parameter(&begun.away(), "state").unwrap();
    let callback = tests::answer::parameter(&begun.away(), "redirect_uri").unwrap();
    let answered = browser.get(&format!("{callback}?code=code!%2B1&state={state}")).await;
    let result = browser.get(answered.location()).await;
    let verifier = world.provider.token_request().parameter("code_verifier").unwrap();
    let cookie = browser.cookie_values()[0].clone();
    for secret in [CLIENT_SECRET, "parameter!", "connector!", &verifier, &cookie, ACCESS_TOKEN, "eyJ"] {
        for address in [begun.location(), answered.location(), result.location()] {
            assert!(!address.contains(secret), "{address}");
        }
    }
    for secret in [state.as_str(), "code!"] {
        assert!(!answered.location().contains(secret) && !result.location().contains(secret));
    }
}
