mod signer;

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use signer::Signer;

const SECRET: &str = "client!+secret-client!+secret-client!+secret";
const NOW: Timestamp = Timestamp(1_767_225_600_000);
const EXP: i64 = 1_767_225_601;

fn demo() -> WorkspaceKey {
    WorkspaceKey::new("demo")
}

#[test]
fn every_algorithm_verifies_and_only_with_its_own_key() {
    let secret = Secret::from(SECRET);
    let signers = Signer::all(SECRET);
    assert_eq!(signers.len(), 12);
    for signer in &signers {
        let keys = match &signer.public_key {
            None => VerificationKeys::new(Some(&secret), &[]),
            Some(pem) => VerificationKeys::new(None, std::slice::from_ref(pem)),
        };
        let keys = keys.unwrap();
        let token = signer.sign(&customer());
        assert!(keys.verify(&token, &demo(), NOW).is_ok(), "{}", signer.algorithm);
        let mut forged = token.clone();
        forged.replace_range(token.rfind('.').unwrap() - 2..token.rfind('.').unwrap(), "AA");
        assert_refused(keys.verify(&forged, &demo(), NOW), "signature");
        for other in &signers {
            let verified = keys.verify(&other.sign(&customer()), &demo(), NOW).is_ok();
            assert_eq!(
                verified,
                signer.key_id == other.key_id,
                "{} by {}",
                other.algorithm,
                signer.algorithm
            );
        }
    }
}

#[test]
fn a_rotated_key_is_found_among_several() {
    let signers = Signer::all(SECRET);
    let all: Vec<String> = signers.iter().filter_map(|signer| signer.public_key.clone()).collect();
    let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &all).unwrap();
    for signer in &signers {
        assert!(keys.verify(&signer.sign(&customer()), &demo(), NOW).is_ok(), "{}", signer.algorithm);
    }
}

#[test]
fn the_header_cannot_choose_an_algorithm_that_the_key_does_not_allow() {
    let signers = Signer::all(SECRET);
    for signer in signers.iter().filter(|signer| signer.public_key.is_some()) {
        let pem = signer.public_key.clone().unwrap();
        let keys = VerificationKeys::new(None, std::slice::from_ref(&pem)).unwrap();
        for text in [pem.as_str(), pem.trim(), &format!("{pem}\n")] {
            let confused = Signer::hmac("HS256", text).sign(&customer());
            assert_refused(keys.verify(&confused, &demo(), NOW), "no key");
        }
    }
    let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", "", "hs256", "HS1", "ES256K", "ES512", "RSA1_5", "HS256 "] {
        let header = json!({ "alg": alg });
        assert_refused(keys.verify(&signer::unsigned(&header, &customer()), &demo(), NOW), "algorithm");
        assert_refused(
            keys.verify(&signer::relabelled(SECRET, &header, &customer()), &demo(), NOW),
            "algorithm",
        );
    }
    for header in [json!({}), json!({ "alg": null }), json!({ "alg": ["HS256"] }), json!({ "typ": "JWT" })] {
        assert_refused(
            keys.verify(&signer::relabelled(SECRET, &header, &customer()), &demo(), NOW),
            "algorithm",
        );
    }
    let critical = json!({ "alg": "HS256", "crit": ["b64"], "b64": false });
    assert_refused(
        keys.verify(&signer::relabelled(SECRET, &critical, &customer()), &demo(), NOW),
        "critical",
    );
    assert_refused(
        keys.verify(&signer::unsigned(&json!({ "alg": "HS256" }), &customer()), &demo(), NOW),
        "signature",
    );
}

#[test]
fn a_workspace_without_keys_accepts_nothing() {
    let keys = VerificationKeys::new(None, &[]).unwrap();
    for signer in Signer::all("") {
        assert_refused(keys.verify(&signer.sign(&customer()), &demo(), NOW), "no key");
    }
    let empty = VerificationKeys::new(Some(&Secret::from("")), &[]).unwrap_err();
    assert_eq!(empty.data()["field"], "secret");
}

