//! `linkspan connections list`.

use clap::Args;
use serde_json::Value;

use super::state;
use crate::client::Client;
use crate::listing::Extent;
use crate::output::{Output, text};
use crate::problem::Problem;

/// Which connections, and how many.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this customer's
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Only those with this integration
    #[arg(long, value_name = "KEY")]
    integration: Option<String>,
    /// Only those with this in their name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those whose credentials can be used
    #[arg(long, conflicts_with = "disconnected")]
    connected: bool,
    /// Only those whose customers must reconnect
    #[arg(long)]
    disconnected: bool,
    /// The archived ones too, after the others
    #[arg(long)]
    archived: bool,
    #[command(flatten)]
    extent: Extent,
}

pub(super) async fn run(client: &Client, output: Output, args: &List) -> Result<(), Problem> {
    let flag = |given: bool| given.then_some("true");
    let filters = [
        ("userId", args.customer.as_deref()),
        ("integrationKey", args.integration.as_deref()),
        ("search", args.search.as_deref()),
        ("connected", flag(args.connected)),
        ("disconnected", flag(args.disconnected)),
        ("includeArchived", flag(args.archived)),
    ];
    let listed = args.extent.list(client, "/connections", &filters).await?;
    listed.print(output, ["ID", "CUSTOMER", "INTEGRATION", "STATE", "LAST USED", "NAME"], |connection| {
        let integration = match &connection["integration"]["key"] {
            Value::String(key) => key.clone(),
            _ => text(&connection["integrationId"]).to_owned(),
        };
        let of = |name: &str| text(&connection[name]).to_owned();
        [of("id"), of("userId"), integration, state(connection), of("lastActiveAt"), of("name")]
    });
    Ok(())
}
