//! The pages of ours that a start waits behind.

use bytes::Bytes;
use http::Response;
use protocol::definition::Integration;
use protocol::error::Result;

use super::submission::Submission;
use super::verify::VerifiedStart;
use super::waiting::Waiting;
use crate::context::attempt::Attempt;
use crate::context::flow_id::FlowId;
use crate::deps::Deps;
use crate::web::{pages, response};
use protocol::record::{self, About};

impl VerifiedStart {
    /// Returns the page that asks the customer to confirm the start, which waits behind it.
    pub(super) async fn confirm(
        &self,
        deps: &Deps,
        integration: &Integration,
        attempt: &Attempt,
    ) -> Result<Response<Bytes>> {
        let confirmation = pages::Confirmation {
            brand: &self.workspace.brand,
            integration: &integration.name,
            customer: &self.customer,
            link: self.source.is_link().then(|| self.prompt().unwrap_or_default()),
        };
        record::ends("confirmation asked for");
        self.behind(deps, attempt, |flow| pages::confirm_start(&confirmation, flow)).await
    }

    /// What whoever made the link wants to say to the customer.
    fn prompt(&self) -> Option<&str> {
        self.belongs_to.as_ref()?.request.prompt.as_deref()
    }

    /// Shows a page that the start waits behind. It waits in one record, however many pages the customer is shown.
    pub(super) async fn behind(
        &self,
        deps: &Deps,
        attempt: &Attempt,
        page: impl FnOnce(&FlowId) -> Response<Bytes>,
    ) -> Result<Response<Bytes>> {
        if let Some(submission) = &self.submission {
            return Ok(page(&submission.waiting.flow));
        }
        let (listener, ends_at) = (self.target.listener.as_ref(), self.ends_at(self.verified_at));
        let (flow, cookie) = Waiting::begin(deps, &self.source, listener, ends_at, attempt.clone()).await?;
        About::Flow.note(flow.as_str());
        let mut response = page(&flow);
        response::add_cookies(&mut response, &[cookie]);
        Ok(response)
    }

    /// True if the customer filled in our form.
    pub(super) fn is_filled_in(&self) -> bool {
        self.submission.as_ref().is_some_and(Submission::is_filled_in)
    }
}
