//! `linkspan doctor`: a deployment, looked at from outside. It changes nothing.

mod inside;
mod outside;

use serde_json::{Value, json};

use crate::client::Client;
use crate::output::Output;
use crate::problem::Problem;
use crate::settings::Settings;

/// What a check found.
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    /// The next step, unless all is well.
    advice: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// It works, and somebody should look at it.
    Look,
    Broken,
    /// It could not be looked at.
    Skipped,
}

impl Finding {
    fn fine(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fine, found: found.into(), advice: None }
    }

    fn look(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Look, found: found.into(), advice: Some(advice.into()) }
    }

    fn broken(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Broken, found: found.into(), advice: Some(advice.into()) }
    }

    fn skipped(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Skipped, found: found.into(), advice: None }
    }

    /// A check that the deployment's answer kept from being made.
    fn of_problem(check: &'static str, problem: &Problem) -> Self {
        let said = problem.to_string();
        let said = said.lines().next().unwrap_or_default();
        if matches!(problem, Problem::Refused(refusal) if refusal.key() == "insufficient_scope") {
            return Self::skipped(check, said);
        }
        let advice = match problem {
            Problem::Refused(refusal) => match refusal.key() {
                "not_authenticated" => {
                    "Compare the workspace's key with its secret, and the audience with `tokenAudience`; look at the clock above. A secret that was changed counts everywhere after 30 seconds."
                }
                "access_denied" => {
                    "The token must be a management token: with LINKSPAN_TOKEN, make it by `linkspan token --admin`."
                }
                "storage_unavailable" => {
                    "DynamoDB did not answer the function: see `DynamoDB failed` in its log (docs/operate.md)."
                }
                "key_unavailable" => {
                    "KMS did not answer the function: see `KMS failed` in its log (docs/operate.md)."
                }
                "rate_limit_exceeded" => "Wait a minute, or raise the workspace's requestsPerMinute.",
                "internal" => "See the function's log: a line with level ERROR has the cause.",
                _ => "See the function's log, and docs/errors.md for the key.",
            },
            _ => "See above.",
        };
        Self::broken(check, said, advice)
    }

    fn print(&self, output: Output) {
        let verdict = self.verdict.as_str();
        output.line(format!("{verdict:<7} {:<13} {}", self.check, self.found));
        if let Some(advice) = &self.advice {
            output.line(format!("{:22}{advice}", ""));
        }
    }

    fn to_json(&self) -> Value {
        json!({ "check": self.check, "result": self.verdict.as_str(), "found": self.found, "advice": self.advice })
    }
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Look => "look",
            Self::Broken => "broken",
            Self::Skipped => "skipped",
        }
    }
}

pub(crate) async fn run(settings: Settings, output: Output) -> Result<(), Problem> {
    let mut findings = Findings { output, all: Vec::new() };
    let url = settings.url()?.clone();
    let authority = settings.workspace().and_then(|_| settings.authority());
    let client = Client::anonymous(settings)?;
    outside::check(&client, &url, &mut findings).await;
    let answers =
        findings.all.iter().all(|finding| finding.verdict != Verdict::Broken || finding.check == "clock");
    match authority {
        _ if !answers => findings.add(Finding::skipped("key", "the deployment does not answer")),
        Ok(authority) => inside::check(&client.with(authority), &url, &mut findings).await,
        Err(problem) => findings.add(Finding::skipped("key", problem.to_string())),
    }
    findings.end()
}

struct Findings {
    output: Output,
    all: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, finding: Finding) {
        if !self.output.json {
            finding.print(self.output);
        }
        self.all.push(finding);
    }

    fn end(self) -> Result<(), Problem> {
        if self.output.json {
            let checks: Vec<Value> = self.all.iter().map(Finding::to_json).collect();
            self.output.value(&json!({ "checks": checks }));
        }
        let is_broken = self.all.iter().any(|finding| finding.verdict == Verdict::Broken);
        if is_broken { Err(Problem::Said) } else { Ok(()) }
    }
}
