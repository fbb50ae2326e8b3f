//! What customers enter for a registration that is shared belongs to that registration: whoever borrows it defines
//! options and schemas and signs customers' tokens, and gets at none of it.

mod walk;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{INTEGRATION, integration, merge, workspace};
use tests::form::Form;
use tests::provider::{Call, Reply, tokens};
use tests::sealed::as_version_1;
use tests::tokens::{ROOT, WORKSPACE, admin};
use tests::{Answer, Browser, Start, World, oauth1};
use walk::with_placeholder;

const PARAMETER: &str = "enteredparameter7f3a";
const CONNECTOR_PARAMETER: &str = "givenconnectorparameter91c2";
const CREDENTIAL: &str = "issuedcredential55d0";

/// The borrower's own host.
const EVIL: &str = "https://evil.example/";

/// The sources of placeholders, with the value that each holds.
const ROOTS: [(&str, &str); 3] =
    [("parameters", PARAMETER), ("connectorParameters", CONNECTOR_PARAMETER), ("credentials", CREDENTIAL)];

fn borrowing() -> Value {
    json!({ "key": "shared", "type": "proxy", "config": { "proxyKey": "shared-crm" } })
}

fn only_borrowing() -> Value {
    json!({ "name": "Ours", "authOptions": [borrowing()] })
}

/// What the owner's own templates do with the values, at the owner's own provider.
fn shared() -> Value {
    let mut shared = integration();
    shared["shared"] = true.into();
    let option = &mut shared["authOptions"][0];
    option["inputSchema"] = json!({
        "type": "object", "required": ["value"], "properties": { "value": { "type": "string" } },
    });
    let address =
        "https://provider.example/oauth/authorize?p=${parameters.value}&c=${connectorParameters.value}";
    let revocation = "https://provider.example/revoke";
    let config = json!({ "authorizeUri": address, "revocationUri": revocation, "revocationPerToken": true });
    merge(&mut option["config"], &config);
    option["apiClient"]["headers"]["X-Value"] = "${credentials.value}".into();
    shared
}

/// A world whose usual workspace borrows the root workspace's registration.
async fn borrowers_world() -> World {
    let world = World::empty().await;
    world.define_workspace(ROOT, &workspace(ROOT)).await;
    let put = world.api(Method::PUT, "/integrations/shared-crm", &admin(ROOT), Some(&shared())).await;
    assert!(put.status.is_success(), "{}", put.body);
    oauth1::answers(&world);
    issue(&world, CREDENTIAL);
    let in_base =
        [PARAMETER, CONNECTOR_PARAMETER, CREDENTIAL, "other"].map(|value| format!("/api/{value}/me"));
    for path in in_base.iter().map(String::as_str).chain(["/revoke", "/api/revoke"]) {
        world.provider.always(path, Reply::json(200, &json!({})));
    }
    world.defined(&only_borrowing()).await
}

/// Makes every token response hold this value.
fn issue(world: &World, value: &str) {
    let mut response = tokens();
    response["value"] = value.into();
    for path in ["/oauth/token", "/login"] {
        world.provider.always(path, Reply::json(200, &response));
    }
    let token = [("oauth_token", "t"), ("oauth_token_secret", "s"), ("value", value)];
    world.provider.always("/oauth1/token", oauth1::form(&token));
}

/// A start in which everything is given.
fn given() -> Start {
    Start::new().with(&json!({
        "connectionParameters": { "value": PARAMETER },
        "connectorParameters": { "value": CONNECTOR_PARAMETER },
    }))
}

/// A start with a token that the borrower signs itself, in which nothing is given.
fn again(id: &str, option: &str) -> Start {
    Start::new().with(&json!({ "connectionId": id, "authOptionKey": option }))
}

/// What the borrower gets to see.
#[derive(Default)]
struct Seen {
    /// What it was answered, but for addresses of the lender's provider.
    told: Vec<String>,
    /// The addresses at its own host that browsers were sent to.
    visited: Vec<String>,
    /// How many calls of providers there had been.
    calls_before: usize,
}

impl Seen {
    fn from_now_on(world: &World) -> Self {
        Self { calls_before: world.provider.calls().len(), ..Self::default() }
    }

