//! `linkspan customer`: all that is held of one customer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use crate::client::{Client, encoded};
use crate::output::Output;
use crate::problem::Problem;

/// How often an erasure goes on that erased nothing the last time.
const PATIENCE: usize = 5;

/// How long it waits then: a refresh may have the connection in hand.
const PAUSE: Duration = Duration::from_secs(2);

/// What to do with what is held of a customer.
#[derive(Debug, Args)]
pub(crate) struct CustomerArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write what is held of a customer, as JSON; of what is sealed nothing
    Export {
        /// The customer's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Delete all that is held of a customer, for good
    Erase {
        /// The customer's id
        #[arg(value_name = "ID")]
        id: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(client: &Client, output: Output, args: CustomerArgs) -> Result<(), Problem> {
    match args.action {
        Action::Export { id } => {
            let connections = client.items(&format!("{}/export", path(&id)), "connections").await?;
            output.value(&json!({ "id": id, "connections": connections }));
            Ok(())
        }
        Action::Erase { id, yes } => {
            output.confirmed(yes, &format!("Erase customer {id}?"))?;
            erase(client, output, &id).await
        }
    }
}

/// An id that a path cannot hold is written in another way there.
fn path(id: &str) -> String {
    const IN_BASE64URL: &str = "base64url:";
    let is_lost = id.contains(['/', '?', '\\']) || [".", ".."].contains(&id) || id.starts_with(IN_BASE64URL);
    if is_lost {
        return format!("/customers/{IN_BASE64URL}{}", URL_SAFE_NO_PAD.encode(id));
    }
    format!("/customers/{}", encoded(id))
}

async fn erase(client: &Client, output: Output, id: &str) -> Result<(), Problem> {
    let (mut erased, mut revoked, mut not_revoked) = (0, 0, 0);
    let mut patience = PATIENCE;
    loop {
        let answer = client.call(Method::DELETE, &path(id), None).await?;
        let count = |name: &str| answer[name].as_u64().unwrap_or_default();
        erased += count("erased");
        revoked += count("revoked");
        not_revoked += count("notRevoked");
        if answer["remaining"] != Value::Bool(true) {
            break;
        }
        if count("erased") == 0 {
            if patience == 0 {
                let message =
                    format!("{id}: {erased} connections erased, and some are left. Try again later.");
                return Err(Problem::Failed(message));
            }
            patience -= 1;
            tokio::time::sleep(PAUSE).await;
        }
        output.note(format!("{id}: {erased} connections erased so far"));
    }
    if output.json {
        let answer = json!({ "erased": erased, "revoked": revoked, "notRevoked": not_revoked });
        output.value(&answer);
        return Ok(());
    }
    output.line(format!("{id}: {erased} connections erased; {revoked} revoked, {not_revoked} not revoked"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn an_id_that_a_path_cannot_hold_is_written_in_base64url() {
        for (id, expected) in [
            ("user-1", "/customers/user-1"),
            ("ada@example.com", "/customers/ada%40example.com"),
            ("team/1", "/customers/base64url:dGVhbS8x"),
            ("..", "/customers/base64url:Li4"),
            ("base64url:x", "/customers/base64url:YmFzZTY0dXJsOng"),
        ] {
            assert_eq!(path(id), expected);
        }
    }
}
