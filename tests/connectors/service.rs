//! A service as a connector's definition describes it: what it knows of its client and of a customer, and the requests
//! that it expects. It reads the raw JSON.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use protocol::clock::Clock;
use serde_json::Value;
use tests::clock::TestClock;
use url::form_urlencoded;

use crate::Checked;
use crate::expected::{Body, Expected, Pairs};
use crate::jwt::{Jwts, VERIFIES};
use crate::oauth1::Signed;
use crate::template::{CLOSE, OPEN, Part, Values, parts};

/// A service, for one option of its connector.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) definition: Value,
    pub(crate) option: Value,
    pub(crate) values: Values,
    /// The round: which of several ways is taken.
    pub(crate) turn: usize,
    /// The address that the browser comes back to.
    pub(crate) callback: String,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) seen: Arc<Mutex<BTreeSet<String>>>,
    /// How many tokens were issued.
    pub(crate) issued: usize,
    /// The seconds that the credentials last, if they end.
    pub(crate) life: Option<i64>,
    /// The credentials of the last connection.
    pub(crate) held: Value,
    /// The code challenge of the authorization request, and its method.
    pub(crate) challenge: Option<(String, String)>,
}

/// The team's client, where the definition has no other one.
pub(crate) const CLIENT_ID: &str = "client!+ID";
/// Its secret.
pub(crate) const CLIENT_SECRET: &str = "client!+secret/1";

/// The code that it issues.
pub(crate) const CODE: &str = "code!+1/a";

/// A request at the token endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenRequest {
    Code,
    Refresh,
    Client,
    /// A refresh of a further set of tokens, by its place.
    Further(usize),
}

impl Service {
    /// Whether the option is of this type.
    pub(crate) fn is(&self, auth_type: &str) -> bool {
        self.option["type"] == auth_type
    }

    /// A setting of the option's `config`.
    pub(crate) fn config(&self, name: &str) -> &Value {
        &self.option["config"][name]
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.clock.now().seconds()
    }

    fn jwts(&self) -> Jwts {
        Jwts {
            signed: self.option["signed"].clone(),
            values: self.values.clone(),
            now: self.seconds(),
            seen: Arc::clone(&self.seen),
            challenge: self.challenge.clone(),
        }
    }

    pub(crate) fn expected(&self, method: &str, address: String) -> Expected {
        Expected { method: method.to_owned(), address, jwts: self.jwts(), ..Expected::default() }
    }

    /// The client's identifier and its secret.
    pub(crate) fn client(&self) -> Checked<(String, String)> {
        let entered = self.is("client-credentials");
        let is_standard = self.config("grant").as_str().is_none_or(|grant| grant == "client_credentials");
        let is_none = *self.config("clientAuthLocation") == "none";
        if entered && !is_standard && is_none && self.config("clientId").is_null() {
            return Ok((String::new(), String::new()));
        }
        let own = |name: &str| match (self.config(name).as_str(), entered) {
            (Some(template), _) => self.values.text(template),
            (None, true) => {
                Ok(self.values.optional(&format!("${{parameters.{name}?}}"))?.unwrap_or_default())
            }
            (None, false) => {
                Ok(self.values.optional(&format!("${{integration.{name}?}}"))?.unwrap_or_default())
            }
        };
        Ok((own("clientId")?, own("clientSecret")?))
    }

    /// The scopes as one text.
    pub(crate) fn scope(&self) -> Checked<Option<String>> {
        let mut scopes = Vec::new();
        for scope in self.config("scopes").as_array().into_iter().flatten() {
            scopes.extend(self.values.optional(scope.as_str().unwrap_or_default())?);
        }
        let separator = self.config("scopeSeparator").as_str().unwrap_or(" ");
        Ok((!scopes.is_empty()).then(|| scopes.join(separator)))
    }

    /// The `redirect_uri`.
    pub(crate) fn redirect_uri(&self) -> Checked<String> {
        self.config("redirectUriValue")
            .as_str()
            .map_or_else(|| Ok(self.callback.clone()), |value| self.values.text(value))
    }

    /// Whether the option has PKCE, and by which method.
    pub(crate) fn pkce(&self) -> Option<&str> {
        let named = self.config("pkce").as_str().unwrap_or("S256");
        (*self.config("skipPkce") != true && named != "off").then_some(named)
    }

