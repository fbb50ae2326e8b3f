//! The whole flow of one option: connection, test, proxy, renewal, refusal, revocation.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use protocol::clock::{Clock, Timestamp};
use serde_json::{Value, json};
use tests::World;
use tests::browser::api_request;
use tests::definitions;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};

use crate::Checked;
use crate::answers::{Answered, turns};
use crate::journey::{Journey, connection_id};
use crate::probes;
use crate::run::Subject;
use crate::service::TokenRequest;
use crate::stage::{Awaited, PROXIED, Reaction};
use crate::tokens;

/// A step of a flow, as the table of docs/connector-checks.md has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Connect,
    Test,
    Refresh,
    Rotation,
    Expired,
    Refusal,
    Revoke,
}

/// The steps that were made.
pub(crate) type Steps = BTreeSet<Step>;

/// A world with a workspace. Its clock can be moved on for months.
pub(crate) async fn world() -> World {
    let world = World::empty().await;
    world.define_workspace(WORKSPACE, &definitions::workspace(WORKSPACE)).await;
    world
}

/// Goes through the rounds of one option. `put` is what the team puts; the service goes by the subject's definition.
pub(crate) async fn whole(
    world: &World,
    subject: &Subject,
    put: &Value,
    most_rounds: usize,
) -> Checked<Steps> {
    let (described, option) = (&subject.definition, subject.option());
    let mut steps = Steps::new();
    let needs_two = separates_nothing(option) || tokens::may_leave_out_their_end(&option["config"]);
    let rounds = turns(described, option).max(probes::turns(option)).max(1 + usize::from(needs_two));
    for turn in 0..rounds.min(most_rounds) {
        let mut put = put.clone();
        let mut option = option.clone();
        if turn == 1 && separates_nothing(&option) {
            // A team asks for more.
            let scopes = json!(["one", "two"]);
            option["config"]["scopes"] = scopes.clone();
            given(&mut put, &option)["config"]["scopes"] = scopes;
        }
        if option["enabled"] == false {
            // A team turns it on.
            option["enabled"] = true.into();
            given(&mut put, &option)["enabled"] = true.into();
        }
        let journey = Journey::new(world, described, &option, turn);
        put.as_object_mut().map(|put| put.remove("key"));
        put["parameters"] = crate::journey::parameters(described, turn);
        // A sealed one that is left out would stay.
        for (name, property) in described["parametersSchema"]["properties"].as_object().into_iter().flatten()
        {
            if property["isSensitive"] == true && put["parameters"][name].is_null() {
                put["parameters"][name] = Value::Null;
            }
        }
        let round = async {
            if turn == 0 {
                journey.refuses_unfit_parameters(&put).await?;
            }
            journey.put(&put).await?;
            journey.round(&mut steps).await
        };
        round.await.map_err(|problem| format!("round {turn}: {problem}"))?;
    }
    Ok(steps)
}

/// What the team gives of the option.
fn given<'p>(put: &'p mut Value, option: &Value) -> &'p mut Value {
    if put["authOptions"].is_null() {
        put["authOptions"] = json!([{ "key": option["key"] }]);
    }
    &mut put["authOptions"][0]
}

/// Whether an option says what separates scopes, and has only one.
fn separates_nothing(option: &Value) -> bool {
    let config = &option["config"];
    config["scopeSeparator"].is_string() && config["scopes"].as_array().is_none_or(|scopes| scopes.len() < 2)
}

