//! A GitHub App, by its connector: the installation that comes through the browser is believed only since the one who
//! signed in can see it, and its tokens are made by a call with a signed JWT.

use std::time::Duration;

use http::Method;
use protocol::clock::{Clock, Timestamp};
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::CLIENT_SECRET;
use tests::form::Form;
use tests::jwt::SigningKey;
use tests::provider::{Call, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::world::{CODE, callback_path};
use tests::{Answer, Start, World};

const CLIENT_ID: &str = "Iv23liClient";
const LIST: &str = "/user/installations";
const USER_TOKEN: &str = "ghu_user";

/// GitHub, where the user can see the installations 11 and 12, and the victim's is 99.
struct GitHub {
    world: World,
    key: SigningKey,
}

impl GitHub {
    async fn new() -> Self {
        let key = SigningKey::rsa();
        let parameters = json!({
            "appSlug": "acme-sync", "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET, "privateKey": key.pem,
        });
        let world = World::with(&json!({ "connector": "github-app", "parameters": parameters })).await;
        let user = json!({
            "access_token": USER_TOKEN, "token_type": "bearer", "expires_in": 28_800, "refresh_token": "ghr_user",
            "refresh_token_expires_in": 15_897_600,
        });
        world.provider.always("/login/oauth/access_token", Reply::json(200, &user));
        world
            .provider
            .always(&format!("/applications/{CLIENT_ID}/token"), Reply::body(204, "text/plain", ""));
        world.provider.always("/installation/repositories", Reply::json(200, &json!({ "total_count": 1 })));
        let github = Self { world, key };
        github.lists(&[(11, "ada"), (12, "lovelace-inc")]);
        for id in ["11", "12", "99"] {
            github.gives(id, &format!("ghs_{id}_1"));
        }
        github
    }

    fn lists(&self, installations: &[(u64, &str)]) {
        let item = |(id, login): &(u64, &str)| json!({ "id": id, "account": { "login": login, "id": 5 } });
        let items: Vec<Value> = installations.iter().map(item).collect();
        let list = json!({ "total_count": items.len(), "installations": items });
        self.world.provider.always(LIST, Reply::json(200, &list));
    }

    /// An installation's next token, which lasts an hour.
    fn gives(&self, id: &str, token: &str) {
        let end = Timestamp(self.world.clock.now().0 + 3_600_000).to_rfc3339();
        let answer = json!({ "token": token, "expires_at": end, "permissions": { "contents": "read" } });
        self.world.provider.always(&made_at(id), Reply::json(201, &answer));
    }

    /// Where a customer comes back to who began at us, with what is in the callback.
    async fn comes_back(&self, option: &str, callback: &[(&str, &str)]) -> Answer {
        let browser = self.world.browser().for_a_person();
        let start = Start::new().with(&json!({ "authOptionKey": option }));
        let at_github = self.world.begin(&browser, &start).await;
        let code = [("code", CODE)];
        let parameters = [&code[..], callback].concat();
        let answered = browser.get(&format!("{}?{}", callback_path(), at_github.answer(&parameters))).await;
        let result = browser.get(answered.location()).await;
        if result.body.contains("connection-choice") {
            let chosen = browser.send(Form::read(&result).press(Some(("choice", "1")))).await;
            return browser.get(chosen.location()).await;
        }
        result
    }

    async fn installs(&self, id: &str) -> Answer {
        self.comes_back("installation", &[("installation_id", id), ("setup_action", "install")]).await
    }

    /// The app itself asks for a token, by a JWT that its key has signed just now.
    fn assert_asked_by_the_app(&self, call: &Call) {
        let jwt = call.header("authorization").strip_prefix("Bearer ").unwrap();
        let (header, claims) = self.key.verified(jwt);
        let now = self.world.clock.now().seconds();
        assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT" }));
        assert_eq!(claims, json!({ "iss": CLIENT_ID, "iat": now, "exp": now + 540 }));
    }

    async fn token_in_use(&self, id: &str) -> String {
        let path = format!("/connections/{id}/proxy/installation/repositories");
        let answer = self.world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let call = self.world.provider.calls_to("/installation/repositories").pop().unwrap();
        call.header("authorization").to_owned()
    }

    async fn assert_nothing_is_there(&self, id: &str) {
        assert!(self.world.provider.calls_to(&made_at(id)).is_empty(), "a token of {id} was made");
        assert!(self.world.dump().await.connections.is_empty());
    }
}

fn made_at(id: &str) -> String {
    format!("/app/installations/{id}/access_tokens")
}

#[tokio::test(start_paused = true)]
async fn an_installation_connects_and_the_app_makes_its_tokens() {
    let github = GitHub::new().await;
    let world = &github.world;
    let start = Start::new().with(&json!({ "authOptionKey": "installation" }));
    let away = world.begin(&world.browser(), &start).await.address;
    assert_eq!((away.host_str(), away.path()), (Some("github.com"), "/apps/acme-sync/installations/new"));
    assert_eq!(away.query_pairs().map(|(name, _)| name.into_owned()).collect::<Vec<_>>(), ["state"]);

    let id = github.installs("12").await.connection_id();
    let listed = &world.provider.calls_to(LIST)[0];
    assert_eq!(listed.header("authorization"), format!("Bearer {USER_TOKEN}"));
    let made = world.provider.calls_to(&made_at("12"));
    github.assert_asked_by_the_app(&made[0]);
    // The user's own token has proved the installation, and is ended.
    let ended = &world.provider.calls_to(&format!("/applications/{CLIENT_ID}/token"))[0];
    assert_eq!(
        (ended.method.as_str(), ended.body.as_str()),
        ("DELETE", &*format!("{{\"access_token\":\"{USER_TOKEN}\"}}"))
    );
    let connection = world.connection(&id).await.json();
    assert_eq!(connection["account"], json!({ "id": "12", "name": "lovelace-inc" }));
    assert_eq!(github.token_in_use(&id).await, "Bearer ghs_12_1");

    // The token lasts an hour, not the eight of the user's.
    world.clock.advance(Duration::from_mins(58));
    assert_eq!(github.token_in_use(&id).await, "Bearer ghs_12_1");
    world.clock.advance(Duration::from_mins(2));
    github.gives("12", "ghs_12_2");
    assert_eq!(github.token_in_use(&id).await, "Bearer ghs_12_2");
    let made = world.provider.calls_to(&made_at("12"));
    assert_eq!(made.len(), 2);
    github.assert_asked_by_the_app(&made[1]);
    world.clock.advance(Duration::from_hours(1));
    github.gives("12", "ghs_12_3");
    assert_eq!(github.token_in_use(&id).await, "Bearer ghs_12_3");
    assert_eq!(world.provider.calls_to("/login/oauth/access_token").len(), 1, "no refresh token is used");
}

/// The attack: a callback with another's installation, in the attacker's own flow.
#[tokio::test(start_paused = true)]
async fn anothers_installation_is_refused_and_nothing_is_stored() {
    for own in [&[(11, "ada"), (12, "lovelace-inc")][..], &[(11, "ada")], &[(11, "99")], &[]] {
        let github = GitHub::new().await;
        github.lists(own);
        for option in ["installation", "sign-in"] {
            let answer = github.comes_back(option, &[("installation_id", "99")]).await;
            let refused = answer.redirected_refusal();
            if own.is_empty() {
                assert_eq!(refused.key, "token_response_invalid");
            } else {
                assert_eq!(refused, refusal(303, "authorization_error", "installation_id"), "{own:?}");
            }
            github.assert_nothing_is_there("99").await;
            github.assert_nothing_is_there("11").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_come_proves_nothing() {
    for status in [403, 404, 500] {
        let github = GitHub::new().await;
        github.world.provider.always(LIST, Reply::json(status, &json!({ "message": "no" })));
        let key = github.installs("99").await.redirected_refusal().key;
        assert!(!key.is_empty());
        github.assert_nothing_is_there("99").await;
    }
}

/// An installation that began at GitHub has no `state`: its code is dropped, the application starts a flow, and whoever
/// signs in chooses among their own.
#[tokio::test(start_paused = true)]
async fn who_has_installed_it_at_github_signs_in_and_chooses() {
    let github = GitHub::new().await;
    let path = format!("{}?code={CODE}&installation_id=99&setup_action=install", callback_path());
    assert_eq!(github.world.browser().get(&path).await.refusal().key, "state_missing");
    github.assert_nothing_is_there("99").await;
    let id = github.comes_back("sign-in", &[]).await.connection_id();
    assert_eq!(github.token_in_use(&id).await, "Bearer ghs_12_1");
}

#[tokio::test(start_paused = true)]
async fn an_installation_that_is_gone_disconnects_and_a_wrong_key_does_not() {
    let github = GitHub::new().await;
    let id = github.installs("11").await.connection_id();
    for (status, message) in [(401, "A JSON web token could not be decoded"), (404, "Integration not found")]
    {
        github.world.clock.advance(Duration::from_hours(7));
        let answer = Reply::json(status, &json!({ "message": message }));
        github.world.provider.always(&made_at("11"), answer);
        github.world.read_secrets(&id).await;
        let connection = github.world.connection(&id).await.json();
        assert_ne!(connection["disconnected"], true, "{message}");
    }
    github.world.clock.advance(Duration::from_hours(7));
    github.world.provider.always(&made_at("11"), Reply::json(404, &json!({ "message": "Not Found" })));
    github.world.read_secrets(&id).await;
    assert_eq!(github.world.connection(&id).await.json()["disconnected"], true);
}

/// What would let an installation pass without its proof is no definition.
#[tokio::test(start_paused = true)]
async fn a_definition_that_uses_what_the_callback_brought_before_its_proof_is_refused() {
    let github = GitHub::new().await;
    let shown = github.world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await.json();
    let calls = shown["authOptions"][0]["afterConnect"].clone();
    for (change, field) in [
        (json!({ "optional": true }), "[0].optional"),
        (json!({ "on": "refresh" }), "[0].on"),
        (json!({ "path": "/user/installations/${credentials.installation_id}" }), "[0].choose.as"),
    ] {
        let mut calls = calls.clone();
        tests::definitions::merge(&mut calls[0], &change);
        let put = json!({
            "connector": "github-app", "parameters": shown["parameters"], "authOptions": [{ "key": "installation", "afterConnect": calls }],
        });
        let answer = github.world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&put)).await;
        let field = format!("authOptions[0].afterConnect{field}");
        assert_eq!(answer.json()["data"]["field"], field.as_str(), "{}", answer.body);
    }
}
