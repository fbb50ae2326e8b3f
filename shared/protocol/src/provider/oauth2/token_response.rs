//! The token response (RFC 6749 §5.1), kept whole, and the forms that providers send instead.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::answer::Content;
use crate::clock::Timestamp;
use crate::definition::{Picks, TimeUnit, picked};
use crate::json;
use crate::provider::token_form;

/// The largest answer in which fields are looked for below the top, in bytes.
const MAX_BROUGHT_UP: usize = 256 * 1024;

/// A token response with every field that the provider sent.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct TokenResponse {
    fields: Fields,
    #[serde(skip)]
    access_token: AccessToken,
    #[serde(skip)]
    token_type: BasicTokenType,
    #[serde(skip)]
    refresh_token: Option<RefreshToken>,
}

/// The fields, hidden from Debug.
#[derive(Clone, Serialize)]
#[serde(transparent)]
struct Fields(Map<String, Value>);

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl TokenResponse {
    /// The response with its lifetime in seconds, as RFC 6749 §5.1 has it: from `expires_in` in another unit, or from the
    /// moment that `expires_at` gives.
    #[must_use]
    pub fn settled(mut self, unit: TimeUnit, now: Timestamp) -> Self {
        settle(&mut self.fields.0, unit, now);
        self
    }

    /// The ID token, if there is one.
    pub(super) fn id_token(&self) -> Option<&str> {
        self.fields.0.get("id_token")?.as_str()
    }

    /// All fields, as the connection's credentials.
    #[must_use]
    pub fn into_fields(self) -> Map<String, Value> {
        self.fields.0
    }
}

impl<'de> Deserialize<'de> for TokenResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let fields = Map::deserialize(deserializer)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let access_token = text("access_token").ok_or_else(|| D::Error::missing_field("access_token"))?;
        // Providers write it in any case, and some leave it out. All of them mean Bearer (RFC 6750).
        let token_type = text("token_type").map_or(BasicTokenType::Bearer, |name| {
            match name.to_ascii_lowercase().as_str() {
                "bearer" => BasicTokenType::Bearer,
                "mac" => BasicTokenType::Mac,
                _ => BasicTokenType::Extension(name.to_owned()),
            }
        });
        Ok(Self {
            access_token: AccessToken::new(access_token.to_owned()),
            token_type,
            refresh_token: text("refresh_token").map(|token| RefreshToken::new(token.to_owned())),
            fields: Fields(fields),
        })
    }
}

impl oauth2::TokenResponse for TokenResponse {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        seconds(self.fields.0.get("expires_in"))
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// A lifetime in seconds: a number or, at some providers, a text. A missing field states no lifetime (§5.1).
#[must_use]
pub fn seconds(field: Option<&Value>) -> Option<Duration> {
    let seconds: f64 = match field? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if seconds.is_nan() {
        return None;
    }
    // A century counts as for ever, and can be added to any moment.
    Duration::try_from_secs_f64(seconds.min(3.2e9)).ok()
}

/// Brings the lifetime into `expires_in`, in seconds.
pub fn settle(fields: &mut Map<String, Value>, unit: TimeUnit, now: Timestamp) {
    let stated = seconds(fields.get("expires_in")).map(|stated| match unit {
        TimeUnit::Seconds => stated,
        TimeUnit::Milliseconds => stated / 1000,
        TimeUnit::Minutes => stated * 60,
    });
    match stated {
        Some(stated) if unit != TimeUnit::Seconds => {
            fields.insert("expires_in".to_owned(), stated.as_secs().into());
        }
        Some(_) => {}
        None => {
            if let Some(end) = fields.get("expires_at").and_then(Timestamp::stated) {
                fields.insert("expires_in".to_owned(), end.since(now).as_secs().into());
            }
        }
    }
}

/// Brings a provider's answer into the form that the RFC describes and the `oauth2` crate reads: JSON, with an
/// error's status if it is an error.
///
/// Some providers answer form-encoded (as Facebook and GitHub did for years), some with 201, some with an error under
/// 200.
///
/// `places` are the fields that stand elsewhere than at the top.
pub(super) fn normalized(response: Response<Bytes>, places: &Picks) -> Response<Vec<u8>> {
    let (mut head, body) = response.into_parts();
    let body = if places.is_empty() { body } else { brought_up(places, &head.headers, body) };
    let outline = json::read::<Outline>;
    let read = outline(&body).map(|outline| (outline, None)).or_else(|| {
        let json = token_form::as_json(&body)?;
        Some((outline(&json)?, Some(json)))
    });
    let Some((Outline { has_error, has_token }, json)) = read else {
        // What is nested too deeply could be stored, and not be read again. It is no answer either.
        let body = if json::is_too_deep(&body) { Vec::new() } else { body.into() };
        return Response::from_parts(head, body);
    };
    if head.status.is_success() {
        let is_error = has_error && !has_token;
        head.status = if is_error { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    }
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(head, json.unwrap_or_else(|| body.into()))
}

/// The answer with the fields at its top that the definition finds elsewhere in it.
fn brought_up(places: &Picks, headers: &HeaderMap, body: Bytes) -> Bytes {
    if body.len() > MAX_BROUGHT_UP {
        return body;
    }
    // An answer that is empty can have its token in a header.
    let content = Content::new(headers, &body);
    let form = if content.value().is_none() { token_form::as_json(&body) } else { None };
    let content = form.as_deref().map_or(content, |form| Content::new(headers, form));
    let found = picked(places, &content);
    if found.is_empty() {
        return body;
    }
    let mut fields = match content.value() {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    };
    fields.extend(found);
    Value::Object(fields).to_string().into()
}

/// What an object is, read without building it: its values may take many times the size of their text.
#[derive(Default)]
struct Outline {
    has_error: bool,
    has_token: bool,
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let mut outline = Outline::default();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            outline.has_error |= name == "error";
            outline.has_token |= name == "access_token";
        }
        Ok(outline)
    }
}

