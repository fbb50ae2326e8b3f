//! Grants by assertion (RFC 7523 §2.1), and what else exchanges a JWT for a token, as widely used providers have them.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::integration_with;
use tests::jwt::SigningKey;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn definition(option: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([option]);
    definition["authOptions"][0]["key"] = "key".into();
    definition["authOptions"][0]["type"] = "client-credentials".into();
    definition["authOptions"][0]["apiClient"] =
        json!({ "headers": { "Authorization": "Bearer ${credentials.access_token}" } });
    definition
}

fn entering(parameters: &Value) -> Start {
    Start::new().with(&json!({ "connectionParameters": parameters }))
}

fn schema(names: &[&str]) -> Value {
    let properties: Value =
        names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

async fn refresh(world: &World, id: &str) -> tests::Answer {
    world.api(Method::POST, &format!("/connections/{id}/refresh-credentials"), &admin(WORKSPACE), None).await
}

/// Google's service account: the customer pastes what stands in its JSON file, `\n` and all.
#[tokio::test(start_paused = true)]
async fn a_service_account_of_the_customers() {
    let key = SigningKey::rsa();
    let world = World::with(&definition(&json!({
        "inputSchema": schema(&["clientEmail", "privateKey"]),
        "signed": { "assertion": {
            "algorithm": "RS256", "key": "${parameters.privateKey}", "lifetime": 3600,
            "claims": {
                "iss": "${parameters.clientEmail}", "aud": "https://oauth2.googleapis.com/token",
                "scope": "https://www.googleapis.com/auth/drive.readonly",
            },
        } },
        "config": {
            "tokenUri": "https://oauth2.googleapis.com/token", "grant": JWT_BEARER,
            "clientAuthLocation": "none", "tokenRequest": { "add": { "assertion": "${signed.assertion}" } },
        },
    })))
    .await;
    world.provider.always("/token", Reply::json(200, &json!({ "access_token": "a1", "expires_in": 3599 })));
    let email = "robot@project.iam.gserviceaccount.example";
    let entered = json!({ "clientEmail": email, "privateKey": key.pem.replace('\n', "\\n") });
    let id = world.browser().send(entering(&entered).form()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "a1");
    let call = world.provider.calls_to("/token").pop().unwrap();
    let names: Vec<String> = call.form().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["grant_type", "assertion"]);
    assert_eq!(call.parameter("grant_type").as_deref(), Some(JWT_BEARER));
    let (header, claims) = key.verified(&call.parameter("assertion").unwrap());
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT" }));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(email), &json!("https://oauth2.googleapis.com/token"))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert!(refresh(&world, &id).await.status.is_success());
    assert_eq!(world.provider.calls_to("/token").len(), 2);
    // The key was the customer's, and so is the refusal.
    world.provider.next("/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let refused = world.browser().send(entering(&entered).form()).await;
    assert_eq!(refused.redirected_refusal().key, "credentials_rejected");
}

/// Salesforce: the team's key, a user of the customer's, and the API's address in the answer.
#[tokio::test(start_paused = true)]
async fn a_user_of_the_customers_by_the_teams_key() {
    let key = SigningKey::rsa();
    let mut definition = definition(&json!({
        "inputSchema": schema(&["username"]),
        "signed": { "assertion": {
            "algorithm": "RS256", "lifetime": 180,
            "claims": {
                "iss": "consumer-key", "sub": "${parameters.username}", "aud": "https://login.salesforce.com",
            },
        } },
        "config": {
            "tokenUri": "https://login.salesforce.com/services/oauth2/token", "grant": JWT_BEARER,
            "clientAuthLocation": "none", "tokenRequest": { "add": { "assertion": "${signed.assertion}" } },
            "privateKey": key.pem, "expiresIn": 7200,
        },
        "test": { "path": "/services/oauth2/userinfo" },
    }));
    definition["baseUri"] = "${credentials.instance_url}".into();
    let world = World::with(&definition).await;
    let answer = json!({ "access_token": "a1", "instance_url": "https://acme.my.salesforce.com" });
    world.provider.always("/services/oauth2/token", Reply::json(200, &answer));
    world.provider.always("/services/oauth2/userinfo", Reply::json(200, &json!({})));
    let entered = entering(&json!({ "username": "ada@acme.example" }));
    let id = world.browser().send(entered.form()).await.connection_id();
    let call = world.provider.calls_to("/services/oauth2/token").pop().unwrap();
    let (_, claims) = key.verified(&call.parameter("assertion").unwrap());
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("consumer-key"), &json!("ada@acme.example")));
    let tested = world.provider.calls_to("/services/oauth2/userinfo").pop().unwrap();
    assert_eq!(tested.uri, "https://acme.my.salesforce.com/services/oauth2/userinfo");
    let refusal = Reply::json(400, &json!({ "error": "invalid_client" }));
    world.provider.always("/services/oauth2/token", refusal);
    assert_eq!(refresh(&world, &id).await.json()["key"], "client_rejected");
    assert_eq!(world.connection(&id).await.json()["disconnected"], false);
}

