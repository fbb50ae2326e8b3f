//! One customer's way with one option of a connector: from the start to a connection that works.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::integration_id;
use tests::form::Form;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Browser, Start, World};
use url::Url;

use crate::Checked;
use crate::answers::Answered;
use crate::entered::{self, Held};
use crate::service::{CLIENT_ID, CLIENT_SECRET, Service, TokenRequest};
use crate::stage::{Awaited, Reaction, Stage, TEMPORARY, VERIFIER};
use crate::template::Values;
use crate::tokens::label_of;

/// One customer's way.
pub(crate) struct Journey<'w> {
    pub(crate) world: &'w World,
    pub(crate) stage: Arc<Stage>,
    pub(crate) key: String,
    pub(crate) turn: usize,
    pub(crate) entered: Value,
}

/// The names of the properties that hold a key or a certificate, in placeholders of this source.
fn keys(definition: &Value, source: &str) -> Vec<(String, Held)> {
    let mut all = Vec::new();
    for option in definition["authOptions"].as_array().into_iter().flatten() {
        let signed = option["signed"].as_object().into_iter().flatten();
        all.extend(signed.map(|(_, signed)| (&signed["key"], Held::Key)));
        all.push((&option["clientCertificate"]["certificate"], Held::Certificate));
        all.push((&option["clientCertificate"]["key"], Held::CertificateKey));
        let signing = &option["apiClient"]["signing"];
        if signing["type"] == "private-key" {
            all.push((&signing["key"], Held::Key));
        }
    }
    let named = |(template, held): (&Value, Held)| {
        let name = template.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
        // What is entered for an API is a credential.
        let name = match source {
            "parameters." => name.strip_prefix(source).or(name.strip_prefix("credentials.")),
            _ => name.strip_prefix(source),
        };
        Some((name?.to_owned(), held))
    };
    all.into_iter().filter_map(named).collect()
}

/// What the team gives.
pub(crate) fn parameters(definition: &Value, turn: usize) -> Value {
    let mut given = entered::values(&definition["parametersSchema"], &keys(definition, "integration."), turn);
    for option in definition["authOptions"].as_array().into_iter().flatten() {
        let config = &option["config"];
        let mut take = |of: &str, name: &str, value: &str| {
            if option["type"] == of && config[name].is_null() {
                given[name] = json!(value);
            }
        };
        take("oauth2", "clientId", CLIENT_ID);
        if config["clientId"].is_null() && config["clientAuthLocation"] != "none" {
            take("oauth2", "clientSecret", CLIENT_SECRET);
        }
        let signs =
            option["signed"].as_object().is_some_and(|all| all.values().any(|it| it["key"].is_null()));
        if signs {
            take("oauth2", "privateKey", &entered::KEY.pem);
        }
        take("oauth1", "consumerKey", CLIENT_ID);
        take("oauth1", "consumerSecret", CLIENT_SECRET);
    }
    given
}

impl<'w> Journey<'w> {
    /// A customer of the service that `definition` describes.
    pub(crate) fn new(world: &'w World, definition: &Value, option: &Value, turn: usize) -> Self {
        let key = definition["key"].as_str().unwrap_or("crm").to_owned();
        let entered = entered::values(&option["inputSchema"], &keys(definition, "parameters."), turn);
        let parameters = entered::with_defaults(&option["inputSchema"], &entered);
        let entered = if turn.is_multiple_of(2) {
            entered::as_addresses(&option["inputSchema"], &entered)
        } else {
            entered
        };
        let given = self::parameters(definition, turn);
        let integration = entered::with_defaults(&definition["parametersSchema"], &given);
        let callback = format!("https://linkspan.example/oauth-callback/{}", integration_id(WORKSPACE, &key));
        let service = Service {
            definition: definition.clone(),
            option: option.clone(),
            values: Values {
                parameters,
                integration,
                callback: callback.clone(),
                properties: json!({
                    "parameters": option["inputSchema"]["properties"],
                    "integration": definition["parametersSchema"]["properties"],
                }),
                ..Values::default()
            },
            turn,
            callback,
            clock: Arc::clone(&world.clock),
            seen: Arc::default(),
            issued: 0,
            life: None,
            challenge: None,
            held: json!({}),
        };
        let stage = Arc::new(Stage::new(service));
        world.provider.answered_by(Arc::clone(&stage) as Arc<dyn protocol::provider::client::Provider>);
        Self { world, stage, key, turn, entered }
    }

