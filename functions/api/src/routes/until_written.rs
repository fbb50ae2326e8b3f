//! Changing what is stored while others may change it too.

use protocol::error::{Error, ErrorKey, Result};

/// How often something is written again whose writing met another one.
const ATTEMPTS: usize = 5;

/// Changes what is stored: `attempt` reads it, makes what shall stand there, and writes that on the condition that nobody
/// else has written meanwhile. Where somebody has, it gives nothing, and begins anew.
pub(super) async fn until_written<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    for _ in 0..ATTEMPTS {
        if let Some(written) = attempt().await? {
            return Ok(written);
        }
    }
    Err(Error::new(ErrorKey::LockTimeout, "Others are changing it at the same time. Please try again."))
}
