//! Begins a flow: draws its two secrets, stores it, and sends the browser to the provider.

use bytes::Bytes;
use http::Response;
use url::Url;

use super::chosen::Chosen;
use crate::connection::{ConnectRequest, RequestedScopes};
use crate::context::FlowContext;
use crate::context::browser::{BrowserSecret, State};
use crate::context::flow_id::FlowId;
use crate::deps::Deps;
use crate::lifecycle::registration::{authorizing_secrets, issuing_secrets};
use crate::store::NewFlow;
use crate::web::response;
use protocol::deadline::Deadline;
use protocol::definition::{AuthMethod, BARE_CALLBACK, OAuth1, ParameterPlace};
use protocol::error::{Error, Result};
use protocol::provider::maker::Maker;
use protocol::provider::oauth1::{self, TemporaryCredentials, request_temporary_credentials};
use protocol::provider::oauth2::Sent;
use protocol::provider::oauth2::authorization_request::authorization_request;
use protocol::record::{self, About, Level, Remark};

/// Stores the flow and sends the browser to the provider's page.
pub(super) async fn authorize(
    deps: &Deps,
    chosen: &Chosen<'_>,
    request: &ConnectRequest,
) -> Result<Response<Bytes>> {
    record::step("authorize");
    let state = State::draw(&*deps.random);
    let secret = BrowserSecret::draw(&*deps.random);
    let flow = state.flow_id();
    let integration = &chosen.registration.integration;
    let callback_uri = match &integration.o_auth_callback_uri {
        Some(uri) => uri.clone(),
        None => format!("{}{}", chosen.start.address.url, integration.callback_path()),
    };
    let loopback = deps.settings.loopback;
    let mut request = request.clone();
    let (location, redirect_uri, temporary_credentials, kept_parameters) =
        match &chosen.registration.option().method {
            AuthMethod::OAuth2(config) => {
                if integration.is_answered_at_bare_path() && !config.is_issuer_required() {
                    let message = "the answer will come to the bare callback, where no issuer is required";
                    let remark = Remark::new(Level::Warn, message);
                    record::notes(remark.with("setting", Some("oAuthCallbackUri")));
                }
                let secrets = authorizing_secrets(deps, &chosen.registration).await?;
                let calls = deps.calls(Deadline::starting(&*deps.clock).provider());
                let maker = Maker::new(&calls, request.values(&chosen.registration)?, &secrets);
                let fill = || {
                    let values = maker.values();
                    let redirect_uri = match &config.redirect_uri_value {
                        Some(template) => template.render_text(&values)?,
                        None => callback_uri.clone(),
                    };
                    let code_verifier = secret.code_verifier(&flow)?;
                    let sent = Sent { code_verifier, redirect_uri };
                    let scopes = config.requested_scopes(&values, &chosen.scopes)?;
                    let state = state.reveal();
                    let location = authorization_request(config, &values, &state, &sent, &scopes, loopback)?;
                    Ok((location, sent.redirect_uri, scopes))
                };
                let (location, redirect_uri, scopes) = maker.filled(fill).await?;
                let by_caller = chosen.scopes.given.is_some() || chosen.scopes.kept.is_some();
                request.scopes = Some(RequestedScopes { scopes, by_caller });
                (location, redirect_uri, None, config.callback().further())
            }
            AuthMethod::OAuth1(config) => {
                let (location, temporary) =
                    request_authorization(deps, chosen, &request, config, &state, &callback_uri).await?;
                (location, callback_uri, Some(temporary), Vec::new())
            }
            AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => {
                return Err(Error::internal("an option without a provider's page cannot authorize"));
            }
        };
    // The customer's input may have chosen the host or the path.
    if deps.own_routes.have_url(&location) {
        return Err(Error::unusable("authorizeUri").detail("it leads to a route of the service's own"));
    }
    let confirm_user = chosen.start.workspace.confirm_user;
    let memory = FlowContext { request, callback_uri: redirect_uri, temporary_credentials, confirm_user };
    begin_flow(deps, (&flow, &secret), chosen, kept_parameters, &memory).await?;
    About::Flow.note(flow.as_str());
    record::ends("flow begun");
    Ok(response::see_other(location.as_str(), &[secret.set_cookie(&flow)]))
}

async fn begin_flow(
    deps: &Deps,
    (flow, secret): (&FlowId, &BrowserSecret),
    chosen: &Chosen<'_>,
    kept_parameters: Vec<String>,
    memory: &FlowContext,
) -> Result<()> {
    let integration = &chosen.registration.integration;
    let new = NewFlow {
        id: flow,
        binding: secret.binding(),
        callback_path: &integration.callback_path(),
        other_path: integration.is_answered_at_bare_path().then_some(BARE_CALLBACK),
        kept_parameters,
        remembered: memory.seal(&chosen.start.target, flow, secret, &*deps.random)?,
        expires_at: chosen.start.ends_at(deps.clock.now()),
        attempt: chosen.attempt.clone(),
    };
    deps.store.begin_flow(new).await
}

/// Requests temporary credentials, and returns them with the address where the customer authorizes them (RFC 5849 §2.1,
/// §2.2). OAuth 1.0 has no `state`, so ours is added to the callback's address.
async fn request_authorization(
    deps: &Deps,
    chosen: &Chosen<'_>,
    request: &ConnectRequest,
    config: &OAuth1,
    state: &State,
    callback_uri: &str,
) -> Result<(Url, TemporaryCredentials)> {
    let secrets = issuing_secrets(deps, &chosen.registration).await?;
    let calls = deps.calls(Deadline::starting(&*deps.clock).provider());
    let maker = Maker::new(&calls, request.values(&chosen.registration)?, &secrets);
    let (values, loopback) = (maker.values(), calls.loopback);
    let client = oauth1::Client::of(config, chosen.registration.option(), &secrets, &values)?;
    let endpoints = config.endpoints()?;
    let url = endpoints.request_token.render(&values, loopback)?;
    let endpoint = oauth1::Endpoint { url, method: config.request_method };
    let mut location = endpoints.authorize.render(&values, loopback)?;
    let mut callback = Url::parse(callback_uri).map_err(Error::internal)?;
    callback.query_pairs_mut().append_pair("state", &state.reveal());
    let wanted = wanted_parameters(config);
    let (at_request, at_authorization) = match config.extra_in {
        ParameterPlace::Request => (wanted.as_slice(), &[][..]),
        ParameterPlace::Authorize => (&[][..], wanted.as_slice()),
    };
    let temporary =
        request_temporary_credentials(&calls, &client, endpoint, callback.as_str(), at_request).await?;
    location.query_pairs_mut().append_pair("oauth_token", &temporary.token).extend_pairs(at_authorization);
    Ok((location, temporary))
}

/// Returns the scopes and the provider's own parameters.
fn wanted_parameters(config: &OAuth1) -> Vec<(String, String)> {
    let scope = (!config.scopes.is_empty())
        .then(|| ("scope".to_owned(), config.scopes.join(&config.scope_separator)));
    let extra = config.extra.iter().map(|(name, value)| (name.clone(), value.clone()));
    scope.into_iter().chain(extra).collect()
}
