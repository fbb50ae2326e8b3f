//! One file a resource, and the table of routes that leads to them.

pub(crate) mod table;

mod archive;
mod connection_changes;
mod connection_options;
mod connections;
mod credentials;
mod integration_check;
mod integrations;
mod new_connection;
mod openapi;
mod proxy;
mod sse;
#[cfg(test)]
mod tests;
mod whoami;
mod workspaces;

use protocol::error::{Error, ErrorKey, Result};

/// How often a definition is written again whose writing met another one.
const ATTEMPTS: usize = 5;

/// Changes a definition: `attempt` reads it, makes what shall stand there, and writes that on the condition that nobody
/// else has written meanwhile. Where somebody has, it gives nothing, and begins anew.
async fn until_written<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    for _ in 0..ATTEMPTS {
        if let Some(written) = attempt().await? {
            return Ok(written);
        }
    }
    Err(Error::new(ErrorKey::LockTimeout, "The definition is being changed. Please try again."))
}
