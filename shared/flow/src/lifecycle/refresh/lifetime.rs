//! The lifetime of credentials, and the time of their next refresh.
//!
//! The credentials of a connection in use are refreshed before they expire, so that nobody has to wait. A connection
//! that nobody has used for a day is refreshed when somebody uses it again, and otherwise just often enough to keep its
//! refresh token alive.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::connection::Health;
use protocol::clock::Timestamp;
use protocol::definition::{AnswerRules, AuthMethod, AuthOption, ConsentGrant, OAuth2, TokenCall};
use protocol::error::{Error, ErrorKey};
use protocol::provider::oauth2::token_response::seconds;
use protocol::secret::SecretMap;

/// The lifetime if neither the token response nor the definition gives one (`expires_in` is optional, RFC 6749 §5.1).
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// The safety margin: credentials count as expired for their last minute, or their last quarter if that is shorter.
const MARGIN: Duration = Duration::from_mins(1);

/// A scheduled refresh comes this long before the expiry. It must be longer than the schedule's interval.
const LEAD: Duration = Duration::from_mins(15);

/// A connection is in use if its last use is no longer ago than this.
const IN_USE: Duration = Duration::from_hours(24);

/// A refresh token is used at least this often, since some providers expire an idle one.
const KEEP_ALIVE: Duration = Duration::from_hours(7 * 24);

/// The names under which token responses give the lifetime of the refresh token.
const REFRESH_TOKEN_LIFETIMES: [&str; 3] =
    ["refresh_token_expires_in", "x_refresh_token_expires_in", "refresh_expires_in"];

/// The way to new credentials.
pub enum Renewal<'a> {
    /// By their refresh token (RFC 6749 §6).
    RefreshToken {
        /// The option's settings.
        config: &'a OAuth2,
        /// The refresh token.
        token: &'a str,
    },
    /// By the client's own credentials, which an administrator has admitted.
    Consent(&'a OAuth2),
    /// By a call of the service's own kind.
    Call {
        /// The call.
        call: &'a TokenCall,
        /// What its answers mean.
        rules: AnswerRules<'a>,
        /// The names of the credentials that it presents.
        presents: Vec<String>,
    },
    /// By the parameters that the customer entered.
    Exchange,
}

impl<'a> Renewal<'a> {
    /// Returns the way to renew these credentials of an option, if there is one.
    #[must_use]
    pub fn of(option: &'a AuthOption, credentials: &'a SecretMap) -> Option<Self> {
        match &option.method {
            AuthMethod::OAuth2(config) => {
                if let Some(call) = &config.renewal {
                    return Self::by_call(call, config.answer_rules(&config.refresh_refusals), credentials);
                }
            }
            AuthMethod::ClientCredentials(config) => {
                if let Some(call) = &config.renewal {
                    return Self::by_call(call, config.answer_rules(), credentials).or(Some(Self::Exchange));
                }
            }
            AuthMethod::OAuth1(_) | AuthMethod::Proxy(_) => {}
        }
        match &option.method {
            AuthMethod::OAuth2(config) if config.grant == ConsentGrant::ClientCredentials => {
                Some(Self::Consent(config))
            }
            AuthMethod::OAuth2(config) if !config.no_refresh_token => {
                let token = credentials.expose().get(config.refreshed_by())?.as_str()?;
                (!token.is_empty()).then_some(Self::RefreshToken { config, token })
            }
            AuthMethod::ClientCredentials(config) if config.is_exchanged() => Some(Self::Exchange),
            _ => None,
        }
    }

    /// True if it needs the token that it renews, which must not have ended.
    fn presents_token(&self) -> bool {
        matches!(self, Self::Call { presents, .. } if presents.iter().any(|name| name == "access_token"))
    }

    /// The call, if there is all that it needs.
    fn by_call(call: &'a TokenCall, rules: AnswerRules<'a>, credentials: &SecretMap) -> Option<Self> {
        let has = |name: &str| credentials.expose().get(name).is_some_and(|value| !value.is_null());
        Some(Self::Call { call, rules, presents: call.presents(has)? })
    }
}