    /// Reads of the service.
    pub(crate) fn service<T>(&self, read: impl FnOnce(&mut Service) -> T) -> T {
        read(&mut self.stage.service.lock().unwrap())
    }

    /// Awaits the requests that make a connection, after what its type begins with.
    pub(crate) fn awaits_completion(&self) {
        let (completing, is_tested) = self.service(|service| {
            let calls = service.option["afterConnect"].as_array().cloned().unwrap_or_default();
            let completing: Vec<usize> =
                (0..calls.len()).filter(|place| calls[*place]["on"] != "refresh").collect();
            (completing, service.option["test"].is_object())
        });
        for place in completing {
            self.stage.awaits(Awaited::Completing(place));
        }
        if is_tested {
            self.stage.awaits(Awaited::Test);
        }
    }

    /// The request that renews or gets the credentials of what is entered.
    pub(crate) fn exchange(&self) -> Option<Awaited> {
        self.service(|service| match service.option["type"].as_str() {
            _ if !service.is("client-credentials") || !service.is_exchanged() => None,
            _ if service.config("login").is_object() => Some(Awaited::Login),
            _ => Some(Awaited::Token(TokenRequest::Client)),
        })
    }

    /// Connects, and returns the connection's id.
    pub(crate) async fn connect(&self) -> Checked<String> {
        // What the service has refused before is revoked nevertheless.
        let old = self.service(Service::revocable);
        self.stage.revokes_old(old);
        let answer = self.sign_in(Reaction::Good).await?;
        self.stage.revokes_old(None);
        self.stage.done("connect").map_err(|problem| format!("{problem} ({})", answer.header("location")))?;
        connection_id(&answer)
    }

    /// Goes as far as the result. `first` is how the token endpoint answers.
    pub(crate) async fn sign_in(&self, first: Reaction) -> Checked<Answer> {
        let is_good = matches!(first, Reaction::Good);
        let auth_type =
            self.service(|service| service.option["type"].as_str().unwrap_or_default().to_owned());
        let browser = self.world.browser();
        self.service(|service| {
            service.hold();
            let is_entered = service.is("client-credentials") && !service.is_exchanged();
            service.values.credentials =
                if is_entered { service.values.parameters.clone() } else { json!({}) };
        });
        match auth_type.as_str() {
            "oauth1" => self.stage.awaits(Awaited::Temporary),
            "client-credentials" => {
                if let Some(exchange) = self.exchange() {
                    self.stage.answers(exchange, first.clone());
                }
                if is_good {
                    self.awaits_completion();
                }
            }
            _ => {}
        }
        let answer = self.start(&browser).await?;
        if auth_type == "client-credentials" {
            return Ok(answer);
        }
        let away = away(&answer)?;
        self.stage.done("start")?;
        let back = if auth_type == "oauth1" { self.consent_oauth1(&away)? } else { self.consent(&away)? };
        let exchange =
            if auth_type == "oauth1" { Awaited::Verified } else { Awaited::Token(TokenRequest::Code) };
        self.stage.answers(exchange, first);
        if is_good {
            self.awaits_completion();
        }
        let answered = browser.get(&back).await;
        let location = answered.header("location").to_owned();
        if location.is_empty() {
            return Err(format!("callback: {}", answered.body));
        }
        Ok(browser.get(&location).await)
    }

