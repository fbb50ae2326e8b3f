//! Answers in the shape that a definition describes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::service::Service;
use crate::template::{Part, at, parts, text, texts};

/// An answer of the service.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Answered {
    /// An answer with this body.
    pub(crate) fn of(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// Puts a value where a place of the definition says; of several, where this turn finds it.
    pub(crate) fn place(&mut self, place: &Value, turn: usize, value: Value) {
        match place {
            Value::String(path) => put(&mut self.body, path, value),
            Value::Array(paths) => self.place(&paths[turn % paths.len()], turn, value),
            Value::Object(place) => {
                let text = value.as_str().unwrap_or_default();
                let cookie = |name: &Value| format!("{}={text}; Path=/", name.as_str().unwrap_or_default());
                match (place.get("header"), place.get("cookie")) {
                    (Some(Value::String(name)), _) => self.headers.push((name.clone(), text.to_owned())),
                    (_, Some(name)) => self.headers.push(("set-cookie".to_owned(), cookie(name))),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Makes the condition hold; of several values, that of this turn.
    pub(crate) fn satisfy(&mut self, condition: &Value, turn: usize) {
        match &condition["status"] {
            Value::Array(several) => self.status = number(&several[turn % several.len()]),
            Value::Null => {}
            one => self.status = number(one),
        }
        for (path, wanted) in condition["body"].as_object().into_iter().flatten() {
            match wanted {
                Value::Null => {}
                Value::Object(_) => put(&mut self.body, path, json!("something")),
                Value::Array(several) => put(&mut self.body, path, several[turn % several.len()].clone()),
                one => put(&mut self.body, path, one.clone()),
            }
        }
    }

    /// Whether the condition holds.
    pub(crate) fn fits(&self, condition: &Value) -> bool {
        let one_of = |wanted: &Value, came: &Value| match wanted {
            Value::Array(several) => several.iter().any(|one| text(one) == text(came)),
            one => text(one) == text(came),
        };
        let status = &condition["status"];
        let body = condition["body"].as_object().into_iter().flatten();
        (status.is_null() || one_of(status, &json!(self.status)))
            && body.into_iter().all(|(path, wanted)| match (wanted, at(&self.body, path)) {
                (Value::Null, came) => came.is_none(),
                (Value::Object(_), came) => came.is_some(),
                (wanted, came) => came.is_some_and(|came| one_of(wanted, &came)),
            })
    }

    /// Answers in which one part of the condition does not hold, each another one.
    pub(crate) fn violations(&self, condition: &Value, turn: usize) -> Vec<Self> {
        let mut all = Vec::new();
        if !condition["status"].is_null() {
            let mut other = self.clone();
            other.satisfy(condition, turn);
            other.status = 202;
            all.push(other);
        }
        for (path, wanted) in condition["body"].as_object().into_iter().flatten() {
            let mut rest = condition.clone();
            if let Some(body) = rest["body"].as_object_mut() {
                body.remove(path);
            }
            let mut other = self.clone();
            other.satisfy(&rest, turn);
            if !wanted.is_null() {
                all.push(other.clone());
            }
            if !wanted.is_object() {
                put(&mut other.body, path, json!("another!+1"));
                all.push(other);
            }
        }
        all
    }
}

/// A JWT with these claims, which nobody verifies.
pub(crate) fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "none" })), part(claims))
}

fn number(value: &Value) -> u16 {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(200)
}

/// Puts a value at a path.
pub(crate) fn put(root: &mut Value, path: &str, value: Value) {
    let mut place = root;
    for step in path.split('.') {
        if let Ok(index) = step.parse::<usize>() {
            if !place.is_array() {
                *place = json!([]);
            }
            let Value::Array(items) = place else { return };
            items.resize(items.len().max(index + 1), Value::Null);
            place = &mut items[index];
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[step];
        }
    }
    *place = value;
}

