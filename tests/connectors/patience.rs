//! Answers by which an API says that it was asked too often.

use serde_json::{Value, json};

use crate::Checked;
use crate::answers::Answered;
use crate::journey::Journey;
use crate::stage::{Awaited, Reaction};

/// Each answer that a hint describes leads to one more try, in a second; one that is near to it goes to the caller.
pub(crate) async fn of_hints(journey: &Journey<'_>, id: &str) -> Checked {
    let (hints, now) =
        journey.service(|service| (service.option["apiClient"]["retry"].clone(), service.seconds()));
    for hint in hints.as_array().into_iter().flatten() {
        let mut plain = Answered::of(400, json!({ "anything": "x" }));
        for (name, value) in hint["headers"].as_object().into_iter().flatten() {
            plain.headers.push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
        }
        let timed = [("after", 1), ("at", now + 1)];
        let timed = timed.into_iter().filter_map(|(part, value)| Some((hint[part].as_str()?, value)));
        let mut near = Vec::new();
        // Only the first of the two counts where both are there.
        for (name, value) in timed {
            let mut answered = plain.clone();
            answered.headers.push((name.to_owned(), value.to_string()));
            near.extend(answered.violations(hint, journey.turn));
            answered.satisfy(hint, journey.turn);
            near.extend(without_a_header(&answered, hint));
            journey.stage.answers(Awaited::Proxied, Reaction::Other(answered.clone()));
            journey.stage.awaits(Awaited::Proxied);
            let shown = format!("{} {:?} {}", answered.status, answered.headers, answered.body);
            let answer = journey.proxy(id).await;
            journey.stage.done(&format!("asked too often ({shown})"))?;
            if answer.status != 200 {
                return Err(format!("asked too often ({shown}): {}", answer.status));
            }
        }
        for answered in near.into_iter().filter(|answered| !is_asked_too_often_anyway(answered)) {
            journey.stage.answers(Awaited::Proxied, Reaction::Other(answered.clone()));
            let answer = journey.proxy(id).await;
            let shown = format!("{} {:?} {}", answered.status, answered.headers, answered.body);
            journey.stage.done(&format!("not asked too often ({shown})"))?;
            if answer.status != answered.status {
                return Err(format!("not asked too often ({shown}): {}", answer.status));
            }
        }
    }
    Ok(())
}

/// The answer with another value of each header.
fn without_a_header(answered: &Answered, hint: &Value) -> Vec<Answered> {
    let names = hint["headers"].as_object().into_iter().flatten().map(|(name, _)| name);
    let other = |name: &String| {
        let mut other = answered.clone();
        let header = other.headers.iter_mut().find(|(known, _)| known == name)?;
        "17".clone_into(&mut header.1);
        Some(other)
    };
    names.filter_map(other).collect()
}

/// A 429 or a 503 with `Retry-After` says it in any case (RFC 9110 §10.2.3).
fn is_asked_too_often_anyway(answered: &Answered) -> bool {
    let is_named = answered.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    matches!(answered.status, 429 | 503) && is_named
}
