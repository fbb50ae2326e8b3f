//! Completes what waits for a confirmation: the application says, with its user's token, that this user is there.
//!
//! Until then nothing was exchanged. Whoever answered the provider's page in some browser may be another person than the
//! application's user in that browser: a victim who followed an attacker's link. The application knows its own session,
//! so it sends the token of its session's user; only the customer who began the flow can complete it.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::{Connection, connection_not_found};
use crate::context::attempt::not_completed;
use crate::context::choice::choice_expired;
use crate::context::outcome::Outcome;
use crate::context::unconfirmed::{ConfirmationId, Unconfirmed, With};
use crate::deps::{Deps, OwnAddress};
use crate::lifecycle::connect::{Issued, Progress, connect, connection_key};
use crate::lifecycle::exchange::{self, Answered};
use crate::lifecycle::registration;
use crate::store::{Completion, FlowClaim};
use protocol::backoff::Backoff;
use protocol::deadline::Deadline;
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::draw_id;
use protocol::record::{self, About, Level, Remark};
use protocol::token::Customer;

/// The shortest and the longest pause between two looks at a request that another call completes.
const PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_millis(1600);

/// Completes what waits under this confirmation for this customer, and returns the connection. A call that is repeated, or
/// that comes while another is at work, gets the same result. `address` is the service's own, where the browser has to go
/// if its user must choose.
pub async fn complete(
    deps: &Arc<Deps>,
    (id, address): (&str, &OwnAddress),
    customer: &Customer,
    deadline: Deadline,
) -> Result<Connection> {
    let id = ConfirmationId::parse(id).ok_or_else(no_request)?;
    About::Flow.note(id.flow().as_str());
    let found = deps.store.read_unconfirmed(id.flow()).await?;
    let found = found.filter(|found| id.is_bound_to(&found.binding)).ok_or_else(no_request)?;
    record::refer(found.reference);
    let page = format!("{}/connection-result/{}", address.url, id.flow().as_str());
    let confirmed_for = id.binding_to(&customer.workspace, &customer.id);
    let outcome = match &found.sealed {
        Some(sealed) => {
            let unconfirmed = Unconfirmed::open(&id, sealed)?;
            unconfirmed.check_customer(deps, &id, customer).await?;
            // A key service that is away leaves the request as it is.
            connection_key(deps, &unconfirmed.request).await?;
            let claimant = draw_id(&*deps.random);
            let now = deps.clock.now();
            match deps.store.claim_unconfirmed(&id, &claimant, confirmed_for, now).await? {
                Completion::Won => {
                    // The caller may hang up at any time. A task of its own finishes the work all the same.
                    let deps = Arc::clone(deps);
                    let work =
                        async move { Box::pin(unconfirmed.connect(&deps, &id, &claimant, deadline)).await };
                    tokio::spawn(record::carried(work))
                        .await
                        .map_err(|error| Error::internal("a completion broke down").caused_by(error))??
                }
                Completion::Taken => elsewhere(deps, &id, deadline).await?,
                Completion::Expired => {
                    deps.store.forget_unconfirmed(&id, now).await?;
                    return Err(not_completed());
                }
            }
        }
        // It has ended: only the customer for whom it was completed is told how.
        None if found.confirmed_for.as_deref() == Some(&confirmed_for[..]) => {
            elsewhere(deps, &id, deadline).await?
        }
        None if found.confirmed_for.is_none() => return Err(not_completed()),
        None => return Err(no_request()),
    };
    match outcome.ok_or_else(|| must_choose(page))? {
        Outcome::Connected { connection_id } => {
            About::Connection.note(&connection_id);
            deps.store.read_connection(&connection_id).await?.ok_or_else(connection_not_found)
        }
        Outcome::Failed(error) => Err(error),
        Outcome::Unconfirmed(_) => Err(Error::internal("a completed request that waits")),
    }
}