#[cfg(test)]
mod tests {
    use oauth2::TokenResponse as _;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> serde_json::Result<TokenResponse> {
        serde_json::from_value(value.clone())
    }

    #[test]
    fn every_field_is_kept() {
        let sent = json!({ "access_token": "a!+", "token_type": "BEARER", "instance_url": "https://x.example", "n": 1 });
        let response = parse(&sent).unwrap();
        assert_eq!(*response.token_type(), BasicTokenType::Bearer);
        assert_eq!(Value::Object(response.into_fields()), sent);
    }

    #[test]
    fn expires_in_is_read_as_number_and_as_text() {
        for (sent, expected) in [
            (json!(3600), Some(3600)),
            (json!(3600.9), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!("inf"), Some(3_200_000_000)),
            (json!(-5), None),
            (json!(1e300), Some(3_200_000_000)),
            (json!(null), None),
        ] {
            let response = parse(&json!({ "access_token": "a", "expires_in": sent })).unwrap();
            assert_eq!(response.expires_in().map(|lifetime| lifetime.as_secs()), expected, "{sent}");
        }
    }

    #[test]
    fn a_response_without_an_access_token_is_none() {
        for sent in
            [json!({}), json!({ "access_token": "" }), json!({ "access_token": 5 }), json!([]), json!("a")]
        {
            assert!(parse(&sent).is_err(), "{sent}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let response = parse(&json!({ "access_token": "a!+secret", "refresh_token": "r!+secret" })).unwrap();
        assert!(!format!("{response:?}").contains("secret"), "{response:?}");
    }

    #[test]
    fn a_form_encoded_response_becomes_json() {
        let response = normalized(
            Response::new(Bytes::from_static(b"access_token=a%2Bb&expires_in=60\n")),
            &Picks::new(),
        );
        let fields: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(fields, json!({ "access_token": "a+b", "expires_in": "60" }));
    }

    #[test]
    fn json_is_passed_on_as_it_is_whatever_a_form_parser_makes_of_it() {
        let body = r#"{"access_token":"a","access_token":"b&error=x","n":[0,0]}"#;
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::CREATED;
        let response = normalized(response, &Picks::new());
        assert_eq!((response.status(), response.body().as_slice()), (StatusCode::OK, body.as_bytes()));
        let read: super::TokenResponse = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(read.access_token().secret(), "b&error=x");
    }

    #[test]
    fn an_error_under_200_gets_an_errors_status() {
        let body = Bytes::from_static(br#"{"error":"bad_verification_code"}"#);
        assert_eq!(normalized(Response::new(body), &Picks::new()).status(), StatusCode::BAD_REQUEST);
        let page = Bytes::from_static(b"<html>an error page</html>");
        assert_eq!(normalized(Response::new(page.clone()), &Picks::new()).body().as_slice(), &*page);
    }

    #[test]
    fn fields_are_brought_up_from_where_they_stand() {
        let places: Picks =
            serde_json::from_value(json!({ "access_token": ["access_token", "authed_user.access_token"] }))
                .unwrap();
        let body = Bytes::from_static(br#"{"ok":true,"authed_user":{"access_token":"xoxp"}}"#);
        let response = normalized(Response::new(body), &places);
        let fields: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((fields["access_token"].as_str(), fields["ok"].as_bool()), (Some("xoxp"), Some(true)));
    }

    #[test]
    fn a_lifetime_is_brought_into_seconds() {
        const NOW: Timestamp = Timestamp(1_767_225_600_000);
        for (fields, unit, expected) in [
            (json!({ "expires_in": 60 }), TimeUnit::Seconds, json!(60)),
            (json!({ "expires_in": "7200000" }), TimeUnit::Milliseconds, json!(7200)),
            (json!({ "expires_in": 20 }), TimeUnit::Minutes, json!(1200)),
            (json!({ "expires_at": 1_767_229_200 }), TimeUnit::Seconds, json!(3600)),
            (json!({ "expires_at": "1767229200" }), TimeUnit::Seconds, json!(3600)),
            (json!({ "expires_at": 1_767_229_200_000_i64 }), TimeUnit::Seconds, json!(3600)),
            (json!({ "expires_at": "2026-01-01T01:00:00Z" }), TimeUnit::Seconds, json!(3600)),
            (json!({ "expires_at": "Thu, 01 Jan 2026 01:00:00 GMT" }), TimeUnit::Seconds, json!(3600)),
            (json!({ "expires_in": 60, "expires_at": 1 }), TimeUnit::Seconds, json!(60)),
            (json!({ "expires_at": "soon" }), TimeUnit::Seconds, Value::Null),
        ] {
            let mut settled = fields.as_object().unwrap().clone();
            settle(&mut settled, unit, NOW);
            assert_eq!(settled.get("expires_in").cloned().unwrap_or_default(), expected, "{fields}");
        }
    }
}
