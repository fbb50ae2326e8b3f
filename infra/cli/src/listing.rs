//! A list of the API as commands show it: page by page, up to so many, and where it may go on.

use clap::Args;
use serde_json::{Value, json};

use crate::client::Client;
use crate::output::Output;
use crate::problem::Problem;

/// How many are listed, and from where.
#[derive(Debug, Args)]
pub(crate) struct Extent {
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

/// What was listed, and the cursor behind it if there may be more.
pub(crate) struct Listed {
    pub(crate) items: Vec<Value>,
    cursor: Option<String>,
}

impl Extent {
    /// The first one.
    pub(crate) fn one() -> Self {
        Self { limit: 1, all: false, cursor: None }
    }

    /// Lists what the filters choose of a resource.
    pub(crate) async fn list(
        &self,
        client: &Client,
        resource: &str,
        filters: &[(&str, Option<&str>)],
    ) -> Result<Listed, Problem> {
        let limit = if self.all { usize::MAX } else { usize::try_from(self.limit).unwrap_or(usize::MAX) };
        let (items, cursor) = client.pages(resource, "items", filters, self.cursor.clone(), limit).await?;
        Ok(Listed { items, cursor })
    }
}

impl Listed {
    /// Prints it: a row for each, or JSON for programs.
    pub(crate) fn print<const N: usize>(
        self,
        output: Output,
        headings: [&str; N],
        row: impl Fn(&Value) -> [String; N],
    ) {
        if output.json {
            let mut answer = json!({ "items": self.items });
            if let Some(cursor) = self.cursor {
                answer["cursor"] = cursor.into();
            }
            output.value(&answer);
            return;
        }
        let rows: Vec<_> = self.items.iter().map(row).collect();
        output.table(headings, &rows);
        if let Some(cursor) = self.cursor {
            output.note(format!("There may be more: --cursor {cursor}"));
        }
    }
}
