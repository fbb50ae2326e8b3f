//! Continues a verified start: at the provider, in the form for missing parameters, or, if no provider's page is
//! needed, with the connection itself.

use bytes::Bytes;
use http::Response;
use protocol::deadline::Deadline;
use protocol::definition::input::{self, Violation};
use protocol::definition::{AuthOption, Registration};
use protocol::error::{Error, Result};
use protocol::secret::SecretMap;

use super::authorize;
use super::chosen::Chosen;
use super::ended;
use super::scopes;
use super::subject::Subject;
use super::submission::Submission;
use super::verify::VerifiedStart;
use crate::connection::ConnectRequest;
use crate::context::attempt::Attempt;
use crate::context::outcome::Outcome;
use crate::context::unconfirmed::{ConfirmationId, Unconfirmed, With};
use crate::deps::Deps;
use crate::lifecycle::connect::{Progress, completed, prove};
use crate::lifecycle::{import, registration};
use crate::web::form;
use crate::web::pages::{self, Filled, FormPage};
use protocol::record::{self, About, Remark};

/// The result of a start.
pub(super) enum Begun {
    /// A redirect to the provider, or the form.
    Answer(Response<Bytes>),
    /// The outcome, without a provider's page.
    Ended(Outcome),
}

/// Continues a verified start.
pub(super) async fn begin(
    deps: &Deps,
    start: &VerifiedStart,
    subject: &Subject,
    attempt: &Attempt,
) -> Result<Begun> {
    record::step("prepare");
    let option = option(start, subject)?;
    let Subject { integration, connection: reconnected } = subject;
    About::IntegrationId.note(&integration.id);
    About::Integration.note(&integration.key);
    About::Option.note(&option.key);
    let registration = registration::of_option(deps, integration, option).await?;
    let scopes = scopes::asked(&start.request, &registration, reconnected.as_ref())?;
    let chosen = Chosen { start, integration, option, registration, scopes, attempt };
    let entered = chosen.entered(deps, reconnected.as_ref()).await?;
    if start.submission.as_ref().is_some_and(Submission::turned) {
        record::ends("form shown");
        return chosen.ask(deps, &chosen.shown(&entered), &[], None).await;
    }
    // What is required is asked for, although it has a default: the form shows that, and the customer may change it.
    let asks_first = start.requester.can_be_asked() && !start.is_filled_in();
    let mut violations = if asks_first { chosen.violations(&entered)? } else { Vec::new() };
    let mut entered = entered;
    if violations.is_empty() {
        entered = chosen.with_defaults(entered);
        violations = chosen.violations(&entered)?;
    }
    if let Some(first) = violations.first() {
        return chosen.ask_or_refuse(deps, &chosen.shown(&entered), &violations, first).await;
    }
    let shown = chosen.shown(&entered);
    let request = chosen.request(entered);
    match &chosen.registration.option().method {
        // Boxed, because most flows never get here. Otherwise its space would be part of every request's future.
        method if method.needs_no_page() => Box::pin(chosen.connect_now(deps, request)).await,
        _ if start.requester.in_iframe => Err(Error::interaction_required()),
        _ => chosen.authorize(deps, request, &shown).await,
    }
}

/// The option that the customer, the caller, or the connection to reconnect names; otherwise the default one.
pub(super) fn option<'s>(start: &VerifiedStart, subject: &'s Subject) -> Result<&'s AuthOption> {
    let Subject { integration, connection: reconnected } = subject;
    let before = reconnected.as_ref().map(|connection| connection.record.auth_option_key.as_str());
    let typed = start.submission.as_ref().and_then(Submission::option);
    // The option that the connection was made with may be gone. Then the default one is used again.
    let before = before.filter(|key| integration.enabled_options().any(|option| option.key == **key));
    integration.auth_option(typed.or(start.request.auth_option_key.as_deref()).or(before))
}

