//! `/connections/{id}/proxy/{path}`: a request to the integration's API with the connection's credentials, which the
//! caller need not hold. Without a path it goes to the API's base address itself, which is all that an MCP server has.

mod headers;
mod patience;

use bytes::Bytes;
use flow::connection::{Connection, ConnectionSecrets};
use flow::deps::Deps;
use flow::lifecycle::refresh::{self, Renewal};
use flow::lifecycle::registration;
use http::{Request, Response};
use protocol::answer::Content;
use protocol::definition::RequestSigning;
use protocol::error::{Error, ErrorKey, Result};
use protocol::path::{Doubt, doubt};
use protocol::provider::api_call::{ApiRequest, Purpose, authenticated};
use protocol::provider::calls::Calls;
use protocol::provider::failure::{Failure, Refusal};
use protocol::provider::maker::Maker;
use protocol::record::{self, Remark};
use protocol::token::Caller;
use url::Url;

use super::Call;

/// The most that a request's body may weigh, in bytes: a Lambda event ends at 6 MB, base64 included.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// ANY: sends the request on, and the provider's answer back as it is. An answer that says that the access token has ended
/// leads to one refresh and one more try, unless the last refresh was just now or did not help.
pub(crate) async fn forward(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, id, deadline } = call;
    record::step("forward");
    let path = BelowBase::of(request)?;
    let connection = Connection::visible(deps, id, &caller, None).await?;
    if request.body().len() > MAX_BODY {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The request is larger than 4 MiB."));
    }
    let connection = refresh::fresh(deps, connection, deadline).await?.usable()?;
    // A caller waits as long as a browser would.
    let calls = deps.calls(deadline.browser());
    let (response, wants_others) = ask(deps, &connection, &calls, (request, path)).await?;
    if !wants_others {
        return Ok(passed_on(response));
    }
    // The provider's own answer is worth more than why it could not be helped.
    let Some(connection) = refresh::after_unauthorized(deps, connection, deadline).await else {
        return Ok(passed_on(response));
    };
    // The customer may have reconnected meanwhile, by another registration too.
    let (response, wants_others) = ask(deps, &connection, &calls, (request, path)).await?;
    if wants_others {
        refresh::did_not_help(deps, connection).await;
    }
    Ok(passed_on(response))
}

/// Sends the request with the connection's credentials, to the API of the registration that they belong to. Returns
/// also whether the answer asks for other ones, and they can be renewed.
async fn ask(
    deps: &Deps,
    connection: &Connection,
    calls: &Calls<'_>,
    (request, path): (&Request<Bytes>, BelowBase<'_>),
) -> Result<(Response<Bytes>, bool)> {
    let registration = registration::of_connection(deps, connection).await?;
    let secrets = ConnectionSecrets::open(deps, connection, &registration).await?;
    let signing = registration::signing_secrets(deps, &registration).await?;
    let maker = || Ok::<_, Error>(Maker::new(calls, secrets.values(&registration)?, &signing));
    let option = registration.option();
    let meaning = |response: &Response<Bytes>| {
        let (client, status) = (&option.api_client, response.status());
        let content = Content::of(response).short();
        let pause = patience::pause(calls, client, request.method(), status, &content);
        (pause, client.says_expired(status, &content))
    };
    let mut response = send(calls, &maker()?, request, path).await?;
    let (pause, mut is_expired) = meaning(&response);
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
        response = send(calls, &maker()?, request, path).await?;
        (_, is_expired) = meaning(&response);
    }
    Ok((response, is_expired && Renewal::of(option, &secrets.held.credentials).is_some()))
}

async fn send(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    request: &Request<Bytes>,
    path: BelowBase<'_>,
) -> Result<Response<Bytes>> {
    let signing = maker.option().api_client.signing.as_ref();
    let is_aws = matches!(signing, Some(RequestSigning::AwsSigv4(_)));
    let to_provider = ApiRequest {
        method: request.method().clone(),
        url: address(calls, maker, request, path)?,
        headers: headers::to_provider(request.headers(), is_aws),
        body: request.body().clone(),
    };
    let authenticated = authenticated(calls, maker, to_provider, Purpose::Forwarded).await?;
    calls.send(authenticated, "baseUri").await.map_err(unanswered)
}

/// Below the base address of whoever owns the registration: a borrowed one's credentials go nowhere else.
fn address(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    request: &Request<Bytes>,
    path: BelowBase<'_>,
) -> Result<Url> {
    let base = maker.registration().base_uri().ok_or_else(|| Error::unusable("baseUri"))?;
    let mut url = base.render(&maker.values(), calls.loopback)?;
    if path.0.is_empty() {
        url.set_query(request.uri().query());
        return Ok(url);
    }
    let base_path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base_path}/{}", path.0));
    // A `BelowBase` ensures it. But no request may ever leave here for another place.
    if !url.path().starts_with(&format!("{base_path}/")) {
        return Err(outside());
    }
    url.set_query(request.uri().query());
    Ok(url)
}

/// What follows `/connections/{id}/proxy/`, as it was sent. Every server reads it as a place below the base address.
#[derive(Clone, Copy)]
struct BelowBase<'a>(&'a str);

impl<'a> BelowBase<'a> {
    fn of(request: &'a Request<Bytes>) -> Result<Self> {
        let path = request.uri().path().trim_start_matches('/').splitn(4, '/').nth(3);
        let path = path.unwrap_or_default();
        match doubt(path) {
            None => Ok(Self(path)),
            Some(Doubt::Step) => Err(outside()),
            Some(doubt) => Err(Error::malformed("path", doubt.problem())),
        }
    }
}

fn outside() -> Error {
    Error::new(ErrorKey::RequestMalformed, "The path leads out of the integration's base address.")
        .field("path")
}

/// The provider's status, headers and body.
fn passed_on(response: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = response.into_parts();
    record::ends(Remark::from("sent through the proxy").with("status", Some(head.status.as_u16())));
    head.headers = headers::to_caller(&head.headers);
    Response::from_parts(head, body)
}

fn unanswered(failure: Failure) -> Error {
    match failure.refusal {
        Refusal::TooLarge => {
            Error::new(ErrorKey::ResponseTooLarge, "The provider's response is larger than 4 MiB.")
                .because(failure.into_cause())
        }
        _ => failure.into(),
    }
}
