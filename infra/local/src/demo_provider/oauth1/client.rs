//! Registered clients (RFC 5849 §1.1), in the RFC's older words "consumers".

/// The identifier of the client that the demo integration uses.
pub(crate) const CONSUMER_KEY: &str = "linkspan-mail";

/// Its shared secret. It arrives unchanged only if both sides encode it (RFC 5849 §3.6).
pub(crate) const CONSUMER_SECRET: &str = "not&a+secret/100% demo";

/// A client.
pub(crate) struct Client {
    pub(super) consumer_key: String,
    pub(super) name: String,
    /// The secret that signs HMAC and PLAINTEXT requests.
    pub(super) secret: String,
    /// The key that verifies RSA-SHA1: an `RSAPublicKey` or a `SubjectPublicKeyInfo` in DER. Without one the client
    /// cannot use that method.
    pub(super) public_key: Option<Vec<u8>>,
    callbacks: Vec<String>,
}

impl Client {
    /// Registers a client with the callback addresses that it may use, without their queries.
    pub(crate) fn new(consumer_key: &str, secret: &str, name: &str, callbacks: Vec<String>) -> Self {
        Self {
            consumer_key: consumer_key.to_owned(),
            name: name.to_owned(),
            secret: secret.to_owned(),
            public_key: None,
            callbacks,
        }
    }

    /// The client that the demo integration uses.
    pub(crate) fn demo(callbacks: Vec<String>) -> Self {
        Self::new(CONSUMER_KEY, CONSUMER_SECRET, "Linkspan", callbacks)
    }

    pub(super) fn find<'a>(clients: &'a [Self], consumer_key: &str) -> Option<&'a Self> {
        clients.iter().find(|client| client.consumer_key == consumer_key)
    }

    /// True if the callback is a registered address, whatever its query: clients keep their own state there.
    pub(super) fn may_use(&self, callback: &str) -> bool {
        let address = callback.split(['?', '#']).next().unwrap_or_default();
        self.callbacks.iter().any(|registered| registered == address)
    }
}
