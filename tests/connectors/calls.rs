//! The calls that a definition describes, and those that go through the proxy: what is in them, and what authenticates them.

use serde_json::{Value, json};

use crate::Checked;
use crate::expected::{Body, Expected, Pairs};
use crate::service::Service;
use crate::signing::Signing;
use crate::stage::ACCEPTED;

/// Why a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Login,
    Completing,
    Test,
    Revoke,
    Proxied,
}

impl Service {
    /// A call that the definition describes. `authenticated` says whether `apiClient` belongs to it.
    pub(crate) fn call(&self, call: &Value, purpose: Purpose) -> Checked<Expected> {
        let path = call["path"].as_str().or(call["uri"].as_str()).ok_or("the call has no path")?;
        let base = self.base();
        let template = if path.starts_with('/') { format!("{base}{path}") } else { path.to_owned() };
        let usual = if matches!(purpose, Purpose::Login | Purpose::Revoke) { "POST" } else { "GET" };
        let method = call["method"].as_str().unwrap_or(usual);
        let mut expected = self.expected(method, self.values.address(&template)?);
        expected.query = self.values.pairs(&call["query"])?;
        if call["basic"].is_object() {
            self.basic(&mut expected, &call["basic"])?;
        }
        for (name, value) in self.values.pairs(&call["headers"])? {
            expected.headers.insert(name.to_lowercase(), value);
        }
        let is_default = purpose != Purpose::Login && self.default_headers()?.contains_key("accept");
        if purpose != Purpose::Revoke && !is_default {
            expected.headers.entry("accept".to_owned()).or_insert_with(|| "application/json".to_owned());
        }
        let format =
            call["bodyFormat"].as_str().unwrap_or(if purpose == Purpose::Login { "json" } else { "form" });
        if let Some(body) = call.get("body") {
            expected.body = self.body(body, format)?;
        }
        expected.split_address()?;
        if purpose == Purpose::Login {
            expected.signing = Signing::of(&call["signing"], &self.values);
            expected.certificate = self.certificate(false)?;
        } else {
            self.api_client(&mut expected, purpose)?;
        }
        Ok(expected)
    }

    /// The address of the API: the option's own, or that of the definition.
    fn base(&self) -> &str {
        self.option["baseUri"].as_str().or(self.definition["baseUri"].as_str()).unwrap_or_default()
    }

