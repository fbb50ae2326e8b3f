//! Connections that end TLS and hand on what comes, each way half a round trip later.
//!
//! Threads and their clocks, since tokio's timers tick in milliseconds.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};

/// From a function to a service in its region and back.
const ROUND_TRIP: Duration = Duration::from_millis(1);
const ONE_WAY: Duration = Duration::from_micros(500);

/// What arrives when.
type Flight = (Instant, Vec<u8>);

/// Serves whoever connects, as long as the listener lives.
pub(crate) fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, backend: u16) {
    for client in listener.incoming().flatten() {
        let config = Arc::clone(config);
        thread::spawn(move || connection(&client, config, backend));
    }
}

/// Relays a connection until either side ends it. What goes wrong is the client's to notice.
fn connection(client: &TcpStream, config: Arc<ServerConfig>, backend: u16) -> io::Result<()> {
    let mut backend = TcpStream::connect(("127.0.0.1", backend))?;
    client.set_nodelay(true)?;
    backend.set_nodelay(true)?;
    let session = Arc::new(Mutex::new(ServerConnection::new(config).map_err(io::Error::other)?));
    let (to_client, leaving) = channel();
    let (from_client, arriving) = channel();

    let socket = client.try_clone()?;
    thread::spawn(move || depart(socket, &leaving));
    let socket = client.try_clone()?;
    thread::spawn(move || arrive(socket, &from_client));
    let (answers, theirs, out) = (backend.try_clone()?, Arc::clone(&session), to_client.clone());
    thread::spawn(move || answer(answers, &theirs, &out));

    let ended = ask(&arriving, &session, &mut backend, &to_client);
    backend.shutdown(Shutdown::Both).ok();
    ended
}

/// Reads what the client sends. The first of it also waits for the round trip in which TCP connects, which on one machine
/// takes none.
fn arrive(mut client: TcpStream, to: &Sender<Flight>) {
    let mut distance = ROUND_TRIP + ONE_WAY;
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        if to.send((now() + distance, buffer[..length].to_vec())).is_err() {
            return;
        }
        distance = ONE_WAY;
    }
}

/// Writes to the client what has come as far as to it.
fn depart(mut client: TcpStream, from: &Receiver<Flight>) {
    while let Ok((at, bytes)) = from.recv() {
        wait(at);
        if client.write_all(&bytes).is_err() {
            break;
        }
    }
    client.shutdown(Shutdown::Both).ok();
}

/// Takes what has come from the client: answers the handshake, and hands requests on.
fn ask(
    arriving: &Receiver<Flight>,
    session: &Mutex<ServerConnection>,
    backend: &mut TcpStream,
    to_client: &Sender<Flight>,
) -> io::Result<()> {
    while let Ok((at, bytes)) = arriving.recv() {
        wait(at);
        let mut rest = bytes.as_slice();
        let mut plain = Vec::new();
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        while !rest.is_empty() {
            session.read_tls(&mut rest)?;
            let taken = session.process_new_packets();
            send(&mut session, to_client)?;
            let length = taken.map_err(io::Error::other)?.plaintext_bytes_to_read();
            let before = plain.len();
            plain.resize(before + length, 0);
            session.reader().read_exact(&mut plain[before..])?;
        }
        drop(session);
        backend.write_all(&plain)?;
    }
    Ok(())
}

/// Sends to the client what the server answers.
fn answer(
    mut backend: TcpStream,
    session: &Mutex<ServerConnection>,
    to_client: &Sender<Flight>,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = backend.read(&mut buffer)?;
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        if length == 0 {
            session.send_close_notify();
            return send(&mut session, to_client);
        }
        session.writer().write_all(&buffer[..length])?;
        send(&mut session, to_client)?;
    }
}

fn send(session: &mut ServerConnection, to_client: &Sender<Flight>) -> io::Result<()> {
    let mut bytes = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut bytes)?;
    }
    if bytes.is_empty() {
        return Ok(());
    }
    to_client.send((now() + ONE_WAY, bytes)).map_err(io::Error::other)
}

#[expect(clippy::disallowed_methods, reason = "the distance is real")]
fn now() -> Instant {
    Instant::now()
}

fn wait(at: Instant) {
    let now = now();
    if at > now {
        thread::sleep(at - now);
    }
}
