//! `linkspan connections list`.

use clap::Args;
use serde_json::{Value, json};

use super::state;
use crate::client::{Client, encoded};
use crate::output::{Output, text};
use crate::problem::Problem;

/// The most that one page of the API has.
const PAGE: usize = 1000;

/// Which connections, and how many.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
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

pub(super) async fn run(client: &Client, output: Output, args: &List) -> Result<(), Problem> {
    let limit = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let mut items: Vec<Value> = Vec::new();
    let mut cursor = args.cursor.clone();
    // A page can be short, or empty, while there is a cursor.
    loop {
        let page = client.get(&args.page(cursor.as_deref(), (limit - items.len()).min(PAGE))).await?;
        items.extend(page["items"].as_array().into_iter().flatten().cloned());
        cursor = page["cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || items.len() >= limit {
            break;
        }
    }
    if output.json {
        let mut answer = json!({ "items": items });
        if let Some(cursor) = cursor {
            answer["cursor"] = cursor.into();
        }
        output.value(&answer);
        return Ok(());
    }
    let row = |connection: &Value| {
        let integration = match &connection["integration"]["key"] {
            Value::String(key) => key.clone(),
            _ => text(&connection["integrationId"]).to_owned(),
        };
        let of = |name: &str| text(&connection[name]).to_owned();
        [of("id"), of("userId"), integration, state(connection), of("lastActiveAt"), of("name")]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    output.table(["ID", "CUSTOMER", "INTEGRATION", "STATE", "LAST USED", "NAME"], &rows);
    if let Some(cursor) = cursor {
        output.note(format!("There may be more: --cursor {cursor}"));
    }
    Ok(())
}

impl List {
    fn page(&self, cursor: Option<&str>, limit: usize) -> String {
        let mut path = format!("/connections?limit={limit}");
        let texts = [
            ("userId", self.customer.as_deref()),
            ("integrationKey", self.integration.as_deref()),
            ("search", self.search.as_deref()),
            ("cursor", cursor),
        ];
        for (name, value) in texts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            path.extend(["&", name, "=", &encoded(value)]);
        }
        let flags = [
            ("connected", self.connected),
            ("disconnected", self.disconnected),
            ("includeArchived", self.archived),
        ];
        for (name, _) in flags.into_iter().filter(|(_, given)| *given) {
            path.extend(["&", name, "=true"]);
        }
        path
    }
}
