//! `/self`: the token's customer.

use bytes::Bytes;
use flow::deps::Deps;
use http::{Request, StatusCode};
use protocol::error::{Error, ErrorKey, Result};
use protocol::token::Caller;
use serde_json::json;

use crate::{Answer, auth};

/// GET: who the token says that the caller is.
pub(crate) async fn show(deps: &Deps, request: &Request<Bytes>) -> Result<Answer> {
    match auth::caller(deps, request).await? {
        (Caller::Customer(customer), _) => {
            let name = customer.name.as_deref().unwrap_or(customer.id.as_str());
            let body = json!({ "id": customer.id, "name": name, "fields": customer.fields });
            Ok((StatusCode::OK, body))
        }
        (Caller::Admin { .. }, _) => {
            let message = "The token is a management token; it names no customer.";
            Err(Error::new(ErrorKey::AccessDenied, message))
        }
    }
}
