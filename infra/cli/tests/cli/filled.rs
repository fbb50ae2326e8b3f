//! What a reference was filled with is on no way out of the program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::local::{Ran, folder, run};

/// Values that are wrong in most places, of each kind: a secret, a URL, a template, several lines, a name, a short one.
const VALUES: [&str; 7] = [
    "zq\"9\\ü/zq+secret%41 with=zq&tail",
    "zq\"one\\zq\"two\\zq\"three",
    "https://zquser:zqpass@zq.internal.example:99999/zqpath?zq=1#zq",
    "zqa${zqb.zqc zqd}zqe${parameters.zqf",
    "-----BEGIN ZQ-----\nzqMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END ZQ-----",
    "zqword",
    "zq~",
];

/// A definition with every kind of text in it.
fn definition() -> Value {
    let call = json!({
        "path": "/me", "method": "POST", "query": { "q": "a" }, "headers": { "x-key": "b" }, "body": { "deep": ["c"] },
        "basic": { "username": "d", "password": "e" }, "expect": { "body": "/id" },
    });
    json!({
        "name": "Example", "logoUri": "https://example.com/logo.png", "baseUri": "https://api.example.com",
        "startUri": "https://app.example.com/start", "oAuthCallbackUri": "https://app.example.com/callback",
        "sharedWith": ["other"], "parametersSchema": { "type": "object", "properties": { "clientId": { "type": "string" } } },
        "parameters": { "clientId": "id" },
        "authOptions": [
            {
                "key": "oauth", "type": "oauth2", "title": "Sign in", "description": "It signs in.",
                "config": {
                    "clientId": "id", "clientSecret": "s", "authorizeUri": "https://example.com/a",
                    "tokenUri": "https://${parameters.region}.example.com/t", "scopes": ["read"], "extra": { "x": "y" },
                    "tokenRequest": { "headers": { "x": "y" }, "add": { "a": "b" } },
                },
                "inputSchema": {
                    "type": "object",
                    "properties": { "region": { "type": "string", "title": "Region", "pattern": "^[a-z]+$" } },
                },
                "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
                "test": call, "afterConnect": [call], "customerHost": "a", "signed": { "at": { "key": "a", "payload": {} } },
            },
            {
                "key": "login", "type": "client-credentials",
                "config": { "login": { "uri": "https://example.com/login", "headers": { "a": "b" }, "body": { "a": "b" } } },
                "apiClient": { "query": { "k": "${credentials.k}" }, "body": { "k": "v" } },
            },
            { "key": "signed", "type": "oauth1", "config": { "requestTokenUri": "https://example.com/r", "privateKey": "p" } },
        ],
    })
}

/// The paths of all texts.
fn texts(value: &Value, path: &str, paths: &mut Vec<String>) {
    match value {
        Value::String(_) => paths.push(path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| texts(item, &format!("{path}/{at}"), paths));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| texts(member, &format!("{path}/{name}"), paths));
        }
        _ => {}
    }
}

/// The forms that a value is quoted in.
fn quoted(value: &str) -> Vec<String> {
    let url = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let json = json!(value).to_string();
    vec![
        value.to_owned(),
        json!(json).to_string(),
        json,
        format!("{value:?}"),
        value.to_uppercase(),
        url.replace("%20", "+"),
        utf8_percent_encode(&url, NON_ALPHANUMERIC).to_string(),
        url,
        STANDARD.encode(value),
        STANDARD.encode(format!("id:{value}")),
        STANDARD.encode(format!("an:{value}:b")),
        STANDARD.encode(format!("user:{value}")),
    ]
}

/// A form of the value, or a part of one, that stands in what was said.
fn shown(said: &str, value: &str) -> Option<String> {
    let inner = |form: &String| form.trim_matches(['"', '\\', '=']).to_owned();
    let whole: Vec<String> = quoted(value).iter().map(inner).collect();
    let parts = whole.iter().flat_map(|form| form.split_whitespace()).flat_map(|form| {
        // How a URL begins, in letters or not, and what only the bytes beside it say.
        let letters: Vec<char> = form.chars().skip(8).collect();
        letters.windows(14).map(String::from_iter).collect::<Vec<_>>()
    });
    // A short one is in many other words.
    let is_in = |part: &str| match value.len() {
        ..4 => {
            said.split(|c: char| !(c.is_ascii_alphanumeric() || "~%=".contains(c))).any(|word| word == part)
        }
        _ => said.contains(part),
    };
    parts.chain(whole.clone()).find(|part| is_in(part))
}

fn assert_hidden(ran: &Ran, value: &str, at: &str) {
    for said in [&ran.out, &ran.err] {
        assert_eq!(shown(said, value), None, "{at}: {said}");
    }
    assert!((0..=3).contains(&ran.code), "{at}: {ran:?}");
}

