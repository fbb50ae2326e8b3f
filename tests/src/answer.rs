//! A response, as tests look at it.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;
use url::Url;

/// A response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Self { status: head.status, headers: head.headers, body }
    }
}

impl Answer {
    /// A header's text; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// All of the `Set-Cookie` headers.
    #[must_use]
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The address that a 303 leads to.
    #[must_use]
    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location")
    }

    /// The address that a 303 leads to, outside our service.
    #[must_use]
    pub fn away(&self) -> Url {
        Url::parse(self.location()).unwrap()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// What a caller is told, in the body or at their address, but for the reference, which is another each time.
    #[must_use]
    pub fn told(&self) -> Value {
        let mut told = match self.status {
            StatusCode::SEE_OTHER => {
                serde_json::from_str(&parameter(&self.away(), "errorData").unwrap()).unwrap()
            }
            _ => self.json(),
        };
        told.as_object_mut().unwrap().remove("reference").unwrap();
        told
    }

    /// The error's key, its field and the status of a JSON body.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let body = self.json();
        Refusal {
            status: self.status.as_u16(),
            key: body["key"].as_str().unwrap_or_default().to_owned(),
            field: body["data"]["field"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The error's key and its field from a redirect's `errorData`, and the status 303.
    #[must_use]
    pub fn redirected_refusal(&self) -> Refusal {
        let url = self.away();
        assert_eq!(parameter(&url, "connectionId"), None, "{url}");
        assert!(parameter(&url, "error").is_some_and(|message| !message.is_empty()), "{url}");
        let error: Value = serde_json::from_str(&parameter(&url, "errorData").unwrap()).unwrap();
        Refusal {
            status: 303,
            key: error["key"].as_str().unwrap_or_default().to_owned(),
            field: error["data"]["field"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Asserts that a redirect carries a `connectionId` and no error.
    pub fn assert_connected(&self) {
        assert!(!self.connection_id().is_empty());
    }

    /// The `connectionId` that a redirect carries.
    #[must_use]
    pub fn connection_id(&self) -> String {
        let url = self.away();
        assert_eq!(parameter(&url, "error"), None, "{url}");
        assert_eq!(parameter(&url, "errorData"), None, "{url}");
        parameter(&url, "connectionId").unwrap()
    }
}

/// The parts of a refusal that tests compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The stable key.
    pub key: String,
    /// The field that it is about; empty where it names none.
    pub field: String,
}

/// The refusal that a test expects.
#[must_use]
pub fn refusal(status: u16, key: &str, field: &str) -> Refusal {
    Refusal { status, key: key.to_owned(), field: field.to_owned() }
}

/// One parameter of a query.
#[must_use]
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}