/// Returns the state of credentials that were issued at `now`. `active` is the last use of their connection.
#[must_use]
pub fn health(option: &AuthOption, credentials: &SecretMap, now: Timestamp, active: Timestamp) -> Health {
    let renewal = Renewal::of(option, credentials);
    let Some(lifetime) = lifetime(option, credentials.expose(), renewal.as_ref()) else {
        return Health::default();
    };
    let earliest = refresh_before(option).unwrap_or(lifetime);
    let before = |lead: Duration| now + lifetime.saturating_sub(lead.min(earliest));
    let expires_at = before(MARGIN.min(lifetime / 4));
    let before_end = before(LEAD.min(lifetime / 4));
    let in_use = now.since(active) < IN_USE;
    let will_end =
        renewal.is_none() && matches!(&option.method, AuthMethod::OAuth2(config) if !config.no_refresh_token);
    let on_use =
        refreshes_on_use(option) && renewal.as_ref().is_some_and(|renewal| !renewal.presents_token());
    let next_refresh_at = match renewal {
        _ if on_use => None,
        // They cannot be refreshed. The scheduled run disconnects the connection when they expire.
        None => Some(expires_at),
        Some(Renewal::RefreshToken { .. }) => {
            let keep_alive = now + keep_alive(option, credentials.expose());
            Some(if in_use { before_end.min(keep_alive) } else { keep_alive }.max(before(lifetime)))
        }
        // What presents the token itself has to come before the token's end, whether or not somebody uses it.
        Some(ref renewal @ Renewal::Call { ref presents, .. }) => {
            let keep_alive = now + keep_alive(option, credentials.expose());
            if presents.is_empty() {
                in_use.then_some(before_end)
            } else if in_use || renewal.presents_token() {
                Some(before_end.min(keep_alive))
            } else {
                Some(keep_alive.max(before(lifetime)))
            }
        }
        // Neither parameters that the customer entered nor an administrator's consent expire.
        Some(Renewal::Exchange | Renewal::Consent(_)) => in_use.then_some(before_end),
    };
    Health {
        expires_at: Some(expires_at),
        margin: in_seconds((now + lifetime).since(expires_at)),
        life: Some(in_seconds(lifetime)),
        next_refresh_at,
        error: will_end.then(refresh_token_missing),
        ..Health::default()
    }
}

/// Returns the time of the next refresh of credentials that are issued at `now` and last as long as these. Returns nothing
/// if it may not come early: until they are issued, some time passes.
pub(super) fn planned(
    option: &AuthOption,
    credentials: &SecretMap,
    now: Timestamp,
    active: Timestamp,
) -> Option<Timestamp> {
    refresh_before(option).is_none().then(|| health(option, credentials, now, active).next_refresh_at)?
}

/// Returns the error for credentials that end and came without a refresh token, although the definition expects one.
fn refresh_token_missing() -> Error {
    Error::new(
        ErrorKey::RefreshTokenMissing,
        "The service gave no refresh token, so this connection ends with its access token. Many services give one only \
         if the integration asks for it: by the scope offline_access, or by extra, such as {\"access_type\": \
         \"offline\", \"prompt\": \"consent\"}. If this one never does, set noRefreshToken.",
    )
}

/// Whole seconds, rounded down: what is stored of each connection is written with each refresh.
fn in_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

fn refreshes_on_use(option: &AuthOption) -> bool {
    match &option.method {
        AuthMethod::OAuth2(config) => config.refresh_on_use,
        AuthMethod::ClientCredentials(config) => config.refresh_on_use,
        _ => false,
    }
}

/// Returns how long before the end of its token the provider takes a refresh, if it refuses earlier ones.
fn refresh_before(option: &AuthOption) -> Option<Duration> {
    let seconds = match &option.method {
        AuthMethod::OAuth2(config) => config.refresh_before,
        AuthMethod::ClientCredentials(config) => config.refresh_before,
        _ => None,
    };
    seconds.map(|seconds| Duration::from_secs(seconds.into()))
}

