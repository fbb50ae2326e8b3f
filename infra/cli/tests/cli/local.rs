//! A local run, a folder, and the program.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use linkspan_local::WORKSPACE_SECRET;
use linkspan_local::args::Options;
use protocol::http::address::Reach;
use protocol::http::client;
use serde_json::{Value, json};
use tokio::process::Command;

/// The program.
pub(crate) const LINKSPAN: &str = env!("CARGO_BIN_EXE_linkspan");

static FOLDERS: AtomicUsize = AtomicUsize::new(0);

/// A started local run, and a folder of its own for files.
pub(crate) struct Local {
    pub(crate) base: String,
    pub(crate) folder: PathBuf,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Local {
    pub(crate) async fn start() -> Self {
        let options = Options::default();
        let running = linkspan_local::start(options).await.unwrap();
        let base = running.base.clone();
        tokio::spawn(running.serve(std::future::pending()));
        Self { base, folder: folder() }
    }

    /// Runs the program as the demo workspace.
    pub(crate) async fn run<const N: usize>(&self, args: [&str; N]) -> Ran {
        self.run_with(&[], args).await
    }

    /// The same, with further variables.
    pub(crate) async fn run_with<const N: usize>(&self, variables: &[(&str, &str)], args: [&str; N]) -> Ran {
        let mut all = vec![
            ("LINKSPAN_URL", self.base.as_str()),
            ("LINKSPAN_WORKSPACE", "demo"),
            ("LINKSPAN_SECRET", WORKSPACE_SECRET),
        ];
        all.extend(variables);
        run(&self.folder, &all, args).await
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).unwrap()
    }

    /// A connection with an API key, and its id. The tool makes none: customers do.
    pub(crate) async fn connection(&self, customer: &str) -> String {
        let token = self.run(["token", "--admin"]).await.ok().trim().to_owned();
        let body = json!({
            "integrationKey": "demo-api-key", "userId": customer, "name": format!("Books of {customer}"),
            "parameters": { "company": "engines", "apiKey": "demo-api-key-ada" },
        });
        let request = Request::post(format!("{}/connections", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let answer = client(Reach::Anywhere).request(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let made: Value = serde_json::from_slice(&body).unwrap();
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// An attempt that failed, by its reference: there is no such integration.
    pub(crate) async fn attempt(&self, customer: &str) -> String {
        let token = self.run(["token", "--customer", customer]).await.ok().trim().to_owned();
        let body = json!({ "token": token, "integrationKey": "no-such-thing" });
        let request = Request::post(format!("{}/connection-popup", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let answer = client(Reach::Anywhere).request(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let refused: Value = serde_json::from_slice(&body).unwrap();
        refused["reference"].as_str().unwrap_or_else(|| panic!("{refused}")).to_owned()
    }
}

/// A folder that no other test has.
pub(crate) fn folder() -> PathBuf {
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the program with these variables and no others of ours.
pub(crate) async fn run<S: AsRef<OsStr>>(
    folder: &PathBuf,
    variables: &[(&str, &str)],
    args: impl IntoIterator<Item = S>,
) -> Ran {
    let output = Command::new(LINKSPAN)
        .args(args)
        .env_clear()
        .env("HOME", folder)
        .envs(variables.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

impl Ran {
    /// What it answered, if all went well.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same, as JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// What it said, if it ended with this code.
    pub(crate) fn ends_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        format!("{}{}", self.out, self.err)
    }
}