    /// Sends the start; in odd turns what is to be entered is typed into the form.
    pub(crate) async fn start(&self, browser: &Browser) -> Checked<Answer> {
        let option = self.service(|service| service.option.clone());
        let mut payload = self.payload();
        let is_typed = self.turn % 2 == 1 && self.can_be_typed(&option["inputSchema"]);
        if !is_typed {
            payload["connectionParameters"] = self.entered.clone();
        }
        let start = Start::new().with(&payload);
        if !is_typed {
            return Ok(browser.send(start.form()).await);
        }
        let page = browser.for_a_person().send(start.form()).await;
        if page.header("content-type") != "text/html; charset=utf-8" || page.status != 200 {
            return Err(format!("there is no form: {} {}", page.status, page.body));
        }
        let mut form = Form::read(&page);
        self.check_form(&form)?;
        for (name, value) in self.entered.as_object().into_iter().flatten() {
            let control = format!("input/{name}");
            if form.controls.iter().all(|known| known.name != control) {
                return Err(format!("the form has no {name}"));
            }
            // A field of one line takes no line breaks.
            let typed = crate::template::text(value).unwrap_or_default().replace('\n', "");
            form = form.fill(&control, &typed);
            self.service(|service| {
                if service.values.credentials.get(name).is_some() {
                    service.values.credentials[name] = typed.clone().into();
                }
                service.values.parameters[name] = typed.into();
            });
        }
        Ok(browser.send(form.submit()).await)
    }

    pub(crate) fn payload(&self) -> Value {
        let option = self.service(|service| service.option.clone());
        let mut payload = json!({ "integrationKey": self.key, "authOptionKey": option["key"] });
        let named = self.service(|service| service.named_in_the_callback());
        for call in option["afterConnect"].as_array().into_iter().flatten() {
            if let Some(name) =
                call["choose"]["as"].as_str().filter(|name| !named.iter().any(|is| is == name))
            {
                payload["connectorParameters"][name] = label_of("2").into();
            }
        }
        payload
    }

    fn can_be_typed(&self, schema: &Value) -> bool {
        let properties = &schema["properties"];
        let is_line = |name: &String| properties[name]["type"] == "string";
        let mut names = self.entered.as_object().into_iter().flatten().map(|(name, _)| name).peekable();
        names.peek().is_some() && names.all(is_line)
    }

    /// Checks the authorization request, and returns where the service sends the browser.
    pub(crate) fn consent(&self, away: &Url) -> Checked<String> {
        let mut came = away.clone();
        let mut taken = |name: &str| {
            let found = parameter(&came, name);
            let rest: Vec<(String, String)> =
                came.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
            came.query_pairs_mut().clear().extend_pairs(rest);
            found
        };
        let state = taken("state").filter(|state| state.len() >= 32).ok_or("there is no state")?;
        let challenge = (taken("code_challenge"), taken("code_challenge_method"));
        let has_own_nonce = self.service(|service| service.config("extra")["nonce"].is_string());
        let nonce = if has_own_nonce { None } else { taken("nonce") };
        self.service(|service| {
            if nonce.is_some_and(|nonce| nonce.len() >= 22) != service.wants_nonce() {
                return Err("the nonce is not as the scopes say".to_owned());
            }
            let is_right = match (service.pkce(), &challenge) {
                (None, (None, None)) => true,
                (Some(wanted), (Some(_), Some(method))) => wanted == method,
                _ => false,
            };
            if !is_right {
                return Err(format!("the code challenge is {challenge:?}"));
            }
            service.challenge = challenge.0.zip(challenge.1);
            service.authorization_request()?.check_address(&came)?;
            service.back(&state)
        })
    }

