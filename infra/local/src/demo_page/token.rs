//! The token that names the customer to the service. In production a team's backend signs it.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::Config;
use super::customers::Customer;

/// Long enough to press a button on a page that was left open for a while.
const LIFETIME: Duration = Duration::from_mins(10);

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(rename = "workspaceKey")]
    workspace_key: &'a str,
    id: &'a str,
    name: &'a str,
    exp: i64,
}

/// Signs a token for the customer.
pub(super) fn mint(config: &Config, customer: &Customer) -> Result<String, jsonwebtoken::errors::Error> {
    let claims = Claims {
        workspace_key: config.workspace_key,
        id: customer.id,
        name: customer.name,
        exp: (config.clock.now() + LIFETIME).seconds(),
    };
    let key = EncodingKey::from_secret(config.workspace_secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
}
