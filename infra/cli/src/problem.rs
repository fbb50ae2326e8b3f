//! Why a command did not do what it was asked to, and the exit code that says so.

use std::fmt;
use std::process::ExitCode;

use http::StatusCode;
use serde_json::{Value, json};

/// The exit code of [`Problem::Usage`].
pub(crate) const USAGE: u8 = 2;

/// The reason why a command ended early.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The command line, or a setting, cannot be used. Nothing was asked.
    Usage(String),
    /// It could not be done: a file, the network, or a definition that has problems.
    Failed(String),
    /// The deployment said no.
    Refused(Refusal),
    /// `diff` and `--dry-run`: the folder and the deployment differ. It has been said already.
    Differs,
    /// What went wrong has been said already.
    Said,
}

/// An error of the deployment.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The answer's status.
    pub(crate) status: StatusCode,
    /// The answer's body: an error of the contract, if it is Linkspan's.
    pub(crate) body: Value,
}

impl Problem {
    /// A setting that is not given: its flag, and its environment variable.
    pub(crate) fn missing(what: &str, flag: &str, variable: &str) -> Self {
        Self::Usage(format!(
            "{what} is not given: use {flag}, the environment variable {variable}, or the configuration file."
        ))
    }

    /// The program's exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => USAGE.into(),
            Self::Differs => 3.into(),
            Self::Failed(_) | Self::Refused(_) | Self::Said => 1.into(),
        }
    }

    /// The same for programs; nothing if all has been said.
    pub(crate) fn to_json(&self) -> Option<Value> {
        match self {
            Self::Refused(refusal) => Some(refusal.body.clone()),
            Self::Usage(message) => Some(json!({ "key": "usage", "message": message })),
            Self::Failed(message) => Some(json!({ "key": "failed", "message": message })),
            Self::Differs | Self::Said => None,
        }
    }
}

impl Refusal {
    /// The error's key.
    pub(crate) fn key(&self) -> &str {
        self.body["key"].as_str().unwrap_or_default()
    }

    /// The next step, where the error alone does not say it.
    fn advice(&self) -> Option<&'static str> {
        match self.key() {
            "not_authenticated" => Some(
                "The workspace and the secret or key must belong together, and this machine's clock must be right: `linkspan doctor` looks at both.",
            ),
            "access_denied" => Some(
                "Workspaces are managed with the root workspace's key and secret: --workspace and --secret-file.",
            ),
            "insufficient_scope" => Some("`linkspan token --scope` makes a token with that scope."),
            "rate_limit_exceeded" => Some("Wait a minute, or ask the operator for a higher limit."),
            "workspace_not_empty" => {
                Some("`linkspan customer erase` and `linkspan integration put --delete` empty it.")
            }
            "integration_in_use" => Some("--force deletes it all the same."),
            "" => {
                Some("That is no answer of Linkspan's. Is the address right? `linkspan doctor` looks at it.")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.body["message"].as_str(), self.key()) {
            (Some(message), key) if !key.is_empty() => write!(f, "{message} ({key})")?,
            _ => write!(f, "The deployment answered with {}.", self.status)?,
        }
        let problems = self.body["data"]["problems"].as_array().map(Vec::as_slice).unwrap_or_default();
        for problem in problems {
            let text = |name: &str| problem[name].as_str().unwrap_or_default();
            write!(f, "\n  {} {}", text("field"), text("problem"))?;
        }
        if let (true, Some(field)) = (problems.is_empty(), self.body["data"]["field"].as_str()) {
            write!(f, "\n  field: {field}")?;
        }
        self.advice().map_or(Ok(()), |advice| write!(f, "\n  {advice}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => f.write_str(message),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Differs | Self::Said => Ok(()),
        }
    }
}
