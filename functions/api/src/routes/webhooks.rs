//! `/webhook-endpoints`: the addresses that a workspace's events are sent to, signed, and what became of each delivery.

use bytes::Bytes;
use flow::connection::Setting;
use flow::deps::Deps;
use flow::store::{Delivery, DeliveryStatus};
use flow::webhook::{self, Change, DeliveryId, Endpoint, MAX_URL};
use http::{Response, StatusCode};
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::record::{self, About};
use protocol::secret::Secret;
use serde::Serialize;

use super::Call;
use super::connections::{MAX_CURSOR, limit};
use super::until_written::until_written;
use crate::{answer, body};

/// An endpoint, with its secret in the one answer that made it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Representation<'a> {
    id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<&'a [String]>,
    enabled: bool,
    /// When it answered that it is gone, which switched it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_at: Option<String>,
    created_at: String,
    updated_at: String,
    /// The time until which the secret before the present one still signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// All endpoints of a workspace.
#[derive(Serialize)]
struct All<'a> {
    items: Vec<Representation<'a>>,
}

/// A delivery, as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delivered {
    id: String,
    webhook_id: String,
    endpoint_id: String,
    #[serde(rename = "type")]
    event: String,
    connection_id: String,
    integration_id: String,
    time: String,
    status: &'static str,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_problem: Option<String>,
    last_attempt_at: String,
}

/// One page of deliveries.
#[derive(Serialize)]
struct Page {
    items: Vec<Delivered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// POST: makes an endpoint. This answer is the only one to show its secret.
pub(crate) async fn create(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, .. } = call;
    if !deps.settings.sends_webhooks {
        let message =
            "This deployment sends no webhooks. Its operator can change that: the parameter Webhooks.";
        return Err(Error::new(ErrorKey::NotSupported, message));
    }
    let mut fields = body::fields(request)?;
    let url = fields.text("url", MAX_URL)?.ok_or_else(missing_url)?;
    let events = fields.texts("events")?;
    let (endpoint, secret) = webhook::create(deps, &workspace, url, events).await?;
    ended("webhook endpoint made", &endpoint);
    answer::json(StatusCode::CREATED, &Representation::of(&endpoint, deps, Some(&secret)))
}

/// GET: all endpoints of the workspace.
pub(crate) async fn list(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let endpoints = webhook::list(call.deps, &workspace).await?;
    let items = endpoints.iter().map(|endpoint| Representation::of(endpoint, call.deps, None)).collect();
    answer::ok(&All { items })
}

/// GET: one endpoint.
pub(crate) async fn show(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let endpoint = webhook::read(deps, &workspace, id).await?;
    answer::ok(&Representation::of(&endpoint, deps, None))
}

/// PATCH: changes the address or the events of an endpoint, or switches it on or off.
pub(crate) async fn patch(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, id, .. } = call;
    let mut fields = body::fields(request)?;
    let events = if fields.is_null("events") { Setting::Gone } else { fields.texts("events")?.into() };
    let change = Change { url: fields.text("url", MAX_URL)?, events, enabled: fields.flag("enabled")? };
    let endpoint = until_written(|| async {
        let before = webhook::read(deps, &workspace, id).await?;
        webhook::update(deps, &workspace, &before, &change).await
    });
    let endpoint = endpoint.await?;
    ended("webhook endpoint changed", &endpoint);
    answer::ok(&Representation::of(&endpoint, deps, None))
}

/// DELETE: nothing is sent to the endpoint any more.
pub(crate) async fn delete(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let endpoint = until_written(|| async {
        let endpoint = webhook::read(deps, &workspace, id).await?;
        Ok(webhook::delete(deps, &workspace, &endpoint).await?.then_some(endpoint))
    });
    ended("webhook endpoint deleted", &endpoint.await?);
    Ok(answer::no_content())
}

/// POST: gives the endpoint a new secret, which this answer alone shows. The one before still signs for a day.
pub(crate) async fn rotate(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let rotated = until_written(|| async {
        let before = webhook::read(deps, &workspace, id).await?;
        webhook::rotate(deps, &workspace, &before).await
    });
    let (endpoint, secret) = rotated.await?;
    ended("webhook secret rotated", &endpoint);
    answer::ok(&Representation::of(&endpoint, deps, Some(&secret)))
}

/// GET: one page of the endpoint's deliveries, the newest event first.
pub(crate) async fn deliveries(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let endpoint = webhook::read(deps, &workspace, id).await?;
    let mut query = call.query();
    let limit = limit(&mut query)?;
    let cursor = query.text("cursor", MAX_CURSOR)?.filter(|cursor| cursor != "0");
    let not_ours = || Error::malformed("cursor", "is not one of this list's");
    let after = match cursor {
        Some(cursor) => {
            let after = DeliveryId::parse(&cursor).filter(|after| after.endpoint == endpoint.id);
            Some(after.ok_or_else(not_ours)?.sort())
        }
        None => None,
    };
    let page = deps.store.list_deliveries(&endpoint.id, limit, after.as_deref()).await?;
    let id_of = |sort: &str| {
        let id = DeliveryId::of_entry(&endpoint.id, sort);
        id.ok_or_else(|| Error::internal("a delivery has a place that cannot be read"))
    };
    let mut items = Vec::with_capacity(page.deliveries.len());
    for (sort, delivery) in page.deliveries {
        items.push(Delivered::of(&id_of(&sort)?, delivery));
    }
    let cursor = page.next.map(|next| id_of(&next).map(|id| id.to_string())).transpose()?;
    answer::ok(&Page { items, cursor })
}

