//! `/connection-requests/{id}/complete`: the application confirms its user. What waits for that is no connection request.

use bytes::Bytes;
use flow::complete;
use http::{Response, StatusCode};
use protocol::error::Result;
use protocol::record;
use protocol::token::Customer;

use super::Call;
use crate::answer;

/// POST: makes the connection that waits for this customer.
pub(crate) async fn complete(call: Call<'_>, customer: Customer) -> Result<Response<Bytes>> {
    let Call { deps, id, deadline, request } = call;
    let address = deps.own_address(request)?;
    let connection = complete::complete(deps, (id, &address), &customer, deadline).await?;
    record::ends("connected for a confirmed user");
    answer::connection(deps, StatusCode::OK, &connection).await
}
