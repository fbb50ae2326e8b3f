//! Credentials in the body of requests to an API, where their service wants them there.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::percent_decode;
use serde::Serializer as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::api_request::ApiRequest;
use crate::definition::template::Values;
use crate::definition::{Node, is_same_name, rendered_object};
use crate::error::{Error, ErrorKey, Result};
use crate::media_type::{FORM, media_type};

/// Adds the members to a JSON object or a form. A member of that name that stood there is gone, however it was written. A POST, PUT or PATCH without
/// a body gets one; any other request without a body stays without.
///
/// # Errors
///
/// `request_malformed`: the body is neither, or its `Content-Type` does not say which without doubt. It would go out without
/// credentials, or with a credential in a place that whoever wrote the body chose.
pub(super) fn add(
    members: &BTreeMap<String, Node>,
    values: &Values<'_>,
    request: &mut ApiRequest,
) -> Result<()> {
    let added = rendered_object(members, values)?;
    let ApiRequest { method, headers, body, .. } = request;
    let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if added.is_empty() || (body.is_empty() && !takes_body) {
        return Ok(());
    }
    let kind = match Kind::of(headers) {
        // What nobody can misread, since nothing is there, may become what we send.
        None if body.is_empty() => Kind::Json("application/json".to_owned()),
        kind => kind.ok_or_else(unfit)?,
    };
    let is_ours = |name: &str| members.keys().any(|member| is_same_name(member, name));
    let (media_type, with_added) = match kind {
        Kind::Form => (FORM.to_owned(), form(body, is_ours, added)?),
        Kind::Json(media_type) => (media_type, json(body, is_ours, &added)?),
    };
    *body = with_added.into();
    // Ours says what was written. Another, or another charset, could make their service read it as something else.
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&media_type).map_err(Error::internal)?);
    Ok(())
}

/// What a body can be.
enum Kind {
    Form,
    /// An object, of this media type.
    Json(String),
}

impl Kind {
    /// What the service reads the body as. Nothing if it is neither, or if a service may see it otherwise than we do: by
    /// one of two headers, or by one that does not follow the standard.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(CONTENT_TYPE).iter();
        let is_given = given.next().is_some();
        if given.next().is_some() {
            return None;
        }
        match media_type(headers) {
            None if is_given => None,
            None => Some(Self::Json("application/json".to_owned())),
            Some(of) if of == FORM => Some(Self::Form),
            // Some services look at the beginning alone.
            Some(of) if of.starts_with(FORM) => None,
            Some(of) => (of == "application/json"
                || (of.starts_with("application/") && of.ends_with("+json")))
            .then_some(Self::Json(of)),
        }
    }
}

/// A form with our fields at its end, since some services take the last of a name.
fn form(body: &[u8], is_ours: impl Fn(&str) -> bool, added: Map<String, Value>) -> Result<Vec<u8>> {
    // Another charset's letters would be lost.
    if percent_decode(body).decode_utf8().is_err() {
        return Err(unfit());
    }
    let kept = form_urlencoded::parse(body).into_owned().filter(|(name, _)| !is_ours(name));
    let mut fields = form_urlencoded::Serializer::new(String::new());
    fields.extend_pairs(kept);
    for (name, value) in added {
        match value {
            Value::String(text) => fields.append_pair(&name, &text),
            Value::Array(_) | Value::Object(_) => return Err(unfit()),
            other => fields.append_pair(&name, &other.to_string()),
        };
    }
    Ok(fields.finish().into_bytes())
}

/// An object with our members at its end, for the same reason.
fn json(body: &[u8], is_ours: impl Fn(&str) -> bool, added: &Map<String, Value>) -> Result<Vec<u8>> {
    // What the caller wrote stays as it is, digit by digit.
    let mut object: BTreeMap<String, Box<RawValue>> =
        if body.is_empty() { BTreeMap::new() } else { serde_json::from_slice(body).map_err(|_| unfit())? };
    object.retain(|name, _| !is_ours(name));
    let ours = added.iter().map(|(name, value)| {
        Ok((name.clone(), serde_json::value::to_raw_value(value).map_err(Error::internal)?))
    });
    let ours: Vec<(String, Box<RawValue>)> = ours.collect::<Result<_>>()?;
    let mut written = Vec::new();
    let members = object.iter().chain(ours.iter().map(|(name, value)| (name, value)));
    serde_json::Serializer::new(&mut written).collect_map(members).map_err(Error::internal)?;
    Ok(written)
}

