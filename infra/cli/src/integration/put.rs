//! `linkspan integration put` and `diff`.

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::folder::Folder;
use super::plan::{Kind, Plan};
use crate::client::{Client, encoded};
use crate::output::Output;
use crate::problem::Problem;

/// What `diff` takes.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    folder: Folder,
    /// Count what only the deployment has as a difference
    #[arg(long)]
    delete: bool,
}

/// What `put` takes.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Put {
    #[command(flatten)]
    folder: Folder,
    /// Show what would be done, and do nothing: the same as `diff`
    #[arg(long)]
    dry_run: bool,
    /// Delete what only the deployment has
    #[arg(long)]
    delete: bool,
    /// Delete even where customers have connections; these stay, and cannot be used
    #[arg(long, requires = "delete")]
    force: bool,
    /// Delete without asking
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn diff(client: &Client, output: Output, args: &Diff) -> Result<(), Problem> {
    let plan = Plan::of(client, output, &args.folder).await?;
    show(&plan, output, args.delete)
}

fn show(plan: &Plan, output: Output, deletes: bool) -> Result<(), Problem> {
    if output.json {
        output.value(&plan.to_json());
    } else {
        plan.print(output, deletes);
    }
    if plan.differs() || (deletes && !plan.others.is_empty()) { Err(Problem::Differs) } else { Ok(()) }
}

/// Puts what differs, and what has secrets: whether these differ nobody can say. One that the deployment refuses does not keep
/// the others from being put.
pub(crate) async fn run(client: &Client, output: Output, args: &Put) -> Result<(), Problem> {
    let plan = Plan::of(client, output, &args.folder).await?;
    if args.dry_run {
        return show(&plan, output, args.delete);
    }
    if args.delete && !plan.others.is_empty() {
        output.confirmed(args.yes, &format!("Delete {}?", plan.others.join(", ")))?;
    }
    let mut report = Report { output, done: Vec::new(), failed: 0 };
    for step in &plan.steps {
        let path = format!("/integrations/{}", encoded(&step.key));
        let what = match step.kind {
            Kind::Create => "created",
            Kind::Update => "updated",
            Kind::Secrets => "secrets put",
            Kind::Same => {
                report.did(&step.key, "unchanged", None);
                continue;
            }
        };
        match client.call(Method::PUT, &path, Some(&step.definition.body)).await {
            // A new one's address must be registered with the provider.
            Ok(shown) => report.did(&step.key, what, shown["oAuthCallbackUri"].as_str()),
            Err(problem) => report.did_not(&step.key, &problem),
        }
    }
    for key in &plan.others {
        if !args.delete {
            report.did(key, "only deployed", None);
            continue;
        }
        let force = if args.force { "?force=true" } else { "" };
        match client.call(Method::DELETE, &format!("/integrations/{}{force}", encoded(key)), None).await {
            Ok(_) => report.did(key, "deleted", None),
            Err(problem) => report.did_not(key, &problem),
        }
    }
    report.end()
}

struct Report {
    output: Output,
    done: Vec<Value>,
    failed: usize,
}

impl Report {
    fn did(&mut self, key: &str, what: &'static str, callback: Option<&str>) {
        if !self.output.json {
            let callback = callback.filter(|_| what == "created");
            let callback = callback.map(|uri| format!(", callback {uri}")).unwrap_or_default();
            self.output.line(format!("{key}: {what}{callback}"));
        }
        self.done.push(json!({ "key": key, "result": what, "oAuthCallbackUri": callback }));
    }

    fn did_not(&mut self, key: &str, problem: &Problem) {
        self.output.note(format!("{key}: {problem}"));
        self.done.push(json!({ "key": key, "result": "failed", "error": problem.to_json() }));
        self.failed += 1;
    }

    fn end(self) -> Result<(), Problem> {
        if self.output.json {
            self.output.value(&json!({ "integrations": self.done }));
        }
        if self.failed == 0 { Ok(()) } else { Err(Problem::Said) }
    }
}
