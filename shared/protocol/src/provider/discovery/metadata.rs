//! What a definition takes from an authorization server's metadata (RFC 8414 §2).

use serde_json::{Map, Value};

use crate::definition::discovered_endpoint_problem;
use crate::provider::calls::Calls;

/// The longest name of another that a problem repeats.
const MOST_SHOWN: usize = 200;

/// How the client authenticates, by the registered name and by the setting's, the best-known to work first. A secret in
/// the body needs no decoding, which some servers forget for HTTP Basic.
const AUTHENTICATION: [(&str, &str); 5] = [
    ("client_secret_post", "body"),
    ("client_secret_basic", "headers"),
    ("private_key_jwt", "private_key_jwt"),
    ("client_secret_jwt", "client_secret_jwt"),
    ("none", "none"),
];

/// Checks that the document is this issuer's own: another's would send codes and secrets elsewhere (RFC 8414 §3.3).
pub(super) fn check_issuer(metadata: &Map<String, Value>, issuer: &str) -> Result<(), String> {
    match metadata.get("issuer").and_then(Value::as_str) {
        Some(own) if own == issuer => Ok(()),
        Some(other) => Err(format!("is of another issuer{}", named(other))),
        None => Err("names no issuer".to_owned()),
    }
}

/// A name from outside, behind a comma, if it can be shown.
pub(super) fn named(name: &str) -> String {
    let can_be_shown = name.len() <= MOST_SHOWN && !name.chars().any(char::is_control);
    if can_be_shown { format!(", `{name}`") } else { String::new() }
}

/// Checks that the server says that it knows the code challenge S256. Where a client is not registered by hand, nothing else
/// binds the code to it, and the protocol's authorization forbids to go on.
pub(super) fn check_code_challenge(metadata: &Map<String, Value>) -> Result<(), String> {
    match texts(metadata, "code_challenge_methods_supported") {
        Some(methods) if methods.contains(&"S256") => Ok(()),
        _ => Err("does not have `S256` among its `code_challenge_methods_supported`".to_owned()),
    }
}

/// True if refresh tokens are asked for by the scope `offline_access`.
pub(super) fn issues_refresh_tokens_by_scope(metadata: &Map<String, Value>) -> bool {
    texts(metadata, "scopes_supported").is_some_and(|scopes| scopes.contains(&"offline_access"))
}

/// The settings that the metadata gives and `own` leaves open. The problem is the end of a sentence that begins with the
/// document's address.
pub(super) fn settings(
    metadata: &Map<String, Value>,
    own: &Map<String, Value>,
    calls: &Calls<'_>,
) -> Result<Map<String, Value>, String> {
    let is_open = |setting: &str| own.get(setting).is_none_or(Value::is_null);
    let mut found = Map::new();
    for (setting, member, is_needed) in [
        ("authorizeUri", "authorization_endpoint", true),
        ("tokenUri", "token_endpoint", true),
        ("revocationUri", "revocation_endpoint", false),
    ] {
        if !is_open(setting) {
            continue;
        }
        match endpoint(metadata, member, calls)? {
            Some(address) => drop(found.insert(setting.to_owned(), address.into())),
            None if is_needed => return Err(format!("has no `{member}`: give {setting}")),
            None => {}
        }
    }
    let iss = "authorizationResponseIssParameterSupported";
    if is_open(iss) && metadata.get("authorization_response_iss_parameter_supported") == Some(&true.into()) {
        found.insert(iss.to_owned(), true.into());
    }
    if is_open("pkce")
        && is_open("skipPkce")
        && let Some(pkce) = code_challenge(metadata)
    {
        found.insert("pkce".to_owned(), pkce.into());
    }
    if is_open("clientAuthLocation") {
        let authentication = client_authentication(metadata, own)?;
        found.insert("clientAuthLocation".to_owned(), authentication.into());
    }
    Ok(found)
}

/// An address that the metadata gives, if it does.
pub(super) fn endpoint<'a>(
    metadata: &'a Map<String, Value>,
    member: &str,
    calls: &Calls<'_>,
) -> Result<Option<&'a str>, String> {
    let address = match metadata.get(member) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_str().ok_or_else(|| format!("has a `{member}` that is no text"))?,
    };
    match discovered_endpoint_problem(address, calls.loopback, calls.own) {
        Some(problem) => Err(format!("has a `{member}` that {problem}")),
        None => Ok(Some(address)),
    }
}

/// The code challenge to use, if the metadata says one. A server that names none may have one all the same, and S256 does
/// no harm where it has not.
fn code_challenge(metadata: &Map<String, Value>) -> Option<&'static str> {
    let methods = texts(metadata, "code_challenge_methods_supported")?;
    ["S256", "plain"].into_iter().find(|method| methods.contains(method))
}

/// How the client authenticates: by a JWT if the definition describes one, or else by what the server takes.
fn client_authentication(
    metadata: &Map<String, Value>,
    own: &Map<String, Value>,
) -> Result<&'static str, String> {
    let member = "token_endpoint_auth_methods_supported";
    // HTTP Basic is what RFC 8414 §2 assumes.
    let methods = texts(metadata, member).unwrap_or_else(|| vec!["client_secret_basic"]);
    let has_assertion = own.get("clientAssertion").is_some_and(|given| !given.is_null());
    let is_assertion = |name: &str| name.ends_with("_jwt");
    let taken = |(name, _): &&(&str, &str)| methods.contains(name);
    let preferred = AUTHENTICATION.iter().filter(|(name, _)| has_assertion && is_assertion(name)).find(taken);
    let (_, setting) = preferred
        .or_else(|| AUTHENTICATION.iter().find(taken))
        .ok_or_else(|| format!("has no `{member}` that Linkspan knows: give clientAuthLocation"))?;
    Ok(setting)
}

/// The texts of an array, if there is one.
pub(super) fn texts<'a>(metadata: &'a Map<String, Value>, member: &str) -> Option<Vec<&'a str>> {
    Some(metadata.get(member)?.as_array()?.iter().filter_map(Value::as_str).collect())
}
