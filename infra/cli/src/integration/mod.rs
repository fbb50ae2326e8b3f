//! `linkspan integration`: definitions as code, a folder with a file for each integration.

mod check;
mod definition;
mod difference;
mod export;
mod folder;
mod list;
mod plan;
mod put;
mod seen;

use clap::{Args, Subcommand};

use crate::client::Client;
use crate::output::Output;
use crate::problem::Problem;
use crate::settings::Settings;

pub(crate) use difference::{Change, changes, lines};
pub(crate) use folder::read_file;

/// What to do with integrations.
#[derive(Debug, Args)]
pub(crate) struct IntegrationArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the integrations that the deployment has
    List,
    /// Check the files alone, without a deployment
    Check(folder::Folder),
    /// Show how the deployment differs from the files
    Diff(put::Diff),
    /// Put what differs, after checking all of it
    Put(put::Put),
    /// Write files of what the deployment has
    Export(export::Export),
}

pub(crate) async fn run(settings: Settings, output: Output, args: IntegrationArgs) -> Result<(), Problem> {
    match args.action {
        Action::Check(folder) => check::run(&settings, output, &folder),
        Action::List => list::run(&Client::new(settings)?, output).await,
        Action::Diff(diff) => put::diff(&Client::new(settings)?, output, &diff).await,
        Action::Put(put) => put::run(&Client::new(settings)?, output, &put).await,
        Action::Export(export) => export::run(&Client::new(settings)?, output, &export).await,
    }
}
