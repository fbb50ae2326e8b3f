//! Values that a team gives and a customer enters, made from the schemas.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::http::client_certificate::ClientCertificate;
use serde_json::{Map, Value, json};
use tests::jwt::SigningKey;

use crate::pattern::fitting;

/// The key that signs for the team or the customer, whichever a connector asks for.
pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(SigningKey::rsa);

/// A certificate and its key, both in PEM.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) certificate: String,
    key: String,
    /// By which the product knows it.
    pub(crate) id: [u8; 32],
}

/// The certificate by which the team or the customer authenticates.
pub(crate) static CERTIFICATE: LazyLock<Certified> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    };
    let certificate = pem("CERTIFICATE", made.cert.der());
    let key = pem("PRIVATE KEY", &made.signing_key.serialize_der());
    let id = ClientCertificate::read(&certificate, &key).unwrap().id();
    Certified { certificate, key, id }
});

/// What is entered for some names: keys and certificates, by what they are for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held {
    Key,
    Certificate,
    CertificateKey,
}

impl Held {
    fn text(self) -> &'static str {
        match self {
            Self::Key => &KEY.pem,
            Self::Certificate => &CERTIFICATE.certificate,
            Self::CertificateKey => &CERTIFICATE.key,
        }
    }
}

/// Values that fit a schema. In even turns all that it knows, in odd ones what it requires.
pub(crate) fn values(schema: &Value, held: &[(String, Held)], turn: usize) -> Value {
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let mut made = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if turn % 2 == 1 && !required(name) {
            continue;
        }
        let held = held.iter().find(|(known, _)| known == name);
        let made_of = || value(name, property, turn);
        made.insert(name.clone(), held.map_or_else(made_of, |(_, held)| json!(held.text())));
    }
    Value::Object(made)
}

fn value(name: &str, property: &Value, turn: usize) -> Value {
    let list = |setting: &str| property[setting].as_array().filter(|list| !list.is_empty());
    if let Some(several) = list("enum") {
        return several[turn % several.len()].clone();
    }
    if property["type"] == "object" {
        return values(property, &[], turn);
    }
    if property["type"] == "array" {
        return json!([value(name, &property["items"], turn)]);
    }
    if let Some(examples) = list("examples") {
        // Some end in an ellipsis, which is no value of a header.
        let example = &examples[turn % examples.len()];
        return example.as_str().map_or_else(|| example.clone(), |text| json!(text.replace('…', "x")));
    }
    if property["format"] == "email" {
        return json!("ada@acme.example");
    }
    match property["type"].as_str() {
        Some("integer" | "number") => json!(7),
        Some("boolean") => json!(true),
        _ => match property["pattern"].as_str() {
            Some(pattern) => json!(fitting(pattern, turn)),
            None => json!(format!("{name}!+1")),
        },
    }
}

/// What is entered, where customers paste the whole address that they see in their browser.
pub(crate) fn as_addresses(schema: &Value, entered: &Value) -> Value {
    let mut pasted = entered.clone();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let part = |setting: &str| property[setting].as_str().unwrap_or_default();
        let (prefix, suffix) = (part("prefix"), part("suffix"));
        let Some(value) = entered[name].as_str().filter(|_| !prefix.is_empty() || !suffix.is_empty()) else {
            continue;
        };
        let scheme = if prefix.starts_with("https://") { "" } else { "https://" };
        pasted[name] = json!(format!("{scheme}{prefix}{value}{suffix}/home"));
    }
    pasted
}

/// What is entered, with the defaults of what is not.
pub(crate) fn with_defaults(schema: &Value, entered: &Value) -> Value {
    let mut whole = entered.clone();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let (Some(default), Some(whole)) = (property.get("default"), whole.as_object_mut()) {
            whole.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    whole
}
