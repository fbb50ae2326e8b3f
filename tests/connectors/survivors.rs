//! Changes that nothing notices, and why.

use serde_json::json;

use crate::mutants::Mutant;
use crate::run;

/// The changes that nothing notices.
pub(crate) fn of(mutants: &[Mutant]) -> Vec<Mutant> {
    let mut originals: Vec<&Mutant> = mutants.iter().collect();
    originals.dedup_by_key(|mutant| (&mutant.subject.connector, mutant.subject.option_key()));
    let alone = |mutant: &&Mutant| run::one(&mutant.subject, &mutant.subject.definition, 1);
    for (original, result) in originals.iter().zip(run::each(&originals, alone)) {
        assert!(result.is_ok(), "{} without a change: {result:?}", original.subject.connector);
    }
    // What a changed definition makes of an answer can end the test itself: that is a result, and no news.
    std::panic::set_hook(Box::new(|_| {}));
    let is_shown = std::env::var_os("SHOW").is_some();
    let is_unnoticed = |mutant: &Mutant| {
        let unnoticed = run::one(&mutant.subject, &mutant.definition, usize::MAX).is_ok();
        if unnoticed && is_shown {
            eprintln!("{}: {} {}", mutant.subject.connector, mutant.setting, mutant.change);
        }
        unnoticed
    };
    let unnoticed = run::each(mutants, is_unnoticed);
    drop(std::panic::take_hook());
    mutants
        .iter()
        .zip(unnoticed)
        .filter(|(_, unnoticed)| *unnoticed)
        .map(|(mutant, _)| mutant.clone())
        .collect()
}

/// Settings whose removal leaves what holds without them, by the end of their path.
const DEFAULTS: &[(&str, &str)] = &[
    ("test.method", "GET"),
    ("afterConnect.method", "GET"),
    ("revoke.method", "POST"),
    ("login.method", "POST"),
    ("login.bodyFormat", "json"),
    ("test.bodyFormat", "form"),
    ("revoke.bodyFormat", "form"),
    ("keyEncoding", "pem"),
    ("config.grant", "client_credentials"),
    ("config.signatureMethod", "HMAC-SHA1"),
    ("config.extraIn", "authorize"),
    ("config.clientAuthLocation", "body"),
    ("config.scopeSeparator", " "),
    ("test.headers.Accept", "application/json"),
    ("afterConnect.headers.Accept", "application/json"),
    ("login.headers.Accept", "application/json"),
    ("tokenRequest.headers.Accept", "application/json"),
    ("tokenResponse.access_token", "access_token"),
    ("tokenResponse.expires_at", "expires_at"),
    ("tokenResponse.expires_in", "expires_in"),
];

/// Settings whose change makes no difference, by the end of their path and by the change (`any` is both), with the reason.
const REASONS: &[(&str, &str, &str)] = &[
    ("inputSchema.type", "removed", "what is entered is an object in any case"),
    ("parametersSchema.type", "removed", "what is given is an object in any case"),
    (
        "config.tokenErrors.body.error",
        "removed",
        "where nothing is refreshed, an unknown error has the same key",
    ),
    (
        "apiClient.expired.status",
        "any",
        "where nothing is renewed, a test that fails is a refusal in any case",
    ),
    (
        "config.refreshTokenExpiresIn",
        "any",
        "every seven days is soon enough for a refresh token that lasts two weeks",
    ),
];

/// Why nothing notices this change.
pub(crate) fn reason(mutant: &Mutant) -> Option<&'static str> {
    let is_default = |(setting, value): &(&str, &str)| {
        mutant.setting.ends_with(setting) && mutant.original == json!(value) && mutant.change == "removed"
    };
    if DEFAULTS.iter().any(is_default) {
        return Some("it says what holds without it");
    }
    if mutant.pointer.ends_with("/privateKey/type") {
        return Some("what is no text is no key either");
    }
    let fits = |(setting, change, _): &&(&str, &str, &str)| {
        mutant.setting.ends_with(setting) && (*change == "any" || *change == mutant.change)
    };
    REASONS.iter().find(fits).map(|(_, _, reason)| *reason)
}
