//! Servers that are no deployment, or one that has no time.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::local::{folder, run};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Gives these answers, one a connection, and returns the requests' first lines.
async fn server(answers: Vec<&'static str>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 16 * 1024];
            let length = stream.read(&mut request).await.unwrap();
            asked.push(String::from_utf8_lossy(&request[..length]).lines().next().unwrap().to_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    (base, asked)
}

async fn list(base: &str) -> crate::local::Ran {
    let variables = [("LINKSPAN_URL", base), ("LINKSPAN_WORKSPACE", "demo"), ("LINKSPAN_SECRET", SECRET)];
    run(&folder(), &variables, ["integration", "list"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_came_too_soon_is_made_again() {
    let (base, asked) = server(vec![
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{\"items\":[]}",
    ])
    .await;
    list(&base).await.ok();
    assert_eq!(asked.await.unwrap(), ["GET /integrations HTTP/1.1"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_the_token_stays() {
    let (other, _) = server(vec![]).await;
    let answer: &'static str =
        format!("HTTP/1.1 301 Moved\r\nLocation: {other}/integrations\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").leak();
    let (base, asked) = server(vec![answer]).await;
    let said = list(&base).await.ends_with(1);
    assert!(said.contains("redirects to") && said.contains(&other), "{said}");
    assert_eq!(asked.await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_of_linkspans_is_said_to_be_none() {
    let page = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>";
    let (base, _asked) = server(vec![page]).await;
    let said = list(&base).await.ends_with(1);
    assert!(said.contains("404") && said.contains("no answer of Linkspan's"), "{said}");
    let said = list("http://127.0.0.1:1").await.ends_with(1);
    assert!(said.contains("did not answer"), "{said}");
}
