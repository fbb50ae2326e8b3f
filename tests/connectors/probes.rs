//! What a service says when something is not well, and what comes of it.

use serde_json::{Value, json};

use crate::Checked;
use crate::answers::{Answered, condition};
use crate::flow::invalid_grant;
use crate::journey::{Journey, connection_id, error_of, json_of, status};
use crate::service::Service;
use crate::stage::{Awaited, Reaction};

/// How many ways there are to refuse a refresh: each round has another one.
pub(crate) fn turns(option: &Value) -> usize {
    if option["type"] == "oauth2" { refusals(option).len() } else { 1 }
}

/// The answers that refuse a refresh token for good.
fn refusals(option: &Value) -> Vec<Answered> {
    let config = &option["config"];
    let mut all = Vec::new();
    if config["renewal"].is_null() {
        all.push(invalid_grant());
    }
    for refusal in config["refreshRefusals"].as_array().into_iter().flatten() {
        match refusal {
            Value::String(code) => all.push(Answered::of(400, json!({ "error": code }))),
            described => all.extend(fitting(described, 400)),
        }
    }
    for error in
        config["tokenErrors"].as_array().into_iter().flatten().filter(|error| error["means"] == "grant")
    {
        all.extend(fitting(error, 400));
    }
    all
}

/// All answers that fit a condition.
fn fitting(described: &Value, usual: u16) -> Vec<Answered> {
    let each = |turn| {
        let mut answered = Answered::of(usual, json!({ "anything": "x" }));
        answered.satisfy(described, turn);
        answered
    };
    (0..condition(described)).map(each).collect()
}

/// The test call says whether the credentials work, by what the definition expects.
pub(crate) async fn of_the_test(journey: &Journey<'_>, id: &str) -> Checked {
    let (option, good) = journey.service(|service| (service.option.clone(), service.proved()));
    if !option["test"].is_object() {
        return Ok(());
    }
    journey.stage.awaits(Awaited::Test);
    let tested = json_of(&journey.post(id, "test").await)?;
    journey.stage.done("test")?;
    if tested["success"] != true {
        return Err(format!("test: {tested}"));
    }
    let expect = &option["test"]["expect"];
    let plain = Answered::of(200, json!({ "anything": "x" }));
    let mut wrong = plain.violations(expect, journey.turn);
    wrong.push(Answered { status: 418, ..good.clone() });
    for answered in wrong {
        let shown = format!("{} {}", answered.status, answered.body);
        journey.stage.answers(Awaited::Test, Reaction::Other(answered));
        let tested = json_of(&journey.post(id, "test").await)?;
        journey.stage.done("test")?;
        if tested["success"] != false {
            return Err(format!("the test call takes {shown}"));
        }
    }
    Ok(())
}

/// The answers by which the API says that the token has ended.
fn ended(option: &Value) -> Vec<Answered> {
    let mut all = vec![Answered::of(401, json!({ "message": "no" }))];
    for described in option["apiClient"]["expired"].as_array().into_iter().flatten() {
        all.extend(fitting(described, 200));
    }
    all
}

/// An answer that says that the token has ended leads to one refresh and one more try; one that says something near to it
/// does not.
pub(crate) async fn of_ended_tokens(journey: &Journey<'_>, id: &str) -> Checked {
    let (option, life) = journey.service(|service| (service.option.clone(), service.life.unwrap_or(3600)));
    let wait = 120.min(life / 3);
    for answered in ended(&option) {
        journey.passes(wait);
        let shown = format!("{} {}", answered.status, answered.body);
        journey.stage.answers(Awaited::Proxied, Reaction::Other(answered));
        journey.awaits_renewal();
        journey.stage.awaits(Awaited::Proxied);
        let answer = journey.proxy(id).await;
        journey.stage.done(&format!("expired ({shown})"))?;
        if answer.status != 200 || !answer.body.contains("proxied") {
            return Err(format!("expired ({shown}): {} {}", answer.status, answer.body));
        }
    }
    journey.passes(wait);
    for described in option["apiClient"]["expired"].as_array().into_iter().flatten() {
        let plain = Answered::of(200, json!({ "anything": "x" }));
        let others = plain.violations(described, journey.turn);
        // A 401 says it in any case.
        for other in others.into_iter().filter(|other| other.status != 401) {
            journey.stage.answers(Awaited::Proxied, Reaction::Other(other.clone()));
            let answer = journey.proxy(id).await;
            journey.stage.done(&format!("not expired ({} {})", other.status, other.body))?;
            if answer.status != other.status {
                return Err(format!("proxy: {} {}", answer.status, answer.body));
            }
        }
    }
    Ok(())
}

/// Where nothing can be renewed, the test call still reads such an answer as a refusal.
pub(crate) async fn of_ended_tokens_in_the_test(journey: &Journey<'_>, id: &str) -> Checked {
    let option = journey.service(|service| service.option.clone());
    if !option["test"].is_object() {
        return Ok(());
    }
    for answered in ended(&option) {
        journey.stage.answers(Awaited::Test, Reaction::Other(answered));
        let tested = json_of(&journey.post(id, "test").await)?;
        journey.stage.done("test")?;
        if tested["success"] != false || tested["error"]["key"] != "credentials_rejected" {
            return Err(format!("test with an ended token: {tested}"));
        }
    }
    Ok(())
}

