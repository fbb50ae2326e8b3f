//! Asks the provider for new credentials.

use protocol::deadline::Deadline;
use protocol::definition::{AfterConnect, AuthMethod, BoundValues};
use protocol::error::Error;
use protocol::provider::failure::CallError;
use protocol::provider::maker::Maker;
use protocol::provider::oauth2::consent;
use protocol::provider::oauth2::token_request::TokenEndpoint;
use protocol::provider::token_call;
use protocol::secret::SecretMap;
use serde_json::{Map, Value};

use super::further::renew_further;
use super::lifetime::Renewal;
use super::not_renewed::{Heard, NotRenewed};
use crate::connection::Health;
use crate::deps::Deps;
use crate::lifecycle::{import, registration};

/// New credentials.
pub(super) struct Renewed {
    pub(super) credentials: SecretMap,
    /// The failure of a further set of tokens, which stays as it was.
    pub(super) failed: Option<(Error, Heard)>,
}

impl From<SecretMap> for Renewed {
    fn from(credentials: SecretMap) -> Self {
        Self { credentials, failed: None }
    }
}

/// Asks the provider for new credentials. `before` is the health of the old ones.
pub(super) async fn renew(
    deps: &Deps,
    bound: BoundValues<'_>,
    renewal: Renewal<'_>,
    before: &Health,
    deadline: Deadline,
) -> Result<Renewed, NotRenewed> {
    match renewal {
        Renewal::RefreshToken { config, token } => {
            let registration = bound.registration();
            let issuing = registration::issuing_secrets(deps, registration).await?;
            let calls = deps.calls(deadline.provider());
            let maker = Maker::new(&calls, bound, &issuing);
            let endpoint = maker.filled(|| TokenEndpoint::of_refresh(config, &maker, calls.loopback)).await?;
            let answer = endpoint.refresh(&calls, token).await?.into_fields();
            let mut fields = merged(bound.credentials(), answer.clone()).expose().clone();
            let failed =
                renew_further(&calls, (config, &endpoint), bound, &answer, &mut fields, before).await?;
            Ok(Renewed { credentials: SecretMap::new(fields), failed })
        }
        Renewal::Consent(config) => {
            let registration = bound.registration();
            let issuing = registration::issuing_secrets(deps, registration).await?;
            let calls = deps.calls(deadline.provider());
            let response =
                consent::request_tokens(&calls, config, &Maker::new(&calls, bound, &issuing)).await?;
            Ok(merged(bound.credentials(), response.into_fields()).into())
        }
        Renewal::Call { call, rules, .. } => {
            let registration = bound.registration();
            let issuing = registration::issuing_secrets(deps, registration).await?;
            let calls = deps.calls(deadline.provider());
            match token_call::renew(&calls, call, rules, &Maker::new(&calls, bound, &issuing)).await {
                Ok(answer) => Ok(merged(bound.credentials(), answer).into()),
                // What the customer entered may still be good for a new login.
                Err(CallError::Provider(failure))
                    if token_call::is_refusal(&failure)
                        && matches!(registration.option().method, AuthMethod::ClientCredentials(_)) =>
                {
                    exchanged(deps, bound, deadline).await
                }
                Err(error) => Err(error.into()),
            }
        }
        Renewal::Exchange => exchanged(deps, bound, deadline).await,
    }
}

/// Exchanges the customer's input anew.
async fn exchanged(deps: &Deps, bound: BoundValues<'_>, deadline: Deadline) -> Result<Renewed, NotRenewed> {
    let mut issued = import::issue(deps, bound, deadline).await?;
    // What calls have added to the credentials is not in the answer.
    let added = bound.registration().option().after_connect.iter().flat_map(AfterConnect::names);
    for name in added {
        if let (Some(value), false) = (bound.credentials().get(name), issued.expose().contains_key(name)) {
            issued.insert(name, value.clone());
        }
    }
    Ok(issued.into())
}

/// Merges the token response into the old credentials. It need not repeat the refresh token (RFC 6749 §6) or the
/// callback's parameters, so these stay. `expires_in` does not stay: it was about the old token.
fn merged(before: &Map<String, Value>, response: Map<String, Value>) -> SecretMap {
    let mut fields = before.clone();
    fields.remove("expires_in");
    fields.extend(response);
    let mut merged = SecretMap::new(fields);
    // Some providers repeat the name of the refresh token with an empty value.
    if merged.expose().get("refresh_token").is_some_and(|token| token.as_str().is_none_or(str::is_empty))
        && let Some(token) = before.get("refresh_token")
    {
        merged.insert("refresh_token", token.clone());
    }
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_response_does_not_say_again_stays() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let before =
            map(json!({ "access_token": "a1", "refresh_token": "r1", "expires_in": 60, "realmId": "7" }));
        let after = merged(&before, map(json!({ "access_token": "a2", "refresh_token": "" })));
        let expected = json!({ "access_token": "a2", "refresh_token": "r1", "realmId": "7" });
        assert_eq!(json!(after.expose()), expected);
        let rotated = merged(&before, map(json!({ "access_token": "a2", "refresh_token": "r2" })));
        assert_eq!(rotated.expose()["refresh_token"], "r2");
    }
}
