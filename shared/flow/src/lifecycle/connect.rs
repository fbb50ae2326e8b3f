//! Saves proven credentials as a connection. Every authentication type ends with this step.

use protocol::clock::Timestamp;
use protocol::deadline::Deadline;
use protocol::definition::template::Template;
use protocol::definition::{AuthMethod, Integration, Registration};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, ConnectionKey};
use protocol::provider::maker::Maker;
use protocol::provider::test_call;
use protocol::random::draw_id;
use protocol::record;
use protocol::secret::SecretMap;

use super::after_connect::complete;
use super::choice::unchosen;
use super::keyed::{Place, place};
use super::registration::signing_secrets;
use super::{kept_refresh_token, refresh, revoke};
use crate::connection::{
    Account, ConnectRequest, Connection, ConnectionRecord, ConnectionScopes, ConnectionSecrets,
    connection_context,
};
use crate::context::choice::Unchosen;
use crate::context::outcome::Outcome;
use crate::deps::Deps;
use crate::seal::Prepared;
use crate::store::{FlowClaim, Others, Reconnection, SaveConnection, Saved};

/// Prepares the key that [`connect`] seals with. Call it before asking a provider for something that it gives only
/// once.
pub async fn connection_key(deps: &Deps, request: &ConnectRequest) -> Result<Prepared> {
    deps.sealer.prepare(connection_context(&request.workspace)).await
}

/// New credentials, and the rest of what is saved with them.
pub struct Issued<'a> {
    /// The registration that they were issued to.
    pub registration: &'a Registration,
    /// The credentials.
    pub credentials: SecretMap,
    /// The time when they were issued.
    pub at: Timestamp,
    /// The number of the first call that still has to complete them; nothing if all were made.
    pub next_call: Option<usize>,
    /// The key that seals them.
    pub key: &'a Prepared,
    /// The `redirect_uri` that the provider called back, if it did.
    pub callback_uri: Option<&'a str>,
    /// The claimed flow that ends with the connection, if there is one.
    pub flow: Option<FlowClaim<'a>>,
}

/// The most times that a connection is saved once more because another one took its key.
const MOST_TRIES: u32 = 3;

/// How far a connection came.
pub enum Progress {
    /// It is made, or the flow had ended before.
    Ended(Outcome),
    /// The customer must choose what it is for. Nothing was saved.
    Asks(Box<Unchosen>),
}

impl Progress {
    /// The outcome, where nobody can be asked.
    pub fn without_asking(self) -> Result<Outcome> {
        match self {
            Self::Ended(outcome) => Ok(outcome),
            Self::Asks(unchosen) => Err(unchosen.not_named()),
        }
    }
}

/// Completes the credentials, proves them by the test call, and saves the connection with the flow's outcome.
pub async fn connect(
    deps: &Deps,
    request: &ConnectRequest,
    issued: Issued<'_>,
    deadline: Deadline,
) -> Result<Progress> {
    let Issued { registration, credentials, at, next_call, key, callback_uri, flow } = issued;
    let mut secrets = request.secrets(credentials);
    secrets.held.callback_uri = callback_uri.filter(|_| registration.keeps_callback_uri()).map(str::to_owned);
    if let Some(first) = next_call
        && let Some(asks) =
            completed(deps, request, registration, (&mut secrets, at), first, deadline).await?
    {
        return Ok(Progress::Asks(asks));
    }
    prove(deps, registration, &secrets, deadline).await?;
    let proven = Proven { registration, at, key, flow };
    let mut tries = 0;
    loop {
        match Box::pin(save(deps, request, proven, &mut secrets, deadline)).await {
            // Another one was made with the same key meanwhile. Now that one is connected again.
            Err(error) if error.key() == ErrorKey::AlreadyExists && tries < MOST_TRIES => tries += 1,
            ended => return ended.map(Progress::Ended),
        }
    }
}

/// What is saved with proven credentials.
#[derive(Clone, Copy)]
struct Proven<'a> {
    registration: &'a Registration,
    at: Timestamp,
    key: &'a Prepared,
    flow: Option<FlowClaim<'a>>,
}

/// Saves proven credentials, with the flow's outcome.
async fn save(
    deps: &Deps,
    request: &ConnectRequest,
    proven: Proven<'_>,
    secrets: &mut ConnectionSecrets,
    deadline: Deadline,
) -> Result<Outcome> {
    let registration = proven.registration;
    let integration = deps.definitions.integration(&request.workspace, &request.integration).await?;
    let Place { before, key } = place(deps, request).await?;
    let lease =
        kept_refresh_token::keep(deps, request, registration, secrets, before.as_ref(), deadline).await;
    let connection = {
        let secrets = (&*secrets, proven.at, proven.key);
        let key = key.as_ref().map(|(key, _)| key);
        sealed(deps, request, proven.registration, &integration, secrets, (before.as_ref(), key))?
    };
    let save = SaveConnection {
        connection: &connection,
        others: match (&before, request.allow_multiple_connections) {
            (Some(before), _) => {
                let renamed = request.name.is_some();
                Others::Untouched(Reconnection { before: &before.record, renamed, notes: &request.notes })
            }
            (None, true) => Others::Kept,
            (None, false) => Others::Replaced,
        },
        key: key.as_ref().map(|(key, found)| (key, found)),
        flow: proven.flow,
        connection_request: request.connection_request.as_ref(),
        begun: request.begun_at,
        archived_credentials_days: request.archived_credentials_days,
        token: draw_id(&*deps.random),
        deadline: deadline.save(),
    };
    record::step("save");
    let saved = deps.store.save_connection(&save).await;
    // Another request may have ended the flow with its own outcome. Then nothing was replaced here.
    let connected = saved.as_ref().is_ok_and(|saved| {
        matches!(&saved.outcome, Outcome::Connected { connection_id } if *connection_id == connection.id)
    });
    if let Some(lease) = lease.filter(|_| !connected) {
        refresh::release(deps, &lease).await;
        // Without the lease, somebody else may exchange the refresh token that was kept.
        if saved.as_ref().is_err_and(|error| error.key() == ErrorKey::AlreadyExists) {
            return Err(key_busy());
        }
    }
    if saved.as_ref().is_err_and(|error| is_for_nobody(error, before.as_ref()))
        && deps.clock.now() < deadline.provider()
    {
        revoke::revoke_unsaved(deps, &connection, deadline).await;
    }
    let Saved { outcome, replaced } = saved?;
    if let Some(error) = connection.health.error.as_ref().filter(|_| connected) {
        error.note("connected, but not for long");
    }
    if connected && deps.clock.now() < deadline.provider() {
        revoke::revoke_replaced(deps, &integration, before, &replaced, &secrets.held.credentials).await;
    }
    Ok(outcome)
}

