//! The ID token (OpenID Connect Core 1.0 §2), as far as it says whose tokens these are.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::json::claims;

/// An account at a provider: `sub` is unique only with `iss`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Subject {
    #[serde(default)]
    iss: Option<String>,
    sub: String,
}

/// Returns the account that credentials belong to, if they have an ID token. Its signature is not checked: it came from
/// the token endpoint itself (§3.1.3.7). It says which account this is, and nothing else is taken from it.
#[must_use]
pub fn subject(credentials: &Map<String, Value>) -> Option<Subject> {
    let subject: Subject = claims(credentials.get("id_token")?.as_str()?)?;
    (!subject.sub.is_empty()).then_some(subject)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn of(claims: &Value) -> Option<Subject> {
        let token = format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims.to_string()));
        subject(json!({ "id_token": token }).as_object().unwrap())
    }

    #[test]
    fn an_account_is_its_issuer_and_its_subject() {
        let ada = of(&json!({ "iss": "https://a.example", "sub": "1", "exp": 5 }));
        assert!(ada.is_some());
        assert_eq!(ada, of(&json!({ "iss": "https://a.example", "sub": "1", "exp": 9, "aud": ["b"] })));
        assert_ne!(ada, of(&json!({ "iss": "https://b.example", "sub": "1" })));
        assert_ne!(ada, of(&json!({ "iss": "https://a.example", "sub": "2" })));
        assert_ne!(ada, of(&json!({ "sub": "1" })));
    }

    #[test]
    fn what_names_no_account_is_none() {
        for claims in [json!({}), json!({ "sub": "" }), json!({ "sub": 1 }), json!([]), json!("sub")] {
            assert_eq!(of(&claims), None, "{claims}");
        }
        for credentials in [json!({}), json!({ "id_token": 1 }), json!({ "id_token": "a.!.c" })] {
            assert_eq!(subject(credentials.as_object().unwrap()), None, "{credentials}");
        }
    }
}
