//! What a definition can say about the authorization request (RFC 6749 §4.1.1).

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{integration, integration_with};
use tests::tokens::{WORKSPACE, admin};
use tests::world::{AtProvider, callback_path};
use tests::{Start, World};
use url::Url;

#[tokio::test(start_paused = true)]
async fn scopes_are_joined_as_the_provider_wants_them() {
    for (separator, joined) in
        [(json!(","), "read,write"), (json!(":"), "read:write"), (json!(null), "read write")]
    {
        let world = World::with(&integration_with(&json!({ "scopeSeparator": separator }))).await;
        let at_provider = world.begin(&world.browser(), &Start::new()).await;
        assert_eq!(at_provider.parameter("scope").as_deref(), Some(joined));
    }
}

#[tokio::test(start_paused = true)]
async fn no_scopes_means_no_scope() {
    let world = World::with(&integration_with(&json!({ "scopes": [] }))).await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.parameter("scope"), None);
}

#[tokio::test(start_paused = true)]
async fn extra_parameters_and_the_endpoints_own_query_are_kept() {
    let world = World::with(&integration_with(&json!({
        "authorizeUri": "https://provider.example/oauth/authorize?tenant=a%20b&x",
        "extra": { "access_type": "offline", "prompt": "consent & more" },
    })))
    .await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_snapshot!(at_provider.address.as_str().replace('&', "\n&"), @r"
    https://provider.example/oauth/authorize?tenant=a%20b
    &x
    &response_type=code
    &client_id=client%21%2BID
    &state=gAXwLUP6BufQWF-2TJYdV-MYsnoUXIV7zTpr20E_9_w
    &code_challenge=Ap88ZsCs0gZhj--bgeHSMIoIAvko4nTHn-go5npt_Hk
    &code_challenge_method=S256
    &redirect_uri=https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279
    &scope=read+write
    &access_type=offline
    &prompt=consent+%26+more
    ");
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_entered_fills_the_addresses() {
    let mut definition = integration_with(&json!({
        "authorizeUri": "https://${parameters.subdomain}.provider.example/oauth/authorize",
        "tokenUri": "https://${parameters.subdomain}.provider.example/${connectorParameters.region}/token",
    }));
    definition["authOptions"][0]["inputSchema"] = json!({ "properties": { "subdomain": {} } });
    definition["baseUri"] = "https://${parameters.subdomain}.provider.example/api".into();
    let world = World::with(&definition).await;
    world.provider.always("/eu%2F1/token", tests::Reply::json(200, &tests::provider::tokens()));
    let start = Start::new().with(&json!({
        "connectionParameters": { "subdomain": "acme" },
        "connectorParameters": { "region": "eu/1" },
    }));
    world.connect(&world.browser(), &start).await.assert_connected();
    let called: Vec<String> = world.provider.calls().into_iter().map(|call| call.uri).collect();
    assert_eq!(
        called,
        ["https://acme.provider.example/eu%2F1/token", "https://acme.provider.example/api/me"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_option_is_chosen_by_its_key_and_the_first_is_the_default() {
    let mut definition = integration();
    let mut second = definition["authOptions"][0].clone();
    second["key"] = "other".into();
    second["config"]["clientId"] = "second".into();
    definition["authOptions"].as_array_mut().unwrap().push(second);
    let world = World::with(&definition).await;
    for (chosen, client_id) in
        [(json!(null), "client!+ID"), (json!("oauth"), "client!+ID"), (json!("other"), "second")]
    {
        let start = Start::new().with(&json!({ "authOptionKey": chosen }));
        let at_provider = world.begin(&world.browser(), &start).await;
        assert_eq!(at_provider.parameter("client_id").as_deref(), Some(client_id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_team_can_put_a_page_of_its_own_before_the_callback() {
    let mut definition = integration();
    definition["oAuthCallbackUri"] = "https://app.example/oauth/back".into();
    definition["oAuthCallbackPath"] = "own".into();
    let world = World::with(&definition).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert_eq!(at_provider.parameter("redirect_uri").as_deref(), Some("https://app.example/oauth/back"));

    // The team's page sends the browser on, with the same query.
    let answered =
        browser.get(&format!("{}?{}", callback_path(), at_provider.answer(&[("code", "a")]))).await;
    browser.get(answered.location()).await.assert_connected();
    let sent = world.provider.token_request().parameter("redirect_uri");
    assert_eq!(sent.as_deref(), Some("https://app.example/oauth/back"));
}

/// As at a service whose page is one application that finds its way behind the `#`.
#[tokio::test(start_paused = true)]
async fn a_page_that_finds_its_way_behind_the_hash_gets_the_request_there() {
    for (page, before) in [
        ("https://provider.example/#/oauth/authorize", "https://provider.example/#/oauth/authorize?"),
        ("https://provider.example/app?v=2#authorize?x=1", "https://provider.example/app?v=2#authorize?x=1&"),
    ] {
        let world = World::with(&integration_with(&json!({
            "authorizeUri": page,
            "authorizationRequest": { "names": { "client_id": "app_id" } },
        })))
        .await;
        let browser = world.browser();
        let address = world.begin(&browser, &Start::new()).await.address;
        let behind = address.as_str().strip_prefix(before).unwrap();
        // The same request, as a page without a `#` gets it.
        let read =
            AtProvider { address: Url::parse(&format!("https://provider.example/?{behind}")).unwrap() };
        assert_eq!(read.parameter("app_id").as_deref(), Some("client!+ID"));
        assert_eq!(read.parameter("scope").as_deref(), Some("read write"));
        assert!(read.parameter("code_challenge").is_some());
        let answered = browser.get(&read.consent()).await;
        browser.get(answered.location()).await.assert_connected();
    }
}

#[tokio::test(start_paused = true)]
async fn another_response_type_is_sent_if_its_answer_can_be_read() {
    let changed = |response_type: &str, extra: Value, names: Value| {
        integration_with(&json!({
            "authorizationRequest": { "responseType": response_type, "names": names }, "extra": extra,
        }))
    };
    let form_post = json!({ "response_mode": "form_post" });
    for (response_type, extra, name) in
        [("auth_code", json!({}), "response_type"), ("code id_token", form_post.clone(), "responseType")]
    {
        let names = json!({ "response_type": name });
        let world = World::with(&changed(response_type, extra, names)).await;
        let browser = world.browser();
        let at_provider = world.begin(&browser, &Start::new()).await;
        assert_eq!(at_provider.parameter(name).as_deref(), Some(response_type));
        let form = at_provider.answer(&[("code", "a"), ("id_token", "secret.id.token")]);
        let posted = browser.post_cross_site(&callback_path(), form).await;
        assert!(!posted.location().contains("id_token"));
        let answered = browser.get(posted.location()).await;
        browser.get(answered.location()).await.assert_connected();
    }
    let world = World::new().await;
    for (response_type, extra, names) in [
        ("token", form_post.clone(), json!({})),
        ("code token", form_post.clone(), json!({})),
        ("code id_token", json!({}), json!({})),
        ("code id_token", json!({ "response_mode": "query" }), json!({})),
        ("", json!({}), json!({})),
        ("auth_code", json!({}), json!({ "response_type": null })),
    ] {
        let definition = changed(response_type, extra, names);
        let answer = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
        let field = "authOptions[0].config.authorizationRequest.responseType";
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{response_type}");
    }
}