    fn note(&mut self, answer: &Answer) {
        match answer.header("location") {
            address if address.starts_with("https://provider.example/") => {}
            address if address.starts_with(EVIL) => self.visited.push(address.to_owned()),
            location => self.told.push(format!("{location} {}", answer.body)),
        }
    }

    /// Goes through a start, consent included.
    async fn go_through(&mut self, world: &World, browser: &Browser, start: &Start) -> Answer {
        let begun = browser.send(start.form()).await;
        self.note(&begun);
        let callback = match begun.away() {
            address if address.path() == "/oauth1/authorize" => {
                let requests = world.provider.calls_to("/oauth1/request");
                let callback =
                    oauth1::protocol_parameters(requests.last().unwrap())["oauth_callback"].clone();
                oauth1::AtProvider { address, callback }.consent()
            }
            address if address.path() == "/oauth/authorize" => tests::world::AtProvider { address }.consent(),
            _ => return begun,
        };
        let answered = browser.get(&callback).await;
        self.note(&answered);
        let ended = browser.get(answered.location()).await;
        self.note(&ended);
        ended
    }

    /// Uses a connection in every way, ends it and brings it back.
    async fn use_connection(&mut self, world: &World, id: &str) {
        for (method, way) in [
            (Method::GET, "/proxy/me"),
            (Method::POST, "/test"),
            (Method::POST, "/refresh-credentials"),
            (Method::GET, "?includeSecrets=true"),
            (Method::DELETE, ""),
            (Method::POST, "/restore"),
            (Method::POST, "/disconnect"),
            (Method::GET, "?includeSecrets=true"),
        ] {
            let path = format!("/connections/{id}{way}");
            self.note(&world.api(method, &path, &admin(WORKSPACE), None).await);
        }
    }

    /// What arrived at the borrower's own host.
    fn arrived(&self, world: &World) -> String {
        let calls = world.provider.calls().into_iter().skip(self.calls_before);
        let calls = calls.filter(|call| call.uri.starts_with(EVIL));
        // A header that is marked as sensitive does not show its value under Debug.
        let headers =
            |call: &Call| call.headers.values().map(|value| value.to_str().unwrap().to_owned()).collect();
        let calls =
            calls.flat_map(|call| [vec![call.uri.clone(), call.body.clone()], headers(&call)].concat());
        self.visited.iter().cloned().chain(calls).collect::<Vec<_>>().join("\n")
    }

    fn assert_nothing(&self, world: &World, what: &str) {
        let all = [self.arrived(world), self.told.join("\n")].concat();
        for (root, value) in ROOTS {
            assert!(!all.contains(value), "{what}: {root} of the shared registration: {all}");
        }
    }
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, &format!("/integrations/{INTEGRATION}"), &admin(WORKSPACE), Some(definition)).await
}

async fn redefine(world: &World, definition: &Value) {
    let answer = put(world, definition).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
}

/// A connection of the customer's by the shared registration.
async fn connected(world: &World, browser: &Browser) -> String {
    redefine(world, &only_borrowing()).await;
    issue(world, CREDENTIAL);
    let id = world.connect(browser, &given()).await.connection_id();
    issue(world, "other");
    id
}

