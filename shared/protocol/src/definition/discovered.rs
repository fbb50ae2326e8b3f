//! What is known of an issuer from its own metadata: settings that the definition itself leaves open. They are read once,
//! when the integration is defined, and stored with the definition.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{web_address, web_address_problem};
use super::checker::Checker;
use super::problem::UNDISCOVERED;
use super::template::Address;
use crate::redirect_uri::{Loopback, OwnRoutes};

/// The settings that metadata gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Discovered {
    /// When the metadata was read (RFC 3339).
    pub on: String,
    /// The address that it was read from.
    pub from: String,
    /// The settings, by their names in `config`.
    pub config: Map<String, Value>,
}

impl Discovered {
    /// The settings of an option: its own, and below them what was discovered.
    pub(super) fn below(&self, own: &Value) -> Value {
        let mut config = self.config.clone();
        match own {
            Value::Object(own) => {
                let given = own.iter().filter(|(_, value)| !value.is_null());
                config.extend(given.map(|(setting, value)| (setting.clone(), value.clone())));
            }
            Value::Null => {}
            // It is no object, and is refused as what it is.
            other => return other.clone(),
        }
        config.into()
    }
}

/// Notes an endpoint that is missing. What nobody can use lacks nothing that metadata would name.
pub(super) fn refuse_missing(setting: &str, has_issuer: bool, checker: &mut Checker<'_>) {
    match (has_issuer, checker.option.enabled) {
        (true, true) => checker.refuse(setting, UNDISCOVERED),
        (true, false) => {}
        (false, _) => checker.refuse(setting, "is missing"),
    }
}

/// The reason why an address from outside cannot be an endpoint. It would be read as a template, and metadata has no say in
/// what goes into those.
#[must_use]
pub fn discovered_endpoint_problem(address: &str, loopback: Loopback, own: &OwnRoutes) -> Option<String> {
    if address.contains("${") || address.contains("{{") {
        return Some("has a placeholder in it".to_owned());
    }
    let problem = web_address_problem(address, loopback, own);
    problem.or_else(|| match Address::parse(address) {
        Ok(address) => address.problem(loopback, own),
        Err(error) => Some(error.message().to_owned()),
    })
}

/// True if the text can be an issuer's identifier (RFC 8414 §2).
#[must_use]
pub fn is_issuer(issuer: &str, loopback: Loopback) -> bool {
    issuer_problem(issuer, loopback).is_none()
}

pub(super) fn issuer_problem(issuer: &str, loopback: Loopback) -> Option<&'static str> {
    if issuer.contains("${") {
        return Some(
            "has a placeholder, which no issuer has. Nothing can be discovered there: leave it out, and give \
             authorizeUri and tokenUri",
        );
    }
    if web_address(issuer, loopback).is_err() || issuer.contains(['?', '#']) {
        return Some("must be an https address without query and fragment (RFC 8414 §2)");
    }
    None
}
