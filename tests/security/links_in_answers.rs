//! The id of a connection request opens its link. So no answer shows it to whoever may not make one.

use http::Method;
use protocol::token::Scope;
use serde_json::{Value, json};
use tests::definitions::INTEGRATION;
use tests::form::Form;
use tests::tokens::{CUSTOMER, WORKSPACE, WORKSPACE_SECRET, admin, customer, in_an_hour, signed};
use tests::{Start, World};

fn limited(bearer: &Value, without: Option<Scope>) -> String {
    let scopes = Scope::ALL.iter().filter(|scope| Some(**scope) != without).map(|scope| scope.name());
    let mut claims = bearer.clone();
    claims["scope"] = scopes.collect::<Vec<_>>().join(" ").into();
    claims["exp"] = in_an_hour().into();
    signed(&claims, WORKSPACE_SECRET)
}

/// The body of each answer to a token: of every route that reads.
async fn answers(world: &World, token: &str, connection: &str) -> Vec<(String, String)> {
    let mut answers = Vec::new();
    for route in api::all_routes().into_iter().filter(|route| route.method == Method::GET) {
        let id = if route.path.starts_with("/customers") { CUSTOMER } else { connection };
        let path = route.path.replace("{id}", id).replace("{key}", INTEGRATION).replace("{path+}", "me");
        let answer = world.api(Method::GET, &path, token, None).await;
        answers.push((path, answer.body));
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn who_may_not_make_a_link_is_shown_none() {
    let world = World::new().await.limited_to(1_000_000);
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let path = format!("/connections/{id}/disconnect");
    assert_eq!(world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await.status, 204);
    // One link of a connection that waits for its customer, and one that its customer has opened.
    let shown = world.api(Method::GET, &format!("/connections/{id}"), &admin(WORKSPACE), None).await.json();
    let link_of_connection = shown["clientAction"]["uiUrl"].as_str().unwrap().to_owned();
    let body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
    let made = world.api(Method::POST, "/connection-requests", &admin(WORKSPACE), Some(&body)).await.json();
    let browser = world.browser();
    let page = browser.get(made["url"].as_str().unwrap()).await;
    let _at_provider = browser.send(Form::read(&page).submit()).await.away();
    let ids = [&*link_of_connection, made["url"].as_str().unwrap()].map(|url| url.split_once('=').unwrap().1);

    for bearer in [json!({ "iss": WORKSPACE, "isAdmin": true }), json!({ "iss": WORKSPACE, "id": CUSTOMER })]
    {
        let all = answers(&world, &limited(&bearer, None), &id).await;
        let with_all: Vec<&str> = all
            .iter()
            .filter(|(_, body)| ids.iter().any(|id| body.contains(id)))
            .map(|(path, _)| &**path)
            .collect();
        assert_eq!(with_all, ["/connection-attempt-logs", &format!("/connections/{id}")]);
        for (path, body) in answers(&world, &limited(&bearer, Some(Scope::RequestsCreate)), &id).await {
            assert!(ids.iter().all(|id| !body.contains(id)), "{path}: {body}");
        }
    }
    // The attempt names the request all the same, by what opens nothing.
    let reader = limited(&json!({ "iss": WORKSPACE, "isAdmin": true }), Some(Scope::RequestsCreate));
    let attempts = world.api(Method::GET, "/connection-attempt-logs", &reader, None).await.json();
    let items = attempts["items"].as_array().unwrap();
    let subjects: Vec<&Value> =
        items.iter().filter_map(|item| item.get("connectionRequestSubject")).collect();
    assert_eq!(subjects, [&made["subject"]]);
}
