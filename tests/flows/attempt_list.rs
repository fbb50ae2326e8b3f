//! `GET /connection-attempt-logs`: filters, references and pages.

use std::time::Duration;

use serde_json::json;
use tests::answer::refusal;
use tests::definitions::{self, integration_id};
use tests::tokens::{CUSTOMER, WORKSPACE};
use tests::{Start, World};

use crate::attempts::{asked, denied, error_data, filled, keys, listed, page};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn attempts_are_found_by_what_is_known_of_them() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    world.forget_definitions();
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.clock.advance(Duration::from_secs(1));
    world
        .connect(&world.browser(), &Start::new().with(&json!({ "connectionId": id })))
        .await
        .assert_connected();
    world.clock.advance(Duration::from_secs(1));
    let failed = denied(&world, &world.browser(), &Start::new().with(&json!({ "connectionId": id }))).await;
    world.clock.advance(Duration::from_secs(1));
    world
        .browser()
        .send(keys().by("user-2").with(&json!({ "integrationKey": "mail" })).form())
        .await
        .assert_connected();
    world.clock.advance(Duration::from_secs(1));
    world.begin(&world.browser(), &Start::new().by("user-2")).await;

    let reference = error_data(&failed)["reference"].as_str().unwrap().to_owned();
    let typed = format!("{}-{}", &reference[..4], reference[4..].to_lowercase());
    let mail = integration_id(WORKSPACE, "mail");
    for (query, count) in [
        (String::new(), 5),
        (format!("userId={CUSTOMER}"), 3),
        ("tenantId=user-2".to_owned(), 2),
        ("userId=nobody".to_owned(), 0),
        ("integrationKey=mail".to_owned(), 1),
        (format!("integrationId={mail}"), 1),
        (format!("connectionId={id}"), 3),
        (format!("connectionId={id}&status=error"), 1),
        ("status=success".to_owned(), 3),
        ("status=pending".to_owned(), 1),
        (format!("reference={reference}"), 1),
        (format!("reference={typed}"), 1),
        (format!("reference={reference}&userId=user-2"), 0),
        (format!("reference={}", reference.chars().rev().collect::<String>()), 0),
    ] {
        assert_eq!(listed(&world, &query).await.len(), count, "{query}");
    }
    assert_eq!(listed(&world, &format!("reference={typed}")).await[0]["error"], error_data(&failed));
    for (query, field) in [
        ("status=done", "status"),
        ("reference=7K3M9QX", "reference"),
        ("reference=7K3M9QXU", "reference"),
        ("limit=0", "limit"),
        ("cursor=none", "cursor"),
        ("cursor=1767225600000-12345678", "cursor"),
        ("cursor=01767225600000-1234567U", "cursor"),
    ] {
        let refused = asked(&world, query).await.refusal();
        assert_eq!(refused, refusal(400, "request_malformed", field), "{query}");
    }
}

/// Its first characters are the hour, so an hour's attempts are looked at, and no others.
#[tokio::test(start_paused = true)]
async fn a_reference_is_found_for_as_long_as_its_attempt() {
    let world = World::new().await;
    world.clock.advance(Duration::from_mins(59));
    let failed = denied(&world, &world.browser(), &Start::new()).await;
    let reference = error_data(&failed)["reference"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        world.clock.advance(Duration::from_mins(7));
        denied(&world, &world.browser(), &Start::new()).await;
    }
    for wait in [Duration::ZERO, Duration::from_hours(1), DAY, DAY * 28] {
        world.clock.advance(wait);
        assert_eq!(listed(&world, &format!("reference={reference}")).await.len(), 1, "{wait:?}");
    }
    let asked = world.wire.take_requests();
    let query = asked.iter().rev().find(|request| request.operation == "Query").unwrap();
    let values = &query.body["ExpressionAttributeValues"];
    assert_eq!(
        (&values[":from"]["S"], &values[":to"]["S"]),
        (&json!("01767225600000"), &json!("01767229228000"))
    );
}

#[tokio::test(start_paused = true)]
async fn after_thirty_days_an_attempt_is_not_found_any_more() {
    let world = World::new().await;
    let failed = denied(&world, &world.browser(), &Start::new()).await;
    let reference = error_data(&failed)["reference"].as_str().unwrap().to_owned();
    let flow = &world.dump().await.flows[0];
    assert!(
        flow["ttl"].as_n().unwrap().parse::<i64>().unwrap() * 1000
            >= tests::clock::BEGINNING.0 + 30 * 86_400_000
    );
    world.clock.advance(DAY * 29 + Duration::from_secs(86_399));
    assert_eq!(listed(&world, "").await.len(), 1);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(listed(&world, "").await.len(), 0);
    assert_eq!(listed(&world, &format!("reference={reference}")).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_and_lose_and_repeat_nothing() {
    let world = World::with(&definitions::api_key()).await;
    world.define("crm2", &definitions::integration()).await;
    world.forget_definitions();
    for number in 0..7 {
        world.clock.advance(Duration::from_secs(1));
        let browser = world.browser().for_a_person();
        // Each of the others has an item for the form, and one for its end.
        if number % 2 == 0 {
            let form = browser.send(Start::new().by(&format!("c{number}")).form()).await;
            browser.send(filled(&form).submit()).await.assert_connected();
        } else {
            let start = Start::new().by(&format!("c{number}")).with(&json!({ "integrationKey": "crm2" }));
            denied(&world, &browser, &start).await;
        }
    }
    for limit in 1..=8 {
        for (filter, expected) in [
            ("", vec!["c6", "c5", "c4", "c3", "c2", "c1", "c0"]),
            ("&status=error", vec!["c5", "c3", "c1"]),
            ("&integrationKey=crm", vec!["c6", "c4", "c2", "c0"]),
        ] {
            let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
            loop {
                let page = page(&world, &format!("limit={limit}&cursor={cursor}{filter}")).await;
                let items = page["items"].as_array().unwrap();
                assert!(items.len() <= limit, "{page}");
                found.extend(items.iter().map(|item| item["userId"].as_str().unwrap().to_owned()));
                let Some(next) = page["cursor"].as_str() else { break };
                next.clone_into(&mut cursor);
            }
            assert_eq!(found, expected, "{limit} {filter}");
        }
    }
}
