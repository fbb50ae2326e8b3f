//! What is near to something that a definition describes, and is not it.

use serde_json::{Value, json};
use url::Url;

use crate::Checked;
use crate::answers::Answered;
use crate::journey::{Journey, away, connection_id};
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

/// A callback that the service signs, and that somebody has changed, is refused before the code is used.
pub(crate) async fn of_changed_callbacks(journey: &Journey<'_>) -> Checked {
    let signed = journey.service(|service| service.config("callbackHmac")["parameter"].clone());
    let Some(parameter) = signed.as_str() else { return Ok(()) };
    let browser = journey.world.browser();
    journey.service(Service::hold);
    let answer = journey.start(&browser).await?;
    let mut back = Url::parse(&journey.consent(&away(&answer)?)?).map_err(|error| error.to_string())?;
    let changed: Vec<(String, String)> = back
        .query_pairs()
        .into_owned()
        .map(|(name, value)| if name == parameter { (name, "0".repeat(value.len())) } else { (name, value) })
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
