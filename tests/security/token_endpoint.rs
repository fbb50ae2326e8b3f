//! What goes wrong at the token endpoint (RFC 6749 §5.2), and at the test call.

use protocol::provider::client::ProviderError;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::provider::Reply;
use tests::{Start, World, definitions};

/// The failure's `errorData`; nothing was stored but the flow's end.
async fn failure(world: &World) -> Value {
    let result = world.connect(&world.browser(), &Start::new()).await;
    let data = parameter(&result.away(), "errorData").unwrap_or_else(|| result.location().to_owned());
    assert!(world.dump().await.connections.is_empty(), "{data}");
    serde_json::from_str(&data).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_error_of_the_rfc_has_its_key() {
    for (code, error_type, key) in [
        ("invalid_request", "connection", "token_rejected"),
        ("invalid_grant", "connection", "token_rejected"),
        ("unsupported_grant_type", "connection", "token_rejected"),
        ("invalid_scope", "connection", "token_rejected"),
        ("invalid_client", "configuration", "client_rejected"),
        ("unauthorized_client", "configuration", "client_rejected"),
    ] {
        for status in [400, 401, 403, 200] {
            let world = World::new().await;
            world.provider.next("/oauth/token", Reply::json(status, &json!({ "error": code })));
            let error = failure(&world).await;
            assert_eq!((&error["type"], &error["key"]), (&json!(error_type), &json!(key)), "{status} {code}");
            assert_eq!(error["data"]["providerError"], code);
            assert_eq!(world.provider.calls().len(), 1, "nothing else was asked");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_no_rfc_knows_is_not_repeated() {
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "sk_live_secret" })));
    let error = failure(&world).await;
    assert_eq!(error["key"], "token_rejected");
    assert_eq!(error.get("data"), None);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_none_is_not_stored_as_credentials() {
    for (case, reply) in [
        ("a page", Reply::body(200, "text/html", "<h1>Welcome</h1>")),
        ("nothing", Reply::body(200, "application/json", "")),
        ("not JSON", Reply::body(200, "application/json", "{\"access_token\":")),
        ("an array", Reply::json(200, &json!(["access_token"]))),
        ("no token", Reply::json(200, &json!({ "token_type": "Bearer" }))),
        ("an empty token", Reply::json(200, &json!({ "access_token": "" }))),
        ("a token that is no text", Reply::json(200, &json!({ "access_token": { "a": 1 } }))),
        ("too much", Reply::fails(ProviderError::TooLarge)),
    ] {
        let world = World::new().await;
        world.provider.next("/oauth/token", reply);
        let error = failure(&world).await;
        assert_eq!(
            (&error["type"], &error["key"]),
            (&json!("connection"), &json!("token_response_invalid")),
            "{case}"
        );
        assert_eq!(world.provider.calls().len(), 1, "{case}");
    }
}

/// An answer in no words of the protocol is read by its status (RFC 9110 §15.5).
#[tokio::test(start_paused = true)]
async fn a_refusal_in_other_words_says_who_has_to_act_by_its_status() {
    for (status, error_type, key) in [
        (400, "connection", "token_rejected"),
        (401, "configuration", "client_rejected"),
        (403, "configuration", "provider_refused"),
        (406, "configuration", "provider_refused"),
        (415, "configuration", "provider_refused"),
        (422, "connection", "token_rejected"),
        (451, "configuration", "provider_refused"),
    ] {
        for reply in [
            Reply::body(status, "text/html", "<h1>PROVIDER-WORDS</h1>"),
            Reply::body(status, "text/plain", ""),
            Reply::json(status, &json!({ "error": { "code": 1 } })),
            Reply::json(status, &json!({ "message": "PROVIDER-WORDS" })),
        ] {
            let world = World::new().await;
            world.provider.next("/oauth/token", reply.clone());
            let error = failure(&world).await;
            assert_eq!(
                (&error["type"], &error["key"], &error["data"]["status"]),
                (&json!(error_type), &json!(key), &json!(status)),
                "{reply:?}"
            );
            assert!(!error.to_string().contains("PROVIDER-WORDS"));
            assert_eq!(world.provider.calls().len(), 1);
        }
    }
}

/// A redirect is never followed. Like a status that knows no such endpoint, it is for the team to mend.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_elsewhere_is_the_definitions_fault() {
    for reply in [
        Reply::redirect("https://evil.example/token"),
        Reply::body(404, "text/html", "<h1>Not found</h1>"),
        Reply::body(405, "text/plain", ""),
    ] {
        let world = World::new().await;
        world.provider.next("/oauth/token", reply);
        let error = failure(&world).await;
        assert_eq!(
            (&error["type"], &error["key"], &error["data"]["field"]),
            (&json!("configuration"), &json!("configuration_invalid"), &json!("tokenUri"))
        );
        let told = (error["message"].as_str().unwrap(), error["data"]["status"].to_string());
        assert!(told.0.contains(&told.1) && told.0.contains("tokenUri"), "{error}");
        assert_eq!(world.provider.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_must_not_be_called_is_the_definitions_fault() {
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::fails(ProviderError::NotAllowed));
    let error = failure(&world).await;
    assert_eq!(
        (&error["key"], &error["data"]["field"]),
        (&json!("configuration_invalid"), &json!("tokenUri"))
    );
    let world = World::new().await;
    world.provider.next("/api/me", Reply::fails(ProviderError::NotAllowed));
    let error = failure(&world).await;
    assert_eq!(
        (&error["key"], &error["data"]["field"]),
        (&json!("configuration_invalid"), &json!("test.path"))
    );
}

#[tokio::test(start_paused = true)]
async fn credentials_that_do_not_work_are_not_stored() {
    for status in [400, 401, 403, 302] {
        let world = World::new().await;
        world.provider.next("/api/me", Reply::body(status, "text/html", "PROVIDER-WORDS"));
        let error = failure(&world).await;
        assert_eq!(error["key"], "credentials_rejected");
        assert_eq!(error["data"]["status"], status);
        assert!(!error.to_string().contains("PROVIDER-WORDS"));
    }
}

/// A test call at an address that the definition alone makes: if nothing is there, no customer can mend it. Where a part
/// of the address was entered, that may be what leads to nothing.
#[tokio::test(start_paused = true)]
async fn a_test_call_that_finds_nothing_is_the_definitions_fault_unless_a_part_was_entered() {
    let entered = {
        let mut definition = definitions::integration();
        let option = &mut definition["authOptions"][0];
        option["inputSchema"] =
            json!({ "type": "object", "properties": { "account": { "type": "string" } } });
        option["test"]["path"] = "/accounts/${parameters.account}".into();
        definition
    };
    let start = Start::new().with(&json!({ "connectionParameters": { "account": "7" } }));
    for status in [404, 405, 410] {
        for (definition, path, key, field) in [
            (definitions::integration(), "/api/me", "configuration_invalid", json!("test.path")),
            (entered.clone(), "/api/accounts/7", "credentials_rejected", json!(null)),
        ] {
            let world = World::with(&definition).await;
            world.provider.next(path, Reply::body(status, "text/html", "PROVIDER-WORDS"));
            let told = world.connect(&world.browser(), &start).await.told();
            assert_eq!((&told["key"], &told["data"]["field"]), (&json!(key), &field), "{told}");
            assert_eq!(told["data"]["status"], status);
            assert!(!told.to_string().contains("PROVIDER-WORDS"));
            assert_eq!(world.dump().await.connections.len(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_says_in_its_own_words_is_repeated_nowhere() {
    let logs = tests::logs::Logs::record();
    let words = "PROVIDER-WORDS <script>alert(1)</script>";
    for (status, body) in [
        (400, json!({ "error": "invalid_grant", "error_description": words, "error_uri": words })),
        (401, json!({ "error": "invalid_client", "error_description": words })),
        (400, json!({ "error": words })),
        (200, json!({ "error": "invalid_grant", "error_description": words })),
        (200, json!({ "message": words })),
        (500, json!({ "error": "server_error", "error_description": words })),
    ] {
        let world = World::new().await;
        world.provider.next("/oauth/token", Reply::json(status, &body));
        let error = failure(&world).await.to_string();
        assert!(!error.contains("PROVIDER-WORDS") && !error.contains("script"), "{error}");
        assert!(!world.dump().await.contains(b"PROVIDER-WORDS"));
    }
    assert!(!logs.text().contains("PROVIDER-WORDS"));
    assert!(logs.text().contains("token_rejected"), "the log was recorded");
}
