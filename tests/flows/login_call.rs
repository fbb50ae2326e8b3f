//! A service that has a login call of its own kind.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::provider::{Call, Reply};
use tests::{Start, World, definitions};

async fn world(login: &Value) -> World {
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({ "type": "object" });
    option["config"] = json!({ "login": login });
    option["apiClient"]["headers"] = json!({ "Authorization": "Token ${credentials.access_token}" });
    World::with(&definition).await
}

fn login() -> Value {
    json!({
        "uri": "https://${parameters.region}.provider.example/login",
        "body": { "user": "${parameters.user}", "password": "${parameters.password}" },
        "response": { "access_token": "data.tokens.1.value", "expires_in": "data.lifetime" },
    })
}

fn answer() -> Reply {
    let tokens = json!([{ "value": "old" }, { "value": "new" }]);
    Reply::json(
        200,
        &json!({ "ok": true, "data": { "tokens": tokens, "lifetime": 60, "secret": "unasked" } }),
    )
}

fn start() -> Start {
    let entered = json!({ "user": "ada@acme", "password": "pass!+word\"/1", "region": "eu" });
    Start::new().with(&json!({ "connectionParameters": entered }))
}

fn shown(call: &Call) -> String {
    let headers = ["authorization", "content-type", "x-region"].map(|name| call.header(name));
    let headers: Vec<&str> = headers.into_iter().filter(|header| !header.is_empty()).collect();
    format!("{} {}\n{}\n{}", call.method, call.uri, headers.join(" | "), call.body)
}

#[tokio::test(start_paused = true)]
async fn the_definition_says_where_in_the_answer_the_credentials_are() {
    let world = world(&login()).await;
    world.provider.always("/login", answer());
    let id = world.browser().send(start().form()).await.connection_id();
    assert_snapshot!(shown(&world.provider.calls()[0]), @r#"
    POST https://eu.provider.example/login
    application/json
    {"password":"pass!+word\"/1","user":"ada@acme"}
    "#);
    let credentials = &world.secrets(&id).await["credentials"];
    assert_eq!(*credentials, json!({ "access_token": "new", "expires_in": 60 }));
    assert_eq!(world.provider.calls()[1].header("authorization"), "Token new");
}

#[tokio::test(start_paused = true)]
async fn the_definition_says_how_the_call_is_written() {
    let mut login = login();
    login["method"] = "PUT".into();
    login["bodyFormat"] = "form".into();
    login["headers"] =
        json!({ "Authorization": "Basic ${parameters.user}", "X-Region": "${parameters.region}" });
    let world = world(&login).await;
    world.provider.always("/login", answer());
    world.browser().send(start().form()).await.assert_connected();
    assert_snapshot!(shown(&world.provider.calls()[0]), @r"
    PUT https://eu.provider.example/login
    Basic ada@acme | application/x-www-form-urlencoded | eu
    password=pass%21%2Bword%22%2F1&user=ada%40acme
    ");
}

#[tokio::test(start_paused = true)]
async fn answers_that_give_no_credentials_have_their_keys() {
    let invalid = |field| refusal(303, "token_response_invalid", field);
    for (answer, expected) in [
        (Reply::json(401, &json!({})), refusal(303, "credentials_rejected", "")),
        (Reply::json(422, &json!({ "hint": "pass!+word" })), refusal(303, "credentials_rejected", "")),
        (Reply::redirect("https://elsewhere.example/"), refusal(303, "credentials_rejected", "")),
        (Reply::json(500, &json!({})), refusal(303, "provider_unreachable", "")),
        (Reply::hangs(), refusal(303, "provider_unreachable", "")),
        (Reply::body(200, "text/html", "<p>"), invalid("")),
        (Reply::json(200, &json!({ "data": { "lifetime": 1 } })), invalid("login.response.access_token")),
        (
            Reply::json(200, &json!({ "data": { "tokens": [{}, { "value": null }] } })),
            invalid("login.response.access_token"),
        ),
    ] {
        let world = world(&login()).await;
        world.provider.always("/login", answer.clone());
        let result = world.browser().send(start().form()).await;
        assert_eq!(result.redirected_refusal(), expected, "{answer:?}");
        assert!(!result.location().contains("pass"), "{answer:?}");
        assert_eq!(world.dump().await.connections.len(), 0, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn input_that_cannot_be_a_header_is_not_sent() {
    let mut login = login();
    login["headers"] = json!({ "X-Region": "${parameters.note}" });
    let world = world(&login).await;
    let entered = json!({ "user": "a", "password": "b", "region": "eu", "note": "a\r\nX-Injected: 1" });
    let start = Start::new().with(&json!({ "connectionParameters": entered }));
    let result = world.browser().send(start.form()).await;
    assert_eq!(result.redirected_refusal().key, "input_invalid");
    assert_eq!(world.provider.calls().len(), 0);
}

/// As where a balancer's cookie must come back beside the session's.
#[tokio::test(start_paused = true)]
async fn all_cookies_of_a_login_can_be_sent_back() {
    let mut login = login();
    login["response"]["cookies"] = json!({ "cookies": true });
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({ "type": "object" });
    option["config"] = json!({ "login": login });
    option["apiClient"]["headers"] = json!({ "Cookie": "${credentials.cookies}" });
    let world = World::with(&definition).await;
    let set =
        answer().header("set-cookie", "SESSION=a.b=; Path=/; HttpOnly").header("set-cookie", "NODE=.n1");
    world.provider.always("/login", set);
    world.browser().send(start().form()).await.assert_connected();
    assert_eq!(world.provider.calls().pop().unwrap().header("cookie"), "NODE=.n1; SESSION=a.b=");
}
