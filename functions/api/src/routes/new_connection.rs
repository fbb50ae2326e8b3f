//! POST `/connections`: a connection from credentials that the caller already holds.

use bytes::Bytes;
use flow::connection::read_key;
use flow::lifecycle::import::{Import, import};
use flow::web::notes;
use flow::web::request_fields::Fields;
use http::{Response, StatusCode};
use protocol::clock::Timestamp;
use protocol::definition::integration_id_of;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{CustomerId, IntegrationId, WorkspaceKey};
use protocol::record::{self, About};
use protocol::token::{Caller, is_customer_id};

use super::Call;
use super::connection_changes::{MAX_ID, MAX_NAME, parameters};
use crate::{answer, body};

/// POST: creates the connection, once the service took the credentials.
pub(crate) async fn create(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, deadline, .. } = call;
    let workspace = caller.workspace().to_owned();
    let mut fields = body::fields(request)?;
    let by_admin = matches!(caller, Caller::Admin { .. });
    let given = Import {
        by_admin,
        customer: customer(&mut fields, caller)?,
        integration: integration(&mut fields, &workspace)?.ok_or_else(no_integration)?.0,
        workspace,
        auth_option_key: fields.text("authOptionKey", MAX_ID)?,
        key: fields.text("key", MAX_ID)?.map(|key| read_key(&key, "key")).transpose()?,
        name: fields.text("name", MAX_NAME)?,
        notes: notes::read(&mut fields)?,
        credentials: fields.object("credentials")?,
        parameters: parameters(&mut fields)?
            .unwrap_or((protocol::secret::SecretMap::default(), "parameters")),
        connector_parameters: fields.object("connectorParameters")?.unwrap_or_default(),
        allow_multiple_connections: fields.flag("allowMultipleConnections")?.unwrap_or_default(),
        expires_at: moment(&mut fields, "expiresAt")?,
    };
    let connection = import(deps, given, deadline).await?;
    About::Connection.note(&connection.id);
    record::ends("connected with given credentials");
    answer::connection(deps, StatusCode::CREATED, &connection).await
}

/// The token's customer; who manages the workspace says for whom it is.
pub(super) fn customer(fields: &mut Fields, caller: Caller) -> Result<CustomerId> {
    let (user, tenant) = (fields.text("userId", MAX_ID)?, fields.text("tenantId", MAX_ID)?);
    if let (Some(user), Some(tenant)) = (&user, &tenant)
        && user != tenant
    {
        let message = "userId and tenantId are the same thing: give one of them.";
        return Err(Error::new(ErrorKey::ParameterConflict, message).field("tenantId"));
    }
    let field = if user.is_some() { "userId" } else { "tenantId" };
    match (caller, user.or(tenant)) {
        (Caller::Customer(customer), Some(asked)) if asked != customer.id.as_str() => {
            let message = "A customer's token connects for that customer only.";
            Err(Error::new(ErrorKey::AccessDenied, message).field(field))
        }
        (Caller::Customer(customer), _) => Ok(customer.id),
        (Caller::Admin { .. }, Some(asked)) if is_customer_id(&asked) => Ok(CustomerId::new(asked)),
        (Caller::Admin { .. }, Some(_)) => {
            Err(Error::malformed(field, "must have 1 to 255 bytes, and no control characters"))
        }
        (Caller::Admin { .. }, None) => {
            let message = "A management token must say for which customer: userId is missing.";
            Err(Error::new(ErrorKey::ParameterMissing, message).field("userId"))
        }
    }
}

/// The integration that the fields name, by id or key, and the field that does.
pub(super) fn integration(
    fields: &mut Fields,
    workspace: &WorkspaceKey,
) -> Result<Option<(IntegrationId, &'static str)>> {
    let mut given = |name| {
        let text = fields.text(name, MAX_ID)?;
        Ok::<_, Error>(text.map(|id_or_key| (integration_id_of(workspace, &id_or_key), name)))
    };
    match (given("integrationId")?, given("integrationKey")?) {
        (Some((id, _)), Some((key, _))) if id != key => {
            let message = "integrationId and integrationKey are two different integrations.";
            Err(Error::new(ErrorKey::ParameterConflict, message).field("integrationKey"))
        }
        (id, key) => Ok(id.or(key)),
    }
}

fn no_integration() -> Error {
    let message = "integrationId or integrationKey is missing.";
    Error::new(ErrorKey::ParameterMissing, message).field("integrationKey")
}

fn moment(fields: &mut Fields, name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = fields.text(name, 64)? else { return Ok(None) };
    Timestamp::from_rfc3339(&text)
        .map(Some)
        .ok_or_else(|| Error::malformed(name, "must be a time by RFC 3339"))
}