/// Errors of the token endpoint mean what the definition says.
pub(crate) async fn of_token_errors(journey: &Journey<'_>, id: &str) -> Checked {
    let (errors, is_own) =
        journey.service(|service| (service.config("tokenErrors").clone(), service.is_client_entered()));
    for described in errors.as_array().into_iter().flatten() {
        let key = match described["means"].as_str() {
            // The customer has to enter another one: what was entered is refused for good.
            Some("client") if is_own => continue,
            Some("client") => "client_rejected",
            Some("request") => "token_rejected",
            Some("temporary") => "provider_unreachable",
            _ => continue,
        };
        for answered in fitting(described, 400) {
            let shown = format!("{} {}", answered.status, answered.body);
            // After a failure there is a pause.
            journey.passes(6 * 3600);
            journey.stage.answers(journey.renewal(), Reaction::Other(answered));
            let answer = journey.post(id, "refresh-credentials").await;
            journey.stage.done("token error")?;
            let (came, _) = error_of(&answer);
            if came != key {
                return Err(format!("{shown} is {came} and not {key}"));
            }
            if journey.connection(id).await?["disconnected"] == true {
                return Err(format!("{shown} disconnects"));
            }
        }
    }
    Ok(())
}

/// Errors mean the same when a code is exchanged, and what is near to them does not.
pub(crate) async fn of_refused_codes(journey: &Journey<'_>) -> Checked {
    let (errors, is_own) =
        journey.service(|service| (service.config("tokenErrors").clone(), service.is_client_entered()));
    for described in errors.as_array().into_iter().flatten() {
        let key = match described["means"].as_str() {
            Some("client") if is_own => "credentials_rejected",
            Some("client") => "client_rejected",
            Some("temporary") => "provider_unreachable",
            _ => "token_rejected",
        };
        // A 400 is a refusal whatever it says.
        let is_any = matches!(key, "credentials_rejected" | "token_rejected");
        let usual = if is_any { 200 } else { 400 };
        let plain = Answered::of(usual, json!({ "anything": "x" }));
        let near = plain.violations(described, 0).into_iter();
        // An error of no known kind is one in any case.
        let near = near.filter(|answered| !is_any || answered.body["error"].is_null());
        // So is a token no error.
        let near = near.filter(|answered| answered.body["data"].is_null());
        let all = fitting(described, usual).into_iter().map(|answered| (answered, true));
        for (answered, is_it) in all.chain(near.map(|answered| (answered, false))) {
            let shown = format!("{} {}", answered.status, answered.body);
            let answer = journey.sign_in(Reaction::Other(answered)).await?;
            journey.stage.done("refused code")?;
            let (came, _) = error_of(&answer);
            if (came == key) != is_it {
                return Err(format!("{shown} is {came}, and {described}"));
            }
        }
    }
    Ok(())
}

/// This round's refusal of the refresh token disconnects.
pub(crate) async fn of_refusals(journey: &Journey<'_>, id: &str) -> Checked {
    let option = journey.service(|service| service.option.clone());
    let all = refusals(&option);
    let answered = all[journey.turn % all.len()].clone();
    let shown = format!("{} {}", answered.status, answered.body);
    journey.passes(6 * 3600);
    journey.stage.answers(journey.renewal(), Reaction::Other(answered));
    let answer = journey.post(id, "refresh-credentials").await;
    journey.stage.done("refusal")?;
    let connection = journey.connection(id).await?;
    let is_over = connection["disconnected"] == true && connection["state"] == "CLIENT_ACTION_REQUIRED";
    if !is_over || !answer.status.is_client_error() && !answer.status.is_server_error() {
        return Err(format!("refusal ({shown}): {} {} {connection}", answer.status, answer.body));
    }
    Ok(())
}

/// A call after connecting that may fail takes nothing along; another one does.
pub(crate) async fn of_optional_calls(journey: &Journey<'_>) -> Checked {
    let option = journey.service(|service| service.option.clone());
    let calls = option["afterConnect"].as_array().cloned().unwrap_or_default();
    if journey.turn > 0 || calls.is_empty() {
        return Ok(());
    }
    for (place, call) in calls.iter().enumerate() {
        let answer = journey.sign_in_with(place, status(500)).await?;
        match (call["optional"] == true, connection_id(&answer)) {
            (true, Ok(_)) => journey.stage.done("optional call")?,
            (false, Err(_)) => {
                journey.stage.forget();
                // Nobody has the tokens that were issued for it.
                journey.service(|service| service.values.credentials = json!({}));
                journey.stage.done("call that fails")?;
            }
            (true, Err(problem)) => return Err(format!("an optional call failed: {problem}")),
            (false, Ok(_)) => return Err("a call failed, and there is a connection".to_owned()),
        }
    }
    Ok(())
}

/// A call after connecting whose answer has its values but is not the expected one has failed.
pub(crate) async fn of_expected_answers(journey: &Journey<'_>) -> Checked {
    let calls = journey.service(|service| service.option["afterConnect"].clone());
    for (place, call) in calls.as_array().into_iter().flatten().enumerate() {
        for near in journey.service(|service| service.completes_nearly(place)) {
            let shown = format!("{} {}", near.status, near.body);
            let answer = journey.sign_in_with(place, Reaction::Other(near)).await?;
            let is_connected = connection_id(&answer).is_ok();
            if is_connected {
                journey.stage.done("unexpected answer")?;
            } else {
                journey.stage.forget();
                journey.service(|service| service.values.credentials = json!({}));
            }
            if is_connected != (call["optional"] == true) {
                return Err(format!("a call after connecting takes {shown}"));
            }
        }
    }
    Ok(())
}

impl Journey<'_> {
    /// Connects while one of the calls after connecting is answered in this way.
    async fn sign_in_with(&self, place: usize, reaction: Reaction) -> Checked<tests::Answer> {
        self.stage.fails_at(place, reaction);
        let old = self.service(Service::revocable);
        self.stage.revokes_old(old);
        let answer = self.sign_in(Reaction::Good).await;
        self.stage.revokes_old(None);
        answer
    }
}