fn unfit() -> Error {
    let message = "The credentials of this API stand in the body, so the body must be a JSON object, or a form in UTF-8 if the credentials are plain values, with the one Content-Type that says so.";
    Error::new(ErrorKey::RequestMalformed, message).field("body")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;
    use url::Url;

    use super::*;

    /// The body and the media type that go out.
    fn sent(method: Method, of: Option<&str>, body: &'static [u8]) -> Result<(String, String)> {
        sent_as(method, of.as_slice(), body)
    }

    /// The same, with each `Content-Type` that the caller gave.
    fn sent_as(method: Method, types: &[&str], body: &'static [u8]) -> Result<(String, String)> {
        let members: BTreeMap<String, Node> = serde_json::from_value(
            json!({ "secret": "${credentials.secret}", "team": "${credentials.team?}" }),
        )
        .unwrap();
        let (none, credentials) = (&Map::new(), json!({ "secret": "s!\"1" }));
        let values = Values { credentials: credentials.as_object().unwrap(), ..Values::empty(none) };
        let mut headers = HeaderMap::new();
        for of in types {
            headers.append(CONTENT_TYPE, HeaderValue::from_bytes(of.as_bytes()).unwrap());
        }
        let url = Url::parse("https://api.example/a").unwrap();
        let mut request = ApiRequest { method, url, headers, body: Bytes::from_static(body) };
        add(&members, &values, &mut request)?;
        let text = String::from_utf8(request.body.to_vec()).unwrap();
        let types: Vec<&str> =
            request.headers.get_all(CONTENT_TYPE).iter().map(|of| of.to_str().unwrap()).collect();
        Ok((text, types.join(" and ")))
    }

    #[test]
    fn they_replace_what_stood_in_the_object_or_form() {
        let json = Some("application/json; charset=utf-8");
        let body = br#"{"secret":"x","n":12345678901234567890.10,"secret":"y","team":"t","z":{"secret":1}}"#;
        let expected = r#"{"n":12345678901234567890.10,"z":{"secret":1},"secret":"s!\"1"}"#;
        assert_eq!(sent(Method::POST, json, body).unwrap().0, expected);
        assert_eq!(sent(Method::DELETE, None, b"{}").unwrap().0, r#"{"secret":"s!\"1"}"#);
        let form = Some("application/x-www-form-urlencoded");
        let sent = sent(Method::PUT, form, b"a=1&secret=x&%73ecret=y&team=t&a=2").unwrap();
        assert_eq!(sent.0, "a=1&a=2&secret=s%21%221");
    }

    #[test]
    fn a_form_has_no_place_for_an_object() {
        let members: BTreeMap<String, Node> = serde_json::from_value(json!({ "auth": { "n": 1 } })).unwrap();
        let none = Map::new();
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        let url = Url::parse("https://api.example/a").unwrap();
        let mut request = ApiRequest { method: Method::POST, url, headers, body: Bytes::from_static(b"a=1") };
        let error = add(&members, &Values::empty(&none), &mut request).unwrap_err();
        assert_eq!(error.data()["field"], "body");
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
    fn a_body_that_its_service_may_read_as_something_else_is_refused() {
        let (form, json) = ("application/x-www-form-urlencoded", "application/json");
        let body = br#"{"a":"&secret=MINE&note="}"#;
        for types in [
            &["application/x-www-form-urlencoded ; charset=utf-8"][..],
            &["application/x-www-form-urlencoded+json"],
            &["application/json, application/x-www-form-urlencoded"],
            &["json"],
            &[""],
            &["\u{e9}"],
            &["image/svg+json"],
            &[json, form],
            &[form, json],
            &[json, json],
            &[form, form],
        ] {
            let sent = sent_as(Method::POST, types, body);
            assert!(sent.is_err(), "{types:?}: {sent:?}");
        }
    }

    #[test]
    fn the_content_type_that_goes_out_is_our_own() {
        let sent = |of, body| sent(Method::POST, of, body).unwrap().1;
        assert_eq!(sent(Some("Application/JSON; charset=utf-16"), b"{}"), "application/json");
        assert_eq!(sent(Some("application/json;"), b"{}"), "application/json");
        assert_eq!(sent(Some("application/vnd.api+json; a=b"), b"{}"), "application/vnd.api+json");
        let form = "application/x-www-form-urlencoded";
        assert_eq!(sent(Some("Application/x-www-form-urlencoded;charset=latin1"), b"a=1"), form);
        // Without a body there is nothing that could be misread.
        assert_eq!(sent_as(Method::POST, &[form, "text/plain"], b"").unwrap().1, "application/json");
    }

    #[test]
    fn a_name_that_differs_by_case_alone_is_replaced_too() {
        let body = br#"{"Secret":"x","SECRET":"y","TEAM":"t","\u017fecret":"z","secrets":1}"#;
        let expected = r#"{"secrets":1,"secret":"s!\"1"}"#;
        assert_eq!(sent(Method::POST, None, body).unwrap().0, expected);
        let form = Some("application/x-www-form-urlencoded");
        let sent = sent(Method::POST, form, b"SECRET=x&%C5%BFecret=z&zz=1&Team=t").unwrap();
        assert_eq!(sent.0, "zz=1&secret=s%21%221");
    }

    #[test]
    fn a_form_that_is_not_utf_8_is_refused_and_not_changed() {
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(sent(Method::POST, form, b"name=Ren%C3%A9").unwrap().0, "name=Ren%C3%A9&secret=s%21%221");
        for body in [&b"name=Ren%E9"[..], b"name=Ren\xe9", b"%E9=1"] {
            let sent = sent(Method::POST, form, body);
            assert!(sent.is_err(), "{sent:?}");
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
