//! The body of a call that a definition describes: fields and values with templates in them, or one text.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::checker::{Checker, Credentials};
use super::template::{Template, Values};
use crate::error;

/// How a request carries its fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, as RFC 6749 requires.
    #[default]
    Form,
    /// `application/json`.
    Json,
    /// In the query of the address.
    Query,
    /// `application/xml`: the body is one text, and values in it are escaped.
    Xml,
    /// `text/plain`: the body is one text.
    Text,
}

impl BodyFormat {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_form(&self) -> bool {
        *self == Self::Form
    }

    /// Notes a format that a request of this kind cannot have.
    pub(super) fn check(self, checker: &mut Checker<'_>, possible: &[Self]) {
        if !possible.contains(&self) {
            let names: Vec<&str> = possible.iter().map(|format| format.name()).collect();
            checker.refuse("bodyFormat", format!("must be one of {} here", names.join(", ")));
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Json => "json",
            Self::Query => "query",
            Self::Xml => "xml",
            Self::Text => "text",
        }
    }

    fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Form | Self::Query => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Text => "text/plain; charset=utf-8",
        })
    }

    /// Encodes fields in a body of this format. Returns them with their media type.
    #[must_use]
    pub fn encode(self, fields: Vec<(String, String)>) -> (HeaderValue, Bytes) {
        let encoded = match self {
            Self::Json => {
                let fields: Map<String, Value> =
                    fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
                Value::Object(fields).to_string()
            }
            _ => form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish(),
        };
        (self.media_type(), encoded.into())
    }
}

/// A body.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "super::json_schema::BodyShape"))]
#[serde(try_from = "Value", untagged)]
pub enum Body {
    /// Named values.
    Fields(BTreeMap<String, Node>),
    /// One text, for `xml` and `text`.
    Text(Template),
}

/// A value in a body, or in a JWT.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))]
#[serde(try_from = "Value", untagged)]
pub enum Node {
    /// A text with placeholders. Without the value of an optional one it is left out.
    Template(Template),
    /// An object.
    Object(BTreeMap<String, Node>),
    /// An array.
    Array(Vec<Node>),
    /// Any other value, which is sent as it is.
    Literal(Value),
}

impl TryFrom<Value> for Body {
    /// The fault, as the end of a sentence that begins with the setting.
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match Node::try_from(value)? {
            Node::Object(fields) => Ok(Self::Fields(fields)),
            Node::Template(text) => Ok(Self::Text(text)),
            Node::Array(_) | Node::Literal(_) => Err("must be an object or a text".to_owned()),
        }
    }
}

impl TryFrom<Value> for Node {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Template(Template::try_from(text)?),
            Value::Array(items) => {
                Self::Array(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let read = |(name, value)| Ok((name, Self::try_from(value)?));
                Self::Object(members.into_iter().map(read).collect::<Result<_, String>>()?)
            }
            plain => Self::Literal(plain),
        })
    }
}

impl Body {
    /// The body in this format, with its media type.
    pub fn render(&self, format: BodyFormat, values: &Values<'_>) -> error::Result<(HeaderValue, Bytes)> {
        let encoded = match (self, format) {
            (Self::Text(text), BodyFormat::Xml) => text.render_xml(values)?.into(),
            (Self::Text(text), _) => text.render_text(values)?.into(),
            (Self::Fields(fields), BodyFormat::Json) => {
                Value::Object(object(fields, values)?).to_string().into()
            }
            (Self::Fields(fields), _) => {
                let mut flat = Vec::with_capacity(fields.len());
                for (name, node) in fields {
                    match node.render(values)? {
                        Some(Value::String(text)) => flat.push((name.clone(), text)),
                        Some(value) => flat.push((name.clone(), value.to_string())),
                        None => {}
                    }
                }
                return Ok(format.encode(flat));
            }
        };
        Ok((format.media_type(), encoded))
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, format: BodyFormat, credentials: Credentials<'_>) {
        match (self, format) {
            (Self::Text(text), BodyFormat::Xml | BodyFormat::Text) => {
                checker.template("body", text, credentials);
                if let Some(choice) = text.choices().find(|choice| choice.is_optional()) {
                    let problem =
                        format!("has `{choice}`, which may be missing: nothing of a text is left out");
                    checker.refuse("body", problem);
                }
            }
            (Self::Text(_), _) => {
                checker.refuse("body", "must be an object; a text needs bodyFormat `xml` or `text`");
            }
            (Self::Fields(_), BodyFormat::Xml | BodyFormat::Text) => {
                checker.refuse("body", "must be a text for this bodyFormat");
            }
            (Self::Fields(fields), format) => {
                for (name, node) in fields {
                    let setting = format!("body.{name}");
                    if format != BodyFormat::Json && matches!(node, Node::Object(_) | Node::Array(_)) {
                        checker.refuse(&setting, "holds further values, which only bodyFormat `json` has");
                    }
                    node.check(checker, &setting, credentials);
                }
            }
        }
    }
}

