//! A refusal, from every side.

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tests::answer::Refusal;
use tests::dump::{Item, text};
use tests::{Answer, Browser, World};

/// The request is refused so, as JSON and as a page; nothing is stored, no cookie is set, and no provider is asked.
pub(crate) async fn assert_refused(
    world: &World,
    browser: &Browser,
    request: &Request<Bytes>,
    expected: &Refusal,
    case: &str,
) {
    let before = world.dump().await;
    let asked = world.provider.calls().len();

    let answer = browser.send(request.clone()).await;
    assert_eq!(answer.refusal(), *expected, "{case}: {}", answer.body);
    assert_is_safe(&answer, case);

    let page = browser.for_a_person().send(request.clone()).await;
    assert_eq!(page.status.as_u16(), expected.status, "{case}");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{case}");
    assert!(page.body.contains("class=\"reference\""), "{case}: {}", page.body);
    assert!(!page.body.contains(&expected.key), "{case}: {}", page.body);
    assert_is_safe(&page, case);

    assert_eq!(world.dump().await, before, "{case}: something was stored");
    assert_eq!(world.provider.calls().len(), asked, "{case}: a provider was asked");
}

/// The request is refused so at the caller's address; the refused attempt alone is stored, no cookie is set, and no
/// provider is asked.
pub(crate) async fn assert_refused_at_target(
    world: &World,
    browser: &Browser,
    request: &Request<Bytes>,
    (key, field): (&str, &str),
    case: &str,
) -> Answer {
    let before = world.dump().await;
    let asked = world.provider.calls().len();
    let answer = browser.send(request.clone()).await;
    let refusal = answer.redirected_refusal();
    assert_eq!((refusal.key.as_str(), refusal.field.as_str()), (key, field), "{case}: {}", answer.location());
    assert!(answer.location().starts_with(tests::definitions::REDIRECT_URI), "{case}: {}", answer.location());
    assert_is_safe(&answer, case);
    let mut after = world.dump().await;
    let refused: Vec<Item> =
        after.attempts.extract_if(.., |attempt| !before.attempts.contains(attempt)).collect();
    assert_eq!(after, before, "{case}: something was stored");
    assert_eq!(refused.len(), 1, "{case}: {refused:?}");
    let outcome: Value = serde_json::from_str(text(&refused[0], "outcome")).unwrap();
    assert_eq!(outcome["error"]["key"], key, "{case}");
    assert_eq!(world.provider.calls().len(), asked, "{case}: a provider was asked");
    answer
}

fn assert_is_safe(answer: &Answer, case: &str) {
    assert!(answer.cookies().is_empty(), "{case}: {:?}", answer.cookies());
    assert_eq!(answer.header("cache-control"), "no-store", "{case}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{case}");
    if answer.header("location").is_empty() {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{case}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{case}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{case}: {policy}");
        assert!(!policy.contains("unsafe"), "{case}: {policy}");
    }
}
