//! Tokens (RFC 7519): what verifies is what was signed.

use arbitrary::Unstructured;
use protocol::id::WorkspaceKey;
use protocol::secret::Secret;
use protocol::token::{Caller, VerificationKeys, unverified_workspace_key};
use serde_json::{Map, Value, json};
use tests::clock::BEGINNING;
use tests::tokens::{Pair, WORKSPACE, WORKSPACE_SECRET, in_an_hour, signed};

use crate::grammar::{chance, json_of, one_of};
use crate::inputs::{Inputs, assert_reached};
use crate::refusals::{MARK, assert_names_field, assert_silent};

fn claims() -> Value {
    json!({ "iss": WORKSPACE, "id": "user-1", "name": MARK, "fields": { "a": MARK }, "exp": in_an_hour() })
}

fn keys(pair: &Pair) -> VerificationKeys {
    let public = [pair.public_pem.clone()];
    VerificationKeys::new(Some(&Secret::from(WORKSPACE_SECRET)), &public).unwrap()
}

/// Asserts that a token which is not one of `genuine` is refused.
fn assert_genuine(keys: &VerificationKeys, genuine: &[String], token: &str) {
    match keys.verify(token, &WorkspaceKey::new(WORKSPACE), BEGINNING) {
        Ok(caller) => {
            assert!(genuine.iter().any(|one| one == token), "nobody signed {token}");
            assert_silent(&format!("{caller:?}"));
        }
        Err(error) => assert_names_field(&error),
    }
}

#[test]
fn another_byte_anywhere_makes_no_token() {
    let pair = Pair::p256();
    let keys = keys(&pair);
    let genuine = [signed(&claims(), WORKSPACE_SECRET), pair.sign(&claims())];
    for token in &genuine {
        assert!(keys.verify(token, &WorkspaceKey::new(WORKSPACE), BEGINNING).is_ok());
        for at in 0..token.len() {
            for byte in *b"AZaz09-_=.+/ \0~" {
                let mut other = token.clone().into_bytes();
                other[at] = byte;
                assert_genuine(&keys, &genuine, str::from_utf8(&other).unwrap());
            }
        }
    }
}

#[test]
fn what_verifies_was_signed() {
    let pair = Pair::p256();
    let keys = keys(&pair);
    let admin = json!({ "iss": WORKSPACE, "isAdmin": true, "exp": in_an_hour() });
    let genuine = [
        signed(&claims(), WORKSPACE_SECRET),
        signed(&admin, WORKSPACE_SECRET),
        pair.sign(&claims()),
        pair.sign(&admin),
    ];
    let words = &[".", "..", "eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9", "e30", "=", "Bearer "];
    for input in Inputs::mutated("tokens", 3_000).and(genuine.clone()).with_words(words) {
        let token = String::from_utf8_lossy(&input);
        assert_genuine(&keys, &genuine, &token);
        if let Err(error) = unverified_workspace_key(&token) {
            assert_names_field(&error);
        }
    }
}

/// The claims, as a grammar makes them: the right names with right and wrong values.
fn any_claims(draw: &mut Unstructured<'_>) -> Value {
    let mut claims = Map::new();
    for name in [
        "iss",
        "workspaceKey",
        "id",
        "tenantKey",
        "exp",
        "nbf",
        "iat",
        "aud",
        "isAdmin",
        "scope",
        "name",
        "fields",
        "sub",
        "scopes",
    ] {
        let is_there = match name {
            "iss" | "exp" => chance(draw, 15, 16),
            "id" => chance(draw, 3, 4),
            "isAdmin" => chance(draw, 1, 2),
            _ => chance(draw, 1, 8),
        };
        if !is_there {
            continue;
        }
        let usual = match name {
            "iss" | "workspaceKey" => json!(WORKSPACE),
            "id" | "tenantKey" => {
                one_of(draw, &[json!("user-1"), json!(7), json!(-1), json!(u64::MAX)]).clone()
            }
            "exp" | "nbf" | "iat" => {
                json!(in_an_hour() - one_of(draw, &[0, 1, 3600, 3601, -86_400, 1_000_000]))
            }
            "isAdmin" => json!(true),
            "scope" => json!("connect proxy"),
            "fields" => json!({ "plan": MARK }),
            _ => json!(MARK),
        };
        let value = if chance(draw, 5, 6) { usual } else { json_of(draw, 2) };
        // A scope is no secret: the refusal of one that is none repeats it.
        if name == "scope" && value.to_string().contains(MARK) {
            continue;
        }
        claims.insert(name.to_owned(), value);
    }
    Value::Object(claims)
}

#[test]
fn a_signed_token_says_what_its_claims_say() {
    let keys = keys(&Pair::p256());
    let workspace = WorkspaceKey::new(WORKSPACE);
    let (mut customers, mut admins, mut refused) = (0, 0, 0);
    for input in Inputs::drawn("claims", 3_000) {
        let claims = any_claims(&mut Unstructured::new(&input));
        let caller = match keys.verify(&signed(&claims, WORKSPACE_SECRET), &workspace, BEGINNING) {
            Ok(caller) => caller,
            Err(error) => {
                refused += 1;
                assert_names_field(&error);
                continue;
            }
        };
        // Read once more, by another hand.
        let names = |name: &str| claims.get(name).filter(|value| !value.is_null());
        for name in ["iss", "workspaceKey"] {
            assert!(names(name).is_none_or(|value| value == WORKSPACE), "{claims}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a second's time fits")]
        let now = BEGINNING.seconds() as f64;
        let expires = claims["exp"].as_f64().unwrap();
        assert!(expires > now && expires <= now + 86_460.0, "{claims}");
        for name in ["nbf", "iat"] {
            assert!(names(name).is_none_or(|value| value.as_f64().unwrap() <= now + 60.0), "{claims}");
        }
        let ids: Vec<String> = ["id", "tenantKey"]
            .into_iter()
            .filter_map(names)
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned))
            .collect();
        match &caller {
            Caller::Customer(customer) => {
                customers += 1;
                assert!(!ids.is_empty() && ids.iter().all(|id| *id == customer.id.as_str()), "{claims}");
            }
            Caller::Admin { .. } => {
                admins += 1;
                assert!(ids.is_empty() && claims["isAdmin"] == true, "{claims}");
            }
        }
        assert_eq!(caller.scopes().names().is_some(), claims.get("scope").is_some(), "{claims}");
        assert_silent(&format!("{caller:?}"));
    }
    assert_reached(
        customers > 100 && admins > 10 && refused > 100,
        &format!("{customers} {admins} {refused}"),
    );
}
