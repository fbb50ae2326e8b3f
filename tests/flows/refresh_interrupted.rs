//! A refresh that was cut off may have cost the only credentials there were. Until new ones come, that is remembered.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::wire::Fault;

use crate::refresh::{HOUR, connected, dies_refreshing};

/// A connection whose refresh was cut off a minute ago, and whose provider no longer takes the refresh token.
async fn cut_off(world: &World) -> String {
    let id = connected(world).await;
    world.clock.advance(HOUR);
    dies_refreshing(world, &id).await;
    world.clock.advance(Duration::from_mins(1));
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    id
}

async fn patch(world: &World, id: &str, body: &Value) {
    let answer = world.api(Method::PATCH, &format!("/connections/{id}"), &admin(WORKSPACE), Some(body)).await;
    assert_eq!(answer.status, 200);
}

/// What the connection says after a refresh that is refused.
async fn refused(world: &World, id: &str) -> Value {
    let connection = world.secrets(id).await;
    assert_eq!(connection["disconnected"], true);
    connection["error"]["key"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_provider_in_between_is_not_the_end_of_it() {
    let world = World::new().await;
    let id = cut_off(&world).await;
    world.provider.next("/oauth/token", Reply::json(503, &json!({})));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(refused(&world, &id).await, "refresh_interrupted");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_leaves_the_credentials_does_not_end_it() {
    let world = World::new().await;
    let id = cut_off(&world).await;
    patch(&world, &id, &json!({ "connectorParameters": { "region": "eu" } })).await;
    assert_eq!(refused(&world, &id).await, "refresh_interrupted");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_the_caller_gives_end_it() {
    let world = World::new().await;
    let id = cut_off(&world).await;
    let given = json!({ "access_token": "given", "refresh_token": "given", "expires_in": 3600 });
    patch(&world, &id, &json!({ "credentials": given })).await;
    world.clock.advance(HOUR);
    assert_eq!(refused(&world, &id).await, "access_token_expired");
}

#[tokio::test(start_paused = true)]
async fn so_does_a_refresh_that_the_provider_takes_after_all() {
    let world = World::new().await;
    let id = cut_off(&world).await;
    world.provider.next("/oauth/token", crate::refresh::renewed(&json!({ "refresh_token": "refresh/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2");
    world.clock.advance(HOUR);
    assert_eq!(refused(&world, &id).await, "access_token_expired");
}

/// What could not be written replaces nothing.
#[tokio::test(start_paused = true)]
async fn given_credentials_that_are_not_saved_do_not_end_it() {
    let world = World::new().await;
    let id = cut_off(&world).await;
    // The first update is the lease, the second would write the credentials.
    let wire = world.wire.clone();
    world.wire.meanwhile("UpdateItem", async move {
        wire.fail("UpdateItem", 1, Fault::Refused("ValidationException"));
    });
    let given = json!({ "credentials": { "access_token": "given", "refresh_token": "given" } });
    let path = format!("/connections/{id}");
    let answer = world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(&given)).await;
    assert_eq!(answer.refusal().key, "storage_unavailable");
    assert_eq!(refused(&world, &id).await, "refresh_interrupted");
}

/// The provider has issued what nobody could save.
#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_not_saved_counts_as_one() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    // The first update notes the use, the second is the lease, the third would write the new credentials.
    let wire = world.wire.clone();
    world.wire.meanwhile("UpdateItem", async move {
        let later = wire.clone();
        wire.meanwhile("UpdateItem", async move {
            later.fail("UpdateItem", 1, Fault::Refused("ValidationException"));
        });
    });
    world.provider.next("/oauth/token", crate::refresh::renewed(&json!({ "refresh_token": "refresh/2" })));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "storage_unavailable");
    world.clock.advance(Duration::from_mins(2));
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    assert_eq!(refused(&world, &id).await, "refresh_interrupted");
}

/// A connection that comes back from the archive brings the old credentials.
#[tokio::test(start_paused = true)]
async fn the_archive_does_not_end_it() {
    let world = World::new().await;
    let id = cut_off(&world).await;
    world.provider.next("/oauth/token", Reply::json(503, &json!({})));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
    let path = format!("/connections/{id}");
    assert_eq!(world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await.status, 204);
    let restored = world.api(Method::POST, &format!("{path}/restore"), &admin(WORKSPACE), None).await;
    assert_eq!(restored.status, 200);
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(refused(&world, &id).await, "refresh_interrupted");
}
