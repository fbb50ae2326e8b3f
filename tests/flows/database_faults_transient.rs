//! What passes by itself is waited out, in each of its spellings and by every operation.

use flow::lifecycle::refresh::Swept;
use tests::{Fault, Start, World};

use crate::refresh::{HOUR, connected};

/// The service answers any operation with any of them, whatever its model says.
const SPELLINGS: [&str; 8] = [
    "ThrottlingException",
    "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded",
    "com.amazonaws.dynamodb.v20120810#InternalServerError",
    "com.amazonaws.dynamodb.v20120810#TransactionInProgressException",
    "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
    "com.amazonaws.dynamodb.v20120810#ReplicatedWriteConflictException",
    "ServiceUnavailable",
];

/// More than the three attempts of the SDK.
const TIMES: usize = 8;

#[tokio::test(start_paused = true)]
async fn a_flow_waits_out_each_transient_error_of_every_operation() {
    for code in SPELLINGS {
        let world = World::new().await;
        world.forget_definitions();
        for operation in ["BatchGetItem", "PutItem", "UpdateItem", "TransactWriteItems", "GetItem"] {
            world.wire.fail(operation, TIMES, Fault::Refused(code));
        }
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
        assert!(world.wire.recover(), "{code}");
        assert_eq!(world.dump().await.live_connections().len(), 1);
        assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_waits_out_what_is_transient_until_its_deadline() {
    for code in SPELLINGS {
        let world = World::new().await;
        let browser = world.browser();
        let callback = world.begin(&browser, &Start::new()).await.consent();
        // With pauses of up to 0.64 s, these take some twenty seconds.
        world.wire.fail("TransactWriteItems", 32, Fault::Refused(code));
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await.assert_connected();
        assert!(world.wire.recover(), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_scheduled_refresh_waits_out_each_transient_error() {
    for code in SPELLINGS {
        let world = World::new().await;
        connected(&world).await;
        world.clock.advance(HOUR);
        world.schedule_ran(HOUR).await;
        for operation in ["Query", "UpdateItem", "PutItem"] {
            world.wire.fail(operation, TIMES, Fault::Refused(code));
        }
        assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..Swept::default() });
        assert!(world.wire.recover(), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_told_at_once() {
    for code in ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"] {
        let world = World::new().await;
        world.wire.fail("PutItem", TIMES, Fault::Refused(code));
        let answer = world.browser().send(Start::new().form()).await;
        assert_eq!(answer.redirected_refusal().key, "storage_unavailable", "{code}");
        let puts = world.wire.take_requests().iter().filter(|request| request.operation == "PutItem").count();
        assert_eq!(puts, 1, "{code}");
    }
}
