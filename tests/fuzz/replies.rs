//! A provider that answers anything: now and then what it should, mostly something near it, at times nothing at all.

use std::sync::Mutex;
use std::time::Duration;

use arbitrary::Unstructured;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use percent_encoding::percent_decode;
use protocol::BoxFuture;
use protocol::provider::client::{ConnectionFailure, Provider, ProviderError};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::grammar::{TEXTS, chance, json_of, one_of, up_to};
use crate::refusals::MARK;

/// The provider. What it answers is drawn from bytes.
#[derive(Default)]
pub(crate) struct Replies(Mutex<State>);

#[derive(Default)]
struct State {
    drawn: Vec<u8>,
    at: usize,
    is_kind: bool,
    /// What it was told of the callback's address (RFC 5849 §2.1).
    callback: Option<String>,
    asked: usize,
}

/// The bytes that one answer is drawn from.
const OF_ONE: usize = 96;

const STATUSES: &[u16] =
    &[200, 200, 200, 201, 204, 206, 302, 400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 503, 599];

const TYPES: &[&str] = &[
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html",
    "text/xml",
    "text/plain; charset=utf-16",
    "application/jwt",
    "",
    "application/json",
];

const HEADERS: &[(&str, &[u8])] = &[
    ("set-cookie", b"SESSION=m4rk3d-s3cr3t; Path=/"),
    ("set-cookie", b"SESSION="),
    ("set-cookie", b"\xff=\xfe"),
    ("x-session", b"m4rk3d-s3cr3t"),
    ("retry-after", b"1"),
    ("retry-after", b"99999999999999999999"),
    ("retry-after", b"Thu, 01 Jan 2026 01:00:00 GMT"),
    ("location", b"https://evil.example/"),
    (
        "www-authenticate",
        b"Bearer error=\"invalid_token\", resource_metadata=\"https://provider.example/.well-known/x\"",
    ),
    ("content-encoding", b"gzip"),
    ("date", b"never"),
    ("link", b"<https://provider.example/next>; rel=\"next\""),
];

impl Replies {
    /// Answers by these bytes from now on; kindly, or as it comes.
    pub(crate) fn by(&self, drawn: &[u8], is_kind: bool) {
        *self.0.lock().unwrap() = State { drawn: drawn.to_vec(), is_kind, ..State::default() };
    }

    /// The callback's address that it was told, if it was.
    pub(crate) fn callback(&self) -> Option<String> {
        self.0.lock().unwrap().callback.clone()
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }
}

/// The fields of an answer that anything can be made of.
fn usual() -> Value {
    json!({
        "access_token": MARK, "token_type": "Bearer", "expires_in": 3600, "refresh_token": MARK, "scope": "read write",
        "id_token": "e30.eyJzdWIiOiI3IiwiYXVkIjoiY2xpZW50In0.c2ln", "id": "7", "ok": true, "name": "Ada",
        "oauth_token": "temporary", "oauth_token_secret": MARK, "oauth_callback_confirmed": "true",
        "items": [{ "id": "i1", "name": "One", "tenantId": "t1", "tenantName": "T" }],
        "data": { "token": MARK, "id": 7, "attributes": { "name": "Ada" } }, "session": MARK,
    })
}

/// A token response, or temporary credentials, in which some field is not what it should be.
fn near(draw: &mut Unstructured<'_>) -> Value {
    let mut fields = usual();
    for _ in 0..up_to(draw, 3) {
        let names = [
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "scope",
            "id_token",
            "expires_at",
            "error",
            "oauth_token",
            "oauth_token_secret",
            "oauth_callback_confirmed",
            "items",
            "data",
            "id",
            "error_description",
        ];
        let name = *one_of(draw, &names);
        if chance(draw, 1, 4) {
            fields.as_object_mut().unwrap().remove(name);
        } else {
            fields[name] = json_of(draw, 2);
        }
    }
    if chance(draw, 1, 8) { json!([fields]) } else { fields }
}

