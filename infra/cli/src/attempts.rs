//! `linkspan attempts`: what became of the starts of the last thirty days.

use clap::Args;
use serde_json::{Value, json};

use crate::client::{Client, encoded};
use crate::output::{Output, text};
use crate::problem::Problem;

/// The most that one page of the API has.
const PAGE: usize = 1000;

/// Which attempts, and how many.
#[derive(Debug, Args)]
pub(crate) struct AttemptsArgs {
    /// Only this customer's
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Only those with this integration
    #[arg(long, value_name = "KEY")]
    integration: Option<String>,
    /// Only those that made this connection, or were to reconnect it
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATUS", value_parser = ["success", "error", "pending"])]
    status: Option<String>,
    /// The most that are listed
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "all", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// List all of them
    #[arg(long)]
    all: bool,
    /// Go on where a list ended
    #[arg(long)]
    cursor: Option<String>,
}

pub(crate) async fn run(client: &Client, output: Output, args: &AttemptsArgs) -> Result<(), Problem> {
    let limit = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let filters = [
        ("userId", args.customer.as_deref()),
        ("integrationKey", args.integration.as_deref()),
        ("connectionId", args.connection.as_deref()),
        ("status", args.status.as_deref()),
    ];
    let (items, cursor) = listed(client, &filters, args.cursor.clone(), limit).await?;
    if output.json {
        let mut answer = json!({ "items": items });
        if let Some(cursor) = cursor {
            answer["cursor"] = cursor.into();
        }
        output.value(&answer);
        return Ok(());
    }
    let row = |attempt: &Value| {
        let of = |name: &str| text(&attempt[name]).to_owned();
        let error = text(&attempt["error"]["key"]).to_owned();
        [of("reference"), of("createdAt"), of("userId"), of("integrationId"), of("status"), error]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    output.table(["REFERENCE", "BEGAN", "CUSTOMER", "INTEGRATION", "STATUS", "ERROR"], &rows);
    if let Some(cursor) = cursor {
        output.note(format!("There may be more: --cursor {cursor}"));
    }
    Ok(())
}

/// Up to so many attempts, and the cursor behind them if there may be more. A page can be short, or empty, while there is one.
pub(crate) async fn listed(
    client: &Client,
    filters: &[(&str, Option<&str>)],
    mut cursor: Option<String>,
    limit: usize,
) -> Result<(Vec<Value>, Option<String>), Problem> {
    let mut items: Vec<Value> = Vec::new();
    loop {
        let mut path = format!("/connection-attempt-logs?limit={}", (limit - items.len()).min(PAGE));
        let given = filters.iter().copied().chain([("cursor", cursor.as_deref())]);
        for (name, value) in given.filter_map(|(name, value)| Some((name, value?))) {
            path.extend(["&", name, "=", &encoded(value)]);
        }
        let page = client.get(&path).await?;
        items.extend(page["items"].as_array().into_iter().flatten().cloned());
        cursor = page["cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || items.len() >= limit {
            return Ok((items, cursor));
        }
    }
}