/// Returns the lifetime of credentials. A token that cannot be renewed may last for ever, so no default applies to it.
fn lifetime(
    option: &AuthOption,
    credentials: &Map<String, Value>,
    renewal: Option<&Renewal<'_>>,
) -> Option<Duration> {
    let defined = match &option.method {
        AuthMethod::OAuth2(config) => config.expires_in,
        AuthMethod::ClientCredentials(config) if config.is_exchanged() => config.expires_in,
        _ => return None,
    };
    // Some providers send 0 for a token that never expires.
    let stated =
        |of: &Map<String, Value>| seconds(of.get("expires_in")).filter(|lifetime| !lifetime.is_zero());
    let main = stated(credentials)
        .or(defined.map(|seconds| Duration::from_secs(seconds.get().into())))
        .or(renewal.map(|_| DEFAULT_LIFETIME));
    // All sets are renewed together, before the first of them ends.
    let AuthMethod::OAuth2(config) = &option.method else { return main };
    let sets = config.further_tokens.keys().filter_map(|name| credentials.get(name)?.as_object());
    let further = sets.filter(|set| set.contains_key("refresh_token")).filter_map(stated);
    further.chain(main).min()
}

fn keep_alive(option: &AuthOption, credentials: &Map<String, Value>) -> Duration {
    let known = REFRESH_TOKEN_LIFETIMES.iter().find_map(|name| seconds(credentials.get(*name)));
    let defined = match &option.method {
        AuthMethod::OAuth2(config) => config.refresh_token_expires_in,
        _ => None,
    };
    let defined = defined.map(|life| Duration::from_secs(life.get().into()));
    known.filter(|life| !life.is_zero()).or(defined).map_or(KEEP_ALIVE, |life| KEEP_ALIVE.min(life / 2))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use protocol::definition::{Integration, IntegrationDefinition};
    use protocol::id::WorkspaceKey;

    const NOW: Timestamp = Timestamp(1_767_225_600_000);
    const DAY: i64 = 86_400_000;

    fn option(auth_type: &str, config: &Value) -> AuthOption {
        let mut whole = json!({
            "clientId": "a", "authorizeUri": "https://p.example/a", "tokenUri": "https://p.example/t",
        });
        if auth_type == "client-credentials" {
            whole = json!({ "tokenUri": "https://p.example/t" });
        }
        whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let definition = json!({ "key": "k", "type": auth_type, "config": whole });
        let integration = json!({ "name": "Example", "authOptions": [definition] });
        let mut integration = Integration::new(
            &WorkspaceKey::new("acme"),
            "crm",
            IntegrationDefinition::read(integration).unwrap(),
            None,
        );
        integration.auth_options.remove(0)
    }

    /// Returns the seconds until the expiry, and until the next refresh.
    fn plan(option: &AuthOption, credentials: &Value, idle: i64) -> (Option<i64>, Option<i64>) {
        let credentials = SecretMap::new(credentials.as_object().unwrap().clone());
        let health = health(option, &credentials, NOW, Timestamp(NOW.0 - idle));
        let seconds = |moment: Option<Timestamp>| moment.map(|moment| (moment.0 - NOW.0) / 1000);
        (seconds(health.expires_at), seconds(health.next_refresh_at))
    }

    #[test]
    fn a_connection_in_use_is_refreshed_before_its_token_ends() {
        let option = option("oauth2", &json!({}));
        let tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3600 });
        assert_eq!(plan(&option, &tokens, 0), (Some(3540), Some(2700)));
        let short = json!({ "access_token": "a", "refresh_token": "r", "expires_in": "60" });
        assert_eq!(plan(&option, &short, 0), (Some(45), Some(45)));
    }

    #[test]
    fn one_that_nobody_uses_is_refreshed_often_enough_for_its_refresh_token() {
        let option = option("oauth2", &json!({}));
        let mut tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3600 });
        assert_eq!(plan(&option, &tokens, DAY), (Some(3540), Some(7 * 86_400)));
        tokens["x_refresh_token_expires_in"] = 86_400.into();
        assert_eq!(plan(&option, &tokens, DAY), (Some(3540), Some(43_200)));
        // The plan is the same for an access token that outlives its refresh token.
        tokens["expires_in"] = (60 * 86_400).into();
        assert_eq!(plan(&option, &tokens, DAY), (Some(60 * 86_400 - 60), Some(43_200)));
        assert_eq!(plan(&option, &tokens, 0), (Some(60 * 86_400 - 60), Some(43_200)));
    }

    #[test]
    fn none_comes_sooner_than_the_provider_takes_it() {
        let late = option("oauth2", &json!({ "refreshBefore": 30 }));
        let mut tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 600 });
        assert_eq!(plan(&late, &tokens, 0), (Some(570), Some(570)));
        // Its refresh token is not used before either.
        tokens["expires_in"] = (60 * 86_400).into();
        let end = 60 * 86_400 - 30;
        assert_eq!(plan(&late, &tokens, 0), (Some(end), Some(end)));
        assert_eq!(plan(&late, &tokens, DAY), (Some(end), Some(end)));
        let at_the_end = option("client-credentials", &json!({ "refreshBefore": 0 }));
        let tokens = json!({ "access_token": "a", "expires_in": 600 });
        assert_eq!(plan(&at_the_end, &tokens, 0), (Some(600), Some(600)));
        // A longer time than usual changes nothing.
        let early = option("client-credentials", &json!({ "refreshBefore": 3600 }));
        assert_eq!(plan(&early, &tokens, 0), (Some(540), Some(450)));
    }

    #[test]
    fn without_expires_in_the_definition_says_and_an_hour_is_assumed() {
        let tokens = json!({ "access_token": "a", "refresh_token": "r" });
        assert_eq!(plan(&option("oauth2", &json!({})), &tokens, 0), (Some(3540), Some(2700)));
        let defined = option("oauth2", &json!({ "expiresIn": 7200 }));
        assert_eq!(plan(&defined, &tokens, 0), (Some(7140), Some(6300)));
        let zero = json!({ "access_token": "a", "expires_in": 0 });
        assert_eq!(plan(&option("oauth2", &json!({})), &zero, 0), (None, None));
        let forever = json!({ "access_token": "a" });
        assert_eq!(plan(&option("oauth2", &json!({})), &forever, 0), (None, None));
    }

    #[test]
    fn without_a_refresh_token_the_end_itself_is_what_comes_next() {
        let tokens = json!({ "access_token": "a", "expires_in": 3600 });
        assert_eq!(plan(&option("oauth2", &json!({})), &tokens, 0), (Some(3540), Some(3540)));
        let unwanted = json!({ "access_token": "a", "expires_in": 3600, "refresh_token": "r" });
        let none = option("oauth2", &json!({ "noRefreshToken": true }));
        assert_eq!(plan(&none, &unwanted, 0), (Some(3540), Some(3540)));
    }

    #[test]
    fn what_can_be_exchanged_again_waits_for_somebody_to_need_it() {
        let option = option("client-credentials", &json!({}));
        let tokens = json!({ "access_token": "a", "expires_in": 3600 });
        assert_eq!(plan(&option, &tokens, 0), (Some(3540), Some(2700)));
        assert_eq!(plan(&option, &tokens, DAY), (Some(3540), None));
    }

    #[test]
    fn what_is_refreshed_on_use_has_no_next_refresh_unless_it_would_be_too_late() {
        let on_use = json!({ "refreshOnUse": true });
        let tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3600 });
        for idle in [0, DAY] {
            assert_eq!(plan(&option("oauth2", &on_use), &tokens, idle), (Some(3540), None));
            assert_eq!(plan(&option("client-credentials", &on_use), &tokens, idle), (Some(3540), None));
        }
        // What cannot be refreshed ends, and a token that renews itself must not have ended.
        let ends = json!({ "access_token": "a", "expires_in": 3600 });
        assert_eq!(plan(&option("oauth2", &on_use), &ends, 0), (Some(3540), Some(3540)));
        let itself = json!({ "refreshOnUse": true, "renewal": {
            "uri": "https://p.example/renew", "body": { "token": "${credentials.access_token}" },
            "response": { "access_token": "token" },
        } });
        assert_eq!(plan(&option("oauth2", &itself), &ends, 0), (Some(3540), Some(2700)));
    }

    #[test]
    fn what_the_customer_entered_lasts() {
        let mut option = option("client-credentials", &json!({}));
        option.method = AuthMethod::ClientCredentials(Box::default());
        assert_eq!(plan(&option, &json!({ "apiKey": "k", "expires_in": 5 }), 0), (None, None));
    }
}
