//! Many customers at once, over the network, against a local run that `tests/load/run.sh` starts:
//! `load BASE PROVIDER DYNAMODB PROCESS [FLOWS]`.
//!
//! It prints tables, and fails if a flow does not end, if what was refused cannot be made again, or if many readers make
//! more than one refresh. Times and memory are printed, and never a reason to fail.

#![expect(clippy::print_stdout, reason = "a measurement prints")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use tests::load::process::{Usage, usage};
use tests::load::times::{HEADINGS, RULE};
use tests::load::{Crowd, Problem, Target, crowd, overload, readers};

/// The flows in all, unless the command line says otherwise.
const FLOWS: usize = 20_000;

/// The most at once, which the process warms up with.
const MOST_AT_ONCE: usize = 512;

/// How many at once, and which part of the flows.
const CROWDS: [(usize, (usize, usize)); 3] = [(32, (1, 5)), (128, (3, 10)), (MOST_AT_ONCE, (1, 2))];

/// Memory is looked at each time that so many flows are over.
const EVERY: usize = 1_000;

/// Of these, so many have a row in the table.
const SHOWN: usize = 10;

/// More customers than two minutes have requests, so that starts are refused whenever the minute ends.
const REQUESTS_PER_MINUTE: u32 = 250;
const LIMITED_CUSTOMERS: usize = 600;
const LIMITED_AT_ONCE: usize = 32;
const READERS: usize = 1_000;

type Samples = Arc<Mutex<Vec<(usize, Usage)>>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("\n**It does not hold: {problem}**");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<(), Problem> {
    let [base, provider, dynamodb, process, flows @ ..] = arguments else {
        return Err("load BASE PROVIDER DYNAMODB PROCESS [FLOWS]".to_owned());
    };
    let process = process.parse().map_err(|_| format!("no process: {process}"))?;
    let flows = flows.first().map_or(Ok(FLOWS), |flows| flows.parse()).map_err(|_| "no number of flows")?;
    let target = Target::prepare(base, provider).await?;
    let database = linkspan_local::database::client(dynamodb);
    tests::stream::switch_off_of(&database, "connections").await;

    whole_flows(&target, process, flows).await?;
    many_readers(&target).await?;
    too_many_requests(&target).await
}

async fn whole_flows(target: &Target, process: u32, flows: usize) -> Result<(), Problem> {
    let warm_up = crowd(target, MOST_AT_ONCE, flows..flows + MOST_AT_ONCE, |_| {}).await;
    check(&warm_up)?;
    let warm = usage(process)?;
    let samples = Samples::default();
    let mut begun = 0;
    for (at_once, (part, parts)) in CROWDS {
        let end = begun + flows * part / parts;
        let sampled = Arc::clone(&samples);
        let done = move |number: usize| {
            if (number + 1).is_multiple_of(EVERY)
                && let (Ok(usage), Ok(mut samples)) = (usage(process), sampled.lock())
            {
                samples.push((number + 1, usage));
            }
        };
        let before = usage(process)?.processor;
        let crowd = crowd(target, at_once, begun..end, done).await;
        println!("{}\n", crowd.table(usage(process)?.processor.saturating_sub(before)));
        check(&crowd)?;
        begun = end;
    }
    let samples = samples.lock().map_err(|problem| problem.to_string())?;
    println!(
        "**Memory of the local run, MB**\n\n| flows | resident | of it, heap and stacks |\n| ---: | ---: | ---: |"
    );
    let step = samples.len().div_ceil(SHOWN).max(1);
    let shown = samples.iter().rev().step_by(step).collect::<Vec<_>>();
    for (flows, usage) in std::iter::once(&(0, warm)).chain(shown.into_iter().rev()) {
        println!("| {flows} | {:.1} | {:.1} |", megabytes(usage.resident), megabytes(usage.anonymous));
    }
    println!();
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a number for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn check(crowd: &Crowd) -> Result<(), Problem> {
    if crowd.errors == 0 { Ok(()) } else { Err(format!("{} errors: {:#?}", crowd.errors, crowd.problems)) }
}

async fn many_readers(target: &Target) -> Result<(), Problem> {
    let readers = readers(target, READERS).await?;
    println!(
        "**{READERS} readers of one expired connection: {} refresh, told to come back {} times**\n\n\
         |  |{HEADINGS}\n| --- |{RULE}\n| read |{}\n",
        readers.refreshes,
        readers.told_to_come_back,
        readers.times.cells()
    );
    if (readers.times.count(), readers.refreshes, readers.tokens.len()) == (READERS, 1, 1) {
        return Ok(());
    }
    Err(format!("{} tokens, {} refreshes", readers.tokens.len(), readers.refreshes))
}

async fn too_many_requests(target: &Target) -> Result<(), Problem> {
    target.limit(Some(REQUESTS_PER_MINUTE)).await?;
    let wait = async |longest| {
        tokio::time::sleep(longest).await;
        Ok(())
    };
    let overload = overload(target, LIMITED_CUSTOMERS, LIMITED_AT_ONCE, wait).await?;
    target.limit(None).await?;
    println!(
        "**{LIMITED_CUSTOMERS} customers, {LIMITED_AT_ONCE} at once, each with a flow and a read, of a workspace with \
         {REQUESTS_PER_MINUTE} requests a minute**\n\n\
         | connected, and read | starts refused | reads refused | times that they came back |\n\
         | ---: | ---: | ---: | ---: |\n| {} | {} | {} | {} |",
        overload.connections.len(),
        overload.refused_starts,
        overload.refused_reads,
        overload.rounds
    );
    if overload.refused_starts > 0 && overload.connections.len() == LIMITED_CUSTOMERS {
        return Ok(());
    }
    Err("nothing was refused, or something was lost".to_owned())
}
