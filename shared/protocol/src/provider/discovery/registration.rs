//! A client that nobody registers by hand: one whose identifier is the address of a document about it (Client ID Metadata
//! Documents), or one that registers itself (RFC 7591).

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode};
use serde_json::{Map, Value, json};

use super::document::{self, JSON};
use super::metadata::{self, texts};
use crate::definition::{ClientOrigin, Discovered, DiscoveredClient};
use crate::provider::calls::Calls;
use crate::provider::error_code::reads_like_a_code;
use crate::secret::Secret;

/// Who asks for a client.
pub struct Applicant {
    /// The team's name, as its customers read it on the authorization server's page.
    pub name: String,
    /// The callback address.
    pub redirect_uri: String,
    /// The address of the document about this client, which Linkspan serves.
    pub document: String,
    /// The client that was registered before, with the settings of then: the option's own, and what was discovered.
    pub before: Option<(DiscoveredClient, Map<String, Value>)>,
}

/// Where a client is to be known.
pub(super) struct AuthorizationServer<'a> {
    pub(super) issuer: Option<&'a str>,
    /// What it says of itself.
    pub(super) metadata: &'a Map<String, Value>,
    /// What the definition says of it.
    pub(super) own: &'a Map<String, Value>,
}

/// A client that the authorization server knows, will know when it meets it, or is yet to register.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) authentication: String,
    pub(super) by: ClientOrigin,
    pub(super) expires_at: Option<i64>,
    pub(super) secret: ClientSecret,
}

/// What becomes of the secret that the option's client had before.
pub enum ClientSecret {
    /// It stays: the client is the same.
    Kept,
    /// It goes: the client has none.
    Removed,
    /// Another may come with the registration, which is yet to be made.
    Awaited(Registration),
}

/// A registration that is yet to be made. Servers keep a record of each, so it comes last: when all else that the definition
/// says is known to be right.
pub struct Registration {
    endpoint: String,
    /// The setting that led to the endpoint.
    setting: &'static str,
    /// The client authentication that is asked for, by its registered name.
    method: &'static str,
    /// True if the team has chosen that.
    is_chosen: bool,
    /// What is sent.
    about: Value,
}

/// A client that was registered.
pub struct Issued {
    id: String,
    authentication: &'static str,
    expires_at: Option<i64>,
    secret: Option<Secret>,
}

/// The setting that names the registration endpoint.
const REGISTRATION_URI: &str = "registrationUri";

/// The setting that says how the client authenticates.
const AUTH_LOCATION: &str = "clientAuthLocation";

/// What stands in the place of an identifier and of a secret until they are issued. It is never stored.
const STAND_IN: &str = "yet-to-be-registered";

/// How a registered client can authenticate, by the registered name and by the setting's; what is asked for first. A secret
/// that is issued to it may end (RFC 7591 §3.2.1), and every connection would end with it.
const AUTHENTICATION: [(&str, &str); 3] =
    [("none", "none"), ("client_secret_post", "body"), ("client_secret_basic", "headers")];

/// The client to use. A document comes before a registration, of which servers keep a record for each; unless the team says
/// where to register.
pub(super) fn client(
    calls: &Calls<'_>,
    applicant: &Applicant,
    server: &AuthorizationServer<'_>,
    discovered: &Discovered,
) -> Result<Client, String> {
    let AuthorizationServer { issuer, metadata, own } = *server;
    let given = own.get(REGISTRATION_URI).and_then(Value::as_str);
    let (setting, endpoint) = match given {
        Some(given) => (REGISTRATION_URI, Some(given)),
        None => ("mcpServer", metadata::endpoint(metadata, "registration_endpoint", calls)?),
    };
    let reads_documents =
        given.is_none() && metadata.get("client_id_metadata_document_supported") == Some(&true.into());
    // The document's address must be https. In the local run there is none, and a server that asks for it may not mind.
    if reads_documents && (applicant.document.starts_with("https://") || endpoint.is_none()) {
        return Ok(Client {
            id: applicant.document.clone(),
            authentication: "none".to_owned(),
            by: ClientOrigin::MetadataDocument,
            expires_at: None,
            // Whatever was issued before was another client's.
            secret: ClientSecret::Removed,
        });
    }
    let Some(endpoint) = endpoint else {
        let issuer =
            issuer.map_or_else(String::new, |issuer| format!(" with `{issuer}`, which registers none"));
        return Err(format!(
            "needs a client that you have registered{issuer}: give clientId, or registrationUri"
        ));
    };
    if let Some(kept) = kept(calls, applicant, server, discovered) {
        return Ok(kept);
    }
    awaited(applicant, setting, endpoint, server)
        .map_err(|problem| registers_none(setting, endpoint, &problem))
}

fn registers_none(setting: &str, endpoint: &str, problem: &str) -> String {
    let server = if setting == REGISTRATION_URI { "" } else { "has an authorization server that " };
    format!("{server}registers no client: `{endpoint}` {problem}")
}

