//! `linkspan connections show`.

use clap::Args;
use serde_json::Value;

use super::{path, state};
use crate::client::Client;
use crate::output::{Output, text};
use crate::problem::Problem;

/// Which connection.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The connection's id
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) async fn run(client: &Client, output: Output, args: &Show) -> Result<(), Problem> {
    let connection = client.get(&path(&args.id)).await?;
    if output.json {
        output.value(&connection);
        return Ok(());
    }
    let integration = match &connection["integration"]["key"] {
        Value::String(key) => key.as_str(),
        _ => text(&connection["integrationId"]),
    };
    let state = state(&connection);
    let mut lines = vec![
        ("id", text(&connection["id"])),
        ("name", text(&connection["name"])),
        ("customer", text(&connection["userId"])),
        ("integration", integration),
        ("option", text(&connection["authOptionKey"])),
        ("state", &state),
        ("account", text(&connection["account"]["name"])),
        ("account id", text(&connection["account"]["id"])),
        ("made", text(&connection["createdAt"])),
        ("changed", text(&connection["updatedAt"])),
        ("last used", text(&connection["lastActiveAt"])),
        ("next refresh", text(&connection["nextCredentialsRefreshAt"])),
        ("archived", text(&connection["archivedAt"])),
        ("kept until", text(&connection["credentialsKeptUntil"])),
    ];
    let error = &connection["error"];
    let failing = failing(&error["data"]);
    lines.extend([("error", text(&error["key"])), ("", text(&error["message"])), ("failing", &failing)]);
    lines.push(("to do", next_step(&connection).unwrap_or("-")));
    for (name, value) in lines.into_iter().filter(|(_, value)| *value != "-") {
        output.line(format!("{name:<13} {value}"));
    }
    Ok(())
}

/// Since when it fails, how often it was tried, and what the service answered last.
fn failing(data: &Value) -> String {
    let Some(since) = data["since"].as_str() else { return "-".to_owned() };
    let status = data["status"].as_u64().map(|status| format!("; last answer: {status}"));
    format!("since {since}; tries: {}{}", data["tries"], status.unwrap_or_default())
}

/// Who has to do what, by docs/backend.md, "When a connection stops working".
fn next_step(connection: &Value) -> Option<&'static str> {
    let error = &connection["error"];
    if !connection["archivedAt"].is_null() {
        return None;
    }
    if connection["disconnected"] == true {
        return Some("the customer must reconnect: open /connection-popup with this connection's id");
    }
    match (error["key"].as_str()?, error["type"].as_str().unwrap_or_default()) {
        ("refresh_token_missing", _) => {
            Some("let the integration ask for a refresh token, then let the customer reconnect")
        }
        ("provider_unreachable", _) => {
            Some("wait: the refresh is tried again; `linkspan connections refresh` tries now")
        }
        (_, "configuration") => Some("correct the integration, then `linkspan connections refresh`"),
        _ => Some("the refresh is tried again; if that does not help, the customer must reconnect"),
    }
}