impl Node {
    /// The templates of a setting, where they stand in it. Nothing if one of its texts is no template.
    pub(super) fn of(setting: &impl Serialize) -> Option<Self> {
        Self::try_from(serde_json::to_value(setting).ok()?).ok()
    }

    /// The value. Nothing if a placeholder's value may be missing, and is.
    fn render(&self, values: &Values<'_>) -> error::Result<Option<Value>> {
        Ok(match self {
            Self::Template(template) => template.render_optional(values)?.map(Value::String),
            Self::Object(fields) => Some(Value::Object(object(fields, values)?)),
            Self::Array(items) => {
                let mut rendered = Vec::with_capacity(items.len());
                for item in items {
                    rendered.extend(item.render(values)?);
                }
                Some(Value::Array(rendered))
            }
            Self::Literal(value) => Some(value.clone()),
        })
    }

    /// The templates in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Template(template) => vec![template],
            Self::Object(fields) => fields.values().flat_map(Self::templates).collect(),
            Self::Array(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Literal(_) => Vec::new(),
        }
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, setting: &str, credentials: Credentials<'_>) {
        match self {
            Self::Template(template) => checker.template(setting, template, credentials),
            Self::Object(fields) => {
                for (name, node) in fields {
                    node.check(checker, &format!("{setting}.{name}"), credentials);
                }
            }
            Self::Array(items) => {
                for (index, node) in items.iter().enumerate() {
                    node.check(checker, &format!("{setting}[{index}]"), credentials);
                }
            }
            Self::Literal(_) => {}
        }
    }
}

/// The object with these members.
pub fn object(fields: &BTreeMap<String, Node>, values: &Values<'_>) -> error::Result<Map<String, Value>> {
    let mut rendered = Map::new();
    for (name, node) in fields {
        if let Some(value) = node.render(values)? {
            rendered.insert(name.clone(), value);
        }
    }
    Ok(rendered)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(body: Value, format: BodyFormat, parameters: &Value) -> error::Result<String> {
        let body: Body = serde_json::from_value(body).unwrap();
        let (parameters, none) = (parameters.as_object().unwrap(), &Map::new());
        let values = Values { parameters, ..Values::empty(none) };
        let (_, bytes) = body.render(format, &values)?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn json_has_values_of_any_kind_at_any_depth() {
        let body = json!({
            "auth": { "user": "${parameters.user}", "scopes": ["a", "${parameters.more?}"], "n": 1, "on": true },
            "team": "${parameters.team?}",
            "nothing": null,
        });
        let sent = rendered(body, BodyFormat::Json, &json!({ "user": "\"é" })).unwrap();
        let expected =
            json!({ "auth": { "user": "\"é", "scopes": ["a"], "n": 1, "on": true }, "nothing": null });
        assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), expected);
    }

    #[test]
    fn a_form_has_fields() {
        let body = json!({ "user": "${parameters.user}", "n": 1, "left out": "${parameters.x?}" });
        assert_eq!(rendered(body, BodyFormat::Form, &json!({ "user": "a&b" })).unwrap(), "n=1&user=a%26b");
    }

    #[test]
    fn a_value_cannot_add_an_element() {
        let body = json!("<login><user>${parameters.user}</user></login>");
        let sent = rendered(body, BodyFormat::Xml, &json!({ "user": "</user><admin a='1'>&\"" })).unwrap();
        assert_eq!(sent, "<login><user>&lt;/user&gt;&lt;admin a=&apos;1&apos;&gt;&amp;&quot;</user></login>");
        let broken =
            rendered(json!("<a>${parameters.user}</a>"), BodyFormat::Xml, &json!({ "user": "\u{1}" }));
        assert!(broken.is_err());
    }

    #[test]
    fn a_template_that_means_nothing_is_no_literal() {
        for body in
            [json!({ "a": "${x}" }), json!({ "a": { "b": ["${"] } }), json!("${x}"), json!([]), json!(1)]
        {
            assert!(serde_json::from_value::<Body>(body.clone()).is_err(), "{body}");
        }
    }
}
