//! The command line. What each command does stands in the file of its name.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{attempts, connections, customer, integration, reseal, token, trace, workspace};

/// Manages a deployment of Linkspan from the command line.
#[derive(Debug, Parser)]
#[command(
    name = "linkspan",
    version,
    after_help = "Exit codes: 0 done; 1 it could not be done, or a check failed; 2 the command line or a setting cannot be \
                  used; 3 `diff` and `--dry-run` found differences."
)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) given: Given,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The settings that every command takes. What is not given comes from the environment, and then from the file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Given {
    /// The deployment's address [`LINKSPAN_URL`]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The workspace's key [`LINKSPAN_WORKSPACE`]
    #[arg(long, global = true, value_name = "KEY")]
    pub(crate) workspace: Option<String>,
    /// A file with the workspace's secret; `-` for standard input [`LINKSPAN_SECRET_FILE`; the secret itself: `LINKSPAN_SECRET`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// A file with the private key (PEM) whose public key the workspace has [`LINKSPAN_KEY_FILE`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The workspace's `tokenAudience`, if it has one [`LINKSPAN_AUDIENCE`]
    #[arg(long, global = true, value_name = "AUDIENCE")]
    pub(crate) audience: Option<String>,
    /// The configuration file [`LINKSPAN_CONFIG`; ~/.config/linkspan/config.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The profile of the configuration file [`LINKSPAN_PROFILE`]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a token: for a customer, or a management token
    Token(token::TokenArgs),
    /// Define workspaces, with a token of the root workspace
    Workspace(workspace::WorkspaceArgs),
    /// Define integrations by a folder of files
    Integration(integration::IntegrationArgs),
    /// Look at customers' connections, and mend them
    Connections(connections::ConnectionsArgs),
    /// List what became of starts: who connected, and who could not and why
    Attempts(attempts::AttemptsArgs),
    /// Tell what became of the attempt that a customer names by its reference
    Trace(trace::TraceArgs),
    /// Hand out or erase what is held of a customer
    Customer(customer::CustomerArgs),
    /// Seal everything under the present KMS key, so that an older one can go
    Reseal(reseal::ResealArgs),
    /// Check a deployment from outside
    Doctor,
}

/// The command line as it is defined, for whoever compares it with the documentation.
#[must_use]
pub fn definition() -> clap::Command {
    Cli::command()
}
