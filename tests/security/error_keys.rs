//! The table of errors. Keys are only ever added: callers rely on them.

use insta::assert_snapshot;
use protocol::error::ErrorKey;

#[test]
fn keys_are_only_added() {
    let rows: Vec<String> = ErrorKey::ALL
        .iter()
        .map(|key| {
            let facts = key.facts();
            let status = facts.status.as_u16();
            format!("{:26} {:16} {status} {:?}", facts.key, facts.error_type.as_str(), facts.shown)
        })
        .collect();
    assert_snapshot!(rows.join("\n"), @r"
    request_malformed          bad_request      400 OwnPage
    request_too_large          bad_request      413 OwnPage
    media_type_unsupported     bad_request      415 OwnPage
    method_not_allowed         bad_request      405 OwnPage
    not_supported              bad_request      501 Rest
    parameter_missing          bad_request      400 OwnPage
    parameter_conflict         bad_request      400 OwnPage
    not_authenticated          bad_request      401 OwnPage
    access_denied              bad_request      403 OwnPage
    not_found                  bad_request      404 RedirectUri
    already_exists             bad_request      409 Rest
    integration_in_use         bad_request      409 Rest
    redirect_uri_not_allowed   bad_request      400 OwnPage
    origin_not_allowed         bad_request      403 OwnPage
    input_invalid              bad_request      400 RedirectUri
    configuration_invalid      configuration    400 RedirectUri
    state_missing              bad_request      400 OwnPage
    state_unknown              bad_request      400 OwnPage
    state_expired              bad_request      400 OwnPage
    browser_mismatch           bad_request      403 OwnPage
    integration_mismatch       bad_request      400 OwnPage
    issuer_mismatch            connection       400 RedirectUri
    authorization_denied       connection       403 RedirectUri
    authorization_error        connection       400 RedirectUri
    code_missing               connection       400 RedirectUri
    callback_unconfirmed       connection       400 RedirectUri
    token_rejected             connection       400 RedirectUri
    client_rejected            configuration    400 RedirectUri
    token_response_invalid     connection       502 RedirectUri
    provider_unreachable       dependency_error 502 RedirectUri
    response_too_large         dependency_error 502 Rest
    credentials_rejected       connection       400 RedirectUri
    flow_interrupted           internal         500 RedirectUri
    access_token_expired       connection       400 Rest
    connection_disconnected    connection       400 Rest
    refresh_interrupted        connection       400 Rest
    interaction_required       connection       400 RedirectUri
    lock_timeout               concurrency      503 RedirectUri
    storage_unavailable        dependency_error 503 RedirectUri
    key_unavailable            dependency_error 503 RedirectUri
    rate_limit_exceeded        bad_request      429 OwnPage
    internal                   internal         500 RedirectUri
    ");
}

#[test]
fn every_key_is_there_once() {
    let mut keys: Vec<&str> = ErrorKey::ALL.iter().map(|key| key.facts().key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), ErrorKey::ALL.len());
}
