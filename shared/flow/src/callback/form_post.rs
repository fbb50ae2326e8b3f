//! `response_mode=form_post`: the provider's page posts its answer to us.
//!
//! A cross-site POST carries no Lax cookie. So the browser is sent to the same path by GET, which does carry it.
//! Nothing is claimed before that.

use bytes::Bytes;
use http::{Request, Response};
use url::form_urlencoded;

use crate::context::browser::State;
use crate::deps::Deps;
use crate::web::response;
use protocol::definition::OWN_CALLBACK_PARAMETERS;
use protocol::error::{Error, ErrorKey, Result};
use protocol::provider::authorization_response::AuthorizationResponse;

/// The size limit of the posted form, in bytes.
const MAX_FORM: usize = 64 * 1024;

/// Redirects with the parameters that the flow keeps and no others: an `id_token` must not stand in an address.
pub(super) async fn redirect(deps: &Deps, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    if request.body().len() > MAX_FORM {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The answer is larger than 64 KiB."));
    }
    let form = std::str::from_utf8(request.body())
        .map_err(|_| Error::new(ErrorKey::RequestMalformed, "The posted answer is not a form."))?;
    let parameters = AuthorizationResponse::parse(form)?;
    let kept = match parameters.get("state").and_then(State::parse) {
        Some(state) => deps.store.read_flow(&state.flow_id()).await?.map(|flow| flow.kept_parameters),
        None => None,
    }
    .unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in OWN_CALLBACK_PARAMETERS.iter().copied().chain(kept.iter().map(String::as_str)) {
        if let Some(value) = parameters.get(name) {
            query.append_pair(name, value);
        }
    }
    Ok(response::see_other(&format!("{}?{}", request.uri().path(), query.finish()), &[]))
}
