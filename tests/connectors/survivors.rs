//! Changes that nothing notices, and why.

use serde_json::{Value, json};

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
    ("config.refreshRequest.bodyFormat", "form"),
    ("config.scopeSeparator", " "),
    ("test.headers.Accept", "application/json"),
    ("afterConnect.headers.Accept", "application/json"),
    ("apiClient.defaultHeaders.Accept", "application/json"),
    ("login.headers.Accept", "application/json"),
    ("tokenRequest.headers.Accept", "application/json"),
    ("tokenResponse.access_token", "access_token"),
    ("tokenResponse.expires_at", "expires_at"),
    ("tokenResponse.expires_in", "expires_in"),
    ("basic.password", ""),
    ("basic.username", ""),
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
        "config.refreshTokenExpiresIn",
        "any",
        "every seven days is soon enough for a refresh token that lasts two weeks",
    ),
    ("enabled", "any", "whoever uses it turns it on"),
];

/// Why nothing notices this change.
pub(crate) fn reason(mutant: &Mutant) -> Option<&'static str> {
    let is_default = |(setting, value): &(&str, &str)| {
        mutant.setting.ends_with(setting) && mutant.original == json!(value) && mutant.change == "removed"
    };
    if DEFAULTS.iter().any(is_default) {
        return Some("it says what holds without it");
    }
    if is_default_in_another_way(mutant) {
        return Some("it says what holds without it");
    }
    let name = mutant.setting.rsplit('.').next().unwrap_or_default();
    if mutant.setting.contains("config.tokenResponse.") && mutant.original == name {
        return Some("what stands at the top is found without being named");
    }
    if let Some(reason) = of_a_schema(mutant).or_else(|| of_what_ends(mutant)) {
        return Some(reason);
    }
    if mutant.pointer == "/baseUri" && mutant.subject.option()["baseUri"].is_string() {
        return Some("the option has an address of its own");
    }
    if mutant.change == "changed"
        && mutant.original.as_str().is_some_and(|text| text.starts_with("${random."))
    {
        return Some("it is drawn anew each time");
    }
    if let Some(reason) = of_a_key(mutant).or_else(|| of_a_token_error(mutant)) {
        return Some(reason);
    }
    if mutant.setting.ends_with("choose.response.account_name") {
        return Some("the label, which is there in any case, stands in one of its places");
    }
    if mutant.setting.ends_with("choose.label") && names_it_in_the_callback(mutant) {
        return Some("the callback names the item by its value");
    }
    if mutant.setting.ends_with("config.clientAuthLocation")
        && mutant.change == "removed"
        && mutant.original == json!("none")
    {
        return Some("there is no secret to send");
    }
    let fits = |(setting, change, _): &&(&str, &str, &str)| {
        mutant.setting.ends_with(setting) && (*change == "any" || *change == mutant.change)
    };
    REASONS.iter().find(fits).map(|(_, _, reason)| *reason)
}

/// Whether what is removed says no more than its absence.
fn is_default_in_another_way(mutant: &Mutant) -> bool {
    let accepts = json!({ "Accept": "application/json" });
    let ends = |end: &str| mutant.setting.ends_with(end);
    let is_hour = ends("config.expiresIn") && mutant.original == json!(3600);
    let carriers = [
        "test.headers",
        "afterConnect.headers",
        "login.headers",
        "tokenRequest.headers",
        "apiClient.defaultHeaders",
    ];
    let is_accept = carriers.iter().any(|carrier| ends(carrier)) && mutant.original == accepts
        || ends("config.tokenRequest") && mutant.original == json!({ "headers": accepts });
    let is_lifetime = mutant.setting.contains("signed.") && ends("lifetime") && mutant.original == json!(300);
    let all_defaults = ends("config.tokenResponse")
        && mutant.original.as_object().is_some_and(|places| places.iter().all(|(name, place)| place == name));
    let of_api = &mutant.subject.option()["apiClient"]["headers"];
    let is_apis = ends("afterConnect.headers.Authorization") && mutant.original == of_api["Authorization"]
        || ends("afterConnect.headers")
            && mutant.original == json!({ "Authorization": of_api["Authorization"] });
    let is_more = is_lifetime || all_defaults || is_apis;
    mutant.change == "removed"
        && (is_more || is_accept || is_hour && mutant.subject.option()["type"] == "oauth2")
}

