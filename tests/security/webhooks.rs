//! Webhooks go where anybody may call, say nothing of their secrets, and are nobody else's to make.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flow::webhook::Outcome;
use http::Method;
use protocol::provider::client::ProviderClient;
use protocol::redirect_uri::Loopback;
use serde_json::{Value, json};
use tests::logs::Logs;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin};
use tests::{Start, World};

async fn made(world: &World, url: &str) -> Value {
    let body = json!({ "url": url });
    let answer = world.api(Method::POST, "/webhook-endpoints", &admin(WORKSPACE), Some(&body)).await;
    assert_eq!(answer.status, 201, "{url}: {}", answer.body);
    answer.json()
}

async fn post(world: &World, path: &str) -> Value {
    world.api(Method::POST, path, &admin(WORKSPACE), None).await.json()
}

async fn tested(world: &World, endpoint: &Value) -> Value {
    post(world, &format!("/webhook-endpoints/{}/test", endpoint["id"].as_str().unwrap())).await
}

/// The production client decides, by the address that it connects to.
#[tokio::test(start_paused = true)]
async fn a_webhook_goes_to_public_addresses_alone() {
    let world = World::new().await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let event = world.take_events().remove(0);
    world.provider.answered_by(Arc::new(ProviderClient::new(Loopback::Refused)));
    for url in [
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1:8443/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:a00:1]/",
    ] {
        let endpoint = made(&world, url).await;
        let came = tested(&world, &endpoint).await;
        assert_eq!(
            (&came["status"], &came["lastProblem"]),
            (&json!("failed"), &json!("address_not_allowed")),
            "{url}"
        );
    }
    assert!(matches!(world.webhook(&event, 1).await, Outcome::Again(_)));
}

#[tokio::test(start_paused = true)]
async fn a_webhook_follows_no_redirect_and_keeps_no_answer() {
    let world = World::new().await;
    let endpoint = made(&world, "https://app.example/hooks").await;
    world.provider.next("/hooks", Reply::redirect("https://app.example/elsewhere"));
    let came = tested(&world, &endpoint).await;
    assert_eq!((&came["status"], &came["lastStatus"]), (&json!("failed"), &json!(302)));
    assert_eq!(world.provider.calls().len(), 1);
    world.provider.next("/hooks", Reply::body(200, "text/plain", "an answer that is nobody's business"));
    tested(&world, &endpoint).await;
    assert!(!world.dump().await.contains(b"nobody's business"));
}

#[tokio::test(start_paused = true)]
async fn a_webhooks_secret_is_sealed_and_stands_in_no_line_and_no_other_answer() {
    let logs = Logs::record();
    let world = World::new().await;
    let endpoint = made(&world, "https://app.example/hooks").await;
    let path = format!("/webhook-endpoints/{}", endpoint["id"].as_str().unwrap());
    let rotated = post(&world, &format!("{path}/rotate-secret")).await;
    world.provider.next("/hooks", Reply::json(500, &json!({})));
    let mut shown = tested(&world, &endpoint).await.to_string();
    for path in [path.clone(), "/webhook-endpoints".to_owned(), format!("{path}/deliveries")] {
        shown += &world.api(Method::GET, &path, &admin(WORKSPACE), None).await.body;
    }
    let change = json!({ "enabled": true });
    shown += &world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(&change)).await.body;
    let (dump, lines) = (world.dump().await, logs.text());
    assert!(lines.contains("webhook tested"), "{lines}");
    for made in [&endpoint, &rotated] {
        let secret = made["secret"].as_str().unwrap();
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(!dump.contains(secret.as_bytes()) && !dump.contains(&bytes), "the tables hold it");
        assert!(!lines.contains(&secret[6..]) && !shown.contains(&secret[6..]));
    }
    assert!(!format!("{:?}", dump.schedule).contains(CUSTOMER));
}