impl Journey<'_> {
    async fn round(&self, steps: &mut Steps) -> Checked {
        if self.turn == 0 {
            self.refuses_unfit().await?;
        }
        let id = self.connected(steps).await?;
        probes::of_the_test(self, &id).await?;
        self.proxied(&id).await?;
        crate::patience::of_hints(self, &id).await?;
        if self.service(|service| service.is_renewed()) {
            self.renewed(&id).await?;
            steps.insert(Step::Refresh);
            if self.turn == 0 {
                self.renewed(&id).await?;
            }
            if self.service(|service| service.has_refresh_token()) {
                steps.insert(Step::Rotation);
            }
            if self.turn == 0 {
                probes::of_ended_tokens(self, &id).await?;
                steps.insert(Step::Expired);
                probes::of_token_errors(self, &id).await?;
                crate::near::of_refused_renewals(self, &id).await?;
                crate::near::of_near_refusals(self, &id).await?;
            }
            if self.service(|service| service.is("oauth2")) {
                probes::of_refusals(self, &id).await?;
                steps.insert(Step::Refusal);
            }
        } else {
            probes::of_ended_tokens_in_the_test(self, &id).await?;
        }
        if self.turn > 0 {
            return Ok(());
        }
        probes::of_optional_calls(self).await?;
        probes::of_expected_answers(self).await?;
        crate::near::of_changed_callbacks(self).await?;
        crate::near::of_foreign_nonces(self).await?;
        if self.service(|service| service.config("denials").is_array()) {
            crate::near::of_denials(self).await?;
        }
        probes::of_refused_codes(self).await?;
        self.revoked(steps).await
    }

    async fn connected(&self, steps: &mut Steps) -> Checked<String> {
        let id = self.connect().await?;
        let connection = self.connection(&id).await?;
        if connection["state"] != "READY" || !connection["error"].is_null() {
            return Err(format!("the connection is {connection}"));
        }
        self.check_account(&connection)?;
        self.check_next_refresh(&connection)?;
        self.check_credentials(&self.credentials(&id).await?)?;
        self.stage.done("read")?;
        steps.insert(Step::Connect);
        if self.service(|service| service.option["test"].is_object()) {
            steps.insert(Step::Test);
        }
        Ok(id)
    }

    fn check_account(&self, connection: &Value) -> Checked {
        self.service(|service| {
            let account = &service.option["account"];
            for part in ["id", "name"] {
                let wanted = match account[part].as_str() {
                    Some(template) => service.values.optional(template)?.map(Value::from),
                    None => None,
                };
                if connection["account"][part] != wanted.clone().unwrap_or_default() {
                    return Err(format!(
                        "account.{part} is {} and not {wanted:?}",
                        connection["account"][part]
                    ));
                }
                if let (Some(wanted), "name") = (&wanted, part)
                    && connection["name"] != *wanted
                {
                    return Err(format!("the name is {}", connection["name"]));
                }
            }
            Ok(())
        })
    }

    /// The time of the next refresh is as the definition has it.
    pub(crate) fn check_next_refresh(&self, connection: &Value) -> Checked {
        let now = self.world.clock.now();
        let came = connection["nextCredentialsRefreshAt"].as_str().and_then(Timestamp::from_rfc3339);
        let came = came.map(|came| came.seconds() - now.seconds());
        let wanted = self.service(|service| service.next_refresh());
        if came.zip(wanted).is_some_and(|(came, wanted)| (came - wanted).abs() <= 2) || came == wanted {
            return Ok(());
        }
        Err(format!("the next refresh is in {came:?} s and not in {wanted:?} s"))
    }

    pub(crate) async fn proxy(&self, id: &str) -> tests::Answer {
        let path = format!("/connections/{id}/proxy/{PROXIED}");
        let (method, body) = self.service(|service| (service.callers_method(), service.callers_body()));
        let mut request = api_request(&method, &path, &customer(WORKSPACE, CUSTOMER), body.as_ref());
        for (name, value) in self.service(|service| service.callers()).unwrap() {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
        }
        self.world.browser().send(request).await
    }

    async fn proxied(&self, id: &str) -> Checked {
        self.stage.awaits(Awaited::Proxied);
        let answer = self.proxy(id).await;
        self.stage.done("proxy")?;
        if answer.status == 200 { Ok(()) } else { Err(format!("proxy: {} {}", answer.status, answer.body)) }
    }

    /// The request that renews credentials.
    pub(crate) fn renewal(&self) -> Awaited {
        if self.service(|service| service.config("renewal").is_object()) {
            return Awaited::Renewal;
        }
        self.exchange().unwrap_or(Awaited::Token(TokenRequest::Refresh))
    }

    /// Awaits a renewal, and what follows it.
    pub(crate) fn awaits_renewal(&self) {
        self.stage.awaits(self.renewal());
        for place in self.service(|service| service.further_to_renew()) {
            self.stage.awaits(Awaited::Token(TokenRequest::Further(place)));
        }
        let calls = self.service(|service| service.option["afterConnect"].clone());
        for (place, call) in calls.as_array().into_iter().flatten().enumerate() {
            if call["on"] == "both" || call["on"] == "refresh" {
                self.stage.awaits(Awaited::Completing(place));
            }
        }
    }

    /// Shortly before their end the credentials are as they were; then they are renewed by whoever reads them.
    async fn renewed(&self, id: &str) -> Checked {
        let (life, earliest) = self.service(|service| {
            let life = service.life.unwrap_or(3600);
            (life, service.config("refreshBefore").as_i64().unwrap_or(life))
        });
        let end = life - 60.min(life / 4).min(earliest);
        self.passes(end - 5);
        self.check_credentials(&self.credentials(id).await?)?;
        self.stage.done("before their end")?;
        self.passes(10);
        self.awaits_renewal();
        let came = self.credentials(id).await?;
        self.stage.done("refresh")?;
        self.check_credentials(&came)?;
        self.check_next_refresh(&self.connection(id).await?)?;
        self.proxied(id).await
    }

    pub(crate) fn passes(&self, seconds: i64) {
        self.world.clock.advance(Duration::from_secs(seconds.unsigned_abs()));
    }

    /// A new connection takes the place of the one before; then it is disconnected.
    async fn revoked(&self, steps: &mut Steps) -> Checked {
        let (is_revocable, per_token) = self.service(|service| {
            let is_revocable =
                service.option["revoke"].is_object() || service.config("revocationUri").is_string();
            (is_revocable, service.revokes_each_token())
        });
        let first = self.connect().await?;
        let old = self.service(|service| service.values.credentials.clone());
        let answer = self.replaced(per_token, old).await?;
        let id = connection_id(&answer)?;
        if id == first {
            return Err("the connection was not replaced".to_owned());
        }
        if is_revocable {
            self.stage.awaits(Awaited::Revocation);
        }
        let answer = self.post(&id, "disconnect").await;
        self.stage.done("revoke")?;
        if answer.status != 204 || self.connection(&id).await?["disconnected"] != true {
            return Err(format!("disconnect: {} {}", answer.status, answer.body));
        }
        if is_revocable {
            steps.insert(Step::Revoke);
        }
        Ok(())
    }

    /// Connects once more. The old credentials are revoked if that ends nothing else.
    async fn replaced(&self, per_token: bool, old: Value) -> Checked<tests::Answer> {
        self.stage.revokes_old(per_token.then_some(old));
        let answer = self.sign_in(Reaction::Good).await?;
        self.stage.done("replace")?;
        if self.stage.still_revokes_old() {
            return Err("the replaced credentials were not revoked".to_owned());
        }
        Ok(answer)
    }
}

/// An answer by which the service refuses a token for good (RFC 6749 §5.2).
pub(crate) fn invalid_grant() -> Answered {
    Answered::of(400, json!({ "error": "invalid_grant" }))
}
