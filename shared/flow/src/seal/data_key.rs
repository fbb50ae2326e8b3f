//! Data keys: a wrapping key makes and unwraps them, and each is used for a limited number of times and a limited time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::KeyFuture;
use protocol::BoxFuture;
use protocol::clock::Clock;
use protocol::error::Result;
use protocol::id::WorkspaceKey;
use protocol::kept::Kept;
use protocol::record::Wait;

/// The number of values that one data key seals: far fewer than random nonces allow (2^32, NIST SP 800-38D §8.3).
const MAX_USES: u32 = 100_000;

/// The time that a data key stays in memory.
const MAX_AGE: Duration = Duration::from_mins(15);

/// The number of keys in memory, for sealing and for opening each.
const MAX_KEPT: usize = 256;

/// The context that a wrapped data key is bound to. KMS writes it into `CloudTrail`, so it holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EncryptionContext {
    /// The table whose records the key seals.
    pub table: &'static str,
    /// The workspace whose records the key seals.
    pub workspace: WorkspaceKey,
}

/// A data key, plain and wrapped.
#[derive(Clone)]
pub struct DataKey {
    /// The id of the wrapping key; at most 255 bytes.
    pub key_id: String,
    /// The 256-bit key.
    pub plain: Zeroizing<[u8; 32]>,
    /// The data key, encrypted by the wrapping key; at most 65,535 bytes.
    pub wrapped: Vec<u8>,
}

/// The seam to the key that wraps data keys: KMS on AWS, a static key in the local run and the tests.
pub trait WrappingKey: Send + Sync {
    /// Makes a new data key.
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey>;

    /// Opens a data key that the key `key_id` wrapped for the same context.
    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>>;

    /// Gets ready to be asked. A key in memory is.
    fn rehearse(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

struct Sealing {
    key: Arc<DataKey>,
    uses: AtomicU32,
}

/// A wrapped data key with its context: together they decide whether it opens.
#[derive(PartialEq, Eq, Hash)]
struct Wrapped {
    key_id: String,
    key: Vec<u8>,
    context: EncryptionContext,
}

/// The data keys in memory.
pub(super) struct DataKeys {
    wrapping: Arc<dyn WrappingKey>,
    clock: Arc<dyn Clock>,
    sealing: Kept<EncryptionContext, Arc<Sealing>>,
    opening: Kept<Wrapped, Arc<Zeroizing<[u8; 32]>>>,
}

impl DataKeys {
    pub(super) fn new(wrapping: Arc<dyn WrappingKey>, clock: Arc<dyn Clock>) -> Self {
        let (sealing, opening) = (Kept::new(MAX_AGE, MAX_KEPT), Kept::new(MAX_AGE, MAX_KEPT));
        Self { wrapping, clock, sealing, opening }
    }

    pub(super) async fn rehearse(&self) {
        self.wrapping.rehearse().await;
    }

    pub(super) async fn for_sealing(&self, context: EncryptionContext) -> Result<Arc<DataKey>> {
        let now = self.clock.now();
        if let Some(kept) = self.sealing.get(&context, now)
            && kept.uses.fetch_add(1, Ordering::Relaxed) < MAX_USES
        {
            return Ok(Arc::clone(&kept.key));
        }
        let key = Arc::new(Wait::Kms.spent(&*self.clock, self.wrapping.generate(&context)).await?);
        let sealing = Sealing { key: Arc::clone(&key), uses: AtomicU32::new(1) };
        self.sealing.put(context, Arc::new(sealing), now);
        Ok(key)
    }

    pub(super) async fn for_opening(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: EncryptionContext,
    ) -> Result<Arc<Zeroizing<[u8; 32]>>> {
        let now = self.clock.now();
        let id = Wrapped { key_id: key_id.to_owned(), key: wrapped.to_vec(), context };
        if let Some(kept) = self.opening.get(&id, now) {
            return Ok(kept);
        }
        let unwrapped = self.wrapping.unwrap(key_id, wrapped, &id.context);
        let key = Arc::new(Wait::Kms.spent(&*self.clock, unwrapped).await?);
        self.opening.put(id, Arc::clone(&key), now);
        Ok(key)
    }
}