/// GitHub: an app's own JWT buys the token of an installation.
#[tokio::test(start_paused = true)]
async fn an_installation_of_the_teams_app() {
    let key = SigningKey::rsa();
    let path = "/app/installations/7/access_tokens";
    let world = World::with(&definition(&json!({
        "inputSchema": schema(&["installationId"]),
        "signed": { "app": { "algorithm": "RS256", "claims": { "iss": "12345" }, "lifetime": 540 } },
        "config": {
            "privateKey": key.pem,
            "login": {
                "uri": "https://api.github.com/app/installations/${parameters.installationId}/access_tokens",
                "headers": { "Authorization": "Bearer ${signed.app}" },
                "response": { "access_token": "token", "expires_at": "expires_at" },
            },
        },
    })))
    .await;
    let answer =
        |token: &str| Reply::json(201, &json!({ "token": token, "expires_at": "2100-01-01T00:00:00Z" }));
    world.provider.always(path, answer("ghs_1"));
    let id = world.browser().send(entering(&json!({ "installationId": "7" })).form()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "ghs_1");
    let call = world.provider.calls_to(path).pop().unwrap();
    let (_, claims) = key.verified(call.header("authorization").strip_prefix("Bearer ").unwrap());
    assert_eq!(claims["iss"], "12345");
    world.provider.next(path, answer("ghs_2"));
    assert!(refresh(&world, &id).await.status.is_success());
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "ghs_2");
    // The app's key was replaced: nothing that a customer could correct.
    world
        .provider
        .next(path, Reply::json(401, &json!({ "message": "A JSON web token could not be decoded" })));
    assert_eq!(refresh(&world, &id).await.json()["key"], "client_rejected");
    assert_eq!(world.connection(&id).await.json()["disconnected"], false);
    let missing = entering(&json!({ "installationId": "8" }));
    world.provider.next("/app/installations/8/access_tokens", Reply::json(404, &json!({})));
    assert_eq!(world.browser().send(missing.form()).await.redirected_refusal().key, "credentials_rejected");
}

/// Zoom, server to server: a grant of the provider's own name, with HTTP Basic.
#[tokio::test(start_paused = true)]
async fn a_grant_of_the_providers_own() {
    let world = World::with(&definition(&json!({
        "inputSchema": schema(&["accountId", "clientId", "clientSecret"]),
        "config": {
            "tokenUri": "https://zoom.us/oauth/token", "grant": "account_credentials",
            "clientAuthLocation": "headers", "extra": { "account_id": "${parameters.accountId}" },
        },
    })))
    .await;
    let entered = json!({ "accountId": "acc", "clientId": "a", "clientSecret": "b" });
    world.browser().send(entering(&entered).form()).await.assert_connected();
    let call = world.provider.token_request();
    assert_eq!(call.header("authorization"), "Basic YTpi");
    assert_eq!(call.body, "grant_type=account_credentials&account_id=acc");
}
