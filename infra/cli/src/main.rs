//! `linkspan`: the command-line tool.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    linkspan::run().await
}
