//! Paths that some server could read as leading out of the base address: none goes to a provider, whoever wrote it.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tests::answer::{Answer, refusal};
use tests::definitions::{self, INTEGRATION};
use tests::provider::Reply;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Start, World};

/// Every way to write a dot that some server reads as one.
const DOTS: [&str; 6] = [".", "%2e", "%2E", "%252e", "%25252e", "%25%32%65"];

/// What may follow the dots without changing what some server reads.
const TAILS: [&str; 12] =
    ["", ";", ";v=1", ";/", "%3b", "%253Bx", "%2f", "%2F..", "%252f", "%5c", "%255C..", "%3fx"];

/// Not a step by its letters, but one to an old decoder, or a character that ends a path for some server.
const UNREADABLE: [&str; 12] = [
    "%c0%ae%c0%ae",
    "%c0%ae%c0%ae/secret",
    "%c0%2e%c0%2e/secret",
    "%e0%80%ae%e0%80%ae/secret",
    "%f0%80%80%ae/secret",
    "..%c0%af..%c0%afsecret",
    "a%c1%9csecret",
    "a%ff",
    "a%00",
    "..%00/secret",
    "a%0d%0aX-Admin:%201",
    "a%7f",
];

/// A separator that only some servers see.
const SEPARATORS: [&str; 5] = ["a%2fb", "a%2Fb", "a%5cb", "a%252fb", "a%25255Cb"];

/// Every path of the kind.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = UNREADABLE.into_iter().chain(SEPARATORS).map(str::to_owned).collect();
    for first in DOTS {
        for second in DOTS.into_iter().chain([""]) {
            for tail in TAILS {
                paths.push(format!("{first}{second}{tail}"));
                paths.push(format!("{first}{second}{tail}/secret"));
                paths.push(format!("a/{first}{second}{tail}/secret"));
            }
        }
    }
    paths
}

async fn call(world: &World, id: &str, path: &str) -> Answer {
    let token = tokens::customer(WORKSPACE, CUSTOMER);
    let request = Request::builder()
        .method(Method::GET)
        .uri(format!("/connections/{id}/proxy/{path}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::new());
    world.browser().send(request.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn no_path_that_could_climb_goes_through_the_proxy() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let before = world.provider.calls().len();
    let paths = paths();
    assert!(paths.len() > 1_500, "{}", paths.len());
    for path in &paths {
        let answer = call(&world, &id, path).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "path"), "{path}");
    }
    assert_eq!(world.provider.calls().len(), before);
}

/// One piece of code decides both: a directory that results may go to is left by none of them.
#[tokio::test(start_paused = true)]
async fn what_the_proxy_refuses_no_directory_of_redirect_targets_takes() {
    let world = World::new().await;
    for path in paths().iter().step_by(7).map(String::as_str).chain(UNREADABLE).chain(SEPARATORS) {
        let target = format!("https://app.example/wild/{path}");
        let start = Start::new().with(&json!({ "redirectUri": target }));
        let answer = world.browser().send(start.form()).await;
        assert_eq!(answer.refusal(), refusal(400, "redirect_uri_not_allowed", "redirectUri"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plain_path_goes_through_as_it_was_sent() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    for path in [
        "me",
        "a/b/",
        "a//b",
        "files/a..b/...",
        "..a/.b",
        "a;v=1/b;c",
        "100%25",
        "a%20b",
        "caf%C3%A9",
        "channels/%23general",
        "a%3Fb?c=%2e%2e%2f&d=../..",
        "users/$me/mail('x')/@a:b",
    ] {
        let (name, _) = path.split_once('?').unwrap_or((path, ""));
        world.provider.always(&format!("/api/{name}"), Reply::body(200, "text/plain", ""));
        assert_eq!(call(&world, &id, path).await.status, 200, "{path}");
        let call = world.provider.calls().pop().unwrap();
        assert_eq!(call.uri, format!("https://provider.example/api/{path}"));
    }
}

/// The addresses of a definition: the field that an error names, and the usual definition with this path in it.
fn places(path: &str) -> Vec<(&'static str, Value)> {
    let below = format!("/a/{path}/b");
    let whole = format!("https://provider.example{below}");
    let mut places = Vec::new();
    let mut place = |field: &'static str, at: &[&str], value: &Value| {
        let mut definition = definitions::integration();
        let (last, parents) = at.split_last().unwrap();
        let mut object = if field == "baseUri" { &mut definition } else { &mut definition["authOptions"][0] };
        for parent in parents {
            object = &mut object[*parent];
        }
        object[*last] = value.clone();
        places.push((field, definition));
    };
    place("baseUri", &["baseUri"], &json!(whole));
    for address in [&below, &whole] {
        place("authOptions[0].test.path", &["test", "path"], &json!(address));
        place("authOptions[0].revoke.path", &["revoke"], &json!({ "path": address }));
    }
    for (field, name) in [
        ("authOptions[0].config.authorizeUri", "authorizeUri"),
        ("authOptions[0].config.tokenUri", "tokenUri"),
        ("authOptions[0].config.refreshUri", "refreshUri"),
        ("authOptions[0].config.revocationUri", "revocationUri"),
    ] {
        place(field, &["config", name], &json!(whole));
    }
    places
}

#[tokio::test(start_paused = true)]
async fn a_definition_has_no_address_that_climbs() {
    let world = World::new().await;
    let before = world.dump().await;
    for climb in ["..", "..;", "%2e%2e;", "%252e%252e", "a%2f..", "..%5c", "%c0%ae%c0%ae", "a%00"] {
        for (field, definition) in places(climb) {
            let path = format!("/integrations/{INTEGRATION}");
            let answer = world.api(Method::PUT, &path, &tokens::admin(WORKSPACE), Some(&definition)).await;
            assert_eq!(
                answer.refusal(),
                refusal(400, "request_malformed", field),
                "{climb}: {}",
                answer.body
            );
        }
    }
    assert_eq!(world.dump().await, before);
    // What goes out as it stands is in no doubt: no gateway decodes it on its way.
    for (_, definition) in places("group%2Fproject") {
        world.define(INTEGRATION, &definition).await;
    }
}

/// A value fills its segment and no other, whatever decodes it.
#[tokio::test(start_paused = true)]
async fn no_customers_input_climbs_in_an_address() {
    let mut definition = definitions::integration();
    definition["authOptions"][0]["inputSchema"] =
        json!({ "type": "object", "properties": { "site": { "type": "string" } } });
    definition["authOptions"][0]["config"]["authorizeUri"] =
        "https://provider.example/sites/${parameters.site}/authorize".into();
    let world = World::with(&definition).await;
    for site in ["..", "../admin", "a/../../admin", "..;", "..\\admin", "%2e%2e", "%2e%2e%2fadmin", "a\0"] {
        let start = Start::new().with(&json!({ "connectionParameters": { "site": site } }));
        let refused = world.browser().send(start.form()).await.redirected_refusal();
        assert_eq!(refused, refusal(303, "input_invalid", "connectionParameters.site"), "{site:?}");
    }
    let start = Start::new().with(&json!({ "connectionParameters": { "site": "group/project" } }));
    let address = world.begin(&world.browser(), &start).await.address;
    assert_eq!(address.path(), "/sites/group%2Fproject/authorize");
}
