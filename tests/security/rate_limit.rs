//! One workspace cannot use up what all share; nor can anybody else use up what one workspace has.

use std::sync::Arc;
use std::time::Duration;

use api::all_routes;
use flow::deps::uncounted;
use flow::web::routes::{Access, Function};
use http::Method;
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, merge};
use tests::popup_result::PopupResult;
use tests::tokens::{self, CUSTOMER, ROOT, WORKSPACE, admin, customer, signed};
use tests::wire::{FOR_GOOD, Fault};
use tests::{Answer, Start, World};
use tokio::task::JoinSet;

/// A request that asks the database for nothing.
async fn ask(sandbox: &World) -> Answer {
    ask_as(sandbox, WORKSPACE).await
}

async fn ask_as(sandbox: &World, workspace: &str) -> Answer {
    sandbox.api(Method::GET, "/self", &customer(workspace, CUSTOMER), None).await
}

async fn is_admitted(sandbox: &World) -> bool {
    let answer = ask(sandbox).await;
    if answer.status != 200 {
        assert_eq!(answer.refusal(), refusal(429, "rate_limit_exceeded", ""));
    }
    answer.status == 200
}

/// The number of requests until one is refused.
async fn admitted(sandbox: &World) -> u32 {
    for number in 0..MANY {
        if !is_admitted(sandbox).await {
            return number;
        }
    }
    panic!("there is no limit")
}

/// More than any limit of these tests.
const MANY: u32 = 2_000;

/// A sandbox that the workspace has used up.
async fn used_up(world: &World, limit: u32) -> World {
    let sandbox = world.limited_to(limit);
    admitted(&sandbox).await;
    sandbox
}

/// How often the database was asked to count, since its requests were last taken.
fn counts(world: &World) -> usize {
    world.wire.take_requests().iter().filter(|request| request.operation == "UpdateItem").count()
}