/// True if nobody is left to use what was issued. A connection that is reconnected may go on by the same grant.
fn is_for_nobody(error: &Error, reconnected: Option<&Connection>) -> bool {
    match error.key() {
        ErrorKey::CustomerErased => true,
        key => key.ends_a_link() && reconnected.is_none(),
    }
}

/// Completes credentials from the call with this number on. Returns the question if the customer must choose first.
pub(crate) async fn completed(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    (secrets, issued_at): (&mut ConnectionSecrets, Timestamp),
    first: usize,
    deadline: Deadline,
) -> Result<Option<Box<Unchosen>>> {
    let Some(several) = complete(deps, registration, secrets, first, deadline).await? else {
        return Ok(None);
    };
    let credentials = secrets.held.credentials.clone();
    unchosen(deps, request, registration, credentials, issued_at, several).await.map(Box::new).map(Some)
}

/// Proves a connection's credentials by its option's test call.
pub async fn prove(
    deps: &Deps,
    registration: &Registration,
    secrets: &ConnectionSecrets,
    deadline: Deadline,
) -> Result<()> {
    record::step("test");
    let signing = signing_secrets(deps, registration).await?;
    let calls = deps.calls(deadline.provider());
    let maker = Maker::new(&calls, secrets.values(registration)?, &signing);
    Ok(test_call::run(&calls, &maker).await?)
}

fn sealed(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    integration: &Integration,
    (secrets, issued_at, key): (&ConnectionSecrets, Timestamp, &Prepared),
    (before, named): (Option<&Connection>, Option<&ConnectionKey>),
) -> Result<Connection> {
    let now = deps.clock.now();
    let id = before.map_or_else(|| ConnectionId::new(draw_id(&*deps.random)), |before| before.id.clone());
    // A reconnection keeps its time of creation, and its name unless a new one was given.
    let account = account(registration, secrets)?;
    let account_name = account.as_ref().and_then(|account| account.name.as_ref());
    let kept_name = before.map_or(account_name.unwrap_or(&integration.name), |before| &before.record.name);
    let mut health = refresh::health(registration.option(), &secrets.held.credentials, issued_at, now);
    // They may have waited for the customer. The scheduled refresh does not look at what fell due long ago.
    health.next_refresh_at = health.next_refresh_at.map(|at| at.max(now));
    Ok(Connection {
        sealed: secrets.seal(key, &request.workspace, &request.customer, &id)?,
        workspace: request.workspace.clone(),
        customer: request.customer.clone(),
        integration: integration.id.clone(),
        key: named.or(before.and_then(|before| before.key.as_ref())).cloned(),
        record: ConnectionRecord {
            name: request.name.as_ref().unwrap_or(kept_name).clone(),
            auth_option_key: request.auth_option_key.clone(),
            borrowed: registration.borrowed(),
            account,
            notes: request.notes.over(&before.map(|before| before.record.notes.clone()).unwrap_or_default()),
            scopes: match &registration.option().method {
                AuthMethod::OAuth2(config) => {
                    ConnectionScopes::of(config, request.scopes.as_ref(), &secrets.held.credentials)
                }
                _ => None,
            },
            created_at: before.map_or(now, |before| before.record.created_at),
            updated_at: now,
        },
        health,
        version: 1,
        last_active_at: now,
        turn: 1,
        interrupted: false,
        archived_at: None,
        forget_at: None,
        id,
    })
}

/// The account at the provider, as the definition reads it from the credentials. What is not there is left out.
fn account(registration: &Registration, secrets: &ConnectionSecrets) -> Result<Option<Account>> {
    /// A connection's name is as long at most.
    const LONGEST: usize = 255;
    let Some(templates) = &registration.option().account else { return Ok(None) };
    let bound = secrets.values(registration)?;
    let text = |template: Option<&Template>| {
        let text = bound.text(template?)?;
        (!text.is_empty() && text.len() <= LONGEST).then_some(text)
    };
    let account = Account { id: text(templates.id.as_ref()), name: text(templates.name.as_ref()) };
    Ok(Some(account).filter(|account| *account != Account::default()))
}

fn key_busy() -> Error {
    let message = "Another connection was made with this connectionKey meanwhile. Please try again.";
    Error::new(ErrorKey::LockTimeout, message).field("connectionKey")
}