/// Answers each request by its first line.
async fn deployment(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            let answer = answer(request.lines().next().unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    base
}

async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let mut more = vec![0; 64 * 1024];
        let length = stream.read(&mut more).await.unwrap();
        request.extend_from_slice(&more[..length]);
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn linkspan(folder: &std::path::PathBuf, base: &str, value: &str, args: &[&str]) -> Ran {
    let variables = [
        ("LINKSPAN_URL", base),
        ("LINKSPAN_WORKSPACE", "demo"),
        ("LINKSPAN_SECRET", "0123456789abcdef0123456789abcdef"),
        ("FILLED", value),
    ];
    run(folder, &variables, args).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_problem_of_a_definition_quotes_what_a_reference_was_filled_with() {
    let mut paths = Vec::new();
    texts(&definition(), "", &mut paths);
    for value in VALUES {
        let folder = folder();
        std::fs::create_dir(folder.join("defs")).unwrap();
        for (number, path) in paths.iter().enumerate() {
            for (kind, reference) in [("whole", "${env:FILLED}"), ("beside", "a-${env:FILLED}")] {
                let mut definition = definition();
                *definition.pointer_mut(path).unwrap() = reference.into();
                std::fs::write(folder.join(format!("defs/d{number}-{kind}.json")), definition.to_string())
                    .unwrap();
            }
        }
        // A file too.
        std::fs::write(folder.join("defs/key.pem"), value).unwrap();
        let mut definition = definition();
        definition["baseUri"] = "${file:key.pem}".into();
        std::fs::write(folder.join("defs/file.json"), definition.to_string()).unwrap();
        for args in [
            &["integration", "check", "defs"][..],
            &["integration", "check", "defs", "--json"],
            &["integration", "diff", "defs"],
            &["integration", "put", "defs", "--json"],
        ] {
            let ran = linkspan(&folder, "http://127.0.0.1:1", value, args).await;
            assert_hidden(&ran, value, &format!("{args:?}"));
            assert!(format!("{}{}", ran.out, ran.err).contains("${env:FILLED}"), "{ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_deployment_brings_it_back() {
    let puts: [&[&str]; 6] = [
        &["integration", "put", "defs"],
        &["integration", "put", "defs", "--json"],
        &["integration", "put", "defs", "--delete", "--yes"],
        &["integration", "put", "defs", "--delete", "--yes", "--json"],
        &["workspace", "put", "acme", "acme.yaml"],
        &["workspace", "put", "acme", "acme.yaml", "--json"],
    ];
    let plans: [&[&str]; 5] = [
        &["integration", "diff", "defs"],
        &["integration", "put", "defs", "--dry-run", "--json"],
        &["integration", "put", "defs", "--delete"],
        &["workspace", "put", "acme", "acme.yaml", "--dry-run"],
        &["workspace", "put", "acme", "acme.yaml", "--dry-run", "--json"],
    ];
    for value in VALUES {
        let folder = folder();
        std::fs::create_dir(folder.join("defs")).unwrap();
        let crm = "connector: asana\nparameters: { clientId: id, clientSecret: '${env:FILLED}' }\n";
        std::fs::write(folder.join("defs/crm.yaml"), crm).unwrap();
        std::fs::write(folder.join("acme.yaml"), "name: Acme\nsecret: '${env:FILLED}'\n").unwrap();
        let quoted = quoted(value);
        let all = quoted.join(" | ");
        let problems: Vec<Value> =
            quoted.iter().map(|text| json!({ "field": text, "problem": format!("has `{text}`") })).collect();
        let location = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let error = |data: Value| json!({ "key": "bad_request", "message": all, "data": data }).to_string();
        let answers = [
            answer("400 Bad Request", "", &error(json!({ "problems": problems }))),
            answer("400 Bad Request", "", &error(json!({ "field": all, all.clone(): [all] }))),
            answer("409 Conflict", "", &json!(all).to_string()),
            answer("301 Moved", &format!("Location: https://{location}.example/\r\n"), ""),
            answer("200 OK", "", &json!({ "oAuthCallbackUri": all, "key": all, "name": all }).to_string()),
            format!("HTTP/1.1 {all}\r\n\r\n"),
        ];
        // The deployment has none, or one with the value in other places and another whose name it is.
        let shown = json!({ "key": "crm", "name": all, "redirectUris": quoted, "given": {
            "connector": "asana", "name": all, "parameters": { "clientId": all, all.clone(): quoted },
            "authOptions": [{ "key": all, "title": all }],
        }, "connectorVersion": all });
        let shown = answer("200 OK", "", &shown.to_string());
        let listed = |items: Value| answer("200 OK", "", &json!({ "items": items }).to_string());
        let there = listed(json!([{ "key": "crm" }, { "key": all }]));
        let mut runs = Vec::new();
        for given in &answers {
            let (listed, shown, given) = (there.clone(), shown.clone(), given.clone());
            let base = deployment(move |line| match line.split(' ').collect::<Vec<_>>()[..] {
                ["GET", "/integrations", ..] => listed.clone(),
                ["GET", ..] => shown.clone(),
                _ => given.clone(),
            });
            runs.push((base.await, &puts[..]));
        }
        runs.push((runs[0].0.clone(), &plans));
        let none = listed(json!([]));
        runs.push((deployment(move |_| none.clone()).await, &plans));
        for given in answers {
            // It answers the first question already.
            runs.push((deployment(move |_| given.clone()).await, &puts[3..5]));
        }
        for (base, commands) in runs {
            for args in commands {
                let ran = linkspan(&folder, &base, value, args).await;
                assert_hidden(&ran, value, &format!("{args:?}"));
            }
        }
    }
}

/// Nothing but `output.rs` prints. The arguments' own errors come before any reference is read.
#[test]
fn there_is_one_way_out() {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let prints = ["stdout()", "stderr()", "print!", "println!", "/dev/std", ".print()"];
            found.extend(
                prints.iter().filter(|print| text.contains(**print)).map(|_| path.display().to_string()),
            );
        }
    }
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    found.dedup();
    let of = |name: &str| src.join(name).display().to_string();
    assert_eq!(found, [of("lib.rs"), of("output.rs")]);
}
