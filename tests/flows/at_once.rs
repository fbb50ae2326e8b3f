//! Two requests of one flow at the same time.

use std::time::Duration;

use tests::provider::{Reply, tokens};
use tests::{Answer, Browser, Start, World};

fn slow(seconds: u64) -> Reply {
    Reply::json(200, &tokens()).after(Duration::from_secs(seconds))
}

/// The result, as a program waits for it.
async fn ended(browser: &Browser, result: &str) -> Answer {
    loop {
        let answer = browser.get(result).await;
        if answer.status.as_u16() != 202 {
            return answer;
        }
        let pause = answer.header("retry-after").parse().unwrap();
        tokio::time::sleep(Duration::from_secs(pause)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_callbacks_exchange_the_code_once_and_end_at_the_same_result() {
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", slow(5));
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let finish = async || {
        let answered = browser.get(&callback).await;
        ended(&browser, answered.location()).await.connection_id()
    };
    let (first, second) = tokio::join!(finish(), finish());
    assert_eq!(first, second);
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
    assert_eq!(world.dump().await.live_connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_callbacks_share_a_failure_too() {
    let world = World::new().await;
    let browser = world.browser();
    let denial = Reply::json(400, &serde_json::json!({ "error": "invalid_grant" }));
    world.provider.next("/oauth/token", denial.after(Duration::from_secs(5)));
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let finish = async || {
        let answered = browser.get(&callback).await;
        ended(&browser, answered.location()).await.redirected_refusal().key
    };
    let (first, second) = tokio::join!(finish(), finish());
    assert_eq!((first.as_str(), second.as_str()), ("token_rejected", "token_rejected"));
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

/// A slow provider holds the callback's function. It must not hold another one for everybody who asks for the result.
#[tokio::test(start_paused = true)]
async fn who_asks_while_the_first_callback_is_at_work_waits_a_little_and_is_then_told_to_come_back() {
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", slow(21));
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let first = async {
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await.connection_id()
    };
    let second = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let result = browser.get(&callback).await.location().to_owned();
        let since = tokio::time::Instant::now();
        let (program, person) =
            tokio::join!(browser.get(&result), async { browser.for_a_person().get(&result).await });
        let waited = since.elapsed();
        assert!(waited <= Duration::from_secs(2), "{waited:?}");

        // Whoever comes back waits no more: each time it would be another two seconds.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let since = tokio::time::Instant::now();
        assert_eq!(browser.get(&result).await.json()["status"], "working");
        assert_eq!(since.elapsed(), Duration::ZERO);
        (program, person, ended(&browser, &result).await.connection_id())
    };
    let (id, (program, person, later)) = tokio::join!(first, second);
    assert_eq!(program.status.as_u16(), 202);
    assert_eq!(program.json()["status"], "working");
    assert_eq!(program.header("retry-after"), "2");
    assert_eq!(person.status.as_u16(), 200);
    assert_eq!(person.header("refresh"), "2");
    assert!(person.body.contains("Almost there"), "{}", person.body);
    assert_eq!(later, id);
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_as_soon_as_there_is_a_result() {
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", Reply::json(200, &tokens()).after(Duration::from_millis(500)));
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let started = tokio::time::Instant::now();
    let second = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await.assert_connected();
        started.elapsed()
    };
    let (_, took) = tokio::join!(browser.get(&callback), second);
    assert!(took >= Duration::from_millis(500) && took < Duration::from_millis(1200), "{took:?}");
}