fn form_of(fields: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().into_iter().flatten() {
        form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
    }
    form.finish()
}

fn xml_of(fields: &Value) -> String {
    let members = fields.as_object().into_iter().flatten();
    let elements =
        members.map(|(name, value)| format!("<{name} a=\"1\">{}</{name}>", value.as_str().unwrap_or("7")));
    format!("<?xml version=\"1.0\"?><response>{}</response>", elements.collect::<String>())
}

fn body(draw: &mut Unstructured<'_>) -> Vec<u8> {
    match up_to(draw, 11) {
        0..=3 => near(draw).to_string().into(),
        4 | 5 => form_of(&near(draw)).into(),
        6 => xml_of(&near(draw)).into(),
        7 => json_of(draw, 3).to_string().into(),
        8 => (*one_of(draw, TEXTS)).into(),
        9 => Vec::new(),
        10 => {
            let length = 200 * up_to(draw, 2000);
            let text = "x".repeat(length);
            json!({ "access_token": MARK, "expires_in": 60, "more": text }).to_string().into()
        }
        _ => draw.bytes(16).unwrap_or(b"\xff\x00{").to_vec(),
    }
}

impl Provider for Replies {
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        let mut state = self.0.lock().unwrap();
        state.asked += 1;
        if let Some(callback) = told_callback(&request) {
            state.callback = Some(callback);
        }
        let end = (state.at + OF_ONE).min(state.drawn.len());
        let drawn = state.drawn[state.at..end].to_vec();
        state.at = end;
        let reply = reply(&mut Unstructured::new(&drawn), state.is_kind);
        drop(state);
        Box::pin(async move {
            match reply {
                Ok(response) => Ok(response),
                Err(error) => {
                    if matches!(error, ProviderError::Timeout) {
                        tokio::time::sleep(limit).await;
                    }
                    Err(error)
                }
            }
        })
    }
}

fn reply(draw: &mut Unstructured<'_>, is_kind: bool) -> Result<Response<Bytes>, ProviderError> {
    if draw.is_empty() || chance(draw, if is_kind { 7 } else { 2 }, 8) {
        let is_form = chance(draw, 1, 3);
        let body = if is_form { form_of(&usual()) } else { usual().to_string() };
        return Ok(Response::new(body.into()));
    }
    if chance(draw, 1, 12) {
        let failures = [
            ProviderError::NotAllowed,
            ProviderError::Timeout,
            ProviderError::TooLarge,
            ProviderError::connection(ConnectionFailure::UnknownHost),
            ProviderError::connection(ConnectionFailure::Tls),
            ProviderError::connection(ConnectionFailure::Broken),
        ];
        return Err(one_of(draw, &failures).clone());
    }
    let status = StatusCode::from_u16(*one_of(draw, STATUSES)).unwrap();
    let mut response = Response::builder().status(status).header("content-type", *one_of(draw, TYPES));
    for _ in 0..up_to(draw, 2) {
        let (name, value) = *one_of(draw, HEADERS);
        let header = (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
        response = response.header(header.0, header.1);
    }
    Ok(response.body(body(draw).into()).unwrap())
}

/// The value of `oauth_callback`, wherever it stands in the request.
fn told_callback(request: &Request<Bytes>) -> Option<String> {
    let header = request.headers().get("authorization").map(|value| value.as_bytes().to_vec());
    let places =
        [header.unwrap_or_default(), request.uri().to_string().into_bytes(), request.body().to_vec()];
    places.iter().find_map(|place| {
        let text = String::from_utf8_lossy(place);
        let (_, rest) = text.split_once("oauth_callback=")?;
        let value = rest.trim_start_matches('"').split(['"', '&', ',']).next()?;
        Some(String::from_utf8_lossy(&percent_decode(value.as_bytes()).collect::<Vec<_>>()).into_owned())
    })
}