    /// True if the authorization request has a nonce of Linkspan's.
    pub(crate) fn wants_nonce(&self) -> bool {
        let is_asked = self
            .config("scopes")
            .as_array()
            .is_some_and(|scopes| scopes.iter().any(|scope| scope == "openid"));
        match self.config("nonce") {
            Value::Bool(wanted) => *wanted,
            _ => is_asked && !self.config("extra")["nonce"].is_string(),
        }
    }

    /// The authorization request, without `state`, the nonce and the code challenge.
    pub(crate) fn authorization_request(&self) -> Checked<Expected> {
        let address = self.values.address(self.config("authorizeUri").as_str().unwrap_or_default())?;
        let mut expected = self.expected("GET", address);
        let mut query: Pairs = vec![
            ("response_type".to_owned(), "code".to_owned()),
            ("client_id".to_owned(), self.client()?.0),
            ("redirect_uri".to_owned(), self.redirect_uri()?),
        ];
        query.extend(self.scope()?.map(|scope| ("scope".to_owned(), scope)));
        rename(&mut query, &self.config("authorizationRequest")["names"]);
        query.extend(self.values.pairs(self.config("extra"))?);
        expected.query = query;
        expected.split_address()?;
        Ok(expected)
    }

    /// A token request.
    pub(crate) fn token_request(&self, request: TokenRequest) -> Checked<Expected> {
        let is_refresh = matches!(request, TokenRequest::Refresh | TokenRequest::Further(_));
        let setting =
            if is_refresh && self.config("refreshUri").is_string() { "refreshUri" } else { "tokenUri" };
        let changes = match self.config("refreshRequest") {
            Value::Null => self.config("tokenRequest"),
            _ if !is_refresh => self.config("tokenRequest"),
            changes => changes,
        };
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let form = match request {
            TokenRequest::Code => {
                let mut form = vec![
                    pair("grant_type", "authorization_code".to_owned()),
                    pair("code", CODE.to_owned()),
                    pair("redirect_uri", self.redirect_uri()?),
                ];
                form.extend(self.pkce().map(|_| pair("code_verifier", format!("{OPEN}{VERIFIES}{CLOSE}"))));
                form
            }
            TokenRequest::Refresh => {
                let name = self.config("refreshCredential").as_str().unwrap_or("refresh_token");
                let token = self.values.text(&format!("${{credentials.{name}}}"))?;
                vec![pair("grant_type", "refresh_token".to_owned()), pair("refresh_token", token)]
            }
            TokenRequest::Further(place) => {
                let name = self.further_names().get(place).cloned().unwrap_or_default();
                let token = self.values.text(&format!("${{credentials.{name}.refresh_token}}"))?;
                vec![pair("grant_type", "refresh_token".to_owned()), pair("refresh_token", token)]
            }
            TokenRequest::Client => {
                let grant = self.config("grant").as_str().unwrap_or("client_credentials");
                let mut form = vec![pair("grant_type", grant.to_owned())];
                form.extend(self.scope()?.map(|scope| pair("scope", scope)));
                form.extend(self.values.pairs(self.config("extra"))?);
                form
            }
        };
        let format = self.config("bodyFormat").as_str().unwrap_or("form");
        self.endpoint(setting, form, changes, format)
    }

    /// A revocation (RFC 7009).
    pub(crate) fn revocation(&self) -> Checked<Expected> {
        let token = |name: &str| self.values.optional(&format!("${{credentials.{name}?}}"));
        let (hint, token) = match token("refresh_token")? {
            Some(token) => ("refresh_token", token),
            None => ("access_token", token("access_token")?.ok_or("there is no token")?),
        };
        let form = vec![("token".to_owned(), token), ("token_type_hint".to_owned(), hint.to_owned())];
        self.endpoint("revocationUri", form, self.config("revocationRequest"), "form")
    }

