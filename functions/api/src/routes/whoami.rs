//! `/self`: the token's customer.

use bytes::Bytes;
use http::Response;
use protocol::error::Result;
use protocol::id::CustomerId;
use protocol::token::Customer;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer;

/// Who the token says that the caller is.
#[derive(Serialize)]
pub(super) struct Whoami<'a> {
    pub(super) id: &'a CustomerId,
    pub(super) name: &'a str,
    pub(super) fields: &'a Map<String, Value>,
}

/// GET: the customer; one that the token gives no name is named by the id.
pub(crate) fn show(customer: &Customer) -> Result<Response<Bytes>> {
    let name = customer.name.as_deref().unwrap_or(customer.id.as_str());
    answer::ok(&Whoami { id: &customer.id, name, fields: &customer.fields })
}

#[cfg(test)]
mod tests {
    use protocol::id::CustomerId;

    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn the_customer() {
        let fields = Map::from_iter([("plan".to_owned(), "pro".into())]);
        component(
            "Customer",
            &[json_of(&Whoami { id: &CustomerId::new("user-1"), name: "Ada", fields: &fields })],
        );
    }
}
