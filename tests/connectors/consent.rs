//! What a service does in the browser, and what it revokes when a customer connects anew.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::Checked;
use crate::service::{CODE, Service};

impl Service {
    /// Remembers the credentials of the last connection.
    pub(crate) fn hold(&mut self) {
        if self.values.credentials["access_token"].is_string() {
            self.held = self.values.credentials.clone();
        }
    }

    /// The credentials that are revoked when others take their place.
    pub(crate) fn revocable(&mut self) -> Option<Value> {
        self.hold();
        self.revokes_each_token().then(|| self.held.clone())
    }

    /// Whether a revocation ends one token and no other one.
    pub(crate) fn revokes_each_token(&self) -> bool {
        match &self.option["revoke"] {
            Value::Object(call) => call.get("perToken") == Some(&json!(true)),
            _ => *self.config("revocationPerToken") == true && self.config("revocationUri").is_string(),
        }
    }

    /// Whether an item that is chosen after the connection has this name.
    fn is_chosen(&self, name: &str) -> bool {
        let calls = self.option["afterConnect"].as_array();
        calls.into_iter().flatten().any(|call| call["choose"]["as"] == name)
    }

    /// The parameters of the callback that are kept.
    pub(crate) fn named_in_the_callback(&self) -> Vec<String> {
        match self.config("callbackParameters") {
            Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Object(described) => described.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Where the service sends the browser after the customer's consent.
    pub(crate) fn back(&mut self, state: &str) -> Checked<String> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let code = self.config("callbackNames")["code"].as_str().unwrap_or("code").to_owned();
        pairs.push((code, CODE.to_owned()));
        pairs.push(("state".to_owned(), state.to_owned()));
        let kept = self.config("callbackParameters").clone();
        let mut values: Vec<(String, String)> = Vec::new();
        for name in kept.as_array().into_iter().flatten().filter_map(Value::as_str) {
            values.push((name.to_owned(), format!("{name}!+1")));
        }
        for (name, described) in kept.as_object().into_iter().flatten() {
            let several = described["enum"].as_array().filter(|several| !several.is_empty());
            let value =
                several.map(|several| several[self.turn % several.len()].as_str().unwrap_or_default());
            values.push((name.clone(), value.map_or_else(|| format!("{name}!+1"), str::to_owned)));
        }
        for (name, value) in &mut values {
            if self.is_chosen(name) {
                // It names one of the items.
                *value = format!("{}2", self.value_of(name).as_str().unwrap_or_default());
            }
        }
        self.know(values.iter().map(|(name, value)| (name.clone(), json!(value))));
        pairs.extend(values);
        if let Some(issuer) = self.config("issuer").as_str() {
            pairs.push(("iss".to_owned(), issuer.to_owned()));
        }
        if let Some(name) = self.config("callbackHmac")["parameter"].as_str() {
            let mut texts: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            texts.sort();
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.client()?.1.as_bytes());
            let tag = aws_lc_rs::hmac::sign(&key, texts.join("&").as_bytes());
            pairs.push((name.to_owned(), hex(tag.as_ref())));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Ok(format!("{}?{query}", self.callback))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
