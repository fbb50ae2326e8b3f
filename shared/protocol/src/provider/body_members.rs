//! Credentials in the body of requests to an API, where their service wants them there.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::Value;
use serde_json::value::RawValue;
use url::form_urlencoded;

use super::api_request::{ApiRequest, form_fields};
use crate::definition::rendered;
use crate::definition::template::{Template, Values};
use crate::error::{Error, ErrorKey, Result};
use crate::media_type::{is_form, media_type};

/// Adds the members to a JSON object or a form. A member of that name that stood there is gone. A POST, PUT or PATCH without
/// a body gets one; any other request without a body stays without.
///
/// # Errors
///
/// `request_malformed`: the body is neither. It would go out without credentials.
pub(super) fn add(
    members: &BTreeMap<String, Template>,
    values: &Values<'_>,
    request: &mut ApiRequest,
) -> Result<()> {
    let added = rendered(members, values)?;
    let ApiRequest { method, headers, body, .. } = request;
    let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if added.is_empty() || (body.is_empty() && !takes_body) {
        return Ok(());
    }
    if is_form(headers) {
        let kept = form_fields(headers, body).into_iter().filter(|(name, _)| !members.contains_key(name));
        let fields = kept.collect::<Vec<_>>().into_iter().chain(added);
        *body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into();
        return Ok(());
    }
    let is_json = media_type(headers).is_none_or(|of| of == "application/json" || of.ends_with("+json"));
    if body.is_empty() && !is_json {
        headers.remove(CONTENT_TYPE);
    } else if !is_json {
        return Err(unfit());
    }
    // What the caller wrote stays as it is, digit by digit.
    let mut object: BTreeMap<String, Box<RawValue>> =
        if body.is_empty() { BTreeMap::new() } else { serde_json::from_slice(body).map_err(|_| unfit())? };
    object.retain(|name, _| !members.contains_key(name));
    for (name, value) in added {
        let value = serde_json::value::to_raw_value(&Value::String(value)).map_err(Error::internal)?;
        object.insert(name, value);
    }
    *body = Bytes::from(serde_json::to_vec(&object).map_err(Error::internal)?);
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Ok(())
}

fn unfit() -> Error {
    let message =
        "The credentials of this API stand in the body, so the body must be a JSON object or a form.";
    Error::new(ErrorKey::RequestMalformed, message).field("body")
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Map, json};
    use url::Url;

    use super::*;

    /// The body and the media type that go out.
    fn sent(method: Method, of: Option<&str>, body: &'static [u8]) -> Result<(String, String)> {
        let members: BTreeMap<String, Template> = serde_json::from_value(
            json!({ "secret": "${credentials.secret}", "team": "${credentials.team?}" }),
        )
        .unwrap();
        let (none, credentials) = (&Map::new(), json!({ "secret": "s!\"1" }));
        let values = Values {
            means: &[],
            parameters: none,
            credentials: credentials.as_object().unwrap(),
            connector_parameters: none,
            integration: none,
            maker: None,
            callback_uri: None,
            authorities: &[],
            closed: None,
            may_lack: false,
        };
        let headers: HeaderMap = of.map(|of| (CONTENT_TYPE, of.parse().unwrap())).into_iter().collect();
        let url = Url::parse("https://api.example/a").unwrap();
        let mut request = ApiRequest { method, url, headers, body: Bytes::from_static(body) };
        add(&members, &values, &mut request)?;
        let text = String::from_utf8(request.body.to_vec()).unwrap();
        Ok((text, media_type(&request.headers).unwrap_or_default()))
    }

    #[test]
    fn they_replace_what_stood_in_the_object_or_form() {
        let json = Some("application/json; charset=utf-8");
        let body = br#"{"secret":"x","n":12345678901234567890.10,"secret":"y","team":"t","a":{"secret":1}}"#;
        let expected = r#"{"a":{"secret":1},"n":12345678901234567890.10,"secret":"s!\"1"}"#;
        assert_eq!(sent(Method::POST, json, body).unwrap().0, expected);
        assert_eq!(sent(Method::DELETE, None, b"{}").unwrap().0, r#"{"secret":"s!\"1"}"#);
        let form = Some("application/x-www-form-urlencoded");
        let sent = sent(Method::PUT, form, b"a=1&secret=x&%73ecret=y&team=t&a=2").unwrap();
        assert_eq!(sent.0, "a=1&a=2&secret=s%21%221");
    }

    #[test]
    fn a_request_without_a_body_gets_one_if_its_method_has_one() {
        let own = r#"{"secret":"s!\"1"}"#.to_owned();
        for of in [None, Some("application/json"), Some("text/plain")] {
            assert_eq!(sent(Method::POST, of, b"").unwrap(), (own.clone(), "application/json".to_owned()));
        }
        let form = "application/x-www-form-urlencoded".to_owned();
        assert_eq!(sent(Method::PATCH, Some(&form), b"").unwrap(), ("secret=s%21%221".to_owned(), form));
        for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
            assert_eq!(sent(method, None, b"").unwrap(), (String::new(), String::new()));
        }
    }

    #[test]
    fn any_other_body_is_refused() {
        for (of, body) in [
            (Some("application/json"), &b"[1]"[..]),
            (Some("application/json"), b"{"),
            (None, b"text"),
            (Some("text/xml"), b"<a/>"),
            (Some("multipart/form-data; boundary=x"), b"{}"),
        ] {
            let refused = sent(Method::POST, of, body).unwrap_err();
            assert_eq!(
                (refused.key(), &refused.data()["field"]),
                (ErrorKey::RequestMalformed, &json!("body"))
            );
        }
    }
}
