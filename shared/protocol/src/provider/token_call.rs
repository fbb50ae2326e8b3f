//! Calls of a service's own kind that answer with a token: a login, and a renewal.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode};
use serde_json::{Map, Value};

use super::api_request::ApiRequest;
use super::calls::{Answer, Calls};
use super::client::presenting;
use super::failure::{CallError, Failure, Refusal, Word};
use super::maker::Maker;
use super::oauth2::token_response::settle;
use super::signing::Authentication;
use crate::answer::Content;
use crate::definition::{
    AnswerRules, CallParts, Headers, Meaning, Pick, Query, TokenCall, is_expected, picked,
};
use crate::error::{Error, Result};

/// The name of the credential that a renewal must bring if it says where.
const TOKEN: &str = "access_token";

/// The settings of a call, by their names.
struct Names {
    call: &'static str,
    uri: &'static str,
    method: &'static str,
    headers: &'static str,
}

const LOGIN: Names =
    Names { call: "login", uri: "login.uri", method: "login.method", headers: "login.headers" };
const RENEWAL: Names =
    Names { call: "renewal", uri: "renewal.uri", method: "renewal.method", headers: "renewal.headers" };

/// Logs in.
pub(super) async fn log_in(
    calls: &Calls<'_>,
    login: &TokenCall,
    maker: &Maker<'_>,
) -> Result<Map<String, Value>, CallError> {
    let (found, answer) = asked(calls, &LOGIN, login, maker, |_, _| None).await?;
    match login.response.keys().find(|name| !found.contains_key(*name)) {
        None => Ok(found),
        Some(name) => Err(lacks(&LOGIN, &answer, name)),
    }
}

/// Renews a token. Whatever the answer does not have again stays as it is; but a token that it should have must be there.
/// `rules` are the option's about refusals.
pub async fn renew(
    calls: &Calls<'_>,
    renewal: &TokenCall,
    rules: AnswerRules<'_>,
    maker: &Maker<'_>,
) -> Result<Map<String, Value>, CallError> {
    let ruled = |status: StatusCode, json: Option<&Value>| rules.meaning(status, json);
    let (mut found, answer) = asked(calls, &RENEWAL, renewal, maker, ruled).await?;
    if renewal.response.contains_key(TOKEN) && !found.contains_key(TOKEN) {
        return Err(lacks(&RENEWAL, &answer, TOKEN));
    }
    settle(&mut found, rules.unit, calls.clock.now());
    Ok(found)
}

fn lacks(names: &Names, answer: &Answer, name: &str) -> CallError {
    let failure = answer.failed(Refusal::NotUnderstood).detail("a credential is not in it");
    CallError::Ours(Error::from(failure).field(format!("{}.response.{name}", names.call)))
}

fn request(calls: &Calls<'_>, names: &Names, call: &TokenCall, maker: &Maker<'_>) -> Result<Request<Bytes>> {
    let values = &maker.values();
    let mut url = call.uri.render(values, calls.loopback)?;
    let parts = call.parts();
    let body_alone = CallParts { query: &Query::new(), headers: &Headers::default(), basic: None, ..parts };
    let (headers, body) = body_alone.render(values, &mut url, names.headers)?;
    let mut request = ApiRequest { method: call.method.of(names.method)?, url, headers, body };
    let rest = CallParts { body: None, ..parts };
    let authentication =
        Authentication { parts: rest, signing: call.signing.as_ref(), setting: names.headers };
    authentication.add(calls, maker, values, &mut request, false)?;
    request.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    Ok(presenting(request.built(names.uri)?, maker.option().certificate(values)?))
}

/// Makes the call, and picks the credentials from its answer.
async fn asked(
    calls: &Calls<'_>,
    names: &Names,
    call: &TokenCall,
    maker: &Maker<'_>,
    ruled: impl Fn(StatusCode, Option<&Value>) -> Option<Meaning>,
) -> Result<(Map<String, Value>, Answer), CallError> {
    let request = maker.filled(|| request(calls, names, call, maker)).await?;
    let answer = calls.ask(request, names.uri).await?;
    let status = answer.response.status();
    let content = Content::of(&answer.response);
    if let Some(meaning) = ruled(status, content.value()) {
        return Err(answer.failed(meaning.into()).with_status_shown().into());
    }
    if !is_expected(call.expect.as_ref(), status, &content) {
        // The team's own key is not what the customer entered.
        if status == StatusCode::UNAUTHORIZED && maker.option().own_key_signs_requests() {
            return Err(answer.failed(Refusal::Client).into());
        }
        let word = if status.is_success() { Word::Definite } else { Word::of(status) };
        return Err(answer.failed(Refusal::Credentials(word)).with_status_shown().into());
    }
    if call.response.values().any(Pick::reads_body) && content.value().is_none() {
        return Err(answer.failed(Refusal::NotUnderstood).detail("it is neither JSON nor XML").into());
    }
    let found = picked(&call.response, &content);
    Ok((found, answer))
}

/// True if the service has refused what the call presented.
#[must_use]
pub fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.refusal, Refusal::Grant | Refusal::Credentials(_))
}