/// Why a change of a property makes no difference.
fn of_a_schema(mutant: &Mutant) -> Option<&'static str> {
    let (parent, last) = mutant.pointer.rsplit_once('/')?;
    let property = mutant.subject.definition.pointer(parent)?;
    match last {
        "type" if mutant.change == "removed" && property["enum"].is_array() => {
            Some("one of several texts is a text")
        }
        "type" if mutant.change == "removed" && property["isSensitive"] == true => {
            Some("a secret is a text in any case")
        }
        "pattern" if mutant.change == "removed" && property["pattern"] == "^[A-Za-z0-9.-]+$" => {
            Some("what is no host is refused in any case")
        }
        "isSensitive" if is_a_key(mutant, parent) => Some("what signs is sealed in any case"),
        _ if mutant.change == "removed" && is_a_key(mutant, &mutant.pointer) => {
            Some("a parameter that no schema describes is taken too, and what signs is sealed in any case")
        }
        _ if parent == "/parametersSchema/required" && is_a_key(mutant, &named(&mutant.original)) => {
            Some("nothing is signed without it")
        }
        _ => None,
    }
}

fn names_it_in_the_callback(mutant: &Mutant) -> bool {
    let kept = &mutant.subject.option()["config"]["callbackParameters"];
    let calls = mutant.subject.option()["afterConnect"].as_array();
    let mut chosen = calls.into_iter().flatten().map(|call| &call["choose"]["as"]);
    chosen.any(|name| kept.as_array().is_some_and(|kept| kept.contains(name)))
}

/// Where the property stands that is required.
fn named(required: &Value) -> String {
    format!("/parametersSchema/properties/{}", required.as_str().unwrap_or_default())
}

/// Why a change of a key or a certificate makes no difference.
fn of_a_key(mutant: &Mutant) -> Option<&'static str> {
    let is_pem = ["/clientCertificate/certificate", "/clientCertificate/key", "/signing/key"]
        .iter()
        .any(|place| mutant.pointer.ends_with(place));
    let is_typed = ["/privateKey/type", "/certificate/type", "/certificateKey/type"]
        .iter()
        .any(|place| mutant.pointer.ends_with(place));
    match mutant.change {
        "changed" if is_pem && mutant.subject.option()["apiClient"]["signing"]["type"] != "hmac" => {
            Some("what stands behind a key or a certificate in PEM is not read")
        }
        "removed" if is_typed => Some("what is no text is no key either"),
        _ => None,
    }
}

/// Whether a property of the team's is a key.
fn is_a_key(mutant: &Mutant, property: &str) -> bool {
    let Some(name) = property.strip_prefix("/parametersSchema/properties/") else { return false };
    let placeholder = format!("${{integration.{name}}}");
    let option = mutant.subject.option();
    // What is signed is signed by it, unless another key is named.
    if name == "privateKey" && option["signed"].is_object() {
        return true;
    }
    let signed = option["signed"].as_object().into_iter().flatten().map(|(_, signed)| &signed["key"]);
    let others = [&option["apiClient"]["signing"]["key"], &option["clientCertificate"]["key"]];
    signed.chain(others).any(|key| *key == placeholder)
}

/// Why an error of the token endpoint means the same without being described.
fn of_a_token_error(mutant: &Mutant) -> Option<&'static str> {
    let (_, place) = mutant.pointer.split_once("/config/tokenErrors/")?;
    let place: usize = place.split('/').next()?.parse().ok()?;
    let option = mutant.subject.option();
    match option["config"]["tokenErrors"][place]["means"].as_str()? {
        "request" => Some("an unknown error is one of the request"),
        "client" if option["type"] == "client-credentials" => {
            Some("what was entered is refused, in whichever words")
        }
        _ => None,
    }
}

/// Where nothing is renewed, only a test reads `expired`, and what it fails by is a refusal in any case.
fn of_what_ends(mutant: &Mutant) -> Option<&'static str> {
    let config = &mutant.subject.option()["config"];
    let is_exchanged = config["tokenUri"].is_string() || config["login"].is_object();
    let is_renewed =
        config["noRefreshToken"] != true && (mutant.subject.option()["type"] == "oauth2" || is_exchanged);
    let is_it = mutant.setting.contains("apiClient.expired");
    (is_it && !is_renewed).then_some("where nothing is renewed, a test that fails is a refusal in any case")
}
