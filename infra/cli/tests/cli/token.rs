use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::clock::{Clock as _, SystemClock};
use protocol::id::WorkspaceKey;
use protocol::secret::Secret;
use protocol::token::{Caller, Scope, VerificationKeys};

use crate::local::{Local, folder, run};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn verified(keys: &VerificationKeys, token: &str) -> Caller {
    keys.verify(token.trim(), &WorkspaceKey::new("acme"), SystemClock.now()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_a_secret_signs_says_what_was_asked() {
    let folder = folder();
    let variables = [("LINKSPAN_WORKSPACE", "acme"), ("LINKSPAN_SECRET", SECRET)];
    let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap();
    let args = [
        "token",
        "--customer",
        "user-1",
        "--name",
        "Ada",
        "--fields",
        r#"{"plan": "pro"}"#,
        "--lifetime",
        "90s",
    ];
    let Caller::Customer(customer) = verified(&keys, &run(&folder, &variables, args).await.ok()) else {
        panic!()
    };
    assert_eq!((customer.id.as_str(), customer.name.as_deref()), ("user-1", Some("Ada")));
    assert_eq!(customer.fields["plan"], "pro");
    let admin = run(&folder, &variables, ["token", "--admin", "--json"]).await.json();
    assert!(matches!(verified(&keys, admin["token"].as_str().unwrap()), Caller::Admin { .. }));
    assert!(admin["expiresAt"].as_str().unwrap().ends_with('Z'), "{admin}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_signs_by_its_own_algorithm() {
    let folder = folder();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let ed = Ed25519KeyPair::generate().unwrap();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa_der: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let ec_public = ec.public_key().as_der().unwrap();
    let ed_public = ed.public_key().as_der().unwrap();
    let rsa_public = rsa.public_key().as_der().unwrap();
    for (algorithm, private, public) in [
        ("ES256", ec.to_pkcs8v1().unwrap().as_ref(), ec_public.as_ref()),
        ("EdDSA", ed.to_pkcs8v1().unwrap().as_ref(), ed_public.as_ref()),
        ("RS256", rsa_der.as_ref(), rsa_public.as_ref()),
    ] {
        std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", private)).unwrap();
        let keys = VerificationKeys::new(None, &[pem("PUBLIC KEY", public)]).unwrap();
        let args = ["token", "--admin", "--workspace", "acme", "--key-file", "key.pem"];
        let token = run(&folder, &[], args).await.ok();
        assert!(matches!(verified(&keys, &token), Caller::Admin { .. }), "{algorithm}");
    }
    std::fs::write(folder.join("key.pem"), pem("PUBLIC KEY", ec_public.as_ref())).unwrap();
    let args = ["token", "--admin", "--workspace", "acme", "--key-file", "key.pem"];
    let said = run(&folder, &[], args).await.ends_with(2);
    assert!(said.contains("key.pem") && said.contains("it is a public key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_and_the_secret_is_not() {
    let folder = folder();
    for (variables, args, expected) in [
        (vec![("LINKSPAN_SECRET", SECRET)], vec!["token", "--admin"], "LINKSPAN_WORKSPACE"),
        (vec![("LINKSPAN_WORKSPACE", "acme")], vec!["token", "--admin"], "--secret-file or --key-file"),
        (
            vec![("LINKSPAN_WORKSPACE", "acme"), ("LINKSPAN_SECRET", "hunter2")],
            vec!["token", "--admin"],
            "fewer than 32 bytes",
        ),
        (vec![("LINKSPAN_SECRET", SECRET)], vec!["token"], "--customer"),
        (vec![], vec!["token", "--admin", "--scope", "connections:raed"], "connections:read"),
        (vec![], vec!["token", "--customer", "a", "--admin"], "cannot be used with"),
        (vec![], vec!["token", "--customer", "a", "--fields", "[1]"], "must be an object"),
        (vec![], vec!["token", "--admin", "--lifetime", "1w"], "90s, 15m, 8h or 7d"),
        (
            vec![("LINKSPAN_SECRET", SECRET), ("LINKSPAN_KEY_FILE", "k")],
            vec!["token", "--admin"],
            "LINKSPAN_SECRET and LINKSPAN_KEY_FILE",
        ),
    ] {
        let said = run(&folder, &variables, args).await.ends_with(2);
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains(SECRET) && !said.contains("hunter2"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_made_before_is_taken_and_signs_no_other() {
    let local = Local::start().await;
    let token = local.run(["token", "--admin"]).await.ok();
    let variables = [("LINKSPAN_SECRET", ""), ("LINKSPAN_TOKEN", token.trim())];
    assert!(local.run_with(&variables, ["integration", "list"]).await.ok().contains("demo-oauth2"));
    let said = local.run_with(&variables, ["token", "--admin"]).await.ends_with(2);
    assert!(said.contains("LINKSPAN_TOKEN is one token"), "{said}");
    assert!(local.run_with(&variables, ["doctor"]).await.ok().contains("skipped customers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_scopes_does_what_they_allow() {
    let local = Local::start().await;
    let args = ["token", "--admin", "--scope", "integrations:read", "--scope", "connections:read"];
    let folder = folder();
    let variables = [("LINKSPAN_WORKSPACE", "acme"), ("LINKSPAN_SECRET", SECRET)];
    let keys = VerificationKeys::new(Some(&Secret::from(SECRET)), &[]).unwrap();
    let caller = verified(&keys, &run(&folder, &variables, args).await.ok());
    let allowed: Vec<&Scope> = Scope::ALL.iter().filter(|scope| caller.scopes().allow(**scope)).collect();
    assert_eq!(allowed, [&Scope::ConnectionsRead, &Scope::IntegrationsRead]);

    let token = local.run(args).await.ok();
    let variables = [("LINKSPAN_SECRET", ""), ("LINKSPAN_TOKEN", token.trim())];
    assert!(local.run_with(&variables, ["integration", "list"]).await.ok().contains("demo-oauth2"));

    // What the token may not see is no fault of the deployment's.
    let token = local.run(["token", "--admin", "--scope", "integrations:read"]).await.ok();
    let variables = [("LINKSPAN_SECRET", ""), ("LINKSPAN_TOKEN", token.trim())];
    let said = local.run_with(&variables, ["connections", "list"]).await.ends_with(1);
    assert!(said.contains("connections:read") && said.contains("linkspan token --scope"), "{said}");
    let said = local.run_with(&variables, ["doctor"]).await.ok();
    assert!(said.contains("skipped connections") && said.contains("connections:read"), "{said}");
}
