//! What callers send through the proxy: it reaches the integration's API with the connection's credentials.

use bytes::Bytes;
use http::{Method, Request};
use protocol::provider::client::{ConnectionFailure, ProviderError};
use serde_json::json;
use tests::answer::{Answer, refusal};
use tests::definitions::{self, merge};
use tests::provider::{ACCESS_TOKEN, Reply};
use tests::tokens::{self, CUSTOMER, ROOT, WORKSPACE};
use tests::{Start, World};

async fn connected() -> (World, String) {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    (world, id)
}

fn request(method: &Method, id: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let token = tokens::customer(WORKSPACE, CUSTOMER);
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/connections/{id}/proxy/{path}"))
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

async fn get(world: &World, id: &str, path: &str) -> Answer {
    world.browser().send(request(&Method::GET, id, path, &[], "")).await
}

#[tokio::test(start_paused = true)]
async fn method_query_headers_and_body_go_on_and_the_answer_comes_back() {
    let (world, id) = connected().await;
    world.provider.next("/api/contacts/7", Reply::body(418, "text/plain; charset=utf-8", "short and stout"));
    let headers =
        [("content-type", "application/json"), ("x-custom", "a"), ("x-custom", "b"), ("if-match", "\"1\"")];
    let sent = request(&Method::PATCH, &id, "contacts/7?a=b%20c&a=d", &headers, "{\"name\":\"Ada\"}");
    let answer = world.browser().send(sent).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (418, "short and stout"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");

    let calls = world.provider.calls_to("/api/contacts/7");
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0].method, calls[0].body.as_str()), (&Method::PATCH, "{\"name\":\"Ada\"}"));
    assert_eq!(calls[0].uri, "https://provider.example/api/contacts/7?a=b%20c&a=d");
    assert_eq!(calls[0].header("if-match"), "\"1\"");
    assert_eq!(calls[0].headers.get_all("x-custom").iter().count(), 2);
    assert_eq!(calls[0].header("authorization"), format!("Bearer {ACCESS_TOKEN}"));
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_token_and_cookies_and_the_transports_headers_stay_behind() {
    let (world, id) = connected().await;
    let headers = [
        ("cookie", "session=secret"),
        ("connection", "keep-alive"),
        ("proxy-authorization", "Basic secret"),
        ("x-forwarded-for", "192.0.2.1"),
        ("origin", "https://app.example"),
        ("sec-fetch-site", "cross-site"),
        ("accept-encoding", "gzip"),
    ];
    world.browser().send(request(&Method::GET, &id, "me", &headers, "")).await;
    let call = world.provider.calls_to("/api/me").pop().unwrap();
    for (name, _) in headers {
        assert_eq!(call.header(name), "", "{name}");
    }
    assert!(!format!("{:?}", call.headers).contains(&tokens::customer(WORKSPACE, CUSTOMER)));
}

#[tokio::test(start_paused = true)]
async fn the_providers_answer_cannot_act_as_ours() {
    let (world, id) = connected().await;
    world.provider.next("/api/me", Reply::body(200, "text/html", "<script>alert(1)</script>"));
    let answer = get(&world, &id, "me").await;
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.cookies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_passed_on_and_not_followed() {
    let (world, id) = connected().await;
    world.provider.next("/api/me", Reply::redirect("https://elsewhere.example/"));
    let answer = get(&world, &id, "me").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "https://elsewhere.example/"));
}

