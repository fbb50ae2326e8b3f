//! The address that the result is sent to.

use serde_json::json;
use tests::{Start, World};

async fn result(redirect_uri: &str, callback: &[(&str, &str)], custom_state: &str) -> String {
    let world = World::new().await;
    let browser = world.browser();
    let start = Start::new().with(&json!({ "redirectUri": redirect_uri, "customState": custom_state }));
    let at_provider = world.begin(&browser, &start).await;
    let answered = browser.get(&at_provider.back(callback)).await;
    browser.get(answered.location()).await.location().to_owned()
}

const CONSENT: &[(&str, &str)] = &[("code", "a")];
const DENIAL: &[(&str, &str)] = &[("error", "access_denied")];

#[tokio::test(start_paused = true)]
async fn its_own_query_and_fragment_stay_as_they_were() {
    for (redirect_uri, expected) in [
        ("https://app.example/connected", "https://app.example/connected?connectionId=ID"),
        (
            "https://app.example/connected?a=1&b=%20+x&&c",
            "https://app.example/connected?a=1&b=%20+x&&c&connectionId=ID",
        ),
        (
            "https://app.example/connected#/route?x=1",
            "https://app.example/connected?connectionId=ID#/route?x=1",
        ),
        (
            "https://app.example/connected?a=é#ü",
            "https://app.example/connected?a=%C3%A9&connectionId=ID#%C3%BC",
        ),
        ("https://app.example/wild/a/b?c", "https://app.example/wild/a/b?c&connectionId=ID"),
    ] {
        let location = result(redirect_uri, CONSENT, "").await;
        let (before, after) = location.split_once("connectionId=").unwrap();
        let (id, after) = after.split_at(24);
        assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{location}");
        assert_eq!(format!("{before}connectionId=ID{after}"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_cannot_look_like_a_success() {
    let forged =
        "https://app.example/connected?connectionId=forged&conn%65ctionId=forged&x=1&error=no&customState=y";
    let location = result(forged, DENIAL, "mine").await;
    assert!(!location.contains("forged"), "{location}");
    assert!(
        location.starts_with("https://app.example/connected?x=1&error=The%20access%20was%20not%20granted.")
    );
    assert!(location.ends_with("&customState=mine"), "{location}");
    assert!(location.contains("%22key%22%3A%22authorization_denied%22"), "{location}");
}

#[tokio::test(start_paused = true)]
async fn custom_state_comes_back_with_success_and_with_failure_and_is_otherwise_absent() {
    let awkward = "a b&c=d#e%20é\"'<>\n\u{1F600}";
    for callback in [CONSENT, DENIAL] {
        let location = result("https://app.example/connected", callback, awkward).await;
        let url = url::Url::parse(&location).unwrap();
        assert_eq!(tests::answer::parameter(&url, "customState").as_deref(), Some(awkward), "{location}");
        let without = result("https://app.example/connected", callback, "").await;
        assert!(!without.contains("customState"), "{without}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_provider_is_asked_is_sent_there_too() {
    let world = World::new().await;
    for (changes, key) in [
        (json!({ "integrationKey": "nothing" }), "not_found"),
        (json!({ "authOptionKey": "nothing" }), "not_found"),
        (json!({ "connectionId": "000000000000000000000000" }), "not_found"),
    ] {
        let start = Start::new().with(&changes).with(&json!({ "customState": "s" }));
        let answer = world.browser().send(start.form()).await;
        assert_eq!(answer.redirected_refusal().key, key, "{changes}");
        assert!(answer.location().ends_with("&customState=s"), "{}", answer.location());
        assert!(answer.cookies().is_empty());
    }
}