/// POST: sends an event that says nothing to the endpoint, now and once.
pub(crate) async fn test(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id, deadline, .. } = call;
    let endpoint = webhook::read(deps, &workspace, id).await?;
    let (id, delivery) = webhook::test(deps, &workspace, &endpoint, deadline.provider()).await?;
    answer::ok(&Delivered::of(&id, delivery))
}

/// POST: sends a delivery once more, now and once.
pub(crate) async fn replay(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id, deadline, .. } = call;
    let (id, delivery) = webhook::replay(deps, &workspace, id, deadline.provider()).await?;
    answer::ok(&Delivered::of(&id, delivery))
}

fn ended(what: &'static str, endpoint: &Endpoint) {
    About::Webhook.note(&endpoint.id);
    record::ends(what);
}

fn missing_url() -> Error {
    Error::new(ErrorKey::ParameterMissing, "The address of the endpoint is missing.").field("url")
}

impl<'a> Representation<'a> {
    fn of(endpoint: &'a Endpoint, deps: &Deps, secret: Option<&'a Secret>) -> Self {
        let settings = &endpoint.settings;
        let now = deps.clock.now();
        Self {
            id: &endpoint.id,
            url: &settings.url,
            events: settings.events.as_deref(),
            enabled: endpoint.is_on(),
            gone_at: endpoint.gone_at.map(Timestamp::to_rfc3339),
            created_at: settings.created_at.to_rfc3339(),
            updated_at: settings.updated_at.to_rfc3339(),
            previous_secret_until: settings
                .previous_secret_until
                .filter(|until| now < *until)
                .map(Timestamp::to_rfc3339),
            secret: secret.map(Secret::expose),
        }
    }
}

impl Delivered {
    fn of(id: &DeliveryId, delivery: Delivery) -> Self {
        Self {
            id: id.to_string(),
            webhook_id: id.message.clone(),
            endpoint_id: id.endpoint.clone(),
            event: delivery.event,
            connection_id: delivery.connection_id.to_string(),
            integration_id: delivery.integration_id.to_string(),
            time: delivery.time,
            status: match delivery.status {
                DeliveryStatus::Pending => "pending",
                DeliveryStatus::Success => "success",
                DeliveryStatus::Failed => "failed",
            },
            attempts: delivery.attempts,
            last_status: delivery.answered,
            last_problem: delivery.problem,
            last_attempt_at: delivery.tried_at.to_rfc3339(),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{ConnectionId, IntegrationId};

    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn endpoints() {
        let least = || Representation {
            id: "0123456789abcdef01234567",
            url: "https://app.example/webhooks",
            events: None,
            enabled: true,
            gone_at: None,
            created_at: "2026-01-01T00:00:00.000Z".to_owned(),
            updated_at: "2026-01-01T00:00:00.000Z".to_owned(),
            previous_secret_until: None,
            secret: None,
        };
        let events = ["connection.created".to_owned()];
        let full = Representation {
            events: Some(&events),
            enabled: false,
            gone_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
            previous_secret_until: Some("2026-01-02T00:00:00.000Z".to_owned()),
            secret: Some("whsec_AAAA"),
            ..least()
        };
        component("WebhookEndpoint", &[json_of(&least()), json_of(&full)]);
        component("WebhookEndpoints", &[json_of(&All { items: vec![least()] })]);
        let document: serde_json::Value =
            serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
        let described = &document["components"]["schemas"]["EventName"]["enum"];
        assert_eq!(*described, json_of(&webhook::known_events().collect::<Vec<_>>()));
    }

    #[test]
    fn deliveries() {
        let id =
            DeliveryId::parse("0123456789abcdef01234567-01767225600123-0123456789abcdef0123456789abcdef");
        let delivered = |answered: Option<u16>, problem: Option<&str>| {
            let delivery = Delivery {
                event: "connection.created".to_owned(),
                connection_id: ConnectionId::new("b9a5f2d16a1c4e0f8d3c7a21"),
                integration_id: IntegrationId::new("0123456789abcdef0123456789abcdef"),
                time: "2026-01-01T00:00:00.123Z".to_owned(),
                sequence: "7".to_owned(),
                status: if problem.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::Success },
                attempts: 1,
                tries: 1,
                due_at: None,
                answered,
                problem: problem.map(str::to_owned),
                tried_at: Timestamp(1_767_225_601_000),
            };
            Delivered::of(id.as_ref().unwrap(), delivery)
        };
        let shown = [delivered(Some(503), Some("refused")), delivered(None, None)];
        component("WebhookDelivery", &shown.each_ref().map(json_of));
        let pages = [
            Page { items: Vec::from(shown), cursor: Some(id.unwrap().to_string()) },
            Page { items: Vec::new(), cursor: None },
        ];
        component("WebhookDeliveries", &pages.each_ref().map(json_of));
    }
}
