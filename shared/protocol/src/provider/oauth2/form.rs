//! A request to one of the provider's endpoints, while it is made: the standard's parameters, and what the definition
//! changes in them.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request};
use url::Url;

use crate::definition::template::Values;
use crate::definition::{BodyFormat, Names, RequestChanges, add_query, rendered};
use crate::error::{Error, Result};

/// The parameters of a request, and its headers.
pub(super) struct Form {
    pub(super) fields: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
}

/// The changes to a request, with their templates filled in.
#[derive(Default)]
pub(super) struct Changes {
    names: Names,
    added: Vec<(String, String)>,
    headers: HeaderMap,
    method: Option<Method>,
    body_format: BodyFormat,
}

impl Changes {
    /// Fills the templates, and adds to the query of `url`. `body_format` is the option's, and `setting` the place of
    /// the changes in the definition.
    pub(super) fn of(
        changes: Option<&RequestChanges>,
        body_format: BodyFormat,
        values: &Values<'_>,
        url: &mut Url,
        setting: &'static str,
    ) -> Result<Self> {
        let Some(changes) = changes else { return Ok(Self { body_format, ..Self::default() }) };
        add_query(&changes.query, values, url)?;
        Ok(Self {
            names: changes.names.clone(),
            added: rendered(&changes.add, values)?,
            headers: changes.headers.render(values, setting).collect::<Result<_>>()?,
            method: changes.method.as_ref().map(|method| method.of(setting)).transpose()?,
            body_format: changes.body_format.unwrap_or(body_format),
        })
    }
}

impl Form {
    /// A request with the standard's parameters.
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        Self { fields, query: Vec::new(), headers: HeaderMap::new() }
    }

    /// Sets a parameter, in the place of one of its name.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Takes a parameter away.
    pub(super) fn remove(&mut self, name: &str) {
        self.fields.retain(|(known, _)| known != name);
    }

    /// The request to `url`, with the definition's changes.
    pub(super) fn into_request(mut self, url: &Url, changes: &Changes) -> Result<Request<Bytes>> {
        rename(&mut self.fields, &changes.names);
        rename(&mut self.query, &changes.names);
        for (name, value) in &changes.added {
            self.set(name, value);
        }
        let mut url = url.clone();
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let mut headers = self.headers;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let body = if changes.body_format == BodyFormat::Query {
            url.query_pairs_mut().extend_pairs(&self.fields);
            Bytes::new()
        } else {
            let (media_type, body) = changes.body_format.encode(self.fields);
            headers.insert(CONTENT_TYPE, media_type);
            body
        };
        for (name, value) in &changes.headers {
            headers.insert(name, value.clone());
        }
        let mut request = Request::new(body);
        *request.method_mut() = changes.method.clone().unwrap_or(Method::POST);
        *request.uri_mut() = url.as_str().parse().map_err(Error::internal)?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Gives the parameters the provider's names, and leaves out those that it does not want.
pub(super) fn rename(fields: &mut Vec<(String, String)>, names: &Names) {
    if names.is_empty() {
        return;
    }
    fields.retain_mut(|(name, _)| match names.get(name) {
        Some(Some(other)) => {
            other.clone_into(name);
            true
        }
        Some(None) => false,
        None => true,
    });
}
