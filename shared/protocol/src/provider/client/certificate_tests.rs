//! Certificates of clients, against a server that sees them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;
use crate::http::client_certificate::Unfit;

const LIMIT: Duration = Duration::from_secs(10);

fn certified() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn certificate_of(certified: &CertifiedKey<KeyPair>) -> String {
    pem("CERTIFICATE", certified.cert.der())
}

fn key_of(certified: &CertifiedKey<KeyPair>) -> String {
    pem("PRIVATE KEY", &certified.signing_key.serialize_der())
}

fn read(certified: &CertifiedKey<KeyPair>) -> Arc<ClientCertificate> {
    let (certificate, key) = (certificate_of(certified), key_of(certified));
    Arc::new(ClientCertificate::read(&certificate, &key).unwrap())
}

/// A server that knows these clients, and answers with the length and the last bytes of the certificate that it was shown.
/// Returns its address, and our client, which trusts it.
async fn serve(clients: &[&CertifiedKey<KeyPair>], demands: bool) -> (String, ProviderClient) {
    let own = certified();
    let mut known = RootCertStore::empty();
    for client in clients {
        known.add(client.cert.der().clone()).unwrap();
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(known));
    let verifier = if demands { verifier } else { verifier.allow_unauthenticated() }.build().unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let shown = tls.get_ref().1.peer_certificates().map(|chain| hex_of(&chain[0]));
                let shown = shown.unwrap_or_default();
                let mut request = Vec::new();
                // The connection is kept: one that was shared would show another's certificate.
                while let Ok(byte) = tls.read_u8().await {
                    request.push(byte);
                    if request.ends_with(b"\r\n\r\n") {
                        request.clear();
                        let answer =
                            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{shown}", shown.len());
                        tls.write_all(answer.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let client =
        ProviderClient { trust: Trust::Only(Arc::new(roots)), ..ProviderClient::new(Loopback::Allowed) };
    (address, client)
}

fn hex_of(der: &[u8]) -> String {
    crate::random::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref())
}

async fn shown(
    client: &ProviderClient,
    address: &str,
    certificate: Option<&Arc<ClientCertificate>>,
) -> Result<String, ProviderError> {
    let request = Request::get(address).body(Bytes::new()).unwrap();
    let response = client.send(presenting(request, certificate.cloned()), LIMIT).await?;
    Ok(String::from_utf8(response.into_body().to_vec()).unwrap())
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_it() {
    let (ours, strange) = (certified(), certified());
    let (address, client) = serve(&[&ours], true).await;
    assert_eq!(shown(&client, &address, Some(&read(&ours))).await.unwrap(), hex_of(ours.cert.der()));
    for refused in [None, Some(read(&strange))] {
        let error = shown(&client, &address, refused.as_ref()).await.unwrap_err();
        assert!(matches!(error, ProviderError::Connection(_)), "{error}");
    }
}

#[tokio::test]
async fn no_connection_is_shared_with_another_certificate() {
    let (one, other) = (certified(), certified());
    let (address, client) = serve(&[&one, &other], false).await;
    let (first, second) = (read(&one), read(&other));
    for _ in 0..3 {
        assert_eq!(shown(&client, &address, Some(&first)).await.unwrap(), hex_of(one.cert.der()));
        assert_eq!(shown(&client, &address, None).await.unwrap(), "");
        assert_eq!(shown(&client, &address, Some(&second)).await.unwrap(), hex_of(other.cert.der()));
    }
    assert_eq!(client.with_certificate.lock().unwrap().len(), 2);
    for _ in 0..MOST_CERTIFICATES {
        shown(&client, &address, Some(&read(&certified()))).await.unwrap_err();
    }
    assert!(client.with_certificate.lock().unwrap().len() <= MOST_CERTIFICATES);
}

#[test]
fn a_certificate_has_its_own_key_and_both_are_pem() {
    let (one, other) = (certified(), certified());
    let (certificate, key) = (certificate_of(&one), key_of(&one));
    let pasted = certificate.replace('\n', "\\n");
    let read = ClientCertificate::read(&pasted, &key.replace('\n', " ")).unwrap();
    assert_eq!(read.id(), ClientCertificate::read(&certificate, &key).unwrap().id());
    assert!(!format!("{read:?}").contains("PRIVATE"));
    let chain = format!("{certificate}{}", certificate_of(&other));
    assert_ne!(read.id(), ClientCertificate::read(&chain, &key).unwrap().id());
    for (certificate, key, unfit) in [
        ("nothing", &*key, Unfit::Certificate),
        (&key, &key, Unfit::Certificate),
        ("-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----", &key, Unfit::Certificate),
        (&certificate, "nothing", Unfit::Key),
        (&certificate, &certificate, Unfit::Key),
        (&certificate, &key_of(&other), Unfit::Key),
    ] {
        assert_eq!(ClientCertificate::read(certificate, key).unwrap_err(), unfit, "{certificate}");
    }
}
