//! Scopes (RFC 6749 §3.3): which ones a start may ask for, and which ones the authorization request does.

use serde_json::Value;

use super::callback_settings::ConsentGrant;
use super::checker::Checker;
use super::oauth2::OAuth2;
use super::scopes_by_caller::ScopesByCaller;
use super::template::Values;
use crate::error::{Error, ErrorKey, Result};

/// The most scopes that a start may name.
const MOST_SCOPES: usize = 100;

/// The most that all of them weigh, in bytes.
const MAX_SCOPES: usize = 4 * 1024;

/// The scopes that a start names: at least one, and each a text that can be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenScopes {
    scopes: Vec<String>,
    field: &'static str,
}

impl GivenScopes {
    /// Reads an array of scopes, or a text with spaces between them. `field` held them. Nothing in it counts as absent.
    ///
    /// # Errors
    ///
    /// `request_malformed` that names the field.
    pub fn read(value: &Value, field: &'static str) -> Result<Option<Self>> {
        let mut scopes: Vec<String> = Vec::new();
        let mut add = |scope: &str| {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        };
        match value {
            Value::Null => {}
            Value::String(text) => text.split_ascii_whitespace().for_each(&mut add),
            Value::Array(items) => {
                for item in items {
                    add(item.as_str().ok_or_else(|| malformed(field))?);
                }
            }
            _ => return Err(malformed(field)),
        }
        if scopes.len() > MOST_SCOPES || scopes.iter().map(String::len).sum::<usize>() > MAX_SCOPES {
            return Err(Error::malformed(field, "names more than 100 scopes, or more than 4 KiB of them"));
        }
        if !scopes.iter().all(|scope| is_scope(scope)) {
            return Err(malformed(field));
        }
        Ok((!scopes.is_empty()).then_some(Self { scopes, field }))
    }

    /// The scopes.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// True if both name the same scopes, in whatever order.
    #[must_use]
    pub fn are(&self, others: &Self) -> bool {
        let has = |all: &Self, some: &Self| some.scopes.iter().all(|scope| all.scopes.contains(scope));
        has(self, others) && has(others, self)
    }

    /// The error for scopes where the option has none to choose.
    #[must_use]
    pub fn refusal(&self) -> Error {
        not_allowed(self.field, &self.scopes[0])
    }
}

/// What a start asks for beside, or in the place of, the option's own scopes.
#[derive(Debug, Clone, Default)]
pub struct AskedScopes {
    /// The scopes that the start names.
    pub given: Option<GivenScopes>,
    /// The scopes that the connection to reconnect keeps, if they are known.
    pub kept: Option<Vec<String>>,
    /// True if a connection is reconnected.
    pub reconnects: bool,
}

impl OAuth2 {
    /// The scopes of the authorization request: those that the start names, beside those that the connection has already;
    /// or the option's own.
    ///
    /// # Errors
    ///
    /// `scope_not_allowed` that names the first scope that a start may not ask for.
    pub fn requested_scopes(&self, values: &Values<'_>, asked: &AskedScopes) -> Result<Vec<String>> {
        let mut own = Vec::with_capacity(self.scopes.len());
        for scope in &self.scopes {
            own.extend(scope.render_optional(values)?);
        }
        let Some(given) = &asked.given else { return Ok(asked.kept.clone().unwrap_or(own)) };
        let named: Vec<&str> = given.scopes.iter().flat_map(|scope| self.parts(scope)).collect();
        if let Some(refused) = named.iter().find(|scope| !self.allows(&own, scope)) {
            return Err(not_allowed(given.field, refused));
        }
        let mut all = match &asked.kept {
            Some(kept) => kept.clone(),
            // It was made before its scopes were noted: with the option's own.
            None if asked.reconnects => own,
            None => Vec::new(),
        };
        for scope in named {
            if !all.iter().any(|known| known == scope) {
                all.push(scope.to_owned());
            }
        }
        Ok(all)
    }

    /// True if a start may ask for the scope. Tokens that are not the customer's are renewed with the option's own scopes.
    fn allows(&self, own: &[String], scope: &str) -> bool {
        match self.scopes_by_caller {
            _ if self.grant == ConsentGrant::ClientCredentials => false,
            ScopesByCaller::Any => true,
            ScopesByCaller::None => false,
            ScopesByCaller::Subset => {
                own.iter().chain(&self.allowed_scopes).any(|all| self.parts(all).any(|one| one == scope))
            }
        }
    }

