//! What is near to something that a definition describes, and is not it.

use serde_json::{Value, json};
use tests::answer::parameter;
use url::Url;

use crate::Checked;
use crate::answers::Answered;
use crate::journey::{Journey, away, connection_id, error_of};
use crate::service::Service;
use crate::stage::Reaction;

/// An answer that is only near to a refusal does not disconnect.
pub(crate) async fn of_near_refusals(journey: &Journey<'_>, id: &str) -> Checked {
    let described = journey.service(|service| {
        let all = |name: &str| service.config(name).as_array().cloned().unwrap_or_default();
        let grants = all("tokenErrors").into_iter().filter(|error| error["means"] == "grant");
        all("refreshRefusals").into_iter().chain(grants).collect::<Vec<Value>>()
    });
    if !journey.service(|service| service.is("oauth2")) {
        return Ok(());
    }
    let is_refusal = |answered: &Answered| {
        described.iter().any(|one| match one {
            Value::String(code) => answered.body["error"] == *code,
            condition => answered.fits(condition),
        })
    };
    let plain = Answered::of(400, json!({ "anything": "x" }));
    let near = described.iter().filter(|one| one.is_object());
    let near = near.flat_map(|one| plain.violations(one, journey.turn));
    for answered in near.filter(|answered| !is_refusal(answered)) {
        let shown = format!("{} {}", answered.status, answered.body);
        journey.passes(6 * 3600);
        journey.stage.answers(journey.renewal(), Reaction::Other(answered));
        journey.post(id, "refresh-credentials").await;
        journey.stage.done(&format!("near refusal ({shown})"))?;
        if journey.connection(id).await?["disconnected"] == true {
            return Err(format!("{shown} disconnects"));
        }
        // What was heard several times would be believed.
        journey.passes(6 * 3600);
        journey.awaits_renewal();
        journey.post(id, "refresh-credentials").await;
        journey.stage.done(&format!("after a near refusal ({shown})"))?;
    }
    Ok(())
}

/// A call that renews and is refused leads to another exchange of what was entered.
pub(crate) async fn of_refused_renewals(journey: &Journey<'_>, id: &str) -> Checked {
    let is_called = journey.service(|service| service.config("renewal").is_object());
    let Some(exchange) = journey.exchange().filter(|_| is_called) else { return Ok(()) };
    journey.passes(6 * 3600);
    let refused = Answered::of(401, json!({ "message": "no" }));
    journey.stage.answers(journey.renewal(), Reaction::Other(refused));
    journey.stage.awaits(exchange);
    journey.post(id, "refresh-credentials").await;
    journey.stage.done("refused renewal")?;
    journey.check_credentials(&journey.credentials(id).await?)
}

/// An ID token of another sign-in is refused.
pub(crate) async fn of_foreign_nonces(journey: &Journey<'_>) -> Checked {
    if !journey.service(|service| service.is("oauth2") && service.wants_nonce()) {
        return Ok(());
    }
    let token = crate::answers::jwt(&json!({ "sub": "sub!+1", "nonce": "of-another-sign-in-0123456789" }));
    let mut foreign = Answered::of(200, json!({ "id_token": token, "expires_in": 3600 }));
    let places = journey.service(|service| service.config("tokenResponse").clone());
    for name in ["access_token", "refresh_token"] {
        let usual = json!(name);
        let place = if places[name].is_null() { &usual } else { &places[name] };
        foreign.place(place, 0, json!(format!("{name}!+foreign")));
    }
    let answer = journey.sign_in(Reaction::Other(foreign)).await?;
    journey.stage.done("foreign nonce")?;
    let (key, _) = error_of(&answer);
    if key == "token_response_invalid" {
        Ok(())
    } else {
        Err(format!("an ID token of another sign-in: {key}"))
    }
}

/// A customer who says no, in each of the service's words, is told from an error.
pub(crate) async fn of_denials(journey: &Journey<'_>) -> Checked {
    let denials = journey.service(|service| service.config("denials").clone());
    let denials = denials.as_array().into_iter().flatten().filter_map(Value::as_str);
    for (code, key) in denials.map(|code| (code, true)).chain([("server_error", false)]) {
        let browser = journey.world.browser();
        let answer = journey.start(&browser).await?;
        let mut back = Url::parse(&journey.consent(&away(&answer)?)?).map_err(|error| error.to_string())?;
        let state = parameter(&back, "state").unwrap_or_default();
        back.query_pairs_mut().clear().append_pair("error", code).append_pair("state", &state);
        let answered = browser.get(back.as_str()).await;
        journey.stage.done("denial")?;
        let (came, _) = error_of(&browser.get(answered.header("location")).await);
        if (came == "authorization_denied") != key {
            return Err(format!("the answer {code} is {came}"));
        }
    }
    Ok(())
}

/// A callback that names another issuer (RFC 9207), or none where one always comes, is refused before the code is used. So is
/// one that the service signs and somebody has changed.
pub(crate) async fn of_changed_callbacks(journey: &Journey<'_>) -> Checked {
    let (signed, issuer, is_always) = journey.service(|service| {
        let signed = service.config("callbackHmac")["parameter"].as_str().map(str::to_owned);
        let is_always = *service.config("authorizationResponseIssParameterSupported") == true;
        (signed, service.config("issuer").is_string(), is_always)
    });
    if let Some(parameter) = signed {
        of_a_changed_callback(journey, &parameter, Some("0")).await?;
    }
    if issuer {
        of_a_changed_callback(journey, "iss", Some("https://other.example")).await?;
    }
    if is_always {
        of_a_changed_callback(journey, "iss", None).await?;
    }
    Ok(())
}

async fn of_a_changed_callback(journey: &Journey<'_>, parameter: &str, other: Option<&str>) -> Checked {
    let browser = journey.world.browser();
    journey.service(Service::hold);
    let answer = journey.start(&browser).await?;
    let mut back = Url::parse(&journey.consent(&away(&answer)?)?).map_err(|error| error.to_string())?;
    let changed: Vec<(String, String)> = back
        .query_pairs()
        .into_owned()
        .filter_map(|(name, value)| match other {
            Some(other) if name == parameter => Some((name, other.to_owned())),
            None if name == parameter => None,
            _ => Some((name, value)),
        })
        .collect();
    back.query_pairs_mut().clear().extend_pairs(changed);
    let answered = browser.get(back.as_str()).await;
    journey.stage.done("changed callback")?;
    let location = answered.header("location").to_owned();
    if !location.is_empty() && connection_id(&browser.get(&location).await).is_ok() {
        return Err("a changed callback makes a connection".to_owned());
    }
    Ok(())
}
