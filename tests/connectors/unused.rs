//! The settings that no connector uses, and why each stays in the language.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The places of a call, each with the same parts.
const CALLS: [&str; 5] = ["test", "afterConnect", "revoke", "config.login", "config.renewal"];

/// The places of what changes a request to an endpoint, each with the same parts.
const REQUESTS: [&str; 3] = ["config.tokenRequest", "config.refreshRequest", "config.revocationRequest"];

/// The places of a signature, each with the same parts.
const SIGNATURES: [&str; 3] = ["apiClient.signing", "config.login.signing", "config.renewal.signing"];

/// What nobody is known to need: the reason is that there is none.
const NOBODY: &str = "no service is known that needs it: it may go";

/// Settings, without their types, and who needs them. A setting that a reason names must be in use.
const REASONS: &[(&str, &str)] = &[
    (
        "afterConnect.choose.multiple",
        "services of which several accounts are used at once, such as ad accounts",
    ),
    (
        "apiClient.retry.body",
        "Facebook's Graph API: it says by a code in the body that it was asked too often",
    ),
    (
        "apiClient.signing.keyEncoding",
        "APIs whose keys are bytes in base64, such as Azure Storage and Kraken",
    ),
    ("apiClient.signing.messageEncoding", NOBODY),
    ("config.allowedScopes", "teams whose callers choose the scopes of a start"),
    (
        "config.authorizationRequest.responseType",
        "providers that call the code by another name, or want an ID token beside it",
    ),
    ("config.clientAssertion", "clients with a key in the place of a secret: Microsoft Entra ID, banks"),
    ("config.clientId", "a client of the team's that each tenant admits, as at Microsoft Entra ID"),
    ("config.clientSecret", "a client of the team's that each tenant admits, as at Microsoft Entra ID"),
    (
        "config.consumerKey",
        "definitions without a connector: with one, the integration's `parameters` have it",
    ),
    (
        "config.consumerSecret",
        "definitions without a connector: with one, the integration's `parameters` have it",
    ),
    ("config.expiresInUnit", "servers that do not count in seconds, such as OpenConext's (milliseconds)"),
    ("config.grant", "an administrator's consent at Microsoft Entra ID"),
    ("config.login.signing.keyEncoding", "as `apiClient.signing.keyEncoding`, for a login"),
    ("config.login.signing.messageEncoding", NOBODY),
    ("config.mcpServer", "MCP servers: each team names its own"),
    ("config.nonce", "providers that must send the nonce back (`true`), and those that refuse one (`false`)"),
    ("config.privateKey", "the key of a client that authenticates by a JWT: Microsoft Entra ID, banks"),
    (
        "config.refreshBefore",
        "endpoints that give no other token before the end, as for `oauth2: config.refreshBefore`",
    ),
    ("config.refreshOnUse", "teams that keep the cost low of connections which are seldom used"),
    ("config.registrationUri", "servers that register clients (RFC 7591), such as those of MCP servers"),
    ("config.requestMethod", "OAuth 1.0 services that want GET, such as Discogs and Schoology"),
    (
        "config.resource",
        "servers that give tokens for one of several APIs (RFC 8707), such as those of MCP servers",
    ),
    ("config.scopesByCaller", "teams whose callers choose the scopes of a start, or may not"),
    (
        "config.tokenErrors.status",
        "errors that only the status tells apart, as in `oauth2: config.tokenErrors.status`",
    ),
    ("config.tokenMethod", "OAuth 1.0 services that want GET, such as Schoology"),
    ("config.tokens", "NetSuite, where an administrator makes the token"),
    (
        "customerHostGetsSecret",
        "services on hosts of the customers' whose clients have a secret, such as Jira Data Center",
    ),
];

/// Reasons that are those of one type alone. They come before the others.
const REASONS_OF_TYPES: &[(&str, &str)] = &[
    (
        "client-credentials: config.scopeSeparator",
        "as for `oauth2: config.scopeSeparator`: the separator is the server's, for each grant",
    ),
    ("oauth1: clientCertificate", "an option of this type that has it is refused; the others have it"),
    ("oauth1: config.privateKey", "RSA-SHA1, as Jira Data Center has it"),
    ("oauth1: config.scopeSeparator", NOBODY),
];

/// The table. What a setting that is not used contains is not in use with it, and not named.
pub(crate) fn table(known: &BTreeSet<String>, used: &BTreeMap<String, BTreeSet<&str>>) -> String {
    let unused: Vec<&String> = known.iter().filter(|setting| !used.contains_key(*setting)).collect();
    let is_inner = |setting: &str| {
        setting.match_indices('.').any(|(at, _)| unused.iter().any(|outer| outer.as_str() == &setting[..at]))
    };
    let mut reasons: BTreeSet<&str> =
        REASONS.iter().chain(REASONS_OF_TYPES).map(|(setting, _)| *setting).collect();
    let mut problems = Vec::new();
    let mut text = "| setting that no connector uses | why it stays |\n|---|---|\n".to_owned();
    for setting in unused.iter().filter(|setting| !is_inner(setting)) {
        let Some(reason) = reason(setting, used, &mut reasons) else {
            problems.push(format!("{setting}: nobody uses it, and unused.rs says not why it stays"));
            continue;
        };
        // What a reason names in its favour is in use.
        for named in reason.split('`').skip(1).step_by(2).filter(|named| named.contains(": ")) {
            if !used.contains_key(named) {
                problems.push(format!("{setting}: its reason names `{named}`, which nobody uses"));
            }
        }
        writeln!(text, "| `{setting}` | {reason} |").unwrap();
    }
    problems
        .extend(reasons.iter().map(|setting| format!("{setting}: its reason in unused.rs is for nothing")));
    assert!(problems.is_empty(), "{problems:#?}");
    text
}

fn reason(
    setting: &str,
    used: &BTreeMap<String, BTreeSet<&str>>,
    not_given: &mut BTreeSet<&str>,
) -> Option<String> {
    let (auth_type, path) = setting.split_once(": ")?;
    for (named, reason) in REASONS_OF_TYPES.iter().chain(REASONS) {
        if *named == setting || *named == path {
            not_given.remove(named);
            return Some((*reason).to_owned());
        }
    }
    // An option is the same for each type, but for its `config`.
    let of_another = |other: &&&str| **other != auth_type && used.contains_key(&format!("{other}: {path}"));
    if !path.starts_with("config.")
        && let Some(other) = ["oauth2", "client-credentials", "oauth1"].iter().find(of_another)
    {
        return Some(format!("a setting of every type, and `{other}: {path}` is in use"));
    }
    let shared: [(&str, &[&str]); 3] = [
        ("a part of every signature", &SIGNATURES),
        ("a part of every call", &CALLS),
        ("a part of what changes a request to an endpoint", &REQUESTS),
    ];
    shared.iter().find_map(|(what, places)| {
        let part = places.iter().find_map(|place| path.strip_prefix(&format!("{place}.")))?;
        let elsewhere = |used: &&String| {
            used.split_once(": ").is_some_and(|(_, used)| {
                places.iter().any(|place| used.strip_prefix(&format!("{place}.")) == Some(part))
            })
        };
        used.keys().find(elsewhere).map(|used| format!("{what}, and `{used}` is in use"))
    })
}