    pub(super) fn check_scopes_by_caller(&self, checker: &mut Checker<'_>) {
        for (index, scope) in self.allowed_scopes.iter().enumerate() {
            checker.name(&format!("allowedScopes[{index}]"), scope);
        }
        if self.scopes_by_caller == ScopesByCaller::None && !self.allowed_scopes.is_empty() {
            checker.refuse("allowedScopes", "has no meaning with scopesByCaller none");
        }
    }

    /// The scopes in a text that may hold several.
    pub fn parts<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let separator = Some(self.scope_separator.as_str()).filter(|it| !it.is_empty()).unwrap_or(" ");
        text.split(separator).flat_map(str::split_ascii_whitespace).filter(|scope| !scope.is_empty())
    }
}

/// True if the text can be a scope (RFC 6749 §3.3).
#[must_use]
pub fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn malformed(field: &str) -> Error {
    Error::malformed(field, "must be an array of scopes, or a text of scopes with spaces between them")
}

fn not_allowed(field: &str, scope: &str) -> Error {
    let message = format!("A start may not ask for the scope `{scope}` with this option.");
    Error::new(ErrorKey::ScopeNotAllowed, message).field(field).with("scope", scope)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn given(value: &Value) -> Option<GivenScopes> {
        GivenScopes::read(value, "scopes").unwrap()
    }

    fn requested(config: &Value, asked: &AskedScopes) -> Result<Vec<String>> {
        let config: OAuth2 = serde_json::from_value(config.clone()).unwrap();
        config.requested_scopes(&Values::empty(&Map::new()), asked)
    }

    #[test]
    fn an_array_and_a_text_are_read_alike() {
        assert_eq!(given(&json!("a  b a")), given(&json!(["a", "b"])));
        for nothing in [json!(null), json!(""), json!(" "), json!([])] {
            assert_eq!(given(&nothing), None, "{nothing}");
        }
        let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
        for bad in [
            json!(1),
            json!({}),
            json!([1]),
            json!(["a b"]),
            json!([""]),
            json!(["ä"]),
            json!("a\"b"),
            json!(many),
        ] {
            let error = GivenScopes::read(&bad, "scopes").unwrap_err();
            assert_eq!(error.key(), ErrorKey::RequestMalformed, "{bad}");
        }
    }

    #[test]
    fn a_start_names_only_what_the_option_allows() {
        let own = json!({ "scopes": ["read", "write mail"], "allowedScopes": ["admin"] });
        let with = |policy: &str| {
            let mut config = own.clone();
            config["scopesByCaller"] = policy.into();
            config
        };
        let asked = |scopes: &str| AskedScopes { given: given(&json!(scopes)), ..AskedScopes::default() };
        assert_eq!(requested(&own, &asked("mail admin")).unwrap(), ["mail", "admin"]);
        assert_eq!(requested(&with("any"), &asked("else")).unwrap(), ["else"]);
        assert_eq!(requested(&with("none"), &AskedScopes::default()).unwrap(), ["read", "write mail"]);
        for (config, scopes) in [(&own, "read else"), (&with("none"), "read"), (&own, "READ")] {
            let error = requested(config, &asked(scopes)).unwrap_err();
            assert_eq!(error.key(), ErrorKey::ScopeNotAllowed, "{scopes}");
        }
    }

    /// With another separator no scope brings others along.
    #[test]
    fn each_scope_between_the_separators_is_checked() {
        let config = json!({ "scopes": ["read", "write"], "scopeSeparator": "," });
        let asked = |scopes: &str| AskedScopes { given: given(&json!([scopes])), ..AskedScopes::default() };
        assert_eq!(requested(&config, &asked("read,write")).unwrap(), ["read", "write"]);
        requested(&config, &asked("read,admin")).unwrap_err();
    }

    #[test]
    fn what_a_connection_has_is_asked_for_again() {
        let config = json!({ "scopes": ["read", "write"] });
        let (given, kept) = (given(&json!("write")), Some(vec!["old".to_owned()]));
        let asked = |given: &Option<GivenScopes>, kept: &Option<Vec<String>>, reconnects| {
            let asked = AskedScopes { given: given.clone(), kept: kept.clone(), reconnects };
            requested(&config, &asked).unwrap()
        };
        assert_eq!(asked(&given, &kept, true), ["old", "write"]);
        assert_eq!(asked(&given, &None, true), ["read", "write"]);
        assert_eq!(asked(&None, &kept, true), ["old"]);
        assert_eq!(asked(&None, &None, true), ["read", "write"]);
        assert_eq!(asked(&given, &None, false), ["write"]);
    }
}
