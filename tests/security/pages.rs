//! Pages carry nothing of a request, and cannot be framed or scripted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::json;
use tests::{Start, World};

#[tokio::test(start_paused = true)]
async fn nothing_from_the_request_is_reflected() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let evil = "<script>alert(1)</script>";
    let encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    let requests = [
        Start::new().with(&json!({ "redirectUri": evil })).form(),
        Start::new().with(&json!({ "token": evil })).form(),
        Start::new().with(&json!({ "token": null, "customState": evil })).form(),
        Start::new().post("/connection-popup", "application/json", evil),
        Request::get(format!("/oauth-callback/{encoded}?state={encoded}")).body(Bytes::new()).unwrap(),
        Request::get(format!("/oauth-callback?{encoded}=1&state=a&state=b")).body(Bytes::new()).unwrap(),
        Request::get(format!("/connection-result/{encoded}")).body(Bytes::new()).unwrap(),
    ];
    for request in requests {
        let page = browser.send(request.clone()).await;
        assert!(page.status.is_client_error(), "{request:?}");
        assert!(!page.body.contains("script>"), "{}", page.body);
        assert!(!page.body.contains("alert(1)"), "{}", page.body);
    }
}

#[tokio::test(start_paused = true)]
async fn no_page_has_a_script_or_can_be_framed() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let confirm = Start::new().from(&[("sec-fetch-site", "none")]);
    for page in [browser.send(confirm.link("/connect")).await, browser.get("/oauth-callback").await] {
        assert!(!page.body.contains("<script"), "{}", page.body);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_popups_page_has_one_script_allowed_by_its_hash_and_cannot_be_framed() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let page = world.connect(&browser, &Start::new().with(&json!({ "redirectUri": null }))).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    let script = page.body.rsplit("<script>").next().unwrap().split("</script>").next().unwrap();
    let hash = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes()));
    assert!(policy.contains(&format!("script-src 'sha256-{hash}';")), "{policy}");
    assert_eq!(page.body.matches("<script>").count(), 1);
}
