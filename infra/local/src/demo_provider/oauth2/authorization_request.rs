//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).

use super::authorization_error::{AuthorizationError, ErrorCode};
use super::authorization_response::{ReplyTo, ResponseMode};
use super::client::Client;
use super::fault::Fault;
use super::pkce::CodeChallenge;
use super::scope::{self, Scope};
use crate::demo_provider::params::Params;

/// A request with nothing wrong in it.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) reply_to: ReplyTo,
    pub(super) scopes: Vec<&'static Scope>,
    pub(super) code_challenge: CodeChallenge,
    /// The fault that the request's own `demo_fail` parameter asks for.
    pub(super) fault: Option<Fault>,
}

/// The reason why there is no such request.
pub(super) enum Refusal {
    /// The sender may be nobody's client: the user sees the reason, and the browser stays here (RFC 6749 §4.1.2.1).
    Page(&'static str),
    /// The client gets the error.
    Reply(ReplyTo, AuthorizationError),
}

/// Checks the request: first where an answer may go, then everything else.
pub(super) fn validate(params: &Params, clients: &[Client]) -> Result<AuthorizationRequest, Refusal> {
    if params.is_repeated("client_id") || params.is_repeated("redirect_uri") {
        return Err(Refusal::Page("The client or its redirect URI is given more than once."));
    }
    let client = params
        .get("client_id")
        .and_then(|id| Client::find(clients, id))
        .ok_or(Refusal::Page("No client with this client_id is registered here."))?;
    let redirect_uri = params
        .get("redirect_uri")
        .filter(|uri| client.may_use(uri))
        .ok_or(Refusal::Page("The redirect_uri is not one that this client has registered."))?;
    let fault = match params.get("demo_fail") {
        None => None,
        Some(name) => Some(
            Fault::named(name)
                .ok_or(Refusal::Page("demo_fail names no way to fail; the consent page lists the names."))?,
        ),
    };
    let response_mode = ResponseMode::parse(params.get("response_mode"));
    let reply_to = ReplyTo {
        redirect_uri: redirect_uri.to_owned(),
        response_mode: response_mode.unwrap_or(ResponseMode::Query),
        state: params.get("state").filter(|_| !params.is_repeated("state")).map(str::to_owned),
    };

    let checked = if params.repeated().is_some() {
        Err(AuthorizationError::new(ErrorCode::InvalidRequest, "A parameter is given more than once"))
    } else if response_mode.is_none() {
        Err(AuthorizationError::new(ErrorCode::InvalidRequest, "The response_mode is not supported"))
    } else {
        grantable(params)
    };
    match checked {
        Ok((scopes, code_challenge)) => Ok(AuthorizationRequest {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            reply_to,
            scopes,
            code_challenge,
            fault,
        }),
        Err(error) => Err(Refusal::Reply(reply_to, error)),
    }
}

fn grantable(params: &Params) -> Result<(Vec<&'static Scope>, CodeChallenge), AuthorizationError> {
    use ErrorCode::{InvalidRequest, InvalidScope, UnsupportedResponseType};

    match params.get("response_type") {
        Some("code") => {}
        None => return Err(AuthorizationError::new(InvalidRequest, "response_type is missing")),
        Some(_) => {
            let description = "The only response_type is code";
            return Err(AuthorizationError::new(UnsupportedResponseType, description));
        }
    }
    // Without the parameter the method would be `plain` (RFC 7636 §4.3), which is not supported either.
    if params.get("code_challenge_method") != Some("S256") {
        let description = "PKCE is required, with code_challenge_method S256";
        return Err(AuthorizationError::new(InvalidRequest, description));
    }
    let challenge = params
        .get("code_challenge")
        .and_then(CodeChallenge::parse)
        .ok_or(AuthorizationError::new(InvalidRequest, "code_challenge is missing or malformed"))?;
    let scopes = scope::parse(params.get("scope"))
        .ok_or(AuthorizationError::new(InvalidScope, "The scope names something unknown"))?;
    Ok((scopes, challenge))
}
