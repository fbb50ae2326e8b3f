//! TLS in front of the benchmark's servers. `bench-tls ROOTS KIND=PORT…` makes an authority of its own for each kind of
//! key (`rsa`, `ecdsa`), writes them to the file ROOTS, and for each pair listens on localhost, ends TLS there, and hands
//! what comes to PORT on this machine. It prints a line with the kind and the port that it listens on for each.
//!
//! The servers seem to be as far away as AWS's are from a function: whatever goes by takes half a round trip each way.

mod authority;
mod relay;

use std::error::Error;
use std::net::TcpListener;
use std::{env, fs, thread};

use authority::{Authority, Kind};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let roots = arguments.next().ok_or("the file for the authorities is missing")?;
    let mut pem = String::new();
    let mut serving = Vec::new();
    for argument in arguments {
        let (kind, backend) = argument.split_once('=').ok_or("not KIND=PORT")?;
        let authority = Authority::new(kind.parse::<Kind>()?)?;
        pem += &authority.pem;
        serving.push((kind.to_owned(), authority.server()?, backend.parse::<u16>()?));
    }
    fs::write(roots, pem)?;
    let mut threads = Vec::new();
    for (kind, config, backend) in serving {
        let listener = TcpListener::bind(("localhost", 0))?;
        say(&kind, listener.local_addr()?.port());
        threads.push(thread::spawn(move || relay::serve(&listener, &config, backend)));
    }
    for each in threads {
        each.join().map_err(|_| "a listener ended")?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever started it reads the ports")]
fn say(kind: &str, port: u16) {
    println!("{kind} {port}");
}
