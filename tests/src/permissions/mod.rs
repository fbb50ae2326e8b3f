//! What each function may do, by the roles of the template, and whether it is allowed what it asks for.
//!
//! Every test with a [`World`](crate::World) runs under the roles: a request that its function's role does not allow is
//! answered as AWS answers it, and fails the test.

mod kms;
pub mod policy;
mod request;
mod roles;
mod seams;
mod speaker;
mod table;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

pub use kms::FakeKms;
pub(crate) use kms::denied;
use policy::Access;
pub use request::{SIGNING_KEY, asked};
pub use roles::{PREVIOUS_KEY, Part, Role, Roles, roles};
pub(crate) use seams::{GuardedKey, GuardedKeys};
pub use speaker::{Speaker, as_refresh, by_hand, speaker};
pub use table::{described, table};

use crate::wire::AwsRequest;

/// What was asked for under the roles.
#[derive(Default)]
pub struct Ledger {
    used: Mutex<BTreeSet<Part>>,
    denied: Mutex<Vec<String>>,
}

impl Ledger {
    /// Decides on a request to AWS.
    ///
    /// # Errors
    ///
    /// Says who asks for what, in AWS's words.
    pub fn asks(&self, request: &AwsRequest) -> Result<(), String> {
        let decided = asked(request).and_then(|asked| {
            for access in &asked {
                let used = decide(access)?;
                self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
            }
            Ok(())
        });
        decided.map_err(|message| self.denies(message))
    }

    /// Decides on what a seam is asked for that is KMS on AWS. It does not count as used: the production client was not in it.
    pub(crate) fn asks_seam(&self, access: &Access) -> Result<(), String> {
        decide(access).map(drop).map_err(|message| self.denies(message))
    }

    fn denies(&self, message: String) -> String {
        eprintln!("{message}");
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        message
    }

    /// What was used so far.
    #[must_use]
    pub fn used(&self) -> BTreeSet<Part> {
        self.used.lock().unwrap().clone()
    }

    /// What was refused since the last call of this function.
    #[must_use]
    pub fn take_denied(&self) -> Vec<String> {
        std::mem::take(&mut self.denied.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asserts that nothing was refused. It does nothing on the way out of a test that has failed already.
    pub fn assert_allowed(&self) {
        let denied = self.take_denied();
        assert!(std::thread::panicking() || denied.is_empty(), "{}", denied.join("\n"));
    }
}

/// What of the speaker's role allows this.
fn decide(access: &Access) -> Result<Vec<Part>, String> {
    match speaker() {
        Some(Speaker::Test) => Ok(Vec::new()),
        Some(Speaker::Function(name)) => roles().decide(name, access),
        None => Err(format!("nobody knows who asks for {} on {}", access.action, access.resource)),
    }
}
