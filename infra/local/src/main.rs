//! `cargo run`: the whole service on this machine, with one command.

use std::env;
use std::process::ExitCode;

use linkspan_local::Problem;
use linkspan_local::args::{self, Command, Options};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a command answers on standard output")]
async fn main() -> ExitCode {
    let options = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Serve(options)) => options,
        Ok(Command::Help) => {
            print!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    linkspan_local::log::init(options.json_log);
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "whoever started it waits for the ready line")]
async fn run(options: Options) -> Result<(), Problem> {
    let running = linkspan_local::start(options).await?;
    println!("Workspace demo, secret {}", linkspan_local::WORKSPACE_SECRET);
    println!("DynamoDB at {}", running.dynamodb);
    println!("Linkspan is ready at {}", running.base);
    let mut events = running.events();
    tokio::spawn(async move {
        while let Some(entry) = events.next().await {
            println!("{}", entry.event);
        }
    });
    running
        .serve(async {
            // Without a signal handler it runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await
}
