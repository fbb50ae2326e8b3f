//! `linkspan connections test`, `refresh`, `disconnect`, `delete`, `restore` and `erase`: one after the other, and one that
//! fails does not keep the others from being done.

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::path;
use crate::client::Client;
use crate::output::Output;
use crate::problem::Problem;

/// Which connections.
#[derive(Debug, Args)]
pub(crate) struct Some {
    /// The connections' ids
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// Which connections, and whether to ask before.
#[derive(Debug, Args)]
pub(crate) struct Confirmed {
    #[command(flatten)]
    some: Some,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

impl Confirmed {
    fn confirmed(&self, output: Output, verb: &str) -> Result<(), Problem> {
        let what = match self.some.ids.as_slice() {
            [only] => format!("connection {only}"),
            all => format!("{} connections", all.len()),
        };
        output.confirmed(self.yes, &format!("{verb} {what}?"))
    }
}

pub(super) async fn test(client: &Client, output: Output, some: &Some) -> Result<(), Problem> {
    let mut report = Report::new(output);
    for id in &some.ids {
        let answer = client.call(Method::POST, &format!("{}/test", path(id)), None).await;
        match answer {
            Ok(answer) if answer["success"] == true => report.did(id, "accepted"),
            Ok(answer) => report.did_not(id, &answer["error"]),
            Err(problem) => report.failed(id, &problem),
        }
    }
    report.end()
}

pub(super) async fn refresh(client: &Client, output: Output, some: &Some) -> Result<(), Problem> {
    each(client, output, some, Method::POST, "/refresh-credentials", "refreshed").await
}

pub(super) async fn disconnect(client: &Client, output: Output, args: &Confirmed) -> Result<(), Problem> {
    args.confirmed(output, "Disconnect")?;
    each(client, output, &args.some, Method::POST, "/disconnect", "disconnected").await
}

pub(super) async fn delete(client: &Client, output: Output, args: &Confirmed) -> Result<(), Problem> {
    args.confirmed(output, "Archive")?;
    each(client, output, &args.some, Method::DELETE, "", "archived").await
}

pub(super) async fn restore(client: &Client, output: Output, some: &Some) -> Result<(), Problem> {
    each(client, output, some, Method::POST, "/restore", "restored").await
}

pub(super) async fn erase(client: &Client, output: Output, args: &Confirmed) -> Result<(), Problem> {
    args.confirmed(output, "Erase")?;
    each(client, output, &args.some, Method::DELETE, "?erase=true", "erased").await
}

async fn each(
    client: &Client,
    output: Output,
    some: &Some,
    method: Method,
    below: &str,
    done: &'static str,
) -> Result<(), Problem> {
    let mut report = Report::new(output);
    for id in &some.ids {
        match client.call(method.clone(), &format!("{}{below}", path(id)), None).await {
            Ok(_) => report.did(id, done),
            Err(problem) => report.failed(id, &problem),
        }
    }
    report.end()
}

struct Report {
    output: Output,
    results: Vec<Value>,
    is_done: bool,
}

impl Report {
    fn new(output: Output) -> Self {
        Self { output, results: Vec::new(), is_done: true }
    }

    fn did(&mut self, id: &str, what: &str) {
        if !self.output.json {
            self.output.line(format!("{id}: {what}"));
        }
        self.results.push(json!({ "id": id, "result": what }));
    }

    /// The deployment did it, and it came out badly.
    fn did_not(&mut self, id: &str, error: &Value) {
        let of = |name: &str| error[name].as_str().unwrap_or_default();
        self.output.note(format!("{id}: {} ({})", of("message"), of("key")));
        self.results.push(json!({ "id": id, "result": "failed", "error": error }));
        self.is_done = false;
    }

    fn failed(&mut self, id: &str, problem: &Problem) {
        self.output.note(format!("{id}: {problem}"));
        self.results.push(json!({ "id": id, "result": "failed", "error": problem.to_json() }));
        self.is_done = false;
    }

    fn end(self) -> Result<(), Problem> {
        if self.output.json {
            self.output.value(&json!({ "connections": self.results }));
        }
        if self.is_done { Ok(()) } else { Err(Problem::Said) }
    }
}