/// Nor does another registration of the same lender's.
#[tokio::test(start_paused = true)]
async fn another_shared_registration_gets_nothing_either() {
    let world = borrowers_world().await;
    let browser = world.browser();
    let id = world.connect(&browser, &given()).await.connection_id();
    let mut second = shared();
    second["authOptions"][0]["inputSchema"] = json!({ "type": "object" });
    let answer = world.api(Method::PUT, "/integrations/second", &admin(ROOT), Some(&second)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    let mut definition = only_borrowing();
    let option = json!({ "key": "second", "type": "proxy", "config": { "proxyKey": "second" } });
    definition["authOptions"].as_array_mut().unwrap().push(option);
    redefine(&world, &definition).await;
    let refused = browser.send(again(&id, "second").form()).await;
    assert_eq!(refused.redirected_refusal().field, "connectionParameters.value");
    assert_eq!(world.dump().await.flows.len(), 1, "only the first flow was begun");
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_by_the_same_registration_keeps_what_was_entered() {
    let world = borrowers_world().await;
    let browser = world.browser();
    let id = world.connect(&browser, &given()).await.connection_id();
    for _ in 0..2 {
        let at_provider = world.begin(&browser, &again(&id, "shared")).await;
        assert_eq!(at_provider.parameter("p").as_deref(), Some(PARAMETER));
        assert_eq!(at_provider.parameter("c").as_deref(), Some(CONNECTOR_PARAMETER));
        let answered = browser.get(&at_provider.consent()).await;
        browser.get(answered.location()).await.assert_connected();
    }
}

/// The borrower's schema makes the form. It could name a secret of the lender's as no secret.
#[tokio::test(start_paused = true)]
async fn a_form_of_the_borrowers_shows_nothing_that_was_kept() {
    let world = borrowers_world().await;
    let id = world.connect(&world.browser(), &given()).await.connection_id();
    // The lender asks for more than it did.
    let mut more = shared();
    merge(&mut more["authOptions"][0]["inputSchema"], &json!({ "required": ["value", "more"] }));
    world.api(Method::PUT, "/integrations/shared-crm", &admin(ROOT), Some(&more)).await;
    let mut definition = only_borrowing();
    definition["authOptions"][0]["inputSchema"] = json!({ "type": "object", "properties": { "value": { "type": "string" }, "more": { "type": "string" } } });
    redefine(&world, &definition).await;

    let browser = world.browser().for_a_person();
    let first = browser.send(again(&id, "shared").form()).await;
    let form = Form::read(&first);
    let turned = browser.send(form.press(Some(("choose", "shared")))).await;
    // What was kept is not put beside what is typed either.
    let typed = browser.send(Form::read(&turned).fill("input/more", "typed").submit()).await;
    assert!(typed.body.contains("Please fill this in."), "{}", typed.body);
    for page in [first, turned, typed] {
        assert!(!page.body.contains(PARAMETER), "{}", page.body);
    }
}

/// What a schema says about a value tells the value, one question after the other.
#[tokio::test(start_paused = true)]
async fn a_schema_of_the_borrowers_learns_nothing_about_what_was_kept() {
    let world = borrowers_world().await;
    let browser = world.browser();
    let id = world.connect(&browser, &given()).await.connection_id();
    let mut answers = Vec::new();
    for pattern in ["^e", "^x"] {
        let mut definition = only_borrowing();
        definition["authOptions"][0]["inputSchema"] =
            json!({ "type": "object", "properties": { "value": { "type": "string", "pattern": pattern } } });
        redefine(&world, &definition).await;
        answers.push(browser.send(again(&id, "shared").form()).await.away().path().to_owned());
    }
    assert_eq!(answers, ["/oauth/authorize", "/oauth/authorize"]);
    // What is given with the start is checked by both schemas.
    let refused = browser.send(given().with(&json!({ "connectionId": id })).form()).await;
    assert_eq!(refused.redirected_refusal().key, "input_invalid");
}

/// A call waits for the borrower's own API, which refuses it once the customer has connected by the shared
/// registration: it is made again, but not there.
#[tokio::test(start_paused = true)]
async fn credentials_that_come_while_a_call_waits_go_where_they_belong() {
    let world = borrowers_world().await;
    let browser = world.browser();
    let place = "apiClient/headers/X-Leak";
    redefine(&world, &with_placeholder("oauth2", place, "${credentials.value}")).await;
    issue(&world, "other");
    let mut seen = Seen::from_now_on(&world);
    let own = Start::new().with(&json!({ "authOptionKey": "own" }));
    let id = seen.go_through(&world, &browser, &own).await.connection_id();
    issue(&world, CREDENTIAL);
    // A 401 is no reason to replace credentials that are newer.
    world.clock.advance(Duration::from_mins(1));
    world.provider.next("/api/me", Reply::json(401, &json!({})).after(Duration::from_secs(10)));
    let path = format!("/connections/{id}/proxy/me");
    let token = admin(WORKSPACE);
    let (answer, reconnected) = tokio::join!(world.api(Method::GET, &path, &token, None), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let shared = given().with(&json!({ "connectionId": id, "authOptionKey": "shared" }));
        world.connect(&browser, &shared).await.connection_id()
    });
    seen.note(&answer);
    seen.assert_nothing(&world, "a call that waits");
    assert_eq!((answer.status.as_u16(), reconnected), (200, id));
    let calls = world.provider.calls_to("/api/me");
    assert_eq!(calls.last().unwrap().header("x-value"), CREDENTIAL);
    assert_eq!(calls.last().unwrap().uri, "https://provider.example/api/me");
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_a_borrowed_registration_is_shown_to_nobody() {
    let world = borrowers_world().await;
    let id = world.connect(&world.browser(), &given()).await.connection_id();
    let body = json!({ "connectorParameters": { "value": CONNECTOR_PARAMETER } });
    let path = format!("/connections/{id}");
    let patched = world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(&body)).await;
    assert_eq!(patched.status.as_u16(), 200, "{}", patched.body);
    let shown = world.secrets(&id).await;
    assert_eq!(shown, world.connection(&id).await.json());
    for name in ["parameters", "connectorParameters", "credentials"] {
        assert_eq!(shown.get(name), None);
    }
}

/// Who can write the tables but has no key: a record that names another registration opens nothing.
#[tokio::test(start_paused = true)]
async fn a_record_that_names_another_registration_opens_nothing() {
    let world = borrowers_world().await;
    redefine(&world, &with_placeholder("oauth2", "baseUri", "x")).await;
    let shared = given().with(&json!({ "authOptionKey": "shared" }));
    let id = world.connect(&world.browser(), &shared).await.connection_id();
    let item = world.dump().await.live_connections()[0].clone();
    let record: Value = serde_json::from_str(item["record"].as_s().unwrap()).unwrap();
    for changes in [
        json!({ "borrowed": null }),
        json!({ "borrowed": null, "authOptionKey": "own" }),
        json!({ "borrowed": { "integration": record["borrowed"]["integration"], "option": "other" } }),
    ] {
        let (mut item, mut record) = (item.clone(), record.clone());
        merge(&mut record, &changes);
        let text = aws_sdk_dynamodb::types::AttributeValue::S(record.to_string());
        item.insert("record".to_owned(), text);
        world.write("connections", &item).await;
        let mut seen = Seen::from_now_on(&world);
        seen.use_connection(&world, &id).await;
        seen.assert_nothing(&world, &changes.to_string());
    }
}

/// Connections that were stored before values were bound to a registration work on, by their recorded registration
/// only, and are bound when they are written again.
#[tokio::test(start_paused = true)]
async fn what_was_sealed_before_opens_for_the_recorded_registration_only() {
    let world = borrowers_world().await;
    let browser = world.browser();
    let id = world.connect(&browser, &given()).await.connection_id();
    let older = as_version_1(world.dump().await.live_connections()[0]).await;
    world.write("connections", &older).await;
    let call = async || {
        let path = format!("/connections/{id}/proxy/me");
        assert_eq!(world.api(Method::GET, &path, &admin(WORKSPACE), None).await.status.as_u16(), 200);
        let call = world.provider.calls_to("/api/me").pop().unwrap();
        (call.uri.clone(), call.header("x-value").to_owned())
    };
    let expected = ("https://provider.example/api/me".to_owned(), CREDENTIAL.to_owned());
    assert_eq!(call().await, expected);
    let at_provider = world.begin(&browser, &again(&id, "shared")).await;
    assert_eq!(at_provider.parameter("p").as_deref(), Some(PARAMETER));

    redefine(&world, &with_placeholder("oauth2", "config/authorizeUri", "${parameters.value}")).await;
    let mut seen = Seen::from_now_on(&world);
    seen.use_connection(&world, &id).await;
    world.write("connections", &older).await;
    seen.go_through(&world, &browser, &again(&id, "own")).await;
    seen.use_connection(&world, &id).await;
    seen.assert_nothing(&world, "sealed by version 1");

    world.write("connections", &older).await;
    // The leases of what came later lapse.
    world.clock.advance(Duration::from_mins(1));
    let path = format!("/connections/{id}/refresh-credentials");
    assert_eq!(world.api(Method::POST, &path, &admin(WORKSPACE), None).await.status.as_u16(), 204);
    let sealed = world.dump().await.live_connections()[0]["sealed"].as_b().unwrap().as_ref()[0];
    assert_eq!(sealed, 2);
    assert_eq!(call().await, expected);
}