#[test]
fn times_are_checked_against_the_given_clock() {
    let at = |name: &str, value: Value| verify(&with(name, value));
    assert_refused(verify(&without("exp")), "no `exp`");
    for (exp, fault) in [
        (json!(null), "no `exp`"),
        (json!("1767225601"), "`exp` is no number"),
        (json!(true), "`exp` is no number"),
        (json!([EXP]), "`exp` is no number"),
        (json!(EXP - 1), "expired"),
        (json!(0), "expired"),
        (json!(-1.5e300), "expired"),
        (json!(1_767_225_599.999), "expired"),
    ] {
        assert_refused(at("exp", exp), fault);
    }
    assert!(at("exp", json!(1_767_225_600.001)).is_ok());
    let day = 86_400;
    assert!(at("exp", json!(EXP - 1 + day + 60)).is_ok());
    assert_refused(at("exp", json!(EXP + day + 60)), "more than 86400 seconds ahead");
    assert_refused(at("exp", json!(u64::MAX)), "more than 86400 seconds ahead");
    assert!(at("iat", json!(EXP + 59)).is_ok());
    assert_refused(at("iat", json!(EXP + 60)), "issued in the future");
    assert_refused(at("iat", json!("0")), "`iat` is no number");
    assert!(at("nbf", json!(EXP + 59)).is_ok());
    assert_refused(at("nbf", json!(EXP + 60)), "not valid yet");
    assert_refused(at("nbf", json!("0")), "`nbf` is no number");
    let infinite = raw_claims(r#"{"iss":"demo","id":"7","exp":1e999}"#);
    assert_refused(verify_token(&infinite, NOW), "The token");
    assert!(verify_token(&token(&customer()), NOW + Duration::from_millis(999)).is_ok());
    assert_refused(verify_token(&token(&customer()), NOW + Duration::from_secs(1)), "expired");
}

#[test]
fn a_workspace_may_allow_more_time_or_less() {
    let verify = |exp: i64, lifetime: u64| {
        let rules = TokenRules { lifetime: Duration::from_secs(lifetime), ..TokenRules::default() };
        let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap().with_rules(rules);
        keys.verify(&token(&with("exp", json!(exp))), &demo(), NOW)
    };
    assert!(verify(EXP + 600 + 58, 600).is_ok());
    assert_refused(verify(EXP + 600 + 60, 600), "more than 600 seconds ahead");
    assert!(verify(EXP + 30 * 86_400, 31_536_000).is_ok());
}

#[test]
fn an_audience_is_checked_where_the_workspace_names_one() {
    let verify = |aud: Value, audience: Option<&str>| {
        let rules = TokenRules { audience: audience.map(str::to_owned), ..TokenRules::default() };
        let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap().with_rules(rules);
        keys.verify(&token(&with("aud", aud)), &demo(), NOW)
    };
    for aud in [json!("ours"), json!(["theirs", "ours"])] {
        assert!(verify(aud.clone(), Some("ours")).is_ok(), "{aud}");
    }
    for aud in
        [json!(null), json!("theirs"), json!(["theirs"]), json!([]), json!({ "ours": 1 }), json!("ours ")]
    {
        assert!(verify(aud.clone(), None).is_ok(), "{aud}");
        assert_refused(verify(aud, Some("ours")), "audience");
    }
}

#[test]
fn a_repeated_name_is_refused() {
    for claims in [
        r#"{"iss":"demo","id":"7","id":"8","exp":1767225601}"#,
        r#"{"iss":"demo","iss":"demo","id":"7","exp":1767225601}"#,
        r#"{"iss":"demo","id":"7","exp":1,"exp":1767225601}"#,
        r#"{"iss":"demo","id":"7","isAdmin":false,"\u0069sAdmin":true,"exp":1767225601}"#,
    ] {
        assert_refused(verify_token(&raw_claims(claims), NOW), "unique names");
    }
}

#[test]
fn a_replaced_secret_verifies_until_its_end() {
    let until = NOW + Duration::from_millis(500);
    let old = Secret::from("the secret before this one, long enough to sign");
    let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap().with_previous(&old, until);
    let by_the_old = Signer::hmac("HS256", old.expose()).sign(&customer());
    assert!(keys.verify(&by_the_old, &demo(), NOW).is_ok());
    assert!(keys.verify(&token(&customer()), &demo(), NOW).is_ok());
    assert_refused(keys.verify(&by_the_old, &demo(), until), "signature");
    assert!(keys.verify(&token(&customer()), &demo(), until).is_ok());
}

#[test]
fn the_workspace_is_named_once() {
    for (claims, expected) in [
        (json!({ "iss": "demo" }), Ok("demo")),
        (json!({ "workspaceKey": "demo" }), Ok("demo")),
        (json!({ "iss": "demo", "workspaceKey": "demo" }), Ok("demo")),
        (json!({ "iss": null, "workspaceKey": "demo" }), Ok("demo")),
        (json!({ "iss": "demo", "workspaceKey": "other" }), Err("two different workspaces")),
        (json!({ "iss": "", "workspaceKey": "demo" }), Err("two different workspaces")),
        (json!({ "iss": ["demo"] }), Err("`iss` is no string")),
        (json!({ "workspaceKey": 7 }), Err("`workspaceKey` is no string")),
        (json!({ "iss": "" }), Err("no workspace")),
        (json!({}), Err("no workspace")),
    ] {
        match (unverified_workspace_key(&token(&claims)), expected) {
            (Ok(key), Ok(expected)) => assert_eq!(key.as_str(), expected),
            (found, expected) => assert_refused(found, expected.expect_err("an error")),
        }
    }
    assert_refused(verify(&with("iss", json!("other"))), "another workspace");
    assert_refused(verify(&with("workspaceKey", json!("other"))), "two different workspaces");
}

#[test]
fn the_customer_is_named_once() {
    let id_of = |claims: Value| match verify(&merged(&without("id"), &claims)) {
        Ok(Caller::Customer(customer)) => Ok(customer.id.to_string()),
        Ok(Caller::Admin { workspace, .. }) => Ok(format!("admin of {workspace}")),
        Err(error) => Err(error),
    };
    for (claims, expected) in [
        (json!({ "id": "a" }), "a"),
        (json!({ "tenantKey": "a" }), "a"),
        (json!({ "id": 42, "tenantKey": "42" }), "42"),
        (json!({ "id": u64::MAX }), "18446744073709551615"),
        (json!({ "id": "a", "isAdmin": true }), "a"),
        (json!({ "id": null, "isAdmin": true }), "admin of demo"),
        (json!({ "isAdmin": "true" }), "admin of demo"),
        (json!({ "id": "é".repeat(127) }), &"é".repeat(127)),
    ] {
        assert_eq!(id_of(claims).unwrap(), expected);
    }
    for (claims, fault) in [
        (json!({ "id": "a", "tenantKey": "b" }), "two different customers"),
        (json!({ "id": "", "isAdmin": true }), "characters"),
        (json!({ "id": "é".repeat(256) }), "characters"),
        (json!({ "id": "a\u{0}b" }), "characters"),
        (json!({ "id": 1.5 }), "neither a string nor an integer"),
        (json!({ "id": 1e30 }), "neither a string nor an integer"),
        (json!({ "id": true }), "neither a string nor an integer"),
        (json!({ "id": { "$ne": "" } }), "neither a string nor an integer"),
        (json!({}), "no customer"),
        (json!({ "isAdmin": false }), "no customer"),
        (json!({ "isAdmin": "" }), "no customer"),
        (json!({ "isAdmin": 0 }), "no customer"),
        (json!({ "isAdmin": 1 }), "no customer"),
        (json!({ "isAdmin": "yes" }), "no customer"),
        (json!({ "isAdmin": "false" }), "no customer"),
        (json!({ "isAdmin": "True" }), "no customer"),
        (json!({ "isAdmin": { "a": 1 } }), "no customer"),
        (json!({ "isAdmin": null }), "no customer"),
        (json!({ "isAdmin": [true] }), "no customer"),
        (json!({ "id": "a", "name": 7 }), "`name` is no string"),
        (json!({ "id": "a", "fields": [] }), "`fields` is no object"),
    ] {
        assert_refused(id_of(claims), fault);
    }
}

#[test]
fn debug_shows_no_personal_data_and_no_key() {
    let claims = merged(&customer(), &json!({ "name": "Ada Lovelace", "fields": { "phone": "555-0100" } }));
    let caller = verify(&claims).unwrap();
    assert_eq!(*caller.workspace(), demo());
    let shown = format!("{caller:?}");
    assert!(!shown.contains("Ada") && !shown.contains("555") && shown.contains("\"7\""), "{shown}");
    let Caller::Customer(customer) = caller else { panic!("a customer") };
    assert_eq!(
        (customer.name.as_deref(), &customer.fields["phone"]),
        (Some("Ada Lovelace"), &json!("555-0100"))
    );
    let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap();
    assert!(!format!("{keys:?}").contains("client!"));
}

#[test]
fn what_is_no_token_is_refused() {
    let good = token(&customer());
    let (signing_input, _) = good.rsplit_once('.').unwrap();
    let padded = format!("{good}=");
    let long = format!("{good}{}", "A".repeat(8 * 1024));
    let bearer = format!("Bearer {good}");
    let four = format!("{good}.AAAA");
    for bad in ["", ".", "..", "...", "a.b", "a.b.c", "💥.💥.💥", signing_input, &long, &bearer, &four]
    {
        assert_refused(verify_token(bad, NOW), "token");
        assert_refused(unverified_workspace_key(bad), "token");
    }
    assert_refused(verify_token(&padded, NOW), "signature");
    assert_refused(verify_token(&raw_claims("[]"), NOW), "claims");
    assert_refused(verify_token(&raw_claims("7"), NOW), "claims");
    assert_refused(verify_token(&raw_claims(&"[".repeat(4000)), NOW), "claims");
}

#[test]
fn a_key_that_is_no_public_key_is_named() {
    let good = Signer::all(SECRET).into_iter().find_map(|signer| signer.public_key).unwrap();
    let two = format!("{good}\n{good}");
    let wrapped = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
    let secp256k1 = "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEjbPTVd4/GtMrpmsvJZPoni6TgCLrEy59\n\
        JyQUU6/+caLwzUXXQJnNRl0BMLPhhsFLwHmZgQMJ8ATEqTLsa70tAw==";
    for bad in [
        "",
        "client!+secret",
        &two,
        &wrapped("PRIVATE KEY", "AAAA"),
        &wrapped("CERTIFICATE", "AAAA"),
        &wrapped("PUBLIC KEY", "AAAA"),
        &wrapped("PUBLIC KEY", "!"),
        &wrapped("PUBLIC KEY", secp256k1),
        &wrapped("RSA PUBLIC KEY", "MAYCAQECAQE="),
        &signer::rsa_1024(),
        &good.replace('A', "B"),
    ] {
        let error = VerificationKeys::new(None, &[good.clone(), bad.to_owned()]).unwrap_err();
        assert_eq!(
            (error.key(), &error.data()["field"]),
            (ErrorKey::RequestMalformed, &json!("publicKeys[1]")),
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn no_random_text_verifies(text in any::<String>(), parts in prop::array::uniform3("[A-Za-z0-9_-]{0,80}")) {
        prop_assert!(verify_token(&text, NOW).is_err());
        prop_assert!(verify_token(&parts.join("."), NOW).is_err());
        let _ = unverified_workspace_key(&text);
    }

    #[test]
    fn no_changed_token_verifies(index in any::<prop::sample::Index>(), replacement in any::<char>()) {
        let good = token(&customer());
        let index = index.index(good.len());
        let mut bad = good.clone();
        bad.replace_range(index..=index, replacement.encode_utf8(&mut [0; 4]));
        prop_assert_eq!(verify_token(&bad, NOW).is_ok(), bad == good);
    }
}

fn customer() -> Value {
    json!({ "iss": "demo", "id": "7", "exp": EXP })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = customer();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    with(name, Value::Null)
}

fn merged(claims: &Value, more: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn token(claims: &Value) -> String {
    Signer::hmac("HS256", SECRET).sign(claims)
}

fn raw_claims(json: &str) -> String {
    signer::sign_raw(SECRET, json)
}

fn verify(claims: &Value) -> Result<Caller> {
    verify_token(&token(claims), NOW)
}

fn verify_token(token: &str, now: Timestamp) -> Result<Caller> {
    VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap().verify(token, &demo(), now)
}

#[track_caller]
fn assert_refused<T: fmt::Debug>(result: Result<T>, fault: &str) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.key(), &error.data()["field"]),
        (ErrorKey::NotAuthenticated, &json!("token")),
        "{error}"
    );
    assert!(error.message().contains(fault), "{} should say: {fault}", error.message());
    assert!(!error.message().contains("client!"), "{error}");
}
