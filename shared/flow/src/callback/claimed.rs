//! A flow that was claimed: its work, and its end.

use bytes::Bytes;
use http::{Request, Response};

use crate::context::FlowContext;
use crate::context::browser::BrowserSecret;
use crate::context::choice::Unchosen;
use crate::context::cookies::surplus_cookies;
use crate::context::flow_id::FlowId;
use crate::context::outcome::Outcome;
use crate::context::unconfirmed::{ConfirmationId, Unconfirmed, With};
use crate::deps::Deps;
use crate::lifecycle::connect::Progress;
use crate::lifecycle::exchange::{self, Answered};
use crate::store::FlowClaim;
use crate::web::response;
use protocol::deadline::Deadline;
use protocol::error::Result;
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::record::{self, About};

/// A flow that only this request may finish.
pub(super) struct ClaimedFlow {
    pub(super) id: FlowId,
    secret: BrowserSecret,
    pub(super) memory: FlowContext,
    claimant: String,
    pub(super) deadline: Deadline,
}

impl ClaimedFlow {
    pub(super) fn new(
        id: &FlowId,
        secret: BrowserSecret,
        memory: FlowContext,
        claimant: String,
        deadline: Deadline,
    ) -> Self {
        let request = &memory.request;
        About::Workspace.note(&request.workspace);
        About::Customer.note(&request.customer);
        About::IntegrationId.note(&request.integration);
        About::Option.note(&request.auth_option_key);
        Self { id: id.clone(), secret, memory, claimant, deadline }
    }

    pub(super) fn claim(&self) -> FlowClaim<'_> {
        FlowClaim { flow: &self.id, claimant: &self.claimant }
    }

    /// Completes the flow with the provider's answer, or, if the workspace confirms its users, verifies the answer and
    /// lets the flow wait for the application.
    pub(super) async fn progress(&self, deps: &Deps, response: AuthorizationResponse) -> Result<Progress> {
        let FlowContext { request, callback_uri, temporary_credentials, confirm_user, .. } = &self.memory;
        // It is derived from the browser secret, so only the browser that started the flow can bring it.
        let code_verifier = self.secret.code_verifier(&self.id)?;
        let answered = Answered {
            request,
            callback_uri,
            code_verifier: &code_verifier,
            temporary_credentials: temporary_credentials.as_ref(),
            response: &response,
        };
        if !confirm_user {
            return exchange::exchange_and_connect(deps, &answered, self.claim(), self.deadline).await;
        }
        answered.verify(deps).await?;
        let with = With::Answer {
            response,
            callback_uri: callback_uri.clone(),
            temporary_credentials: temporary_credentials.clone(),
            code_verifier,
        };
        self.await_confirmation(deps, with).await
    }

    /// Lets the flow wait for the application.
    pub(super) async fn await_confirmation(&self, deps: &Deps, with: With) -> Result<Progress> {
        let id = ConfirmationId::of_flow(&self.id, &self.secret)?;
        let request = self.memory.request.clone();
        let sealed = Unconfirmed { request, with }.seal(&id, &*deps.random)?;
        deps.store.await_confirmation(&id, sealed, &self.claimant, deps.clock.now()).await?;
        Ok(Progress::Ended(Outcome::Unconfirmed(id)))
    }

    /// Records a failed outcome, or what waits for the customer's choice; a success was already saved with its
    /// connection.
    pub(super) async fn record(&self, deps: &Deps, progress: Result<Progress>) {
        let progress = match progress {
            Ok(Progress::Asks(unchosen)) => self.await_choice(deps, &unchosen).await.map(|()| None),
            Ok(Progress::Ended(outcome)) => Ok(Some(outcome)),
            Err(error) => Err(error),
        };
        match progress {
            Ok(Some(Outcome::Connected { connection_id })) => {
                About::Connection.note(&connection_id);
                record::ends("connected");
            }
            Ok(Some(Outcome::Unconfirmed(_))) => record::ends("the application must confirm its user"),
            Ok(Some(Outcome::Failed(error))) => error.report("flow had ended"),
            Ok(None) => record::ends("the customer must choose"),
            Err(error) => {
                error.report("flow failed");
                exchange::record_failure(deps, self.claim(), error).await;
            }
        }
    }

    async fn await_choice(&self, deps: &Deps, unchosen: &Unchosen) -> Result<()> {
        let id = ConfirmationId::of_flow(&self.id, &self.secret)?;
        let sealed = unchosen.seal(&id, &*deps.random)?;
        deps.store.await_choice(self.claim(), sealed, self.deadline).await
    }
}

/// Sends the browser to the flow's result.
pub(super) fn to_result(request: &Request<Bytes>, flow: &FlowId) -> Response<Bytes> {
    let cookies = surplus_cookies(request.headers(), Some(flow), 0);
    see_other(&format!("/connection-result/{}", flow.as_str()), &cookies)
}

/// Redirects to an address with a fragment of its own, if only an empty one. To one without a fragment, browsers would
/// carry over that of the callback (RFC 9110 §10.2.2): Facebook adds `#_=_`. What the browser carries from here to the
/// caller's address is the empty one at most.
pub(super) fn see_other(address: &str, cookies: &[String]) -> Response<Bytes> {
    let fragment = if address.contains('#') { "" } else { "#" };
    response::see_other(&format!("{address}{fragment}"), cookies)
}
