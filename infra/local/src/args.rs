//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// The port when `--port` is not given.
const DEFAULT_PORT: u16 = 9000;

/// The text that `--help` prints.
pub const USAGE: &str = "\
Runs the whole service on this machine, with a demo provider and a demo page.

Usage: linkspan-local [OPTIONS]

Options:
  --port N          Listen on 127.0.0.1:N (default 9000; 0 takes any free port)
  --data-dir DIR    Keep the tables in DIR (default: in memory, gone at exit)
  --dynamodb-port N Serve the tables on 127.0.0.1:N too (default: any free port)
  --callback-base URL
                    Let the demo provider call back to another service on the same
                    tables, such as cargo lambda watch; may be given more than once
  --json-log        Log on standard error what the functions log on AWS, metrics
                    included (default: readable lines)
  --help            Print this text
";

/// The command that the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`USAGE`] and exit successfully.
    Help,
    /// Run the service.
    Serve(Options),
}

/// The settings of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The port on 127.0.0.1; zero lets the system choose.
    pub port: u16,
    /// The directory of the tables. Without one, they are kept in memory.
    pub data_dir: Option<PathBuf>,
    /// The port of the tables on 127.0.0.1; zero lets the system choose.
    pub dynamodb_port: u16,
    /// Other addresses that the demo provider may call back to, without a slash at their end.
    pub callback_bases: Vec<String>,
    /// Whether the log is that of the functions on AWS.
    pub json_log: bool,
}

/// The reason why a command line was not understood. The program then exits with code 2.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgsError {
    /// No such option.
    #[error("unknown argument `{0}`")]
    Unknown(String),
    /// The option stands last.
    #[error("`{0}` needs a value")]
    ValueMissing(&'static str),
    /// The option takes one value, and was given again.
    #[error("`{0}` is given twice")]
    Repeated(&'static str),
    /// Not a number, or too large.
    #[error("`{0}` is not a port: give a number from 0 to 65535")]
    InvalidPort(String),
}

/// Reads the arguments that follow the program's name.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, ArgsError> {
    let mut args = args.into_iter();
    let mut port = None;
    let mut data_dir = None;
    let mut dynamodb_port = None;
    let mut callback_bases = Vec::new();
    let mut json_log = None;
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        // `--name=value` and `--name value` mean the same.
        let (name, inline) = match text.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text.as_ref(), None),
        };
        match (name, inline) {
            ("--help" | "-h", None) => return Ok(Command::Help),
            ("--json-log", None) => set(&mut json_log, "--json-log", ())?,
            ("--port", inline) => {
                let value = value("--port", inline, &mut args)?;
                set(&mut port, "--port", parse_port(&value)?)?;
            }
            ("--data-dir", inline) => {
                let value = value("--data-dir", inline, &mut args)?;
                set(&mut data_dir, "--data-dir", PathBuf::from(value))?;
            }
            ("--dynamodb-port", inline) => {
                let value = value("--dynamodb-port", inline, &mut args)?;
                set(&mut dynamodb_port, "--dynamodb-port", parse_port(&value)?)?;
            }
            ("--callback-base", inline) => {
                let value = value("--callback-base", inline, &mut args)?;
                callback_bases.push(value.to_string_lossy().trim_end_matches('/').to_owned());
            }
            _ => return Err(ArgsError::Unknown(text.into_owned())),
        }
    }
    Ok(Command::Serve(Options {
        port: port.unwrap_or(DEFAULT_PORT),
        data_dir,
        dynamodb_port: dynamodb_port.unwrap_or(0),
        callback_bases,
        json_log: json_log.is_some(),
    }))
}

fn value(
    name: &'static str,
    inline: Option<OsString>,
    rest: &mut impl Iterator<Item = OsString>,
) -> Result<OsString, ArgsError> {
    // A forgotten value is likelier than a directory called `--port`.
    inline
        .or_else(|| rest.next().filter(|next| !next.as_encoded_bytes().starts_with(b"--")))
        .filter(|value| !value.is_empty())
        .ok_or(ArgsError::ValueMissing(name))
}

fn parse_port(value: &OsString) -> Result<u16, ArgsError> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| ArgsError::InvalidPort(text.into_owned()))
}

fn set<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), ArgsError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ArgsError::Repeated(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Command, ArgsError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn serve(port: u16, data_dir: Option<&str>) -> Command {
        let data_dir = data_dir.map(PathBuf::from);
        let callback_bases = Vec::new();
        Command::Serve(Options { port, data_dir, dynamodb_port: 0, callback_bases, json_log: false })
    }

    #[test]
    fn options_are_read_in_both_notations() {
        assert_eq!(parse_line(""), Ok(serve(9000, None)));
        assert_eq!(parse_line("--port 8080 --data-dir data"), Ok(serve(8080, Some("data"))));
        assert_eq!(parse_line("--data-dir=a=b --port=0"), Ok(serve(0, Some("a=b"))));
        assert_eq!(parse_line("--help"), Ok(Command::Help));
        let line = "--dynamodb-port 8000 --callback-base http://127.0.0.1:9001/ \
                    --callback-base=http://localhost:1 --json-log";
        let expected = Options {
            port: 9000,
            data_dir: None,
            dynamodb_port: 8000,
            callback_bases: vec!["http://127.0.0.1:9001".to_owned(), "http://localhost:1".to_owned()],
            json_log: true,
        };
        assert_eq!(parse_line(line), Ok(Command::Serve(expected)));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |line| parse_line(line).unwrap_err().to_string();
        assert_eq!(message("--prot 1"), "unknown argument `--prot`");
        assert_eq!(message("--json-log=no"), "unknown argument `--json-log=no`");
        assert_eq!(message("--json-log --json-log"), "`--json-log` is given twice");
        assert_eq!(message("--help=yes"), "unknown argument `--help=yes`");
        assert_eq!(message("data"), "unknown argument `data`");
        assert_eq!(message("--port"), "`--port` needs a value");
        assert_eq!(message("--data-dir --port 1"), "`--data-dir` needs a value");
        assert_eq!(message("--data-dir="), "`--data-dir` needs a value");
        assert_eq!(message("--port 1 --port 2"), "`--port` is given twice");
        assert!(message("--port 70000").starts_with("`70000` is not a port"));
    }
}
