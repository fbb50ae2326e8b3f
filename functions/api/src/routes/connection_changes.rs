//! PATCH and PUT `/connections/{id}`.

use bytes::Bytes;
use flow::connection::{Connection, Precondition, Setting, read_key};
use flow::lifecycle::keyed::{change_key, check_free};
use flow::lifecycle::update::{Changes, update};
use flow::web::notes;
use flow::web::request_fields::Fields;
use http::header::IF_MATCH;
use http::{HeaderMap, Response, StatusCode};
use protocol::definition::integration_id_of;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::ConnectionKey;
use protocol::record;
use protocol::secret::SecretMap;
use protocol::token::{Caller, Scope};

use super::Call;
use crate::{answer, body};

/// The most that a name weighs, in bytes.
pub(crate) const MAX_NAME: usize = 255;

/// The most that an id or a key weighs, in bytes; a customer's id has up to 255.
pub(crate) const MAX_ID: usize = 1024;

/// The names under which callers know what the customer enters.
const PARAMETERS: [&str; 3] = ["parameters", "connectionParameters", "input"];

/// PATCH: changes what is given.
pub(crate) async fn patch(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    Box::pin(change(call, caller, Name::Optional)).await
}

/// PUT: the same, and a name must be given.
pub(crate) async fn put(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    Box::pin(change(call, caller, Name::Required)).await
}

/// Whether a request must give a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Optional,
    Required,
}

async fn change(call: Call<'_>, caller: Caller, name_is: Name) -> Result<Response<Bytes>> {
    let Call { deps, request, deadline, .. } = call;
    let mut connection = call.live_connection(&caller).await?;
    let mut fields = body::fields(request)?;
    check_unchanged(&mut fields, &connection)?;
    let name = name(&mut fields)?;
    if name_is == Name::Required && name.is_none() {
        return Err(Error::new(ErrorKey::ParameterMissing, "name is missing.").field("name"));
    }
    let changes = Changes {
        name,
        notes: notes::read(&mut fields)?,
        parameters: parameters(&mut fields)?,
        connector_parameters: fields.object("connectorParameters")?,
        credentials: fields.object("credentials")?,
        precondition: precondition(request.headers(), &mut fields)?,
    };
    if let Some(field) = changes.sealed_field() {
        check_may_seal(&caller, field)?;
    }
    let key = key(&mut fields)?;
    let is_change = !changes.is_empty() || key != Setting::Stays;
    // Nothing is changed if the key is another connection's, unless that takes it in this moment.
    let free = match &key {
        Setting::Becomes(key) => Some((key, check_free(deps, &connection, key).await?)),
        Setting::Stays | Setting::Gone => None,
    };
    connection = update(deps, connection, changes, deadline).await?;
    if key != Setting::Stays {
        let free = free.as_ref().map(|(key, found)| (*key, found));
        connection = change_key(deps, connection, free).await?;
    }
    if is_change {
        record::ends("changed");
    }
    answer::connection(deps, StatusCode::OK, &connection).await
}

/// Refuses whoever may not replace what is sealed of connections.
fn check_may_seal(caller: &Caller, field: &str) -> Result<()> {
    if matches!(caller, Caller::Customer(_)) {
        let message = format!("{field} needs a management token (isAdmin, and no customer).");
        return Err(Error::new(ErrorKey::AccessDenied, message).field(field));
    }
    caller.scopes().check(Scope::ConnectionsSecrets).map_err(|error| error.field(field))
}

/// The condition of a change: `If-Match`, or the version in the body, or both.
fn precondition(headers: &HeaderMap, fields: &mut Fields) -> Result<Option<Precondition>> {
    let header = if_match(headers)?;
    Ok(match (header, fields.text("version", MAX_ID)?) {
        (header, Some(version)) => Some(header.unwrap_or(Precondition::Any).and(version)),
        (header, None) => header,
    })
}

/// `If-Match` (RFC 9110 §13.1.1): `*`, or a list of entity tags. A weak tag fits no version (§8.8.3.2).
fn if_match(headers: &HeaderMap) -> Result<Option<Precondition>> {
    let malformed = || Error::malformed("If-Match", "must be *, or entity tags in double quotes");
    let mut versions = Vec::new();
    for line in headers.get_all(IF_MATCH) {
        let line = line.to_str().map_err(|_| malformed())?.trim();
        if line == "*" {
            return Ok(Some(Precondition::Any));
        }
        for tag in line.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            let strong = tag.strip_prefix("W/").unwrap_or(tag);
            let version =
                strong.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(malformed)?;
            versions.extend((strong == tag).then(|| version.to_owned()));
        }
    }
    Ok(headers.contains_key(IF_MATCH).then_some(Precondition::OneOf(versions)))
}

/// The key that is given, if one is: `null` takes it away.
fn key(fields: &mut Fields) -> Result<Setting<ConnectionKey>> {
    if fields.is_null("key") {
        return Ok(Setting::Gone);
    }
    let key = fields.text("key", MAX_ID)?.map(|key| read_key(&key, "key")).transpose()?;
    Ok(key.into())
}

/// A name that is given is not empty.
fn name(fields: &mut Fields) -> Result<Option<String>> {
    let given = fields.has("name");
    match fields.text("name", MAX_NAME)? {
        None if given => Err(Error::malformed("name", "must not be empty")),
        name => Ok(name),
    }
}

/// What the customer enters, under one of its names.
pub(crate) fn parameters(fields: &mut Fields) -> Result<Option<(SecretMap, &'static str)>> {
    let mut given = PARAMETERS.into_iter().filter(|name| fields.has(name));
    let Some(name) = given.next() else { return Ok(None) };
    if let Some(other) = given.next() {
        let message = format!("{name} and {other} are the same thing: give one of them.");
        return Err(Error::new(ErrorKey::ParameterConflict, message).field(other));
    }
    Ok(fields.object(name)?.map(|object| (object, name)))
}

/// What a connection is for stays; that it is said again, as in what was read, does no harm.
fn check_unchanged(fields: &mut Fields, connection: &Connection) -> Result<()> {
    for (field, is) in [
        ("id", connection.id.as_str()),
        ("userId", connection.customer.as_str()),
        ("tenantId", connection.customer.as_str()),
        ("integrationId", connection.integration.as_str()),
        ("integrationKey", connection.integration.as_str()),
        ("authOptionKey", &connection.record.auth_option_key),
    ] {
        let Some(mut given) = fields.text(field, MAX_ID)? else { continue };
        if field.starts_with("integration") {
            given = integration_id_of(&connection.workspace, &given).to_string();
        }
        if given != is {
            return Err(Error::malformed(field, "cannot be changed"));
        }
    }
    Ok(())
}