#[tokio::test(start_paused = true)]
async fn no_path_leaves_the_base_address() {
    let (world, id) = connected().await;
    let before = world.provider.calls().len();
    for path in
        ["../oauth/token", "..%2f../x/../../../secret", "a/../../secret", "%2e%2e/secret", ".%2E/secret"]
    {
        let answer = get(&world, &id, path).await;
        let asked: Vec<String> =
            world.provider.calls().split_off(before).into_iter().map(|call| call.uri).collect();
        assert!(asked.is_empty(), "{path}: {asked:?}");
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "path"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_as_it_should_is_told_apart() {
    let (world, id) = connected().await;
    for (error, status, key) in [
        (ProviderError::Timeout, 502, "provider_unreachable"),
        (ProviderError::connection(ConnectionFailure::Broken), 502, "provider_unreachable"),
        (ProviderError::TooLarge, 502, "response_too_large"),
    ] {
        world.provider.next("/api/me", Reply::fails(error));
        assert_eq!(get(&world, &id, "me").await.refusal(), refusal(status, key, ""));
    }
    let large = request(&Method::POST, &id, "me", &[], &"x".repeat(4 * 1024 * 1024 + 1));
    assert_eq!(world.browser().send(large).await.refusal(), refusal(413, "request_too_large", ""));
}

#[tokio::test(start_paused = true)]
async fn it_is_for_who_may_see_the_connection() {
    let (world, id) = connected().await;
    let before = world.provider.calls().len();
    let path = format!("/connections/{id}/proxy/me");
    for token in [tokens::customer(WORKSPACE, "somebody-else"), String::new()] {
        let answer = world.api(Method::GET, &path, &token, None).await;
        assert!(matches!(answer.status.as_u16(), 401 | 404), "{}", answer.body);
    }
    assert_eq!(world.provider.calls().len(), before);
    assert_eq!(world.api(Method::GET, &path, &tokens::admin(WORKSPACE), None).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_borrowed_registration_is_used_at_its_owners_address_only() {
    let borrowing = json!({
        "name": "CRM of ours",
        "baseUri": "https://evil.example/api",
        "authOptions": [{
            "key": "shared",
            "type": "proxy",
            "config": { "proxyKey": "shared-crm" },
            "apiClient": { "headers": { "X-Stolen": "${credentials.access_token}" } },
        }],
    });
    let world = World::empty().await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    let mut shared = definitions::integration();
    merge(&mut shared, &json!({ "shared": true }));
    let token = tokens::admin(ROOT);
    world.api(Method::PUT, "/integrations/shared-crm", &token, Some(&shared)).await;
    let world = world.defined(&borrowing).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    get(&world, &id, "me").await;
    let call = world.provider.calls_to("/api/me").pop().unwrap();
    assert_eq!(call.uri, "https://provider.example/api/me");
    assert_eq!(call.header("authorization"), format!("Bearer {ACCESS_TOKEN}"));
    assert_eq!(call.header("x-stolen"), "");
}

/// Whoever borrows a registration defines the option that borrows it, and may define it anew at any time.
#[tokio::test(start_paused = true)]
async fn a_borrower_cannot_redefine_the_way_to_the_owners_credentials() {
    let borrowing = json!({
        "name": "CRM of ours",
        "authOptions": [{ "key": "shared", "type": "proxy", "config": { "proxyKey": "shared-crm" } }],
    });
    let world = World::empty().await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    let mut shared = definitions::integration();
    merge(&mut shared, &json!({ "shared": true }));
    world.api(Method::PUT, "/integrations/shared-crm", &tokens::admin(ROOT), Some(&shared)).await;
    let world = world.defined(&borrowing).await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let in_flight = world.begin(&browser, &Start::new()).await;

    let mut evil = definitions::integration();
    evil["baseUri"] = "https://evil.example/api".into();
    evil["authOptions"][0]["key"] = "shared".into();
    evil["authOptions"][0]["config"]["tokenUri"] = "https://evil.example/oauth/token".into();
    evil["authOptions"][0]["config"]["revocationUri"] = "https://evil.example/oauth/revoke".into();
    evil["authOptions"][0]["config"]["revocationPerToken"] = true.into();
    world.define("crm", &evil).await;

    get(&world, &id, "me").await;
    let answered = browser.get(&in_flight.consent()).await;
    browser.get(answered.location()).await.assert_connected();
    let elsewhere: Vec<String> =
        world.provider.calls().into_iter().map(|call| call.uri).filter(|uri| uri.contains("evil")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert_eq!(world.secrets(&id).await.get("credentials"), None);
}

#[tokio::test(start_paused = true)]
async fn a_borrower_cannot_loosen_the_owners_schema() {
    let borrowing = json!({
        "name": "CRM of ours",
        "authOptions": [{
            "key": "shared",
            "type": "proxy",
            "inputSchema": { "type": "object" },
            "config": { "proxyKey": "shared-crm" },
        }],
    });
    let world = World::empty().await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    let mut shared = definitions::integration();
    merge(&mut shared, &json!({ "shared": true }));
    shared["authOptions"][0]["inputSchema"] = json!({
        "type": "object",
        "required": ["domain"],
        "properties": { "domain": { "type": "string", "pattern": "^[a-z]+[.]provider[.]example$" } },
    });
    shared["authOptions"][0]["config"]["tokenUri"] = "https://${parameters.domain}/token".into();
    world.api(Method::PUT, "/integrations/shared-crm", &tokens::admin(ROOT), Some(&shared)).await;
    let world = world.defined(&borrowing).await;
    let start = Start::new().with(&json!({ "connectionParameters": { "domain": "evil.example" } }));
    let refused = world.browser().send(start.form()).await.redirected_refusal();
    assert_eq!(refused.key, "input_invalid");
}
