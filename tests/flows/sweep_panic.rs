//! A panic ends one renewal, and no other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flow::lifecycle::refresh::Swept;
use http::{Request, Response};
use protocol::BoxFuture;
use protocol::clock::Clock;
use protocol::provider::client::{Provider, ProviderError};
use serde_json::json;
use tests::definitions::integration_with;
use tests::logs::Logs;
use tests::permissions::by_hand;
use tests::provider::{FakeProvider, Reply};
use tests::{Start, World};

use crate::refresh::{HOUR, connected};

/// A provider whose answer at one path breaks our code.
struct Breaks(FakeProvider);

impl Provider for Breaks {
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        let breaks = request.uri().path() == "/broken/token";
        let answer = self.0.send(request, limit);
        Box::pin(async move {
            let answer = answer.await;
            assert!(!breaks, "an answer that nobody thought of");
            answer
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_one_renewal_alone() {
    let world = World::new().await;
    let broken = json!({
        "authorizeUri": "https://broken.example/oauth/authorize",
        "tokenUri": "https://broken.example/broken/token",
    });
    world.define("broken", &integration_with(&broken)).await;
    world.provider.always("/broken/token", Reply::json(200, &tests::provider::tokens()));
    let several = json!({ "allowMultipleConnections": true });
    let browser = world.browser();
    let mut ids = Vec::new();
    for number in 0..6 {
        let of = if number == 2 { json!({ "integrationKey": "broken" }) } else { json!({}) };
        let start = Start::new().with(&several).with(&of);
        ids.push(world.connect(&browser, &start).await.connection_id());
    }
    world.clock.advance(HOUR);
    let fake = FakeProvider::default();
    fake.always("/broken/token", Reply::json(200, &tests::provider::tokens()));
    world.provider.answered_by(Arc::new(Breaks(fake)));

    let logs = Logs::record();
    let end = || world.clock.now() + Duration::from_mins(4);
    assert_eq!(
        world.run_schedule_until(end()).await.unwrap(),
        Swept { renewed: 5, failed: 1, ..Swept::default() }
    );
    let text = logs.text();
    let line = text.lines().find(|line| line.contains("a renewal ended early")).unwrap();
    assert!(line.contains("ERROR") && line.contains(&ids[2]), "{line}");

    // The provider may have answered. It is asked again after the pause of a failure.
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.run_schedule_until(end()).await.unwrap(), Swept { failed: 1, ..Swept::default() });
    let fake = FakeProvider::default();
    fake.always("/broken/token", Reply::json(200, &tests::provider::tokens()));
    world.provider.answered_by(Arc::new(fake));
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.run_schedule_until(end()).await.unwrap(), Swept { renewed: 1, ..Swept::default() });
}

/// A connection that breaks our code each time keeps no run from going on.
#[tokio::test(start_paused = true)]
async fn what_breaks_each_time_is_tried_less_and_less_often() {
    let world = World::new().await;
    let id = connected(&world).await;
    let fake = FakeProvider::default();
    fake.always("/broken/token", Reply::json(200, &tests::provider::tokens()));
    let broken = json!({ "tokenUri": "https://provider.example/broken/token" });
    world.define("crm", &integration_with(&broken)).await;
    world.provider.answered_by(Arc::new(Breaks(fake)));
    world.clock.advance(HOUR);
    let mut failed = 0;
    for _ in 0..24 {
        let end = world.clock.now() + Duration::from_mins(4);
        failed += world.run_schedule_until(end).await.unwrap().failed;
        world.clock.advance(Duration::from_mins(5));
    }
    assert!((3..9).contains(&failed), "{failed}");
    let done = by_hand(world.deps.store.read_checkpoint()).await.unwrap().unwrap();
    assert_eq!(done, world.clock.now() - Duration::from_mins(15));
    // The provider may have answered: that is remembered.
    let refused = Reply::json(400, &json!({ "error": "invalid_grant" }));
    let fake = FakeProvider::default();
    fake.always("/broken/token", refused);
    world.provider.answered_by(Arc::new(fake));
    world.clock.advance(Duration::from_hours(8));
    assert_eq!(world.secrets(&id).await["error"]["key"], "refresh_interrupted");
}
