//! The lines of an attempt, from `CloudWatch` Logs Insights. The AWS CLI asks for them, with its own credentials: who may deploy
//! has it, and this tool needs no permissions.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use protocol::clock::{Clock as _, SystemClock};
use protocol::record::Reference;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// The functions, by the ends of their log groups' names.
const FUNCTIONS: [&str; 5] = ["initiate", "callback", "finish", "api", "refresh"];

/// The time from the beginning of a reference's hour in which its flow ends.
const SPAN: Duration = Duration::from_hours(3);

/// How often a query is asked for its results, and the time between.
const ASKED: usize = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// The lines of the attempt with this reference, in the log of a stack, the oldest first.
pub(super) async fn lines(stack: &str, reference: Reference) -> Result<Vec<Map<String, Value>>, Problem> {
    let from = reference.drawn_in_hour_from(SystemClock.now());
    let mut arguments: Vec<String> = vec!["start-query".into(), "--log-group-names".into()];
    arguments.extend(FUNCTIONS.iter().map(|function| format!("/aws/lambda/{stack}-{function}")));
    let query = format!("fields @message | {} | limit 1000", super::query(reference));
    arguments.extend([
        "--start-time".into(),
        from.seconds().to_string(),
        "--end-time".into(),
        (from + SPAN).seconds().to_string(),
        "--query-string".into(),
        query,
    ]);
    let begun = aws(&arguments)?;
    let Some(id) = begun["queryId"].as_str() else { return Err(unexpected("a query has no id")) };
    for _ in 0..ASKED {
        let answer = aws(&["get-query-results".into(), "--query-id".into(), id.into()])?;
        match answer["status"].as_str().unwrap_or_default() {
            "Complete" => return Ok(found(&answer)),
            "Scheduled" | "Running" => tokio::time::sleep(PAUSE).await,
            ended => return Err(unexpected(&format!("the query ended as {ended:?}"))),
        }
    }
    Err(unexpected("the query takes too long"))
}

/// What the lines of a result say. What is no line of Linkspan's is left out.
fn found(answer: &Value) -> Vec<Map<String, Value>> {
    let rows = answer["results"].as_array().into_iter().flatten().filter_map(Value::as_array);
    rows.filter_map(|row| {
        let message = row.iter().find(|field| field["field"] == "@message")?;
        serde_json::from_str(message["value"].as_str()?).ok()
    })
    .collect()
}

/// What `aws logs` answers.
fn aws(arguments: &[String]) -> Result<Value, Problem> {
    let ran = Command::new("aws").arg("logs").args(arguments).args(["--output", "json"]).output();
    let ran = ran.map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Problem::Failed("--stack needs the AWS CLI (`aws`), and it is not installed.".to_owned())
        }
        _ => Problem::Failed(format!("`aws` cannot be run: {error}")),
    })?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        return Err(Problem::Failed(format!("aws logs {}: {said}", arguments[0])));
    }
    serde_json::from_slice(&ran.stdout).map_err(|_| unexpected("its answer is no JSON"))
}

fn unexpected(what: &str) -> Problem {
    Problem::Failed(format!("aws logs: {what}."))
}
