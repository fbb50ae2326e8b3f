//! Answers that the provider signs: one that was changed on its way, or is not signed, gets no token.

use aws_lc_rs::hmac;
use protocol::random::hex;
use serde_json::json;
use tests::answer::{Refusal, refusal};
use tests::definitions::{CLIENT_SECRET, integration_with};
use tests::world::AtProvider;
use tests::{Answer, Browser, Start, World};

async fn world() -> World {
    World::with(&integration_with(&json!({
        "callbackHmac": { "parameter": "hmac" },
        "callbackParameters": ["shop"],
    })))
    .await
}

fn signature(text: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, text.as_bytes()).as_ref())
}

async fn begun(world: &World) -> (Browser, AtProvider) {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    (browser, at_provider)
}

async fn finished(browser: &Browser, callback: &str) -> Answer {
    let answered = browser.get(callback).await;
    browser.get(answered.location()).await
}

fn not_signed() -> Refusal {
    refusal(303, "callback_signature_invalid", "hmac")
}

#[tokio::test(start_paused = true)]
async fn a_signed_answer_connects_and_its_signature_is_not_kept() {
    let world = world().await;
    let (browser, at_provider) = begun(&world).await;
    let text = format!("code=a/b&shop=acme.example&state={}&timestamp=1", at_provider.state());
    let answer = [
        ("timestamp", "1"),
        ("shop", "acme.example"),
        ("hmac", &*signature(&text, CLIENT_SECRET)),
        ("code", "a/b"),
    ];
    let id = finished(&browser, &at_provider.back(&answer)).await.connection_id();
    let kept = world.secrets(&id).await["credentials"].clone();
    assert_eq!(kept["shop"], "acme.example");
    assert_eq!(kept.get("hmac"), None);
}

#[tokio::test(start_paused = true)]
async fn any_other_answer_gets_no_token() {
    let world = world().await;
    let (browser, at_provider) = begun(&world).await;
    drop(browser);
    // The signature of another flow's answer is none of this one's: the state is signed too.
    let other = format!("code=a&shop=acme.example&state={}", at_provider.state());
    for case in ["missing", "empty", "other secret", "other shop", "more", "other flow", "half"] {
        let (browser, at_provider) = begun(&world).await;
        let text = format!("code=a&shop=acme.example&state={}", at_provider.state());
        let right = signature(&text, CLIENT_SECRET);
        let mut answer = vec![("code", "a"), ("shop", "acme.example")];
        let given = match case {
            "missing" => None,
            "empty" => Some(String::new()),
            "other secret" => Some(signature(&text, "another!+secret")),
            "other flow" => Some(signature(&other, CLIENT_SECRET)),
            "half" => Some(right[..32].to_owned()),
            "other shop" => {
                answer[1].1 = "evil.example";
                Some(right)
            }
            _ => {
                answer.push(("shop2", "evil.example"));
                Some(right)
            }
        };
        answer.extend(given.as_deref().map(|given| ("hmac", given)));
        let ended = finished(&browser, &at_provider.back(&answer)).await;
        assert_eq!(ended.redirected_refusal(), not_signed(), "{case}");
        assert!(!ended.location().contains("evil"), "{case}");
    }
    let (browser, at_provider) = begun(&world).await;
    let twice = at_provider.back(&[("code", "a"), ("hmac", "a"), ("hmac", "b")]);
    let conflict = refusal(303, "parameter_conflict", "hmac");
    assert_eq!(finished(&browser, &twice).await.redirected_refusal(), conflict);
    assert!(world.provider.calls().is_empty());
    assert!(world.dump().await.connections.is_empty());
}

/// A customer who says no is believed: it gives nobody anything.
#[tokio::test(start_paused = true)]
async fn a_denial_need_not_be_signed() {
    let world = world().await;
    let (browser, at_provider) = begun(&world).await;
    let ended = finished(&browser, &at_provider.back(&[("error", "access_denied")])).await;
    assert_eq!(ended.redirected_refusal().key, "authorization_denied");
}