    fn consent_oauth1(&self, away: &Url) -> Checked<String> {
        self.service(|service| {
            let address =
                service.values.address(service.config("authorizeUri").as_str().unwrap_or_default())?;
            let mut expected = crate::expected::Expected { address, ..Default::default() };
            expected.query = service.values.pairs(service.config("extra"))?;
            expected.query.extend(service.scope()?.map(|scope| ("scope".to_owned(), scope)));
            expected.query.push(("oauth_token".to_owned(), TEMPORARY.0.to_owned()));
            expected.split_address()?;
            expected.check_address(away)?;
            Ok::<_, String>(())
        })?;
        let callback = self.stage.announced().ok_or("no callback was announced")?;
        let mut back = Url::parse(&callback).map_err(|error| error.to_string())?;
        back.query_pairs_mut()
            .append_pair("oauth_token", TEMPORARY.0)
            .append_pair("oauth_verifier", VERIFIER);
        Ok(back.into())
    }

    /// Reads the connection.
    pub(crate) async fn connection(&self, id: &str) -> Checked<Value> {
        json_of(&self.world.connection(id).await)
    }

    /// Reads the credentials: what has ended is renewed.
    pub(crate) async fn credentials(&self, id: &str) -> Checked<Value> {
        Ok(json_of(&self.world.read_secrets(id).await)?["credentials"].clone())
    }

    /// Asks for something of the connection as its customer.
    pub(crate) async fn post(&self, id: &str, what: &str) -> Answer {
        let path = format!("/connections/{id}/{what}");
        self.world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await
    }

    /// Puts the definition, with these parameters.
    pub(crate) async fn put(&self, definition: &Value) -> Checked {
        let path = format!("/integrations/{}", self.key);
        let answer = self.world.api(Method::PUT, &path, &admin(WORKSPACE), Some(definition)).await;
        if !answer.status.is_success() {
            return Err(format!("PUT: {}", answer.body));
        }
        self.check_shown(&json_of(&answer)?)
    }

    /// The credentials are those that the service gave, and no other ones.
    pub(crate) fn check_credentials(&self, came: &Value) -> Checked {
        let known = self.service(|service| service.values.credentials.clone());
        let names = |value: &Value| -> BTreeSet<String> {
            value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let all: BTreeSet<String> = names(&known).union(&names(came)).cloned().collect();
        let same = |name: &&String| {
            let (known, came) = (&known[name.as_str()], &came[name.as_str()]);
            // What an `expires_at` leaves is rounded.
            let is_near =
                known.as_i64().zip(came.as_i64()).is_some_and(|(known, came)| (known - came).abs() <= 1);
            known == came || is_near && name.as_str() == "expires_in"
        };
        match all.iter().find(|name| !same(name)) {
            Some(name) => Err(format!("credentials: {name} is {} and not {}", came[name], known[name])),
            None => Ok(()),
        }
    }
}

/// Where an answer leads.
pub(crate) fn away(answer: &Answer) -> Checked<Url> {
    Url::parse(answer.header("location")).map_err(|_| format!("start: {} {}", answer.status, answer.body))
}

/// The connection of a result.
pub(crate) fn connection_id(answer: &Answer) -> Checked<String> {
    parameter(&away(answer)?, "connectionId").ok_or_else(|| answer.header("location").to_owned())
}

/// The error of a result, or of an answer: its key and its field.
pub(crate) fn error_of(answer: &Answer) -> (String, String) {
    let data = away(answer).ok().and_then(|url| parameter(&url, "errorData"));
    let body = data.unwrap_or_else(|| answer.body.clone());
    let error: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&error["key"]), text(&error["data"]["field"]))
}

/// An answer's JSON.
pub(crate) fn json_of(answer: &Answer) -> Checked<Value> {
    match serde_json::from_str(&answer.body) {
        Ok(json) if answer.status.is_success() => Ok(json),
        _ => Err(format!("{} {}", answer.status, answer.body)),
    }
}

/// An answer that says nothing but its status.
pub(crate) fn status(status: u16) -> Reaction {
    Reaction::Other(Answered::of(status, json!({ "message": "no" })))
}
