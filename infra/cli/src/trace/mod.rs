//! `linkspan trace`: what became of the attempt whose reference a customer reads out, and where the log tells more.

mod logs;

use clap::Args;
use protocol::record::{Reference, readable};
use serde_json::{Map, Value, json};

use crate::attempts::RESOURCE;
use crate::client::Client;
use crate::listing::Extent;
use crate::output::{Output, text};
use crate::problem::Problem;

/// Which attempt.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Its reference, as the customer's page shows it
    #[arg(value_name = "REFERENCE", value_parser = reference)]
    reference: Reference,
    /// The stack whose log is searched for its lines, by the AWS CLI and its credentials
    #[arg(long, value_name = "STACK")]
    stack: Option<String>,
}

pub(crate) async fn run(client: &Client, output: Output, args: &TraceArgs) -> Result<(), Problem> {
    let lines = match &args.stack {
        Some(stack) => Some(logs::lines(stack, args.reference).await?),
        None => None,
    };
    let told = attempt(client, output, args.reference, lines.as_deref()).await;
    if !output.json {
        for line in lines.iter().flatten() {
            output.line(readable(line));
        }
    }
    told
}

/// Tells what became of the attempt. `lines` are those of the log, if they were asked for.
async fn attempt(
    client: &Client,
    output: Output,
    reference: Reference,
    lines: Option<&[Map<String, Value>]>,
) -> Result<(), Problem> {
    let query = query(reference);
    let reference = reference.to_string();
    let found = Extent::one().list(client, RESOURCE, &[("reference", Some(&reference))]).await?;
    let Some(attempt) = found.items.first() else {
        return Err(Problem::Failed(format!(
            "No attempt of the last 30 days has the reference {reference}. Of what was refused before it began, and of other \
             requests, only the log knows: {query}"
        )));
    };
    if output.json {
        let mut answer = attempt.clone();
        answer["logQuery"] = query.into();
        if let Some(lines) = lines {
            answer["log"] = json!(lines);
        }
        output.value(&answer);
        return Ok(());
    }
    let error = &attempt["error"];
    let lines = [
        ("reference", text(&attempt["reference"])),
        ("status", text(&attempt["status"])),
        ("customer", text(&attempt["userId"])),
        ("integration", text(&attempt["integrationId"])),
        ("option", text(&attempt["authOptionKey"])),
        ("connection", text(&attempt["connectionId"])),
        ("began", text(&attempt["createdAt"])),
        ("ended", text(&attempt["endedAt"])),
        ("error", text(&error["key"])),
        ("", text(&error["message"])),
        ("field", text(&error["data"]["field"])),
        ("who can act", whose(error)),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| *value != "-") {
        output.line(format!("{name:<13} {value}"));
    }
    output.line(format!("{:<13} {}", "log", query));
    Ok(())
}

/// The query of `CloudWatch` Logs Insights, over the functions' log groups, that finds each line of the attempt.
fn query(reference: Reference) -> String {
    format!("filter reference = \"{reference}\" | sort @timestamp")
}

/// Whom the error's type asks to act, by docs/errors.md.
fn whose(error: &Value) -> &'static str {
    match error["type"].as_str().unwrap_or_default() {
        "bad_request" => "the application: see the key in docs/errors.md",
        "connection" => "the customer: start again",
        "configuration" => "whoever defines the integration: the log names the setting",
        "dependency_error" => "nobody: try later",
        "concurrency" => "nobody: try again",
        "internal" => "the operator: the log has the cause",
        _ => "-",
    }
}

fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse_typed(text).ok_or_else(|| "a reference has eight digits and letters".to_owned())
}
