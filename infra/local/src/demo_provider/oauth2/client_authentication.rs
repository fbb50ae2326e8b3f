//! Client authentication with a password (RFC 6749 §2.3.1).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::client::Client;
use super::token_error::{ErrorCode, TokenError};
use crate::demo_provider::params::Params;

/// The client that sent the request, named by the Authorization header or by the body, but not by both.
pub(super) fn authenticate<'a>(
    clients: &'a [Client],
    headers: &HeaderMap,
    params: &Params,
) -> Result<&'a Client, TokenError> {
    let (id, secret) = match (headers.get(header::AUTHORIZATION), params.get("client_secret")) {
        // "The client MUST NOT use more than one authentication method in each request" (RFC 6749 §2.3).
        (Some(_), Some(_)) => {
            let description = "The client authenticates in two ways at once";
            return Err(TokenError::new(ErrorCode::InvalidRequest, description));
        }
        (Some(header), None) => header
            .to_str()
            .ok()
            .and_then(basic)
            .ok_or(refused("The Authorization header holds no Basic credentials"))?,
        (None, Some(secret)) => {
            let id = params.get("client_id").ok_or(refused("client_id is missing"))?;
            (id.to_owned(), secret.to_owned())
        }
        (None, None) => return Err(refused("The client does not authenticate")),
    };
    if params.get("client_id").is_some_and(|given| given != id) {
        let description = "client_id is not the client that authenticates";
        return Err(TokenError::new(ErrorCode::InvalidRequest, description));
    }
    Client::find(clients, &id)
        .filter(|client| client.has_secret(&secret))
        .ok_or(refused("The client is unknown, or its secret is wrong"))
}

fn refused(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidClient, description)
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((form_decode(id)?, form_decode(secret)?))
}

/// Decodes one of the two parts: each was form-encoded before they were joined (RFC 6749 §2.3.1).
fn form_decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_decoded() {
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(basic("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"), pair("s6BhdRkqt3", "gX1fBat3bV"));
        let encoded = STANDARD.encode("client%21%2BID:a%3Ab+c%25");
        assert_eq!(basic(&format!("basic {encoded}")), pair("client!+ID", "a:b c%"));
        assert_eq!(basic("Bearer czZCaGRSa3F0MzpnWDFmQmF0M2JW"), None);
        assert_eq!(basic("Basic ~"), None);
    }
}
