//! `linkspan attempts`: what became of the starts of the last thirty days.

use clap::Args;

use crate::client::Client;
use crate::listing::Extent;
use crate::output::{Output, text};
use crate::problem::Problem;

/// The resource that lists attempts.
pub(crate) const RESOURCE: &str = "/connection-attempt-logs";

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
    #[command(flatten)]
    extent: Extent,
}

pub(crate) async fn run(client: &Client, output: Output, args: &AttemptsArgs) -> Result<(), Problem> {
    let filters = [
        ("userId", args.customer.as_deref()),
        ("integrationKey", args.integration.as_deref()),
        ("connectionId", args.connection.as_deref()),
        ("status", args.status.as_deref()),
    ];
    let listed = args.extent.list(client, RESOURCE, &filters).await?;
    listed.print(output, ["REFERENCE", "BEGAN", "CUSTOMER", "INTEGRATION", "STATUS", "ERROR"], |attempt| {
        let of = |name: &str| text(&attempt[name]).to_owned();
        let error = text(&attempt["error"]["key"]).to_owned();
        [of("reference"), of("createdAt"), of("userId"), of("integrationId"), of("status"), error]
    });
    Ok(())
}