impl Chosen<'_> {
    /// Makes the connection without a provider's page. If the service rejects the parameters, a posted form is shown
    /// again.
    async fn connect_now(&self, deps: &Deps, request: ConnectRequest) -> Result<Begun> {
        match self.connected(deps, &request).await {
            Ok(Progress::Ended(outcome)) => Ok(Begun::Ended(outcome)),
            Ok(Progress::Asks(unchosen)) => {
                self.start.asks(deps, &request, self.attempt, &unchosen).await.map(Begun::Answer)
            }
            Err(error) => self.ask_again(deps, &request, error).await,
        }
    }

    /// Sends the browser to the provider. What makes no address is asked for before.
    async fn authorize(&self, deps: &Deps, request: ConnectRequest, shown: &SecretMap) -> Result<Begun> {
        let violations = request.values(&self.registration)?.unaddressable(deps.settings.loopback);
        if let Some(first) = violations.first() {
            return self.ask_or_refuse(deps, shown, &violations, first).await;
        }
        match authorize::authorize(deps, self, &request).await {
            Ok(answer) => Ok(Begun::Answer(answer)),
            Err(error) => self.ask_again(deps, &request, error).await,
        }
    }

    /// Shows a form that was filled in once more, if the customer can help.
    async fn ask_again(&self, deps: &Deps, request: &ConnectRequest, error: Error) -> Result<Begun> {
        if !self.start.is_filled_in() {
            return Err(error);
        }
        let blamed = request.values(&self.registration)?.blamed(&error);
        if blamed.is_empty() && !form::can_be_corrected(&error) {
            return Err(error);
        }
        error.report("form refused");
        // The customer may leave it at that.
        ended::note(deps, self.attempt, &Outcome::Failed(error.clone())).await;
        let above = blamed.is_empty().then_some(&error);
        self.ask(deps, &request.parameters, &blamed, above).await
    }

    async fn connected(&self, deps: &Deps, request: &ConnectRequest) -> Result<Progress> {
        let deadline = Deadline::starting(&*deps.clock);
        let registration = &registration::opened(deps, self.registration.clone()).await?;
        if self.start.workspace.confirm_user {
            let credentials = import::issue(deps, request.values(registration)?, deadline).await?;
            return self.unconfirmed(deps, (request, registration), credentials, deadline).await;
        }
        let progress = import::connect_entered(deps, request, registration, deadline).await?;
        if matches!(progress, Progress::Ended(_)) {
            record::ends("connected without a provider's page");
        }
        Ok(progress)
    }

    /// Proves the credentials, and lets them wait for the application.
    async fn unconfirmed(
        &self,
        deps: &Deps,
        (request, registration): (&ConnectRequest, &Registration),
        credentials: SecretMap,
        deadline: Deadline,
    ) -> Result<Progress> {
        let mut secrets = request.secrets(credentials);
        let issued_at = deps.clock.now();
        let asks = completed(deps, request, registration, (&mut secrets, issued_at), 0, deadline).await?;
        if let Some(asks) = asks {
            return Ok(Progress::Asks(asks));
        }
        prove(deps, registration, &secrets, deadline).await?;
        let id = ConfirmationId::draw(&*deps.random);
        let with = With::Credentials { credentials: secrets.held.credentials, issued_at };
        let sealed = Unconfirmed { request: request.clone(), with }.seal(&id, &*deps.random)?;
        deps.store.begin_unconfirmed(&id, sealed, self.attempt, deps.clock.now()).await?;
        record::ends("the application must confirm its user");
        Ok(Progress::Ended(Outcome::Unconfirmed(id)))
    }

    async fn ask_or_refuse(
        &self,
        deps: &Deps,
        parameters: &SecretMap,
        violations: &[Violation],
        first: &Violation,
    ) -> Result<Begun> {
        if self.start.requester.can_be_asked() {
            // The form's first showing reports no problems: the customer has not entered anything yet.
            let untouched = !self.start.is_filled_in() && parameters.is_empty();
            record::ends(if self.start.is_filled_in() {
                Remark::from("form refused").with("field", Some(first.pointer.as_str()))
            } else {
                "form shown".into()
            });
            return self.ask(deps, parameters, if untouched { &[] } else { violations }, None).await;
        }
        Err(if self.start.requester.in_iframe {
            Error::interaction_required()
        } else {
            input::refusal(first, "connectionParameters")
        })
    }

    /// Returns the form, behind which the start waits.
    async fn ask(
        &self,
        deps: &Deps,
        parameters: &SecretMap,
        violations: &[Violation],
        error: Option<&Error>,
    ) -> Result<Begun> {
        let filled = Filled { parameters, violations, error };
        let options = (self.option, self.registration.option());
        let loopback = deps.settings.loopback;
        let page = FormPage::of(&self.start.workspace.brand, self.integration, options, &filled, loopback);
        self.start.behind(deps, self.attempt, |flow| pages::form(&page, flow)).await.map(Begun::Answer)
    }
}
