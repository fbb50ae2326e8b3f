//! What comes back through the browser is not our word: a start that waits is in a record that we alone can write.

use std::time::Duration;

use flow::context::browser::BrowserSecret;
use flow::context::flow_id::FlowId;
use http::HeaderMap;
use http::header::COOKIE;
use protocol::random::SystemRandom;
use serde_json::json;
use tests::answer::refusal;
use tests::definitions::{self, API_KEY};
use tests::form::Form;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Start, World};

/// A flow's id and the secret of its cookie, both chosen by whoever sends the request.
const FLOW: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A start with this token, sealed as a browser can seal it: under the secret that it chose.
fn sealed(start: &Start, verified_at: i64) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, format!("__Host-f-{FLOW}={SECRET}").parse().unwrap());
    let flow = FlowId::parse(FLOW).unwrap();
    let secret = BrowserSecret::from_cookies(&headers, &flow).unwrap();
    let content = json!({
        "payload": start.payload, "verifiedAt": verified_at, "expiresAt": 4_000_000_000_000_i64,
    });
    secret.seal(&flow, &SystemRandom, content.to_string().as_bytes()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_start_that_the_browser_made_up_is_none() {
    use base64::Engine as _;
    let world = World::with(&definitions::api_key()).await;
    let of_2020 = json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": 1_580_000_000 });
    let of_2100 =
        json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": 4_102_444_900_i64, "nbf": 4_102_444_800_i64 });
    for (claims, verified_at) in [(of_2020, 1_579_999_999_000), (of_2100, 4_102_444_850_000)] {
        let token = tokens::signed(&claims, &tokens::secret_of(WORKSPACE));
        let start = Start::new().with(&json!({ "token": token }));
        let sealed = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sealed(&start, verified_at));
        let ticket = format!("{FLOW}.{sealed}");
        let payload = start.payload.to_string();
        let verified_at = verified_at.to_string();
        for fields in [
            &[("ticket", &*ticket)][..],
            &[("flow", FLOW), ("ticket", &ticket)],
            &[("flow", FLOW), ("payload", &payload), ("verifiedAt", &verified_at)],
            &[("payload", &payload), ("verifiedAt", &verified_at)],
        ] {
            let browser = world.browser();
            browser.plant_cookie(&format!("__Host-f-{FLOW}"), SECRET);
            let input = [("option", "key"), ("input/subdomain", "acme"), ("input/apiKey", API_KEY)];
            let own = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
            let answer = browser.send(own.post_form("/connection-popup", &[fields, &input].concat())).await;
            assert!(matches!(answer.status.as_u16(), 400 | 401), "{fields:?}: {}", answer.status);
            assert_eq!(world.dump().await.connections.len(), 0, "{fields:?}");
            assert_eq!(world.provider.calls().len(), 0, "{fields:?}");
        }
    }
}

/// Whoever shows it once more gains no time.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_shown_again_ends_when_it_would_have_ended() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    let link = Start::new().from(&[("sec-fetch-site", "none")]).link("/connect");
    let mut form = Form::read(&browser.send(link).await);
    for minutes in 1..15 {
        world.clock.advance(Duration::from_mins(1));
        let answer = browser.send(form.submit()).await;
        assert!(answer.cookies().is_empty(), "{minutes}");
        form = Form::read(&answer).fill("input/subdomain", "acme").fill("input/apiKey", "");
    }
    world.clock.advance(Duration::from_mins(1));
    let answer = world.browser().of(&world.functions).send(form.submit()).await;
    assert_eq!(answer.refusal(), refusal(403, "browser_mismatch", ""));
    let mut program = browser.clone();
    program.accept = "application/json";
    let answer = program.send(form.submit()).await;
    assert_eq!(answer.redirected_refusal(), refusal(303, "state_expired", ""));
    assert_eq!(world.dump().await.flows.len(), 1);
    assert_eq!(world.dump().await.connections.len(), 0);
}

/// A flow that waits at a provider is no form, and a form is nothing that a provider answers.
#[tokio::test(start_paused = true)]
async fn a_form_and_a_callback_cannot_take_each_others_flows() {
    let world = World::new().await;
    let browser = world.browser();
    world.begin(&browser, &Start::new()).await;
    let at_the_provider = browser.cookie_names()[0].strip_prefix("__Host-f-").unwrap().to_owned();
    let own = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
    let answer = browser.send(own.post_form("/connection-popup", &[("flow", &at_the_provider)])).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "flow"));

    let link = Start::new().from(&[("sec-fetch-site", "none")]).link("/connect");
    let form = Form::read(&browser.for_a_person().send(link).await);
    let waiting = &form.control("flow").value;
    let result = browser.for_a_person().get(&format!("/connection-result/{waiting}")).await;
    assert_eq!(result.status, 200);
    assert!(result.body.contains("Not finished yet"), "{}", result.body);
    let callback = browser.get(&format!("/oauth-callback?code=a&state={waiting}")).await;
    assert_eq!(callback.refusal().key, "state_unknown");
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_sealed_and_leaves_with_its_flow() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "customState": "something-of-the-callers" }));
    browser.send(start.form()).await;
    let dump = world.dump().await;
    assert_eq!(dump.flows.len(), 1);
    let stored = format!("{:?}", dump.flows);
    let token = start.payload["token"].as_str().unwrap();
    for secret in token.split('.').chain(["something-of-the-callers"]) {
        assert!(!stored.contains(secret), "{secret}");
    }
    assert!(stored.contains("ttl"));
}
