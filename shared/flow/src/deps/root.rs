//! What verifies root tokens. It is read when such a token comes, and kept for a short time.

use std::sync::Arc;
use std::time::Duration;

use crate::root_secret::RootSecret;
use protocol::clock::Clock;
use protocol::error::Result;
use protocol::kept::Kept;
use protocol::token::VerificationKeys;

/// The longest time until a warm function sees that the secret was changed.
const MAX_AGE: Duration = Duration::from_secs(30);

/// The root workspace's keys.
pub struct RootKeys {
    secret: Option<Arc<dyn RootSecret>>,
    clock: Arc<dyn Clock>,
    kept: Kept<(), Arc<VerificationKeys>>,
}

impl RootKeys {
    /// Makes the reader of a secret. A function that verifies no root tokens has none.
    #[must_use]
    pub fn new(secret: Option<Arc<dyn RootSecret>>, clock: Arc<dyn Clock>) -> Self {
        Self { secret, clock, kept: Kept::new(MAX_AGE, 1) }
    }

    /// Returns the keys that verify root tokens now; nothing if there are none.
    ///
    /// # Errors
    ///
    /// `key_unavailable` if they cannot be read. Then no root token counts.
    pub async fn read(&self) -> Result<Option<Arc<VerificationKeys>>> {
        let Some(secret) = &self.secret else { return Ok(None) };
        let now = self.clock.now();
        if let Some(kept) = self.kept.get(&(), now) {
            return Ok(Some(kept));
        }
        let secrets = secret.read().await?;
        let mut keys = VerificationKeys::new(Some(&secrets.current), &[])?;
        if let Some(previous) = &secrets.previous {
            keys = keys.with_previous(previous, now + MAX_AGE);
        }
        let keys = Arc::new(keys);
        self.kept.put((), Arc::clone(&keys), now);
        Ok(Some(keys))
    }
}
