//! The screens: only the workspace's pages show them, and nothing is done without a ticket of ours.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use serde_json::json;
use tests::definitions::{self, API_KEY, INTEGRATION};
use tests::form::Form;
use tests::logs::Logs;
use tests::screen::{CONNECT, CONNECTION, asks, by_script, in_frame, opening, opening_with, said};
use tests::tokens::{self, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

fn from(mut request: Request<Bytes>, origin: Option<&'static str>) -> Request<Bytes> {
    let headers = request.headers_mut();
    headers.remove("origin");
    if let Some(origin) = origin {
        headers.insert("origin", HeaderValue::from_static(origin));
    }
    request
}

fn is_shown_nowhere(page: &Answer) -> bool {
    page.header("content-security-policy").contains("frame-ancestors 'none'")
}

async fn connected(world: &World) -> String {
    world.connect(&world.browser(), &Start::new()).await.connection_id()
}

#[tokio::test(start_paused = true)]
async fn only_a_page_of_the_workspaces_opens_a_screen_and_shows_it() {
    let world = World::new().await;
    let id = connected(&world).await;
    let browser = world.browser().for_a_person();
    for (path, fields) in [(CONNECT, &[][..]), (CONNECTION, &[("connectionId", &*id)])] {
        for origin in [
            Some("https://evil.example"),
            Some("https://app.example.evil.example"),
            Some("http://app.example"),
            Some("null"),
            Some("https://linkspan.example"),
            None,
        ] {
            let page = browser.send(from(opening(path, fields), origin)).await;
            assert_eq!(page.status, 403, "{origin:?}");
            assert!(is_shown_nowhere(&page) && !page.body.contains("ticket"), "{origin:?}");
        }
        let page = browser.send(opening(path, fields)).await;
        assert_eq!(page.status, 200);
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with("; frame-ancestors https://app.example"), "{policy}");
        assert_eq!(page.headers.get("access-control-allow-origin"), None, "no other origin reads it");
    }
    let mut image = opening(CONNECT, &[]);
    image.headers_mut().insert("sec-fetch-dest", HeaderValue::from_static("image"));
    assert_eq!(browser.send(image).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_screen_has_one_script_allowed_by_its_hash_and_asks_nobody_else() {
    let world = World::new().await;
    let page =
        world.browser().for_a_person().send(opening(CONNECT, &[("integrationKey", INTEGRATION)])).await;
    let policy = page.header("content-security-policy");
    let script = page.body.rsplit("<script>").next().unwrap().split("</script>").next().unwrap();
    let hash = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes()));
    for part in [
        format!("script-src 'sha256-{hash}';"),
        "default-src 'none';".into(),
        "connect-src 'self';".into(),
        "form-action 'self';".into(),
        "base-uri 'none';".into(),
    ] {
        assert!(policy.contains(&part), "{part} {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(page.body.matches("<script").count(), 2, "the script, and what it is told");
    assert_eq!(script, tests::repository::read("shared/flow/templates/screen.js"));
}

#[tokio::test(start_paused = true)]
async fn no_page_has_the_customers_token_and_the_tables_have_no_ticket() {
    let logs = Logs::record();
    let world = World::new().await;
    let token = customer(WORKSPACE, tokens::CUSTOMER);
    let before = world.dump().await;
    let browser = world.browser().for_a_person();
    let fields =
        [("integrationKey", INTEGRATION), ("connectorParameters", r#"{"key":"connector!+secret/1"}"#)];
    let page = browser.send(opening(CONNECT, &fields)).await;
    let ticket = Form::with(&page, "ticket").control("ticket").value.clone();
    let signature = token.rsplit('.').next().unwrap();
    let begun = browser.send(by_script(Form::with(&page, "option").submit())).await;
    for text in [&page.body, &begun.body, &logs.text()] {
        assert!(!text.contains(signature) && !text.contains("connector!+secret"), "{text}");
    }
    assert!(!logs.text().contains(&ticket));
    assert!(!begun.body.contains(&ticket));
    let sealed = URL_SAFE_NO_PAD.decode(ticket.split_once('.').unwrap().1).unwrap();
    let dump = world.dump().await;
    assert!(!dump.contains(&sealed) && !dump.contains(b"connector!+secret/1"));
    assert_eq!((before.flows.len(), dump.flows.len()), (0, 1), "the request that the button made");
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_was_made_up_changed_or_is_too_old_does_nothing() {
    let world = World::new().await;
    world.define_workspace("other", &definitions::workspace("other")).await;
    let id = connected(&world).await;
    let browser = world.browser().for_a_person();
    let page = browser.send(opening(CONNECTION, &[("connectionId", &id)])).await;
    let form = Form::with(&page, "name");
    let ticket = form.control("ticket").value.clone();
    let (_, sealed) = ticket.split_once('.').unwrap();
    let changed = {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        format!("{}.{}", URL_SAFE_NO_PAD.encode(WORKSPACE), URL_SAFE_NO_PAD.encode(bytes))
    };
    let of_other = format!("{}.{sealed}", URL_SAFE_NO_PAD.encode("other"));
    let of_connect = browser.send(opening(CONNECT, &[("connectionId", &id)])).await;
    let of_connect = Form::with(&of_connect, "ticket").control("ticket").value.clone();
    let nobody = format!("{}.{sealed}", URL_SAFE_NO_PAD.encode("nobody"));
    for made_up in ["x", ".", "YWNtZQ", "YWNtZQ.", "YWNtZQ.AAAA", &changed, &of_other, &of_connect, &nobody] {
        let form = form.clone().fill("ticket", made_up);
        for request in
            [form.press(Some(("do", "remove"))), form.press(Some(("ask", "remove"))), form.submit()]
        {
            let answer = browser.send(in_frame(request)).await;
            assert!(answer.status.is_client_error(), "{made_up}: {}", answer.status);
        }
        let asked = browser.send(asks(CONNECTION, made_up, &"A".repeat(43))).await;
        assert!(asked.status.is_client_error(), "{made_up}");
    }
    world.clock.advance(Duration::from_mins(30));
    let late = browser.send(in_frame(form.press(Some(("do", "remove"))))).await;
    assert_eq!(late.status, 400);
    assert!(late.body.contains("This took too long"), "{}", late.body);
    assert!(world.connection_is_live(&id).await);
    assert_eq!(world.connection(&id).await.json()["name"], "Example CRM");
}

#[tokio::test(start_paused = true)]
async fn another_page_cannot_post_the_forms_of_a_screen() {
    let world = World::new().await;
    let id = connected(&world).await;
    let browser = world.browser().for_a_person();
    let page = browser.send(opening(CONNECTION, &[("connectionId", &id)])).await;
    let form = Form::with(&page, "ask");
    for (origin, site) in [
        (Some("https://app.example"), "cross-site"),
        (Some("https://evil.example"), "cross-site"),
        (Some("null"), "cross-site"),
        (Some("null"), "same-site"),
        (Some("null"), "same-origin"),
        (None, "same-origin"),
        // Browsers that tell no more than this.
        (Some("null"), ""),
        (None, ""),
        (Some("https://evil.example"), "same-origin"),
    ] {
        let mut request = in_frame(from(form.press(Some(("do", "remove"))), origin));
        request.headers_mut().remove("sec-fetch-site");
        if !site.is_empty() {
            request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        }
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 403, "{origin:?} {site}");
        assert!(is_shown_nowhere(&answer));
    }
    assert!(world.connection_is_live(&id).await);
}

#[tokio::test(start_paused = true)]
async fn a_customer_reaches_no_connection_of_another() {
    let world = World::new().await;
    let id = connected(&world).await;
    let browser = world.browser().for_a_person();
    let stranger = customer(WORKSPACE, "user-2");
    for path in [CONNECT, CONNECTION] {
        let page = browser.send(opening_with(&stranger, path, &[("connectionId", &id)])).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.body.contains("Example CRM"));
    }
    let own = world.connect(&world.browser(), &Start::new().by("user-2")).await.connection_id();
    let page = browser.send(opening_with(&stranger, CONNECTION, &[("connectionId", &own)])).await;
    let form = Form::with(&page, "name");
    let request = form.press(Some(("connectionId", &id)));
    let answer = browser.send(in_frame(request)).await;
    assert!(!answer.body.contains(&id), "what the form says beside its ticket is not read");
    let admin = browser.send(opening_with(&admin(WORKSPACE), CONNECT, &[])).await;
    assert_eq!(admin.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_text_and_data_stays_in_its_element() {
    let evil = "</script><script>alert(1)</script>\u{202e}";
    let mut definition = definitions::integration();
    definition["name"] = json!(evil);
    let world = World::with(&definition).await;
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "name": evil }));
    let id = world.connect(&world.browser(), &start).await.connection_id();
    let mut pages = Vec::new();
    for (path, fields) in [
        (CONNECT, &[][..]),
        (CONNECT, &[("integrationKey", INTEGRATION)]),
        (CONNECTION, &[("connectionId", &*id)]),
    ] {
        pages.push(browser.send(opening(path, fields)).await);
    }
    let [list, _, connection] = &pages[..] else { panic!("three pages") };
    let searched = Form::with(list, "search").fill("search", evil).submit();
    let renamed = Form::with(connection, "name").fill("name", evil).submit();
    let asked = Form::with(connection, "ask").press(Some(("ask", "disconnect")));
    for request in [searched, renamed, asked] {
        pages.push(browser.send(in_frame(request)).await);
    }
    for page in &pages {
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("alert(1)</script>"), "{}", page.body);
        let names = page.body.split("<bdi>").skip(1).map(|rest| rest.split_once("</bdi>").unwrap().0);
        assert!(names.into_iter().all(|name| !name.contains('\u{202e}')), "{}", page.body);
    }
    assert_eq!(said(&pages[4])["connection"]["name"], evil);
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_confirms_its_users_connects_nobody_by_a_screen() {
    let world = World::new().await;
    let id = connected(&world).await;
    let mut confirming = definitions::workspace(WORKSPACE);
    confirming["confirmUser"] = json!(true);
    world.define_workspace(WORKSPACE, &confirming).await;
    world.define("mail", &definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    for fields in [&[][..], &[("integrationKey", "mail")], &[("integrationKey", INTEGRATION)]] {
        assert_eq!(browser.send(opening(CONNECT, fields)).await.status, 400);
    }
    let page = browser.send(opening(CONNECTION, &[("connectionId", &id)])).await;
    let form = Form::with(&page, "name");
    assert!(!page.body.contains("reconnect"));
    assert_eq!(browser.send(in_frame(form.press(Some(("reconnect", "1"))))).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_was_erased_meanwhile_connects_nothing() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    let typed = browser.send(opening(CONNECT, &[("integrationKey", "mail")])).await;
    let signs_in = browser.send(opening(CONNECT, &[("integrationKey", INTEGRATION)])).await;
    world.clock.advance(Duration::from_secs(1));
    world.api(Method::DELETE, "/customers/user-1", &admin(WORKSPACE), None).await;
    world.clock.advance(Duration::from_secs(1));
    let form =
        Form::with(&typed, "input/apiKey").fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let refused = browser.send(in_frame(form.submit())).await;
    assert!(refused.body.contains("The application deleted what it held of you"), "{}", refused.body);
    let begun = browser.send(by_script(Form::with(&signs_in, "option").submit())).await.json();
    let window = world.browser().for_a_person();
    let confirm = window.get(begun["url"].as_str().unwrap()).await;
    let address = window.send(Form::read(&confirm).submit()).await.away();
    let answered = window.get(&tests::world::AtProvider { address }.consent()).await;
    window.get(answered.location()).await;
    assert_eq!(world.dump().await.live_connections().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_screen_count_as_the_workspaces() {
    let world = World::new().await.limited_to(60);
    let browser = world.browser().for_a_person();
    let page = browser.send(opening(CONNECT, &[("integrationKey", INTEGRATION)])).await;
    let ticket = Form::with(&page, "ticket").control("ticket").value.clone();
    let mut refused = 0;
    for _ in 0..80 {
        let answer = browser.send(asks(CONNECT, &ticket, &"A".repeat(43))).await;
        refused += usize::from(answer.status == 429);
    }
    assert!(refused > 0);
}
