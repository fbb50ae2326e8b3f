//! `linkspan connections`: customers' connections. Their secrets are never asked for.

mod act;
mod list;
mod show;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::client::{Client, encoded};
use crate::output::Output;
use crate::problem::Problem;

/// What to do with connections.
#[derive(Debug, Args)]
pub(crate) struct ConnectionsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List connections, each customer's newest first
    List(list::List),
    /// Show one connection, and what is wrong with it
    Show(show::Show),
    /// Ask the services whether they accept the credentials
    Test(act::Some),
    /// Refresh the credentials now
    Refresh(act::Some),
    /// Delete the credentials, and revoke them at the service; the customer can reconnect
    Disconnect(act::Confirmed),
    /// Archive connections; `restore` brings them back
    Delete(act::Confirmed),
    /// Bring archived connections back
    Restore(act::Some),
    /// Delete connections and all that is held of them, for good
    Erase(act::Confirmed),
}

pub(crate) async fn run(client: &Client, output: Output, args: ConnectionsArgs) -> Result<(), Problem> {
    match args.action {
        Action::List(args) => list::run(client, output, &args).await,
        Action::Show(args) => show::run(client, output, &args).await,
        Action::Test(some) => act::test(client, output, &some).await,
        Action::Refresh(some) => act::refresh(client, output, &some).await,
        Action::Disconnect(args) => act::disconnect(client, output, &args).await,
        Action::Delete(args) => act::delete(client, output, &args).await,
        Action::Restore(some) => act::restore(client, output, &some).await,
        Action::Erase(args) => act::erase(client, output, &args).await,
    }
}

fn path(id: &str) -> String {
    format!("/connections/{}", encoded(id))
}

/// How a connection is, in a word or two.
fn state(connection: &Value) -> String {
    let error = connection["error"]["key"].as_str();
    let state = if !connection["archivedAt"].is_null() {
        "archived"
    } else if connection["disconnected"] == true {
        "disconnected"
    } else {
        "connected"
    };
    error.map_or_else(|| state.to_owned(), |error| format!("{state}, {error}"))
}