    /// A request to an endpoint of the standards: with its client, and with what the definition changes.
    fn endpoint(&self, setting: &str, mut form: Pairs, changes: &Value, format: &str) -> Checked<Expected> {
        let template = self.config(setting).as_str().ok_or_else(|| format!("{setting} is missing"))?;
        let method = changes["method"].as_str().unwrap_or("POST");
        let mut expected = self.expected(method, self.values.address(template)?);
        expected.headers.insert("accept".to_owned(), "application/json".to_owned());
        expected.certificate = self.certificate(false)?;
        self.authenticate(&mut expected, &mut form, has_placeholder_in_host(template))?;
        rename(&mut form, &changes["names"]);
        rename(&mut expected.query, &changes["names"]);
        for (name, value) in self.values.pairs(&changes["add"])? {
            form.retain(|(known, _)| *known != name);
            form.push((name, value));
        }
        for (name, value) in self.values.pairs(&changes["query"])? {
            expected.replace_query(&name, value);
        }
        for (name, value) in self.values.pairs(&changes["headers"])? {
            expected.headers.insert(name.to_lowercase(), value);
        }
        match changes["bodyFormat"].as_str().unwrap_or(format) {
            "query" => expected.query.extend(form),
            "json" => {
                let fields = form.into_iter().map(|(name, value)| (name, Value::String(value)));
                expected.body = Body::Json(Value::Object(fields.collect()));
            }
            _ => expected.body = Body::Form(form),
        }
        expected.split_address()?;
        Ok(expected)
    }

    fn authenticate(&self, expected: &mut Expected, form: &mut Pairs, is_customers_host: bool) -> Checked {
        let (id, secret) = self.client()?;
        let keeps_back = self.option["customerHost"] == true && self.option["customerHostGetsSecret"] != true;
        let location = self.config("clientAuthLocation").as_str().unwrap_or("body");
        let is_public = self.is("oauth2") && (keeps_back && is_customers_host || secret.is_empty());
        let location = if is_public { "none" } else { location };
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let both = [("client_id".to_owned(), id.clone()), ("client_secret".to_owned(), secret.clone())];
        match location {
            "headers" => expected.basic(&encoded(&id), &encoded(&secret)),
            "raw-headers" => expected.basic(&id, &secret),
            "user-name" => expected.basic(&secret, ""),
            "both" => {
                expected.basic(&encoded(&id), &encoded(&secret));
                form.extend(both);
            }
            "query" => expected.query.extend(both),
            "none" if id.is_empty() => {}
            "none" | "tls_client_auth" => form.push(("client_id".to_owned(), id)),
            "body" => form.extend(both),
            other => return Err(format!("no test for {other}")),
        }
        Ok(())
    }

    pub(crate) fn token(&self) -> Checked<Option<(String, String)>> {
        let value = |name: &str| self.values.text(&format!("${{credentials.{name}}}"));
        Ok(Some((value("oauth_token")?, value("oauth_token_secret")?)))
    }

    /// The signature of OAuth 1.0 with this token.
    pub(crate) fn signature(&self, token: Option<(String, String)>) -> Signed {
        let integration = |name: &str| self.values.integration[name].as_str().unwrap_or_default().to_owned();
        Signed {
            method: self.config("signatureMethod").as_str().unwrap_or("HMAC-SHA1").to_owned(),
            realm: self.config("realm").as_str().and_then(|realm| self.values.text(realm).ok()),
            consumer: (integration("consumerKey"), integration("consumerSecret")),
            token,
            now: self.seconds(),
            ..Signed::default()
        }
    }

    /// A request of OAuth 1.0 to this endpoint.
    pub(crate) fn oauth1_request(&self, setting: &str, method: &str, signed: Signed) -> Checked<Expected> {
        let address = self.values.address(self.config(setting).as_str().unwrap_or_default())?;
        let mut expected = self.expected(self.config(method).as_str().unwrap_or("POST"), address);
        expected.oauth1 = Some(signed);
        let accepted = "application/x-www-form-urlencoded, application/json";
        expected.headers.insert("accept".to_owned(), accepted.to_owned());
        expected.split_address()?;
        Ok(expected)
    }
}

fn rename(pairs: &mut Pairs, names: &Value) {
    pairs.retain_mut(|(name, _)| match names.get(name.as_str()) {
        Some(Value::String(other)) => {
            other.clone_into(name);
            true
        }
        Some(_) => false,
        None => true,
    });
}

fn has_placeholder_in_host(template: &str) -> bool {
    let host = template.strip_prefix("https://").unwrap_or(template).split('/').next().unwrap_or_default();
    parts(host).iter().any(|part| !matches!(part, Part::Text(_))) || template.starts_with("${")
}