    /// A caller's request through the proxy, with these headers of their own.
    pub(crate) fn proxied(&self, path: &str, own: &Pairs) -> Checked<Expected> {
        let base = self.values.address(self.base())?;
        let mut expected =
            self.expected(self.callers_method().as_str(), format!("{}/{path}", base.trim_end_matches('/')));
        expected.split_address()?;
        if let Some(body) = self.callers_body() {
            expected.body = Body::Json(body);
        }
        // The caller's own take the place of defaults, and not of what authenticates.
        self.authenticating(&mut expected, Purpose::Proxied)?;
        for (name, value) in own {
            expected.headers.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self.defaults(&mut expected)?;
        Ok(expected)
    }

    /// The headers of a caller through the proxy. In even turns they leave the definition its own; in odd ones they have another
    /// one of each name.
    pub(crate) fn callers(&self) -> Checked<Pairs> {
        let accept = ("accept".to_owned(), ACCEPTED.to_owned());
        if self.turn.is_multiple_of(2) {
            return Ok(vec![accept]);
        }
        let own = self.default_headers()?.into_keys().filter(|name| name != "accept");
        Ok(own.map(|name| (name, "caller's own".to_owned())).chain([accept]).collect())
    }

    /// What a caller sends through the proxy. Where credentials stand in bodies, it has one, with a member in their place; in
    /// odd turns it has none.
    pub(crate) fn callers_body(&self) -> Option<Value> {
        let added = self.option["apiClient"]["body"].as_object().filter(|_| self.turn.is_multiple_of(2))?;
        let mut body = json!({ "own": { "amount": 1.5 } });
        for name in added.keys() {
            body[name] = json!("caller's own");
        }
        Some(body)
    }

    /// The method of that request.
    pub(crate) fn callers_method(&self) -> http::Method {
        if self.option["apiClient"]["body"].is_object() { http::Method::POST } else { http::Method::GET }
    }

    pub(crate) fn basic(&self, expected: &mut Expected, basic: &Value) -> Checked {
        let part = |name: &str| match basic[name].as_str() {
            Some(template) => self.values.optional(template).map(Option::unwrap_or_default),
            None => Ok(String::new()),
        };
        expected.basic(&part("username")?, &part("password")?);
        Ok(())
    }

    fn body(&self, body: &Value, format: &str) -> Checked<Body> {
        let text = || self.values.text(body.as_str().unwrap_or_default());
        Ok(match format {
            "json" => Body::Json(self.values.json(body)?.unwrap_or_else(|| json!({}))),
            "text" => Body::Text("text/plain", text()?),
            "xml" => Body::Text("application/xml", text()?),
            _ => {
                let filled = self.values.json(body)?.unwrap_or_default();
                let members = filled.as_object().into_iter().flatten();
                let value = |value: &Value| crate::template::text(value).unwrap_or_default();
                Body::Form(members.map(|(name, member)| (name.clone(), value(member))).collect())
            }
        })
    }

    /// What every request to the API has.
    fn api_client(&self, expected: &mut Expected, purpose: Purpose) -> Checked {
        self.authenticating(expected, purpose)?;
        self.defaults(expected)
    }

    /// What authenticates every request to the API. A call after connecting may lack some of it.
    fn authenticating(&self, expected: &mut Expected, purpose: Purpose) -> Checked {
        let client = &self.option["apiClient"];
        let filled = |named: &Value| -> Checked<Pairs> {
            let mut filled = Vec::new();
            for (name, template) in named.as_object().into_iter().flatten() {
                match self.values.optional(template.as_str().unwrap_or_default()) {
                    Ok(value) => filled.extend(value.map(|value| (name.clone(), value))),
                    Err(_) if purpose == Purpose::Completing => {}
                    Err(problem) => return Err(problem),
                }
            }
            Ok(filled)
        };
        for (name, value) in filled(&client["query"])? {
            expected.replace_query(&name, value);
        }
        let is_own = expected.headers.contains_key("authorization");
        if client["basic"].is_object() && !is_own {
            self.basic(expected, &client["basic"])?;
        }
        for (name, value) in filled(&client["headers"])? {
            expected.headers.entry(name.to_lowercase()).or_insert(value);
        }
        add_to_body(expected, filled(&client["body"])?)?;
        expected.signing = Signing::of(&client["signing"], &self.values);
        expected.certificate = self.certificate(true)?;
        if self.is("oauth1") {
            expected.oauth1 = Some(self.signature(self.token()?));
        }
        Ok(())
    }

    fn default_headers(&self) -> Checked<std::collections::BTreeMap<String, String>> {
        let defaults = self.values.pairs(&self.option["apiClient"]["defaultHeaders"])?;
        Ok(defaults.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect())
    }

    fn defaults(&self, expected: &mut Expected) -> Checked {
        for (name, value) in self.default_headers()? {
            expected.headers.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The certificate in the handshake of requests to the API, or of those that get tokens.
    pub(crate) fn certificate(&self, is_api: bool) -> Checked<Option<String>> {
        let described = &self.option["clientCertificate"];
        match described["certificate"].as_str() {
            Some(template) if !is_api || described["forApi"] == true => self.values.text(template).map(Some),
            _ => Ok(None),
        }
    }
}

/// Adds the credentials that stand in the body of a request.
fn add_to_body(expected: &mut Expected, added: Pairs) -> Checked {
    if added.is_empty() {
        return Ok(());
    }
    let has_one = matches!(expected.method.as_str(), "POST" | "PUT" | "PATCH");
    match &mut expected.body {
        Body::Json(Value::Object(members)) => {
            members.extend(added.into_iter().map(|(name, value)| (name, value.into())));
        }
        Body::Form(fields) => {
            fields.retain(|(known, _)| added.iter().all(|(name, _)| name != known));
            fields.extend(added);
        }
        Body::None if has_one => {
            expected.body =
                Body::Json(added.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
        }
        Body::None => {}
        _ => return Err("credentials cannot be added to this body".to_owned()),
    }
    Ok(())
}
