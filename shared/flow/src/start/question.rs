//! A start that needs no provider's page, but its customer's choice of what the connection is for.

use bytes::Bytes;
use http::Response;
use protocol::error::{Error, Result};
use protocol::random::draw_id;

use super::verify::VerifiedStart;
use crate::connection::ConnectRequest;
use crate::context::FlowContext;
use crate::context::attempt::Attempt;
use crate::context::browser::{BrowserSecret, State};
use crate::context::choice::Unchosen;
use crate::context::unconfirmed::ConfirmationId;
use crate::deps::Deps;
use crate::store::NewFlow;
use crate::web::response;
use protocol::record::{self, About};

/// The record has it in the place of a callback's path, so no callback can claim the flow.
const PATH: &str = "/connection-choice";

impl VerifiedStart {
    /// Lets the credentials wait in a flow of this browser, and leads it to the page that asks.
    pub(super) async fn asks(
        &self,
        deps: &Deps,
        request: &ConnectRequest,
        attempt: &Attempt,
        unchosen: &Unchosen,
    ) -> Result<Response<Bytes>> {
        if self.requester.in_iframe {
            return Err(Error::interaction_required());
        }
        if !self.requester.can_be_asked() {
            return Err(unchosen.not_named());
        }
        let flow = State::draw(&*deps.random).flow_id();
        let secret = BrowserSecret::draw(&*deps.random);
        let id = ConfirmationId::of_flow(&flow, &secret)?;
        let memory = FlowContext {
            request: request.clone(),
            callback_uri: String::new(),
            temporary_credentials: None,
            confirm_user: self.workspace.confirm_user,
        };
        let now = deps.clock.now();
        let remembered = memory.seal(&self.target, &flow, &secret, &*deps.random)?;
        let new = NewFlow::of_page(&flow, secret.binding(), PATH, remembered, now, attempt.clone());
        let sealed = unchosen.seal(&id, &*deps.random)?;
        deps.store.begin_choice(new, sealed, &draw_id(&*deps.random), now).await?;
        About::Flow.note(flow.as_str());
        record::ends("the customer must choose");
        let result = format!("/connection-result/{}", flow.as_str());
        Ok(response::see_other(&result, &[secret.set_cookie(&flow)]))
    }
}