/// The bound: the limit, and what each sandbox does not count.
#[tokio::test(start_paused = true)]
async fn over_all_sandboxes_a_workspace_makes_its_limit_and_no_more_than_each_does_not_count() {
    let world = World::new().await;
    for (limit, count) in [(1, 3), (60, 4), (100, 7), (600, 1), (600, 5)] {
        let sandboxes: Vec<World> = (0..count).map(|_| world.limited_to(limit)).collect();
        let mut all = 0;
        for _ in 0..MANY {
            let before = all;
            for sandbox in &sandboxes {
                all += u32::from(is_admitted(sandbox).await);
            }
            if all == before {
                break;
            }
        }
        assert_eq!(all, limit + count * uncounted(limit), "{limit} in {count} sandboxes");
        world.clock.advance(Duration::from_mins(1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_bound_holds_for_requests_that_come_at_once() {
    let world = World::new().await;
    let sandboxes: Vec<Arc<World>> = (0..4).map(|_| Arc::new(world.limited_to(300))).collect();
    let mut requests = JoinSet::new();
    for number in 0..1_000 {
        let sandbox = Arc::clone(&sandboxes[number % sandboxes.len()]);
        requests.spawn(async move { is_admitted(&sandbox).await });
    }
    let answers = requests.join_all().await;
    let admitted = answers.into_iter().filter(|admitted| *admitted).count();
    assert_eq!(admitted, 300 + 4 * uncounted(300) as usize);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_is_told_when_to_come_back_and_costs_nothing_until_then() {
    let world = World::new().await;
    world.clock.advance(Duration::from_secs(13));
    let sandbox = used_up(&world, 10).await;
    let _ = world.wire.take_requests();
    for (later, expected) in [(0, "47"), (30, "17"), (16, "1")] {
        world.clock.advance(Duration::from_secs(later));
        let answer = ask(&sandbox).await;
        assert_eq!(answer.header("retry-after"), expected);
        assert_eq!(answer.json()["data"]["retryAfter"].to_string(), expected);
        assert_eq!(answer.json()["type"], "bad_request");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-expose-headers"), "*");
    }
    assert_eq!(counts(&world), 0);
    world.clock.advance(Duration::from_secs(1));
    assert!(is_admitted(&sandbox).await);
}

#[tokio::test(start_paused = true)]
async fn each_workspace_has_its_own() {
    let world = World::new().await;
    for key in ["acme2", "acm"] {
        world.define_workspace(key, &definitions::workspace(key)).await;
    }
    let sandbox = used_up(&world, 3).await;
    for other in ["acme2", "acm"] {
        assert_eq!(ask_as(&sandbox, other).await.status, 200, "{other}");
    }
    assert!(!is_admitted(&world.limited_to(3)).await);
}

/// Whoever cannot prove that they are the workspace's leaves its requests alone.
#[tokio::test(start_paused = true)]
async fn an_unverified_request_uses_up_nobodys_requests() {
    let world = World::new().await;
    let sandbox = world.limited_to(3);
    let _ = world.wire.take_requests();
    let claims = json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": tokens::in_an_hour() });
    let forged = signed(&claims, &tokens::secret_of("evil"));
    let expired = signed(
        &json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": tokens::in_an_hour() - 7200 }),
        &tokens::secret_of(WORKSPACE),
    );
    for token in [forged.as_str(), &expired, "", "x", "a.b.c"] {
        for _ in 0..10 {
            assert_eq!(sandbox.api(Method::GET, "/self", token, None).await.status, 401);
            let start = Start::new().with(&json!({ "token": token }));
            assert!(sandbox.browser().send(start.form()).await.status.is_client_error());
        }
    }
    // Nor does a page of somebody else's, or a target that is not listed, with a visitor's good token.
    for _ in 0..10 {
        let foreign = Start::new().from(&[("origin", "https://evil.example")]);
        assert_eq!(sandbox.browser().send(foreign.form()).await.status, 403);
        let elsewhere = Start::new().with(&json!({ "redirectUri": "https://evil.example/" }));
        assert_eq!(sandbox.browser().send(elsewhere.form()).await.status, 400);
    }
    assert_eq!(counts(&world), 0);
    assert_eq!(admitted(&sandbox).await, 3);
}

/// Every resource that needs a workspace's token counts. What manages workspaces does not: the operator must get in.
#[tokio::test(start_paused = true)]
async fn every_rest_resource_counts() {
    let world = World::new().await;
    let sandbox = used_up(&world, 2).await;
    let mut refused = 0;
    for route in all_routes().into_iter().filter(|route| route.function == Function::Api) {
        let path = route.path.replace("{path+}", "me").replace(['{', '}'], "");
        let is_roots = path.starts_with("/workspaces");
        let token = if is_roots { admin(ROOT) } else { admin(WORKSPACE) };
        let answer = sandbox.api(route.method.clone(), &path, &token, Some(&json!({}))).await;
        let expected = route.access != Access::Open && !is_roots;
        assert_eq!(answer.status == 429, expected, "{} {path}: {}", route.method, answer.status);
        refused += usize::from(expected);
    }
    assert!(refused > 20, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_start_goes_back_to_the_caller_and_nothing_has_happened() {
    let world = World::new().await;
    let sandbox = used_up(&world, 2).await;
    let before = world.dump().await;

    let start = Start::new().with(&json!({ "customState": "s" }));
    let answer = sandbox.browser().send(start.form()).await;
    assert_eq!(answer.redirected_refusal(), refusal(303, "rate_limit_exceeded", ""));
    let url = answer.away();
    assert_eq!(parameter(&url, "customState").as_deref(), Some("s"));
    let error: Value = serde_json::from_str(&parameter(&url, "errorData").unwrap()).unwrap();
    assert_eq!(error["data"]["retryAfter"], 60);
    // Of a redirect it would mean that the browser may follow it only then (RFC 9110 §10.2.3).
    assert_eq!(answer.header("retry-after"), "");

    let nowhere = Start::new().with(&json!({ "redirectUri": null }));
    let program = sandbox.browser().send(nowhere.form()).await;
    assert_eq!(program.refusal(), refusal(429, "rate_limit_exceeded", ""));
    assert_eq!(program.header("retry-after"), "60");

    let popup = Start::new().with(&json!({ "redirectUri": null, "requestId": "r-1" }));
    let page = sandbox.browser().for_a_person().send(popup.form()).await;
    let message = PopupResult::read(&page).message;
    assert_eq!(
        (&message["type"], &message["errorData"]["key"]),
        (&json!("newConnectionFailure"), &json!("rate_limit_exceeded"))
    );

    assert_eq!(world.dump().await, before);
    assert_eq!(world.provider.calls().len(), 0);
}

/// A customer who has agreed at the provider must not lose that.
#[tokio::test(start_paused = true)]
async fn a_flow_that_was_begun_is_finished_whatever_the_limit() {
    let world = World::new().await;
    let sandbox = world.limited_to(2);
    let browser = sandbox.browser();
    let at_provider = sandbox.begin(&browser, &Start::new()).await;
    admitted(&sandbox).await;
    let callback = browser.get(&at_provider.consent()).await;
    for _ in 0..5 {
        browser.get(callback.location()).await.assert_connected();
    }
}

#[tokio::test(start_paused = true)]
async fn a_workspace_can_have_a_limit_of_its_own() {
    let world = World::new().await;
    let mut definition = definitions::workspace(WORKSPACE);
    for (own, of_each, expected) in [(5, Some(2), 5), (2, Some(5), 2), (3, None, 3)] {
        merge(&mut definition, &json!({ "requestsPerMinute": own }));
        world.define_workspace(WORKSPACE, &definition).await;
        let sandbox = of_each.map_or_else(|| world.restarted(), |limit| world.limited_to(limit));
        assert_eq!(admitted(&sandbox).await, expected);
        world.clock.advance(Duration::from_mins(1));
    }
    let shown = world.api(Method::GET, "/workspaces/acme", &admin(ROOT), None).await;
    assert_eq!(shown.json()["requestsPerMinute"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_a_whole_number_above_zero_and_the_operators_to_give() {
    let world = World::new().await;
    let before = world.dump().await;
    let mut definition = definitions::workspace(WORKSPACE);
    for wrong in [json!(0), json!(-1), json!(1.5), json!("600"), json!(4_294_967_296_u64), json!({})] {
        merge(&mut definition, &json!({ "requestsPerMinute": wrong }));
        let answer = world.api(Method::PUT, "/workspaces/acme", &admin(ROOT), Some(&definition)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "requestsPerMinute"), "{wrong}");
    }
    merge(&mut definition, &json!({ "requestsPerMinute": 1_000_000 }));
    let answer = world.api(Method::PUT, "/workspaces/acme", &admin(WORKSPACE), Some(&definition)).await;
    assert_eq!(answer.status, 403);
    assert_eq!(world.dump().await, before);
}

/// A limit must not add to an outage.
#[tokio::test(start_paused = true)]
async fn when_nothing_can_be_counted_requests_go_on_and_soon() {
    let world = World::new().await;
    let sandbox = world.limited_to(1);
    ask(&sandbox).await;
    for fault in [Fault::Outage, Fault::Throttled, Fault::Silence, Fault::Refused("InternalServerError")] {
        world.wire.fail("UpdateItem", FOR_GOOD, fault);
        let since = tokio::time::Instant::now();
        assert!(is_admitted(&sandbox).await, "{fault:?}");
        assert!(since.elapsed() <= Duration::from_secs(2), "{fault:?}: {:?}", since.elapsed());
        let _ = world.wire.recover();
    }
    assert!(!is_admitted(&sandbox).await);
}
