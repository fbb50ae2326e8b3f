//! `/connection-attempt-logs`: what became of the starts of the last thirty days. A customer sees their own, who manages the
//! workspace sees all of it.

use bytes::Bytes;
use flow::connection_request;
use flow::context::attempt::{AttemptState, FoundAttempt};
use flow::context::connection_request::event_subject;
use flow::store::{AttemptStatus, ListAttempts};
use flow::web::request_fields::Fields;
use http::Response;
use protocol::clock::Timestamp;
use protocol::definition::integration_id_of;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId};
use protocol::record::Reference;
use protocol::token::Caller;
use serde::Serialize;

use super::Call;
use super::connection_changes::MAX_ID;
use super::connections::{MAX_CURSOR, either, limit, whose};
use crate::answer;

/// The words for how an attempt stands. The first one is no word of the contract's.
const WORDS: [(AttemptStatus, &str); 3] = [
    (AttemptStatus::Pending, "pending"),
    (AttemptStatus::Success, "success"),
    (AttemptStatus::Error, "error"),
];

/// One page of attempts.
#[derive(Serialize)]
struct Page {
    items: Vec<Attempt>,
    /// Where the next page begins, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// An attempt, as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    id: String,
    reference: String,
    user_id: CustomerId,
    tenant_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_id: Option<IntegrationId>,
    /// The connection that it made, or was to reconnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<ConnectionId>,
    /// The connection request that it belongs to, as its events name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_request_subject: Option<String>,
    /// The id of that request, which opens its link.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_option_key: Option<String>,
    status: &'static str,
    /// What its customer and its application were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

/// GET: one page of attempts, the newest first.
pub(crate) async fn list(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let workspace = caller.workspace();
    let mut query = call.query();
    let customer = whose(&mut query, &caller)?;
    let integration = either(&mut query, "integrationId", "integrationKey")?;
    let deps = call.deps;
    let page = deps
        .store
        .list_attempts(&ListAttempts {
            workspace,
            customer: customer.as_ref(),
            integration: integration.map(|given| integration_id_of(workspace, &given)).as_ref(),
            connection: query.text("connectionId", MAX_ID)?.map(ConnectionId::new).as_ref(),
            status: status(&mut query)?,
            reference: reference(&mut query)?,
            limit: usize::try_from(limit(&mut query)?).unwrap_or_default(),
            cursor: query.text("cursor", MAX_CURSOR)?.filter(|cursor| cursor != "0").as_deref(),
        })
        .await?;
    let mut items = Vec::with_capacity(page.attempts.len());
    for found in page.attempts {
        let request = connection_request::id_of_attempt(deps, &caller, &found).await;
        items.push(Attempt::of(found, request));
    }
    answer::ok(&Page { items, cursor: page.cursor })
}

impl Attempt {
    fn of(found: FoundAttempt, connection_request_id: Option<String>) -> Self {
        let status = AttemptStatus::of(&found.state);
        Self {
            id: found.id,
            reference: found.reference.to_string(),
            user_id: found.customer.clone(),
            tenant_id: found.customer,
            integration_id: found.integration,
            connection_id: found.connection,
            connection_request_subject: found.request.as_ref().map(|request| event_subject(&request.key)),
            connection_request_id,
            auth_option_key: found.option,
            status: WORDS.iter().find(|(of, _)| *of == status).map_or("", |(_, word)| *word),
            error: match found.state {
                AttemptState::Failed(error) => Some(error),
                AttemptState::Pending | AttemptState::Connected => None,
            },
            created_at: found.began_at.to_rfc3339(),
            ended_at: found.ended_at.map(Timestamp::to_rfc3339),
        }
    }
}

fn status(query: &mut Fields) -> Result<Option<AttemptStatus>> {
    let Some(given) = query.text("status", MAX_ID)? else { return Ok(None) };
    let known = WORDS.iter().find(|(_, word)| *word == given).map(|(status, _)| *status);
    known.map(Some).ok_or_else(|| Error::malformed("status", "must be success, error or pending"))
}

fn reference(query: &mut Fields) -> Result<Option<Reference>> {
    let Some(given) = query.text("reference", MAX_ID)? else { return Ok(None) };
    let read = Reference::parse_typed(&given);
    read.map(Some).ok_or_else(|| Error::malformed("reference", "must be eight digits and letters"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::described::{component, error, json_of};
    use flow::context::attempt::OfRequest;
    use protocol::id::ConnectionRequestKey;

    fn found() -> FoundAttempt {
        FoundAttempt {
            id: "01767225600123-12345678".to_owned(),
            reference: Reference::parse("12345678").unwrap(),
            customer: CustomerId::new("user-1"),
            integration: Some(IntegrationId::new("0123456789abcdef0123456789abcdef")),
            option: Some("oauth".to_owned()),
            connection: Some(ConnectionId::new("0123456789abcdef01234567")),
            request: Some(OfRequest { key: ConnectionRequestKey::new("hash"), sealed_id: Vec::new() }),
            state: AttemptState::Failed(error()),
            began_at: Timestamp(1_767_225_600_123),
            ended_at: Some(Timestamp(1_767_225_660_000)),
        }
    }

    #[test]
    fn attempts() {
        let begun = FoundAttempt {
            integration: None,
            option: None,
            connection: None,
            request: None,
            state: AttemptState::Pending,
            ended_at: None,
            ..found()
        };
        let connected = FoundAttempt { state: AttemptState::Connected, ..found() };
        let of = |found: FoundAttempt| {
            let request = found.option.is_some().then(|| "a".repeat(43));
            Attempt::of(found, request)
        };
        let shown = [found(), begun, connected].map(|found| json_of(&of(found)));
        assert_eq!(shown.each_ref().map(|shown| shown["status"].clone()), ["error", "pending", "success"]);
        component("Attempt", &shown);
        let pages = [
            Page { items: vec![of(found())], cursor: Some("01767225600123-12345678".to_owned()) },
            Page { items: Vec::new(), cursor: None },
        ];
        component("Attempts", &[json_of(&pages[0]), json_of(&pages[1])]);
    }
}