impl Unconfirmed {
    /// Refuses everybody but the customer who began the flow. If the application's user is another customer, the request
    /// ends here: somebody was led into a flow that is not theirs, and nobody may complete it any more.
    async fn check_customer(&self, deps: &Deps, id: &ConfirmationId, customer: &Customer) -> Result<()> {
        let request = &self.request;
        if request.workspace != customer.workspace {
            return Err(no_request());
        }
        About::IntegrationId.note(&request.integration);
        About::Option.note(&request.auth_option_key);
        if request.customer == customer.id {
            return Ok(());
        }
        let message = "the application's user is not the customer for whom the connection was begun";
        record::notes(Remark::new(Level::Warn, message).with("begun_for", Some(request.customer.as_str())));
        let claimant = draw_id(&*deps.random);
        let begun_for = id.binding_to(&request.workspace, &request.customer);
        let claimed = deps.store.claim_unconfirmed(id, &claimant, begun_for, deps.clock.now()).await?;
        if matches!(claimed, Completion::Won) {
            let refused = Outcome::Failed(another_customer());
            deps.store.end_flow(id.flow(), &claimant, &refused).await?;
        }
        Err(another_customer())
    }

    /// Makes the connection, and records a failure as the flow's outcome. Returns nothing if the customer must choose.
    async fn connect(
        self,
        deps: &Deps,
        id: &ConfirmationId,
        claimant: &str,
        deadline: Deadline,
    ) -> Result<Option<Outcome>> {
        let flow = FlowClaim { flow: id.flow(), claimant };
        let outcome = match self.connected(deps, flow, deadline).await {
            Ok(Progress::Ended(outcome)) => Ok(Some(outcome)),
            // The browser of the flow can be asked: only it has the cookie.
            Ok(Progress::Asks(unchosen)) => match unchosen.seal(id, &*deps.random) {
                Ok(sealed) => deps.store.await_choice(flow, sealed, deadline).await.map(|()| None),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            error.note("flow failed");
            exchange::record_failure(deps, flow, error.clone()).await;
        }
        outcome
    }

    async fn connected(self, deps: &Deps, flow: FlowClaim<'_>, deadline: Deadline) -> Result<Progress> {
        let request = &self.request;
        match self.with {
            With::Answer { response, code_verifier, callback_uri, temporary_credentials } => {
                let answered = Answered {
                    request,
                    callback_uri: &callback_uri,
                    code_verifier: &code_verifier,
                    temporary_credentials: temporary_credentials.as_ref(),
                    response: &response,
                };
                exchange::exchange_and_connect(deps, &answered, flow, deadline).await
            }
            With::Credentials { credentials, issued_at } => {
                let registration = registration::of_flow(deps, request).await?;
                let key = connection_key(deps, request).await?;
                let issued = Issued {
                    registration: &registration,
                    credentials,
                    at: issued_at,
                    next_call: None,
                    key: &key,
                    callback_uri: None,
                    flow: Some(flow),
                };
                connect(deps, request, issued, deadline).await
            }
        }
    }
}

/// Waits for the call that completes the request, or the choice that does. Returns nothing if the customer must choose.
async fn elsewhere(deps: &Deps, id: &ConfirmationId, deadline: Deadline) -> Result<Option<Outcome>> {
    let mut backoff = Backoff::new(&*deps.clock, &*deps.random, PAUSE, deadline.lease_wait());
    loop {
        let found = deps.store.read_unconfirmed(id.flow()).await?.ok_or_else(no_request)?;
        if let Some(outcome) = found.outcome {
            return Ok(Some(outcome));
        }
        if let (Some(until), Some((claimant, _))) = (found.choice_until, &found.claim) {
            if until > deps.clock.now() {
                return Ok(None);
            }
            let expired = Outcome::Failed(choice_expired());
            return deps.store.end_flow(id.flow(), claimant, &expired).await.map(Some);
        }
        if let Some((claimant, claimed_at)) = &found.claim
            && let Some(outcome) =
                exchange::interrupted(deps, FlowClaim { flow: id.flow(), claimant }, *claimed_at).await?
        {
            return Ok(Some(outcome));
        }
        if backoff.wait().await.is_none() {
            let message = "Another call is still completing this request. Please ask again.";
            return Err(Error::new(ErrorKey::LockTimeout, message));
        }
    }
}

fn no_request() -> Error {
    let message = "There is no such connection request, or it is long over.";
    Error::new(ErrorKey::NotFound, message).field("connectionRequestId")
}

/// The answer to the application: it has to send its user's browser to the page.
fn must_choose(page: String) -> Error {
    let message = "The customer must choose what to connect. Send their browser to the page.";
    Error::new(ErrorKey::InteractionRequired, message).with("uri", page)
}

fn another_customer() -> Error {
    let message =
        "This connection was begun for another customer than the application's user. Nothing was connected.";
    Error::new(ErrorKey::AccessDenied, message).field("token")
}