/// How many ways there are of what has several: each turn takes one.
pub(crate) fn turns(definition: &Value, option: &Value) -> usize {
    let mut most = 1;
    let mut at_least = |count: usize| most = most.max(count);
    let config = &option["config"];
    for picks in [&config["tokenResponse"], &config["login"]["response"]] {
        picks.as_object().into_iter().flatten().for_each(|(_, pick)| at_least(list(pick)));
    }
    for call in option["afterConnect"].as_array().into_iter().flatten() {
        call["response"].as_object().into_iter().flatten().for_each(|(_, pick)| at_least(list(pick)));
        at_least(if call["choose"].is_object() { 2 } else { 1 });
        at_least(condition(&call["expect"]));
    }
    for (_, values) in config["callbackParameters"].as_object().into_iter().flatten() {
        at_least(list(&values["enum"]));
    }
    at_least(condition(&option["test"]["expect"]));
    let mut all = Vec::new();
    texts(option, &mut all);
    texts(&definition["baseUri"], &mut all);
    for part in all.into_iter().flat_map(parts) {
        if let Part::Placeholder { names, optional, literal } = part {
            at_least(if optional || literal.is_some() { 2 } else { names.len() });
        }
    }
    let has = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
    at_least(if has(&config["furtherTokens"]) || has(&option["apiClient"]["defaultHeaders"]) {
        2
    } else {
        1
    });
    for hint in option["apiClient"]["retry"].as_array().into_iter().flatten() {
        at_least(condition(hint));
    }
    let properties = option["inputSchema"]["properties"].as_object();
    at_least(if properties.is_some_and(|all| !all.is_empty()) { 2 } else { 1 });
    for (_, property) in properties.into_iter().flatten() {
        at_least(list(&property["enum"]));
    }
    most
}

fn list(value: &Value) -> usize {
    value.as_array().map_or(1, Vec::len)
}

/// How many ways there are to satisfy a condition.
pub(crate) fn condition(condition: &Value) -> usize {
    let values = condition["body"].as_object().into_iter().flatten().map(|(_, value)| list(value));
    values.chain([list(&condition["status"])]).max().unwrap_or(1)
}

impl Service {
    /// The names under which credentials come from elsewhere than a token response.
    fn named_elsewhere(&self) -> Vec<String> {
        let mut names: Vec<String> = ["access_token", "refresh_token", "oauth_token", "oauth_token_secret"]
            .map(str::to_owned)
            .to_vec();
        let mut members = |value: &Value| match value {
            Value::Object(members) => names.extend(members.keys().cloned()),
            Value::Array(items) => names.extend(items.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        };
        members(self.config("callbackParameters"));
        members(self.config("tokenResponse"));
        members(self.config("furtherTokens"));
        for call in self.option["afterConnect"].as_array().into_iter().flatten() {
            members(&call["response"]);
            members(&json!([call["choose"]["as"]]));
            members(&call["choose"]["response"]);
        }
        names
    }

    /// All templates in which credentials can stand.
    fn templates(&self) -> Vec<&str> {
        let mut all = Vec::new();
        texts(&self.definition["baseUri"], &mut all);
        texts(&self.option, &mut all);
        all
    }

    /// The fields that a token response has because templates name them.
    pub(crate) fn named_fields(&self) -> Value {
        let elsewhere = self.named_elsewhere();
        let (mut fields, mut claims) = (json!({}), Map::<String, Value>::new());
        for part in self.templates().into_iter().flat_map(parts) {
            let Part::Placeholder { names, optional, .. } = part else { continue };
            let name = names.get(self.turn % names.len().max(1)).copied().unwrap_or_default();
            let Some(path) = name.strip_prefix("credentials.") else { continue };
            let first = path.split('.').next().unwrap_or_default().to_owned();
            if elsewhere.contains(&first) || (optional && self.turn % 2 == 1) {
                continue;
            }
            match path.split_once(".@jwt.") {
                Some((token, claim)) => {
                    let claims = claims.entry(token).or_insert_with(|| json!({}));
                    put(claims, claim, json!(format!("{claim}!+1")));
                }
                None => put(&mut fields, path, self.value_of(path)),
            }
        }
        for (token, claims) in claims {
            put(&mut fields, &token, json!(jwt(&claims)));
        }
        fields
    }

    /// A value for these credentials: a host or an address where templates have it there, and otherwise a text that has to
    /// be encoded.
    pub(crate) fn value_of(&self, path: &str) -> Value {
        let placeholder = format!("${{credentials.{path}");
        let is_it = |rest: &str| rest.starts_with(['}', ' ', '?']);
        for template in self.templates() {
            let Some((before, after)) = template.split_once(&placeholder) else { continue };
            if !is_it(after) {
                continue;
            }
            let is_host = before.strip_prefix("https://").is_some_and(|host| !host.contains('/'));
            let label = path.to_lowercase().replace(['.', '_'], "-");
            if before.is_empty() && (template.contains("}/") || self.definition["baseUri"] == template) {
                return json!(format!("https://{label}-{}.service.example/v{}", self.turn, self.issued));
            }
            if is_host {
                return json!(format!("{label}-{}", self.turn));
            }
        }
        json!(format!("{path}!+{}", self.turn))
    }
}
