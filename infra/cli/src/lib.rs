//! `linkspan`: tokens, definitions as code, connections, attempts, and a deployment looked at from outside. One file a
//! command.

pub mod args;
mod attempts;
mod client;
mod connections;
mod customer;
mod doctor;
mod filled;
mod integration;
mod listing;
mod output;
mod problem;
mod references;
mod reseal;
mod settings;
mod signer;
mod token;
mod trace;
mod workspace;
mod yaml;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use client::Client;
use output::Output;
use problem::Problem;
use settings::Settings;

/// Runs the command that the arguments ask for.
pub async fn run() -> ExitCode {
    output::hide_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, and are no errors. If nobody reads them, nothing is lost.
            let _ = error.print();
            return if error.use_stderr() { problem::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let output = Output::new(cli.given.json);
    match execute(cli, output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output.problem(&problem);
            problem.exit_code()
        }
    }
}

async fn execute(cli: Cli, output: Output) -> Result<(), Problem> {
    let settings = Settings::of(&cli.given)?;
    match cli.command {
        Command::Token(args) => token::run(&settings, output, &args),
        Command::Workspace(args) => workspace::run(&Client::new(settings)?, output, args).await,
        Command::Integration(args) => integration::run(settings, output, args).await,
        Command::Connections(args) => connections::run(&Client::new(settings)?, output, args).await,
        Command::Attempts(args) => attempts::run(&Client::new(settings)?, output, &args).await,
        Command::Trace(args) => trace::run(&Client::new(settings)?, output, &args).await,
        Command::Customer(args) => customer::run(&Client::new(settings)?, output, args).await,
        Command::Reseal(args) => reseal::run(&Client::new(settings)?, output, args).await,
        Command::Doctor => doctor::run(settings, output).await,
    }
}
