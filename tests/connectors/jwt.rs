//! The JWTs and random texts in a request: what is signed is verified with the test's key.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::Checked;
use crate::entered::KEY;
use crate::template::Values;

/// What a request's JWTs must be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jwts {
    /// The option's `signed`.
    pub(crate) signed: Value,
    pub(crate) values: Values,
    /// The time of the request, in seconds.
    pub(crate) now: i64,
    /// What has been seen: each is fresh.
    pub(crate) seen: Arc<Mutex<BTreeSet<String>>>,
    /// The code challenge, and its method.
    pub(crate) challenge: Option<(String, String)>,
}

/// Stands for the code verifier of the challenge that came.
pub(crate) const VERIFIES: &str = "challenge";

impl Jwts {
    /// Checks a text that stands for `signed.name` or `random.name`.
    pub(crate) fn check(&self, name: &str, came: &str) -> Checked {
        if name == VERIFIES {
            return self.check_verifier(came);
        }
        let Some(name) = name.strip_prefix("signed.") else { return self.check_random(came) };
        let described = &self.signed[name];
        if described["algorithm"] != "RS256" {
            return Err(format!("no test for {}", described["algorithm"]));
        }
        let (header, claims) = KEY.checked(came).ok_or("the JWT is not signed by this key")?;
        let mut wanted_header = json!({ "alg": described["algorithm"], "typ": "JWT" });
        if let Some(id) =
            described["keyId"].as_str().map(|id| self.values.optional(id)).transpose()?.flatten()
        {
            wanted_header["kid"] = id.into();
        }
        for (name, value) in described["header"].as_object().into_iter().flatten() {
            wanted_header[name] = self.values.json(value)?.unwrap_or_default();
        }
        let mut wanted = self.values.json(&described["claims"])?.unwrap_or_else(|| json!({}));
        let lifetime = described["lifetime"].as_i64().unwrap_or(300);
        wanted["iat"] = self.now.into();
        wanted["exp"] = (self.now + lifetime).into();
        if described["nbf"] == true {
            wanted["nbf"] = self.now.into();
        }
        if described["jti"] == true {
            self.check_random(claims["jti"].as_str().unwrap_or_default())?;
            wanted["jti"] = claims["jti"].clone();
        }
        if (&header, &claims) != (&wanted_header, &wanted) {
            return Err(format!("the JWT is {header}.{claims} and not {wanted_header}.{wanted}"));
        }
        Ok(())
    }

    /// The code verifier fits the challenge (RFC 7636 §4.6).
    fn check_verifier(&self, came: &str) -> Checked {
        let (challenge, method) = self.challenge.as_ref().ok_or("there was no challenge")?;
        let digest = || URL_SAFE_NO_PAD.encode(digest(&SHA256, came.as_bytes()));
        let made = if method == "S256" { digest() } else { came.to_owned() };
        if made == *challenge && came.len() >= 43 {
            Ok(())
        } else {
            Err("it does not fit the challenge".to_owned())
        }
    }

    fn check_random(&self, came: &str) -> Checked {
        let is_fresh = self.seen.lock().unwrap().insert(came.to_owned());
        if came.len() < 16 || !is_fresh {
            return Err(format!("{came:?} is no fresh random text"));
        }
        Ok(())
    }
}