/// The client of before, if the same server issued it for the same callback, and gets its secret at the same places.
fn kept(
    calls: &Calls<'_>,
    applicant: &Applicant,
    server: &AuthorizationServer<'_>,
    discovered: &Discovered,
) -> Option<Client> {
    let (client, before) = applicant.before.as_ref()?;
    let own = |setting: &str| server.own.get(setting).filter(|given| !given.is_null());
    let is_same =
        |setting: &&str| before.get(*setting) == own(setting).or_else(|| discovered.config.get(*setting));
    let ends = client.expires_at.is_some_and(|end| end <= calls.clock.now().seconds());
    let text = |setting: &str| before.get(setting).and_then(Value::as_str);
    let authentication = text(AUTH_LOCATION).unwrap_or("body");
    let is_kept = client.by == ClientOrigin::Registration
        && client.issuer.as_deref() == server.issuer
        && client.redirect_uri == applicant.redirect_uri
        && !ends
        && own(AUTH_LOCATION).is_none_or(|own| own == authentication)
        && ["authorizeUri", "tokenUri", "revocationUri", REGISTRATION_URI].iter().all(is_same);
    let id = text("clientId").filter(|_| is_kept)?;
    Some(Client {
        id: id.to_owned(),
        authentication: authentication.to_owned(),
        by: ClientOrigin::Registration,
        expires_at: client.expires_at,
        secret: ClientSecret::Kept,
    })
}

/// A client that is yet to be registered, as it will be if the server does what it is asked for (RFC 7591 §3.1).
fn awaited(
    applicant: &Applicant,
    setting: &'static str,
    endpoint: &str,
    server: &AuthorizationServer<'_>,
) -> Result<Client, String> {
    let chosen = server.own.get(AUTH_LOCATION).filter(|given| !given.is_null());
    let (method, authentication) = if let Some(chosen) = chosen {
        let known = AUTHENTICATION.iter().find(|(_, own)| chosen == own);
        known.ok_or(
            "is asked for clients whose clientAuthLocation is none, body or headers, and for no others",
        )?
    } else {
        let taken = texts(server.metadata, "token_endpoint_auth_methods_supported");
        let taken = taken.unwrap_or_else(|| vec!["client_secret_basic"]);
        let known = AUTHENTICATION.iter().find(|(name, _)| taken.contains(name));
        known.ok_or("takes none of the client authentications that Linkspan could register")?
    };
    let is_local = applicant.redirect_uri.starts_with("http://");
    let about = json!({
        "client_name": applicant.name,
        "redirect_uris": [applicant.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "application_type": if is_local { "native" } else { "web" },
    });
    let endpoint = endpoint.to_owned();
    let registration = Registration { endpoint, setting, method, is_chosen: chosen.is_some(), about };
    Ok(Client {
        id: STAND_IN.to_owned(),
        authentication: (*authentication).to_owned(),
        by: ClientOrigin::Registration,
        expires_at: None,
        secret: ClientSecret::Awaited(registration),
    })
}

impl Registration {
    /// What stands in the place of the secret that is asked for, if one is.
    #[must_use]
    pub fn stand_in_secret(&self) -> Option<&'static str> {
        (self.method != "none").then_some(STAND_IN)
    }

    /// The setting that led to the endpoint.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// Registers the client (RFC 7591 §3).
    ///
    /// # Errors
    ///
    /// What is wrong, as the end of a sentence that begins with the setting that led to the endpoint.
    pub async fn register(&self, calls: &Calls<'_>) -> Result<Issued, String> {
        self.issued(calls).await.map_err(|problem| registers_none(self.setting, &self.endpoint, &problem))
    }

    async fn issued(&self, calls: &Calls<'_>) -> Result<Issued, String> {
        let request = Request::post(&self.endpoint).header(ACCEPT, JSON).header(CONTENT_TYPE, JSON);
        let request = request.body(Bytes::from(self.about.to_string()));
        let answer =
            document::send(calls, request.map_err(|_| document::no_address())?, self.setting).await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK => self.of_answer(&document::object(&answer)?),
            status => {
                let error = document::object(&answer).unwrap_or_default();
                let code = error.get("error").and_then(Value::as_str).filter(|code| reads_like_a_code(code));
                let code = code.map_or_else(String::new, |code| format!(" and the error `{code}`"));
                Err(format!("{}{code}", document::of_status(status)))
            }
        }
    }

    fn of_answer(&self, issued: &Map<String, Value>) -> Result<Issued, String> {
        let text = |member: &str| issued.get(member).and_then(Value::as_str);
        let id =
            text("client_id").filter(|id| !id.trim().is_empty()).ok_or("answers without a `client_id`")?;
        let secret = text("client_secret");
        // It would be read as a template; and a secret that is one is not sealed.
        for (member, value) in [("client_id", Some(id)), ("client_secret", secret)] {
            if value.is_some_and(|value| value.contains("${") || value.contains("{{")) {
                return Err(format!("answers with a `{member}` that has a placeholder in it"));
            }
        }
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        let method = text("token_endpoint_auth_method").unwrap_or(self.method);
        let is_taken = !self.is_chosen || method == self.method;
        let known = AUTHENTICATION.iter().find(|(name, _)| *name == method && is_taken);
        let (_, authentication) =
            known.ok_or("registered another client authentication than the one that was asked for")?;
        if secret.is_none() && *authentication != "none" {
            return Err("answers without a `client_secret`".to_owned());
        }
        Ok(Issued {
            id: id.to_owned(),
            authentication,
            expires_at: issued.get("client_secret_expires_at").and_then(Value::as_i64).filter(|end| *end > 0),
            secret: secret.filter(|_| *authentication != "none"),
        })
    }
}

impl Issued {
    /// Puts the client in the place of what stood in for it. Returns its secret, if it has one.
    pub fn note(self, discovered: &mut Discovered) -> Option<Secret> {
        discovered.config.insert("clientId".to_owned(), self.id.into());
        // The team's own comes first.
        if let Some(authentication) = discovered.config.get_mut(AUTH_LOCATION) {
            *authentication = self.authentication.into();
        }
        if let Some(client) = &mut discovered.client {
            client.expires_at = self.expires_at;
        }
        self.secret
    }
}
