//! The demo page's hints for its visitors: the values to enter.

use super::{credentials, oauth1, oauth2, shared, sites};
use crate::demo_page::Hint;
use crate::demo_provider::oauth2::client::{MACHINE_ID, MACHINE_SECRET};
use crate::demo_provider::users::{USERS, User};

const ADA: &User = &USERS[0];
const GRACE: &User = &USERS[1];

static SIGN_IN: [(&str, &[&str]); 2] =
    [("Sign in as", &[ADA.login, ADA.password]), ("or as", &[GRACE.login, GRACE.password])];

/// The hints, by integration.
pub(crate) static HINTS: [Hint; 5] = [
    Hint { integration: oauth2::KEY, lines: &SIGN_IN },
    Hint { integration: oauth1::KEY, lines: &SIGN_IN },
    Hint {
        integration: credentials::KEY,
        lines: &[
            ("Company, key", &[ADA.company, ADA.api_key]),
            ("User, password", &[ADA.login, ADA.password]),
            ("Client, secret", &[MACHINE_ID, MACHINE_SECRET]),
        ],
    },
    Hint { integration: shared::PROXY_KEY, lines: &SIGN_IN },
    Hint { integration: sites::KEY, lines: &SIGN_IN },
];

/// The integrations that are the operator's, and of no concern to customers.
pub(crate) static HIDDEN: [&str; 1] = [shared::KEY];
