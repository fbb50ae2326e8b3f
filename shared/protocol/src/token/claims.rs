//! The claims of the token (RFC 7519 §4, and those of our own contract).

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{CustomerId, WorkspaceKey};

use super::{Caller, Customer, Scopes, TokenRules, refused};

/// The longest customer id, in bytes. An index's sort key holds it percent-encoded, beside a time and an id, in 1,024
/// bytes.
const MAX_CUSTOMER_ID: usize = 255;

/// The lead that the workspace's clock may have over ours before `nbf`, `iat` or a distant `exp` refuses its fresh
/// tokens, in milliseconds.
const LEEWAY: f64 = 60_000.0;

pub(super) struct Claims(pub(super) Map<String, Value>);

/// True if a customer can have this id.
#[must_use]
pub fn is_customer_id(id: &str) -> bool {
    (1..=MAX_CUSTOMER_ID).contains(&id.len()) && !id.chars().any(char::is_control)
}

impl Claims {
    /// The workspace's key, under either of its names.
    pub(super) fn workspace(&self) -> Result<&str> {
        let key = match (self.text("iss")?, self.text("workspaceKey")?) {
            (Some(iss), Some(key)) if iss != key => {
                return Err(refused(
                    "The token names two different workspaces, in `iss` and in `workspaceKey`.",
                ));
            }
            (iss, key) => iss.or(key),
        };
        key.filter(|key| !key.is_empty())
            .ok_or_else(|| refused("The token names no workspace: `iss` must be the workspace's key."))
    }

    /// Checks `exp` (RFC 7519 §4.1.4), which is required and not too distant, `nbf` (§4.1.5) and `iat` (§4.1.6).
    pub(super) fn check_time(&self, now: Timestamp, rules: &TokenRules) -> Result<()> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds fit into 53 bits for 285,000 years")]
        let now = now.0 as f64;
        let Some(expires) = self.moment("exp")? else {
            return Err(refused("The token has no `exp`: tokens must expire."));
        };
        if expires <= now {
            return Err(refused("The token has expired."));
        }
        if expires > now + rules.lifetime.as_secs_f64() * 1000.0 + LEEWAY {
            let seconds = rules.lifetime.as_secs();
            return Err(refused(format!(
                "The token's `exp` is more than {seconds} seconds ahead, which is the workspace's limit."
            )));
        }
        if self.moment("nbf")?.is_some_and(|not_before| not_before > now + LEEWAY) {
            return Err(refused("The token is not valid yet (`nbf`)."));
        }
        if self.moment("iat")?.is_some_and(|issued| issued > now + LEEWAY) {
            return Err(refused("The token was issued in the future (`iat`)."));
        }
        Ok(())
    }

    /// Checks `aud` (RFC 7519 §4.1.3): one text, or a list of texts, that has the workspace's audience. A workspace that
    /// names none does not look at it.
    pub(super) fn check_audience(&self, rules: &TokenRules) -> Result<()> {
        let Some(audience) = &rules.audience else { return Ok(()) };
        let named = match self.0.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one == audience.as_str()),
            _ => false,
        };
        if named { Ok(()) } else { Err(refused("The token is not for the workspace's audience (`aud`).")) }
    }

    /// Whom the token is about (RFC 7519 §4.1.2). Only the log looks at it.
    pub(super) fn subject(&self) -> Option<&str> {
        self.0.get("sub").and_then(Value::as_str)
    }

    pub(super) fn into_caller(mut self, workspace: &WorkspaceKey) -> Result<Caller> {
        let workspace = workspace.clone();
        let scopes = self.scopes()?;
        let id = match (self.customer_id("id")?, self.customer_id("tenantKey")?) {
            (Some(id), Some(tenant_key)) if id != tenant_key => {
                return Err(refused("The token names two different customers, in `id` and in `tenantKey`."));
            }
            (id, tenant_key) => id.or(tenant_key),
        };
        // A token that names a customer stays a customer's, whatever else it claims: the narrower reading is the safe
        // one. And one that lost its customer on the way is nobody's, whatever its scopes: `isAdmin` must be said.
        let Some(id) = id else {
            return if self.is_admin() {
                Ok(Caller::Admin { workspace, scopes })
            } else {
                Err(refused("The token names no customer: `id` must be the customer's id."))
            };
        };
        let name = self.text("name")?.map(str::to_owned);
        let fields = match self.0.remove("fields") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(refused("The token's `fields` is no object.")),
        };
        Ok(Caller::Customer(Customer { workspace, id, name, fields, scopes }))
    }

    /// What the token is limited to (RFC 8693 §4.2). `scopes` and `scp` are what other issuers call the claim: whoever
    /// writes them means a limit, and a limit that is not read would be none.
    fn scopes(&self) -> Result<Scopes> {
        if let Some(other) = ["scopes", "scp"].into_iter().find(|name| self.0.contains_key(*name)) {
            return Err(refused(format!("The token has `{other}`: the claim that limits it is `scope`.")));
        }
        match self.0.get("scope") {
            None => Ok(Scopes::UNLIMITED),
            Some(Value::String(claim)) => Scopes::of_claim(claim),
            Some(_) => {
                Err(refused("The token's `scope` is no string: scopes stand in one, with spaces between."))
            }
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(refused(format!("The token's `{name}` is no string."))),
        }
    }

    /// A `NumericDate` (RFC 7519 §2), in milliseconds.
    fn moment(&self, name: &str) -> Result<Option<f64>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(seconds) if seconds.is_finite() => Ok(Some(seconds * 1000.0)),
                _ => Err(refused(format!("The token's `{name}` is no number of seconds since 1970."))),
            },
        }
    }

    fn customer_id(&self, name: &str) -> Result<Option<CustomerId>> {
        let id = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(id)) => id.clone(),
            // Only whole numbers that are held exactly count: rounding could make one customer of two long ids.
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
            Some(_) => {
                return Err(refused(format!("The token's `{name}` is neither a string nor an integer.")));
            }
        };
        if !is_customer_id(&id) {
            return Err(refused(format!(
                "The token's `{name}` must have 1 to {MAX_CUSTOMER_ID} bytes, and no control characters."
            )));
        }
        Ok(Some(CustomerId::new(id)))
    }

    /// True if `isAdmin` is `true`, or the text `true`. Anything else is more likely a mistake than meant: `"false"`,
    /// `"no"`, `1`.
    fn is_admin(&self) -> bool {
        match self.0.get("isAdmin") {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }
}
